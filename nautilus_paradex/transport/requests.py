"""Requests that wait for their answer, by id. No sockets: whoever reads the wire resolves them."""

import asyncio
import itertools
from collections.abc import Iterator
from contextlib import contextmanager

from nautilus_paradex.protocol.rpc import RequestId, Response

__all__ = ["PendingRequests"]


class PendingRequests:
    """Hands out request ids and keeps a future for each until it is answered or given up."""

    def __init__(self) -> None:
        self._ids = itertools.count(1)
        self._waiting: dict[RequestId, asyncio.Future[Response]] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    @contextmanager
    def expect(self) -> Iterator[tuple[int, asyncio.Future[Response]]]:
        """Reserve an id and its future; both are given back on leaving, whatever happened."""
        request_id = next(self._ids)
        future: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        self._waiting[request_id] = future
        try:
            yield request_id, future
        finally:
            del self._waiting[request_id]
            if future.done() and not future.cancelled():
                future.exception()  # seen: nobody may be left to await it
            future.cancel()

    def resolve(self, response: Response) -> bool:
        """Give `response` to whoever waits for it. False if nobody does."""
        future = None if response.id is None else self._waiting.get(response.id)
        if future is None or future.done():
            return False
        future.set_result(response)
        return True

    def fail_all(self, error: Exception) -> None:
        """End every wait with `error`: the connection is gone."""
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(error)
