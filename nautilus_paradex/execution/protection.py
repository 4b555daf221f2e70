"""Says at a start which positions stand without a stop: brackets of before may have been lost."""

from collections.abc import Iterable, Sequence
from typing import Final

from nautilus_trader.execution.reports import OrderStatusReport, PositionStatusReport
from nautilus_trader.model.enums import OrderSide, OrderStatus, OrderType, PositionSide

__all__ = ["unprotected"]

_STOPS: Final = frozenset({OrderType.STOP_MARKET, OrderType.STOP_LIMIT})
_WORKING: Final = frozenset(
    {OrderStatus.ACCEPTED, OrderStatus.TRIGGERED, OrderStatus.PARTIALLY_FILLED}
)
_EXITS: Final = {PositionSide.LONG: OrderSide.SELL, PositionSide.SHORT: OrderSide.BUY}


def unprotected(
    positions: Iterable[PositionStatusReport],
    orders: Sequence[OrderStatusReport],
) -> list[PositionStatusReport]:
    """Return the positions that no working stop order would close or reduce."""
    stops = {
        (order.instrument_id, order.order_side)
        for order in orders
        if order.order_type in _STOPS and order.order_status in _WORKING
    }
    return [
        position
        for position in positions
        if position.position_side in _EXITS
        and (position.instrument_id, _EXITS[position.position_side]) not in stops
    ]
