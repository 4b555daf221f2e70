"""Given an event of the venue, what object of the platform comes of it."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from nautilus_trader.model.book import OrderBook
from nautilus_trader.model.data import BarType, OrderBookDelta
from nautilus_trader.model.enums import AggressorSide, BookAction, BookType, RecordFlag
from nautilus_trader.model.objects import Price, Quantity

from nautilus_paradex.parsing.books import book_clear, book_deltas, book_snapshot
from nautilus_paradex.parsing.instruments import instrument_id_from_symbol
from nautilus_paradex.parsing.market_data import (
    bar_from_kline,
    funding_rate_from_data,
    funding_rate_from_summary,
    index_price,
    mark_price,
    option_greeks,
    quote_tick,
    trade_id,
    trade_tick,
)
from nautilus_paradex.parsing.precision import MarketScale, PrecisionError
from nautilus_paradex.protocol.errors import MessageError, ParadexError
from nautilus_paradex.protocol.events import (
    BboEvent,
    BookEvent,
    FundingDataEvent,
    MarketSummaryEvent,
    TradeEvent,
)

E8 = 10**8
TS_US = 1_791_421_535_936_123
TS_NS = TS_US * 1_000
NOW_NS = TS_NS + 5
MARKET = "BTC-USD-PERP"
BTC = instrument_id_from_symbol(MARKET)
SCALE = MarketScale.of(
    BTC,
    price_increment=Price.from_str("0.1"),
    size_increment=Quantity.from_str("0.001"),
)
LAST = RecordFlag.F_LAST.value
SNAPSHOT = RecordFlag.F_SNAPSHOT.value

BBO = BboEvent(
    ts=TS_US,
    seq=9,
    bid_price=60_000 * E8,
    bid_size=E8,
    ask_price=60_001 * E8,
    ask_size=2 * E8,
    market=MARKET,
)
TRADE = TradeEvent(
    ts=TS_US + 40,
    seq=9,
    side="BUY",
    price=60_000 * E8,
    size=E8 // 2,
    created_at=TS_US,
    trade_type="FILL",
    market=MARKET,
    trade_id_str="1791421535930000000000000001",
)
BOOK = BookEvent(
    ts=TS_US,
    seq=9,
    pkg_type="SNAPSHOT",
    bids=[(60_000 * E8, E8), (59_999 * E8, 2 * E8)],
    asks=[(60_001 * E8, 3 * E8)],
    market=MARKET,
)
SUMMARY = MarketSummaryEvent(
    ts=TS_US,
    seq=1,
    mark_price=6_000_012_345_678,
    index_price=6_000_087_654_321,
    funding_rate=12_345,
    funding_rate_precise=123_456_789,
    market=MARKET,
)


class TestQuotes:
    def test_a_quote_has_the_instruments_precision_and_the_events_time(self) -> None:
        quote = quote_tick(BBO, SCALE, NOW_NS)

        assert quote is not None
        assert quote.instrument_id == BTC
        assert (str(quote.bid_price), str(quote.ask_price)) == ("60000.0", "60001.0")
        assert (str(quote.bid_size), str(quote.ask_size)) == ("1.000", "2.000")
        assert (quote.ts_event, quote.ts_init) == (TS_NS, NOW_NS)

    @pytest.mark.parametrize(
        "event",
        [
            replace(BBO, bid_price=None, bid_size=None),
            replace(BBO, ask_price=None, ask_size=None),
            replace(BBO, bid_price=None, bid_size=None, ask_price=None, ask_size=None),
            replace(BBO, bid_size=0),
            replace(BBO, ask_size=0),
            replace(BBO, bid_price=0, bid_size=0),
        ],
    )
    def test_a_book_with_an_empty_side_has_no_quote(self, event: BboEvent) -> None:
        assert quote_tick(event, SCALE, NOW_NS) is None

    @pytest.mark.parametrize(
        "event",
        [
            replace(BBO, bid_price=60_000 * E8 + 1),
            replace(BBO, ask_size=E8 + 1),
            replace(BBO, ask_size=None),
            replace(BBO, bid_size=-E8),
            replace(BBO, ask_price=10**60),
        ],
    )
    def test_a_value_the_instrument_cannot_hold_is_refused(self, event: BboEvent) -> None:
        with pytest.raises(PrecisionError):
            quote_tick(event, SCALE, NOW_NS)

    @pytest.mark.parametrize(
        ("ts", "words"),
        [(None, "bbo without a time"), (-1, "without a time"), (2**62, "beyond the year 2262")],
    )
    def test_an_event_without_a_possible_time_is_refused(self, ts: int | None, words: str) -> None:
        with pytest.raises(MessageError, match=words):
            quote_tick(replace(BBO, ts=ts), SCALE, NOW_NS)


class TestTrades:
    def test_a_trade_has_the_time_of_the_match(self) -> None:
        trade = trade_tick(TRADE, SCALE, NOW_NS)

        assert (str(trade.price), str(trade.size)) == ("60000.0", "0.500")
        assert trade.aggressor_side == AggressorSide.BUYER
        assert trade.trade_id.value == "1791421535930000000000000001"
        assert (trade.ts_event, trade.ts_init) == (TS_NS, NOW_NS)

    @pytest.mark.parametrize(
        ("side", "aggressor"),
        [
            ("BUY", AggressorSide.BUYER),
            ("SELL", AggressorSide.SELLER),
            ("UNKNOWN_9", AggressorSide.NO_AGGRESSOR),
            ("NON_REPRESENTABLE", AggressorSide.NO_AGGRESSOR),
            (None, AggressorSide.NO_AGGRESSOR),
        ],
    )
    def test_a_side_nobody_knows_costs_no_trade(
        self, side: str | None, aggressor: AggressorSide
    ) -> None:
        assert trade_tick(replace(TRADE, side=side), SCALE, NOW_NS).aggressor_side == aggressor

    def test_a_trade_of_nothing_is_refused(self) -> None:
        with pytest.raises(MessageError, match="trade of size 0"):
            trade_tick(replace(TRADE, size=0), SCALE, NOW_NS)


class TestTradeIds:
    OLD = replace(TRADE, trade_id_str=None)

    def test_an_old_schema_gives_the_same_id_for_the_same_trade(self) -> None:
        redelivered = replace(self.OLD, ts=TS_US + 900)

        assert trade_id(self.OLD) == trade_id(redelivered)

    @pytest.mark.parametrize(
        "other",
        [
            {"seq": 10},
            {"created_at": TS_US + 1},
            {"price": 60_001 * E8},
            {"size": E8},
            {"side": "SELL"},
        ],
    )
    def test_another_trade_has_another_id(self, other: dict[str, object]) -> None:
        assert trade_id(self.OLD) != trade_id(replace(self.OLD, **other))

    @given(
        st.builds(
            TradeEvent,
            seq=st.none() | st.integers(0, 2**63 - 1),
            created_at=st.none() | st.integers(0, 2**63 - 1),
            price=st.integers(0, 2**63 - 1),
            size=st.integers(0, 2**63 - 1),
            side=st.sampled_from(["BUY", "SELL"]),
            trade_id_str=st.none() | st.text("0123456789", max_size=80),
        ),
    )
    def test_an_id_always_fits_the_platform(self, event: TradeEvent) -> None:
        assert 1 <= len(trade_id(event).value) <= 36


def shape(deltas: list[OrderBookDelta]) -> list[tuple[BookAction, str, str, int]]:
    return [
        (delta.action, str(delta.order.price), str(delta.order.size), delta.flags)
        for delta in deltas
    ]


class TestBooks:
    def test_a_snapshot_is_a_clear_and_additions_to_the_last(self) -> None:
        snapshot = book_snapshot(BOOK, SCALE, NOW_NS)

        assert snapshot.deltas[0].is_clear
        assert snapshot.deltas[0].flags == SNAPSHOT
        assert shape(snapshot.deltas[1:]) == [
            (BookAction.ADD, "60000.0", "1.000", SNAPSHOT),
            (BookAction.ADD, "59999.0", "2.000", SNAPSHOT),
            (BookAction.ADD, "60001.0", "3.000", SNAPSHOT | LAST),
        ]
        assert {delta.sequence for delta in snapshot.deltas} == {9}
        assert {(delta.ts_event, delta.ts_init) for delta in snapshot.deltas} == {(TS_NS, NOW_NS)}
        assert snapshot.is_snapshot

    def test_an_empty_snapshot_is_one_last_clear(self) -> None:
        snapshot = book_snapshot(replace(BOOK, bids=[], asks=[]), SCALE, NOW_NS)

        assert [delta.flags for delta in snapshot.deltas] == [SNAPSHOT | LAST]
        assert snapshot.deltas[0].is_clear

    def test_a_change_updates_and_deletes_and_ends(self) -> None:
        event = replace(BOOK, pkg_type="DELTA", bids=[(60_000 * E8, 0)], asks=[(60_002 * E8, E8)])

        deltas = book_deltas(event, SCALE, NOW_NS)

        assert deltas is not None
        assert shape(deltas.deltas) == [
            (BookAction.DELETE, "60000.0", "0.000", 0),
            (BookAction.UPDATE, "60002.0", "1.000", LAST),
        ]

    def test_a_change_of_nothing_is_nothing(self) -> None:
        assert book_deltas(replace(BOOK, bids=[], asks=[]), SCALE, NOW_NS) is None

    def test_what_is_cleared_says_so_as_a_snapshot(self) -> None:
        clear = book_clear(BTC, 4, NOW_NS)

        assert [(d.is_clear, d.flags, d.sequence) for d in clear.deltas] == [
            (True, SNAPSHOT | LAST, 4)
        ]

    def test_one_level_that_cannot_be_held_spoils_the_book(self) -> None:
        event = replace(BOOK, asks=[(60_001 * E8, 3 * E8), (60_002 * E8 + 1, E8)])

        with pytest.raises(PrecisionError):
            book_snapshot(event, SCALE, NOW_NS)
        with pytest.raises(PrecisionError):
            book_deltas(event, SCALE, NOW_NS)

    @pytest.mark.parametrize("event", [replace(BOOK, seq=None), replace(BOOK, ts=None)])
    def test_a_book_without_sequence_or_time_is_refused(self, event: BookEvent) -> None:
        with pytest.raises(MessageError):
            book_snapshot(event, SCALE, NOW_NS)

    @given(
        st.lists(
            st.lists(
                st.tuples(st.booleans(), st.integers(1, 40), st.integers(0, 5)),
                min_size=1,
                max_size=8,
            ),
            max_size=12,
        ),
    )
    def test_the_platforms_book_is_the_one_that_the_events_tell(
        self, changes: list[list[tuple[bool, int, int]]]
    ) -> None:
        platform = OrderBook(BTC, BookType.L2_MBP)
        platform.apply_deltas(book_snapshot(BOOK, SCALE, NOW_NS))
        bids, asks = dict(BOOK.bids), dict(BOOK.asks)
        for change in changes:
            event = replace(
                BOOK,
                pkg_type="DELTA",
                # Bids below, asks above: whether a book may cross is not the question here.
                bids=[((59_000 - p) * E8, s * E8) for is_bid, p, s in change if is_bid],
                asks=[((61_000 + p) * E8, s * E8) for is_bid, p, s in change if not is_bid],
            )
            deltas = book_deltas(event, SCALE, NOW_NS)
            assert deltas is not None
            platform.apply_deltas(deltas)
            for side, levels in ((bids, event.bids), (asks, event.asks)):
                for price, size in levels:
                    side[price] = size

        assert [(level.price.as_decimal(), level.size()) for level in platform.bids()] == [
            (Decimal(p) / E8, s / E8) for p, s in sorted(bids.items(), reverse=True) if s
        ]
        assert [(level.price.as_decimal(), level.size()) for level in platform.asks()] == [
            (Decimal(p) / E8, s / E8) for p, s in sorted(asks.items()) if s
        ]


class TestGreeks:
    OPTION = replace(
        SUMMARY,
        delta=53_123_456,
        gamma=1_234,
        vega=45 * E8,
        theta=-12_345_678_901,
        rho=7 * E8,
        mark_iv=64_000_000,
        bid_iv=63_000_000,
        ask_iv=None,
        open_interest=12 * E8,
    )

    def test_they_are_the_nearest_to_the_venues(self) -> None:
        greeks = option_greeks(self.OPTION, BTC, NOW_NS)

        assert greeks is not None
        assert (greeks.delta, greeks.gamma, greeks.vega) == (0.53123456, 0.00001234, 45.0)
        assert (greeks.theta, greeks.rho) == (-123.45678901, 7.0)
        assert (greeks.mark_iv, greeks.bid_iv, greeks.ask_iv) == (0.64, 0.63, None)
        assert greeks.underlying_price == SUMMARY.index_price / E8  # type: ignore[operator]
        assert greeks.open_interest == 12.0
        assert (greeks.ts_event, greeks.ts_init) == (TS_NS, NOW_NS)

    @pytest.mark.parametrize("missing", ["delta", "gamma", "vega"])
    def test_without_the_first_three_there_are_none(self, missing: str) -> None:
        assert option_greeks(replace(self.OPTION, **{missing: None}), BTC, NOW_NS) is None

    def test_an_older_feed_lacks_the_others(self) -> None:
        greeks = option_greeks(replace(self.OPTION, theta=None, rho=None), BTC, NOW_NS)

        assert greeks is not None
        assert (greeks.theta, greeks.rho) == (0.0, 0.0)


class TestPrices:
    def test_mark_and_index_keep_all_eight_decimals(self) -> None:
        mark, index = mark_price(SUMMARY, BTC, NOW_NS), index_price(SUMMARY, BTC, NOW_NS)

        assert mark is not None
        assert index is not None
        assert str(mark.value) == "60000.12345678"
        assert str(index.value) == "60000.87654321"
        assert (mark.ts_event, mark.ts_init) == (TS_NS, NOW_NS)

    def test_a_price_that_is_null_is_no_update(self) -> None:
        assert mark_price(replace(SUMMARY, mark_price=None), BTC, NOW_NS) is None
        assert index_price(replace(SUMMARY, index_price=None), BTC, NOW_NS) is None


class TestFunding:
    def test_the_precise_rate_goes_first(self) -> None:
        funding = funding_rate_from_summary(SUMMARY, BTC, NOW_NS, period_hours=8)

        assert funding is not None
        assert funding.rate == Decimal("0.000123456789")
        assert funding.interval == 8 * 60
        assert funding.ts_event == TS_NS

    def test_an_old_schema_has_the_other_one(self) -> None:
        event = replace(SUMMARY, funding_rate_precise=None)

        funding = funding_rate_from_summary(event, BTC, NOW_NS)

        assert funding is not None
        assert funding.rate == Decimal("0.00012345")

    def test_a_precise_rate_of_zero_is_a_rate(self) -> None:
        event = replace(SUMMARY, funding_rate_precise=0)

        funding = funding_rate_from_summary(event, BTC, NOW_NS)

        assert funding is not None
        assert funding.rate == 0

    def test_without_a_rate_there_is_no_update(self) -> None:
        event = replace(SUMMARY, funding_rate_precise=None, funding_rate=None)

        assert funding_rate_from_summary(event, BTC, NOW_NS) is None

    def test_a_record_has_its_own_time_and_period(self) -> None:
        record = FundingDataEvent(
            ts=TS_US + 9, funding_rate=-12_345, created_at=TS_US, funding_period_hours=1
        )

        funding = funding_rate_from_data(record, BTC, NOW_NS)

        assert (funding.rate, funding.interval) == (Decimal("-0.00012345"), 60)
        assert funding.ts_event == TS_NS


class TestBars:
    TYPE = BarType.from_str("BTC-USD-PERP.PARADEX-5-MINUTE-LAST-EXTERNAL")
    OPEN_MS = 1_791_421_500_000

    @pytest.mark.parametrize(("on_close", "shift_ms"), [(True, 300_000), (False, 0)])
    def test_a_bar_is_stamped_at_its_close_or_open(self, on_close: bool, shift_ms: int) -> None:
        bar = bar_from_kline(
            [self.OPEN_MS, 60_000.1, "60010", 59_990, "60005.5", 12.3456789],
            self.TYPE,
            interval_ms=300_000,
            size_precision=3,
            price_precision=1,
            on_close=on_close,
            ts_init=NOW_NS,
        )

        assert [str(bar.open), str(bar.high), str(bar.low), str(bar.close)] == [
            "60000.1",
            "60010.0",
            "59990.0",
            "60005.5",
        ]
        assert str(bar.volume) == "12.345"
        assert bar.ts_event == (self.OPEN_MS + shift_ms) * 1_000_000

    @pytest.mark.parametrize(
        "kline",
        [
            [OPEN_MS, 1, 1, 1, 1],
            [None, 1, 1, 1, 1, 1],
            [OPEN_MS, "", 1, 1, 1, 1],
            [OPEN_MS, 1, 1, 1, 1, "much"],
            [OPEN_MS, 3, 1, 1, 1, 1],
        ],
    )
    def test_a_candle_that_is_none_is_refused(self, kline: list[str | int | float | None]) -> None:
        with pytest.raises(ParadexError):
            bar_from_kline(kline, self.TYPE, interval_ms=300_000, size_precision=3, ts_init=NOW_NS)
