"""Finding out over REST what the streams have not told: of one order, or of the whole account.

What is found goes through `events` like everything else, so that nothing is told twice.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from nautilus_trader.model.orders import Order

from nautilus_paradex.constants import PARADEX_VENUE
from nautilus_paradex.execution.orders.events import OrderEvents
from nautilus_paradex.execution.orders.lookup import (
    OrderIds,
    closed_orders,
    fills_since,
    find_closed_order,
    find_order,
    recent_orders,
)
from nautilus_paradex.execution.patience import CLOCK_MARGIN_MS
from nautilus_paradex.execution.platform import Platform
from nautilus_paradex.parsing.precision import quantity_to_e8
from nautilus_paradex.protocol.conversion import order_event
from nautilus_paradex.protocol.enums import OrderStatus
from nautilus_paradex.protocol.errors import ParadexError, ProtocolError
from nautilus_paradex.protocol.events import FillEvent, OrderEvent
from nautilus_paradex.transport.http import ParadexHttpClient

__all__ = ["Recovery"]

_TRIES: Final = 5
_SETTLE_DELAY_SECS: Final = 0.1
_APPLY_POLLS: Final = 100
_APPLY_POLL_SECS: Final = 0.01


class Recovery:
    """
    Asks the venue where the streams leave a question open.

    Parameters
    ----------
    platform : Platform
        The platform, as the client knows it.
    http : ParadexHttpClient
        The REST client.
    events : OrderEvents
        Where what is found is taken in.
    until_ready : callable
        Waits until the platform may be told news again: not while it takes over the account.

    """

    def __init__(
        self,
        platform: Platform,
        http: ParadexHttpClient,
        events: OrderEvents,
        until_ready: Callable[[], Awaitable[None]],
    ) -> None:
        self._http = http
        self._events = events
        self._cache = platform.cache
        self._client_id = platform.client_id
        self._log = platform.log
        self._until_ready = until_ready

    # -- One order -------------------------------------------------------------------------------

    async def sync_order(self, order: Order) -> OrderEvent | None:
        """Take in an order of the platform as the venue has it now; as `sync` otherwise."""
        return await self.sync(self._ids_of(order))

    async def sync(self, ids: OrderIds) -> OrderEvent | None:
        """
        Take in an order and its fills as the venue has them now; None if it knows none.

        Raises
        ------
        RequestError
            If the venue could not be asked.
        MessageError
            If its answer could not be read, or the order cannot be expressed.

        """
        event = await self._settled_order(ids)
        if event is not None:
            await self.take(event)
        return event

    async def read_order(self, order: Order) -> OrderEvent | None:
        """
        Return an order as the venue has it, None if it knows none; nothing is taken in.

        Raises
        ------
        RequestError
            If the venue could not be asked.
        MessageError
            If its answer could not be read.

        """
        return await self._settled_order(self._ids_of(order))

    async def take(self, event: OrderEvent) -> None:
        """
        Take in an order found, with the fills that the platform lacks of it.

        Raises
        ------
        RequestError
            If the venue could not be asked for the fills.
        MessageError
            If its answer could not be read, or the order cannot be expressed.

        """
        await self._until_ready()
        order = self._events.followed.find_order(event.client_order_id, event.order_id)
        if order is None or _is_behind(order, event):
            # The order first where it is unknown, or the fills would belong to nothing.
            if order is None:
                self._events.take_order(event)
            since_ms = (event.created_at or 0) // 1_000 - CLOCK_MARGIN_MS
            for fill in await fills_since(self._http, since_ms, market=event.market):
                if fill.order_id == event.order_id:
                    self._events.take_fill(fill)
        self._events.take_order(event)

    async def sync_closed(self, orders: Sequence[Order]) -> None:
        """
        Take in orders that the venue says it no longer has open.

        Several of a market are asked for at once; what is not found so, and one alone, by itself.

        Raises
        ------
        RequestError
            If the venue could not be asked.
        MessageError
            If its answer could not be read, or an order cannot be expressed.

        """
        by_market: dict[str, list[Order]] = {}
        for order in orders:
            by_market.setdefault(order.instrument_id.symbol.value, []).append(order)
        for market, group in by_market.items():
            missing = await self._sync_together(market, group) if len(group) > 1 else group
            for order in missing:
                await self.sync_order(order)

    async def _sync_together(self, market: str, orders: list[Order]) -> list[Order]:
        """Take in those of a market's orders that one page of its history has; return the rest."""
        offset_ms = self._http.clock.offset_ms
        since_ms = min(order.ts_init for order in orders) // 1_000_000 + offset_ms
        told = {
            event.order_id: event
            for event in await recent_orders(self._http, market, since_ms - CLOCK_MARGIN_MS)
            if event.status == OrderStatus.CLOSED
        }
        found = {
            order: told.get(self._events.followed.venue_order_id_of(order)) for order in orders
        }
        events = [event for event in found.values() if event is not None]
        if any(event is not None and _is_behind(order, event) for order, event in found.items()):
            created_ms = min((event.created_at or 0) // 1_000 for event in events)
            for fill in await fills_since(
                self._http,
                created_ms - CLOCK_MARGIN_MS,
                market=market,
            ):
                if fill.order_id in told:
                    self._events.take_fill(fill)
        for event in events:
            self._events.take_order(event)
        return [order for order, event in found.items() if event is None]

    async def deliver_fills(self, event: OrderEvent) -> bool:
        """
        Let the platform have the fills that a report of `event` would count, before it is made.

        The engine invents a fill for what a report says beyond the fills it knows, and counts the
        real one on top of it. Returns whether the report can be made.

        Raises
        ------
        RequestError
            If the venue could not be asked.
        MessageError
            If its answer could not be read, or the order cannot be expressed.

        """
        order = self._events.followed.find_order(event.client_order_id, event.order_id)
        if (event.size == event.size_open) if order is None else not _is_behind(order, event):
            return True
        if order is None and self._events.followed.is_forgotten(event.order_id or ""):
            return True
        await self.take(event)
        # Fills reach the order through the engine's queue, a report does not.
        for _ in range(_APPLY_POLLS):
            order = self._events.followed.find_order(event.client_order_id, event.order_id)
            if order is None or not _is_behind(order, event):
                return True
            await asyncio.sleep(_APPLY_POLL_SECS)
        self._log.warning(f"Order {event.order_id} is filled beyond the fills the venue lists")
        return False

    # -- The whole account -----------------------------------------------------------------------

    async def resync(self, since_ms: int) -> set[str]:
        """
        Take in what the streams may not have told since a time: fills first, then every order.

        What cannot be expressed is logged and passed over; it must not keep the rest away. Returns
        the markets that the account has traded in since.

        Raises
        ------
        RequestError
            If the venue could not be asked.
        MessageError
            If its answer could not be read.

        """
        await self._until_ready()
        still_open = [order_event(order) for order in await self._http.open_orders()]
        closed = await closed_orders(self._http, start_at_ms=since_ms)
        told = {event.order_id: event for event in (*closed, *still_open)}
        fills = await fills_since(self._http, since_ms)
        for fill in fills:
            if self._is_wanted(fill, told.get(fill.order_id)):
                self._guard(self._events.take_fill, fill)
        for event in told.values():
            self._guard(self._events.take_order, event)
        for order in self.orders_in_question():
            if self._events.followed.venue_order_id_of(order) not in told:
                try:
                    await self._sync_closed(order)
                except ProtocolError as exc:
                    self._log.error(f"Passed over while catching up: {exc}")
        return {fill.market for fill in fills if fill.market}

    def _is_wanted(self, fill: FillEvent, event: OrderEvent | None) -> bool:
        """Whether the platform lacks a fill: it may have it under another id, or inferred."""
        order = self._events.followed.find_order(fill.client_order_id, fill.order_id)
        if order is None:
            return True
        return event is not None and _is_behind(order, event)

    async def _sync_closed(self, order: Order) -> None:
        """Take in an order that the venue no longer has open."""
        event = await find_closed_order(self._http, self._ids_of(order))
        if event is not None:
            await self.take(event)
        elif not order.is_inflight:
            self._log.warning(f"The venue lists {order.client_order_id!r} nowhere")

    def orders_in_question(self) -> list[Order]:
        """Return the client's orders that are open for the platform, or on their way."""
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

    # -- Parts -----------------------------------------------------------------------------------

    def _ids_of(self, order: Order) -> OrderIds:
        return OrderIds(
            order.client_order_id.value,
            self._events.followed.venue_order_id_of(order),
            order.instrument_id.symbol.value,
        )

    async def _settled_order(self, ids: OrderIds) -> OrderEvent | None:
        """Ask again while the order is NEW: the risk engine decides within milliseconds."""
        event = None
        for _ in range(_TRIES):
            event = await find_order(self._http, ids)
            if event is None or event.status != OrderStatus.NEW:
                return event
            await asyncio.sleep(_SETTLE_DELAY_SECS)
        return event

    def _guard[M](self, take: Callable[[M], None], message: M) -> None:
        try:
            take(message)
        except ParadexError as exc:
            self._log.error(f"Passed over while catching up: {exc}")


def _is_behind(order: Order, event: OrderEvent) -> bool:
    """Whether the venue has more of an order filled than the platform."""
    filled = quantity_to_e8(order.filled_qty)
    if not event.size or event.size_open is None:
        # Recorded orders leave the remaining size out, orders of the whole position say 0; without
        # a reason all of it was filled.
        is_filled = event.status == OrderStatus.CLOSED and not event.cancel_reason
        return is_filled and filled < quantity_to_e8(order.quantity)
    return filled < event.size - event.size_open
