"""
When to connect again: backoff with jitter, and the venue's limit on connects. No sockets.
"""

import asyncio
import random
from collections import deque
from typing import Final

__all__ = ["Backoff", "ConnectLimiter"]

# Source: api-notes, "At most 20 connects a second, 600 a minute per IP".
_LIMITS: Final = ((20, 1.0), (600, 60.0))
_MAX_DOUBLINGS: Final = 30


class Backoff:
    """
    Exponential delays with full jitter: each is uniform between 0 and a doubling ceiling.

    Full jitter keeps the clients of many machines apart after an outage they all saw. A connection
    that breaks soon after it was opened counts as one more failure, otherwise a venue that accepts
    and drops would be hammered at the smallest delay.

    Parameters
    ----------
    initial_secs, max_secs : float
        Ceiling of the first delay and of all delays.
    stable_after_secs : float, default 10.0
        How long a connection must have lasted for the next delay to start over.
    rng : random.Random, optional
        Source of the jitter.

    """

    def __init__(
        self,
        initial_secs: float,
        max_secs: float,
        *,
        stable_after_secs: float = 10.0,
        rng: random.Random | None = None,
    ) -> None:
        if not 0 < initial_secs <= max_secs:
            raise ValueError(
                "reconnect delays must satisfy 0 < initial <= max, "
                f"were {initial_secs} and {max_secs} seconds"
            )
        self._initial_secs = initial_secs
        self._max_secs = max_secs
        self._stable_after_secs = stable_after_secs
        self._rng = rng or random.Random()  # noqa: S311 jitter is no secret
        self._failures = 0

    def next_delay(self) -> float:
        """Seconds to wait before the next attempt. Each call counts as one failure."""
        ceiling = min(self._max_secs, self._initial_secs * 2**self._failures)
        self._failures = min(self._failures + 1, _MAX_DOUBLINGS)
        return self._rng.uniform(0, ceiling)

    def note_lifetime(self, secs: float) -> None:
        """Tell how long a connection lasted."""
        if secs >= self._stable_after_secs:
            self._failures = 0


class ConnectLimiter:
    """
    Spaces connects so that the venue's limits per IP are never exceeded.

    One instance may be shared by all clients of an event loop: the limit is counted per IP address.
    """

    def __init__(self) -> None:
        self._connects: deque[float] = deque(maxlen=max(count for count, _ in _LIMITS))
        self._lock = asyncio.Lock()

    async def acquire(self) -> None:
        """Wait for the right to open one connection."""
        loop = asyncio.get_running_loop()
        async with self._lock:
            if (delay := self.delay(loop.time())) > 0:
                await asyncio.sleep(delay)
            self.record(loop.time())

    def delay(self, now: float) -> float:
        """Seconds from `now` until a connect is allowed."""
        return max((self._delay_for(count, secs, now) for count, secs in _LIMITS), default=0.0)

    def record(self, now: float) -> None:
        """Note a connect at `now` (seconds on any monotonic clock)."""
        self._connects.append(now)

    def _delay_for(self, count: int, window_secs: float, now: float) -> float:
        if len(self._connects) < count:
            return 0.0
        return max(0.0, self._connects[-count] + window_secs - now)
