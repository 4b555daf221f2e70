"""The venue's clock, as this machine sees it: local time plus a measured offset.

It signs and expires; it does not timestamp market data and never sets the machine's clock. Nor does
it follow when that is set: orders signed in the past would be refused until the next measurement.
"""

import time
from collections.abc import Callable

__all__ = ["VenueClock"]

_NS_PER_MS = 1_000_000


class VenueClock:
    """
    Tells the venue's time.

    Until a first measurement the offset is 0. Of several measurements the one with the shortest
    round trip is right by the smallest error, so `reset` starts a new series and `measure` keeps
    the best of it.

    Parameters
    ----------
    now_ns : Callable, optional
        Local Unix time, ns, instead of the machine's.
    """

    __slots__ = ("_best_round_trip_ns", "_machine_ns", "_now_ns", "_offset_ms")

    def __init__(self, now_ns: Callable[[], int] | None = None) -> None:
        self._machine_ns = now_ns or _machine_clock
        self._now_ns = now_ns or _steady_clock()
        self._offset_ms = 0
        self._best_round_trip_ns: int | None = None

    @property
    def offset_ms(self) -> int:
        """How far the venue is ahead of this machine, ms (negative: behind)."""
        set_by_ns = self._now_ns() - self._machine_ns()
        return self._offset_ms + (set_by_ns + _NS_PER_MS // 2) // _NS_PER_MS

    def local_ns(self) -> int:
        """Return the time, ns, that the offset is measured to, as `measure` wants it."""
        return self._now_ns()

    def now_ms(self) -> int:
        """Return the venue's Unix time, ms."""
        return self._now_ns() // _NS_PER_MS + self._offset_ms

    def now_secs(self) -> int:
        """Return the venue's Unix time in whole seconds."""
        return self.now_ms() // 1_000

    def reset(self) -> None:
        """Begin a new series of measurements; the offset stays until the first of them."""
        self._best_round_trip_ns = None

    def measure(self, *, sent_ns: int, received_ns: int, venue_ms: int) -> None:
        """
        Take one reading of the venue's clock into account.

        Parameters
        ----------
        sent_ns, received_ns : int
            Local Unix time before the request and after its reply, ns.
        venue_ms : int
            What the venue said, Unix ms.
        """
        round_trip_ns = received_ns - sent_ns
        if round_trip_ns < 0:  # the local clock was set back in between
            return
        if self._best_round_trip_ns is not None and round_trip_ns >= self._best_round_trip_ns:
            return
        self._best_round_trip_ns = round_trip_ns
        middle_ms = (sent_ns + received_ns) // 2 // _NS_PER_MS
        self._offset_ms = venue_ms - middle_ms


def _machine_clock() -> int:
    return time.time_ns()


def _steady_clock() -> Callable[[], int]:
    """Return a clock that starts from the machine's and is not set with it."""
    # One that goes on while the machine sleeps, where there is such a one (Linux).
    clock_id = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    started_ns = _machine_clock() - time.clock_gettime_ns(clock_id)
    return lambda: started_ns + time.clock_gettime_ns(clock_id)
