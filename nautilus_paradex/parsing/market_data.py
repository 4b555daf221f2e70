"""
From the venue's public events to the platform's market data.

Pure functions ``(event, scale, ts_init) -> object``. Books are in `books`; counting and emitting is
the work of `nautilus_paradex.feeds`.
"""

from decimal import Decimal
from hashlib import blake2b
from typing import Final

from nautilus_trader.model.data import (
    Bar,
    BarType,
    FundingRateUpdate,
    IndexPriceUpdate,
    MarkPriceUpdate,
    OptionGreeks,
    QuoteTick,
    TradeTick,
)
from nautilus_trader.model.enums import AggressorSide
from nautilus_trader.model.identifiers import InstrumentId, TradeId

from nautilus_paradex.parsing.precision import (
    MAX_PRECISION,
    MarketScale,
    price8_from_e8,
    price_from_e8,
    quantity_from_e8,
)
from nautilus_paradex.parsing.times import ns_from_us
from nautilus_paradex.protocol import rest
from nautilus_paradex.protocol.enums import FillType, OrderSide
from nautilus_paradex.protocol.errors import MessageError
from nautilus_paradex.protocol.events import (
    BboEvent,
    FundingDataEvent,
    MarketSummaryEvent,
    TradeEvent,
)
from nautilus_paradex.protocol.numbers import E8, to_e8, to_int

__all__ = [
    "bar_from_kline",
    "bar_from_prices",
    "funding_rate_from_data",
    "funding_rate_from_summary",
    "index_price",
    "is_off_book",
    "mark_price",
    "option_greeks",
    "quote_tick",
    "trade_id",
    "trade_tick",
]

NS_PER_MS: Final = 1_000_000
MINUTES_PER_HOUR: Final = 60

_MAX_TRADE_ID: Final = 36

_AGGRESSORS: Final = {
    OrderSide.BUY.value: AggressorSide.BUYER,
    OrderSide.SELL.value: AggressorSide.SELLER,
}


# Of these only block trades are named as such by the schema; the others are position transfers.
_OFF_BOOK: Final = frozenset(
    {FillType.BLOCK_TRADE.value, FillType.UNWIND_TRANSFER.value, FillType.SETTLE_MARKET.value},
)


def quote_tick(event: BboEvent, scale: MarketScale, ts_init: int) -> QuoteTick | None:
    """
    Return the quote of a best-bid-and-offer event, or None where a side of the book is empty: a
    price that is null or 0 (as JSON may write it), or one for a size of 0.

    A quote of the platform has two sides: a made-up price for the missing one would move every
    mid price that is derived from it, so there is no quote then.

    Raises
    ------
    PrecisionError
        If a value does not fit the instrument's precision.
    MessageError
        If the event has no time.

    """
    if not event.bid_price or not event.ask_price:
        return None
    if event.bid_size == 0 or event.ask_size == 0:
        return None
    return QuoteTick.from_raw(
        scale.instrument_id,
        scale.price_raw(event.bid_price),
        scale.price_raw(event.ask_price),
        scale.price_precision,
        scale.price_precision,
        scale.size_raw(event.bid_size),
        scale.size_raw(event.ask_size),
        scale.size_precision,
        scale.size_precision,
        ns_from_us(event.ts, "bbo"),
        ts_init,
    )


def is_off_book(event: TradeEvent) -> bool:
    """
    Return whether a trade did not happen in the order book: a block trade or position transfer.

    Its price was agreed elsewhere, so it has no place in the tape. The binary feed gives such a
    trade the sequence 0 (schema); JSON has no sequence, there the type decides. A liquidation that
    was matched in the book is a trade like any other.

    """
    return event.seq == 0 or event.trade_type in _OFF_BOOK


def trade_tick(event: TradeEvent, scale: MarketScale, ts_init: int) -> TradeTick:
    """
    Return the tick of a public trade.

    Its time is that of the matching engine (``createdAt``) where the event has one, not that of
    the feed: the same trade asked for over REST then has the same time.

    Raises
    ------
    PrecisionError
        If a value does not fit the instrument's precision, or the size is zero.
    MessageError
        If the event has no time.

    """
    size_raw = scale.size_raw(event.size)
    if size_raw == 0:
        raise MessageError(f"{scale.instrument_id}: trade of size 0")
    return TradeTick.from_raw(
        scale.instrument_id,
        scale.price_raw(event.price),
        scale.price_precision,
        size_raw,
        scale.size_precision,
        _AGGRESSORS.get(event.side or "", AggressorSide.NO_AGGRESSOR),
        trade_id(event),
        ns_from_us(event.created_at or event.ts, "trade"),
        ts_init,
    )


def trade_id(event: TradeEvent) -> TradeId:
    """
    Return the venue's id of a trade; without one (schema versions 0 and 1) a digest of sequence,
    time, price, size and side, the same for each delivery of the trade.
    """
    venue_id = event.trade_id_str
    if venue_id and len(venue_id) <= _MAX_TRADE_ID:
        return TradeId(venue_id)
    identity = venue_id or (
        f"{event.seq}|{event.created_at or event.ts}|{event.price}|{event.size}|{event.side}"
    )
    return TradeId(blake2b(identity.encode(), digest_size=16).hexdigest())


def mark_price(
    event: MarketSummaryEvent,
    instrument_id: InstrumentId,
    ts_init: int,
) -> MarkPriceUpdate | None:
    """
    Return the mark price, with 8 decimals, or None where the event has none.

    Raises
    ------
    PrecisionError
        If it is out of the platform's range.
    MessageError
        If the event has no time.

    """
    if event.mark_price is None:
        return None
    value = price8_from_e8(event.mark_price)
    return MarkPriceUpdate(instrument_id, value, ns_from_us(event.ts, "summary"), ts_init)


def index_price(
    event: MarketSummaryEvent,
    instrument_id: InstrumentId,
    ts_init: int,
) -> IndexPriceUpdate | None:
    """
    Return the index (underlying) price, with 8 decimals, or None where the event has none.

    Raises as `mark_price`.

    """
    if event.index_price is None:
        return None
    value = price8_from_e8(event.index_price)
    return IndexPriceUpdate(instrument_id, value, ns_from_us(event.ts, "summary"), ts_init)


def funding_rate_from_summary(
    event: MarketSummaryEvent,
    instrument_id: InstrumentId,
    ts_init: int,
    *,
    period_hours: int | None = None,
) -> FundingRateUpdate | None:
    """
    Return the funding rate of the market's own period, from the field with 12 decimals where the
    schema has it, or None where the event has none.

    Funding accrues continuously: there is no next funding time to tell.

    Raises
    ------
    MessageError
        If the event has no time.

    """
    rate = _rate(event.funding_rate_precise, 12)
    if rate is None:
        rate = _rate(event.funding_rate, 8)
    if rate is None:
        return None
    return FundingRateUpdate(
        instrument_id,
        rate,
        ns_from_us(event.ts, "summary"),
        ts_init,
        interval=None if period_hours is None else period_hours * MINUTES_PER_HOUR,
    )


def option_greeks(
    event: MarketSummaryEvent,
    instrument_id: InstrumentId,
    ts_init: int,
) -> OptionGreeks | None:
    """
    Return the greeks and implied volatilities of an option, or None where the event has none.

    The platform keeps them as floats, here the nearest to the venue's e8. Older feeds carry no
    theta and rho (asyncapi): they are 0 then. The underlying price is the index price. Which
    convention the venue's greeks follow is not documented: the platform's default is left (guess).

    Raises
    ------
    MessageError
        If the event has no time.

    """
    if event.delta is None or event.gamma is None or event.vega is None:
        return None
    return OptionGreeks(
        instrument_id,
        event.delta / E8,
        event.gamma / E8,
        event.vega / E8,
        (event.theta or 0) / E8,
        (event.rho or 0) / E8,
        _float(event.mark_iv),
        _float(event.bid_iv),
        _float(event.ask_iv),
        _float(event.index_price),
        _float(event.open_interest),
        ns_from_us(event.ts, "summary"),
        ts_init,
    )


def funding_rate_from_data(
    event: FundingDataEvent,
    instrument_id: InstrumentId,
    ts_init: int,
) -> FundingRateUpdate:
    """
    Return the funding rate of a funding record.

    Raises
    ------
    MessageError
        If the event has no rate or no time.

    """
    rate = _rate(event.funding_rate, 8)
    if rate is None:
        raise MessageError(f"{instrument_id}: funding record without a rate")
    hours = event.funding_period_hours
    return FundingRateUpdate(
        instrument_id,
        rate,
        ns_from_us(event.created_at or event.ts, "funding"),
        ts_init,
        interval=None if hours is None else hours * MINUTES_PER_HOUR,
    )


def bar_from_kline(
    kline: rest.Kline,
    bar_type: BarType,
    *,
    interval_ms: int,
    size_precision: int,
    price_precision: int = MAX_PRECISION,
    on_close: bool = True,
    ts_init: int | None = None,
) -> Bar:
    """
    Return the bar of a candle.

    The volume is passed on as it is: the documentation does not name its unit, and the one
    recorded candle suggests USD rather than base units. It is cut to the instrument's precision:
    it is a statistic, no order.

    Parameters
    ----------
    kline : list
        Open time (ms), open, high, low, close, volume.
    interval_ms : int
        The candle's length, ms.
    on_close : bool, default True
        If the bar's time is its close, otherwise its open.
    ts_init : int, optional
        Unix ns; the close if None, as history has it.

    Raises
    ------
    MessageError
        If a value is missing, no number, or out of order (a high below the open).
    PrecisionError
        If a price is missing or does not fit `price_precision`.

    """
    if len(kline) < 6:
        raise MessageError(f"a kline has 6 values, was {len(kline)}")
    open_ms = to_int(kline[0])
    if open_ms is None:
        raise MessageError("kline without a time")
    open_, high, low, close = (to_e8(value) for value in kline[1:5])
    return bar_from_prices(
        bar_type,
        (open_, high, low, close),
        to_e8(kline[5]) or 0,
        open_ms=open_ms,
        interval_ms=interval_ms,
        size_precision=size_precision,
        price_precision=price_precision,
        on_close=on_close,
        ts_init=ts_init,
    )


def bar_from_prices(
    bar_type: BarType,
    prices_e8: tuple[int | None, int | None, int | None, int | None],
    volume_e8: int,
    *,
    open_ms: int,
    interval_ms: int,
    size_precision: int,
    price_precision: int = MAX_PRECISION,
    on_close: bool = True,
    ts_init: int | None = None,
) -> Bar:
    """
    Return the bar of an interval: open, high, low, close and volume at 1e-8.

    The volume is cut to the instrument's precision. Raises as `bar_from_kline`.

    """
    open_, high, low, close = (price_from_e8(price, price_precision) for price in prices_e8)
    unit: int = 10 ** (MAX_PRECISION - size_precision)
    volume = quantity_from_e8(volume_e8 - volume_e8 % unit, size_precision)
    closed_ns = (open_ms + interval_ms) * NS_PER_MS
    ts_event = closed_ns if on_close else open_ms * NS_PER_MS
    ts_init = closed_ns if ts_init is None else ts_init
    try:
        return Bar(bar_type, open_, high, low, close, volume, ts_event, ts_init)
    except ValueError as exc:
        raise MessageError(f"bar at {open_ms} is impossible: {exc}") from exc


def _rate(mantissa: int | None, decimals: int) -> Decimal | None:
    return None if mantissa is None else Decimal(mantissa).scaleb(-decimals)


def _float(mantissa: int | None) -> float | None:
    return None if mantissa is None else mantissa / E8
