"""Algo orders of the devnet as REST tells them."""

import time
from decimal import Decimal
from typing import Any

import pytest

from nautilus_paradex.devnet import DevnetConfig, DevnetServer
from tests.integration.devnet_client import BTC, Answer, DevnetClient, connected
from tests.support import eventually


@pytest.fixture
async def client():
    config = DevnetConfig(port=0, synthetic=False, past_hours=0, tick_interval_ms=20)
    async with DevnetServer(config) as server, connected(server) as (client, _):
        yield client


async def start(client: DevnetClient, **changes: Any) -> Answer:
    body: dict[str, Any] = {
        "algo_type": "TWAP",
        "market": BTC,
        "side": "BUY",
        "type": "MARKET",
        "size": "0.02",
        "duration_seconds": 60,
        "signature_timestamp": int(time.time() * 1_000),
    }
    body["signature"] = client.signer.sign_order(
        timestamp_ms=body["signature_timestamp"],
        market=BTC,
        side="BUY",
        order_type="MARKET",
        size=Decimal("0.02"),
        price=Decimal(0),
    )
    return await client.send("POST", "/algo/orders", json=body | changes)


async def test_a_twap_is_new_in_the_reply_then_open_and_closed_in_the_history(client):
    answer = await start(client)
    assert answer.status == 201
    algo = answer.body
    assert (algo["status"], algo["algo_type"], algo["remaining_size"]) == ("NEW", "TWAP", "0.02")
    assert algo["end_at"] - algo["created_at"] == 60_000
    assert algo["algo_params"] == {"duration_seconds": "60", "frequency": "30"}

    account = client.account.address_hex
    algos = client.server.exchange.algos
    await eventually(lambda: algos.find(account, algo["id"]).status == "OPEN")
    assert [a["id"] for a in (await client.get("/algo/orders")).body["results"]] == [algo["id"]]
    assert (await client.get(f"/algo/orders/{algo['id']}")).body["market"] == BTC

    assert (await client.send("DELETE", f"/algo/orders/{algo['id']}")).status == 204
    gone = await client.get(f"/algo/orders/{algo['id']}")
    assert (gone.status, gone.body["error"]) == (404, "ALGO_ID_NOT_FOUND")
    history = await client.get("/algo/orders-history", market=BTC, status="CLOSED")
    assert [a["cancel_reason"] for a in history.body["results"]] == ["USER_CANCELED"]
    assert (await client.send("DELETE", f"/algo/orders/{algo['id']}")).status == 404


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"size": "0.03"}, "INVALID_ORDER_SIGNATURE"),
        ({"algo_type": "ICEBERG"}, "VALIDATION_ERROR"),
        ({"type": "LIMIT"}, "VALIDATION_ERROR"),
        ({"duration_seconds": 50}, "VALIDATION_ERROR"),
        ({"frequency": 0}, "VALIDATION_ERROR"),
        ({"signature_timestamp": 1, "recv_window": 100}, "VALIDATION_ERROR"),
    ],
)
async def test_a_wrong_one_is_refused(client, changes, code):
    answer = await start(client, **changes)
    assert (answer.status, answer.body["error"]) == (400, code)
    assert (await client.get("/algo/orders")).body["results"] == []
