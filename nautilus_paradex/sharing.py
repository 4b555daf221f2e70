"""
REST clients and instrument providers that several clients of a node use together.

Which one belongs to whom is decided by `factories`; here is only how they are kept and let go.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Final

from nautilus_paradex.transport.http import ParadexHttpClient

__all__ = ["BoundedCache", "SharedHttpClient"]

_CACHE_LIMIT: Final = 16


class SharedHttpClient(ParadexHttpClient):
    """
    A REST client that closes with the last of its users.

    Each user awaits `start` once and `close` once. A client that is closed stays closed.

    """

    _users = 0
    _closed = False

    @property
    def is_closed(self) -> bool:
        """Whether its last user closed it."""
        return self._closed

    async def start(self) -> None:
        """Begin a use. Raises as `ParadexHttpClient.start`; the use counts all the same."""
        self._users += 1
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
