"""In which sequence the engine is to take the orders of a mass status.

It takes one order after the other, each with all of its fills, and leaves a fill of a reduce-only
order out of the position where there is none yet that it could reduce (1.231).
"""

import math
from collections import defaultdict
from collections.abc import Iterable

from nautilus_trader.execution.reports import FillReport, OrderStatusReport
from nautilus_trader.model.identifiers import VenueOrderId

__all__ = ["in_order_of_fills"]


def in_order_of_fills(
    orders: Iterable[OrderStatusReport],
    fills: Iterable[FillReport],
) -> list[OrderStatusReport]:
    """
    Return orders as their fills followed one another; those without a fill come last.

    A reduce-only order comes where its last fill was, any other where its first was. Where orders
    have taken turns around a flat position no sequence may be right: then the position that comes
    of it is found to differ from the venue's, and corrected (`account.positions`).

    Parameters
    ----------
    orders : Iterable
        Reports of orders.
    fills : Iterable
        Their fills.

    """
    times: defaultdict[VenueOrderId, list[int]] = defaultdict(list)
    for fill in fills:
        times[fill.venue_order_id].append(fill.ts_event)

    def place(order: OrderStatusReport) -> tuple[float, bool]:
        own = times.get(order.venue_order_id)
        if own is None:
            return math.inf, False
        return (max(own), True) if order.reduce_only else (min(own), False)

    return sorted(orders, key=place)
