"""The account's open and recent orders, read once for all who ask at the same time.

When many answers are lost at once, a question for each order would use up the venue's limit of
private reads, and keep everything else waiting.
"""

import asyncio

from nautilus_paradex.execution.orders.lookup import closed_orders
from nautilus_paradex.protocol.conversion import order_event
from nautilus_paradex.protocol.events import OrderEvent
from nautilus_paradex.transport.http import ParadexHttpClient

__all__ = ["Survey"]


class Survey:
    """
    Reads orders for several who look for theirs.

    Parameters
    ----------
    http : ParadexHttpClient
        The REST client.

    """

    def __init__(self, http: ParadexHttpClient) -> None:
        self._http = http
        self._reading = asyncio.Lock()
        self._asked = 0
        self._answered = 0
        self._since_ms: int | None = None
        self._found: dict[str, OrderEvent] = {}

    async def orders(self, since_ms: int) -> dict[str, OrderEvent]:
        """
        Return orders by client id: those open, and those closed that were created since a time.

        They are read after the call. Who calls while others wait for a reading to begin shares it.

        Raises
        ------
        RequestError
            If the venue could not be asked.
        MessageError
            If its answer could not be read.

        """
        self._asked += 1
        mine = self._asked
        self._since_ms = since_ms if self._since_ms is None else min(self._since_ms, since_ms)
        async with self._reading:
            if self._answered < mine:
                begun = self._asked
                self._found = await self._read(self._since_ms)
                self._answered = begun
                if begun == self._asked:
                    self._since_ms = None
            return self._found

    async def _read(self, since_ms: int) -> dict[str, OrderEvent]:
        # What closes between the two readings is in the second one.
        still_open = [order_event(order) for order in await self._http.open_orders()]
        closed = await closed_orders(self._http, start_at_ms=max(since_ms, 0))
        orders = (*still_open, *sorted(closed, key=lambda order: order.created_at or 0))
        return {order.client_order_id: order for order in orders if order.client_order_id}
