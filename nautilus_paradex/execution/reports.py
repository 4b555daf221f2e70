"""The venue's state for the platform's reconciliation: orders, fills, positions, all at once.

A failure raises: an empty list means that the venue said "none", and the engine acts on it. All
pages are read, orders of every kind and instruments not loaded yet are included.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
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
from nautilus_trader.model.orders import Order

from nautilus_paradex.constants import PARADEX_VENUE
from nautilus_paradex.execution.instruments import InstrumentLoader
from nautilus_paradex.execution.lookup import (
    closed_orders,
    fills_since,
    find_order,
    with_position_sizes,
)
from nautilus_paradex.execution.openings import KnownPosition, settle_positions
from nautilus_paradex.execution.order_emitter import NOT_ACCEPTED
from nautilus_paradex.execution.recovery import Recovery
from nautilus_paradex.parsing.precision import PrecisionError
from nautilus_paradex.parsing.reports import (
    fill_report,
    flat_position_report,
    known_order_report,
    order_side_of,
    order_status_report,
    position_status_report,
    trade_id_of,
)
from nautilus_paradex.protocol.conversion import order_event, position_event
from nautilus_paradex.protocol.enums import OrderStatus
from nautilus_paradex.protocol.errors import ParadexError, ProtocolError
from nautilus_paradex.protocol.events import FillEvent, OrderEvent, PositionEvent
from nautilus_paradex.transport.errors import NotFoundError
from nautilus_paradex.transport.http import ParadexHttpClient

__all__ = ["DEFAULT_LOOKBACK_MINS", "Reports"]

DEFAULT_LOOKBACK_MINS: Final = 24 * 60
"""How far closed orders and fills reach back where the platform sets no bound."""

_MS_PER_MIN: Final = 60_000
_READINGS: Final = 6
_READING_DELAY_SECS: Final = 0.25


@dataclass(frozen=True, slots=True)
class _AccountState:
    """Everything a mass status is made of, as read once."""

    orders: list[OrderEvent]
    fills: list[FillEvent]
    positions: list[PositionEvent]

    def digest(self) -> object:
        """What of it changes only when the account trades."""
        return (
            {(o.order_id, o.status, o.size_open) for o in self.orders},
            {trade_id_of(fill) for fill in self.fills},
            {(p.market, p.side, p.size) for p in self.positions},
        )


class Reports:
    """
    Builds the platform's reports from the venue's state.

    Parameters
    ----------
    http : ParadexHttpClient
        The REST client.
    recovery : Recovery
        Brings missing fills before a report counts them.
    instruments : InstrumentLoader
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
        instruments: InstrumentLoader,
        cache: Cache,
        clock: LiveClock,
        log: Logger,
        client_id: ClientId,
        account_id: AccountId,
    ) -> None:
        self._http = http
        self._recovery = recovery
        self._instruments = instruments
        self._cache = cache
        self._clock = clock
        self._log = log
        self._client_id = client_id
        self._account_id = account_id

    async def mass_status(self, lookback_mins: int | None) -> ExecutionMassStatus:
        """
        Return orders, fills and positions that belong together.

        Of a difference between them the engine would invent a fill, and count the real one on top
        of it.

        Raises
        ------
        RequestError
            If the venue could not be asked.
        MessageError
            If its answer could not be read, or a position cannot be expressed.

        """
        lookback = DEFAULT_LOOKBACK_MINS if lookback_mins is None else lookback_mins
        since_ms = self._http.clock.now_ms() - lookback * _MS_PER_MIN
        state = await self._consistent_state(since_ms)
        sides = {order.order_id: order.side for order in state.orders}
        mass_status = ExecutionMassStatus(
            client_id=self._client_id,
            account_id=self._account_id,
            venue=PARADEX_VENUE,
            report_id=UUID4(),
            ts_init=self._clock.timestamp_ns(),
        )
        settle_positions(
            mass_status,
            await self._order_reports(state.orders),
            await self._fill_reports(_with_order(state.fills), sides),
            await self._position_reports(state.positions),
            known=KnownPosition(self._net_position, self._has_fill),
            instrument_of=self._cache.instrument,
            log=self._log,
        )
        return mass_status

    async def order_status_report(
        self,
        command: GenerateOrderStatusReport,
    ) -> OrderStatusReport | None:
        """
        Return the report of one order, open or closed; None if the venue knows none.

        The engine takes a failure for "not found" and rejects the order, alive as it may be. So
        where the venue cannot be asked of an order that is open here, it is reported as it is.

        Raises
        ------
        RequestError
            If the venue could not be asked of an order that is not open here.
        MessageError
            If its answer could not be read, likewise.

        """
        client_order_id, venue_order_id = command.client_order_id, command.venue_order_id
        known = self._known_order(_value_of(venue_order_id), client_order_id)
        try:
            event = await find_order(
                self._http,
                client_id=_value_of(client_order_id),
                venue_order_id=_value_of(venue_order_id),
                market=_market(command.instrument_id),
            )
            if event is None:
                return None
            if event.status == OrderStatus.NEW or not await self._recovery.deliver_fills(event):
                return self._as_known(known)
            reports = await self._order_reports([event])
        except ParadexError as exc:
            report = self._as_known(known)
            if report is None:
                raise
            self._log.error(f"{command.client_order_id!r} is reported as it is here: {exc}")
            return report
        return reports[0] if reports else None

    def _as_known(self, order: Order | None) -> OrderStatusReport | None:
        """Return the report of an order as the platform has it, if it is open there."""
        if order is None or not order.is_open or order.venue_order_id is None:
            return None
        return known_order_report(
            order,
            account_id=self._account_id,
            ts_init=self._clock.timestamp_ns(),
        )

    async def order_status_reports(
        self,
        command: GenerateOrderStatusReports,
    ) -> list[OrderStatusReport]:
        """Return the reports of the open orders and, unless not wanted, of the closed ones."""
        market = _market(command.instrument_id)
        events = await self._open_orders(market)
        if not command.open_only:
            events += await closed_orders(
                self._http,
                market=market,
                start_at_ms=self._start_ms(command.start),
                end_at_ms=_ms(command.end),
            )
        return await self._order_reports(
            [event for event in _newest(events) if await self._can_be_reported(event)],
        )

    async def _can_be_reported(self, event: OrderEvent) -> bool:
        try:
            return await self._recovery.deliver_fills(event)
        except ProtocolError as exc:
            self._log.error(f"Order {event.order_id} is not reported: {exc}")
            return False

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
        instrument = await self._instruments.get(market)
        return [
            flat_position_report(
                account_id=self._account_id,
                instrument=instrument,
                ts_init=self._clock.timestamp_ns(),
            ),
        ]

    # -- The venue's state -----------------------------------------------------------------------

    async def _consistent_state(self, since_ms: int) -> _AccountState:
        """
        Read the account until two readings in a row are the same.

        Then nothing happened from the first request of the one to the last of the other.
        """
        state = await self._read_state(since_ms)
        for _ in range(_READINGS):
            before, state = state, await self._read_state(since_ms)
            if before.digest() == state.digest():
                break
            self._log.info("The account traded while it was read: reading it again")
            await asyncio.sleep(_READING_DELAY_SECS)
        else:
            self._log.warning(f"The account did not stand still during {_READINGS} readings")
        if gaps := _gaps(state, since_ms):
            self._log.warning(f"The venue lists no fills for what it says was filled of {gaps}")
        return state

    async def _read_state(self, since_ms: int) -> _AccountState:
        open_orders = await self._open_orders(None)
        closed = await closed_orders(self._http, start_at_ms=since_ms)
        return _AccountState(
            orders=_newest(open_orders + closed),
            fills=await self._fills_of(open_orders, since_ms),
            positions=await self._positions(),
        )

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

    async def _fills(
        self,
        market: str | None,
        start_ms: int,
        end_ms: int | None,
    ) -> list[FillEvent]:
        fills = await fills_since(self._http, start_ms, market=market, end_at_ms=end_ms)
        return list({trade_id_of(fill): fill for fill in fills}.values())

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
        for event in await with_position_sizes(self._http, events):
            if not event.size and event.status == OrderStatus.CLOSED:
                continue  # it followed a position and came to nothing
            known = self._known_order(event.order_id)
            try:
                report = order_status_report(
                    event,
                    account_id=self._account_id,
                    instrument=await self._instruments.get(event.market),
                    ts_init=self._clock.timestamp_ns(),
                    accepted=known is not None and known.status not in NOT_ACCEPTED,
                    client_order_id=None if known is None else known.client_order_id,
                )
            except (ProtocolError, PrecisionError, NotFoundError) as exc:
                # One order without words for it must not keep the others away: position-linked
                # ones whose position is gone, closed ones of a market that is.
                self._log.error(f"Order {event.order_id} is not reported: {exc}")
                continue
            reports.append(report)
        return reports

    async def _fill_reports(
        self,
        fills: list[FillEvent],
        sides: Mapping[str | None, str | None] | None = None,
    ) -> list[FillReport]:
        reports = []
        for fill in fills:
            known = self._known_order(fill.order_id)
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
            except (ProtocolError, PrecisionError, NotFoundError) as exc:
                self._log.error(f"Fill {fill.fill_id} is not reported: {exc}")
                continue
            reports.append(report)
        return reports

    async def _position_reports(
        self,
        positions: list[PositionEvent],
    ) -> list[PositionStatusReport]:
        return [
            position_status_report(
                position,
                account_id=self._account_id,
                instrument=await self._instruments.get(position.market),
                ts_init=self._clock.timestamp_ns(),
            )
            for position in positions
        ]

    def _net_position(self, instrument_id: InstrumentId) -> Decimal:
        positions = self._cache.positions_open(venue=None, instrument_id=instrument_id)
        return sum((position.signed_decimal_qty() for position in positions), Decimal(0))

    def _has_fill(self, fill: FillReport) -> bool:
        order = self._known_order(fill.venue_order_id.value, fill.client_order_id)
        return order is not None and fill.trade_id in order.trade_ids

    def _known_order(
        self,
        order_id: str | None,
        client_order_id: ClientOrderId | None = None,
    ) -> Order | None:
        """Return the platform's order for one of the venue's ids, or for its own."""
        if client_order_id is None and order_id:
            client_order_id = self._cache.client_order_id(VenueOrderId(order_id))
        return None if client_order_id is None else self._cache.order(client_order_id)


def _value_of(identifier: ClientOrderId | VenueOrderId | None) -> str | None:
    return None if identifier is None else str(identifier.value)


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


def _gaps(state: _AccountState, since_ms: int) -> list[str]:
    """
    Return the orders whose fills do not add up to what they say.

    Orders that were closed before the window are not among them: their fills were not asked for.
    """
    filled: Counter[str] = Counter()
    for fill in state.fills:
        filled[fill.order_id or ""] += fill.size or 0
    return [
        order.order_id or ""
        for order in state.orders
        if ((order.created_at or 0) // 1_000 >= since_ms or order.status != OrderStatus.CLOSED)
        and order.size is not None
        and order.size_open is not None
        and order.size - order.size_open != filled[order.order_id or ""]
    ]
