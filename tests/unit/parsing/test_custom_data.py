"""Given an event or record of the venue, what custom data comes of it."""

from decimal import Decimal

import pytest
from msgspec.structs import replace
from nautilus_trader.model.objects import Price, Quantity

from nautilus_paradex.data_types import BookLevel
from nautilus_paradex.parsing.custom_data import (
    funding_comparison,
    funding_payment,
    interactive_book,
    interactive_quote,
    market_summary,
    trade_bust,
)
from nautilus_paradex.parsing.instruments import instrument_id_from_symbol
from nautilus_paradex.parsing.precision import MarketScale, PrecisionError
from nautilus_paradex.protocol import rest
from nautilus_paradex.protocol.errors import MessageError
from nautilus_paradex.protocol.events import (
    BboEvent,
    BookEvent,
    FundingRateComparisonEvent,
    MarketSummaryEvent,
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
SUMMARY = MarketSummaryEvent(
    ts=TS_US,
    seq=7,
    mark_price=6_000_012_345_678,
    index_price=60_001 * E8,
    volume_usd24h=2**63 - 1,
    open_interest=123 * E8,
    funding_rate=12,
    market=MARKET,
)
BBO = BboEvent(
    ts=TS_US,
    seq=9,
    bid_price=60_000 * E8,
    bid_size=E8,
    ask_price=60_001 * E8,
    ask_size=2 * E8,
    market=MARKET,
)
BOOK = BookEvent(
    ts=TS_US,
    seq=10,
    pkg_type="SNAPSHOT",
    best_bid_api_price=59_999 * E8,
    best_bid_api_size=E8,
    bids=[(59_999 * E8, E8), (60_000 * E8, 2 * E8), (59_998 * E8, 0)],
    asks=[(60_002 * E8, E8), (60_001 * E8, 3 * E8)],
    market=MARKET,
)
COMPARISON = FundingRateComparisonEvent(
    ts=TS_US + 40,
    last_updated_at=TS_US,
    hourly_funding_rate=12_500_001,
    asset_kind="PERP",
    source="BINANCE",
    market=MARKET,
)
PAYMENT = rest.FundingPayment(
    id="1681375578221101699352320000",
    market=MARKET,
    account="0x1",
    payment="-34.4490622",
    index="-2819.53434361",
    fill_id="",
    created_at=1_681_375_481_000,
)


def level(price: str, size: str) -> BookLevel:
    return BookLevel(Price.from_str(price), Quantity.from_str(size))


def test_a_summary_is_exact_and_leaves_out_what_the_market_lacks() -> None:
    summary = market_summary(SUMMARY, NOW_NS)

    assert summary.instrument_id == BTC
    assert summary.mark_price == Decimal("60000.12345678")
    assert summary.volume_usd_24h == Decimal("92233720368.54775807")
    assert summary.open_interest == 123
    assert summary.mark_iv is None
    assert (summary.ts_event, summary.ts_init, summary.sequence) == (TS_NS, NOW_NS, 7)


@pytest.mark.parametrize(
    ("precise", "rate"),
    [(None, Decimal("0.00000012")), (120_345, Decimal("0.000000120345")), (0, Decimal(0))],
)
def test_the_funding_rate_with_more_decimals_is_preferred(
    precise: int | None,
    rate: Decimal,
) -> None:
    summary = market_summary(replace(SUMMARY, funding_rate_precise=precise), NOW_NS)

    assert summary.funding_rate == rate


def test_a_quote_is_in_the_precision_of_the_instrument() -> None:
    quote = interactive_quote(BBO, SCALE, NOW_NS)

    assert (str(quote.bid_price), str(quote.bid_size)) == ("60000.0", "1.000")
    assert (str(quote.ask_price), str(quote.ask_size)) == ("60001.0", "2.000")
    assert (quote.sequence, quote.ts_event) == (9, TS_NS)


def test_an_empty_side_of_a_quote_is_none() -> None:
    quote = interactive_quote(replace(BBO, ask_price=None, ask_size=None), SCALE, NOW_NS)

    assert (quote.ask_price, quote.ask_size) == (None, None)
    assert quote.bid_price == Price.from_str("60000.0")


def test_a_book_has_the_best_levels_first_and_no_empty_ones() -> None:
    book = interactive_book(BOOK, SCALE, NOW_NS)

    assert book.bids == (level("60000.0", "2.000"), level("59999.0", "1.000"))
    assert book.asks == (level("60001.0", "3.000"), level("60002.0", "1.000"))
    assert book.best_bid_api == level("59999.0", "1.000")
    assert book.best_ask_api is None


def test_changes_of_a_book_are_no_book() -> None:
    with pytest.raises(MessageError, match="must be a snapshot, was DELTA"):
        interactive_book(replace(BOOK, pkg_type="DELTA"), SCALE, NOW_NS)


def test_a_price_that_the_instrument_cannot_hold_is_refused() -> None:
    with pytest.raises(PrecisionError, match="price"):
        interactive_quote(replace(BBO, bid_price=1), SCALE, NOW_NS)
    with pytest.raises(PrecisionError, match="quantity"):
        interactive_book(replace(BOOK, bids=[(E8, 1)]), SCALE, NOW_NS)


def test_a_comparison_has_the_time_of_the_venue_it_is_of() -> None:
    comparison = funding_comparison(COMPARISON, NOW_NS)

    assert (comparison.source, comparison.asset_kind) == ("BINANCE", "PERP")
    assert comparison.hourly_funding_rate == Decimal("0.000012500001")
    assert comparison.ts_event == TS_NS


def test_a_payment_keeps_its_sign_and_names_no_fill_where_there_is_none() -> None:
    payment = funding_payment(PAYMENT, NOW_NS)

    assert payment.instrument_id == BTC
    assert (payment.payment, payment.index) == (Decimal("-34.4490622"), Decimal("-2819.53434361"))
    assert payment.fill_id is None
    assert payment.ts_event == 1_681_375_481_000_000_000


def test_a_bust_names_the_fill() -> None:
    bust = trade_bust(rest.TradeBust("12342345", "0x1", 1_681_497_002_041), NOW_NS)

    assert (bust.fill_id, bust.account) == ("12342345", "0x1")
    assert bust.ts_event == 1_681_497_002_041_000_000


@pytest.mark.parametrize(
    "convert",
    [
        lambda: market_summary(replace(SUMMARY, ts=None), NOW_NS),
        lambda: market_summary(replace(SUMMARY, market=None), NOW_NS),
        lambda: interactive_quote(replace(BBO, ts=-1), SCALE, NOW_NS),
        lambda: funding_comparison(replace(COMPARISON, source=""), NOW_NS),
        lambda: funding_comparison(replace(COMPARISON, hourly_funding_rate=None), NOW_NS),
        lambda: funding_payment(replace(PAYMENT, payment=""), NOW_NS),
        lambda: funding_payment(replace(PAYMENT, created_at=None), NOW_NS),
        lambda: trade_bust(rest.TradeBust("1"), NOW_NS),
    ],
)
def test_what_cannot_be_done_without_is_named(convert: object) -> None:
    with pytest.raises(MessageError, match="without a"):
        convert()  # type: ignore[operator]
