"""What the venue has said of one order, and what follows from it: a state machine without I/O.

Order updates and fills come over two channels and REST, repeated and in any order. Whatever the
order, the outcome here is the same: one acceptance, every fill once, at most one ending, and the
ending only after the fills it counts. Emitting that to the platform is the work of `order_events`.

Sizes and prices are integers at 1e-8, times are microseconds.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from nautilus_paradex.protocol.endings import Ending, ending_of
from nautilus_paradex.protocol.enums import CancelReason, FillType, OrderStatus, RequestStatus
from nautilus_paradex.protocol.events import FillEvent, OrderEvent

__all__ = [
    "Accepted",
    "Action",
    "Ended",
    "FillKey",
    "Filled",
    "ModifyRefused",
    "OrderState",
    "Revived",
    "Updated",
    "fill_key",
]

type FillKey = tuple[str, str]
"""Identity of a fill: its id is unique only together with its type (api-notes)."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The venue has the order on its book, or had it there before it traded or ended."""

    ts_us: int


@dataclass(frozen=True, slots=True)
class Updated:
    """Price, trigger or total size at the venue are no longer what they were."""

    ts_us: int
    size: int
    price: int | None
    trigger_price: int | None


@dataclass(frozen=True, slots=True)
class ModifyRefused:
    """The venue did not carry out the modification that was asked for."""

    ts_us: int
    reason: str


@dataclass(frozen=True, slots=True)
class Filled:
    """A fill that the platform does not have yet."""

    fill: FillEvent


@dataclass(frozen=True, slots=True)
class Ended:
    """The order is over, other than by its last fill."""

    ts_us: int
    ending: Ending
    reason: str

    @property
    def due_post_only(self) -> bool:
        return self.reason == CancelReason.POST_ONLY_WOULD_CROSS


@dataclass(frozen=True, slots=True)
class Revived:
    """The venue says the order is alive although it has ended here. Told once."""

    ts_us: int
    has_grown: bool
    """Whether it was filled here, and is larger at the venue."""


type Action = Accepted | Updated | ModifyRefused | Filled | Ended | Revived

_ALIVE: Final = frozenset({OrderStatus.OPEN.value, OrderStatus.UNTRIGGERED.value})


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
    modify_pending : bool, default False
        If a modification was asked for and not answered yet.
    ended_elsewhere : bool, default False
        If it was not the venue that ended the order but the platform, on its own.
    is_counted : callable, optional
        Tells whether a fill is part of `filled` from before this object.
    is_applied : callable, optional
        Tells whether the platform has a fill by another way (a reconciliation), so that it counts
        here but is not told.

    """

    client_order_id: str
    size: int
    price: int | None = None
    trigger_price: int | None = None
    venue_order_id: str | None = None
    filled: int = 0
    accepted: bool = False
    ended: bool = False
    is_counted: Callable[[FillEvent], bool] | None = None
    is_applied: Callable[[FillEvent], bool] | None = None
    modify_pending: bool = False
    ended_elsewhere: bool = False
    _fills: set[FillKey] = field(default_factory=set)
    _held: list[FillEvent] = field(default_factory=list)
    _closing: OrderEvent | None = None
    _reported_filled: int = 0
    _updated_at: int = 0
    _last_request: str | None = None
    _request_before_change: str | None = None
    _is_revived: bool = False

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
        if event.status not in _ALIVE:
            return []
        self._last_request = event.request_id or None
        self._reported_filled = max(self._reported_filled, _filled_size(event))
        actions = self._accept(_ts(event))
        actions += self._changes(event)
        actions += self._refused_change(event)
        return actions + self._release_held()

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

    def expect_change(self) -> None:
        """Note that a modification is on its way to the venue."""
        self.modify_pending = True
        self._request_before_change = self._last_request

    def change_failed(self) -> list[Action]:
        """Note that the modification is known to have failed; returns what was waiting for it."""
        self.modify_pending = False
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
        if event.size and event.size != self.size and event.size >= self.filled:
            actions += self._accept(_ts(event))
            actions += self._changes(event)
        self.modify_pending = False
        self._reported_filled = max(self._reported_filled, self._filled_at_close(event))
        actions += self._release_held()
        return actions + self._end_if_complete()

    def _apply_after_end(self, event: OrderEvent) -> list[Action]:
        if event.status == OrderStatus.CLOSED:
            self._closing = self._closing or event  # a fill may still open the order again
            return []
        # Late repetitions of OPEN are normal; one that is newer than the end is not.
        is_alive = event.status in _ALIVE and self.filled < (event.size or self.size)
        if not is_alive or self._is_revived or self._closing is not None:
            return []
        if _ts(event) <= self._updated_at:
            return []
        self._is_revived = True
        return [Revived(_ts(event), has_grown=self.filled >= self.size)]

    def _is_stale(self, event: OrderEvent) -> bool:
        # REST and the socket number their updates independently, so time decides; JSON has only
        # milliseconds where the binary feed has microseconds.
        if event.status == OrderStatus.CLOSED:
            return False
        return _ts(event) // 1_000 < self._updated_at // 1_000

    def _filled_at_close(self, event: OrderEvent) -> int:
        if event.size_open is not None:
            return _filled_size(event)
        # Recorded REST orders leave the remaining size out: a reason says that some remained.
        return self.filled if event.cancel_reason else event.size or self.size

    def _accept(self, ts_us: int) -> list[Action]:
        if self.accepted:
            return []
        self.accepted = True
        return [Accepted(ts_us)]

    def _changes(self, event: OrderEvent) -> list[Action]:
        if event.request_status == RequestStatus.PENDING:
            return []  # the venue has taken a request and may still refuse it
        size = event.size or self.size
        price = event.price if event.price is not None else self.price
        trigger = event.trigger_price if event.trigger_price is not None else self.trigger_price
        if (size, price, trigger) == (self.size, self.price, self.trigger_price):
            return []
        self.size, self.price, self.trigger_price = size, price, trigger
        self.modify_pending = False
        return [Updated(_ts(event), size, price, trigger)]

    def _refused_change(self, event: OrderEvent) -> list[Action]:
        # An update repeats the outcome of the last request, whoever made it and however long ago.
        if not self.modify_pending or event.request_status != RequestStatus.REJECTED:
            return []
        if event.request_id and event.request_id == self._request_before_change:
            return []
        self.modify_pending = False
        return [ModifyRefused(_ts(event), event.request_message or "REJECTED")]

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
        actions = self._accept(fill.created_at or fill.ts or 0)
        if self.is_applied is None or not self.is_applied(fill):
            actions.append(Filled(fill))
        self.filled += fill.size or 0
        if self.filled >= self.size and self._closing is None:
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
        if self.filled >= self.size:
            return []
        reason = closing.cancel_reason or ""
        ending = ending_of(reason, accepted=self.accepted, filled=self.filled)
        actions = [] if ending == Ending.REJECTED else self._accept(_ts(closing))
        return [*actions, Ended(_ts(closing), ending, reason)]


def _ts(event: OrderEvent) -> int:
    return event.updated_at or event.ts or 0


def _filled_size(event: OrderEvent) -> int:
    if event.size is None or event.size_open is None:
        return 0
    return event.size - event.size_open
