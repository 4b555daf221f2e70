"""JSON shapes of the venue turned into its events, so that the floors above see one form.

Milliseconds become microseconds, decimal strings integers at 1e-8, empty strings None, a signed
position size an absolute one with a side. Not here: which channel carries which shape (`json_feed`)
and the binary feed (`sbe`), which needs no conversion.
"""

from collections.abc import Iterable
from typing import Final

import msgspec

from nautilus_paradex.protocol import rest
from nautilus_paradex.protocol.enums import (
    OrderSide,
    PackageType,
    PositionSide,
    RequestStatus,
    RequestType,
)
from nautilus_paradex.protocol.errors import MessageError
from nautilus_paradex.protocol.events import (
    AccountEvent,
    BboEvent,
    BookEvent,
    BookLevel,
    FillEvent,
    FundingDataEvent,
    FundingRateComparisonEvent,
    MarketSummaryEvent,
    OrderEvent,
    PositionEvent,
    TradeEvent,
)
from nautilus_paradex.protocol.numbers import Number, to_decimal, to_e8, to_int

__all__ = [
    "BookMessage",
    "BookMessageLevel",
    "FundingComparison",
    "account_event",
    "bbo_event",
    "book_event",
    "book_snapshot_event",
    "fill_event",
    "funding_comparison_event",
    "funding_data_event",
    "market_summary_event",
    "order_event",
    "position_event",
    "trade_event",
]


class BookMessageLevel(msgspec.Struct, frozen=True):
    side: str
    price: Number = None
    size: Number = None


class BookMessage(msgspec.Struct, frozen=True):
    """
    The JSON form of a book message; `update_type` is ``s`` (snapshot) or ``d`` (delta).

    The best prices of both views and the spread are of the interactive feeds only.
    """

    market: str
    update_type: str | None = None
    inserts: list[BookMessageLevel] | None = None
    updates: list[BookMessageLevel] | None = None
    deletes: list[BookMessageLevel] | None = None
    seq_no: Number = None
    last_updated_at: Number = None
    best_bid_interactive: BookMessageLevel | None = None
    best_ask_interactive: BookMessageLevel | None = None
    best_bid_api: BookMessageLevel | None = None
    best_ask_api: BookMessageLevel | None = None
    relative_spread: Number = None


# What the binary schema calls the kinds of REST; that JSON uses REST's names here is a guess.
_SBE_ASSET_KINDS: Final = {"PERP": "PERPETUAL_FUTURE", "PERP_OPTION": "OPTION"}


class FundingComparison(msgspec.Struct, frozen=True):
    symbol: str
    source: str | None = None
    asset_kind: str | None = None
    hourly_funding_rate: Number = None
    last_updated_at: Number = None


# -- Public --------------------------------------------------------------------------------------


def bbo_event(message: rest.Bbo) -> BboEvent:
    return BboEvent(
        ts=_us(message.last_updated_at),
        seq=to_int(message.seq_no),
        bid_price=_positive(message.bid),
        bid_size=to_e8(message.bid_size, exact=True),
        ask_price=_positive(message.ask),
        ask_size=to_e8(message.ask_size, exact=True),
        market=message.market,
    )


def trade_event(message: rest.Trade) -> TradeEvent:
    created_at = _us(message.created_at)
    return TradeEvent(
        ts=created_at,
        side=message.side,
        price=to_e8(message.price, exact=True),
        size=to_e8(message.size, exact=True),
        created_at=created_at,
        trade_type=message.trade_type,
        market=message.market,
        trade_id_str=message.id,
    )


def book_event(message: BookMessage) -> BookEvent:
    """
    Return a JSON book message as an event: what it deletes becomes a level of size 0.

    Raises
    ------
    MessageError
        If `update_type` or a level's side is none that the venue documents: a book that is not
        understood must not be guessed.

    """
    bids: list[BookLevel] = []
    asks: list[BookLevel] = []
    sides = {OrderSide.BUY.value: bids, OrderSide.SELL.value: asks}
    for level in message.deletes or ():
        _side_of_book(sides, level).append((_required_e8(level.price), 0))
    for levels in (message.inserts, message.updates):
        for level in levels or ():
            price_and_size = (_required_e8(level.price), _required_e8(level.size))
            _side_of_book(sides, level).append(price_and_size)
    shown_bid, shown_ask = _best(message.best_bid_interactive), _best(message.best_ask_interactive)
    api_bid, api_ask = _best(message.best_bid_api), _best(message.best_ask_api)
    return BookEvent(
        ts=_us(message.last_updated_at),
        seq=to_int(message.seq_no),
        pkg_type=_package_type(message.update_type),
        best_bid_price=shown_bid[0],
        best_bid_size=shown_bid[1],
        best_ask_price=shown_ask[0],
        best_ask_size=shown_ask[1],
        relative_spread=to_e8(message.relative_spread),
        best_bid_api_price=api_bid[0],
        best_bid_api_size=api_bid[1],
        best_ask_api_price=api_ask[0],
        best_ask_api_size=api_ask[1],
        bids=bids,
        asks=asks,
        market=message.market,
    )


def book_snapshot_event(book: rest.OrderBook) -> BookEvent:
    """Return a book asked for over REST as a snapshot event."""
    shown_bid, shown_ask = _pair(book.best_bid_interactive), _pair(book.best_ask_interactive)
    api_bid, api_ask = _pair(book.best_bid_api), _pair(book.best_ask_api)
    return BookEvent(
        ts=_us(book.last_updated_at),
        seq=to_int(book.seq_no),
        pkg_type=PackageType.SNAPSHOT.value,
        best_bid_price=shown_bid[0],
        best_bid_size=shown_bid[1],
        best_ask_price=shown_ask[0],
        best_ask_size=shown_ask[1],
        best_bid_api_price=api_bid[0],
        best_bid_api_size=api_bid[1],
        best_ask_api_price=api_ask[0],
        best_ask_api_size=api_ask[1],
        bids=_rest_levels(book.bids),
        asks=_rest_levels(book.asks),
        market=book.market,
    )


def market_summary_event(message: rest.MarketSummary) -> MarketSummaryEvent:
    greeks = message.greeks or rest.Greeks()
    funding_rate_e12 = _e12(message.funding_rate)
    return MarketSummaryEvent(
        ts=_us(message.created_at),
        mark_price=to_e8(message.mark_price),
        index_price=to_e8(message.underlying_price),
        last_price=to_e8(message.last_traded_price),
        volume_usd24h=to_e8(message.volume_24h),
        open_interest=to_e8(message.open_interest),
        funding_rate=_cut_to_e8(funding_rate_e12),
        bid=_positive(message.bid),
        ask=_positive(message.ask),
        total_volume=to_e8(message.total_volume),
        price_change_rate24h=to_e8(message.price_change_rate_24h),
        mark_iv=to_e8(message.mark_iv),
        bid_iv=to_e8(message.bid_iv),
        ask_iv=to_e8(message.ask_iv),
        last_iv=to_e8(message.last_iv),
        delta=to_e8(greeks.delta if greeks.delta is not None else message.delta),
        gamma=to_e8(greeks.gamma),
        vega=to_e8(greeks.vega),
        theta=to_e8(greeks.theta),
        rho=to_e8(greeks.rho),
        volga=to_e8(greeks.volga),
        vanna=to_e8(greeks.vanna),
        future_funding_rate=to_e8(message.future_funding_rate),
        external_fair_price=to_e8(message.external_fair_price),
        bid_size=_positive(message.bid_size),
        ask_size=_positive(message.ask_size),
        forward_rate=to_e8(message.forward_rate),
        risk_free_rate=to_e8(message.risk_free_rate),
        funding_rate_precise=funding_rate_e12,
        market=message.symbol,
    )


def funding_data_event(message: rest.FundingData) -> FundingDataEvent:
    created_at = _us(message.created_at)
    hours = to_decimal(message.funding_period_hours)
    return FundingDataEvent(
        ts=created_at,
        funding_rate=to_e8(message.funding_rate),
        funding_index=to_e8(message.funding_index),
        created_at=created_at,
        funding_premium=to_e8(message.funding_premium),
        funding_rate8h=to_e8(message.funding_rate_8h),
        funding_period_hours=None if hours is None else int(hours),
        impact_premium_rate=to_e8(message.impact_premium_rate),
        market=message.market,
    )


def funding_comparison_event(message: FundingComparison) -> FundingRateComparisonEvent:
    updated_at = _us(message.last_updated_at)
    return FundingRateComparisonEvent(
        ts=updated_at,
        last_updated_at=updated_at,
        hourly_funding_rate=_e12(message.hourly_funding_rate),
        asset_kind=_SBE_ASSET_KINDS.get(message.asset_kind or "", message.asset_kind),
        source=message.source.upper() if message.source else None,
        market=message.symbol,
    )


# -- Private -------------------------------------------------------------------------------------


def order_event(order: rest.Order) -> OrderEvent:
    """Return an order of REST or of the JSON channel as an event."""
    info = order.request_info or rest.RequestInfo()
    updated_at = _us(order.last_updated_at)
    return OrderEvent(
        ts=_us(order.published_at) or updated_at,
        seq=to_int(order.seq_no),
        status=order.status,
        side=order.side,
        order_type=order.type,
        time_in_force=order.instruction or None,
        price=_positive(order.price),
        trigger_price=_positive(order.trigger_price),
        size=to_e8(order.size, exact=True),
        size_open=to_e8(order.remaining_size, exact=True),
        avg_fill_price=_average(order.avg_fill_price),
        created_at=_us(order.created_at),
        updated_at=updated_at,
        account=_address(order.account),
        received_at=_us(order.received_at),
        published_at=_us(order.published_at),
        stp=order.stp or None,
        flags=_flags(order.flags),
        request_status=info.status or RequestStatus.UNSPECIFIED.value,
        request_type=info.request_type or RequestType.UNSPECIFIED.value,
        order_id=order.id,
        client_order_id=order.client_id or "",
        market=order.market,
        cancel_reason=order.cancel_reason or "",
        request_id=info.id or "",
        request_message=info.message or "",
    )


def fill_event(fill: rest.Fill) -> FillEvent:
    created_at = _us(fill.created_at)
    seq = to_int(fill.orderbook_seq_no)
    return FillEvent(
        ts=created_at,
        seq=seq,
        fill_type=fill.fill_type,
        side=fill.side,
        liquidity=fill.liquidity,
        price=to_e8(fill.price),
        size=to_e8(fill.size),
        fee=to_e8(fill.fee),
        realized_pnl=to_e8(fill.realized_pnl),
        created_at=created_at,
        account=_address(fill.account),
        underlying_price=to_e8(fill.underlying_price),
        realized_funding=to_e8(fill.realized_funding),
        flags=_flags(fill.flags),
        orderbook_seq_no=seq,
        fill_id=fill.id,
        order_id=fill.order_id or "",
        client_order_id=fill.client_id or "",
        trade_id=fill.id,
        market=fill.market,
        fee_currency=fill.fee_currency or None,
    )


def position_event(position: rest.Position) -> PositionEvent:
    size = to_e8(position.size, exact=True)
    updated_at = _us(position.last_updated_at)
    realized = position.realized_pnl
    if realized is None:
        realized = position.realized_positional_pnl
    return PositionEvent(
        ts=updated_at,
        seq=to_int(position.seq_no),
        side=_side_of_position(position.side, size),
        size=None if size is None else abs(size),
        avg_entry_price=to_e8(position.average_entry_price),
        unrealized_pnl=to_e8(position.unrealized_pnl),
        realized_pnl=to_e8(realized),
        liquidation_price=_positive(position.liquidation_price),
        leverage=to_e8(position.leverage),
        updated_at=updated_at,
        account=_address(position.account),
        avg_entry_price_usd=to_e8(position.average_entry_price_usd),
        cost=to_e8(position.cost),
        cost_usd=to_e8(position.cost_usd),
        cached_funding_index=to_e8(position.cached_funding_index),
        unrealized_funding_pnl=to_e8(position.unrealized_funding_pnl),
        status=position.status,
        market=position.market,
        last_fill_id=position.last_fill_id,
    )


def account_event(account: rest.AccountSummary) -> AccountEvent:
    updated_at = _us(account.updated_at)
    return AccountEvent(
        ts=updated_at,
        seq=to_int(account.seq_no),
        total_collateral=to_e8(account.total_collateral),
        free_collateral=to_e8(account.free_collateral),
        initial_margin_req=to_e8(account.initial_margin_requirement),
        maintenance_margin_req=to_e8(account.maintenance_margin_requirement),
        account_value=to_e8(account.account_value),
        updated_at=updated_at,
        account=_address(account.account),
        margin_cushion=to_e8(account.margin_cushion),
        status=account.status,
        last_seen_notification=_us(account.last_seen_notification),
        settlement_asset=account.settlement_asset,
    )


# -- Fields --------------------------------------------------------------------------------------


def _us(value_ms: Number) -> int | None:
    ts_ms = to_int(value_ms)
    return None if ts_ms is None else ts_ms * 1_000


def _e12(value: Number) -> int | None:
    number = to_decimal(value)
    return None if number is None else int(number.scaleb(12).to_integral_value())


def _best(level: BookMessageLevel | None) -> tuple[int | None, int | None]:
    if level is None:
        return None, None
    return _positive(level.price), _positive(level.size)


def _cut_to_e8(value_e12: int | None) -> int | None:
    """As the binary field of eight decimals has it: cut off, not rounded (schema)."""
    if value_e12 is None:
        return None
    return value_e12 // 10_000 if value_e12 >= 0 else -(-value_e12 // 10_000)


def _positive(value: Number) -> int | None:
    """Price or size that is 0 where the venue has none (a MARKET order's price: captures)."""
    return to_e8(value, exact=True) or None


def _average(value: Number) -> int | None:
    """An average need not lie on 1e-8, and is 0 or empty before the first fill."""
    return to_e8(value) or None


def _required_e8(value: Number) -> int:
    mantissa = to_e8(value, exact=True)
    if mantissa is None:
        raise MessageError("a book level without price or size cannot be applied")
    return mantissa


def _address(value: str | None) -> str | None:
    """One spelling for an address that JSON writes with and without leading zeros."""
    if not value:
        return None
    try:
        return hex(int(value, 16))
    except ValueError:
        return value


def _flags(names: Iterable[str] | None) -> tuple[str, ...]:
    return tuple(name.upper() for name in names or ())


def _side_of_position(side: str | None, size: int | None) -> str | None:
    if side == PositionSide.LONG or (not side and (size or 0) > 0):
        return OrderSide.BUY.value
    if side == PositionSide.SHORT or (not side and (size or 0) < 0):
        return OrderSide.SELL.value
    return side or None


def _package_type(update_type: str | None) -> str:
    if update_type == "s":
        return PackageType.SNAPSHOT.value
    if update_type == "d":
        return PackageType.DELTA.value
    raise MessageError(f"unknown book update_type, was {update_type!r}")


def _side_of_book(
    sides: dict[str, list[BookLevel]],
    level: BookMessageLevel,
) -> list[BookLevel]:
    side = sides.get(level.side)
    if side is None:
        raise MessageError(f"unknown side of a book level, was {level.side!r}")
    return side


def _pair(level: list[Number] | None) -> tuple[int | None, int | None]:
    """Price and size; the documentation's example is one number, which says too little."""
    if level is None or len(level) < 2:
        return None, None
    return _positive(level[0]), _positive(level[1])


def _rest_levels(levels: list[list[Number]] | None) -> list[BookLevel]:
    try:
        return [(_required_e8(price), _required_e8(size)) for price, size, *_ in levels or ()]
    except ValueError as exc:
        raise MessageError(f"a book level is not a price and a size: {exc}") from exc
