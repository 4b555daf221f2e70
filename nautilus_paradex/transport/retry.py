"""Which failed requests are sent again, and when.

A command is repeated only where the venue cannot have executed it.
"""

import random
from dataclasses import dataclass
from typing import Final

from nautilus_paradex.transport.call import Call
from nautilus_paradex.transport.errors import (
    ClientClosedError,
    NoTokenError,
    NotSentError,
    RateLimitedError,
    RequestError,
    ServerError,
    SocketDownError,
    ThrottledError,
    UnknownOutcomeError,
)

__all__ = ["RetryPolicy"]


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """
    What is sent again, how often and how fast: exponential backoff with full jitter.

    Raises
    ------
    ValueError
        If a number is negative, or the first delay above the longest.
    """

    max_retries: int = 3
    delay_initial_ms: int = 1_000
    delay_max_ms: int = 10_000

    def __post_init__(self) -> None:
        if self.max_retries < 0:
            raise ValueError(f"max_retries must not be negative, was {self.max_retries}")
        if not 0 <= self.delay_initial_ms <= self.delay_max_ms:
            raise ValueError(
                "retry_delay_initial_ms must not be negative nor above retry_delay_max_ms, were "
                f"{self.delay_initial_ms} and {self.delay_max_ms}",
            )

    def allows(self, call: Call, error: RequestError, attempt: int) -> bool:
        """Return whether `call` may go again after its failed `attempt` (from 0)."""
        return attempt < self.max_retries and _may_repeat(call, error)

    def delay_secs(self, attempt: int, error: RequestError) -> float:
        """Return the pause after the failed `attempt` (from 0), seconds."""
        longest_ms = min(self.delay_max_ms, self.delay_initial_ms * 2**attempt)
        delay_secs = random.uniform(0, longest_ms / 1_000)  # noqa: S311 (jitter, no secret)
        if isinstance(error, RateLimitedError) and error.retry_after_secs is not None:
            return max(delay_secs, min(error.retry_after_secs, self.delay_max_ms / 1_000))
        return delay_secs


# They have waited, or tried again, for as long as they may.
_HAVE_WAITED: Final = (ThrottledError, NoTokenError, ClientClosedError, SocketDownError)


def _may_repeat(call: Call, error: RequestError) -> bool:
    if isinstance(error, _HAVE_WAITED):
        return False
    if isinstance(error, NotSentError | RateLimitedError):
        return True
    return call.repeatable and isinstance(error, UnknownOutcomeError | ServerError)
