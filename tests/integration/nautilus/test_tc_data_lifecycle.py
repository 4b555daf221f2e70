"""Group 9 of the data specification: stopping, and parameters of subscriptions and requests."""

from tests.integration.nautilus.harness import (
    BOTH_ENCODINGS,
    BTC,
    ETH,
    data_tester,
    running_node,
    until_unsubscribed,
)
from tests.support import eventually

pytestmark = BOTH_ENCODINGS


async def test_tc_d70_unsubscribe_on_stop(venue):
    venue.quote("3399", "3401", market="ETH-USD-PERP")
    tester = data_tester(
        subscribe_quotes=True,
        subscribe_trades=True,
        subscribe_book_deltas=True,
        subscribe_mark_prices=True,
    )
    witness = data_tester(instrument_ids=[ETH], subscribe_quotes=True, component_id="WITNESS")
    async with running_node(venue, tester, witness, load_ids=[BTC, ETH]) as node:
        await eventually(lambda: tester.quotes and tester.deltas and witness.quotes)
        tester.stop()

        await until_unsubscribed(venue, node, witness)
        engine = node.kernel.data_engine
        assert engine.subscribed_quote_ticks() == [ETH]
        assert engine.subscribed_trade_ticks() == []
        assert engine.subscribed_order_book_deltas() == []


async def test_tc_d70_what_another_actor_uses_stays_subscribed(venue):
    tester = data_tester(subscribe_quotes=True)
    other = data_tester(subscribe_quotes=True, component_id="OTHER")
    async with running_node(venue, tester, other):
        await eventually(lambda: tester.quotes and other.quotes)
        tester.stop()
        seen = len(other.quotes)
        venue.quote("95991", "96011")
        await eventually(lambda: len(other.quotes) > seen)


async def test_tc_d71_subscribe_params_are_accepted(venue):
    tester = data_tester(subscribe_quotes=True, subscribe_params={"note": "nobody's business"})
    async with running_node(venue, tester):
        await eventually(lambda: tester.quotes)


async def test_tc_d72_request_params_are_accepted(venue):
    tester = data_tester(
        request_quotes=True,
        request_instruments=True,
        request_params={"note": "nobody's business"},
    )
    async with running_node(venue, tester):
        await eventually(
            lambda: tester.historical and tester.instruments and not tester.has_pending_requests()
        )
