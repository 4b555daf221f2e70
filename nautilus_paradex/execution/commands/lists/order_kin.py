"""How the orders of a list hang together, as far as the orders themselves tell it."""

from typing import Final

from nautilus_trader.model.enums import ContingencyType, TriggerType
from nautilus_trader.model.events import OrderEmulated
from nautilus_trader.model.identifiers import ClientOrderId
from nautilus_trader.model.orders import Order

from nautilus_paradex.parsing.order_types import STOPS

__all__ = ["are_siblings", "is_contingent", "is_emulated", "is_stop", "root_of"]

_SIBLINGS: Final = frozenset({ContingencyType.OCO, ContingencyType.OUO})


def is_contingent(order: Order) -> bool:
    """Return whether an order has to do with others."""
    contingent: bool = order.contingency_type != ContingencyType.NO_CONTINGENCY
    return contingent or order.parent_order_id is not None


def is_emulated(order: Order) -> bool:
    """Return whether the platform's emulator has, or had, an order in its keeping."""
    return order.emulation_trigger != TriggerType.NO_TRIGGER or any(
        isinstance(event, OrderEmulated) for event in order.events
    )


def is_stop(order: Order) -> bool:
    """Return whether an order is one that protects."""
    return order.order_type in STOPS


def root_of(order: Order) -> ClientOrderId:
    """Return the order that names a list: its entry, or the first of its siblings."""
    if order.parent_order_id is not None:
        return order.parent_order_id
    if order.contingency_type == ContingencyType.OTO:
        return order.client_order_id
    return min(order.client_order_id, *(order.linked_order_ids or ()), key=str)


def are_siblings(order: Order, other: Order) -> bool:
    """Return whether an order is reduced or cancelled with another (OCO, OUO)."""
    return (
        order.contingency_type in _SIBLINGS
        and other.client_order_id != order.client_order_id
        and other.client_order_id in (order.linked_order_ids or ())
    )
