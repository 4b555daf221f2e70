"""The platform's picture of an account held against the venue's own books.

Not a test module. What is compared is what both have in the end, and that the platform's way there
was one that an order can go: nothing told twice, nothing told that was not applied.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Final

from nautilus_trader.model.enums import OrderStatus
from nautilus_trader.model.events import OrderFilled
from nautilus_trader.model.orders import Order

from tests.integration.execution_world import World

__all__ = ["compare_books", "fills_of"]

REFUSED_COMMANDS: Final = frozenset({"OrderCancelRejected", "OrderModifyRejected"})
ENDINGS: Final = {
    OrderStatus.DENIED: "OrderDenied",
    OrderStatus.REJECTED: "OrderRejected",
    OrderStatus.CANCELED: "OrderCanceled",
    OrderStatus.EXPIRED: "OrderExpired",
}


def compare_books(world: World, orders: Iterable[Order]) -> None:
    """Compare fills, fees, the position and every order with what the venue's ledger says."""
    ledger = world.ledger()
    fills = fills_of(world)
    fees = {fill["id"]: Decimal(fill["fee"]) for fill in ledger["fills"]}
    assert sorted(fill.trade_id.value for fill in fills) == sorted(fees)
    assert {f.trade_id.value: f.commission.as_decimal() for f in fills} == fees
    assert world.net_position == sum(Decimal(p["size"]) for p in ledger["positions"])
    assert not world.client.malformed_messages
    for order in orders:
        _compare_order(world, order, world.venue_order(order))


def fills_of(world: World) -> list[OrderFilled]:
    """Return the fills that the platform has been told of."""
    return [event for event in world.events if isinstance(event, OrderFilled)]


def _compare_order(world: World, order: Order, placed: dict[str, Any] | None) -> None:
    applied = {event.id for event in order.events}
    told = [e for e in world.events if e.client_order_id == order.client_order_id]
    # The engine publishes, but does not apply, what no order in that state can go through.
    assert [event for event in told if event.id not in applied] == []
    story = [name for name in world.story(order) if name not in REFUSED_COMMANDS]
    ends = [name for name in story if name in ENDINGS.values()]
    assert ends == ([ENDINGS[order.status]] if order.status in ENDINGS else [])
    if placed is None:
        assert order.status in (OrderStatus.REJECTED, OrderStatus.DENIED, OrderStatus.CANCELED)
        assert (order.status == OrderStatus.REJECTED) == ("OrderSubmitted" in story)
        return
    size, remaining = Decimal(placed["size"]), Decimal(placed["remaining_size"])
    assert order.filled_qty.as_decimal() == size - remaining
    if order.status != OrderStatus.REJECTED:  # nothing is told of such an order but this
        _compare_terms(order, placed)
    assert order.is_open == (placed["status"] != "CLOSED")
    if placed["status"] == "CLOSED":
        # One that was cut down to what is filled ends too, although nothing is left of it.
        assert bool(remaining) == bool(ends) or (ends and "OrderUpdated" in story)
    assert story.count("OrderSubmitted") == 1
    # One that is triggered comes back from a refused cancel by being accepted once more.
    returns = max(0, story.count("OrderTriggered") - 1)
    assert story.count("OrderAccepted") == (order.status != OrderStatus.REJECTED) + returns
    if ends:
        assert story[-1] == ends[0]


def _compare_terms(order: Order, placed: dict[str, Any]) -> None:
    assert order.venue_order_id.value == placed["id"]
    assert order.quantity.as_decimal() == Decimal(placed["size"])
    if order.has_price:
        assert order.price.as_decimal() == Decimal(placed["price"])
    if order.has_trigger_price:
        assert order.trigger_price.as_decimal() == Decimal(placed["trigger_price"])
