"""Every order of arrival that can be generated ends in the venue's own books.

A schedule submits, changes and cancels orders of every type, over REST or the socket, trades
against them, moves the mark price and cuts the connection, while each request, each answer and each
private message is held back and let through, lost or repeated as the schedule says.
"""

from collections.abc import Callable
from typing import Final

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from nautilus_trader.model.enums import OrderSide, OrderType, TimeInForce
from nautilus_trader.model.orders import Order

from tests.integration.execution_world import World
from tests.integration.schedule import (
    A_MOMENT_SECS,
    Schedule,
    anyone,
    one_of,
    schedule_settings,
    sides,
    size_of,
)

MAX_ORDERS: Final = 4
LEVELS: Final = ("-0.001", "-0.0005", "0", "0.0005", "0.001")

type Make = Callable[[World, OrderSide, str, str], Order]


def conditional(order_type: OrderType, *, breaks_out: bool) -> Make:
    """Orders that wait for the mark half a percent away; those with a price have a level's."""

    def make(world: World, side: OrderSide, size: str, price: str) -> Order:
        is_above = (side == OrderSide.BUY) == breaks_out
        trigger = world.around("0.005" if is_above else "-0.005")
        has_price = order_type in (OrderType.STOP_LIMIT, OrderType.LIMIT_IF_TOUCHED)
        return world.conditional(order_type, side, size, trigger, price if has_price else None)

    return make


KINDS: Final[dict[str, Make]] = {
    "limit": lambda w, *order: w.limit(*order),
    "ioc": lambda w, *order: w.limit(*order, time_in_force=TimeInForce.IOC),
    "post_only": lambda w, *order: w.limit(*order, post_only=True),
    "reduce_only": lambda w, *order: w.limit(*order, reduce_only=True),
    "market": lambda w, side, size, _: w.market(side, size),
    "stop_market": conditional(OrderType.STOP_MARKET, breaks_out=True),
    "stop_limit": conditional(OrderType.STOP_LIMIT, breaks_out=True),
    "market_if_touched": conditional(OrderType.MARKET_IF_TOUCHED, breaks_out=False),
    "limit_if_touched": conditional(OrderType.LIMIT_IF_TOUCHED, breaks_out=False),
}

kinds = st.sampled_from(["limit", "limit", *KINDS])
levels = st.sampled_from(LEVELS)
wishes = st.tuples(kinds, sides, st.integers(1, 5), levels)


class OrderSchedule(Schedule):
    """A strategy with orders of every type, alone and in batches."""

    async def begin(self) -> None:
        await self.world.counterparty.place("SELL", "0.00300", self.world.around("0.0005"))
        await self.world.counterparty.place("BUY", "0.00300", self.world.around("-0.0005"))
        resting = self.world.resting
        self.orders.append(await resting(OrderSide.BUY, "0.00500", self.world.around("0")))

    @precondition(lambda self: len(self.orders) < MAX_ORDERS)
    @rule(wish=wishes)
    def submit(self, wish: tuple[str, OrderSide, int, str]) -> None:
        self.orders.append(self.world.submit(self.make(*wish)))
        self.loop.pass_time(A_MOMENT_SECS)

    @precondition(lambda self: len(self.orders) < MAX_ORDERS)
    @rule(several=st.lists(wishes, min_size=2, max_size=3))
    def submit_batch(self, several: list[tuple[str, OrderSide, int, str]]) -> None:
        orders = [self.make(*wish) for wish in several]
        self.orders += self.world.submit_list(self.world.orders.create_list(orders)).orders
        self.loop.pass_time(A_MOMENT_SECS)

    @precondition(lambda self: self.cancelable)
    @rule(number=anyone, units=st.integers(0, 8), level=st.none() | levels)
    def modify(self, number: int, units: int, level: str | None) -> None:
        """Change size (0 units leave it), price or both; below what is filled as well."""
        order = one_of(self.cancelable, number)
        price = self.world.around(level) if level is not None and order.has_price else None
        size = size_of(units) if units else None
        if size is not None or price is not None:
            self.world.modify(order, size=size, price=price)
            self.loop.pass_time(A_MOMENT_SECS)

    @rule(side=sides, units=st.integers(1, 3), level=levels)
    def counter(self, side: OrderSide, units: int, level: str) -> None:
        """The counterparty leaves an order on the book."""
        self.quote(side, units, level, "GTC")

    def make(self, kind: str, side: OrderSide, units: int, level: str) -> Order:
        return KINDS[kind](self.world, side, size_of(units), self.world.around(level))


TestGeneratedSchedules = OrderSchedule.TestCase
TestGeneratedSchedules.settings = schedule_settings(examples=30, steps=30)
TestGeneratedSchedules.pytestmark = [pytest.mark.timeout(0)]  # a busy machine is no failure
