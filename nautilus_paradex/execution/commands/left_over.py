"""What a run that was killed had asked, and did not live to hear the answer of.

A cache database keeps such orders as submitted, or waiting for a cancel or change. The platform
would ask after them in its own time, and end those that it hears nothing of.
"""

import asyncio

from nautilus_trader.model.enums import OrderStatus
from nautilus_trader.model.orders import Order

from nautilus_paradex.execution.commands.under_way import UnderWay
from nautilus_paradex.execution.orders.in_doubt import OrdersInDoubt
from nautilus_paradex.execution.orders.recovery import Recovery
from nautilus_paradex.execution.patience import LOOKUP_PAUSES_SECS, pauses
from nautilus_paradex.execution.platform import Platform
from nautilus_paradex.protocol.errors import ParadexError

__all__ = ["LeftOver"]


class LeftOver:
    """
    Finds out what became of the requests of an earlier run.

    Parameters
    ----------
    platform : Platform
        The platform, as the client knows it.
    recovery : Recovery
        Asks the venue.
    in_doubt : OrdersInDoubt
        Finds out what became of orders.
    under_way : UnderWay
        Tells of requests that had no effect.

    """

    def __init__(
        self,
        platform: Platform,
        recovery: Recovery,
        in_doubt: OrdersInDoubt,
        under_way: UnderWay,
    ) -> None:
        self._recovery = recovery
        self._in_doubt = in_doubt
        self._under_way = under_way
        self._log = platform.log
        self._create_task = platform.create_task

    def settle(self) -> None:
        """Ask after every order that the cache has under way; before this run sends any."""
        for order in self._recovery.orders_in_question():
            if order.status == OrderStatus.SUBMITTED:
                self._create_task(self._in_doubt.resolve_left_over(order))
            elif order.is_inflight:
                self._create_task(self._settle_change(order))

    async def _settle_change(self, order: Order) -> None:
        """Ask until the venue has answered: then a cancel or change has had its effect, or none."""
        for pause_secs in pauses(LOOKUP_PAUSES_SECS):
            if not order.is_inflight:
                return
            asked_at = self._under_way.now_secs()
            try:
                event = await self._recovery.sync_order(order)
            except ParadexError as exc:
                self._log.warning(f"Cannot look up {order.client_order_id!r} yet: {exc}")
            else:
                if event is not None:
                    self._under_way.found(order, event, asked_at)
                return
            await asyncio.sleep(pause_secs)
