"""From the platform's orders to the venue's requests: what can be said, and what must be denied.

Pure functions. Signing and sending a request is the work of `nautilus_paradex.execution`.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Final

import msgspec
from nautilus_trader.model.enums import (
    OrderType,
    TimeInForce,
    TriggerType,
    order_type_to_str,
    time_in_force_to_str,
    trigger_type_to_str,
)
from nautilus_trader.model.identifiers import ClientOrderId
from nautilus_trader.model.instruments import CurrencyPair, Instrument
from nautilus_trader.model.objects import Price, Quantity
from nautilus_trader.model.orders import Order

from nautilus_paradex.parsing.order_params import NO_FEATURES, OrderFeatures
from nautilus_paradex.parsing.order_types import CONDITIONAL, VENUE_SIDES, venue_order_type_of
from nautilus_paradex.protocol.enums import OrderFlag, OrderInstruction

__all__ = [
    "MAX_CLIENT_ID_LENGTH",
    "OrderDraft",
    "client_order_id_of",
    "denial_of",
    "modify_denial_of",
    "order_draft",
]

MAX_CLIENT_ID_LENGTH: Final = 64
"""Characters of a client id that the venue takes (openapi)."""

_INSTRUCTIONS: Final[dict[TimeInForce, str]] = {
    TimeInForce.GTC: OrderInstruction.GTC.value,
    TimeInForce.IOC: OrderInstruction.IOC.value,
}

# Triggers watch the mark price, and nothing else (api-notes).
_TRIGGER_TYPES: Final = frozenset({TriggerType.DEFAULT, TriggerType.MARK_PRICE})


class OrderDraft(msgspec.Struct, frozen=True, kw_only=True):
    """
    An order in the venue's words, not signed yet.

    `price` is None for an order that trades at the market; the signature takes 0 in its place.
    `recv_window_ms` is None where the client's own is to be taken.

    """

    market: str
    side: str
    type: str
    size: Decimal
    price: Decimal | None
    trigger_price: Decimal | None
    instruction: str
    flags: list[str]
    client_id: str
    stp: str | None = None
    recv_window_ms: int | None = None
    vwap_price: Decimal | None = None
    dime_discount: bool | None = None


def order_draft(order: Order, market: str, features: OrderFeatures = NO_FEATURES) -> OrderDraft:
    """Return `order` in the venue's words; `denial_of` must have had no objection."""
    order_type = venue_order_type_of(order.order_type, position_linked=features.tpsl)
    assert order_type is not None, "denied otherwise"
    return OrderDraft(
        market=market,
        side=VENUE_SIDES[order.side],
        type=order_type,
        size=order.quantity.as_decimal(),
        price=order.price.as_decimal() if order.has_price else None,
        trigger_price=order.trigger_price.as_decimal() if order.has_trigger_price else None,
        instruction=_instruction(order, features),
        flags=_flags(order, features),
        client_id=order.client_order_id.value,
        stp=features.stp,
        recv_window_ms=features.recv_window_ms,
        vwap_price=features.vwap_price,
        dime_discount=features.dime_discount or None,
    )


def denial_of(
    order: Order,
    instrument: Instrument,
    features: OrderFeatures = NO_FEATURES,
) -> str | None:
    """
    Return why the venue could not take `order` as it is, or None where it can.

    The text has the form ``CODE: key=value`` and becomes the reason of the `OrderDenied`.

    """
    for objection in _OBJECTIONS:
        reason = objection(order, instrument)
        if reason is not None:
            return reason
    for feature_objection in _FEATURE_OBJECTIONS:
        reason = feature_objection(order, features)
        if reason is not None:
            return reason
    return None


def modify_denial_of(
    order: Order,
    instrument: Instrument,
    quantity: Quantity | None,
    price: Price | None,
    trigger_price: Price | None,
    *,
    is_triggered: bool = False,
) -> str | None:
    """
    Return why a modification could not be sent, or None where it can.

    `is_triggered` is whether the order's trigger has been hit: it is fixed from then on (openapi).

    """
    order_type = order_type_to_str(order.order_type)
    if order.order_type == OrderType.MARKET:
        return f"UNSUPPORTED_MODIFY: order_type={order_type}"
    if price is not None and not order.has_price:
        return f"UNSUPPORTED_MODIFY: price={price} order_type={order_type}"
    if trigger_price is not None and not order.has_trigger_price:
        return f"UNSUPPORTED_MODIFY: trigger_price={trigger_price} order_type={order_type}"
    if trigger_price is not None and is_triggered and trigger_price != order.trigger_price:
        return f"UNSUPPORTED_MODIFY: trigger_price={trigger_price} is_triggered=True"
    if quantity is not None and quantity < order.filled_qty:
        return f"QUANTITY_BELOW_FILLED: quantity={quantity} filled_qty={order.filled_qty}"
    return (
        _price_objection("price", price, instrument)
        or _price_objection("trigger_price", trigger_price, instrument)
        or _quantity_objection(quantity, instrument)
    )


def client_order_id_of(client_id: str | None) -> ClientOrderId | None:
    """
    Return the platform's form of a client id found at the venue, or None where it has none.

    Orders placed elsewhere may carry what the platform's identifiers cannot hold: those count as
    without a client id.

    """
    if not client_id or not client_id.isascii() or not client_id.isprintable():
        return None
    return ClientOrderId(client_id) if client_id.strip() else None


def _instruction(order: Order, features: OrderFeatures) -> str:
    if features.rpi:
        return OrderInstruction.RPI.value
    if order.is_post_only:
        return OrderInstruction.POST_ONLY.value
    if order.time_in_force == TimeInForce.GTD:
        return OrderInstruction.GTC.value
    return _INSTRUCTIONS[order.time_in_force]


def _flags(order: Order, features: OrderFeatures) -> list[str]:
    flags = (
        (OrderFlag.REDUCE_ONLY, order.is_reduce_only),
        (OrderFlag.TARGET_STRATEGY_VWAP, features.vwap_price is not None),
        (OrderFlag.MMP, features.mmp),
    )
    return [flag.value for flag, is_wanted in flags if is_wanted]


def _spot(order: Order, instrument: Instrument) -> str | None:
    if not isinstance(instrument, CurrencyPair):
        return None
    if order.order_type in CONDITIONAL:
        order_type = order_type_to_str(order.order_type)
        return f"UNSUPPORTED_ORDER_TYPE: order_type={order_type} class=SPOT"
    return (
        "UNSUPPORTED_REDUCE_ONLY: is_reduce_only=True class=SPOT" if order.is_reduce_only else None
    )


def _unsupported_type(order: Order, instrument: Instrument) -> str | None:
    if venue_order_type_of(order.order_type) is not None:
        return None
    return f"UNSUPPORTED_ORDER_TYPE: order_type={order_type_to_str(order.order_type)}"


def _unsupported_trigger(order: Order, instrument: Instrument) -> str | None:
    if not order.has_trigger_price or order.trigger_type in _TRIGGER_TYPES:
        return None
    return f"UNSUPPORTED_TRIGGER_TYPE: trigger_type={trigger_type_to_str(order.trigger_type)}"


def _quote_quantity(order: Order, instrument: Instrument) -> str | None:
    return "UNSUPPORTED_QUOTE_QUANTITY: is_quote_quantity=True" if order.is_quote_quantity else None


def _iceberg(order: Order, instrument: Instrument) -> str | None:
    display_qty = getattr(order, "display_qty", None)
    return None if display_qty is None else f"UNSUPPORTED_DISPLAY_QTY: display_qty={display_qty}"


def _client_id(order: Order, instrument: Instrument) -> str | None:
    client_id = order.client_order_id.value
    if len(client_id) > MAX_CLIENT_ID_LENGTH:
        return f"INVALID_CLIENT_ORDER_ID: length={len(client_id)} max={MAX_CLIENT_ID_LENGTH}"
    # As a part of an address it would be taken away, and a cancel by it be one of all orders.
    return f"INVALID_CLIENT_ORDER_ID: {client_id=!s}" if client_id in (".", "..") else None


def _quantity(order: Order, instrument: Instrument) -> str | None:
    return _quantity_objection(order.quantity, instrument)


def _quantity_objection(quantity: Quantity | None, instrument: Instrument) -> str | None:
    if quantity is None:
        return None
    if instrument.max_quantity is not None and quantity > instrument.max_quantity:
        return f"QUANTITY_ABOVE_MAX: quantity={quantity} max={instrument.max_quantity}"
    if instrument.min_quantity is not None and quantity < instrument.min_quantity:
        return f"QUANTITY_BELOW_MIN: quantity={quantity} min={instrument.min_quantity}"
    return _off_increment("quantity", quantity, instrument.size_increment)


def _price(order: Order, instrument: Instrument) -> str | None:
    price = order.price if order.has_price else None
    return _price_objection("price", price, instrument)


def _trigger_price(order: Order, instrument: Instrument) -> str | None:
    trigger_price = order.trigger_price if order.has_trigger_price else None
    return _price_objection("trigger_price", trigger_price, instrument)


def _price_objection(name: str, price: Price | None, instrument: Instrument) -> str | None:
    if price is None:
        return None
    if price <= 0:
        return f"{name.upper()}_NOT_POSITIVE: {name}={price}"
    return _off_increment(name, price, instrument.price_increment)


def _off_increment[V: (Price, Quantity)](name: str, value: V | None, increment: V) -> str | None:
    if value is None or value.raw % increment.raw == 0:
        return None
    return f"{name.upper()}_OFF_INCREMENT: {name}={value} increment={increment}"


def _unsupported_time_in_force(order: Order, features: OrderFeatures) -> str | None:
    time_in_force = order.time_in_force
    if time_in_force in _INSTRUCTIONS or (time_in_force == TimeInForce.GTD and features.gtd_as_gtc):
        return None
    return f"UNSUPPORTED_TIME_IN_FORCE: time_in_force={time_in_force_to_str(time_in_force)}"


def _post_only_conflict(order: Order, features: OrderFeatures) -> str | None:
    if not order.is_post_only or order.time_in_force != TimeInForce.IOC:
        return None
    return f"POST_ONLY_CONFLICT: time_in_force={time_in_force_to_str(order.time_in_force)}"


def _linked_conflict(order: Order, features: OrderFeatures) -> str | None:
    if not features.tpsl:
        return None
    if order.order_type not in CONDITIONAL:
        return f"INVALID_PARAM: tpsl=True order_type={order_type_to_str(order.order_type)}"
    return None if order.is_reduce_only else "INVALID_PARAM: tpsl=True is_reduce_only=False"


def _rpi_conflict(order: Order, features: OrderFeatures) -> str | None:
    # Post-only, never reduce-only or IOC (api-notes).
    if not features.rpi:
        return None
    if order.order_type != OrderType.LIMIT:
        return f"INVALID_PARAM: rpi=True order_type={order_type_to_str(order.order_type)}"
    if order.is_reduce_only:
        return "INVALID_PARAM: rpi=True is_reduce_only=True"
    if order.time_in_force == TimeInForce.IOC:
        return "INVALID_PARAM: rpi=True time_in_force=IOC"
    return None


def _vwap_conflict(order: Order, features: OrderFeatures) -> str | None:
    # For market orders (openapi).
    if features.vwap_price is None or order.order_type == OrderType.MARKET:
        return None
    order_type = order_type_to_str(order.order_type)
    return f"INVALID_PARAM: vwap_price={features.vwap_price} order_type={order_type}"


_OBJECTIONS: Final[tuple[Callable[[Order, Instrument], str | None], ...]] = (
    _unsupported_type,
    _spot,
    _unsupported_trigger,
    _quote_quantity,
    _iceberg,
    _client_id,
    _quantity,
    _price,
    _trigger_price,
)

_FEATURE_OBJECTIONS: Final[tuple[Callable[[Order, OrderFeatures], str | None], ...]] = (
    _unsupported_time_in_force,
    _post_only_conflict,
    _linked_conflict,
    _rpi_conflict,
    _vwap_conflict,
)
