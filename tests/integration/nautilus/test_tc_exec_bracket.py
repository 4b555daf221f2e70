"""Group 6 of the execution specification: brackets, whose exits the venue takes with a position."""

from decimal import Decimal

import pytest
from nautilus_trader.model.enums import OrderSide, OrderStatus, OrderType

from tests.integration.nautilus.harness import (
    BTC,
    Venue,
    exec_tester,
    node_balance,
    running_node,
)
from tests.support import eventually


def bracket_tester(side: OrderSide, **settings):
    is_buy = side == OrderSide.BUY
    return exec_tester(
        enable_brackets=True,
        enable_limit_buys=is_buy,
        enable_limit_sells=not is_buy,
        bracket_entry_order_type=OrderType.LIMIT,
        tob_offset_ticks=1,
        bracket_offset_ticks=500,
        close_positions_on_stop=False,
        **settings,
    )


def parts_of(tester):
    """Entry, stop-loss and take-profit of the tester's bracket."""
    orders = tester.cache.orders(strategy_id=tester.id)
    (entry,) = [order for order in orders if order.parent_order_id is None]
    (stop,) = [order for order in orders if order.order_type == OrderType.STOP_MARKET]
    (target,) = [order for order in orders if order not in (entry, stop)]
    return entry, stop, target


async def until_entered(venue: Venue, tester):
    await eventually(lambda: len(tester.cache.orders(strategy_id=tester.id)) == 3)
    entry, stop, target = parts_of(tester)
    await eventually(lambda: entry.is_open)
    return entry, stop, target


SIDES = pytest.mark.parametrize(
    ("side", "taker"),
    [
        pytest.param(OrderSide.BUY, "SELL", id="e50-buy"),
        pytest.param(OrderSide.SELL, "BUY", id="e51-sell"),
    ],
)


@SIDES
async def test_tc_e50_e51_bracket_is_accepted_on_entry_fill(venue, side, taker):
    tester = bracket_tester(side)
    venue.quote("95900", "96100")
    async with running_node(venue, tester) as node:
        entry, stop, target = await until_entered(venue, tester)
        assert stop.status == target.status == OrderStatus.INITIALIZED
        assert [order["id"] for order in venue.open_orders] == [entry.venue_order_id.value]

        venue.add_quote("94000", "98000")
        venue.server.exchange.cancel_all(venue.server.accounts[1].address_hex, "BTC-USD-PERP")
        venue.add_quote("94000", "98000")
        venue.take(taker, "0.01")
        await eventually(lambda: stop.is_open and target.is_open)

        assert entry.status == OrderStatus.FILLED
        at_venue = {row["id"]: row for row in venue.account["orders"]}
        assert at_venue[stop.venue_order_id.value]["status"] == "UNTRIGGERED"
        assert at_venue[target.venue_order_id.value]["status"] == "OPEN"
        assert abs(node.portfolio.net_position(BTC)) == Decimal("0.01")


# A strategy that manages contingent orders itself does the same beside the client.
@pytest.mark.parametrize("manages", [False, True], ids=["client", "client_and_strategy"])
@SIDES
async def test_tc_e52_exits_are_activated_by_the_fill_and_end_with_one_another(
    venue, side, taker, manages
):
    tester = bracket_tester(side, manage_contingent_orders=manages)
    venue.quote("95900", "96100")
    async with running_node(venue, tester) as node:
        entry, stop, target = await until_entered(venue, tester)
        venue.server.exchange.cancel_all(venue.server.accounts[1].address_hex, "BTC-USD-PERP")
        venue.add_quote("94000", "98000")
        venue.take(taker, "0.01")
        await eventually(lambda: stop.is_open and target.is_open)

        back = "BUY" if taker == "SELL" else "SELL"
        venue.take(back, "0.004")
        await eventually(lambda: stop.quantity == target.leaves_qty == Decimal("0.006"))
        assert stop.is_open
        venue.take(back, "0.006")
        await eventually(lambda: target.is_closed and stop.is_closed)

        assert (entry.status, target.status) == (OrderStatus.FILLED, OrderStatus.FILLED)
        assert stop.status == OrderStatus.CANCELED
        assert node.portfolio.is_flat(BTC)
        assert venue.position is None
        await eventually(lambda: node_balance(node) == venue.balance)


@SIDES
async def test_tc_e53_bracket_with_a_post_only_entry(venue, side, taker):
    tester = bracket_tester(side, use_post_only=True)
    venue.quote("95900", "96100")
    async with running_node(venue, tester):
        entry, stop, target = await until_entered(venue, tester)
        assert venue.orders[entry.client_order_id.value]["instruction"] == "POST_ONLY"
        venue.server.exchange.cancel_all(venue.server.accounts[1].address_hex, "BTC-USD-PERP")
        venue.add_quote("94000", "98000")
        venue.take(taker, "0.01")
        await eventually(lambda: stop.is_open and target.is_open)

        assert entry.status == OrderStatus.FILLED
