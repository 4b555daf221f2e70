"""The venue's state for the platform's reconciliation: orders, fills, positions, all at once.

A failure raises: an empty list means that the venue said "none", and the engine acts on it. All
pages are read, orders of every kind and instruments not loaded yet are included.
"""

import asyncio
from collections import Counter
from datetime import datetime
from typing import Final

from nautilus_trader.cache.cache import Cache
from nautilus_trader.common.component import LiveClock, Logger
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.messages import (
    GenerateFillReports,
    GenerateOrderStatusReport,
    GenerateOrderStatusReports,
    GeneratePositionStatusReports,
)
from nautilus_trader.execution.reports import (
    ExecutionMassStatus,
    FillReport,
    OrderStatusReport,
    PositionStatusReport,
)
from nautilus_trader.model.identifiers import (
    AccountId,
    ClientId,
    ClientOrderId,
    InstrumentId,
    VenueOrderId,
)
from nautilus_trader.model.instruments import Instrument

from nautilus_paradex.constants import PARADEX_VENUE
from nautilus_paradex.execution.recovery import Recovery, find_order
from nautilus_paradex.parsing.instruments import instrument_id_from_symbol
from nautilus_paradex.parsing.reports import (
    fill_report,
    flat_position_report,
    order_status_report,
    position_status_report,
    trade_id_of,
)
from nautilus_paradex.protocol import rest
from nautilus_paradex.protocol.conversion import fill_event, order_event, position_event
from nautilus_paradex.protocol.enums import OrderStatus
from nautilus_paradex.protocol.errors import ParadexError
from nautilus_paradex.protocol.events import FillEvent, OrderEvent, PositionEvent
from nautilus_paradex.providers import ParadexInstrumentProvider
from nautilus_paradex.transport.http import ParadexHttpClient

__all__ = ["DEFAULT_LOOKBACK_MINS", "ReportError", "Reports"]

DEFAULT_LOOKBACK_MINS: Final = 24 * 60
"""How far closed orders and fills reach back where the platform sets no bound."""

_MS_PER_MIN: Final = 60_000
_PAGE_SIZE: Final = 1_000
_MAX_PAGES: Final = 100
_SNAPSHOT_TRIES: Final = 6
_SNAPSHOT_DELAY_SECS: Final = 0.25


class ReportError(ParadexError):
    """The venue's state could not be reported as a whole."""


class Reports:
    """
    Builds the platform's reports from the venue's state.

    Parameters
    ----------
    http : ParadexHttpClient
        The REST client.
    recovery : Recovery
        Brings missing fills before a report counts them.
    provider : ParadexInstrumentProvider
        Loads instruments that the venue reports and the platform does not know.
    cache : Cache
        The platform's cache.
    clock : LiveClock
        The platform's clock.
    log : Logger
        The client's logger.
    client_id : ClientId
        The client's id.
    account_id : AccountId
        The account of the reports.

    """

    def __init__(
        self,
        http: ParadexHttpClient,
        recovery: Recovery,
        provider: ParadexInstrumentProvider,
        cache: Cache,
        clock: LiveClock,
        log: Logger,
        client_id: ClientId,
        account_id: AccountId,
    ) -> None:
        self._http = http
        self._recovery = recovery
        self._provider = provider
        self._cache = cache
        self._clock = clock
        self._log = log
        self._client_id = client_id
        self._account_id = account_id

    async def mass_status(self, lookback_mins: int | None) -> ExecutionMassStatus:
        """
        Return orders, fills and positions that belong together.

        They are fetched again until the fills add up to what the orders say is filled: of the
        difference the engine would invent a fill, and count the real one on top of it.

        Raises
        ------
        RequestError
            If the venue could not be asked.
        ReportError
            If something it reports cannot be expressed.

        """
        lookback = DEFAULT_LOOKBACK_MINS if lookback_mins is None else lookback_mins
        since_ms = self._http.clock.now_ms() - lookback * _MS_PER_MIN
        orders, fills, positions = await self._consistent_state(since_ms)
        mass_status = ExecutionMassStatus(
            client_id=self._client_id,
            account_id=self._account_id,
            venue=PARADEX_VENUE,
            report_id=UUID4(),
            ts_init=self._clock.timestamp_ns(),
        )
        mass_status.add_order_reports(await self._order_reports(orders))
        mass_status.add_fill_reports(await self._fill_reports(_with_order(fills)))
        mass_status.add_position_reports(await self._position_reports(positions))
        return mass_status

    async def order_status_report(
        self,
        command: GenerateOrderStatusReport,
    ) -> OrderStatusReport | None:
        """Return the report of one order, open or closed; None if the venue knows none."""
        client_order_id, venue_order_id = command.client_order_id, command.venue_order_id
        event = await find_order(
            self._http,
            client_id=None if client_order_id is None else client_order_id.value,
            venue_order_id=None if venue_order_id is None else venue_order_id.value,
            market=_market(command.instrument_id),
        )
        if event is None or event.status == OrderStatus.NEW:
            return None
        await self._recovery.deliver_fills(event)
        reports = await self._order_reports([event])
        return reports[0] if reports else None

    async def order_status_reports(
        self,
        command: GenerateOrderStatusReports,
    ) -> list[OrderStatusReport]:
        """Return the reports of the open orders and, unless not wanted, of the closed ones."""
        market = _market(command.instrument_id)
        events = await self._open_orders(market)
        if not command.open_only:
            events += await self._closed_orders(
                market,
                self._start_ms(command.start),
                _ms(command.end),
            )
        for event in _newest(events):
            await self._recovery.deliver_fills(event)
        return await self._order_reports(_newest(events))

    async def fill_reports(self, command: GenerateFillReports) -> list[FillReport]:
        """Return the reports of the account's fills, or of those of one order."""
        fills = await self._fills(
            _market(command.instrument_id),
            self._start_ms(command.start),
            _ms(command.end),
        )
        wanted: VenueOrderId | None = command.venue_order_id
        if wanted is not None:
            fills = [fill for fill in fills if fill.order_id == wanted.value]
        return await self._fill_reports(_with_order(fills))

    async def position_status_reports(
        self,
        command: GeneratePositionStatusReports,
    ) -> list[PositionStatusReport]:
        """Return the reports of the open positions; of one instrument also that it is flat."""
        positions = await self._positions()
        if command.instrument_id is None:
            return await self._position_reports(positions)
        market = _market(command.instrument_id)
        reports = await self._position_reports([p for p in positions if p.market == market])
        if reports:
            return reports
        instrument = await self._instrument(market)
        return [
            flat_position_report(
                account_id=self._account_id,
                instrument=instrument,
                ts_init=self._clock.timestamp_ns(),
            ),
        ]

    # -- The venue's state -----------------------------------------------------------------------

    async def _consistent_state(
        self,
        since_ms: int,
    ) -> tuple[list[OrderEvent], list[FillEvent], list[PositionEvent]]:
        for attempt in range(_SNAPSHOT_TRIES):
            if attempt:
                await asyncio.sleep(_SNAPSHOT_DELAY_SECS)
            before = await self._open_orders(None)
            fills = await self._fills_of(before, since_ms)
            closed = await self._closed_orders(None, since_ms, None)
            orders = _newest(await self._open_orders(None) + closed)
            positions = await self._positions()
            gaps = _gaps(orders, fills, since_ms, {order.order_id for order in before})
            if not gaps:
                return orders, fills, positions
            self._log.info("The account traded while it was read: reading it again")
        self._log.warning(
            f"Fills and orders do not add up after {_SNAPSHOT_TRIES} readings: {gaps}",
        )
        return orders, fills, positions

    async def _fills_of(self, open_orders: list[OrderEvent], since_ms: int) -> list[FillEvent]:
        """
        Return the fills since a time, and those that open orders had before it.

        Without the latter the engine would invent one for them, which a later look-up of the
        order would count again.
        """
        older = {
            order.order_id: (order.created_at or 0) // 1_000
            for order in open_orders
            if order.size != order.size_open and (order.created_at or 0) // 1_000 < since_ms
        }
        fills = await self._fills(None, min([since_ms, *older.values()]), None)
        return [
            fill
            for fill in fills
            if (fill.created_at or 0) // 1_000 >= since_ms or fill.order_id in older
        ]

    async def _open_orders(self, market: str | None) -> list[OrderEvent]:
        orders = [order_event(order) for order in await self._http.open_orders(market)]
        # A NEW order has not passed the risk engine: its fate will be told by the streams.
        return [order for order in orders if order.status != OrderStatus.NEW]

    async def _closed_orders(
        self,
        market: str | None,
        start_ms: int,
        end_ms: int | None,
    ) -> list[OrderEvent]:
        async def fetch(cursor: str | None) -> rest.Page[rest.Order]:
            return await self._http.orders_history(
                market=market,
                start_at_ms=start_ms,
                end_at_ms=end_ms,
                page_size=_PAGE_SIZE,
                cursor=cursor,
            )

        orders = [order_event(o) for o in await self._http.all_pages(fetch, max_pages=_MAX_PAGES)]
        return [order for order in orders if order.status == OrderStatus.CLOSED]

    async def _fills(
        self,
        market: str | None,
        start_ms: int,
        end_ms: int | None,
    ) -> list[FillEvent]:
        async def fetch(cursor: str | None) -> rest.Page[rest.Fill]:
            return await self._http.fills(
                market=market,
                start_at_ms=start_ms,
                end_at_ms=end_ms,
                page_size=_PAGE_SIZE,
                cursor=cursor,
            )

        fills = [fill_event(f) for f in await self._http.all_pages(fetch, max_pages=_MAX_PAGES)]
        unique = {trade_id_of(fill): fill for fill in fills}
        return sorted(unique.values(), key=lambda fill: fill.created_at or 0)

    async def _positions(self) -> list[PositionEvent]:
        positions = [position_event(position) for position in await self._http.positions()]
        return [position for position in positions if position.size]

    def _start_ms(self, start: datetime | None) -> int:
        if start is not None:
            return int(start.timestamp() * 1_000)
        return self._http.clock.now_ms() - DEFAULT_LOOKBACK_MINS * _MS_PER_MIN

    # -- Reports ---------------------------------------------------------------------------------

    async def _order_reports(self, events: list[OrderEvent]) -> list[OrderStatusReport]:
        reports = []
        for event in events:
            if not event.size:
                # A position-linked order takes the position's size; the platform has no such order.
                self._log.warning(f"Order {event.order_id} has no size of its own: not reported")
                continue
            reports.append(
                order_status_report(
                    event,
                    account_id=self._account_id,
                    instrument=await self._instrument(event.market),
                    ts_init=self._clock.timestamp_ns(),
                    client_order_id=self._client_order_id(event),
                ),
            )
        return reports

    async def _fill_reports(self, fills: list[FillEvent]) -> list[FillReport]:
        return [
            fill_report(
                fill,
                account_id=self._account_id,
                instrument=await self._instrument(fill.market),
                ts_init=self._clock.timestamp_ns(),
            )
            for fill in fills
        ]

    async def _position_reports(
        self,
        positions: list[PositionEvent],
    ) -> list[PositionStatusReport]:
        return [
            position_status_report(
                position,
                account_id=self._account_id,
                instrument=await self._instrument(position.market),
                ts_init=self._clock.timestamp_ns(),
            )
            for position in positions
        ]

    def _client_order_id(self, event: OrderEvent) -> ClientOrderId | None:
        return self._cache.client_order_id(VenueOrderId(event.order_id))

    async def _instrument(self, market: str | None) -> Instrument:
        if not market:
            raise ReportError("the venue reports an order, fill or position without a market")
        instrument_id = instrument_id_from_symbol(market)
        instrument = self._cache.instrument(instrument_id) or self._provider.find(instrument_id)
        if instrument is None:
            await self._provider.load_async(instrument_id)
            instrument = self._provider.find(instrument_id)
        if instrument is None:
            raise ReportError(
                f"the account has orders, fills or a position in {market}, which could not be "
                "loaded as an instrument",
            )
        if self._cache.instrument(instrument_id) is None:
            self._cache.add_instrument(instrument)
        return instrument


def _market(instrument_id: InstrumentId | None) -> str | None:
    return None if instrument_id is None else str(instrument_id.symbol.value)


def _ms(time: datetime | None) -> int | None:
    return None if time is None else int(time.timestamp() * 1_000)


def _with_order(fills: list[FillEvent]) -> list[FillEvent]:
    """Fills of orders; position transfers have none, and are told by the position's report."""
    return [fill for fill in fills if fill.order_id]


def _newest(events: list[OrderEvent]) -> list[OrderEvent]:
    """One event per order: an order may close between two requests, the later one counts."""
    return list({event.order_id: event for event in events}.values())


def _gaps(
    orders: list[OrderEvent],
    fills: list[FillEvent],
    since_ms: int,
    were_open: set[str | None],
) -> list[str]:
    """
    Return the orders whose fills do not add up to what they say.

    Orders that were closed before the window are not among them: their fills were not asked for.
    """
    filled: Counter[str] = Counter()
    for fill in fills:
        filled[fill.order_id or ""] += fill.size or 0
    return [
        order.order_id or ""
        for order in orders
        if ((order.created_at or 0) // 1_000 >= since_ms or order.order_id in were_open)
        and order.size is not None
        and order.size_open is not None
        and order.size - order.size_open != filled[order.order_id or ""]
    ]
