"""The venue's documented rate limits, kept on this side so that requests wait instead of failing.

It paces requests and listens to the reply headers; what to do about a 429 is the caller's matter.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from enum import Enum
from typing import Final, NamedTuple

__all__ = [
    "DOCUMENTED_LIMITS",
    "RETAIL_LIMITS",
    "LimitReport",
    "Quota",
    "RateClass",
    "RateLimiter",
    "TokenBucket",
    "read_limit_headers",
]


class RateClass(Enum):
    """Which of the venue's limits a request counts against."""

    PUBLIC = "public"
    AUTH = "auth"
    ORDERS = "orders"
    PRIVATE = "private"


class Quota(NamedTuple):
    """So many requests in so many seconds, refilled continuously."""

    limit: int
    window_secs: float


#: Source: api-notes, "Limits and errors". The last quota of private reads is an address's over all
#: its accounts: it binds where accounts share a limiter, and replies may report it.
DOCUMENTED_LIMITS: Final[Mapping[RateClass, tuple[Quota, ...]]] = {
    RateClass.PUBLIC: (Quota(1_500, 60),),
    RateClass.AUTH: (Quota(600, 60),),
    RateClass.ORDERS: (Quota(800, 1), Quota(17_250, 60)),
    RateClass.PRIVATE: (Quota(120, 1), Quota(600, 60), Quota(1_500, 60)),
}

#: With a token of the retail profile: "about 3 orders a second" (api-notes), taken to mean orders,
#: modifications and cancels alike (guess). A fifth slower than that, since a request that the
#: network brings a little early would be one too many.
RETAIL_LIMITS: Final[Mapping[RateClass, tuple[Quota, ...]]] = {
    **DOCUMENTED_LIMITS,
    RateClass.ORDERS: (Quota(3, 1.2),),
}

_UNIX_SECS_FROM: Final = 1_000_000_000
_UNIX_MS_FROM: Final = 100_000_000_000
_WINDOW_MS_FROM: Final = 1_000


class LimitReport(NamedTuple):
    """What the ``x-ratelimit-*`` headers of a reply say; None where a header is missing."""

    limit: int | None = None
    remaining: int | None = None
    reset_secs: float | None = None
    window_secs: float | None = None


def read_limit_headers(headers: Mapping[str, str], now_ms: int) -> LimitReport:
    """
    Read the rate limit headers of a reply.

    The units are not documented (guess): a reset from 1e11 up is taken as Unix ms, from 1e9 up as
    Unix seconds, below as seconds from now; a window from 1,000 up as ms, below as seconds.
    ``retry-after`` (seconds) stands in for a missing reset.

    Parameters
    ----------
    headers : mapping
        Reply headers with lower-case or case-insensitive names.
    now_ms : int
        The venue's Unix time, ms.
    """
    limit = _number(headers.get("x-ratelimit-limit"))
    remaining = _number(headers.get("x-ratelimit-remaining"))
    reset = _number(headers.get("x-ratelimit-reset"))
    if reset is None:
        reset = _number(headers.get("retry-after"))
    window = _number(headers.get("x-ratelimit-window"))
    return LimitReport(
        limit=None if limit is None else int(limit),
        remaining=None if remaining is None else int(remaining),
        reset_secs=None if reset is None else _secs_from_now(reset, now_ms),
        window_secs=window / 1_000 if window is not None and window >= _WINDOW_MS_FROM else window,
    )


class TokenBucket:
    """
    One quota: a bucket that holds `limit` tokens and fills up within its window.

    Parameters
    ----------
    quota : Quota
        Its size and window.
    now_secs : Callable
        A monotonic clock, seconds.
    """

    __slots__ = ("_now_secs", "_quota", "_tokens", "_updated_secs")

    def __init__(self, quota: Quota, now_secs: Callable[[], float] = time.monotonic) -> None:
        self._now_secs = now_secs
        self._quota = quota
        self._tokens = float(quota.limit)
        self._updated_secs = now_secs()

    @property
    def quota(self) -> Quota:
        """The bucket's size and window."""
        return self._quota

    @property
    def tokens(self) -> float:
        """How many requests may go now."""
        self._refill()
        return self._tokens

    def delay_secs(self, requests: int = 1) -> float:
        """Return how long until that many requests may have gone, seconds."""
        missing = requests - self.tokens
        return max(0.0, missing / self._rate)

    def take(self) -> None:
        """Take the token of one request, whether it is there or not."""
        self._refill()
        self._tokens -= 1.0

    def lower_to(self, tokens: float) -> None:
        """Adopt the venue's count where it is the lower one: others may use the account too."""
        self._refill()
        self._tokens = min(self._tokens, tokens)

    def resize(self, limit: int) -> None:
        """Adopt another limit for the same window."""
        self._refill()
        self._quota = Quota(limit, self._quota.window_secs)
        self._tokens = min(self._tokens, float(limit))

    @property
    def _rate(self) -> float:
        return self._quota.limit / self._quota.window_secs

    def _refill(self) -> None:
        now = self._now_secs()
        grown = self._tokens + (now - self._updated_secs) * self._rate
        self._tokens = min(float(self._quota.limit), grown)
        self._updated_secs = now


class RateLimiter:
    """
    All quotas of one account on one address.

    Parameters
    ----------
    limits : mapping
        The quotas of each class; a request counts against all quotas of its class.
    now_secs : Callable
        A monotonic clock, seconds.
    sleep : Callable
        What waits for a number of seconds.
    """

    __slots__ = ("_buckets", "_queues", "_sleep", "_turns", "_waiting")

    def __init__(
        self,
        limits: Mapping[RateClass, tuple[Quota, ...]] = DOCUMENTED_LIMITS,
        now_secs: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._sleep = sleep
        self._buckets = {
            rate_class: tuple(TokenBucket(quota, now_secs) for quota in quotas)
            for rate_class, quotas in limits.items()
        }
        self._queues = {rate_class: asyncio.Lock() for rate_class in limits}
        self._turns = {rate_class: asyncio.Lock() for rate_class in limits}
        self._waiting: Counter[RateClass] = Counter()

    def buckets(self, rate_class: RateClass) -> tuple[TokenBucket, ...]:
        """Return the buckets of a class."""
        return self._buckets[rate_class]

    def room(self, rate_class: RateClass) -> float:
        """Return the part of a class's limits that is left, from 1 down to 0 or less."""
        return min(bucket.tokens / bucket.quota.limit for bucket in self._buckets[rate_class])

    def wait_secs(self, rate_class: RateClass) -> float:
        """Return how long one more request would wait for its turn, seconds."""
        requests = self._waiting[rate_class] + 1
        return max(bucket.delay_secs(requests) for bucket in self._buckets[rate_class])

    async def acquire(self, rate_class: RateClass, *, is_urgent: bool = False) -> float:
        """
        Wait for one request's turn, first come first served, and return the seconds it waited.

        An urgent one overtakes all that are not but the next. Bound the wait from outside with
        ``asyncio.timeout``: a cancelled wait takes no token.
        """
        self._waiting[rate_class] += 1
        try:
            if is_urgent:
                return await self._take_turn(rate_class)
            # The lock is the queue: asyncio wakes its waiters in order of arrival.
            async with self._queues[rate_class]:
                return await self._take_turn(rate_class)
        finally:
            self._waiting[rate_class] -= 1

    def observe(self, rate_class: RateClass, report: LimitReport) -> None:
        """
        Adjust to what the headers of a reply say.

        The count and the limit are adopted by the bucket of the reported window (of several, the
        one with the reported limit), without a window by the one with the reported limit, or
        by the only one of the class. Counts are only ever lowered:
        replies arrive in any order, and an older one knows of fewer requests.
        """
        bucket = self._reported_bucket(rate_class, report)
        if bucket is None:
            return
        if report.limit is not None and 0 < report.limit != bucket.quota.limit:
            bucket.resize(report.limit)
        if report.remaining is not None:
            bucket.lower_to(float(max(0, report.remaining)))

    def exhaust(self, rate_class: RateClass, report: LimitReport) -> None:
        """
        Adjust to a refusal: the bucket that its headers name is empty, or else all of the class.

        The next token then comes at the bucket's own pace. The reset is left out, because it may
        mean the time at which the bucket is full again (not documented).
        """
        named = self._reported_bucket(rate_class, report)
        for bucket in (named,) if named is not None else self._buckets[rate_class]:
            bucket.lower_to(0.0)

    async def _take_turn(self, rate_class: RateClass) -> float:
        buckets = self._buckets[rate_class]
        waited = 0.0
        async with self._turns[rate_class]:
            while delay := max(bucket.delay_secs() for bucket in buckets):
                await self._sleep(delay)
                waited += delay
            for bucket in buckets:
                bucket.take()
        return waited

    def _reported_bucket(self, rate_class: RateClass, report: LimitReport) -> TokenBucket | None:
        buckets = self._buckets[rate_class]
        by_window = [b for b in buckets if b.quota.window_secs == report.window_secs]
        if report.window_secs is not None and not by_window:
            return None
        candidates = by_window or buckets
        for bucket in candidates:
            if bucket.quota.limit == report.limit:
                return bucket
        return candidates[0] if by_window or len(buckets) == 1 else None


def _secs_from_now(reset: float, now_ms: int) -> float:
    if reset >= _UNIX_MS_FROM:
        return max(0.0, (reset - now_ms) / 1_000)
    if reset >= _UNIX_SECS_FROM:
        return max(0.0, reset - now_ms / 1_000)
    return max(0.0, reset)


def _number(text: str | None) -> float | None:
    # A gateway may send anything here, and a header is never worth a failed request.
    if text is None or not text.isascii() or not text.replace(".", "", 1).isdigit():
        return None
    return float(text) if len(text) <= 20 else None
