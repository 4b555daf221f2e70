"""
Opens, closes and mends the streams of the feeds, so that what is open follows what is used.

It never looks into a frame: that is the router's work.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Final

from nautilus_paradex.feeds.channel_state import ChannelState
from nautilus_paradex.feeds.lanes import Lane
from nautilus_paradex.feeds.market import MarketFeed, StreamState
from nautilus_paradex.feeds.router import FeedRouter
from nautilus_paradex.feeds.scope import ScopeKeeper
from nautilus_paradex.feeds.wide import ScopedChannel, WideChannel
from nautilus_paradex.protocol.errors import ParadexError
from nautilus_paradex.transport.metrics import Metrics
from nautilus_paradex.transport.websocket_errors import AckTimeoutError

if TYPE_CHECKING:
    from nautilus_paradex.feeds.connections import Connection, ConnectionPool

__all__ = ["StreamSubscriber"]

RESTARTS: Final = "streams_restarted"
REFUSALS: Final = "subscriptions_failed"
NEVER_FED: Final = "streams_never_fed"

_NS_PER_SEC: Final = 1_000_000_000
_TICK_SECS: Final = 1.0
_BROKEN_LIMIT_NS: Final = 5 * _NS_PER_SEC
_MAX_BROKEN_NS: Final = 900 * _NS_PER_SEC
# Each restart may lose what happens in between: what is only quiet is left alone for hours.
_MAX_QUIET_NS: Final = 4 * 3_600 * _NS_PER_SEC
_MAX_DOUBLINGS: Final = 10


class StreamSubscriber:
    """
    Keeps the venue's subscriptions equal to what is wanted.

    Wanted are the streams of markets, by `use`, and channels of their own, by `use_channel`. What
    the venue refuses, does not confirm or does not feed is asked for again, later and later.

    Parameters
    ----------
    pool : ConnectionPool
        The connections; each replays what is open after a reconnect by itself.
    router : FeedRouter
        Holds the feeds.
    now_ns : Callable[[], int]
        The clock that `ChannelState.seen_ns` is measured by.
    warn : Callable[[str], None]
        Takes warnings.

    """

    def __init__(
        self,
        pool: "ConnectionPool",
        router: FeedRouter,
        *,
        now_ns: Callable[[], int],
        warn: Callable[[str], None],
    ) -> None:
        self._pool = pool
        self._router = router
        self._now_ns = now_ns
        self._warn = warn
        self._shared: dict[str, ChannelState] = {}
        self._wide: dict[str, WideChannel] = {}
        self._scopes = ScopeKeeper(pool, on_refused=self._on_market_refused)
        self.metrics = Metrics((RESTARTS, REFUSALS, NEVER_FED))

    async def use(self, feed: MarketFeed, uses: int) -> None:
        """
        Begin uses of a market (bits, see `market`).

        Raises
        ------
        ParadexError
            If the venue refuses or does not answer. The use stays: `watch` tries again.

        """
        new = uses & ~feed.uses
        feed.uses |= uses
        self._router.books.begin(feed, new)
        for state in feed.serving(uses):
            await self._settle_stream(state)

    async def drop(self, feed: MarketFeed, uses: int) -> None:
        """End uses of a market. Raises as `use`."""
        feed.uses &= ~uses
        for state in feed.serving(uses):
            await self._settle_stream(state)
        self._release(feed)

    async def relist(self, feed: MarketFeed, *, is_listed: bool) -> None:
        """
        Close the streams of a market that is listed no more, or open them when it is again.

        Its uses stay in either case; without any it is forgotten. Raises as `use`.

        """
        if feed.is_listed == is_listed:
            return
        feed.is_listed = is_listed
        for state in feed.serving(feed.uses):
            await self._settle_stream(state)
        self._release(feed)

    async def use_channel(
        self,
        channel: str,
        *,
        lane: Lane = Lane.MARKETS,
        silence_secs: int | None = None,
        params: Mapping[str, object] | None = None,
    ) -> None:
        """
        Begin a use of a channel that is not one market's stream, such as ``markets``.

        Uses are counted: the first opens it, the last `drop_channel` closes it. It is confirmed,
        replayed after a lost connection and asked for again like the streams of markets. Its
        messages go to the router's listeners (`FeedRouter.add_listener`).

        Parameters
        ----------
        channel : str
            Its name.
        lane : Lane
            The connections that it may go over; channels whose frames could be taken for those of
            others have lanes of their own.
        silence_secs : int, optional
            Subscribe afresh if it is silent for longer. Whoever listens tells that it spoke with
            `heard`. None for one that may be silent for days.
        params : Mapping[str, object], optional
            Further parameters of the subscribe request. Those of the first use count.

        Raises
        ------
        ParadexError
            If the venue refuses or does not answer. The use stays: `watch` tries again.

        """
        state = self._shared.get(channel)
        if state is None:
            state = self._shared[channel] = ChannelState(channel, lane, silence_secs, params)
        state.users += 1
        await self._settle(state)

    async def drop_channel(self, channel: str) -> None:
        """End a use that `use_channel` began; without one nothing happens. Raises as that."""
        state = self._shared.get(channel)
        if state is None:
            return
        state.users = max(0, state.users - 1)
        await self._settle(state)
        # Another use may have begun while the last one ended.
        if not state.is_wanted:
            self._shared.pop(channel, None)

    def heard(self, channel: str, arrived_ns: int) -> None:
        """Note that a channel of `use_channel` spoke at `arrived_ns` (Unix ns)."""
        state = self._shared.get(channel)
        if state is not None:
            state.seen_ns = arrived_ns

    def whole_since(self, state: ChannelState) -> int | None:
        """Return since when (Unix ns) a channel has been heard without a break, None if not now."""
        if isinstance(state, StreamState) and state.wide is not None:
            # A market that joined late was not heard before.
            return _later(self.whole_since(state.wide), state.opened_ns if state.is_open else None)
        if not state.is_open or self._pool.is_coming(state):
            return None
        return state.opened_ns

    @property
    def never_fed(self) -> tuple[str, ...]:
        """Channels that the venue confirmed and that have said nothing for too long since."""
        return tuple(state.key for state in self._states() if state.is_reported and state.is_wanted)

    async def rebuild_book(self, feed: MarketFeed) -> None:
        """
        Subscribe to a broken book afresh: the way to a snapshot.

        One that was rebuilt only just now is left to `watch`, so that a book which breaks with
        each snapshot does not keep the socket busy.

        """
        if feed.book.attempts == 0:
            await self._restart(feed.book)

    async def open_waiting(self, connection: "Connection") -> None:
        """Open what waited for a connection that took long to open."""
        carried = connection.channels
        waiting = [state for state in self._states() if state.key in carried and not state.is_open]
        await asyncio.gather(*(self._try_to_settle(state) for state in waiting))

    def connection_lost(self, connection: "Connection") -> None:
        """Clear the books of a connection: nothing will keep them right until it is back."""
        carried = connection.channels
        for feed in self._router.feeds:
            if feed.book.key in carried:
                self._router.books.drop(feed)
            if feed.depth.key in carried:
                self._router.books.drop_depth(feed)

    def connection_restored(self, connection: "Connection") -> None:
        """Give every stream its full time again; what was not restored is no longer open."""
        now_ns = self._now_ns()
        carried, restored = connection.channels, connection.confirmed
        for state in self._states():
            if state.key not in carried:
                continue
            state.restart_clock(now_ns)
            if state.is_open and state.key not in restored:
                state.forget()

    def closed(self) -> None:
        """Forget what was open, and clear the books: closed connections restore nothing."""
        for state in self._states():
            state.forget()
        for feed in self._router.feeds:
            self._router.books.drop(feed)
            self._router.books.drop_depth(feed)

    async def watch(self) -> None:
        """Restart, for as long as it runs, what fell silent and what could not be opened."""
        while True:
            await asyncio.sleep(_TICK_SECS)
            await self.mend()
            await self._pool.close_empty()

    async def mend(self) -> None:
        """Look at every stream once: close what has served, restart what is due."""
        self._hear_wide_channels()
        unsettled = [
            state
            for state in self._states()
            if state.is_open and not state.is_settled and not self._pool.is_coming(state)
        ]
        await asyncio.gather(*(self._try_to_settle(state) for state in unsettled))
        for state in self._states():
            state.note_life()
        due = [state for state in self._states() if self._is_due(state)]
        for state in due:
            self._tell_of_silence(state)
        await asyncio.gather(*(self._restart(state) for state in due))

    def _states(self) -> Iterator[ChannelState]:
        for feed in self._router.feeds:
            yield from (state for state in feed.streams if state.wide is None)
        yield from self._shared.values()
        yield from self._wide.values()

    def _hear_wide_channels(self) -> None:
        # The streams of their members are what frames are counted for, in the hot path.
        for feed in self._router.feeds:
            for state in feed.streams:
                if state.wide is not None:
                    state.wide.seen_ns = max(state.wide.seen_ns, state.seen_ns)

    def _is_due(self, state: ChannelState) -> bool:
        if not state.is_wanted or state.lock.locked() or self._pool.is_coming(state):
            return False
        patience_ns = _patience_ns(state)
        return patience_ns is not None and self._now_ns() - state.seen_ns > patience_ns

    def _tell_of_silence(self, state: ChannelState) -> None:
        if not state.is_open:
            return
        silent_secs = (self._now_ns() - state.seen_ns) // _NS_PER_SEC
        if state.has_spoken and state.attempts == 0:
            self._warn(f"{state.key} silent for {silent_secs} s, restarting it")
        elif not state.has_spoken and not state.is_reported:
            state.is_reported = True
            self.metrics.count(NEVER_FED)
            self._warn(
                f"{state.key} was confirmed by the venue, which has sent nothing for it since, for "
                f"{silent_secs} s: asking for it again, less and less often"
            )

    async def _restart(self, state: ChannelState) -> None:
        self.metrics.count(RESTARTS)
        state.attempts += 1
        await self._try_to_settle(state, restart=True)

    async def _try_to_settle(self, state: ChannelState, *, restart: bool = False) -> None:
        try:
            await self._settle(state, restart=restart)
        except ParadexError as exc:
            self._warn(f"{state.key} could not be opened, trying again: {exc}")

    def _release(self, feed: MarketFeed) -> None:
        # A market that is listed keeps its feed, so that a late frame of it is no unknown one.
        if not feed.is_listed and not feed.uses:
            self._router.remove(feed)

    async def _settle_stream(self, state: StreamState) -> None:
        if state.wide is None:
            await self._settle(state)
            return
        self._join_or_leave(state, state.wide)
        await self._settle(state.wide)

    def _join_or_leave(self, state: StreamState, wide: WideChannel) -> None:
        symbol = state.feed.symbol
        if not state.is_wanted:
            state.is_open = False
            wide.members.discard(symbol)
        elif symbol not in wide.members:
            state.restart_clock(self._now_ns())
            state.is_open = True
            wide.members.add(symbol)
            self._wide[wide.key] = wide

    async def _settle(self, state: ChannelState, *, restart: bool = False) -> None:
        async with state.lock:
            if state.is_asked_for and (not state.is_wanted or (state.is_open and restart)):
                await self._close(state)
            if state.is_wanted and not state.is_open:
                await self._open(state)
            if state.is_open and isinstance(state, ScopedChannel):
                await self._adjust(state)

    async def _adjust(self, state: ScopedChannel) -> None:
        try:
            await self._scopes.adjust(state)
        except AckTimeoutError:
            # Which markets it follows is unknown now: it is opened afresh.
            await self._close(state)
            raise

    def _on_market_refused(self, what: str) -> None:
        self.metrics.count(REFUSALS)
        self._warn(what)

    async def _close(self, state: ChannelState) -> None:
        state.is_asked_for = state.is_open = False
        if not state.is_wanted:
            state.forget()
        if isinstance(state, ScopedChannel):
            state.scope.clear()
        if isinstance(state, StreamState):
            # Changes still under way belong to the old subscription, and a new one may fail.
            self._drop_what_it_kept(state.feed, state)
        try:
            await self._pool.unsubscribe(state)
        except ParadexError as exc:
            # The socket will not replay the channel any more, and late frames find no use.
            self.metrics.count(REFUSALS)
            self._warn(f"{state.key} could not be unsubscribed: {exc}")

    def _drop_what_it_kept(self, feed: MarketFeed, state: StreamState) -> None:
        if state is feed.book:
            self._router.books.drop(feed)
        elif state is feed.depth:
            self._router.books.drop_depth(feed)

    async def _open(self, state: ChannelState) -> None:
        state.restart_clock(self._now_ns())
        state.is_asked_for = True
        try:
            await self._pool.subscribe(state)
        except ParadexError:
            self.metrics.count(REFUSALS)
            if isinstance(state, ScopedChannel):
                state.scope.clear()
            raise
        # What was told before the confirmation may have been told to nobody here.
        state.opened_ns = self._now_ns()
        state.is_open = True


def _later(first: int | None, second: int | None) -> int | None:
    return None if first is None or second is None else max(first, second)


def _patience_ns(state: ChannelState) -> int | None:
    """How long a stream may be silent: longer each time that restarting it changed nothing."""
    # What is not open, or waits for its snapshot, is broken rather than quiet.
    if state.is_broken:
        limit_ns, max_ns = _BROKEN_LIMIT_NS, _MAX_BROKEN_NS
    elif state.silence_secs is not None:
        limit_ns, max_ns = state.silence_secs * _NS_PER_SEC, _MAX_QUIET_NS
    else:
        return None
    return min(limit_ns << min(state.attempts, _MAX_DOUBLINGS), max_ns)
