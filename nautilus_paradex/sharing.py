"""
REST clients, instrument providers and limits that several clients of a node use together.

Which one belongs to whom is decided by `factories`; here is only how they are kept and let go.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Final

from nautilus_paradex.transport.errors import ClientClosedError
from nautilus_paradex.transport.http import ParadexHttpClient
from nautilus_paradex.transport.reconnect import ConnectLimiter
from nautilus_paradex.transport.system_state import SystemStateReader

__all__ = [
    "BoundedCache",
    "SharedHttpClient",
    "shared_connect_limiter",
    "shared_system_state",
]

_CACHE_LIMIT: Final = 16


class SharedHttpClient(ParadexHttpClient):
    """
    A REST client that closes with the last of its users.

    Each user awaits `start` once and `close` once. A client that is closed stays closed: the
    clients of a node connect once in their life, a node that is to run again is built again.

    """

    _users = 0
    _closed = False

    @property
    def is_closed(self) -> bool:
        """Whether its last user closed it."""
        return self._closed

    async def start(self) -> None:
        """
        Begin a use. Whatever it raises, the use counts.

        Raises
        ------
        ClientClosedError
            If the last user closed it.
        RequestError
            If the venue cannot be reached.

        """
        self._users += 1
        if self._closed:
            raise ClientClosedError(
                "the REST client was closed with its last user and cannot be opened again: "
                "build a new node to connect again",
            )
        await super().start()

    async def close(self) -> None:
        """End a use; the last one closes the connections."""
        self._users = max(0, self._users - 1)
        if self._users == 0:
            self._closed = True
            await super().close()


class BoundedCache[K: Hashable, V]:
    """
    Keeps the values that were used last.

    What falls out lives on with whoever holds it; it is only not handed out again.

    """

    def __init__(self, limit: int = _CACHE_LIMIT) -> None:
        self._limit = limit
        self._values: OrderedDict[tuple[asyncio.AbstractEventLoop | None, K], V] = OrderedDict()

    def __len__(self) -> int:
        return len(self._values)

    def get_or_build(
        self,
        loop: asyncio.AbstractEventLoop | None,
        key: K,
        build: Callable[[], V],
        *,
        is_usable: Callable[[V], bool] = lambda _: True,
    ) -> V:
        """
        Return the value of `key` in `loop`, building it if there is none that is usable.

        Values of loops that were closed are forgotten on the way.

        """
        self._forget_closed_loops()
        entry = (loop, key)
        value = self._values.get(entry)
        if value is None or not is_usable(value):
            value = self._values[entry] = build()
        self._values.move_to_end(entry)
        while len(self._values) > self._limit:
            self._values.popitem(last=False)
        return value

    def _forget_closed_loops(self) -> None:
        gone = [entry for entry in self._values if entry[0] is not None and entry[0].is_closed()]
        for entry in gone:
            del self._values[entry]


_CONNECT_LIMITERS: Final[BoundedCache[None, ConnectLimiter]] = BoundedCache()
_SYSTEM_STATES: Final[BoundedCache[str, SystemStateReader]] = BoundedCache()


def shared_connect_limiter(loop: asyncio.AbstractEventLoop) -> ConnectLimiter:
    """Return the limiter of all WebSocket connects in `loop`: the venue counts them per IP."""
    return _CONNECT_LIMITERS.get_or_build(loop, None, ConnectLimiter)


def shared_system_state(loop: asyncio.AbstractEventLoop, url: str) -> SystemStateReader:
    """Return what asks the venue at `url` for its state, for all clients in `loop`."""
    return _SYSTEM_STATES.get_or_build(loop, url, SystemStateReader)
