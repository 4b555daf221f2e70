"""Pages, bars, and the bounds of memory."""

from collections.abc import Callable, Iterable

import msgspec
import pytest
from engine_world import ALICE, BOB, BTC, START_US, World
from hypothesis import given
from hypothesis import strategies as st

from nautilus_paradex.devnet.engine.bars import BarSeries
from nautilus_paradex.devnet.engine.history import BoundedLog
from nautilus_paradex.devnet.engine.model import HistoryQuery, KlineQuery, OrderRefused
from nautilus_paradex.devnet.engine.synthetic import SyntheticMarket
from nautilus_paradex.protocol.events import TradeEvent
from nautilus_paradex.protocol.numbers import E8

START_MS = START_US // 1_000


@given(st.lists(st.integers(0, 3), max_size=60), st.integers(1, 7), st.integers(1, 9))
def test_pages_are_the_log_backwards_without_gaps_or_repeats(
    entries: list[int], page_size: int, limit: int
) -> None:
    log: BoundedLog[tuple[int, int]] = BoundedLog(limit)
    for number, entry in enumerate(entries):
        log.append(number * 1_000, (number, entry))
    kept = list(log)
    expected = [e for e in reversed(kept) if e[1] != 0]

    read: list[tuple[int, int]] = []
    cursor: str | None = None
    while True:
        query = HistoryQuery(page_size=page_size, cursor=cursor)
        page = log.page(query, lambda e: e[1] != 0)
        read.extend(page.results)
        log.append(10**9, (-1, 1))  # what comes meanwhile does not disturb
        cursor = page.next
        if cursor is None:
            break

    # Entries may fall off while one reads, never come twice or out of order.
    assert read == expected[: len(read)]
    assert len(read) == len(expected) or len(log) < len(kept) + len(read)
    assert len(kept) < 2 * limit


def test_a_log_returns_what_it_drops() -> None:
    log: BoundedLog[int] = BoundedLog(3)

    gone = [entry for number in range(10) for entry in log.append(number, number)]

    assert gone + list(log) == list(range(10))
    assert 3 <= len(log) < 6


@pytest.mark.parametrize(
    ("field", "value"),
    [("page_size", 0), ("page_size", 5_001), ("cursor", "garbage"), ("cursor", "YQ==")],
)
def test_a_page_that_cannot_be_is_refused(world: World, field: str, value: object) -> None:
    with pytest.raises(OrderRefused, match="INVALID_REQUEST_PARAMETER") as refused:
        world.exchange.fills(ALICE, HistoryQuery(**{field: value}))
    assert field in refused.value.message


class TestOrdersHistory:
    @pytest.fixture
    def traded(self, world: World) -> World:
        world.send(BOB, "SELL", "0.5", "96000", client_id="offer")
        world.send(ALICE, "BUY", "0.1", client_id="first")
        world.now_us += 1_000_000
        world.send(ALICE, "BUY", "0.1", "95000", client_id="second")
        world.send(ALICE, "SELL", "1", "3500", client_id="third", market="ETH-USD-PERP")
        return world

    @pytest.mark.parametrize(
        ("query", "client_ids"),
        [
            (HistoryQuery(), ["third", "second", "first"]),
            (HistoryQuery(market=BTC), ["second", "first"]),
            (HistoryQuery(client_id="second"), ["second"]),
            (HistoryQuery(status="CLOSED"), ["first"]),
            (HistoryQuery(side="SELL"), ["third"]),
            (HistoryQuery(order_type="MARKET"), ["first"]),
            (HistoryQuery(start_ms=START_MS + 1_000), ["third", "second"]),
            (HistoryQuery(end_ms=START_MS), ["first"]),
            (HistoryQuery(page_size=1), ["third"]),
        ],
    )
    def test_filters(self, traded: World, query: HistoryQuery, client_ids: list[str]) -> None:
        page = traded.exchange.orders_history(ALICE, query)

        assert [order.client_order_id for order in page.results] == client_ids
        assert (page.next is not None) is (query.page_size == 1)

    def test_single_look_ups_know_open_orders_only(self, traded: World) -> None:
        exchange = traded.exchange
        second = exchange.order_by_client_id(ALICE, "second")
        assert exchange.order(ALICE, str(second.order_id)).client_order_id == "second"

        with pytest.raises(OrderRefused, match="CLIENT_ORDER_ID_NOT_FOUND"):
            exchange.order_by_client_id(ALICE, "first")
        first = exchange.orders_history(ALICE, HistoryQuery(client_id="first")).results[0]
        with pytest.raises(OrderRefused, match="ORDER_ID_NOT_FOUND"):
            exchange.order(ALICE, str(first.order_id))

    def test_fills_by_market(self, traded: World) -> None:
        exchange = traded.exchange

        assert len(exchange.fills(ALICE, HistoryQuery(market=BTC)).results) == 1
        assert exchange.fills(ALICE, HistoryQuery(market="ETH-USD-PERP")).results == ()


def test_old_orders_are_forgotten_but_not_the_open_ones(world: World) -> None:
    exchange = world.exchange
    exchange.open_account("0x5e", 9, 10**15, is_house=True)
    kept = exchange.submit("0x5e", world.order("BUY", "0.1", "95000", client_id="kept"))
    for _ in range(1_000):
        exchange.submit("0x5e", world.order("BUY", "0.1", "96000", instruction="IOC"))
        exchange.process()

    assert len(exchange.orders_history("0x5e", HistoryQuery(page_size=5_000)).results) < 400
    assert exchange.order("0x5e", str(kept.order_id)).status == "OPEN"
    with pytest.raises(OrderRefused, match="DUPLICATED_CLIENT_ID"):
        exchange.submit("0x5e", world.order("BUY", "0.1", "95000", client_id="kept"))


class TestBars:
    def test_longer_bars_are_made_of_minutes(self) -> None:
        series = BarSeries(100)
        for minute, price in enumerate([10, 12, 8, 11, 9, 7, 20]):
            series.add(minute * 60_000_000, price, 1)

        first, second = series.klines(5, 0, 300_000)

        assert (first.open_time_ms, second.open_time_ms) == (0, 300_000)
        assert (first.open_e8, first.high_e8, first.low_e8, first.close_e8) == (10, 12, 8, 9)
        assert (second.open_e8, second.close_e8, second.volume_e8) == (7, 20, 2)

    def test_only_bars_that_open_in_the_range_are_given(self) -> None:
        series = BarSeries(100)
        for minute in range(10):
            series.add(minute * 60_000_000, 1)

        times = [bar.open_time_ms for bar in series.klines(3, 180_000, 359_999)]

        assert times == [180_000]

    def test_volume_is_counted_in_base_units_and_in_usd(self) -> None:
        series = BarSeries(100)
        series.add(0, 96_000 * E8, E8 // 10)
        series.add(1, 97_000 * E8, E8 // 10)
        (bar,) = series.klines(1, 0, 0)

        assert (bar.volume_e8, bar.turnover_e8) == (E8 // 5, 19_300 * E8)

    def test_they_are_bounded(self) -> None:
        series = BarSeries(10)
        for minute in range(100):
            series.add(minute * 60_000_000, 1)

        assert 10 <= len(series.klines(1, 0, 10**12)) < 20


@pytest.fixture(scope="module")
def lived_in() -> World:
    """One for all that only look; what trades beside the book, as the last does, is no candle."""
    world = World(past_hours=1)
    market = SyntheticMarket(world.exchange, seed=3)
    for number in range(300):
        world.now_us += 500_000
        market.step(world.now_us)
        if number % 2:
            world.exchange.tick()
    return world


class TestBarsOfTrades:
    """A candle is what the trades of its minutes say, and says the same ever after."""

    @pytest.fixture
    def world(self, lived_in: World) -> World:
        return lived_in

    def klines(self, world: World, resolution_mins: int) -> list[tuple[int, ...]]:
        query = KlineQuery(
            market=BTC, resolution_mins=resolution_mins, start_ms=0, end_ms=world.now_us // 1_000
        )
        return [msgspec.structs.astuple(bar) for bar in world.exchange.klines(query)]

    @pytest.mark.parametrize("resolution", [1, 3, 5, 15, 30, 60])
    def test_they_are_built_of_the_trades_that_the_tape_has(
        self, world: World, resolution: int
    ) -> None:
        trades = world.exchange.trades(HistoryQuery(market=BTC, page_size=5_000)).results

        assert bars_of(trades[::-1], resolution) == self.klines(world, resolution)

    def test_the_stream_has_the_trades_of_the_candles(self, world: World) -> None:
        told = [t for t in world.told(TradeEvent) if t.market == BTC]
        first_ms = (told[0].created_at or 0) // 60_000_000 * 60_000

        assert len(told) > 100
        assert bars_of(told, 1) == [bar for bar in self.klines(world, 1) if bar[0] >= first_ms]

    def test_what_changes_hands_beside_the_book_is_in_no_candle(self, world: World) -> None:
        before = self.klines(world, 60)
        venue = world.exchange.interventions
        venue.block_trade(ALICE, BOB, BTC, E8, 50_000 * E8)

        (newest, *_) = world.exchange.trades(HistoryQuery(market=BTC)).results
        assert (newest.trade_type, newest.seq) == ("BLOCK_TRADE", 0)
        assert self.klines(world, 60) == before


def bars_of(trades: Iterable[TradeEvent], resolution_mins: int) -> list[tuple[int, ...]]:
    """Build candles as the venue writes them, of trades in the order in which they happened."""
    bars: dict[int, list[TradeEvent]] = {}
    span_ms = resolution_mins * 60_000
    for trade in trades:
        assert trade.created_at is not None
        bars.setdefault(trade.created_at // 1_000 // span_ms * span_ms, []).append(trade)
    return [bar_of(open_ms, parts) for open_ms, parts in bars.items()]


def bar_of(open_ms: int, trades: list[TradeEvent]) -> tuple[int, ...]:
    prices = [trade.price or 0 for trade in trades]
    sizes = [trade.size or 0 for trade in trades]
    turnover = sum(p * s // E8 for p, s in zip(prices, sizes, strict=True))
    return (open_ms, prices[0], max(prices), min(prices), prices[-1], sum(sizes), turnover)


class TestPast:
    @pytest.fixture
    def world(self, new_world: Callable[..., World]) -> World:
        return new_world(past_hours=2)

    @pytest.mark.parametrize("price_kind", ["last", "mark", "underlying"])
    def test_a_market_begins_with_bars(self, world: World, price_kind: str) -> None:
        query = KlineQuery(
            market=BTC, resolution_mins=1, start_ms=0, end_ms=START_MS, price_kind=price_kind
        )
        bars = world.exchange.klines(query)

        assert len(bars) == 120
        assert bars[-1].open_time_ms < START_MS
        assert all(b.low_e8 <= min(b.open_e8, b.close_e8) for b in bars)
        assert all(b.high_e8 >= max(b.open_e8, b.close_e8) for b in bars)

    def test_a_market_begins_with_trades_and_funding(self, world: World) -> None:
        trades = world.exchange.trades(HistoryQuery(market=BTC, page_size=500)).results

        assert len({t.trade_id_str for t in trades}) == len(trades) == 240
        assert [t.created_at for t in trades] == sorted(
            (t.created_at for t in trades), key=lambda at: -(at or 0)
        )
        assert len(world.exchange.funding_data(HistoryQuery(market=BTC)).results) == 2

    def test_past_funding_wanders_and_its_index_leads_to_the_present(self, world: World) -> None:
        newest, oldest = world.exchange.funding_data(HistoryQuery(market=BTC)).results
        present = world.exchange.summary(BTC)

        assert len({newest.funding_rate, oldest.funding_rate, present.funding_rate}) == 3
        assert (oldest.funding_index or 0) < (newest.funding_index or 0) < 0

    def test_trades_of_all_options_of_an_asset_are_one_history(self, world: World) -> None:
        world.send(BOB, "SELL", "0.1", "6000", market="BTC-USD-96000-C")
        world.send(ALICE, "BUY", "0.1", market="BTC-USD-96000-C")
        together = world.exchange.trades(HistoryQuery(base_asset="BTC", page_size=5_000)).results

        options = [s for s, spec in world.exchange.markets.items() if spec.is_option]
        apart = [
            trade
            for symbol in options
            for trade in world.exchange.trades(HistoryQuery(market=symbol, page_size=5_000)).results
        ]
        assert len(apart) == 240 * len(options) + 1
        assert sorted(together, key=str) == sorted(apart, key=str)
        times = [trade.created_at or 0 for trade in together]
        assert times == sorted(times, reverse=True)
        assert world.exchange.trades(HistoryQuery(base_asset="ETH")).results == ()

    def test_the_same_seed_gives_the_same_past(self, new_world: Callable[..., World]) -> None:
        query = HistoryQuery(market=BTC)
        pasts = [new_world(past_hours=1).exchange.trades(query) for _ in range(2)]

        assert pasts[0] == pasts[1]

    def test_the_present_joins_it(self, world: World) -> None:
        world.send(BOB, "SELL", "0.1", "96000")
        world.send(ALICE, "BUY", "0.1")

        newest, before, *_ = world.exchange.trades(HistoryQuery(market=BTC)).results
        assert newest.price == 96_000 * 10**8
        assert (before.created_at or 0) < (newest.created_at or 0)

    @pytest.mark.parametrize(("field", "value"), [("resolution_mins", 2), ("price_kind", "median")])
    def test_what_the_venue_does_not_offer_is_refused(
        self, world: World, field: str, value: object
    ) -> None:
        fields = {"market": BTC, "resolution_mins": 1, "start_ms": 0, "end_ms": 1, field: value}
        with pytest.raises(OrderRefused, match="INVALID_REQUEST_PARAMETER"):
            world.exchange.klines(KlineQuery(**fields))
