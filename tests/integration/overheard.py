"""What a client asks of the venue over REST, overheard on its way. Not a test module."""

import json
from typing import Any

import httpx

from tests.integration.execution_world import loopback_transport

__all__ = ["Overheard"]


class Overheard(httpx.AsyncBaseTransport):
    """Keeps the requests that go through it, by method and path, with their bodies."""

    def __init__(self) -> None:
        self._inner = loopback_transport()
        self.requests: list[tuple[str, Any]] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        body = await request.aread()
        line = f"{request.method} {request.url.path.removeprefix('/v1')}"
        self.requests.append((line, json.loads(body) if body else None))
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self._inner.aclose()
