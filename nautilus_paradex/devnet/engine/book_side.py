"""One side of a book: price levels, the queue at each, and which levels changed.

Knows no orders but those that rest in it; the two sides and their views are put together in `book`.
"""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field

from nautilus_paradex.devnet.engine.orders import Order

__all__ = ["BookSide"]


@dataclass(slots=True)
class _Level:
    """Orders at one price: retail orders are met before the others (api-notes), each in time."""

    retail: dict[str, Order] = field(default_factory=dict)
    others: dict[str, Order] = field(default_factory=dict)
    total_e8: int = 0

    def queue_of(self, order: Order) -> dict[str, Order]:
        return self.retail if order.is_interactive else self.others

    @property
    def is_empty(self) -> bool:
        return not self.retail and not self.others

    def first(self) -> Order:
        return next(iter((self.retail or self.others).values()))


class BookSide:
    """
    The levels of one side, best first.

    Parameters
    ----------
    direction : int
        Makes better prices the smaller keys: -1 for bids, 1 for asks.

    """

    __slots__ = ("_changed", "_direction", "_keys", "_levels")

    def __init__(self, direction: int) -> None:
        self._direction = direction
        self._keys: list[int] = []
        self._levels: dict[int, _Level] = {}
        self._changed: set[int] = set()

    def __contains__(self, order: Order) -> bool:
        level = self._levels.get(self._key(order))
        return level is not None and order.id in level.queue_of(order)

    def add(self, order: Order) -> None:
        """Rest an order behind those of its kind at its price."""
        key = self._key(order)
        level = self._levels.get(key)
        if level is None:
            self._keys.insert(bisect_left(self._keys, key), key)
            level = self._levels[key] = _Level()
        level.queue_of(order)[order.id] = order
        level.total_e8 += order.remaining_e8
        self._changed.add(key)

    def remove(self, order: Order) -> None:
        self.fill(order, order.remaining_e8)

    def fill(self, order: Order, size_e8: int) -> None:
        """Take `size_e8` off an order, and the order off when nothing remains."""
        self.change(order, -size_e8)
        if size_e8 == order.remaining_e8:
            self._drop(order)

    def change(self, order: Order, delta_e8: int) -> None:
        """Change the size of an order in its place of the queue."""
        key = self._key(order)
        self._levels[key].total_e8 += delta_e8
        self._changed.add(key)

    def first(self, limit_e8: int | None) -> Order | None:
        """Return the order that is met first, None if there is none within the limit."""
        if not self._keys:
            return None
        key = self._keys[0]
        if limit_e8 is not None and key > limit_e8 * self._direction:
            return None
        return self._levels[key].first()

    def totals(self) -> Iterator[tuple[int, int]]:
        """Iterate over keys (price x direction) and sizes, best first."""
        return ((key, self._levels[key].total_e8) for key in self._keys)

    def total_at(self, key: int) -> int:
        """Return the size at a key, 0 where there is no level."""
        level = self._levels.get(key)
        return 0 if level is None else level.total_e8

    def take_changed(self) -> set[int]:
        """Return the keys of the levels touched since the last call."""
        changed, self._changed = self._changed, set()
        return changed

    def _drop(self, order: Order) -> None:
        key = self._key(order)
        level = self._levels[key]
        del level.queue_of(order)[order.id]
        if level.is_empty:
            del self._levels[key], self._keys[bisect_left(self._keys, key)]

    def _key(self, order: Order) -> int:
        assert order.price_e8 is not None, "an order without a price cannot rest"
        return order.price_e8 * self._direction
