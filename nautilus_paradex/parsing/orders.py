"""From the platform's orders to the venue's requests: what can be said, and what must be denied.

Pure functions. Signing and sending a request is the work of `nautilus_paradex.execution`.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Final

import msgspec
from nautilus_trader.model.enums import (
    ContingencyType,
    OrderType,
    TimeInForce,
    contingency_type_to_str,
    order_type_to_str,
    time_in_force_to_str,
)
from nautilus_trader.model.enums import OrderSide as NautilusOrderSide
from nautilus_trader.model.identifiers import ClientOrderId
from nautilus_trader.model.instruments import CurrencyPair, Instrument
from nautilus_trader.model.orders import Order

from nautilus_paradex.protocol.enums import OrderFlag, OrderInstruction, OrderSide
from nautilus_paradex.protocol.enums import OrderType as VenueOrderType

__all__ = [
    "MAX_CLIENT_ID_LENGTH",
    "VENUE_SIDES",
    "OrderDraft",
    "client_order_id_of",
    "denial_of",
    "modify_denial_of",
    "order_draft",
]

MAX_CLIENT_ID_LENGTH: Final = 64
"""Characters of a client id that the venue takes (openapi)."""

_ORDER_TYPES: Final[dict[OrderType, str]] = {
    OrderType.MARKET: VenueOrderType.MARKET.value,
    OrderType.LIMIT: VenueOrderType.LIMIT.value,
}

_INSTRUCTIONS: Final[dict[TimeInForce, str]] = {
    TimeInForce.GTC: OrderInstruction.GTC.value,
    TimeInForce.IOC: OrderInstruction.IOC.value,
}

VENUE_SIDES: Final[dict[NautilusOrderSide, str]] = {
    NautilusOrderSide.BUY: OrderSide.BUY.value,
    NautilusOrderSide.SELL: OrderSide.SELL.value,
}


class OrderDraft(msgspec.Struct, frozen=True):
    """
    An order in the venue's words, not signed yet.

    `price` is None for a market order; the signature takes 0 in its place.

    """

    market: str
    side: str
    type: str
    size: Decimal
    price: Decimal | None
    instruction: str
    flags: list[str]
    client_id: str


def order_draft(order: Order, market: str) -> OrderDraft:
    """Return `order` in the venue's words; `denial_of` must have had no objection."""
    return OrderDraft(
        market=market,
        side=VENUE_SIDES[order.side],
        type=_ORDER_TYPES[order.order_type],
        size=order.quantity.as_decimal(),
        price=order.price.as_decimal() if order.has_price else None,
        instruction=_instruction(order),
        flags=[OrderFlag.REDUCE_ONLY.value] if order.is_reduce_only else [],
        client_id=order.client_order_id.value,
    )


def denial_of(order: Order, instrument: Instrument) -> str | None:
    """
    Return why the venue could not take `order` as it is, or None where it can.

    The text has the form ``CODE: key=value`` and becomes the reason of the `OrderDenied`.

    """
    for objection in _OBJECTIONS:
        reason = objection(order, instrument)
        if reason is not None:
            return reason
    return None


def modify_denial_of(
    order: Order,
    instrument: Instrument,
    quantity: object | None,
    price: object | None,
    trigger_price: object | None,
) -> str | None:
    """Return why a modification could not be sent, or None where it can."""
    if order.order_type != OrderType.LIMIT:
        return f"UNSUPPORTED_MODIFY: order_type={order_type_to_str(order.order_type)}"
    if trigger_price is not None:
        return f"UNSUPPORTED_MODIFY: trigger_price={trigger_price}"
    return _off_increment("price", price, instrument.price_increment) or _off_increment(
        "quantity",
        quantity,
        instrument.size_increment,
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


def _instruction(order: Order) -> str:
    if order.is_post_only:
        return OrderInstruction.POST_ONLY.value
    return _INSTRUCTIONS[order.time_in_force]


def _spot(order: Order, instrument: Instrument) -> str | None:
    # The platform would keep a position that the venue has as a token balance.
    if not isinstance(instrument, CurrencyPair):
        return None
    return f"UNSUPPORTED_INSTRUMENT: instrument_id={instrument.id} class=SPOT"


def _contingent(order: Order, instrument: Instrument) -> str | None:
    # Sent one by one, the entry of a bracket would go live without its stop.
    if order.contingency_type == ContingencyType.NO_CONTINGENCY:
        return None
    contingency = contingency_type_to_str(order.contingency_type)
    return f"UNSUPPORTED_CONTINGENCY: contingency_type={contingency}"


def _unsupported_type(order: Order, instrument: Instrument) -> str | None:
    if order.order_type in _ORDER_TYPES:
        return None
    return f"UNSUPPORTED_ORDER_TYPE: order_type={order_type_to_str(order.order_type)}"


def _unsupported_time_in_force(order: Order, instrument: Instrument) -> str | None:
    if order.time_in_force in _INSTRUCTIONS:
        return None
    return f"UNSUPPORTED_TIME_IN_FORCE: time_in_force={time_in_force_to_str(order.time_in_force)}"


def _quote_quantity(order: Order, instrument: Instrument) -> str | None:
    return "UNSUPPORTED_QUOTE_QUANTITY: is_quote_quantity=True" if order.is_quote_quantity else None


def _iceberg(order: Order, instrument: Instrument) -> str | None:
    display_qty = getattr(order, "display_qty", None)
    return None if display_qty is None else f"UNSUPPORTED_DISPLAY_QTY: display_qty={display_qty}"


def _post_only_conflict(order: Order, instrument: Instrument) -> str | None:
    if not order.is_post_only or order.time_in_force == TimeInForce.GTC:
        return None
    return f"POST_ONLY_CONFLICT: time_in_force={time_in_force_to_str(order.time_in_force)}"


def _client_id_too_long(order: Order, instrument: Instrument) -> str | None:
    length = len(order.client_order_id.value)
    if length <= MAX_CLIENT_ID_LENGTH:
        return None
    return f"INVALID_CLIENT_ORDER_ID: length={length} max={MAX_CLIENT_ID_LENGTH}"


def _quantity(order: Order, instrument: Instrument) -> str | None:
    if instrument.max_quantity is not None and order.quantity > instrument.max_quantity:
        return f"QUANTITY_ABOVE_MAX: quantity={order.quantity} max={instrument.max_quantity}"
    if instrument.min_quantity is not None and order.quantity < instrument.min_quantity:
        return f"QUANTITY_BELOW_MIN: quantity={order.quantity} min={instrument.min_quantity}"
    return _off_increment("quantity", order.quantity, instrument.size_increment)


def _price(order: Order, instrument: Instrument) -> str | None:
    if not order.has_price:
        return None
    if order.price <= 0:
        return f"PRICE_NOT_POSITIVE: price={order.price}"
    return _off_increment("price", order.price, instrument.price_increment)


def _off_increment(name: str, value: object | None, increment: object) -> str | None:
    if value is None or _raw(value) % _raw(increment) == 0:
        return None
    return f"{name.upper()}_OFF_INCREMENT: {name}={value} increment={increment}"


def _raw(value: object) -> int:
    return int(getattr(value, "raw"))  # noqa: B009 (Price and Quantity share it, not a base class)


_OBJECTIONS: Final[tuple[Callable[[Order, Instrument], str | None], ...]] = (
    _spot,
    _contingent,
    _unsupported_type,
    _unsupported_time_in_force,
    _quote_quantity,
    _iceberg,
    _post_only_conflict,
    _client_id_too_long,
    _quantity,
    _price,
)
