"""TWAP orders: started, watched and ended by coroutines, since the platform has no such order.

What a TWAP places are ordinary orders of the account, which reach the platform as orders placed
elsewhere: neither do they name their TWAP, nor does the venue send news of it, so it is asked.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Final

from nautilus_trader.common.component import Logger
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.instruments import CryptoOption, Instrument
from nautilus_trader.model.objects import Quantity

from nautilus_paradex.execution.commands.limits import OrderLimits
from nautilus_paradex.execution.commands.request_signer import RequestSigner
from nautilus_paradex.execution.errors import (
    AmbiguousTwapError,
    CommandDeniedError,
    TwapNotAcceptedError,
)
from nautilus_paradex.execution.instruments import InstrumentLoader
from nautilus_paradex.execution.patience import (
    ARRIVAL_MARGIN_MS,
    CLOCK_MARGIN_MS,
    LOOKUP_PAUSES_SECS,
    pauses,
)
from nautilus_paradex.parsing.algos import (
    TwapDraft,
    TwapStatus,
    child_denial_of,
    twap_denial_of,
    twap_status,
    wanted_twap,
)
from nautilus_paradex.protocol import rest
from nautilus_paradex.protocol.algos import DEFAULT_FREQUENCY_SECS, AlgoOrder, AlgoOrderRequest
from nautilus_paradex.protocol.enums import AlgoType, ErrorCode
from nautilus_paradex.protocol.errors import MessageError, ParadexError
from nautilus_paradex.protocol.numbers import to_decimal, to_e8, to_int
from nautilus_paradex.transport.errors import (
    ClientClosedError,
    NotFoundError,
    NotSentError,
    RequestError,
    UnknownOutcomeError,
    VenueError,
)
from nautilus_paradex.transport.http import ParadexHttpClient

__all__ = ["TwapOrder", "Twaps"]

_DURATION_MARGIN_MS: Final = 2_000
_PAGE_SIZE: Final = 5_000
_MAX_PAGES: Final = 20
_MAX_REMEMBERED: Final = 1_000
_TRIES: Final = 5


class TwapOrder:
    """
    One TWAP at the venue, to ask after and to end.

    Parameters
    ----------
    http : ParadexHttpClient
        The REST client.
    log : Logger
        The client's logger.
    instrument : Instrument
        What it trades.
    started : TwapStatus
        The venue's first word on it.

    """

    def __init__(
        self,
        http: ParadexHttpClient,
        log: Logger,
        instrument: Instrument,
        started: TwapStatus,
    ) -> None:
        self._http = http
        self._log = log
        self._instrument = instrument
        self.started = started

    @property
    def id(self) -> str:
        """The venue's id."""
        return self.started.id

    def __repr__(self) -> str:
        order = self.started
        return f"{type(self).__name__}({self.id}, {order.instrument_id}, {order.quantity})"

    async def status(self) -> TwapStatus:
        """
        Ask the venue how the TWAP stands, whether it runs or has ended.

        Raises
        ------
        RequestError
            If the venue could not be asked, or no longer lists it (`NotFoundError`).
        MessageError
            If its answer could not be read.

        """
        try:
            order = await self._http.algo_order(self.id)
        except VenueError as exc:
            if not _is_gone(exc):
                raise
            order = await self._from_history(exc)
        return twap_status(order, self._instrument)

    async def updates(self, interval_secs: float = 5.0) -> AsyncIterator[TwapStatus]:
        """
        Yield the status whenever a poll finds it changed, and at last the one that is closed.

        A poll that fails is logged, and the next one made: it says nothing about the TWAP.

        Parameters
        ----------
        interval_secs : float
            The time between two polls; each counts against the limit of private reads.

        Raises
        ------
        NotFoundError
            If the venue does not list the TWAP, however often it is asked.
        ClientClosedError
            If the client was closed meanwhile.

        """
        told: TwapStatus | None = None
        missed = 0
        while told is None or not told.is_closed:
            try:
                status = await self.status()
            except (RequestError, MessageError) as exc:
                missed += 1
                if isinstance(exc, ClientClosedError) or (_is_gone(exc) and missed > _TRIES):
                    raise
                self._log.warning(f"TWAP {self.id} could not be asked after yet: {exc}")
            else:
                missed = 0
                if status != told:
                    told = status
                    yield status
                    continue
            await asyncio.sleep(interval_secs)

    async def cancel(self) -> TwapStatus:
        """
        End the TWAP and return how it stands; one that has ended already is no error.

        Children that are at the venue already are not touched. After an unknown outcome it may be
        called again.

        Raises
        ------
        NotSentError, VenueError, UnknownOutcomeError
            What became of the request.

        """
        try:
            await self._http.cancel_algo_order(self.id)
        except VenueError as exc:
            if not _is_gone(exc):
                raise
        return await self.status()

    async def _from_history(self, not_running: VenueError) -> AlgoOrder:
        created_at_ms = (self.started.ts_created or 0) // 1_000_000
        market, since_ms = self._instrument.raw_symbol.value, created_at_ms - CLOCK_MARGIN_MS
        for order in await _history(self._http, market, max(0, since_ms)):
            if order.id == self.id:
                return order
        raise not_running


class Twaps:
    """
    Starts TWAPs and finds those that run.

    Parameters
    ----------
    http : ParadexHttpClient
        The REST client.
    signer : RequestSigner
        Signs the requests.
    instruments : InstrumentLoader
        Loads the instruments of TWAPs started elsewhere.
    log : Logger
        The client's logger.
    limits : OrderLimits
        Knows what is certain to break a limit of the venue.
    recv_window_ms : int
        How long after its signature the venue may still take a TWAP.

    """

    def __init__(
        self,
        http: ParadexHttpClient,
        signer: RequestSigner,
        instruments: InstrumentLoader,
        log: Logger,
        limits: OrderLimits,
        recv_window_ms: int,
    ) -> None:
        self._http = http
        self._signer = signer
        self._instruments = instruments
        self._log = log
        self._limits = limits
        self._recv_window_ms = recv_window_ms
        # One at a time: two alike under way could not be told apart if both answers were lost.
        self._starting = asyncio.Lock()
        self._started: deque[str] = deque(maxlen=_MAX_REMEMBERED)

    async def start(
        self,
        instrument_id: InstrumentId,
        side: OrderSide,
        quantity: Quantity,
        *,
        duration_secs: int,
        frequency_secs: int = DEFAULT_FREQUENCY_SECS,
    ) -> TwapOrder:
        """
        Start a TWAP. Parameters and errors are those of `VenueCommands.submit_twap`.
        """
        instrument = await self._instruments.get(instrument_id.symbol.value)
        draft = TwapDraft(side, quantity, duration_secs, frequency_secs)
        reason = twap_denial_of(draft, instrument)
        if reason is None:
            price = await self._reference_price(instrument)
            reason = child_denial_of(draft, instrument, reference_price=price)
        if reason is None:
            reason = self._limits.objection(wanted_twap(draft), instrument)
        if reason is not None:
            raise CommandDeniedError(reason)
        async with self._starting:
            order = await self._send(self._signer.twap(draft, instrument.raw_symbol.value))
            self._started.append(order.id)
        return self._handle(order, instrument)

    async def running(self) -> list[TwapOrder]:
        """
        Return the TWAPs of the account that run, those started elsewhere among them.

        Raises
        ------
        RequestError
            If the venue could not be asked.
        MessageError
            If its answer could not be read.

        """
        return [
            self._handle(order, await self._instruments.get(order.market))
            for order in await self._http.open_algo_orders()
            if order.algo_type in (AlgoType.TWAP, None, "")
        ]

    async def _reference_price(self, instrument: Instrument) -> Decimal:
        """Return what the venue values an order at, for its minimum notional (openapi)."""
        market = instrument.raw_symbol.value
        try:
            summaries = await self._http.markets_summary(market)
        except RequestError as exc:
            raise NotSentError(f"TWAP not sent, the price of {market} is not known: {exc}") from exc
        summary = summaries[0] if summaries else rest.MarketSummary(market)
        is_option = isinstance(instrument, CryptoOption)
        price = to_decimal(summary.underlying_price if is_option else summary.mark_price)
        if price is None:
            raise NotSentError(f"TWAP not sent, the venue gives no price for {market}")
        return price

    async def _send(self, request: AlgoOrderRequest) -> AlgoOrder:
        try:
            return await self._http.create_algo_order(request)
        except UnknownOutcomeError as exc:
            self._log.warning(
                f"Outcome of a TWAP in {request.market} unknown, looking it up: {exc}"
            )
            return await self._find(request)

    async def _find(self, request: AlgoOrderRequest) -> AlgoOrder:
        """
        Find a TWAP whose answer was lost, by what it is: the venue keeps no id of ours.

        One that is found may still be another's, started elsewhere alike at the same time. One
        that shows nowhere after the receive window and a margin was never accepted.
        """
        deadline_ms = request.signature_timestamp + self._recv_window_ms + ARRIVAL_MARGIN_MS
        pauses_secs = pauses(LOOKUP_PAUSES_SECS)
        while True:
            await asyncio.sleep(next(pauses_secs))
            is_final = self._http.clock.now_ms() > deadline_ms
            try:
                found = await self._alike(request)
            except ClientClosedError as exc:
                raise UnknownOutcomeError(
                    f"the client was closed before a TWAP in {request.market} was found: "
                    "look at the algo orders of the account",
                ) from exc
            except ParadexError as exc:
                # No answer is no evidence.
                self._log.warning(f"Cannot look up the TWAP in {request.market} yet: {exc}")
                continue
            if len(found) > 1:
                raise AmbiguousTwapError(
                    f"the answer to a TWAP in {request.market} was lost, and {len(found)} fit it",
                    [order.id for order in found],
                )
            if found:
                return found[0]
            if is_final:
                raise TwapNotAcceptedError(
                    f"NOT_ACCEPTED: the venue shows no such TWAP in {request.market} "
                    f"{ARRIVAL_MARGIN_MS} ms after its receive window",
                )

    async def _alike(self, request: AlgoOrderRequest) -> list[AlgoOrder]:
        since_ms = request.signature_timestamp - CLOCK_MARGIN_MS
        # Whether the history lists running ones is not documented: both are asked.
        running = await self._http.open_algo_orders()
        closed = await _history(self._http, request.market, since_ms)
        orders = {order.id: order for order in (*running, *closed)}
        return [
            order
            for order in orders.values()
            if order.id not in self._started and _fits(order, request, since_ms)
        ]

    def _handle(self, order: AlgoOrder, instrument: Instrument) -> TwapOrder:
        return TwapOrder(self._http, self._log, instrument, twap_status(order, instrument))


async def _history(http: ParadexHttpClient, market: str, since_ms: int) -> list[AlgoOrder]:
    async def fetch(cursor: str | None) -> rest.Page[AlgoOrder]:
        return await http.algo_orders_history(
            market=market,
            start_at_ms=since_ms,
            page_size=_PAGE_SIZE,
            cursor=cursor,
        )

    return await http.all_pages(fetch, max_pages=_MAX_PAGES)


def _fits(order: AlgoOrder, request: AlgoOrderRequest, since_ms: int) -> bool:
    """Whether an algo order could be the one of a request: market, side, size, time, duration."""
    created_at_ms, end_at_ms = to_int(order.created_at), to_int(order.end_at)
    if (order.market, order.side) != (request.market, request.side):
        return False
    if to_e8(order.size) != to_e8(request.size):
        return False
    if created_at_ms is not None and created_at_ms < since_ms:
        return False
    if created_at_ms is None or end_at_ms is None:
        return True
    difference_ms = end_at_ms - created_at_ms - request.duration_seconds * 1_000
    return abs(difference_ms) <= _DURATION_MARGIN_MS


def _is_gone(error: ParadexError) -> bool:
    if isinstance(error, NotFoundError):
        return True
    return isinstance(error, VenueError) and error.code == ErrorCode.ALGO_ID_NOT_FOUND
