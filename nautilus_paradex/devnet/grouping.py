"""Cutting a book down: to its best levels, and to a coarser price tick."""

from collections.abc import Sequence

import msgspec

from nautilus_paradex.protocol.events import BookEvent, BookLevel

__all__ = ["cut"]


def cut(book: BookEvent, depth: int | None, price_tick_e8: int | None = None) -> BookEvent:
    """
    Return `book` with at most `depth` levels a side, prices grouped by `price_tick_e8`.

    Bids are grouped downwards and asks upwards, so that a grouped book never crosses.

    """
    bids: Sequence[BookLevel] = book.bids
    asks: Sequence[BookLevel] = book.asks
    if price_tick_e8 is not None:
        bids = _group([(price // price_tick_e8 * price_tick_e8, size) for price, size in bids])
        asks = _group([(-(-price // price_tick_e8) * price_tick_e8, size) for price, size in asks])
    return msgspec.structs.replace(book, bids=list(bids[:depth]), asks=list(asks[:depth]))


def _group(levels: list[BookLevel]) -> list[BookLevel]:
    sizes: dict[int, int] = {}
    for price, size in levels:
        sizes[price] = sizes.get(price, 0) + size
    return list(sizes.items())
