"""The JWT that private requests carry: when to fetch one, when to renew it, never twice at once.

How a token is fetched is given from outside (`authentication` signs and posts).
"""

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

import jwt

from nautilus_paradex.transport.clock import VenueClock
from nautilus_paradex.transport.errors import NoTokenError, NotSentError

__all__ = ["JwtSession", "ReadonlySession", "SignedSession", "token_times"]

_log = logging.getLogger(__name__)

# Of a token whose times cannot be read: the venue's are good for 5 minutes (api-notes).
_ASSUMED_LIFETIME_SECS: Final = 300
_RENEW_AT: Final = (3, 5)  # of the lifetime: after 3 of 5 minutes, as the venue suggests
# A token this close to its end may expire on the way (a short-lived one: the last fifth).
_MAX_MARGIN_MS: Final = 10_000
_MARGIN_PART: Final = 5
_RENEWAL_PAUSE_MS: Final = 5_000


class JwtSession(Protocol):
    """What hands out the token of private requests."""

    async def token(self) -> str:
        """Return a token that is good now."""

    async def refresh(self, stale_token: str) -> str:
        """Return another token than one that the venue refused."""

    async def close(self) -> None:
        """End what is under way."""


class SignedSession:
    """
    Fetches tokens with a key, and renews them at 3/5 of their life while they are still good.

    Concurrent callers share one fetch. A renewal runs beside the requests, which go on with the
    old token: no order waits for it, and one that fails costs a warning while that token lives and
    is tried again after 5 s.

    Parameters
    ----------
    fetch : Callable
        Returns a new token from the venue.
    clock : VenueClock
        The clock that expiry is measured by.
    """

    __slots__ = ("_clock", "_fetch", "_fetching", "_good_until_ms", "_renew_ms", "_token")

    def __init__(self, fetch: Callable[[], Awaitable[str]], clock: VenueClock) -> None:
        self._fetch = fetch
        self._clock = clock
        self._token = ""
        self._renew_ms = 0
        self._good_until_ms = 0
        self._fetching: asyncio.Task[str] | None = None

    async def token(self) -> str:
        """
        Return a token that is good now.

        Raises
        ------
        ParadexError
            What the fetch raised, where there is no good token to go on with.
        """
        now_ms = self._clock.now_ms()
        if now_ms >= self._good_until_ms:
            return await self._fetched()
        if now_ms >= self._renew_ms:
            self._start_fetch()
        return self._token

    async def refresh(self, stale_token: str) -> str:
        """
        Return another token than `stale_token`, fetching it unless that has happened already.

        Raises
        ------
        ParadexError
            What the fetch raised.
        """
        if self._token not in ("", stale_token):
            return self._token
        self._good_until_ms = 0
        return await self._fetched()

    async def close(self) -> None:
        """Cancel a fetch under way and forget the token."""
        self._token = ""
        self._good_until_ms = 0
        if self._fetching is not None:
            self._fetching.cancel()
            await asyncio.wait([self._fetching])

    def __repr__(self) -> str:
        return f"{type(self).__name__}(good_until_ms={self._good_until_ms})"

    async def _fetched(self) -> str:
        task = self._start_fetch()
        # The fetch outlives a caller that gives up, because others wait for it too.
        await asyncio.wait([task])
        if task.cancelled():
            raise NotSentError("the session was closed while it fetched a token")
        return task.result()

    def _start_fetch(self) -> asyncio.Task[str]:
        if self._fetching is None:
            self._fetching = asyncio.create_task(self._renew(), name="paradex-jwt")
            self._fetching.add_done_callback(self._on_fetched)
        return self._fetching

    async def _renew(self) -> str:
        token = await self._fetch()
        now_ms = self._clock.now_ms()
        issued_ms, expires_ms = token_times(token)
        if expires_ms is None:
            expires_ms = now_ms + _ASSUMED_LIFETIME_SECS * 1_000
        # From the token's own `iat` the lifetime is right even if the clocks are not.
        lifetime_ms = max(0, expires_ms - (now_ms if issued_ms is None else issued_ms))
        part, whole = _RENEW_AT
        self._token = token
        self._renew_ms = now_ms + lifetime_ms * part // whole
        self._good_until_ms = expires_ms - min(_MAX_MARGIN_MS, lifetime_ms // _MARGIN_PART)
        return token

    def _on_fetched(self, task: asyncio.Task[str]) -> None:
        self._fetching = None
        if task.cancelled():
            return
        # Looked at here too, because a renewal in the background has nobody waiting for it.
        error = task.exception()
        now_ms = self._clock.now_ms()
        if error is not None and now_ms < self._good_until_ms:
            # Without a pause every request until then would start another fetch.
            self._renew_ms = now_ms + _RENEWAL_PAUSE_MS
            _log.warning("JWT not renewed, the present one is used on: %s", error)


class ReadonlySession:
    """
    Hands out a long-lived read-only token, which nothing here can renew.

    Parameters
    ----------
    token : str
        The JWT.
    clock : VenueClock
        The clock that expiry is measured by.
    """

    __slots__ = ("_clock", "_expires_ms", "_token")

    def __init__(self, token: str, clock: VenueClock) -> None:
        self._token = token
        self._clock = clock
        _, self._expires_ms = token_times(token)

    async def token(self) -> str:
        """
        Return the token.

        Raises
        ------
        NoTokenError
            If it has expired.
        """
        if self._expires_ms is not None and self._clock.now_ms() >= self._expires_ms:
            raise NoTokenError("the read-only token has expired: create a new one at the venue")
        return self._token

    async def refresh(self, stale_token: str) -> str:
        """
        Refuse: there is no key to fetch another token with.

        Raises
        ------
        NoTokenError
            Always.
        """
        raise NoTokenError(
            "the venue refuses the read-only token (expired, revoked, or not good for this "
            "request): create a new one, or give a private key"
        )

    async def close(self) -> None:
        """Do nothing: the token outlives the session."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(expires_ms={self._expires_ms})"


def token_times(token: str) -> tuple[int | None, int | None]:
    """Return when a JWT was issued and when it expires, Unix ms; None for what it does not say."""
    try:
        # Not verified: the token is the venue's secret to check, we only read its times.
        claims = jwt.decode(token, options={"verify_signature": False})
    except jwt.PyJWTError:
        return None, None
    return _claim_ms(claims.get("iat")), _claim_ms(claims.get("exp"))


def _claim_ms(value: object) -> int | None:
    if not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return int(value * 1_000)
