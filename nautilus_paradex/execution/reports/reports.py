"""The venue's state for the platform's reconciliation: orders, fills, positions, all at once.

A failure raises: an empty list means that the venue said "none", and the engine acts on it. All
pages are read, orders of every kind and instruments not loaded yet are included.
"""

from datetime import datetime
from typing import Final

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
    ClientOrderId,
    InstrumentId,
    VenueOrderId,
)
from nautilus_trader.model.instruments import CurrencyPair

from nautilus_paradex.constants import PARADEX_VENUE
from nautilus_paradex.execution.account.spot import known_spot_report, known_spot_reports
from nautilus_paradex.execution.instruments import InstrumentLoader
from nautilus_paradex.execution.orders.events import OrderEvents
from nautilus_paradex.execution.orders.lookup import (
    OrderIds,
    closed_orders,
    find_order,
)
from nautilus_paradex.execution.orders.recovery import Recovery
from nautilus_paradex.execution.platform import Platform
from nautilus_paradex.execution.reports.maker import ReportMaker
from nautilus_paradex.execution.reports.mass_status import MassStatus
from nautilus_paradex.execution.reports.venue_state import VenueStateReader
from nautilus_paradex.execution.takeover import Takeover
from nautilus_paradex.parsing.fills import with_own_order
from nautilus_paradex.parsing.reports import (
    flat_position_report,
)
from nautilus_paradex.protocol.enums import OrderStatus
from nautilus_paradex.protocol.errors import ParadexError, ProtocolError
from nautilus_paradex.protocol.events import OrderEvent, PositionEvent
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
    platform : Platform
        The platform, as the client knows it.
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
    balances_are_positions : bool, default False
        If the balance of a token is reported as the position in its spot market.

    """

    def __init__(
        self,
        platform: Platform,
        http: ParadexHttpClient,
        events: OrderEvents,
        recovery: Recovery,
        takeover: Takeover,
        instruments: InstrumentLoader,
        *,
        balances_are_positions: bool = False,
    ) -> None:
        self._platform = platform
        self._http = http
        self._balances_are_positions = balances_are_positions
        self._reader = VenueStateReader(
            http,
            platform.log,
            self._pairs_of_balances,
            lambda: takeover.held_fills,
        )
        self._maker = ReportMaker(platform, http, instruments)
        self._mass_status = MassStatus(
            platform, self._reader, self._maker, events, recovery, takeover
        )
        self._recovery = recovery
        self._instruments = instruments
        self._cache = platform.cache
        self._log = platform.log

    async def mass_status(self, lookback_mins: int | None) -> ExecutionMassStatus:
        """Return orders, fills and positions that belong together. Raises as `MassStatus.read`."""
        lookback = DEFAULT_LOOKBACK_MINS if lookback_mins is None else lookback_mins
        return await self._mass_status.read(self._http.clock.now_ms() - lookback * _MS_PER_MIN)

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
        known = self._maker.known_order(_value_of(venue_order_id), client_order_id)
        if known is not None:
            # A closed order is found by its client id only, without searching.
            client_order_id = known.client_order_id
        try:
            event = await find_order(
                self._http,
                OrderIds(
                    _value_of(client_order_id),
                    _value_of(venue_order_id),
                    _market(command.instrument_id),
                ),
            )
            if event is None:
                return None
            if event.status == OrderStatus.NEW or not await self._recovery.deliver_fills(event):
                return self._maker.known_order_report(known)
            reports = await self._maker.order_reports([event])
        except ParadexError as exc:
            report = self._maker.known_order_report(known)
            if report is None:
                raise
            self._log.error(f"{command.client_order_id!r} is reported as it is here: {exc}")
            return report
        return reports[0] if reports else None

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
        return await self._maker.order_reports(
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
        return await self._maker.fill_reports(fills)

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
                *await self._maker.position_reports(await self._positions()),
                *self._spot_reports(),
            ]
        instrument = await self._instruments.get(market)
        if isinstance(instrument, CurrencyPair) and not self._balances_are_positions:
            return [known_spot_report(self._platform, instrument)]
        positions = [p for p in await self._positions() if p.market == market]
        reports = await self._maker.position_reports(positions)
        if reports:
            return reports
        return [
            flat_position_report(
                account_id=self._platform.account_id,
                instrument=instrument,
                ts_init=self._platform.clock.timestamp_ns(),
            ),
        ]

    async def _positions(self) -> list[PositionEvent]:
        # While the engine works in a mass status it asks for the positions that were not in it: an
        # answer newer than the fills that it has would be "corrected" by an invented one.
        told = self._mass_status.positions
        return await self._reader.positions() if told is None else told

    def _spot_reports(self) -> list[PositionStatusReport]:
        if self._balances_are_positions:
            return []
        return known_spot_reports(self._platform)

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


def _value_of(identifier: ClientOrderId | VenueOrderId | None) -> str | None:
    return None if identifier is None else str(identifier.value)


def _market(instrument_id: InstrumentId | None) -> str | None:
    return None if instrument_id is None else str(instrument_id.symbol.value)


def _ms(time: datetime | None) -> int | None:
    return None if time is None else int(time.timestamp() * 1_000)


def _newest(events: list[OrderEvent]) -> list[OrderEvent]:
    """One event per order: an order may close between two requests, the later one counts."""
    return list({event.order_id: event for event in events}.values())
