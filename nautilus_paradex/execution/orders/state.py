"""What the venue has said of one order, and what follows from it: a state machine without I/O.

Order updates and fills come over two channels and REST, repeated and in any order. Whatever the
order, the outcome here is the same: one acceptance, every fill once, at most one ending, and the
ending only after the fills it counts. Emitting that to the platform is the work of `events`.

Sizes and prices are integers at 1e-8, times are microseconds.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from nautilus_paradex.execution.orders.actions import (
    Accepted,
    Action,
    Ended,
    Filled,
    Misdirected,
    ModifyRefused,
    Revived,
    Triggered,
    Updated,
)
from nautilus_paradex.execution.orders.pending_change import PendingChange, Wanted
from nautilus_paradex.protocol.endings import Ending, ending_of
from nautilus_paradex.protocol.enums import FillType, OrderStatus, RequestStatus
from nautilus_paradex.protocol.events import FillEvent, OrderEvent
from nautilus_paradex.protocol.triggers import derived_direction

__all__ = ["ALIVE", "FillKey", "OrderState", "fill_key"]

type FillKey = tuple[str, str]
"""Identity of a fill: its id is unique only together with its type (api-notes)."""

ALIVE: Final = frozenset({OrderStatus.OPEN.value, OrderStatus.UNTRIGGERED.value})
"""Statuses of an order that the venue has accepted and not ended."""


def fill_key(fill: FillEvent) -> FillKey:
    """Return the identity of a fill; one without a type is an ordinary one."""
    return (fill.fill_type or FillType.FILL.value, fill.fill_id or "")


@dataclass(slots=True)
class OrderState:
    """
    One order, as far as the venue's messages of it have been taken in.

    Parameters
    ----------
    client_order_id : str
        The id the order is known by on this side.
    market : str
        The venue's symbol of its market.
    size : int
        Total size at 1e-8.
    price, trigger_price : int, optional
        At 1e-8, None where the order has none.
    venue_order_id : str, optional
        The venue's id, taken from whatever message names it first.
    filled : int, default 0
        What of the size has been filled by the fills taken in.
    accepted, ended : bool, default False
        Where an order taken over in mid-life stands.
    is_triggerable : bool, default False
        If the platform knows a triggered state of it: a limit order that waits for a trigger.
    triggered : bool, default False
        If that state was reached.
    direction : str, optional
        The flag that the venue is to derive from trigger and mark price.
    order_type : str, optional
        The venue's type of it, as last told.
    is_whole_position : bool, default False
        If its size at the venue is 0, which is the position's, whatever that becomes.
    change : PendingChange, optional
        The modification that is under way.
    ended_elsewhere : bool, default False
        If it was not the venue that ended the order but the platform, on its own.
    is_counted : callable, optional
        Tells whether a fill is part of `filled` from before this object.
    is_applied : callable, optional
        Tells whether the platform has a fill by another way (a reconciliation), so that it counts
        here but is not told.

    """

    client_order_id: str
    market: str
    size: int
    price: int | None = None
    trigger_price: int | None = None
    venue_order_id: str | None = None
    filled: int = 0
    accepted: bool = False
    ended: bool = False
    is_counted: Callable[[FillEvent], bool] | None = None
    is_applied: Callable[[FillEvent], bool] | None = None
    is_triggerable: bool = False
    triggered: bool = False
    direction: str | None = None
    order_type: str | None = None
    is_whole_position: bool = False
    change: PendingChange = field(default_factory=PendingChange)
    ended_elsewhere: bool = False
    _fills: set[FillKey] = field(default_factory=set)
    _held: list[FillEvent] = field(default_factory=list)
    _closing: OrderEvent | None = None
    _reported_filled: int = 0
    _updated_at: int = 0
    _misdirection: str | None = None
    _is_revived: bool = False
    _is_full: bool = False

    @property
    def modify_pending(self) -> bool:
        """Whether a modification was asked for and not answered yet."""
        return self.change.is_pending

    @property
    def is_incomplete(self) -> bool:
        """Whether something is known to be missing: fills, or the update that explains one."""
        return bool(self._held) or self._reported_filled > self.filled

    def apply_order(self, event: OrderEvent) -> list[Action]:
        """Take in an order update, from whatever source, and return what follows from it."""
        self.venue_order_id = event.order_id or self.venue_order_id
        if self.ended:
            return self._apply_after_end(event)
        if self._closing is not None or self._is_stale(event):
            return []
        self._updated_at = max(self._updated_at, _ts(event))
        if event.status == OrderStatus.CLOSED:
            return self._apply_close(event)
        if event.status not in ALIVE:
            return []
        self.learn_type(event)
        self._reported_filled = max(self._reported_filled, _filled_size(event))
        if not self.accepted and (self._misdirection or self._misdirection_in(event)):
            return self._misdirected(event)
        actions = self._accept(_ts(event))
        actions += self._changes(event)
        if event.status == OrderStatus.OPEN:
            actions += self._trigger(_ts(event))
        return actions + self._release_held()

    def learn_type(self, event: OrderEvent) -> None:
        """Note the venue's type of the order, and whether its size is the position's."""
        self.order_type = event.order_type or self.order_type
        self.is_whole_position = event.size == 0

    def apply_fill(self, fill: FillEvent) -> list[Action]:
        """Take in a fill, from whatever source, and return what follows; a known one is nothing."""
        self.venue_order_id = self.venue_order_id or fill.order_id or None
        key = fill_key(fill)
        if key in self._fills:
            return []
        self._fills.add(key)
        if self.is_counted is not None and self.is_counted(fill):
            return []
        if self.ended and self._closing is not None:
            return self._count_after_end(fill)
        if self.ended_elsewhere:
            self.ended = self.ended_elsewhere = False
        if self._must_wait(fill):
            self._held.append(fill)
            return []
        return [*self._count(fill), *self._end_if_complete()]

    def knows(self, fill: FillEvent) -> bool:
        """Return whether a fill was taken in before, or is part of what the platform has."""
        if fill_key(fill) in self._fills:
            return True
        ways = (self.is_counted, self.is_applied)
        return any(is_known is not None and is_known(fill) for is_known in ways)

    def sync_end(self, *, is_closed: bool, filled: int) -> None:
        """
        Take over that the platform closed the order by itself, or has it open again.

        Its in-flight check ends orders whose answers stay away; a fill opens them again, once it
        has reached the order: `filled` is what has.
        """
        if is_closed and not self.ended and filled >= self.filled:
            self.ended = self.ended_elsewhere = True
        elif self.ended_elsewhere and not is_closed:
            self.ended = self.ended_elsewhere = False

    def expect_change(self, wanted: Wanted | None = None) -> None:
        """Note that a modification is on its way to the venue."""
        self.change.expect(wanted)

    def change_failed(self) -> list[Action]:
        """Note that the modification is known to have failed; returns what was waiting for it."""
        self.change.settle()
        return self._release_held()

    def end_locally(self) -> bool:
        """
        Mark the order as refused for good by an answer to its request.

        Returns False where the venue has shown the order: then it was taken, whatever the answer.
        """
        if self.ended or self.accepted or self.venue_order_id is not None:
            return False
        self.ended = True
        return True

    def adopt_filled(self, filled: int, is_counted: Callable[[FillEvent], bool]) -> None:
        """Take over that the platform has more filled than was told here (a reconciliation)."""
        self.filled = filled
        self.is_counted = is_counted

    def give_up(self) -> list[Action]:
        """
        Stop waiting for what the venue does not tell: take what is there for all there is.

        A fill beyond the size counts only if the venue has that much filled.
        """
        actions: list[Action] = []
        for fill in self._held:
            filled = self.filled + (fill.size or 0)
            if filled > self.size and filled <= self._reported_filled:
                self.size = filled
                ts_us = fill.created_at or 0
                actions.append(Updated(ts_us, self.size, self.price, self.trigger_price))
            if filled <= self.size:
                actions += self._count(fill)
        self._held.clear()
        self._reported_filled = self.filled
        return actions + self._end_if_complete()

    # -- Updates ---------------------------------------------------------------------------------

    def _apply_close(self, event: OrderEvent) -> list[Action]:
        self._closing = event
        actions: list[Action] = []
        if self._tells_of_a_change(event):
            actions += self._changes(event)
        if any(isinstance(action, Updated) for action in actions):
            actions = [*self._accept(_ts(event)), *actions]
        self.change.settle()
        self._reported_filled = max(self._reported_filled, self._filled_at_close(event))
        actions += self._release_held()
        return actions + self._end_if_complete()

    def _tells_of_a_change(self, closing: OrderEvent) -> bool:
        if self._misdirection and not self.accepted:
            return False
        size = closing.size or self.size
        return size >= self.filled and (self.modify_pending or size != self.size)

    def _apply_after_end(self, event: OrderEvent) -> list[Action]:
        if event.status == OrderStatus.CLOSED:
            self._closing = self._closing or event  # a fill may still open the order again
            return []
        # Late repetitions of OPEN are normal; one that is newer than the end is not.
        is_alive = event.status in ALIVE and self.filled < (event.size or self.size)
        if not is_alive or self._is_revived or self._closing is not None:
            return []
        if _ts(event) <= self._updated_at and not self._contradicts_end(event):
            return []
        self._is_revived = True
        return [Revived(_ts(event), has_grown=self.filled >= self.size)]

    def _contradicts_end(self, event: OrderEvent) -> bool:
        """
        Whether an update tells that the platform's own end of the order was wrong.

        The venue had no part in that end, so nothing needs to have changed there since.
        """
        return self.ended_elsewhere and not self._is_stale(event)

    def _is_stale(self, event: OrderEvent) -> bool:
        # REST and the socket number their updates independently, so time decides; JSON has only
        # milliseconds where the binary feed has microseconds.
        if event.status == OrderStatus.CLOSED:
            return False
        return _ts(event) // 1_000 < self._updated_at // 1_000

    def _filled_at_close(self, event: OrderEvent) -> int:
        if event.size_open is not None and event.size:
            return _filled_size(event)
        # Recorded REST orders leave the remaining size out, orders of the whole position say 0: a
        # reason says that some remained.
        return self.filled if event.cancel_reason else event.size or self.size

    def _accept(self, ts_us: int) -> list[Action]:
        if self.accepted:
            return []
        self.accepted = True
        return [Accepted(ts_us)]

    def _trigger(self, ts_us: int) -> list[Action]:
        if self.triggered or not self.is_triggerable:
            return []
        self.triggered = True
        return [Triggered(ts_us)]

    def _changes(self, event: OrderEvent) -> list[Action]:
        size = event.size or self.size
        price = event.price or self.price
        trigger = event.trigger_price or self.trigger_price
        has_changed = (size, price, trigger) != (self.size, self.price, self.trigger_price)
        answer = self.change.answer_in(event, has_changed=has_changed)
        if event.request_status == RequestStatus.PENDING:
            return []  # the venue has taken a request and may still refuse it
        self.size, self.price, self.trigger_price = size, price, trigger
        actions: list[Action] = []
        if has_changed or answer == RequestStatus.SUCCESS:
            actions.append(Updated(_ts(event), size, price, trigger))
        if answer == RequestStatus.SUCCESS:
            actions += self._misdirected(event)
        if answer == RequestStatus.REJECTED:
            actions.append(ModifyRefused(_ts(event), event.request_message or "REJECTED"))
        return actions

    def _misdirection_in(self, event: OrderEvent) -> str | None:
        """
        Return what is wrong with the direction that the venue has derived, None if nothing is.

        The mark price has gone past the trigger before the order, or its change, arrived. What was
        set off in the meantime is told by its fills.
        """
        if self.direction is None or event.status != OrderStatus.UNTRIGGERED:
            return None
        derived = derived_direction(event.flags)
        if derived in (None, self.direction):
            return None
        return f"TRIGGER_DIRECTION: intended={self.direction} derived={derived}"

    def _misdirected(self, event: OrderEvent) -> list[Action]:
        reason = self._misdirection_in(event)
        if reason is None or self._misdirection is not None:
            return []
        self._misdirection = reason
        return [Misdirected(_ts(event), reason)]

    # -- Fills -----------------------------------------------------------------------------------

    def _must_wait(self, fill: FillEvent) -> bool:
        """
        Whether a fill has to wait for an order update.

        One beyond the size can only follow a modification whose update is still to come. One that
        completes the order while a modification is under way may complete the old size only, and
        the platform would close the order.
        """
        filled = self.filled + (fill.size or 0)
        if filled > self.size:
            return not self.ended
        return self.modify_pending and filled == self.size and self._closing is None

    def _count(self, fill: FillEvent) -> list[Action]:
        ts_us = fill.created_at or fill.ts or 0
        actions = [*self._accept(ts_us), *self._trigger(ts_us)]
        if self.is_applied is None or not self.is_applied(fill):
            actions.append(Filled(fill))
        self.filled += fill.size or 0
        self._is_full = self.filled >= self.size
        if self._is_full and self._closing is None:
            self.ended = True
        return actions

    def _count_after_end(self, fill: FillEvent) -> list[Action]:
        """Count a fill that comes after the end: it opens the order again, which is then ended."""
        closing = self._closing
        self.ended_elsewhere = False
        actions = self._count(fill)
        self.ended = True
        if closing is None or self.filled >= self.size:
            return actions
        reason = closing.cancel_reason or ""
        ending = ending_of(reason, accepted=True, filled=self.filled)
        return [*actions, Ended(_ts(closing), ending, reason)]

    def _release_held(self) -> list[Action]:
        actions: list[Action] = []
        held, self._held = self._held, []
        for fill in held:
            if self._must_wait(fill):
                self._held.append(fill)
            else:
                actions += self._count(fill)
        return actions

    def _end_if_complete(self) -> list[Action]:
        closing = self._closing
        if closing is None or self.is_incomplete or self.ended:
            return []
        self.ended = True
        if self._is_full and self.filled >= self.size:
            return []
        # One that was cut down to what is filled needs telling: the platform ends it by fills only.
        reason = closing.cancel_reason or ""
        ending = ending_of(reason, accepted=self.accepted, filled=self.filled)
        if self._misdirection and not self.accepted:
            ending, reason = Ending.REJECTED, self._misdirection
        actions = [] if ending == Ending.REJECTED else self._accept(_ts(closing))
        return [*actions, Ended(_ts(closing), ending, reason)]


def _ts(event: OrderEvent) -> int:
    return event.updated_at or event.ts or 0


def _filled_size(event: OrderEvent) -> int:
    if event.size is None or event.size_open is None:
        return 0
    return event.size - event.size_open
