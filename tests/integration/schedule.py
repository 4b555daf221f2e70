"""A world in which every request, answer and message waits until a schedule lets it go.

Not a test module. `Schedule` is the part of a state machine (hypothesis) that all schedules share:
the connection, what comes between the client and the venue, and the comparison with the venue's
books at the end. What the strategy asks for, its subclasses say. Time stands still but for what a
schedule lets pass, so that one that fails does so again.

``PARADEX_NT_EXAMPLES=1000`` makes more schedules, other ones each time.
"""

import os
import time
from contextlib import AsyncExitStack
from decimal import Decimal
from typing import Any, ClassVar, Final
from unittest.mock import patch

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.orders import Order

from nautilus_paradex.devnet.config import DevnetConfig
from nautilus_paradex.protocol.json_feed import Message
from nautilus_paradex.transport.reconnect import Backoff
from tests.integration.bad_answers import BAD_ANSWERS
from tests.integration.books import compare_books, fills_of
from tests.integration.execution_world import MARKET, World, loopback_transport, open_world
from tests.integration.held_calls import HeldCall, HeldCalls
from tests.integration.held_requests import HeldRequest, HeldRequests
from tests.integration.still_loop import StillLoop

__all__ = [
    "A_MOMENT_SECS",
    "CONNECTIONS",
    "DECISION_MS",
    "UNIT",
    "Schedule",
    "anyone",
    "one_of",
    "schedule_settings",
    "sides",
    "size_of",
]

IS_SEARCH: Final = "PARADEX_NT_EXAMPLES" in os.environ
UNIT: Final = Decimal("0.001")
MAX_CUTS: Final = 2
BACKOFF_SECS: Final = 0.1
A_MOMENT_SECS: Final = 0.002
DECISION_MS: Final = 5  # between the venue's answer and its decision
QUERY_SECS: Final = 2.0
TOKEN_SECS: Final = (300, 8)  # the short one expires again and again, at any moment

anyone = st.integers(0, 7)
bad_answers = st.sampled_from(sorted(BAD_ANSWERS))
sides = st.sampled_from([OrderSide.BUY, OrderSide.SELL])
mark_offsets = st.sampled_from(["-0.01", "0", "0.01"])

CONNECTIONS: Final[dict[str, st.SearchStrategy[Any]]] = {
    "order_route": st.sampled_from(["rest", "ws"]),
    "private_sbe": st.booleans(),
    "token_secs": st.sampled_from(TOKEN_SECS),
    "last_first": st.booleans(),
}
"""What `Schedule.open` draws."""

type Held = tuple[HeldRequests, HeldRequest] | tuple[HeldCalls, HeldCall]


class Schedule(RuleBasedStateMachine):
    """
    A client in the real engine, and everything that can come between it and the venue.

    `reach` is how far from the mark price the counterparty's trades go.
    """

    reach: ClassVar[str] = "0"

    def __init__(self) -> None:
        super().__init__()
        self.loop = StillLoop()
        self.orders: list[Order] = []
        self.frames: list[Message] = []
        self.cuts = 0
        self.asked_at = 0.0
        self.is_holding = True
        self.started_us = int(time.time()) * 1_000_000

    @initialize(**CONNECTIONS)
    def open(self, order_route: str, private_sbe: bool, token_secs: int, last_first: bool) -> None:
        self.last_first = last_first
        self.stack = AsyncExitStack()
        self.stack.enter_context(patch.object(time, "monotonic", self.loop.time))
        # The only dice that the client throws here: how long it waits before it connects again.
        self.stack.enter_context(patch.object(Backoff, "next_delay", lambda _: BACKOFF_SECS))
        config = DevnetConfig(
            port=0,
            synthetic=False,
            past_hours=0,
            private_sbe=private_sbe,
            jwt_ttl_secs=token_secs,
            order_delay_ms=DECISION_MS,
        )
        self.loop.complete(self._open(config, order_route))

    async def _open(self, config: DevnetConfig, order_route: str) -> None:
        self.requests = HeldRequests(loopback_transport())
        self.world: World = await self.stack.enter_async_context(
            open_world(
                config,
                change=self._stand_between,
                now_us=lambda: self.started_us + int(self.loop.time() * 1e6),
                transport=self.requests,
                order_route=order_route,
                recv_window_ms=5_000,
                http_timeout_secs=2.0,
            )
        )
        await self.begin()
        self.take = self.world.client._stream.take
        self.world.client._stream.take = self._hold_back  # type: ignore[method-assign]
        self.requests.hold()
        self.calls.hold()

    async def begin(self) -> None:
        """Set the scene, before anything is held back."""

    def _stand_between(self, world: World) -> None:
        self.calls = HeldCalls(world.server)

    def _hold_back(self, message: Message) -> None:
        if self.is_holding:
            self.frames.append(message)
        else:
            self.take(message)

    # -- The strategy ----------------------------------------------------------------------------

    @precondition(lambda self: self.cancelable and self.may_cancel)
    @rule(number=anyone)
    def cancel(self, number: int) -> None:
        order = one_of(self.cancelable, number)
        self.before_cancel([order])
        self.world.cancel(order)
        self.loop.pass_time(A_MOMENT_SECS)

    @precondition(lambda self: self.may_cancel)
    @rule(side=st.sampled_from([OrderSide.NO_ORDER_SIDE, OrderSide.BUY, OrderSide.SELL]))
    def cancel_all(self, side: OrderSide) -> None:
        self.before_cancel([order for order in self.orders if side in (0, order.side)])
        self.world.cancel_all("S-001", side)
        self.loop.pass_time(A_MOMENT_SECS)

    @precondition(lambda self: len(self.cancelable) > 1 and self.may_cancel)
    @rule(number=anyone)
    def cancel_batch(self, number: int) -> None:
        orders = self.cancelable[number % 2 :]
        self.before_cancel(orders)
        self.world.cancel_batch(*orders)
        self.loop.pass_time(A_MOMENT_SECS)

    def before_cancel(self, orders: list[Order]) -> None:
        """Take note of what is about to be cancelled, here or elsewhere."""

    @property
    def may_cancel(self) -> bool:
        """Whether anything may be cancelled at this point of a schedule."""
        return True

    @property
    def cancelable(self) -> list[Order]:
        return [o for o in self.orders if not o.is_closed and not o.is_pending_cancel]

    # -- The venue, and the way there ------------------------------------------------------------

    @rule(side=sides, units=st.integers(1, 4))
    def trade(self, side: OrderSide, units: int) -> None:
        """The counterparty takes what rests within its reach."""
        self.quote(side, units, self.reach if side == OrderSide.BUY else f"-{self.reach}", "IOC")

    @rule(offset=mark_offsets)
    def move_mark(self, offset: str) -> None:
        self.world.move(offset)
        self.loop.pass_time(A_MOMENT_SECS)

    @precondition(lambda self: self.may_cancel)
    @rule(number=anyone)
    def cancel_elsewhere(self, number: int) -> None:
        """Somebody at another screen cancels one of the account's orders."""
        alive = [placed for placed in self.world.ledger()["orders"] if is_alive(placed)]
        if alive:
            placed = one_of(alive, number)
            client_id = placed["client_id"]
            self.before_cancel([o for o in self.orders if o.client_order_id.value == client_id])
            self.loop.complete(self.world.second_screen.http.cancel_order(placed["id"]))

    @precondition(lambda self: self.waiting)
    @rule(number=anyone)
    def move_request(self, number: int) -> None:
        holder, held = one_of(self.waiting, number)
        holder.move(held)
        self.loop.pass_time(A_MOMENT_SECS)

    @precondition(lambda self: self.waiting)
    @rule(number=anyone, how=bad_answers, fate=st.sampled_from(["late", "late", "never"]))
    def lose_answer(self, number: int, how: str, fate: str) -> None:
        """Leave the client without an answer; what was still under way arrives late, or never."""
        holder, held = one_of(self.waiting, number)
        lose = holder.lose if fate == "late" else holder.drop
        lose(held, how)
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
            for holder, held in self.waiting:
                holder.move(held)
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
            self.loop.until(lambda: self.is_in_step() and self.is_settled(), step_secs=0.1)
            self.loop.complete(self.world.second_screen.http.cancel_all_orders(MARKET))
            self.loop.until(self.is_calm, step_secs=0.1)
            self.compare()
        except AssertionError as exc:
            exc.add_note(self.describe())
            raise
        finally:
            self.loop.complete(self.stack.aclose())
            self.loop.close()

    def let_through(self) -> None:
        self.is_holding = False
        self.requests.let_through()
        self.calls.let_through()
        for frame in reversed(self.frames) if self.last_first else self.frames:
            self.take(frame)

    def is_settled(self) -> bool:
        """
        Whether no order waits for an answer, and both sides have the same open orders and fills.

        As the engine does, orders that wait are asked for now and then.
        """
        if not self.world.client.websocket.is_connected:
            return False
        waiting = [order for order in self.orders if order.is_inflight]
        if self.loop.time() >= self.asked_at + QUERY_SECS:
            self.asked_at = self.loop.time()
            for order in waiting:
                self.world.query(order)
        return not waiting and self.open_here() == self.open_there() and self.has_fills()

    def open_here(self) -> set[str]:
        return {order.client_order_id.value for order in self.orders if order.is_open}

    def open_there(self) -> set[str]:
        return {order["client_id"] for order in self.world.ledger()["orders"] if is_alive(order)}

    def is_in_step(self) -> bool:
        """Whether all fits together that has to while orders are still open."""
        return True

    def has_fills(self) -> bool:
        made = {fill["id"] for fill in self.world.ledger()["fills"]}
        return made <= {fill.trade_id.value for fill in fills_of(self.world)}

    def is_calm(self) -> bool:
        balance = Decimal(self.world.ledger()["balances"]["USDC"])
        return (
            all(order.is_closed for order in self.orders)
            and self.has_fills()
            and self.world.balance("USDC") == balance
        )

    def compare(self) -> None:
        assert all(order.is_closed for order in self.orders)
        compare_books(self.world, self.orders)

    def describe(self) -> str:
        """Return both sides' view of every order, for whoever has to find out what went wrong."""
        sides_of = [(order, self.world.venue_order(order)) for order in self.orders]
        ledger = self.world.ledger()
        return "\n".join(
            [
                *(f"{order!r}\n  {self.world.story(order)}\n  {at}" for order, at in sides_of),
                f"{self.world.balance('USDC')} USDC, at the venue {ledger['balances']}",
                f"{fills_of(self.world)}, at the venue {ledger['fills']}",
            ]
        )

    # -- Parts -----------------------------------------------------------------------------------

    def quote(self, side: OrderSide, units: int, level: str, instruction: str) -> None:
        """The counterparty places a limit order."""
        place = self.world.counterparty.place
        price = self.world.around(level)
        self.loop.complete(place(side.name, size_of(units), price, instruction=instruction))
        self.loop.pass_time(DECISION_MS / 1_000)

    @property
    def waiting(self) -> list[Held]:
        """What is on its way to the venue, or back."""
        return [
            *((self.requests, held) for held in self.requests.waiting),
            *((self.calls, held) for held in self.calls.waiting),
        ]


def schedule_settings(examples: int, steps: int) -> settings:
    """Return how many schedules of how many steps are made, unless the environment wants more."""
    return settings(
        max_examples=int(os.environ.get("PARADEX_NT_EXAMPLES", examples)),
        stateful_step_count=steps,
        deadline=None,
        derandomize=not IS_SEARCH,
        database=None,
        phases=(Phase.generate, Phase.shrink) if IS_SEARCH else (Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )


def is_alive(placed: dict[str, Any]) -> bool:
    """Whether an order of the ledger may still be filled."""
    return placed["status"] != "CLOSED"


def one_of[T](candidates: list[T], number: int) -> T:
    return candidates[number % len(candidates)]


def size_of(units: int) -> str:
    return f"{units * UNIT:.5f}"
