"""Group 1 of the execution specification: market orders."""

from decimal import Decimal

from nautilus_trader.model.currencies import USDC
from nautilus_trader.model.enums import PositionSide, TimeInForce
from nautilus_trader.model.events import OrderFilled, PositionOpened

from tests.integration.nautilus.harness import (
    BTC,
    event_names,
    exec_tester,
    node_balance,
    node_fills,
    running_node,
)
from tests.support import eventually

FILLED_AT_ONCE = ["OrderInitialized", "OrderSubmitted", "OrderAccepted", "OrderFilled"]


async def assert_opens_a_position(venue, quantity, side, price, time_in_force=TimeInForce.GTC):
    tester = exec_tester(
        open_position_on_start_qty=Decimal(quantity),
        open_position_time_in_force=time_in_force,
        close_positions_on_stop=False,
    )
    async with running_node(venue, tester) as node:
        await eventually(lambda: tester.position_events and node_balance(node) == venue.balance)
        order = tester.order
        (fill,) = (e for e in tester.order_events if isinstance(e, OrderFilled))
        (opened,) = tester.position_events
        (position,) = node.cache.positions_open(instrument_id=BTC)

        assert event_names(order) == FILLED_AT_ONCE
        assert node_fills(node) == venue.fills
        assert fill.last_px.as_decimal() == Decimal(price)
        assert fill.commission.currency == USDC
        assert isinstance(opened, PositionOpened)
        assert position.side == side
        assert position.signed_decimal_qty() == Decimal(quantity)
        assert position.signed_decimal_qty() == Decimal(venue.position["size"])
        assert Decimal(str(position.avg_px_open)) == Decimal(venue.position["average_entry_price"])
    return venue.orders[order.client_order_id.value]


async def test_tc_e01_market_buy(venue):
    await assert_opens_a_position(venue, "0.01", PositionSide.LONG, "96010")


async def test_tc_e02_market_sell(venue):
    await assert_opens_a_position(venue, "-0.01", PositionSide.SHORT, "95990")


async def test_tc_e03_market_ioc(venue):
    placed = await assert_opens_a_position(
        venue,
        "0.01",
        PositionSide.LONG,
        "96010",
        TimeInForce.IOC,
    )

    assert placed["instruction"] == "IOC"


async def test_tc_e03_market_ioc_that_the_book_cannot_fill_ends_canceled(venue):
    venue.quote("95990", "96010", size="0.004")
    tester = exec_tester(
        open_position_on_start_qty=Decimal("0.01"),
        open_position_time_in_force=TimeInForce.IOC,
    )
    async with running_node(venue, tester) as node:
        await eventually(lambda: tester.order_events and tester.order.is_closed)

        assert event_names(tester.order) == [*FILLED_AT_ONCE, "OrderCanceled"]
        assert tester.order.filled_qty.as_decimal() == Decimal("0.004")
        assert node_fills(node) == venue.fills


async def assert_is_denied(venue, reason, **settings):
    tester = exec_tester(open_position_on_start_qty=Decimal("0.01"), **settings)
    async with running_node(venue, tester):
        await eventually(lambda: tester.order_events and tester.order.is_closed)

        assert event_names(tester.order) == ["OrderInitialized", "OrderDenied"]
        assert tester.order_events[-1].reason == reason
        assert venue.orders == {}


async def test_tc_e04_market_fok_is_denied(venue):
    await assert_is_denied(
        venue,
        "UNSUPPORTED_TIME_IN_FORCE: time_in_force=FOK",
        open_position_time_in_force=TimeInForce.FOK,
    )


async def test_tc_e05_market_quote_quantity_is_denied(venue):
    await assert_is_denied(
        venue,
        "UNSUPPORTED_QUOTE_QUANTITY: is_quote_quantity=True",
        use_quote_quantity=True,
    )


async def test_tc_e06_position_is_closed_on_stop(venue):
    tester = exec_tester(open_position_on_start_qty=Decimal("0.01"))
    async with running_node(venue, tester) as node:
        await eventually(lambda: node.cache.positions_open(instrument_id=BTC))
        tester.stop()
        await eventually(
            lambda: node.portfolio.is_flat(BTC) and node_balance(node) == venue.balance
        )

        assert venue.position is None
        assert node_fills(node) == venue.fills
        assert len(venue.fills) == 2
