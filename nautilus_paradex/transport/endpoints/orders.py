"""Endpoints of orders: placing, changing, cancelling and finding them."""

from collections.abc import Sequence

from nautilus_paradex.protocol.rest import (
    BatchOrders,
    CancelBatchRequest,
    CancelResult,
    ModifyRequest,
    Order,
    OrderRequest,
    Page,
    Results,
)
from nautilus_paradex.transport.endpoints.base import Endpoints, command, page_params, segment
from nautilus_paradex.transport.errors import NotSentError

__all__ = ["OrderEndpoints"]


class OrderEndpoints(Endpoints):
    """
    Commands and queries of the account's orders.

    A command raises `NotSentError`, `VenueError` (refused) or `UnknownOutcomeError`, and is sent
    again by itself only where it cannot have been executed.
    """

    async def create_order(self, order: OrderRequest) -> Order:
        """Place an order. A reply with status NEW is not yet acceptance."""
        call = command("POST", "/orders", order, recv_window_ms=order.recv_window)
        return await self._caller.fetch(call, Order)

    async def create_orders(self, orders: Sequence[OrderRequest]) -> BatchOrders:
        """Place 1 to 10 orders; they count once against the rate limit."""
        windows = [order.recv_window for order in orders if order.recv_window is not None]
        call = command(
            "POST", "/orders/batch", list(orders), recv_window_ms=min(windows, default=None)
        )
        return await self._caller.fetch(call, BatchOrders)

    async def modify_order(self, order_id: str, change: ModifyRequest) -> Order:
        """Change an open order. It is final when an order update says so in `request_info`."""
        return await self._caller.fetch(
            command("PUT", f"/orders/{segment(order_id)}", change), Order
        )

    async def cancel_order(self, order_id: str) -> None:
        """Queue the cancellation of an order."""
        await self._caller.confirm(command("DELETE", f"/orders/{segment(order_id)}"))

    async def cancel_order_by_client_id(self, client_id: str, market: str | None = None) -> None:
        """Queue the cancellation of an order; with `market` the venue is much faster."""
        path = f"/orders/by_client_id/{segment(client_id)}"
        await self._caller.confirm(command("DELETE", path, params={"market": market}))

    async def cancel_all_orders(self, market: str | None = None) -> None:
        """
        Queue the cancellation of all open orders, or of those of one market.

        Raises
        ------
        NotSentError
            If the client acts for an isolated account: the request cannot name it (openapi), and
            would cancel the main account's.
        """
        if self.acting_account.is_isolated:
            raise NotSentError(
                "DELETE /orders was not sent: it would cancel the main account's orders, cancel "
                "those of the isolated account by their ids"
            )
        await self._caller.confirm(command("DELETE", "/orders", params={"market": market}))

    async def cancel_orders(self, order_ids: Sequence[str]) -> list[CancelResult]:
        """Queue the cancellation of several orders and return what became of each."""
        call = command("DELETE", "/orders/batch", CancelBatchRequest(order_ids=list(order_ids)))
        return (await self._caller.fetch(call, Results[CancelResult])).results or []

    async def open_orders(self, market: str | None = None) -> list[Order]:
        """Return the open and untriggered orders, of all markets or of one."""
        return await self._read_list("/orders", Results[Order], market=market)

    async def order(self, order_id: str) -> Order:
        """
        Return an open order.

        Raises
        ------
        VenueError
            If there is none with this id; a closed one is found in the history only.
        """
        return await self._read_own(f"/orders/{segment(order_id)}", Order)

    async def order_by_client_id(self, client_id: str) -> Order:
        """
        Return an open order by the client's id.

        Raises
        ------
        VenueError
            If there is none with this id; a closed one is found in the history only.
        """
        return await self._read_own(f"/orders/by_client_id/{segment(client_id)}", Order)

    async def orders_history(
        self,
        *,
        market: str | None = None,
        client_id: str | None = None,
        status: str | None = None,
        side: str | None = None,
        type: str | None = None,  # noqa: A002 (the venue's name)
        start_at_ms: int | None = None,
        end_at_ms: int | None = None,
        page_size: int | None = None,
        cursor: str | None = None,
    ) -> Page[Order]:
        """Return a page of the account's orders, open and closed, at most 5,000."""
        return await self._read_page(
            "/orders-history",
            Page[Order],
            market=market,
            client_id=client_id,
            status=status,
            side=side,
            type=type,
            **page_params(start_at_ms, end_at_ms, page_size, cursor),
        )
