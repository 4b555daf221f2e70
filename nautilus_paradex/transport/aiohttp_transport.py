"""The default transport: aiohttp under httpx, wrapped so that a failure says what was sent.

httpx-aiohttp 0.2 raises the same `httpx.ConnectTimeout` for a refused connection and for a POST
that the server read before it hung up. Only aiohttp's own exceptions, kept as causes, tell the two
apart. No retries and no HTTP semantics here.
"""

import ssl
from functools import cache
from typing import Final

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from nautilus_paradex.transport.checks import check_proxy
from nautilus_paradex.transport.errors import (
    NotSentError,
    RequestError,
    UnknownOutcomeError,
    describe,
)

__all__ = ["ClassifyingTransport", "aiohttp_transport"]

_MAX_CONNECTIONS: Final = 64
# Below the 60 s after which load balancers usually hang up, so that an order rarely meets a
# connection that is just being closed (guess: the venue's own limit is not documented).
_KEEPALIVE_SECS: Final = 30.0
_DNS_CACHE_SECS: Final = 60

# What aiohttp raises before a byte of the request is written.
_NEVER_SENT: Final = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)


def aiohttp_transport(
    *, proxy_url: str | None = None, ssl_context: ssl.SSLContext | None = None
) -> httpx.AsyncBaseTransport:
    """
    Return the default transport of `ParadexHttpClient`: one keep-alive pool over aiohttp.

    Parameters
    ----------
    proxy_url : str, optional
        ``http://[user:password@]host:port``. Proxy variables of the environment are not read.
    ssl_context : ssl.SSLContext, optional
        Instead of the system's certificates.

    Raises
    ------
    ValueError
        If `proxy_url` is no http or https address.
    """
    context = _system_certificates() if ssl_context is None else ssl_context
    inner = AiohttpTransport(
        verify=context,
        proxy=_parse_proxy(proxy_url),
        client=lambda: _client_session(context),
    )
    return ClassifyingTransport(inner)


class ClassifyingTransport(httpx.AsyncBaseTransport):
    """
    Raises `NotSentError` or `UnknownOutcomeError` for whatever the wrapped transport raises.

    Parameters
    ----------
    inner : httpx.AsyncBaseTransport
        A transport over aiohttp: the causes it keeps are what is looked at.
    """

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        try:
            return await self._inner.handle_async_request(request)
        except Exception as error:  # noqa: BLE001
            # Every exception: httpx-aiohttp lets some of aiohttp's through unmapped.
            failure = _failure(request, error)
        # Raised here, so that it does not hold on to aiohttp's exception: that one has the
        # request's headers in it, with the token and the proxy's password.
        raise failure

    async def aclose(self) -> None:
        await self._inner.aclose()


@cache
def _system_certificates() -> ssl.SSLContext:
    # Reading them takes tens of milliseconds, and clients only read what is returned.
    return ssl.create_default_context()


def _client_session(context: ssl.SSLContext) -> aiohttp.ClientSession:
    connector = aiohttp.TCPConnector(
        limit=_MAX_CONNECTIONS,
        ssl=context,
        keepalive_timeout=_KEEPALIVE_SECS,
        ttl_dns_cache=_DNS_CACHE_SECS,
    )
    session = aiohttp.ClientSession(
        connector=connector, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False
    )
    # aiohttp sends GET, PUT and DELETE a second time when a kept connection drops. A PUT is a
    # signed modification: whether it is repeated is for the caller to decide. There is no public
    # switch (3.14); a test on a raw socket counts the requests.
    session._retry_connection = False
    return session


def _parse_proxy(proxy_url: str | None) -> httpx.Proxy | None:
    check_proxy(proxy_url)
    if proxy_url is None:
        return None
    try:
        return httpx.Proxy(proxy_url)
    except (httpx.InvalidURL, ValueError):
        # Its message repeats the address, password included.
        raise ValueError("proxy_url must look like http://host:port") from None


def _failure(request: httpx.Request, error: Exception) -> RequestError:
    if _was_never_sent(error):
        return NotSentError(f"cannot connect to {request.url.host}: {error}")
    return UnknownOutcomeError(
        f"no reply to {request.method} {request.url.path}: {describe(error)}"
    )


def _was_never_sent(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, _NEVER_SENT):
            return True
        error = error.__cause__
    return False
