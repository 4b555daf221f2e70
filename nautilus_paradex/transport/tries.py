"""A request in its turn, and once more where the venue cannot have executed it.

Whatever the wire: the venue counts REST and the socket's order methods together, and what is told
of an order must not depend on the way it went. How a request is sent, its caller says.
"""

import asyncio
import logging
import math
import time
from collections.abc import Awaitable, Callable
from functools import partial
from itertools import count
from typing import Final

from nautilus_paradex.transport.call import Call
from nautilus_paradex.transport.errors import (
    NotSentError,
    RateLimitedError,
    RequestError,
    ThrottledError,
    UnknownOutcomeError,
    VenueError,
)
from nautilus_paradex.transport.metrics import Metrics
from nautilus_paradex.transport.rate_limit import RateLimiter
from nautilus_paradex.transport.retry import RetryPolicy

__all__ = ["Tries", "Turn"]

_COUNTERS: Final = (
    "requests",
    "retries",
    "not_sent",
    "throttled",
    "refused",
    "rate_limited",
    "unknown",
    "tokens_refused",
)

# The first class that fits: subclasses before their base.
_COUNTED: Final = (
    (ThrottledError, "throttled"),
    (NotSentError, "not_sent"),
    (RateLimitedError, "rate_limited"),
    (VenueError, "refused"),
    (UnknownOutcomeError, "unknown"),
)

_log = logging.getLogger(__name__)

type Turn = Callable[[], Awaitable[None]]
"""Waits until the rate limit has room for one more exchange, or raises `ThrottledError`."""


class Tries:
    """
    Has calls sent, paced and repeated.

    Parameters
    ----------
    limiter : RateLimiter
        Paces the calls, and is told of refusals for their rate.
    retry : RetryPolicy
        For calls that may be sent again.
    timeout_secs : float
        For one turn.

    Attributes
    ----------
    metrics : Metrics
        What became of the tries; ``requests``, ``tokens_refused`` and the latency ``exchange`` are
        those of REST alone.
    """

    def __init__(self, limiter: RateLimiter, retry: RetryPolicy, timeout_secs: float) -> None:
        self._limiter = limiter
        self._retry = retry
        self._timeout_secs = timeout_secs
        self.metrics = Metrics(_COUNTERS, ("exchange",))

    async def run[T](self, call: Call, attempt: Callable[[Turn], Awaitable[T]]) -> T:
        """
        Have a call sent until it has its answer, and return that.

        Parameters
        ----------
        call : Call
            What is sent, and what it is entitled to.
        attempt : Callable
            Sends it once, each exchange of it after its turn.

        Raises
        ------
        RequestError
            What became of the call, after the retries it is entitled to.
        """
        patience = _Patience(call)
        turn = partial(self._wait_for_turn, call, patience)
        for number in count():
            try:
                return await attempt(turn)
            except RequestError as error:
                self._count(error)
                if isinstance(error, RateLimitedError):
                    self._limiter.exhaust(call.rate_class, error.report)
                delay_secs = self._retry.delay_secs(number, error)
                is_over = patience.is_over_in(delay_secs)
                if is_over or not self._retry.allows(call, error, number):
                    raise
                _log.info("%s is sent again in %.1f s: %s", call, delay_secs, error)
            self.metrics.count("retries")
            await asyncio.sleep(delay_secs)
        raise AssertionError("count() does not end")

    async def _wait_for_turn(self, call: Call, patience: "_Patience") -> None:
        wait_secs = patience.at_most(self._timeout_secs)
        if not wait_secs:
            raise ThrottledError(f"{call} was not sent: it waited for a token for too long")
        try:
            async with asyncio.timeout(wait_secs):
                await self._limiter.acquire(call.rate_class, is_urgent=call.is_urgent)
        except TimeoutError:
            raise ThrottledError(
                f"{call} was not sent: the {call.rate_class.value} rate limit left no room "
                f"within {wait_secs:g} s"
            ) from None

    def _count(self, error: RequestError) -> None:
        for kind, counter in _COUNTED:
            if isinstance(error, kind):
                self.metrics.count(counter)
                return


class _Patience:
    """How much longer a call may wait before it is sent."""

    __slots__ = ("_until_secs",)

    def __init__(self, call: Call) -> None:
        wait_secs = math.inf if call.max_wait_secs is None else call.max_wait_secs
        self._until_secs = time.monotonic() + wait_secs

    def at_most(self, secs: float) -> float:
        return max(0.0, min(secs, self._until_secs - time.monotonic()))

    def is_over_in(self, secs: float) -> bool:
        return time.monotonic() + secs >= self._until_secs
