"""The venue's state for the platform's reconciliation: orders, fills, positions, all at once.

A failure raises: an empty list means that the venue said "none", and the engine acts on it. All
pages are read, orders of every kind and instruments not loaded yet are included.
"""

from collections.abc import Mapping
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
from nautilus_trader.model.instruments import CurrencyPair
from nautilus_trader.model.orders import Order

from nautilus_paradex.constants import PARADEX_VENUE
from nautilus_paradex.execution.account.spot import known_spot_report, known_spot_reports
from nautilus_paradex.execution.instruments import InstrumentLoader, UnlistedMarketError
from nautilus_paradex.execution.orders.emitter import NOT_ACCEPTED
from nautilus_paradex.execution.orders.events import OrderEvents
from nautilus_paradex.execution.orders.lookup import (
    closed_orders,
    find_order,
    with_position_sizes,
)
from nautilus_paradex.execution.orders.recovery import Recovery
from nautilus_paradex.execution.reports.lost_fills import give_lost_fills
from nautilus_paradex.execution.reports.openings import KnownPosition, settle_positions
from nautilus_paradex.execution.reports.protection import awaiting_stop, unprotected
from nautilus_paradex.execution.reports.venue_state import OrderIds, VenueState, VenueStateReader
from nautilus_paradex.execution.takeover import Takeover
from nautilus_paradex.parsing.fills import own_order, with_own_order
from nautilus_paradex.parsing.precision import PrecisionError
from nautilus_paradex.parsing.reports import (
    fill_report,
    flat_position_report,
    known_order_report,
    order_side_of,
    order_status_report,
    position_status_report,
)
from nautilus_paradex.protocol.enums import OrderStatus
from nautilus_paradex.protocol.errors import ParadexError, ProtocolError
from nautilus_paradex.protocol.events import FillEvent, OrderEvent, PositionEvent
from nautilus_paradex.transport.http import ParadexHttpClient

__all__ = ["DEFAULT_LOOKBACK_MINS", "Reports"]

DEFAULT_LOOKBACK_MINS: Final = 24 * 60
"""How far closed orders and fills reach back where the platform sets no bound."""

_MS_PER_MIN: Final = 60_000


class Reports:
    """
    Builds the platform's reports from the venue's state.

    Parameters
    ----------
    http : ParadexHttpClient
        The REST client.
    events : OrderEvents
        Knows which orders have ended since a reading.
    recovery : Recovery
        Brings missing fills before a report counts them.
    takeover : Takeover
        Keeps the streams' news while a mass status is on its way.
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
    balances_are_positions : bool, default False
        If the balance of a token is reported as the position in its spot market.

    """

    def __init__(
        self,
        http: ParadexHttpClient,
        events: OrderEvents,
        recovery: Recovery,
        takeover: Takeover,
        instruments: InstrumentLoader,
        cache: Cache,
        clock: LiveClock,
        log: Logger,
        client_id: ClientId,
        account_id: AccountId,
        *,
        balances_are_positions: bool = False,
    ) -> None:
        self._http = http
        self._balances_are_positions = balances_are_positions
        self._reader = VenueStateReader(
            http,
            log,
            self._pairs_of_balances,
            lambda: takeover.held_fills,
        )
        self._events = events
        self._recovery = recovery
        self._takeover = takeover
        self._told_positions: list[PositionEvent] | None = None
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
        self._told_positions = None
        with self._takeover.reading():
            state = await self._reader.whole(since_ms, self._open_here())
            mass_status = await self._mass_status_of(state)
            self._takeover.expect(state.orders)
        self._told_positions = state.positions
        return mass_status

    async def _mass_status_of(self, state: VenueState) -> ExecutionMassStatus:
        # What the stream has told the end of meanwhile is known better than by this reading.
        orders = [o for o in state.orders if o.status == OrderStatus.CLOSED or self._is_news(o)]
        sides = {order.order_id: order.side for order in state.orders}
        mass_status = ExecutionMassStatus(
            client_id=self._client_id,
            account_id=self._account_id,
            venue=PARADEX_VENUE,
            report_id=UUID4(),
            ts_init=self._clock.timestamp_ns(),
        )
        order_reports = await self._order_reports(orders)
        fills, own_orders = self._with_orders_of_their_own(state.fills, order_reports)
        order_reports += await self._order_reports(own_orders)
        position_reports = await self._position_reports(state.positions)
        fill_reports = await self._fill_reports(fills, sides)
        self._tell_unprotected(position_reports, order_reports)
        known = KnownPosition(self._net_position, self._has_fill)
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
        return self._known_order(order_id) is None

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
        if known is not None:
            # A closed order is found by its client id only, without searching.
            client_order_id = known.client_order_id
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
        events = await self._reader.open_orders(market)
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
        fills = await self._reader.fills(
            _market(command.instrument_id),
            self._start_ms(command.start),
            _ms(command.end),
        )
        fills = [fill if fill.order_id else with_own_order(fill) for fill in fills]
        wanted: VenueOrderId | None = command.venue_order_id
        if wanted is not None:
            fills = [fill for fill in fills if fill.order_id == wanted.value]
        return await self._fill_reports(fills)

    async def position_status_reports(
        self,
        command: GeneratePositionStatusReports,
    ) -> list[PositionStatusReport]:
        """
        Return the reports of the open positions; of one instrument also that it is flat.

        Spot markets have balances at the venue, and no positions: see `spot`.
        """
        market = _market(command.instrument_id)
        if market is None:
            return [
                *await self._position_reports(await self._positions()),
                *self._spot_reports(),
            ]
        instrument = await self._instruments.get(market)
        if isinstance(instrument, CurrencyPair) and not self._balances_are_positions:
            return [
                known_spot_report(
                    self._cache,
                    instrument,
                    account_id=self._account_id,
                    ts_init=self._clock.timestamp_ns(),
                ),
            ]
        positions = [p for p in await self._positions() if p.market == market]
        reports = await self._position_reports(positions)
        if reports:
            return reports
        return [
            flat_position_report(
                account_id=self._account_id,
                instrument=instrument,
                ts_init=self._clock.timestamp_ns(),
            ),
        ]

    async def _positions(self) -> list[PositionEvent]:
        # While the engine works in a mass status it asks for the positions that were not in it: an
        # answer newer than the fills that it has would be "corrected" by an invented one.
        if self._takeover.is_under_way and self._told_positions is not None:
            return self._told_positions
        return await self._reader.positions()

    def _spot_reports(self) -> list[PositionStatusReport]:
        if self._balances_are_positions:
            return []
        return known_spot_reports(
            self._cache,
            account_id=self._account_id,
            ts_init=self._clock.timestamp_ns(),
        )

    # -- Parts -----------------------------------------------------------------------------------

    def _pairs_of_balances(self) -> list[CurrencyPair]:
        if not self._balances_are_positions:
            return []
        instruments = self._cache.instruments(venue=PARADEX_VENUE)
        return [pair for pair in instruments if isinstance(pair, CurrencyPair)]

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
            except UnlistedMarketError as exc:
                # Anything else fails the whole: a fill left out, or with a commission made up,
                # would be taken for the truth.
                self._log.warning(f"Fill {fill.fill_id} is not reported: {exc}")
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
            if position.size
        ]

    def _tell_unprotected(
        self,
        positions: list[PositionStatusReport],
        orders: list[OrderStatusReport],
    ) -> None:
        waiting = awaiting_stop(self._cache.orders(venue=PARADEX_VENUE), orders)
        for position in unprotected(positions, orders):
            if position.instrument_id not in waiting:
                self._log.error(
                    f"UNPROTECTED: {position.signed_decimal_qty} {position.instrument_id} is not "
                    "covered by stop orders at the venue. If it came from a bracket of an earlier "
                    "run, its stop-loss may never have been sent: without a cache database it is "
                    "not known any more",
                )

    def _net_position(self, instrument_id: InstrumentId) -> Decimal:
        positions = self._cache.positions_open(
            venue=None,
            instrument_id=instrument_id,
            account_id=self._account_id,
        )
        return sum((position.signed_decimal_qty() for position in positions), Decimal(0))

    def _has_fill(self, fill: FillReport) -> bool:
        order = self._known_order(fill.venue_order_id.value, fill.client_order_id)
        return order is not None and fill.trade_id in order.trade_ids

    def _is_news(self, event: OrderEvent) -> bool:
        return not self._events.followed.is_forgotten(event.order_id or "")

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


def _newest(events: list[OrderEvent]) -> list[OrderEvent]:
    """One event per order: an order may close between two requests, the later one counts."""
    return list({event.order_id: event for event in events}.values())
