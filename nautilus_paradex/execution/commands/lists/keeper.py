"""Keeps the orders of lists in step: takes the steps that `exits` decides on, until they show.

One look at a time for each list, one step at a time for each order: nothing that one order waits
for keeps another waiting. A step without effect is taken again after a while, at once if something
else is to be done by then.
"""

import asyncio
import contextlib
from dataclasses import dataclass, field
from typing import Any, Final

from nautilus_trader.common.enums import LogColor
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.messages import CancelOrder, ModifyOrder
from nautilus_trader.model.enums import ContingencyType
from nautilus_trader.model.identifiers import ClientOrderId
from nautilus_trader.model.orders import Order

from nautilus_paradex.execution.commands.cancellation import Cancellation
from nautilus_paradex.execution.commands.lists.exits import (
    Action,
    Family,
    Member,
    Place,
    Step,
    is_lost,
    step_for,
    unguarded,
)
from nautilus_paradex.execution.commands.lists.order_kin import is_emulated, is_stop, root_of
from nautilus_paradex.execution.commands.lists.wishes import Wishes
from nautilus_paradex.execution.commands.modification import Modification
from nautilus_paradex.execution.commands.submission import Submission
from nautilus_paradex.execution.orders.events import OrderEvents
from nautilus_paradex.execution.orders.recovery import Recovery
from nautilus_paradex.execution.platform import Platform
from nautilus_paradex.parsing.precision import quantity_from_e8, quantity_to_e8
from nautilus_paradex.protocol.errors import ParadexError
from nautilus_paradex.protocol.numbers import E8, e8_to_str

__all__ = ["Keeper"]

_RETRY_SECS: Final = (0.5, 1.0, 2.0, 5.0, 10.0)
_PATIENCE: Final = 3  # tries in vain after which something is overdue
_LONG_SECS: Final = 5.0  # after which one try is


@dataclass(slots=True)
class _Try:
    """The step that was taken last for an order, how often, and when it may be taken again."""

    step: Step
    count: int
    again_at: float = 0.0
    is_busy: bool = True
    is_long: bool = False

    def failures_at(self, size: int) -> int:
        """Return how often it was taken in vain, if the order has a size (1e-8) by now."""
        if self.step.action == Action.RESIZE and size == self.step.total:
            return 0
        return self.count - self.is_busy


@dataclass(slots=True)
class _Care:
    """One list that is being looked after."""

    root: ClientOrderId
    member: ClientOrderId
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    tries: dict[ClientOrderId, _Try] = field(default_factory=dict)
    bare: set[ClientOrderId] = field(default_factory=set)


class Keeper:
    """
    Takes the steps that keep contingent orders in step.

    Parameters
    ----------
    platform : Platform
        The platform, as the client knows it.
    submission : Submission
        Sends exits.
    modification : Modification
        Sizes orders.
    cancellation : Cancellation
        Cancels orders.
    events : OrderEvents
        How the orders stand; and where the ends of orders that were never sent are told.
    recovery : Recovery
        Looks for what an earlier run may have sent.
    wishes : Wishes
        What strategies have asked for.

    """

    def __init__(
        self,
        platform: Platform,
        submission: Submission,
        modification: Modification,
        cancellation: Cancellation,
        events: OrderEvents,
        recovery: Recovery,
        wishes: Wishes,
    ) -> None:
        self._platform = platform
        self._submission = submission
        self._modification = modification
        self._cancellation = cancellation
        self._events = events
        self._recovery = recovery
        self._wishes = wishes
        self._cache = platform.cache
        self._clock = platform.clock
        self._log = platform.log
        self._create_task = platform.create_task
        self._cared_for: dict[ClientOrderId, _Care] = {}

    def look_after(self, order: Order) -> None:
        """Look at the orders around one; changes that come meanwhile are looked at next."""
        root = root_of(order)
        care = self._cared_for.get(root)
        if care is None:
            care = self._cared_for[root] = _Care(root, order.client_order_id)
            self._create_task(self._care_for(care))
        care.changed.set()

    def try_again(self) -> None:
        """Take steps that had no effect again at once, as what kept them from it may be over."""
        for care in self._cared_for.values():
            for tried in care.tries.values():
                tried.again_at = 0.0
            care.changed.set()

    async def _care_for(self, care: _Care) -> None:
        try:
            while True:
                care.changed.clear()
                wait_secs = self._look(care)
                is_busy = any(tried.is_busy for tried in care.tries.values())
                if wait_secs is None and not is_busy and not care.changed.is_set():
                    return
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(care.changed.wait(), wait_secs)
        finally:
            del self._cared_for[care.root]

    # -- One look --------------------------------------------------------------------------------

    def _look(self, care: _Care) -> float | None:
        """Begin what is to be done; returns the seconds until something is to be tried again."""
        family = self._family(care)
        if any(is_emulated(member.order) for member in family.members):
            return None  # the platform's emulator looks after these
        waits = [self._look_at(member, family, care) for member in family.members]
        return min((secs for secs in waits if secs is not None), default=None)

    def _look_at(self, member: Member, family: Family, care: _Care) -> float | None:
        order = member.order
        client_order_id = order.client_order_id
        step = step_for(member, family)
        tried = care.tries.get(client_order_id)
        if tried is not None and tried.is_busy:
            return None
        if step is None:
            care.tries.pop(client_order_id, None)
            self._note_that_it_stands(member, family, care)
            return None
        if step.action == Action.END and self._is_certainly_here(member):
            self._events.end_unsent(order)
            return None
        if self._gives_way(member, step, family, care):
            return None  # what it waits for ends with another look
        if tried is not None and tried.step == step:
            self._note_that_it_fails(member, family, care)
            if (wait_secs := tried.again_at - self._now_secs()) > 0:
                return wait_secs
        self._begin(member, step, care)
        return None

    def _gives_way(self, member: Member, step: Step, family: Family, care: _Care) -> bool:
        """Whether an exit is to wait until the stop beside it has been sent for the first time."""
        if step.action != Action.SEND or is_stop(member.order):
            return False
        stops = (other.order for other in family.siblings_of(member) if is_stop(other.order))
        tries = (care.tries.get(stop.client_order_id) for stop in stops)
        return any(
            tried is not None
            and tried.is_busy
            and tried.step.action == Action.SEND
            and tried.count == 1
            for tried in tries
        )

    def _note_that_it_fails(self, member: Member, family: Family, care: _Care) -> None:
        client_order_id = member.order.client_order_id
        if not is_stop(member.order) or client_order_id in care.bare:
            return
        bare = unguarded(member, family)
        if bare > 0:
            care.bare.add(client_order_id)
            self._log.error(
                f"UNPROTECTED: {e8_to_str(bare)} of {member.order.parent_order_id!r} is open, its "
                f"stop {client_order_id!r} could not be brought to that size yet, trying on"
            )

    def _note_that_it_stands(self, member: Member, family: Family, care: _Care) -> None:
        client_order_id = member.order.client_order_id
        if member.place == Place.WORKING and client_order_id in care.bare:
            care.bare.discard(client_order_id)
            self._log.info(
                f"Protected again: {client_order_id!r} has the size of what is open",
                LogColor.GREEN,
            )
        if is_lost(member):
            self._mourn(member, family)

    def _mourn(self, member: Member, family: Family) -> None:
        """Say loudly, once, that a position stands without its stop."""
        wish = self._wishes.of(member.order)
        bare = unguarded(member, family)
        if bare > 0 and not wish.is_mourned:
            wish.is_mourned = True
            self._log.error(
                f"UNPROTECTED: {e8_to_str(bare)} of {member.order.parent_order_id!r} is open, its "
                f"stop {member.order.client_order_id!r} is {member.order.status_string()}"
            )

    # -- One step --------------------------------------------------------------------------------

    def _begin(self, member: Member, step: Step, care: _Care) -> None:
        client_order_id = member.order.client_order_id
        before = care.tries.get(client_order_id)
        is_again = before is not None and before.step.action == step.action
        count = 1 + (before.failures_at(member.size) if before is not None and is_again else 0)
        care.tries[client_order_id] = _Try(step, count)
        if count == len(_RETRY_SECS):
            self._log.error(f"{client_order_id!r} is not as it should be after {count - 1} tries")
        if step.action == Action.END and member.order.contingency_type == ContingencyType.OTO:
            self._log.warning(f"{client_order_id!r} is cancelled: an exit of it is over or missing")
        self._create_task(self._carry_out(member.order, step, care))

    async def _carry_out(self, order: Order, step: Step, care: _Care) -> None:
        client_order_id = order.client_order_id
        loop = asyncio.get_running_loop()
        overdue = loop.call_later(_LONG_SECS, self._note_that_it_takes_long, order, care)
        try:
            match step.action:
                case Action.SEND:
                    await self._send(order, step.total)
                case Action.RESIZE:
                    await self._modification.modify(self._resize(order, step.total), is_own=True)
                case Action.END if self._events.followed.is_unsent(order):
                    await self._is_new(order)
                case Action.END:
                    await self._cancellation.cancel(CancelOrder(**self._named(order)))
        finally:
            overdue.cancel()
            tried = care.tries[client_order_id]
            last = len(_RETRY_SECS) - 1
            tried.again_at = self._now_secs() + _RETRY_SECS[min(tried.count - 1, last)]
            tried.is_busy = False
            care.changed.set()

    def _note_that_it_takes_long(self, order: Order, care: _Care) -> None:
        care.tries[order.client_order_id].is_long = True
        family = self._family(care)
        member = next(m for m in family.members if m.order is order)
        self._note_that_it_fails(member, family, care)
        care.changed.set()

    async def _send(self, order: Order, total: int) -> None:
        if await self._is_new(order):
            wish = self._wishes.of(order)
            await self._submission.submit_held(order, wish.params, total)

    def _is_certainly_here(self, member: Member) -> bool:
        return member.place == Place.HERE and self._wishes.of(member.order).is_new

    async def _is_new(self, order: Order) -> bool:
        """
        Return whether an order that is unsent here is known not to be at the venue.

        A run that was killed may have sent it without living to remember. Found, it is taken over.
        """
        wish = self._wishes.of(order)
        if wish.is_new:
            return True
        try:
            found = await self._recovery.sync_order(order)
        except ParadexError as exc:
            self._log.warning(f"Cannot look up {order.client_order_id!r} yet: {exc}")
            return False
        wish.is_new = found is None
        return wish.is_new

    # -- How things stand ------------------------------------------------------------------------

    def _family(self, care: _Care) -> Family:
        ids = [care.root, care.member]
        for client_order_id in (care.root, care.member):
            order = self._cache.order(client_order_id)
            ids.extend(() if order is None else order.linked_order_ids or ())
        orders = (self._cache.order(client_order_id) for client_order_id in dict.fromkeys(ids))
        found = [order for order in orders if order is not None]
        # The stop first: what protects must not wait for what takes profit.
        found.sort(key=lambda order: not is_stop(order))
        members = tuple(self._member(order, care) for order in found)
        net = self._platform.net_position(found[0].instrument_id) if found else 0
        return Family(members, int(net * E8))

    def _member(self, order: Order, care: _Care) -> Member:
        tried = care.tries.get(order.client_order_id)
        wish = self._wishes.of(order)
        place = self._place_of(order)
        is_followed = place != Place.HERE
        state = self._events.followed.state_of(order) if is_followed else None
        size = quantity_to_e8(order.quantity) if state is None else state.size
        failures = 0 if tried is None else tried.failures_at(size)
        return Member(
            order=order,
            place=place,
            size=size,
            filled=0 if state is None else state.filled,
            asked=wish.size_e8,
            is_unwanted=wish.is_unwanted,
            has_failed=failures > 0,
            is_overdue=failures >= _PATIENCE or (tried is not None and tried.is_long),
        )

    def _place_of(self, order: Order) -> Place:
        if order.is_closed:
            return Place.OVER
        if self._events.followed.is_unsent(order):
            return Place.HERE
        if self._events.followed.state_of(order).ended:
            return Place.OVER
        return Place.WORKING if order.is_open else Place.ON_ITS_WAY

    def _resize(self, order: Order, total: int) -> ModifyOrder:
        instrument = self._cache.instrument(order.instrument_id)
        return ModifyOrder(
            **self._named(order),
            quantity=quantity_from_e8(total, instrument.size_precision),
            price=None,
            trigger_price=None,
        )

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

    def _now_secs(self) -> float:
        return asyncio.get_running_loop().time()
