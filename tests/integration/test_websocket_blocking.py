"""The synchronous facade: plain calls from any thread, JSON text out."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from websockets.frames import Opcode

from nautilus_paradex.protocol import rpc, sbe
from nautilus_paradex.protocol.events import AccountEvent, BookEvent, Event, TradeEvent
from nautilus_paradex.transport.blocking import ParadexBlockingWebSocketClient
from nautilus_paradex.transport.websocket_errors import ConnectError, NotConnectedError
from tests.integration.ws_server import ScriptedVenue, scripted_venue
from tests.support import PATIENCE_SECS, eventually


class VenueThread:
    """The scripted venue on a loop of its own, since the test's thread is kept waiting."""

    def __init__(self) -> None:
        self.venue = ScriptedVenue()
        self._started = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))
        self._thread.start()
        assert self._started.wait(PATIENCE_SECS)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        async with scripted_venue(venue=self.venue):
            self._started.set()
            await self._stop.wait()

    def send(self, *messages: str | bytes) -> None:
        asyncio.run_coroutine_threadsafe(self._send(messages), self._loop).result(PATIENCE_SECS)

    async def _send(self, messages: Sequence[str | bytes]) -> None:
        # The client's thread may have its answer before this one has taken the connection up.
        await eventually(lambda: self.venue.connections)
        for message in messages:
            await self.venue.last.send(message)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(PATIENCE_SECS)


@pytest.fixture
def server() -> Iterator[VenueThread]:
    server = VenueThread()
    yield server
    server.stop()


@pytest.fixture
def client(server: VenueThread) -> Iterator[ParadexBlockingWebSocketClient]:
    with ParadexBlockingWebSocketClient(server.venue.url) as client:
        yield client


def test_first_script_of_a_new_user(
    server: VenueThread,
    client: ParadexBlockingWebSocketClient,
) -> None:
    assert client.authenticate("jwt") == {"node_id": "n1"}
    assert client.subscribe("bbo.X") == {"channel": "bbo.X"}
    server.send(rpc.encode_notification("bbo.X", {"bid": "30112.22", "unknown": [1]}))

    text = client.recv()

    assert text is not None
    assert json.loads(text) == {"channel": "bbo.X", "data": {"bid": "30112.22", "unknown": [1]}}
    assert client.recv(timeout=0.01) is None
    assert client.unsubscribe("bbo.X") == {"channel": "bbo.X"}
    assert client.unsubscribe("bbo.X") == {}


@pytest.mark.parametrize(
    ("subscribed", "event", "channel"),
    [
        ("trades.X", TradeEvent(market="X"), "trades.X"),
        ("trades.ALL", TradeEvent(market="X"), "trades.ALL"),
        ("order_book.X.deltas", BookEvent(pkg_type="DELTA", market="X"), "order_book.X.deltas"),
        ("order_book.Y.deltas", BookEvent(pkg_type="DELTA", market="X"), "order_book.X"),
        ("account", AccountEvent(), "account"),
    ],
)
def test_binary_messages_come_out_as_json_of_their_channel(
    server: VenueThread,
    client: ParadexBlockingWebSocketClient,
    subscribed: str,
    event: Event,
    channel: str,
) -> None:
    client.subscribe(subscribed)
    server.send(sbe.encode(event, 2))

    text = client.recv()

    assert text is not None
    message = json.loads(text)
    assert message["channel"] == channel
    assert message["data"].keys() == set(event.__struct_fields__)


def test_what_cannot_be_read_is_skipped(
    server: VenueThread,
    client: ParadexBlockingWebSocketClient,
) -> None:
    unknown_template = b"\x00\x00\xe7\x03\x01\x00\x02\x00"
    server.send(b"\x01", "nonsense", '{"method":1}', unknown_template)
    server.send(rpc.encode_notification("bbo.X", {}))

    assert client.recv() == '{"channel":"bbo.X","data":{}}'


def test_a_message_that_a_busy_loop_finds_as_the_wait_ends_is_received(
    client: ParadexBlockingWebSocketClient,
) -> None:
    inner = client._open_client()
    message = rpc.encode_notification("bbo.X", {}).encode()

    async def receive() -> str | None:
        asyncio.get_running_loop().call_soon(inner._into_inbox, message, Opcode.TEXT)
        # The wait is over in the next turn of the loop, after what was ready before it.
        return await client._next_text(inner, 1e-9)

    assert client._call(receive()) == '{"channel":"bbo.X","data":{}}'


def test_several_threads_at_once(
    server: VenueThread,
    client: ParadexBlockingWebSocketClient,
) -> None:
    names = [f"bbo.M{index}" for index in range(40)]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(client.subscribe, names)) == [{"channel": name} for name in names]

        server.send(*(rpc.encode_notification(name, {}) for name in names))
        texts = list(pool.map(lambda _: client.recv(), names))

    assert sorted(json.loads(text or "{}")["channel"] for text in texts) == sorted(names)


def test_refusals_and_misuse_are_raised_in_the_calling_thread(
    server: VenueThread,
    client: ParadexBlockingWebSocketClient,
) -> None:
    server.venue.refused["nope"] = (-32600, "invalid subscribe request", "invalid channel")

    with pytest.raises(rpc.RpcError):
        client.subscribe("nope")
    with pytest.raises(TypeError, match="handler"):
        ParadexBlockingWebSocketClient(server.venue.url, handler=print)


def test_close_ends_a_wait_in_another_thread(client: ParadexBlockingWebSocketClient) -> None:
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(client.recv, None)
        client.close()
        with pytest.raises(NotConnectedError):
            waiting.result(PATIENCE_SECS)


@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.recv(),
        lambda client: client.subscribe("bbo.X"),
        lambda client: client.authenticate("jwt"),
    ],
)
def test_use_after_close_is_refused(
    client: ParadexBlockingWebSocketClient,
    call: Callable[[ParadexBlockingWebSocketClient], object],
) -> None:
    client.close()
    client.close()

    with pytest.raises(NotConnectedError):
        call(client)


def test_failed_connect_leaves_no_thread() -> None:
    before = threading.active_count()
    client = ParadexBlockingWebSocketClient("ws://127.0.0.1:1/v1")

    with pytest.raises(ConnectError):
        client.connect()

    assert threading.active_count() == before


def test_close_that_fails_leaves_no_thread(
    client: ParadexBlockingWebSocketClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def broken_close() -> None:
        raise OSError("no")

    before = threading.active_count()
    assert client._client is not None
    monkeypatch.setattr(client._client, "close", broken_close)

    with pytest.raises(OSError, match="no"):
        client.close()

    assert threading.active_count() == before - 1


def test_closed_client_can_be_connected_again(
    server: VenueThread,
    client: ParadexBlockingWebSocketClient,
) -> None:
    client.close()
    client.connect()

    assert client.subscribe("bbo.X") == {"channel": "bbo.X"}
