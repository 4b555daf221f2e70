"""Group 9 of the execution specification, first half: starting and stopping a strategy."""

from decimal import Decimal

from tests.integration.nautilus.harness import (
    BTC,
    ETH,
    data_tester,
    exec_tester,
    node_balance,
    node_fills,
    running_node,
    until_unsubscribed,
)
from tests.support import eventually


async def test_tc_e80_open_position_on_start(venue):
    tester = exec_tester(
        open_position_on_start_qty=Decimal("0.02"),
        enable_limit_buys=True,
        enable_limit_sells=True,
    )
    async with running_node(venue, tester) as node:
        await eventually(
            lambda: tester.position_events and len(node.cache.orders_open(instrument_id=BTC)) == 2
        )

        assert node.portfolio.net_position(BTC) == Decimal("0.02")
        assert Decimal(venue.position["size"]) == Decimal("0.02")
        assert len(venue.open_orders) == 2
        assert node_fills(node) == venue.fills


async def test_tc_e81_cancel_orders_on_stop(venue):
    tester = exec_tester(
        open_position_on_start_qty=Decimal("0.02"),
        enable_limit_buys=True,
        enable_limit_sells=True,
        close_positions_on_stop=False,
    )
    async with running_node(venue, tester) as node:
        await eventually(
            lambda: tester.position_events and len(node.cache.orders_open(instrument_id=BTC)) == 2
        )
        tester.stop()
        await eventually(lambda: not node.cache.orders_open(instrument_id=BTC))

        assert venue.open_orders == []
        assert Decimal(venue.position["size"]) == Decimal("0.02")


async def test_tc_e82_close_positions_on_stop(venue):
    tester = exec_tester(open_position_on_start_qty=Decimal("-0.02"))
    async with running_node(venue, tester) as node:
        await eventually(lambda: tester.position_events)
        tester.stop()
        await eventually(
            lambda: node.portfolio.is_flat(BTC) and node_balance(node) == venue.balance
        )

        (position,) = node.cache.positions_closed(instrument_id=BTC)
        # Sold at 95990, bought back at 96010, less both fees.
        fees = sum(fee for _, _, _, fee in venue.fills)
        assert position.realized_pnl.as_decimal() == Decimal("0.02") * -20 - fees
        assert venue.position is None
        funding = sum(Decimal(fill["realized_funding"]) for fill in venue.account["fills"])
        assert venue.balance == 100_000 + position.realized_pnl.as_decimal() + funding
        assert node_fills(node) == venue.fills


async def test_tc_e83_unsubscribe_on_stop(venue):
    venue.quote("3399", "3401", market="ETH-USD-PERP")
    tester = exec_tester()
    witness = data_tester(instrument_ids=[ETH], subscribe_quotes=True)
    async with running_node(venue, tester, witness, load_ids=[BTC, ETH]) as node:
        await eventually(lambda: tester.quotes and witness.quotes)
        tester.stop()

        await until_unsubscribed(venue, node, witness)
