"""Channels that tell of many markets: ``ALL``, all options of an asset, scopes, comparisons."""

import pytest

from nautilus_paradex.devnet import DevnetConfig, DevnetServer
from nautilus_paradex.protocol.events import (
    BboEvent,
    FundingRateComparisonEvent,
    MarketSummaryEvent,
    TradeEvent,
)
from nautilus_paradex.protocol.numbers import to_decimal
from tests.integration.devnet_client import BTC, connected

ETH, SOL = "ETH-USD-PERP", "SOL-USD-PERP"
COMPARISON = "funding_rate_comparison.ALL@500ms"
LIVELY = {
    "port": 0,
    "past_hours": 0,
    "step_interval_ms": 10,
    "tick_interval_ms": 20,
    "speed": 20.0,
    "legacy_json": True,
}
FORMS = [0, 1, 2, None]
SOURCES = {"PARADEX", "BINANCE", "BYBIT", "HYPERLIQUID"}


@pytest.fixture
async def server():
    async with DevnetServer(DevnetConfig(**LIVELY)) as server:
        yield server


@pytest.fixture
async def client(server):
    async with connected(server) as (client, _):
        yield client


def options(server):
    return {symbol for symbol, spec in server.exchange.markets.items() if spec.is_option}


async def market_told(socket, version, channel, kind, name="market"):
    if version is None:
        return (await socket.next_data(channel))[name]
    return (await socket.next_of(kind)).market


async def markets_told(socket, version, channel, kind, count, name="market"):
    return {await market_told(socket, version, channel, kind, name) for _ in range(count)}


async def told_of_each(socket, version, channel, kind, markets, name="market"):
    """Receive until each of `markets` was told of; return all that were."""
    seen = set()
    while not seen >= markets:
        seen.add(await market_told(socket, version, channel, kind, name))
    return seen


@pytest.mark.parametrize("version", FORMS)
@pytest.mark.parametrize(("channel", "kind"), [("bbo.ALL", BboEvent), ("trades.ALL", TradeEvent)])
async def test_all_markets_at_once(client, version, channel, kind):
    async with client.socket(version) as socket:
        await socket.subscribe(channel)
        await told_of_each(socket, version, channel, kind, {BTC, ETH, SOL})


@pytest.mark.parametrize("version", FORMS)
@pytest.mark.parametrize("channel", ["markets_summary", "markets_summary.ALL"])
async def test_summaries_of_all_markets(client, server, version, channel):
    every = set(server.exchange.markets)
    async with client.socket(version) as socket:
        await socket.subscribe(channel)
        kind = MarketSummaryEvent
        assert await told_of_each(socket, version, channel, kind, every, "symbol") == every


@pytest.mark.parametrize("version", FORMS)
@pytest.mark.parametrize(("channel", "kind"), [("bbo", BboEvent), ("trades", TradeEvent)])
async def test_all_options_of_an_asset(client, server, version, channel, kind):
    async with client.socket(version) as socket:
        answer = await socket.call("subscribe", channel=channel, base_asset="BTC")
        assert answer.result_as(dict) == {"channel": channel}
        seen = await markets_told(socket, version, channel, kind, 20)
    assert seen
    assert seen <= options(server)


@pytest.mark.parametrize(
    ("channel", "base_asset"),
    [("bbo", "ETH"), ("bbo", "NONE"), ("markets_summary", "BTC"), (f"bbo.{BTC}", "BTC")],
)
async def test_what_has_no_options_or_no_such_form_is_refused(client, channel, base_asset):
    async with client.socket() as socket:
        answer = await socket.call("subscribe", channel=channel, base_asset=base_asset)
    assert answer.error is not None
    assert answer.error.code == -32600


async def test_all_options_of_an_asset_are_one_subscription(client):
    async with client.socket() as socket:
        await socket.subscribe("trades", base_asset="BTC")
        twice = await socket.call("subscribe", channel="trades", base_asset="BTC")
        assert twice.error is not None
        assert (await socket.call("unsubscribe", channel="trades")).error is None
        await socket.subscribe("trades", base_asset="BTC")


@pytest.mark.parametrize("version", FORMS)
@pytest.mark.parametrize("markets", [[ETH, SOL], f"{ETH},{SOL}"], ids=["array", "text"])
async def test_a_scoped_summary_is_silent_about_other_markets(client, version, markets):
    async with client.socket(version) as socket:
        await socket.subscribe("markets_summary", markets=markets)
        seen = await markets_told(
            socket, version, "markets_summary", MarketSummaryEvent, 6, "symbol"
        )
    assert seen == {ETH, SOL}


@pytest.mark.parametrize("version", FORMS)
async def test_a_scope_is_changed_in_place(client, version):
    async with client.socket(version) as socket:
        await socket.subscribe("markets_summary", markets=[])
        answer = await socket.call("modify_subscription", channel="markets_summary", add=[ETH, SOL])
        assert answer.result_as(dict) == {
            "channel": "markets_summary",
            "add": [ETH, SOL],
            "remove": [],
        }
        told = (socket, version, "markets_summary", MarketSummaryEvent, 6, "symbol")
        assert await markets_told(*told) == {ETH, SOL}
        await socket.call("modify_subscription", channel="markets_summary", add=BTC, remove=ETH)
        socket.drop_kept()
        assert await markets_told(*told) == {BTC, SOL}


@pytest.mark.parametrize(
    "params",
    [
        {"channel": "markets_summary", "add": [ETH]},
        {"channel": f"bbo.{BTC}", "add": [ETH]},
    ],
)
async def test_only_a_scope_can_be_changed(client, params):
    async with client.socket() as socket:
        await socket.subscribe("markets_summary")
        await socket.subscribe(f"bbo.{BTC}")
        answer = await socket.call("modify_subscription", **params)
    assert answer.error is not None
    assert answer.error.code == -32600


async def test_a_scope_of_unknown_markets_is_refused(client):
    async with client.socket() as socket:
        answer = await socket.call("subscribe", channel="markets_summary", markets=["NO-USD-PERP"])
        assert answer.error is not None
        await socket.subscribe("markets_summary", markets=[BTC])
        change = await socket.call("modify_subscription", channel="markets_summary", add=["NO"])
        assert change.error is not None


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("channel", [COMPARISON, "funding_rate_comparison.ALL@1000ms"])
async def test_funding_rates_are_compared_in_binary(client, server, version, channel):
    async with client.socket(version) as socket:
        await socket.subscribe(channel)
        seen = [await socket.next_of(FundingRateComparisonEvent) for _ in range(30)]
    assert {event.source for event in seen} <= SOURCES
    assert len({event.source for event in seen}) > 1
    assert {event.asset_kind for event in seen} == {"PERPETUAL_FUTURE"}
    assert all(event.last_updated_at <= event.ts for event in seen)
    assert len({(e.market, e.source, e.last_updated_at) for e in seen}) == len(seen)


async def test_funding_rates_are_compared_in_json(client):
    async with client.socket(None) as socket:
        await socket.subscribe(COMPARISON)
        seen = [await socket.next_data(COMPARISON) for _ in range(10)]
    assert {each["asset_kind"] for each in seen} == {"PERP"}
    assert {each["source"] for each in seen} <= SOURCES
    assert all(to_decimal(each["hourly_funding_rate"]) is not None for each in seen)
    assert all(each["symbol"].endswith("-USD-PERP") for each in seen)


async def test_the_first_schema_version_has_no_comparison(client):
    async with client.socket(0) as socket:
        await socket.subscribe(COMPARISON)
        await socket.subscribe(f"trades.{BTC}")
        for _ in range(3):
            assert isinstance(await socket.next(), TradeEvent)


@pytest.mark.parametrize(
    "channel",
    [
        "funding_rate_comparison",
        "funding_rate_comparison.ALL",
        "funding_rate_comparison.ALL@50ms",
        f"funding_rate_comparison.{BTC}@500ms",
        "funding_rate_comparison.ALL@500ms@500ms",
        "bbo.ALL.interactive",
    ],
)
async def test_forms_that_do_not_exist(client, channel):
    async with client.socket() as socket:
        answer = await socket.call("subscribe", channel=channel)
    assert answer.error is not None
    assert answer.error.code == -32600
