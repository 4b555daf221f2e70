"""Given what the venue keeps of trades and funding, how requests for it are answered."""

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest
from nautilus_trader.model.enums import AggressorSide
from nautilus_trader.model.instruments import CryptoPerpetual

from nautilus_paradex.feeds.history import HistoryRequests
from nautilus_paradex.feeds.window import UnsupportedRequestError, Window
from nautilus_paradex.transport.errors import RequestError
from tests.unit.feeds.conftest import MARKET, NOW_NS
from tests.unit.feeds.rest_venue import NOW_MS, RestVenue

NS_PER_MS = 1_000_000


@pytest.fixture
def venue() -> RestVenue:
    return RestVenue()


@pytest.fixture
def warnings() -> list[str]:
    return []


@pytest.fixture
async def history(venue: RestVenue, warnings: list[str]) -> AsyncIterator[HistoryRequests]:
    client = venue.client()
    yield HistoryRequests(client, now_ns=lambda: NOW_NS, warn=warnings.append)
    await client.close()


def before(ms: int) -> int:
    """A time before now, ns."""
    return (NOW_MS - ms) * NS_PER_MS


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
        self, history: HistoryRequests, venue: RestVenue, instrument: CryptoPerpetual
    ) -> None:
        venue.trades = [trade(number) for number in range(5)]

        ticks = await history.trades(instrument, Window())

        assert [tick.trade_id.value for tick in ticks] == [f"id-{n}" for n in (4, 3, 2, 1, 0)]
        assert ticks[0].aggressor_side == AggressorSide.SELLER
        assert ticks[-1].ts_event == NOW_MS * 1_000_000
        # What the platform sorts, bounds and stores history by.
        assert [tick.ts_init for tick in ticks] == [tick.ts_event for tick in ticks]

    @pytest.mark.parametrize(
        ("window", "expected", "requests"),
        [
            (Window(), 1_000, 1),
            (Window(limit=3), 3, 1),
            (Window(limit=1_500), 1_500, 2),
            (Window(start_ns=before(2_499)), 2_500, 3),
            (Window(start_ns=before(2_499), limit=10), 10, 1),
            (Window(start_ns=before(99), end_ns=before(90)), 10, 1),
        ],
    )
    async def test_as_many_pages_are_read_as_are_needed(
        self,
        history: HistoryRequests,
        venue: RestVenue,
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
        self, history: HistoryRequests, venue: RestVenue, instrument: CryptoPerpetual
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
        venue: RestVenue,
        instrument: CryptoPerpetual,
        window: Window,
        expected: list[int],
    ) -> None:
        sweep = [trade(number, created_at=NOW_MS) for number in range(4)]
        venue.trades = [*sweep, trade(1_499)]

        ticks = await history.trades(instrument, window)

        assert [tick.trade_id.value for tick in ticks] == [f"id-{n}" for n in expected]

    async def test_a_limit_beyond_a_page_keeps_the_newest_of_a_millisecond(
        self, history: HistoryRequests, venue: RestVenue, instrument: CryptoPerpetual
    ) -> None:
        venue.trades = [trade(number, created_at=NOW_MS) for number in range(3_000)]

        ticks = await history.trades(instrument, Window(limit=1_001))

        assert (ticks[0].trade_id.value, ticks[-1].trade_id.value) == ("id-1000", "id-0")

    async def test_one_that_cannot_be_held_is_left_out_and_told(
        self,
        history: HistoryRequests,
        venue: RestVenue,
        instrument: CryptoPerpetual,
        warnings: list[str],
    ) -> None:
        venue.trades = [trade(0), trade(1, price="60000.55"), trade(2, size="0")]

        ticks = await history.trades(instrument, Window())

        assert len(ticks) == 1
        assert len(warnings) == 1
        assert warnings[0].startswith("2 of 3 items left out")

    async def test_trades_outside_the_book_are_left_out_and_do_not_count(
        self, history: HistoryRequests, venue: RestVenue, instrument: CryptoPerpetual
    ) -> None:
        kinds = ("BLOCK_TRADE", "FILL", "UNWIND_TRANSFER", "LIQUIDATION", "FILL")
        venue.trades = [trade(number, trade_type=kind) for number, kind in enumerate(kinds)]

        ticks = await history.trades(instrument, Window(limit=3))

        assert [tick.trade_id.value for tick in ticks] == ["id-4", "id-3", "id-1"]

    async def test_a_trade_that_is_listed_twice_is_given_once(
        self, history: HistoryRequests, venue: RestVenue, instrument: CryptoPerpetual
    ) -> None:
        listed = [trade(number) for number in range(1_500)]
        venue.trades = [*listed[:1_000], *listed[998:]]

        ticks = await history.trades(instrument, Window(start_ns=before(2_000)))

        assert len(ticks) == 1_500

    async def test_a_start_within_a_millisecond_leaves_out_what_was_before(
        self, history: HistoryRequests, venue: RestVenue, instrument: CryptoPerpetual
    ) -> None:
        venue.trades = [trade(number) for number in range(5)]

        ticks = await history.trades(instrument, Window(before(3) + 1, before(1)))

        assert [tick.trade_id.value for tick in ticks] == ["id-2", "id-1"]

    @pytest.mark.parametrize(
        "window",
        [Window(before(1), before(2)), Window(NOW_NS + 10**9, NOW_NS + 2 * 10**9)],
    )
    async def test_a_window_in_the_future_or_turned_round_is_empty(
        self,
        history: HistoryRequests,
        venue: RestVenue,
        instrument: CryptoPerpetual,
        window: Window,
    ) -> None:
        venue.trades = [trade(number) for number in range(5)]

        assert await history.trades(instrument, window) == []
        assert venue.asked == []

    async def test_an_open_end_is_now_for_all_pages(
        self, history: HistoryRequests, venue: RestVenue, instrument: CryptoPerpetual
    ) -> None:
        venue.trades = [trade(number) for number in range(1_500)]

        await history.trades(instrument, Window(limit=1_500))

        assert [request.url.params["end_at"] for request in venue.asked] == [str(NOW_MS)] * 2

    async def test_too_many_to_read_are_refused_rather_than_cut_short(
        self,
        history: HistoryRequests,
        venue: RestVenue,
        instrument: CryptoPerpetual,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr("nautilus_paradex.feeds.history._MAX_PAGES", 2)
        venue.trades = [trade(number) for number in range(2_001)]

        with pytest.raises(UnsupportedRequestError, match="shorter time or set a limit"):
            await history.trades(instrument, Window(start_ns=before(10_000)))

    async def test_a_refusal_is_raised(
        self, history: HistoryRequests, venue: RestVenue, instrument: CryptoPerpetual
    ) -> None:
        venue.status = 404

        with pytest.raises(RequestError):
            await history.trades(instrument, Window())


async def test_funding_records_come_in_the_order_of_time(
    history: HistoryRequests, venue: RestVenue, instrument: CryptoPerpetual
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
