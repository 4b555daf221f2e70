"""Markets and states of the devnet that change at run time, as the wire tells of them."""

import msgspec
import pytest

from nautilus_paradex.devnet import DevnetConfig, DevnetServer
from nautilus_paradex.protocol import rest
from nautilus_paradex.protocol.events import BookEvent, FillEvent, MarketSummaryEvent
from nautilus_paradex.protocol.json_feed import MarketChange, decode_notification
from nautilus_paradex.protocol.numbers import E8
from nautilus_paradex.protocol.rpc import Notification
from tests.integration.devnet_client import BTC, connected

NEW = "NEW-USD-PERP"
CALL = "BTC-USD-96000-C"


@pytest.fixture
async def clients():
    config = DevnetConfig(port=0, synthetic=False, past_hours=0, legacy_json=True)
    async with DevnetServer(config) as server, connected(server) as clients:
        yield clients


@pytest.fixture
def client(clients):
    return clients[0]


async def control(client, path, **body):
    answer = await client.devnet("POST", f"/devnet{path}", json=body)
    assert answer.status == 200, answer
    return answer.body


async def next_of(socket, event_type, **values):
    """Return the next event of a type that has `values`, however it is encoded."""
    while True:
        item = await socket.next()
        if isinstance(item, Notification):
            item = decode_notification(item)
        if isinstance(item, event_type) and all(getattr(item, n) == v for n, v in values.items()):
            return item


async def symbols(client):
    return {market["symbol"] for market in (await client.get("/markets")).body["results"]}


@pytest.fixture(params=[2, None], ids=["sbe", "json"])
def version(request):
    return request.param


async def test_the_life_of_a_market_is_told_in_text_on_either_socket(client, version):
    async with client.socket(version) as socket:
        await socket.subscribe("markets")
        await socket.subscribe(f"markets.{BTC}")
        await control(client, "/markets", symbol=NEW, like=BTC, base_currency="NEW")
        await control(client, f"/markets/{NEW}", price_tick_size="0.01", min_notional="20")
        await control(client, f"/markets/{NEW}/delist")
        changes = [await next_of(socket, MarketChange) for _ in range(3)]

    assert [(change.symbol, change.event_type) for change in changes] == [
        (NEW, "CREATED"),
        (NEW, "UPDATED"),
        (NEW, "DELETED"),
    ]
    assert changes[0].changed_fields["order_size_increment"] == "0.00001"
    assert changes[1].changed_fields == {"price_tick_size": "0.01", "min_notional": "20"}
    assert all(change.updated_at > 0 for change in changes)


async def test_one_market_can_be_listened_to(client):
    async with client.socket() as socket:
        await socket.subscribe(f"markets.{BTC}")
        await control(client, "/markets", symbol=NEW, like=BTC)
        await control(client, f"/markets/{BTC}", max_order_size="7")
        change = await next_of(socket, MarketChange)
    assert (change.symbol, change.changed_fields) == (BTC, {"max_order_size": "7"})


async def test_a_change_that_messages_cannot_name_is_told_without_fields(client):
    async with client.socket() as socket:
        await socket.subscribe("markets")
        await control(client, f"/markets/{BTC}", trading_mode="RFQ_ONLY", tags=["X"])
        change = await next_of(socket, MarketChange)
    assert (change.event_type, change.changed_fields) == ("UPDATED", {})
    (market,) = (await client.get("/markets", market=BTC)).body["results"]
    assert (market["trading_mode"], market["tags"]) == ("RFQ_ONLY", ["X"])


async def test_a_new_market_is_served_everywhere_and_a_delisted_one_nowhere(client, version):
    await control(client, "/markets", symbol=NEW, like=BTC)
    assert NEW in await symbols(client)
    async with client.socket(version) as socket:
        await socket.subscribe(f"order_book.{NEW}.deltas")
        await socket.subscribe(f"order_book.{BTC}.snapshot@15@50ms")
        assert (await next_of(socket, BookEvent, market=NEW)).pkg_type == "SNAPSHOT"
        await socket.subscribe(f"markets_summary.{NEW}")
        assert (await next_of(socket, MarketSummaryEvent)).mark_price == 96_000 * E8
        assert (await client.place(market=NEW)).status == 201
        assert (await next_of(socket, BookEvent, pkg_type="DELTA")).bids

        await control(client, f"/markets/{NEW}/delist")
        # The repeated snapshots of what is gone must not stop those of what is there.
        await control(client, f"/markets/{BTC}/delist")
        assert (await next_of(socket, BookEvent, pkg_type="DELTA", market=NEW)).bids[0][1] == 0
        refused = await socket.call("subscribe", channel=f"bbo.{NEW}")
        assert refused.error.data == "invalid channel"
    assert not {NEW, BTC} & await symbols(client)
    assert (await client.get("/markets", market=NEW)).status == 404
    assert (await client.get("/bbo/" + NEW)).status == 400
    assert (await client.get("/system/time")).status == 200


async def test_a_settled_option_tells_its_price_and_closes_positions(clients):
    client, other = clients
    await client.sign_in()
    await other.place(market=CALL, side="SELL", price="4000", size="0.1")
    await client.place(market=CALL, side="BUY", price="4000", size="0.1")
    async with client.socket(auth=True) as socket:
        await socket.subscribe("markets")
        await socket.subscribe("fills.ALL")
        answer = await control(client, f"/markets/{CALL}/settle", underlying_price="97500.5")
        fill = await next_of(socket, FillEvent)
        change = await next_of(socket, MarketChange)

    assert (fill.fill_type, fill.side, fill.price) == ("SETTLE_MARKET", "SELL", 150_050_000_000)
    assert change.event_type == "SETTLED"
    assert change.changed_fields == {
        "settlement_price": 1500.5,
        "underlying_twap_price": 97500.5,
    }
    price = await client.get("/markets/settlement-price", market=CALL)
    assert price.body == answer
    settled = msgspec.convert(price.body, rest.SettlementPrice)
    assert (settled.symbol, settled.settlement_price) == (CALL, "1500.5")
    assert (await client.get("/positions")).body["results"] == []
    assert CALL not in await symbols(client)


async def test_what_is_not_settled_has_no_settlement_price(client):
    path = "/markets/settlement-price"
    assert (await client.get(path, market=BTC)).body["error"] == "MARKET_NOT_SETTLED"
    assert (await client.get(path, market="X-USD-PERP")).body["error"] == "MARKET_NOT_FOUND"
    await control(client, f"/markets/{BTC}/delist")
    assert (await client.get(path, market=BTC)).status == 404


@pytest.mark.parametrize(
    ("state", "status", "error"),
    [
        ("cancel_only", 400, "SYSTEM_STATUS_CANCEL_ONLY"),
        ("post_only", 400, "SYSTEM_STATUS_POST_ONLY"),
        ("maintenance", 503, "SERVICE_UNAVAILABLE"),
    ],
)
async def test_states_of_the_system_are_shown_and_enforced(client, state, status, error):
    assert await control(client, "/system/state", status=state) == {"status": state}
    assert (await client.get("/system/state")).body == {"status": state}
    refused = await client.place()
    assert (refused.status, refused.body["error"]) == (status, error)

    await control(client, "/system/state", status="ok")
    assert (await client.place()).status == 201


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        ("/system/state", {"status": "closed"}, "was 'closed'"),
        ("/system/state", {}, "status must be one of ok"),
        ("/markets", {"symbol": NEW}, "like must be a text"),
        ("/markets", {"symbol": NEW, "like": "X"}, "was 'X'"),
        ("/markets", {"symbol": BTC, "like": BTC}, BTC),
        ("/markets", {"symbol": NEW, "like": CALL, "option_type": "C"}, "was 'C'"),
        ("/markets", {"symbol": NEW, "like": BTC, "tick": 1}, "price_tick_size, "),
        ("/markets", {"symbol": NEW, "like": BTC, "price_tick_size": "0"}, "must be positive"),
        (f"/markets/{BTC}", {"price_tick_size": "a"}, "price_tick_size: invalid number"),
        (f"/markets/{BTC}", {"price_tick_size": []}, "must be a number"),
        (f"/markets/{BTC}", {"tags": "X"}, "list of texts"),
        (f"/markets/{BTC}", {"expiry_at": 1}, "was 'expiry_at'"),
        ("/markets/X", {"tags": []}, "was 'X'"),
        ("/markets/X/delist", {}, "MARKET_NOT_FOUND"),
        ("/markets/DIME-USD/settle", {}, "spot market"),
        (f"/markets/{BTC}/settle", {"underlying_price": "-1"}, "must be positive"),
    ],
)
async def test_a_wrong_request_is_refused_with_what_to_do(client, path, body, words):
    answer = await client.devnet("POST", f"/devnet{path}", json=body)
    assert answer.status == 400
    assert words in answer.body["message"]
