"""Group 9 of the execution specification, second half: what was there before the node."""

from decimal import Decimal

import pytest
from nautilus_trader.model.enums import OrderStatus, PositionSide
from nautilus_trader.model.identifiers import ClientOrderId

from tests.integration.nautilus.harness import (
    BTC,
    exec_tester,
    node_balance,
    node_fills,
    running_node,
)
from tests.support import eventually


async def place_until(venue, client_id, side, size, price=None, *, status="CLOSED"):
    await venue.place(client_id, side, size, price)
    return await venue.until_status(client_id, status)


async def test_tc_e84_reconcile_open_orders(venue):
    await place_until(venue, "fresh", "SELL", "0.02", "97000", status="OPEN")
    await place_until(venue, "partial", "BUY", "0.03", "96000", status="OPEN")
    venue.take("SELL", "0.01")
    async with running_node(venue) as node:
        fresh = node.cache.order(ClientOrderId("fresh"))
        partial = node.cache.order(ClientOrderId("partial"))

        assert set(node.cache.orders_open()) == {fresh, partial}
        assert fresh.status == OrderStatus.ACCEPTED
        assert fresh.filled_qty == 0
        assert partial.status == OrderStatus.PARTIALLY_FILLED
        assert partial.filled_qty == Decimal("0.01")
        for order in (fresh, partial):
            placed = venue.orders[order.client_order_id.value]
            assert order.venue_order_id.value == placed["id"]
            assert order.side_string() == placed["side"]
            assert order.price.as_decimal() == Decimal(placed["price"])
            assert order.quantity.as_decimal() == Decimal(placed["size"])
            assert order.leaves_qty.as_decimal() == Decimal(placed["remaining_size"])
        assert node_fills(node) == venue.fills


async def test_tc_e84_reconciled_order_goes_on_to_be_filled_and_canceled(venue):
    await place_until(venue, "partial", "BUY", "0.03", "96000", status="OPEN")
    venue.take("SELL", "0.01")
    tester = exec_tester(external_order_claims=[BTC], close_positions_on_stop=False)
    async with running_node(venue, tester) as node:
        order = node.cache.order(ClientOrderId("partial"))
        assert order.strategy_id == tester.id
        venue.take("SELL", "0.005")
        await eventually(lambda: order.filled_qty == Decimal("0.015"))
        tester.cancel_order(order)
        await eventually(lambda: order.is_closed)

        assert order.status == OrderStatus.CANCELED
        assert node_fills(node) == venue.fills
        assert node.portfolio.net_position(BTC) == Decimal(venue.position["size"])
        assert venue.open_orders == []


async def test_tc_e85_reconcile_filled_orders(venue):
    await place_until(venue, "bought", "BUY", "0.03")
    await place_until(venue, "sold", "SELL", "0.01")
    await place_until(venue, "gone", "BUY", "0.01", "90000", status="OPEN")
    await venue.http.cancel_order_by_client_id("gone", "BTC-USD-PERP")
    await venue.until_status("gone", "CLOSED")
    async with running_node(venue) as node:
        bought = node.cache.order(ClientOrderId("bought"))
        sold = node.cache.order(ClientOrderId("sold"))

        assert bought.status == sold.status == OrderStatus.FILLED
        assert (bought.filled_qty, sold.filled_qty) == (Decimal("0.03"), Decimal("0.01"))
        assert (bought.avg_px, sold.avg_px) == (96_010, 95_990)
        assert node.cache.orders_open() == []
        assert sorted(node_fills(node)) == sorted(venue.fills)
        assert node.portfolio.net_position(BTC) == Decimal("0.02")


async def open_elsewhere(venue, size):
    side = "BUY" if Decimal(size) > 0 else "SELL"
    await place_until(venue, "small", side, "0.01")
    await place_until(venue, "large", side, "0.02")


async def open_with_a_node(venue, size):
    tester = exec_tester(open_position_on_start_qty=Decimal(size), close_positions_on_stop=False)
    async with running_node(venue, tester):
        await eventually(lambda: tester.order_events and tester.order.is_closed)


async def assert_position_is_reconciled(venue, open_position, side, size):
    venue.quote("95990", "96010", size="0.015")
    venue.add_quote("95950", "96050")
    await open_position(venue, size)
    async with running_node(venue) as node:
        (position,) = node.cache.positions_open(instrument_id=BTC)

        assert position.side == side
        assert position.signed_decimal_qty() == Decimal(size)
        assert Decimal(venue.position["size"]) == Decimal(size)
        assert Decimal(str(position.avg_px_open)) == pytest.approx(
            Decimal(venue.position["average_entry_price"]),
            abs=Decimal("1e-8"),
        )
        assert len(venue.fills) >= 2
        assert sorted(node_fills(node)) == sorted(venue.fills)
        assert node_balance(node) == venue.balance


OPENERS = pytest.mark.parametrize("open_position", [open_elsewhere, open_with_a_node])


@OPENERS
async def test_tc_e86_reconcile_long_position(venue, open_position):
    await assert_position_is_reconciled(venue, open_position, PositionSide.LONG, "0.03")


@OPENERS
async def test_tc_e87_reconcile_short_position(venue, open_position):
    await assert_position_is_reconciled(venue, open_position, PositionSide.SHORT, "-0.03")


async def test_tc_e86_reconciled_position_is_closed_by_a_strategy(venue):
    await open_elsewhere(venue, "0.03")
    tester = exec_tester(external_order_claims=[BTC])
    async with running_node(venue, tester) as node:
        assert node.portfolio.net_position(BTC) == Decimal("0.03")
        tester.stop()
        await eventually(
            lambda: node.portfolio.is_flat(BTC) and node_balance(node) == venue.balance
        )

        assert venue.position is None
        assert sorted(node_fills(node)) == sorted(venue.fills)
