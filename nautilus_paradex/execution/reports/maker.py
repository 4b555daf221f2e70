"""The platform's reports of what the venue says of orders, fills and positions, one by one.

What cannot be expressed is left out where nobody loses by it, and raises where it would be taken
for the truth. What is to be reported, `reports` and `mass_status` find out.
"""

from collections.abc import Mapping

from nautilus_trader.execution.reports import (
    FillReport,
    OrderStatusReport,
    PositionStatusReport,
)
from nautilus_trader.model.identifiers import ClientOrderId, VenueOrderId
from nautilus_trader.model.orders import Order

from nautilus_paradex.execution.instruments import InstrumentLoader, UnlistedMarketError
from nautilus_paradex.execution.orders.emitter import NOT_ACCEPTED
from nautilus_paradex.execution.orders.lookup import with_position_sizes
from nautilus_paradex.execution.platform import Platform
from nautilus_paradex.parsing.precision import PrecisionError
from nautilus_paradex.parsing.reports import (
    fill_report,
    order_side_of,
    order_status_report,
    position_status_report,
)
from nautilus_paradex.parsing.reports import known_order_report as report_of_known
from nautilus_paradex.protocol.enums import OrderStatus
from nautilus_paradex.protocol.errors import ProtocolError
from nautilus_paradex.protocol.events import FillEvent, OrderEvent, PositionEvent
from nautilus_paradex.transport.http import ParadexHttpClient

__all__ = ["ReportMaker"]


class ReportMaker:
    """
    Makes reports of the venue's orders, fills and positions.

    Parameters
    ----------
    platform : Platform
        The platform, as the client knows it.
    http : ParadexHttpClient
        The REST client, for the sizes of position-linked orders.
    instruments : InstrumentLoader
        Loads instruments that the venue reports and the platform does not know.

    """

    def __init__(
        self,
        platform: Platform,
        http: ParadexHttpClient,
        instruments: InstrumentLoader,
    ) -> None:
        self._http = http
        self._instruments = instruments
        self._cache = platform.cache
        self._clock = platform.clock
        self._log = platform.log
        self._account_id = platform.account_id

    async def order_reports(self, events: list[OrderEvent]) -> list[OrderStatusReport]:
        """Return the reports of orders, less those that cannot be expressed: an error log each."""
        reports = []
        for event in await with_position_sizes(self._http, events):
            if not event.size and event.status == OrderStatus.CLOSED:
                continue  # it followed a position and came to nothing
            known = self.known_order(event.order_id)
            try:
                report = order_status_report(
                    event,
                    account_id=self._account_id,
                    instrument=await self._instruments.get(event.market),
                    ts_init=self._clock.timestamp_ns(),
                    accepted=known is not None and known.status not in NOT_ACCEPTED,
                    client_order_id=None if known is None else known.client_order_id,
                )
            except UnlistedMarketError as exc:
                # The end of an order in a market that is gone is nobody's loss, a live one is.
                if event.status != OrderStatus.CLOSED:
                    raise
                self._log.warning(f"Closed order {event.order_id} is not reported: {exc}")
                continue
            except (ProtocolError, PrecisionError) as exc:
                # One order without words for it must not keep the others away: position-linked
                # ones whose position is gone.
                self._log.error(f"Order {event.order_id} is not reported: {exc}")
                continue
            reports.append(report)
        return reports

    async def fill_reports(
        self,
        fills: list[FillEvent],
        sides: Mapping[str | None, str | None] | None = None,
    ) -> list[FillReport]:
        """Return the reports of fills; `sides` are those of orders that the platform has not."""
        reports = []
        for fill in fills:
            known = self.known_order(fill.order_id)
            side = (sides or {}).get(fill.order_id)
            order_side = known.side if known is not None else side and order_side_of(side)
            try:
                report = fill_report(
                    fill,
                    account_id=self._account_id,
                    instrument=await self._instruments.get(fill.market),
                    ts_init=self._clock.timestamp_ns(),
                    order_side=order_side or None,
                    client_order_id=None if known is None else known.client_order_id,
                )
            except UnlistedMarketError as exc:
                # Anything else fails the whole: a fill left out, or with a commission made up,
                # would be taken for the truth.
                self._log.warning(f"Fill {fill.fill_id} is not reported: {exc}")
                continue
            reports.append(report)
        return reports

    async def position_reports(
        self,
        positions: list[PositionEvent],
    ) -> list[PositionStatusReport]:
        """Return the reports of the positions that are not flat."""
        return [
            position_status_report(
                position,
                account_id=self._account_id,
                instrument=await self._instruments.get(position.market),
                ts_init=self._clock.timestamp_ns(),
            )
            for position in positions
            if position.size
        ]

    def known_order_report(self, order: Order | None) -> OrderStatusReport | None:
        """Return the report of an order as the platform has it, if it is open there."""
        if order is None or not order.is_open or order.venue_order_id is None:
            return None
        return report_of_known(
            order,
            account_id=self._account_id,
            ts_init=self._clock.timestamp_ns(),
        )

    def known_order(
        self,
        order_id: str | None,
        client_order_id: ClientOrderId | None = None,
    ) -> Order | None:
        """Return the platform's order for one of the venue's ids, or for its own."""
        if client_order_id is None and order_id:
            client_order_id = self._cache.client_order_id(VenueOrderId(order_id))
        return None if client_order_id is None else self._cache.order(client_order_id)
