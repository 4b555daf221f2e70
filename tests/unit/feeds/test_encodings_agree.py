"""The same events as SBE and as JSON: equal objects, and equal refusals, whatever is in them."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from nautilus_trader.model.enums import RecordFlag
from nautilus_trader.model.instruments import Instrument

from nautilus_paradex.data_types import ParadexMarketSummary
from nautilus_paradex.devnet.sockets.json_book import JsonBooks, snapshot_json
from nautilus_paradex.devnet.wire import json_fields
from nautilus_paradex.feeds.market import (
    DELTAS,
    DEPTH,
    FUNDING,
    GREEKS,
    INDEX,
    MARK,
    QUOTES,
    TRADES,
    MarketFeed,
)
from nautilus_paradex.feeds.router import COUNTERS, FeedRouter
from nautilus_paradex.history.kinds import as_dict
from nautilus_paradex.parsing.custom_data import market_summary
from nautilus_paradex.parsing.instruments import FeeRates, instrument_from_market
from nautilus_paradex.protocol import rest, rpc, sbe
from nautilus_paradex.protocol.enums import FillType
from nautilus_paradex.protocol.events import (
    BboEvent,
    BookEvent,
    Event,
    MarketSummaryEvent,
    TradeEvent,
)
from nautilus_paradex.protocol.numbers import e8_to_str
from nautilus_paradex.protocol.sbe import vocabulary

# A busy machine is no failure.
UNTIMED = settings(deadline=None, max_examples=60)
EACH_VERSION = pytest.mark.parametrize("version", [0, 1, 2])

NOW_NS: Final = 1_791_421_535_936_123_456
ALL_USES: Final = QUOTES | TRADES | DELTAS | DEPTH | MARK | INDEX | FUNDING | GREEKS
LAST: Final[int] = RecordFlag.F_LAST.value
TEXT, BINARY = 1, 2

KINDS: Final = {
    "BTC-USD-PERP": {"asset_kind": "PERP"},
    "kPEPE-USD-PERP": {"asset_kind": "PERP"},
    "DIME-USD": {"asset_kind": "SPOT"},
    "BTC-USD-31DEC27": {"asset_kind": "FUTURE", "expiry_at": 1_830_240_000_000},
    "BTC-USD-96000-C": {
        "asset_kind": "PERP_OPTION",
        "option_type": "CALL",
        "strike_price": "96000",
    },
    "BTC-USD-27JUN25-100000-P": {
        "asset_kind": "OPTION",
        "option_type": "PUT",
        "strike_price": "100000",
        "expiry_at": 1_751_011_200_000,
    },
}
# From a hundred-millionth to a million, with steps that are no power of ten.
INCREMENTS_E8: Final = (1, 5, 100, 250, 10**4, 10**7, 5 * 10**7, 10**8, 25 * 10**8, 10**14)


@dataclass
class Run:
    """One encoding's way through a router of its own."""

    instrument: Instrument
    objects: list[Any] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.router = FeedRouter(
            emit=self.objects.append,
            now_ns=lambda: NOW_NS,
            on_book_broken=lambda feed: self.broken.append(feed.symbol),
            warn=self.warnings.append,
        )
        self.router.add_listener(
            MarketSummaryEvent,
            lambda event, arrived_ns: self.objects.append(market_summary(event, arrived_ns)),
        )
        feed = MarketFeed(self.instrument)
        feed.uses = ALL_USES
        self.router.add(feed)

    @property
    def counters(self) -> dict[str, int]:
        return {name: self.router.metrics[name] for name in COUNTERS}

    @property
    def refusals(self) -> list[str]:
        """What was said of them, without the figures: a time in ms is not one in µs."""
        return [re.sub(r"-?\d+", "#", text) for text in self.warnings]


INT64_MAX: Final = 2**63 - 1
int64s = st.integers(-INT64_MAX, INT64_MAX)
times_us = st.integers(0, 4 * 10**15) | st.sampled_from([-1, INT64_MAX]) | st.none()

# Values of a market whose step is not drawn yet: so many steps, and so much beside them.
type Amount = tuple[int, int] | None
amounts = st.one_of(
    st.tuples(st.integers(1, 10**5), st.just(0)),
    st.tuples(st.integers(1, 10**5), st.sampled_from([0, 0, 1, 10, 10**4])),
    st.tuples(st.just(0), st.integers(0, 9)),  # below 1e-7
    st.tuples(st.just(0), st.integers(10**14, 10**16)),  # above 1e6
    st.tuples(st.just(0), st.integers(1, 10**8)),  # of eight decimals
    st.tuples(st.just(0), int64s),
)
amounts_or_none = st.none() | amounts | amounts | amounts


@dataclass(frozen=True)
class Listed:
    """A market and its increments."""

    symbol: str
    tick_e8: int
    size_step_e8: int

    def price(self, amount: Amount) -> int | None:
        return _valued(amount, self.tick_e8)

    def size(self, amount: Amount) -> int | None:
        return _valued(amount, self.size_step_e8)

    def instrument(self) -> Instrument:
        market = rest.Market(
            symbol=self.symbol,
            base_currency=self.symbol.split("-")[0],
            settlement_currency="USDC",
            price_tick_size=e8_to_str(self.tick_e8),
            order_size_increment=e8_to_str(self.size_step_e8),
            funding_period_hours=8,
            **KINDS[self.symbol],
        )
        instrument = instrument_from_market(market, fees=FeeRates.documented(), ts_init=0)
        assert instrument is not None
        return instrument


def _valued(amount: Amount, step_e8: int) -> int | None:
    if amount is None:
        return None
    steps, beside = amount
    return min(steps * step_e8 + beside, INT64_MAX)


listed = st.builds(
    Listed,
    st.sampled_from(list(KINDS)),
    st.sampled_from(INCREMENTS_E8),
    st.sampled_from(INCREMENTS_E8),
)

# What is drawn for an event becomes one of the market with the function beside it.
type Drawn = tuple[Callable[[Listed, Any], Event], Any]


def _bbo(market: Listed, drawn: tuple[int | None, list[Amount]]) -> BboEvent:
    ts, (bid_price, bid_size, ask_price, ask_size) = drawn
    return BboEvent(
        ts=ts,
        seq=7,
        bid_price=market.price(bid_price),
        bid_size=market.size(bid_size),
        ask_price=market.price(ask_price),
        ask_size=market.size(ask_size),
        market=market.symbol,
    )


def _trade(
    market: Listed, drawn: tuple[int | None, str, str, str, int, Amount, Amount]
) -> TradeEvent:
    ts, trade_type, side, trade_id, seq, price, size = drawn
    off_book = trade_type in {FillType.BLOCK_TRADE, FillType.UNWIND_TRANSFER}
    return TradeEvent(
        ts=ts,
        created_at=ts,  # JSON has one time
        seq=0 if off_book else seq,  # JSON has none
        side=side,
        price=market.price(price),
        size=market.size(size),
        trade_type=trade_type,
        trade_id_str=trade_id,
        market=market.symbol,
    )


def _summary(
    market: Listed,
    drawn: tuple[int | None, list[Amount], int | None, list[Amount], dict[str, int | None]],
) -> MarketSummaryEvent:
    ts, (mark_price, index_price), rate, best, others = drawn
    return MarketSummaryEvent(
        ts=ts,
        mark_price=market.price(mark_price),
        index_price=market.price(index_price),
        # The coarser of the two rates is the finer one, cut off.
        funding_rate=None if rate is None else abs(rate) // 10**4 * (1 if rate > 0 else -1),
        funding_rate_precise=rate,
        # JSON writes 0 for what there is not.
        **{name: market.price(value) or None for name, value in zip(BEST, best, strict=True)},
        **others,
        market=market.symbol,
    )


def _book(
    market: Listed,
    drawn: tuple[int | None, int, str, list[tuple[Amount, Amount]], list[tuple[Amount, Amount]]],
) -> BookEvent:
    ts, seq, pkg_type, bids, asks = drawn
    return BookEvent(
        ts=ts,
        seq=seq,
        pkg_type=pkg_type,
        # A price is in an event once.
        bids=list({market.price(price): market.size(size) for price, size in bids}.items()),
        asks=list({market.price(price): market.size(size) for price, size in asks}.items()),
        market=market.symbol,
    )


SUMMARY_ROWS: Final = json_fields.SUMMARY + json_fields.SUMMARY_OPTION
BEST: Final = ("bid", "bid_size", "ask", "ask_size")
_DRAWN_APART: Final = {"ts", "market", "mark_price", "index_price", "funding_rate_precise", *BEST}
OTHERS: Final = sorted(
    {attribute for _, attribute, _ in SUMMARY_ROWS + json_fields.GREEKS} - _DRAWN_APART
)
"""What a ticker has beside its times, prices and rates: any number, or none."""

levels = st.lists(st.tuples(amounts, amounts | st.just((0, 0))), max_size=4)

bbos = st.tuples(
    st.just(_bbo),
    st.tuples(times_us, st.lists(amounts_or_none, min_size=4, max_size=4)),
)
trades = st.tuples(
    st.just(_trade),
    st.tuples(
        times_us,
        st.sampled_from([kind.value for kind in FillType]),
        st.sampled_from(vocabulary.SIDE.names),
        st.text("0123456789abcdef", min_size=1, max_size=40),
        st.integers(1, 2**40),
        amounts_or_none,
        amounts_or_none,
    ),
)
summaries = st.tuples(
    st.just(_summary),
    st.tuples(
        times_us,
        st.lists(amounts_or_none, min_size=2, max_size=2),
        st.none() | int64s,
        st.lists(amounts_or_none, min_size=len(BEST), max_size=len(BEST)),
        st.fixed_dictionaries({name: st.none() | int64s for name in OTHERS}),
    ),
)
books = st.tuples(
    st.just(_book),
    # Sequences of which some follow on one another, and many do not.
    st.tuples(
        times_us,
        st.integers(1, 6),
        st.sampled_from(["SNAPSHOT", "DELTA", "DELTA"]),
        levels,
        levels,
    ),
)

type Stream = tuple[Listed, list[Event]]


def streams(*kinds: st.SearchStrategy[Drawn]) -> st.SearchStrategy[Stream]:
    """Some events of one market."""

    def told_of(drawn: tuple[Listed, list[Drawn]]) -> Stream:
        market, events = drawn
        return market, [make(market, values) for make, values in events]

    some = st.lists(st.one_of(*kinds), min_size=1, max_size=8)
    return st.tuples(listed, some).map(told_of)


def as_json(event: Event, prices: JsonBooks) -> bytes:
    """The notification of an event, without the fields that the event does not have."""
    match event:
        case BboEvent():
            return _notification(f"bbo.{event.market}", _object(event, json_fields.BBO))
        case TradeEvent():
            return _notification(f"trades.{event.market}", _object(event, json_fields.TRADE))
        case BookEvent():
            return _notification(f"order_book.{event.market}.deltas", _book_json(event, prices))
        case MarketSummaryEvent():
            data = _object(event, SUMMARY_ROWS) | {"greeks": _object(event, json_fields.GREEKS)}
            if event.funding_rate is not None:
                # In schema version 0 there is only the coarser rate.
                data.setdefault("funding_rate", e8_to_str(event.funding_rate))
            return _notification(f"markets_summary.{event.market}", data)
        case _:
            raise AssertionError(event)


def _object(event: Event, rows: json_fields.Fields) -> dict[str, Any]:
    return {
        name: write(value)
        for name, attribute, write in rows
        if (value := getattr(event, attribute)) is not None
    }


def _book_json(event: BookEvent, prices: JsonBooks) -> dict[str, Any]:
    if event.pkg_type == "SNAPSHOT":
        prices.reset(event, interactive=False)
        data = snapshot_json(event)
    else:
        data = prices.delta_json(event, interactive=False)
    return {
        name: value for name, value in data.items() if event.ts is not None or "_at" not in name
    }


def _notification(channel: str, data: object) -> bytes:
    return rpc.encode_notification(channel, data).encode()


def both_ways(market: Listed, events: list[Event], version: int) -> tuple[Run, Run]:
    binary, text = Run(market.instrument()), Run(market.instrument())
    prices = JsonBooks()
    for event in events:
        frame = sbe.encode(event, version)
        carried = sbe.decode(frame)
        assert carried is not None
        if isinstance(event, TradeEvent):
            carried = replace(carried, trade_id_str=event.trade_id_str)
        binary.router.on_frame(frame, BINARY)
        text.router.on_frame(as_json(carried, prices), TEXT)
    return binary, text


def told(run: Run, version: int) -> list[dict[str, Any]]:
    """The objects in plain form, with the times that both encodings have."""
    rows = []
    for data in run.objects:
        row = _row(data)
        for part in (row, *row.get("deltas", ())):
            if "ts_event" in part:
                part["ts_event"] //= 1_000_000
        if version < 2:
            row.pop("trade_id", None)  # the binary feed had none yet
        if "deltas" in row:
            row["deltas"] = _in_one_order(row["deltas"])
        rows.append(row)
    return rows


def _row(data: Any) -> dict[str, Any]:
    if isinstance(data, ParadexMarketSummary):
        # Not as text, in which a decimal shows how many digits it was written with.
        return {name: getattr(data, name) for name in data.__dataclass_fields__}
    return as_dict(data)


def _in_one_order(deltas: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """JSON names what it deletes first. The last one ends the event, whichever it is."""
    assert [bool(delta["flags"] & LAST) for delta in deltas] == [
        *[False] * (len(deltas) - 1),
        True,
    ]
    for delta in deltas:
        delta["flags"] &= ~LAST
    clears = [delta for delta in deltas if delta["action"] == "CLEAR"]
    assert deltas[: len(clears)] == clears
    return clears + sorted(deltas[len(clears) :], key=repr)


def assert_equal(market: Listed, events: list[Event], version: int) -> None:
    binary, text = both_ways(market, events, version)

    assert told(text, version) == told(binary, version)
    assert text.counters == binary.counters
    assert text.refusals == binary.refusals
    assert text.broken == binary.broken


@EACH_VERSION
@UNTIMED
@given(stream=streams(bbos))
def test_best_prices(stream: Stream, version: int) -> None:
    assert_equal(*stream, version)


@EACH_VERSION
@UNTIMED
@given(stream=streams(trades))
def test_trades(stream: Stream, version: int) -> None:
    assert_equal(*stream, version)


@EACH_VERSION
@UNTIMED
@given(stream=streams(summaries))
def test_tickers(stream: Stream, version: int) -> None:
    assert_equal(*stream, version)


@EACH_VERSION
@UNTIMED
@given(stream=streams(books))
def test_books(stream: Stream, version: int) -> None:
    assert_equal(*stream, version)


@EACH_VERSION
@UNTIMED
@given(stream=streams(bbos, trades, summaries, books))
def test_everything_together(stream: Stream, version: int) -> None:
    assert_equal(*stream, version)
