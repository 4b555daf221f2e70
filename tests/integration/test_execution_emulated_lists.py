"""Lists whose entry the platform emulates are its emulator's, exits that are not emulated included.

The emulator releases the entry, and sends the exits itself once that is filled. Here its part is
played by the test; `nautilus/test_emulated_lists.py` runs the real one.
"""

from collections.abc import AsyncIterator

import pytest
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.messages import SubmitOrder
from nautilus_trader.model.enums import OrderStatus, TriggerType
from nautilus_trader.model.events import OrderEmulated, OrderReleased
from nautilus_trader.model.objects import Price
from nautilus_trader.model.orders import Order

from nautilus_paradex.devnet.config import DevnetConfig
from tests.integration.execution_world import World, open_world
from tests.integration.test_execution_brackets import bracket, sizes_at_venue
from tests.support import eventually


@pytest.fixture
async def world() -> AsyncIterator[World]:
    config = DevnetConfig(port=0, synthetic=False, past_hours=0)
    async with open_world(config) as world:
        await world.counterparty.place("SELL", "5.00000", world.around("0.004"))
        yield world


def released_bracket(world: World, *, entry: str | None = None) -> list[Order]:
    """A bracket whose entry was emulated, and is released as an order without a trigger."""
    orders = bracket(world, entry=entry).orders
    for order in orders:
        world.cache.add_order(order)
    first = orders[0]
    names = (first.trader_id, first.strategy_id, first.instrument_id, first.client_order_id)
    first.apply(OrderEmulated(*names, UUID4(), 0))
    price = Price.from_str(world.around("0"))
    first.apply(OrderReleased(*names, price, UUID4(), 0))
    return list(orders)


def send(world: World, order: Order) -> None:
    world.engine.execute(
        SubmitOrder(
            trader_id=order.trader_id,
            strategy_id=order.strategy_id,
            order=order,
            command_id=UUID4(),
            ts_init=world.clock.timestamp_ns(),
        )
    )


async def test_its_exits_are_sent_by_the_emulator_only(world: World) -> None:
    entry, stop, target = released_bracket(world)
    send(world, entry)
    await eventually(lambda: entry.status == OrderStatus.FILLED)
    keeper = world.client._commands._contingencies._keeper
    await eventually(lambda: not keeper._cared_for)
    assert world.venue_order(stop) is world.venue_order(target) is None

    for order in (stop, target):
        send(world, order)
    await eventually(lambda: stop.is_open and target.is_open)
    assert sizes_at_venue(world, stop, target) == ["0.03", "0.03"]
    assert world.story(stop) == world.story(target) == ["OrderSubmitted", "OrderAccepted"]


async def test_an_exit_that_the_platform_sends_is_not_held_back(world: World) -> None:
    entry, stop, _ = released_bracket(world, entry=world.around("-0.01"))
    send(world, entry)
    await eventually(lambda: entry.is_open)
    send(world, stop)
    await eventually(lambda: stop.is_closed)

    # Whoever sends it before there is a position to reduce learns what the venue says.
    assert world.story(stop) == ["OrderSubmitted", "OrderRejected"]


async def test_exits_that_are_still_to_be_emulated_are_left_to_that(world: World) -> None:
    entry, stop, target = bracket(world, emulation_trigger=TriggerType.BID_ASK).orders
    for order in (entry, stop, target):
        world.cache.add_order(order)
    send(world, entry)
    await eventually(lambda: entry.status == OrderStatus.FILLED)
    keeper = world.client._commands._contingencies._keeper
    await eventually(lambda: not keeper._cared_for)

    assert world.venue_order(stop) is world.venue_order(target) is None


async def test_an_exit_that_the_emulator_has_not_sent_is_changed_and_cancelled_here(
    world: World,
) -> None:
    entry, stop, target = released_bracket(world, entry=world.around("-0.01"))
    send(world, entry)
    await eventually(lambda: entry.is_open)
    price = world.around("0.03")
    world.modify(target, price=price)
    world.cancel(stop)
    await eventually(lambda: stop.is_closed and world.story(target))

    assert world.story(target) == ["OrderUpdated"]
    assert str(target.price) == price
    assert world.story(stop) == ["OrderCanceled"]
    assert world.venue_order(stop) is world.venue_order(target) is None
