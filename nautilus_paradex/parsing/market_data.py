"""
From the venue's public events to the platform's market data.

Pure functions ``(event, scale, ts_init) -> object``. Keeping a book in sequence, counting and
emitting is the work of `nautilus_paradex.feeds`.
"""

from decimal import Decimal
from hashlib import blake2b
from typing import Final

from nautilus_trader.model.data import (
    Bar,
    BarType,
    BookOrder,
    FundingRateUpdate,
    IndexPriceUpdate,
    MarkPriceUpdate,
    OrderBookDelta,
    OrderBookDeltas,
    QuoteTick,
    TradeTick,
)
from nautilus_trader.model.enums import AggressorSide, BookAction, RecordFlag
from nautilus_trader.model.enums import OrderSide as BookSide
from nautilus_trader.model.identifiers import InstrumentId, TradeId

from nautilus_paradex.parsing.precision import (
    MAX_PRECISION,
    MarketScale,
    price8_from_e8,
    price_from_e8,
    quantity_from_e8,
)
from nautilus_paradex.protocol import rest
from nautilus_paradex.protocol.enums import OrderSide
from nautilus_paradex.protocol.errors import MessageError
from nautilus_paradex.protocol.events import (
    BboEvent,
    BookEvent,
    FundingDataEvent,
    MarketSummaryEvent,
    TradeEvent,
)
from nautilus_paradex.protocol.numbers import to_e8, to_int

__all__ = [
    "bar_from_kline",
    "bar_from_prices",
    "book_clear",
    "book_deltas",
    "book_snapshot",
    "funding_rate_from_data",
    "funding_rate_from_summary",
    "index_price",
    "mark_price",
    "quote_tick",
    "trade_id",
    "trade_tick",
]

NS_PER_US: Final = 1_000
NS_PER_MS: Final = 1_000_000
MINUTES_PER_HOUR: Final = 60

_MAX_TRADE_ID: Final = 36
_LAST: Final[int] = RecordFlag.F_LAST.value
_SNAPSHOT: Final[int] = RecordFlag.F_SNAPSHOT.value

# The platform's enums are looked up once: in a loop over levels that is felt.
_ADD, _UPDATE, _DELETE = BookAction.ADD, BookAction.UPDATE, BookAction.DELETE
_BUY, _SELL = BookSide.BUY, BookSide.SELL

type _Level = tuple[BookSide, int, int]

_AGGRESSORS: Final = {
    OrderSide.BUY.value: AggressorSide.BUYER,
    OrderSide.SELL.value: AggressorSide.SELLER,
}


def quote_tick(event: BboEvent, scale: MarketScale, ts_init: int) -> QuoteTick | None:
    """
    Return the quote of a best-bid-and-offer event, or None where a side of the book is empty.

    A quote of the platform has two sides: a made-up price for the missing one would move every
    mid price that is derived from it, so there is no quote then.

    Raises
    ------
    PrecisionError
        If a value does not fit the instrument's precision.
    MessageError
        If the event has no time.

    """
    if event.bid_price is None or event.ask_price is None:
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
        _ns(event.ts, "bbo"),
        ts_init,
    )


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
        _ns(event.created_at or event.ts, "trade"),
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


def book_snapshot(event: BookEvent, scale: MarketScale, ts_init: int) -> OrderBookDeltas:
    """
    Return a whole book: a clear and one addition per level, all flagged as snapshot.

    Raises
    ------
    PrecisionError
        If a level does not fit the instrument's precision: the book would be wrong without it.
    MessageError
        If the event has no time or sequence number.

    """
    ts_event, sequence = _ns(event.ts, "book"), _sequence(event)
    levels = [level for level in _levels(event) if level[2] != 0]
    clear = _clear(scale.instrument_id, sequence, ts_event, ts_init, last=not levels)
    changes = _changes(levels, scale, _ADD, _ADD, _SNAPSHOT, sequence, ts_event, ts_init)
    return OrderBookDeltas(scale.instrument_id, [clear, *changes])


def book_deltas(event: BookEvent, scale: MarketScale, ts_init: int) -> OrderBookDeltas | None:
    """
    Return the changes of a book, or None where the event changes nothing.

    Raises
    ------
    PrecisionError
        If a level does not fit the instrument's precision.
    MessageError
        If the event has no time or sequence number.

    """
    levels = _levels(event)
    if not levels:
        return None
    ts_event, sequence = _ns(event.ts, "book"), _sequence(event)
    changes = _changes(levels, scale, _UPDATE, _DELETE, 0, sequence, ts_event, ts_init)
    return OrderBookDeltas(scale.instrument_id, changes)


def book_clear(instrument_id: InstrumentId, sequence: int, ts_ns: int) -> OrderBookDeltas:
    """Return the empty book: what stands until a broken sequence is mended."""
    return OrderBookDeltas(
        instrument_id,
        [_clear(instrument_id, sequence, ts_ns, ts_ns, last=True)],
    )


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
    return MarkPriceUpdate(instrument_id, value, _ns(event.ts, "summary"), ts_init)


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
    return IndexPriceUpdate(instrument_id, value, _ns(event.ts, "summary"), ts_init)


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
        _ns(event.ts, "summary"),
        ts_init,
        interval=None if period_hours is None else period_hours * MINUTES_PER_HOUR,
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
        _ns(event.created_at or event.ts, "funding"),
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
    ts_init: int,
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
    ts_init: int,
) -> Bar:
    """
    Return the bar of an interval: open, high, low, close and volume at 1e-8.

    The volume is cut to the instrument's precision. Raises as `bar_from_kline`.

    """
    open_, high, low, close = (price_from_e8(price, price_precision) for price in prices_e8)
    unit: int = 10 ** (MAX_PRECISION - size_precision)
    volume = quantity_from_e8(volume_e8 - volume_e8 % unit, size_precision)
    ts_event = (open_ms + interval_ms if on_close else open_ms) * NS_PER_MS
    try:
        return Bar(bar_type, open_, high, low, close, volume, ts_event, ts_init)
    except ValueError as exc:
        raise MessageError(f"bar at {open_ms} is impossible: {exc}") from exc


def _levels(event: BookEvent) -> list[_Level]:
    bids = [(_BUY, price, size) for price, size in event.bids]
    return bids + [(_SELL, price, size) for price, size in event.asks]


def _changes(
    levels: list[_Level],
    scale: MarketScale,
    action: BookAction,
    action_if_empty: BookAction,
    flags: int,
    sequence: int,
    ts_event: int,
    ts_init: int,
) -> list[OrderBookDelta]:
    """One delta per level; the last one ends the event. This loop is most of a book's cost."""
    instrument_id = scale.instrument_id
    price_precision, size_precision = scale.price_precision, scale.size_precision
    price_raw, size_raw, delta = scale.price_raw, scale.size_raw, OrderBookDelta.from_raw
    final = len(levels) - 1
    return [
        delta(
            instrument_id,
            action if size else action_if_empty,
            side,
            price_raw(price),
            price_precision,
            size_raw(size),
            size_precision,
            0,
            flags if position != final else flags | _LAST,
            sequence,
            ts_event,
            ts_init,
        )
        for position, (side, price, size) in enumerate(levels)
    ]


def _clear(
    instrument_id: InstrumentId,
    sequence: int,
    ts_event: int,
    ts_init: int,
    *,
    last: bool,
) -> OrderBookDelta:
    no_order: BookOrder | None = None
    flags = _SNAPSHOT | _LAST if last else _SNAPSHOT
    return OrderBookDelta(
        instrument_id, BookAction.CLEAR, no_order, flags, sequence, ts_event, ts_init
    )


def _sequence(event: BookEvent) -> int:
    if event.seq is None or event.seq < 0:
        raise MessageError(f"{event.market}: book event without a sequence number")
    return event.seq


def _ns(ts_us: int | None, what: str) -> int:
    if ts_us is None or ts_us < 0:
        raise MessageError(f"{what} event without a time, was {ts_us}")
    return ts_us * NS_PER_US


def _rate(mantissa: int | None, decimals: int) -> Decimal | None:
    return None if mantissa is None else Decimal(mantissa).scaleb(-decimals)
