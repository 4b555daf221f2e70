"""
A venue that loses, repeats and spoils frames and drops connections, and a client that follows it.

The books here are made of plain numbers, apart from the code under test. Whatever happens: what the
client told its engine is the venue's book as it was at the sequence number it claims, or nothing.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from nautilus_trader.model.data import OrderBookDeltas, OrderBookDepth10
from nautilus_trader.model.enums import BookAction, OrderSide
from nautilus_trader.model.instruments import CryptoPerpetual

from nautilus_paradex.feeds.channel_state import ChannelState
from nautilus_paradex.feeds.lanes import Lane
from nautilus_paradex.feeds.market import DELTAS, DEPTH, MarketFeed
from nautilus_paradex.feeds.router import FeedRouter
from nautilus_paradex.feeds.subscriber import StreamSubscriber
from nautilus_paradex.protocol.events import BookEvent
from tests.unit.feeds.conftest import MARKET, Clock, make_instrument

E8 = 10**8
BASE = 60_000
TICK = E8 // 2
LANES = {f"order_book.{MARKET}.deltas": Lane.MARKETS}

type Side = dict[int, int]
type State = tuple[Side, Side]
type Change = tuple[bool, int, int]


@dataclass
class FuzzVenue:
    """One market's book, its past states, and what is under way on each open channel."""

    clock: Clock
    seq: int = 1
    bids: Side = field(default_factory=dict)
    asks: Side = field(default_factory=dict)
    past: dict[int, State] = field(default_factory=dict)
    queues: dict[str, deque[BookEvent]] = field(default_factory=dict)
    shown: dict[str, int] = field(default_factory=dict)
    deliver_all: Callable[[str], None] = lambda _: None

    def __post_init__(self) -> None:
        self.past[self.seq] = ({}, {})

    def change(self, changes: list[Change]) -> None:
        """Change levels; bids and asks are kept apart as in a real book."""
        bids, asks = {}, {}
        for is_bid, distance, size in changes:
            if is_bid:
                bids[BASE * E8 - distance * TICK] = size * E8
            else:
                asks[BASE * E8 + distance * TICK] = size * E8
        for side, changed in ((self.bids, bids), (self.asks, asks)):
            side.update(changed)
            for price in [price for price, size in side.items() if not size]:
                del side[price]
        self.seq += 1
        self.past[self.seq] = (dict(self.bids), dict(self.asks))
        event = replace(self.whole(), pkg_type="DELTA", bids=[*bids.items()], asks=[*asks.items()])
        for channel, queue in self.queues.items():
            if channel in LANES:
                queue.append(event)

    def repeat_snapshots(self) -> None:
        for channel, queue in self.queues.items():
            if channel not in LANES and self.shown[channel] != self.seq:
                queue.append(self.snapshot(channel))

    def whole(self) -> BookEvent:
        bids, asks = sorted(self.bids.items(), reverse=True), sorted(self.asks.items())
        ts = self.clock() // 1_000
        return BookEvent(
            ts=ts, seq=self.seq, pkg_type="SNAPSHOT", bids=bids, asks=asks, market=MARKET
        )

    def snapshot(self, channel: str) -> BookEvent:
        self.shown[channel] = self.seq
        whole = self.whole()
        if channel in LANES:
            return whole
        return replace(whole, bids=whole.bids[:15], asks=whole.asks[:15])

    # As the pool of connections, each channel on one of its own.

    def is_coming(self, state: ChannelState) -> bool:
        return False

    async def subscribe(self, state: ChannelState) -> None:
        assert state.channel not in self.queues
        assert state.lane is LANES.get(state.channel, Lane.DEPTH)
        self.queues[state.channel] = deque([self.snapshot(state.channel)])

    async def unsubscribe(self, state: ChannelState) -> None:
        # What was sent before the confirmation arrives before it.
        self.deliver_all(state.channel)
        del self.queues[state.channel]


@dataclass(frozen=True)
class LostConnection:
    """A connection with one channel."""

    channel: str

    @property
    def channels(self) -> set[str]:
        return {self.channel}

    @property
    def confirmed(self) -> frozenset[str]:
        return frozenset({self.channel})


class World:
    """The venue, the client, and an engine that believes what it is told."""

    def __init__(self, instrument: CryptoPerpetual) -> None:
        self.clock = Clock()
        self.venue = FuzzVenue(self.clock, deliver_all=self.deliver_all)
        self.feed = MarketFeed(instrument)
        self.broken: list[MarketFeed] = []
        self.router = FeedRouter(
            emit=self.told,
            now_ns=self.clock,
            on_book_broken=self.broken.append,
            warn=lambda _: None,
        )
        self.router.add(self.feed)
        self.client = StreamSubscriber(
            self.venue,  # type: ignore[arg-type]
            self.router,
            now_ns=self.clock,
            warn=lambda _: None,
        )
        self.book: State | None = None
        self.depth: OrderBookDepth10 | None = None
        self.last_delivered: dict[str, BookEvent] = {}

    def told(self, item: object) -> None:
        if isinstance(item, OrderBookDeltas):
            self.apply(item)
        elif isinstance(item, OrderBookDepth10):
            self.take_depth(item)

    def apply(self, deltas: OrderBookDeltas) -> None:
        assert self.feed.uses & DELTAS
        if deltas.deltas[0].is_clear:
            self.book = ({}, {}) if deltas.is_snapshot else None
        assert self.book is not None, "a change came before its snapshot"
        for delta in deltas.deltas:
            if delta.action == BookAction.CLEAR:
                continue
            side = self.book[delta.order.side == OrderSide.SELL]
            price, size = e8(delta.order.price), e8(delta.order.size)
            if delta.action == BookAction.DELETE:
                side.pop(price, None)
            else:
                side[price] = size

    def take_depth(self, depth: OrderBookDepth10) -> None:
        assert self.feed.uses & DEPTH
        bids, asks = levels(depth.bids), levels(depth.asks)
        if not bids and not asks:
            self.depth = None
            return
        if self.depth is not None:
            assert depth.sequence >= self.depth.sequence
        self.depth = depth
        assert (bids, asks) == best(self.venue.past[depth.sequence])

    def deliver(self, channel: str, event: BookEvent) -> None:
        self.clock.advance_secs(0.001)
        self.last_delivered[channel] = event
        self.router.on_event(event, self.clock(), LANES.get(channel, Lane.DEPTH))
        self.check()

    def deliver_all(self, channel: str) -> None:
        queue = self.venue.queues[channel]
        while queue:
            self.deliver(channel, queue.popleft())

    def check(self) -> None:
        if not self.feed.uses & DELTAS or self.book is None:
            return
        seq = self.feed.book_sequence.last
        expected: State = ({}, {}) if seq is None else self.venue.past[seq]
        assert self.book == expected

    async def settle(self) -> None:
        while self.broken:
            await self.client.rebuild_book(self.broken.pop())

    # What may happen.

    async def change(self, changes: list[Change]) -> None:
        self.venue.change(changes)

    async def arrive(self, pick: int) -> None:
        if (channel := self.pick(pick)) is not None:
            self.deliver(channel, self.venue.queues[channel].popleft())

    async def lose(self, pick: int) -> None:
        if (channel := self.pick(pick)) is not None:
            self.venue.queues[channel].popleft()

    async def spoil(self, pick: int) -> None:
        """Let the next frame carry a price that the instrument cannot hold."""
        if (channel := self.pick(pick)) is not None:
            queue = self.venue.queues[channel]
            event = queue.popleft()
            self.deliver(channel, replace(event, bids=[*event.bids, (BASE * E8 + 1, E8)]))

    async def repeat(self, pick: int) -> None:
        channels = [channel for channel in self.last_delivered if channel in self.venue.queues]
        if channels:
            channel = channels[pick % len(channels)]
            self.deliver(channel, self.last_delivered[channel])

    async def cut(self, pick: int) -> None:
        """Lose a connection and what was under way on it; it comes back subscribed."""
        channels = list(self.venue.queues)
        if not channels:
            return
        channel = channels[pick % len(channels)]
        connection = LostConnection(channel)
        self.client.connection_lost(connection)  # type: ignore[arg-type]
        self.check()
        self.venue.queues[channel] = deque([self.venue.snapshot(channel)])
        self.client.connection_restored(connection)  # type: ignore[arg-type]

    async def snapshots(self, _: int) -> None:
        self.venue.repeat_snapshots()

    async def begin_again(self, _: int) -> None:
        """Let the venue send the whole book once more, in the midst of changes."""
        for channel, queue in self.venue.queues.items():
            queue.append(self.venue.snapshot(channel))

    async def use(self, pick: int) -> None:
        use = (DELTAS, DEPTH)[pick % 2]
        if not self.feed.uses & use:
            if use == DELTAS:
                self.book = None
            else:
                self.depth = None
        await self.client.use(self.feed, use)
        self.check()

    async def drop(self, pick: int) -> None:
        await self.client.drop(self.feed, (DELTAS, DEPTH)[pick % 2])

    async def wait(self, secs: int) -> None:
        self.clock.advance_secs(secs)
        await self.client.mend()

    def pick(self, pick: int) -> str | None:
        """A channel on which something is under way."""
        channels = [channel for channel, queue in self.venue.queues.items() if queue]
        return channels[pick % len(channels)] if channels else None

    async def calm_down(self) -> None:
        """Let everything arrive and time pass, until nothing more is to be done."""
        for _ in range(20):
            await self.change([])
            self.venue.repeat_snapshots()
            for channel in tuple(self.venue.queues):
                if channel in self.venue.queues:
                    self.deliver_all(channel)
                await self.settle()
            await self.wait(50)


def e8(value: Any) -> int:
    return int(value.as_decimal() * E8)


def levels(orders: list[Any]) -> list[tuple[int, int]]:
    found = [(e8(order.price), e8(order.size)) for order in orders if order.size.raw]
    assert all(order.side == OrderSide.NO_ORDER_SIDE for order in orders[len(found) :])
    return found


def best(state: State) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    bids, asks = state
    return sorted(bids.items(), reverse=True)[:10], sorted(asks.items())[:10]


CHANGES = st.lists(
    st.tuples(st.booleans(), st.integers(1, 24), st.integers(0, 3)), min_size=0, max_size=6
)
PICKS = st.integers(0, 3)
STEPS = st.one_of(
    st.tuples(st.just("change"), CHANGES),
    st.tuples(st.just("change"), CHANGES),
    st.tuples(st.just("arrive"), PICKS),
    st.tuples(st.just("arrive"), PICKS),
    st.tuples(st.just("snapshots"), PICKS),
    st.tuples(st.sampled_from(["use", "drop"]), PICKS),
    st.tuples(st.sampled_from(["lose", "spoil", "repeat", "begin_again", "cut"]), PICKS),
    st.tuples(st.just("wait"), st.sampled_from([1, 6, 70])),
)


@pytest.fixture(scope="module")
def traded() -> CryptoPerpetual:
    return make_instrument()


@settings(deadline=None, max_examples=300)
@given(
    steps=st.lists(STEPS, min_size=20, max_size=80),
    last=st.sampled_from([DELTAS, DEPTH, DELTAS | DEPTH]),
)
def test_what_is_told_is_the_venues_book_or_nothing(
    traded: CryptoPerpetual, steps: list[tuple[str, Any]], last: int
) -> None:
    async def play() -> World:
        world = World(traded)
        for name, argument in steps:
            await getattr(world, name)(argument)
            await world.settle()
        for bit in (DELTAS, DEPTH):
            if last & bit:
                await world.use((DELTAS, DEPTH).index(bit))
            else:
                await world.client.drop(world.feed, bit)
        await world.change([(True, 1, 1), (False, 1, 1)])
        await world.calm_down()
        return world

    world = asyncio.run(play())

    truth = (world.venue.bids, world.venue.asks)
    if last & DELTAS:
        assert world.book == truth
    if last & DEPTH:
        assert world.depth is not None
        assert (levels(world.depth.bids), levels(world.depth.asks)) == best(truth)
    # One channel serves in the end, whatever was switched on the way.
    deltas, depth = f"order_book.{MARKET}.deltas", f"order_book.{MARKET}.snapshot@15@100ms"
    assert set(world.venue.queues) == {deltas if last & DELTAS else depth}
