"""What is to be done about an order of a list now: decided from how all of them stand.

Pure: nothing is remembered from one look to the next, so that a step may be missed, come twice or
be taken by the strategy instead. Taking the steps is the work of `keeper`. Sizes are at 1e-8.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from nautilus_trader.model.enums import ContingencyType, OrderSide, OrderStatus
from nautilus_trader.model.events import OrderCancelRejected, OrderPendingCancel
from nautilus_trader.model.orders import Order

from nautilus_paradex.execution.commands.lists.order_kin import are_siblings, is_stop
from nautilus_paradex.parsing.precision import quantity_to_e8

__all__ = ["Action", "Family", "Member", "Place", "Step", "is_lost", "step_for", "unguarded"]

_REFUSED: Final = frozenset({OrderStatus.DENIED, OrderStatus.REJECTED})


class Place(Enum):
    """Where an order is."""

    HERE = auto()
    """Not sent, or known not to have arrived."""
    ON_ITS_WAY = auto()
    """Sent, and not shown by the venue yet."""
    WORKING = auto()
    OVER = auto()


class Action(Enum):
    """What can be done about an order."""

    SEND = auto()
    RESIZE = auto()
    END = auto()


@dataclass(frozen=True, slots=True)
class Step:
    """
    What is to be done about one order.

    Parameters
    ----------
    action : Action
        What.
    total : int, default 0
        The total size, filled part included, to send it with or to change it to.

    """

    action: Action
    total: int = 0


@dataclass(frozen=True, slots=True)
class Member:
    """
    An order of a list, and how it stands.

    Parameters
    ----------
    order : Order
        The platform's order.
    place : Place
        Where it is.
    size, filled : int
        Its total size at the venue, and what is filled of it.
    asked : int, optional
        The total size that the strategy changed it to, None if it did not.
    is_unwanted : bool, default False
        If the strategy has cancelled it without the platform's knowing.
    has_failed : bool, default False
        If what is to be done about it was tried in vain.
    is_overdue : bool, default False
        If it was tried in vain several times, or takes long.

    """

    order: Order
    place: Place
    size: int
    filled: int
    asked: int | None = None
    is_unwanted: bool = False
    has_failed: bool = False
    is_overdue: bool = False

    @property
    def made_with(self) -> int:
        """The size that the order was made with."""
        return quantity_to_e8(self.order.init_event.quantity)


@dataclass(frozen=True, slots=True)
class Family:
    """
    The orders of a list.

    Parameters
    ----------
    members : tuple[Member, ...]
        All that the cache has.
    net_position : int
        The position in their instrument, negative if it is short.

    """

    members: tuple[Member, ...]
    net_position: int

    def parent_of(self, member: Member) -> Member | None:
        """Return the entry whose fill an exit waits for."""
        parent_id = member.order.parent_order_id
        return next((m for m in self.members if m.order.client_order_id == parent_id), None)

    def siblings_of(self, member: Member) -> list[Member]:
        """Return the exits that are reduced or cancelled with an exit."""
        return [m for m in self.members if are_siblings(member.order, m.order)]

    def children_of(self, member: Member) -> list[Member]:
        """Return the exits of an entry."""
        entry_id = member.order.client_order_id
        return [m for m in self.members if m.order.parent_order_id == entry_id]

    def is_held_by(self, order: Order) -> bool:
        """Return whether there is a position that an order would close."""
        return self.net_position * (1 if order.side == OrderSide.SELL else -1) > 0


def step_for(member: Member, family: Family) -> Step | None:
    """Return what is to be done about an order, None where it is as it should be."""
    if member.place in (Place.ON_ITS_WAY, Place.OVER) or member.order.is_pending_cancel:
        return None
    parent, siblings = family.parent_of(member), family.siblings_of(member)
    if _is_at_its_end(member, parent, siblings) or _is_to_fill_no_more(member, family):
        return Step(Action.END)
    if parent is None and not siblings:
        return None
    total = _wanted_total(member, parent, siblings)
    if member.place == Place.HERE:
        return _first_step(member, family, parent, total)
    if total == member.size:
        return None
    return Step(Action.RESIZE, total) if total > member.filled else Step(Action.END)


def is_lost(member: Member) -> bool:
    """Return whether a stop is through, or gone without its strategy having asked for it."""
    order = member.order
    if not order.is_closed or not is_stop(order):
        return False
    if order.status in _REFUSED or order.status == OrderStatus.FILLED:
        return True
    was_sent = order.venue_order_id is not None
    return was_sent and not member.is_unwanted and not _is_cancelled_by_strategy(order)


def unguarded(member: Member, family: Family) -> int:
    """Return how much of what its entry filled a stop should close and does not."""
    parent = family.parent_of(member)
    if parent is None or not family.is_held_by(member.order):
        return 0
    still_open = parent.filled - sum(child.filled for child in family.children_of(parent))
    guarded = member.size - member.filled if member.place == Place.WORKING else 0
    return min(still_open, abs(family.net_position)) - guarded


def _is_at_its_end(member: Member, parent: Member | None, siblings: Iterable[Member]) -> bool:
    if member.is_unwanted:
        return True
    if parent is not None and parent.order.is_closed and not parent.filled:
        return True
    return any(_takes_along(member.order, sibling.order) for sibling in siblings)


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
    return sibling.status == OrderStatus.CANCELED and _is_cancelled_by_strategy(sibling)


def _is_cancelled_by_strategy(order: Order) -> bool:
    told = (OrderPendingCancel, OrderCancelRejected)
    last = next((event for event in reversed(order.events) if isinstance(event, told)), None)
    return isinstance(last, OrderPendingCancel)


def _is_to_fill_no_more(entry: Member, family: Family) -> bool:
    """Whether nothing would guard what an entry fills: an exit is through, or a stop missing."""
    return any(
        child.order.status == OrderStatus.FILLED
        or is_lost(child)
        or (is_stop(child.order) and child.is_overdue and unguarded(child, family) > 0)
        for child in family.children_of(entry)
    )


def _first_step(
    member: Member,
    family: Family,
    parent: Member | None,
    total: int,
) -> Step | None:
    if parent is None or not parent.filled:
        return None
    # The position is asked for only then: it may be told after the fill that makes it.
    is_doubtful = member.has_failed and member.order.is_reduce_only
    if total <= 0 or (is_doubtful and not family.is_held_by(member.order)):
        return Step(Action.END)
    return Step(Action.SEND, total)


def _wanted_total(member: Member, parent: Member | None, siblings: Iterable[Member]) -> int:
    """
    Return the total size, filled part included, that an order is to have now.

    What siblings have closed of a position is no longer to be closed by an OUO order. An OCO order
    keeps its size until a sibling is through.
    """
    is_ouo = member.order.contingency_type == ContingencyType.OUO
    closed = sum(sibling.filled for sibling in siblings) if is_ouo else 0
    wanted = member.made_with if member.asked is None else member.asked
    if parent is None:
        return min(member.size, wanted - closed) if closed else member.size
    is_whole = member.asked is None and member.made_with >= parent.made_with
    room = parent.filled - closed
    if is_whole:
        return room  # also where the entry has been made larger since
    return min(room, wanted)
