"""Groups 7 and 8 of the execution specification: flags, and what is refused by whom."""

from decimal import Decimal

import pytest
from nautilus_trader.model.enums import OrderStatus as Status
from nautilus_trader.model.enums import OrderType, TimeInForce
from nautilus_trader.model.events import OrderRejected

from tests.integration.nautilus.harness import BTC, MARKET, event_names, exec_tester, running_node
from tests.support import eventually

ANSWERED = (Status.ACCEPTED, Status.REJECTED)


async def test_tc_e60_post_only_accepted(venue):
    tester = exec_tester(enable_limit_buys=True, enable_limit_sells=True, use_post_only=True)
    async with running_node(venue, tester) as node:
        await eventually(lambda: len(node.cache.orders_open(instrument_id=BTC)) == 2)

        assert {order["instruction"] for order in venue.open_orders} == {"POST_ONLY"}
        assert all(order.is_post_only for order in node.cache.orders_open())


async def test_tc_e61_reduce_only_close(venue):
    tester = exec_tester(open_position_on_start_qty=Decimal("-0.01"), reduce_only_on_stop=True)
    async with running_node(venue, tester) as node:
        await eventually(lambda: node.cache.positions_open(instrument_id=BTC))
        tester.stop()
        await eventually(lambda: node.portfolio.is_flat(BTC))
        history = (await venue.http.orders_history(market=MARKET)).results

        closing = max(history, key=lambda order: int(order.created_at))
        assert "REDUCE_ONLY" in closing.flags
        assert closing.side == "BUY"
        assert venue.position is None


async def test_tc_e62_display_quantity_is_denied(venue):
    tester = exec_tester(enable_limit_buys=True, order_display_qty=Decimal("0.001"))
    async with running_node(venue, tester):
        await eventually(lambda: tester.buy_order and tester.buy_order.is_closed)

        assert tester.order_events[-1].reason.startswith("UNSUPPORTED_DISPLAY_QTY")
        assert venue.orders == {}


async def test_tc_e63_order_params_are_accepted(venue):
    tester = exec_tester(enable_limit_buys=True, order_params={"note": "nobody's business"})
    async with running_node(venue, tester):
        await eventually(lambda: tester.buy_order and tester.buy_order.is_open)


async def test_tc_e63_order_params_of_the_venue_reach_it(venue):
    params = {"stp": "EXPIRE_BOTH", "recv_window_ms": 5_000, "dime_discount": False, "mmp": True}
    tester = exec_tester(enable_limit_buys=True, order_params=params)
    async with running_node(venue, tester, stp="EXPIRE_MAKER"):
        await eventually(lambda: tester.buy_order and tester.buy_order.is_open)
        placed = venue.orders[tester.buy_order.client_order_id.value]

        assert placed["stp"] == "EXPIRE_BOTH"
        assert placed["flags"] == ["MMP"]


async def test_tc_e63_order_param_of_the_venue_is_denied_if_it_is_none_of_its_kind(venue):
    tester = exec_tester(enable_limit_buys=True, order_params={"stp": "EXPIRE_NOBODY"})
    async with running_node(venue, tester):
        await eventually(lambda: tester.order_events and tester.order.is_closed)

        assert event_names(tester.order) == ["OrderInitialized", "OrderDenied"]
        assert tester.order_events[-1].reason == "INVALID_PARAM: stp=EXPIRE_NOBODY"
        assert venue.orders == {}


@pytest.mark.parametrize("is_whitelisted", [True, False])
async def test_tc_e63_rpi_is_for_accounts_that_the_venue_allows_it(venue, is_whitelisted):
    if is_whitelisted:
        venue.server.exchange.whitelist_for_rpi(venue.server.accounts[0].address_hex)
    tester = exec_tester(enable_limit_buys=True, order_params={"rpi": True})
    async with running_node(venue, tester):
        await eventually(lambda: tester.order_events and tester.order.status in ANSWERED)

        if is_whitelisted:
            assert tester.order.is_open
            assert [order["instruction"] for order in venue.open_orders] == ["RPI"]
        else:
            assert "RPI_ACCOUNT_NOT_WHITELISTED" in tester.order_events[-1].reason
            assert event_names(tester.order)[-1] == "OrderRejected"


async def test_tc_e63_vwap_price_goes_with_a_market_order(venue):
    tester = exec_tester(
        open_position_on_start_qty=Decimal("0.01"),
        order_params={"vwap_price": "96020"},
    )
    async with running_node(venue, tester) as node:
        await eventually(lambda: node.cache.positions_open(instrument_id=BTC))
        (placed,) = venue.orders.values()

        assert placed["flags"] == ["TARGET_STRATEGY_VWAP"]


@pytest.mark.parametrize("side", ["BUY", "SELL"])
async def test_tc_e70_post_only_that_would_cross_is_rejected(venue, side):
    enabled = {"enable_limit_buys": side == "BUY", "enable_limit_sells": side == "SELL"}
    tester = exec_tester(test_reject_post_only=True, **enabled)
    async with running_node(venue, tester):
        await eventually(lambda: tester.order_events and tester.order.is_closed)
        rejected = tester.order_events[-1]

        assert event_names(tester.order) == ["OrderInitialized", "OrderSubmitted", "OrderRejected"]
        assert isinstance(rejected, OrderRejected)
        assert rejected.due_post_only
        assert rejected.reason == "POST_ONLY_WOULD_CROSS"
        assert venue.fills == []


async def test_tc_e71_reduce_only_without_a_position_is_rejected(venue):
    tester = exec_tester(open_position_on_start_qty=Decimal("0.01"), test_reject_reduce_only=True)
    async with running_node(venue, tester):
        await eventually(lambda: tester.order_events and tester.order.is_closed)

        assert event_names(tester.order) == ["OrderInitialized", "OrderSubmitted", "OrderRejected"]
        assert not tester.order_events[-1].due_post_only
        assert "REDUCE_ONLY" in tester.order_events[-1].reason
        assert venue.position is None


async def test_tc_e72_unsupported_order_type_is_denied(venue):
    tester = exec_tester(
        enable_stop_buys=True,
        stop_order_type=OrderType.TRAILING_STOP_MARKET,
        trailing_offset=Decimal(100),
    )
    async with running_node(venue, tester):
        await eventually(lambda: tester.order_events and tester.order.is_closed)

        assert event_names(tester.order) == ["OrderInitialized", "OrderDenied"]
        assert tester.order_events[-1].reason == (
            "UNSUPPORTED_ORDER_TYPE: order_type=TRAILING_STOP_MARKET"
        )
        assert venue.orders == {}


@pytest.mark.parametrize(
    "settings",
    [
        {"limit_time_in_force": TimeInForce.FOK},
        {"limit_time_in_force": TimeInForce.DAY},
        {"limit_time_in_force": TimeInForce.GTD, "order_expire_time_delta_mins": 5},
    ],
    ids=["FOK", "DAY", "GTD"],
)
async def test_tc_e73_unsupported_time_in_force_is_denied(venue, settings):
    tester = exec_tester(enable_limit_buys=True, **settings)
    async with running_node(venue, tester):
        await eventually(lambda: tester.order_events and tester.order.is_closed)

        name = settings["limit_time_in_force"].name
        assert event_names(tester.order) == ["OrderInitialized", "OrderDenied"]
        assert tester.order_events[-1].reason == (
            f"UNSUPPORTED_TIME_IN_FORCE: time_in_force={name}"
        )
        assert venue.orders == {}
