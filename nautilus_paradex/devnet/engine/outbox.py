"""What one command has to tell, collected while it runs and sent when it is done.

The order is fixed: orders and fills as they happened, then positions, then accounts, then the
public side: trades, one book change, best bid and offer. Numbers every private event.
"""

from typing import Final

from nautilus_paradex.devnet.engine.accounts import Account
from nautilus_paradex.devnet.engine.book import BookChanges
from nautilus_paradex.devnet.engine.clearing import Trade
from nautilus_paradex.devnet.engine.model import EngineEvent, Interactive, Listener
from nautilus_paradex.devnet.engine.orders import Order, order_event
from nautilus_paradex.devnet.engine.posting import Cleared
from nautilus_paradex.devnet.engine.reporting import (
    account_event,
    bbo_event,
    book_delta,
    position_event,
)
from nautilus_paradex.devnet.engine.state import MarketState, VenueState
from nautilus_paradex.protocol.enums import OrderStatus, PriceKind
from nautilus_paradex.protocol.events import BboEvent, FillEvent, TradeEvent

__all__ = ["Outbox"]

_MASK_64 = 2**64 - 1
_SIGN_64 = 2**63
_NO_CHANGES: Final = BookChanges(api=([], []), interactive=([], []))
_NOTHING_BEST: Final = (None, None, None, None)


class Outbox:
    """
    The mouth of the engine.

    Attributes
    ----------
    listener : Listener or None
        Who is told; nobody if None.

    """

    def __init__(self, state: VenueState) -> None:
        self.listener: Listener | None = None
        self._state = state
        self._private: list[tuple[EngineEvent, str]] = []
        self._trades: list[TradeEvent] = []
        self._positions: dict[tuple[str, str], None] = {}
        self._accounts: dict[str, None] = {}
        self._best: dict[tuple[str, bool], tuple[int | None, ...]] = {}

    def order(self, order: Order) -> None:
        """Tell of an order as it is now, and mark its account as changed unless it is new."""
        order.seq = self._state.ids.next_seq()
        order.updated_at_us = self._state.now_us()
        if not self._is_heard(order.account):
            return
        self._private.append((order_event(order, order.updated_at_us), order.account))
        if order.status != OrderStatus.NEW:
            self._accounts[order.account] = None

    def trade(self, market: MarketState, trade: Trade, sides: tuple[Cleared, Cleared]) -> None:
        """Tell of a trade, both its sides and what they changed; the taker's is the second."""
        for side in sides:
            self.side(market, side)
        self.public_trade(market, sides[1].fill)
        market.bars[PriceKind.LAST].add(trade.at_us, trade.price_e8, trade.size_e8)

    def side(self, market: MarketState, side: Cleared) -> None:
        """Tell an account of what was booked on it, and mark it as changed."""
        if not self._is_heard(side.account):
            return
        self._private.append((side.fill, side.account))
        self._private.append((side.balance, side.account))
        if side.funding is not None:
            self._private.append((side.funding, side.account))
        self.position(market, side.account)
        self._accounts[side.account] = None

    def position(self, market: MarketState, account: str) -> None:
        """Mark an account's position in a market as changed, if it has one."""
        if self._is_heard(account) and market.symbol in self._state.accounts[account].positions:
            self._positions[account, market.symbol] = None

    def public_trade(self, market: MarketState, taken: FillEvent) -> None:
        """Tell everybody of the trade whose taker's fill is given, and keep it in the history."""
        event = _trade_event(taken)
        self._state.keep_trade(market, event)
        self._trades.append(event)

    def private(self, event: EngineEvent, account: str) -> None:
        if self._is_heard(account):
            self._private.append((event, account))

    def account(self, account: Account) -> None:
        """Mark an account as changed."""
        if not account.is_house:
            self._accounts[account.address] = None

    def public(self, event: EngineEvent) -> None:
        """Tell everybody at once."""
        if self.listener is not None:
            self.listener(event, None)

    def flush(self, market: MarketState | None = None) -> None:
        """Send what was collected, and the change of `market`'s book."""
        private, self._private = self._private, []
        trades, self._trades = self._trades, []
        positions, self._positions = self._positions, {}
        accounts, self._accounts = self._accounts, {}
        for event, address in private:
            self._tell(event, address)
        for address, symbol in positions:
            self._tell_position(address, symbol)
        for address in accounts:
            self._tell_account(address)
        for trade in trades:
            self.public(trade)
        if market is not None:
            self._tell_book(market)

    def forget(self, symbol: str) -> None:
        """Drop what is known of a market that is listed no more."""
        for interactive in (False, True):
            self._best.pop((symbol, interactive), None)

    def empty_delta(self, market: MarketState) -> None:
        """Tell of a book change without levels, which counts in `seq` like any other."""
        market.book.seq += 1
        self._tell_changes(market, _NO_CHANGES, self._state.now_us())

    def _tell_position(self, address: str, symbol: str) -> None:
        account = self._state.accounts[address]
        position = account.positions[symbol]
        position.seq = self._state.ids.next_seq()
        self._tell(position_event(self._state, account, position), address)

    def _tell_account(self, address: str) -> None:
        account = self._state.accounts[address]
        account.seq = self._state.ids.next_seq()
        account.updated_at_us = self._state.now_us()
        self._tell(account_event(self._state, account), address)

    def _tell_book(self, market: MarketState) -> None:
        changes = market.book.take_changes()
        if changes is None:
            return
        now = self._state.now_us()
        self._tell_changes(market, changes, now)
        bbo = bbo_event(market, now)
        if self._is_news(market.symbol, bbo, interactive=False):
            self.public(bbo)
        bbo = bbo_event(market, now, interactive=True)
        if self._is_news(market.symbol, bbo, interactive=True):
            self.public(Interactive(bbo))

    def _tell_changes(self, market: MarketState, changes: BookChanges, now_us: int) -> None:
        self.public(book_delta(market, now_us, changes.api))
        self.public(Interactive(book_delta(market, now_us, changes.interactive, interactive=True)))

    def _is_news(self, symbol: str, bbo: BboEvent, *, interactive: bool) -> bool:
        best = (bbo.bid_price, bbo.bid_size, bbo.ask_price, bbo.ask_size)
        if best == self._best.get((symbol, interactive), _NOTHING_BEST):
            return False
        self._best[symbol, interactive] = best
        return True

    def _is_heard(self, address: str) -> bool:
        return self.listener is not None and not self._state.accounts[address].is_house

    def _tell(self, event: EngineEvent, address: str) -> None:
        if self.listener is not None:
            self.listener(event, address)


def _trade_event(taken: FillEvent) -> TradeEvent:
    trade_id = taken.fill_id or ""
    return TradeEvent(
        ts=taken.created_at,
        seq=taken.orderbook_seq_no,
        trade_id=_low_64_bits(trade_id),
        side=taken.side,
        price=taken.price,
        size=taken.size,
        created_at=taken.created_at,
        trade_type=taken.fill_type,
        market=taken.market,
        trade_id_str=trade_id,
    )


def _low_64_bits(trade_id: str) -> int:
    """As the venue does it, uselessly: signed, wrapped (schema, TradeEvent.tradeId)."""
    low = int(trade_id) & _MASK_64
    return low - 2 * _SIGN_64 if low >= _SIGN_64 else low
