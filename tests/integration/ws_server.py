"""A scripted venue on a loopback socket: the control plane, and pushes that a test decides.

Beside it what it takes to lose an answer without waiting long for it.
"""

import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from nautilus_paradex.protocol import rpc
from nautilus_paradex.transport.link import Link

__all__ = ["ScriptedVenue", "impatient", "scripted_venue"]


@dataclass
class ScriptedVenue:
    """What the venue does, and what it saw. Tests change the first part at will."""

    versions: set[int | None] = field(default_factory=lambda: {2, 1, 0, None})
    refuse_with: HTTPStatus | None = None
    tokens: set[str] | None = None
    silent: set[str] = field(default_factory=set)
    forgotten_acks: set[str] = field(default_factory=set)
    refused: dict[str, tuple[int, str, str]] = field(default_factory=dict)
    close_on_connect: int | None = None

    encodings_asked: list[int | None] = field(default_factory=list)
    requests: list[list[tuple[str, str]]] = field(default_factory=list)
    connections: list[ServerConnection] = field(default_factory=list)
    port: int = 0
    scheme: str = "ws"

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}/v1"

    @property
    def last(self) -> ServerConnection:
        return self.connections[-1]

    def check_encoding(self, connection: ServerConnection, request: Request) -> Response | None:
        query = parse_qs(urlsplit(request.path).query)
        version = int(query["sbeSchemaVersion"][0]) if "sbeSchemaId" in query else None
        self.encodings_asked.append(version)
        if self.refuse_with is not None:
            return connection.respond(self.refuse_with, "go away\n")
        if version not in self.versions:
            return connection.respond(HTTPStatus.BAD_REQUEST, "unsupported\nschema\n" * 100)
        return None

    async def serve_connection(self, connection: ServerConnection) -> None:
        seen: list[tuple[str, str]] = []
        self.requests.append(seen)
        self.connections.append(connection)
        if self.close_on_connect is not None:
            await connection.close(self.close_on_connect)
            return
        subscribed: set[str] = set()
        try:
            async for text in connection:
                await self._answer(connection, rpc.decode_request(text), seen, subscribed)
        except ConnectionClosed:
            return

    async def _answer(
        self,
        connection: ServerConnection,
        request: rpc.Request,
        seen: list[tuple[str, str]],
        subscribed: set[str],
    ) -> None:
        params = msgspec.json.decode(request.params)
        subject = params.get("channel") or params.get("bearer") or ""
        seen.append((request.method, subject))
        assert request.id is not None
        if subject in self.silent:
            return
        answer = rpc.encode_result(request.id, {"channel": subject})
        if request.method == "auth":
            answer = rpc.encode_result(request.id, {"node_id": "n1"})
            if self.tokens is not None and subject not in self.tokens:
                answer = rpc.encode_error(request.id, 40111, "Invalid Bearer Token")
        elif subject in self.refused:
            answer = rpc.encode_error(request.id, *self.refused[subject])
        elif request.method == "subscribe" and subject in subscribed:
            answer = rpc.encode_error(request.id, -32600, "already subscribed", subject)
        elif request.method == "unsubscribe" and subject not in subscribed:
            answer = rpc.encode_error(request.id, -32600, "not subscribed", subject)
        subscribed ^= {subject} if '"result"' in answer and request.method != "auth" else set()
        if subject not in self.forgotten_acks:
            await connection.send(answer)


@asynccontextmanager
async def scripted_venue(
    *,
    tls: ssl.SSLContext | None = None,
    compression: Literal["deflate"] | None = None,
    port: int = 0,
    venue: ScriptedVenue | None = None,
) -> AsyncIterator[ScriptedVenue]:
    """Serve a venue. Give `venue` and its port again to bring one back that was stopped."""
    venue = venue or ScriptedVenue()
    server: Server
    async with serve(
        venue.serve_connection,
        "127.0.0.1",
        port,
        process_request=venue.check_encoding,
        ssl=tls,
        compression=compression,
        ping_interval=None,
        close_timeout=1,
    ) as server:
        venue.port = next(iter(server.sockets)).getsockname()[1]
        venue.scheme = "ws" if tls is None else "wss"
        yield venue


@contextmanager
def impatient(channel: str) -> Iterator[None]:
    """Have clients give up answers about `channel` soon: of a channel of which none will come."""
    exchange = Link.exchange

    async def give_up_soon(link: Link, *request: Any, **options: Any) -> rpc.Response:
        if options["subject"] == f"channel {channel}":
            options["timeout_secs"] = 0.05
        return await exchange(link, *request, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Link, "exchange", give_up_soon)
        yield
