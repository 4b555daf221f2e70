"""Which channel goes over which connection, and what becomes of connections that do not open."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from nautilus_paradex.feeds import connections
from nautilus_paradex.feeds.channel_state import ChannelState
from nautilus_paradex.feeds.connections import Connection, ConnectionEvents, ConnectionPool
from nautilus_paradex.feeds.lanes import Lane
from nautilus_paradex.protocol.rpc import RpcError
from nautilus_paradex.transport.websocket_errors import (
    AckTimeoutError,
    ConnectError,
    NotConnectedError,
)
from tests.support import eventually


@dataclass
class Socket:
    """A client that opens when it may, and confirms, refuses or stays silent."""

    connection: Connection
    venue: "Venue"
    is_connected: bool = False
    is_closed: bool = False
    is_returning: bool = False
    schema_version: int | None = 2
    subscriptions: list[str] = field(default_factory=list)
    asking: int = 0

    async def connect(self) -> None:
        self.venue.attempts += 1
        if self.venue.failures > 0:
            self.venue.failures -= 1
            raise ConnectError("refused")
        self.is_connected = True

    async def subscribe(self, channel: str, **params: object) -> None:
        assert self.is_connected
        self.asking += 1
        self.venue.most_asking = max(self.venue.most_asking, self.asking)
        await asyncio.sleep(0)
        self.asking -= 1
        if channel in self.venue.refused:
            raise RpcError(-32600, "invalid subscribe request")
        self.subscriptions.append(channel)

    async def unsubscribe(self, channel: str) -> None:
        if channel in self.venue.unconfirmed:
            raise AckTimeoutError("no answer")
        self.subscriptions.remove(channel)

    async def close(self) -> None:
        self.is_closed = True


@dataclass
class Venue:
    """Where sockets connect to, and what was told of them."""

    failures: int = 0
    refused: set[str] = field(default_factory=set)
    unconfirmed: set[str] = field(default_factory=set)
    attempts: int = 0
    most_asking: int = 0
    sockets: list[Socket] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    def make_socket(self, connection: Connection) -> Socket:
        self.sockets.append(Socket(connection, self))
        return self.sockets[-1]

    def carried(self) -> list[list[str]]:
        return [socket.subscriptions for socket in self.sockets]


def state(channel: str, lane: Lane = Lane.MARKETS, **params: object) -> ChannelState:
    return ChannelState(channel, lane, None, params)


@pytest.fixture
def venue() -> Venue:
    return Venue()


@pytest.fixture
async def pool(venue: Venue) -> AsyncIterator[ConnectionPool]:
    pool = ConnectionPool(
        venue.make_socket,  # type: ignore[arg-type]
        ConnectionEvents(
            opened=lambda each: venue.told.append(f"opened {each.name}"),
            lost=lambda each: venue.told.append(f"lost {each.name}"),
            restored=lambda each: venue.told.append(f"restored {each.name}"),
            failed=lambda each, error: venue.told.append(f"failed {each.name}: {error}"),
        ),
        max_channels_per_connection=3,
    )
    pool.open()
    yield pool
    await pool.close()


class TestSpreading:
    async def test_no_connection_is_opened_before_it_is_needed(
        self, pool: ConnectionPool, venue: Venue
    ) -> None:
        assert venue.attempts == 0

        await pool.subscribe(state("bbo.A", Lane.MARKETS))

        assert venue.attempts == 1
        assert venue.told == ["opened markets #1"]

    async def test_a_full_connection_is_followed_by_the_next(
        self, pool: ConnectionPool, venue: Venue
    ) -> None:
        for number in range(7):
            await pool.subscribe(state(f"bbo.{number}", Lane.MARKETS))

        assert [len(channels) for channels in venue.carried()] == [3, 3, 1]
        assert pool.channels == tuple(f"bbo.{number}" for number in range(7))

    async def test_what_becomes_free_is_used_again(
        self, pool: ConnectionPool, venue: Venue
    ) -> None:
        for number in range(4):
            await pool.subscribe(state(f"bbo.{number}", Lane.MARKETS))

        await pool.unsubscribe(state("bbo.1"))
        await pool.subscribe(state("bbo.4", Lane.MARKETS))

        assert venue.carried() == [["bbo.0", "bbo.2", "bbo.4"], ["bbo.3"]]

    async def test_lanes_share_no_connection(self, pool: ConnectionPool, venue: Venue) -> None:
        for lane in Lane:
            await pool.subscribe(state(f"x.{lane}", lane))

        assert [len(channels) for channels in venue.carried()] == [1] * len(Lane)
        assert {socket.connection.lane for socket in venue.sockets} == set(Lane)

    async def test_a_connection_carries_one_book_of_a_market(
        self, pool: ConnectionPool, venue: Venue
    ) -> None:
        await pool.subscribe(state("order_book.A.interactive_deltas", Lane.INTERACTIVE))
        await pool.subscribe(state("order_book.B.interactive_deltas", Lane.INTERACTIVE))
        await pool.subscribe(state("order_book.A.interactive@15@50ms", Lane.INTERACTIVE))

        assert [len(channels) for channels in venue.carried()] == [2, 1]

    async def test_a_connection_carries_a_name_once(
        self, pool: ConnectionPool, venue: Venue
    ) -> None:
        await pool.subscribe(state("bbo", Lane.WIDE, base_asset="BTC"))
        await pool.subscribe(state("bbo", Lane.WIDE, base_asset="ETH"))

        assert venue.carried() == [["bbo"], ["bbo"]]
        assert pool.channels == ("bbo&base_asset=BTC", "bbo&base_asset=ETH")

    async def test_many_requests_do_not_leave_at_once(
        self, venue: Venue, pool: ConnectionPool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(pool, "_max_channels", 1_000)

        await asyncio.gather(*(pool.subscribe(state(f"bbo.{n}", Lane.MARKETS)) for n in range(300)))

        assert len(pool.channels) == 300
        assert len(venue.sockets) == 1
        assert 1 < venue.most_asking <= 20


class TestTrouble:
    @pytest.fixture(autouse=True)
    def quickly(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(connections, "_CONNECT_DELAY_INITIAL_SECS", 0.001)
        monkeypatch.setattr(connections, "_CONNECT_DELAY_MAX_SECS", 0.002)
        monkeypatch.setattr(connections, "_EMPTY_LINGER_SECS", 0)

    async def test_one_that_does_not_open_is_tried_until_it_does(
        self, pool: ConnectionPool, venue: Venue
    ) -> None:
        venue.failures = 3

        await pool.subscribe(state("bbo.A", Lane.MARKETS))

        assert venue.attempts == 4
        assert venue.told == ["failed markets #1: refused", "opened markets #1"]

    async def test_who_waits_too_long_is_told_and_the_trying_goes_on(
        self, pool: ConnectionPool, venue: Venue, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        venue.failures = 1_000_000

        with monkeypatch.context() as patched:
            patched.setattr(connections, "_CONNECT_WAIT_SECS", 0.05)
            with pytest.raises(NotConnectedError, match="markets #1"):
                await pool.subscribe(state("bbo.A", Lane.MARKETS))
        assert pool.is_coming(state("bbo.A"))
        venue.failures = 0

        await eventually(lambda: venue.told[-1] == "opened markets #1")
        assert not pool.is_coming(state("bbo.A"))
        await pool.subscribe(state("bbo.A", Lane.MARKETS))
        assert len(venue.sockets) == 1

    async def test_an_end_that_is_not_confirmed_keeps_the_channel_where_it_is(
        self, pool: ConnectionPool, venue: Venue
    ) -> None:
        await pool.subscribe(state("bbo.A", Lane.MARKETS))
        venue.unconfirmed = {"bbo.A"}
        with pytest.raises(AckTimeoutError):
            await pool.unsubscribe(state("bbo.A"))

        (connection,) = pool.connections
        assert connection.channels == {"bbo.A"}

    async def test_one_without_channels_is_closed(self, pool: ConnectionPool, venue: Venue) -> None:
        await pool.subscribe(state("bbo.A", Lane.MARKETS))
        await pool.subscribe(state("x", Lane.DEPTH))
        await pool.unsubscribe(state("bbo.A"))

        await pool.close_empty()

        assert [socket.is_closed for socket in venue.sockets] == [True, False]
        await pool.subscribe(state("bbo.A", Lane.MARKETS))
        assert venue.carried() == [[], ["x"], ["bbo.A"]]

    async def test_a_pool_that_is_not_open_opens_nothing(
        self, pool: ConnectionPool, venue: Venue
    ) -> None:
        await pool.subscribe(state("bbo.A", Lane.MARKETS))
        await pool.close()

        with pytest.raises(NotConnectedError):
            await pool.subscribe(state("bbo.A", Lane.MARKETS))
        await pool.unsubscribe(state("bbo.A"))

        assert [socket.is_closed for socket in venue.sockets] == [True]
        assert pool.connections == ()

    async def test_closing_ends_the_trying(self, pool: ConnectionPool, venue: Venue) -> None:
        venue.failures = 1_000_000
        with pytest.raises(NotConnectedError):
            await pool.subscribe(state("bbo.A", Lane.MARKETS))

        await pool.close()

        names = {task.get_name() for task in asyncio.all_tasks()}
        assert "paradex-websocket-first-open" not in names
