"""Brackets that the platform emulates: the client sends what is released, and nothing by itself."""

from decimal import Decimal

import pytest
from nautilus_trader.model.enums import OrderSide, OrderStatus, OrderType, TriggerType

from tests.integration.nautilus.harness import BTC, exec_tester, node_fills, running_node
from tests.support import eventually


def parts_of(tester):
    """Entry, stop-loss and take-profit of the tester's bracket, as they are now."""
    orders = tester.cache.orders()
    (entry,) = [order for order in orders if order.parent_order_id is None]
    exits = [order for order in orders if order is not entry]
    (stop,) = [order for order in exits if order.init_event.order_type == OrderType.STOP_MARKET]
    (target,) = [order for order in exits if order is not stop]
    return entry, stop, target


@pytest.mark.parametrize("side", [OrderSide.BUY, OrderSide.SELL])
async def test_an_emulated_bracket_is_left_to_the_platforms_emulator(venue, side):
    is_buy = side == OrderSide.BUY
    tester = exec_tester(
        enable_brackets=True,
        enable_limit_buys=is_buy,
        enable_limit_sells=not is_buy,
        bracket_entry_order_type=OrderType.LIMIT,
        tob_offset_ticks=500,
        bracket_offset_ticks=1_000,
        emulation_trigger=TriggerType.BID_ASK,
        close_positions_on_stop=False,
    )
    toward = -1 if is_buy else 1
    async with running_node(venue, tester) as node:
        await eventually(lambda: len(tester.cache.orders()) == 3)
        await eventually(lambda: parts_of(tester)[0].status == OrderStatus.EMULATED)
        assert venue.orders == {}

        # To the price of the entry, which is released and trades at the market.
        index = 96_000 + toward * 70
        venue.quote(f"{index - 5}", f"{index + 5}")
        await eventually(lambda: parts_of(tester)[0].status == OrderStatus.FILLED)
        await eventually(lambda: {o.status for o in parts_of(tester)[1:]} == {OrderStatus.EMULATED})
        entry, stop, target = parts_of(tester)
        assert set(venue.orders) == {entry.client_order_id.value}

        # And on, to the stop.
        index += toward * 200
        venue.quote(f"{index - 5}", f"{index + 5}")
        await eventually(lambda: parts_of(tester)[1].status == OrderStatus.FILLED)
        await eventually(lambda: parts_of(tester)[2].is_closed)
        await eventually(lambda: node.portfolio.is_flat(BTC))

        _, _, target = parts_of(tester)
        assert target.status == OrderStatus.CANCELED
        assert target.venue_order_id is None
        assert set(venue.orders) == {entry.client_order_id.value, stop.client_order_id.value}
        assert node_fills(node) == venue.fills
        assert [size for _, size, _, _ in venue.fills] == [Decimal("0.01")] * 2
