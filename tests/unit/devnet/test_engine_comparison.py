"""Funding rates of other venues, made up around the engine's own."""

from engine_world import BTC, World

from nautilus_paradex.protocol.events import FundingRateComparisonEvent


def rates(events: list[FundingRateComparisonEvent], source: str) -> list[int]:
    return [
        event.hourly_funding_rate or 0
        for event in events
        if (event.market, event.source) == (BTC, source)
    ]


def test_each_rate_is_news_once_in_its_own_rhythm(world: World) -> None:
    comparison = world.exchange.funding_comparison()
    comparison.news()
    heard: list[FundingRateComparisonEvent] = []
    for _ in range(60):
        world.now_us += 500_000
        heard += comparison.news()

    counts = {source: len(rates(heard, source)) for source in ("PARADEX", "BINANCE", "BYBIT")}
    assert counts == {"PARADEX": 30, "BINANCE": 10, "BYBIT": 6}
    assert len({(e.market, e.source, e.last_updated_at) for e in heard}) == len(heard)


def test_our_own_rate_is_the_engines_for_one_hour(world: World) -> None:
    world.later(1)
    rate = world.exchange.summary(BTC).funding_rate_precise
    (ours,) = rates(world.exchange.funding_comparison().news(), "PARADEX")

    assert rate is not None
    assert abs(ours * 8 - rate) < 8


def test_other_venues_differ_from_us_and_from_themselves_in_time(world: World) -> None:
    world.later(1)
    comparison = world.exchange.funding_comparison()
    heard = comparison.news()
    for _ in range(20):
        world.now_us += 1_000_000
        heard += comparison.news()

    (ours,) = set(rates(heard, "PARADEX"))
    binance = rates(heard, "BINANCE")
    assert len(set(binance)) > 3
    assert all(0 < abs(rate - ours) <= 4_000_000 for rate in binance)


def test_every_reader_hears_the_same(world: World) -> None:
    first, second = (world.exchange.funding_comparison() for _ in range(2))
    world.now_us += 1_000_000

    assert first.news() == second.news()


def test_who_was_away_hears_of_the_last_two_seconds_only(world: World) -> None:
    comparison = world.exchange.funding_comparison()
    comparison.news()
    world.now_us += 3_600_000_000

    news = comparison.news()

    assert news
    assert min(event.last_updated_at or 0 for event in news) >= world.now_us - 2_000_000
