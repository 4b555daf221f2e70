"""Brackets under every order of arrival that can be generated: no position is left without a stop.

A bracket's entry fills in parts, its exits fill and are set off, the strategy changes and cancels
what it likes, and messages are held back, lost and repeated meanwhile. In the end the stop guards
what is open of the entry, unless it was refused, cancelled or taken off the book by the venue, and
no exit is larger than that.
"""

from decimal import Decimal
from typing import Any, ClassVar

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule
from nautilus_trader.model.enums import ContingencyType, OrderSide, OrderStatus, OrderType
from nautilus_trader.model.objects import Price, Quantity
from nautilus_trader.model.orders import Order

from nautilus_paradex.protocol.enums import CancelReason
from tests.integration.execution_world import INSTRUMENT_ID
from tests.integration.schedule import (
    A_MOMENT_SECS,
    CONNECTIONS,
    Schedule,
    anyone,
    schedule_settings,
    sides,
    size_of,
)

REFUSED = (OrderStatus.REJECTED, OrderStatus.DENIED)
# Set off while it was larger than the position, or met by the rest of its entry.
TAKEN_OFF = (CancelReason.REDUCE_ONLY_WILL_INCREASE, CancelReason.SELF_TRADE)
STOP, TARGET, FAR = "0.005", "0.002", "0.004"

contingencies = st.sampled_from([ContingencyType.OUO, ContingencyType.OUO, ContingencyType.OCO])


class BracketSchedule(Schedule):
    """A strategy with a bracket."""

    reach: ClassVar[str] = TARGET

    def __init__(self) -> None:
        super().__init__()
        self.is_let_go = False

    async def begin(self) -> None:
        await self.world.counterparty.place("SELL", "1.00000", self.world.around(FAR))
        await self.world.counterparty.place("BUY", "1.00000", self.world.around(f"-{FAR}"))

    @initialize(
        side=sides,
        units=st.integers(2, 5),
        crosses=st.booleans(),
        contingency=contingencies,
        rests=st.booleans(),
        cancels=st.sampled_from([0, 0, 1, 2]),
        **CONNECTIONS,
    )
    def open(
        self,
        side: OrderSide,
        units: int,
        crosses: bool,
        contingency: ContingencyType,
        rests: bool,
        cancels: int,
        **connection: Any,
    ) -> None:
        super().open(**connection)
        self.cancels_left = cancels

        def away(offset: str, by: int) -> Price:
            sign = "" if (side == OrderSide.BUY) == (by > 0) else "-"
            return Price.from_str(self.world.around(f"{sign}{offset}"))

        bracket = self.world.orders.bracket(
            instrument_id=INSTRUMENT_ID,
            order_side=side,
            quantity=Quantity.from_str(size_of(units)),
            entry_order_type=OrderType.LIMIT,
            entry_price=away(FAR, 1) if crosses else Price.from_str(self.world.around("0")),
            sl_trigger_price=away(STOP, -1),
            tp_price=away(TARGET, 1),
            contingency_type=contingency,
        )
        self.orders += self.world.submit_list(bracket).orders
        self.loop.pass_time(A_MOMENT_SECS)
        if rests:
            self.flow(last_first=False)

    @precondition(lambda self: self.entry in self.cancelable)
    @rule(units=st.integers(1, 8))
    def resize_entry(self, units: int) -> None:
        self.world.modify(self.entry, size=size_of(units))
        self.loop.pass_time(A_MOMENT_SECS)

    @precondition(lambda self: self.stop in self.cancelable)
    @rule(offset=st.sampled_from(["0.006", "0.007"]))
    def move_stop(self, offset: str) -> None:
        sign = "-" if self.entry.side == OrderSide.BUY else ""
        self.world.modify(self.stop, trigger=self.world.around(f"{sign}{offset}"))
        self.loop.pass_time(A_MOMENT_SECS)

    @precondition(lambda self: self.target in self.cancelable)
    @rule(offset=st.sampled_from(["0.001", "0.003"]))
    def move_target(self, offset: str) -> None:
        sign = "" if self.entry.side == OrderSide.BUY else "-"
        self.world.modify(self.target, price=self.world.around(f"{sign}{offset}"))
        self.loop.pass_time(A_MOMENT_SECS)

    @rule(number=anyone, units=st.integers(1, 3))
    def fill(self, number: int, units: int) -> None:
        """The counterparty meets the entry, or the target."""
        side = OrderSide.SELL if self.entry.side == OrderSide.BUY else OrderSide.BUY
        self.trade(side if number % 3 else self.entry.side, units)

    def before_cancel(self, orders: list[Order]) -> None:
        # The end of one exit that the strategy, or somebody elsewhere, wants is that of both.
        self.is_let_go |= any(order in self.orders[1:] for order in orders)
        self.cancels_left -= 1

    @property
    def may_cancel(self) -> bool:
        return self.cancels_left > 0

    # -- The end ---------------------------------------------------------------------------------

    def is_in_step(self) -> bool:
        exits = [order for order in (self.stop, self.target) if order.is_open]
        is_fitting = self.stop.contingency_type != ContingencyType.OUO or all(
            order.leaves_qty.as_decimal() <= max(self.bare, Decimal(0)) for order in exits
        )
        # An exit that did not get through is sent again, in its own time.
        is_waiting = any(order.status == OrderStatus.INITIALIZED for order in self.orders[1:])
        return is_fitting and (self.bare <= 0 or (self.is_guarded() and not is_waiting))

    def is_guarded(self) -> bool:
        # One that is filled was set off before it could be raised to what its entry has filled.
        if self.is_let_go or self.stop.status in (*REFUSED, OrderStatus.FILLED):
            return True
        placed = self.world.venue_order(self.stop) or {}
        if placed.get("cancel_reason") in TAKEN_OFF:
            return True
        return bool(self.stop.is_open) and self.stop.leaves_qty.as_decimal() >= self.bare

    @property
    def bare(self) -> Decimal:
        """What is open of the entry."""
        entry, stop, target = (order.filled_qty.as_decimal() for order in self.orders)
        return Decimal(entry - stop - target)

    # -- Parts -----------------------------------------------------------------------------------

    @property
    def entry(self) -> Order:
        return self.orders[0]

    @property
    def stop(self) -> Order:
        return self.orders[1]

    @property
    def target(self) -> Order:
        return self.orders[2]


TestGeneratedBrackets = BracketSchedule.TestCase
TestGeneratedBrackets.settings = schedule_settings(examples=30, steps=30)
TestGeneratedBrackets.pytestmark = [pytest.mark.timeout(0)]  # a busy machine is no failure
