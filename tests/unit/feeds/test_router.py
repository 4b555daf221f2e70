"""Given frames of the socket, what reaches the engine and what is counted instead."""

import json

import pytest
from msgspec.structs import replace
from nautilus_trader.model.data import (
    FundingRateUpdate,
    IndexPriceUpdate,
    MarkPriceUpdate,
    OptionGreeks,
    OrderBookDeltas,
    QuoteTick,
    TradeTick,
)
from websockets.frames import Opcode

from nautilus_paradex.feeds.lanes import Lane
from nautilus_paradex.feeds.market import (
    DELTAS,
    FUNDING,
    GREEKS,
    INDEX,
    MARK,
    QUOTES,
    TRADES,
    MarketFeed,
)
from nautilus_paradex.feeds.router import FeedRouter
from nautilus_paradex.protocol import sbe
from nautilus_paradex.protocol.errors import MessageError
from nautilus_paradex.protocol.events import (
    BboEvent,
    BookEvent,
    Event,
    FundingRateComparisonEvent,
    HeartbeatEvent,
    MarketSummaryEvent,
    TradeEvent,
)
from nautilus_paradex.protocol.json_feed import MarketChange
from tests.unit.feeds.conftest import MARKET, NOW_NS, TS_US, Outcome

E8 = 10**8
BBO = BboEvent(
    ts=TS_US,
    seq=1,
    bid_price=60_000 * E8,
    bid_size=E8,
    ask_price=60_001 * E8,
    ask_size=E8,
    market=MARKET,
)
TRADE = TradeEvent(
    ts=TS_US,
    seq=2,
    trade_id=0,
    side="SELL",
    price=60_000 * E8,
    size=E8,
    created_at=TS_US,
    trade_type="FILL",
    market=MARKET,
    trade_id_str="1791421535930000000000000001",
)
SNAPSHOT = BookEvent(
    ts=TS_US,
    seq=10,
    pkg_type="SNAPSHOT",
    bids=[(60_000 * E8, E8)],
    asks=[(60_001 * E8, E8)],
    market=MARKET,
)
DELTA = replace(SNAPSHOT, seq=11, pkg_type="DELTA", bids=[(60_000 * E8, 0)], asks=[])
SUMMARY = MarketSummaryEvent(
    ts=TS_US,
    seq=1,
    mark_price=60_000 * E8,
    index_price=60_001 * E8,
    last_price=60_000 * E8,
    volume_usd24h=0,
    open_interest=0,
    funding_rate=100,
    total_volume=0,
    price_change_rate24h=0,
    market=MARKET,
)
ALL = QUOTES | TRADES | DELTAS | MARK | INDEX | FUNDING


def send(router: FeedRouter, *events: Event, version: int = 2) -> None:
    for event in events:
        router.on_frame(sbe.encode(event, version), Opcode.BINARY)


def send_text(router: FeedRouter, channel: str, data: object) -> None:
    message = {
        "jsonrpc": "2.0",
        "method": "subscription",
        "params": {"channel": channel, "data": data},
    }
    router.on_frame(json.dumps(message).encode(), Opcode.TEXT)


def kinds(outcome: Outcome) -> list[type]:
    return [type(item) for item in outcome.emitted]


class TestBinary:
    @pytest.mark.parametrize("version", [0, 1, 2])
    @pytest.mark.parametrize(
        ("event", "emitted"),
        [
            (BBO, [QuoteTick]),
            (TRADE, [TradeTick]),
            (SNAPSHOT, [OrderBookDeltas]),
            (SUMMARY, [MarkPriceUpdate, IndexPriceUpdate, FundingRateUpdate]),
        ],
    )
    def test_each_event_becomes_data_in_every_schema_version(
        self,
        router: FeedRouter,
        feed: MarketFeed,
        outcome: Outcome,
        version: int,
        event: Event,
        emitted: list[type],
    ) -> None:
        feed.uses = ALL

        send(router, event, version=version)

        assert kinds(outcome) == emitted
        assert {item.ts_init for item in outcome.emitted} == {NOW_NS}  # type: ignore[attr-defined]
        assert {item.ts_event for item in outcome.emitted} == {TS_US * 1_000}  # type: ignore[attr-defined]

    def test_greeks_come_with_the_summary_of_an_option(
        self, router: FeedRouter, feed: MarketFeed, outcome: Outcome
    ) -> None:
        feed.uses = GREEKS | MARK
        option = replace(SUMMARY, delta=E8 // 2, gamma=1, vega=1, theta=1, rho=1, mark_iv=E8)

        send(router, option, SUMMARY)

        assert kinds(outcome) == [MarkPriceUpdate, OptionGreeks, MarkPriceUpdate]
        assert router.metrics["values_absent"] == 1

    @pytest.mark.parametrize(
        ("use", "emitted"),
        [
            (QUOTES, [QuoteTick]),
            (TRADES, [TradeTick]),
            (DELTAS, [OrderBookDeltas]),
            (MARK, [MarkPriceUpdate]),
            (INDEX, [IndexPriceUpdate]),
            (FUNDING, [FundingRateUpdate]),
            (0, []),
        ],
    )
    def test_only_what_is_used_is_emitted(
        self,
        router: FeedRouter,
        feed: MarketFeed,
        outcome: Outcome,
        use: int,
        emitted: list[type],
    ) -> None:
        feed.uses = use

        send(router, BBO, TRADE, SNAPSHOT, SUMMARY)

        assert kinds(outcome) == emitted

    def test_the_time_of_a_frame_on_its_way_is_measured(
        self, router: FeedRouter, feed: MarketFeed
    ) -> None:
        feed.uses = ALL

        send(router, BBO, TRADE)

        assert router.metrics.latency("frame_to_engine").count == 2


class TestText:
    def test_json_frames_become_the_same_data(
        self, router: FeedRouter, feed: MarketFeed, outcome: Outcome
    ) -> None:
        feed.uses = ALL

        send_text(
            router,
            f"bbo.{MARKET}",
            {
                "market": MARKET,
                "bid": "60000",
                "bid_size": "1",
                "ask": "60001.5",
                "ask_size": "2",
                "seq_no": 7,
                "last_updated_at": TS_US // 1_000,
            },
        )

        (quote,) = outcome.emitted
        assert isinstance(quote, QuoteTick)
        assert str(quote.ask_price) == "60001.5"
        assert quote.ts_event == TS_US // 1_000 * 1_000_000

    @pytest.mark.parametrize("frame", [b"", b"{", b'{"jsonrpc":"2.0"}', b"\xff", b"[]"])
    def test_a_malformed_text_costs_that_frame(
        self, router: FeedRouter, outcome: Outcome, frame: bytes
    ) -> None:
        router.on_frame(frame, Opcode.TEXT)

        assert router.metrics["frames_malformed"] == 1
        assert outcome.emitted == []

    def test_a_payload_of_another_shape_costs_that_frame(
        self, router: FeedRouter, outcome: Outcome
    ) -> None:
        send_text(router, f"bbo.{MARKET}", ["nonsense"])

        assert router.metrics["frames_malformed"] == 1


class TestStrangeFrames:
    @pytest.mark.parametrize("cut", [0, 3, 8, 20])
    def test_a_malformed_frame_costs_that_frame(
        self, router: FeedRouter, feed: MarketFeed, outcome: Outcome, cut: int
    ) -> None:
        feed.uses = ALL

        router.on_frame(sbe.encode(BBO, 2)[:cut], Opcode.BINARY)
        send(router, BBO)

        assert router.metrics["frames_malformed"] == 1
        assert kinds(outcome) == [QuoteTick]

    def test_an_unknown_template_is_counted_and_told_once(
        self, router: FeedRouter, outcome: Outcome
    ) -> None:
        frame = bytearray(sbe.encode(BBO, 2))
        frame[2:4] = (99).to_bytes(2, "little")

        for _ in range(3):
            router.on_frame(bytes(frame), Opcode.BINARY)

        assert router.metrics["frames_of_unknown_template"] == 3
        assert len(outcome.warnings) == 1
        assert "99" in outcome.warnings[0]

    def test_a_market_nobody_subscribed_is_counted(
        self, router: FeedRouter, outcome: Outcome
    ) -> None:
        send(router, replace(BBO, market="ETH-USD-PERP"), replace(TRADE, market=""))

        assert router.metrics["events_of_unknown_market"] == 2
        assert outcome.emitted == []

    def test_heartbeats_are_counted_and_others_told(
        self, router: FeedRouter, outcome: Outcome
    ) -> None:
        send(router, HeartbeatEvent(ts=TS_US, seq=0))
        router.on_event(FundingRateComparisonEvent(), NOW_NS)

        assert router.metrics["heartbeats"] == 1
        assert router.metrics["events_unhandled"] == 1
        assert outcome.emitted == []

    def test_warnings_of_a_kind_are_not_repeated(
        self, router: FeedRouter, feed: MarketFeed, outcome: Outcome
    ) -> None:
        feed.uses = ALL

        send(router, *[replace(BBO, bid_price=60_000 * E8 + 1)] * 5)

        assert router.metrics["values_refused"] == 5
        assert len(outcome.warnings) == 1


class TestValues:
    def test_an_empty_side_is_no_quote(
        self, router: FeedRouter, feed: MarketFeed, outcome: Outcome
    ) -> None:
        feed.uses = ALL

        send(router, replace(BBO, ask_price=None, ask_size=None))

        assert outcome.emitted == []
        assert router.metrics["quotes_one_sided"] == 1

    def test_a_price_between_ticks_is_emitted_and_counted(
        self, router: FeedRouter, feed: MarketFeed, outcome: Outcome
    ) -> None:
        feed.uses = ALL
        off_tick = 60_000 * E8 + E8 // 10

        send(
            router,
            replace(BBO, bid_price=off_tick),
            replace(TRADE, price=off_tick),
            replace(SNAPSHOT, bids=[(off_tick, E8), (60_000 * E8, E8)]),
        )

        assert kinds(outcome) == [QuoteTick, TradeTick, OrderBookDeltas]
        assert router.metrics["prices_off_tick"] == 3
        assert router.metrics["values_refused"] == 0

    @pytest.mark.parametrize(
        ("absent", "rest"),
        [
            ({"mark_price": None}, [IndexPriceUpdate, FundingRateUpdate]),
            ({"index_price": None}, [MarkPriceUpdate, FundingRateUpdate]),
            ({"funding_rate": None}, [MarkPriceUpdate, IndexPriceUpdate]),
        ],
    )
    def test_what_a_summary_lacks_does_not_cost_the_rest(
        self,
        router: FeedRouter,
        feed: MarketFeed,
        outcome: Outcome,
        absent: dict[str, None],
        rest: list[type],
    ) -> None:
        feed.uses = ALL

        send(router, replace(SUMMARY, **absent))

        assert kinds(outcome) == rest
        assert router.metrics["values_absent"] == 1
        assert router.metrics["values_refused"] == 0
        assert outcome.warnings == []

    def test_a_mark_price_out_of_range_does_not_cost_the_rest(
        self, router: FeedRouter, feed: MarketFeed, outcome: Outcome
    ) -> None:
        feed.uses = ALL

        router.on_event(replace(SUMMARY, mark_price=2**80), NOW_NS)

        assert kinds(outcome) == [IndexPriceUpdate, FundingRateUpdate]
        assert router.metrics["values_refused"] == 1


class TestTheTape:
    @pytest.mark.parametrize(
        ("fields", "is_in_it"),
        [
            ({}, True),
            ({"trade_type": "RPI"}, True),
            ({"trade_type": "LIQUIDATION"}, True),
            ({"trade_type": "LIQUIDATION", "seq": 0}, False),
            ({"trade_type": "BLOCK_TRADE", "seq": 0}, False),
            ({"seq": 0}, False),
        ],
    )
    def test_only_trades_of_the_book_are_in_it(
        self,
        router: FeedRouter,
        feed: MarketFeed,
        outcome: Outcome,
        fields: dict[str, object],
        is_in_it: bool,
    ) -> None:
        feed.uses = TRADES

        send(router, replace(TRADE, **fields))

        assert len(outcome.emitted) == is_in_it
        assert router.metrics["trades_off_book"] == (not is_in_it)

    @pytest.mark.parametrize(
        ("trade_type", "count"),
        [("FILL", 1), ("BLOCK_TRADE", 0), ("UNWIND_TRANSFER", 0), ("SETTLE_MARKET", 0)],
    )
    def test_in_json_the_type_decides(
        self,
        router: FeedRouter,
        feed: MarketFeed,
        outcome: Outcome,
        trade_type: str,
        count: int,
    ) -> None:
        feed.uses = TRADES

        send_text(
            router,
            f"trades.{MARKET}",
            {
                "id": "1",
                "market": MARKET,
                "side": "BUY",
                "size": "1",
                "price": "60000",
                "created_at": TS_US // 1_000,
                "trade_type": trade_type,
            },
        )

        assert len(outcome.emitted) == count


class TestListeners:
    def test_messages_without_a_feed_reach_who_listens(
        self, router: FeedRouter, outcome: Outcome
    ) -> None:
        heard: list[tuple[MarketChange, int]] = []
        router.add_listener(MarketChange, lambda change, ts: heard.append((change, ts)))

        send_text(router, "markets", {"symbol": "NEW-USD-PERP", "event_type": "CREATED"})

        ((change, arrived_ns),) = heard
        assert (change.symbol, change.event_type, arrived_ns) == ("NEW-USD-PERP", "CREATED", NOW_NS)
        assert router.metrics["events_unhandled"] == 0
        assert outcome.emitted == []

    def test_they_come_after_the_feed_and_for_all_markets(
        self, router: FeedRouter, feed: MarketFeed, outcome: Outcome
    ) -> None:
        feed.uses = TRADES
        emitted_before: list[int] = []
        for _ in range(2):
            router.add_listener(TradeEvent, lambda *_: emitted_before.append(len(outcome.emitted)))

        send(router, TRADE, replace(TRADE, market="ETH-USD-PERP"))

        assert emitted_before == [1, 1, 1, 1]
        assert router.metrics["events_of_unknown_market"] == 1

    def test_what_a_listener_cannot_hold_is_counted(
        self, router: FeedRouter, feed: MarketFeed, outcome: Outcome
    ) -> None:
        def refuse(*_: object) -> None:
            raise MessageError("no such thing")

        heard: list[object] = []
        router.add_listener(TradeEvent, refuse)
        router.add_listener(TradeEvent, lambda *args: heard.append(args))

        send(router, TRADE)

        assert router.metrics["values_refused"] == 1
        assert len(heard) == 1

    def test_frames_of_another_lane_mean_something_else(
        self, router: FeedRouter, feed: MarketFeed, outcome: Outcome
    ) -> None:
        feed.uses = ALL
        heard: list[BboEvent] = []
        router.add_listener(BboEvent, lambda bbo, _: heard.append(bbo), lanes=(Lane.INTERACTIVE,))

        router.frame_handler(Lane.INTERACTIVE)(sbe.encode(BBO, 2), Opcode.BINARY)

        assert heard == [BBO]
        assert outcome.emitted == []

        router.frame_handler(Lane.MARKETS)(sbe.encode(BBO, 2), Opcode.BINARY)

        assert len(heard) == 1
        assert kinds(outcome) == [QuoteTick]


class TestBook:
    @pytest.fixture(autouse=True)
    def subscribed(self, feed: MarketFeed) -> None:
        feed.uses = DELTAS

    def test_changes_without_content_advance_in_silence(
        self, router: FeedRouter, outcome: Outcome
    ) -> None:
        empty = replace(DELTA, bids=[], asks=[])

        send(router, SNAPSHOT, empty, replace(empty, seq=12), replace(DELTA, seq=13))

        assert kinds(outcome) == [OrderBookDeltas, OrderBookDeltas]
        assert router.metrics["book_deltas_empty"] == 2
        assert outcome.broken == []

    def test_a_gap_clears_the_book_and_asks_for_another(
        self, router: FeedRouter, feed: MarketFeed, outcome: Outcome
    ) -> None:
        send(router, SNAPSHOT, replace(DELTA, seq=13), replace(DELTA, seq=14))

        assert len(outcome.emitted) == 2
        clear = outcome.emitted[-1]
        assert isinstance(clear, OrderBookDeltas)
        assert [delta.is_clear for delta in clear.deltas] == [True]
        assert outcome.broken == [feed]
        assert router.metrics["book_gaps"] == 1
        assert router.metrics["book_events_ignored"] == 1

    def test_a_fresh_snapshot_mends_it(self, router: FeedRouter, outcome: Outcome) -> None:
        send(router, SNAPSHOT, replace(DELTA, seq=13))
        send(router, replace(SNAPSHOT, seq=50), replace(DELTA, seq=51))

        assert [len(item.deltas) for item in outcome.emitted] == [3, 1, 3, 1]  # type: ignore[attr-defined]

    def test_a_level_that_cannot_be_held_breaks_the_book(
        self, router: FeedRouter, feed: MarketFeed, outcome: Outcome
    ) -> None:
        send(router, SNAPSHOT, replace(DELTA, asks=[(60_002 * E8 + 1, E8)]))

        assert router.metrics["values_refused"] == 1
        assert outcome.broken == [feed]
        assert feed.book_sequence.is_waiting

    def test_a_lost_connection_leaves_no_book_behind(
        self, router: FeedRouter, feed: MarketFeed, outcome: Outcome
    ) -> None:
        send(router, SNAPSHOT)

        router.books.drop(feed)
        router.books.drop(feed)

        assert len(outcome.emitted) == 2
        assert outcome.emitted[-1].deltas[0].is_clear  # type: ignore[attr-defined]

    def test_changes_after_that_wait_for_a_snapshot(
        self, router: FeedRouter, feed: MarketFeed, outcome: Outcome
    ) -> None:
        send(router, SNAPSHOT)
        router.books.drop(feed)

        send(router, DELTA)

        assert len(outcome.emitted) == 2
        assert router.metrics["book_events_ignored"] == 1
