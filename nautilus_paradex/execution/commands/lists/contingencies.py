"""
Order lists and what their orders have to do with each other: brackets, OTO, OCO and OUO.

The venue refuses reduce-only orders without a position and links no orders, so that is kept here:
children wait, unsent, for the first fill of their entry. Here is what strategies ask for, and what
happens to the orders; keeping them in step from there on is the work of `keeper`.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from nautilus_trader.execution.messages import ModifyOrder, SubmitOrder, SubmitOrderList
from nautilus_trader.model.enums import ContingencyType, OrderSide, OrderType
from nautilus_trader.model.events import (
    OrderAccepted,
    OrderCanceled,
    OrderCancelRejected,
    OrderDenied,
    OrderEvent,
    OrderExpired,
    OrderFilled,
    OrderRejected,
)
from nautilus_trader.model.identifiers import InstrumentId, StrategyId
from nautilus_trader.model.orders import Order

from nautilus_paradex.constants import PARADEX_VENUE
from nautilus_paradex.execution.commands.lists.keeper import Keeper
from nautilus_paradex.execution.commands.lists.order_kin import is_contingent, is_emulated, is_stop
from nautilus_paradex.execution.commands.lists.wishes import Wishes
from nautilus_paradex.execution.commands.modification import Modification
from nautilus_paradex.execution.commands.submission import Submission
from nautilus_paradex.execution.commands.under_way import UnderWay
from nautilus_paradex.execution.orders.events import OrderEvents
from nautilus_paradex.execution.platform import Platform
from nautilus_paradex.parsing.precision import quantity_to_e8

__all__ = ["Contingencies"]

# What changes what is to be done about the others.
_TURNING_POINTS: Final = (
    OrderAccepted,
    OrderFilled,
    OrderCanceled,
    OrderCancelRejected,
    OrderExpired,
    OrderRejected,
    OrderDenied,
)


class Contingencies:
    """
    Sends order lists, and keeps back what has to wait.

    Parameters
    ----------
    platform : Platform
        The platform, as the client knows it.
    submission : Submission
        Sends new orders.
    modification : Modification
        Changes orders.
    keeper : Keeper
        Keeps the orders in step.
    wishes : Wishes
        What strategies have asked for.
    events : OrderEvents
        Where denials, and the ends of orders that were never sent, are told.
    under_way : UnderWay
        What has been asked and not answered yet.

    """

    def __init__(
        self,
        platform: Platform,
        submission: Submission,
        modification: Modification,
        keeper: Keeper,
        wishes: Wishes,
        events: OrderEvents,
        under_way: UnderWay,
    ) -> None:
        self._platform = platform
        self._submission = submission
        self._modification = modification
        self._keeper = keeper
        self._wishes = wishes
        self._events = events
        self._under_way = under_way
        self._cache = platform.cache
        self._log = platform.log
        self._has_warned = False

    # -- Commands --------------------------------------------------------------------------------

    async def submit(self, command: SubmitOrder) -> None:
        """Send an order, keep it until its entry is filled, or deny it."""
        order = command.order
        reason = self._objection_of_kin(order)
        if reason is not None:
            self._events.deny(order, reason)
        elif self._must_wait(order):
            self._hold(order, command.params)
        else:
            await self._submission.submit(order, command.params)

    async def submit_list(self, command: SubmitOrderList) -> None:
        """Deny a list of which one order cannot be sent, or send those that wait for no other."""
        orders: list[Order] = command.order_list.orders
        objections = {
            order.client_order_id: self._objection_of_kin(order)
            or self._submission.objection(order, command.params)
            for order in orders
        }
        if any(objections.values()) and any(map(is_contingent, orders)):
            culprits = ", ".join(str(name) for name, reason in objections.items() if reason)
            for order in orders:
                # An entry must not go live without its stop.
                self._events.deny(
                    order,
                    objections[order.client_order_id]
                    or f"ORDER_LIST_DENIED: because_of={culprits}",
                )
            return
        for order in orders:
            if is_contingent(order):
                self._wishes.begin(order, command.params)
        self._wishes.keep()
        self._warn_of_crowding(orders)
        ready = [order for order in orders if not self._must_wait(order)]
        await self._submission.submit_several(ready, command.params)

    async def modify(self, command: ModifyOrder) -> None:
        """Change an order, here if it waits here; the size of an exit is remembered."""
        order = self._cache.order(command.client_order_id)
        if order is None:
            await self._modification.modify(command)
            return
        if self._events.is_leaving(order):
            await self._under_way.until_known(order)
        if self._waits_here(order):
            if command.quantity is not None:
                self._wishes.of(order).size_e8 = quantity_to_e8(command.quantity)
                self._wishes.keep()
            self._events.change_unsent(
                order,
                command.quantity,
                command.price,
                command.trigger_price,
            )
        elif command.quantity is not None and is_contingent(order):
            await self._modify_size(command, order)
        else:
            await self._modification.modify(command)

    def cancel_held(self, order: Order) -> bool:
        """Cancel an order that the venue has not got, or may not have; returns False if it has."""
        waits = self._waits_here(order)
        if waits and self._is_certainly_here(order):
            self._events.end_unsent(order)
            return True
        if waits or self._events.is_leaving(order):
            # If the venue has it, or takes it yet, it is cancelled as soon as that shows.
            self._wishes.of(order).is_unwanted = True
            self._wishes.keep()
            self._keeper.look_after(order)
            return True
        return False

    def cancel_all_held(
        self,
        strategy_id: StrategyId,
        instrument_id: InstrumentId,
        side: OrderSide,
    ) -> None:
        """
        Cancel the orders of a strategy in an instrument, or one side of them, not sent yet.

        Those whose entry is cancelled by the same command end with it: until that is certain it may
        still be filled, and they would be missing.

        """
        sides = (OrderSide.BUY, OrderSide.SELL) if not side else (side,)
        for order in self._platform.unfinished_orders(instrument_id, strategy_id):
            if order.side not in sides:
                continue
            parent = self._parent_of(order)
            ends_with_entry = (
                parent is not None
                and not parent.is_closed
                and not parent.filled_qty.raw
                and parent.side in sides
            )
            if not ends_with_entry:
                self.cancel_held(order)

    # -- Events ----------------------------------------------------------------------------------

    def on_event(self, event: OrderEvent) -> None:
        """Take an event of any order, once the platform has applied it."""
        if not isinstance(event, _TURNING_POINTS):
            return
        order = self._cache.order(event.client_order_id)
        if order is None or not is_contingent(order):
            return
        if order.instrument_id.venue == PARADEX_VENUE:
            self._keeper.look_after(order)

    def take_up(self) -> None:
        """
        Look after every list that the cache knows, and try at once what had no effect so far.

        After a start those of an earlier run are known if the cache is a database's.

        """
        for order in self._platform.unfinished_orders():
            if is_contingent(order):
                self._keeper.look_after(order)
        self._keeper.try_again()

    # -- Parts -----------------------------------------------------------------------------------

    def _objection_of_kin(self, order: Order) -> str | None:
        """
        Return why an order cannot follow its kin (``CODE: key=value``), None where it can.

        The size of an exit follows that of its entry, and an OUO order's those of its siblings: in
        another market that size means something else.
        """
        is_ouo = order.contingency_type == ContingencyType.OUO
        leaders = [order.parent_order_id, *((order.linked_order_ids or ()) if is_ouo else ())]
        for client_order_id in leaders:
            leader = None if client_order_id is None else self._cache.order(client_order_id)
            if leader is None or is_emulated(leader) or is_emulated(order):
                continue
            if leader.instrument_id != order.instrument_id:
                return (
                    f"UNSUPPORTED_CONTINGENCY: instrument_id={order.instrument_id} "
                    f"linked_instrument_id={leader.instrument_id}"
                )
        return None

    def _must_wait(self, order: Order) -> bool:
        """Return whether an order is to be kept because its entry is still to be filled."""
        parent = self._parent_of(order)
        return (
            parent is not None
            and self._events.followed.is_unsent(order)
            and not is_emulated(parent)
            and not parent.filled_qty.raw
        )

    def _hold(self, order: Order, params: Mapping[str, object] | None) -> None:
        """Keep a single order that was sent before its entry was filled."""
        self._wishes.begin(order, params)
        self._wishes.keep()
        self._log.info(f"{order.client_order_id!r} waits for a fill of {order.parent_order_id!r}")
        self._keeper.look_after(order)

    def _warn_of_crowding(self, orders: Sequence[Order]) -> None:
        crowding = next(filter(_may_keep_a_stop_from_working, orders), None)
        if crowding is not None and any(map(is_stop, orders)) and not self._has_warned:
            self._has_warned = True
            self._log.warning(
                f"{crowding.client_order_id!r} will rest in the book: a stop beside it may find no "
                "position left to reduce when it is set off (docs/order-lists.md). A target of "
                "type LIMIT_IF_TOUCHED leaves it room"
            )

    async def _modify_size(self, command: ModifyOrder, order: Order) -> None:
        """Change an order's size, and remember it unless it is known to have been refused."""
        wish = self._wishes.of(order)
        before, wish.size_e8 = wish.size_e8, quantity_to_e8(command.quantity)
        self._wishes.keep()
        await self._modification.modify(command)
        state = self._events.followed.state_of(order)
        if state.size != quantity_to_e8(command.quantity) and not state.modify_pending:
            wish.size_e8 = before
            self._wishes.keep()
        self._keeper.look_after(order)

    def _waits_here(self, order: Order) -> bool:
        if not self._events.followed.is_unsent(order):
            return False
        return self._parent_of(order) is not None or self._submission.is_queued(order)

    def _is_certainly_here(self, order: Order) -> bool:
        parent = self._parent_of(order)
        if parent is not None and is_emulated(parent):
            return True  # the emulator has not sent it yet, and then will not
        return self._wishes.of(order).is_new or self._submission.is_queued(order)

    def _parent_of(self, order: Order) -> Order | None:
        return None if order.parent_order_id is None else self._cache.order(order.parent_order_id)


def _may_keep_a_stop_from_working(order: Order) -> bool:
    rests = order.order_type == OrderType.LIMIT
    return rests and order.is_reduce_only and order.parent_order_id is not None
