"""What the groups of endpoints share: the caller, and how calls and paths are written."""

from typing import Final
from urllib.parse import quote

import msgspec

from nautilus_paradex.protocol.enums import ErrorCode
from nautilus_paradex.protocol.rest import Page, Results
from nautilus_paradex.transport.acting_account import ActingAccount, Owned
from nautilus_paradex.transport.call import Call, Params
from nautilus_paradex.transport.errors import NotFoundError
from nautilus_paradex.transport.rate_limit import RateClass
from nautilus_paradex.transport.rest_caller import RestCaller

__all__ = ["Endpoints", "command", "longest_wait_secs", "page_params", "segment"]

_WAITING_PART: Final = 0.9  # of the receive window; the rest is for the way to the venue
_MS_PER_SEC: Final = 1_000
_CANCELLING: Final = "DELETE"


class Endpoints:
    """Base of a group of endpoints."""

    _caller: RestCaller
    acting_account: ActingAccount

    async def _read_list[T: Owned](
        self, path: str, reply: type[Results[T]], **params: str | int | None
    ) -> list[T]:
        """Return a whole list without the entries of other accounts."""
        return self.acting_account.own((await self._read_private(path, reply, **params)).results)

    async def _read_page[T: Owned](
        self, path: str, reply: type[Page[T]], **params: str | int | None
    ) -> Page[T]:
        """Return a page without the entries of other accounts."""
        return self.acting_account.own_page(await self._read_private(path, reply, **params))

    async def _read_own[T: Owned](self, path: str, reply: type[T]) -> T:
        """Return one entry; one of another account is none of the client's."""
        entry = await self._read_private(path, reply)
        if not self.acting_account.owns(entry.account):
            raise NotFoundError(404, ErrorCode.NOT_FOUND, f"{path} belongs to another account")
        return entry

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

    Cancels go before orders that wait for their turn: what is to end trades on until then.

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
        is_urgent=method == _CANCELLING,
        max_wait_secs=longest_wait_secs(recv_window_ms),
    )


def longest_wait_secs(recv_window_ms: int | None) -> float | None:
    """Return how long a command may wait for its turn by its receive window; None: any time."""
    return None if recv_window_ms is None else _WAITING_PART * recv_window_ms / _MS_PER_SEC


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
