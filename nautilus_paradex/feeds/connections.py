"""
The connections of the data client: which channel goes over which, opened when needed.

It moves no frame and knows no market: what a channel is for is decided in `subscriber`, what a
frame means in `router`. Each connection keeps itself up (`transport.websocket`).
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from nautilus_paradex.feeds.channel_state import ChannelState
from nautilus_paradex.feeds.lanes import Lane
from nautilus_paradex.protocol import channels
from nautilus_paradex.protocol.errors import ParadexError
from nautilus_paradex.transport.reconnect import Backoff
from nautilus_paradex.transport.websocket_errors import AckTimeoutError, NotConnectedError
from nautilus_paradex.transport.websocket_metrics import is_worth_logging

if TYPE_CHECKING:
    from nautilus_paradex.transport.websocket import ParadexWebSocketClient

__all__ = ["Connection", "ConnectionEvents", "ConnectionPool", "SocketFactory"]

# Our choices: the venue documents no limit on requests over the socket.
_MAX_REQUESTS_IN_FLIGHT: Final = 20
_CONNECT_WAIT_SECS: Final = 10.0
_CONNECT_DELAY_INITIAL_SECS: Final = 0.25
_CONNECT_DELAY_MAX_SECS: Final = 30.0
# The venue closes a connection without channels (4031). Until then a restart may still use it.
_EMPTY_LINGER_SECS: Final = 10.0


class SocketFactory(Protocol):
    """Makes the client of one connection, not yet connected."""

    def __call__(self, connection: "Connection") -> "ParadexWebSocketClient":
        """Make it: handler by ``connection.lane``, events to the methods of `connection`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionEvents:
    """
    Who is told what becomes of a connection.

    Parameters
    ----------
    opened : Callable[[Connection], None]
        It is open for the first time, without subscriptions.
    lost : Callable[[Connection], None]
        It was lost; it comes back by itself.
    restored : Callable[[Connection], None]
        It is back, its subscriptions confirmed or given up.
    failed : Callable[[Connection, Exception], None]
        Something failed that no caller waits for; it is tried again.

    """

    opened: Callable[["Connection"], None]
    lost: Callable[["Connection"], None]
    restored: Callable[["Connection"], None]
    failed: Callable[["Connection", Exception], None]


class Connection:
    """
    One connection of the pool and the channels that have their home on it, each by its key.

    Parameters
    ----------
    lane : Lane
        What its frames mean.
    number : int
        Counts the connections of a pool, for the log.
    make_socket : SocketFactory
        Makes its client.
    events : ConnectionEvents
        Who is told of it.

    """

    def __init__(
        self,
        lane: Lane,
        number: int,
        make_socket: SocketFactory,
        events: ConnectionEvents,
    ) -> None:
        self.lane = lane
        self.name = f"{lane.value} #{number}"
        self._names: dict[str, str] = {}
        self._events = events
        self._socket = make_socket(self)
        self._slots = asyncio.Semaphore(_MAX_REQUESTS_IN_FLIGHT)
        self._backoff = Backoff(_CONNECT_DELAY_INITIAL_SECS, _CONNECT_DELAY_MAX_SECS)
        self._is_open = asyncio.Event()
        self._opening: asyncio.Task[None] | None = None
        self._empty_since: float | None = None

    @property
    def encoding(self) -> str:
        """What its frames are encoded in, for the log."""
        version = self._socket.schema_version
        return "JSON" if version is None else f"SBE schema version {version}"

    @property
    def channels(self) -> frozenset[str]:
        """The keys of the channels that have their home here."""
        return frozenset(self._names)

    @property
    def confirmed(self) -> frozenset[str]:
        """The keys of those that the venue confirmed."""
        names = frozenset(self._socket.subscriptions)
        return frozenset(key for key, name in self._names.items() if name in names)

    @property
    def is_coming(self) -> bool:
        """Whether it is being opened, or opened again, without anybody asking."""
        return (self._opening is not None and not self._is_open.is_set()) or (
            self._socket.is_returning
        )

    def has_room_for(self, channel: str, max_channels: int) -> bool:
        """Whether it can carry one more: each name, and a market's book, only once (api-notes)."""
        if len(self._names) >= max_channels or channel in self._names.values():
            return False
        market = _book_market(channel)
        return market is None or all(_book_market(name) != market for name in self._names.values())

    def take(self, state: ChannelState) -> None:
        """Become the home of a channel."""
        self._names[state.key] = state.channel
        self._empty_since = None

    def release(self, state: ChannelState) -> None:
        """Be its home no longer."""
        self._names.pop(state.key, None)
        if not self._names:
            self._empty_since = time.monotonic()

    def has_been_empty_for(self, secs: float) -> bool:
        """Whether it has carried nothing for so long."""
        return self._empty_since is not None and time.monotonic() - self._empty_since >= secs

    async def subscribe(self, state: ChannelState) -> None:
        """Subscribe, opening the connection first. Raises as `ConnectionPool.subscribe`."""
        await self._opened()
        async with self._slots:
            await self._socket.subscribe(state.channel, **state.request_params)

    async def unsubscribe(self, state: ChannelState) -> None:
        """Unsubscribe; nothing to do if it never opened. Raises as `subscribe`."""
        if self._is_open.is_set():
            async with self._slots:
                await self._socket.unsubscribe(state.channel)

    async def modify(self, state: ChannelState, add: Sequence[str], remove: Sequence[str]) -> None:
        """Change the markets of a scoped channel. Raises as `subscribe`."""
        async with self._slots:
            await self._socket.modify_subscription(state.channel, add=add, remove=remove)

    async def close(self) -> None:
        """Close it for good."""
        if self._opening is not None:
            self._opening.cancel()
            await asyncio.wait({self._opening})
        await self._socket.close()

    # What its client tells.

    def on_disconnected(self) -> None:
        """Take the news that the connection was lost."""
        self._events.lost(self)

    async def on_reconnected(self) -> None:
        """Take the news that it is back."""
        self._events.restored(self)

    def on_error(self, error: Exception) -> None:
        """Take the news of what nobody waits for."""
        self._events.failed(self, error)

    async def _opened(self) -> None:
        if self._opening is None:
            self._opening = asyncio.create_task(self._open(), name="paradex-websocket-first-open")
        try:
            async with asyncio.timeout(_CONNECT_WAIT_SECS):
                await self._is_open.wait()
        except TimeoutError:
            raise NotConnectedError(
                f"connection {self.name} could not be opened within {_CONNECT_WAIT_SECS} s: "
                "it is tried again"
            ) from None

    async def _open(self) -> None:
        failures = 0
        while True:
            try:
                await self._socket.connect()
            except ParadexError as exc:
                failures += 1
                if is_worth_logging(failures):
                    self._events.failed(self, exc)
                await asyncio.sleep(self._backoff.next_delay())
            else:
                break
        self._is_open.set()
        self._events.opened(self)


class ConnectionPool:
    """
    Spreads channels over connections.

    Connections are opened with their first channel and closed when they carry none. Within a lane
    one is filled before the next is opened.

    Parameters
    ----------
    make_socket : SocketFactory
        Makes the client of a connection.
    events : ConnectionEvents
        Who is told what becomes of connections.
    max_channels_per_connection : int
        After so many channels the next connection is opened.

    """

    def __init__(
        self,
        make_socket: SocketFactory,
        events: ConnectionEvents,
        *,
        max_channels_per_connection: int,
    ) -> None:
        self._make_socket = make_socket
        self._events = events
        self._max_channels = max_channels_per_connection
        self._connections: list[Connection] = []
        self._homes: dict[str, Connection] = {}
        self._made = 0
        self._is_open = False

    @property
    def connections(self) -> tuple[Connection, ...]:
        """The connections there are."""
        return tuple(self._connections)

    @property
    def channels(self) -> tuple[str, ...]:
        """The keys of the channels that the venue confirmed, on all connections."""
        return tuple(name for each in self._connections for name in sorted(each.confirmed))

    def open(self) -> None:
        """Allow connections. None is opened before it is needed."""
        self._is_open = True

    def is_coming(self, state: ChannelState) -> bool:
        """Whether the connection of a channel is coming (back) by itself: wait for it."""
        home = self._homes.get(state.key)
        return home is not None and home.is_coming

    async def subscribe(self, state: ChannelState) -> None:
        """
        Subscribe to a channel and wait for the confirmation.

        Raises
        ------
        RpcError
            If the venue refuses.
        AckTimeoutError
            If it does not confirm.
        NotConnectedError
            If the pool is not open, or the connection does not open in time: that is tried again,
            and `ConnectionEvents.opened` tells of success.

        """
        if not self._is_open:
            raise NotConnectedError(f"{state.channel}: the data client is not connected")
        home = self._homes.get(state.key)
        if home is None:
            home = self._homes[state.key] = self._room(state)
            home.take(state)
        await home.subscribe(state)

    async def modify(self, state: ChannelState, add: Sequence[str], remove: Sequence[str]) -> None:
        """Change the markets of a scoped channel that is open. Raises as `subscribe`."""
        home = self._homes.get(state.key)
        if home is None:
            raise NotConnectedError(f"{state.channel}: not subscribed")
        await home.modify(state, add, remove)

    async def unsubscribe(self, state: ChannelState) -> None:
        """
        Unsubscribe from a channel. Raises as `subscribe`.

        One whose end was not confirmed keeps its home: it may still speak, and asking for it
        elsewhere would have it speak twice.

        """
        home = self._homes.get(state.key)
        if home is None:
            return
        try:
            await home.unsubscribe(state)
        except AckTimeoutError:
            raise
        except ParadexError:
            self._release(state, home)
            raise
        self._release(state, home)

    async def close_empty(self) -> None:
        """Close the connections that have carried nothing for a while."""
        empty = [each for each in self._connections if each.has_been_empty_for(_EMPTY_LINGER_SECS)]
        for connection in empty:
            self._connections.remove(connection)
        for connection in empty:
            await connection.close()

    async def close(self) -> None:
        """Close every connection. The pool may be opened again."""
        self._is_open = False
        connections, self._connections = self._connections, []
        self._homes.clear()
        await asyncio.gather(*(connection.close() for connection in connections))

    def _room(self, state: ChannelState) -> Connection:
        for connection in self._connections:
            if connection.lane is state.lane and connection.has_room_for(
                state.channel, self._max_channels
            ):
                return connection
        self._made += 1
        connection = Connection(state.lane, self._made, self._make_socket, self._events)
        self._connections.append(connection)
        return connection

    def _release(self, state: ChannelState, home: Connection) -> None:
        home.release(state)
        if self._homes.get(state.key) is home:
            del self._homes[state.key]


def _book_market(channel: str) -> str | None:
    name = channels.split(channel)
    return name.market if name.topic == "order_book" else None
