"""The WebSocket endpoint: negotiation before the upgrade, then one connection each."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Final

import msgspec
from aiohttp import WSCloseCode, web

from nautilus_paradex.devnet.config import DevnetConfig
from nautilus_paradex.devnet.sockets.connection import Connection
from nautilus_paradex.devnet.sockets.control import ControlPlane
from nautilus_paradex.devnet.sockets.messages import WireForm
from nautilus_paradex.devnet.wire.errors import ApiError, rate_limited
from nautilus_paradex.devnet.wire.limits import Policy, RateLimiter
from nautilus_paradex.protocol.enums import ErrorCode

__all__ = ["Sockets", "negotiate"]

_SCHEMA_ID: Final = "1"
# How long a client may take to answer a close frame.
_CLOSE_SECS: Final = 2.0


class Sockets:
    """
    Every WebSocket that is open.

    Parameters
    ----------
    config : DevnetConfig
        Intervals, bounds, and what may be negotiated.
    control : ControlPlane
        Answers requests.
    limiter : RateLimiter
        Counts connection attempts.
    versions : frozenset of int
        Schema versions on offer.
    now_us : Callable
        The venue's clock, microseconds.

    """

    def __init__(
        self,
        config: DevnetConfig,
        control: ControlPlane,
        limiter: RateLimiter,
        versions: frozenset[int],
        now_us: Callable[[], int],
    ) -> None:
        self._config = config
        self._control = control
        self._limiter = limiter
        self._versions = versions
        self._now_us = now_us
        self._open: set[Connection] = set()

    def __len__(self) -> int:
        return len(self._open)

    @property
    def channels(self) -> frozenset[str]:
        """Every channel that any open socket is subscribed to."""
        return frozenset(channel for c in self._open for channel in c.subscriptions)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Upgrade a request, or refuse it with a status before the upgrade."""
        try:
            self._admit(request)
            version = negotiate(request.query, self._versions)
        except ApiError as e:
            return web.Response(
                status=e.status,
                body=msgspec.json.encode(e.body()),
                content_type="application/json",
            )
        # Whether the venue compresses is not known; here it would only cost time.
        ws = web.WebSocketResponse(timeout=_CLOSE_SECS, autoping=False, compress=False)
        await ws.prepare(request)
        connection = Connection(
            ws,
            WireForm(version, self._config.private_sbe, self._config.legacy_json),
            self._config,
            self._now_us,
            _aborter(request),
        )
        await self._serve(connection)
        return ws

    def drop_all(self) -> int:
        """Cut every connection without a close frame; return how many."""
        connections = list(self._open)
        for connection in connections:
            connection.abort()
        return len(connections)

    async def close_all(self) -> None:
        """Say goodbye to every client."""
        await asyncio.gather(
            *(
                connection.close(WSCloseCode.GOING_AWAY, "devnet stops")
                for connection in list(self._open)
            )
        )

    def _admit(self, request: web.Request) -> None:
        if request.headers.get("Upgrade", "").lower() != "websocket":
            raise ApiError(404, ErrorCode.NOT_FOUND, "this path is for WebSocket connections")
        verdict = self._limiter.take(Policy.CONNECT, ip=request.remote or "", account="")
        if not verdict.allowed:
            raise rate_limited()

    async def _serve(self, connection: Connection) -> None:
        self._open.add(connection)
        try:
            await connection.serve(self._control.answer)
        finally:
            self._open.discard(connection)
            self._control.ended(connection)


def negotiate(query: Mapping[str, str], versions: frozenset[int]) -> int | None:
    """
    Return the schema version that a socket asks for, None for plain JSON.

    Raises
    ------
    ApiError
        400 for a schema or version that is not served: there is no fallback (schema).

    """
    schema_id = query.get("sbeSchemaId")
    version = query.get("sbeSchemaVersion")
    if schema_id is None and version is None:
        return None
    known = {str(number): number for number in versions}
    if schema_id != _SCHEMA_ID or version not in known:
        raise ApiError(
            400,
            ErrorCode.INVALID_REQUEST_PARAMETER,
            f"unsupported SBE schema {schema_id}:{version}, "
            f"served: {', '.join(f'1:{number}' for number in sorted(versions))}",
        )
    return known[version]


def _aborter(request: web.Request) -> Callable[[], None]:
    def abort() -> None:
        if request.transport is not None:
            request.transport.abort()

    return abort
