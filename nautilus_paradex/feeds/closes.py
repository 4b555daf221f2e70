"""
Tells the price at which the subscribed instruments were settled, once each.

The price comes with the message of the settlement, or from REST: where the message lacks it, where
it was missed, and where a market has expired without one.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.instruments import Instrument

from nautilus_paradex.feeds.once import WarnOnce
from nautilus_paradex.parsing.instruments import instrument_id_from_symbol
from nautilus_paradex.parsing.market_status import instrument_close
from nautilus_paradex.protocol.enums import MarketEventType
from nautilus_paradex.protocol.errors import ParadexError
from nautilus_paradex.protocol.json_feed import MarketChange
from nautilus_paradex.protocol.numbers import Number, to_int
from nautilus_paradex.protocol.rest import SettlementPrice
from nautilus_paradex.transport.errors import NotFoundError

__all__ = ["CloseFeed"]

_NS_PER_MS: Final = 1_000_000
# Ten minutes at the default interval; a message that comes later is still taken.
_MAX_DENIED: Final = 60


@dataclass(slots=True)
class _Watch:
    """One subscription: whether its close was told, and how often REST had no price."""

    is_told: bool = False
    denied: int = 0


class CloseFeed:
    """
    Follows subscribed instruments to their settlement.

    Parameters
    ----------
    find : Callable[[InstrumentId], Instrument | None]
        Finds the instrument of a market that is listed.
    read_price : Callable[[str], Awaitable[SettlementPrice]]
        Asks the venue for the settlement price of a market, by its symbol.
    emit : Callable[[object], None]
        Takes the platform's objects.
    now_ns : Callable[[], int]
        The platform's clock, Unix ns.
    warn : Callable[[str], None]
        Takes warnings.

    """

    def __init__(
        self,
        *,
        find: Callable[[InstrumentId], Instrument | None],
        read_price: Callable[[str], Awaitable[SettlementPrice]],
        emit: Callable[[object], None],
        now_ns: Callable[[], int],
        warn: Callable[[str], None],
    ) -> None:
        self._find = find
        self._read_price = read_price
        self._emit = emit
        self._now_ns = now_ns
        self._warn = warn
        self._warn_once = WarnOnce(warn)
        self._watches: dict[InstrumentId, _Watch] = {}

    async def subscribe(self, instrument_id: InstrumentId) -> None:
        """Tell the close when it comes, at once if the market was settled already."""
        self._watches[instrument_id] = _Watch()
        await self._check(instrument_id)

    def unsubscribe(self, instrument_id: InstrumentId) -> None:
        """Tell no more."""
        self._watches.pop(instrument_id, None)

    def on_message(self, change: MarketChange, arrived_ns: int) -> None:
        """
        Take a message of the ``markets`` channel (the router's listener).

        Raises
        ------
        MessageError
            If its time or price is no number.
        PrecisionError
            If the platform cannot hold the price.

        """
        instrument_id = instrument_id_from_symbol(change.symbol)
        if change.event_type == MarketEventType.CREATED and instrument_id in self._watches:
            self._watches[instrument_id] = _Watch()
        price: Number = (change.changed_fields or {}).get("settlement_price")
        if change.event_type != MarketEventType.SETTLED or price in (None, ""):
            return
        at_ms = to_int(change.updated_at)
        self._tell(instrument_id, price, arrived_ns if at_ms is None else at_ms * _NS_PER_MS)

    async def check(self) -> None:
        """Ask for the price of what has ended or expired without one being told."""
        for instrument_id in tuple(self._watches):
            await self._check(instrument_id)

    async def _check(self, instrument_id: InstrumentId) -> None:
        watch = self._watches.get(instrument_id)
        if watch is None or watch.is_told or watch.denied >= _MAX_DENIED:
            return
        try:
            if not self._is_over(instrument_id):
                return
            settled = await self._read_price(instrument_id.symbol.value)
            self._tell(instrument_id, settled.settlement_price, self._settled_ns(settled))
        except NotFoundError:
            # Not settled, or not yet.
            watch.denied += 1
            if watch.denied == _MAX_DENIED:
                self._warn(f"{instrument_id} has ended without a settlement price")
        except ParadexError as exc:
            self._warn_once(
                f"price/{instrument_id}",
                f"Settlement price of {instrument_id} unknown, asking again: {exc}",
            )

    def _is_over(self, instrument_id: InstrumentId) -> bool:
        instrument = self._find(instrument_id)
        if instrument is None:
            return True
        expiry_ms = to_int((instrument.info or {}).get("expiry_at")) or 0
        return 0 < expiry_ms * _NS_PER_MS <= self._now_ns()

    def _settled_ns(self, settled: SettlementPrice) -> int:
        expiry_ns = (to_int(settled.expiry_at) or 0) * _NS_PER_MS
        now_ns = self._now_ns()
        # A market can be settled before it expires.
        return expiry_ns if 0 < expiry_ns <= now_ns else now_ns

    def _tell(self, instrument_id: InstrumentId, price: Number, ts_event: int) -> None:
        watch = self._watches.get(instrument_id)
        if watch is None or watch.is_told:
            return
        close = instrument_close(instrument_id, price, ts_event, self._now_ns())
        watch.is_told = True
        self._emit(close)
