"""The retail profile: its tokens, its pace, its fees, in REST and on the socket."""

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal

import pytest
from nautilus_trader.model.enums import OrderSide, OrderStatus, OrderType
from nautilus_trader.model.events import (
    OrderDenied,
    OrderFilled,
    OrderRejected,
)

from nautilus_paradex.devnet.config import DevnetConfig, RateLimits
from nautilus_paradex.transport.rate_limit import RETAIL_LIMITS, RateClass, RateLimiter
from tests.integration.execution_world import World, open_world
from tests.integration.venue_time import VenueTime
from tests.support import eventually

BUY, SELL = OrderSide.BUY, OrderSide.SELL


@pytest.fixture
async def world() -> AsyncIterator[World]:
    config = DevnetConfig(port=0, synthetic=False, past_hours=0, retail_speed_bump_ms=20)
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


class Turns:
    """The clock of the client's rate limits: the turn of one more order comes when a test says."""

    def __init__(self) -> None:
        self._now_secs = 0.0
        self.limiter = RateLimiter(RETAIL_LIMITS, lambda: self._now_secs, self._wait)

    def next(self) -> None:
        (quota,) = RETAIL_LIMITS[RateClass.ORDERS]
        self._now_secs += 1.001 * quota.window_secs / quota.limit

    async def _wait(self, _: float) -> None:
        await asyncio.sleep(0.001)


@pytest.mark.parametrize("route", ["rest", "ws"])
async def test_a_cancel_goes_before_orders_that_wait_for_their_turn(route: str) -> None:
    turns = Turns()
    limits = RateLimits(retail_orders_per_second=100)
    config = DevnetConfig(
        port=0, synthetic=False, past_hours=0, retail_speed_bump_ms=20, rate_limits=limits
    )
    async with open_world(
        config, limiter=turns.limiter, token_usage="interactive", order_route=route
    ) as world:
        price = world.around("-0.01")
        order = await world.resting(BUY, "0.00100", price)
        others = [world.submit(world.limit(BUY, "0.00100", price)) for _ in range(6)]
        await eventually(lambda: sum(each.is_open for each in others) == 2)
        waiting_secs = world.http.order_wait_secs
        world.cancel(order)
        await eventually(lambda: world.http.order_wait_secs > waiting_secs)
        turns.next()  # that of the order which is the next already
        await eventually(lambda: sum(each.is_open for each in others) == 3)
        turns.next()
        await eventually(lambda: order.is_closed)
        assert sum(each.is_open for each in others) == 3

        for _ in range(3):
            turns.next()
        await eventually(lambda: all(each.is_open for each in others))


NOT_PLACED = (OrderDenied, OrderRejected)
# Retries, since requests bunch on a busy machine and the venue then answers with 429.
SHORT_WINDOW = {"token_usage": "interactive", "recv_window_ms": 1_000, "max_retries": 5}


async def test_an_order_whose_window_would_pass_while_it_waits_is_denied() -> None:
    # At the venue no window passes: what is late is for the client to see, on a busy machine too.
    venue_time = VenueTime(stands_still=True)
    limits = RateLimits(retail_orders_per_second=100)
    config = DevnetConfig(
        port=0, synthetic=False, past_hours=0, retail_speed_bump_ms=0, rate_limits=limits
    )
    turns = Turns()
    async with open_world(
        config, now_us=venue_time, limiter=turns.limiter, **SHORT_WINDOW
    ) as world:
        price = world.around("-0.01")
        orders = [world.submit(world.limit(BUY, "0.00100", price)) for _ in range(10)]
        await eventually(lambda: orders[-1].is_closed)
        turns.next()
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
    config = DevnetConfig(port=0, synthetic=False, past_hours=0, retail_speed_bump_ms=20)
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
    config = DevnetConfig(port=0, synthetic=False, past_hours=0, retail_speed_bump_ms=20)
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
