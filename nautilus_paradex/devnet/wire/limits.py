"""The documented rate limits as token buckets, and the headers that report them.

Not the client's throttle: that one is in transport.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from nautilus_paradex.devnet.config import RateLimits

__all__ = ["Bucket", "Policy", "RateLimiter", "Verdict", "order_policy"]

_MAX_BUCKETS = 4_096


class Policy(Enum):
    """Which of the limits a request falls under."""

    PUBLIC = "public"
    AUTH = "auth"
    READ = "read"
    ORDER = "order"
    RETAIL_ORDER = "retail order"
    CONNECT = "connect"


def order_policy(*, interactive: bool) -> Policy:
    """Return the limits of an order request that came with a token of this profile."""
    return Policy.RETAIL_ORDER if interactive else Policy.ORDER


@dataclass(slots=True)
class Bucket:
    """Token bucket, refilled continuously. Times are in seconds."""

    capacity: int
    window_secs: int
    tokens: float
    updated_at: float

    def refill(self, now: float) -> None:
        rate = self.capacity / self.window_secs
        elapsed = max(0.0, now - self.updated_at)
        self.tokens = min(float(self.capacity), self.tokens + elapsed * rate)
        self.updated_at = now

    def full_in_secs(self) -> float:
        return (self.capacity - self.tokens) * self.window_secs / self.capacity


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a request may pass, and the headers to answer it with."""

    allowed: bool
    headers: dict[str, str]


class RateLimiter:
    """All buckets of a devnet.

    Parameters
    ----------
    limits : RateLimits
        Capacities.
    now_secs : Callable
        Unix time in seconds; the buckets' clock and the base of ``x-ratelimit-reset``.
    """

    def __init__(self, limits: RateLimits, now_secs: Callable[[], float]) -> None:
        self._now_secs = now_secs
        self._rules: dict[Policy, tuple[tuple[str, int, int], ...]] = {
            Policy.PUBLIC: (("ip", limits.public_per_minute, 60),),
            Policy.AUTH: (("ip", limits.auth_per_minute, 60),),
            Policy.READ: (
                ("account", limits.reads_per_second, 1),
                ("account", limits.reads_per_minute, 60),
                ("ip", limits.reads_per_minute_ip, 60),
            ),
            Policy.ORDER: (
                ("account", limits.orders_per_second, 1),
                ("account", limits.orders_per_minute, 60),
            ),
            Policy.RETAIL_ORDER: (("account", limits.retail_orders_per_second, 1),),
            Policy.CONNECT: (
                ("ip", limits.connects_per_second, 1),
                ("ip", limits.connects_per_minute, 60),
            ),
        }
        self._buckets: OrderedDict[tuple[Policy, int, str], Bucket] = OrderedDict()

    def take(self, policy: Policy, *, ip: str, account: str) -> Verdict:
        """Take one token from every bucket of the policy, or from none."""
        now = self._now_secs()
        keys = {"ip": ip, "account": account}
        buckets = [
            self._bucket(policy, index, keys[scope], capacity, window, now)
            for index, (scope, capacity, window) in enumerate(self._rules[policy])
        ]
        allowed = all(bucket.tokens >= 1 for bucket in buckets)
        if allowed:
            for bucket in buckets:
                bucket.tokens -= 1
        tightest = min(buckets, key=lambda bucket: bucket.tokens)
        return Verdict(allowed, _headers(tightest, now))

    def _bucket(
        self, policy: Policy, index: int, key: str, capacity: int, window: int, now: float
    ) -> Bucket:
        name = (policy, index, key)
        bucket = self._buckets.get(name)
        if bucket is None:
            bucket = self._buckets[name] = Bucket(capacity, window, float(capacity), now)
        self._buckets.move_to_end(name)
        if len(self._buckets) > _MAX_BUCKETS:
            self._buckets.popitem(last=False)
        bucket.refill(now)
        return bucket


def _headers(bucket: Bucket, now: float) -> dict[str, str]:
    # Names are documented, their units are a guess: seconds for the window, Unix seconds for reset.
    return {
        "x-ratelimit-limit": str(bucket.capacity),
        "x-ratelimit-remaining": str(int(bucket.tokens)),
        "x-ratelimit-reset": str(math.ceil(now + bucket.full_in_secs())),
        "x-ratelimit-window": str(bucket.window_secs),
    }
