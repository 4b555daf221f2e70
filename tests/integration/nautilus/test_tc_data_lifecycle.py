"""Group 9 of the data specification: stopping, retirement, and parameters."""

import pytest
from nautilus_trader.model.data import BarType

from tests.integration.nautilus.harness import (
    BOTH_ENCODINGS,
    BTC,
    ETH,
    MARKET,
    data_tester,
    running_node,
    until_unsubscribed,
)
from tests.support import eventually

pytestmark = BOTH_ENCODINGS

EACH_TRADE = BarType.from_str(f"{BTC}-1-TICK-LAST-INTERNAL")
MINUTES = BarType.from_str(f"{BTC}-1-MINUTE-LAST-EXTERNAL")


def streamed(venue, market=MARKET):
    """Channels of a market that any socket is subscribed to."""
    return {channel for channel in venue.server.sockets.channels if market in channel}


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


async def test_tc_d73_what_actors_share_is_released_when_the_last_of_them_retires(venue):
    shared = {"subscribe_quotes": True, "subscribe_bars": True, "bar_types": [EACH_TRADE]}
    first = data_tester(**shared, subscribe_book_deltas=True, component_id="FIRST")
    last = data_tester(**shared, component_id="LAST")
    async with running_node(venue, first, last) as node:
        await eventually(lambda: first.deltas and f"trades.{MARKET}" in streamed(venue))
        venue.take("BUY", "0.01")
        await eventually(lambda: first.bars and last.bars)

        node.trader.remove_actor(first.id)
        await eventually(lambda: streamed(venue) == {f"bbo.{MARKET}", f"trades.{MARKET}"})
        venue.take("SELL", "0.01")
        await eventually(lambda: len(last.bars) == 2)
        assert len(first.bars) == 1

        node.trader.remove_actor(last.id)
        await eventually(lambda: not streamed(venue))
        engine = node.kernel.data_engine
        assert engine.subscribed_bars() == []
        assert engine.subscribed_trade_ticks() == []
        assert engine.subscribed_quote_ticks() == []
        topics = [each.topic for each in node.kernel.msgbus.subscriptions()]
        assert [topic for topic in topics if MARKET in topic and topic.startswith("data.")] == []


@pytest.mark.parametrize("settles", [False, True], ids=["delisted", "settled"])
async def test_tc_d73_market_that_retires_leaves_no_stream(venue, settles):
    venue.quote("3399", "3401", market="ETH-USD-PERP")
    tester = data_tester(
        instrument_ids=[BTC, ETH],
        bar_types=[MINUTES],
        subscribe_quotes=True,
        subscribe_trades=True,
        subscribe_book_deltas=True,
        subscribe_mark_prices=True,
        subscribe_bars=True,
        subscribe_instrument_status=True,
    )
    async with running_node(venue, tester, load_ids=[BTC, ETH]) as node:
        await eventually(lambda: len(streamed(venue)) == 4 and len(streamed(venue, "ETH")) == 4)
        others = streamed(venue, "ETH-USD-PERP")
        exchange = venue.server.exchange
        if settles:
            exchange.settle_market(MARKET)
        else:
            exchange.delist_market(MARKET)
        await eventually(lambda: not streamed(venue))
        assert streamed(venue, "ETH-USD-PERP") == others

        tester.stop()
        await eventually(lambda: not streamed(venue, "ETH-USD-PERP"))
        assert node.kernel.data_engine.subscribed_order_book_deltas() == []
