"""Orders of an earlier run that are older than the lookback end as they did at the venue."""

import time
from decimal import Decimal

from nautilus_trader.model.enums import OrderSide, OrderStatus
from nautilus_trader.model.events import OrderFilled

from tests.integration.execution_world import Trader, next_run, open_world

BUY, SELL = OrderSide.BUY, OrderSide.SELL
US_PER_HOUR = 3_600 * 1_000_000


class Calendar:
    """The venue's clock, which can be put forward."""

    def __init__(self) -> None:
        self.hours = 0

    def now_us(self) -> int:
        return time.time_ns() // 1_000 + self.hours * US_PER_HOUR


async def test_orders_that_ended_while_nobody_looked_are_ended_at_the_next_start() -> None:
    calendar = Calendar()
    async with open_world(now_us=calendar.now_us) as world:
        await world.reconcile()
        cancelled = await world.resting(BUY, "0.01000", world.around("-0.01"))
        filled = await world.resting(BUY, "0.02000", world.around("-0.005"))
        partly = await world.resting(SELL, "0.03000", world.around("0.005"))
        resting = await world.resting(SELL, "0.04000", world.around("0.01"))
        world.client.disconnect()
        calendar.hours += 30
        by_hand, other = (Trader(world.server, world.server.accounts[i]) for i in (0, 1))
        await by_hand.http.start()
        await other.http.start()
        await by_hand.http.cancel_order(cancelled.venue_order_id.value)
        await other.place("SELL", "0.02000", world.around("-0.006"))
        await other.place("BUY", "0.01000", world.around("0.006"))
        await by_hand.http.cancel_order(partly.venue_order_id.value)
        await by_hand.http.close()
        await other.http.close()
        calendar.hours += 26

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
