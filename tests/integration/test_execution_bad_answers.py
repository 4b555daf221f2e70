"""Cases TC-E74 to TC-E78 with answers that no server would give, before and after the venue acted.

Whatever comes back, or does not, an order that the venue has is not told to have failed, one that
it has not ends as rejected, and a change or cancel without effect leaves the order as it was.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.messages import SubmitOrderList
from nautilus_trader.model.enums import OrderSide, OrderStatus
from nautilus_trader.model.orders import Order

from nautilus_paradex.devnet.config import DevnetConfig
from nautilus_paradex.protocol.enums import RpcErrorCode
from tests.integration.bad_answers import BAD_ANSWERS, BadAnswers
from tests.integration.execution_world import (
    TRADER_ID,
    World,
    loopback_transport,
    lose_patience,
    open_world,
)
from tests.support import eventually

ORDERS = "/v1/orders"
ASK_EVERY_SECS = 0.5
BATCH = "/v1/orders/batch"
RESTING = ["OrderSubmitted", "OrderAccepted"]
CONFIG = DevnetConfig(port=0, synthetic=False, past_hours=0)
SOCKET_ANSWERS = {"timeout": None, "internal_error": RpcErrorCode.INTERNAL_ERROR}

every_answer = pytest.mark.parametrize("how", ["timeout", *BAD_ANSWERS])
every_socket_answer = pytest.mark.parametrize("how", SOCKET_ANSWERS)


class Spoiled:
    """A world whose next answer to a command can be spoiled, over REST or over the socket."""

    def __init__(self, world: World, answers: BadAnswers) -> None:
        self.world = world
        self.answers = answers

    async def socket(self, method: str, how: str, *, is_executed: bool) -> None:
        if how == "timeout":
            lose_patience(self.world)
        fault: dict[str, object] = {"kind": "socket_reply", "method": method, "after": is_executed}
        code = SOCKET_ANSWERS[how]
        await self.world.fault(**fault, **({} if code is None else {"code": code}))

    async def resting(self) -> Order:
        return await self.world.resting(OrderSide.BUY, "0.01000", self.world.around("-0.01"))

    def submit(self) -> Order:
        price = self.world.around("-0.01")
        return self.world.submit(self.world.limit(OrderSide.BUY, "0.01000", price))

    def submit_list(self, count: int) -> list[Order]:
        """Submit several orders at once, as a strategy does with a list."""
        world = self.world
        price = world.around("-0.01")
        orders = [world.limit(OrderSide.BUY, "0.01000", price) for _ in range(count)]
        order_list = world.orders.create_list(orders)
        for order in orders:
            world.cache.add_order(order)
        world.engine.execute(
            SubmitOrderList(
                trader_id=TRADER_ID,
                strategy_id=orders[0].strategy_id,
                order_list=order_list,
                command_id=UUID4(),
                ts_init=world.clock.timestamp_ns(),
            )
        )
        return orders

    async def asked_until(self, orders: Sequence[Order], status: OrderStatus) -> None:
        """Ask for orders, as the engine does now and then while they wait, until they go on."""
        asked_at = -ASK_EVERY_SECS

        def have_gone_on() -> bool:
            nonlocal asked_at
            waiting = [order for order in orders if order.status != status]
            now = asyncio.get_running_loop().time()
            if now - asked_at >= ASK_EVERY_SECS:
                asked_at = now
                for order in waiting:
                    self.world.query(order)
            return not waiting

        await eventually(have_gone_on)

    def check_submitted(self, orders: Sequence[Order], *, is_executed: bool) -> None:
        for order in orders:
            placed = self.world.venue_order(order)
            if is_executed:
                assert self.world.story(order) == RESTING
                assert placed is not None
                assert order.venue_order_id.value == placed["id"]
            else:
                assert self.world.story(order) == ["OrderSubmitted", "OrderRejected"]
                assert order.last_event.reason.startswith("NOT_ACCEPTED: ")
                assert placed is None


@pytest.fixture
async def spoiled(
    request: pytest.FixtureRequest, no_late_arrivals: None, no_late_effects: None
) -> AsyncIterator[Spoiled]:
    answers = BadAnswers(loopback_transport(), is_cut_short=True)
    route = getattr(request, "param", "rest")
    async with open_world(CONFIG, transport=answers, order_route=route) as world:
        yield Spoiled(world, answers)


over_socket = pytest.mark.parametrize("spoiled", ["ws"], indirect=True)
executed_or_not = pytest.mark.parametrize("is_executed", [True, False], ids=["after", "before"])


# -- Over REST -------------------------------------------------------------------------------------


@every_answer
@executed_or_not
async def test_tc_e74_submit(spoiled: Spoiled, how: str, is_executed: bool) -> None:
    spoiled.answers.spoil("POST", ORDERS, how=how, is_executed=is_executed)
    order = spoiled.submit()
    await eventually(lambda: order.is_open or order.is_closed)
    assert spoiled.answers.spoiled == 1
    spoiled.check_submitted([order], is_executed=is_executed)


@every_answer
@executed_or_not
async def test_tc_e74_submit_of_a_list(spoiled: Spoiled, how: str, is_executed: bool) -> None:
    spoiled.answers.spoil("POST", ORDERS, BATCH, how=how, is_executed=is_executed)
    orders = spoiled.submit_list(3)
    await eventually(lambda: all(order.is_open or order.is_closed for order in orders))
    lost = [order for order in orders if spoiled.world.venue_order(order) is None]
    assert spoiled.answers.spoiled == 1
    assert bool(lost) is not is_executed
    spoiled.check_submitted([o for o in orders if o not in lost], is_executed=True)
    spoiled.check_submitted(lost, is_executed=False)


@every_answer
@executed_or_not
async def test_tc_e75_cancel(spoiled: Spoiled, how: str, is_executed: bool) -> None:
    order = await spoiled.resting()
    spoiled.answers.spoil(
        "DELETE", f"{ORDERS}/{order.venue_order_id}", how=how, is_executed=is_executed
    )
    spoiled.world.cancel(order)
    await spoiled.asked_until(
        [order], OrderStatus.CANCELED if is_executed else OrderStatus.ACCEPTED
    )
    assert spoiled.answers.spoiled == 1
    assert spoiled.world.story(order) == [
        *RESTING,
        "OrderCanceled" if is_executed else "OrderCancelRejected",
    ]


@every_answer
@executed_or_not
async def test_tc_e76_modify(spoiled: Spoiled, how: str, is_executed: bool) -> None:
    order = await spoiled.resting()
    spoiled.answers.spoil(
        "PUT", f"{ORDERS}/{order.venue_order_id}", how=how, is_executed=is_executed
    )
    spoiled.world.modify(order, size="0.02000")
    await spoiled.asked_until([order], OrderStatus.ACCEPTED)
    assert spoiled.answers.spoiled == 1
    assert str(order.quantity) == ("0.02000" if is_executed else "0.01000")
    assert spoiled.world.story(order) == [
        *RESTING,
        "OrderUpdated" if is_executed else "OrderModifyRejected",
    ]


@every_answer
@executed_or_not
async def test_tc_e77_batch_cancel(spoiled: Spoiled, how: str, is_executed: bool) -> None:
    orders = [await spoiled.resting() for _ in range(3)]
    spoiled.answers.spoil("DELETE", BATCH, how=how, is_executed=is_executed)
    spoiled.world.cancel_batch(*orders)
    await spoiled.asked_until(orders, OrderStatus.CANCELED if is_executed else OrderStatus.ACCEPTED)
    assert spoiled.answers.spoiled == 1
    end = "OrderCanceled" if is_executed else "OrderCancelRejected"
    assert all(spoiled.world.story(order) == [*RESTING, end] for order in orders)


@every_answer
@executed_or_not
async def test_tc_e78_batch_cancel_of_which_one_was_closed_before(
    spoiled: Spoiled, how: str, is_executed: bool
) -> None:
    gone, *rest = [await spoiled.resting() for _ in range(3)]
    spoiled.world.cancel(gone)
    await eventually(lambda: gone.is_closed)
    spoiled.answers.spoil("DELETE", BATCH, how=how, is_executed=is_executed)
    spoiled.world.cancel_batch(gone, *rest)
    await spoiled.asked_until(rest, OrderStatus.CANCELED if is_executed else OrderStatus.ACCEPTED)
    assert spoiled.answers.spoiled == 1
    # The answer would have refused the one; without it, nothing is told of that.
    assert spoiled.world.story(gone) == [*RESTING, "OrderCanceled"]
    end = "OrderCanceled" if is_executed else "OrderCancelRejected"
    assert all(spoiled.world.story(order) == [*RESTING, end] for order in rest)


# -- Over the private socket -----------------------------------------------------------------------


@over_socket
@every_socket_answer
@executed_or_not
async def test_tc_e74_submit_over_the_socket(spoiled: Spoiled, how: str, is_executed: bool) -> None:
    await spoiled.socket("order.create", how, is_executed=is_executed)
    order = spoiled.submit()
    await eventually(lambda: order.is_open or order.is_closed)
    spoiled.check_submitted([order], is_executed=is_executed)


@over_socket
@every_socket_answer
@executed_or_not
async def test_tc_e75_cancel_over_the_socket(spoiled: Spoiled, how: str, is_executed: bool) -> None:
    order = await spoiled.resting()
    await spoiled.socket("order.cancel", how, is_executed=is_executed)
    spoiled.world.cancel(order)
    await spoiled.asked_until(
        [order], OrderStatus.CANCELED if is_executed else OrderStatus.ACCEPTED
    )
    end = "OrderCanceled" if is_executed else "OrderCancelRejected"
    assert spoiled.world.story(order) == [*RESTING, end]


@over_socket
@every_socket_answer
@executed_or_not
async def test_tc_e76_modify_over_the_socket(spoiled: Spoiled, how: str, is_executed: bool) -> None:
    order = await spoiled.resting()
    await spoiled.socket("order.modify", how, is_executed=is_executed)
    spoiled.world.modify(order, size="0.02000")
    await spoiled.asked_until([order], OrderStatus.ACCEPTED)
    end = "OrderUpdated" if is_executed else "OrderModifyRejected"
    assert spoiled.world.story(order) == [*RESTING, end]


@over_socket
@every_socket_answer
@executed_or_not
async def test_tc_e77_batch_cancel_over_the_socket(
    spoiled: Spoiled, how: str, is_executed: bool
) -> None:
    orders = [await spoiled.resting() for _ in range(3)]
    await spoiled.socket("order.cancel_batch", how, is_executed=is_executed)
    spoiled.world.cancel_batch(*orders)
    await spoiled.asked_until(orders, OrderStatus.CANCELED if is_executed else OrderStatus.ACCEPTED)
    end = "OrderCanceled" if is_executed else "OrderCancelRejected"
    assert all(spoiled.world.story(order) == [*RESTING, end] for order in orders)
