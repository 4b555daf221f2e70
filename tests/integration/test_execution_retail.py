"""The retail profile: its tokens, its pace, its fees, in REST and on the socket."""

from collections.abc import AsyncIterator
from decimal import Decimal

import pytest
from nautilus_trader.model.enums import OrderSide, OrderStatus, OrderType
from nautilus_trader.model.events import (
    OrderAccepted,
    OrderCanceled,
    OrderDenied,
    OrderFilled,
    OrderRejected,
)

from nautilus_paradex.devnet.config import DevnetConfig
from tests.integration.execution_world import World, open_world
from tests.support import eventually

BUY, SELL = OrderSide.BUY, OrderSide.SELL


@pytest.fixture
async def world() -> AsyncIterator[World]:
    config = DevnetConfig(port=0, synthetic=False, retail_speed_bump_ms=20)
    async with open_world(config, token_usage="interactive", max_retries=5) as world:
        yield world


async def test_orders_beyond_the_pace_wait_for_their_turn_and_none_is_refused(
    world: World,
) -> None:
    price = world.around("-0.01")
    orders = [world.submit(world.limit(BUY, "0.00100", price)) for _ in range(7)]
    await eventually(lambda: all(order.is_open for order in orders))
    assert not [event for event in world.events if isinstance(event, OrderRejected)]
    assert {order["status"] for order in world.ledger()["orders"]} == {"OPEN"}


@pytest.mark.parametrize("route", ["rest", "ws"])
async def test_a_cancel_goes_before_orders_that_wait_for_their_turn(route: str) -> None:
    config = DevnetConfig(port=0, synthetic=False, retail_speed_bump_ms=20)
    async with open_world(config, token_usage="interactive", order_route=route) as world:
        price = world.around("-0.01")
        order = await world.resting(BUY, "0.00100", price)
        others = [world.submit(world.limit(BUY, "0.00100", price)) for _ in range(6)]
        await eventually(lambda: sum(each.is_open for each in others) == 2)
        world.cancel(order)
        await eventually(lambda: order.is_closed and all(each.is_open for each in others))
        names = [type(event) for event in world.events]
        assert OrderAccepted in names[names.index(OrderCanceled) :]


NOT_PLACED = (OrderDenied, OrderRejected)
# Retries, since requests bunch on a busy machine and the venue then answers with 429.
SHORT_WINDOW = {"token_usage": "interactive", "recv_window_ms": 1_000, "max_retries": 5}


async def test_an_order_whose_window_would_pass_while_it_waits_is_denied() -> None:
    config = DevnetConfig(port=0, synthetic=False, retail_speed_bump_ms=20)
    # A tenth of the window is for the way, which a busy machine must manage within it.
    settings = SHORT_WINDOW | {"recv_window_ms": 4_000}
    async with open_world(config, **settings) as world:
        price = world.around("-0.01")
        orders = [world.submit(world.limit(BUY, "0.00100", price)) for _ in range(16)]
        await eventually(lambda: all(order.is_open or order.is_closed for order in orders))
        reasons = [event.reason for event in world.events if isinstance(event, OrderDenied)]
        assert reasons
        assert all(reason.startswith("ORDER_RATE: wait_secs=") for reason in reasons)
        late = [event.reason for event in world.events if isinstance(event, OrderRejected)]
        assert all(reason.startswith("NOT_SENT: ") for reason in late)
        told = {order.client_order_id.value for order in orders if order.is_open}
        assert {order["client_id"] for order in world.ledger()["orders"]} == told
        assert world.client.near_limits["order_rate"] >= 1


async def test_an_order_with_a_longer_window_of_its_own_waits_as_long_as_that() -> None:
    config = DevnetConfig(port=0, synthetic=False, retail_speed_bump_ms=20)
    async with open_world(config, **SHORT_WINDOW) as world:
        price = world.around("-0.01")
        orders = [
            world.submit(world.limit(BUY, "0.00100", price), {"recv_window_ms": 8_000})
            for _ in range(7)
        ]
        await eventually(lambda: all(order.is_open or order.is_closed for order in orders))
        refused = [event.reason for event in world.events if isinstance(event, NOT_PLACED)]
        assert refused == []


async def test_a_stop_waits_for_its_turn_as_long_as_its_window_and_is_never_sent_late() -> None:
    config = DevnetConfig(port=0, synthetic=False, retail_speed_bump_ms=20)
    async with open_world(config, **SHORT_WINDOW) as world:
        trigger = world.around("-0.03")
        stops = [
            world.submit(world.conditional(OrderType.STOP_MARKET, SELL, "0.00100", trigger))
            for _ in range(8)
        ]
        await eventually(lambda: all(order.is_open or order.is_closed for order in stops))
        assert not [event for event in world.events if isinstance(event, OrderDenied)]
        reasons = [event.reason for event in world.events if isinstance(event, OrderRejected)]
        assert any(reason.startswith("NOT_SENT: ") for reason in reasons)
        told = {order.client_order_id.value for order in stops if order.is_open}
        assert {order["client_id"] for order in world.ledger()["orders"]} == told


async def test_retail_fills_are_free_and_so_is_what_is_inferred(world: World) -> None:
    await world.counterparty.place("SELL", "0.01000", world.around("0"))
    order = world.submit(world.market(BUY, "0.01000"))
    await eventually(lambda: order.status == OrderStatus.FILLED)
    (fill,) = [event for event in world.events if isinstance(event, OrderFilled)]
    assert fill.commission.as_decimal() == 0
    inferred = world.client.calculate_commission(
        world.instrument, fill.last_qty, fill.last_px, fill.liquidity_side
    )
    assert inferred == fill.commission


async def test_the_venue_knows_the_orders_of_the_profile_as_interactive(world: World) -> None:
    order = await world.resting(BUY, "0.00100", world.around("-0.01"))
    venue_order = await world.http.order(order.venue_order_id.value)
    assert venue_order.flags == ["INTERACTIVE"]
    account_info = await world.http.account_info()
    assert account_info[0].fees is not None
    assert Decimal(str(account_info[0].fees.taker_rate)) == 0
