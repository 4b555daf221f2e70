"""Mark, band, funding and the catalogue they are of."""

import ast
from pathlib import Path

import msgspec
import pytest
from engine_world import BOB, BTC, START_US, World

import nautilus_paradex.devnet.engine.exchange as exchange_module
from nautilus_paradex.devnet.engine.fixed import mul_e8_up, round_div, round_to_multiple
from nautilus_paradex.devnet.engine.ids import IdFactory
from nautilus_paradex.devnet.engine.markets import MarketSpec, default_markets
from nautilus_paradex.devnet.engine.pricing import Pricing
from nautilus_paradex.protocol.enums import AssetKind
from nautilus_paradex.protocol.events import FundingDataEvent, MarketSummaryEvent
from nautilus_paradex.protocol.numbers import E8

SPECS = {spec.symbol: spec for spec in default_markets(START_US)}
SECOND_US = 1_000_000
MID = 96_100 * E8


@pytest.fixture
def pricing() -> Pricing:
    return Pricing(SPECS[BTC], START_US)


def test_the_mark_goes_from_the_index_towards_the_book(pricing: Pricing) -> None:
    marks = [pricing.mark_e8]
    for second in range(1, 200):
        pricing.update(MID, START_US + second * SECOND_US)
        marks.append(pricing.mark_e8)

    assert marks[0] == pricing.index_e8 == 96_000 * E8
    assert marks == sorted(marks)
    assert 96_099 * E8 < marks[-1] <= MID


def test_without_a_book_it_goes_back(pricing: Pricing) -> None:
    pricing.update(MID, START_US + 60 * SECOND_US)
    away = pricing.mark_e8
    pricing.update(None, START_US + 120 * SECOND_US)

    assert pricing.index_e8 < pricing.mark_e8 < away


def test_a_wild_book_cannot_take_the_mark_far(pricing: Pricing) -> None:
    for second in range(1, 600):
        pricing.update(500_000 * E8, START_US + second * SECOND_US)

    assert pricing.mark_e8 == 98_400 * E8, "half the band of 5 %"


def test_the_band_lies_on_the_tick(pricing: Pricing) -> None:
    pricing.set_index(9_600_003_333_333, START_US)

    low, high = pricing.band()

    assert (low % 10_000_000, high % 10_000_000) == (0, 0)
    assert (low, high) == (9_120_010_000_000, 10_080_000_000_000)


@pytest.mark.parametrize(
    ("basis_usd", "rate_e8"),
    [(0, 10_000), (20, 10_000), (96, 50_000), (-96, -50_000), (-20_000, -2_000_000)],
)
def test_the_funding_rate_is_the_premium_with_clamped_interest(
    pricing: Pricing, basis_usd: int, rate_e8: int
) -> None:
    pricing.mark_e8 = pricing.index_e8 + basis_usd * E8

    assert pricing.funding_rate().rate_e8 == pytest.approx(rate_e8, abs=1)


def test_the_funding_index_grows_by_the_premium_in_a_period(pricing: Pricing) -> None:
    for second in range(1, 8 * 3_600 + 1):
        pricing.update(None, START_US + second * SECOND_US)

    assert pricing.funding_index_e16 / E8 == pytest.approx(96 * E8 // 10, rel=1e-6)


def test_a_tick_tells_summaries_of_all_markets_and_funding_of_those_that_have_it(
    world: World,
) -> None:
    world.send(BOB, "BUY", "0.2", "95000")
    world.later(1)

    summaries = {e.market: e for e in world.told(MarketSummaryEvent)}
    assert set(summaries) == set(world.exchange.markets)
    assert (summaries[BTC].bid, summaries[BTC].bid_size) == (95_000 * E8, 20_000_000)
    assert summaries[BTC].ask is None
    assert summaries[BTC].delta is None
    assert summaries["BTC-USD-96000-C"].delta == E8 // 2
    funded = {e.market for e in world.told(FundingDataEvent)}
    assert funded == {s.symbol for s in SPECS.values() if s.asset_kind in ("PERP", "PERP_OPTION")}


@pytest.mark.parametrize(("underlying", "price"), [("NOPE", E8), ("BTC", 0)])
def test_an_index_that_cannot_be_is_an_error(world: World, underlying: str, price: int) -> None:
    with pytest.raises(ValueError):
        world.exchange.set_index_price(underlying, price)


def test_the_catalogue_holds_every_asset_kind() -> None:
    assert {spec.asset_kind for spec in SPECS.values()} == set(AssetKind)
    assert all(
        spec.expiry_at_ms == 0 or spec.expiry_at_ms > START_US // 1_000 + 365 * 86_400_000
        for spec in SPECS.values()
    )


@pytest.mark.parametrize(
    "changes", [{"price_tick_e8": 1, "size_increment_e8": 1}, {"max_order_size_e8": 0}]
)
def test_a_market_without_exact_notionals_or_limits_is_refused(changes: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=BTC):
        msgspec.structs.replace(SPECS[BTC], **changes)


def test_two_markets_of_one_name_are_refused() -> None:
    spec: MarketSpec = SPECS[BTC]
    with pytest.raises(ValueError, match="two markets"):
        exchange_module.Exchange([spec, spec], now_us=lambda: START_US, past_hours=0)


@pytest.mark.parametrize(
    ("numerator", "denominator", "rounded"),
    [(5, 2, 2), (7, 2, 4), (-5, 2, -2), (-7, 2, -4), (5, -2, -2), (1, 3, 0), (2, 3, 1)],
)
def test_division_rounds_half_to_even(numerator: int, denominator: int, rounded: int) -> None:
    assert round_div(numerator, denominator) == rounded


def test_other_roundings_do_what_they_say() -> None:
    assert mul_e8_up(1, 1) == 1
    assert mul_e8_up(-1, 1) == 0
    assert [round_to_multiple(v, 10) for v in (14, 15, 16, 25)] == [10, 20, 20, 20]


def test_ids_stay_unique_when_the_clock_stands_still() -> None:
    ids = IdFactory(lambda: START_US)

    made = [ids.order_id() for _ in range(50)] + [ids.fill_id() for _ in range(50)]
    seqs = [ids.next_seq() for _ in range(50)]

    assert len(set(made)) == 100
    assert seqs == sorted(set(seqs))


def test_the_engine_touches_no_clock_no_socket_and_no_wire() -> None:
    """Follow the imports of the exchange: `devnet` modules all the way down."""
    folder = Path(exchange_module.__file__).parent
    seen, todo, foreign = set(), ["exchange", "synthetic"], set()
    while todo:
        name = todo.pop()
        if name in seen:
            continue
        seen.add(name)
        for node in ast.walk(ast.parse((folder / f"{name}.py").read_text())):
            if isinstance(node, ast.ImportFrom) and node.module:
                package, _, module = node.module.rpartition(".")
                todo += [module] if package == "nautilus_paradex.devnet" else []
                foreign.add(node.module)
            elif isinstance(node, ast.Import):
                foreign.update(alias.name for alias in node.names)

    assert not foreign & {"asyncio", "time", "socket", "aiohttp", "threading", "secrets"}
    assert "nautilus_paradex.protocol.sbe" not in foreign
