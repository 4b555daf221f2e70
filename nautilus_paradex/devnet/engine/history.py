"""Bounded memory of what happened: logs with cursors, and the recent orders of an account.

Bars have a file of their own (`bars`). Nothing here knows what the entries mean.
"""

import base64
import binascii
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from typing import Final

from nautilus_paradex.devnet.engine.model import HistoryQuery, OrderRefused, Page
from nautilus_paradex.devnet.engine.orders import Order
from nautilus_paradex.protocol.enums import ErrorCode

__all__ = ["DEFAULT_PAGE_SIZE", "MAX_PAGE_SIZE", "BoundedLog", "RecentOrders"]

DEFAULT_PAGE_SIZE: Final = 100
MAX_PAGE_SIZE: Final = 5_000  # openapi; the wire side asks less for trades


class BoundedLog[T]:
    """
    The last entries in order of time, read newest first in pages.

    A cursor names an entry, so that pages neither repeat nor skip while entries are appended.

    Parameters
    ----------
    limit : int
        How many entries are kept at least; up to twice as many are in memory.

    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._entries: list[tuple[int, T]] = []
        self._dropped = 0

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[T]:
        """Iterate from the oldest to the newest."""
        return (entry for _, entry in self._entries)

    def between(self, start_us: int, end_us: int) -> Iterator[T]:
        """Iterate over the entries of [start_us, end_us], from the oldest to the newest."""
        start = bisect_left(self._entries, start_us, key=_time_of)
        end = bisect_right(self._entries, end_us, key=_time_of)
        return (entry for _, entry in self._entries[start:end])

    def append(self, at_us: int, entry: T) -> list[T]:
        """Append an entry of time `at_us`, and return what fell off at the other end."""
        self._entries.append((at_us, entry))
        if len(self._entries) < 2 * self._limit:
            return []
        gone = [old for _, old in self._entries[: self._limit]]
        del self._entries[: self._limit]
        self._dropped += self._limit
        return gone

    def page(self, query: HistoryQuery, matches: Callable[[T], bool]) -> Page[T]:
        """
        Return one page of the entries in the query's time range for which `matches` holds.

        Raises
        ------
        OrderRefused
            If the cursor is not one of ours or the page size is out of range.

        """
        size = DEFAULT_PAGE_SIZE if query.page_size is None else query.page_size
        if not 1 <= size <= MAX_PAGE_SIZE:
            raise OrderRefused(
                ErrorCode.INVALID_REQUEST_PARAMETER,
                f"page_size: must be between 1 and {MAX_PAGE_SIZE}, was {size}",
            )
        found: list[T] = []
        for index in range(self._start(query.cursor), -1, -1):
            at_us, entry = self._entries[index]
            if query.start_ms is not None and at_us < query.start_ms * 1_000:
                break
            if query.end_ms is not None and at_us // 1_000 > query.end_ms:
                continue
            if not matches(entry):
                continue
            if len(found) == size:
                return Page(tuple(found), _cursor(self._dropped + index))
            found.append(entry)
        return Page(tuple(found))

    def _start(self, cursor: str | None) -> int:
        newest = len(self._entries) - 1
        if not cursor:
            return newest
        return min(_position(cursor) - self._dropped, newest)


class RecentOrders:
    """
    The latest orders of one account, open or closed, found by id, client id or in pages.

    Parameters
    ----------
    limit : int
        How many are kept at least.

    """

    def __init__(self, limit: int) -> None:
        self._log: BoundedLog[Order] = BoundedLog(limit)
        self._by_id: dict[str, Order] = {}
        self._by_client_id: dict[str, Order] = {}

    def __iter__(self) -> Iterator[Order]:
        return iter(self._log)

    def add(self, order: Order) -> None:
        self._by_id[order.id] = order
        if order.client_id:
            self._by_client_id[order.client_id] = order
        for gone in self._log.append(order.created_at_us, order):
            self._by_id.pop(gone.id, None)
            self._by_client_id.pop(gone.client_id, None)

    def by_id(self, order_id: str) -> Order | None:
        return self._by_id.get(order_id)

    def by_client_id(self, client_id: str) -> Order | None:
        return self._by_client_id.get(client_id)

    def page(self, query: HistoryQuery) -> Page[Order]:
        wanted = (query.market, query.client_id, query.side, query.order_type, query.status)

        def matches(order: Order) -> bool:
            has = (order.market, order.client_id, order.side, order.order_type, order.status)
            return all(w is None or w == h for w, h in zip(wanted, has, strict=True))

        return self._log.page(query, matches)


def _time_of(entry: tuple[int, object]) -> int:
    return entry[0]


def _cursor(position: int) -> str:
    return base64.urlsafe_b64encode(b"at:%d" % position).decode()


def _position(cursor: str) -> int:
    try:
        text = base64.urlsafe_b64decode(cursor).decode()
        return int(text.removeprefix("at:"))
    except (binascii.Error, ValueError):
        raise OrderRefused(
            ErrorCode.INVALID_REQUEST_PARAMETER,
            f"cursor: must be the `next` of an earlier page, was {cursor[:64]!r}",
        ) from None
