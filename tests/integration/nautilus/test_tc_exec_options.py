"""Group 10 of the execution specification: orders and positions in a perpetual option."""

from decimal import Decimal

import pytest
from nautilus_trader.model.enums import OrderType, TimeInForce
from nautilus_trader.model.instruments import CryptoOption

from nautilus_paradex.protocol.numbers import E8
from tests.integration.nautilus.harness import (
    OPTION,
    event_names,
    exec_tester,
    node_balance,
    node_fills,
    running_node,
)
from tests.support import eventually

SYMBOL = OPTION.symbol.value
RESTING = ["OrderInitialized", "OrderSubmitted", "OrderAccepted"]


@pytest.fixture
def quoted(venue):
    """Quote the option on both sides of its mark price; gives the whole dollars of that."""
    mark = venue.server.exchange.summary(SYMBOL).mark_price // E8
    venue.quote(str(mark - 20), str(mark + 20), market=SYMBOL)
    return mark


def option_tester(**settings):
    return exec_tester(
        instrument_id=OPTION,
        order_qty=Decimal("0.1"),
        tob_offset_ticks=50,
        **settings,
    )


async def assert_rests_until_canceled(venue, side, price, **enabled):
    tester = option_tester(**enabled)
    async with running_node(venue, tester, load_ids=[OPTION]) as node:
        await eventually(lambda: tester.order_events and tester.order.is_open)
        order = tester.order
        (placed,) = venue.open_orders

        assert isinstance(node.cache.instrument(OPTION), CryptoOption)
        assert event_names(order) == RESTING
        assert (placed["market"], placed["side"]) == (SYMBOL, side)
        assert Decimal(placed["price"]) == order.price.as_decimal() == price
        assert Decimal(placed["size"]) == Decimal("0.1")

        tester.cancel_order(order)
        await eventually(lambda: order.is_closed)
        assert event_names(order) == [*RESTING, "OrderPendingCancel", "OrderCanceled"]
        assert venue.open_orders == []


async def test_tc_e90_e100_option_limit_buy_and_its_cancel(venue, quoted):
    await assert_rests_until_canceled(venue, "BUY", quoted - 70, enable_limit_buys=True)


async def test_tc_e91_e100_option_limit_sell_and_its_cancel(venue, quoted):
    await assert_rests_until_canceled(venue, "SELL", quoted + 70, enable_limit_sells=True)


@pytest.mark.parametrize("params", [{"px_usd": "100"}, {"px_vol": "0.8"}, {"order_iv": "0.8"}])
async def test_tc_e92_option_order_priced_otherwise_is_denied(venue, quoted, params):
    tester = option_tester(enable_limit_buys=True, order_params=params)
    async with running_node(venue, tester, load_ids=[OPTION]):
        await eventually(lambda: tester.order_events and tester.order.is_closed)

        ((name, value),) = params.items()
        assert event_names(tester.order) == ["OrderInitialized", "OrderDenied"]
        assert tester.order_events[-1].reason == f"UNSUPPORTED_PARAM: {name}={value}"
        assert venue.orders == {}


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        pytest.param(
            {"enable_limit_buys": True, "limit_time_in_force": TimeInForce.FOK},
            "UNSUPPORTED_TIME_IN_FORCE: time_in_force=FOK",
            id="e99_fok",
        ),
        pytest.param(
            {
                "enable_stop_buys": True,
                "stop_order_type": OrderType.TRAILING_STOP_MARKET,
                "trailing_offset": Decimal(100),
            },
            "UNSUPPORTED_ORDER_TYPE: order_type=TRAILING_STOP_MARKET",
            id="e94_order_type",
        ),
    ],
)
async def test_tc_e94_e99_option_order_that_the_venue_lacks_is_denied(
    venue, quoted, settings, reason
):
    tester = option_tester(**settings)
    async with running_node(venue, tester, load_ids=[OPTION]):
        await eventually(lambda: tester.order_events and tester.order.is_closed)

        assert tester.order_events[-1].reason == reason
        assert venue.orders == {}


@pytest.mark.parametrize("order_type", [OrderType.STOP_MARKET, OrderType.LIMIT_IF_TOUCHED])
async def test_tc_e96_conditional_option_order_is_taken(venue, quoted, order_type):
    tester = option_tester(
        enable_stop_buys=True,
        stop_order_type=order_type,
        stop_offset_ticks=50,
        stop_limit_offset_ticks=10,
    )
    async with running_node(venue, tester, load_ids=[OPTION]):
        await eventually(lambda: tester.order_events and tester.order.is_open)
        placed = venue.orders[tester.order.client_order_id.value]

        assert event_names(tester.order) == RESTING
        assert (placed["market"], placed["status"]) == (SYMBOL, "UNTRIGGERED")


async def test_tc_e101_reconcile_option_position(venue, quoted):
    await venue.place("option", "BUY", "0.1", market=SYMBOL)
    await venue.until_status("option", "CLOSED")
    # The option is not among the instruments that the node loads by itself.
    async with running_node(venue) as node:
        (position,) = node.cache.positions_open()
        held = venue.position_in(SYMBOL)

        assert position.instrument_id == OPTION
        assert position.signed_decimal_qty() == Decimal(held["size"]) == Decimal("0.1")
        assert Decimal(str(position.avg_px_open)) == Decimal(held["average_entry_price"])
        assert node_fills(node) == venue.fills
        assert node_balance(node) == venue.balance
