"""Walks the cursors of the venue's paged lists.

What a page holds, and how one is fetched, is the endpoints' business.
"""

from collections.abc import AsyncIterator, Awaitable, Callable

from nautilus_paradex.protocol.errors import MessageError
from nautilus_paradex.protocol.rest import Page
from nautilus_paradex.transport.errors import TooManyPagesError

__all__ = ["FetchPage", "all_pages", "iter_pages"]

type FetchPage[T] = Callable[[str | None], Awaitable[Page[T]]]
"""Fetches the page of a cursor, the first one for None."""


async def all_pages[T](fetch: FetchPage[T], *, max_pages: int) -> list[T]:
    """
    Return the items of all pages, in the venue's order.

    Parameters
    ----------
    fetch : Callable
        Such as ``lambda cursor: client.fills(market=market, cursor=cursor)``.
    max_pages : int
        How many pages may be read.

    Raises
    ------
    TooManyPagesError
        If there are more: a list cut short would pass for a whole one.
    MessageError
        If the venue gives a cursor twice.
    """
    items: list[T] = []
    count = 0
    async for page in iter_pages(fetch):
        items.extend(page.results or ())
        count += 1
        if count == max_pages and page.next:
            raise TooManyPagesError(
                f"the list goes on after {max_pages} pages ({len(items)} items): "
                "ask for a shorter time span or allow more pages",
                tuple(items),
            )
    return items


async def iter_pages[T](fetch: FetchPage[T]) -> AsyncIterator[Page[T]]:
    """
    Yield one page after the other, until the last one or until the caller has enough.

    Raises
    ------
    MessageError
        If the venue gives the same cursor twice in a row, which would never end.
    """
    cursor: str | None = None
    while True:
        page = await fetch(cursor)
        yield page
        if not page.next:
            return
        if page.next == cursor:
            raise MessageError(f"the venue repeats the page cursor {cursor!r}")
        cursor = page.next
