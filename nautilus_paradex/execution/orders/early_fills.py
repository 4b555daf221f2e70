"""Fills of reduce-only orders that have come before the fills that opened their position.

The venue fills such an order only against a position; the platform lets its fill move none that it
does not know yet, and the position would stay wrong. Here they wait; `events` decides for how long.
"""

from collections import OrderedDict
from typing import Final

from nautilus_trader.cache.cache import Cache
from nautilus_trader.model.identifiers import AccountId
from nautilus_trader.model.orders import Order

from nautilus_paradex.execution.orders.state import FillKey, OrderState, fill_key
from nautilus_paradex.protocol.events import FillEvent

__all__ = ["EarlyFills"]

_MAX_KEPT: Final = 1_000


class EarlyFills:
    """
    Keeps early fills until their position is there.

    Parameters
    ----------
    cache : Cache
        The platform's cache: which positions are open.
    account_id : AccountId
        Whose positions.

    """

    def __init__(self, cache: Cache, account_id: AccountId) -> None:
        self._cache = cache
        self._account_id = account_id
        self._kept: OrderedDict[FillKey, tuple[OrderState, Order, FillEvent]] = OrderedDict()

    def is_early(self, state: OrderState, order: Order, fill: FillEvent) -> bool:
        """Return whether a fill would close a position that the platform does not have."""
        return (
            bool(order.is_reduce_only) and not state.knows(fill) and not self._has_position(order)
        )

    def keep(self, state: OrderState, order: Order, fill: FillEvent) -> bool:
        """Keep a fill; returns False if it was kept before."""
        key = fill_key(fill)
        is_new = key not in self._kept
        self._kept[key] = (state, order, fill)
        if len(self._kept) > _MAX_KEPT:
            self._kept.popitem(last=False)
        return is_new

    def ready(self) -> list[tuple[OrderState, FillEvent]]:
        """Give out the fills whose position is there by now."""
        ready = [
            (key, state, fill)
            for key, (state, order, fill) in self._kept.items()
            if self._has_position(order)
        ]
        for key, _, _ in ready:
            del self._kept[key]
        return [(state, fill) for _, state, fill in ready]

    def give_out(self, fill: FillEvent) -> OrderState | None:
        """Stop keeping a fill; returns the state of its order, None if it is kept no more."""
        kept = self._kept.pop(fill_key(fill), None)
        return None if kept is None else kept[0]

    def __contains__(self, fill: FillEvent) -> bool:
        return fill_key(fill) in self._kept

    def _has_position(self, order: Order) -> bool:
        positions = self._cache.positions_open(
            instrument_id=order.instrument_id,
            account_id=self._account_id,
        )
        return any(position.is_opposite_side(order.side) for position in positions)
