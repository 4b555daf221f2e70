"""The venue's clock where a test moves it on. Not a test module."""

import time

__all__ = ["VenueTime"]


class VenueTime:
    """The machine's clock, or one that stands still, and ahead of it what a test adds."""

    def __init__(self, *, stands_still: bool = False) -> None:
        self._stood_us = _machine_us() if stands_still else None
        self._ahead_us = 0

    def __call__(self) -> int:
        """Return the venue's Unix time, µs."""
        now_us = _machine_us() if self._stood_us is None else self._stood_us
        return now_us + self._ahead_us

    def leap(self, secs: int) -> None:
        self._ahead_us += secs * 1_000_000


def _machine_us() -> int:
    return time.time_ns() // 1_000
