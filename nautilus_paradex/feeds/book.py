"""
The sequence of one order book: what a book event may do to it.

It keeps no levels, only whether the book that others built from the stream is right.
"""

from enum import Enum, auto

from nautilus_paradex.protocol.enums import PackageType
from nautilus_paradex.protocol.events import BookEvent

__all__ = ["BookSequence", "Verdict"]


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
