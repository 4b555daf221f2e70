"""
The venue's limits, held on this side: what is certain to break one is not sent.

What the limits are is in `nautilus_paradex.parsing.limits`; here is gathered what they are held
against, and counted what comes near.
"""

from collections import Counter
from decimal import Decimal
from typing import Final

from nautilus_trader.model.data import IndexPriceUpdate, MarkPriceUpdate
from nautilus_trader.model.enums import TimeInForce
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.instruments import CryptoOption, Instrument
from nautilus_trader.model.orders import Order

from nautilus_paradex.execution.instruments import InstrumentLoader
from nautilus_paradex.execution.orders.events import OrderEvents
from nautilus_paradex.execution.orders.state import OrderState
from nautilus_paradex.execution.platform import Platform
from nautilus_paradex.execution.system_watch import SystemWatch
from nautilus_paradex.parsing.limits import Finding, Limit, Standing, Wanted, findings_of
from nautilus_paradex.protocol.errors import ParadexError
from nautilus_paradex.protocol.numbers import e8_to_decimal
from nautilus_paradex.transport.http import ParadexHttpClient

__all__ = ["OrderLimits"]

_FRESH_NS: Final = 10_000_000_000  # how old a price may be that an order is denied by
_VERY_FRESH_NS: Final = 3_000_000_000  # and one that a trigger is held against
_REVIEW_NS: Final = 60_000_000_000
_OF_MARKET: Final = frozenset(
    {Limit.TRADING_MODE, Limit.OPEN_ORDERS, Limit.POSITION, Limit.MIN_NOTIONAL}
)
_MAX_WARNED: Final = 10_000


class OrderLimits:
    """
    Objects to what is certain to break a limit, and counts what comes near to one.

    Parameters
    ----------
    platform : Platform
        The platform, as the client knows it.
    http : ParadexHttpClient
        Knows the room that is left in the rate limit.
    system : SystemWatch
        Knows the state of the venue's system.
    events : OrderEvents
        Knows the orders that are sent and not over.
    instruments : InstrumentLoader
        Reads a market again that something was denied for.
    recv_window_ms : int
        How long after its signature the venue takes an order that does not say so itself.

    """

    def __init__(
        self,
        platform: Platform,
        http: ParadexHttpClient,
        system: SystemWatch,
        events: OrderEvents,
        instruments: InstrumentLoader,
        recv_window_ms: int,
    ) -> None:
        self._platform = platform
        self._http = http
        self._system = system
        self._events = events
        self._instruments = instruments
        self._cache = platform.cache
        self._clock = platform.clock
        self._log = platform.log
        self._create_task = platform.create_task
        self._recv_window_ms = recv_window_ms
        self._near: Counter[Limit] = Counter()
        self._warned: set[tuple[Limit, InstrumentId]] = set()
        self._reviewed_at: dict[InstrumentId, int] = {}

    @property
    def near(self) -> dict[str, int]:
        """How often something was sent that came near to a limit, by the limit's name."""
        return {limit.value: count for limit, count in self._near.items()}

    def objection(
        self,
        wanted: Wanted,
        instrument: Instrument,
        order: Order | None = None,
        *,
        is_final: bool = True,
    ) -> str | None:
        """
        Return the limit that something would break for certain (``CODE: key=value``), or None.

        Parameters
        ----------
        wanted : Wanted
            What is to be sent.
        instrument : Instrument
            Its market.
        order : Order, optional
            The order that it is, or changes.
        is_final : bool, default True
            If it is sent now, unless there is an objection: then nearness is counted.

        """
        findings = findings_of(wanted, instrument, self._standing(wanted, instrument, order))
        for finding in findings:
            if finding.is_certain:
                if finding.limit in _OF_MARKET:
                    self._review(instrument.id)
                return finding.reason
        if is_final:
            for finding in findings:
                self._count(finding, instrument.id)
        return None

    def mark_price(self, instrument_id: InstrumentId) -> Decimal | None:
        """Return what triggers are set off by now, None if the platform does not know it."""
        return self._since(_VERY_FRESH_NS, self._cache.mark_price(instrument_id))

    def _review(self, instrument_id: InstrumentId) -> None:
        """Read a market again, at most once a minute: its terms may have changed since."""
        now_ns = self._clock.timestamp_ns()
        reviewed_at = self._reviewed_at.get(instrument_id)
        if reviewed_at is None or now_ns - reviewed_at >= _REVIEW_NS:
            self._reviewed_at[instrument_id] = now_ns
            self._create_task(self._reload(instrument_id))

    async def _reload(self, instrument_id: InstrumentId) -> None:
        try:
            await self._instruments.reload(instrument_id)
        except ParadexError as exc:
            self._log.warning(f"The terms of {instrument_id} could not be read again: {exc}")

    def _count(self, finding: Finding, instrument_id: InstrumentId) -> None:
        self._near[finding.limit] += 1
        key = (finding.limit, instrument_id)
        if key in self._warned or len(self._warned) >= _MAX_WARNED:
            return
        self._warned.add(key)
        self._log.warning(
            f"Near to a limit in {instrument_id}, sent all the same: {finding.reason} "
            "(logged once, counted from here on)"
        )

    def _standing(self, wanted: Wanted, instrument: Instrument, own: Order | None) -> Standing:
        on_book, perhaps_open = 0, 0
        buying_e8, selling_e8 = 0, 0
        for order, state in self._events.followed.live_orders(instrument.id):
            if order is own:
                continue
            open_e8 = max(0, state.size - state.filled)
            if order.is_buy:
                buying_e8 += open_e8
            else:
                selling_e8 += open_e8
            if _is_sure_to_count(order, state):
                on_book += 1
            else:
                perhaps_open += 1
        return Standing(
            system_status=self._system.status_now,
            on_book=on_book,
            perhaps_open=perhaps_open,
            position=self._platform.net_position(instrument.id),
            buying=e8_to_decimal(buying_e8),
            selling=e8_to_decimal(selling_e8),
            reference_price=self._reference_price(instrument),
            order_room=self._http.order_room,
            wait_secs=self._http.order_wait_secs,
            longest_wait_secs=self._http.longest_order_wait_secs(self._recv_window_of(wanted)),
        )

    def _recv_window_of(self, wanted: Wanted) -> int | None:
        if not wanted.is_new:
            return None  # a change has none (openapi)
        return wanted.recv_window_ms or self._recv_window_ms

    def _reference_price(self, instrument: Instrument) -> Decimal | None:
        is_option = isinstance(instrument, CryptoOption)
        price_of = self._cache.index_price if is_option else self._cache.mark_price
        return self._since(_FRESH_NS, price_of(instrument.id))

    def _since(
        self,
        age_ns: int,
        update: MarkPriceUpdate | IndexPriceUpdate | None,
    ) -> Decimal | None:
        if update is None or update.ts_init < self._clock.timestamp_ns() - age_ns:
            return None
        price: Decimal = update.value.as_decimal()
        return price


def _is_sure_to_count(order: Order, state: OrderState) -> bool:
    """Whether an order is among the market's open ones, or will be as soon as it arrives."""
    if not order.has_price or order.is_pending_cancel:
        return False
    if order.has_trigger_price:
        return state.triggered
    return state.accepted or order.time_in_force != TimeInForce.IOC
