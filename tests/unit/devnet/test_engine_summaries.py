"""Which fields the ticker of each kind of market has, and what they say."""

import pytest
from engine_world import ALICE, BOB, BTC, World

from nautilus_paradex.protocol.events import FundingDataEvent, MarketSummaryEvent
from nautilus_paradex.protocol.numbers import E8

PERP_OPTION = "BTC-USD-96000-C"
SPOT = "DIME-USD"
OPTION_FIELDS = frozenset({"mark_iv", "delta", "gamma", "vega", "theta", "rho", "volga", "vanna"})
FUNDING_FIELDS = frozenset({"funding_rate", "funding_rate_precise"})
MISSING = {
    "PERP": OPTION_FIELDS | {"future_funding_rate", "forward_rate", "risk_free_rate"},
    "PERP_OPTION": frozenset({"forward_rate", "risk_free_rate"}),
    "OPTION": FUNDING_FIELDS | {"future_funding_rate"},
    "FUTURE": OPTION_FIELDS
    | FUNDING_FIELDS
    | {"future_funding_rate", "forward_rate", "risk_free_rate"},
    "SPOT": OPTION_FIELDS
    | FUNDING_FIELDS
    | {"future_funding_rate", "forward_rate", "risk_free_rate", "external_fair_price"},
}
# Without a book and a trade these are missing everywhere.
OF_A_BOOK = frozenset({"bid", "ask", "bid_size", "ask_size", "bid_iv", "ask_iv", "last_iv"})


def missing(event: MarketSummaryEvent) -> set[str]:
    return {name for name in event.__struct_fields__ if getattr(event, name) is None}


def test_every_kind_of_market_has_its_own_fields(world: World) -> None:
    for symbol, spec in world.exchange.markets.items():
        expected = MISSING[spec.asset_kind] | OF_A_BOOK
        assert missing(world.exchange.summary(symbol)) == expected, symbol


def test_bid_ask_and_last_trade_of_an_option_have_volatilities(world: World) -> None:
    mark = world.exchange.summary(PERP_OPTION).mark_price or 0
    tick = world.exchange.markets[PERP_OPTION].price_tick_e8
    below, above = mark // tick * tick - 50 * tick, mark // tick * tick + 50 * tick
    for side, price in (("BUY", below), ("SELL", above)):
        world.send(BOB, side, "0.1", "1", price_e8=price, market=PERP_OPTION)
    world.send(ALICE, "BUY", "0.01", market=PERP_OPTION)

    summary = world.exchange.summary(PERP_OPTION)

    assert summary.mark_iv == E8 // 2
    assert summary.bid_iv is not None
    assert summary.ask_iv is not None
    assert summary.bid_iv < summary.mark_iv < summary.ask_iv
    assert summary.last_iv == summary.ask_iv
    assert summary.open_interest == E8 // 100


def test_a_perpetual_option_tells_the_funding_rate_of_the_future(world: World) -> None:
    option, future = world.exchange.summary(PERP_OPTION), world.exchange.summary(BTC)

    assert option.future_funding_rate == future.funding_rate
    assert option.funding_rate != future.funding_rate


def test_the_funding_rate_of_eight_decimals_is_cut_off(world: World) -> None:
    world.exchange.set_index_price("BTC", 95_987 * E8 + 3)
    world.send(BOB, "BUY", "0.2", "96100")
    world.send(BOB, "SELL", "0.2", "96200", stp="EXPIRE_MAKER")
    for _ in range(30):
        world.later(1)
    summary = world.exchange.summary(BTC)

    assert summary.funding_rate is not None
    assert summary.funding_rate_precise is not None
    assert summary.funding_rate_precise % 10_000 != 0
    assert summary.funding_rate == summary.funding_rate_precise // 10_000


@pytest.mark.parametrize(("market", "has_one"), [(BTC, True), (PERP_OPTION, False)])
def test_only_futures_have_an_impact_premium(world: World, market: str, has_one: bool) -> None:
    world.later(1)
    (event,) = [e for e in world.told(FundingDataEvent) if e.market == market]

    assert (event.impact_premium_rate is not None) is has_one
    hours = event.funding_period_hours or 0
    assert event.funding_rate8h == pytest.approx((event.funding_rate or 0) * 8 / hours, abs=1)


def test_the_volume_of_a_day_is_forgotten_after_it(world: World) -> None:
    world.send(BOB, "SELL", "0.1", "96000")
    world.send(ALICE, "BUY", "0.1")
    assert world.exchange.summary(BTC).volume_usd24h == 9_600 * E8
    world.later(25 * 3_600)

    summary = world.exchange.summary(BTC)

    assert summary.volume_usd24h == 0
    assert summary.total_volume == 9_600 * E8


def test_spot_has_no_funding_but_all_prices(world: World) -> None:
    summary = world.exchange.summary(SPOT)

    assert summary.mark_price == summary.index_price == 12_000_000
    assert summary.open_interest == 0
