"""Markets that come, change and go while the venue runs.

What a settled market does to accounts is in `settlement`. Guesses about the venue: orders of a
market that ends are closed (ASSET_EXPIRED where it is settled, ASSET_UNAVAILABLE where it is
delisted), resting orders survive a change of increments, and positions in a market that is delisted
are settled at its mark price.
"""

from typing import Final

from nautilus_paradex.devnet.engine.executor import Engine
from nautilus_paradex.devnet.engine.markets import MarketSpec
from nautilus_paradex.devnet.engine.model import MarketNotice, Settlement
from nautilus_paradex.devnet.engine.options import intrinsic_e8
from nautilus_paradex.devnet.engine.outbox import Outbox
from nautilus_paradex.devnet.engine.settlement import settle_positions
from nautilus_paradex.devnet.engine.state import MarketState, VenueState
from nautilus_paradex.protocol.enums import CancelReason, MarketEventType, PriceKind

__all__ = ["Listing"]

_TWAP_MINUTES: Final = 30  # openapi, MarketSettlementResp
_MINUTE_MS: Final = 60_000
_FIXED_FIELDS: Final = (
    "symbol",
    "asset_kind",
    "base_currency",
    "quote_currency",
    "settlement_currency",
    "strike_price_e8",
    "option_type",
    "expiry_at_ms",
)


class Listing:
    """
    Changes what is listed, and tells everybody.

    Parameters
    ----------
    state : VenueState
    engine : Engine
        Closes the orders of a market that ends.
    outbox : Outbox

    """

    def __init__(self, state: VenueState, engine: Engine, outbox: Outbox) -> None:
        self._state = state
        self._engine = engine
        self._outbox = outbox

    def add(self, spec: MarketSpec) -> None:
        """
        List a market, at the index of its underlying if that is known.

        Raises
        ------
        ValueError
            If its symbol is taken.

        """
        known = self._index_of(spec.base_currency)
        market = self._state.add_market(spec)
        if known is not None:
            market.pricing.set_index(known, self._state.now_us())
        self._tell(spec.symbol, MarketEventType.CREATED, after=spec)

    def change(self, spec: MarketSpec) -> None:
        """
        Replace the specification of a market; nothing is told where it is the same.

        Raises
        ------
        OrderRefused
            MARKET_NOT_FOUND.
        ValueError
            If what makes it that market is not as it was.

        """
        market = self._state.market(spec.symbol)
        before = market.spec
        for name in _FIXED_FIELDS:
            was, wanted = getattr(before, name), getattr(spec, name)
            if was != wanted:
                raise ValueError(f"{spec.symbol}: {name} is fixed at {was!r}, was {wanted!r}")
        if spec == before:
            return
        market.spec = spec
        market.pricing.respecify(spec, self._state.now_us())
        self._tell(spec.symbol, MarketEventType.UPDATED, before=before, after=spec)

    def delist(self, symbol: str) -> None:
        """Take a market off; `OrderRefused` MARKET_NOT_FOUND."""
        market = self._state.market(symbol)
        self._end(market, market.pricing.mark_e8, CancelReason.ASSET_UNAVAILABLE)
        self._state.remove_market(symbol, None)
        self._tell(symbol, MarketEventType.DELETED, before=market.spec)

    def settle(self, symbol: str, underlying_e8: int | None = None) -> Settlement:
        """
        Settle a market and take it off.

        Parameters
        ----------
        symbol : str
        underlying_e8 : int, optional
            The price of the underlying to settle at; its average over 30 minutes if None.

        Raises
        ------
        OrderRefused
            MARKET_NOT_FOUND.
        ValueError
            If it is a spot market, which has nothing to settle, or the price is not positive.

        """
        market = self._state.market(symbol)
        if market.spec.is_spot:
            raise ValueError(f"{symbol} is a spot market and has nothing to settle: delist it")
        twap_e8 = self._twap_e8(market) if underlying_e8 is None else underlying_e8
        if twap_e8 <= 0:
            raise ValueError(f"{symbol}: price of the underlying must be positive, was {twap_e8}")
        settlement = Settlement(
            market=symbol,
            price_e8=intrinsic_e8(market.spec, twap_e8) if market.spec.is_option else twap_e8,
            underlying_e8=twap_e8,
            expiry_at_ms=market.spec.expiry_at_ms,
            settled_at_us=self._state.now_us(),
        )
        self._end(market, settlement.price_e8, CancelReason.ASSET_EXPIRED)
        self._state.remove_market(symbol, settlement)
        self._tell(symbol, MarketEventType.SETTLED, before=market.spec, settlement=settlement)
        return settlement

    def settle_expired(self) -> None:
        """Settle the dated markets whose time has come."""
        now_ms = self._state.now_us() // 1_000
        for symbol, market in tuple(self._state.markets.items()):
            if 0 < market.spec.expiry_at_ms <= now_ms:
                self.settle(symbol)

    def _end(self, market: MarketState, price_e8: int, reason: CancelReason) -> None:
        self._engine.close_market(market, reason)
        settle_positions(self._state, market, price_e8, self._outbox)
        self._outbox.flush(market)
        self._outbox.forget(market.symbol)

    def _twap_e8(self, market: MarketState) -> int:
        now_ms = self._state.now_us() // 1_000
        start_ms = now_ms - _TWAP_MINUTES * _MINUTE_MS
        minutes = market.bars[PriceKind.UNDERLYING].klines(1, start_ms, now_ms)
        if not minutes:
            return market.pricing.index_e8
        return sum(minute.close_e8 for minute in minutes) // len(minutes)

    def _index_of(self, underlying: str) -> int | None:
        for market in self._state.markets.values():
            if market.spec.base_currency == underlying:
                return market.pricing.index_e8
        return None

    def _tell(
        self,
        symbol: str,
        event_type: MarketEventType,
        *,
        before: MarketSpec | None = None,
        after: MarketSpec | None = None,
        settlement: Settlement | None = None,
    ) -> None:
        self._outbox.public(
            MarketNotice(
                market=symbol,
                event_type=event_type.value,
                at_us=settlement.settled_at_us if settlement else self._state.now_us(),
                before=before,
                after=after,
                settlement=settlement,
            )
        )
