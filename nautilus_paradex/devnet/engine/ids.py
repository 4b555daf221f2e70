"""Ids and sequence numbers in the venue's form, unique and increasing within one venue."""

from collections.abc import Callable
from typing import Final

__all__ = ["IdFactory"]

# Ids as captured are 28 digits: 13 of milliseconds, then 15 beginning with 2017 (order
# 1718947571540201703992340000, its fill 1718947571560201703986670001). What the last 15 mean is
# a guess; here they count.
_TAIL_BASE: Final = 201_700_000_000_000
_TAIL_SPAN: Final = 10_000_000_000


class IdFactory:
    """
    Makes ids from the venue's clock and a counter.

    Parameters
    ----------
    now_us : callable
        The venue's clock, microseconds since the epoch.

    """

    def __init__(self, now_us: Callable[[], int]) -> None:
        self._now_us = now_us
        self._count = 0
        self._last_seq = 0

    def order_id(self) -> str:
        return self._id(kind=0)

    def fill_id(self) -> str:
        return self._id(kind=1)

    def next_seq(self) -> int:
        """Return a number above all before it, near the time in nanoseconds (as captured)."""
        self._last_seq = max(self._last_seq + 1, self._now_us() * 1_000)
        return self._last_seq

    def _id(self, kind: int) -> str:
        self._count += 1
        tail = _TAIL_BASE + self._count * 10 % _TAIL_SPAN + kind
        return f"{self._now_us() // 1_000:013d}{tail:015d}"
