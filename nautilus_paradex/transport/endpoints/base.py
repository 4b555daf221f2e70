"""What the groups of endpoints share: the caller, and how reads and paths are written."""

from urllib.parse import quote

from nautilus_paradex.transport.call import Call
from nautilus_paradex.transport.rate_limit import RateClass
from nautilus_paradex.transport.rest_caller import RestCaller

__all__ = ["Endpoints", "page_params", "segment"]


class Endpoints:
    """Base of a group of endpoints."""

    _caller: RestCaller

    async def _read_public[T](self, path: str, reply: type[T], **params: str | int | None) -> T:
        call = Call("GET", path, RateClass.PUBLIC, params, repeatable=True)
        return await self._caller.fetch(call, reply)

    async def _read_private[T](self, path: str, reply: type[T], **params: str | int | None) -> T:
        call = Call("GET", path, RateClass.PRIVATE, params, private=True, repeatable=True)
        return await self._caller.fetch(call, reply)


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
