"""The way a signed command takes to the venue; which one, the client's configuration decides.

Only the contract is here. `ParadexHttpClient` is the route over REST.
"""

from collections.abc import Sequence
from typing import Protocol

from nautilus_paradex.protocol.rest import (
    BatchOrders,
    CancelResult,
    ModifyRequest,
    Order,
    OrderRequest,
)

__all__ = ["OrderRoute"]


class OrderRoute(Protocol):
    """
    Carries commands, signed already, to the venue.

    Every method ends in one of three ways besides its answer, whatever the wire:

    - `NotSentError`: the command never left this machine.
    - `VenueError`: the venue refused it. `code` is the REST error code, also where the answer came
      over a socket.
    - `UnknownOutcomeError`: it may or may not have been carried out.

    An answer is no acceptance: what becomes of an order is told by order updates.
    """

    async def create_order(self, order: OrderRequest) -> Order:
        """Place an order."""
        ...

    async def create_orders(self, orders: Sequence[OrderRequest]) -> BatchOrders:
        """Place 1 to 10 orders in one request; a refusal may concern one of them only."""
        ...

    async def modify_order(self, order_id: str, change: ModifyRequest) -> Order:
        """Change an open order."""
        ...

    async def cancel_order(self, order_id: str) -> None:
        """Queue the cancellation of an order."""
        ...

    async def cancel_order_by_client_id(self, client_id: str, market: str | None = None) -> None:
        """Queue the cancellation of an order whose venue id is not known."""
        ...

    async def cancel_orders(self, order_ids: Sequence[str]) -> list[CancelResult]:
        """Queue the cancellation of several orders and return what became of each."""
        ...

    async def cancel_all_orders(self, market: str | None = None) -> None:
        """Queue the cancellation of the account's open orders, of all markets or of one."""
        ...
