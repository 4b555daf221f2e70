"""Commands of strategies: the front of the rooms that carry them out.

A request ends in one of three ways: never sent or refused (the command failed, and the strategy is
told so), answered, or unknown (nothing is said; `in_doubt` finds out). An answer is no acceptance:
what becomes of an order is told by the streams.
"""

from nautilus_trader.execution.messages import (
    BatchCancelOrders,
    CancelAllOrders,
    CancelOrder,
    ModifyOrder,
    QueryOrder,
    SubmitOrder,
    SubmitOrderList,
)
from nautilus_trader.model.events import OrderEvent

from nautilus_paradex.execution.commands.cancellation import Cancellation
from nautilus_paradex.execution.commands.left_over import LeftOver
from nautilus_paradex.execution.commands.limits import OrderLimits
from nautilus_paradex.execution.commands.lists.contingencies import Contingencies
from nautilus_paradex.execution.commands.lists.keeper import Keeper
from nautilus_paradex.execution.commands.lists.wishes import Wishes
from nautilus_paradex.execution.commands.modification import Modification
from nautilus_paradex.execution.commands.query import Query
from nautilus_paradex.execution.commands.request_signer import RequestSigner
from nautilus_paradex.execution.commands.route import OrderRoute
from nautilus_paradex.execution.commands.submission import Submission
from nautilus_paradex.execution.commands.under_way import UnderWay
from nautilus_paradex.execution.orders.events import OrderEvents
from nautilus_paradex.execution.orders.in_doubt import OrdersInDoubt
from nautilus_paradex.execution.orders.recovery import Recovery
from nautilus_paradex.execution.platform import Platform
from nautilus_paradex.parsing.order_params import NO_FEATURES, OrderFeatures

__all__ = ["Commands"]


class Commands:
    """
    Hands what strategies ask for to who does it.

    Parameters
    ----------
    platform : Platform
        The platform, as the client knows it.
    route : OrderRoute
        The way to the venue.
    signer : RequestSigner
        Signs the requests.
    events : OrderEvents
        Where answers are taken in, and refusals told.
    recovery : Recovery
        Finds out what the streams have not told.
    in_doubt : OrdersInDoubt
        Finds out what became of an order whose answer stays away.
    limits : OrderLimits
        Knows what is certain to break a limit of the venue.
    defaults : OrderFeatures, optional
        What orders ask for that do not say otherwise.

    """

    def __init__(
        self,
        platform: Platform,
        route: OrderRoute,
        signer: RequestSigner,
        events: OrderEvents,
        recovery: Recovery,
        in_doubt: OrdersInDoubt,
        limits: OrderLimits,
        defaults: OrderFeatures = NO_FEATURES,
    ) -> None:
        self._cache = platform.cache
        under_way = UnderWay(events, platform.log)
        self._submission = Submission(
            platform, route, signer, events, in_doubt, under_way, limits, defaults
        )
        modification = Modification(platform, route, signer, events, recovery, under_way, limits)
        self._cancellation = Cancellation(platform, route, events, recovery, in_doubt, under_way)
        self._query = Query(platform, events, recovery, in_doubt, under_way)
        self._left_over = LeftOver(platform, recovery, in_doubt, under_way)
        wishes = Wishes(platform.cache, platform.client_id, platform.log)
        keeper = Keeper(
            platform,
            self._submission,
            modification,
            self._cancellation,
            events,
            recovery,
            wishes,
        )
        self._contingencies = Contingencies(
            platform,
            self._submission,
            modification,
            keeper,
            wishes,
            events,
            under_way,
        )

    async def submit_order(self, command: SubmitOrder) -> None:
        """Send a new order, or keep it until its entry is filled."""
        await self._contingencies.submit(command)

    async def submit_order_list(self, command: SubmitOrderList) -> None:
        """Send the orders of a list in batches; those of a bracket's exit wait for its entry."""
        await self._contingencies.submit_list(command)

    async def modify_order(self, command: ModifyOrder) -> None:
        """Send a change of an order."""
        await self._contingencies.modify(command)

    async def cancel_order(self, command: CancelOrder) -> None:
        """Cancel one order."""
        order = self._cache.order(command.client_order_id)
        if order is not None and self._contingencies.cancel_held(order):
            return
        await self._cancellation.cancel(command)

    async def batch_cancel_orders(self, command: BatchCancelOrders) -> None:
        """Cancel the orders of a batch."""
        found = [self._cache.order(cancel.client_order_id) for cancel in command.cancels]
        orders = [order for order in found if order is not None]
        await self._cancellation.cancel_several(
            [order for order in orders if not self._contingencies.cancel_held(order)]
        )

    async def cancel_all_orders(self, command: CancelAllOrders) -> None:
        """Cancel a strategy's orders of one instrument."""
        self._contingencies.cancel_all_held(
            command.strategy_id, command.instrument_id, command.order_side
        )
        await self._cancellation.cancel_all(command)

    async def query_order(self, command: QueryOrder) -> None:
        """Bring one order up to date."""
        await self._query.answer(command)

    def on_order_event(self, event: OrderEvent) -> None:
        """Take an event of any order, once the platform has applied it."""
        self._contingencies.on_event(event)

    def take_up_lists(self) -> None:
        """Look after the order lists that the cache knows, after a start or a reconnection."""
        self._contingencies.take_up()

    def settle_left_over(self) -> None:
        """Find out what became of what an earlier run had asked when it ended."""
        self._left_over.settle()
