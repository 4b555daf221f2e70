"""The isolated-margin account of a devnet account: who may trade for it, and where it shows."""

import time

import pytest

from nautilus_paradex.devnet import DevnetConfig, DevnetServer
from tests.integration.devnet_client import BTC, DevnetClient, auth_headers, connected
from tests.support import eventually


@pytest.fixture
async def client():
    config = DevnetConfig(port=0, synthetic=False, past_hours=0)
    async with DevnetServer(config) as server, connected(server) as (client, _):
        yield client


async def authorize(client: DevnetClient) -> None:
    headers = auth_headers(client.account, client.signer, int(time.time()))
    headers["PARADEX-AUTHORIZE-ISOLATED-MARKETS"] = "true"
    answer = await client.send("POST", "/auth", headers=headers)
    client.token = answer.body["jwt_token"]


async def test_a_token_must_be_asked_for_with_the_right_to_trade_for_it(client):
    isolated = client.account.isolated_hex
    refused = await client.place(on_behalf_of_account=isolated)
    assert (refused.status, refused.body["error"]) == (403, "UNAUTHORIZED_ERROR")

    await authorize(client)
    taken = await client.place(on_behalf_of_account=isolated)
    assert (taken.status, taken.body["account"]) == (201, isolated)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"market": "ETH-USD-PERP", "price": "3000"}, "ISOLATED_MARKET_ACCOUNT_MISMATCH"),
        ({"on_behalf_of_account": "0x1234"}, "ACCOUNT_NOT_FOUND"),
        ({"on_behalf_of_account": "mine"}, "ACCOUNT_NOT_FOUND"),
    ],
)
async def test_orders_that_do_not_belong_to_it_are_refused(client, changes, code):
    await authorize(client)
    order = {"on_behalf_of_account": client.account.isolated_hex} | changes
    answer = await client.place(**order)
    assert (answer.status, answer.body["error"]) == (400, code)


async def test_a_batch_acts_for_one_account(client):
    await authorize(client)
    isolated = client.account.isolated_hex
    both = [client.order(on_behalf_of_account=isolated), client.order()]
    assert (await client.send("POST", "/orders/batch", json=both)).status == 400
    alike = [client.order(on_behalf_of_account=isolated, size=size) for size in ("0.01", "0.02")]
    answer = await client.send("POST", "/orders/batch", json=alike)
    assert {order["account"] for order in answer.body["orders"]} == {isolated}


async def test_its_messages_arrive_on_the_main_accounts_socket_and_name_it(client):
    await authorize(client)
    main, isolated = client.account.address_hex, client.account.isolated_hex
    async with client.socket(auth=True) as orders, client.socket(auth=True) as accounts:
        await orders.subscribe("orders.ALL")
        await accounts.subscribe("account")
        await client.place(on_behalf_of_account=isolated)
        await client.place()
        assert (await orders.next_data("orders.ALL", status="OPEN"))["account"] == isolated
        assert (await orders.next_data("orders.ALL", status="OPEN"))["account"] == main
        told = await accounts.next_data("account", account=isolated)
    assert told["total_collateral"] == "10000"


async def test_lists_hold_the_orders_of_both_and_a_cancel_finds_either(client):
    await authorize(client)
    isolated = client.account.isolated_hex
    order_id = (await client.place(on_behalf_of_account=isolated)).body["id"]
    await client.place()
    assert len((await client.get("/orders")).body["results"]) == 2
    assert (await client.get(f"/orders/{order_id}")).body["account"] == isolated
    assert (await client.send("DELETE", f"/orders/{order_id}")).status == 204
    exchange = client.server.exchange
    await eventually(lambda: len(exchange.open_orders(client.account.address_hex)) == 1)
    history = (await client.get("/orders-history")).body["results"]
    assert sorted(order["status"] for order in history) == ["CLOSED", "OPEN"]


async def test_the_account_endpoints_tell_of_it(client):
    main, isolated = client.account.address_hex, client.account.isolated_hex
    one = await client.get("/account", subaccount_address=isolated)
    assert (one.body["account"], one.body["free_collateral"]) == (isolated, "10000")
    nobody = await client.get("/account", subaccount_address="0x1")
    assert (nobody.status, nobody.body["error"]) == (400, "ACCOUNT_NOT_FOUND")
    summaries = (await client.get("/account/summary")).body["results"]
    assert [summary["account"] for summary in summaries] == [main, isolated]
    info = (await client.get("/account/info")).body["results"]
    assert [(i["kind"], i["isolated_market"]) for i in info] == [("main", ""), ("subaccount", BTC)]
    (sub,) = (await client.get("/account/subaccounts")).body["results"]
    assert (sub["account"], sub["parent_account"]) == (isolated, main)
    listed = (await client.devnet("GET", "/devnet/accounts")).body["accounts"][0]
    assert listed["isolated_account"] == isolated
