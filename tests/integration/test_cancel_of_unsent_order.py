"""A cancel that follows its order so closely that the venue could be told of it first."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.orders import Order

from tests.integration.execution_world import World, loopback_transport, open_world
from tests.integration.held_requests import HeldRequests
from tests.support import eventually


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with open_world() as world:
        yield world


def cancel_it(world: World, order: Order) -> None:
    world.cancel(order)


def cancel_all(world: World, order: Order) -> None:
    world.cancel_all(order.strategy_id.value)


@pytest.mark.parametrize("cancel", [cancel_it, cancel_all])
async def test_a_cancel_does_not_overtake_its_order(
    world: World, cancel: Callable[[World, Order], None]
) -> None:
    await world.fault(kind="delay_ms", path="/v1/orders", method="POST", delay_ms=300)
    order = world.submit(world.limit(OrderSide.BUY, "0.01", world.around("-0.01")))
    await eventually(lambda: order.is_inflight)
    cancel(world, order)

    await eventually(lambda: order.is_closed)

    assert world.story(order)[-1] == "OrderCanceled"
    assert "OrderCancelRejected" not in world.story(order)
    venue_order = world.venue_order(order)
    assert venue_order is not None
    assert (venue_order["status"], venue_order["cancel_reason"]) == ("CLOSED", "USER_CANCELED")


async def test_a_cancel_right_after_its_order_is_carried_out(world: World) -> None:
    await world.fault(kind="delay_ms", path="/v1/orders", method="POST", delay_ms=300)
    order = world.submit(world.limit(OrderSide.BUY, "0.01", world.around("-0.01")))
    world.cancel(order)

    await eventually(lambda: order.is_closed)

    assert world.story(order)[-1] == "OrderCanceled"


@pytest.mark.parametrize("params", [None, {"all": True}], ids=["by_id", "whole_market"])
async def test_cancel_all_takes_orders_that_the_platform_does_not_know_to_be_sent_yet(
    world: World, params: dict[str, Any] | None
) -> None:
    await world.fault(kind="delay_ms", path="/v1/orders", method="POST", delay_ms=100)
    order = world.submit(world.limit(OrderSide.BUY, "0.01", world.around("-0.01")))
    world.cancel_all(order.strategy_id.value, params=params)

    await eventually(lambda: order.is_closed)

    assert world.story(order) == ["OrderSubmitted", "OrderAccepted", "OrderCanceled"]


async def test_the_cancel_of_an_order_that_is_refused_says_nothing_more(world: World) -> None:
    await world.fault(kind="http_status", path="/v1/orders", method="POST", status=400)
    order = world.submit(world.limit(OrderSide.BUY, "0.01", world.around("-0.01")))
    world.cancel(order)

    await eventually(lambda: order.is_closed)

    assert world.story(order) == ["OrderSubmitted", "OrderRejected"]


async def lose_the_answer(world: World, requests: HeldRequests) -> Order:
    """Submit an order that is still on its way when the client no longer waits for its answer."""
    requests.hold()
    order = world.submit(world.limit(OrderSide.BUY, "0.01", world.around("-0.01")))
    await eventually(lambda: requests.waiting)
    requests.lose(requests.waiting[0], "reset")
    requests.hold_no_more()
    return order


async def test_a_cancel_that_overtook_an_order_of_unknown_outcome_is_sent_again() -> None:
    requests = HeldRequests(loopback_transport())
    async with open_world(transport=requests) as world:
        order = await lose_the_answer(world, requests)
        requests_before = world.http.metrics["requests"]
        world.cancel(order)
        await eventually(lambda: world.http.metrics["requests"] > requests_before)
        requests.move(requests.waiting[0])
        await eventually(lambda: order.is_closed)

        assert world.story(order) == ["OrderSubmitted", "OrderAccepted", "OrderCanceled"]
        assert (world.venue_order(order) or {})["cancel_reason"] == "USER_CANCELED"


async def test_a_cancel_refused_before_its_order_is_accepted_is_told_afterwards() -> None:
    requests = HeldRequests(loopback_transport())
    async with open_world(transport=requests) as world:
        order = await lose_the_answer(world, requests)
        await world.fault(kind="http_status", path="/v1/orders", method="DELETE", status=400)
        world.cancel(order)
        await eventually(lambda: order.is_pending_cancel)
        await eventually(lambda: not world.server.faults.waiting())
        requests.move(requests.waiting[0])
        await eventually(lambda: "OrderCancelRejected" in world.story(order))

        assert world.story(order) == ["OrderSubmitted", "OrderAccepted", "OrderCancelRejected"]
        assert order.is_open
        assert not order.is_pending_cancel
