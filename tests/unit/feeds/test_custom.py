"""Given a subscription to custom data, which stream it opens and what is handed on."""

from typing import Any

import pytest
from nautilus_trader.core.data import Data
from nautilus_trader.model.data import CustomData, DataType
from nautilus_trader.model.identifiers import InstrumentId

from nautilus_paradex.data_types import (
    ParadexFundingComparison,
    ParadexFundingPayment,
    ParadexInteractiveBook,
    ParadexInteractiveQuote,
    ParadexMarketSummary,
    ParadexSystemState,
    ParadexTradeBust,
)
from nautilus_paradex.feeds.custom import CustomDataError, CustomFeeds
from nautilus_paradex.feeds.lanes import Lane
from nautilus_paradex.feeds.market import MARK, MarketFeed
from nautilus_paradex.feeds.router import REFUSED, FeedRouter
from nautilus_paradex.feeds.subscriber import StreamSubscriber
from nautilus_paradex.protocol.events import (
    BboEvent,
    BookEvent,
    FundingRateComparisonEvent,
    MarketSummaryEvent,
)
from tests.unit.feeds.conftest import MARKET, NOW_NS, TS_US, Clock, Outcome
from tests.unit.feeds.test_subscriber import Pool

E8 = 10**8
BTC = InstrumentId.from_str(f"{MARKET}.PARADEX")
SUMMARY_CHANNEL = f"markets_summary.{MARKET}"
QUOTE_CHANNEL = f"bbo.{MARKET}.interactive"
BOOK_CHANNEL = f"order_book.{MARKET}.interactive@15@100ms"
COMPARISON_CHANNEL = "funding_rate_comparison.ALL@1000ms"

SUMMARY = MarketSummaryEvent(ts=TS_US, mark_price=60_000 * E8, market=MARKET)
BBO = BboEvent(ts=TS_US, bid_price=60_000 * E8, bid_size=E8, market=MARKET)
BOOK = BookEvent(
    ts=TS_US, seq=1, pkg_type="SNAPSHOT", bids=[(60_000 * E8, E8)], asks=[], market=MARKET
)


def comparison(market: str = MARKET) -> FundingRateComparisonEvent:
    return FundingRateComparisonEvent(
        ts=TS_US, hourly_funding_rate=1, source="BINANCE", market=market
    )


def of_btc(kind: type) -> DataType:
    return DataType(kind, metadata={"instrument_id": BTC})


@pytest.fixture
def pool() -> Pool:
    return Pool()


@pytest.fixture
def subscriber(pool: Pool, router: FeedRouter, clock: Clock, outcome: Outcome) -> StreamSubscriber:
    return StreamSubscriber(
        pool,  # type: ignore[arg-type]
        router,
        now_ns=clock,
        warn=outcome.warnings.append,
    )


@pytest.fixture
def custom(
    subscriber: StreamSubscriber, router: FeedRouter, feed: MarketFeed, outcome: Outcome
) -> CustomFeeds:
    async def market_feed(instrument_id: InstrumentId) -> MarketFeed:
        assert instrument_id == BTC
        return feed

    return CustomFeeds(subscriber, router, emit=outcome.emitted.append, market_feed=market_feed)


def kinds(outcome: Outcome) -> list[type]:
    """The types of the custom data that were handed on."""
    return [type(item.data) for item in outcome.emitted if isinstance(item, CustomData)]


STREAMS = [
    (ParadexMarketSummary, SUMMARY_CHANNEL, Lane.MARKETS, SUMMARY),
    (ParadexInteractiveQuote, QUOTE_CHANNEL, Lane.INTERACTIVE, BBO),
    (ParadexInteractiveBook, BOOK_CHANNEL, Lane.INTERACTIVE, BOOK),
    (ParadexFundingComparison, COMPARISON_CHANNEL, Lane.MARKETS, comparison()),
]


@pytest.mark.parametrize(("kind", "channel", "lane", "event"), STREAMS)
async def test_a_subscription_opens_its_stream_and_hears_it(
    custom: CustomFeeds,
    router: FeedRouter,
    pool: Pool,
    outcome: Outcome,
    kind: type,
    channel: str,
    lane: Lane,
    event: Any,
) -> None:
    await custom.subscribe(of_btc(kind), None)
    router.on_event(event, NOW_NS, lane)

    (item,) = outcome.emitted
    assert isinstance(item, CustomData)
    assert item.data_type == of_btc(kind)
    assert isinstance(item.data, kind)
    assert (item.data.instrument_id, item.ts_init) == (BTC, NOW_NS)
    assert pool.lanes == {channel: lane}


@pytest.mark.parametrize(("kind", "channel", "lane", "event"), STREAMS)
async def test_its_end_closes_the_stream_and_silences_late_messages(
    custom: CustomFeeds,
    router: FeedRouter,
    pool: Pool,
    outcome: Outcome,
    kind: type,
    channel: str,
    lane: Lane,
    event: Any,
) -> None:
    await custom.subscribe(of_btc(kind), None)
    await custom.unsubscribe(of_btc(kind))
    router.on_event(event, NOW_NS, lane)

    assert pool.calls == ["+" + channel, "-" + channel]
    assert outcome.emitted == []


async def test_an_id_may_be_written_as_text(
    custom: CustomFeeds, router: FeedRouter, outcome: Outcome
) -> None:
    as_text = DataType(ParadexMarketSummary, metadata={"instrument_id": BTC.value})

    await custom.subscribe(as_text, None)
    await custom.subscribe(of_btc(ParadexMarketSummary), None)
    router.on_event(SUMMARY, NOW_NS)

    assert kinds(outcome) == [ParadexMarketSummary]


async def test_the_summary_shares_its_stream_with_other_uses(
    custom: CustomFeeds, subscriber: StreamSubscriber, pool: Pool, feed: MarketFeed
) -> None:
    await subscriber.use(feed, MARK)
    await custom.subscribe(of_btc(ParadexMarketSummary), None)
    await custom.unsubscribe(of_btc(ParadexMarketSummary))
    assert pool.calls == ["+" + SUMMARY_CHANNEL]

    await subscriber.drop(feed, MARK)
    assert pool.calls == ["+" + SUMMARY_CHANNEL, "-" + SUMMARY_CHANNEL]


async def test_a_summary_may_come_over_a_channel_of_many_markets(
    custom: CustomFeeds, router: FeedRouter, outcome: Outcome
) -> None:
    await custom.subscribe(of_btc(ParadexMarketSummary), None)
    router.on_event(SUMMARY, NOW_NS, Lane.WIDE)

    assert kinds(outcome) == [ParadexMarketSummary]


async def test_interactive_frames_are_taken_for_no_others(
    custom: CustomFeeds, router: FeedRouter, outcome: Outcome
) -> None:
    await custom.subscribe(of_btc(ParadexInteractiveQuote), None)
    await custom.subscribe(of_btc(ParadexInteractiveBook), None)

    router.on_event(BBO, NOW_NS, Lane.MARKETS)
    router.on_event(BOOK, NOW_NS, Lane.MARKETS)

    assert kinds(outcome) == []


class TestFundingComparison:
    ALL = DataType(ParadexFundingComparison)

    async def test_all_markets_may_be_asked_for(
        self, custom: CustomFeeds, router: FeedRouter, outcome: Outcome
    ) -> None:
        await custom.subscribe(self.ALL, None)
        router.on_event(comparison("ETH-USD-PERP"), NOW_NS)

        (item,) = outcome.emitted
        assert isinstance(item, CustomData)
        assert item.data_type == self.ALL

    async def test_one_market_hears_nothing_of_others(
        self, custom: CustomFeeds, router: FeedRouter, outcome: Outcome
    ) -> None:
        await custom.subscribe(of_btc(ParadexFundingComparison), None)
        router.on_event(comparison("ETH-USD-PERP"), NOW_NS)

        assert outcome.emitted == []

    async def test_what_both_want_is_published_once_where_both_listen(
        self, custom: CustomFeeds, router: FeedRouter, outcome: Outcome
    ) -> None:
        await custom.subscribe(self.ALL, None)
        await custom.subscribe(of_btc(ParadexFundingComparison), None)
        router.on_event(comparison(), NOW_NS)

        (item,) = outcome.emitted
        assert isinstance(item, CustomData)
        assert item.data_type == of_btc(ParadexFundingComparison)

    async def test_the_channel_is_open_until_the_last_of_them_ends(
        self, custom: CustomFeeds, pool: Pool
    ) -> None:
        await custom.subscribe(self.ALL, None)
        await custom.subscribe(of_btc(ParadexFundingComparison), None)
        await custom.unsubscribe(self.ALL)
        assert pool.calls == ["+" + COMPARISON_CHANNEL]

        await custom.unsubscribe(of_btc(ParadexFundingComparison))
        assert pool.calls == ["+" + COMPARISON_CHANNEL, "-" + COMPARISON_CHANNEL]


@pytest.mark.parametrize(
    ("data_type", "instrument_id", "complaint"),
    [
        (DataType(Data), None, r"there are ParadexFundingComparison, .*, was Data"),
        (DataType(ParadexMarketSummary), None, "name the market in the metadata"),
        (DataType(ParadexMarketSummary), BTC, "name the market in the metadata"),
        (DataType(ParadexFundingComparison), BTC, "name the market in the metadata"),
        (DataType(ParadexMarketSummary, {"market": "X"}), None, "the only metadata is"),
        (DataType(ParadexMarketSummary, {"instrument_id": "X"}), None, "'instrument_id'"),
    ],
)
async def test_what_cannot_be_subscribed_to_is_explained(
    custom: CustomFeeds,
    pool: Pool,
    data_type: DataType,
    instrument_id: InstrumentId | None,
    complaint: str,
) -> None:
    with pytest.raises(CustomDataError, match=complaint):
        await custom.subscribe(data_type, instrument_id)
    await custom.unsubscribe(data_type)

    assert pool.calls == []


@pytest.mark.parametrize("kind", [ParadexFundingPayment, ParadexSystemState, ParadexTradeBust])
async def test_what_the_execution_client_publishes_needs_no_stream(
    custom: CustomFeeds, pool: Pool, kind: type
) -> None:
    await custom.subscribe(DataType(kind), None)
    await custom.unsubscribe(DataType(kind))

    assert pool.calls == []


@pytest.mark.parametrize(
    ("kind", "channel"),
    [(ParadexInteractiveQuote, QUOTE_CHANNEL), (ParadexInteractiveBook, BOOK_CHANNEL)],
)
async def test_a_market_that_is_listed_no_more_has_no_interactive_streams(
    custom: CustomFeeds,
    subscriber: StreamSubscriber,
    pool: Pool,
    feed: MarketFeed,
    kind: type,
    channel: str,
) -> None:
    await custom.subscribe(of_btc(kind), None)
    await subscriber.relist(feed, is_listed=False)

    assert pool.calls == ["+" + channel, "-" + channel]


async def test_a_value_that_cannot_be_held_is_counted(
    custom: CustomFeeds, router: FeedRouter, outcome: Outcome
) -> None:
    await custom.subscribe(of_btc(ParadexInteractiveQuote), None)
    router.on_event(
        BboEvent(ts=TS_US, bid_price=1, bid_size=E8, market=MARKET), NOW_NS, Lane.INTERACTIVE
    )

    assert outcome.emitted == []
    assert router.metrics.snapshot()[REFUSED] == 1


async def test_a_silent_interactive_stream_is_asked_for_again(
    custom: CustomFeeds,
    router: FeedRouter,
    subscriber: StreamSubscriber,
    pool: Pool,
    clock: Clock,
) -> None:
    await custom.subscribe(of_btc(ParadexInteractiveBook), None)
    clock.advance_secs(50)
    router.on_event(BOOK, clock(), Lane.INTERACTIVE)
    clock.advance_secs(50)
    await subscriber.mend()
    assert pool.calls == ["+" + BOOK_CHANNEL]

    clock.advance_secs(50)
    await subscriber.mend()
    assert pool.calls == ["+" + BOOK_CHANNEL, "-" + BOOK_CHANNEL, "+" + BOOK_CHANNEL]
