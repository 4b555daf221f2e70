"""Group 8 of the execution specification, second half: lost answers, and answers in parts."""

from decimal import Decimal

from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.messages import BatchCancelOrders

from tests.integration.nautilus.harness import (
    BTC,
    event_names,
    exec_tester,
    node_fills,
    raw_cancel,
    running_node,
)
from tests.support import eventually

RESTING = ["OrderInitialized", "OrderSubmitted", "OrderAccepted"]


async def until_resting(tester):
    await eventually(lambda: tester.buy_order and tester.buy_order.is_open)
    return tester.buy_order


async def test_tc_e74_ambiguous_submit_that_arrived_is_accepted(venue):
    await venue.lose_answer("POST", "/orders", executed=True)
    tester = exec_tester(enable_limit_buys=True)
    async with running_node(venue, tester):
        order = await until_resting(tester)

        assert event_names(order) == RESTING
        assert [placed["id"] for placed in venue.open_orders] == [order.venue_order_id.value]


async def test_tc_e74_ambiguous_submit_that_was_filled_is_filled_once(venue):
    await venue.lose_answer("POST", "/orders", executed=True)
    tester = exec_tester(open_position_on_start_qty=Decimal("0.01"), close_positions_on_stop=False)
    async with running_node(venue, tester) as node:
        await eventually(lambda: tester.position_events)

        assert event_names(tester.order) == [*RESTING, "OrderFilled"]
        assert node_fills(node) == venue.fills


async def test_tc_e74_ambiguous_submit_that_never_arrived_is_rejected_in_the_end(venue):
    await venue.lose_answer("POST", "/orders", executed=False)
    tester = exec_tester(open_position_on_start_qty=Decimal("0.01"))
    async with running_node(venue, tester, recv_window_ms=100):
        await eventually(lambda: tester.order_events and tester.order.is_closed)

        assert event_names(tester.order) == ["OrderInitialized", "OrderSubmitted", "OrderRejected"]
        assert tester.order_events[-1].reason.startswith("NOT_ACCEPTED")
        assert venue.orders == {}


async def test_tc_e75_ambiguous_cancel_is_not_rejected(venue):
    tester = exec_tester(enable_limit_buys=True)
    async with running_node(venue, tester):
        order = await until_resting(tester)
        await venue.lose_answer("DELETE", "/orders", executed=True)
        tester.cancel_order(order)
        await eventually(lambda: order.is_closed)

        assert event_names(order) == [*RESTING, "OrderPendingCancel", "OrderCanceled"]
        assert venue.open_orders == []


async def test_tc_e76_ambiguous_modify_is_not_rejected(venue):
    tester = exec_tester(enable_limit_buys=True)
    async with running_node(venue, tester):
        order = await until_resting(tester)
        await venue.lose_answer("PUT", "/orders", executed=True)
        tester.modify_order(order, price=tester.instrument.make_price(95_500))
        await eventually(lambda: order.price == Decimal(95_500))

        assert event_names(order) == [*RESTING, "OrderPendingUpdate", "OrderUpdated"]
        assert Decimal(venue.open_orders[0]["price"]) == Decimal(95_500)


async def test_tc_e77_ambiguous_batch_cancel_is_not_rejected(venue):
    tester = exec_tester(
        enable_limit_buys=True,
        enable_limit_sells=True,
        use_batch_cancel_on_stop=True,
    )
    async with running_node(venue, tester) as node:
        await eventually(lambda: len(node.cache.orders_open(instrument_id=BTC)) == 2)
        orders = node.cache.orders(instrument_id=BTC)
        await venue.lose_answer("DELETE", "/orders/batch", executed=True)
        tester.stop()
        await eventually(lambda: all(order.is_closed for order in orders))

        assert all(
            event_names(order) == [*RESTING, "OrderPendingCancel", "OrderCanceled"]
            for order in orders
        )
        assert venue.open_orders == []


async def test_tc_e78_batch_cancel_rejects_only_what_the_venue_refuses(venue):
    tester = exec_tester(enable_limit_buys=True, enable_limit_sells=True)
    async with running_node(venue, tester) as node:
        await eventually(lambda: len(node.cache.orders_open(instrument_id=BTC)) == 2)
        gone, open_order = tester.buy_order, tester.sell_order
        tester.cancel_order(gone)
        await eventually(lambda: gone.is_closed)
        # `Strategy.cancel_orders` would leave the closed one out.
        node.kernel.msgbus.send(
            "ExecEngine.execute",
            BatchCancelOrders(
                trader_id=tester.trader_id,
                strategy_id=tester.id,
                instrument_id=BTC,
                cancels=[raw_cancel(order, node) for order in (gone, open_order)],
                command_id=UUID4(),
                ts_init=node.kernel.clock.timestamp_ns(),
            ),
        )
        await eventually(lambda: open_order.is_closed)
        await eventually(lambda: "OrderCancelRejected" in map(_name, tester.order_events))

        (rejected,) = (e for e in tester.order_events if _name(e) == "OrderCancelRejected")
        assert rejected.client_order_id == gone.client_order_id
        assert event_names(open_order)[-1] == "OrderCanceled"
        assert venue.open_orders == []


def _name(event):
    return type(event).__name__
