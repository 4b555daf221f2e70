"""A market's order book: who is met first, its two views, and what changed since last asked.

It holds resting orders and nothing else; who may rest or trade is decided elsewhere. RPI orders lie
apart: the API's view of the book is without them, the interactive view (the venue's own UI) with
them, and only retail takers meet them.
"""

from collections.abc import Iterable, Iterator
from heapq import merge
from itertools import groupby, islice
from operator import itemgetter
from typing import Final, NamedTuple

from nautilus_paradex.devnet.engine.book_side import BookSide
from nautilus_paradex.devnet.engine.orders import Order, opposite
from nautilus_paradex.protocol.enums import OrderSide
from nautilus_paradex.protocol.events import BookLevel

__all__ = ["BookChanges", "Levels", "OrderBook"]

type Levels = tuple[list[BookLevel], list[BookLevel]]
"""Bid and ask levels, best first; in a change size 0 where a level is gone."""


class BookChanges(NamedTuple):
    """One change of a book in both views; `api` is empty where only RPI orders were concerned."""

    api: Levels
    interactive: Levels


class OrderBook:
    """
    Both sides of one market.

    Attributes
    ----------
    seq : int
        Number of the last change that was taken; steps by exactly one, in both views together.

    """

    def __init__(self) -> None:
        self.seq = 0
        self._lit = {side: BookSide(_DIRECTIONS[side]) for side in _DIRECTIONS}
        self._rpi = {side: BookSide(_DIRECTIONS[side]) for side in _DIRECTIONS}

    def add(self, order: Order) -> None:
        """Rest an order behind all others of its kind at its price; it must have a price."""
        self._side_of(order).add(order)

    def remove(self, order: Order) -> None:
        """Take a resting order off with what remains of it."""
        self._side_of(order).remove(order)

    def fill(self, order: Order, size_e8: int) -> None:
        """
        Account for a fill of a resting order, and take it off when nothing remains.

        `Order.filled_e8` is to be raised by the caller, afterwards.

        """
        self._side_of(order).fill(order, size_e8)

    def reduce(self, order: Order, size_e8: int) -> None:
        """Make a resting order smaller by `size_e8` in its place of the queue."""
        self._side_of(order).change(order, -size_e8)

    def __contains__(self, order: Order) -> bool:
        return order in self._side_of(order)

    def first_against(
        self, order_side: str, limit_e8: int | None, *, retail: bool = False
    ) -> Order | None:
        """
        Return the resting order that an order of `order_side` meets first within its limit.

        Price comes first; at one price retail orders, then the others, RPI orders last and only if
        the order is itself a retail order.

        """
        side = opposite(order_side)
        lit = self._lit[side].first(limit_e8)
        if not retail:
            return lit
        rpi = self._rpi[side].first(limit_e8)
        if lit is None or rpi is None:
            return lit or rpi
        return rpi if _is_better(rpi, lit) else lit

    def would_cross(self, order_side: str, price_e8: int, *, retail: bool = False) -> bool:
        return self.first_against(order_side, price_e8, retail=retail) is not None

    def best(self, side: str, *, interactive: bool = False) -> BookLevel | None:
        """Return price and total size of the best level of `side`, None if it is empty."""
        return next(self._iterate(side, interactive=interactive), None)

    def levels(
        self, side: str, depth: int | None = None, *, interactive: bool = False
    ) -> list[BookLevel]:
        """Return the best `depth` levels of `side`, all if None, best first."""
        return list(islice(self._iterate(side, interactive=interactive), depth))

    def mid_e8(self) -> int | None:
        """Return the middle of best bid and ask of the API's view, None if a side is empty."""
        bid, ask = self.best(OrderSide.BUY), self.best(OrderSide.SELL)
        return None if bid is None or ask is None else (bid[0] + ask[0]) // 2

    def take_changes(self) -> BookChanges | None:
        """Return the levels changed since the last call and count `seq` up, None if none were."""
        bids, asks = self._take_side(OrderSide.BUY), self._take_side(OrderSide.SELL)
        if not any((*bids, *asks)):
            return None
        self.seq += 1
        return BookChanges(api=(bids[0], asks[0]), interactive=(bids[1], asks[1]))

    def _side_of(self, order: Order) -> BookSide:
        return (self._rpi if order.is_rpi else self._lit)[order.side]

    def _iterate(self, side: str, *, interactive: bool) -> Iterator[BookLevel]:
        lit = self._lit[side].totals()
        totals = _merged(lit, self._rpi[side].totals()) if interactive else lit
        direction = _DIRECTIONS[side]
        return ((key * direction, total) for key, total in totals)

    def _take_side(self, side: str) -> tuple[list[BookLevel], list[BookLevel]]:
        """Return the changed levels of one side, in the API's view and in the interactive one."""
        lit, rpi, direction = self._lit[side], self._rpi[side], _DIRECTIONS[side]
        api_keys = lit.take_changed()
        api = [(key * direction, lit.total_at(key)) for key in sorted(api_keys)]
        return api, [
            (key * direction, lit.total_at(key) + rpi.total_at(key))
            for key in sorted(api_keys | rpi.take_changed())
        ]


_DIRECTIONS: Final = {OrderSide.BUY.value: -1, OrderSide.SELL.value: 1}


def _is_better(order: Order, than: Order) -> bool:
    assert order.price_e8 is not None, "a resting order has a price"
    assert than.price_e8 is not None, "a resting order has a price"
    return (order.price_e8 - than.price_e8) * _DIRECTIONS[order.side] < 0


def _merged(*sides: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    for key, totals in groupby(merge(*sides), key=itemgetter(0)):
        yield key, sum(total for _, total in totals)
