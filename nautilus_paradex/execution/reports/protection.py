"""Says at a start which positions stand without a stop: brackets of before may have been lost."""

from collections import Counter
from collections.abc import Iterable
from typing import Final

from nautilus_trader.execution.reports import OrderStatusReport, PositionStatusReport
from nautilus_trader.model.enums import OrderSide, OrderStatus, PositionSide
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.orders import Order

from nautilus_paradex.parsing.order_types import STOPS

__all__ = ["awaiting_stop", "unprotected"]

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
        if order.order_type in STOPS and order.order_status in _WORKING:
            leaves = order.quantity.raw - order.filled_qty.raw
            covered[order.instrument_id, order.order_side] += leaves
    return [
        position
        for position in positions
        if position.position_side in _EXITS
        and covered[position.instrument_id, _EXITS[position.position_side]] < position.quantity.raw
    ]


def awaiting_stop(
    known: Iterable[Order],
    told: Iterable[OrderStatusReport],
) -> set[InstrumentId]:
    """Return where the stop of a bracket waits here, or was sent after the venue was asked."""
    told_ids = {order.venue_order_id for order in told}
    return {
        order.instrument_id
        for order in known
        if order.parent_order_id is not None
        and order.order_type in STOPS
        and not order.is_closed
        and order.venue_order_id not in told_ids
    }
