"""
One order book: what a book event may do to it, and its levels as integers.

It decides and keeps; what is told of it is the work of `router`.
"""

from collections.abc import Iterable
from enum import Enum, auto
from typing import Final

from nautilus_paradex.protocol.enums import PackageType
from nautilus_paradex.protocol.events import BookEvent, BookLevel

__all__ = ["BestLevels", "BookLevels", "BookSequence", "DepthMark", "Verdict"]

_RENUMBERED_US: Final = 1_000_000

type BestLevels = tuple[list[BookLevel], list[BookLevel]]
"""Bids and asks, the best first."""


class Verdict(Enum):
    """What to do with a book event."""

    SNAPSHOT = auto()
    """Replace the book."""
    DELTA = auto()
    """Apply the changes."""
    IGNORE = auto()
    """A repetition, or a change to a book that waits for its snapshot."""
    GAP = auto()
    """Events were lost: the book is wrong from here on."""


class BookSequence:
    """
    Follows the sequence numbers of one ``order_book.{market}.deltas`` channel.

    The first frame of a subscription is the whole book, each later one steps by exactly 1, also
    when it changes nothing (recording of 2026-10-08). Until a snapshot came, and after a gap, the
    sequence waits for the next snapshot.

    """

    __slots__ = ("_last",)

    def __init__(self) -> None:
        self._last: int | None = None

    @property
    def is_waiting(self) -> bool:
        """Whether there is no book until the next snapshot."""
        return self._last is None

    @property
    def last(self) -> int | None:
        """The sequence number of the book, None while there is none."""
        return self._last

    def judge(self, event: BookEvent) -> Verdict:
        """Return what to do with `event`, and count it as done."""
        if event.pkg_type == PackageType.SNAPSHOT:
            self._last = event.seq
            return Verdict.SNAPSHOT
        if self._last is None:
            return Verdict.IGNORE
        if event.pkg_type == PackageType.DELTA and event.seq == self._last + 1:
            self._last = event.seq
            return Verdict.DELTA
        if event.pkg_type == PackageType.DELTA and event.seq == self._last:
            return Verdict.IGNORE
        self._last = None
        return Verdict.GAP

    def reset(self) -> bool:
        """Wait for a snapshot. Returns whether there was a book until now."""
        had_book = self._last is not None
        self._last = None
        return had_book


class BookLevels:
    """
    The levels of one book, price and size both e8, as its events told them.

    It trusts its caller that the events are in sequence.

    Attributes
    ----------
    ts_us : int, optional
        Time of the last event, µs.

    """

    __slots__ = ("_asks", "_bids", "ts_us")

    def __init__(self) -> None:
        self._bids: dict[int, int] = {}
        self._asks: dict[int, int] = {}
        self.ts_us: int | None = None

    def replace(self, snapshot: BookEvent) -> None:
        """Take over a whole book."""
        self.clear()
        self.apply(snapshot)

    def apply(self, event: BookEvent) -> None:
        """Apply changes."""
        self.ts_us = event.ts
        _apply(self._bids, event.bids)
        _apply(self._asks, event.asks)

    def clear(self) -> None:
        """Forget every level."""
        self._bids.clear()
        self._asks.clear()

    def best(self, count: int | None = None) -> BestLevels:
        """Return the best `count` bids and asks, or all, the best first."""
        # Sorting the keys of a whole book costs less than picking ten out of a heap.
        bids = sorted(self._bids, reverse=True)[:count]
        asks = sorted(self._asks)[:count]
        return [(price, self._bids[price]) for price in bids], [
            (price, self._asks[price]) for price in asks
        ]


class DepthMark:
    """Which state of a book was last told as depth, so that none is told twice or backwards."""

    __slots__ = ("_best", "_seq", "_ts_us")

    def __init__(self) -> None:
        self._seq: int | None = None
        self._ts_us = 0
        self._best: BestLevels | None = None

    @property
    def seq(self) -> int | None:
        """The sequence number of what was told, None before and after."""
        return self._seq

    def is_news(self, seq: int, ts_us: int, best: BestLevels) -> bool:
        """
        Return whether a state is to be told, and count it as told then.

        Two channels may tell of one book at a time, with the same sequence (guess): the older state
        is no news. A much later one is, whatever its number: numbering may begin again.

        """
        if self._seq is not None and seq <= self._seq and ts_us < self._ts_us + _RENUMBERED_US:
            return False
        is_other = best != self._best
        self._seq, self._ts_us, self._best = seq, ts_us, best
        return is_other

    def forget(self) -> None:
        """Count as never told."""
        self._seq = None
        self._best = None


def _apply(side: dict[int, int], levels: Iterable[BookLevel]) -> None:
    for price, size in levels:
        if size:
            side[price] = size
        else:
            side.pop(price, None)
