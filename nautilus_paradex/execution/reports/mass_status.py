"""The mass status: orders, fills and positions that belong together, for a start of the platform.

Of a difference between them the engine would invent a fill, and count the real one on top of it.
"""

from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.reports import (
    ExecutionMassStatus,
    FillReport,
    OrderStatusReport,
    PositionStatusReport,
)
from nautilus_trader.model.instruments import CurrencyPair

from nautilus_paradex.constants import PARADEX_VENUE
from nautilus_paradex.execution.orders.events import OrderEvents
from nautilus_paradex.execution.orders.lookup import OrderIds
from nautilus_paradex.execution.orders.recovery import Recovery
from nautilus_paradex.execution.platform import Platform
from nautilus_paradex.execution.reports.lost_fills import give_lost_fills
from nautilus_paradex.execution.reports.maker import ReportMaker
from nautilus_paradex.execution.reports.openings import KnownPosition, settle_positions
from nautilus_paradex.execution.reports.protection import awaiting_stop, unprotected
from nautilus_paradex.execution.reports.venue_state import VenueState, VenueStateReader
from nautilus_paradex.execution.takeover import Takeover
from nautilus_paradex.parsing.fills import own_order, with_own_order
from nautilus_paradex.protocol.enums import OrderStatus
from nautilus_paradex.protocol.events import FillEvent, OrderEvent, PositionEvent

__all__ = ["MassStatus"]


class MassStatus:
    """
    Reads the whole account for the platform to take over.

    Parameters
    ----------
    platform : Platform
        The platform, as the client knows it.
    reader : VenueStateReader
        Reads the account.
    maker : ReportMaker
        Makes the reports.
    events : OrderEvents
        Knows which orders have ended since a reading.
    recovery : Recovery
        Knows which orders of the platform the venue is to be asked of.
    takeover : Takeover
        Keeps the streams' news while a mass status is on its way.

    """

    def __init__(
        self,
        platform: Platform,
        reader: VenueStateReader,
        maker: ReportMaker,
        events: OrderEvents,
        recovery: Recovery,
        takeover: Takeover,
    ) -> None:
        self._platform = platform
        self._reader = reader
        self._maker = maker
        self._events = events
        self._recovery = recovery
        self._takeover = takeover
        self._cache = platform.cache
        self._clock = platform.clock
        self._log = platform.log
        self._positions: list[PositionEvent] | None = None

    @property
    def positions(self) -> list[PositionEvent] | None:
        """The positions of the mass status that the engine works in now; None without one."""
        return self._positions if self._takeover.is_under_way else None

    async def read(self, since_ms: int) -> ExecutionMassStatus:
        """
        Return the mass status, with orders and fills back to a time of the venue's.

        Raises
        ------
        RequestError
            If the venue could not be asked.
        MessageError
            If its answer could not be read, or a position cannot be expressed.
        ReadingTimeoutError
            If that took too long for a node that trades.

        """
        self._positions = None
        async with self._takeover.reading():
            state = await self._reader.whole(since_ms, self._open_here())
            mass_status = await self._report_of(state)
            self._takeover.expect(state.orders)
        self._positions = state.positions
        return mass_status

    async def _report_of(self, state: VenueState) -> ExecutionMassStatus:
        # What the stream has told the end of meanwhile is known better than by this reading.
        orders = [o for o in state.orders if o.status == OrderStatus.CLOSED or self._is_news(o)]
        sides = {order.order_id: order.side for order in state.orders}
        mass_status = ExecutionMassStatus(
            client_id=self._platform.client_id,
            account_id=self._platform.account_id,
            venue=PARADEX_VENUE,
            report_id=UUID4(),
            ts_init=self._clock.timestamp_ns(),
        )
        order_reports = await self._maker.order_reports(orders)
        fills, own_orders = self._with_orders_of_their_own(state.fills, order_reports)
        order_reports += await self._maker.order_reports(own_orders)
        position_reports = await self._maker.position_reports(state.positions)
        fill_reports = await self._maker.fill_reports(fills, sides)
        self._tell_unprotected(position_reports, order_reports)
        known = KnownPosition(self._platform.net_position, self._has_fill)
        give_lost_fills(self._cache, position_reports, fill_reports, known, self._log)
        settle_positions(
            mass_status,
            order_reports,
            fill_reports,
            position_reports,
            known=known,
            instrument_of=self._cache.instrument,
            log=self._log,
        )
        return mass_status

    def _with_orders_of_their_own(
        self,
        fills: list[FillEvent],
        reports: list[OrderStatusReport],
    ) -> tuple[list[FillEvent], list[OrderEvent]]:
        """
        Give fills an order each whose order is not reported.

        The engine passes over such fills, while the position was made by them.
        """
        told = {str(report.venue_order_id.value) for report in reports}
        owned = [
            with_own_order(fill) if self._is_without_order(fill, told) else fill for fill in fills
        ]
        return owned, [
            own_order(own, is_filled=True)
            for fill, own in zip(fills, owned, strict=True)
            if own is not fill
        ]

    def _is_without_order(self, fill: FillEvent, told: set[str]) -> bool:
        order_id = fill.order_id or ""
        if order_id in told or self._events.followed.is_forgotten(order_id):
            return False
        return self._maker.known_order(order_id) is None

    def _open_here(self) -> list[OrderIds]:
        return [
            OrderIds(
                order.client_order_id.value,
                order.venue_order_id.value,
                order.instrument_id.symbol.value,
            )
            for order in self._recovery.orders_in_question()
            if order.venue_order_id is not None
        ]

    def _tell_unprotected(
        self,
        positions: list[PositionStatusReport],
        orders: list[OrderStatusReport],
    ) -> None:
        waiting = awaiting_stop(self._platform.unfinished_orders(), orders)
        for position in unprotected(positions, orders):
            if position.instrument_id not in waiting and not self._is_spot(position):
                self._log.error(
                    f"UNPROTECTED: {position.signed_decimal_qty} {position.instrument_id} is not "
                    "covered by stop orders at the venue. If it came from a bracket of an earlier "
                    "run, its stop-loss may never have been sent: without a cache database it is "
                    "not known any more",
                )

    def _is_spot(self, position: PositionStatusReport) -> bool:
        """Whether a position is a balance of tokens: there are no stops in spot markets."""
        instrument = self._platform.cache.instrument(position.instrument_id)
        return isinstance(instrument, CurrencyPair)

    def _has_fill(self, fill: FillReport) -> bool:
        order = self._maker.known_order(fill.venue_order_id.value, fill.client_order_id)
        return order is not None and fill.trade_id in order.trade_ids

    def _is_news(self, event: OrderEvent) -> bool:
        return not self._events.followed.is_forgotten(event.order_id or "")
