"""The venue's state in one place: markets, accounts, clock and ids, handed to those who work on it.

Data and look-ups only. The accounts of the house are here: fees go to one; another is the
counterpart of every funding payment and so holds the rounding of them, at most 1e-8 a payment; the
insurance account takes over what is liquidated.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from nautilus_paradex.devnet.engine.accounts import Account
from nautilus_paradex.devnet.engine.bars import BarSeries
from nautilus_paradex.devnet.engine.book import OrderBook
from nautilus_paradex.devnet.engine.history import BoundedLog
from nautilus_paradex.devnet.engine.ids import IdFactory
from nautilus_paradex.devnet.engine.markets import MarketSpec
from nautilus_paradex.devnet.engine.model import OrderRefused, Settlement
from nautilus_paradex.devnet.engine.orders import Order
from nautilus_paradex.devnet.engine.pricing import Pricing
from nautilus_paradex.protocol.enums import ErrorCode, PriceKind, SystemStatus
from nautilus_paradex.protocol.events import FundingDataEvent, TradeEvent

__all__ = [
    "FEE_ACCOUNT",
    "FUNDING_ACCOUNT",
    "HOUSE_HISTORY",
    "INSURANCE_ACCOUNT",
    "ListedMarkets",
    "MarketState",
    "VenueState",
]

FEE_ACCOUNT: Final = "0xfee"
FUNDING_ACCOUNT: Final = "0xf00d"
INSURANCE_ACCOUNT: Final = "0x5afe"
HOUSE_HISTORY: Final = 200

_TRADES_KEPT: Final = 10_000
_FUNDING_KEPT: Final = 5_000
_MINUTES_KEPT: Final = 3 * 24 * 60
_SETTLEMENTS_KEPT: Final = 1_000


@dataclass(slots=True, eq=False)
class MarketState:
    """One market as it stands; `traded_usd_e8` is of its lifetime, the buckets of the last 24 h."""

    spec: MarketSpec
    pricing: Pricing
    book: OrderBook = field(default_factory=OrderBook)
    trades: BoundedLog[TradeEvent] = field(default_factory=lambda: BoundedLog(_TRADES_KEPT))
    funding: BoundedLog[FundingDataEvent] = field(default_factory=lambda: BoundedLog(_FUNDING_KEPT))
    bars: dict[str, BarSeries] = field(
        default_factory=lambda: {kind.value: BarSeries(_MINUTES_KEPT) for kind in PriceKind}
    )
    untriggered: dict[str, Order] = field(default_factory=dict)
    open_interest_e8: int = 0
    last_price_e8: int | None = None
    traded_usd_e8: int = 0
    hourly_usd_e8: dict[int, int] = field(default_factory=dict)

    @property
    def symbol(self) -> str:
        return self.spec.symbol


class VenueState:
    """
    All state of one venue.

    Parameters
    ----------
    markets : iterable of MarketSpec
    now_us : callable
        The venue's clock, microseconds since the epoch.

    Raises
    ------
    ValueError
        If two markets have one symbol.

    """

    def __init__(self, markets: Iterable[MarketSpec], now_us: Callable[[], int]) -> None:
        self.now_us = now_us
        self.ids = IdFactory(now_us)
        self.system_status: str = SystemStatus.OK.value
        self.markets: dict[str, MarketState] = {}
        self.settlements: dict[str, Settlement] = {}
        self.option_trades: dict[str, BoundedLog[TradeEvent]] = {}
        for spec in markets:
            self.add_market(spec)
        self.accounts: dict[str, Account] = {}
        self.fees = self.add_account(FEE_ACCOUNT, 0, is_house=True, history_limit=1)
        self.funding = self.add_account(FUNDING_ACCOUNT, 0, is_house=True, history_limit=1)
        self.insurance = self.add_account(
            INSURANCE_ACCOUNT, 0, is_house=True, history_limit=HOUSE_HISTORY
        )

    def add_market(self, spec: MarketSpec) -> MarketState:
        """List a market with an empty book; raise `ValueError` if its symbol is taken."""
        if spec.symbol in self.markets:
            raise ValueError(f"two markets are called {spec.symbol}")
        market = self.markets[spec.symbol] = MarketState(spec, Pricing(spec, self.now_us()))
        self.settlements.pop(spec.symbol, None)
        return market

    def remove_market(self, symbol: str, settlement: Settlement | None) -> None:
        """Unlist a market in which nobody has orders or a position, and forget that they had."""
        del self.markets[symbol]
        for account in self.accounts.values():
            account.positions.pop(symbol, None)
        if settlement is None:
            return
        self.settlements[symbol] = settlement
        if len(self.settlements) > _SETTLEMENTS_KEPT:
            del self.settlements[next(iter(self.settlements))]

    def keep_trade(self, market: MarketState, event: TradeEvent) -> None:
        """Keep a trade in the history of its market, an option's in that of its asset too."""
        at_us = event.created_at or 0
        market.trades.append(at_us, event)
        if market.spec.is_option:
            self.options_log(market.spec.base_currency).append(at_us, event)

    def options_log(self, base_asset: str) -> BoundedLog[TradeEvent]:
        """Return the trades of all options on an asset."""
        return self.option_trades.setdefault(base_asset, BoundedLog(_TRADES_KEPT))

    def add_account(
        self, address: str, public_key: int, *, is_house: bool, history_limit: int
    ) -> Account:
        now = self.now_us()
        account = Account(address, public_key, is_house, history_limit, now, now)
        self.accounts[address] = account
        return account

    def family(self, address: str) -> list[Account]:
        """Return an account and the isolated-margin accounts that hang on it."""
        account = self.account(address)
        return [account, *(self.accounts[isolated] for isolated in account.isolated)]

    def market(self, symbol: str) -> MarketState:
        """Return a market; raise `OrderRefused` (MARKET_NOT_FOUND) if it is not listed."""
        found = self.markets.get(symbol)
        if found is None:
            raise OrderRefused(ErrorCode.MARKET_NOT_FOUND, f"market not found: {symbol!r}")
        return found

    def account(self, address: str) -> Account:
        """Return an account; raise `OrderRefused` (ACCOUNT_NOT_FOUND) if it is not open."""
        found = self.accounts.get(address)
        if found is None:
            raise OrderRefused(ErrorCode.ACCOUNT_NOT_FOUND, f"account not found: {address}")
        return found


class ListedMarkets(Mapping[str, MarketSpec]):
    """The specifications of what is listed, at any moment those of that moment."""

    def __init__(self, state: VenueState) -> None:
        self._markets = state.markets

    def __getitem__(self, symbol: str) -> MarketSpec:
        return self._markets[symbol].spec

    def __iter__(self) -> Iterator[str]:
        return iter(self._markets)

    def __len__(self) -> int:
        return len(self._markets)
