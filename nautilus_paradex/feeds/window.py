"""The time that a request for market data spans, and how many items of it are wanted."""

from typing import Final, NamedTuple

from nautilus_paradex.protocol.errors import ParadexError

__all__ = ["UnsupportedRequestError", "Window"]

_NS_PER_MS: Final = 1_000_000
# The end that an actor leaves open is its own clock's reading when it asked.
_PRESENT_NS: Final = 10_000_000_000


class UnsupportedRequestError(ParadexError):
    """The venue has nothing of the kind that was asked for, or too much of it."""


class Window(NamedTuple):
    """
    The bounds of a request, both inclusive, and the number of items wanted: the newest ones.

    None is no bound.

    Parameters
    ----------
    start_ns, end_ns : int, optional
        Unix ns.
    limit : int, optional
        At least 1.

    """

    start_ns: int | None = None
    end_ns: int | None = None
    limit: int | None = None

    @property
    def start_ms(self) -> int | None:
        """The millisecond that the start lies in, Unix ms."""
        return None if self.start_ns is None else self.start_ns // _NS_PER_MS

    def end_ms(self, now_ns: int) -> int:
        """Return the millisecond that the end lies in, never one to come. Unix ms."""
        end_ns = now_ns if self.end_ns is None else min(self.end_ns, now_ns)
        return end_ns // _NS_PER_MS

    def wanted(self, default: int) -> int | None:
        """Return how many items are wanted; `default` where there is neither start nor limit."""
        return self.limit or (default if self.start_ns is None else None)

    def contains(self, ts_ns: int) -> bool:
        """Return whether a time lies in it."""
        after_start = self.start_ns is None or self.start_ns <= ts_ns
        return after_start and (self.end_ns is None or ts_ns <= self.end_ns)

    def reaches(self, now_ns: int) -> bool:
        """Return whether it ends now rather than in the past."""
        return self.end_ns is None or self.end_ns >= now_ns - _PRESENT_NS
