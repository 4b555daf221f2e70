"""The present status at subscription, then changes only; what cannot be asked is not made up."""

import asyncio
from dataclasses import dataclass, field

import pytest
from nautilus_trader.model.enums import MarketStatusAction
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.instruments import CryptoPerpetual

from nautilus_paradex.feeds.listing import Ending
from nautilus_paradex.feeds.status import StatusFeed
from nautilus_paradex.parsing.instruments import FeeRates, instrument_from_market
from nautilus_paradex.protocol import rest
from nautilus_paradex.transport.errors import ServerError
from tests.unit.feeds.conftest import NOW_NS, Clock, Outcome

BTC = InstrumentId.from_str("BTC-USD-PERP.PARADEX")
ETH = InstrumentId.from_str("ETH-USD-PERP.PARADEX")
NOW_MS = NOW_NS // 1_000_000


@dataclass
class Venue:
    """A system in a state, and markets with terms of their own."""

    state: str | None = "ok"
    asked: int = 0
    terms: dict[InstrumentId, dict[str, object]] = field(default_factory=lambda: {BTC: {}, ETH: {}})

    async def read_state(self) -> str:
        self.asked += 1
        await asyncio.sleep(0)
        if self.state is None:
            raise ServerError(503, None, "down")
        return self.state

    def find(self, instrument_id: InstrumentId) -> CryptoPerpetual | None:
        terms = self.terms.get(instrument_id)
        if terms is None:
            return None
        symbol = instrument_id.symbol.value
        market = rest.Market(
            **{
                "symbol": symbol,
                "asset_kind": "PERP",
                "base_currency": symbol.split("-")[0],
                "settlement_currency": "USDC",
                "price_tick_size": "0.5",
                "order_size_increment": "0.001",
                **terms,
            }
        )
        return instrument_from_market(market, fees=FeeRates.documented(), ts_init=0)


@pytest.fixture
def venue() -> Venue:
    return Venue()


@pytest.fixture
def feed(venue: Venue, outcome: Outcome, clock: Clock) -> StatusFeed:
    return StatusFeed(
        find=venue.find,
        read_state=venue.read_state,
        emit=outcome.emitted.append,
        now_ns=clock,
        warn=outcome.warnings.append,
    )


def actions(outcome: Outcome, instrument_id: InstrumentId = BTC) -> list[str]:
    return [
        MarketStatusAction(s.action).name
        for s in outcome.emitted
        if s.instrument_id == instrument_id
    ]


async def test_the_present_status_comes_at_subscription_then_only_what_changes(
    feed: StatusFeed, venue: Venue, outcome: Outcome
) -> None:
    venue.state = "cancel_only"
    await feed.subscribe(BTC)
    await feed.poll()
    venue.state = "post_only"
    await feed.poll()
    venue.state = "ok"
    await feed.poll()
    await feed.poll()

    assert actions(outcome) == ["PAUSE", "QUOTING", "TRADING"]
    assert {s.ts_event for s in outcome.emitted} == {NOW_NS}


async def test_a_poll_that_fails_says_nothing_about_the_market(
    feed: StatusFeed, venue: Venue, outcome: Outcome
) -> None:
    venue.state = None
    await feed.subscribe(BTC)
    assert (actions(outcome), len(outcome.warnings)) == ([], 1)
    await feed.poll()
    assert len(outcome.warnings) == 1

    venue.state = "ok"
    await feed.poll()
    assert actions(outcome) == ["TRADING"]

    venue.state = None
    await feed.poll()
    assert (actions(outcome), len(outcome.warnings)) == (["TRADING"], 2)


async def test_what_the_market_says_itself_needs_no_answer(
    feed: StatusFeed, venue: Venue, outcome: Outcome
) -> None:
    venue.state = None
    venue.terms[BTC] = {"trading_mode": "RFQ_ONLY"}

    await feed.subscribe(BTC)

    assert actions(outcome) == ["SUSPEND"]


async def test_many_subscriptions_at_once_ask_once(
    feed: StatusFeed, venue: Venue, outcome: Outcome
) -> None:
    await asyncio.gather(feed.subscribe(BTC), feed.subscribe(ETH))

    assert venue.asked == 1
    assert (actions(outcome, BTC), actions(outcome, ETH)) == (["TRADING"], ["TRADING"])


async def test_nobody_subscribed_is_nothing_asked_and_nothing_remembered(
    feed: StatusFeed, venue: Venue, outcome: Outcome
) -> None:
    await feed.poll()
    assert venue.asked == 0

    await feed.subscribe(BTC)
    feed.unsubscribe(BTC)
    venue.state = "maintenance"
    await feed.poll()
    assert (venue.asked, actions(outcome)) == (1, ["TRADING"])

    await feed.subscribe(BTC)
    assert actions(outcome) == ["TRADING", "HALT"]


async def test_a_market_opens_and_expires_by_the_clock(
    feed: StatusFeed, venue: Venue, outcome: Outcome, clock: Clock
) -> None:
    venue.terms[BTC] = {"open_at": NOW_MS + 10_000, "expiry_at": NOW_MS + 20_000}
    await feed.subscribe(BTC)
    for _ in range(2):
        clock.advance_secs(10)
        await feed.poll()

    assert actions(outcome) == ["PRE_OPEN", "TRADING", "CLOSE"]


async def test_a_change_of_terms_is_told_and_other_changes_are_not(
    feed: StatusFeed, venue: Venue, outcome: Outcome
) -> None:
    await feed.subscribe(BTC)
    venue.terms[BTC] = {"trading_mode": "RFQ_ONLY"}
    feed.on_listed(BTC)
    venue.terms[BTC] = {"trading_mode": "RFQ_ONLY", "tags": ["X"]}
    feed.on_listed(BTC)
    venue.terms[BTC] = {"trading_mode": "STANDARD"}
    feed.on_listed(BTC)
    feed.on_listed(ETH)

    assert actions(outcome) == ["TRADING", "SUSPEND", "TRADING"]
    assert actions(outcome, ETH) == []


async def test_the_end_of_a_market_is_told_with_its_time_and_reason(
    feed: StatusFeed, venue: Venue, outcome: Outcome
) -> None:
    await feed.subscribe(BTC)
    del venue.terms[BTC], venue.terms[ETH]
    feed.on_ended(Ending(BTC, "SETTLED", 5))
    feed.on_ended(Ending(ETH, "SETTLED", 5))
    await feed.poll()

    assert actions(outcome) == ["TRADING", "NOT_AVAILABLE_FOR_TRADING"]
    last = outcome.emitted[-1]
    assert (last.instrument_id, last.ts_event, last.ts_init) == (BTC, 5, NOW_NS)
    assert (last.trading_event, last.reason) == ("SETTLED", "settled")


async def test_a_market_that_is_listed_again_trades_again(
    feed: StatusFeed, venue: Venue, outcome: Outcome
) -> None:
    await feed.subscribe(BTC)
    terms = venue.terms.pop(BTC)
    feed.on_ended(Ending(BTC, "DELETED", 5))
    venue.terms[BTC] = terms
    feed.on_listed(BTC)

    assert actions(outcome) == ["TRADING", "NOT_AVAILABLE_FOR_TRADING", "TRADING"]
    assert outcome.emitted[-1].ts_event == NOW_NS


async def test_what_is_not_listed_at_subscription_is_said_to_be_so(
    feed: StatusFeed, venue: Venue, outcome: Outcome
) -> None:
    del venue.terms[BTC]

    await feed.subscribe(BTC)

    assert actions(outcome) == ["NOT_AVAILABLE_FOR_TRADING"]
    assert outcome.emitted[0].reason == "not listed"


async def test_an_unknown_state_is_carried_and_warned_of_once(
    feed: StatusFeed, venue: Venue, outcome: Outcome
) -> None:
    venue.state = "upgrading"
    await feed.subscribe(BTC)
    await feed.poll()

    assert actions(outcome) == ["NONE"]
    assert outcome.emitted[0].is_trading is None
    assert len(outcome.warnings) == 1


async def test_terms_that_cannot_be_read_cost_this_market_only(
    feed: StatusFeed, venue: Venue, outcome: Outcome
) -> None:
    venue.terms[BTC] = {"expiry_at": "soon"}
    await feed.subscribe(BTC)
    await feed.subscribe(ETH)

    assert (actions(outcome), actions(outcome, ETH)) == ([], ["TRADING"])
    assert len(outcome.warnings) == 1
