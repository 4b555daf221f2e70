"""Group 4 of the execution specification: changing and replacing resting orders."""

from decimal import Decimal

import pytest

from tests.integration.nautilus.harness import (
    BTC,
    TICK,
    event_names,
    exec_tester,
    running_node,
)
from tests.support import eventually

MODIFIED = [
    "OrderInitialized",
    "OrderSubmitted",
    "OrderAccepted",
    "OrderPendingUpdate",
    "OrderUpdated",
]
OFFSET = 500 * TICK

SIDES = {
    "BUY": ({"enable_limit_buys": True}, ("96190", "96210"), Decimal("96190") - OFFSET),
    "SELL": ({"enable_limit_sells": True}, ("95790", "95810"), Decimal("95810") + OFFSET),
}


def order_of(tester, side):
    return tester.buy_order if side == "BUY" else tester.sell_order


async def until_resting(tester, side):
    await eventually(lambda: order_of(tester, side) and order_of(tester, side).is_open)
    return order_of(tester, side)


async def assert_follows_by_modifying(venue, side):
    enabled, quotes, price = SIDES[side]
    tester = exec_tester(modify_orders_to_maintain_tob_offset=True, **enabled)
    async with running_node(venue, tester) as node:
        order = await until_resting(tester, side)
        venue_order_id = order.venue_order_id
        venue.quote(*quotes)
        await eventually(lambda: order.price.as_decimal() == price)

        assert event_names(order) == MODIFIED
        assert order.is_open
        assert order.venue_order_id == venue_order_id
        assert node.cache.orders(instrument_id=BTC) == [order]
        (placed,) = venue.open_orders
        assert placed["id"] == venue_order_id.value
        assert Decimal(placed["price"]) == price
        assert Decimal(placed["size"]) == order.quantity.as_decimal()


async def assert_follows_by_replacing(venue, side):
    enabled, quotes, price = SIDES[side]
    tester = exec_tester(cancel_replace_orders_to_maintain_tob_offset=True, **enabled)
    async with running_node(venue, tester) as node:
        first = await until_resting(tester, side)
        venue.quote(*quotes)
        await eventually(lambda: first.is_closed and order_of(tester, side).is_open)
        second = order_of(tester, side)

        assert event_names(first)[-2:] == ["OrderPendingCancel", "OrderCanceled"]
        assert second.price.as_decimal() == price
        assert node.cache.orders_open(instrument_id=BTC) == [second]
        (placed,) = venue.open_orders
        assert placed["client_id"] == second.client_order_id.value
        assert Decimal(placed["price"]) == price


async def test_tc_e30_modify_limit_buy(venue):
    await assert_follows_by_modifying(venue, "BUY")


async def test_tc_e31_modify_limit_sell(venue):
    await assert_follows_by_modifying(venue, "SELL")


async def test_tc_e32_cancel_replace_limit_buy(venue):
    await assert_follows_by_replacing(venue, "BUY")


async def test_tc_e33_cancel_replace_limit_sell(venue):
    await assert_follows_by_replacing(venue, "SELL")


@pytest.mark.parametrize("size", ["0.004", "0.02"])
async def test_tc_e30_modify_quantity_counts_what_is_filled(venue, size):
    tester = exec_tester(enable_limit_buys=True, tob_offset_ticks=1, close_positions_on_stop=False)
    venue.quote("95990", "96010", size="0.001")
    async with running_node(venue, tester):
        order = await until_resting(tester, "BUY")
        venue.take("SELL", "0.003")
        await eventually(lambda: order.filled_qty == Decimal("0.002"))
        tester.modify_order(order, quantity=tester.instrument.make_qty(Decimal(size)))
        await eventually(lambda: order.quantity == Decimal(size))

        assert order.leaves_qty == Decimal(size) - Decimal("0.002")
        (placed,) = venue.open_orders
        assert Decimal(placed["size"]) == Decimal(size)
        assert Decimal(placed["remaining_size"]) == order.leaves_qty.as_decimal()


async def test_tc_e36_modify_that_the_venue_refuses_leaves_the_order_as_it_was(venue):
    tester = exec_tester(enable_limit_buys=True, use_post_only=True)
    async with running_node(venue, tester):
        order = await until_resting(tester, "BUY")
        tester.modify_order(order, price=tester.instrument.make_price(96_500))
        await eventually(lambda: event_names(order)[-1] == "OrderModifyRejected")

        assert order.is_open
        assert order.price.as_decimal() == Decimal("95990") - OFFSET
        (placed,) = venue.open_orders
        assert Decimal(placed["price"]) == order.price.as_decimal()
