"""One market's feed, a router that keeps what it emits, and a clock that stands still."""

from dataclasses import dataclass, field

import pytest
from nautilus_trader.model.instruments import CryptoPerpetual

from nautilus_paradex.feeds.market import MarketFeed
from nautilus_paradex.feeds.router import FeedRouter
from nautilus_paradex.parsing.instruments import FeeRates, instrument_from_market
from nautilus_paradex.protocol import rest

MARKET = "BTC-USD-PERP"
TS_US = 1_791_421_535_936_123
NOW_NS = TS_US * 1_000 + 77


@dataclass
class Clock:
    """Time that only passes when told to."""

    now_ns: int = NOW_NS

    def __call__(self) -> int:
        return self.now_ns

    def advance_secs(self, secs: float) -> None:
        self.now_ns += int(secs * 1_000_000_000)


@dataclass
class Outcome:
    """What a router did."""

    emitted: list[object] = field(default_factory=list)
    broken: list[MarketFeed] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def outcome() -> Outcome:
    return Outcome()


def make_instrument() -> CryptoPerpetual:
    """Return the perpetual of `MARKET`."""
    market = rest.Market(
        symbol=MARKET,
        asset_kind="PERP",
        base_currency="BTC",
        settlement_currency="USDC",
        price_tick_size="0.5",
        order_size_increment="0.001",
        funding_period_hours=8,
    )
    return instrument_from_market(market, fees=FeeRates.documented(), ts_init=0)


@pytest.fixture
def instrument() -> CryptoPerpetual:
    return make_instrument()


@pytest.fixture
def feed(instrument: CryptoPerpetual) -> MarketFeed:
    return MarketFeed(instrument)


@pytest.fixture
def router(feed: MarketFeed, outcome: Outcome, clock: Clock) -> FeedRouter:
    router = FeedRouter(
        emit=outcome.emitted.append,
        now_ns=clock,
        on_book_broken=outcome.broken.append,
        warn=outcome.warnings.append,
    )
    router.add(feed)
    return router
