"""Endpoints of algo orders: TWAP is the only kind there is."""

from nautilus_paradex.protocol.algos import AlgoOrder, AlgoOrderRequest
from nautilus_paradex.protocol.rest import Page, Results
from nautilus_paradex.transport.endpoints.base import Endpoints, command, page_params, segment

__all__ = ["AlgoEndpoints"]


class AlgoEndpoints(Endpoints):
    """
    Commands and queries of the account's algo orders.

    They are taken to count against the limits of orders (guess).
    """

    async def create_algo_order(self, order: AlgoOrderRequest) -> AlgoOrder:
        """Start an algo order. Its reply may say NEW, which is not yet acceptance."""
        call = command("POST", "/algo/orders", order, recv_window_ms=order.recv_window)
        return await self._caller.fetch(call, AlgoOrder)

    async def cancel_algo_order(self, algo_id: str) -> None:
        """Cancel an algo order: no further child is placed."""
        await self._caller.confirm(command("DELETE", f"/algo/orders/{segment(algo_id)}"))

    async def open_algo_orders(self) -> list[AlgoOrder]:
        """Return the algo orders that run."""
        return await self._read_list("/algo/orders", Results[AlgoOrder])

    async def algo_order(self, algo_id: str) -> AlgoOrder:
        """
        Return an algo order that runs.

        Raises
        ------
        VenueError
            If there is none with this id; a closed one is found in the history only.
        """
        return await self._read_own(f"/algo/orders/{segment(algo_id)}", AlgoOrder)

    async def algo_orders_history(
        self,
        *,
        market: str | None = None,
        status: str | None = None,
        side: str | None = None,
        start_at_ms: int | None = None,
        end_at_ms: int | None = None,
        page_size: int | None = None,
        cursor: str | None = None,
    ) -> Page[AlgoOrder]:
        """Return a page of the account's algo orders, at most 5,000. There is no id filter."""
        return await self._read_page(
            "/algo/orders-history",
            Page[AlgoOrder],
            market=market,
            status=status,
            side=side,
            **page_params(start_at_ms, end_at_ms, page_size, cursor),
        )
