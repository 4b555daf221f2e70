"""Orders that wait for the mark price, in the real engine against a devnet."""

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest
from nautilus_trader.model.data import MarkPriceUpdate
from nautilus_trader.model.enums import OrderSide, OrderStatus, OrderType
from nautilus_trader.model.objects import Price
from nautilus_trader.model.orders import Order

from nautilus_paradex.devnet.config import DevnetConfig
from nautilus_paradex.protocol.events import OrderEvent
from tests.integration.execution_world import (
    INSTRUMENT_ID,
    HeldBack,
    World,
    next_run,
    open_world,
)
from tests.support import eventually

BUY, SELL = OrderSide.BUY, OrderSide.SELL
WAITING = ["OrderSubmitted", "OrderAccepted"]
ABOVE, BELOW = "STOP_CONDITION_ABOVE_TRIGGER", "STOP_CONDITION_BELOW_TRIGGER"


@pytest.fixture(params=[False, True], ids=["json", "sbe"])
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    venue = DevnetConfig(port=0, synthetic=False, past_hours=0, private_sbe=request.param)
    async with open_world(venue) as world:
        yield world


async def guarded_elsewhere(world: World) -> Order:
    """Have a stop for the whole position placed at another screen, and return it."""
    await world.second_screen.place(
        "SELL",
        "0",
        None,
        order_type="STOP_LOSS_MARKET",
        flags=["REDUCE_ONLY"],
        trigger_price=world.around("-0.01"),
    )
    await eventually(lambda: world.cache.orders_open_count() == 1)
    (order,) = world.cache.orders_open()
    return order


async def waiting(world: World, order: Order, params: dict[str, Any] | None = None) -> Order:
    """Submit an order and wait until the venue has it waiting for its trigger."""
    world.submit(order, params)
    await eventually(lambda: order.is_open)
    return order


async def hold(world: World, size: str) -> None:
    """Give the account a long position."""
    price = world.around("0.001")
    await world.counterparty.place("SELL", size, price)
    order = world.submit(world.market(BUY, size))
    await eventually(lambda: order.status == OrderStatus.FILLED)


async def test_a_stop_limit_is_triggered_rests_and_is_filled(world: World) -> None:
    price = world.around("0.01")
    order = await waiting(
        world,
        world.conditional(OrderType.STOP_LIMIT, BUY, "0.01000", price, price),
    )
    world.move("0.011")
    await eventually(lambda: order.status == OrderStatus.TRIGGERED)
    await world.counterparty.place("SELL", "0.00400", price)
    await eventually(lambda: order.status == OrderStatus.PARTIALLY_FILLED)
    world.modify(order, size="0.00600")
    await eventually(lambda: str(order.quantity) == "0.00600")
    await world.counterparty.place("SELL", "0.00200", price)
    await eventually(lambda: order.status == OrderStatus.FILLED)
    assert world.story(order) == [
        *WAITING,
        "OrderTriggered",
        "OrderFilled",
        "OrderUpdated",
        "OrderFilled",
    ]


async def test_a_trigger_that_was_hit_cannot_be_moved(world: World) -> None:
    price = world.around("0.01")
    order = await waiting(
        world,
        world.conditional(OrderType.STOP_LIMIT, BUY, "0.01000", price, price),
    )
    world.move("0.011")
    await eventually(lambda: order.status == OrderStatus.TRIGGERED)
    world.modify(order, trigger=world.around("0.02"))
    await eventually(lambda: world.story(order)[-1] == "OrderModifyRejected")
    assert order.status == OrderStatus.TRIGGERED
    world.modify(order, price=world.around("0.009"))
    await eventually(lambda: world.story(order)[-1] == "OrderUpdated")
    venue_order = world.venue_order(order) or {}
    assert Decimal(venue_order["price"]) == order.price.as_decimal()
    assert Decimal(venue_order["trigger_price"]) == order.trigger_price.as_decimal()


async def test_a_refused_cancel_leaves_a_triggered_order_triggered(world: World) -> None:
    price = world.around("0.01")
    order = await waiting(
        world,
        world.conditional(OrderType.STOP_LIMIT, BUY, "0.01000", price, price),
    )
    world.move("0.011")
    await eventually(lambda: order.status == OrderStatus.TRIGGERED)
    await world.fault(kind="http_status", path="/v1/orders", method="DELETE", status=400)
    world.cancel(order)
    await eventually(lambda: order.status == OrderStatus.TRIGGERED)
    assert "OrderCancelRejected" in world.story(order)
    world.cancel(order)
    await eventually(lambda: order.status == OrderStatus.CANCELED)


@pytest.mark.usefixtures("no_late_effects")
async def test_an_order_set_off_during_a_cancel_that_is_refused_is_triggered(world: World) -> None:
    price = world.around("0.01")
    order = await waiting(
        world,
        world.conditional(OrderType.STOP_LIMIT, BUY, "0.01000", price, price),
    )
    await world.fault(kind="http_status", path="/v1/orders", method="DELETE", status=503)
    world.cancel(order)
    world.move("0.011")
    await eventually(lambda: (world.venue_order(order) or {})["status"] == "OPEN")
    await eventually(lambda: world.query(order) or order.status == OrderStatus.TRIGGERED)
    assert world.story(order) == [*WAITING, "OrderCancelRejected", "OrderTriggered"]


async def test_a_stop_that_is_set_off_while_its_change_is_on_its_way_is_told_in_order(
    world: World,
) -> None:
    price = world.around("0.01")
    order = await waiting(
        world,
        world.conditional(OrderType.STOP_LIMIT, BUY, "0.01000", price, price),
    )
    world.modify(order, price=world.around("0.005"))
    await eventually(lambda: world.server.exchange.queued > 0 or len(world.story(order)) > 2)
    world.move("0.011")
    await eventually(lambda: {"OrderTriggered", "OrderUpdated"} <= set(world.story(order)))
    assert order.status == OrderStatus.TRIGGERED
    assert order.price.as_decimal() == Decimal(world.around("0.005"))


async def test_a_stop_market_fills_when_it_is_set_off(world: World) -> None:
    await world.counterparty.place("SELL", "0.01000", world.around("0.012"))
    order = await waiting(
        world,
        world.conditional(OrderType.STOP_MARKET, BUY, "0.01000", world.around("0.01")),
    )
    world.modify(order, trigger=world.around("0.009"), size="0.00500")
    await eventually(lambda: world.story(order)[-1] == "OrderUpdated")
    world.move("0.0095")
    await eventually(lambda: order.status == OrderStatus.FILLED)
    assert world.story(order) == [*WAITING, "OrderUpdated", "OrderFilled"]
    assert order.filled_qty.as_decimal() == Decimal("0.005")


async def test_an_order_whose_direction_is_not_the_intended_one_is_cancelled_and_rejected(
    world: World,
) -> None:
    order = world.submit(
        world.conditional(OrderType.MARKET_IF_TOUCHED, BUY, "0.01000", world.around("0.01")),
    )
    await eventually(lambda: order.is_closed)
    assert world.story(order) == ["OrderSubmitted", "OrderRejected"]
    assert order.last_event.reason == f"TRIGGER_DIRECTION: intended={BELOW} derived={ABOVE}"
    assert (world.venue_order(order) or {})["cancel_reason"] == "USER_CANCELED"


async def test_a_modification_that_turns_the_direction_ends_the_order(world: World) -> None:
    order = await waiting(
        world,
        world.conditional(OrderType.STOP_MARKET, SELL, "0.01000", world.around("-0.01")),
    )
    world.modify(order, trigger=world.around("0.01"))
    await eventually(lambda: order.is_closed)
    assert world.story(order) == [*WAITING, "OrderUpdated", "OrderCanceled"]


async def test_a_modification_that_would_turn_the_direction_is_refused_where_the_mark_is_known(
    world: World,
) -> None:
    order = await waiting(
        world,
        world.conditional(OrderType.STOP_MARKET, SELL, "0.01000", world.around("-0.01")),
    )
    fresh_ns = world.clock.timestamp_ns() + 60_000_000_000  # however long the test takes
    mark = Price.from_str(world.around("0"))
    world.cache.add_mark_price(MarkPriceUpdate(INSTRUMENT_ID, mark, fresh_ns, fresh_ns))

    world.modify(order, trigger=world.around("0.01"))
    await eventually(lambda: world.story(order) == [*WAITING, "OrderModifyRejected"])

    assert order.last_event.reason.startswith("TRIGGER_DIRECTION: ")
    assert order.is_open


async def test_somebody_elses_change_of_direction_is_left_alone(world: World) -> None:
    placed = await world.second_screen.place(
        "SELL",
        "0.01000",
        None,
        order_type="STOP_MARKET",
        trigger_price=world.around("-0.01"),
    )
    await eventually(lambda: world.cache.orders_open_count() == 1)
    (order,) = world.cache.orders()
    assert order.order_type == OrderType.STOP_MARKET
    trigger = world.around("0.01")
    await world.second_screen.change(placed, trigger_price=trigger)
    await eventually(lambda: order.trigger_price.as_decimal() == Decimal(trigger))
    mine = await world.resting(BUY, "0.00100", world.around("-0.01"))
    assert mine.is_open
    assert order.is_open
    assert world.ledger()["orders"][0]["status"] == "UNTRIGGERED"


class TestPositionLinked:
    """Stop losses and take profits that follow the position (`params={"tpsl": True}`)."""

    def stop_loss(self, world: World, size: str) -> Order:
        return world.conditional(
            OrderType.STOP_MARKET,
            SELL,
            size,
            world.around("-0.01"),
            reduce_only=True,
        )

    def take_profit(self, world: World, size: str) -> Order:
        price = world.around("0.02")
        return world.conditional(
            OrderType.LIMIT_IF_TOUCHED,
            SELL,
            size,
            price,
            price,
            reduce_only=True,
        )

    async def test_one_larger_than_the_position_is_brought_down_to_it(self, world: World) -> None:
        await hold(world, "0.01000")
        order = await waiting(world, self.stop_loss(world, "0.03000"), {"tpsl": True})
        await eventually(lambda: str(order.quantity) == "0.01000")
        venue_order = world.venue_order(order) or {}
        assert venue_order["type"] == "STOP_LOSS_MARKET"
        assert set(venue_order["flags"]) == {"REDUCE_ONLY", BELOW}

    async def test_one_cut_down_with_the_position_ends_though_its_fill_is_told_first(
        self,
        world: World,
    ) -> None:
        await hold(world, "0.02000")
        order = await waiting(world, self.stop_loss(world, "0.02000"), {"tpsl": True})
        await world.counterparty.place("BUY", "0.01000", world.around("0"))
        await world.second_screen.place("SELL", "0.01000", None, instruction="IOC")
        await world.counterparty.place("BUY", "0.01000", world.around("-0.02"))
        updates = HeldBack(world, OrderEvent)
        world.move("-0.011")
        await eventually(lambda: str(order.filled_qty) == "0.01000")
        await eventually(lambda: bool(updates.messages))
        updates.let_through()
        await eventually(lambda: order.is_closed)
        assert str(order.quantity) == "0.01000"
        assert world.story(order) == [*WAITING, "OrderFilled", "OrderUpdated", "OrderCanceled"]

    async def test_the_modified_type_is_the_venues(self, world: World) -> None:
        await hold(world, "0.01000")
        order = await waiting(world, self.stop_loss(world, "0.01000"), {"tpsl": True})
        world.modify(order, trigger=world.around("-0.02"))
        await eventually(lambda: world.story(order)[-1] == "OrderUpdated")
        assert (world.venue_order(order) or {})["type"] == "STOP_LOSS_MARKET"

    async def test_one_of_an_earlier_run_is_modified_as_what_it_is(self, world: World) -> None:
        await hold(world, "0.01000")
        order = await waiting(world, self.stop_loss(world, "0.01000"), {"tpsl": True})
        await world.stop()
        async with next_run(world) as later:
            later.modify(order, trigger=world.around("-0.02"))
            await eventually(lambda: later.story(order) == ["OrderUpdated"])
        venue_order = world.venue_order(order) or {}
        assert venue_order["type"] == "STOP_LOSS_MARKET"
        assert Decimal(venue_order["trigger_price"]) == Decimal(world.around("-0.02"))

    async def test_one_of_the_whole_position_stays_so_after_a_restart(self, world: World) -> None:
        await hold(world, "0.01000")
        order = await guarded_elsewhere(world)
        await world.stop()
        async with next_run(world) as later:
            later.modify(order, trigger=world.around("-0.02"))
            await eventually(lambda: later.story(order) == ["OrderUpdated"])
        (linked,) = (o for o in world.ledger()["orders"] if o["type"] == "STOP_LOSS_MARKET")
        assert (linked["size"], str(order.quantity)) == ("0", "0.01000")

    async def test_one_whose_type_cannot_be_asked_for_stays_as_it_is(self, world: World) -> None:
        await hold(world, "0.01000")
        order = await waiting(world, self.stop_loss(world, "0.01000"), {"tpsl": True})
        await world.stop()
        async with next_run(world) as later:
            await later.fault(kind="http_status", path="/v1/orders/", method="GET", status=503)
            later.modify(order, trigger=world.around("-0.02"))
            await eventually(lambda: later.story(order) == ["OrderModifyRejected"])
        assert order.last_event.reason.startswith("ORDER_TYPE_UNKNOWN: ")

    async def test_a_pair_cancels_each_other(self, world: World) -> None:
        await hold(world, "0.01000")
        loss = await waiting(world, self.stop_loss(world, "0.01000"), {"tpsl": True})
        profit = await waiting(world, self.take_profit(world, "0.01000"), {"tpsl": True})
        assert (world.venue_order(profit) or {})["type"] == "TAKE_PROFIT_LIMIT"
        await world.counterparty.place("BUY", "0.01000", world.around("-0.02"))
        world.move("-0.011")
        await eventually(lambda: loss.status == OrderStatus.FILLED and profit.is_closed)
        assert profit.status == OrderStatus.CANCELED
        await eventually(lambda: world.portfolio.is_flat(INSTRUMENT_ID))

    async def test_without_a_position_it_is_rejected(self, world: World) -> None:
        order = world.submit(self.stop_loss(world, "0.01000"), {"tpsl": True})
        await eventually(lambda: order.is_closed)
        assert order.status == OrderStatus.REJECTED
        assert order.last_event.reason == "REDUCE_ONLY_WILL_INCREASE"

    async def test_one_of_the_whole_position_placed_elsewhere_is_followed_with_its_size(
        self,
        world: World,
    ) -> None:
        await hold(world, "0.01000")
        order = await guarded_elsewhere(world)
        assert (order.order_type, str(order.quantity)) == (OrderType.STOP_MARKET, "0.01000")
        assert order.is_reduce_only
        status = await world.client.generate_mass_status()
        assert status is not None
        report = status.order_reports[order.venue_order_id]
        assert (str(report.quantity), report.order_status) == ("0.01000", OrderStatus.ACCEPTED)
        world.engine.reconcile_execution_mass_status(status)

        world.modify(order, trigger=world.around("-0.009"))
        await eventually(lambda: world.story(order)[-1] == "OrderUpdated")
        (linked,) = (o for o in world.ledger()["orders"] if o["type"] == "STOP_LOSS_MARKET")
        assert (linked["size"], str(order.quantity)) == ("0", "0.01000")

        await world.counterparty.place("BUY", "0.01000", world.around("-0.02"))
        world.move("-0.011")
        await eventually(lambda: order.status == OrderStatus.FILLED)
