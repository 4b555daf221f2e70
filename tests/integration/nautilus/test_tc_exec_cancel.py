"""Group 5 of the execution specification: cancelling."""

from nautilus_trader.model.events import OrderCancelRejected

from tests.integration.nautilus.harness import (
    BTC,
    MARKET,
    event_names,
    exec_tester,
    raw_cancel,
    running_node,
)
from tests.support import eventually

CANCELED = [
    "OrderInitialized",
    "OrderSubmitted",
    "OrderAccepted",
    "OrderPendingCancel",
    "OrderCanceled",
]


async def until_pair_rests(node):
    await eventually(lambda: len(node.cache.orders_open(instrument_id=BTC)) == 2)
    return node.cache.orders_open(instrument_id=BTC)


async def test_tc_e40_cancel_single(venue):
    tester = exec_tester(enable_limit_buys=True, enable_limit_sells=True)
    async with running_node(venue, tester) as node:
        await until_pair_rests(node)
        canceled, left = tester.buy_order, tester.sell_order
        tester.cancel_order(canceled)
        await eventually(lambda: canceled.is_closed)

        assert event_names(canceled) == CANCELED
        assert venue.orders[canceled.client_order_id.value]["cancel_reason"] == "USER_CANCELED"
        (reported,) = await venue.http.open_orders(MARKET)
        assert reported.id == left.venue_order_id.value
        assert left.is_open


async def assert_stop_cancels(venue, **settings):
    tester = exec_tester(enable_limit_buys=True, enable_limit_sells=True, **settings)
    async with running_node(venue, tester) as node:
        orders = await until_pair_rests(node)
        tester.stop()
        await eventually(lambda: all(order.is_closed for order in orders))

        assert [event_names(order)[-1] for order in orders] == ["OrderCanceled"] * 2
        assert await venue.http.open_orders(MARKET) == []
        assert venue.open_orders == []


async def test_tc_e41_cancel_all_on_stop(venue):
    await assert_stop_cancels(venue)


async def test_tc_e42_individual_cancels_on_stop(venue):
    await assert_stop_cancels(venue, use_individual_cancels_on_stop=True)


async def test_tc_e43_batch_cancel_on_stop(venue):
    await assert_stop_cancels(venue, use_batch_cancel_on_stop=True)


async def test_tc_e41_cancel_all_on_stop_leaves_orders_from_elsewhere_alone(venue):
    await venue.place("elsewhere", "BUY", "0.01", "90000")
    await venue.until_status("elsewhere", "OPEN")
    tester = exec_tester(enable_limit_buys=True)
    async with running_node(venue, tester):
        await eventually(lambda: tester.buy_order and tester.buy_order.is_open)
        tester.stop()
        await eventually(lambda: tester.buy_order.is_closed)

        assert [order["client_id"] for order in venue.open_orders] == ["elsewhere"]


async def test_tc_e44_cancel_of_a_canceled_order_is_rejected(venue):
    tester = exec_tester(enable_limit_buys=True)
    async with running_node(venue, tester) as node:
        await eventually(lambda: tester.buy_order and tester.buy_order.is_open)
        order = tester.buy_order
        seen = []
        node.kernel.msgbus.subscribe(f"events.order.{tester.id}", seen.append)
        tester.cancel_order(order)
        await eventually(lambda: order.is_closed)
        # `Strategy.cancel_order` does not send this: it knows that the order is closed.
        node.kernel.msgbus.send("ExecEngine.execute", raw_cancel(order, node))
        await eventually(lambda: isinstance(seen[-1], OrderCancelRejected))

        assert seen[-1].venue_order_id == order.venue_order_id
        assert "ORDER" in seen[-1].reason
        assert event_names(order)[:5] == CANCELED
        assert order.is_closed
