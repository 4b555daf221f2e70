"""Tokens of the retail profile on the devnet: limit, speed bump, fees, flags."""

import time
from contextlib import asynccontextmanager
from typing import Any

import pytest

from nautilus_paradex.devnet import DevnetConfig, DevnetServer
from tests.integration.devnet_client import BTC, DevnetClient, auth_headers, connected
from tests.support import eventually


@pytest.fixture
async def clients():
    async with retail_and_other() as clients:
        yield clients


@pytest.fixture
async def timeless_clients():
    """Clients of a venue whose clock stands still: whatever happens, happens within a second."""
    frozen_us = time.time_ns() // 1_000
    async with retail_and_other(now_us=lambda: frozen_us) as clients:
        yield clients


@asynccontextmanager
async def retail_and_other(**options: Any):
    config = DevnetConfig(port=0, synthetic=False, past_hours=0, retail_speed_bump_ms=50)
    async with DevnetServer(config, **options) as server, connected(server) as (retail, other):
        answer = await sign_in(retail, "interactive")
        retail.token = answer.body["jwt_token"]
        yield retail, other


async def sign_in(client: DevnetClient, usage: str):
    headers = auth_headers(client.account, client.signer, int(time.time()))
    return await client.send("POST", "/auth", headers=headers, token_usage=usage)


async def test_a_usage_that_nobody_knows_earns_no_token(clients):
    answer = await sign_in(clients[0], "robot")
    assert (answer.status, answer.body["error"]) == (400, "INVALID_REQUEST_PARAMETER")


async def test_an_order_stays_new_for_the_speed_bump():
    ahead_us = 0
    config = DevnetConfig(
        port=0, synthetic=False, past_hours=0, retail_speed_bump_ms=60_000, tick_interval_ms=60_000
    )
    async with (
        DevnetServer(config, now_us=lambda: time.time_ns() // 1_000 + ahead_us) as server,
        connected(server) as (retail, other),
    ):
        retail.token = (await sign_in(retail, "interactive")).body["jwt_token"]
        account, exchange = retail.account.address_hex, server.exchange
        order_id = (await retail.place()).body["id"]
        await other.place()
        await eventually(lambda: exchange.bbo(BTC).bid_price)
        assert exchange.order(account, order_id).status == "NEW"
        # The next request runs the engine, and now the time has come.
        ahead_us = 60_000_000
        await other.place()
        await eventually(lambda: exchange.order(account, order_id).status == "OPEN")


async def test_an_order_is_open_once_the_speed_bump_has_passed(clients):
    retail, _ = clients
    order_id = (await retail.place()).body["id"]
    order = retail.server.exchange.order
    await eventually(lambda: order(retail.account.address_hex, order_id).status == "OPEN")


async def test_an_order_can_be_cancelled_within_the_speed_bump(clients):
    retail, _ = clients
    order_id = (await retail.place()).body["id"]
    assert (await retail.send("DELETE", f"/orders/{order_id}")).status == 204
    orders = retail.server.exchange.open_orders
    await eventually(lambda: not orders(retail.account.address_hex))
    history = (await retail.get("/orders-history")).body["results"]
    assert [order["cancel_reason"] for order in history] == ["USER_CANCELED"]


async def test_the_fourth_order_within_a_second_is_refused(timeless_clients):
    retail, other = timeless_clients
    answers = [await retail.place() for _ in range(4)]
    assert [answer.status for answer in answers] == [201, 201, 201, 429]
    assert answers[-1].headers["x-ratelimit-limit"] == "3"
    assert [(await other.place()).status for _ in range(4)] == [201] * 4


async def test_the_socket_counts_orders_of_the_profile_alike(timeless_clients):
    retail, _ = timeless_clients
    async with retail.socket(auth=True) as socket:
        for _ in range(3):
            assert (await socket.call("order.create", **retail.order())).error is None
        refused = (await socket.call("order.create", **retail.order())).error
    assert refused is not None
    assert refused.code == 42901


async def test_retail_trades_free_and_who_takes_from_it_pays_less(clients):
    retail, other = clients
    async with retail.socket(auth=True) as mine, other.socket(auth=True) as theirs:
        for socket in (mine, theirs):
            await socket.subscribe("fills.ALL")
        await retail.place(price="96000", size="0.02")
        await eventually(lambda: retail.server.exchange.bbo(BTC).bid_price)
        await other.place(side="SELL", type="MARKET", price=None, instruction="IOC", size="0.02")
        made = await mine.next_data("fills.ALL")
        taken = await theirs.next_data("fills.ALL")
    assert (made["fee"], made["flags"]) == ("0", ["interactive"])
    # 0.045 % of 1,920 less 30 %.
    assert (taken["fee"], taken["flags"]) == ("0.6048", ["fastfill"])


async def test_the_accounts_rates_are_those_of_the_token(clients):
    retail, _ = clients
    free, charged = [(await c.get("/account/info")).body["results"][0]["fees"] for c in clients]
    assert set(free.values()) == {"0"}
    assert charged["taker_rate"] == "0.00045"
    fees = (await retail.get("/markets", market=BTC)).body["results"][0]["fee_config"]
    assert fees["interactive_fee"]["taker_fee"]["fee"] == "0"
