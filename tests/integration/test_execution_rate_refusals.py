"""What the venue refuses for its rate was not acted upon: it is sent again, on either way to it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest
from nautilus_trader.model.enums import OrderSide, OrderStatus
from nautilus_trader.model.identifiers import OrderListId
from nautilus_trader.model.orders import Order, OrderList

from nautilus_paradex.devnet.config import DevnetConfig, RateLimits
from nautilus_paradex.protocol.enums import RpcErrorCode
from nautilus_paradex.protocol.rpc import Response
from tests.integration.execution_world import World, open_world
from tests.support import eventually

BUY = OrderSide.BUY
CONFIG = DevnetConfig(port=0, synthetic=False, past_hours=0)
ROUTES = pytest.mark.parametrize("route", ["rest", "ws"])


async def submit(world: World) -> list[Order]:
    return [world.submit(world.limit(BUY, "0.01000", world.around("-0.01")))]


async def submit_batch(world: World) -> list[Order]:
    orders = [world.limit(BUY, "0.01000", world.around("-0.01")) for _ in range(3)]
    world.submit_list(OrderList(OrderListId("OL-1"), orders))
    return orders


async def modify(world: World) -> list[Order]:
    order = await world.resting(BUY, "0.01000", world.around("-0.01"))
    world.modify(order, size="0.02000")
    return [order]


async def cancel(world: World) -> list[Order]:
    order = await world.resting(BUY, "0.01000", world.around("-0.01"))
    world.cancel(order)
    return [order]


async def cancel_batch(world: World) -> list[Order]:
    orders = [await world.resting(BUY, "0.01000", world.around("-0.01")) for _ in range(3)]
    world.cancel_batch(*orders)
    return orders


async def cancel_market(world: World) -> list[Order]:
    order = await world.resting(BUY, "0.01000", world.around("-0.01"))
    world.cancel_all("S-001", params={"all": True})
    return [order]


@dataclass(frozen=True, slots=True)
class Command:
    """A command on both ways, how it ends when it gets through, and when it does not."""

    give: Callable[[World], Awaitable[list[Order]]]
    http: tuple[str, str]
    rpc: str
    granted: str
    refused: str

    async def refuse(self, world: World, route: str, times: int) -> None:
        """Have the venue refuse the next of these commands for their rate."""
        method, path = self.http
        over_rest = {"kind": "http_status", "method": method, "path": path, "status": 429}
        over_socket = {
            "kind": "socket_reply",
            "method": self.rpc,
            "code": int(RpcErrorCode.RATE_LIMITED),
        }
        await world.fault(**{"rest": over_rest, "ws": over_socket}[route], times=times)


COMMANDS = pytest.mark.parametrize(
    "command",
    [
        pytest.param(Command(give, http, rpc, granted, refused), id=rpc)
        for give, http, rpc, granted, refused in [
            (submit, ("POST", "/v1/orders"), "order.create", "OrderAccepted", "OrderRejected"),
            (
                submit_batch,
                ("POST", "/v1/orders/batch"),
                "order.create_batch",
                "OrderAccepted",
                "OrderRejected",
            ),
            (modify, ("PUT", "/v1/orders/"), "order.modify", "OrderUpdated", "OrderModifyRejected"),
            (
                cancel,
                ("DELETE", "/v1/orders/"),
                "order.cancel",
                "OrderCanceled",
                "OrderCancelRejected",
            ),
            (
                cancel_batch,
                ("DELETE", "/v1/orders/batch"),
                "order.cancel_batch",
                "OrderCanceled",
                "OrderCancelRejected",
            ),
            (
                cancel_market,
                ("DELETE", "/v1/orders"),
                "order.cancel_all",
                "OrderCanceled",
                "OrderCancelRejected",
            ),
        ]
    ],
)


@asynccontextmanager
async def patient_world(
    route: str, config: DevnetConfig = CONFIG, **settings: Any
) -> AsyncIterator[World]:
    settings = {"max_retries": 3, "retry_delay_initial_ms": 10} | settings
    async with open_world(config, order_route=route, **settings) as world:
        yield world


def at_venue(world: World, orders: list[Order]) -> list[tuple[str, str] | None]:
    found = [world.venue_order(order) for order in orders]
    return [order and (order["status"], order["size"]) for order in found]


@ROUTES
@COMMANDS
async def test_a_command_refused_for_its_rate_gets_through_later(
    command: Command, route: str
) -> None:
    async with patient_world(route) as world:
        await command.refuse(world, route, times=2)
        orders = await command.give(world)
        await eventually(lambda: all(world.story(o)[-1:] == [command.granted] for o in orders))

        assert not [name for order in orders for name in world.story(order) if "Rejected" in name]
        assert (world.http.metrics["rate_limited"], world.http.metrics["retries"]) == (2, 2)
        ids = [order["client_id"] for order in world.ledger()["orders"]]
        assert sorted(ids) == sorted(order.client_order_id.value for order in orders)


@ROUTES
@COMMANDS
async def test_a_command_refused_for_its_rate_too_often_is_refused_with_that_reason(
    command: Command, route: str
) -> None:
    async with patient_world(route) as world:
        await command.refuse(world, route, times=100)
        orders = await command.give(world)
        before = [(None if command.refused == "OrderRejected" else ("OPEN", "0.01"))] * len(orders)
        await eventually(lambda: all(world.story(o)[-1:] == [command.refused] for o in orders))

        assert all(order.last_event.reason.startswith("429: ") for order in orders)
        assert world.http.metrics["rate_limited"] == 4  # one try, and three more
        assert at_venue(world, orders) == before


@ROUTES
async def test_the_rate_limit_holds_back_after_a_refusal(route: str) -> None:
    async with patient_world(route) as world:
        assert world.http.order_room > 0.9
        await world.fault(kind="http_status", method="POST", path="/v1/orders", status=429)
        await world.fault(
            kind="socket_reply", method="order.create", code=RpcErrorCode.RATE_LIMITED
        )
        await world.resting(BUY, "0.01000", world.around("-0.01"))

        # The limit of a minute is empty since, and is full again a minute later.
        assert world.http.order_room < 0.5


@ROUTES
async def test_an_order_is_not_tried_beyond_its_receive_window(route: str) -> None:
    async with patient_world(route, max_retries=100, recv_window_ms=500) as world:
        command = Command(submit, ("POST", "/v1/orders"), "order.create", "", "")
        await command.refuse(world, route, times=1_000)
        (order,) = await command.give(world)
        await eventually(lambda: order.is_closed)

        assert world.story(order) == ["OrderSubmitted", "OrderRejected"]
        assert world.venue_order(order) is None


@ROUTES
async def test_a_burst_beyond_the_venues_limit_gets_through_all_the_same(route: str) -> None:
    config = replace(CONFIG, rate_limits=RateLimits(orders_per_second=2))
    settings = {"max_retries": 50, "retry_delay_max_ms": 500, "recv_window_ms": 30_000}
    async with patient_world(route, config, **settings) as world:
        price = world.around("-0.01")
        orders = [world.submit(world.limit(BUY, "0.00100", price)) for _ in range(6)]
        await eventually(lambda: all(order.is_open or order.is_closed for order in orders))

        assert {order.status for order in orders} == {OrderStatus.ACCEPTED}
        assert {order["status"] for order in world.ledger()["orders"]} == {"OPEN"}


async def test_a_cancel_refused_over_a_socket_that_is_lost_then_goes_over_rest() -> None:
    async with patient_world("ws") as world:
        order = await world.resting(BUY, "0.01000", world.around("-0.01"))
        socket = world.client.websocket
        request = socket.request

        async def request_and_lose(
            method: str, params: Mapping[str, object] | None = None
        ) -> Response:
            try:
                return await request(method, params)
            finally:
                await socket.close()

        socket.request = request_and_lose  # type: ignore[method-assign]
        await world.fault(
            kind="socket_reply", method="order.cancel", code=RpcErrorCode.RATE_LIMITED
        )
        world.cancel(order)
        await eventually(lambda: (world.venue_order(order) or {}).get("status") == "CLOSED")
        assert world.http.metrics["rate_limited"] == 1
