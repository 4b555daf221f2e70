"""The life of an order on the devnet, as REST and sockets tell it."""

import time
from decimal import Decimal

import pytest

from nautilus_paradex.devnet import DevnetConfig, DevnetServer, RateLimits
from nautilus_paradex.protocol.events import FillEvent, OrderEvent, PositionEvent
from tests.integration.devnet_client import BTC, connected
from tests.support import eventually

IN_THE_YEAR_2100_MS = 4_102_444_800_000


@pytest.fixture
async def server():
    async with DevnetServer(DevnetConfig(port=0, synthetic=False, past_hours=0)) as server:
        yield server


@pytest.fixture
async def clients(server):
    async with connected(server) as clients:
        yield clients


@pytest.fixture
def client(clients):
    return clients[0]


@pytest.fixture
def other(clients):
    return clients[1]


async def wait_for_no_open_orders(client):
    await eventually(lambda: not client.server.exchange.open_orders(client.account.address_hex))


async def test_an_order_is_new_in_the_reply_and_open_afterwards(client):
    async with client.socket(auth=True) as socket:
        await socket.subscribe("orders.ALL")
        answer = await client.place(client_id="first")
        assert answer.status == 201
        assert answer.body["status"] == "NEW"
        opened = await socket.next_data("orders.ALL", status="OPEN")
    assert opened["id"] == answer.body["id"]
    assert opened["client_id"] == "first"
    assert (await client.get(f"/orders/{opened['id']}")).body["status"] == "OPEN"
    assert (await client.get("/orders/by_client_id/first")).body["id"] == opened["id"]
    assert [order["id"] for order in (await client.get("/orders")).body["results"]] == [
        opened["id"]
    ]


async def test_a_cancel_is_only_queued_and_ends_in_closed(client):
    async with client.socket(auth=True) as socket:
        await socket.subscribe(f"orders.{BTC}")
        order_id = (await client.place()).body["id"]
        answer = await client.send("DELETE", f"/orders/{order_id}")
        assert (answer.status, answer.body) == (204, None)
        closed = await socket.next_data(f"orders.{BTC}", status="CLOSED")
    assert closed["cancel_reason"] == "USER_CANCELED"
    again = await client.send("DELETE", f"/orders/{order_id}")
    assert (again.status, again.body["error"]) == (400, "ORDER_IS_CLOSED")
    gone = await client.get(f"/orders/{order_id}")
    assert (gone.status, gone.body["error"]) == (400, "ORDER_ID_NOT_FOUND")
    history = await client.get("/orders-history", status="CLOSED")
    assert [order["id"] for order in history.body["results"]] == [order_id]


async def test_cancels_by_client_id_and_of_everything(client):
    for number in range(3):
        await client.place(client_id=f"c{number}")
    path = "/orders/by_client_id/c0"
    assert (await client.send("DELETE", path, market=BTC)).status == 204
    assert (await client.send("DELETE", "/orders", market=BTC)).status == 200
    await wait_for_no_open_orders(client)
    unknown = await client.send("DELETE", "/orders/by_client_id/nobody")
    assert (unknown.status, unknown.body["error"]) == (400, "CLIENT_ORDER_ID_NOT_FOUND")


async def test_a_trade_reaches_both_sides_and_the_ledger(client, other):
    async with client.socket(auth=True) as maker, other.socket(auth=True) as taker:
        for socket in (maker, taker):
            for channel in ("fills.ALL", "positions", "account", "balance_events"):
                await socket.subscribe(channel)
        await client.place(price="96000", size="0.02")
        await other.place(side="SELL", type="MARKET", price=None, instruction="IOC", size="0.02")
        made = await maker.next_data("fills.ALL")
        taken = await taker.next_data("fills.ALL")
        assert (await maker.next_data("balance_events"))["fill_id"] == made["id"]
        long = await maker.next_data("positions", status="OPEN")
        short = await taker.next_data("positions", status="OPEN")
    assert (made["liquidity"], taken["liquidity"]) == ("MAKER", "TAKER")
    assert (made["side"], taken["side"]) == ("BUY", "SELL")
    assert made["fee"] == "0.0576"
    assert taken["fee"] == "0.864"
    assert (long["size"], long["side"]) == ("0.02", "LONG")
    assert (short["size"], short["side"]) == ("-0.02", "SHORT")
    fills = (await client.get("/fills")).body["results"]
    assert [fill["id"] for fill in fills] == [made["id"]]
    positions = (await other.get("/positions")).body["results"]
    assert positions[0]["size"] == "-0.02"
    trades = (await client.get("/trades", market=BTC, page_size="1")).body
    assert trades["results"][0]["price"] == "96000"
    ledger = (await client.devnet("GET", "/devnet/ledger")).body
    assert client.account.address_hex in str(ledger)


async def test_private_events_in_binary_say_the_same():
    config = DevnetConfig(port=0, synthetic=False, past_hours=0, private_sbe=True)
    async with (
        DevnetServer(config) as server,
        connected(server) as (client, other),
        client.socket(auth=True) as socket,
    ):
        for channel in ("orders.ALL", "fills.ALL", "positions", "balance_events"):
            await socket.subscribe(channel)
        order_id = (await client.place(price="96000")).body["id"]
        opened = await socket.next_of(OrderEvent, status="OPEN")
        assert opened.order_id == order_id
        await other.place(side="SELL", price="96000")
        fill = await socket.next_of(FillEvent)
        assert (fill.order_id, fill.price) == (order_id, 96_000 * 10**8)
        # No template: JSON whatever was negotiated.
        assert (await socket.next_data("balance_events"))["fill_id"] == fill.fill_id
        position = await socket.next_of(PositionEvent)
        assert (position.side, position.size) == ("BUY", 10**6)


async def test_an_order_that_may_not_rest_is_closed_with_its_reason(client):
    async with client.socket(auth=True) as socket:
        await socket.subscribe("orders.ALL")
        await client.place(type="MARKET", price=None, instruction="IOC")
        closed = await socket.next_data("orders.ALL", status="CLOSED")
    assert closed["cancel_reason"] == "EMPTY_MARKET"


async def test_modify_keeps_the_id_and_ends_with_success(client, server):
    async with client.socket(auth=True) as socket:
        await socket.subscribe("orders.ALL")
        order_id = (await client.place()).body["id"]
        await socket.next_data("orders.ALL", status="OPEN")
        change = modify_request(client, order_id, price="94000")
        answer = await client.send("PUT", f"/orders/{order_id}", json=change)
        assert answer.status == 200
        assert answer.body["request_info"]["status"] == "PENDING"
        changed = await socket.next_data("orders.ALL", price="94000")
    assert changed["id"] == order_id
    assert changed["request_info"]["status"] == "SUCCESS"


async def test_modify_is_signed_too(client):
    order_id = (await client.place()).body["id"]
    change = modify_request(client, order_id, price="94000") | {"price": "93000"}
    answer = await client.send("PUT", f"/orders/{order_id}", json=change)
    assert (answer.status, answer.body["error"]) == (400, "INVALID_ORDER_SIGNATURE")


def modify_request(client, order_id, *, price, size="0.01"):
    timestamp_ms = int(time.time() * 1_000)
    signature = client.signer.sign_modify_order(
        timestamp_ms=timestamp_ms,
        market=BTC,
        side="BUY",
        order_type="LIMIT",
        size=Decimal(size),
        price=Decimal(price),
        order_id=order_id,
    )
    return {
        "id": order_id,
        "market": BTC,
        "side": "BUY",
        "type": "LIMIT",
        "size": size,
        "price": price,
        "signature": signature,
        "signature_timestamp": timestamp_ms,
    }


@pytest.mark.parametrize(
    "tampered",
    [
        {"size": "0.02"},
        {"price": "95001"},
        {"side": "SELL"},
        {"market": "ETH-USD-PERP"},
        {"signature": '["1","2"]'},
        {"signature": "none"},
    ],
)
async def test_every_signed_field_is_verified(client, tampered):
    answer = await client.send("POST", "/orders", json=client.order() | tampered)
    assert (answer.status, answer.body["error"]) == (400, "INVALID_ORDER_SIGNATURE")


async def test_another_accounts_signature_does_not_count(client, other):
    answer = await client.send("POST", "/orders", json=other.order())
    assert (answer.status, answer.body["error"]) == (400, "INVALID_ORDER_SIGNATURE")


async def test_a_subkey_signs_orders(client, server):
    client.signer = client.account.subkey_signer(server.config.chain_id)
    assert (await client.place()).status == 201


async def test_an_order_that_comes_after_its_window_is_refused(client):
    late = int(time.time() * 1_000) - 5_000
    answer = await client.place(signature_timestamp=late, recv_window=1_000)
    assert answer.status == 400
    assert "recv_window" in answer.body["message"]
    assert (await client.place(signature_timestamp=late, recv_window=60_000)).status == 201


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"recv_window": 5}, "VALIDATION_ERROR"),
        ({"client_id": "x" * 65}, "VALIDATION_ERROR"),
        ({"type": "MARKET", "instruction": "IOC"}, "VALIDATION_ERROR"),
        ({"on_behalf_of_account": "0x1"}, "ACCOUNT_NOT_FOUND"),
        ({"market": "NO-USD-PERP"}, "MARKET_NOT_FOUND"),
        ({"size": "many", "signature": '["1","2"]'}, "VALIDATION_ERROR"),
        ({"size": "0.000000001", "signature": '["1","2"]'}, "VALIDATION_ERROR"),
        ({"signature_timestamp": IN_THE_YEAR_2100_MS}, "INVALID_TIMESTAMP"),
    ],
)
async def test_requests_that_are_wrong_in_themselves(client, changes, code):
    answer = await client.place(**changes)
    assert (answer.status, answer.body["error"]) == (400, code)


async def test_bodies_that_are_no_orders(client):
    missing = await client.send("POST", "/orders", json={"market": BTC})
    assert (missing.status, missing.body["error"]) == (400, "VALIDATION_ERROR")
    broken = await client.send("POST", "/orders", data=b"{")
    assert (broken.status, broken.body["error"]) == (400, "BINDING_ERROR")


async def test_a_client_id_is_used_once(client):
    assert (await client.place(client_id="once")).status == 201
    again = await client.place(client_id="once")
    assert (again.status, again.body["error"]) == (400, "DUPLICATED_CLIENT_ID")


async def test_a_batch_gives_each_order_its_own_outcome(client):
    orders = [client.order(client_id="a"), client.order(client_id="a"), client.order()]
    answer = await client.send("POST", "/orders/batch", json=orders)
    assert answer.status == 201
    assert [order is not None for order in answer.body["orders"]] == [True, False, True]
    assert [error and error["error"] for error in answer.body["errors"]] == [
        None,
        "DUPLICATED_CLIENT_ID",
        None,
    ]
    order_ids = [order["id"] for order in answer.body["orders"] if order]
    results = await client.send("DELETE", "/orders/batch", json={"order_ids": [*order_ids, "123"]})
    assert [result["status"] for result in results.body["results"]] == [
        "QUEUED_FOR_CANCELLATION",
        "QUEUED_FOR_CANCELLATION",
        "NOT_FOUND",
    ]
    await wait_for_no_open_orders(client)


async def test_one_bad_signature_fails_the_whole_batch(client):
    orders = [client.order(), client.order() | {"size": "0.5"}]
    answer = await client.send("POST", "/orders/batch", json=orders)
    assert (answer.status, answer.body["error"]) == (400, "INVALID_ORDER_SIGNATURE")
    assert (await client.get("/orders")).body["results"] == []


@pytest.mark.parametrize("count", [0, 11])
async def test_a_batch_has_bounds(client, count):
    answer = await client.send("POST", "/orders/batch", json=[client.order()] * count)
    assert (answer.status, answer.body["error"]) == (400, "BATCH_SIZE_OUT_OF_RANGE")


async def test_history_comes_in_pages(client):
    placed = [(await client.place()).body["id"] for _ in range(5)]
    seen = []
    cursor = ""
    while True:
        page = (await client.get("/orders-history", page_size="2", cursor=cursor)).body
        seen += [order["id"] for order in page["results"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == placed[::-1]


async def test_the_socket_takes_orders_as_well(client):
    async with client.socket(auth=True) as socket:
        created = await socket.call("order.create", **client.order(client_id="ws"))
        order_id = created.result_as(dict)["order"]["id"]
        cancelled = await socket.call("order.cancel", id=order_id)
        assert cancelled.result_as(dict)["status"] == "QUEUED_FOR_CANCELLATION"
        refused = await socket.call("order.create", **(client.order() | {"size": "9"}))
        assert refused.error is not None
        assert refused.error.data == "INVALID_ORDER_SIGNATURE"
    await wait_for_no_open_orders(client)


async def test_cancel_on_disconnect_covers_the_sockets_own_orders(client, server):
    async with client.socket(auth=True) as socket:
        await socket.call("order.cancel_on_disconnect", enabled=True)
        await socket.call("order.create", **client.order(client_id="tracked"))
        await client.place(client_id="by-rest")
    address = client.account.address_hex
    await eventually(
        lambda: [o.client_order_id for o in server.exchange.open_orders(address)] == ["by-rest"]
    )


async def test_limits_are_reported_and_enforced():
    limits = RateLimits(orders_per_second=2, orders_per_minute=10)
    config = DevnetConfig(port=0, synthetic=False, past_hours=0, rate_limits=limits)
    frozen_us = time.time_ns() // 1_000
    async with (
        DevnetServer(config, now_us=lambda: frozen_us) as server,
        connected(server) as (client, _),
    ):
        first = await client.place()
        assert first.headers["x-ratelimit-limit"] == "2"
        assert first.headers["x-ratelimit-remaining"] == "1"
        assert first.headers["x-ratelimit-window"] == "1"
        assert (await client.place()).status == 201
        refused = await client.place()
        assert (refused.status, refused.body) == (429, {"message": "rate limit exceeded"})
        async with client.socket(auth=True) as socket:
            response = await socket.call("order.create", **client.order())
            assert response.error is not None
            assert response.error.code == 42901
