"""Channels of many markets: who is served by one, and what the venue is told of its markets."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import pytest
from nautilus_trader.model.instruments import Instrument

from nautilus_paradex.feeds.channel_state import ChannelState
from nautilus_paradex.feeds.lanes import Lane
from nautilus_paradex.feeds.market import DELTAS, INDEX, MARK, QUOTES, TRADES, MarketFeed
from nautilus_paradex.feeds.router import FeedRouter
from nautilus_paradex.feeds.subscriber import StreamSubscriber
from nautilus_paradex.feeds.wide import WIDE_KINDS, WideChannels, check_wide_kinds
from nautilus_paradex.parsing.instruments import FeeRates, instrument_from_market
from nautilus_paradex.protocol import rest
from nautilus_paradex.protocol.rpc import RpcError
from nautilus_paradex.transport.websocket_errors import AckTimeoutError, ConnectionLostError
from tests.unit.feeds.conftest import Clock, Outcome

SCOPED = "markets_summary"


@dataclass
class Pool:
    """Confirms, remembers, and knows some markets no more."""

    calls: list[str] = field(default_factory=list)
    scope: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    is_mute: bool = False
    is_lost: bool = False

    def is_coming(self, state: ChannelState) -> bool:
        return False

    async def subscribe(self, state: ChannelState) -> None:
        assert state.lane is Lane.WIDE or "." in state.channel
        await asyncio.sleep(0)
        self.calls.append("+" + state.key)
        markets = state.request_params.get("markets", ())
        assert isinstance(markets, Iterable)
        self.scope = set(markets)

    async def unsubscribe(self, state: ChannelState) -> None:
        await asyncio.sleep(0)
        self.calls.append("-" + state.key)

    async def modify(self, state: ChannelState, add: Sequence[str], remove: Sequence[str]) -> None:
        await asyncio.sleep(0)
        self.calls.append(f"~{state.key} +{','.join(add)} -{','.join(remove)}")
        if self.is_lost:
            raise ConnectionLostError("gone")
        if self.is_mute:
            raise AckTimeoutError("no answer")
        if self.unknown & {*add, *remove}:
            raise RpcError(-32600, "invalid modify_subscription request")
        self.scope = (self.scope | set(add)) - set(remove)


def make(symbol: str, kind: str = "PERP") -> Instrument:
    market = rest.Market(
        symbol=symbol,
        asset_kind=kind,
        base_currency=symbol.split("-")[0],
        settlement_currency="USDC",
        price_tick_size="0.5",
        order_size_increment="0.001",
        funding_period_hours=8,
        strike_price="100" if kind == "PERP_OPTION" else None,
        option_type="CALL" if kind == "PERP_OPTION" else None,
    )
    return instrument_from_market(market, fees=FeeRates.documented(), ts_init=0)


class World:
    """Feeds of a few markets whose streams may be served by wide channels."""

    def __init__(self, clock: Clock, *kinds: str) -> None:
        self.pool = Pool()
        self.outcome = Outcome()
        self.clock = clock
        self.router = FeedRouter(
            emit=self.outcome.emitted.append,
            now_ns=clock,
            on_book_broken=self.outcome.broken.append,
            warn=self.outcome.warnings.append,
        )
        self.subscriber = StreamSubscriber(
            self.pool,  # type: ignore[arg-type]
            self.router,
            now_ns=clock,
            warn=self.outcome.warnings.append,
        )
        wide = WideChannels(kinds)
        self.btc, self.eth, self.sol = (
            MarketFeed(make(f"{base}-USD-PERP"), wide) for base in ("BTC", "ETH", "SOL")
        )
        self.btc_call, self.btc_put, self.eth_call = (
            MarketFeed(make(symbol, "PERP_OPTION"), wide)
            for symbol in ("BTC-USD-100-C", "BTC-USD-90-C", "ETH-USD-9-C")
        )
        for feed in (self.btc, self.eth, self.sol, self.btc_call, self.btc_put, self.eth_call):
            self.router.add(feed)


class TestAll:
    async def test_one_channel_serves_them_as_long_as_one_is_used(self, clock: Clock) -> None:
        world = World(clock, "bbo")

        await world.subscriber.use(world.btc, QUOTES | TRADES)
        await world.subscriber.use(world.eth, QUOTES)
        await world.subscriber.drop(world.btc, QUOTES)
        assert world.pool.calls == ["+bbo.ALL", "+trades.BTC-USD-PERP"]

        await world.subscriber.drop(world.eth, QUOTES)
        assert world.pool.calls[2:] == ["-bbo.ALL"]

    async def test_a_quiet_market_is_no_reason_to_open_it_afresh(self, clock: Clock) -> None:
        world = World(clock, "bbo")
        await world.subscriber.use(world.btc, QUOTES)
        await world.subscriber.use(world.eth, QUOTES)
        for _ in range(10):
            clock.advance_secs(50)
            world.eth.bbo.seen_ns = clock()
            await world.subscriber.mend()
        assert world.pool.calls == ["+bbo.ALL"]

        clock.advance_secs(61)
        await world.subscriber.mend()

        assert world.pool.calls == ["+bbo.ALL", "-bbo.ALL", "+bbo.ALL"]

    async def test_who_joins_late_was_not_heard_before(self, clock: Clock) -> None:
        world = World(clock, "trades")
        await world.subscriber.use(world.btc, TRADES)
        begun_ns = clock()
        clock.advance_secs(10)
        assert world.subscriber.whole_since(world.eth.trades) is None
        await world.subscriber.use(world.eth, TRADES)

        assert world.subscriber.whole_since(world.btc.trades) == begun_ns
        assert world.subscriber.whole_since(world.eth.trades) == clock()


class TestOptions:
    async def test_those_of_an_asset_share_a_channel(self, clock: Clock) -> None:
        world = World(clock, "option_bbo", "option_trades")

        for feed in (world.btc_call, world.btc_put, world.eth_call, world.btc):
            await world.subscriber.use(feed, QUOTES)
        await world.subscriber.use(world.btc_call, TRADES)

        assert world.pool.calls == [
            "+bbo&base_asset=BTC",
            "+bbo&base_asset=ETH",
            "+bbo.BTC-USD-PERP",
            "+trades&base_asset=BTC",
        ]


class TestScope:
    async def test_markets_come_and_go_while_it_is_open(self, clock: Clock) -> None:
        world = World(clock, "markets_summary")

        await world.subscriber.use(world.btc, MARK)
        await world.subscriber.use(world.btc, INDEX)
        await world.subscriber.use(world.eth, MARK)
        await world.subscriber.drop(world.btc, MARK | INDEX)
        assert world.pool.calls == [
            f"+{SCOPED}",
            f"~{SCOPED} +BTC-USD-PERP -",
            f"~{SCOPED} +ETH-USD-PERP -",
            f"~{SCOPED} + -BTC-USD-PERP",
        ]

        await world.subscriber.drop(world.eth, MARK)
        assert world.pool.calls[4:] == [f"-{SCOPED}"]

    async def test_many_at_once_are_told_together(self, clock: Clock) -> None:
        world = World(clock, "markets_summary")
        feeds = (world.btc, world.eth, world.sol, world.btc_call)

        await asyncio.gather(*(world.subscriber.use(feed, MARK) for feed in feeds))

        assert world.pool.scope == {feed.symbol for feed in feeds}
        assert len(world.pool.calls) == 2

    async def test_one_that_the_venue_does_not_know_costs_only_itself(self, clock: Clock) -> None:
        world = World(clock, "markets_summary")
        world.pool.unknown = {"ETH-USD-PERP"}

        feeds = (world.btc, world.eth, world.sol)
        await asyncio.gather(*(world.subscriber.use(feed, MARK) for feed in feeds))
        await world.subscriber.use(world.btc_call, MARK)

        assert world.pool.scope == {"BTC-USD-PERP", "SOL-USD-PERP", "BTC-USD-100-C"}
        (warning,) = world.outcome.warnings
        assert "ETH-USD-PERP is left out" in warning

    async def test_one_that_was_delisted_can_be_left(self, clock: Clock) -> None:
        world = World(clock, "markets_summary")
        await world.subscriber.use(world.btc, MARK)
        await world.subscriber.use(world.eth, MARK)
        world.pool.unknown = {"ETH-USD-PERP"}

        await world.subscriber.drop(world.eth, MARK)
        await world.subscriber.use(world.sol, MARK)

        assert world.pool.calls[-1] == f"~{SCOPED} +SOL-USD-PERP -"

    async def test_an_unanswered_change_has_it_opened_afresh(self, clock: Clock) -> None:
        world = World(clock, "markets_summary")
        await world.subscriber.use(world.btc, MARK)
        world.pool.is_mute = True
        with pytest.raises(AckTimeoutError):
            await world.subscriber.use(world.eth, MARK)
        world.pool.is_mute = False

        clock.advance_secs(6)
        await world.subscriber.mend()

        assert world.pool.calls[3:] == [
            f"-{SCOPED}",
            f"+{SCOPED}",
            f"~{SCOPED} +BTC-USD-PERP,ETH-USD-PERP -",
        ]

    async def test_a_change_lost_with_its_connection_is_made_on_the_next(
        self, clock: Clock
    ) -> None:
        world = World(clock, "markets_summary")
        await world.subscriber.use(world.btc, MARK)
        world.pool.is_lost = True
        with pytest.raises(ConnectionLostError):
            await world.subscriber.use(world.eth, MARK)
        world.pool.is_lost = False

        await world.subscriber.mend()

        assert world.pool.calls[3:] == [f"~{SCOPED} +ETH-USD-PERP -"]

    async def test_books_are_no_matter_of_wide_channels(self, clock: Clock) -> None:
        world = World(clock, "bbo", "trades", "markets_summary")

        await world.subscriber.use(world.btc, DELTAS)

        assert world.pool.calls == ["+order_book.BTC-USD-PERP.deltas"]


@pytest.mark.parametrize(
    ("kinds", "complaint"),
    [
        (("bbos",), "wide_channels must be among bbo, trades, .* was 'bbos'"),
        (("option_bbo", "bbo"), "'bbo' includes 'option_bbo'"),
        (("trades", "option_trades"), "'trades' includes 'option_trades'"),
    ],
)
def test_what_makes_no_sense_is_refused(kinds: tuple[str, ...], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        check_wide_kinds(kinds)


@pytest.mark.parametrize("kind", WIDE_KINDS)
def test_each_kind_serves_an_option(kind: str) -> None:
    feed = MarketFeed(make("BTC-USD-100-C", "PERP_OPTION"), WideChannels((kind,)))

    assert [state.wide is not None for state in feed.streams].count(True) == 1
