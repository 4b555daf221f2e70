"""One REST request from start to verdict: token, turn, exchange, outcome.

Knows methods, paths and statuses; which endpoints there are is in `endpoints`, what is sent again
in `tries`.
"""

import asyncio
import time
from functools import partial
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Final

import httpx
import msgspec

from nautilus_paradex.protocol.errors import MessageError
from nautilus_paradex.transport.call import Call
from nautilus_paradex.transport.clock import VenueClock
from nautilus_paradex.transport.errors import (
    ClientClosedError,
    NoTokenError,
    NotSentError,
    RateLimitedError,
    RequestError,
    ServerError,
    UnauthorizedError,
    UnknownOutcomeError,
    describe,
)
from nautilus_paradex.transport.rate_limit import RateLimiter, read_limit_headers
from nautilus_paradex.transport.session import JwtSession
from nautilus_paradex.transport.tries import Tries, Turn
from nautilus_paradex.transport.verdict import failure_of, rate_limited

__all__ = ["RestCaller"]

_USER_AGENT: Final = "paradex-nt"
_TOO_MANY_REQUESTS: Final = 429


class RestCaller:
    """
    Sends calls and returns reply bodies, or raises what became of them.

    Parameters
    ----------
    base_url : str
        Ends in ``/v1``.
    transport : httpx.AsyncBaseTransport
        May raise `NotSentError`; everything else it raises counts as an unknown outcome.
    clock : VenueClock
        Reads absolute rate limit resets.
    limiter : RateLimiter
        Learns from the reply headers.
    timeout_secs : float
        For one exchange.
    tries : Tries
        Paces the calls, and repeats those that may be sent again.
    """

    def __init__(
        self,
        base_url: str,
        *,
        transport: httpx.AsyncBaseTransport,
        clock: VenueClock,
        limiter: RateLimiter,
        timeout_secs: float,
        tries: Tries,
    ) -> None:
        self._base_url = base_url
        self._clock = clock
        self._limiter = limiter
        self._timeout_secs = timeout_secs
        self._tries = tries
        self._metrics = tries.metrics
        self.session: JwtSession | None = None
        # Connecting gets half of the time, so that a dead host shows as "not sent" before the
        # whole call runs out of time with an unknown outcome.
        connect_secs = timeout_secs / 2
        self._client = httpx.AsyncClient(
            transport=transport,
            timeout=httpx.Timeout(timeout_secs, connect=connect_secs, pool=connect_secs),
            headers={"user-agent": _USER_AGENT, "accept": "application/json"},
            # A gateway's cookies are no part of the API, and httpx would keep them all.
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
            trust_env=False,
        )

    async def close(self) -> None:
        """Close the connections. A call under way ends with an error."""
        await self._client.aclose()

    async def fetch[T](self, call: Call, reply: type[T]) -> T:
        """
        Send a call and return its decoded reply.

        Raises
        ------
        RequestError
            What became of the call.
        MessageError
            If the reply to a repeatable call cannot be read (otherwise: `UnknownOutcomeError`).
        """
        return self._decoded(call, await self.send(call), reply)

    async def confirm(self, call: Call) -> None:
        """
        Send a command whose reply says nothing but that it was taken: it is empty, or any JSON.

        Raises
        ------
        RequestError
            What became of the call; `UnknownOutcomeError` if the reply is something else, such as
            a gateway's page.
        """
        body = await self.send(call)
        if body:
            self._decoded(call, body, object)

    def _decoded[T](self, call: Call, body: bytes, reply: type[T]) -> T:
        try:
            return msgspec.json.decode(body, type=reply)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            problem = f"cannot read the reply to {call}: {error}"
            if call.repeatable:
                raise MessageError(problem) from error
            self._metrics.count("unknown")
            raise UnknownOutcomeError(problem) from error

    async def send(self, call: Call) -> bytes:
        """
        Send a call and return the body of its reply.

        Raises
        ------
        RequestError
            What became of the call, after the retries it is entitled to.
        """
        return await self._tries.run(call, partial(self._send_with_token, call))

    async def _send_with_token(self, call: Call, turn: Turn) -> bytes:
        if self._client.is_closed:
            raise ClientClosedError(f"{call} was not sent: the client is closed, make a new one")
        if not call.private:
            return await self._send_once(call, None, turn)
        session = self.session
        if session is None:
            raise NoTokenError(
                f"{call} needs an account: give credentials to ParadexHttpClient and await start()"
            )
        token = await _token_or_never_sent(session, None)
        try:
            return await self._send_once(call, token, turn)
        except UnauthorizedError:
            # A refusal is definitive, also of a command: it may go again with a new token.
            self._metrics.count("tokens_refused")
            token = await _token_or_never_sent(session, token)
        return await self._send_once(call, token, turn)

    async def _send_once(self, call: Call, token: str | None, turn: Turn) -> bytes:
        await turn()
        response = await self._exchange(call, self._build_request(call, token))
        report = read_limit_headers(response.headers, self._clock.now_ms())
        if response.status_code == _TOO_MANY_REQUESTS:
            raise rate_limited(response, report)
        self._limiter.observe(call.rate_class, report)
        if response.is_success:
            return response.content
        raise failure_of(call, response)

    def _build_request(self, call: Call, token: str | None) -> httpx.Request:
        headers = dict(call.headers)
        if token is not None:
            headers["authorization"] = f"Bearer {token}"
        if call.content is not None:
            headers["content-type"] = "application/json"
        return self._client.build_request(
            call.method,
            self._base_url + call.path,
            params={name: value for name, value in call.params.items() if value is not None},
            headers=headers,
            content=call.content,
        )

    async def _exchange(self, call: Call, request: httpx.Request) -> httpx.Response:
        self._metrics.count("requests")
        started_ns = time.monotonic_ns()
        try:
            async with asyncio.timeout(self._timeout_secs):
                response = await self._client.send(request)
        except RequestError:
            raise
        except TimeoutError:
            raise UnknownOutcomeError(
                f"no reply to {call} within {self._timeout_secs:g} s"
            ) from None
        except Exception as error:  # noqa: BLE001
            # Whatever it is, the request may have been read: half a body, a broken encoding, an
            # exception of a transport that tells nothing apart.
            failure = UnknownOutcomeError(f"no usable reply to {call}: {describe(error)}")
        else:
            self._metrics.record("exchange", time.monotonic_ns() - started_ns)
            return response
        # Raised here, without a cause: that may have the request's headers in it, with the token.
        raise failure


# All but a refusal of the account or its key, which is the answer to the call as well.
_TOKEN_NOT_OBTAINED: Final = (
    NotSentError,
    UnknownOutcomeError,
    ServerError,
    RateLimitedError,
    MessageError,
)


async def _token_or_never_sent(session: JwtSession, stale_token: str | None) -> str:
    try:
        if stale_token is None:
            return await session.token()
        return await session.refresh(stale_token)
    except NoTokenError:
        raise
    except _TOKEN_NOT_OBTAINED as error:
        # Without a token nothing was sent, whatever became of the request for one.
        raise NoTokenError(f"no JWT could be had: {error}") from error
