"""Given the venue's candles, which bars a request is answered with."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nautilus_trader.model.data import BarType
from nautilus_trader.model.instruments import CryptoPerpetual

from nautilus_paradex.feeds.bar_history import BarHistory, opening_times, spans
from nautilus_paradex.feeds.candles import UnsupportedBarsError, candles_of
from nautilus_paradex.feeds.window import UnsupportedRequestError, Window
from tests.unit.feeds.conftest import MARKET, NOW_NS, make_instrument
from tests.unit.feeds.rest_venue import MINUTE_MS, NOW_MS, RestVenue

BARS = BarType.from_str(f"{MARKET}.PARADEX-1-MINUTE-LAST-EXTERNAL")
NS_PER_MS = 1_000_000
INSTRUMENT = make_instrument()


@pytest.fixture
def venue() -> RestVenue:
    return RestVenue()


@pytest.fixture
def warnings() -> list[str]:
    return []


def bar_history(
    venue: RestVenue, warnings: list[str], *, on_close: bool = True, clock_ns: int = NOW_NS
) -> BarHistory:
    return BarHistory(
        venue.client(clock_ns),
        now_ns=lambda: NOW_NS,
        warn=warnings.append,
        bars_timestamp_on_close=on_close,
    )


@pytest.fixture
async def history(venue: RestVenue, warnings: list[str]) -> BarHistory:
    return bar_history(venue, warnings)


class TestBars:
    @pytest.fixture(autouse=True)
    def candles(self, venue: RestVenue) -> None:
        newest = NOW_MS - NOW_MS % MINUTE_MS
        venue.klines = [
            [newest - number * MINUTE_MS, 60_000.5, 60_010, 59_990, 60_005, 1.5]
            for number in range(3_000)
        ]

    async def test_only_complete_ones_are_given(
        self, history: BarHistory, instrument: CryptoPerpetual
    ) -> None:
        bars = await history.bars(instrument, BARS, Window())

        assert len(bars) == 1_000
        assert bars[-1].ts_event == (NOW_MS - NOW_MS % MINUTE_MS) * 1_000_000
        assert [bar.ts_event for bar in bars] == sorted({bar.ts_event for bar in bars})
        # What the platform sorts, bounds and stores history by.
        assert [bar.ts_init for bar in bars] == [bar.ts_event for bar in bars]

    async def test_without_a_start_they_are_the_newest_thousand_that_there_are(
        self, history: BarHistory, venue: RestVenue, instrument: CryptoPerpetual
    ) -> None:
        del venue.klines[10:20]

        bars = await history.bars(instrument, BARS, Window())

        assert len(bars) == 1_000
        # The newest candle is not complete, ten are missing.
        assert bars[0].ts_event == (NOW_MS - NOW_MS % MINUTE_MS - 1_009 * MINUTE_MS) * NS_PER_MS

    async def test_a_limit_means_the_newest(
        self, history: BarHistory, instrument: CryptoPerpetual
    ) -> None:
        bars = await history.bars(instrument, BARS, Window(limit=5))

        assert len(bars) == 5
        assert bars[-1].ts_event == (NOW_MS - NOW_MS % MINUTE_MS) * 1_000_000

    async def test_a_long_time_is_asked_for_in_spans(
        self, history: BarHistory, venue: RestVenue, instrument: CryptoPerpetual
    ) -> None:
        window = Window(start_ns=(NOW_MS - 2_500 * MINUTE_MS) * NS_PER_MS)

        bars = await history.bars(instrument, BARS, window)

        assert len(bars) == 2_500
        assert len(venue.asked) == 3

    @pytest.mark.parametrize(
        ("bar_type", "complaint"),
        [
            ("2-MINUTE-LAST-EXTERNAL", "1, 3, 5, 15, 30 or 60 minutes"),
            ("1-DAY-LAST-EXTERNAL", "1, 3, 5, 15, 30 or 60 minutes"),
            ("100-TICK-LAST-EXTERNAL", "1, 3, 5, 15, 30 or 60 minutes"),
            ("1-MINUTE-BID-EXTERNAL", "LAST or MARK"),
            ("1-MINUTE-LAST-INTERNAL", "EXTERNAL"),
        ],
    )
    async def test_what_the_venue_does_not_have_is_said(
        self,
        history: BarHistory,
        instrument: CryptoPerpetual,
        bar_type: str,
        complaint: str,
    ) -> None:
        with pytest.raises(UnsupportedBarsError, match=complaint):
            await history.bars(
                instrument, BarType.from_str(f"{MARKET}.PARADEX-{bar_type}"), Window()
            )

    @pytest.mark.parametrize(
        ("bar_type", "resolution", "price_kind"),
        [
            ("1-HOUR-LAST-EXTERNAL", "60", "last"),
            ("15-MINUTE-MARK-EXTERNAL", "15", "mark"),
        ],
    )
    async def test_a_bar_type_chooses_the_candles(
        self,
        history: BarHistory,
        venue: RestVenue,
        instrument: CryptoPerpetual,
        bar_type: str,
        resolution: str,
        price_kind: str,
    ) -> None:
        kind = BarType.from_str(f"{MARKET}.PARADEX-{bar_type}")

        await history.bars(instrument, kind, Window(limit=1))

        assert venue.asked[0].url.params["resolution"] == resolution
        assert venue.asked[0].url.params["price_kind"] == price_kind

    async def test_the_index_is_named_by_a_parameter(
        self, history: BarHistory, venue: RestVenue, instrument: CryptoPerpetual
    ) -> None:
        await history.bars(instrument, BARS, Window(limit=1), {"price_kind": "index"})

        assert venue.asked[0].url.params["price_kind"] == "underlying"

    async def test_an_unknown_price_kind_is_refused(
        self, history: BarHistory, venue: RestVenue, instrument: CryptoPerpetual
    ) -> None:
        with pytest.raises(UnsupportedBarsError, match=r"price_kind must be one of .* was 'mid'"):
            await history.bars(instrument, BARS, Window(), {"price_kind": "mid"})
        assert venue.asked == []

    async def test_a_time_beyond_all_measure_is_refused(
        self, history: BarHistory, venue: RestVenue, instrument: CryptoPerpetual
    ) -> None:
        with pytest.raises(UnsupportedRequestError, match="ask for a shorter time"):
            await history.bars(instrument, BARS, Window(start_ns=1))
        assert venue.asked == []

    async def test_a_limit_within_a_long_time_asks_for_no_more_than_it_needs(
        self, history: BarHistory, venue: RestVenue, instrument: CryptoPerpetual
    ) -> None:
        bars = await history.bars(instrument, BARS, Window(start_ns=1, limit=3))

        assert len(bars) == 3
        assert bars[-1].ts_event == (NOW_MS - NOW_MS % MINUTE_MS) * NS_PER_MS
        assert len(venue.asked) == 1

    async def test_a_window_in_the_future_or_turned_round_is_empty(
        self, history: BarHistory, venue: RestVenue, instrument: CryptoPerpetual
    ) -> None:
        hour_ns = 60 * MINUTE_MS * NS_PER_MS
        future = Window(start_ns=NOW_NS + hour_ns, end_ns=NOW_NS + 2 * hour_ns)
        turned = Window(start_ns=NOW_NS - hour_ns, end_ns=NOW_NS - 2 * hour_ns)

        assert await history.bars(instrument, BARS, future) == []
        assert await history.bars(instrument, BARS, turned) == []
        assert venue.asked == []

    @pytest.mark.parametrize("ahead_ms", [-MINUTE_MS, 0, MINUTE_MS])
    async def test_which_bar_is_complete_is_told_by_the_venues_clock(
        self,
        venue: RestVenue,
        warnings: list[str],
        instrument: CryptoPerpetual,
        ahead_ms: int,
    ) -> None:
        venue_ns = NOW_NS - ahead_ms * NS_PER_MS
        history = bar_history(venue, warnings, clock_ns=venue_ns)

        (bar,) = await history.bars(instrument, BARS, Window(limit=1))

        assert bar.ts_event <= venue_ns < bar.ts_event + MINUTE_MS * NS_PER_MS

    async def test_bars_that_closed_are_found_by_their_opening(
        self, history: BarHistory, instrument: CryptoPerpetual
    ) -> None:
        close_ms = NOW_MS // MINUTE_MS * MINUTE_MS
        start_ms = close_ms - 2 * MINUTE_MS

        bars = await history.closed_bars(instrument, BARS, candles_of(BARS), start_ms, close_ms)

        assert list(bars) == [start_ms, start_ms + MINUTE_MS]
        assert {bar.ts_init for bar in bars.values()} == {NOW_NS}

    async def test_bars_stamped_with_their_opening_are_known_at_their_close(
        self, venue: RestVenue, warnings: list[str], instrument: CryptoPerpetual
    ) -> None:
        history = bar_history(venue, warnings, on_close=False)

        (bar,) = await history.bars(instrument, BARS, Window(limit=1))

        assert bar.ts_init == (NOW_MS - NOW_MS % MINUTE_MS) * NS_PER_MS
        assert bar.ts_event == bar.ts_init - MINUTE_MS * NS_PER_MS

    async def test_a_bad_candle_costs_no_other(
        self,
        history: BarHistory,
        venue: RestVenue,
        warnings: list[str],
        instrument: CryptoPerpetual,
    ) -> None:
        venue.klines[2][2] = 1  # a high below its open
        venue.klines[3] = venue.klines[3][:4]

        bars = await history.bars(instrument, BARS, Window(start_ns=NOW_NS - 10**9 * 600))

        assert len(bars) == 8
        (warning,) = warnings
        assert warning.startswith("2 of 10 items left out")


# -- Chunking --------------------------------------------------------------------------------------

INTERVALS = st.sampled_from([1, 3, 5, 15, 30, 60]).map(lambda minutes: minutes * MINUTE_MS)
# Times near the edges of candles, where mistakes are made.
TIMES = st.builds(
    lambda minute, ns: (NOW_MS // MINUTE_MS - minute) * MINUTE_MS * NS_PER_MS + ns,
    st.integers(-3, 500),
    st.sampled_from([-NS_PER_MS, -1, 0, 1, NS_PER_MS]),
)


@given(INTERVALS, TIMES, TIMES)
def test_a_window_has_the_candles_that_close_in_it_and_are_complete(
    interval_ms: int, start_ns: int, end_ns: int
) -> None:
    newest = NOW_MS // interval_ms + 2
    expected = [
        close - interval_ms
        for close in range((newest - 600) * interval_ms, newest * interval_ms, interval_ms)
        if start_ns <= close * NS_PER_MS <= min(end_ns, NOW_NS)
    ]

    assert list(opening_times(Window(start_ns, end_ns), interval_ms, NOW_NS)) == expected


@given(INTERVALS, TIMES, TIMES, TIMES)
def test_windows_side_by_side_share_no_candle_and_miss_none(
    interval_ms: int, one_ns: int, two_ns: int, three_ns: int
) -> None:
    start_ns, middle_ns, end_ns = sorted((one_ns, two_ns, three_ns))

    first = opening_times(Window(start_ns, middle_ns), interval_ms, NOW_NS)
    second = opening_times(Window(middle_ns + 1, end_ns), interval_ms, NOW_NS)
    whole = opening_times(Window(start_ns, end_ns), interval_ms, NOW_NS)

    assert [*first, *second] == list(whole)


@given(st.integers(0, 5_000), st.integers(1, 1_200))
def test_spans_are_the_whole_in_parts_the_newest_first(count: int, size: int) -> None:
    opens = range(600_000, 600_000 + count * MINUTE_MS, MINUTE_MS)

    parts = list(spans(opens, size))

    assert all(0 < len(part) <= size for part in parts)
    assert [open_ms for part in reversed(parts) for open_ms in part] == list(opens)


@given(
    missing=st.sets(st.integers(0, 40)),
    start=st.integers(0, 40),
    length=st.integers(1, 40),
    limit=st.none() | st.integers(1, 12),
    max_candles=st.integers(1, 50),
)
async def test_no_reply_that_is_cut_short_leaves_a_gap(
    missing: set[int],
    start: int,
    length: int,
    limit: int | None,
    max_candles: int,
) -> None:
    newest_ms = NOW_MS // MINUTE_MS * MINUTE_MS - MINUTE_MS
    opens = [newest_ms - n * MINUTE_MS for n in range(41) if n not in missing]
    venue = RestVenue(
        klines=[[open_ms, 60_000.5, 60_010, 59_990, 60_005, 1.5] for open_ms in opens],
        max_candles=max_candles,
    )
    end_ms = newest_ms - start * MINUTE_MS + MINUTE_MS
    begin_ms = end_ms - length * MINUTE_MS
    expected = sorted(o + MINUTE_MS for o in opens if begin_ms <= o + MINUTE_MS <= end_ms)
    history = bar_history(venue, [])

    bars = await history.bars(
        INSTRUMENT, BARS, Window(begin_ms * NS_PER_MS, end_ms * NS_PER_MS, limit)
    )

    wanted = expected[-limit:] if limit else expected
    assert [bar.ts_event // NS_PER_MS for bar in bars] == wanted
