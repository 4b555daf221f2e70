"""One full example of each custom data type. Not a test module."""

from decimal import Decimal
from typing import Final

from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.objects import Price, Quantity

from nautilus_paradex.data_types import (
    BookLevel,
    ParadexData,
    ParadexFundingComparison,
    ParadexFundingPayment,
    ParadexInteractiveBook,
    ParadexInteractiveQuote,
    ParadexMarketSummary,
    ParadexSystemState,
    ParadexTradeBust,
)

__all__ = ["BTC", "EXAMPLES", "TS_NS"]

BTC: Final = InstrumentId.from_str("BTC-USD-PERP.PARADEX")
TS_NS: Final = 1_791_421_535_936_123_000
TIMES: Final = {"ts_event": TS_NS, "ts_init": TS_NS + 5}


def level(price: str, size: str) -> BookLevel:
    return BookLevel(Price.from_str(price), Quantity.from_str(size))


EXAMPLES: Final[tuple[ParadexData, ...]] = (
    ParadexMarketSummary(
        instrument_id=BTC,
        mark_price=Decimal("60000.12345678"),
        index_price=Decimal("60001.00000001"),
        last_price=Decimal("60000.1"),
        bid_price=Decimal("60000.0"),
        bid_size=Decimal("0.001"),
        ask_price=Decimal("60000.1"),
        ask_size=Decimal(2),
        volume_usd_24h=Decimal("123456789.12345678"),
        total_volume_usd=Decimal("92233720368.54775807"),
        open_interest=Decimal("6100048.3"),
        price_change_rate_24h=Decimal("-0.05"),
        funding_rate=Decimal("0.000000000001"),
        future_funding_rate=Decimal("1E-8"),
        external_fair_price=Decimal("60000.9"),
        forward_rate=Decimal("0.05"),
        risk_free_rate=Decimal("0.04"),
        mark_iv=Decimal("0.5"),
        bid_iv=Decimal("0.49"),
        ask_iv=Decimal("0.51"),
        last_iv=Decimal("0.502"),
        delta=Decimal("0.51"),
        gamma=Decimal("0.00001"),
        vega=Decimal("12.5"),
        theta=Decimal("-3.25"),
        rho=Decimal("1.1"),
        volga=Decimal("0.2"),
        vanna=Decimal("-0.3"),
        sequence=2**62,
        **TIMES,
    ),
    ParadexInteractiveQuote(
        instrument_id=BTC,
        bid_price=Price.from_str("60000.0"),
        bid_size=Quantity.from_str("0.100"),
        ask_price=Price.from_str("60000.1"),
        ask_size=Quantity.from_str("2.000"),
        sequence=9,
        **TIMES,
    ),
    ParadexInteractiveBook(
        instrument_id=BTC,
        bids=(level("60000.0", "0.100"), level("59999.9", "1.000")),
        asks=(level("60000.1", "2.000"),),
        best_bid_api=level("59999.9", "1.000"),
        best_ask_api=level("60000.1", "1.500"),
        sequence=10,
        **TIMES,
    ),
    ParadexFundingComparison(
        instrument_id=BTC,
        source="BINANCE",
        hourly_funding_rate=Decimal("0.000012500001"),
        asset_kind="PERP",
        **TIMES,
    ),
    ParadexFundingPayment(
        instrument_id=BTC,
        payment_id="1681375578221101699352320000",
        payment=Decimal("-34.449062212345678901"),
        index=Decimal("-2819.53434361"),
        account="0x495d2eb5236a12b8",
        fill_id="8615262148007718462",
        **TIMES,
    ),
    ParadexSystemState(status="cancel_only", **TIMES),
    ParadexTradeBust(fill_id="12342345", account="0x495d2eb5236a12b8", **TIMES),
)
