"""A market's order book: price-time priority, level totals and what changed since last asked.

It holds resting orders and nothing else; who may rest or trade is decided elsewhere.
"""

from bisect import bisect_left
from collections.abc import Iterator
from itertools import islice

from nautilus_paradex.devnet.engine.orders import Order, opposite
from nautilus_paradex.protocol.enums import OrderSide
from nautilus_paradex.protocol.events import BookLevel

__all__ = ["BookChanges", "OrderBook"]

type BookChanges = tuple[list[BookLevel], list[BookLevel]]
"""Changed bid and ask levels, best first; size 0 where a level is gone."""


class OrderBook:
    """
    Both sides of one market.

    Attributes
    ----------
    seq : int
        Number of the last change that was taken; steps by exactly one.

    """

    def __init__(self) -> None:
        self.seq = 0
        self._sides = {OrderSide.BUY.value: _Side(-1), OrderSide.SELL.value: _Side(1)}

    def add(self, order: Order) -> None:
        """Rest an order behind all others at its price; it must have a price."""
        self._sides[order.side].add(order)

    def remove(self, order: Order) -> None:
        """Take a resting order off with what remains of it."""
        self._sides[order.side].remove(order)

    def fill(self, order: Order, size_e8: int) -> None:
        """
        Account for a fill of a resting order, and take it off when nothing remains.

        `Order.filled_e8` is to be raised by the caller, afterwards.

        """
        self._sides[order.side].fill(order, size_e8)

    def reduce(self, order: Order, size_e8: int) -> None:
        """Make a resting order smaller by `size_e8` in its place of the queue."""
        self._sides[order.side].change(order, -size_e8)

    def __contains__(self, order: Order) -> bool:
        return order in self._sides[order.side]

    def best(self, side: str) -> BookLevel | None:
        """Return price and total size of the best level of `side`, None if it is empty."""
        return next(self._sides[side].levels(), None)

    def first_against(self, order_side: str, limit_e8: int | None) -> Order | None:
        """Return the resting order that an order of `order_side` meets first within its limit."""
        return self._sides[opposite(order_side)].first(limit_e8)

    def would_cross(self, order_side: str, price_e8: int) -> bool:
        return self.first_against(order_side, price_e8) is not None

    def levels(self, side: str, depth: int | None = None) -> list[BookLevel]:
        """Return the best `depth` levels of `side`, all if None, best first."""
        levels = self._sides[side].levels()
        return list(islice(levels, depth))

    def mid_e8(self) -> int | None:
        """Return the middle of best bid and ask, None if a side is empty."""
        bid, ask = self.best(OrderSide.BUY), self.best(OrderSide.SELL)
        return None if bid is None or ask is None else (bid[0] + ask[0]) // 2

    def take_changes(self) -> BookChanges | None:
        """Return the levels changed since the last call and count `seq` up, None if none were."""
        bids, asks = (side.take_changes() for side in self._sides.values())
        if not bids and not asks:
            return None
        self.seq += 1
        return bids, asks


class _Side:
    """One side; `direction` makes better prices the smaller keys (-1 for bids)."""

    __slots__ = ("_changed", "_direction", "_keys", "_orders", "_totals")

    def __init__(self, direction: int) -> None:
        self._direction = direction
        self._keys: list[int] = []
        self._orders: dict[int, dict[str, Order]] = {}
        self._totals: dict[int, int] = {}
        self._changed: set[int] = set()

    def __contains__(self, order: Order) -> bool:
        return order.id in self._orders.get(self._key(order), {})

    def add(self, order: Order) -> None:
        key = self._key(order)
        if key not in self._orders:
            self._keys.insert(bisect_left(self._keys, key), key)
            self._orders[key] = {}
            self._totals[key] = 0
        self._orders[key][order.id] = order
        self._totals[key] += order.remaining_e8
        self._changed.add(key)

    def remove(self, order: Order) -> None:
        self.fill(order, order.remaining_e8)

    def fill(self, order: Order, size_e8: int) -> None:
        self.change(order, -size_e8)
        if size_e8 == order.remaining_e8:
            self._drop(order)

    def change(self, order: Order, delta_e8: int) -> None:
        key = self._key(order)
        self._totals[key] += delta_e8
        self._changed.add(key)

    def first(self, limit_e8: int | None) -> Order | None:
        if not self._keys:
            return None
        key = self._keys[0]
        if limit_e8 is not None and key > limit_e8 * self._direction:
            return None
        return next(iter(self._orders[key].values()))

    def levels(self) -> Iterator[BookLevel]:
        return ((key * self._direction, self._totals[key]) for key in self._keys)

    def take_changes(self) -> list[BookLevel]:
        changed = sorted(self._changed)
        self._changed.clear()
        return [(key * self._direction, self._totals.get(key, 0)) for key in changed]

    def _drop(self, order: Order) -> None:
        key = self._key(order)
        level = self._orders[key]
        del level[order.id]
        if level:
            return
        del self._orders[key], self._totals[key]
        del self._keys[bisect_left(self._keys, key)]

    def _key(self, order: Order) -> int:
        assert order.price_e8 is not None, "an order without a price cannot rest"
        return order.price_e8 * self._direction
