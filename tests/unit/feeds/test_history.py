"""Given what the venue keeps, how requests for it are answered."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import httpx
import pytest
from msgspec.structs import replace
from nautilus_trader.model.data import BarType
from nautilus_trader.model.enums import AggressorSide
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.instruments import CryptoPerpetual, Instrument

from nautilus_paradex.feeds.candles import UnsupportedBarsError
from nautilus_paradex.feeds.history import HistoryRequests, UnsupportedRequestError, Window
from nautilus_paradex.parsing.instruments import FeeRates, instrument_from_market
from nautilus_paradex.protocol import rest
from nautilus_paradex.transport.clock import VenueClock
from nautilus_paradex.transport.errors import RequestError
from nautilus_paradex.transport.http import ParadexHttpClient
from tests.unit.feeds.conftest import MARKET, NOW_NS

MINUTE_MS = 60_000
NOW_MS = NOW_NS // 1_000_000
BARS = BarType.from_str(f"{MARKET}.PARADEX-1-MINUTE-LAST-EXTERNAL")


@dataclass
class Venue:
    """Answers public requests from what it was given, newest first, in pages."""

    trades: list[dict[str, Any]] = field(default_factory=list)
    funding: list[dict[str, Any]] = field(default_factory=list)
    klines: list[list[float]] = field(default_factory=list)
    summaries: list[dict[str, Any]] = field(default_factory=list)
    bbo: dict[str, Any] = field(default_factory=dict)
    book: dict[str, Any] = field(default_factory=dict)
    asked: list[httpx.Request] = field(default_factory=list)
    status: int = 200

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        if self.status != 200:
            return httpx.Response(self.status, json={"message": "no"})
        path = request.url.path.removeprefix("/v1")
        params = request.url.params
        if path == "/trades":
            return httpx.Response(200, json=_page(self.trades, params))
        if path == "/funding/data":
            return httpx.Response(200, json=_page(self.funding, params))
        if path == "/markets/klines":
            start, end = int(params["start_at"]), int(params["end_at"])
            rows = [row for row in self.klines if start <= row[0] <= end]
            return httpx.Response(200, json={"results": rows})
        if path == "/markets/summary":
            return httpx.Response(200, json={"results": self.summaries})
        if path.startswith("/bbo/"):
            return httpx.Response(200, json=self.bbo)
        return httpx.Response(200, json=self.book)


def _page(items: list[dict[str, Any]], params: httpx.QueryParams) -> dict[str, Any]:
    start, end = int(params.get("start_at", 0)), int(params.get("end_at", 2**62))
    fitting = [item for item in items if start <= item["created_at"] <= end]
    offset, size = int(params.get("cursor", 0)), int(params["page_size"])
    rest_of_them = offset + size < len(fitting)
    return {
        "results": fitting[offset : offset + size],
        "next": str(offset + size) if rest_of_them else None,
    }


@pytest.fixture
def venue() -> Venue:
    return Venue()


@pytest.fixture
def warnings() -> list[str]:
    return []


@pytest.fixture
async def history(venue: Venue, warnings: list[str]) -> AsyncIterator[HistoryRequests]:
    client = ParadexHttpClient(
        "http://venue/v1",
        transport=httpx.MockTransport(venue.answer),
        max_retries=0,
        clock=VenueClock(lambda: NOW_NS),
    )
    yield HistoryRequests(
        client, now_ns=lambda: NOW_NS, warn=warnings.append, bars_timestamp_on_close=True
    )
    await client.close()


def trade(number: int, **fields: object) -> dict[str, Any]:
    """Trade `number` before now: the higher, the older."""
    return {
        "id": f"id-{number}",
        "market": MARKET,
        "side": "SELL",
        "size": "0.001",
        "price": "60000.5",
        "created_at": NOW_MS - number,
        "trade_type": "FILL",
        **fields,
    }


class TestTrades:
    async def test_they_come_in_the_order_of_time(
        self, history: HistoryRequests, venue: Venue, instrument: CryptoPerpetual
    ) -> None:
        venue.trades = [trade(number) for number in range(5)]

        ticks = await history.trades(instrument, Window())

        assert [tick.trade_id.value for tick in ticks] == [f"id-{n}" for n in (4, 3, 2, 1, 0)]
        assert ticks[0].aggressor_side == AggressorSide.SELLER
        assert ticks[-1].ts_event == NOW_MS * 1_000_000
        assert {tick.ts_init for tick in ticks} == {NOW_NS}

    @pytest.mark.parametrize(
        ("window", "expected", "requests"),
        [
            (Window(), 1_000, 1),
            (Window(limit=3), 3, 1),
            (Window(limit=1_500), 1_500, 2),
            (Window(start_ms=NOW_MS - 2_499), 2_500, 3),
            (Window(start_ms=NOW_MS - 2_499, limit=10), 10, 1),
            (Window(start_ms=NOW_MS - 99, end_ms=NOW_MS - 90), 10, 1),
        ],
    )
    async def test_as_many_pages_are_read_as_are_needed(
        self,
        history: HistoryRequests,
        venue: Venue,
        instrument: CryptoPerpetual,
        window: Window,
        expected: int,
        requests: int,
    ) -> None:
        venue.trades = [trade(number) for number in range(4_000)]

        ticks = await history.trades(instrument, window)

        assert len(ticks) == expected
        assert len(venue.asked) == requests

    async def test_a_limit_means_the_newest(
        self, history: HistoryRequests, venue: Venue, instrument: CryptoPerpetual
    ) -> None:
        venue.trades = [trade(number) for number in range(10)]

        ticks = await history.trades(instrument, Window(limit=2))

        assert [tick.trade_id.value for tick in ticks] == ["id-1", "id-0"]

    @pytest.mark.parametrize(
        ("window", "expected"),
        [(Window(), [1_499, 3, 2, 1, 0]), (Window(limit=3), [2, 1, 0])],
    )
    async def test_trades_of_one_millisecond_keep_their_order(
        self,
        history: HistoryRequests,
        venue: Venue,
        instrument: CryptoPerpetual,
        window: Window,
        expected: list[int],
    ) -> None:
        sweep = [trade(number, created_at=NOW_MS) for number in range(4)]
        venue.trades = [*sweep, trade(1_499)]

        ticks = await history.trades(instrument, window)

        assert [tick.trade_id.value for tick in ticks] == [f"id-{n}" for n in expected]

    async def test_a_limit_beyond_a_page_keeps_the_newest_of_a_millisecond(
        self, history: HistoryRequests, venue: Venue, instrument: CryptoPerpetual
    ) -> None:
        venue.trades = [trade(number, created_at=NOW_MS) for number in range(3_000)]

        ticks = await history.trades(instrument, Window(limit=1_001))

        assert (ticks[0].trade_id.value, ticks[-1].trade_id.value) == ("id-1000", "id-0")

    async def test_one_that_cannot_be_held_is_left_out_and_told(
        self,
        history: HistoryRequests,
        venue: Venue,
        instrument: CryptoPerpetual,
        warnings: list[str],
    ) -> None:
        venue.trades = [trade(0), trade(1, price="60000.55"), trade(2, size="0")]

        ticks = await history.trades(instrument, Window())

        assert len(ticks) == 1
        assert len(warnings) == 1
        assert warnings[0].startswith("2 of 3 items left out")

    async def test_a_refusal_is_raised(
        self, history: HistoryRequests, venue: Venue, instrument: CryptoPerpetual
    ) -> None:
        venue.status = 404

        with pytest.raises(RequestError):
            await history.trades(instrument, Window())


class TestBars:
    @pytest.fixture(autouse=True)
    def candles(self, venue: Venue) -> None:
        newest = NOW_MS - NOW_MS % MINUTE_MS
        venue.klines = [
            [newest - number * MINUTE_MS, 60_000.5, 60_010, 59_990, 60_005, 1.5]
            for number in range(3_000)
        ]

    async def test_only_complete_ones_are_given(
        self, history: HistoryRequests, instrument: CryptoPerpetual
    ) -> None:
        bars = await history.bars(instrument, BARS, Window())

        assert len(bars) == 1_000
        assert bars[-1].ts_event == (NOW_MS - NOW_MS % MINUTE_MS) * 1_000_000
        assert [bar.ts_event for bar in bars] == sorted({bar.ts_event for bar in bars})

    async def test_a_limit_means_the_newest(
        self, history: HistoryRequests, instrument: CryptoPerpetual
    ) -> None:
        bars = await history.bars(instrument, BARS, Window(limit=5))

        assert len(bars) == 5
        assert bars[-1].ts_event == (NOW_MS - NOW_MS % MINUTE_MS) * 1_000_000

    async def test_a_long_time_is_asked_for_in_spans(
        self, history: HistoryRequests, venue: Venue, instrument: CryptoPerpetual
    ) -> None:
        window = Window(start_ms=NOW_MS - 2_500 * MINUTE_MS)

        bars = await history.bars(instrument, BARS, window)

        assert len(bars) == 2_499
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
        history: HistoryRequests,
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
        history: HistoryRequests,
        venue: Venue,
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
        self, history: HistoryRequests, venue: Venue, instrument: CryptoPerpetual
    ) -> None:
        await history.bars(instrument, BARS, Window(limit=1), {"price_kind": "index"})

        assert venue.asked[0].url.params["price_kind"] == "underlying"

    async def test_an_unknown_price_kind_is_refused(
        self, history: HistoryRequests, venue: Venue, instrument: CryptoPerpetual
    ) -> None:
        with pytest.raises(UnsupportedBarsError, match=r"price_kind must be one of .* was 'mid'"):
            await history.bars(instrument, BARS, Window(), {"price_kind": "mid"})
        assert venue.asked == []

    async def test_a_time_beyond_all_measure_is_refused(
        self, history: HistoryRequests, venue: Venue, instrument: CryptoPerpetual
    ) -> None:
        with pytest.raises(UnsupportedRequestError, match="ask for a shorter time"):
            await history.bars(instrument, BARS, Window(start_ms=0))
        assert venue.asked == []


class TestSnapshots:
    async def test_the_present_quote(
        self, history: HistoryRequests, venue: Venue, instrument: CryptoPerpetual
    ) -> None:
        venue.bbo = {
            "market": MARKET,
            "bid": "60000",
            "bid_size": "1",
            "ask": "60000.5",
            "ask_size": "2",
            "last_updated_at": NOW_MS,
        }

        (quote,) = await history.quotes(instrument)

        assert str(quote.ask_price) == "60000.5"

    async def test_no_quote_while_a_side_is_empty(
        self, history: HistoryRequests, venue: Venue, instrument: CryptoPerpetual
    ) -> None:
        venue.bbo = {"market": MARKET, "bid": "", "ask": "1", "last_updated_at": NOW_MS}

        assert await history.quotes(instrument) == []

    async def test_the_present_book(
        self, history: HistoryRequests, venue: Venue, instrument: CryptoPerpetual
    ) -> None:
        venue.book = {
            "market": MARKET,
            "seq_no": 5,
            "last_updated_at": NOW_MS,
            "bids": [["60000", "1"]],
            "asks": [["60001", "2"], ["60002", "3"]],
        }

        book = await history.book_snapshot(instrument, 20)

        assert book.is_snapshot
        assert len(book.deltas) == 4
        assert venue.asked[0].url.params["depth"] == "20"


async def test_funding_records_come_in_the_order_of_time(
    history: HistoryRequests, venue: Venue, instrument: CryptoPerpetual
) -> None:
    venue.funding = [
        {
            "market": MARKET,
            "funding_rate": f"0.0000{number}",
            "funding_period_hours": 8,
            "created_at": NOW_MS - number,
        }
        for number in range(1, 4)
    ]

    rates = await history.funding_rates(instrument, Window(limit=2))

    assert [rate.rate for rate in rates] == [Decimal("0.00002"), Decimal("0.00001")]
    assert rates[0].interval == 480


class TestForwardPrices:
    @pytest.fixture
    def options(self) -> dict[InstrumentId, Instrument]:
        base = rest.Market(
            symbol="BTC-USD-96000-C",
            asset_kind="PERP_OPTION",
            base_currency="BTC",
            settlement_currency="USDC",
            price_tick_size="0.1",
            order_size_increment="0.01",
            strike_price="96000",
            option_type="CALL",
        )
        year_ms = 365 * 24 * 60 * MINUTE_MS
        markets = [
            base,
            replace(base, symbol="BTC-USD-1Y-P", asset_kind="OPTION", expiry_at=NOW_MS + year_ms),
            replace(base, symbol="ETH-USD-4000-C", base_currency="ETH"),
        ]
        instruments = [
            instrument_from_market(market, fees=FeeRates.documented(), ts_init=0)
            for market in markets
        ]
        return {instrument.id: instrument for instrument in instruments if instrument is not None}

    @pytest.fixture(autouse=True)
    def summaries(self, venue: Venue) -> None:
        venue.summaries = [
            {"symbol": "BTC-USD-96000-C", "underlying_price": "95000"},
            {"symbol": "BTC-USD-1Y-P", "underlying_price": "95000", "forward_rate": "0.05"},
            {"symbol": "ETH-USD-4000-C", "underlying_price": "3900"},
            {"symbol": "BTC-USD-PERP", "underlying_price": "95000"},
        ]

    async def test_options_of_the_underlying_have_one(
        self, history: HistoryRequests, options: dict[InstrumentId, Instrument]
    ) -> None:
        prices = await history.forward_prices("BTC", None, options)

        assert {str(price.instrument_id): price.forward_price for price in prices} == {
            "BTC-USD-96000-C.PARADEX": Decimal(95_000),
            # 95000 * exp(0.05)
            "BTC-USD-1Y-P.PARADEX": Decimal("99870.75415572"),
        }

    async def test_nothing_known_is_no_error(
        self, history: HistoryRequests, venue: Venue, options: dict[InstrumentId, Instrument]
    ) -> None:
        venue.summaries = [{"symbol": "BTC-USD-96000-C", "underlying_price": ""}]

        assert await history.forward_prices("BTC", None, options) == []

    async def test_a_sample_is_asked_for_alone(
        self, history: HistoryRequests, venue: Venue, options: dict[InstrumentId, Instrument]
    ) -> None:
        sample = InstrumentId.from_str("BTC-USD-96000-C.PARADEX")

        await history.forward_prices("BTC", sample, options)

        assert venue.asked[0].url.params["market"] == "BTC-USD-96000-C"
