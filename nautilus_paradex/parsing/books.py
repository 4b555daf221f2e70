"""
From the venue's book events to the platform's order book data.

Pure functions. Keeping a book in sequence and deciding what to emit is the work of
`nautilus_paradex.feeds`.
"""

from typing import Final

from nautilus_trader.model.data import (
    NULL_ORDER,
    BookOrder,
    OrderBookDelta,
    OrderBookDeltas,
    OrderBookDepth10,
)
from nautilus_trader.model.enums import BookAction, RecordFlag
from nautilus_trader.model.enums import OrderSide as BookSide
from nautilus_trader.model.identifiers import InstrumentId

from nautilus_paradex.parsing.precision import MarketScale
from nautilus_paradex.parsing.times import ns_from_us
from nautilus_paradex.protocol.errors import MessageError
from nautilus_paradex.protocol.events import BookEvent, BookLevel

__all__ = [
    "DEPTH",
    "book_clear",
    "book_deltas",
    "book_depth",
    "book_snapshot",
]

DEPTH: Final = 10
"""Levels of each side that the platform's depth object holds."""

_LAST: Final[int] = RecordFlag.F_LAST.value
_SNAPSHOT: Final[int] = RecordFlag.F_SNAPSHOT.value

# The platform's enums are looked up once: in a loop over levels that is felt.
_ADD, _UPDATE, _DELETE = BookAction.ADD, BookAction.UPDATE, BookAction.DELETE
_BUY, _SELL = BookSide.BUY, BookSide.SELL

type _Level = tuple[BookSide, int, int]


def book_snapshot(event: BookEvent, scale: MarketScale, ts_init: int) -> OrderBookDeltas:
    """
    Return a whole book: a clear and one addition per level, all flagged as snapshot.

    Raises
    ------
    PrecisionError
        If a level does not fit the instrument's precision: the book would be wrong without it.
    MessageError
        If the event has no time or sequence number.

    """
    ts_event, sequence = ns_from_us(event.ts, "book"), _sequence(event)
    levels = [level for level in _levels(event) if level[2] != 0]
    clear = _clear(scale.instrument_id, sequence, ts_event, ts_init, last=not levels)
    changes = _changes(levels, scale, _ADD, _ADD, _SNAPSHOT, sequence, ts_event, ts_init)
    return OrderBookDeltas(scale.instrument_id, [clear, *changes])


def book_deltas(event: BookEvent, scale: MarketScale, ts_init: int) -> OrderBookDeltas | None:
    """
    Return the changes of a book, or None where the event changes nothing.

    Raises
    ------
    PrecisionError
        If a level does not fit the instrument's precision.
    MessageError
        If the event has no time or sequence number.

    """
    levels = _levels(event)
    if not levels:
        return None
    ts_event, sequence = ns_from_us(event.ts, "book"), _sequence(event)
    changes = _changes(levels, scale, _UPDATE, _DELETE, 0, sequence, ts_event, ts_init)
    return OrderBookDeltas(scale.instrument_id, changes)


def book_clear(instrument_id: InstrumentId, sequence: int, ts_ns: int) -> OrderBookDeltas:
    """Return the empty book: what stands until a broken sequence is mended."""
    return OrderBookDeltas(
        instrument_id,
        [_clear(instrument_id, sequence, ts_ns, ts_ns, last=True)],
    )


def book_depth(
    bids: list[BookLevel],
    asks: list[BookLevel],
    scale: MarketScale,
    *,
    sequence: int,
    ts_event: int,
    ts_init: int,
) -> OrderBookDepth10:
    """
    Return the best ten levels of each side; what a side lacks is filled with null orders.

    Parameters
    ----------
    bids, asks : list[BookLevel]
        Levels with a size, the best first; those beyond the tenth are left out.
    sequence : int
        That of the book.
    ts_event, ts_init : int
        Unix ns.

    Raises
    ------
    PrecisionError
        If a level does not fit the instrument's precision.

    """
    return OrderBookDepth10(
        scale.instrument_id,
        _side(bids, _BUY, scale),
        _side(asks, _SELL, scale),
        # The venue tells the size of a level, not how many orders it is made of.
        [0] * DEPTH,
        [0] * DEPTH,
        _SNAPSHOT | _LAST,
        sequence,
        ts_event,
        ts_init,
    )


def _side(levels: list[BookLevel], side: BookSide, scale: MarketScale) -> list[BookOrder]:
    price_precision, size_precision = scale.price_precision, scale.size_precision
    orders = [
        BookOrder.from_raw(
            side, scale.price_raw(price), price_precision, scale.size_raw(size), size_precision, 0
        )
        for price, size in levels[:DEPTH]
    ]
    return orders + [NULL_ORDER] * (DEPTH - len(orders))


def _levels(event: BookEvent) -> list[_Level]:
    bids = [(_BUY, price, size) for price, size in event.bids]
    return bids + [(_SELL, price, size) for price, size in event.asks]


def _changes(
    levels: list[_Level],
    scale: MarketScale,
    action: BookAction,
    action_if_empty: BookAction,
    flags: int,
    sequence: int,
    ts_event: int,
    ts_init: int,
) -> list[OrderBookDelta]:
    """One delta per level; the last one ends the event. This loop is most of a book's cost."""
    instrument_id = scale.instrument_id
    price_precision, size_precision = scale.price_precision, scale.size_precision
    price_raw, size_raw, delta = scale.price_raw, scale.size_raw, OrderBookDelta.from_raw
    final = len(levels) - 1
    return [
        delta(
            instrument_id,
            action if size else action_if_empty,
            side,
            price_raw(price),
            price_precision,
            size_raw(size),
            size_precision,
            0,
            flags if position != final else flags | _LAST,
            sequence,
            ts_event,
            ts_init,
        )
        for position, (side, price, size) in enumerate(levels)
    ]


def _clear(
    instrument_id: InstrumentId,
    sequence: int,
    ts_event: int,
    ts_init: int,
    *,
    last: bool,
) -> OrderBookDelta:
    no_order: BookOrder | None = None
    flags = _SNAPSHOT | _LAST if last else _SNAPSHOT
    return OrderBookDelta(
        instrument_id, BookAction.CLEAR, no_order, flags, sequence, ts_event, ts_init
    )


def _sequence(event: BookEvent) -> int:
    if event.seq is None or event.seq < 0:
        raise MessageError(f"{event.market}: book event without a sequence number")
    return event.seq
