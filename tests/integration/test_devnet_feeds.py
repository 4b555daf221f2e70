"""What the devnet's public channels say, in both encodings, against what REST says."""

import pytest

from nautilus_paradex.devnet import DevnetConfig, DevnetServer
from nautilus_paradex.protocol.events import (
    BboEvent,
    BookEvent,
    FundingDataEvent,
    MarketSummaryEvent,
    TradeEvent,
)
from nautilus_paradex.protocol.numbers import to_e8
from tests.integration.devnet_client import BTC, connected

DELTAS = f"order_book.{BTC}.deltas"
QUICK = {"port": 0, "step_interval_ms": 10, "tick_interval_ms": 20, "past_hours": 0, "speed": 20.0}


@pytest.fixture
async def client():
    """A lively market, quick enough for a test."""
    async with DevnetServer(DevnetConfig(**QUICK)) as server, connected(server) as (client, _):
        yield client


@pytest.fixture
async def json_client():
    config = DevnetConfig(**QUICK, legacy_json=True)
    async with DevnetServer(config) as server, connected(server) as (client, _):
        yield client


@pytest.fixture
async def quiet_client():
    """A market where only the test trades."""
    config = DevnetConfig(port=0, synthetic=False, past_hours=0, legacy_json=True)
    async with DevnetServer(config) as server, connected(server) as (client, _):
        yield client


def rest_levels(levels):
    return {to_e8(price): to_e8(size) for price, size in levels}


def apply(side, levels):
    for price, size in levels:
        if size:
            side[price] = size
        else:
            del side[price]


@pytest.mark.parametrize("version", [0, 1, 2])
async def test_a_book_of_snapshot_and_deltas_equals_rests(client, version):
    bids, asks = {}, {}
    async with client.socket(version) as socket:
        await socket.subscribe(DELTAS)
        event = await socket.next_of(BookEvent)
        assert event.pkg_type == "SNAPSHOT"
        apply(bids, event.bids)
        apply(asks, event.asks)
        seq = event.seq
        for _ in range(30):
            event = await socket.next_of(BookEvent)
            assert (event.pkg_type, event.seq) == ("DELTA", seq + 1)
            seq = event.seq
            apply(bids, event.bids)
            apply(asks, event.asks)
        book = (await client.get(f"/orderbook/{BTC}", depth="1000")).body
        while seq < book["seq_no"]:
            event = await socket.next_of(BookEvent)
            seq = event.seq
            apply(bids, event.bids)
            apply(asks, event.asks)
    assert seq == book["seq_no"]
    assert bids == rest_levels(book["bids"])
    assert asks == rest_levels(book["asks"])


async def test_deltas_without_levels_count_like_any_other(client):
    async with client.socket() as socket:
        await socket.subscribe(DELTAS)
        seq = (await socket.next_of(BookEvent)).seq
        levels = 1
        while levels:
            event = await socket.next_of(BookEvent)
            assert event.seq == seq + 1
            seq = event.seq
            levels = len(event.bids) + len(event.asks)


async def test_json_books_name_levels_as_inserted_updated_deleted(quiet_client):
    client = quiet_client
    async with client.socket(None, auth=True) as socket:
        await socket.subscribe(DELTAS)
        assert (await socket.next_data(DELTAS))["update_type"] == "s"
        first = (await client.place()).body["id"]
        inserted = await socket.next_data(DELTAS)
        second = (await client.place(size="0.02")).body["id"]
        updated = await socket.next_data(DELTAS)
        await client.send("DELETE", "/orders/batch", json={"order_ids": [first, second]})
        changes = [await socket.next_data(DELTAS), await socket.next_data(DELTAS)]
    assert inserted["inserts"] == [{"side": "BUY", "price": "95000", "size": "0.01"}]
    assert updated["updates"] == [{"side": "BUY", "price": "95000", "size": "0.03"}]
    assert changes[0]["updates"] == [{"side": "BUY", "price": "95000", "size": "0.02"}]
    assert changes[1]["deletes"] == [{"side": "BUY", "price": "95000", "size": "0"}]
    assert changes[1]["update_type"] == "d"


async def test_json_subscribers_that_come_late_see_the_same_book(quiet_client):
    client = quiet_client
    await client.place()
    async with client.socket(None) as socket:
        await socket.subscribe(DELTAS)
        snapshot = await socket.next_data(DELTAS)
        assert snapshot["inserts"] == [{"side": "BUY", "price": "95000", "size": "0.01"}]
        await client.place()
        assert (await socket.next_data(DELTAS))["updates"][0]["size"] == "0.02"


async def test_repeated_snapshots_show_fifteen_levels_and_only_changes(client):
    channel = f"order_book.{BTC}.snapshot@15@50ms"
    async with client.socket() as socket:
        await socket.subscribe(channel)
        seen = [await socket.next_of(BookEvent) for _ in range(4)]
    assert all(event.pkg_type == "SNAPSHOT" and len(event.bids) <= 15 for event in seen)
    assert len({event.seq for event in seen}) == 4


async def test_snapshots_can_be_grouped_by_price(quiet_client):
    client = quiet_client
    await client.place(price="95001")
    await client.place(price="95002")
    await client.place(side="SELL", price="97003")
    grouped = (await client.get(f"/orderbook/{BTC}", price_tick="10")).body
    assert grouped["bids"] == [["95000", "0.02"]]
    assert grouped["asks"] == [["97010", "0.01"]]
    async with client.socket() as socket:
        await socket.subscribe(f"order_book.{BTC}.snapshot@15@100ms@10")
        event = await socket.next_of(BookEvent)
    assert event.bids == [(95_000 * 10**8, 2_000_000)]


@pytest.mark.parametrize("version", [0, 1, 2])
async def test_public_channels_in_binary(client, version):
    async with client.socket(version) as socket:
        for channel in ("bbo", "trades", "markets_summary", "funding_data"):
            await socket.subscribe(f"{channel}.{BTC}")
        bbo = await socket.next_of(BboEvent)
        assert bbo.bid_price < bbo.ask_price
        trade = await socket.next_of(TradeEvent)
        assert (trade.market, trade.price > 0, trade.size > 0) == (BTC, True, True)
        assert bool(trade.trade_id_str) == (version == 2)
        assert (await socket.next_of(MarketSummaryEvent)).mark_price > 0
        assert (await socket.next_of(FundingDataEvent)).funding_period_hours == 8


async def test_public_channels_in_json(json_client):
    async with json_client.socket(None) as socket:
        for channel in ("bbo", "trades", "markets_summary", "funding_data"):
            await socket.subscribe(f"{channel}.{BTC}")
        bbo = await socket.next_data(f"bbo.{BTC}")
        assert to_e8(bbo["bid"]) < to_e8(bbo["ask"])
        assert len((await socket.next_data(f"trades.{BTC}"))["id"]) == 28
        assert (await socket.next_data(f"markets_summary.{BTC}"))["symbol"] == BTC
        assert (await socket.next_data(f"funding_data.{BTC}"))["market"] == BTC
        assert socket.frames == []


async def test_a_plain_socket_is_acknowledged_and_silent_by_default(client):
    async with client.socket(None, auth=True) as socket:
        await socket.subscribe(f"bbo.{BTC}")
        await socket.subscribe("markets_summary")
        await socket.subscribe("account")
        # What comes is the private channel's: had the public ones spoken, they had been first.
        item = await socket.next()
        assert item.channel == "account"


async def test_all_markets_at_once(client):
    async with client.socket() as socket:
        await socket.subscribe("bbo.ALL")
        await socket.subscribe("markets_summary")
        markets = set()
        while not {BTC, "ETH-USD-PERP"} <= markets:
            markets.add((await socket.next_of(MarketSummaryEvent)).market)
        await socket.next_of(BboEvent, market="ETH-USD-PERP")


async def test_a_scoped_summary_is_silent_about_other_markets(client):
    async with client.socket() as socket:
        await socket.subscribe("markets_summary", markets="ETH-USD-PERP,SOL-USD-PERP")
        seen = {(await socket.next_of(MarketSummaryEvent)).market for _ in range(6)}
        assert seen == {"ETH-USD-PERP", "SOL-USD-PERP"}


async def test_nothing_comes_after_unsubscribe(client):
    async with client.socket() as socket:
        await socket.subscribe(DELTAS)
        await socket.next_of(BookEvent)
        await socket.call("unsubscribe", channel=DELTAS)
        await socket.subscribe(f"trades.{BTC}")
        await socket.next_of(TradeEvent)
        frames = len(socket.frames)
        await socket.next_of(TradeEvent)
        assert len(socket.frames) == frames + 1


async def test_account_and_positions_begin_with_their_state(quiet_client):
    async with quiet_client.socket(auth=True) as socket:
        await socket.subscribe("account")
        assert (await socket.next_data("account"))["total_collateral"] == "100000"
