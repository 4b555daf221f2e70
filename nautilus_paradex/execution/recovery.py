"""Finding out over REST what the streams have not told: lost answers, lost fills, reconnections.

What is found goes through `order_events` like everything else, so that nothing is told twice. Also
here: an order of which the venue knows nothing once it can no longer arrive was never accepted.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final

from nautilus_trader.cache.cache import Cache
from nautilus_trader.common.component import Logger
from nautilus_trader.model.identifiers import ClientId
from nautilus_trader.model.orders import Order

from nautilus_paradex.constants import PARADEX_VENUE
from nautilus_paradex.execution.order_events import OrderEvents
from nautilus_paradex.execution.order_state import OrderState
from nautilus_paradex.parsing.precision import quantity_to_e8
from nautilus_paradex.protocol import rest
from nautilus_paradex.protocol.conversion import fill_event, order_event
from nautilus_paradex.protocol.enums import ErrorCode, OrderStatus
from nautilus_paradex.protocol.errors import ParadexError
from nautilus_paradex.protocol.events import FillEvent, OrderEvent
from nautilus_paradex.transport.errors import (
    NotFoundError,
    UnauthorizedError,
    VenueError,
)
from nautilus_paradex.transport.http import ParadexHttpClient

__all__ = ["NOT_FOUND_CODES", "Recovery", "find_order"]

NOT_FOUND_CODES: Final = frozenset(
    {
        ErrorCode.NOT_FOUND.value,
        ErrorCode.ORDER_ID_NOT_FOUND.value,
        ErrorCode.CLIENT_ORDER_ID_NOT_FOUND.value,
    },
)

_LOOKUP_DELAYS_SECS: Final = (0.25, 0.5, 1.0, 2.0)
_ARRIVAL_MARGIN_MS: Final = 2_000  # after recv_window: the venue's own queues
_FILLS_GRACE_SECS: Final = 0.5  # the fills channel may trail the orders channel by a little
_CLOCK_MARGIN_MS: Final = 5_000
_UNNOTICED_MS: Final = 90_000  # a dead socket shows by its missing pongs, or its silence, only
_SETTLE_TRIES: Final = 5
_SETTLE_DELAY_SECS: Final = 0.1
_APPLY_POLLS: Final = 100
_APPLY_POLL_SECS: Final = 0.01
_HISTORY_SCAN_SIZE: Final = 1_000
_MAX_PAGES: Final = 100


async def find_order(
    http: ParadexHttpClient,
    *,
    client_id: str | None,
    venue_order_id: str | None,
    market: str | None,
) -> OrderEvent | None:
    """
    Return an order as the venue has it, open or closed, or None where the venue knows none.

    The venue answers by id for open orders only. A closed one is found in the history by its
    client id; without one, in the newest orders of its market.

    Raises
    ------
    RequestError
        If the venue could not be asked: that is no answer.
    MessageError
        If its answer could not be read.

    """
    if venue_order_id:
        order = await _or_none(http.order(venue_order_id))
        if order is not None:
            return order_event(order)
    if client_id:
        order = await _or_none(http.order_by_client_id(client_id))
        if order is None:
            page = await http.orders_history(client_id=client_id, market=market)
            order = _pick(page.results, client_id=client_id, venue_order_id=venue_order_id)
        return None if order is None else order_event(order)
    if not venue_order_id:
        return None
    page = await http.orders_history(market=market, page_size=_HISTORY_SCAN_SIZE)
    order = _pick(page.results, client_id=None, venue_order_id=venue_order_id)
    return None if order is None else order_event(order)


class Recovery:
    """
    Asks the venue where the streams leave a question open.

    Parameters
    ----------
    http : ParadexHttpClient
        The REST client.
    events : OrderEvents
        Where what is found is taken in.
    cache : Cache
        The platform's cache: which orders are in question.
    client_id : ClientId
        The client whose orders are looked after.
    log : Logger
        The client's logger.
    create_task : callable
        Starts a coroutine under the client's supervision.
    recv_window_ms : int
        How long after its signature the venue may take an order.

    """

    def __init__(
        self,
        http: ParadexHttpClient,
        events: OrderEvents,
        cache: Cache,
        client_id: ClientId,
        log: Logger,
        create_task: Callable[[Coroutine[Any, Any, None]], object],
        recv_window_ms: int,
    ) -> None:
        self._http = http
        self._events = events
        self._cache = cache
        self._client_id = client_id
        self._log = log
        self._create_task = create_task
        self._recv_window_ms = recv_window_ms
        self._awaiting_fills: set[str] = set()
        self._interrupted_at_ms: int | None = None
        events.on_missing_fills = self._fetch_missing_fills
        events.on_orphan = self._identify_orphan

    def interrupted(self) -> None:
        """Note that the private streams have ended; they may have been dead for a while before."""
        if self._interrupted_at_ms is None:
            self._interrupted_at_ms = self._http.clock.now_ms() - _UNNOTICED_MS

    async def resolve_submission(self, order: Order, signed_at_ms: int) -> None:
        """
        Find out what became of an order whose request ended without an answer.

        The streams may tell first. Found nowhere after the receive window and a margin, it was
        never accepted and is rejected.
        """
        client_id = order.client_order_id.value
        market = order.instrument_id.symbol.value
        deadline_ms = signed_at_ms + self._recv_window_ms + _ARRIVAL_MARGIN_MS
        for attempt in range(1_000):
            await asyncio.sleep(_LOOKUP_DELAYS_SECS[min(attempt, len(_LOOKUP_DELAYS_SECS) - 1)])
            if self._events.venue_order_id_of(order) is not None or order.is_closed:
                return
            is_final = self._http.clock.now_ms() > deadline_ms
            try:
                found = await self._settled_order(client_id, None, market)
            except ParadexError as exc:
                # No answer is no evidence: go on asking for as long as the order is in question.
                self._log.warning(f"Cannot look up {order.client_order_id!r} yet: {exc}")
                continue
            if found is not None and _is_older(found, signed_at_ms):
                self._events.refuse(order, f"DUPLICATED_CLIENT_ID: order {found.order_id} has it")
                return
            if found is not None:
                await self._take(found)
                return
            if is_final:
                self._events.refuse(
                    order,
                    f"NOT_ACCEPTED: the venue knows no order {client_id} "
                    f"{_ARRIVAL_MARGIN_MS} ms after its receive window",
                )
                return
        self._log.error(f"Gave up looking for {order.client_order_id!r}: its fate is unknown")

    async def sync_order(
        self,
        order: Order | None,
        *,
        client_id: str | None = None,
        venue_order_id: str | None = None,
        market: str | None = None,
    ) -> OrderEvent | None:
        """
        Take in an order and its fills as the venue has them now; None if it knows none.

        Raises
        ------
        RequestError
            If the venue could not be asked.

        """
        if order is not None:
            client_id = client_id or order.client_order_id.value
            venue_order_id = venue_order_id or self._events.venue_order_id_of(order)
            market = market or order.instrument_id.symbol.value
        event = await self._settled_order(client_id, venue_order_id, market)
        if event is not None:
            await self._take(event)
        return event

    async def deliver_fills(self, event: OrderEvent) -> None:
        """
        Let the platform have the fills that a report of `event` would count, before it is made.

        The engine invents a fill for what a report says beyond the fills it knows, and counts the
        real one on top of it.

        Raises
        ------
        RequestError
            If the venue could not be asked.

        """
        order = self._events.find_order(event.client_order_id, event.order_id)
        if order is None or not _is_behind(order, event):
            return
        await self._take(event)
        # Fills reach the order through the engine's queue, a report does not.
        for _ in range(_APPLY_POLLS):
            if not _is_behind(order, event):
                return
            await asyncio.sleep(_APPLY_POLL_SECS)
        self._log.warning(f"{order.client_order_id!r} is filled beyond the fills the venue lists")

    async def resync(self) -> None:
        """
        Catch up after the private streams were interrupted: fills first, then every order.

        Raises
        ------
        RequestError
            If the venue could not be asked.

        """
        since_ms = self._interrupted_at_ms
        if since_ms is None:
            since_ms = self._http.clock.now_ms() - _UNNOTICED_MS
        open_orders = [order_event(order) for order in await self._http.open_orders()]
        for fill in await self.fills_since(since_ms):
            self._events.take_fill(fill)
        for event in open_orders:
            self._events.take_order(event)
        open_ids = {event.order_id for event in open_orders}
        for order in self._orders_in_question():
            if self._events.venue_order_id_of(order) not in open_ids:
                await self.sync_order(order)
        self._interrupted_at_ms = None

    async def fills_since(self, since_ms: int, market: str | None = None) -> list[FillEvent]:
        """
        Return the account's fills since a time, the oldest first.

        Raises
        ------
        RequestError
            If the venue could not be asked.

        """

        async def fetch(cursor: str | None) -> rest.Page[rest.Fill]:
            return await self._http.fills(market=market, start_at_ms=since_ms, cursor=cursor)

        fills = await self._http.all_pages(fetch, max_pages=_MAX_PAGES)
        return sorted(map(fill_event, fills), key=lambda fill: fill.created_at or 0)

    def _orders_in_question(self) -> list[Order]:
        orders = [
            *self._cache.orders_open(venue=PARADEX_VENUE),
            *self._cache.orders_inflight(venue=PARADEX_VENUE),
        ]
        mine = {
            order.client_order_id: order
            for order in orders
            if self._cache.client_id(order.client_order_id) in (self._client_id, None)
        }
        return list(mine.values())

    async def _settled_order(
        self,
        client_id: str | None,
        venue_order_id: str | None,
        market: str | None,
    ) -> OrderEvent | None:
        """Ask again while the order is NEW: the risk engine decides within milliseconds."""
        event = None
        for _ in range(_SETTLE_TRIES):
            event = await find_order(
                self._http,
                client_id=client_id,
                venue_order_id=venue_order_id,
                market=market,
            )
            if event is None or event.status != OrderStatus.NEW:
                return event
            await asyncio.sleep(_SETTLE_DELAY_SECS)
        return event

    async def _take(self, event: OrderEvent) -> None:
        """Take in an order found, its fills before it, so that none has to be invented."""
        if event.size_open is None or event.size_open != event.size:
            since_ms = (event.created_at or 0) // 1_000 - _CLOCK_MARGIN_MS
            for fill in await self.fills_since(max(since_ms, 0), event.market):
                if fill.order_id == event.order_id:
                    self._events.take_fill(fill)
        self._events.take_order(event)

    def _fetch_missing_fills(self, state: OrderState, market: str) -> None:
        if state.client_order_id in self._awaiting_fills:
            return
        self._awaiting_fills.add(state.client_order_id)
        self._create_task(self._wait_then_fetch(state, market))

    async def _wait_then_fetch(self, state: OrderState, market: str) -> None:
        try:
            for attempt in range(_SETTLE_TRIES):
                await asyncio.sleep(_FILLS_GRACE_SECS * 2**attempt)
                if not state.missing_fills:
                    return
                self._log.debug(f"Fetching fills that did not come of {state.client_order_id}")
                await self._guarded(
                    self.sync_order(
                        None,
                        client_id=state.client_order_id,
                        venue_order_id=state.venue_order_id,
                        market=market,
                    ),
                    f"fetch the fills of {state.client_order_id}",
                )
            if state.missing_fills:
                self._log.error(f"The venue lists no fills for what {state.client_order_id} filled")
        finally:
            self._awaiting_fills.discard(state.client_order_id)

    def _identify_orphan(self, fill: FillEvent) -> None:
        self._create_task(self._wait_then_identify(fill))

    async def _wait_then_identify(self, fill: FillEvent) -> None:
        for attempt in range(_SETTLE_TRIES):
            await asyncio.sleep(_FILLS_GRACE_SECS * 2**attempt)
            if not self._events.has_orphan(fill):
                return
            found = await self._guarded(
                self.sync_order(
                    None,
                    client_id=fill.client_order_id,
                    venue_order_id=fill.order_id,
                    market=fill.market,
                ),
                f"identify the order of fill {fill.fill_id}",
            )
            if found is not None:
                break
        if self._events.has_orphan(fill):
            self._events.drop_orphan(fill)
            self._log.error(
                f"Fill {fill.fill_id} belongs to order {fill.order_id}, which the venue does not "
                "list: it could not be applied, compare positions",
            )

    async def _guarded(
        self,
        request: Awaitable[OrderEvent | None],
        what: str,
    ) -> OrderEvent | None:
        try:
            return await request
        except ParadexError as exc:
            self._log.warning(f"Cannot {what} yet: {exc}")
            return None


async def _or_none(request: Awaitable[rest.Order]) -> rest.Order | None:
    try:
        return await request
    except UnauthorizedError:
        raise
    except VenueError as exc:
        if isinstance(exc, NotFoundError) or exc.code in NOT_FOUND_CODES:
            return None
        raise


def _is_behind(order: Order, event: OrderEvent) -> bool:
    """Whether the venue has more of an order filled than the platform."""
    if event.size is None or event.size_open is None:
        return False
    return quantity_to_e8(order.filled_qty) < event.size - event.size_open


def _is_older(found: OrderEvent, signed_at_ms: int) -> bool:
    """Whether an order found by client id was there before the one that is looked for."""
    return (found.created_at or 0) // 1_000 < signed_at_ms - _CLOCK_MARGIN_MS


def _pick(
    orders: list[rest.Order] | None,
    *,
    client_id: str | None,
    venue_order_id: str | None,
) -> rest.Order | None:
    """Return the newest order that has the ids asked for."""
    matching = [
        order
        for order in orders or ()
        if (not client_id or order.client_id == client_id)
        and (not venue_order_id or order.id == venue_order_id)
    ]
    return max(matching, key=lambda order: int(order.created_at or 0), default=None)
