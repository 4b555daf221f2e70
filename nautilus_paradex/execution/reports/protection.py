"""Says at a start which positions stand without a stop: brackets of before may have been lost."""

from collections import Counter
from collections.abc import Iterable
from typing import Final

from nautilus_trader.execution.reports import OrderStatusReport, PositionStatusReport
from nautilus_trader.model.enums import OrderSide, OrderStatus, OrderType, PositionSide
from nautilus_trader.model.identifiers import InstrumentId

__all__ = ["unprotected"]

_STOPS: Final = frozenset({OrderType.STOP_MARKET, OrderType.STOP_LIMIT})
_WORKING: Final = frozenset(
    {OrderStatus.ACCEPTED, OrderStatus.TRIGGERED, OrderStatus.PARTIALLY_FILLED}
)
_EXITS: Final = {PositionSide.LONG: OrderSide.SELL, PositionSide.SHORT: OrderSide.BUY}


def unprotected(
    positions: Iterable[PositionStatusReport],
    orders: Iterable[OrderStatusReport],
) -> list[PositionStatusReport]:
    """Return the positions that working stop orders would not close whole."""
    covered: Counter[tuple[InstrumentId, OrderSide]] = Counter()
    for order in orders:
        if order.order_type in _STOPS and order.order_status in _WORKING:
            leaves = order.quantity.raw - order.filled_qty.raw
            covered[order.instrument_id, order.order_side] += leaves
    return [
        position
        for position in positions
        if position.position_side in _EXITS
        and covered[position.instrument_id, _EXITS[position.position_side]] < position.quantity.raw
    ]
