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
from nautilus_paradex.protocol.enums import CancelReason, OrderStatus, RequestStatus
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
    ts_us: int
    reason: str


@dataclass(frozen=True, slots=True)
class Filled:
    fill: FillEvent


@dataclass(frozen=True, slots=True)
class Ended:
    ts_us: int
    ending: Ending
    reason: str

    @property
    def due_post_only(self) -> bool:
        return self.reason == CancelReason.POST_ONLY_WOULD_CROSS


@dataclass(frozen=True, slots=True)
class Revived:
    """The venue says the order is alive although it has already ended here."""

    ts_us: int


type Action = Accepted | Updated | ModifyRefused | Filled | Ended | Revived


_ALIVE: Final = frozenset({OrderStatus.OPEN.value, OrderStatus.UNTRIGGERED.value})


def fill_key(fill: FillEvent) -> FillKey:
    """Return the identity of a fill."""
    return (fill.fill_type or "", fill.fill_id or "")


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
    filled : int, default 0
        What of the size has been filled by the fills taken in.
    accepted, ended : bool, default False
        Where an order taken over in mid-life stands.
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
    _fills: set[FillKey] = field(default_factory=set)
    _closing: OrderEvent | None = None
    _reported_filled: int = 0
    _updated_at: int = 0
    _answered_request: str | None = None

    @property
    def missing_fills(self) -> bool:
        """Whether the venue has reported more of the order filled than fills have been seen."""
        return self._reported_filled > self.filled

    @property
    def waits_to_end(self) -> bool:
        """Whether the venue has closed the order and fills of it are still to come."""
        return self._closing is not None and not self.ended

    def apply_order(self, event: OrderEvent) -> list[Action]:
        """Take in an order update, from whatever source, and return what follows from it."""
        if event.order_id:
            self.venue_order_id = event.order_id
        if self.ended:
            return self._apply_after_end(event)
        if self._closing is not None or self._is_stale(event):
            return []
        self._updated_at = max(self._updated_at, _ts(event))
        if event.status == OrderStatus.CLOSED:
            self._closing = event
            self._reported_filled = max(self._reported_filled, self._filled_at_close(event))
            return self._end_if_complete()
        if event.status not in _ALIVE:
            return []
        self._reported_filled = max(self._reported_filled, _filled_size(event))
        actions = self._accept(_ts(event))
        actions += self._changes(event)
        actions += self._modify_answer(event)
        return actions

    def apply_fill(self, fill: FillEvent) -> list[Action]:
        """Take in a fill, from whatever source, and return what follows; a known one is nothing."""
        key = fill_key(fill)
        if key in self._fills:
            return []
        self._fills.add(key)
        if self.is_counted is not None and self.is_counted(fill):
            return []
        actions = self._accept(fill.created_at or fill.ts or 0)
        if self.is_applied is None or not self.is_applied(fill):
            actions.append(Filled(fill))
        self.filled += fill.size or 0
        if self._closing is not None:
            actions += self._end_if_complete()
        elif self.filled >= self.size:
            self.ended = True
        return actions

    def end_locally(self) -> bool:
        """Mark the order as refused for good by an answer to its request; False if it ended."""
        if self.ended or self.accepted:
            return False
        self.ended = True
        return True

    def _apply_after_end(self, event: OrderEvent) -> list[Action]:
        # Late repetitions of OPEN are normal; one that is newer than the end is not.
        if event.status in _ALIVE and _ts(event) > self._updated_at and self._closing is None:
            if self.filled >= (event.size or self.size):
                return []
            return [Revived(_ts(event))]
        return []

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
        size = event.size or self.size
        price = event.price if event.price is not None else self.price
        trigger = event.trigger_price if event.trigger_price is not None else self.trigger_price
        if (size, price, trigger) == (self.size, self.price, self.trigger_price):
            return []
        self.size, self.price, self.trigger_price = size, price, trigger
        return [Updated(_ts(event), size, price, trigger)]

    def _modify_answer(self, event: OrderEvent) -> list[Action]:
        if event.request_status != RequestStatus.REJECTED:
            return []
        if event.request_id is not None and event.request_id == self._answered_request:
            return []
        self._answered_request = event.request_id
        return [ModifyRefused(_ts(event), event.request_message or "REJECTED")]

    def _end_if_complete(self) -> list[Action]:
        closing = self._closing
        if closing is None or self.missing_fills or self.ended:
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
