"""Group 3 of the execution specification, and E34 and E35: orders that wait for the mark price."""

from decimal import Decimal

import pytest
from nautilus_trader.model.enums import OrderSide, OrderStatus, OrderType, TriggerType
from nautilus_trader.model.events import OrderRejected

from tests.integration.nautilus.harness import (
    BTC,
    TICK,
    event_names,
    exec_tester,
    node_fills,
    running_node,
)
from tests.support import eventually

OFFSET = 100 * TICK
BID, ASK = Decimal("95990"), Decimal("96010")
ABOVE, BELOW = "STOP_CONDITION_ABOVE_TRIGGER", "STOP_CONDITION_BELOW_TRIGGER"
WAITING = ["OrderInitialized", "OrderSubmitted", "OrderAccepted"]

# Type and side: the trigger that the tester asks for, the venue's type and flag, and an index price
# that sets the order off.
CASES = {
    (OrderType.STOP_MARKET, "BUY"): (ASK + OFFSET, "STOP_MARKET", ABOVE, "96100"),
    (OrderType.STOP_MARKET, "SELL"): (BID - OFFSET, "STOP_MARKET", BELOW, "95900"),
    (OrderType.STOP_LIMIT, "BUY"): (ASK + OFFSET, "STOP_LIMIT", ABOVE, "96100"),
    (OrderType.STOP_LIMIT, "SELL"): (BID - OFFSET, "STOP_LIMIT", BELOW, "95900"),
    (OrderType.MARKET_IF_TOUCHED, "BUY"): (BID - OFFSET, "STOP_MARKET", BELOW, "95900"),
    (OrderType.MARKET_IF_TOUCHED, "SELL"): (ASK + OFFSET, "STOP_MARKET", ABOVE, "96100"),
    (OrderType.LIMIT_IF_TOUCHED, "BUY"): (BID - OFFSET, "STOP_LIMIT", BELOW, "95900"),
    (OrderType.LIMIT_IF_TOUCHED, "SELL"): (ASK + OFFSET, "STOP_LIMIT", ABOVE, "96100"),
}
LIMITS = (OrderType.STOP_LIMIT, OrderType.LIMIT_IF_TOUCHED)


def stop_tester(order_type, side, **settings):
    return exec_tester(
        enable_stop_buys=side == "BUY",
        enable_stop_sells=side == "SELL",
        stop_order_type=order_type,
        stop_limit_offset_ticks=200 if order_type in LIMITS else None,
        **settings,
    )


def order_of(tester, side):
    return tester.buy_stop_order if side == "BUY" else tester.sell_stop_order


async def until_waiting(tester, side):
    await eventually(lambda: order_of(tester, side) and order_of(tester, side).is_open)
    return order_of(tester, side)


def placed(venue, order):
    return venue.orders[order.client_order_id.value]


async def assert_waits_survives_a_restart_and_is_set_off(venue, order_type, side):
    """
    The whole case: the order waits, the node goes, another takes the order over, the mark moves.

    The specification asks for open triggers to survive a restart's reconciliation.
    """
    trigger, venue_type, flag, index = CASES[order_type, side]
    tester = stop_tester(order_type, side, cancel_orders_on_stop=False)
    async with running_node(venue, tester):
        order = await until_waiting(tester, side)

        assert event_names(order) == WAITING
        assert order.order_type == order_type
        assert order.trigger_price.as_decimal() == trigger
        there = placed(venue, order)
        assert (there["status"], there["type"]) == ("UNTRIGGERED", venue_type)
        assert there["flags"] == [flag]
        assert Decimal(there["trigger_price"]) == trigger
        assert Decimal(there["size"]) == order.quantity.as_decimal()
        if order_type in LIMITS:
            assert Decimal(there["price"]) == order.price.as_decimal()

    heir = exec_tester(external_order_claims=[BTC], close_positions_on_stop=False)
    async with running_node(venue, heir) as node:
        (order,) = node.cache.orders_open()
        assert order.client_order_id.value == there["client_id"]
        assert order.strategy_id == heir.id
        assert (order.order_type, order.side_string()) == (order_type, side)
        assert order.status == OrderStatus.ACCEPTED
        assert order.trigger_price.as_decimal() == trigger
        assert order.trigger_type == TriggerType.MARK_PRICE

        venue.move(index)
        if order_type in LIMITS:
            await eventually(lambda: "OrderTriggered" in event_names(order))
        if not order.is_closed and order_type in LIMITS:
            heir.cancel_order(order)
        await eventually(lambda: order.is_closed)

        assert placed(venue, order)["status"] == "CLOSED"
        assert node_fills(node) == venue.fills
        assert bool(venue.fills) == (order.status == OrderStatus.FILLED)
        if order_type not in LIMITS:
            assert order.status == OrderStatus.FILLED
            assert "OrderTriggered" not in event_names(order)


async def test_tc_e20_stop_market_buy(venue):
    await assert_waits_survives_a_restart_and_is_set_off(venue, OrderType.STOP_MARKET, "BUY")


async def test_tc_e21_stop_market_sell(venue):
    await assert_waits_survives_a_restart_and_is_set_off(venue, OrderType.STOP_MARKET, "SELL")


async def test_tc_e22_stop_limit_buy(venue):
    await assert_waits_survives_a_restart_and_is_set_off(venue, OrderType.STOP_LIMIT, "BUY")


async def test_tc_e23_stop_limit_sell(venue):
    await assert_waits_survives_a_restart_and_is_set_off(venue, OrderType.STOP_LIMIT, "SELL")


async def test_tc_e24_market_if_touched_buy(venue):
    await assert_waits_survives_a_restart_and_is_set_off(venue, OrderType.MARKET_IF_TOUCHED, "BUY")


async def test_tc_e25_market_if_touched_sell(venue):
    await assert_waits_survives_a_restart_and_is_set_off(venue, OrderType.MARKET_IF_TOUCHED, "SELL")


async def test_tc_e26_limit_if_touched_buy(venue):
    await assert_waits_survives_a_restart_and_is_set_off(venue, OrderType.LIMIT_IF_TOUCHED, "BUY")


async def test_tc_e27_limit_if_touched_sell(venue):
    await assert_waits_survives_a_restart_and_is_set_off(venue, OrderType.LIMIT_IF_TOUCHED, "SELL")


@pytest.mark.parametrize(
    ("order_type", "side"), CASES, ids=lambda value: getattr(value, "name", value)
)
async def test_tc_e34_modify_stop_trigger(venue, order_type, side):
    trigger, _, flag, _ = CASES[order_type, side]
    tester = stop_tester(order_type, side, modify_stop_orders_to_maintain_offset=True)
    async with running_node(venue, tester):
        order = await until_waiting(tester, side)
        venue_order_id = order.venue_order_id
        # Away from the mark, so that the order goes on waiting.
        away = 20 if flag == ABOVE else -20
        venue.quote(f"{BID + away}", f"{ASK + away}")
        await eventually(lambda: order.trigger_price.as_decimal() == trigger + away)

        assert event_names(order) == [*WAITING, "OrderPendingUpdate", "OrderUpdated"]
        assert order.venue_order_id == venue_order_id
        there = placed(venue, order)
        assert (there["status"], there["flags"]) == ("UNTRIGGERED", [flag])
        assert Decimal(there["trigger_price"]) == trigger + away
        if order_type in LIMITS:
            assert Decimal(there["price"]) == order.price.as_decimal()


@pytest.mark.parametrize("side", ["BUY", "SELL"])
async def test_tc_e35_cancel_replace_stop(venue, side):
    trigger, _, flag, _ = CASES[OrderType.STOP_MARKET, side]
    tester = stop_tester(
        OrderType.STOP_MARKET,
        side,
        cancel_replace_stop_orders_to_maintain_offset=True,
    )
    async with running_node(venue, tester) as node:
        first = await until_waiting(tester, side)
        away = 20 if flag == ABOVE else -20
        venue.quote(f"{BID + away}", f"{ASK + away}")
        await eventually(lambda: first.is_closed and order_of(tester, side).is_open)
        second = order_of(tester, side)

        assert event_names(first)[-2:] == ["OrderPendingCancel", "OrderCanceled"]
        assert second.trigger_price.as_decimal() == trigger + away
        assert node.cache.orders_open(instrument_id=BTC) == [second]
        assert placed(venue, second)["status"] == "UNTRIGGERED"


@pytest.mark.parametrize("trigger_type", [TriggerType.LAST_PRICE, TriggerType.INDEX_PRICE])
async def test_tc_e72_unsupported_trigger_type_is_denied(venue, trigger_type):
    tester = stop_tester(OrderType.STOP_MARKET, "BUY", stop_trigger_type=trigger_type)
    async with running_node(venue, tester):
        await eventually(lambda: tester.order_events and tester.order.is_closed)

        assert event_names(tester.order) == ["OrderInitialized", "OrderDenied"]
        assert tester.order_events[-1].reason == (
            f"UNSUPPORTED_TRIGGER_TYPE: trigger_type={trigger_type.name}"
        )
        assert venue.orders == {}


async def test_tc_e22_stop_whose_trigger_the_mark_has_passed_is_rejected(venue):
    tester = exec_tester()
    async with running_node(venue, tester):
        order = tester.order_factory.stop_limit(
            instrument_id=BTC,
            order_side=OrderSide.BUY,
            quantity=tester.instrument.make_qty(Decimal("0.01")),
            price=tester.instrument.make_price(95_000),
            trigger_price=tester.instrument.make_price(95_500),
            trigger_type=TriggerType.MARK_PRICE,
        )
        tester.submit_order(order)
        await eventually(lambda: order.is_closed)
        rejected = tester.order_events[-1]

        assert event_names(order) == ["OrderInitialized", "OrderSubmitted", "OrderRejected"]
        assert isinstance(rejected, OrderRejected)
        assert rejected.reason == f"TRIGGER_DIRECTION: intended={ABOVE} derived={BELOW}"
        assert placed(venue, order)["cancel_reason"] == "USER_CANCELED"
        assert venue.fills == []
