"""What becomes of a WebSocket client whose connection is lost."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from nautilus_paradex.protocol import rpc
from nautilus_paradex.transport.connection_keeper import KeeperSettings
from nautilus_paradex.transport.websocket import ParadexWebSocketClient
from nautilus_paradex.transport.websocket_errors import ConnectionLostError, NotConnectedError
from tests.integration.ws_server import ScriptedVenue, impatient, scripted_venue
from tests.support import PATIENCE_SECS, eventually

CHANNELS = ("trades.B", "bbo.A", "order_book.C.deltas")

type Connect = Callable[..., Any]


@pytest.fixture
async def venue() -> AsyncIterator[ScriptedVenue]:
    async with scripted_venue() as venue:
        yield venue


@pytest.fixture(params=[False, True], ids=["recv", "handler"])
async def connect(
    request: pytest.FixtureRequest,
    venue: ScriptedVenue,
) -> AsyncIterator[Connect]:
    """Make connected clients that reconnect fast, in both ways of taking messages."""
    async with AsyncExitStack() as stack:

        async def make(**options: Any) -> ParadexWebSocketClient:
            options = {"reconnect_delay_initial_ms": 1, "reconnect_delay_max_ms": 5} | options
            if request.param:
                options["handler"] = lambda frame, opcode: None
            client = ParadexWebSocketClient(venue.url, **options)
            return await stack.enter_async_context(client)

        yield make


async def test_session_is_restored_in_its_order_before_the_callback(
    venue: ScriptedVenue,
    connect: Connect,
) -> None:
    seen_at_callback: list[tuple[str, ...]] = []
    disconnects: list[bool] = []

    async def on_reconnected() -> None:
        seen_at_callback.append(client.subscriptions)

    client = await connect(
        on_reconnected=on_reconnected,
        on_disconnected=lambda: disconnects.append(client.is_connected),
    )
    await client.authenticate("jwt-1")
    for channel in CHANNELS:
        await client.subscribe(channel)
    await client.subscribe("bbo.gone")
    await client.unsubscribe("bbo.gone")

    venue.last.transport.abort()
    await eventually(lambda: seen_at_callback)

    assert seen_at_callback == [CHANNELS]
    assert disconnects == [False]
    assert venue.requests[1] == [("auth", "jwt-1"), *(("subscribe", name) for name in CHANNELS)]
    assert client.is_connected
    assert client.metrics.reconnects == 1


async def test_a_standing_request_goes_before_all_else_on_every_connection(
    venue: ScriptedVenue,
    connect: Connect,
) -> None:
    client = await connect()
    await client.authenticate("jwt-1")
    await client.subscribe("orders.ALL")
    await client.request_on_every_connection("order.cancel_on_disconnect", {"enabled": True})

    for times in (1, 2):
        venue.last.transport.abort()
        await eventually(lambda: client.metrics.reconnects == times)  # noqa: B023 awaited here
        assert venue.requests[times] == [
            ("auth", "jwt-1"),
            ("order.cancel_on_disconnect", ""),
            ("subscribe", "orders.ALL"),
        ]


async def test_a_connection_without_its_standing_request_is_not_used(
    venue: ScriptedVenue,
    connect: Connect,
) -> None:
    errors: list[Exception] = []
    client = await connect(on_error=errors.append)
    await client.subscribe("orders.ALL")
    await client.request_on_every_connection("order.cancel_on_disconnect", {"enabled": True})

    venue.refused[""] = (42901, "rate limit exceeded", "")
    venue.last.transport.abort()
    await eventually(lambda: errors)
    assert not client.is_connected
    assert {method for seen in venue.requests[1:] for method, _ in seen} == {
        "order.cancel_on_disconnect"
    }

    venue.refused.clear()
    await eventually(lambda: client.is_connected)
    assert venue.requests[-1][0] == ("order.cancel_on_disconnect", "")


async def test_a_standing_request_that_was_refused_does_not_stand(
    venue: ScriptedVenue,
    connect: Connect,
) -> None:
    client = await connect()
    await client.subscribe("orders.ALL")
    venue.refused[""] = (-32602, "invalid params", "")
    with pytest.raises(rpc.RpcError, match="invalid params"):
        await client.request_on_every_connection("order.cancel_on_disconnect", {})
    venue.refused.clear()

    venue.last.transport.abort()
    await eventually(lambda: client.metrics.reconnects == 1)
    assert venue.requests[1] == [("subscribe", "orders.ALL")]


async def test_encoding_that_was_taken_is_asked_for_first(
    venue: ScriptedVenue,
    connect: Connect,
) -> None:
    venue.versions = {1}
    client = await connect()
    await client.subscribe("bbo.X")

    venue.last.transport.abort()
    await eventually(lambda: client.metrics.reconnects == 1)
    assert venue.encodings_asked == [2, 1, 1]

    venue.versions = {0}
    venue.last.transport.abort()
    await eventually(lambda: client.metrics.reconnects == 2)
    assert venue.encodings_asked[3:] == [1, 2, 0]
    assert client.schema_version == 0


async def test_venue_that_is_away_for_a_while_is_found_again(connect: Connect) -> None:
    errors: list[Exception] = []
    async with scripted_venue() as first:
        client = ParadexWebSocketClient(
            first.url,
            reconnect_delay_initial_ms=1,
            reconnect_delay_max_ms=5,
            on_error=errors.append,
        )
        await client.connect()
        await client.subscribe("bbo.X")
    await eventually(lambda: len(errors) >= 2)

    async with scripted_venue(port=first.port, venue=first):
        await eventually(lambda: client.is_connected)
        assert client.subscriptions == ("bbo.X",)
        await client.close()


async def test_stale_token_is_refreshed_on_the_way_back(
    venue: ScriptedVenue,
    connect: Connect,
) -> None:
    current = "one"

    async def provider() -> str:
        return current

    client = await connect(token_provider=provider)
    await client.authenticate()
    await client.subscribe("fills.ALL")
    current = "two"
    venue.tokens = {"two"}

    venue.last.transport.abort()
    await eventually(lambda: client.metrics.reconnects == 1)

    assert venue.requests[1] == [("auth", "two"), ("subscribe", "fills.ALL")]


async def test_failing_token_provider_is_reported_and_tried_again(
    venue: ScriptedVenue,
    connect: Connect,
) -> None:
    errors: list[Exception] = []
    outcomes = iter(["one", OSError("token service is down"), "two"])

    async def provider() -> str:
        outcome = next(outcomes)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    client = await connect(token_provider=provider, on_error=errors.append)
    await client.authenticate()
    await client.subscribe("fills.ALL")

    venue.last.transport.abort()
    await eventually(lambda: client.metrics.reconnects == 1)

    assert [str(error) for error in errors] == ["token service is down"]
    assert client.subscriptions == ("fills.ALL",)


async def test_missing_confirmation_is_asked_for_once_more_then_reported(
    venue: ScriptedVenue,
    connect: Connect,
) -> None:
    errors: list[Exception] = []
    client = await connect(on_error=errors.append)
    for channel in CHANNELS:
        await client.subscribe(channel)
    venue.silent.add("bbo.A")
    venue.refused["trades.B"] = (-32600, "invalid subscribe request", "invalid channel")

    with impatient("bbo.A"):
        venue.last.transport.abort()
        await eventually(lambda: client.metrics.reconnects == 1)

    assert client.subscriptions == ("order_book.C.deltas",)
    assert sorted(type(error).__name__ for error in errors) == ["AckTimeoutError", "RpcError"]
    assert venue.requests[1].count(("subscribe", "bbo.A")) == 2
    assert venue.requests[1].count(("subscribe", "trades.B")) == 2


async def test_connection_lost_during_the_restoration_is_opened_again(
    venue: ScriptedVenue,
    connect: Connect,
) -> None:
    client = await connect()
    await client.subscribe("bbo.X")
    venue.close_on_connect = 1012

    venue.last.transport.abort()
    await eventually(lambda: len(venue.connections) >= 4)
    venue.close_on_connect = None

    await eventually(lambda: client.is_connected)
    assert client.subscriptions == ("bbo.X",)


async def test_connection_without_subscription_is_opened_with_the_next_request(
    venue: ScriptedVenue,
    connect: Connect,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, logger="nautilus_paradex.transport.websocket")
    client = await connect()

    await venue.last.close(4031, "no active subscriptions")
    await eventually(lambda: client.metrics.disconnects == 1)
    assert "close code 4031, the venue closes connections that have no subscription" in caplog.text
    assert len(venue.connections) == 1

    await client.subscribe("bbo.X")
    assert client.subscriptions == ("bbo.X",)
    assert len(venue.connections) == 2


async def test_subscription_under_way_is_repeated_on_the_new_connection(
    venue: ScriptedVenue,
    connect: Connect,
) -> None:
    client = await connect()
    venue.silent.add("bbo.X")
    subscribing = asyncio.create_task(client.subscribe("bbo.X"))
    await eventually(lambda: venue.requests[0])

    venue.silent.clear()
    venue.last.transport.abort()

    await subscribing
    assert client.subscriptions == ("bbo.X",)


async def test_request_under_way_fails_at_once_and_is_not_repeated(
    venue: ScriptedVenue,
    connect: Connect,
) -> None:
    client = await connect()
    await client.subscribe("bbo.X")
    venue.silent.add("")
    creating = asyncio.create_task(client.request("order.create", {}))
    await eventually(lambda: len(venue.requests[0]) == 2)

    venue.last.transport.abort()

    with pytest.raises(ConnectionLostError):
        await creating
    await eventually(lambda: client.metrics.reconnects == 1)
    assert venue.requests[1] == [("subscribe", "bbo.X")]


async def test_unsubscription_under_way_is_settled_by_the_loss(
    venue: ScriptedVenue,
    connect: Connect,
) -> None:
    client = await connect()
    await client.subscribe("bbo.X")
    await client.subscribe("bbo.Y")
    venue.silent.add("bbo.X")
    ending = asyncio.create_task(client.unsubscribe("bbo.X"))
    await eventually(lambda: len(venue.requests[0]) == 3)

    venue.last.transport.abort()

    assert await ending is None
    await eventually(lambda: client.metrics.reconnects == 1)
    assert venue.requests[1] == [("subscribe", "bbo.Y")]


async def test_channel_unsubscribed_during_an_outage_does_not_come_back(connect: Connect) -> None:
    async with scripted_venue() as first:
        client = ParadexWebSocketClient(
            first.url,
            reconnect_delay_initial_ms=1,
            reconnect_delay_max_ms=5,
        )
        await client.connect()
        await client.subscribe("bbo.X")
        await client.subscribe("bbo.Y")
    await eventually(lambda: client.metrics.connect_failures)

    assert await client.unsubscribe("bbo.X") is None

    async with scripted_venue(port=first.port, venue=first):
        await eventually(lambda: client.is_connected)
        assert client.subscriptions == ("bbo.Y",)
        await client.close()


async def test_token_that_was_refused_does_not_replace_the_one_that_works(
    venue: ScriptedVenue,
    connect: Connect,
) -> None:
    client = await connect()
    venue.tokens = {"good"}
    await client.authenticate("good")
    await client.subscribe("fills.ALL")
    with pytest.raises(rpc.RpcError):
        await client.authenticate("bad")

    venue.last.transport.abort()
    await eventually(lambda: client.metrics.reconnects == 1)

    assert venue.requests[1] == [("auth", "good"), ("subscribe", "fills.ALL")]


async def test_request_during_an_outage_waits_then_says_so(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with scripted_venue() as gone:
        client = ParadexWebSocketClient(
            gone.url,
            reconnect_delay_initial_ms=1,
            reconnect_delay_max_ms=5,
        )
        await client.connect()
        await client.subscribe("bbo.X")
    await eventually(lambda: not client.is_connected)
    brief = KeeperSettings(wait_timeout_secs=0.05, silence_timeout_secs=None)
    monkeypatch.setattr(client._keeper, "_settings", brief)

    with pytest.raises(NotConnectedError, match="still reconnecting"):
        await client.subscribe("bbo.Y")

    await client.close()


async def test_silent_binary_connection_is_given_up(
    venue: ScriptedVenue,
    connect: Connect,
    caplog: pytest.LogCaptureFixture,
) -> None:
    client = await connect(silence_timeout_secs=0.2)
    await client.subscribe("bbo.X")

    await eventually(lambda: client.metrics.reconnects >= 1)

    assert client.metrics.silences >= 1
    assert "nothing received for 0.2 s" in caplog.text


async def test_quiet_json_connection_is_left_alone(venue: ScriptedVenue, connect: Connect) -> None:
    client = await connect(silence_timeout_secs=0.02, sbe_schema_version="json")
    await client.subscribe("bbo.X")

    with pytest.raises(AssertionError):
        await eventually(lambda: client.metrics.disconnects, timeout_secs=0.2)


async def test_callback_may_subscribe_and_is_cancelled_with_its_connection(
    venue: ScriptedVenue,
    connect: Connect,
) -> None:
    outcomes: list[str] = []

    async def on_reconnected() -> None:
        await client.subscribe("bbo.Y")
        if outcomes:
            outcomes.append("done")
            return
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            outcomes.append("cancelled")
            raise

    client = await connect(on_reconnected=on_reconnected)
    await client.subscribe("bbo.X")
    venue.last.transport.abort()
    await eventually(lambda: client.subscriptions == ("bbo.X", "bbo.Y"))

    venue.last.transport.abort()
    await eventually(lambda: outcomes == ["cancelled", "done"])


async def test_callback_that_fails_is_reported(venue: ScriptedVenue, connect: Connect) -> None:
    errors: list[Exception] = []

    async def on_reconnected() -> None:
        raise ValueError("reconciliation failed")

    def on_disconnected() -> None:
        raise ValueError("books cannot be dropped")

    client = await connect(
        on_reconnected=on_reconnected,
        on_disconnected=on_disconnected,
        on_error=errors.append,
    )
    await client.subscribe("bbo.X")
    venue.last.transport.abort()
    await eventually(lambda: len(errors) == 2)

    assert [str(error) for error in errors] == ["books cannot be dropped", "reconciliation failed"]
    assert client.is_connected


async def test_callback_may_close_the_client(venue: ScriptedVenue, connect: Connect) -> None:
    closed = asyncio.Event()

    async def on_reconnected() -> None:
        await client.close()
        closed.set()

    client = await connect(on_reconnected=on_reconnected)
    await client.subscribe("bbo.X")
    venue.last.transport.abort()

    await asyncio.wait_for(closed.wait(), PATIENCE_SECS)
    assert not client.is_connected


async def test_close_during_an_outage_ends_the_attempts(connect: Connect) -> None:
    async with scripted_venue() as gone:
        client = ParadexWebSocketClient(gone.url, reconnect_delay_initial_ms=1)
        await client.connect()
        await client.subscribe("bbo.X")
    await eventually(lambda: client.metrics.connect_failures >= 1)

    await client.close()

    assert not [task for task in asyncio.all_tasks() if "paradex-websocket" in task.get_name()]


async def test_closed_client_does_not_come_back(venue: ScriptedVenue, connect: Connect) -> None:
    disconnects: list[None] = []
    client = await connect(on_disconnected=lambda: disconnects.append(None))
    await client.subscribe("bbo.X")

    await client.close()

    assert disconnects == []
    assert len(venue.connections) == 1


async def test_frames_of_the_new_connection_reach_the_same_receiver(venue: ScriptedVenue) -> None:
    received: list[bytes] = []
    client = ParadexWebSocketClient(
        venue.url,
        reconnect_delay_initial_ms=1,
        handler=lambda frame, opcode: received.append(frame),
    )
    async with client:
        await client.subscribe("bbo.X")
        await venue.last.send(b"before")
        await eventually(lambda: received)
        venue.last.transport.abort()
        await eventually(lambda: client.metrics.reconnects == 1)
        await venue.last.send(b"after")
        await eventually(lambda: received == [b"before", b"after"])


async def test_oversized_message_costs_the_connection_not_the_client(
    venue: ScriptedVenue,
    connect: Connect,
) -> None:
    client = await connect(max_message_bytes=1_000)
    await client.subscribe("bbo.X")

    await venue.last.send(b"x" * 1_001)
    await eventually(lambda: client.metrics.reconnects == 1)

    assert venue.connections[0].close_code == 1009
    assert client.subscriptions == ("bbo.X",)


async def test_unanswered_ping_ends_the_connection() -> None:
    """A peer that reads nothing any more, behind a socket that stays open."""
    frozen = asyncio.Event()

    async def freeze(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream_reader, upstream = await asyncio.open_connection("127.0.0.1", venue.port)
        tasks = [
            asyncio.create_task(_relay(reader, upstream, frozen)),
            asyncio.create_task(_relay(upstream_reader, writer, frozen)),
        ]
        await asyncio.gather(*tasks)

    async with scripted_venue() as venue:
        relay = await asyncio.start_server(freeze, "127.0.0.1", 0)
        port = relay.sockets[0].getsockname()[1]
        client = ParadexWebSocketClient(
            f"ws://127.0.0.1:{port}/v1",
            ping_interval_secs=0.05,
            ping_timeout_secs=0.2,
            reconnect_delay_initial_ms=1,
            sbe_schema_version="json",
        )
        await client.connect()
        await client.subscribe("bbo.X")
        frozen.set()
        before = client.metrics.disconnects
        await eventually(lambda: client.metrics.disconnects > before)
        await client.close()
        relay.close()


async def _relay(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    frozen: asyncio.Event,
) -> None:
    try:
        while data := await reader.read(65_536):
            if not frozen.is_set():
                writer.write(data)
    except OSError:
        pass
    finally:
        writer.close()
