"""What the groups of endpoints share: the caller, and how calls and paths are written."""

from typing import Final
from urllib.parse import quote

import msgspec

from nautilus_paradex.transport.call import Call, Params
from nautilus_paradex.transport.rate_limit import RateClass
from nautilus_paradex.transport.rest_caller import RestCaller

__all__ = ["Endpoints", "command", "page_params", "segment"]


_WAITING_PART: Final = 0.9  # of the receive window; the rest is for the way to the venue


class Endpoints:
    """Base of a group of endpoints."""

    _caller: RestCaller

    async def _read_public[T](self, path: str, reply: type[T], **params: str | int | None) -> T:
        call = Call("GET", path, RateClass.PUBLIC, params, repeatable=True)
        return await self._caller.fetch(call, reply)

    async def _read_private[T](self, path: str, reply: type[T], **params: str | int | None) -> T:
        call = Call("GET", path, RateClass.PRIVATE, params, private=True, repeatable=True)
        return await self._caller.fetch(call, reply)


def command(
    method: str,
    path: str,
    body: object = None,
    *,
    params: Params | None = None,
    recv_window_ms: int | None = None,
) -> Call:
    """
    Return the call of an order command: it is never repeated where it may have been executed.

    Parameters
    ----------
    recv_window_ms : int, optional
        How long after its signature the venue takes it. It does not wait until that has passed.
    """
    return Call(
        method,
        path,
        RateClass.ORDERS,
        params=params or {},
        content=None if body is None else msgspec.json.encode(body),
        private=True,
        max_wait_secs=None if recv_window_ms is None else _WAITING_PART * recv_window_ms / 1_000,
    )


def page_params(
    start_at_ms: int | None,
    end_at_ms: int | None,
    page_size: int | None,
    cursor: str | None,
) -> dict[str, str | int | None]:
    """Return the query that all paged lists share."""
    return {
        "start_at": start_at_ms,
        "end_at": end_at_ms,
        "page_size": page_size,
        "cursor": cursor,
    }


def segment(text: str) -> str:
    """Return text as one part of a path."""
    return quote(text, safe="")
