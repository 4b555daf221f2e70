"""Faults that can be asked of the devnet, and what they leave behind."""

import pytest

from nautilus_paradex.devnet import DevnetConfig, DevnetServer
from nautilus_paradex.protocol.enums import RpcErrorCode
from nautilus_paradex.protocol.events import BboEvent, BookEvent
from tests.integration.devnet_client import BTC, connected


@pytest.fixture
async def client():
    config = DevnetConfig(port=0, synthetic=False, past_hours=0, legacy_json=True)
    async with DevnetServer(config) as server, connected(server) as (client, _):
        yield client


DELTAS = f"order_book.{BTC}.deltas"
INTERACTIVE_DELTAS = f"order_book.{BTC}.interactive_deltas"


async def ask(client, **fault):
    return await client.devnet("POST", "/devnet/faults", json=fault)


async def test_dropped_sockets_end_without_a_close_frame(client):
    async with client.socket() as socket:
        await socket.subscribe(f"bbo.{BTC}")
        assert (await ask(client, kind="drop_sockets")).body == {"dropped": 1}
        assert await socket.closed() in (1006, None)


async def test_a_status_is_answered_so_many_times_and_nothing_is_executed(client):
    await ask(client, kind="http_status", path="/v1/orders", method="POST", status=503, times=2)
    assert [(await client.place()).status for _ in range(3)] == [503, 503, 201]
    assert len((await client.get("/orders")).body["results"]) == 1


async def test_an_answer_can_be_lost_after_the_order_was_taken(client):
    await ask(client, kind="http_status", path="/v1/orders", status=504, after=True)
    assert (await client.place(client_id="lost")).status == 504
    assert (await client.get("/orders/by_client_id/lost")).status == 200


async def test_a_delay_only_delays(client):
    await ask(client, kind="delay_ms", path="/v1/system", delay_ms=5)
    assert (await client.get("/system/time")).status == 200
    assert (await client.devnet("GET", "/devnet/faults")).body["waiting"] == []


@pytest.mark.parametrize("channel", [f"bbo.{BTC}", DELTAS])
async def test_a_channel_can_be_acknowledged_and_never_fed(client, channel):
    await ask(client, kind="silent_channel", channel=channel)
    async with client.socket() as silent, client.socket() as fed:
        await silent.subscribe(channel)
        await silent.subscribe(f"bbo.{BTC}" if channel == DELTAS else DELTAS)
        await fed.subscribe(channel)
        await silent.next()
        wanted = type(await fed.next())
        await client.place()
        await fed.next_of(wanted)
        assert not isinstance(await silent.next(), wanted)
        assert (await silent.call("unsubscribe", channel=channel)).error is None
        await silent.subscribe(channel)
        await silent.next_of(wanted)


@pytest.mark.parametrize("options", [{}, {"code": RpcErrorCode.INTERNAL_ERROR}])
async def test_a_channel_whose_confirmation_is_lost_is_fed(client, options):
    await ask(client, kind="socket_reply", method="subscribe", after=True, **options)
    async with client.socket() as socket:
        await socket.send("subscribe", "lost", channel=DELTAS)
        if options:
            assert (await socket.answer()).error.code == RpcErrorCode.INTERNAL_ERROR
        assert isinstance(await socket.next(), BookEvent)


async def test_a_channel_whose_subscription_is_lost_is_not_fed(client):
    await ask(client, kind="socket_reply", method="subscribe")
    async with client.socket() as socket:
        await socket.send("subscribe", "lost", channel=DELTAS)
        await socket.subscribe(DELTAS)  # not refused as a repetition
        assert isinstance(await socket.next(), BookEvent)


async def test_a_change_of_a_book_can_be_lost(client):
    async with client.socket() as socket, client.socket() as other:
        await socket.subscribe(DELTAS)
        await other.subscribe(INTERACTIVE_DELTAS)
        first = (await socket.next_of(BookEvent)).seq
        await other.next_of(BookEvent)
        await ask(client, kind="skip_delta", channel=DELTAS, times=2)
        for _ in range(3):
            await client.place()
        assert (await socket.next_of(BookEvent)).seq == first + 3
        # Channels of other names are not concerned.
        assert [(await other.next_of(BookEvent)).seq - first for _ in range(3)] == [1, 2, 3]


async def test_a_change_of_a_book_can_come_twice(client):
    async with client.socket() as socket:
        await socket.subscribe(DELTAS)
        first = (await socket.next_of(BookEvent)).seq
        await ask(client, kind="repeat_delta", channel=DELTAS)
        await client.place()
        await client.place()
        assert [(await socket.next_of(BookEvent)).seq - first for _ in range(3)] == [1, 1, 2]


async def test_faults_of_books_hit_json_too(client):
    await ask(client, kind="repeat_delta", channel=DELTAS)
    async with client.socket(None) as socket:
        await socket.subscribe(DELTAS)
        await socket.next_data(DELTAS)
        await client.place()
        twice = [await socket.next_data(DELTAS), await socket.next_data(DELTAS)]
    assert twice[0] == twice[1]


async def test_every_subscriber_of_a_channel_is_hit_by_the_same_fault(client):
    async with client.socket() as first, client.socket() as second:
        for socket in (first, second):
            await socket.subscribe(DELTAS)
            await socket.next_of(BookEvent)
        await ask(client, kind="skip_delta", channel=DELTAS)
        await client.place()
        await client.place()
        seen = [(await socket.next_of(BookEvent)).seq for socket in (first, second)]
    assert seen[0] == seen[1] == client.server.exchange.book_snapshot(BTC).seq


async def test_events_can_be_sent_that_no_engine_would_come_to(client):
    odd = BboEvent(ts=1, seq=0, bid_price=7, bid_size=0, market=BTC)
    async with client.socket() as binary, client.socket(None) as text:
        for socket in (binary, text):
            await socket.subscribe(f"bbo.{BTC}")
            await socket.next()
        client.server.publish(odd)
        assert await binary.next() == odd
        assert (await text.next_data(f"bbo.{BTC}"))["bid"] == "0.00000007"


async def test_waiting_faults_can_be_cleared(client):
    await ask(client, kind="http_status", path="/v1/system", status=500)
    await ask(client, kind="clear")
    assert (await client.get("/system/time")).status == 200


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"kind": "earthquake"}, "drop_sockets, http_status, delay_ms"),
        ({}, "kind must be one of"),
        ({"kind": "http_status", "status": 500}, "path"),
        ({"kind": "http_status", "path": "/", "status": 99}, "was 99"),
        ({"kind": "delay_ms", "path": "/", "delay_ms": 0}, "was 0"),
        ({"kind": "delay_ms", "path": "/", "delay_ms": 1, "times": 0}, "was 0"),
        ({"kind": "delay_ms", "path": "/", "delay_ms": 1, "tomes": 2}, "tomes"),
        ({"kind": "silent_channel"}, "channel"),
        ({"kind": "skip_delta", "channel": DELTAS, "times": 0}, "was 0"),
    ],
)
async def test_a_wrong_fault_is_refused_with_what_is_known(client, fault, words):
    answer = await ask(client, **fault)
    assert answer.status == 400
    assert words in answer.body["message"]
    assert "drop_sockets" in answer.body["kinds"]


async def test_the_venue_can_be_asked_to_act_on_accounts(client):
    account = (await client.devnet("GET", "/devnet/accounts")).body["accounts"][0]["address"]
    act = {"kind": "deposit", "account": account, "token": "DIME", "amount": "5"}
    reply = await client.devnet("POST", "/devnet/acts", json=act)
    assert reply.status == 200
    balances = {b["token"]: b["size"] for b in (await client.get("/balance")).body["results"]}
    assert balances["DIME"] == "5"
    (last, *_) = (await client.get("/transfers")).body["results"]
    assert last["id"] == reply.body["transfer_id"]
    refused = await client.devnet("POST", "/devnet/acts", json={"kind": "earthquake"})
    assert refused.status == 400
    assert "bust" in refused.body["kinds"]
