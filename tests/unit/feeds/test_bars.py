"""Given candles, trades and a clock that only moves when told to: which bars come out."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nautilus_trader.model.data import Bar, BarType
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.instruments import CryptoPerpetual, Instrument

from nautilus_paradex.feeds.bars import BarFollower
from nautilus_paradex.feeds.candles import Candles, candles_of
from nautilus_paradex.feeds.trade_bars import TradeBars
from nautilus_paradex.parsing import market_data
from nautilus_paradex.protocol.events import TradeEvent
from nautilus_paradex.transport.errors import UnknownOutcomeError
from tests.unit.feeds.conftest import MARKET

MINUTE_MS = 60_000
START_MS = 1_791_421_500_000  # a full minute
E8 = 10**8
LAST = BarType.from_str(f"{MARKET}.PARADEX-1-MINUTE-LAST-EXTERNAL")
MARK = BarType.from_str(f"{MARKET}.PARADEX-1-MINUTE-MARK-EXTERNAL")
FIVE = BarType.from_str(f"{MARKET}.PARADEX-5-MINUTE-LAST-EXTERNAL")

type Row = tuple[int, int, int, int, int]
"""Open, high, low, close (whole) and volume (1e-3)."""


@dataclass
class Venue:
    """Candles as the venue has them, and time."""

    now_ms: int = START_MS + 10_000
    candles: dict[int, Row] = field(default_factory=dict)
    answers: list[dict[int, Row] | None] = field(default_factory=list)
    asked: list[tuple[int, int]] = field(default_factory=list)
    whole_since_ms: int | None = 0

    async def closed_bars(
        self,
        instrument: Instrument,
        bar_type: BarType,
        candles: Candles,
        start_ms: int,
        end_ms: int,
    ) -> dict[int, Bar]:
        """Answer with what was put into `answers`, then from `candles`."""
        self.asked.append((start_ms, end_ms))
        rows: dict[int, Row] | None = self.answers.pop(0) if self.answers else self.candles
        if rows is None:
            raise UnknownOutcomeError("GET /markets/klines: no answer")
        return {
            open_ms: _bar(bar_type, open_ms, row, candles.interval_ms, instrument)
            for open_ms, row in rows.items()
            if start_ms <= open_ms and open_ms + candles.interval_ms <= end_ms
        }


def _bar(
    bar_type: BarType, open_ms: int, row: Row, interval_ms: int, instrument: Instrument
) -> Bar:
    return market_data.bar_from_prices(
        bar_type,
        tuple(price * E8 for price in row[:4]),
        row[4] * E8 // 1_000,
        open_ms=open_ms,
        interval_ms=interval_ms,
        price_precision=instrument.price_precision,
        size_precision=instrument.size_precision,
        ts_init=0,
    )


class Sleeper:
    """Time passes only here: each sleep ends when the test has let that much of it pass."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._waiting: list[tuple[int, asyncio.Event]] = []

    async def __call__(self, secs: float) -> None:
        woken = asyncio.Event()
        self._waiting.append((self._venue.now_ms + max(1, round(secs * 1_000)), woken))
        await woken.wait()

    async def pass_until(self, to_ms: int) -> None:
        """Let time pass, waking whoever sleeps in the order of their times."""
        await _run_others()
        while due := [entry for entry in self._waiting if entry[0] <= to_ms]:
            at_ms, woken = min(due, key=lambda entry: entry[0])
            self._waiting.remove((at_ms, woken))
            self._venue.now_ms = max(self._venue.now_ms, at_ms)
            woken.set()
            await _run_others()
        self._venue.now_ms = to_ms


async def _run_others() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


@dataclass
class Given:
    venue: Venue
    sleeper: Sleeper
    follower: BarFollower
    bars: list[Bar]
    warnings: list[str]

    def trade(self, at_ms: int, price: int, size_milli: int = 1, seq: int | None = 1) -> None:
        self.follower.on_trade(_trade(at_ms, price, size_milli, seq), 0)

    async def pass_until(self, offset_ms: int) -> None:
        await self.sleeper.pass_until(START_MS + offset_ms)

    def closes(self) -> list[tuple[int, int]]:
        """Minutes from the start, and the closing price, of what was emitted."""
        return [
            ((bar.ts_event // 1_000_000 - START_MS) // MINUTE_MS, int(bar.close))
            for bar in self.bars
        ]


def _trade(at_ms: int, price: int, size_milli: int = 1, seq: int | None = 1) -> TradeEvent:
    return TradeEvent(
        created_at=at_ms * 1_000,
        price=price * E8,
        size=size_milli * E8 // 1_000,
        market=MARKET,
        seq=seq,
    )


@pytest.fixture
async def given_bars(instrument: CryptoPerpetual) -> AsyncIterator[Given]:
    venue = Venue()
    sleeper = Sleeper(venue)
    bars: list[Bar] = []
    warnings: list[str] = []
    follower = BarFollower(
        venue.closed_bars,
        find_instrument=lambda _: instrument,
        trusted_since=lambda _: venue.whole_since_ms,
        venue_ms=lambda: venue.now_ms,
        now_ns=lambda: venue.now_ms * 1_000_000,
        emit=bars.append,
        warn=warnings.append,
        bars_timestamp_on_close=True,
        sleep=sleeper,
    )
    yield Given(venue, sleeper, follower, bars, warnings)
    follower.close()


def follow(given: Given, *bar_types: BarType) -> None:
    for bar_type in bar_types:
        given.follower.follow(bar_type, candles_of(bar_type))


async def test_a_bar_comes_at_the_close_of_its_interval_and_not_before(given_bars: Given) -> None:
    follow(given_bars, LAST)
    given_bars.venue.candles = {START_MS: (10, 12, 9, 11, 5)}

    await given_bars.pass_until(59_999)
    before = list(given_bars.bars)
    await given_bars.pass_until(64_000)

    assert before == []
    (bar,) = given_bars.bars
    assert bar.bar_type == LAST
    assert [int(p) for p in (bar.open, bar.high, bar.low, bar.close)] == [10, 12, 9, 11]
    assert bar.ts_event == (START_MS + MINUTE_MS) * 1_000_000


async def test_each_minute_has_one_bar(given_bars: Given) -> None:
    follow(given_bars, LAST)
    given_bars.venue.candles = {START_MS + n * MINUTE_MS: (n, n, n, n, 1) for n in range(1, 9)}

    await given_bars.pass_until(9 * MINUTE_MS + 5_000)

    assert given_bars.closes() == [(n + 1, n) for n in range(1, 9)]


async def test_a_candle_that_lacks_the_last_trades_is_asked_for_again(given_bars: Given) -> None:
    follow(given_bars, LAST)
    given_bars.trade(START_MS + 20_000, 10)
    given_bars.trade(START_MS + 59_999, 14)
    given_bars.venue.answers = [{START_MS: (10, 10, 10, 10, 1)}, {START_MS: (10, 14, 10, 14, 2)}]

    await given_bars.pass_until(64_000)

    assert given_bars.closes() == [(1, 14)]
    assert len(given_bars.venue.asked) == 2


async def test_a_candle_that_agrees_with_the_trades_is_taken_at_once(given_bars: Given) -> None:
    follow(given_bars, LAST)
    given_bars.trade(START_MS + 20_000, 10)
    given_bars.venue.candles = {START_MS: (10, 10, 10, 10, 1)}

    await given_bars.pass_until(60_300)

    assert given_bars.closes() == [(1, 10)]
    assert len(given_bars.venue.asked) == 1


async def test_the_venue_prevails_where_it_goes_on_disagreeing(given_bars: Given) -> None:
    follow(given_bars, LAST)
    given_bars.trade(START_MS + 20_000, 10)
    given_bars.venue.candles = {START_MS: (10, 11, 10, 11, 2)}

    await given_bars.pass_until(66_000)

    assert given_bars.closes() == [(1, 11)]
    assert given_bars.follower.metrics.snapshot()["bars_differing_from_trades"] == 1


async def test_an_interval_without_a_trade_has_no_bar(given_bars: Given) -> None:
    follow(given_bars, LAST)

    await given_bars.pass_until(3 * MINUTE_MS + 5_000)

    assert given_bars.bars == []
    assert len(given_bars.venue.asked) == 3


async def test_a_candle_that_comes_late_is_emitted_before_the_next(given_bars: Given) -> None:
    follow(given_bars, LAST)
    given_bars.venue.whole_since_ms = None
    await given_bars.pass_until(MINUTE_MS + 30_000)
    given_bars.venue.candles = {
        START_MS: (1, 1, 1, 1, 1),
        START_MS + MINUTE_MS: (2, 2, 2, 2, 1),
    }

    await given_bars.pass_until(2 * MINUTE_MS + 5_000)

    assert given_bars.closes() == [(1, 1), (2, 2)]


async def test_trades_stand_in_for_a_venue_that_does_not_answer(given_bars: Given) -> None:
    follow(given_bars, LAST)
    given_bars.trade(START_MS + 20_000, 10, 2)
    given_bars.trade(START_MS + 30_000, 12, 3)
    given_bars.venue.answers = [None] * 4

    await given_bars.pass_until(MINUTE_MS + 20_000)
    given_bars.venue.candles = {START_MS: (7, 7, 7, 7, 7)}
    await given_bars.pass_until(2 * MINUTE_MS + 5_000)

    assert given_bars.closes() == [(1, 12)]
    assert str(given_bars.bars[0].volume) == "0.005"
    assert given_bars.follower.metrics.snapshot()["bars_from_trades"] == 1


async def test_a_broken_stream_does_not_stand_in_and_the_bars_come_late(given_bars: Given) -> None:
    follow(given_bars, LAST)
    given_bars.trade(START_MS + 20_000, 10)
    given_bars.venue.whole_since_ms = START_MS + 30_000
    given_bars.venue.answers = [None] * 7
    given_bars.venue.candles = {
        START_MS: (10, 15, 10, 15, 9),
        START_MS + MINUTE_MS: (16, 16, 16, 16, 1),
    }

    await given_bars.pass_until(2 * MINUTE_MS + 30_000)

    assert given_bars.closes() == [(1, 15), (2, 16)]


async def test_without_trades_two_equal_answers_make_a_candle_final(given_bars: Given) -> None:
    follow(given_bars, MARK)
    given_bars.venue.answers = [
        {START_MS: (10, 10, 10, 10, 0)},
        {START_MS: (10, 11, 10, 11, 0)},
        {START_MS: (10, 11, 10, 11, 0)},
    ]

    await given_bars.pass_until(MINUTE_MS + 30_000)

    assert given_bars.closes() == [(1, 11)]
    assert given_bars.bars[0].bar_type == MARK


async def test_series_of_one_market_do_not_disturb_each_other(given_bars: Given) -> None:
    follow(given_bars, LAST, FIVE)
    first_of_five_ms = START_MS // (5 * MINUTE_MS) * 5 * MINUTE_MS
    given_bars.venue.candles = {first_of_five_ms: (1, 2, 1, 2, 1)}

    await given_bars.sleeper.pass_until(first_of_five_ms + 5 * MINUTE_MS + 5_000)
    given_bars.follower.leave(LAST)
    asked = len(given_bars.venue.asked)
    await given_bars.sleeper.pass_until(first_of_five_ms + 9 * MINUTE_MS)

    assert FIVE in {bar.bar_type for bar in given_bars.bars}
    assert given_bars.follower.uses_trades(FIVE.instrument_id)
    assert len(given_bars.venue.asked) == asked


async def test_block_trades_make_no_bar(given_bars: Given) -> None:
    follow(given_bars, LAST)
    given_bars.trade(START_MS + 20_000, 99, seq=0)
    given_bars.venue.answers = [None] * 4

    await given_bars.pass_until(MINUTE_MS + 20_000)

    assert given_bars.bars == []


async def test_trades_without_a_sequence_as_in_json_make_bars(given_bars: Given) -> None:
    follow(given_bars, LAST)
    given_bars.trade(START_MS + 20_000, 99, seq=None)
    given_bars.venue.answers = [None] * 4

    await given_bars.pass_until(MINUTE_MS + 20_000)

    assert given_bars.closes() == [(1, 99)]


async def test_a_volume_that_is_turnover_is_kept_in_its_unit(given_bars: Given) -> None:
    follow(given_bars, LAST)
    given_bars.trade(START_MS + 20_000, 10, 2_000)
    given_bars.venue.answers = [{START_MS: (10, 10, 10, 10, 20_000)}, *[None] * 4]

    await given_bars.pass_until(MINUTE_MS + 10_000)
    given_bars.trade(START_MS + MINUTE_MS + 20_000, 30, 1_000)
    await given_bars.pass_until(2 * MINUTE_MS + 20_000)

    assert [str(bar.volume) for bar in given_bars.bars] == ["20.000", "30.000"]


async def test_what_is_left_emits_nothing_more(given_bars: Given) -> None:
    follow(given_bars, LAST)
    given_bars.venue.candles = {START_MS: (1, 1, 1, 1, 1)}

    given_bars.follower.leave(LAST)
    await given_bars.pass_until(2 * MINUTE_MS)

    assert given_bars.bars == []
    assert given_bars.venue.asked == []


async def test_a_market_that_ends_is_asked_for_its_last_bar_and_no_further(
    given_bars: Given,
) -> None:
    follow(given_bars, LAST, MARK)
    given_bars.venue.candles = {START_MS: (7, 7, 7, 7, 1)}
    await given_bars.pass_until(20_000)
    given_bars.follower.relist(LAST.instrument_id, is_listed=False)
    await given_bars.pass_until(2 * MINUTE_MS - 1)
    asked = len(given_bars.venue.asked)
    assert given_bars.closes() == [(1, 7)] * 2

    await given_bars.pass_until(9 * MINUTE_MS - 1)
    assert len(given_bars.venue.asked) == asked

    given_bars.venue.candles[START_MS + 9 * MINUTE_MS] = (8, 8, 8, 8, 1)
    given_bars.follower.relist(LAST.instrument_id, is_listed=True)
    await given_bars.pass_until(10 * MINUTE_MS + 5_000)
    assert given_bars.closes()[2:] == [(10, 8)] * 2


async def test_the_end_of_a_market_does_not_end_the_bars_of_another(given_bars: Given) -> None:
    follow(given_bars, LAST)
    given_bars.venue.candles = {START_MS + MINUTE_MS: (7, 7, 7, 7, 1)}
    other = InstrumentId.from_str("ETH-USD-PERP.PARADEX")

    given_bars.follower.relist(other, is_listed=False)
    await given_bars.pass_until(2 * MINUTE_MS + 5_000)

    assert given_bars.closes() == [(2, 7)]


trades = st.lists(
    st.tuples(st.integers(0, 10 * MINUTE_MS), st.integers(1, 1_000), st.integers(1, 1_000)),
    min_size=1,
    max_size=60,
)


@given(trades, st.sampled_from([1, 3, 5]))
def test_bars_of_trades_are_those_of_a_plain_reckoning(
    seen: list[tuple[int, int, int]], minutes: int
) -> None:
    interval_ms = minutes * MINUTE_MS
    bars = TradeBars(interval_ms)
    first_ms = START_MS // interval_ms * interval_ms
    by_interval: dict[int, list[tuple[int, int]]] = {}
    for offset_ms, price, size in seen:
        bars.add(_trade(first_ms + offset_ms, price, size))
        opened_ms = first_ms + offset_ms - offset_ms % interval_ms
        by_interval.setdefault(opened_ms, []).append((price, size))

    for opened_ms, parts in by_interval.items():
        bar = bars.get(opened_ms)
        assert bar is not None
        prices = [price * E8 for price, _ in parts]
        assert (bar.open, bar.high, bar.low, bar.close) == (
            prices[0],
            max(prices),
            min(prices),
            prices[-1],
        )
        assert bar.volume == sum(size * E8 // 1_000 for _, size in parts)
