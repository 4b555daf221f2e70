"""The devnet's public REST endpoints, read as the adapter reads them."""

import time

import msgspec
import pytest
from aiohttp import ClientSession

from nautilus_paradex.devnet import DevnetConfig, DevnetServer
from nautilus_paradex.protocol import rest
from nautilus_paradex.protocol.enums import AssetKind
from tests.integration.devnet_client import BTC, DevnetClient


@pytest.fixture
async def client():
    config = DevnetConfig(port=0, past_hours=2)
    async with DevnetServer(config) as server, ClientSession() as session:
        yield DevnetClient(server, session, 0)


async def read[T](client, reply_type: type[T], path: str, **params: str) -> T:
    answer = await client.get(path, **params)
    assert answer.status == 200, answer
    return msgspec.convert(answer.body, reply_type)


async def test_system(client):
    config = await read(client, rest.SystemConfig, "/system/config")
    assert config.starknet_chain_id == client.server.config.chain_id
    assert (await read(client, rest.SystemState, "/system/state")).status == "ok"
    server_ms = (await read(client, rest.SystemTime, "/system/time")).server_time
    assert abs(server_ms - time.time() * 1_000) < 60_000


async def test_markets_of_every_asset_kind_are_listed(client):
    markets = (await read(client, rest.Results[rest.Market], "/markets")).results
    assert {market.asset_kind for market in markets} == set(AssetKind)
    (btc,) = (await read(client, rest.Results[rest.Market], "/markets", market=BTC)).results
    assert (btc.price_tick_size, btc.order_size_increment) == ("0.1", "0.00001")
    assert btc.delta1_cross_margin_params.imf_base == "0.02"
    assert btc.fee_config.api_fee.taker_fee.fee == "0.00045"
    option = next(market for market in markets if market.asset_kind == AssetKind.PERP_OPTION)
    assert option.strike_price == "96000"
    assert option.option_cross_margin_params.imf.short_itm == "0.4"


async def test_tickers(client):
    path = "/markets/summary"
    everything = await read(client, rest.Results[rest.MarketSummary], path, market="ALL")
    assert len(everything.results) == len(client.server.exchange.markets)
    one = await read(client, rest.Results[rest.MarketSummary], path, market="BTC-USD-96000-C")
    assert one.results[0].greeks.delta is not None


async def test_books(client):
    book = await read(client, rest.OrderBook, f"/orderbook/{BTC}", depth="3")
    assert len(book.bids) == len(book.asks) == 3
    bbo = await read(client, rest.Bbo, f"/bbo/{BTC}")
    assert float(bbo.bid) < float(bbo.ask)


async def test_trades_come_in_pages_without_overlap(client):
    first = await read(client, rest.Page[rest.Trade], "/trades", market=BTC, page_size="10")
    second = await read(
        client, rest.Page[rest.Trade], "/trades", market=BTC, page_size="10", cursor=first.next
    )
    ids = [trade.id for trade in first.results + second.results]
    assert len(set(ids)) == 20
    times = [trade.created_at for trade in first.results + second.results]
    assert times == sorted(times, reverse=True)


@pytest.mark.parametrize("price_kind", ["last", "mark", "underlying"])
@pytest.mark.parametrize("resolution", [1, 3, 5, 15, 30, 60])
async def test_klines(client, resolution, price_kind):
    now = int(time.time() * 1_000)
    rows = await read(
        client,
        rest.Results[rest.Kline],
        "/markets/klines",
        symbol=BTC,
        resolution=str(resolution),
        start_at=str(now - 2 * 3_600_000),
        end_at=str(now),
        price_kind=price_kind,
    )
    assert rows.results
    for opened, first, high, low, last, _ in rows.results:
        assert opened % (resolution * 60_000) == 0
        assert low <= min(first, last) <= max(first, last) <= high


async def test_funding(client):
    page = await read(client, rest.Page[rest.FundingData], "/funding/data", market=BTC)
    assert page.results[0].funding_period_hours == 8


@pytest.mark.parametrize(
    ("path", "params", "status", "code"),
    [
        ("/markets", {"market": "NO"}, 404, "MARKET_NOT_FOUND"),
        ("/markets/summary", {}, 400, "INVALID_REQUEST_PARAMETER"),
        ("/markets/summary", {"market": "NO"}, 404, "MARKET_NOT_FOUND"),
        ("/markets/settlement-price", {"market": BTC}, 404, "MARKET_NOT_SETTLED"),
        ("/orderbook/NO", {}, 400, "MARKET_NOT_FOUND"),
        (f"/orderbook/{BTC}", {"depth": "x"}, 400, "INVALID_REQUEST_PARAMETER"),
        (f"/orderbook/{BTC}", {"price_tick": "0"}, 400, "INVALID_REQUEST_PARAMETER"),
        ("/bbo/NO", {}, 400, "MARKET_NOT_FOUND"),
        ("/trades", {}, 400, "INVALID_REQUEST_PARAMETER"),
        ("/trades", {"market": BTC, "page_size": "1001"}, 400, "INVALID_REQUEST_PARAMETER"),
        ("/trades", {"market": BTC, "start_at": "-1"}, 400, "INVALID_REQUEST_PARAMETER"),
        ("/markets/klines", {"symbol": BTC}, 400, "INVALID_REQUEST_PARAMETER"),
        (
            "/markets/klines",
            {"symbol": BTC, "resolution": "2", "start_at": "0", "end_at": "1"},
            400,
            "INVALID_REQUEST_PARAMETER",
        ),
        ("/funding/data", {}, 400, "INVALID_REQUEST_PARAMETER"),
    ],
)
async def test_refusals_name_the_parameter_or_the_market(client, path, params, status, code):
    answer = await client.get(path, **params)
    assert (answer.status, answer.body["error"]) == (status, code)
