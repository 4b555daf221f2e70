"""The bounded queue between the socket and `recv`: the oldest frame gives way, never the socket."""

import asyncio
from collections import deque

__all__ = ["Inbox"]


class Inbox[T]:
    """
    A queue that drops its oldest item when full.

    Stopping to read instead would make the venue cut the connection (about 2,000 unread messages,
    source: api-notes), which costs more than one old frame.

    Parameters
    ----------
    capacity : int
        Number of items kept.

    """

    def __init__(self, capacity: int) -> None:
        if capacity < 1:
            raise ValueError(f"inbox capacity must be at least 1, was {capacity}")
        self._items: deque[T] = deque(maxlen=capacity)
        self._waiters: deque[asyncio.Future[None]] = deque()
        self._closed = False

    def __len__(self) -> int:
        return len(self._items)

    def put(self, item: T) -> bool:
        """Append `item` and wake one waiter. True if the oldest item had to give way."""
        overflows = len(self._items) == self._items.maxlen
        self._items.append(item)
        self._wake_one()
        return overflows

    def close(self) -> None:
        """Forget what is queued and end every wait."""
        self._closed = True
        self._items.clear()
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)

    def reopen(self) -> None:
        """Accept items again after `close`."""
        self._closed = False

    def pop(self) -> T | None:
        """Take the oldest item, if there is one."""
        return self._items.popleft() if self._items else None

    async def get(self) -> T | None:
        """Wait for the oldest item. None once the inbox is closed."""
        while not self._items and not self._closed:
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiters.append(waiter)
            try:
                await waiter
            except asyncio.CancelledError:
                if waiter.done() and not waiter.cancelled():
                    self._wake_one()  # the wake-up was meant for somebody who still waits
                raise
            finally:
                self._waiters.remove(waiter)
        return self.pop()

    def _wake_one(self) -> None:
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)
                return
