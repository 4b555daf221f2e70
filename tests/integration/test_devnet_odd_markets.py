"""Markets at the limits of what the wire can say, and very many markets."""

import pytest

from nautilus_paradex.devnet import DevnetConfig, DevnetServer
from nautilus_paradex.devnet.engine.more_markets import ODD_MARKETS
from nautilus_paradex.protocol.events import (
    BboEvent,
    BookEvent,
    MarketSummaryEvent,
    TradeEvent,
)
from nautilus_paradex.protocol.numbers import E8, to_e8
from tests.integration.devnet_client import connected

DUST, GIGA, OCTA = (spec.symbol for spec in ODD_MARKETS)
SYMBOLS = [DUST, GIGA, OCTA]
LIVELY = {"port": 0, "step_interval_ms": 10, "tick_interval_ms": 20, "speed": 20.0}


@pytest.fixture
async def client():
    config = DevnetConfig(**LIVELY, past_hours=1, odd_markets=True, legacy_json=True)
    async with DevnetServer(config) as server, connected(server) as (client, _):
        yield client


async def test_prices_below_1e_7_above_1e6_and_of_eight_decimals(client):
    exchange = client.server.exchange
    tiny, huge = exchange.bbo(DUST), exchange.bbo(GIGA)
    assert 0 < tiny.bid_price < tiny.ask_price < 20
    assert tiny.bid_price < 10
    assert huge.bid_price > 10**6 * E8
    book = exchange.book_snapshot(OCTA)
    assert any(price % 10 for price, _ in book.bids + book.asks)


@pytest.mark.parametrize("symbol", SYMBOLS)
async def test_all_feeds_of_odd_markets_speak_in_both_encodings(client, symbol):
    names = [f"{topic}.{symbol}" for topic in ("bbo", "trades", "markets_summary")]
    names.append(f"order_book.{symbol}.deltas")
    async with client.socket() as binary, client.socket(None) as text:
        for socket in (binary, text):
            for name in names:
                await socket.subscribe(name)
        for kind in (BboEvent, TradeEvent, MarketSummaryEvent, BookEvent):
            assert (await binary.next_of(kind)).market == symbol
        for name in names:
            assert await text.next_data(name)


@pytest.mark.parametrize("symbol", SYMBOLS)
async def test_rest_says_odd_prices_exactly(client, symbol):
    (spec,) = (await client.get("/markets", market=symbol)).body["results"]
    tick, step = to_e8(spec["price_tick_size"]), to_e8(spec["order_size_increment"])
    for trade in (await client.get("/trades", market=symbol, page_size="1000")).body["results"]:
        assert to_e8(trade["price"], exact=True) % tick == 0
        assert to_e8(trade["size"], exact=True) % step == 0
    book = (await client.get(f"/orderbook/{symbol}")).body
    assert all(to_e8(price, exact=True) % tick == 0 for price, _ in book["bids"] + book["asks"])


async def test_orders_of_eight_decimals(client):
    placed = await client.place(market=GIGA, price="2700000", size="0.00012345")
    assert placed.status == 201
    (order,) = (await client.get("/orders")).body["results"]
    assert (order["price"], order["size"]) == ("2700000", "0.00012345")


async def test_five_hundred_markets():
    config = DevnetConfig(**LIVELY, past_hours=0, extra_markets=500)
    async with DevnetServer(config) as server, connected(server) as (client, _):
        listed = (await client.get("/markets")).body["results"]
        every = {market["symbol"] for market in listed}
        assert len(every) >= 500
        async with client.socket() as socket:
            await socket.subscribe("markets_summary")
            seen = {(await socket.next_of(MarketSummaryEvent)).market for _ in range(len(every))}
        assert seen == every
        async with client.socket() as socket:
            await socket.subscribe("bbo.ALL")
            traded = set()
            while len(traded) < 100:
                traded.add((await socket.next_of(BboEvent)).market)
