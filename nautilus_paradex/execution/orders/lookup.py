"""Questions to the venue about orders, fills and busts, over REST; not acted upon here."""

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Final

import msgspec

from nautilus_paradex.protocol import rest
from nautilus_paradex.protocol.conversion import fill_event, order_event, position_event
from nautilus_paradex.protocol.enums import ErrorCode, OrderStatus
from nautilus_paradex.protocol.events import FillEvent, OrderEvent
from nautilus_paradex.protocol.numbers import to_int
from nautilus_paradex.transport.errors import NotFoundError, UnauthorizedError, VenueError
from nautilus_paradex.transport.http import ParadexHttpClient

__all__ = [
    "GONE_CODES",
    "NOT_FOUND_CODES",
    "OrderIds",
    "busts_since",
    "closed_orders",
    "fills_since",
    "find_closed_order",
    "find_order",
    "recent_orders",
    "with_position_sizes",
]

NOT_FOUND_CODES: Final = frozenset(
    {
        ErrorCode.NOT_FOUND.value,
        ErrorCode.ORDER_ID_NOT_FOUND.value,
        ErrorCode.CLIENT_ORDER_ID_NOT_FOUND.value,
    },
)
"""Codes that say that the venue has no such order, or no longer has it open."""

GONE_CODES: Final = NOT_FOUND_CODES | {
    ErrorCode.ORDER_IS_CLOSED.value,
    ErrorCode.ORDER_IS_NOT_OPEN.value,
}
"""Codes that say that an order cannot be cancelled or changed any more, not how it ended."""

_PAGE_SIZE: Final = 5_000  # the venue's maximum (api-notes)
_MAX_PAGES: Final = 100
_MAX_SCANNED_PAGES: Final = 4
_RECENT: Final = 500


@dataclass(frozen=True, slots=True)
class OrderIds:
    """
    What an order is looked for by; None what is not known of it.

    Parameters
    ----------
    client_id : str, optional
        This side's id.
    venue_order_id : str, optional
        The venue's id.
    market : str, optional
        The venue's symbol of its market.

    """

    client_id: str | None
    venue_order_id: str | None
    market: str | None


async def find_order(http: ParadexHttpClient, ids: OrderIds) -> OrderEvent | None:
    """
    Return an order as the venue has it, open or closed, or None where the venue knows none.

    The venue answers by id for open orders only; for closed ones see `find_closed_order`. Whether
    those count as open that wait for a trigger, or for the risk engine, its documents leave open
    (openapi): only what the list of open orders lacks as well is not there.

    Raises
    ------
    RequestError
        If the venue could not be asked: that is no answer.
    MessageError
        If its answer could not be read.

    """
    order = None
    if ids.venue_order_id:
        order = await _or_none(http.order(ids.venue_order_id))
    elif ids.client_id:
        order = await _or_none(http.order_by_client_id(ids.client_id))
    if order is not None:
        return order_event(order)
    closed = await find_closed_order(http, ids)
    if closed is not None or not (ids.client_id or ids.venue_order_id):
        return closed
    listed = _newest(
        await http.open_orders(ids.market),
        client_id=None if ids.venue_order_id else ids.client_id,
        venue_order_id=ids.venue_order_id,
    )
    return None if listed is None else order_event(listed)


async def find_closed_order(http: ParadexHttpClient, ids: OrderIds) -> OrderEvent | None:
    """
    Return an order from the history, None where it is not there.

    By its client id; where that finds nothing (the order has none, or one of this side's own
    making), by the venue's id among the newest 20,000 orders of its market: the venue has no such
    filter.

    Raises
    ------
    RequestError
        If the venue could not be asked.
    MessageError
        If its answer could not be read.

    """
    if ids.client_id:
        page = await http.orders_history(client_id=ids.client_id, market=ids.market)
        order = _newest(page.results, client_id=ids.client_id, venue_order_id=ids.venue_order_id)
        if order is not None:
            return order_event(order)
    if not ids.venue_order_id:
        return None
    return await _scan_for(http, ids.venue_order_id, ids.market)


async def _scan_for(
    http: ParadexHttpClient,
    venue_order_id: str,
    market: str | None,
) -> OrderEvent | None:
    cursor = None
    for _ in range(_MAX_SCANNED_PAGES):
        page = await http.orders_history(market=market, page_size=_PAGE_SIZE, cursor=cursor)
        order = _newest(page.results, client_id=None, venue_order_id=venue_order_id)
        if order is not None:
            return order_event(order)
        cursor = page.next
        if not cursor:
            break
    return None


async def recent_orders(
    http: ParadexHttpClient,
    market: str,
    start_at_ms: int,
) -> list[OrderEvent]:
    """
    Return the newest orders of a market since a time, one page of them: 500 at most.

    Raises
    ------
    RequestError
        If the venue could not be asked.
    MessageError
        If its answer could not be read.

    """
    page = await http.orders_history(
        market=market,
        start_at_ms=max(start_at_ms, 0),
        page_size=_RECENT,
    )
    return [order_event(order) for order in page.results or ()]


async def closed_orders(
    http: ParadexHttpClient,
    *,
    market: str | None = None,
    start_at_ms: int | None = None,
    end_at_ms: int | None = None,
) -> list[OrderEvent]:
    """
    Return the closed orders of a span of time, every page of them.

    Raises
    ------
    RequestError
        If the venue could not be asked, or there is too much to read.
    MessageError
        If its answer could not be read.

    """

    async def fetch(cursor: str | None) -> rest.Page[rest.Order]:
        return await http.orders_history(
            market=market,
            start_at_ms=start_at_ms,
            end_at_ms=end_at_ms,
            page_size=_PAGE_SIZE,
            cursor=cursor,
        )

    orders = [order_event(order) for order in await http.all_pages(fetch, max_pages=_MAX_PAGES)]
    return [order for order in orders if order.status == OrderStatus.CLOSED]


async def fills_since(
    http: ParadexHttpClient,
    start_at_ms: int,
    *,
    market: str | None = None,
    end_at_ms: int | None = None,
) -> list[FillEvent]:
    """
    Return the account's fills since a time, every page of them, the oldest first.

    Raises
    ------
    RequestError
        If the venue could not be asked, or there is too much to read.
    MessageError
        If its answer could not be read.

    """

    async def fetch(cursor: str | None) -> rest.Page[rest.Fill]:
        return await http.fills(
            market=market,
            start_at_ms=max(start_at_ms, 0),
            end_at_ms=end_at_ms,
            page_size=_PAGE_SIZE,
            cursor=cursor,
        )

    # The venue lists the newest first (guess); times are milliseconds, and say nothing within one.
    fills = map(fill_event, reversed(await http.all_pages(fetch, max_pages=_MAX_PAGES)))
    return sorted(fills, key=lambda fill: fill.created_at or 0)


async def busts_since(http: ParadexHttpClient, start_at_ms: int) -> list[rest.TradeBust]:
    """
    Return the fills taken back since a time, every page of them, the newest first (guess).

    Raises
    ------
    RequestError
        If the venue could not be asked, or there is too much to read.
    MessageError
        If its answer could not be read.

    """

    async def fetch(cursor: str | None) -> rest.Page[rest.TradeBust]:
        return await http.tradebusts(start_at_ms=start_at_ms, page_size=_PAGE_SIZE, cursor=cursor)

    return await http.all_pages(fetch, max_pages=_MAX_PAGES)


async def with_position_sizes(
    http: ParadexHttpClient,
    orders: list[OrderEvent],
) -> list[OrderEvent]:
    """
    Return orders with the position's size where they have none of their own.

    That is what size 0 means (api-notes: position-linked orders). The positions are asked for
    only if there are such orders; one without a position stays as it is.

    Raises
    ------
    RequestError
        If the venue could not be asked.
    MessageError
        If its answer could not be read.

    """
    if all(order.size for order in orders):
        return orders
    positions = map(position_event, await http.positions())
    sizes = {position.market: position.size or 0 for position in positions}
    return [order if order.size else _sized(order, sizes.get(order.market, 0)) for order in orders]


def _sized(order: OrderEvent, size: int) -> OrderEvent:
    is_closed = order.status == OrderStatus.CLOSED
    return order if is_closed else msgspec.structs.replace(order, size=size, size_open=size)


async def _or_none(request: Awaitable[rest.Order]) -> rest.Order | None:
    try:
        return await request
    except UnauthorizedError:
        raise
    except VenueError as exc:
        if isinstance(exc, NotFoundError) or exc.code in NOT_FOUND_CODES:
            return None
        raise


def _newest(
    orders: list[rest.Order] | None,
    *,
    client_id: str | None,
    venue_order_id: str | None,
) -> rest.Order | None:
    matching = [
        order
        for order in orders or ()
        if (not client_id or order.client_id == client_id)
        and (not venue_order_id or order.id == venue_order_id)
    ]
    return max(matching, key=lambda order: to_int(order.created_at) or 0, default=None)
