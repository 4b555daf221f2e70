"""Trades, candles and funding over REST: every page of a range, and one story told by all three."""

import pytest
from aiohttp import ClientSession

from nautilus_paradex.devnet import DevnetConfig, DevnetServer
from nautilus_paradex.devnet.engine.model import NewOrder
from nautilus_paradex.protocol.numbers import E8, to_e8
from tests.integration.devnet_client import BTC, DevnetClient

MINUTE_MS = 60_000
START_US = 1_790_000_000_000_000 // 3_600_000_000 * 3_600_000_000
START_MS = START_US // 1_000


class Clock:
    """The venue's time, which the test decides."""

    def __init__(self) -> None:
        self.now_us = START_US

    def __call__(self) -> int:
        return self.now_us


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
async def client(clock, request):
    config = DevnetConfig(
        port=0, synthetic=False, **({"past_hours": 3} | getattr(request, "param", {}))
    )
    async with DevnetServer(config, now_us=clock) as server, ClientSession() as session:
        yield DevnetClient(server, session, 0)


async def every_page(client, path, **params):
    """Return the results of all pages, in the order in which they came."""
    results = []
    while True:
        page = (await client.get(path, **params)).body
        results += page["results"]
        if page["next"] is None:
            return results
        params["cursor"] = page["next"]


async def klines(client, resolution=1, end_ms=START_MS, **params):
    answer = await client.get(
        "/markets/klines",
        symbol=BTC,
        resolution=str(resolution),
        start_at=str(START_MS - 3 * 60 * MINUTE_MS),
        end_at=str(end_ms),
        **params,
    )
    return answer.body["results"]


def candles_of(trades, resolution):
    """Build candles of the trades of the tape, which has the newest first."""
    candles = {}
    for trade in reversed(trades):
        opened = trade["created_at"] // (resolution * MINUTE_MS) * resolution * MINUTE_MS
        candles.setdefault(opened, []).append((to_e8(trade["price"]), to_e8(trade["size"])))
    return [
        [
            opened,
            parts[0][0],
            max(price for price, _ in parts),
            min(price for price, _ in parts),
            parts[-1][0],
            sum(size for _, size in parts),
        ]
        for opened, parts in candles.items()
    ]


def exact(rows):
    return [[row[0], *(to_e8(value) for value in row[1:])] for row in rows]


def trade(client, price, size="0.1"):
    """Let the second account buy of the first."""
    exchange = client.server.exchange
    seller, buyer = (account.address_hex for account in client.server.accounts[:2])
    for account, side in ((seller, "SELL"), (buyer, "BUY")):
        order = NewOrder(
            market=BTC,
            side=side,
            order_type="LIMIT",
            size_e8=to_e8(size),
            price_e8=to_e8(price),
        )
        exchange.submit(account, order)
        exchange.process()


@pytest.mark.parametrize("page_size", [7, 100, 1_000])
async def test_pages_of_trades_cover_a_range_once(client, page_size):
    start, end = START_MS - 100 * MINUTE_MS, START_MS - 20 * MINUTE_MS
    trades = await every_page(
        client,
        "/trades",
        market=BTC,
        page_size=str(page_size),
        start_at=str(start),
        end_at=str(end),
    )
    times = [each["created_at"] for each in trades]
    assert len({each["id"] for each in trades}) == len(trades) == 161
    assert times == sorted(times, reverse=True)
    assert (times[-1], times[0]) == (start, end)


async def test_trades_that_come_meanwhile_do_not_disturb_the_pages(client):
    first = (await client.get("/trades", market=BTC, page_size="10")).body
    trade(client, "96000")
    rest = await every_page(client, "/trades", market=BTC, page_size="10", cursor=first["next"])
    ids = [each["id"] for each in first["results"] + rest]
    assert len(set(ids)) == len(ids) == 360


@pytest.mark.parametrize("resolution", [1, 3, 5, 15, 30, 60])
async def test_candles_are_the_trades_of_the_tape(client, clock, resolution):
    for price in ("96000", "96010", "95990"):
        clock.now_us += 20_000_000
        trade(client, price)
    trades = await every_page(client, "/trades", market=BTC, page_size="1000")
    rows = await klines(client, resolution, end_ms=START_MS + MINUTE_MS)
    assert exact(rows) == candles_of(trades, resolution)


@pytest.mark.parametrize("client", [{"klines_in_usd": True}], indirect=True)
async def test_candles_may_count_volume_in_usd(client):
    trade(client, "96000", "0.1")
    trade(client, "96010", "0.2")
    *_, row = await klines(client)
    assert row == [START_MS, 96_000, 96_010, 96_000, 96_010, 9_600 + 19_202]


async def test_a_closed_candle_does_not_change(client, clock):
    trade(client, "96000")
    clock.now_us += 59_999_999
    trade(client, "96020")
    (*_, closing) = await klines(client)
    clock.now_us += 1
    trade(client, "95000")
    *_, closed, under_way = await klines(client, end_ms=START_MS + MINUTE_MS)
    assert closed == closing == [START_MS, 96_000, 96_020, 96_000, 96_020, 0.2]
    assert under_way[:2] == [START_MS + MINUTE_MS, 95_000]


@pytest.mark.parametrize(
    ("client", "opened"),
    [({}, START_MS), ({"klines_under_way": False}, START_MS - MINUTE_MS)],
    indirect=["client"],
)
async def test_the_candle_under_way_is_there_or_not(client, clock, opened):
    trade(client, "96000")
    clock.now_us += 59_999_000
    assert (await klines(client))[-1][0] == opened
    clock.now_us += 1_000
    assert (await klines(client))[-1][0] == START_MS


@pytest.mark.parametrize("client", [{"kline_lag_ms": 2_000}], indirect=True)
async def test_candles_may_be_late(client, clock):
    trade(client, "96000", "0.1")
    clock.now_us += 58_500_000
    trade(client, "96020", "0.2")
    clock.now_us += 1_500_000
    trade(client, "96010", "0.3")
    at_the_close = await klines(client, end_ms=START_MS + MINUTE_MS)
    assert at_the_close[-1] == [START_MS, 96_000, 96_000, 96_000, 96_000, 0.1]
    clock.now_us += 500_000
    assert (await klines(client))[-1] == [START_MS, 96_000, 96_020, 96_000, 96_020, 0.3]
    clock.now_us += 1_500_000
    *_, closed, under_way = await klines(client, end_ms=START_MS + MINUTE_MS)
    assert closed == [START_MS, 96_000, 96_020, 96_000, 96_020, 0.3]
    assert under_way == [START_MS + MINUTE_MS, 96_010, 96_010, 96_010, 96_010, 0.3]


@pytest.mark.parametrize("client", [{"max_klines": 10}], indirect=True)
async def test_replies_with_candles_may_be_cut_short(client):
    rows = await klines(client)
    assert [row[0] for row in rows] == [START_MS - n * MINUTE_MS for n in range(10, 0, -1)]


@pytest.mark.parametrize("price_kind", ["mark", "underlying"])
async def test_candles_of_other_prices_have_no_volume(client, price_kind):
    client.server.exchange.set_index_price("BTC", 97_000 * E8)
    rows = await klines(client, price_kind=price_kind)
    assert {row[5] for row in rows} == {0}
    assert rows[-1][:5] == [START_MS, 97_000, 97_000, 97_000, 97_000]


async def test_trades_of_all_options_of_an_asset(client):
    options = {symbol for symbol, spec in client.server.exchange.markets.items() if spec.is_option}
    trades = await every_page(client, "/trades", baseAsset="BTC", page_size="1000")
    assert {each["market"] for each in trades} == options
    assert len(trades) == 360 * len(options)
    again = (await client.get("/trades", base_asset="BTC", page_size="5")).body["results"]
    assert again == trades[:5]
    both = await client.get("/trades", baseAsset="BTC", market=BTC)
    assert (both.status, both.body["error"]) == (400, "INVALID_REQUEST_PARAMETER")


async def test_funding_comes_newest_first_in_pages(client):
    records = await every_page(client, "/funding/data", market=BTC, page_size="1")
    assert [record["created_at"] for record in records] == [
        START_MS - hours * 60 * MINUTE_MS for hours in (1, 2, 3)
    ]
    indices = [to_e8(record["funding_index"]) for record in records]
    assert indices == sorted(indices, reverse=True)
    assert len({record["funding_rate"] for record in records}) == 3
    between = await every_page(
        client,
        "/funding/data",
        market=BTC,
        start_at=str(START_MS - 120 * MINUTE_MS),
        end_at=str(START_MS - 61 * MINUTE_MS),
    )
    assert between == records[1:2]


async def test_a_market_without_funding_has_no_records(client):
    assert await every_page(client, "/funding/data", market="DIME-USD") == []
