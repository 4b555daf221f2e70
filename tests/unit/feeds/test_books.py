"""Depth and deltas of one market: where they come from, and what becomes of them on the way."""

import pytest
from msgspec.structs import replace
from nautilus_trader.model.data import OrderBookDeltas, OrderBookDepth10
from nautilus_trader.model.enums import OrderSide, RecordFlag

from nautilus_paradex.feeds.book import BookLevels, DepthMark
from nautilus_paradex.feeds.lanes import Lane
from nautilus_paradex.feeds.market import DELTAS, DEPTH, MarketFeed
from nautilus_paradex.feeds.router import FeedRouter
from nautilus_paradex.protocol.events import BookEvent
from tests.unit.feeds.conftest import MARKET, NOW_NS, TS_US, Outcome

E8 = 10**8
BIDS = [((60_000 - n) * E8, (n + 1) * E8) for n in range(15)]
ASKS = [((60_001 + n) * E8, (n + 1) * E8) for n in range(15)]
WHOLE = BookEvent(ts=TS_US, seq=10, pkg_type="SNAPSHOT", bids=BIDS, asks=ASKS, market=MARKET)


def shape(depth: object) -> tuple[list[str], list[str]]:
    assert isinstance(depth, OrderBookDepth10)
    return (
        [f"{o.size}@{o.price}" for o in depth.bids if o.side == OrderSide.BUY],
        [f"{o.size}@{o.price}" for o in depth.asks if o.side == OrderSide.SELL],
    )


def depths(outcome: Outcome) -> list[OrderBookDepth10]:
    return [item for item in outcome.emitted if isinstance(item, OrderBookDepth10)]


class TestSnapshots:
    @pytest.fixture(autouse=True)
    def subscribed(self, feed: MarketFeed) -> None:
        feed.uses = DEPTH

    def send(self, router: FeedRouter, *events: BookEvent) -> None:
        for event in events:
            router.on_event(event, NOW_NS, Lane.DEPTH)

    def test_the_best_ten_levels_are_told(self, router: FeedRouter, outcome: Outcome) -> None:
        self.send(router, WHOLE)

        (depth,) = depths(outcome)
        assert shape(depth) == (
            [f"{n + 1}.000@{60_000 - n}.0" for n in range(10)],
            [f"{n + 1}.000@{60_001 + n}.0" for n in range(10)],
        )
        assert (depth.sequence, depth.ts_event, depth.ts_init) == (10, TS_US * 1_000, NOW_NS)
        assert depth.flags == RecordFlag.F_SNAPSHOT.value | RecordFlag.F_LAST.value
        assert depth.bid_counts == depth.ask_counts == [0] * 10

    @pytest.mark.parametrize(
        ("bids", "asks"), [(BIDS[:3], ASKS[:1]), ([], ASKS), (BIDS, []), (BIDS[:1], [])]
    )
    def test_what_a_side_lacks_is_left_empty(
        self,
        router: FeedRouter,
        outcome: Outcome,
        bids: list[tuple[int, int]],
        asks: list[tuple[int, int]],
    ) -> None:
        self.send(router, replace(WHOLE, bids=bids, asks=asks))

        found = shape(depths(outcome)[0])
        assert [len(side) for side in found] == [min(10, len(bids)), min(10, len(asks))]

    def test_levels_come_best_first_and_empty_ones_not_at_all(
        self, router: FeedRouter, outcome: Outcome
    ) -> None:
        bids = [(59_000 * E8, E8), (59_002 * E8, E8), (59_001 * E8, 0)]

        self.send(router, replace(WHOLE, bids=bids, asks=[]))

        assert shape(depths(outcome)[0])[0] == ["1.000@59002.0", "1.000@59000.0"]

    def test_what_is_older_or_the_same_is_not_told(
        self, router: FeedRouter, outcome: Outcome
    ) -> None:
        other = replace(WHOLE, bids=BIDS[1:])

        self.send(
            router, WHOLE, replace(other, seq=9), replace(WHOLE, seq=11), replace(other, seq=12)
        )

        assert [depth.sequence for depth in depths(outcome)] == [10, 12]

    def test_a_level_that_cannot_be_held_costs_that_snapshot(
        self, router: FeedRouter, outcome: Outcome
    ) -> None:
        self.send(router, replace(WHOLE, bids=[(60_000 * E8 + 1, E8)]), replace(WHOLE, seq=11))

        assert [depth.sequence for depth in depths(outcome)] == [11]
        assert router.metrics["values_refused"] == 1
        assert outcome.broken == []

    def test_anything_but_a_snapshot_is_refused(self, router: FeedRouter, outcome: Outcome) -> None:
        self.send(router, replace(WHOLE, pkg_type="DELTA"), replace(WHOLE, seq=None))

        assert outcome.emitted == []
        assert router.metrics["values_refused"] == 2

    def test_a_lost_connection_leaves_no_depth_behind(
        self, router: FeedRouter, feed: MarketFeed, outcome: Outcome
    ) -> None:
        self.send(router, WHOLE)

        router.books.drop_depth(feed)
        router.books.drop_depth(feed)
        self.send(router, replace(WHOLE, seq=3))

        assert [shape(depth)[0][:1] for depth in depths(outcome)] == [
            ["1.000@60000.0"],
            [],
            ["1.000@60000.0"],
        ]


class TestFromTheBook:
    @pytest.fixture(autouse=True)
    def subscribed(self, feed: MarketFeed) -> None:
        feed.uses = DELTAS | DEPTH

    def test_each_change_of_the_best_ten_is_told(
        self, router: FeedRouter, outcome: Outcome
    ) -> None:
        change = replace(WHOLE, pkg_type="DELTA", asks=[])
        for event in (
            WHOLE,
            replace(change, seq=11, bids=[(60_000 * E8, 0)]),
            replace(change, seq=12, bids=[]),
            replace(change, seq=13, bids=[(50_000 * E8, E8)]),
            replace(change, seq=14, bids=[(60_000 * E8, E8)]),
        ):
            router.on_event(event, NOW_NS)

        assert [(depth.sequence, shape(depth)[0][0]) for depth in depths(outcome)] == [
            (10, "1.000@60000.0"),
            (11, "2.000@59999.0"),
            (14, "1.000@60000.0"),
        ]
        assert shape(depths(outcome)[1])[0][-1] == "11.000@59990.0"

    def test_a_gap_leaves_no_depth_behind(
        self, router: FeedRouter, feed: MarketFeed, outcome: Outcome
    ) -> None:
        router.on_event(WHOLE, NOW_NS)
        router.on_event(replace(WHOLE, seq=12, pkg_type="DELTA"), NOW_NS)
        router.on_event(replace(WHOLE, seq=13, pkg_type="DELTA"), NOW_NS)

        assert [len(shape(depth)[0]) for depth in depths(outcome)] == [10, 0]
        assert outcome.broken == [feed]

    def test_a_use_that_joins_is_told_what_there_is(
        self, router: FeedRouter, feed: MarketFeed, outcome: Outcome
    ) -> None:
        feed.uses = DEPTH
        router.on_event(WHOLE, NOW_NS)
        outcome.emitted.clear()

        feed.uses |= DELTAS
        router.books.begin(feed, DELTAS)
        router.books.begin(feed, DEPTH)

        deltas, depth = outcome.emitted
        assert isinstance(deltas, OrderBookDeltas)
        assert deltas.is_snapshot
        assert len(deltas.deltas) == 31
        assert isinstance(depth, OrderBookDepth10)

    def test_a_use_that_joins_a_broken_book_is_told_nothing(
        self, router: FeedRouter, feed: MarketFeed, outcome: Outcome
    ) -> None:
        router.books.begin(feed, DELTAS | DEPTH)

        assert outcome.emitted == []


def test_a_whole_book_replaces_what_was_there() -> None:
    levels = BookLevels()
    levels.replace(WHOLE)

    levels.replace(replace(WHOLE, bids=[(1, 2)], asks=[]))

    assert levels.best() == ([(1, 2)], [])


def test_a_numbering_that_begins_again_is_followed() -> None:
    mark = DepthMark()

    assert mark.is_news(100, TS_US, ([(1, 1)], []))
    assert not mark.is_news(1, TS_US + 999_999, ([(2, 1)], []))
    assert mark.is_news(1, TS_US + 1_000_000, ([(2, 1)], []))
    assert mark.is_news(2, TS_US + 1_000_001, ([(3, 1)], []))
