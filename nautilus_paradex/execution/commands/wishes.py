"""What strategies have asked for of the orders of their lists, beyond what the orders say."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from nautilus_trader.model.identifiers import ClientOrderId
from nautilus_trader.model.orders import Order

__all__ = ["Wish", "Wishes"]

_MAX_WISHES: Final = 10_000


@dataclass(slots=True)
class Wish:
    """
    What was asked for of one order.

    Parameters
    ----------
    params : mapping, optional
        The params that it was submitted with.
    is_new : bool, default False
        If it is known that no earlier run has sent the order.
    size_e8 : int, optional
        The size (1e-8) that it was changed to, None if it was not.
    is_unwanted : bool, default False
        If it was cancelled while nobody knew whether the venue has it.
    is_mourned : bool, default False
        If it has been told already that the order is missing.

    """

    params: Mapping[str, object] | None = None
    is_new: bool = False
    size_e8: int | None = None
    is_unwanted: bool = False
    is_mourned: bool = False


class Wishes:
    """Keeps the wishes of the orders that were seen last; none is kept over a restart."""

    def __init__(self) -> None:
        self._wishes: OrderedDict[ClientOrderId, Wish] = OrderedDict()

    def of(self, order: Order) -> Wish:
        """Return what was asked for of an order, to be changed in place."""
        wish = self._wishes.setdefault(order.client_order_id, Wish())
        self._wishes.move_to_end(order.client_order_id)
        if len(self._wishes) > _MAX_WISHES:
            self._wishes.popitem(last=False)
        return wish

    def begin(self, order: Order, params: Mapping[str, object] | None) -> None:
        """Note that an order of this run waits to be sent."""
        wish = self.of(order)
        wish.params, wish.is_new = params, True
