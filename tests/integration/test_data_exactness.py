"""Values at the limits of the wire: what reaches the engine is exact, or refused and counted."""

from typing import Any

import pytest
from msgspec.structs import replace
from nautilus_trader.data.messages import (
    SubscribeIndexPrices,
    SubscribeMarkPrices,
    SubscribeOrderBook,
    SubscribeQuoteTicks,
    SubscribeTradeTicks,
)
from nautilus_trader.model.data import (
    IndexPriceUpdate,
    MarkPriceUpdate,
    OrderBookDeltas,
    QuoteTick,
    TradeTick,
)
from nautilus_trader.model.identifiers import InstrumentId

from nautilus_paradex.devnet.config import DevnetConfig
from nautilus_paradex.devnet.engine.more_markets import ODD_MARKETS
from nautilus_paradex.protocol.events import BboEvent, TradeEvent
from tests.integration.data_world import (
    E8,
    SYMBOL,
    MakeWorld,
    World,
    base,
    book_command,
    levels_at_the_venue,
    levels_of,
)
from tests.support import eventually

LIVELY: dict[str, Any] = {"port": 0, "past_hours": 0, "speed": 5, "step_interval_ms": 50}
QUIET: dict[str, Any] = {"port": 0, "past_hours": 0, "synthetic": False}
ENCODINGS = [
    pytest.param({}, id="sbe"),
    pytest.param({"sbe_versions": (), "legacy_json": True}, id="json"),
]
TS_US = 1_791_421_535_936_123
QUOTE = BboEvent(
    ts=TS_US,
    seq=10**12,
    bid_price=60_000 * E8,
    bid_size=E8,
    ask_price=60_001 * E8,
    ask_size=2 * E8,
    market=SYMBOL,
)
TRADE = TradeEvent(
    ts=TS_US + 7,
    seq=10**12,
    trade_id=1,
    side="BUY",
    price=60_000 * E8,
    size=E8,
    created_at=TS_US,
    trade_type="FILL",
    market=SYMBOL,
    trade_id_str="1791421535930000000000000001",
)


def e8(value: Any) -> int:
    scaled = value.as_decimal() * E8
    assert scaled == int(scaled)
    return int(scaled)


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("symbol", [spec.symbol for spec in ODD_MARKETS])
async def test_prices_below_1e_7_above_1e6_and_of_eight_decimals_are_exact(
    make_world: MakeWorld, symbol: str, encoding: dict[str, Any]
) -> None:
    config = DevnetConfig(**LIVELY, odd_markets=True, **encoding)
    world = await make_world(config, load=(symbol,))
    odd = InstrumentId.from_str(f"{symbol}.PARADEX")
    exchange = world.devnet.exchange

    world.client.subscribe_quote_ticks(SubscribeQuoteTicks(**base(odd)))
    world.client.subscribe_trade_ticks(SubscribeTradeTicks(**base(odd)))
    world.client.subscribe_order_book_deltas(SubscribeOrderBook(**book_command(instrument_id=odd)))
    world.client.subscribe_mark_prices(SubscribeMarkPrices(**base(odd)))
    world.client.subscribe_index_prices(SubscribeIndexPrices(**base(odd)))
    for kind in (QuoteTick, TradeTick, OrderBookDeltas, MarkPriceUpdate, IndexPriceUpdate):
        await eventually(lambda kind=kind: world.of(kind))

    def agrees() -> bool:
        bbo, quote = exchange.bbo(symbol), world.of(QuoteTick)[-1]
        told = (quote.bid_price, quote.bid_size, quote.ask_price, quote.ask_size)
        return tuple(map(e8, told)) == (bbo.bid_price, bbo.bid_size, bbo.ask_price, bbo.ask_size)

    await eventually(agrees)
    await eventually(
        lambda: levels_of(world.book(odd)) == levels_at_the_venue(world.devnet, symbol)
    )
    await eventually(
        lambda: e8(world.of(MarkPriceUpdate)[-1].value) == exchange.summary(symbol).mark_price
    )
    for refused in ("values_refused", "prices_off_tick", "book_gaps", "frames_malformed"):
        assert world.client.metrics[refused] == 0, refused


class TestPublished:
    """Events that no engine would come to, sent to a client that follows BTC."""

    @pytest.fixture
    async def world(self, make_world: MakeWorld) -> World:
        world = await make_world(DevnetConfig(**QUIET))
        world.client.subscribe_quote_ticks(SubscribeQuoteTicks(**base()))
        world.client.subscribe_trade_ticks(SubscribeTradeTicks(**base()))
        await eventually(lambda: len(world.client._pool.channels) == 2)
        return world

    async def test_a_frame_keeps_its_microseconds_and_a_trade_the_time_of_its_match(
        self, world: World
    ) -> None:
        world.devnet.publish(QUOTE)
        world.devnet.publish(TRADE)
        await eventually(lambda: world.of(QuoteTick) and world.of(TradeTick))

        (quote,), (trade,) = world.of(QuoteTick), world.of(TradeTick)
        assert quote.ts_event == TS_US * 1_000
        assert trade.ts_event == TS_US * 1_000
        assert trade.trade_id.value == TRADE.trade_id_str

    @pytest.mark.parametrize(
        ("event", "counter"),
        [
            (replace(QUOTE, bid_price=None, bid_size=None), "quotes_one_sided"),
            (replace(QUOTE, ask_size=0), "quotes_one_sided"),
            (replace(QUOTE, bid_price=60_000 * E8 + 1), "values_refused"),
            (replace(QUOTE, ask_size=1), "values_refused"),
            (replace(TRADE, size=0), "values_refused"),
            (replace(TRADE, price=60_000 * E8 + 1), "values_refused"),
            (replace(TRADE, seq=0), "trades_off_book"),
        ],
    )
    async def test_what_cannot_be_told_is_refused_and_counted(
        self, world: World, event: BboEvent | TradeEvent, counter: str
    ) -> None:
        before = world.client.metrics[counter]

        world.devnet.publish(event)
        world.devnet.publish(QUOTE)
        world.devnet.publish(TRADE)
        await eventually(lambda: world.of(QuoteTick) and world.of(TradeTick))

        assert world.client.metrics[counter] == before + 1
        assert [len(world.of(QuoteTick)), len(world.of(TradeTick))] == [1, 1]
