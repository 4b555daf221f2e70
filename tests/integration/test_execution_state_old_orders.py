"""Orders of an earlier run that are older than the lookback end as they did at the venue."""

from decimal import Decimal

from nautilus_trader.model.enums import OrderSide, OrderStatus
from nautilus_trader.model.events import OrderFilled

from nautilus_paradex.protocol.events import FillEvent, OrderEvent, PositionEvent
from tests.integration.execution_world import Trader, next_run, open_world
from tests.integration.venue_time import VenueTime
from tests.support import eventually

BUY, SELL = OrderSide.BUY, OrderSide.SELL
HOUR_SECS = 3_600


async def test_orders_that_ended_while_nobody_looked_are_ended_at_the_next_start() -> None:
    venue_time = VenueTime()
    async with open_world(now_us=venue_time) as world:
        await world.reconcile()
        cancelled = await world.resting(BUY, "0.01000", world.around("-0.01"))
        filled = await world.resting(BUY, "0.02000", world.around("-0.005"))
        partly = await world.resting(SELL, "0.03000", world.around("0.005"))
        resting = await world.resting(SELL, "0.04000", world.around("0.01"))
        world.client.disconnect()
        venue_time.leap(30 * HOUR_SECS)
        by_hand, other = (Trader(world.server, world.server.accounts[i]) for i in (0, 1))
        await by_hand.http.start()
        await other.http.start()
        await by_hand.http.cancel_order(cancelled.venue_order_id.value)
        await other.place("SELL", "0.02000", world.around("-0.006"))
        await other.place("BUY", "0.01000", world.around("0.006"))
        await by_hand.http.cancel_order(partly.venue_order_id.value)
        await by_hand.http.close()
        await other.http.close()
        venue_time.leap(26 * HOUR_SECS)

        async with next_run(world) as heir:
            assert await heir.engine.reconcile_execution_state()
            assert cancelled.status == OrderStatus.CANCELED
            assert filled.status == OrderStatus.FILLED
            assert partly.status == OrderStatus.CANCELED
            assert partly.filled_qty.as_decimal() == Decimal("0.01")
            assert resting.status == OrderStatus.ACCEPTED
            assert heir.net_position == Decimal("0.01")
            assert {order.strategy_id for order in heir.cache.orders()} == {resting.strategy_id}
            told = [e.trade_id.value for e in heir.events if isinstance(e, OrderFilled)]
            assert told == [fill["id"] for fill in heir.ledger()["fills"]]


async def test_orders_that_ended_while_the_connection_was_lost_are_ended_after_it() -> None:
    venue_time = VenueTime()
    async with open_world(now_us=venue_time) as world:
        await world.reconcile()
        cancelled = await world.resting(BUY, "0.01000", world.around("-0.01"))
        filled = await world.resting(BUY, "0.02000", world.around("-0.005"))
        resting = await world.resting(SELL, "0.04000", world.around("0.01"))
        # The history goes by the time of creation: none of them is in the span of a reconnection.
        venue_time.leap(HOUR_SECS)
        for client in (world.http, world.second_screen.http, world.counterparty.http):
            await client.sync_clock()
        lost = world.deafen(OrderEvent, FillEvent, PositionEvent)
        await world.second_screen.http.cancel_order(cancelled.venue_order_id.value)
        await world.counterparty.place("SELL", "0.02000", world.around("-0.006"))
        await eventually(lambda: len([m for m in lost if isinstance(m, PositionEvent)]) == 1)

        await world.fault(kind="drop_sockets")
        await eventually(lambda: cancelled.is_closed and filled.is_closed)
        assert cancelled.status == OrderStatus.CANCELED
        assert filled.status == OrderStatus.FILLED
        assert resting.status == OrderStatus.ACCEPTED
        told = [e.trade_id.value for e in world.events if isinstance(e, OrderFilled)]
        assert told == [fill["id"] for fill in world.ledger()["fills"]]
