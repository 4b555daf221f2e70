"""
Order lists and what their orders have to do with each other: brackets, OTO, OCO and OUO.

The venue refuses reduce-only orders without a position and links no orders, so that is kept here:
children wait, unsent, for the first fill of their entry; then they are sized to what it filled, the
stop-loss first; siblings are reduced or cancelled with one another. Every step looks at the orders
as they stand and does what is missing, so that it may come twice, late, or from the strategy too.
"""

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Iterable, Mapping
from typing import Any, Final

from nautilus_trader.cache.cache import Cache
from nautilus_trader.common.component import LiveClock, Logger
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.messages import CancelOrder, ModifyOrder, SubmitOrderList
from nautilus_trader.model.enums import (
    ContingencyType,
    OrderSide,
    OrderStatus,
    OrderType,
    TriggerType,
)
from nautilus_trader.model.events import (
    OrderAccepted,
    OrderCanceled,
    OrderDenied,
    OrderEmulated,
    OrderEvent,
    OrderExpired,
    OrderFilled,
    OrderPendingCancel,
    OrderRejected,
)
from nautilus_trader.model.identifiers import ClientOrderId, InstrumentId, StrategyId
from nautilus_trader.model.orders import Order

from nautilus_paradex.constants import PARADEX_VENUE
from nautilus_paradex.execution.commands.cancellation import Cancellation
from nautilus_paradex.execution.commands.modification import Modification
from nautilus_paradex.execution.commands.submission import Submission
from nautilus_paradex.execution.orders.events import OrderEvents
from nautilus_paradex.execution.orders.recovery import Recovery
from nautilus_paradex.parsing.precision import quantity_from_e8, quantity_to_e8
from nautilus_paradex.protocol.errors import ParadexError
from nautilus_paradex.protocol.numbers import e8_to_str

__all__ = ["Contingencies"]

_RETRY_SECS: Final = (0.5, 1.0, 2.0, 5.0, 10.0)
_MAX_PARAMS: Final = 10_000

# What changes what is to be done about the others.
_TURNING_POINTS: Final = (
    OrderAccepted,
    OrderFilled,
    OrderCanceled,
    OrderExpired,
    OrderRejected,
    OrderDenied,
)
_STOPS: Final = frozenset({OrderType.STOP_MARKET, OrderType.STOP_LIMIT})
_REFUSED: Final = frozenset({OrderStatus.DENIED, OrderStatus.REJECTED})

_NEVER: Final[Mapping[str, object]] = {}

type _Members = tuple[Order, ...]


class Contingencies:
    """
    Sends order lists, and keeps contingent orders in step.

    Parameters
    ----------
    submission : Submission
        Sends new orders.
    modification : Modification
        Sizes orders.
    cancellation : Cancellation
        Cancels orders.
    events : OrderEvents
        Where denials, and the ends of orders that were never sent, are told.
    recovery : Recovery
        Looks for what an earlier run may have sent.
    cache : Cache
        The platform's cache: how the orders stand.
    clock : LiveClock
        The platform's clock.
    log : Logger
        The client's logger.
    create_task : callable
        Starts a coroutine under the client's supervision.

    """

    def __init__(
        self,
        submission: Submission,
        modification: Modification,
        cancellation: Cancellation,
        events: OrderEvents,
        recovery: Recovery,
        cache: Cache,
        clock: LiveClock,
        log: Logger,
        create_task: Callable[[Coroutine[Any, Any, None]], object],
    ) -> None:
        self._submission = submission
        self._modification = modification
        self._cancellation = cancellation
        self._events = events
        self._recovery = recovery
        self._cache = cache
        self._clock = clock
        self._log = log
        self._create_task = create_task
        self._params: OrderedDict[ClientOrderId, Mapping[str, object] | None] = OrderedDict()
        self._asked: dict[ClientOrderId, int] = {}
        self._changed: dict[ClientOrderId, asyncio.Event] = {}

    # -- In --------------------------------------------------------------------------------------

    async def submit_list(self, command: SubmitOrderList) -> None:
        """Deny a list of which one order cannot be sent, or send those that wait for no other."""
        orders: list[Order] = command.order_list.orders
        objections = {
            order.client_order_id: self._submission.objection(order, command.params)
            for order in orders
        }
        if any(objections.values()) and any(map(_is_contingent, orders)):
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
            if _is_contingent(order):
                self._remember_params(order, command.params)
        ready = [order for order in orders if not self.must_wait(order)]
        await self._submission.submit_several(ready, command.params)

    def holds(self, order: Order) -> bool:
        """Return whether an order was not sent yet because it waits for a fill of its entry."""
        if order.parent_order_id is None or not self._events.is_unsent(order):
            return False
        parent = self._cache.order(order.parent_order_id)
        return parent is not None and not _is_emulated(parent)

    def must_wait(self, order: Order) -> bool:
        """Return whether an order is to be kept because its entry is still to be filled."""
        if not self.holds(order):
            return False
        parent = self._cache.order(order.parent_order_id)
        return not parent.filled_qty.raw

    def hold(self, order: Order, params: Mapping[str, object] | None) -> None:
        """Keep a single order that was sent before its entry was filled."""
        self._remember_params(order, params)
        self._log.info(f"{order.client_order_id!r} waits for a fill of {order.parent_order_id!r}")
        self._wake(order)

    def cancel_held(self, order: Order) -> bool:
        """Cancel an order that was never sent; returns False if it was."""
        if not self.holds(order):
            return False
        self._events.end_unsent(order)
        return True

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
        orders = self._cache.orders(
            instrument_id=instrument_id,
            strategy_id=strategy_id,
            side=side or OrderSide.NO_ORDER_SIDE,
        )
        for order in orders:
            parent = self._parent_of(order)
            if parent is None or parent.is_closed or parent.side not in sides:
                self.cancel_held(order)

    def change_held(self, command: ModifyOrder, order: Order) -> bool:
        """Change an order that was never sent; returns False if it was."""
        if not self.holds(order):
            return False
        if command.quantity is not None:
            self._asked[order.client_order_id] = quantity_to_e8(command.quantity)
        self._events.change_unsent(order, command.quantity, command.price, command.trigger_price)
        return True

    def on_event(self, event: OrderEvent) -> None:
        """Take an event of any order, once the platform has applied it."""
        if not isinstance(event, _TURNING_POINTS):
            return
        order = self._cache.order(event.client_order_id)
        if order is None or not _is_contingent(order):
            return
        if order.instrument_id.venue == PARADEX_VENUE:
            self._wake(order)

    def rearm(self) -> None:
        """Take up lists of an earlier run, as far as the cache (a database's) knows them."""
        for order in self._cache.orders(venue=PARADEX_VENUE):
            if _is_contingent(order) and not order.is_closed:
                self._wake(order)

    # -- One list at a time ----------------------------------------------------------------------

    def _wake(self, order: Order) -> None:
        """Look at the orders around one; changes that come meanwhile are looked at next."""
        root = _root_of(order)
        changed = self._changed.get(root)
        if changed is not None:
            changed.set()
            return
        self._changed[root] = changed = asyncio.Event()
        changed.set()
        self._create_task(self._keep_in_step(root, order.client_order_id, changed))

    async def _keep_in_step(
        self,
        root: ClientOrderId,
        member: ClientOrderId,
        changed: asyncio.Event,
    ) -> None:
        try:
            failures = 0
            while changed.is_set():
                changed.clear()
                if await self._settle(self._members(root, member)):
                    failures = 0
                    continue
                if failures == len(_RETRY_SECS):
                    self._log.error(f"Orders around {root!r} are not in step yet, trying on")
                await _wait(changed, _RETRY_SECS[min(failures, len(_RETRY_SECS) - 1)])
                changed.set()
                failures += 1
        finally:
            del self._changed[root]

    def _members(self, root: ClientOrderId, member: ClientOrderId) -> _Members:
        ids = [root, member]
        for client_order_id in (root, member):
            order = self._cache.order(client_order_id)
            ids.extend(() if order is None else order.linked_order_ids or ())
        orders = (self._cache.order(client_order_id) for client_order_id in dict.fromkeys(ids))
        found = [order for order in orders if order is not None]
        # The stop first: what protects must not wait for what takes profit.
        return tuple(sorted(found, key=lambda order: order.order_type not in _STOPS))

    async def _settle(self, members: _Members) -> bool:
        """Do what is missing; returns whether everything asked for took effect."""
        if any(map(_is_emulated, members)):
            return True  # the platform's emulator looks after these
        done = True
        for order in members:
            parent = self._parent_of(order)
            siblings = _siblings_of(order, members)
            if order.is_closed:
                self._mourn(order, parent, siblings)
            elif self._is_over(order, parent, siblings):
                done &= await self._end(order)
            elif parent is not None or siblings:
                done &= await self._size(order, parent, siblings)
        for order in members:
            done &= await self._end_entry_of(order)
        return done

    def _is_over(self, order: Order, parent: Order | None, siblings: Iterable[Order]) -> bool:
        if parent is not None and parent.is_closed and not parent.filled_qty.raw:
            return True
        return any(_takes_along(order, sibling) for sibling in siblings)

    async def _size(self, order: Order, parent: Order | None, siblings: Iterable[Order]) -> bool:
        total = _wanted_total(order, self._size_asked_for(order), parent, siblings)
        if self._events.is_unsent(order):
            if total <= 0 and any(sibling.filled_qty.raw for sibling in siblings):
                return await self._end(order)
            if total <= 0 or parent is None or not parent.filled_qty.raw:
                return True
            if not await self._is_new(order):
                return False
            params = self._params.get(order.client_order_id)
            await self._submission.submit(order, params, size_e8=total)
            return True
        state = self._events.state_of(order)
        if not order.is_open or order.is_pending_cancel or state.ended:
            return True
        if total == state.size:
            return True
        if total <= state.filled:
            return await self._end(order)
        await self._modification.modify(self._resize(order, total))
        return bool(self._events.state_of(order).ended) or state.size == total

    async def _is_new(self, order: Order) -> bool:
        """
        Return whether an order that is unsent here is known not to be at the venue.

        A run that was killed may have sent it without living to remember. Found, it is taken over.
        """
        if order.client_order_id in self._params:
            return True  # of this run
        try:
            found = await self._recovery.sync_order(order)
        except ParadexError as exc:
            self._log.warning(f"Cannot look up {order.client_order_id!r} yet: {exc}")
            return False
        if found is None:
            self._remember_params(order, None)
        return found is None

    async def _end(self, order: Order) -> bool:
        if self._events.is_unsent(order):
            self._events.end_unsent(order)
            return True
        if not order.is_open or order.is_pending_cancel or self._events.state_of(order).ended:
            return True
        await self._cancellation.cancel(self._cancel(order))
        return False  # until it shows

    async def _end_entry_of(self, order: Order) -> bool:
        """Cancel the rest of an entry that nothing would guard: an exit is through, or refused."""
        parent = self._parent_of(order)
        is_refused_stop = order.status in _REFUSED and order.order_type in _STOPS
        if parent is None or not (is_refused_stop or order.status == OrderStatus.FILLED):
            return True
        if not parent.is_open or parent.is_pending_cancel:
            return True
        self._log.warning(
            f"{parent.client_order_id!r} is cancelled: its exit {order.client_order_id!r} is "
            f"{order.status_string()}"
        )
        return await self._end(parent)

    def _mourn(self, order: Order, parent: Order | None, siblings: Iterable[Order]) -> None:
        """Say loudly, once, that a position stands without its stop."""
        is_first = self._params.pop(order.client_order_id, _NEVER) is not _NEVER
        self._asked.pop(order.client_order_id, None)
        if not is_first or parent is None or order.order_type not in _STOPS:
            return
        exits = [order, *siblings]
        bare = quantity_to_e8(parent.filled_qty) - sum(quantity_to_e8(e.filled_qty) for e in exits)
        is_lost = order.status in _REFUSED or order.status == OrderStatus.FILLED
        if bare > 0 and is_lost:
            self._log.error(
                f"UNPROTECTED: {e8_to_str(bare)} of {parent.client_order_id!r} is open, its stop "
                f"{order.client_order_id!r} is {order.status_string()}"
            )

    def _parent_of(self, order: Order) -> Order | None:
        return None if order.parent_order_id is None else self._cache.order(order.parent_order_id)

    def _remember_params(self, order: Order, params: Mapping[str, object] | None) -> None:
        self._params[order.client_order_id] = params
        if len(self._params) > _MAX_PARAMS:
            self._params.popitem(last=False)

    def _size_asked_for(self, order: Order) -> int:
        """Return the size (1e-8) that the strategy wants of an order, whatever it has now."""
        # Its first event is the one that it was made with.
        made_with = quantity_to_e8(order.init_event.quantity)
        return self._asked.get(order.client_order_id, made_with)

    def _resize(self, order: Order, total_e8: int) -> ModifyOrder:
        instrument = self._cache.instrument(order.instrument_id)
        return ModifyOrder(
            **self._named(order),
            quantity=quantity_from_e8(total_e8, instrument.size_precision),
            price=None,
            trigger_price=None,
        )

    def _cancel(self, order: Order) -> CancelOrder:
        return CancelOrder(**self._named(order))

    def _named(self, order: Order) -> dict[str, Any]:
        return {
            "trader_id": order.trader_id,
            "strategy_id": order.strategy_id,
            "instrument_id": order.instrument_id,
            "client_order_id": order.client_order_id,
            "venue_order_id": order.venue_order_id,
            "command_id": UUID4(),
            "ts_init": self._clock.timestamp_ns(),
        }


def _is_contingent(order: Order) -> bool:
    contingent: bool = order.contingency_type != ContingencyType.NO_CONTINGENCY
    return contingent or order.parent_order_id is not None


def _is_emulated(order: Order) -> bool:
    """Whether the platform's emulator has, or had, an order in its keeping."""
    return order.emulation_trigger != TriggerType.NO_TRIGGER or any(
        isinstance(event, OrderEmulated) for event in order.events
    )


def _root_of(order: Order) -> ClientOrderId:
    """Return the order that names a list: its entry, or the first of its siblings."""
    if order.parent_order_id is not None:
        return order.parent_order_id
    if order.contingency_type == ContingencyType.OTO:
        return order.client_order_id
    return min(order.client_order_id, *(order.linked_order_ids or ()), key=str)


def _siblings_of(order: Order, members: _Members) -> list[Order]:
    if order.contingency_type not in (ContingencyType.OCO, ContingencyType.OUO):
        return []
    linked = set(order.linked_order_ids or ())
    return [
        each
        for each in members
        if each.client_order_id in linked and each.client_order_id != order.client_order_id
    ]


def _takes_along(order: Order, sibling: Order) -> bool:
    """
    Return whether the end of a sibling is the end of an order.

    One that was refused has closed nothing. An OUO exit that was filled may have been smaller than
    what the entry has filled meanwhile, and one that the venue took from the book has left the
    position open: then the sizes tell what is left to do for the other.
    """
    if not sibling.is_closed or sibling.status in _REFUSED:
        return False
    if order.contingency_type == ContingencyType.OCO:
        return True
    return any(isinstance(event, OrderPendingCancel) for event in sibling.events) and (
        sibling.status == OrderStatus.CANCELED
    )


def _wanted_total(
    order: Order,
    asked_for: int,
    parent: Order | None,
    siblings: Iterable[Order],
) -> int:
    """
    Return the total size (1e-8), filled part included, that an order is to have now.

    What siblings have closed of a position is no longer to be closed by an OUO order. An OCO order
    keeps its size until a sibling is through.
    """
    total = asked_for
    if parent is not None:
        total = min(total, quantity_to_e8(parent.filled_qty))
    if order.contingency_type == ContingencyType.OUO:
        total -= sum(quantity_to_e8(sibling.filled_qty) for sibling in siblings)
    return total


async def _wait(changed: asyncio.Event, secs: float) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(changed.wait(), secs)
