"""From the venue's orders, fills and positions to the platform's reports. Pure functions."""

import hashlib
from decimal import Decimal
from typing import Final

from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.reports import FillReport, OrderStatusReport, PositionStatusReport
from nautilus_trader.model.enums import (
    LiquiditySide,
    OrderSide,
    OrderStatus,
    OrderType,
    PositionSide,
    TimeInForce,
    TriggerType,
)
from nautilus_trader.model.identifiers import AccountId, ClientOrderId, TradeId, VenueOrderId
from nautilus_trader.model.instruments import Instrument
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.model.orders import Order

from nautilus_paradex.parsing.instruments import currency_from_code
from nautilus_paradex.parsing.money import money_from_e8
from nautilus_paradex.parsing.order_types import (
    CONDITIONAL,
    HAVING_TRIGGERED_STATE,
    order_type_of,
)
from nautilus_paradex.parsing.orders import client_order_id_of
from nautilus_paradex.parsing.precision import (
    MAX_PRECISION,
    PrecisionError,
    price_from_e8,
    quantity_from_e8,
)
from nautilus_paradex.protocol.endings import Ending, ending_of
from nautilus_paradex.protocol.enums import FillType, Liquidity, OrderFlag, OrderInstruction
from nautilus_paradex.protocol.enums import OrderSide as VenueSide
from nautilus_paradex.protocol.enums import OrderStatus as VenueStatus
from nautilus_paradex.protocol.errors import MessageError
from nautilus_paradex.protocol.events import FillEvent, OrderEvent, PositionEvent
from nautilus_paradex.protocol.numbers import e8_to_decimal, e8_to_str

__all__ = [
    "REVERSAL",
    "commission_of",
    "fill_info",
    "fill_price",
    "fill_quantity",
    "fill_report",
    "flat_position_report",
    "known_order_report",
    "liquidity_side_of",
    "order_side_of",
    "order_status_report",
    "position_status_report",
    "trade_id_of",
    "trade_ids_of",
    "ts_ns",
]

_ORDER_SIDES: Final[dict[str, OrderSide]] = {
    VenueSide.BUY: OrderSide.BUY,
    VenueSide.SELL: OrderSide.SELL,
}

_PRICED: Final = frozenset({OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.LIMIT_IF_TOUCHED})

_ENDINGS: Final[dict[Ending, OrderStatus]] = {
    Ending.REJECTED: OrderStatus.REJECTED,
    Ending.CANCELED: OrderStatus.CANCELED,
    Ending.EXPIRED: OrderStatus.EXPIRED,
}

_LIQUIDITY_SIDES: Final[dict[str, LiquiditySide]] = {
    Liquidity.MAKER: LiquiditySide.MAKER,
    Liquidity.TAKER: LiquiditySide.TAKER,
}

REVERSAL: Final = "TRADE_BUST"
"""Type of the fills that this side makes to undo one that the venue took back."""

# Fill ids repeat between fill types (api-notes), trade ids of the platform must not.
_TRADE_ID_PREFIXES: Final[dict[str, str]] = {
    FillType.FILL: "",
    FillType.LIQUIDATION: "LIQ-",
    FillType.UNWIND_TRANSFER: "UNW-",
    FillType.SETTLE_MARKET: "SET-",
    FillType.RPI: "RPI-",
    FillType.BLOCK_TRADE: "BLK-",
    REVERSAL: "BST-",
}
_MAX_TRADE_ID_LENGTH: Final = 36

# A type that is not known yet is taken for one more way in which positions change hands.
_NAMES_FEE: Final = frozenset(
    {FillType.FILL.value, FillType.RPI.value, FillType.BLOCK_TRADE.value},
)

_PASSIVE: Final = frozenset({OrderInstruction.POST_ONLY.value, OrderInstruction.RPI.value})


def order_status_report(
    event: OrderEvent,
    *,
    account_id: AccountId,
    instrument: Instrument,
    ts_init: int,
    filled: int | None = None,
    status: OrderStatus | None = None,
    accepted: bool = False,
    client_order_id: ClientOrderId | None = None,
) -> OrderStatusReport:
    """
    Return the report of an order.

    Parameters
    ----------
    event : OrderEvent
        The order as the venue has it.
    account_id : AccountId
        The account of the report.
    instrument : Instrument
        The order's instrument.
    ts_init : int
        Nanoseconds.
    filled : int, optional
        Filled size at 1e-8 to report in place of the venue's: the engine invents a fill for what
        a report says beyond the fills it has seen.
    status : OrderStatus, optional
        The status to report in place of the venue's.
    accepted : bool, default False
        If the order is known to have been on the book: then it can no longer be rejected.
    client_order_id : ClientOrderId, optional
        The id to report in place of the venue's client id.

    Raises
    ------
    MessageError
        If the order's side is none the platform has a word for, or a number it needs is missing.
    PrecisionError
        If a number does not fit.

    """
    size = event.size
    if not size:
        raise MessageError(f"order {event.order_id} has no size of its own, was {size}")
    filled = _filled(event) if filled is None else filled
    trigger_price = event.trigger_price
    order_type = order_type_of(event)
    if order_type in CONDITIONAL and trigger_price is None:
        raise MessageError(
            f"order {event.order_id} of type {event.order_type} has no trigger price"
        )
    if order_type in _PRICED and event.price is None:
        raise MessageError(f"{event.order_type} order {event.order_id} has no price")
    if status is None:
        status = _status(event, order_type, filled, accepted)
    is_triggered = status == OrderStatus.TRIGGERED
    return OrderStatusReport(
        account_id=account_id,
        instrument_id=instrument.id,
        venue_order_id=VenueOrderId(event.order_id),
        client_order_id=client_order_id or client_order_id_of(event.client_order_id),
        order_side=order_side_of(event.side),
        order_type=order_type,
        time_in_force=_time_in_force(event),
        order_status=status,
        quantity=fill_quantity(size, instrument),
        filled_qty=fill_quantity(filled, instrument),
        price=None if event.price is None else fill_price(event.price, instrument),
        trigger_price=None if trigger_price is None else fill_price(trigger_price, instrument),
        trigger_type=TriggerType.NO_TRIGGER if trigger_price is None else TriggerType.MARK_PRICE,
        avg_px=_average_price(event.avg_fill_price) if filled else None,
        post_only=event.time_in_force in _PASSIVE,
        reduce_only=OrderFlag.REDUCE_ONLY in (event.flags or ()),
        cancel_reason=event.cancel_reason or None,
        ts_triggered=ts_ns(event.updated_at or event.ts) if is_triggered else None,
        report_id=UUID4(),
        ts_accepted=ts_ns(event.created_at),
        ts_last=ts_ns(event.updated_at or event.ts),
        ts_init=ts_init,
    )


def fill_report(
    fill: FillEvent,
    *,
    account_id: AccountId,
    instrument: Instrument,
    ts_init: int,
    order_side: OrderSide | None = None,
    client_order_id: ClientOrderId | None = None,
) -> FillReport:
    """
    Return the report of a fill. A price or size off the instrument's precision keeps its value.

    `order_side` is that of the fill's order, where it is known: it is surer than the fill's own
    (the schema calls that the taker's, clients report the account's).

    Raises
    ------
    MessageError
        If the side is none the platform has a word for.
    PrecisionError
        If price or size is missing.

    """
    return FillReport(
        account_id=account_id,
        instrument_id=instrument.id,
        venue_order_id=VenueOrderId(fill.order_id),
        client_order_id=client_order_id or client_order_id_of(fill.client_order_id),
        trade_id=trade_id_of(fill),
        order_side=order_side_of(fill.side) if order_side is None else order_side,
        last_qty=fill_quantity(fill.size, instrument),
        last_px=fill_price(fill.price, instrument),
        commission=commission_of(fill, instrument),
        liquidity_side=liquidity_side_of(fill.liquidity),
        report_id=UUID4(),
        ts_event=ts_ns(fill.created_at or fill.ts),
        ts_init=ts_init,
    )


def known_order_report(
    order: Order,
    *,
    account_id: AccountId,
    ts_init: int,
) -> OrderStatusReport:
    """Return the report of an order as the platform has it: no news, where none could be had."""
    is_triggered = order.order_type in HAVING_TRIGGERED_STATE and order.is_triggered
    return OrderStatusReport(
        account_id=account_id,
        instrument_id=order.instrument_id,
        venue_order_id=order.venue_order_id,
        client_order_id=order.client_order_id,
        order_side=order.side,
        order_type=order.order_type,
        time_in_force=order.time_in_force,
        order_status=_known_status(order, is_triggered),
        quantity=order.quantity,
        filled_qty=order.filled_qty,
        price=order.price if order.has_price else None,
        trigger_price=order.trigger_price if order.has_trigger_price else None,
        trigger_type=order.trigger_type if order.has_trigger_price else TriggerType.NO_TRIGGER,
        avg_px=None if order.avg_px is None else Decimal(repr(order.avg_px)),
        post_only=order.is_post_only,
        reduce_only=order.is_reduce_only,
        ts_triggered=order.ts_triggered if is_triggered else None,
        report_id=UUID4(),
        ts_accepted=order.ts_accepted,
        ts_last=order.ts_last,
        ts_init=ts_init,
    )


def position_status_report(
    position: PositionEvent,
    *,
    account_id: AccountId,
    instrument: Instrument,
    ts_init: int,
) -> PositionStatusReport:
    """
    Return the report of a position; a closed or empty one is flat.

    Raises
    ------
    MessageError
        If the side of an open position is none the platform has a word for.
    PrecisionError
        If the size does not fit the instrument.

    """
    size = position.size or 0
    return PositionStatusReport(
        account_id=account_id,
        instrument_id=instrument.id,
        position_side=_position_side(position.side) if size else PositionSide.FLAT,
        quantity=fill_quantity(size, instrument),
        avg_px_open=_average_price(position.avg_entry_price) if size else None,
        report_id=UUID4(),
        ts_last=ts_ns(position.updated_at or position.ts),
        ts_init=ts_init,
    )


def flat_position_report(
    *,
    account_id: AccountId,
    instrument: Instrument,
    ts_init: int,
) -> PositionStatusReport:
    """Return the report that the venue has no position in `instrument`."""
    return PositionStatusReport(
        account_id=account_id,
        instrument_id=instrument.id,
        position_side=PositionSide.FLAT,
        quantity=Quantity.zero(instrument.size_precision),
        report_id=UUID4(),
        ts_last=ts_init,
        ts_init=ts_init,
    )


def trade_id_of(fill: FillEvent) -> TradeId:
    """
    Return the platform's id of a fill: unique over fill types, the same on every delivery.

    Raises
    ------
    MessageError
        If the fill has no id: it could not be told from another one.

    """
    if not fill.fill_id:
        raise MessageError(f"fill of order {fill.order_id!r} in {fill.market!r}: it has no id")
    fill_type = fill.fill_type or FillType.FILL.value
    prefix = _TRADE_ID_PREFIXES.get(fill_type)
    if prefix is None:
        prefix = f"{fill_type[:6]}-"
    value = f"{prefix}{fill.fill_id}"
    if len(value) > _MAX_TRADE_ID_LENGTH or not value.isascii():
        value = hashlib.sha256(f"{fill_type}|{fill.fill_id}".encode()).hexdigest()[:32]
    return TradeId(value)


def trade_ids_of(fill_id: str) -> tuple[TradeId, ...]:
    """Return the ids that fills of the venue's id have, by type; the ordinary one comes first."""
    return tuple(
        trade_id_of(FillEvent(fill_id=fill_id, fill_type=fill_type)) for fill_type in FillType
    )


def commission_of(fill: FillEvent, instrument: Instrument) -> Money:
    """
    Return what the fill cost (negative: a rebate), in the currency the venue took it in.

    Raises
    ------
    MessageError
        If the venue does not say what a fill of an order cost: that is not the same as nothing.
        Positions that change hands by themselves may come without a fee (guess).
    PrecisionError
        If the fee is out of the platform's range.

    """
    if fill.fee is None and (fill.fill_type or FillType.FILL) in _NAMES_FEE:
        raise MessageError(f"fill {fill.fill_id} of order {fill.order_id} tells no fee")
    code = fill.fee_currency
    currency = currency_from_code(code) if code else instrument.get_settlement_currency()
    return money_from_e8(fill.fee or 0, currency)


def fill_info(fill: FillEvent) -> dict[str, object]:
    """Return what the venue tells of a fill and the platform's event has no field for."""
    amounts = {
        "realized_pnl": fill.realized_pnl,
        "realized_funding": fill.realized_funding,
        "underlying_price": fill.underlying_price,
    }
    info: dict[str, object] = {
        name: e8_to_str(amount) for name, amount in amounts.items() if amount is not None
    }
    info["fill_type"] = fill.fill_type or FillType.FILL.value
    if fill.flags:
        info["flags"] = list(fill.flags)
    return info


def fill_price(price_e8: int | None, instrument: Instrument) -> Price:
    """Return a price with the instrument's precision, or with 8 decimals where it is finer."""
    try:
        return price_from_e8(price_e8, instrument.price_precision)
    except PrecisionError:
        return price_from_e8(price_e8, MAX_PRECISION)


def fill_quantity(size_e8: int | None, instrument: Instrument) -> Quantity:
    """Return a size with the instrument's precision, or with 8 decimals where it is finer."""
    try:
        return quantity_from_e8(size_e8, instrument.size_precision)
    except PrecisionError:
        return quantity_from_e8(size_e8, MAX_PRECISION)


def liquidity_side_of(liquidity: str | None) -> LiquiditySide:
    return _LIQUIDITY_SIDES.get(liquidity or "", LiquiditySide.NO_LIQUIDITY_SIDE)


def order_side_of(side: str | None) -> OrderSide:
    """
    Return the platform's order side.

    Raises
    ------
    MessageError
        If the venue's side is neither BUY nor SELL.

    """
    order_side = _ORDER_SIDES.get(side or "")
    if order_side is None:
        raise MessageError(f"unknown order side, was {side!r}")
    return order_side


def ts_ns(ts_us: int | None) -> int:
    """Return microseconds of the wire as nanoseconds, 0 where there are none."""
    return 0 if ts_us is None else ts_us * 1_000


def _filled(event: OrderEvent) -> int:
    if event.size is None:
        return 0
    if event.size_open is None:
        # Recorded orders leave it out: a reason says that some remained.
        return event.size if event.status == VenueStatus.CLOSED and not event.cancel_reason else 0
    return event.size - event.size_open


def _status(event: OrderEvent, order_type: OrderType, filled: int, accepted: bool) -> OrderStatus:
    if event.status == VenueStatus.CLOSED:
        if filled >= (event.size or 0):
            return OrderStatus.FILLED
        return _ENDINGS[ending_of(event.cancel_reason, accepted=accepted, filled=filled)]
    if filled:
        return OrderStatus.PARTIALLY_FILLED
    if event.status == VenueStatus.OPEN and order_type in HAVING_TRIGGERED_STATE:
        return OrderStatus.TRIGGERED
    return OrderStatus.ACCEPTED


def _known_status(order: Order, is_triggered: bool) -> OrderStatus:
    if order.filled_qty.raw:
        return OrderStatus.PARTIALLY_FILLED
    return OrderStatus.TRIGGERED if is_triggered else OrderStatus.ACCEPTED


def _time_in_force(event: OrderEvent) -> TimeInForce:
    if event.time_in_force == OrderInstruction.IOC:
        return TimeInForce.IOC
    return TimeInForce.GTC


def _position_side(side: str | None) -> PositionSide:
    return PositionSide.LONG if order_side_of(side) == OrderSide.BUY else PositionSide.SHORT


def _average_price(price_e8: int | None) -> Decimal | None:
    return None if price_e8 is None else e8_to_decimal(price_e8)
