"""Fills whose order is not known, or not known yet; kept, not judged."""

from collections import OrderedDict
from typing import Final

from nautilus_trader.common.component import Logger

from nautilus_paradex.parsing.reports import trade_id_of
from nautilus_paradex.protocol.events import FillEvent

__all__ = ["LooseFills"]

_MAX_ORDERS: Final = 1_000
_MAX_ALONE: Final = 10_000


class LooseFills:
    """
    Keeps fills until their order shows up, and remembers those that got an order of their own.

    Parameters
    ----------
    log : Logger
        The client's logger.

    """

    def __init__(self, log: Logger) -> None:
        self._log = log
        self._waiting: OrderedDict[str, list[FillEvent]] = OrderedDict()
        self._alone: OrderedDict[str, None] = OrderedDict()

    def keep(self, order_id: str, fill: FillEvent) -> bool:
        """Keep a fill of an unknown order; returns whether it is the first of that order."""
        fills = self._waiting.setdefault(order_id, [])
        fills.append(fill)
        if len(self._waiting) > _MAX_ORDERS:
            lost_id, lost = self._waiting.popitem(last=False)
            self._log.error(f"Too many unknown orders: {len(lost)} fills of {lost_id} are lost")
        return len(fills) == 1

    def count(self, order_id: str) -> int:
        """Return how many fills of an unknown order are kept."""
        return len(self._waiting.get(order_id, ()))

    def release(self, order_id: str) -> list[FillEvent]:
        """Return the fills of an order, which are kept no longer."""
        return self._waiting.pop(order_id, [])

    def set_apart(self, fill: FillEvent) -> None:
        """Note that a fill belongs to an order of its own, whatever order it names."""
        self._alone[trade_id_of(fill).value] = None
        if len(self._alone) > _MAX_ALONE:
            self._alone.popitem(last=False)

    def is_apart(self, fill: FillEvent) -> bool:
        """Whether a fill names an order that it does not belong to."""
        trade_id = trade_id_of(fill).value
        return trade_id in self._alone and fill.order_id != trade_id
