"""What is open follows what is used; what falls silent or breaks is opened afresh."""

from dataclasses import dataclass, field

import pytest
from msgspec.structs import replace
from nautilus_trader.model.data import OrderBookDepth10

from nautilus_paradex.feeds.channel_state import ChannelState
from nautilus_paradex.feeds.lanes import Lane
from nautilus_paradex.feeds.market import DELTAS, DEPTH, FUNDING, MARK, QUOTES, TRADES, MarketFeed
from nautilus_paradex.feeds.router import FeedRouter
from nautilus_paradex.feeds.subscriber import StreamSubscriber
from nautilus_paradex.protocol.events import BookEvent
from nautilus_paradex.protocol.rpc import RpcError
from tests.unit.feeds.conftest import MARKET, TS_US, Clock, Outcome

BOOK = f"order_book.{MARKET}.deltas"
BBO = f"bbo.{MARKET}"
SUMMARY = f"markets_summary.{MARKET}"
TRADE = f"trades.{MARKET}"
SNAPSHOTS = f"order_book.{MARKET}.snapshot@15@100ms"
E8 = 10**8
SNAPSHOT = BookEvent(ts=TS_US, seq=10, pkg_type="SNAPSHOT", market=MARKET)


@dataclass
class Pool:
    """Confirms, or refuses, and remembers; one connection carries all."""

    calls: list[str] = field(default_factory=list)
    lanes: dict[str, Lane] = field(default_factory=dict)
    refuses: set[str] = field(default_factory=set)
    coming: set[str] = field(default_factory=set)
    open: set[str] = field(default_factory=set)

    @property
    def channels(self) -> set[str]:
        return set(self.lanes)

    @property
    def confirmed(self) -> frozenset[str]:
        return frozenset(self.open)

    def is_coming(self, state: ChannelState) -> bool:
        return state.key in self.coming

    async def subscribe(self, state: ChannelState) -> None:
        self.lanes[state.key] = state.lane
        self._answer("+", state.key)

    async def unsubscribe(self, state: ChannelState) -> None:
        self._answer("-", state.key)

    def _answer(self, what: str, channel: str) -> None:
        self.calls.append(what + channel)
        if what + channel in self.refuses:
            raise RpcError(-32600, "invalid subscribe request")
        if what == "+":
            self.open.add(channel)
        else:
            self.open.discard(channel)

    def since(self, count: int) -> list[str]:
        return self.calls[count:]


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


class TestUses:
    async def test_the_first_use_opens_and_the_last_closes(
        self, subscriber: StreamSubscriber, pool: Pool, feed: MarketFeed
    ) -> None:
        await subscriber.use(feed, MARK)
        await subscriber.use(feed, FUNDING)
        await subscriber.drop(feed, MARK)
        assert pool.calls == ["+" + SUMMARY]

        await subscriber.drop(feed, FUNDING)
        assert pool.calls == ["+" + SUMMARY, "-" + SUMMARY]

    async def test_streams_do_not_mix(
        self, subscriber: StreamSubscriber, pool: Pool, feed: MarketFeed
    ) -> None:
        await subscriber.use(feed, QUOTES)
        await subscriber.use(feed, DELTAS)
        await subscriber.drop(feed, QUOTES)

        assert pool.calls == ["+" + BBO, "+" + BOOK, "-" + BBO]

    async def test_a_refusal_is_raised_and_tried_again_later(
        self, subscriber: StreamSubscriber, pool: Pool, feed: MarketFeed, clock: Clock
    ) -> None:
        pool.refuses = {"+" + BBO}
        with pytest.raises(RpcError):
            await subscriber.use(feed, QUOTES)
        pool.refuses = set()

        await subscriber.mend()
        assert len(pool.calls) == 1
        clock.advance_secs(6)
        await subscriber.mend()
        assert pool.since(1) == ["+" + BBO]

    async def test_what_is_refused_is_asked_less_and_less_often(
        self, subscriber: StreamSubscriber, pool: Pool, feed: MarketFeed, clock: Clock
    ) -> None:
        pool.refuses = {"+" + BBO}
        with pytest.raises(RpcError):
            await subscriber.use(feed, QUOTES)

        for _ in range(3_600):
            clock.advance_secs(1)
            await subscriber.mend()

        assert 5 < len(pool.calls) < 15

    async def test_a_book_given_up_is_not_cleared_for_nobody(
        self,
        subscriber: StreamSubscriber,
        router: FeedRouter,
        feed: MarketFeed,
        outcome: Outcome,
    ) -> None:
        await subscriber.use(feed, DELTAS)
        router.on_event(SNAPSHOT, TS_US * 1_000)
        outcome.emitted.clear()

        await subscriber.drop(feed, DELTAS)

        assert outcome.emitted == []
        assert feed.book_sequence.is_waiting


class TestListing:
    async def test_a_market_that_is_listed_no_more_has_no_streams_until_it_is_again(
        self, subscriber: StreamSubscriber, pool: Pool, feed: MarketFeed, clock: Clock
    ) -> None:
        await subscriber.use(feed, QUOTES)
        await subscriber.use(feed, MARK)
        await subscriber.relist(feed, is_listed=False)
        assert set(pool.since(2)) == {"-" + BBO, "-" + SUMMARY}

        clock.advance_secs(3_600)
        await subscriber.mend()
        await subscriber.relist(feed, is_listed=False)
        await subscriber.drop(feed, MARK)
        assert pool.open == set()

        await subscriber.relist(feed, is_listed=True)
        assert pool.open == {BBO}

    @pytest.mark.parametrize("is_dropped_first", [False, True])
    async def test_it_is_forgotten_when_nobody_uses_it(
        self,
        subscriber: StreamSubscriber,
        router: FeedRouter,
        feed: MarketFeed,
        is_dropped_first: bool,
    ) -> None:
        await subscriber.use(feed, QUOTES)
        if is_dropped_first:
            await subscriber.drop(feed, QUOTES)
        assert router.feeds == (feed,)

        await subscriber.relist(feed, is_listed=False)
        await subscriber.drop(feed, QUOTES)

        assert router.feeds == ()

    async def test_its_book_is_cleared(
        self,
        subscriber: StreamSubscriber,
        router: FeedRouter,
        feed: MarketFeed,
        outcome: Outcome,
    ) -> None:
        await subscriber.use(feed, DELTAS)
        router.on_event(SNAPSHOT, TS_US * 1_000)
        assert len(outcome.emitted) == 1

        await subscriber.relist(feed, is_listed=False)

        assert len(outcome.emitted) == 2


class TestSilence:
    async def test_a_silent_stream_is_opened_afresh(
        self, subscriber: StreamSubscriber, pool: Pool, feed: MarketFeed, clock: Clock
    ) -> None:
        await subscriber.use(feed, QUOTES)
        clock.advance_secs(119)
        await subscriber.mend()
        assert len(pool.calls) == 1

        clock.advance_secs(2)
        await subscriber.mend()

        assert pool.since(1) == ["-" + BBO, "+" + BBO]
        assert subscriber.metrics["streams_restarted"] == 1

    async def test_a_stream_that_speaks_is_left_alone(
        self, subscriber: StreamSubscriber, pool: Pool, feed: MarketFeed, clock: Clock
    ) -> None:
        await subscriber.use(feed, QUOTES)
        for _ in range(50):
            clock.advance_secs(100)
            feed.bbo.seen_ns = clock()
            await subscriber.mend()

        assert pool.calls == ["+" + BBO]

    async def test_a_market_that_is_only_quiet_is_asked_less_often(
        self, subscriber: StreamSubscriber, pool: Pool, feed: MarketFeed, clock: Clock
    ) -> None:
        await subscriber.use(feed, QUOTES)
        for _ in range(7_200):
            clock.advance_secs(1)
            await subscriber.mend()

        restarts = pool.calls.count("-" + BBO)
        assert restarts == 5  # after 2, 4, 8, 16 and 32 minutes

    async def test_a_market_without_trades_is_left_alone_for_hours(
        self,
        subscriber: StreamSubscriber,
        pool: Pool,
        feed: MarketFeed,
        clock: Clock,
        outcome: Outcome,
    ) -> None:
        await subscriber.use(feed, TRADES)
        for _ in range(7 * 24 * 60):
            clock.advance_secs(60)
            await subscriber.mend()

        assert 7 * 24 // 5 < pool.calls.count("-" + TRADE) < 7 * 24 // 3
        assert len(outcome.warnings) == 1

    async def test_a_restored_connection_gives_every_stream_its_time(
        self, subscriber: StreamSubscriber, pool: Pool, feed: MarketFeed, clock: Clock
    ) -> None:
        await subscriber.use(feed, QUOTES)
        clock.advance_secs(500)

        subscriber.connection_restored(pool)  # type: ignore[arg-type]
        await subscriber.mend()

        assert pool.calls == ["+" + BBO]

    async def test_what_the_venue_did_not_restore_is_asked_for_within_seconds(
        self, subscriber: StreamSubscriber, pool: Pool, feed: MarketFeed, clock: Clock
    ) -> None:
        await subscriber.use(feed, TRADES)
        await subscriber.use(feed, QUOTES)
        pool.open.discard(TRADE)

        subscriber.connection_restored(pool)  # type: ignore[arg-type]
        clock.advance_secs(6)
        await subscriber.mend()

        assert pool.since(2) == ["+" + TRADE]

    async def test_after_a_close_everything_is_asked_for_again(
        self,
        subscriber: StreamSubscriber,
        router: FeedRouter,
        pool: Pool,
        feed: MarketFeed,
        clock: Clock,
        outcome: Outcome,
    ) -> None:
        await subscriber.use(feed, DELTAS)
        router.on_event(SNAPSHOT, clock())

        subscriber.closed()
        assert outcome.emitted[-1].deltas[0].is_clear  # type: ignore[attr-defined]
        clock.advance_secs(6)
        await subscriber.mend()

        assert pool.since(1) == ["+" + BOOK]


class TestNeverFed:
    async def test_what_is_confirmed_and_never_fed_is_told_once_by_name(
        self,
        subscriber: StreamSubscriber,
        feed: MarketFeed,
        clock: Clock,
        outcome: Outcome,
    ) -> None:
        await subscriber.use(feed, QUOTES | MARK)
        for _ in range(3_600):
            clock.advance_secs(1)
            feed.summary.seen_ns = clock()
            await subscriber.mend()

        assert subscriber.never_fed == (BBO,)
        assert subscriber.metrics["streams_never_fed"] == 1
        (warning,) = outcome.warnings
        assert f"{BBO} was confirmed" in warning

    async def test_once_it_speaks_it_is_as_others_are(
        self,
        subscriber: StreamSubscriber,
        feed: MarketFeed,
        clock: Clock,
        outcome: Outcome,
    ) -> None:
        await subscriber.use(feed, QUOTES)
        clock.advance_secs(121)
        await subscriber.mend()
        for _ in range(10):
            clock.advance_secs(1)
            feed.bbo.seen_ns = clock()
            await subscriber.mend()
        assert subscriber.never_fed == ()

        clock.advance_secs(121)
        await subscriber.mend()

        assert "silent for 121 s" in outcome.warnings[-1]
        assert subscriber.metrics["streams_never_fed"] == 1

    async def test_what_is_refused_is_something_else(
        self, subscriber: StreamSubscriber, pool: Pool, feed: MarketFeed, clock: Clock
    ) -> None:
        pool.refuses = {"+" + BBO}
        with pytest.raises(RpcError):
            await subscriber.use(feed, QUOTES)
        clock.advance_secs(500)
        await subscriber.mend()

        assert subscriber.never_fed == ()


class TestBooks:
    async def test_a_broken_book_is_rebuilt_at_once(
        self, subscriber: StreamSubscriber, pool: Pool, feed: MarketFeed, clock: Clock
    ) -> None:
        await subscriber.use(feed, DELTAS)

        await subscriber.rebuild_book(feed)

        assert pool.since(1) == ["-" + BOOK, "+" + BOOK]

    async def test_one_that_breaks_with_each_snapshot_does_not_keep_the_socket_busy(
        self, subscriber: StreamSubscriber, pool: Pool, feed: MarketFeed, clock: Clock
    ) -> None:
        await subscriber.use(feed, DELTAS)
        for _ in range(100):
            clock.advance_secs(0.01)
            await subscriber.rebuild_book(feed)
        assert pool.since(1) == ["-" + BOOK, "+" + BOOK]

        clock.advance_secs(11)
        await subscriber.mend()
        assert pool.since(3) == ["-" + BOOK, "+" + BOOK]

    async def test_one_that_was_right_for_a_while_is_rebuilt_at_once_again(
        self, subscriber: StreamSubscriber, pool: Pool, feed: MarketFeed, clock: Clock
    ) -> None:
        await subscriber.use(feed, DELTAS)
        await subscriber.rebuild_book(feed)
        clock.advance_secs(6)
        feed.book.seen_ns = clock()
        await subscriber.mend()

        await subscriber.rebuild_book(feed)

        assert pool.since(3) == ["-" + BOOK, "+" + BOOK]

    async def test_a_book_without_a_snapshot_is_missed_within_seconds(
        self, subscriber: StreamSubscriber, pool: Pool, feed: MarketFeed, clock: Clock
    ) -> None:
        await subscriber.use(feed, DELTAS)
        clock.advance_secs(6)

        await subscriber.mend()

        assert pool.since(1) == ["-" + BOOK, "+" + BOOK]

    async def test_a_book_is_absent_while_it_is_opened_afresh(
        self,
        subscriber: StreamSubscriber,
        router: FeedRouter,
        feed: MarketFeed,
        clock: Clock,
        outcome: Outcome,
    ) -> None:
        await subscriber.use(feed, DELTAS)
        router.on_event(SNAPSHOT, clock())
        clock.advance_secs(61)

        await subscriber.mend()

        assert outcome.emitted[-1].deltas[0].is_clear  # type: ignore[attr-defined]
        assert feed.book_sequence.is_waiting

    async def test_a_refused_unsubscribe_does_not_stop_the_rebuilding(
        self, subscriber: StreamSubscriber, pool: Pool, feed: MarketFeed, clock: Clock
    ) -> None:
        await subscriber.use(feed, DELTAS)
        pool.refuses = {"-" + BOOK}

        await subscriber.rebuild_book(feed)

        assert pool.since(1) == ["-" + BOOK, "+" + BOOK]
        assert feed.book.is_open

    async def test_a_lost_connection_clears_the_books(
        self,
        subscriber: StreamSubscriber,
        router: FeedRouter,
        pool: Pool,
        feed: MarketFeed,
        clock: Clock,
        outcome: Outcome,
    ) -> None:
        await subscriber.use(feed, DELTAS)
        router.on_event(SNAPSHOT, clock())

        subscriber.connection_lost(pool)  # type: ignore[arg-type]

        assert outcome.emitted[-1].deltas[0].is_clear  # type: ignore[attr-defined]


class TestSharedChannels:
    async def test_the_first_use_opens_and_the_last_closes(
        self, subscriber: StreamSubscriber, pool: Pool
    ) -> None:
        await subscriber.use_channel("markets")
        await subscriber.use_channel("markets")
        await subscriber.drop_channel("markets")
        assert pool.calls == ["+markets"]

        await subscriber.drop_channel("markets")
        await subscriber.drop_channel("markets")
        assert pool.calls == ["+markets", "-markets"]

    async def test_each_goes_over_its_own_connections(
        self, subscriber: StreamSubscriber, pool: Pool, feed: MarketFeed
    ) -> None:
        await subscriber.use(feed, QUOTES)
        await subscriber.use_channel(f"{BBO}.interactive", lane=Lane.INTERACTIVE)
        await subscriber.use_channel("bbo.ALL", lane=Lane.WIDE)

        assert pool.lanes == {
            BBO: Lane.MARKETS,
            f"{BBO}.interactive": Lane.INTERACTIVE,
            "bbo.ALL": Lane.WIDE,
        }

    async def test_one_that_was_refused_is_asked_for_again(
        self, subscriber: StreamSubscriber, pool: Pool, clock: Clock
    ) -> None:
        pool.refuses = {"+markets"}
        with pytest.raises(RpcError):
            await subscriber.use_channel("markets")
        pool.refuses = set()

        clock.advance_secs(6)
        await subscriber.mend()

        assert pool.calls == ["+markets"] * 2

    async def test_one_that_may_be_silent_is_left_alone(
        self, subscriber: StreamSubscriber, pool: Pool, clock: Clock
    ) -> None:
        await subscriber.use_channel("markets")
        clock.advance_secs(7 * 86_400)

        await subscriber.mend()

        assert pool.calls == ["+markets"]

    async def test_one_that_should_speak_is_opened_afresh(
        self, subscriber: StreamSubscriber, pool: Pool, clock: Clock
    ) -> None:
        await subscriber.use_channel("bbo.ALL", silence_secs=60)
        clock.advance_secs(59)
        subscriber.heard("bbo.ALL", clock())
        clock.advance_secs(59)
        await subscriber.mend()
        assert pool.calls == ["+bbo.ALL"]

        clock.advance_secs(2)
        await subscriber.mend()

        assert pool.calls == ["+bbo.ALL", "-bbo.ALL", "+bbo.ALL"]


class TestConnections:
    async def test_what_waits_for_a_connection_is_left_to_it(
        self, subscriber: StreamSubscriber, pool: Pool, feed: MarketFeed, clock: Clock
    ) -> None:
        await subscriber.use(feed, QUOTES)
        pool.coming = {BBO}
        clock.advance_secs(1_000)
        await subscriber.mend()
        assert pool.calls == ["+" + BBO]

        pool.coming = set()
        await subscriber.mend()
        assert pool.since(1) == ["-" + BBO, "+" + BBO]

    async def test_what_waited_is_opened_when_the_connection_is(
        self, subscriber: StreamSubscriber, pool: Pool, feed: MarketFeed
    ) -> None:
        await subscriber.use(feed, MARK)
        pool.refuses = {"+" + BBO}
        with pytest.raises(RpcError):
            await subscriber.use(feed, QUOTES)
        pool.refuses = set()

        await subscriber.open_waiting(pool)  # type: ignore[arg-type]

        assert pool.calls == ["+" + SUMMARY, "+" + BBO, "+" + BBO]

    async def test_the_loss_of_another_connection_leaves_a_book_alone(
        self,
        subscriber: StreamSubscriber,
        router: FeedRouter,
        feed: MarketFeed,
        clock: Clock,
        outcome: Outcome,
    ) -> None:
        await subscriber.use(feed, DELTAS)
        router.on_event(SNAPSHOT, clock())

        subscriber.connection_lost(Pool())  # type: ignore[arg-type]

        assert not feed.book_sequence.is_waiting
        assert len(outcome.emitted) == 1


class TestDepth:
    @staticmethod
    def speak(router: FeedRouter, clock: Clock, lane: Lane, seq: int) -> None:
        clock.advance_secs(0.01)
        router.on_event(replace(SNAPSHOT, seq=seq, bids=[(seq * E8, E8)]), clock(), lane)

    @staticmethod
    def best_bids(outcome: Outcome) -> list[str]:
        found = [item for item in outcome.emitted if isinstance(item, OrderBookDepth10)]
        return [str(depth.bids[0].price) for depth in found]

    async def test_alone_it_comes_from_repeated_snapshots(
        self, subscriber: StreamSubscriber, pool: Pool, feed: MarketFeed
    ) -> None:
        await subscriber.use(feed, DEPTH)
        await subscriber.drop(feed, DEPTH)

        assert pool.calls == ["+" + SNAPSHOTS, "-" + SNAPSHOTS]
        assert pool.lanes[SNAPSHOTS] is Lane.DEPTH

    async def test_beside_deltas_it_comes_from_the_book(
        self,
        subscriber: StreamSubscriber,
        router: FeedRouter,
        pool: Pool,
        feed: MarketFeed,
        clock: Clock,
        outcome: Outcome,
    ) -> None:
        await subscriber.use(feed, DELTAS)
        self.speak(router, clock, Lane.MARKETS, 1)

        await subscriber.use(feed, DEPTH)
        await subscriber.mend()

        assert pool.calls == ["+" + BOOK]
        assert self.best_bids(outcome) == ["1.0"]

    async def test_when_deltas_join_the_snapshots_stay_until_there_is_a_book(
        self,
        subscriber: StreamSubscriber,
        router: FeedRouter,
        pool: Pool,
        feed: MarketFeed,
        clock: Clock,
        outcome: Outcome,
    ) -> None:
        await subscriber.use(feed, DEPTH)
        self.speak(router, clock, Lane.DEPTH, 1)

        await subscriber.use(feed, DELTAS)
        await subscriber.mend()
        self.speak(router, clock, Lane.DEPTH, 2)
        assert pool.since(1) == ["+" + BOOK]
        self.speak(router, clock, Lane.MARKETS, 3)
        await subscriber.mend()
        assert pool.since(2) == ["-" + SNAPSHOTS]

        assert self.best_bids(outcome) == ["1.0", "2.0", "3.0"]

    async def test_when_deltas_leave_the_book_stays_until_there_are_snapshots(
        self,
        subscriber: StreamSubscriber,
        router: FeedRouter,
        pool: Pool,
        feed: MarketFeed,
        clock: Clock,
        outcome: Outcome,
    ) -> None:
        await subscriber.use(feed, DELTAS | DEPTH)
        self.speak(router, clock, Lane.MARKETS, 1)
        outcome.emitted.clear()

        await subscriber.drop(feed, DELTAS)
        await subscriber.mend()
        assert pool.since(1) == ["+" + SNAPSHOTS]
        self.speak(router, clock, Lane.MARKETS, 2)
        self.speak(router, clock, Lane.DEPTH, 3)
        await subscriber.mend()
        assert pool.since(2) == ["-" + BOOK]
        self.speak(router, clock, Lane.DEPTH, 4)

        assert self.best_bids(outcome) == ["2.0", "3.0", "4.0"]
        assert {type(item) for item in outcome.emitted} == {OrderBookDepth10}

    async def test_deltas_that_return_meanwhile_begin_with_the_whole_book(
        self,
        subscriber: StreamSubscriber,
        router: FeedRouter,
        pool: Pool,
        feed: MarketFeed,
        clock: Clock,
        outcome: Outcome,
    ) -> None:
        await subscriber.use(feed, DELTAS | DEPTH)
        self.speak(router, clock, Lane.MARKETS, 1)
        await subscriber.drop(feed, DELTAS)
        outcome.emitted.clear()

        await subscriber.use(feed, DELTAS)

        (book,) = outcome.emitted
        assert book.is_snapshot  # type: ignore[attr-defined]
        assert "-" + BOOK not in pool.calls

    async def test_the_rate_is_chosen_before_it_is_opened(
        self, subscriber: StreamSubscriber, pool: Pool, feed: MarketFeed
    ) -> None:
        feed.refresh_depth_every("50ms")
        await subscriber.use(feed, DEPTH)
        feed.refresh_depth_every("100ms")
        await subscriber.drop(feed, DEPTH)

        channel = f"order_book.{MARKET}.snapshot@15@50ms"
        assert pool.calls == ["+" + channel, "-" + channel]
        with pytest.raises(ValueError, match="was '10ms'"):
            feed.refresh_depth_every("10ms")

    async def test_a_lost_connection_of_snapshots_clears_the_depth(
        self,
        subscriber: StreamSubscriber,
        router: FeedRouter,
        pool: Pool,
        feed: MarketFeed,
        clock: Clock,
        outcome: Outcome,
    ) -> None:
        await subscriber.use(feed, DEPTH)
        self.speak(router, clock, Lane.DEPTH, 1)

        subscriber.connection_lost(pool)  # type: ignore[arg-type]

        assert self.best_bids(outcome) == ["1.0", "0"]
