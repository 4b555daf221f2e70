"""Faults that can be asked of the devnet, and what they leave behind."""

import pytest

from nautilus_paradex.devnet import DevnetConfig, DevnetServer
from tests.integration.devnet_client import BTC, connected


@pytest.fixture
async def client():
    config = DevnetConfig(port=0, synthetic=False, past_hours=0)
    async with DevnetServer(config) as server, connected(server) as (client, _):
        yield client


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


async def test_waiting_faults_can_be_cleared(client):
    await ask(client, kind="http_status", path="/v1/system", status=500)
    await ask(client, kind="clear")
    assert (await client.get("/system/time")).status == 200


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"kind": "earthquake"}, "drop_sockets, http_status, delay_ms, clear"),
        ({}, "kind must be one of"),
        ({"kind": "http_status", "status": 500}, "path"),
        ({"kind": "http_status", "path": "/", "status": 99}, "was 99"),
        ({"kind": "delay_ms", "path": "/", "delay_ms": 0}, "was 0"),
        ({"kind": "delay_ms", "path": "/", "delay_ms": 1, "times": 0}, "was 0"),
        ({"kind": "delay_ms", "path": "/", "delay_ms": 1, "tomes": 2}, "tomes"),
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
