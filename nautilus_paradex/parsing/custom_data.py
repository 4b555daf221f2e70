"""
From the venue's events and records to the adapter's own custom data.

Pure functions ``(event, …, ts_init) -> object``. Which streams are open for whom is the work of
`nautilus_paradex.feeds`.
"""

from decimal import Decimal
from typing import Final

from nautilus_paradex.data_types import (
    BookLevel,
    ParadexFundingComparison,
    ParadexFundingPayment,
    ParadexInteractiveBook,
    ParadexInteractiveQuote,
    ParadexMarketSummary,
    ParadexSystemState,
    ParadexTradeBust,
)
from nautilus_paradex.parsing.instruments import instrument_id_from_symbol
from nautilus_paradex.parsing.precision import MarketScale, price_from_e8, quantity_from_e8
from nautilus_paradex.parsing.times import ns_from_ms, ns_from_us
from nautilus_paradex.protocol import rest
from nautilus_paradex.protocol.enums import PackageType
from nautilus_paradex.protocol.errors import MessageError
from nautilus_paradex.protocol.events import (
    BboEvent,
    BookEvent,
    FundingRateComparisonEvent,
    MarketSummaryEvent,
)
from nautilus_paradex.protocol.numbers import e8_to_decimal, to_decimal

__all__ = [
    "funding_comparison",
    "funding_payment",
    "interactive_book",
    "interactive_quote",
    "market_summary",
    "system_state",
    "trade_bust",
]

_RATE_DECIMALS: Final = 12


def market_summary(event: MarketSummaryEvent, ts_init: int) -> ParadexMarketSummary:
    """
    Return the ticker of a market.

    Raises
    ------
    MessageError
        If the event has no market or no time.

    """
    precise = _rate(event.funding_rate_precise)
    return ParadexMarketSummary(
        instrument_id=instrument_id_from_symbol(_required(event.market, "market", "summary")),
        mark_price=_number(event.mark_price),
        index_price=_number(event.index_price),
        last_price=_number(event.last_price),
        bid_price=_number(event.bid),
        bid_size=_number(event.bid_size),
        ask_price=_number(event.ask),
        ask_size=_number(event.ask_size),
        volume_usd_24h=_number(event.volume_usd24h),
        total_volume_usd=_number(event.total_volume),
        open_interest=_number(event.open_interest),
        price_change_rate_24h=_number(event.price_change_rate24h),
        funding_rate=_number(event.funding_rate) if precise is None else precise,
        future_funding_rate=_number(event.future_funding_rate),
        external_fair_price=_number(event.external_fair_price),
        forward_rate=_number(event.forward_rate),
        risk_free_rate=_number(event.risk_free_rate),
        mark_iv=_number(event.mark_iv),
        bid_iv=_number(event.bid_iv),
        ask_iv=_number(event.ask_iv),
        last_iv=_number(event.last_iv),
        delta=_number(event.delta),
        gamma=_number(event.gamma),
        vega=_number(event.vega),
        theta=_number(event.theta),
        rho=_number(event.rho),
        volga=_number(event.volga),
        vanna=_number(event.vanna),
        sequence=event.seq,
        ts_event=ns_from_us(event.ts, "summary"),
        ts_init=ts_init,
    )


def interactive_quote(
    event: BboEvent,
    scale: MarketScale,
    ts_init: int,
) -> ParadexInteractiveQuote:
    """
    Return the best bid and offer with RPI orders; an empty side is None.

    Raises
    ------
    PrecisionError
        If a value does not fit the instrument's precision.
    MessageError
        If the event has no time.

    """
    bid = _level(event.bid_price, event.bid_size, scale)
    ask = _level(event.ask_price, event.ask_size, scale)
    return ParadexInteractiveQuote(
        instrument_id=scale.instrument_id,
        bid_price=bid and bid.price,
        bid_size=bid and bid.size,
        ask_price=ask and ask.price,
        ask_size=ask and ask.size,
        sequence=event.seq,
        ts_event=ns_from_us(event.ts, "interactive bbo"),
        ts_init=ts_init,
    )


def interactive_book(
    event: BookEvent,
    scale: MarketScale,
    ts_init: int,
) -> ParadexInteractiveBook:
    """
    Return the book with RPI orders of a snapshot event, the best levels first.

    Raises
    ------
    PrecisionError
        If a value does not fit the instrument's precision.
    MessageError
        If the event has no time or is a mere change of a book.

    """
    if event.pkg_type != PackageType.SNAPSHOT:
        raise MessageError(f"interactive book must be a snapshot, was {event.pkg_type}")
    return ParadexInteractiveBook(
        instrument_id=scale.instrument_id,
        bids=_levels(sorted(event.bids, reverse=True), scale),
        asks=_levels(sorted(event.asks), scale),
        best_bid_api=_level(event.best_bid_api_price, event.best_bid_api_size, scale),
        best_ask_api=_level(event.best_ask_api_price, event.best_ask_api_size, scale),
        sequence=event.seq,
        ts_event=ns_from_us(event.ts, "interactive book"),
        ts_init=ts_init,
    )


def funding_comparison(
    event: FundingRateComparisonEvent,
    ts_init: int,
) -> ParadexFundingComparison:
    """
    Return the funding rate of one venue; its time is that of the venue it is of.

    Raises
    ------
    MessageError
        If the event lacks market, source, rate or time.

    """
    rate = _rate(event.hourly_funding_rate)
    return ParadexFundingComparison(
        instrument_id=instrument_id_from_symbol(
            _required(event.market, "market", "funding comparison"),
        ),
        source=_required(event.source, "source", "funding comparison"),
        hourly_funding_rate=_required(rate, "rate", "funding comparison"),
        asset_kind=event.asset_kind,
        ts_event=ns_from_us(event.last_updated_at or event.ts, "funding comparison"),
        ts_init=ts_init,
    )


def funding_payment(record: rest.FundingPayment, ts_init: int) -> ParadexFundingPayment:
    """
    Return a funding payment of the account, from the channel or from REST.

    Raises
    ------
    MessageError
        If the record has no amount or no time.

    """
    return ParadexFundingPayment(
        instrument_id=instrument_id_from_symbol(record.market),
        payment_id=record.id,
        payment=_required(to_decimal(record.payment), "amount", "funding payment"),
        index=to_decimal(record.index),
        account=record.account or None,
        fill_id=record.fill_id or None,
        ts_event=ns_from_ms(record.created_at, "funding payment"),
        ts_init=ts_init,
    )


def system_state(status: str, ts_init: int) -> ParadexSystemState:
    """Return the state of the system that an answer shows, as of now: it has no time of its own."""
    return ParadexSystemState(status=status, ts_event=ts_init, ts_init=ts_init)


def trade_bust(record: rest.TradeBust, ts_init: int) -> ParadexTradeBust:
    """
    Return a fill of the account that was taken back, from the channel or from REST.

    Raises
    ------
    MessageError
        If the record has no time.

    """
    return ParadexTradeBust(
        fill_id=record.busted_fill_id,
        account=record.account or None,
        ts_event=ns_from_ms(record.created_at, "trade bust"),
        ts_init=ts_init,
    )


def _levels(levels: list[tuple[int, int]], scale: MarketScale) -> tuple[BookLevel, ...]:
    return tuple(
        BookLevel(
            price_from_e8(price_e8, scale.price_precision),
            quantity_from_e8(size_e8, scale.size_precision),
        )
        for price_e8, size_e8 in levels
        if size_e8
    )


def _level(price_e8: int | None, size_e8: int | None, scale: MarketScale) -> BookLevel | None:
    if not price_e8 or not size_e8:  # null, or 0 as JSON may write it
        return None
    return BookLevel(
        price_from_e8(price_e8, scale.price_precision),
        quantity_from_e8(size_e8, scale.size_precision),
    )


def _number(value_e8: int | None) -> Decimal | None:
    return None if value_e8 is None else e8_to_decimal(value_e8)


def _rate(value_e12: int | None) -> Decimal | None:
    return None if value_e12 is None else Decimal(value_e12).scaleb(-_RATE_DECIMALS)


def _required[T](value: T | None, name: str, what: str) -> T:
    if value is None or value == "":
        raise MessageError(f"{what} without a {name}, was {value!r}")
    return value
