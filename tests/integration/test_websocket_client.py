"""The WebSocket client on real sockets: confirmations, messages in, clear ends."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from http import HTTPStatus

import pytest
from websockets.frames import Opcode

from nautilus_paradex.protocol import rpc, sbe
from nautilus_paradex.protocol.events import BboEvent, HeartbeatEvent
from nautilus_paradex.transport.websocket import ParadexWebSocketClient
from nautilus_paradex.transport.websocket_errors import (
    AckTimeoutError,
    ConnectError,
    NegotiationError,
    NotConnectedError,
    SubscriptionError,
    WebSocketError,
)
from tests.integration.ws_server import ScriptedVenue, impatient, scripted_venue
from tests.support import PATIENCE_SECS, eventually

CHANNELS = ("bbo.BTC-USD-PERP", "trades.BTC-USD-PERP", "markets_summary.BTC-USD-PERP")


@pytest.fixture
async def venue() -> AsyncIterator[ScriptedVenue]:
    async with scripted_venue() as venue:
        yield venue


@pytest.fixture
async def clients() -> AsyncIterator[AsyncExitStack]:
    """Clients entered here are closed before the venue is."""
    async with AsyncExitStack() as stack:
        yield stack


@pytest.fixture
async def client(venue: ScriptedVenue, clients: AsyncExitStack) -> ParadexWebSocketClient:
    return await clients.enter_async_context(ParadexWebSocketClient(venue.url))


@asynccontextmanager
async def silent_server(accepted: asyncio.Event | None = None) -> AsyncIterator[str]:
    """Accept connections and never say a word."""

    async def ignore(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if accepted is not None:
            accepted.set()
        await reader.read()
        writer.close()

    async with await asyncio.start_server(ignore, "127.0.0.1", 0) as server:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"


def bbo_json(seq: int) -> str:
    return rpc.encode_notification(
        "bbo.BTC-USD-PERP",
        {
            "market": "BTC-USD-PERP",
            "bid": "30112.22",
            "bid_size": "0.04",
            "ask": "30130.15",
            "ask_size": "0.05",
            "last_updated_at": 1681493939981,
            "seq_no": seq,
        },
    )


def bbo_event(seq: int) -> BboEvent:
    return BboEvent(
        ts=1_681_493_939_981_000,
        seq=seq,
        bid_price=3_011_222_000_000,
        bid_size=4_000_000,
        ask_price=3_013_015_000_000,
        ask_size=5_000_000,
        market="BTC-USD-PERP",
    )


class TestNegotiation:
    @pytest.mark.parametrize(
        ("served", "asked", "taken"),
        [
            ({2, 1, 0, None}, [2], 2),
            ({1, 0, None}, [2, 1], 1),
            ({0}, [2, 1, 0], 0),
            ({None}, [2, 1, 0, None], None),
        ],
    )
    async def test_http_400_steps_down(
        self,
        venue: ScriptedVenue,
        clients: AsyncExitStack,
        served: set[int | None],
        asked: list[int | None],
        taken: int | None,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        caplog.set_level(logging.INFO, logger="nautilus_paradex.transport.websocket")
        venue.versions = served

        client = await clients.enter_async_context(ParadexWebSocketClient(venue.url))

        assert venue.encodings_asked == asked
        assert client.schema_version == taken
        name = "plain JSON" if taken is None else f"SBE schema 1:{taken}"
        assert f"taken: {name}" in caplog.text

    @pytest.mark.parametrize(
        "status",
        [HTTPStatus.UNAUTHORIZED, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE],
    )
    async def test_any_other_status_is_a_failed_connect(
        self,
        venue: ScriptedVenue,
        status: HTTPStatus,
    ) -> None:
        venue.refuse_with = status
        client = ParadexWebSocketClient(venue.url)

        with pytest.raises(ConnectError, match=str(status.value)):
            await client.connect()

        assert venue.encodings_asked == [2]
        assert not client.is_connected

    @pytest.mark.parametrize(("forced", "asked"), [(1, [1]), ("json", [None])])
    async def test_forced_encoding_that_is_not_served_is_named(
        self,
        venue: ScriptedVenue,
        forced: int,
        asked: list[int | None],
    ) -> None:
        venue.versions = {2}
        client = ParadexWebSocketClient(venue.url, sbe_schema_version=forced)

        with pytest.raises(NegotiationError, match=r"schema 1:1|plain JSON"):
            await client.connect()

        assert venue.encodings_asked == asked

    async def test_venue_that_serves_nothing_is_said_so(self, venue: ScriptedVenue) -> None:
        venue.versions = set()

        with pytest.raises(NegotiationError, match="every encoding"):
            await ParadexWebSocketClient(venue.url).connect()

    async def test_unreachable_venue_is_a_connect_error_without_credentials(self) -> None:
        async with scripted_venue() as gone:
            url = f"ws://user:secret@127.0.0.1:{gone.port}/v1"

        with pytest.raises(ConnectError) as caught:
            await ParadexWebSocketClient(url).connect()

        assert "secret" not in str(caught.value)

    async def test_silent_server_is_given_up_in_time(self) -> None:
        async with silent_server() as url:
            client = ParadexWebSocketClient(url, connect_timeout_secs=0.1)

            with pytest.raises(ConnectError, match="timed out"):
                await client.connect()

    @pytest.mark.parametrize("url", ["http://x/v1", "ws:///v1", "", "api.prod.paradex.trade"])
    def test_url_of_another_kind_is_refused(self, url: str) -> None:
        with pytest.raises(ValueError, match="ws://"):
            ParadexWebSocketClient(url)


class TestRequests:
    async def test_first_session_of_a_new_user(
        self,
        venue: ScriptedVenue,
        client: ParadexWebSocketClient,
    ) -> None:
        auth = await client.authenticate("jwt-1")
        acks = [await client.subscribe(channel) for channel in CHANNELS]

        assert auth.result_as(dict[str, str]) == {"node_id": "n1"}
        assert [ack.result_as(dict[str, str])["channel"] for ack in acks] == list(CHANNELS)
        assert client.subscriptions == CHANNELS
        assert venue.requests == [
            [("auth", "jwt-1"), *(("subscribe", channel) for channel in CHANNELS)],
        ]

    async def test_confirmations_find_their_requests_among_many_tasks(
        self,
        client: ParadexWebSocketClient,
    ) -> None:
        names = [f"bbo.M{index}" for index in range(50)]

        acks = await asyncio.gather(*(client.subscribe(name) for name in names))

        assert [ack.result_as(dict[str, str])["channel"] for ack in acks] == names

    async def test_channel_subscribed_twice_is_asked_for_once(
        self,
        venue: ScriptedVenue,
        client: ParadexWebSocketClient,
    ) -> None:
        acks = await asyncio.gather(*(client.subscribe("bbo.X") for _ in range(5)))
        again = await client.subscribe("bbo.X")

        assert all(ack is again for ack in acks)
        assert venue.requests == [[("subscribe", "bbo.X")]]

    async def test_other_parameters_are_not_answered_with_the_old_confirmation(
        self,
        client: ParadexWebSocketClient,
    ) -> None:
        await client.subscribe("markets_summary", markets=["A"])

        with pytest.raises(SubscriptionError):
            await client.subscribe("markets_summary", markets=["B"])

    async def test_refusal_carries_the_venues_words_and_is_not_remembered(
        self,
        venue: ScriptedVenue,
        client: ParadexWebSocketClient,
    ) -> None:
        venue.refused["nope"] = (-32600, "invalid subscribe request", "invalid channel")

        with pytest.raises(rpc.RpcError) as caught:
            await client.subscribe("nope")

        assert (caught.value.code, caught.value.data) == (-32600, "invalid channel")
        assert client.subscriptions == ()
        del venue.refused["nope"]
        await client.subscribe("nope")
        assert client.subscriptions == ("nope",)

    async def test_missing_confirmation_names_the_channel(
        self,
        venue: ScriptedVenue,
        clients: AsyncExitStack,
    ) -> None:
        client = await clients.enter_async_context(
            ParadexWebSocketClient(venue.url, ack_timeout_secs=0.05),
        )
        venue.silent.add("bbo.X")

        with pytest.raises(AckTimeoutError, match=r"bbo\.X") as caught:
            await client.subscribe("bbo.X")

        assert isinstance(caught.value, TimeoutError)
        assert client.metrics.ack_timeouts == 1

    async def test_confirmation_that_comes_late_is_kept(
        self,
        venue: ScriptedVenue,
        clients: AsyncExitStack,
    ) -> None:
        client = await clients.enter_async_context(
            ParadexWebSocketClient(venue.url, ack_timeout_secs=0.05),
        )
        venue.silent.add("bbo.X")
        with pytest.raises(AckTimeoutError):
            await client.subscribe("bbo.X")

        await venue.last.send(rpc.encode_result(1, {"channel": "bbo.X"}))
        await eventually(lambda: client.subscriptions == ("bbo.X",))

        await client.subscribe("bbo.X")
        assert venue.requests == [[("subscribe", "bbo.X")]]

    async def test_channel_whose_confirmation_was_lost_can_be_asked_for_again(
        self,
        venue: ScriptedVenue,
        client: ParadexWebSocketClient,
    ) -> None:
        venue.forgotten_acks.add("bbo.X")
        with impatient("bbo.X"), pytest.raises(AckTimeoutError):
            await client.subscribe("bbo.X")

        venue.forgotten_acks.clear()
        await client.subscribe("bbo.X")

        assert client.subscriptions == ("bbo.X",)
        methods = [method for method, _ in venue.requests[0]]
        assert methods == ["subscribe", "unsubscribe", "subscribe"]

    @pytest.mark.parametrize("executed", [True, False], ids=["executed", "not executed"])
    async def test_channel_whose_end_was_not_confirmed_can_be_asked_for_again(
        self,
        venue: ScriptedVenue,
        client: ParadexWebSocketClient,
        executed: bool,
    ) -> None:
        await client.subscribe("bbo.X")
        (venue.forgotten_acks if executed else venue.silent).add("bbo.X")
        with impatient("bbo.X"), pytest.raises(AckTimeoutError):
            await client.unsubscribe("bbo.X")
        assert client.subscriptions == ()

        venue.forgotten_acks.clear()
        venue.silent.clear()
        await client.subscribe("bbo.X")

        assert client.subscriptions == ("bbo.X",)
        methods = [method for method, _ in venue.requests[0]]
        assert methods == ["subscribe", "unsubscribe", "unsubscribe", "subscribe"]

    async def test_channel_whose_end_was_not_confirmed_is_not_replayed(
        self,
        venue: ScriptedVenue,
        clients: AsyncExitStack,
    ) -> None:
        client = await clients.enter_async_context(
            ParadexWebSocketClient(venue.url, reconnect_delay_initial_ms=1),
        )
        for channel in ("bbo.X", "bbo.Y"):
            await client.subscribe(channel)
        venue.silent.add("bbo.X")
        with impatient("bbo.X"), pytest.raises(AckTimeoutError):
            await client.unsubscribe("bbo.X")

        await venue.last.close(1012)
        await eventually(lambda: client.metrics.reconnects == 1)

        assert venue.requests[1] == [("subscribe", "bbo.Y")]

    @pytest.mark.parametrize("executed", [True, False], ids=["executed", "not executed"])
    async def test_channel_whose_confirmation_was_lost_is_ended_on_the_wire(
        self,
        venue: ScriptedVenue,
        client: ParadexWebSocketClient,
        executed: bool,
    ) -> None:
        (venue.forgotten_acks if executed else venue.silent).add("bbo.X")
        with impatient("bbo.X"), pytest.raises(AckTimeoutError):
            await client.subscribe("bbo.X")
        venue.forgotten_acks.clear()
        venue.silent.clear()

        await client.unsubscribe("bbo.X")
        await client.subscribe("bbo.X")

        methods = [method for method, _ in venue.requests[0]]
        assert methods == ["subscribe", "unsubscribe", "subscribe"]

    async def test_unsubscribed_channel_can_be_subscribed_again(
        self,
        venue: ScriptedVenue,
        client: ParadexWebSocketClient,
    ) -> None:
        await client.subscribe("bbo.X")
        await client.unsubscribe("bbo.X")
        assert client.subscriptions == ()
        assert await client.unsubscribe("bbo.X") is None
        await client.subscribe("bbo.X")

        methods = [method for method, _ in venue.requests[0]]
        assert methods == ["subscribe", "unsubscribe", "subscribe"]

    async def test_any_method_can_be_requested(
        self,
        venue: ScriptedVenue,
        client: ParadexWebSocketClient,
    ) -> None:
        await client.request("order.cancel_on_disconnect", {"enabled": True})

        assert venue.requests == [[("order.cancel_on_disconnect", "")]]

    async def test_connect_cancelled_as_it_succeeds_leaves_no_connection(
        self,
        venue: ScriptedVenue,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        client = ParadexWebSocketClient(venue.url)
        establish = client._keeper._establish

        async def establish_and_cancel() -> None:
            await establish()
            connecting.cancel()

        monkeypatch.setattr(client._keeper, "_establish", establish_and_cancel)
        connecting = asyncio.create_task(client.connect())
        with pytest.raises(asyncio.CancelledError):
            await connecting

        await asyncio.wait_for(venue.last.wait_closed(), PATIENCE_SECS)
        assert not client.is_connected

    async def test_cancelled_request_leaves_nothing_behind(
        self,
        venue: ScriptedVenue,
        client: ParadexWebSocketClient,
    ) -> None:
        venue.silent.add("bbo.X")
        task = asyncio.create_task(client.subscribe("bbo.X"))
        await eventually(lambda: venue.requests[0])

        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

        venue.silent.clear()
        await client.subscribe("bbo.X")


class TestAuthentication:
    async def test_refused_token_is_refreshed_once(
        self,
        venue: ScriptedVenue,
        clients: AsyncExitStack,
    ) -> None:
        tokens = iter(["stale", "fresh"])

        async def provider() -> str:
            return next(tokens)

        venue.tokens = {"fresh"}
        client = await clients.enter_async_context(
            ParadexWebSocketClient(venue.url, token_provider=provider),
        )

        await client.authenticate()

        assert venue.requests == [[("auth", "stale"), ("auth", "fresh")]]

    async def test_session_is_told_which_token_was_refused(
        self,
        venue: ScriptedVenue,
        clients: AsyncExitStack,
    ) -> None:
        class Session:
            current = "stale"

            async def token(self) -> str:
                return self.current

            async def refresh(self, stale_token: str, /) -> str:
                assert stale_token == "stale"
                self.current = "fresh"
                return self.current

        venue.tokens = {"fresh"}
        client = await clients.enter_async_context(
            ParadexWebSocketClient(venue.url, token_provider=Session()),
        )

        await client.authenticate()

        assert venue.requests == [[("auth", "stale"), ("auth", "fresh")]]

    async def test_token_refused_twice_is_an_error(
        self,
        venue: ScriptedVenue,
        clients: AsyncExitStack,
    ) -> None:
        tokens = iter(["stale", "stale too", "never asked for"])

        async def provider() -> str:
            return next(tokens)

        venue.tokens = set()
        client = await clients.enter_async_context(
            ParadexWebSocketClient(venue.url, token_provider=provider),
        )

        with pytest.raises(rpc.RpcError) as caught:
            await client.authenticate()

        assert caught.value.code == 40111
        assert len(venue.requests[0]) == 2

    async def test_no_token_at_all_is_said_so(self, client: ParadexWebSocketClient) -> None:
        with pytest.raises(WebSocketError, match="token_provider"):
            await client.authenticate()

    async def test_token_is_in_no_log_record(
        self,
        venue: ScriptedVenue,
        clients: AsyncExitStack,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        caplog.set_level(logging.DEBUG, logger="nautilus_paradex")
        caplog.set_level(logging.DEBUG, logger="websockets.client")
        venue.tokens = set()
        client = await clients.enter_async_context(ParadexWebSocketClient(venue.url))

        with pytest.raises(rpc.RpcError):
            await client.authenticate("very-secret-token")

        assert "very-secret-token" not in caplog.text


class TestReceiving:
    async def test_both_encodings_give_the_same_event(
        self,
        venue: ScriptedVenue,
        client: ParadexWebSocketClient,
    ) -> None:
        await venue.last.send(bbo_json(7))
        await venue.last.send(sbe.encode(bbo_event(7), 2))

        assert await client.recv() == bbo_event(7)
        assert await client.recv() == bbo_event(7)

    async def test_none_when_nothing_came(self, client: ParadexWebSocketClient) -> None:
        assert await client.recv(timeout=0.01) is None

    async def test_a_message_that_a_busy_loop_finds_as_the_wait_ends_is_received(
        self,
        client: ParadexWebSocketClient,
    ) -> None:
        message = bbo_json(7).encode()
        asyncio.get_running_loop().call_soon(client._into_inbox, message, Opcode.TEXT)

        # The wait is over in the next turn of the loop, after what was ready before it.
        assert await client.recv(timeout=1e-9) == bbo_event(7)

    async def test_what_cannot_be_read_is_counted_and_skipped(
        self,
        venue: ScriptedVenue,
        client: ParadexWebSocketClient,
    ) -> None:
        unknown_template = b"\x00\x00\xe7\x03\x01\x00\x02\x00"
        for frame in (
            b"",
            b"\x01",
            unknown_template,
            "nonsense",
            '{"method":"subscription"}',
            "{}",
        ):
            await venue.last.send(frame)
        await venue.last.send(sbe.encode(HeartbeatEvent(ts=1), 2))
        await venue.last.send(bbo_json(1))

        assert await client.recv() == bbo_event(1)
        assert client.metrics.malformed_frames == 5
        assert client.metrics.unknown_templates == 1

    async def test_full_inbox_drops_the_oldest(
        self,
        venue: ScriptedVenue,
        clients: AsyncExitStack,
    ) -> None:
        client = await clients.enter_async_context(
            ParadexWebSocketClient(venue.url, inbox_capacity=3),
        )
        for seq in range(10):
            await venue.last.send(bbo_json(seq))
        await eventually(lambda: client.metrics.frames == 10)

        received = [await client.recv(), await client.recv(), await client.recv()]

        assert received == [bbo_event(7), bbo_event(8), bbo_event(9)]
        assert client.metrics.dropped_frames == 7
        assert await client.recv(timeout=0.01) is None

    async def test_handler_gets_raw_messages_and_no_answers(
        self,
        venue: ScriptedVenue,
        clients: AsyncExitStack,
    ) -> None:
        received: list[tuple[bytes, Opcode]] = []
        client = await clients.enter_async_context(
            ParadexWebSocketClient(
                venue.url,
                handler=lambda frame, opcode: received.append((frame, opcode)),
            ),
        )
        binary = sbe.encode(bbo_event(1), 2)
        odd = (
            '{"params":{"channel":"bbo.X","data":{"id":1}},"jsonrpc":"2.0","method":"subscription"}'
        )

        await client.subscribe("bbo.X")
        await venue.last.send(bbo_json(1))
        await venue.last.send(odd)
        await venue.last.send([binary[:5], binary[5:]])
        await venue.last.send(binary)

        await eventually(lambda: len(received) == 4)
        assert received == [
            (bbo_json(1).encode(), Opcode.TEXT),
            (odd.encode(), Opcode.TEXT),
            (binary, Opcode.BINARY),
            (binary, Opcode.BINARY),
        ]

    async def test_answer_that_speaks_of_a_method_is_still_an_answer(
        self,
        venue: ScriptedVenue,
        clients: AsyncExitStack,
    ) -> None:
        received: list[bytes] = []
        client = await clients.enter_async_context(
            ParadexWebSocketClient(venue.url, handler=lambda frame, _: received.append(frame)),
        )
        venue.silent.add("bbo.X")
        task = asyncio.create_task(client.subscribe("bbo.X"))
        await eventually(lambda: venue.requests[0])

        await venue.last.send('{"result":{"method":"subscription","channel":"bbo.X"},"id":1}')

        assert (await task).result_as(dict[str, str])["method"] == "subscription"
        assert received == []

    async def test_recv_beside_a_handler_is_refused(
        self,
        venue: ScriptedVenue,
        clients: AsyncExitStack,
    ) -> None:
        client = await clients.enter_async_context(
            ParadexWebSocketClient(venue.url, handler=lambda frame, opcode: None),
        )

        with pytest.raises(WebSocketError, match="handler"):
            await client.recv()

    async def test_failing_handler_is_counted_and_the_stream_goes_on(
        self,
        venue: ScriptedVenue,
        clients: AsyncExitStack,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        received: list[bytes] = []

        def handler(frame: bytes, opcode: Opcode) -> None:
            received.append(frame)
            if len(received) == 1:
                raise ValueError("cannot bear the first")

        client = await clients.enter_async_context(
            ParadexWebSocketClient(venue.url, handler=handler),
        )

        await venue.last.send(b"1")
        await venue.last.send(b"2")

        await eventually(lambda: received == [b"1", b"2"])
        assert client.metrics.handler_errors == 1
        assert "cannot bear the first" in caplog.text


class TestClosing:
    @pytest.mark.parametrize("with_handler", [False, True])
    async def test_close_leaves_no_task_and_may_be_repeated(
        self,
        venue: ScriptedVenue,
        with_handler: bool,
    ) -> None:
        before = asyncio.all_tasks()
        handler = (lambda frame, opcode: None) if with_handler else None
        client = ParadexWebSocketClient(venue.url, handler=handler)
        await client.connect()
        await client.subscribe("bbo.X")
        ours = {task for task in asyncio.all_tasks() - before if "server" not in repr(task)}
        assert ours

        await asyncio.gather(client.close(), client.close())
        await client.close()

        await eventually(lambda: all(task.done() for task in ours))
        assert not client.is_connected
        assert client.subscriptions == ()

    async def test_use_before_connect_and_after_close_is_refused_clearly(
        self,
        venue: ScriptedVenue,
    ) -> None:
        client = ParadexWebSocketClient(venue.url)
        with pytest.raises(NotConnectedError, match=r"call connect\(\) first"):
            await client.subscribe("bbo.X")
        await client.close()
        await client.connect()
        await client.close()

        for call in (client.subscribe("x"), client.recv(), client.authenticate("t")):
            with pytest.raises(NotConnectedError, match="closed"):
                await call

    async def test_close_ends_waits(self, venue: ScriptedVenue) -> None:
        client = ParadexWebSocketClient(venue.url)
        await client.connect()
        venue.silent.add("bbo.X")
        waits = [
            asyncio.create_task(client.recv(timeout=None)),
            asyncio.create_task(client.subscribe("bbo.X")),
        ]
        await eventually(lambda: venue.requests[0])

        await client.close()

        for wait in waits:
            with pytest.raises(NotConnectedError):
                await wait

    async def test_close_ends_a_connect_that_hangs(self) -> None:
        accepted = asyncio.Event()
        async with silent_server(accepted) as url:
            client = ParadexWebSocketClient(url)
            connecting = asyncio.create_task(client.connect())
            await accepted.wait()

            await client.close()

            with pytest.raises(NotConnectedError, match="closed while connecting"):
                await connecting

    async def test_closed_client_can_be_connected_again(self, venue: ScriptedVenue) -> None:
        client = ParadexWebSocketClient(venue.url)
        for _ in range(2):
            await client.connect()
            await client.subscribe("bbo.X")
            await venue.last.send(bbo_json(1))
            assert await client.recv() == bbo_event(1)
            await client.close()

        assert len(venue.connections) == 2

    async def test_connecting_twice_is_connecting_once(self, venue: ScriptedVenue) -> None:
        client = ParadexWebSocketClient(venue.url)

        await asyncio.gather(client.connect(), client.connect())
        await client.connect()

        assert len(venue.connections) == 1
        await client.close()
