"""The platform's order types and the venue's, both ways. Pure functions.

The venue has one kind of stop: which way the mark price must move to set it off it derives itself,
from the trigger against the mark, and reports in the order's flags. So a stop and an if-touched
order are the same request, told apart by that direction.
"""

from decimal import Decimal
from typing import Final

from nautilus_trader.model.enums import OrderSide, OrderType
from nautilus_trader.model.objects import Price
from nautilus_trader.model.orders import Order

from nautilus_paradex.protocol.enums import OrderSide as VenueSide
from nautilus_paradex.protocol.enums import OrderType as VenueOrderType
from nautilus_paradex.protocol.events import OrderEvent
from nautilus_paradex.protocol.triggers import ABOVE, BELOW, derived_direction

__all__ = [
    "CONDITIONAL",
    "HAVING_TRIGGERED_STATE",
    "STOPS",
    "VENUE_SIDES",
    "direction_denial_of",
    "direction_of",
    "order_type_of",
    "venue_order_type_of",
]

VENUE_SIDES: Final[dict[OrderSide, str]] = {
    OrderSide.BUY: VenueSide.BUY.value,
    OrderSide.SELL: VenueSide.SELL.value,
}
"""The venue's word for a side."""

_VENUE_TYPES: Final[dict[OrderType, str]] = {
    OrderType.MARKET: VenueOrderType.MARKET.value,
    OrderType.LIMIT: VenueOrderType.LIMIT.value,
    OrderType.STOP_MARKET: VenueOrderType.STOP_MARKET.value,
    OrderType.STOP_LIMIT: VenueOrderType.STOP_LIMIT.value,
    OrderType.MARKET_IF_TOUCHED: VenueOrderType.STOP_MARKET.value,
    OrderType.LIMIT_IF_TOUCHED: VenueOrderType.STOP_LIMIT.value,
}

_POSITION_LINKED_TYPES: Final[dict[OrderType, str]] = {
    OrderType.STOP_MARKET: VenueOrderType.STOP_LOSS_MARKET.value,
    OrderType.STOP_LIMIT: VenueOrderType.STOP_LOSS_LIMIT.value,
    OrderType.MARKET_IF_TOUCHED: VenueOrderType.TAKE_PROFIT_MARKET.value,
    OrderType.LIMIT_IF_TOUCHED: VenueOrderType.TAKE_PROFIT_LIMIT.value,
}

CONDITIONAL: Final = frozenset(_POSITION_LINKED_TYPES)
"""Order types of the platform that wait for a trigger price."""

HAVING_TRIGGERED_STATE: Final = frozenset({OrderType.STOP_LIMIT, OrderType.LIMIT_IF_TOUCHED})
"""Order types that the platform knows a triggered state of; the others fill at once."""

STOPS: Final = frozenset({OrderType.STOP_MARKET, OrderType.STOP_LIMIT})
"""Order types that protect a position: set off where the market moves against it."""

# In the direction of the side a stop is set off, against it an order is touched.
_STOPPED: Final[dict[str, str]] = {VenueSide.BUY: ABOVE, VenueSide.SELL: BELOW}
_TOUCHED: Final[dict[str, str]] = {VenueSide.BUY: BELOW, VenueSide.SELL: ABOVE}

_IF_TOUCHED: Final[dict[OrderType, OrderType]] = {
    OrderType.STOP_MARKET: OrderType.MARKET_IF_TOUCHED,
    OrderType.STOP_LIMIT: OrderType.LIMIT_IF_TOUCHED,
}

_PLATFORM_TYPES: Final[dict[str, OrderType]] = {
    VenueOrderType.MARKET: OrderType.MARKET,
    VenueOrderType.LIMIT: OrderType.LIMIT,
    VenueOrderType.STOP_MARKET: OrderType.STOP_MARKET,
    VenueOrderType.STOP_LIMIT: OrderType.STOP_LIMIT,
    VenueOrderType.STOP_LOSS_MARKET: OrderType.STOP_MARKET,
    VenueOrderType.STOP_LOSS_LIMIT: OrderType.STOP_LIMIT,
    VenueOrderType.TAKE_PROFIT_MARKET: OrderType.MARKET_IF_TOUCHED,
    VenueOrderType.TAKE_PROFIT_LIMIT: OrderType.LIMIT_IF_TOUCHED,
}
_DIRECTED: Final = frozenset({VenueOrderType.STOP_MARKET.value, VenueOrderType.STOP_LIMIT.value})


def venue_order_type_of(order_type: OrderType, *, position_linked: bool = False) -> str | None:
    """
    Return the venue's type of an order, or None where it has none.

    Parameters
    ----------
    order_type : OrderType
        The platform's type.
    position_linked : bool, default False
        If it is to be a stop loss or take profit that follows the position.

    """
    types = _POSITION_LINKED_TYPES if position_linked else _VENUE_TYPES
    return types.get(order_type)


def direction_of(order_type: OrderType, side: OrderSide) -> str | None:
    """Return the flag that the venue is to derive for an order, None if it has no trigger."""
    if order_type not in CONDITIONAL:
        return None
    directions = _STOPPED if order_type in _IF_TOUCHED else _TOUCHED
    return directions[VENUE_SIDES[side]]


def direction_denial_of(order: Order, trigger_price: Price, mark: Decimal) -> str | None:
    """Return why a trigger cannot be moved to a price at this mark price, None where it can."""
    intended = direction_of(order.order_type, order.side)
    trigger: Decimal = trigger_price.as_decimal()
    if trigger == mark or intended == (ABOVE if trigger > mark else BELOW):
        return None
    return f"TRIGGER_DIRECTION: intended={intended} trigger_price={trigger_price} mark={mark}"


def order_type_of(event: OrderEvent) -> OrderType:
    """
    Return the platform's type of an order at the venue.

    A stop that waits for the mark to move against its side is an if-touched order. For a type
    without a word the nearest by its price: an order of a new type must not keep the others from
    being reported (unknown is not fatal).
    """
    order_type = _PLATFORM_TYPES.get(event.order_type or "")
    if order_type is None:
        return OrderType.MARKET if event.price is None else OrderType.LIMIT
    direction = derived_direction(event.flags)
    if event.order_type in _DIRECTED and direction == _TOUCHED.get(event.side or "", ""):
        return _IF_TOUCHED[order_type]
    return order_type
