"""
Opens, closes and mends the streams of the feeds, so that what is open follows what is used.

It never looks into a frame: that is the router's work.
"""

import asyncio
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

from nautilus_paradex.feeds.market import MarketFeed, StreamState
from nautilus_paradex.feeds.router import FeedRouter
from nautilus_paradex.protocol.errors import ParadexError
from nautilus_paradex.transport.metrics import Metrics

if TYPE_CHECKING:
    from nautilus_paradex.transport.websocket import ParadexWebSocketClient

__all__ = ["StreamSubscriber"]

RESTARTS: Final = "streams_restarted"
REFUSALS: Final = "subscriptions_failed"

_NS_PER_SEC: Final = 1_000_000_000
_TICK_SECS: Final = 1.0
_BROKEN_LIMIT_NS: Final = 5 * _NS_PER_SEC
_MAX_BROKEN_NS: Final = 900 * _NS_PER_SEC
# Each restart may lose what happens in between: what is only quiet is left alone for hours.
_MAX_QUIET_NS: Final = 4 * 3_600 * _NS_PER_SEC
_MAX_DOUBLINGS: Final = 10


class StreamSubscriber:
    """
    Keeps the socket's subscriptions equal to what the feeds want.

    Parameters
    ----------
    socket : ParadexWebSocketClient
        The connection; it replays what is open after a reconnect by itself.
    router : FeedRouter
        Holds the feeds.
    now_ns : Callable[[], int]
        The clock that `StreamState.seen_ns` is measured by.
    warn : Callable[[str], None]
        Takes warnings.

    """

    def __init__(
        self,
        socket: "ParadexWebSocketClient",
        router: FeedRouter,
        *,
        now_ns: Callable[[], int],
        warn: Callable[[str], None],
    ) -> None:
        self._socket = socket
        self._router = router
        self._now_ns = now_ns
        self._warn = warn
        self.metrics = Metrics((RESTARTS, REFUSALS))

    async def use(self, feed: MarketFeed, use: int) -> None:
        """
        Begin a use of a market.

        Raises
        ------
        ParadexError
            If the venue refuses or does not answer. The use stays: `watch` tries again.

        """
        feed.uses |= use
        await self._settle(feed, feed.serving(use))

    async def drop(self, feed: MarketFeed, use: int) -> None:
        """End a use of a market. Raises as `use`."""
        feed.uses &= ~use
        await self._settle(feed, feed.serving(use))

    async def rebuild_book(self, feed: MarketFeed) -> None:
        """
        Subscribe to a broken book afresh: the way to a snapshot.

        One that was rebuilt only just now is left to `watch`, so that a book which breaks with
        each snapshot does not keep the socket busy.

        """
        if feed.book.attempts == 0:
            await self._restart(feed, feed.book)

    def connection_lost(self) -> None:
        """Clear the books: nothing will keep them right until the streams are back."""
        self._router.drop_books()

    def connection_restored(self) -> None:
        """Give every stream its full time again; what was not restored is no longer open."""
        now_ns = self._now_ns()
        restored = frozenset(self._socket.subscriptions)
        for state in self._states():
            state.restart_clock(now_ns)
            if state.is_open and state.channel not in restored:
                state.forget()

    def connection_closed(self) -> None:
        """Forget what was open, and clear the books: a closed socket restores nothing."""
        self._router.drop_books()
        for state in self._states():
            state.forget()

    async def watch(self) -> None:
        """Restart, for as long as it runs, what fell silent and what could not be opened."""
        while True:
            await asyncio.sleep(_TICK_SECS)
            if self._socket.is_connected:
                await self.mend()

    async def mend(self) -> None:
        """Look at every stream once."""
        for feed in self._router.feeds:
            for state in feed.streams:
                await self._look_at(feed, state)

    def _states(self) -> Iterator[StreamState]:
        for feed in self._router.feeds:
            yield from feed.streams

    async def _look_at(self, feed: MarketFeed, state: StreamState) -> None:
        if not feed.wants(state) or state.lock.locked():
            return
        if state.is_alive:
            state.attempts = 0
        silent_ns = self._now_ns() - state.seen_ns
        if silent_ns <= _patience_ns(feed, state):
            return
        if state.is_open and state.attempts == 0:
            self._warn(f"{state.channel} silent for {silent_ns // _NS_PER_SEC} s, restarting it")
        await self._restart(feed, state)

    async def _restart(self, feed: MarketFeed, state: StreamState) -> None:
        self.metrics.count(RESTARTS)
        state.attempts += 1
        try:
            await self._settle(feed, state, restart=True)
        except ParadexError as exc:
            self._warn(f"{state.channel} could not be restarted, trying again: {exc}")

    async def _settle(
        self,
        feed: MarketFeed,
        state: StreamState,
        *,
        restart: bool = False,
    ) -> None:
        async with state.lock:
            if state.is_open and (restart or not feed.wants(state)):
                await self._close(feed, state)
            if feed.wants(state) and not state.is_open:
                await self._open(feed, state)

    async def _close(self, feed: MarketFeed, state: StreamState) -> None:
        state.is_open = False
        if state is feed.book:
            # Changes still under way belong to the old subscription, and a new one may fail.
            self._router.drop_book(feed)
        try:
            await self._socket.unsubscribe(state.channel)
        except ParadexError as exc:
            # The socket will not replay the channel any more, and late frames find no use.
            self.metrics.count(REFUSALS)
            self._warn(f"{state.channel} could not be unsubscribed: {exc}")

    async def _open(self, feed: MarketFeed, state: StreamState) -> None:
        state.restart_clock(self._now_ns())
        try:
            await self._socket.subscribe(state.channel)
        except ParadexError:
            self.metrics.count(REFUSALS)
            raise
        state.is_open = True


def _patience_ns(feed: MarketFeed, state: StreamState) -> int:
    """How long a stream may be silent: longer each time that restarting it changed nothing."""
    # What is not open, or waits for its snapshot, is broken rather than quiet.
    broken = not state.is_open or (state is feed.book and feed.book_sequence.is_waiting)
    limit_ns = _BROKEN_LIMIT_NS if broken else state.stream.silence_secs * _NS_PER_SEC
    max_ns = _MAX_BROKEN_NS if broken else _MAX_QUIET_NS
    return min(limit_ns << min(state.attempts, _MAX_DOUBLINGS), max_ns)
