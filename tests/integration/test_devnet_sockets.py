"""The devnet's sockets: negotiation, the control plane, and when the server ends a connection."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import pytest
from aiohttp import WSMsgType, WSServerHandshakeError

from nautilus_paradex.devnet import DevnetConfig, DevnetServer, RateLimits
from nautilus_paradex.protocol.events import HeartbeatEvent
from tests.integration.devnet_client import BTC, connected
from tests.integration.still_loop import StillLoop
from tests.support import PATIENCE_SECS, eventually

DELTAS = f"order_book.{BTC}.deltas"
SNAPSHOT = f"order_book.{BTC}.snapshot@15@100ms"


def config(**changes: Any) -> DevnetConfig:
    return DevnetConfig(**{"port": 0, "synthetic": False, "past_hours": 0} | changes)


@pytest.fixture
async def client():
    async with DevnetServer(config()) as server, connected(server) as (client, _):
        yield client


async def error_of(socket, method, **params) -> Mapping[str, object]:
    response = await socket.call(method, **params)
    assert response.error is not None
    return {
        "code": response.error.code,
        "message": response.error.message,
        "data": response.error.data,
    }


@pytest.mark.parametrize("version", [0, 1, 2, None])
async def test_served_versions_and_plain_sockets_are_upgraded(client, version):
    async with client.socket(version) as socket:
        await socket.subscribe(f"trades.{BTC}")


@pytest.mark.parametrize(
    "query",
    [
        "sbeSchemaId=1&sbeSchemaVersion=3",
        "sbeSchemaId=1&sbeSchemaVersion=-1",
        "sbeSchemaId=1&sbeSchemaVersion=x",
        "sbeSchemaId=1",
        "sbeSchemaId=2&sbeSchemaVersion=2",
        "sbeSchemaVersion=2",
    ],
)
async def test_other_schemas_are_refused_before_the_upgrade(client, query):
    with pytest.raises(WSServerHandshakeError) as refused:
        await client.session.ws_connect(f"{client.server.ws_url}?{query}")
    assert refused.value.status == 400


async def test_versions_on_offer_can_be_limited():
    async with DevnetServer(config(sbe_versions=(1,))) as server, connected(server) as (client, _):
        with pytest.raises(WSServerHandshakeError) as refused:
            await client.session.ws_connect(f"{server.ws_url}?sbeSchemaId=1&sbeSchemaVersion=2")
        assert refused.value.status == 400
        async with client.socket(1) as socket:
            await socket.subscribe(DELTAS)


async def test_a_plain_request_to_the_socket_path_is_not_found(client):
    assert (await client.send("GET", "")).status == 404


async def test_answers_carry_the_servers_times(client):
    async with client.socket() as socket:
        response = await socket.call("subscribe", channel=f"bbo.{BTC}")
    assert response.result_as(dict) == {"channel": f"bbo.{BTC}"}
    assert response.us_in is not None
    assert response.us_out is not None
    assert response.us_out >= response.us_in


async def test_an_unknown_channel_is_refused_as_captured(client):
    async with client.socket() as socket:
        error = await error_of(socket, "subscribe", channel="nonsense")
    assert error == {
        "code": -32600,
        "message": "invalid subscribe request",
        "data": "invalid channel",
    }


@pytest.mark.parametrize(
    "channel",
    [
        "",
        "bbo",
        "bbo.NO-USD-PERP",
        f"trades.{BTC}.interactive",
        f"trades.{BTC}@1",
        f"order_book.{BTC}",
        "order_book.NO-USD-PERP.deltas",
        f"order_book.{BTC}.snapshot",
        f"order_book.{BTC}.snapshot@20@100ms",
        f"order_book.{BTC}.snapshot@15@1ms",
        f"order_book.{BTC}.snapshot@15@100ms@-1",
        f"order_book.{BTC}.snapshot@15@100ms@x",
    ],
)
async def test_channels_that_do_not_exist(client, channel):
    async with client.socket() as socket:
        assert (await error_of(socket, "subscribe", channel=channel))["code"] == -32600


async def test_deltas_take_parameters_on_plain_sockets_only(client):
    channel = f"{DELTAS}@15@50ms"
    async with client.socket() as socket:
        error = await error_of(socket, "subscribe", channel=channel)
        assert error["data"] == "no parameters expected for deltas topic."
    async with client.socket(None) as socket:
        await socket.subscribe(channel)


@pytest.mark.parametrize(("first", "second"), [(DELTAS, SNAPSHOT), (SNAPSHOT, DELTAS)])
async def test_one_book_channel_for_each_market_and_connection(client, first, second):
    async with client.socket() as socket, client.socket() as another:
        await socket.subscribe(first)
        assert (await error_of(socket, "subscribe", channel=second))["code"] == -32600
        await socket.subscribe(second.replace("BTC", "ETH"))
        await another.subscribe(second)
        await socket.call("unsubscribe", channel=first)
        await socket.subscribe(second)


async def test_subscribing_twice_and_unsubscribing_what_is_not_are_errors(client):
    async with client.socket() as socket:
        await socket.subscribe(f"bbo.{BTC}")
        twice = await error_of(socket, "subscribe", channel=f"bbo.{BTC}")
        assert twice["data"] == "already subscribed to channel"
        absent = await error_of(socket, "unsubscribe", channel=f"trades.{BTC}")
        assert absent["message"] == "invalid unsubscribe request"
        assert (await socket.call("unsubscribe", channel=f"bbo.{BTC}")).error is None
        await socket.subscribe(f"bbo.{BTC}")


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("subscribe", {"channel": "account"}),
        ("subscribe", {"channel": f"fills.{BTC}"}),
        ("order.cancel_all", {}),
        ("order.cancel_on_disconnect", {"enabled": True}),
    ],
)
async def test_private_things_need_authentication(client, method, params):
    async with client.socket() as socket:
        assert (await error_of(socket, method, **params))["code"] == 40300


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("{", -32700),
        ("[]", -32600),
        ('{"id": 1, "jsonrpc": "2.0"}', -32600),
        ('{"method": "subscribe", "params": {"channel": "trades.ALL"}}', -32600),
        ('{"id": 1, "method": "nothing", "params": {}}', -32601),
        ('{"id": 1, "method": "subscribe", "params": {}}', -32602),
        ('{"id": 1, "method": "subscribe", "params": {"channel": 5}}', -32602),
        ('{"id": 1, "method": "auth"}', -32602),
        (
            '{"id": 1, "method": "subscribe", "params": {"channel": "trades.ALL", '
            '"markets": ["BTC-USD-PERP"]}}',
            -32602,
        ),
    ],
)
async def test_malformed_requests_have_the_documented_codes(client, frame, code):
    async with client.socket() as socket:
        await socket.ws.send_str(frame)
        answer = json.loads((await socket.ws.receive(timeout=PATIENCE_SECS)).data)
    assert answer["error"]["code"] == code
    assert answer["jsonrpc"] == "2.0"


async def test_a_binary_request_is_a_parse_error(client):
    async with client.socket() as socket:
        await socket.ws.send_bytes(b"{}")
        answer = json.loads((await socket.ws.receive(timeout=PATIENCE_SECS)).data)
    assert answer["error"]["code"] == -32700


async def test_a_scoped_summary_follows_its_markets(client):
    async with client.socket(None) as socket:
        await socket.subscribe("markets_summary", markets=[BTC])
        response = await socket.call(
            "modify_subscription", channel="markets_summary", add=["ETH-USD-PERP"], remove=[BTC]
        )
        assert response.result_as(dict)["add"] == ["ETH-USD-PERP"]
        unscoped = await error_of(socket, "modify_subscription", channel="trades.ALL", add=[BTC])
        assert unscoped["code"] == -32600
        unknown = await error_of(
            socket, "modify_subscription", channel="markets_summary", add=["NO-USD-PERP"]
        )
        assert unknown["code"] == -32600


async def test_a_socket_without_a_subscription_is_closed_with_4031():
    async with (
        DevnetServer(config(idle_close_secs=0.05)) as server,
        connected(server) as (client, _),
        client.socket() as socket,
    ):
        assert await socket.closed() == 4031


def test_the_time_without_a_subscription_begins_with_the_last_unsubscribe():
    loop, idle_secs = StillLoop(), 1.0

    async def scenario():
        async with (
            DevnetServer(config(idle_close_secs=idle_secs)) as server,
            connected(server) as (client, _),
            client.socket() as socket,
        ):
            await socket.subscribe("trades.ALL")
            await asyncio.sleep(2 * idle_secs)
            assert (await socket.call("unsubscribe", channel="trades.ALL")).error is None
            ended_at = loop.time()
            assert await socket.closed() == 4031
            assert loop.time() - ended_at >= idle_secs

    loop.complete(scenario())
    loop.close()


async def test_a_client_that_does_not_answer_pings_is_cut_off():
    short = config(ping_interval_secs=0.05, pong_timeout_secs=0.05)
    async with DevnetServer(short) as server, connected(server) as (client, _):
        url = f"{server.ws_url}?sbeSchemaId=1&sbeSchemaVersion=2"
        async with client.session.ws_connect(url, autoping=False) as ws:
            assert (await ws.receive(timeout=PATIENCE_SECS)).type is WSMsgType.PING
            closing = await ws.receive(timeout=PATIENCE_SECS)
            assert closing.type in (WSMsgType.CLOSED, WSMsgType.ERROR)


async def test_a_client_that_answers_pings_stays():
    short = config(ping_interval_secs=0.02, pong_timeout_secs=5.0)
    async with DevnetServer(short) as server, connected(server) as (client, _):
        url = f"{server.ws_url}?sbeSchemaId=1&sbeSchemaVersion=2"
        async with client.session.ws_connect(url, autoping=False) as ws:
            for _ in range(3):
                ping = await ws.receive(timeout=PATIENCE_SECS)
                assert ping.type is WSMsgType.PING
                await ws.pong(ping.data)


async def test_clients_may_ping_too(client):
    async with client.session.ws_connect(client.server.ws_url, autoping=False) as ws:
        await ws.ping(b"hello")
        answer = await ws.receive(timeout=PATIENCE_SECS)
        assert (answer.type, answer.data) == (WSMsgType.PONG, b"hello")


async def test_idle_binary_sockets_hear_heartbeats():
    async with (
        DevnetServer(config(heartbeat_interval_secs=0.02)) as server,
        connected(server) as (client, _),
        client.socket() as socket,
    ):
        first = await socket.next_of(HeartbeatEvent)
        second = await socket.next_of(HeartbeatEvent)
        assert first.seq is not None
        assert second.seq == first.seq + 1


async def test_a_consumer_with_too_many_unread_frames_is_cut_off():
    async with (
        DevnetServer(config(max_queued_frames=5)) as server,
        connected(server) as (client, _),
        client.socket() as socket,
    ):
        await socket.subscribe("trades.ALL")
        # More than fit into the queue before the writer has its turn.
        for _ in range(20):
            await socket.ws.send_str("{")
        await eventually(lambda: len(server.sockets) == 0)


async def test_channels_of_a_socket_can_be_limited():
    async with (
        DevnetServer(config(max_subscriptions=2)) as server,
        connected(server) as (client, _),
        client.socket() as socket,
        client.socket() as another,
    ):
        await socket.subscribe(f"bbo.{BTC}")
        await socket.subscribe(f"trades.{BTC}")
        assert (await error_of(socket, "subscribe", channel=DELTAS))["code"] == -32600
        await another.subscribe(DELTAS)
        await socket.call("unsubscribe", channel=f"bbo.{BTC}")
        await socket.subscribe(DELTAS)


async def test_connections_have_a_rate_limit():
    limits = RateLimits(connects_per_minute=1)
    async with DevnetServer(config(rate_limits=limits)) as server, connected(server) as (client, _):
        async with client.socket():
            with pytest.raises(WSServerHandshakeError) as refused:
                await client.session.ws_connect(server.ws_url)
        assert refused.value.status == 429


async def test_stopping_says_goodbye():
    server = DevnetServer(config())
    await server.start()
    async with connected(server) as (client, _), client.socket() as socket:
        code, _ = await asyncio.gather(socket.closed(), server.stop())
        assert code == 1001
    await server.stop()
