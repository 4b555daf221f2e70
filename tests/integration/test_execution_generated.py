"""Every order of arrival that can be generated ends in the venue's own books.

A schedule submits, changes and cancels orders, trades against them and cuts the connection, while
each request, each answer and each private message is held back and let through, lost or repeated
as the schedule says. Time stands still but for what the schedule lets pass, so that a schedule that
fails does so again. ``PARADEX_NT_EXAMPLES=1000`` makes more of them, other ones each time.
"""

import os
import time
from contextlib import AsyncExitStack
from decimal import Decimal
from typing import Any, Final
from unittest.mock import patch

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from nautilus_trader.model.enums import OrderSide, OrderStatus
from nautilus_trader.model.events import OrderFilled
from nautilus_trader.model.orders import Order

from nautilus_paradex.devnet.config import DevnetConfig
from nautilus_paradex.protocol.json_feed import Message
from nautilus_paradex.transport.reconnect import Backoff
from tests.integration.bad_answers import BAD_ANSWERS
from tests.integration.execution_world import (
    MARKET,
    World,
    loopback_transport,
    open_world,
)
from tests.integration.held_requests import HeldRequests
from tests.integration.still_loop import StillLoop

IS_SEARCH: Final = "PARADEX_NT_EXAMPLES" in os.environ
EXAMPLES: Final = int(os.environ.get("PARADEX_NT_EXAMPLES", "30"))
STEPS: Final = 30
UNIT: Final = Decimal("0.001")
MAX_ORDERS: Final = 3
MAX_CUTS: Final = 2
BACKOFF_SECS: Final = 0.1
A_MOMENT_SECS: Final = 0.002
DECISION_MS: Final = 5  # between the venue's answer and its decision

REFUSED_COMMANDS: Final = ("OrderCancelRejected", "OrderModifyRejected")

anyone = st.integers(0, 7)
bad_answers = st.sampled_from(sorted(BAD_ANSWERS))


class Schedule(RuleBasedStateMachine):
    """A client in the real engine, and everything that can come between it and the venue."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = StillLoop()
        self.orders: list[Order] = []
        self.frames: list[Message] = []
        self.cuts = 0
        self.is_holding = True
        self.started_us = int(time.time()) * 1_000_000

    @initialize(private_sbe=st.booleans(), last_first=st.booleans())
    def open(self, private_sbe: bool, last_first: bool) -> None:
        self.last_first = last_first
        self.stack = AsyncExitStack()
        self.stack.enter_context(patch.object(time, "monotonic", self.loop.time))
        # The only dice that the client throws here: how long it waits before it connects again.
        self.stack.enter_context(patch.object(Backoff, "next_delay", lambda _: BACKOFF_SECS))
        self.loop.complete(self._open(private_sbe))

    async def _open(self, private_sbe: bool) -> None:
        self.requests = HeldRequests(loopback_transport())
        config = DevnetConfig(
            port=0,
            synthetic=False,
            past_hours=0,
            private_sbe=private_sbe,
            order_delay_ms=DECISION_MS,
        )
        self.world: World = await self.stack.enter_async_context(
            open_world(
                config,
                now_us=lambda: self.started_us + int(self.loop.time() * 1e6),
                transport=self.requests,
                recv_window_ms=5_000,
                http_timeout_secs=2.0,
            )
        )
        self.price = self.world.around("0")
        self.higher = self.world.around("0.0005")
        await self.world.counterparty.place("SELL", "0.00300", self.higher)
        self.orders.append(await self.world.resting(OrderSide.BUY, "0.00500", self.price))
        self.take = self.world.client._stream.take
        self.world.client._stream.take = self.hold_back
        self.requests.hold()

    def hold_back(self, message: Message) -> None:
        if self.is_holding:
            self.frames.append(message)
        else:
            self.take(message)

    # -- The strategy ----------------------------------------------------------------------------

    @precondition(lambda self: len(self.orders) < MAX_ORDERS)
    @rule(units=st.integers(1, 5), crosses=st.booleans())
    def submit(self, units: int, crosses: bool) -> None:
        price = self.higher if crosses else self.price
        order = self.world.limit(OrderSide.BUY, f"{units * UNIT:.5f}", price)
        self.orders.append(self.world.submit(order))
        self.loop.pass_time(A_MOMENT_SECS)

    @precondition(lambda self: self.modifiable)
    @rule(number=anyone, units=st.integers(1, 8), raises_price=st.booleans())
    def modify(self, number: int, units: int, raises_price: bool) -> None:
        price = self.higher if raises_price else None
        order = one_of(self.modifiable, number)
        self.world.modify(order, size=f"{units * UNIT:.5f}", price=price)
        self.loop.pass_time(A_MOMENT_SECS)

    @precondition(lambda self: self.cancelable)
    @rule(number=anyone)
    def cancel(self, number: int) -> None:
        self.world.cancel(one_of(self.cancelable, number))
        self.loop.pass_time(A_MOMENT_SECS)

    @property
    def cancelable(self) -> list[Order]:
        return [o for o in self.orders if not o.is_closed and not o.is_pending_cancel]

    @property
    def modifiable(self) -> list[Order]:
        return [order for order in self.cancelable if order.is_open]

    # -- The venue, and the way there ------------------------------------------------------------

    @rule(units=st.integers(1, 4))
    def trade(self, units: int) -> None:
        place = self.world.counterparty.place
        self.loop.complete(place("SELL", f"{units * UNIT:.5f}", self.price, instruction="IOC"))
        self.loop.pass_time(DECISION_MS / 1_000)

    @precondition(lambda self: self.requests.waiting)
    @rule(number=anyone)
    def move_request(self, number: int) -> None:
        self.requests.move(one_of(self.requests.waiting, number))
        self.loop.pass_time(A_MOMENT_SECS)

    @precondition(lambda self: self.requests.waiting)
    @rule(number=anyone, bad=bad_answers, fate=st.sampled_from(["late", "late", "never"]))
    def lose_answer(self, number: int, bad: str, fate: str) -> None:
        """Leave the client without an answer; what was still under way arrives late, or never."""
        lose = self.requests.lose if fate == "late" else self.requests.drop
        lose(one_of(self.requests.waiting, number), BAD_ANSWERS[bad])
        self.loop.pass_time(A_MOMENT_SECS)

    @precondition(lambda self: self.frames)
    @rule(number=anyone, comes_again=st.booleans())
    def deliver(self, number: int, comes_again: bool) -> None:
        frame = one_of(self.frames, number)
        self.take(frame)
        if not comes_again:
            self.frames.remove(frame)
        self.loop.pass_time(A_MOMENT_SECS)

    @rule(last_first=st.booleans())
    def flow(self, last_first: bool) -> None:
        """All that waits for its turn has it: requests arrive, the venue decides and answers."""
        for _ in ("arrive", "answered"):
            for held in list(self.requests.waiting):
                self.requests.move(held)
            self.loop.pass_time(DECISION_MS / 1_000)
        frames, self.frames = self.frames, []
        for frame in reversed(frames) if last_first else frames:
            self.take(frame)
        self.loop.pass_time(A_MOMENT_SECS)

    @precondition(lambda self: self.cuts < MAX_CUTS and self.orders)
    @rule()
    def cut_off(self) -> None:
        """The connection ends, and with it the messages that were on their way."""
        self.cuts += 1
        self.world.server.sockets.drop_all()
        self.loop.settle()
        self.frames.clear()

    @rule(ms=st.sampled_from([DECISION_MS, 300, 1_000, 2_500]))
    def wait(self, ms: int) -> None:
        self.loop.pass_time(ms / 1_000)

    # -- The end ---------------------------------------------------------------------------------

    def teardown(self) -> None:
        try:
            self.let_through()
            self.loop.until(self.is_settled, step_secs=0.1)
            self.loop.complete(self.world.second_screen.http.cancel_all_orders(MARKET))
            self.loop.until(self.is_calm, step_secs=0.1)
            self.compare()
        finally:
            self.loop.complete(self.stack.aclose())
            self.loop.close()

    def let_through(self) -> None:
        self.is_holding = False
        self.requests.let_through()
        for frame in reversed(self.frames) if self.last_first else self.frames:
            self.take(frame)

    def is_settled(self) -> bool:
        """No order waits for an answer; as the engine does, those that do are asked for."""
        if not self.world.client.websocket.is_connected:
            return False
        waiting = [order for order in self.orders if order.is_inflight]
        for order in waiting:
            self.world.query(order)
        return not waiting

    def is_calm(self) -> bool:
        known = [fill["id"] for fill in self.world.ledger()["fills"]]
        has_fills = set(known) <= {fill.trade_id.value for fill in self.fills}
        balance = Decimal(self.world.ledger()["balances"]["USDC"])
        return (
            all(order.is_closed for order in self.orders)
            and has_fills
            and self.world.balance("USDC") == balance
        )

    def compare(self) -> None:
        ledger = self.world.ledger()
        fees = {fill["id"]: Decimal(fill["fee"]) for fill in ledger["fills"]}
        assert sorted(fill.trade_id.value for fill in self.fills) == sorted(fees)
        assert {f.trade_id.value: f.commission.as_decimal() for f in self.fills} == fees
        assert self.world.net_position == sum(Decimal(p["size"]) for p in ledger["positions"])
        for order in self.orders:
            self.compare_order(order, self.world.venue_order(order))

    def compare_order(self, order: Order, placed: dict[str, Any] | None) -> None:
        story = [name for name in self.world.story(order) if name not in REFUSED_COMMANDS]
        if placed is None:
            assert story == ["OrderSubmitted", "OrderRejected"]
            return
        size, remaining = Decimal(placed["size"]), Decimal(placed["remaining_size"])
        assert order.venue_order_id.value == placed["id"]
        assert order.filled_qty.as_decimal() == size - remaining
        assert order.quantity.as_decimal() == size
        assert order.price.as_decimal() == Decimal(placed["price"])
        assert order.status == (OrderStatus.CANCELED if remaining else OrderStatus.FILLED)
        assert story[:2] == ["OrderSubmitted", "OrderAccepted"]
        assert story.count("OrderAccepted") == 1
        assert story.count("OrderCanceled") == bool(remaining)
        assert "OrderRejected" not in story

    # -- Parts -----------------------------------------------------------------------------------

    @property
    def fills(self) -> list[OrderFilled]:
        return [event for event in self.world.events if isinstance(event, OrderFilled)]


def one_of[T](candidates: list[T], number: int) -> T:
    return candidates[number % len(candidates)]


TestGeneratedSchedules = Schedule.TestCase
TestGeneratedSchedules.settings = settings(
    max_examples=EXAMPLES,
    stateful_step_count=STEPS,
    deadline=None,
    derandomize=not IS_SEARCH,
    database=None,
    phases=(Phase.generate, Phase.shrink) if IS_SEARCH else (Phase.generate,),
    suppress_health_check=list(HealthCheck),
)
