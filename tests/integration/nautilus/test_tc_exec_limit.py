"""Group 2 of the execution specification: limit orders."""

from datetime import timedelta
from decimal import Decimal

import pytest
from nautilus_trader.model.enums import OrderSide, TimeInForce

from tests.integration.nautilus.harness import (
    BTC,
    MARKET,
    TICK,
    event_names,
    exec_tester,
    node_fills,
    running_node,
)
from tests.support import eventually

GTD = {"limit_time_in_force": TimeInForce.GTD, "order_expire_time_delta_mins": 5}
RESTING = ["OrderInitialized", "OrderSubmitted", "OrderAccepted"]
BUY_PRICE = Decimal("95990") - 500 * TICK
SELL_PRICE = Decimal("96010") + 500 * TICK


async def assert_rests(venue, order, side, price):
    """Hold an order of the node against what the venue's REST API and its ledger say of it."""
    client_id = order.client_order_id.value
    (reported,) = [o for o in await venue.http.open_orders(MARKET) if o.client_id == client_id]
    placed = venue.orders[client_id]
    assert event_names(order) == RESTING
    assert order.is_open
    assert order.venue_order_id.value == reported.id == placed["id"]
    assert (placed["side"], placed["status"], placed["instruction"]) == (side, "OPEN", "GTC")
    assert Decimal(reported.price) == order.price.as_decimal() == price
    assert Decimal(reported.remaining_size) == order.quantity.as_decimal() == Decimal("0.01")


@pytest.fixture
def place(venue):
    """Give a function that submits a 0.01 limit order through a running tester."""

    def place(tester, side, price, time_in_force):
        order = tester.order_factory.limit(
            instrument_id=BTC,
            order_side=side,
            quantity=tester.instrument.make_qty(Decimal("0.01")),
            price=tester.instrument.make_price(Decimal(price)),
            time_in_force=time_in_force,
        )
        tester.submit_order(order)
        return order

    return place


async def test_tc_e10_limit_gtc_buy(venue):
    tester = exec_tester(enable_limit_buys=True)
    async with running_node(venue, tester):
        await eventually(lambda: tester.buy_order and tester.buy_order.is_open)

        await assert_rests(venue, tester.buy_order, "BUY", BUY_PRICE)


async def test_tc_e11_limit_gtc_sell(venue):
    tester = exec_tester(enable_limit_sells=True)
    async with running_node(venue, tester):
        await eventually(lambda: tester.sell_order and tester.sell_order.is_open)

        await assert_rests(venue, tester.sell_order, "SELL", SELL_PRICE)


async def test_tc_e12_limit_pair(venue):
    tester = exec_tester(enable_limit_buys=True, enable_limit_sells=True)
    async with running_node(venue, tester) as node:
        await eventually(lambda: len(node.cache.orders_open(instrument_id=BTC)) == 2)

        await assert_rests(venue, tester.buy_order, "BUY", BUY_PRICE)
        await assert_rests(venue, tester.sell_order, "SELL", SELL_PRICE)
        assert len(venue.open_orders) == 2


async def test_tc_e12_resting_order_is_filled_in_parts_as_maker(venue):
    tester = exec_tester(enable_limit_buys=True, tob_offset_ticks=1, close_positions_on_stop=False)
    venue.quote("95990", "96010", size="0.001")
    async with running_node(venue, tester) as node:
        await eventually(lambda: tester.buy_order and tester.buy_order.is_open)
        venue.take("SELL", "0.005")
        await eventually(lambda: tester.buy_order.filled_qty == Decimal("0.004"))
        assert tester.buy_order.is_open
        assert tester.buy_order.leaves_qty == Decimal("0.006")

        venue.take("SELL", "0.006")
        await eventually(lambda: tester.buy_order.is_closed)

        assert event_names(tester.buy_order) == [*RESTING, "OrderFilled", "OrderFilled"]
        assert node_fills(node) == venue.fills
        assert {fill["liquidity"] for fill in venue.account["fills"]} == {"MAKER"}


@pytest.mark.parametrize(
    ("side", "price", "filled_at", "signed"),
    [(OrderSide.BUY, "96030", 96_010, "0.01"), (OrderSide.SELL, "95970", 95_990, "-0.01")],
)
async def test_tc_e13_limit_ioc_fill(venue, place, side, price, filled_at, signed):
    tester = exec_tester(close_positions_on_stop=False)
    async with running_node(venue, tester) as node:
        order = place(tester, side, price, TimeInForce.IOC)
        await eventually(lambda: order.is_closed)

        assert event_names(order) == [*RESTING, "OrderFilled"]
        assert order.avg_px == filled_at
        assert node_fills(node) == venue.fills
        assert venue.orders[order.client_order_id.value]["instruction"] == "IOC"
        assert Decimal(venue.position["size"]) == Decimal(signed)


async def test_tc_e14_limit_ioc_that_meets_nobody_is_canceled(venue, place):
    tester = exec_tester()
    async with running_node(venue, tester) as node:
        order = place(tester, OrderSide.BUY, "95990", TimeInForce.IOC)
        await eventually(lambda: order.is_closed)

        assert event_names(order) == [*RESTING, "OrderCanceled"]
        assert node_fills(node) == venue.fills == []
        assert venue.orders[order.client_order_id.value]["status"] == "CLOSED"


@pytest.mark.parametrize("price", ["96010", "95000"], ids=["E15_would_fill", "E16_would_not"])
async def test_tc_e15_e16_limit_fok_is_denied(venue, place, price):
    tester = exec_tester()
    async with running_node(venue, tester):
        order = place(tester, OrderSide.BUY, price, TimeInForce.FOK)
        await eventually(lambda: order.is_closed)

        assert event_names(order) == ["OrderInitialized", "OrderDenied"]
        assert order.last_event.reason == "UNSUPPORTED_TIME_IN_FORCE: time_in_force=FOK"
        assert venue.orders == {}


async def test_tc_e17_limit_gtd_is_denied_unless_configured(venue):
    tester = exec_tester(enable_limit_buys=True, **GTD)
    async with running_node(venue, tester):
        await eventually(lambda: tester.order_events and tester.order.is_closed)

        assert tester.order_events[-1].reason == "UNSUPPORTED_TIME_IN_FORCE: time_in_force=GTD"
        assert venue.orders == {}


async def test_tc_e17_limit_gtd_goes_as_gtc_where_the_strategy_manages_the_expiry(venue):
    tester = exec_tester(enable_limit_buys=True, manage_gtd_expiry=True, **GTD)
    async with running_node(venue, tester, gtd_as_gtc=True):
        await eventually(lambda: tester.buy_order and tester.buy_order.is_open)

        await assert_rests(venue, tester.buy_order, "BUY", BUY_PRICE)
        assert tester.buy_order.time_in_force == TimeInForce.GTD


async def test_tc_e18_limit_gtd_is_canceled_by_the_strategy_at_its_expiry(venue):
    tester = exec_tester(manage_gtd_expiry=True)
    async with running_node(venue, tester, gtd_as_gtc=True):
        order = tester.order_factory.limit(
            instrument_id=BTC,
            order_side=OrderSide.BUY,
            quantity=tester.instrument.make_qty(Decimal("0.01")),
            price=tester.instrument.make_price(BUY_PRICE),
            time_in_force=TimeInForce.GTD,
            # Long after it is accepted, on a busy machine too.
            expire_time=tester.clock.utc_now() + timedelta(seconds=2),
        )
        tester.submit_order(order)
        await eventually(lambda: order.is_closed)

        assert event_names(order) == [*RESTING, "OrderPendingCancel", "OrderCanceled"]
        assert venue.open_orders == []


async def test_tc_e19_limit_day_is_denied(venue):
    tester = exec_tester(enable_limit_buys=True, limit_time_in_force=TimeInForce.DAY)
    async with running_node(venue, tester):
        await eventually(lambda: tester.order_events and tester.order.is_closed)

        assert tester.order_events[-1].reason == "UNSUPPORTED_TIME_IN_FORCE: time_in_force=DAY"
        assert venue.orders == {}
