"""The data client in a data engine, against a devnet: real sockets, real encodings."""

import asyncio
from itertools import pairwise
from typing import Any

import pandas as pd
import pytest
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.data.messages import (
    RequestBars,
    RequestData,
    RequestForwardPrices,
    RequestFundingRates,
    RequestInstrument,
    RequestInstruments,
    RequestOrderBookDeltas,
    RequestOrderBookDepth,
    RequestOrderBookSnapshot,
    RequestQuoteTicks,
    RequestTradeTicks,
    SubscribeBars,
    SubscribeData,
    SubscribeFundingRates,
    SubscribeIndexPrices,
    SubscribeInstrumentClose,
    SubscribeInstrumentStatus,
    SubscribeMarkPrices,
    SubscribeOptionGreeks,
    SubscribeOrderBook,
    SubscribeQuoteTicks,
    SubscribeTradeTicks,
    UnsubscribeData,
    UnsubscribeOrderBook,
    UnsubscribeQuoteTicks,
)
from nautilus_trader.model.data import (
    BarType,
    CustomData,
    DataType,
    FundingRateUpdate,
    IndexPriceUpdate,
    MarkPriceUpdate,
    OrderBookDelta,
    OrderBookDeltas,
    QuoteTick,
    TradeTick,
)
from nautilus_trader.model.enums import BookType, RecordFlag
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.instruments import (
    CryptoOption,
    CryptoPerpetual,
    CurrencyPair,
    Instrument,
)

from nautilus_paradex import (
    PARADEX_CLIENT_ID,
    PARADEX_VENUE,
    ParadexMarketSummary,
)
from nautilus_paradex.devnet.config import DevnetConfig
from nautilus_paradex.feeds.requests import NotLoadedError
from tests.integration.data_world import (
    BTC,
    SYMBOL,
    MakeWorld,
    World,
    base,
    book_command,
    levels_at_the_venue,
    levels_of,
)
from tests.support import eventually

YESTERDAY = pd.Timestamp.now("UTC") - pd.Timedelta(days=1)


def request(**fields: Any) -> dict[str, Any]:
    return {
        "start": None,
        "end": None,
        "limit": 0,
        "client_id": PARADEX_CLIENT_ID,
        "venue": PARADEX_VENUE,
        "callback": lambda _: None,
        "request_id": UUID4(),
        "ts_init": 0,
        "params": {},
        **fields,
    }


class TestConnecting:
    async def test_instruments_of_every_kind_reach_the_engine(self, make_world: MakeWorld) -> None:
        world = await make_world(load=None)

        instruments = world.of(Instrument)

        assert {type(i) for i in instruments} >= {CryptoPerpetual, CryptoOption, CurrencyPair}
        assert {i.raw_symbol.value for i in instruments} >= {SYMBOL, "ETH-USD-PERP"}
        assert {str(i.quote_currency) for i in instruments} == {"USDC"}
        assert world.client.metrics["markets_malformed"] == 0

    async def test_only_the_instruments_asked_for_are_loaded(self, make_world: MakeWorld) -> None:
        world = await make_world(load=(SYMBOL, "NOBODY-USD-PERP"))

        assert [i.id for i in world.of(Instrument)] == [BTC]

    async def test_nothing_runs_on_after_disconnecting(self, make_world: MakeWorld) -> None:
        world = await make_world()
        world.client.subscribe_quote_ticks(SubscribeQuoteTicks(**base()))
        await eventually(lambda: world.of(QuoteTick))
        ours = {"stream-watch", "instrument-updates", "paradex-websocket"}
        assert ours <= {task.get_name() for task in asyncio.all_tasks()}

        world.client.disconnect()
        await eventually(lambda: not world.client.is_connected)

        assert not ours & {task.get_name() for task in asyncio.all_tasks()}


ENCODINGS = [
    pytest.param(DevnetConfig(port=0, past_hours=0), id="sbe-2"),
    pytest.param(DevnetConfig(port=0, past_hours=0, sbe_versions=(0, 1)), id="sbe-1"),
    pytest.param(DevnetConfig(port=0, past_hours=0, sbe_versions=(0,)), id="sbe-0"),
    pytest.param(DevnetConfig(port=0, past_hours=0, sbe_versions=(), legacy_json=True), id="json"),
]


class TestMetrics:
    async def test_connections_are_counted_beside_the_feeds(self, make_world: MakeWorld) -> None:
        world = await make_world()
        assert world.client.metrics["socket_connects"] == 0
        world.client.subscribe_quote_ticks(SubscribeQuoteTicks(**base()))
        await eventually(lambda: world.of(QuoteTick))

        metrics = world.client.metrics

        assert metrics["socket_connects"] == 1
        assert metrics["socket_handler_errors"] == 0
        assert metrics["rest_requests"] > 0
        assert metrics["markets_loaded"] == 1


class TestStreams:
    @pytest.mark.parametrize("config", ENCODINGS)
    async def test_every_stream_flows_in_every_encoding(
        self, make_world: MakeWorld, config: DevnetConfig
    ) -> None:
        world = await make_world(config)
        client = world.client

        client.subscribe_quote_ticks(SubscribeQuoteTicks(**base()))
        client.subscribe_trade_ticks(SubscribeTradeTicks(**base()))
        client.subscribe_order_book_deltas(SubscribeOrderBook(**book_command()))
        client.subscribe_mark_prices(SubscribeMarkPrices(**base()))
        client.subscribe_index_prices(SubscribeIndexPrices(**base()))
        client.subscribe_funding_rates(SubscribeFundingRates(**base()))

        for kind in (
            QuoteTick,
            TradeTick,
            OrderBookDeltas,
            MarkPriceUpdate,
            IndexPriceUpdate,
            FundingRateUpdate,
        ):
            await eventually(lambda kind=kind: world.of(kind))
        metrics = client.metrics
        for trouble in ("frames_malformed", "values_refused", "book_gaps", "events_unhandled"):
            assert metrics[trouble] == 0, trouble
        for item in world.data:
            assert item.ts_event > 0
            assert item.ts_init > 0

    async def test_a_book_begins_whole_and_ends_each_event(self, make_world: MakeWorld) -> None:
        world = await make_world()

        world.client.subscribe_order_book_deltas(SubscribeOrderBook(**book_command()))
        await eventually(lambda: len(world.of(OrderBookDeltas)) >= 5)

        first, *others = world.of(OrderBookDeltas)
        assert first.deltas[0].is_clear
        assert first.is_snapshot
        last = RecordFlag.F_LAST.value
        for deltas in (first, *others):
            flags = [delta.flags & last for delta in deltas.deltas]
            assert flags == [0] * (len(flags) - 1) + [last]
        assert not any(deltas.is_snapshot for deltas in others)

    async def test_the_book_is_the_venues(self, make_world: MakeWorld) -> None:
        world = await make_world()
        world.client.subscribe_order_book_deltas(SubscribeOrderBook(**book_command()))
        await eventually(lambda: len(world.of(OrderBookDeltas)) >= 5)

        await eventually(lambda: levels_of(world.book()) == levels_at_the_venue(world.devnet))

    async def test_after_unsubscribing_nothing_more_comes(self, make_world: MakeWorld) -> None:
        world = await make_world()
        client = world.client
        client.subscribe_quote_ticks(SubscribeQuoteTicks(**base()))
        client.subscribe_order_book_deltas(SubscribeOrderBook(**book_command()))
        await eventually(lambda: world.of(QuoteTick) and world.of(OrderBookDeltas))

        client.unsubscribe_quote_ticks(UnsubscribeQuoteTicks(**base()))
        client.unsubscribe_order_book_deltas(
            UnsubscribeOrderBook(**base(), book_data_type=OrderBookDelta)
        )
        client.subscribe_mark_prices(SubscribeMarkPrices(**base()))
        await eventually(lambda: client._pool.channels == (f"markets_summary.{SYMBOL}",))
        world.data.clear()
        await eventually(lambda: len(world.of(MarkPriceUpdate)) >= 2)

        assert not world.of(QuoteTick)
        assert not world.of(OrderBookDeltas)

    async def test_a_custom_stream_is_open_until_its_last_subscriber_left(
        self, make_world: MakeWorld
    ) -> None:
        world = await make_world()
        client = world.client
        data_type = DataType(ParadexMarketSummary, metadata={"instrument_id": BTC})
        topic, actors = f"data.{data_type.topic}", (lambda _: None, lambda _: None)
        for actor in actors:
            client._msgbus.subscribe(topic, actor)
        client.subscribe(SubscribeData(**base(None), data_type=data_type))
        await eventually(lambda: world.of(CustomData))

        # The engine passes on every end: only the bus tells whether somebody still listens.
        client._msgbus.unsubscribe(topic, actors[0])
        client.unsubscribe(UnsubscribeData(**base(None), data_type=data_type))
        await eventually(lambda: client.subscribed_custom_data() == [data_type])
        assert client._pool.channels == (f"markets_summary.{SYMBOL}",)

        client._msgbus.unsubscribe(topic, actors[1])
        client.unsubscribe(UnsubscribeData(**base(None), data_type=data_type))
        await eventually(lambda: client._pool.channels == ())
        assert client.subscribed_custom_data() == []

    async def test_a_custom_subscription_that_makes_no_sense_harms_no_other(
        self, make_world: MakeWorld
    ) -> None:
        world = await make_world()
        client = world.client
        for nonsense in (DataType(QuoteTick), DataType(ParadexMarketSummary)):
            client.subscribe(SubscribeData(**base(None), data_type=nonsense))
            client.unsubscribe(UnsubscribeData(**base(None), data_type=nonsense))
        sense = DataType(ParadexMarketSummary, metadata={"instrument_id": BTC})
        client.subscribe(SubscribeData(**base(None), data_type=sense))

        await eventually(lambda: world.of(CustomData))
        assert client.subscribed_custom_data() == [sense]

    async def test_an_instrument_that_was_not_loaded_is_loaded_if_wanted(
        self, make_world: MakeWorld
    ) -> None:
        world = await make_world(auto_load_missing_instruments=True)
        eth = InstrumentId.from_str("ETH-USD-PERP.PARADEX")

        world.client.subscribe_quote_ticks(SubscribeQuoteTicks(**base(eth)))
        await eventually(lambda: world.of(QuoteTick))

        assert eth in {instrument.id for instrument in world.of(Instrument)}

    async def test_the_currencies_of_what_is_loaded_late_are_cached_too(
        self, make_world: MakeWorld
    ) -> None:
        world = await make_world(auto_load_missing_instruments=True)
        assert "DIME" not in world.cache.currencies

        command = SubscribeQuoteTicks(**base(InstrumentId.from_str("DIME-USD.PARADEX")))
        world.client.subscribe_quote_ticks(command)
        await eventually(lambda: world.of(QuoteTick))

        assert "DIME" in world.cache.currencies

    @pytest.mark.parametrize(
        ("is_wanted", "advice"),
        [(True, "is its name right"), (False, "load_all or auto_load_missing_instruments")],
    )
    async def test_the_advice_for_one_that_is_missing_fits_the_settings(
        self,
        make_world: MakeWorld,
        monkeypatch: pytest.MonkeyPatch,
        is_wanted: bool,
        advice: str,
    ) -> None:
        world = await make_world(auto_load_missing_instruments=is_wanted)

        async def find_nothing(instrument_id: InstrumentId) -> None:
            return None

        monkeypatch.setattr(world.client.instrument_provider, "load_async", find_nothing)
        with pytest.raises(NotLoadedError, match=advice):
            await world.client._instrument(InstrumentId.from_str("NOBODY-USD-PERP.PARADEX"))

    async def test_without_that_wish_the_others_go_on(self, make_world: MakeWorld) -> None:
        world = await make_world()
        eth = InstrumentId.from_str("ETH-USD-PERP.PARADEX")

        world.client.subscribe_quote_ticks(SubscribeQuoteTicks(**base(eth)))
        world.client.subscribe_quote_ticks(SubscribeQuoteTicks(**base()))
        await eventually(lambda: world.of(QuoteTick))

        assert {quote.instrument_id for quote in world.of(QuoteTick)} == {BTC}

    async def test_what_is_not_there_yet_is_refused_without_harm(
        self, make_world: MakeWorld
    ) -> None:
        world = await make_world()
        client = world.client
        bar_type = BarType.from_str(f"{BTC}-1-MINUTE-LAST-EXTERNAL")
        without_instrument = {k: v for k, v in base().items() if k != "instrument_id"}

        client.subscribe_bars(SubscribeBars(bar_type=bar_type, **without_instrument))
        client.subscribe_instrument_status(SubscribeInstrumentStatus(**base()))
        client.subscribe_instrument_close(SubscribeInstrumentClose(**base()))
        client.subscribe_option_greeks(SubscribeOptionGreeks(**base()))
        client.subscribe_order_book_deltas(SubscribeOrderBook(**book_command(BookType.L3_MBO)))
        client.subscribe_quote_ticks(SubscribeQuoteTicks(**base()))

        await eventually(lambda: world.of(QuoteTick))
        assert not world.of(OrderBookDeltas)


def cleared(world: World) -> list[Any]:
    """What came after a book was emptied, and nothing else was told with that."""
    for number, item in enumerate(world.data):
        if isinstance(item, OrderBookDeltas) and len(item.deltas) == 1 and item.deltas[0].is_clear:
            return world.data[number + 1 :]
    return []


class TestTrouble:
    async def test_after_a_lost_connection_everything_comes_back(
        self, make_world: MakeWorld
    ) -> None:
        world = await make_world()
        world.client.subscribe_quote_ticks(SubscribeQuoteTicks(**base()))
        world.client.subscribe_order_book_deltas(SubscribeOrderBook(**book_command()))
        await eventually(lambda: world.of(QuoteTick) and world.of(OrderBookDeltas))

        await world.fault(kind="drop_sockets")
        await eventually(lambda: {QuoteTick, OrderBookDeltas} <= {type(i) for i in cleared(world)})
        told = [item for item in cleared(world) if isinstance(item, OrderBookDeltas)]
        assert told[0].is_snapshot
        await eventually(lambda: levels_of(world.book()) == levels_at_the_venue(world.devnet))

    async def test_a_lost_change_costs_the_book_only_for_a_moment(
        self, make_world: MakeWorld
    ) -> None:
        world = await make_world()
        world.client.subscribe_order_book_deltas(SubscribeOrderBook(**book_command()))
        await eventually(lambda: len(world.of(OrderBookDeltas)) >= 3)
        await world.fault(kind="skip_delta", channel="order_book.BTC-USD-PERP.deltas")

        await eventually(lambda: world.client.metrics["book_gaps"] == 1)
        await eventually(lambda: _rebuilt(world.of(OrderBookDeltas)))

        await eventually(lambda: levels_of(world.book()) == levels_at_the_venue(world.devnet))
        assert world.client.metrics["streams_restarted"] == 1

    async def test_a_refused_request_is_answered_with_nothing(self, make_world: MakeWorld) -> None:
        world = await make_world()
        await world.fault(kind="http_status", path="/v1/trades", status=500)
        message = RequestTradeTicks(**request(instrument_id=BTC))

        assert await world.answer(message, world.client.request_trade_ticks) == []


class TestRequests:
    async def test_one_instrument(self, make_world: MakeWorld) -> None:
        world = await make_world()
        message = RequestInstrument(**_without_limit(request(instrument_id=BTC)))

        (instrument,) = await world.answer(message, world.client.request_instrument)

        assert instrument.id == BTC

    async def test_one_that_does_not_exist(self, make_world: MakeWorld) -> None:
        world = await make_world()
        nobody = InstrumentId.from_str("NOBODY-USD-PERP.PARADEX")
        message = RequestInstrument(**_without_limit(request(instrument_id=nobody)))

        assert await world.answer(message, world.client.request_instrument) == []

    async def test_all_instruments(self, make_world: MakeWorld) -> None:
        world = await make_world()
        message = RequestInstruments(**_without_limit(request()))

        instruments = await world.answer(message, world.client.request_instruments)

        assert len(instruments) == len(world.devnet.exchange.markets)

    async def test_trades(self, make_world: MakeWorld) -> None:
        world = await make_world(DevnetConfig(port=0, past_hours=2))
        message = RequestTradeTicks(**request(instrument_id=BTC, limit=50))

        trades = await world.answer(message, world.client.request_trade_ticks)

        assert len(trades) == 50
        times = [trade.ts_event for trade in trades]
        assert times == sorted(times)
        assert {type(trade) for trade in trades} == {TradeTick}

    async def test_bars(self, make_world: MakeWorld) -> None:
        world = await make_world(DevnetConfig(port=0, past_hours=2))
        bar_type = BarType.from_str(f"{BTC}-5-MINUTE-LAST-EXTERNAL")
        message = RequestBars(**request(bar_type=bar_type, limit=20))

        bars = await world.answer(message, world.client.request_bars)

        assert len(bars) == 20
        steps = {b.ts_event - a.ts_event for a, b in pairwise(bars)}
        assert steps == {5 * 60 * 1_000_000_000}

    async def test_the_present_quote_and_book(self, make_world: MakeWorld) -> None:
        world = await make_world()
        client = world.client
        client.subscribe_quote_ticks(SubscribeQuoteTicks(**base()))
        await eventually(lambda: world.of(QuoteTick))

        quotes = await world.answer(
            RequestQuoteTicks(**request(instrument_id=BTC)), client.request_quote_ticks
        )
        books = await world.answer(
            RequestOrderBookSnapshot(**_snapshot_request()), client.request_order_book_snapshot
        )
        (depth,) = await world.answer(
            RequestOrderBookDepth(**request(instrument_id=BTC), depth=3),
            client.request_order_book_depth,
        )

        assert [quote.instrument_id for quote in quotes] == [BTC]
        assert [book.is_snapshot for book in books] == [True]
        assert [bool(order.size.raw) for order in depth.bids] == [True] * 3 + [False] * 7

    async def test_funding_rates(self, make_world: MakeWorld) -> None:
        world = await make_world(DevnetConfig(port=0, past_hours=2))
        message = RequestFundingRates(**request(instrument_id=BTC))

        rates = await world.answer(message, world.client.request_funding_rates)

        assert {type(rate) for rate in rates} == {FundingRateUpdate}

    async def test_forward_prices(self, make_world: MakeWorld) -> None:
        world = await make_world(load=None)
        client = world.client
        fields = _without_limit(request())
        for absent in ("start", "end"):
            fields.pop(absent)

        prices = await world.answer(
            RequestForwardPrices(underlying="BTC", **fields), client.request_forward_prices
        )
        nothing = await world.answer(
            RequestForwardPrices(underlying="XYZ", **{**fields, "request_id": UUID4()}),
            client.request_forward_prices,
        )

        assert prices
        assert all(price.forward_price > 0 for price in prices)
        assert nothing == []

    async def test_what_the_venue_does_not_keep_is_answered_too(
        self, make_world: MakeWorld
    ) -> None:
        world = await make_world()
        client = world.client
        bar_type = BarType.from_str(f"{BTC}-1-DAY-LAST-EXTERNAL")

        assert [
            await world.answer(RequestBars(**request(bar_type=bar_type)), client.request_bars),
            await world.answer(
                RequestOrderBookDeltas(**request(instrument_id=BTC)),
                client.request_order_book_deltas,
            ),
            await world.answer(
                RequestOrderBookDepth(**request(instrument_id=BTC, end=YESTERDAY), depth=10),
                client.request_order_book_depth,
            ),
            await world.answer(
                RequestQuoteTicks(**request(instrument_id=BTC, end=YESTERDAY)),
                client.request_quote_ticks,
            ),
            await world.answer(
                RequestData(data_type=DataType(QuoteTick), **request(instrument_id=BTC)),
                client.request,
            ),
        ] == [[], [], [], [], []]


def _without_limit(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name != "limit"}


def _snapshot_request() -> dict[str, Any]:
    fields = request(instrument_id=BTC, limit=10)
    return {name: value for name, value in fields.items() if name not in ("start", "end")}


def _rebuilt(books: list[OrderBookDeltas]) -> bool:
    """Whether a whole book came after one that was only cleared."""
    whole = [len(deltas.deltas) > 1 for deltas in books if deltas.is_snapshot]
    return False in whole and whole[-1]
