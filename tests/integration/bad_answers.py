"""What may come back instead of an answer, so that nobody knows what became of the request.

Not a test module. No server can be made to do all of this, so `BadAnswers` is a transport around
the real one: the venue acts, or does not, and something else than its answer comes back.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import httpx

__all__ = ["BAD_ANSWERS", "BadAnswer", "BadAnswers"]

type BadAnswer = Callable[[httpx.Request, httpx.Response | None], httpx.Response]
"""What comes back, or is raised; the venue's own answer is None where it has not acted."""

_PAGE: Final = b"<html><head><title>502 Bad Gateway</title></head></html>"


def reset(request: httpx.Request, _: httpx.Response | None) -> httpx.Response:
    raise httpx.ReadError("connection reset by peer", request=request)


def unavailable(_: httpx.Request, __: httpx.Response | None) -> httpx.Response:
    return httpx.Response(503, json={"error": "INTERNAL_ERROR", "message": "try again later"})


def gateway_page(_: httpx.Request, __: httpx.Response | None) -> httpx.Response:
    return httpx.Response(502, content=_PAGE, headers={"content-type": "text/html"})


def page_as_success(_: httpx.Request, __: httpx.Response | None) -> httpx.Response:
    return httpx.Response(200, content=_PAGE, headers={"content-type": "text/html"})


def truncated(_: httpx.Request, response: httpx.Response | None) -> httpx.Response:
    body = b'{"id": "17' if response is None else response.content
    return httpx.Response(201, content=body[: len(body) // 2])


BAD_ANSWERS: Final[dict[str, BadAnswer]] = {
    "reset": reset,
    "unavailable": unavailable,
    "gateway_page": gateway_page,
    "page_as_success": page_as_success,
    "truncated": truncated,
}
"""By name. A time-out is missing: it is an answer that does not come at all."""


@dataclass(frozen=True, slots=True)
class _Plan:
    method: str
    paths: tuple[str, ...]
    answer: BadAnswer | None
    is_executed: bool

    def concerns(self, request: httpx.Request) -> bool:
        return request.method == self.method and request.url.path in self.paths


class BadAnswers(httpx.AsyncBaseTransport):
    """
    Spoils the answer to the next request that a test names.

    Parameters
    ----------
    inner : httpx.AsyncBaseTransport
        The way to the venue.
    is_cut_short : bool, default False
        If the client's patience ends at once where no answer comes, not after its time-out.

    Attributes
    ----------
    spoiled : int
        How many answers were spoiled so far.

    """

    def __init__(self, inner: httpx.AsyncBaseTransport, *, is_cut_short: bool = False) -> None:
        self._inner = inner
        self._is_cut_short = is_cut_short
        self._plan: _Plan | None = None
        self.spoiled = 0

    def spoil(self, method: str, *paths: str, how: str, is_executed: bool) -> None:
        """Spoil the next answer by a name of `BAD_ANSWERS`, or let there be none ("timeout")."""
        answer = None if how == "timeout" else BAD_ANSWERS[how]
        self._plan = _Plan(method, paths, answer, is_executed)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        plan = self._plan
        if plan is None or not plan.concerns(request):
            return await self._inner.handle_async_request(request)
        self._plan = None
        self.spoiled += 1
        response = None
        if plan.is_executed:
            response = await self._inner.handle_async_request(request)
            await response.aread()
        if plan.answer is not None:
            return plan.answer(request, response)
        if self._is_cut_short:
            raise TimeoutError
        return await asyncio.Future()  # until the client has waited long enough

    async def aclose(self) -> None:
        await self._inner.aclose()
