"""Looking for orders whose answers are lost: in every list of the venue, and for many at once."""

from collections.abc import Callable
from typing import Any

import httpx
import msgspec
import pytest
from nautilus_trader.model.enums import OrderSide, OrderStatus, OrderType

from nautilus_paradex.devnet.config import DevnetConfig
from tests.integration.execution_world import loopback_transport as loopback
from tests.integration.execution_world import open_world
from tests.support import eventually

BUY, SELL = OrderSide.BUY, OrderSide.SELL
CONFIG = DevnetConfig(port=0, synthetic=False, past_hours=0)

type Reply = dict[str, Any]


class OtherReplies(httpx.AsyncBaseTransport):
    """The venue with other replies to reads of orders: `change` gets path and body of each."""

    def __init__(self, change: Callable[[str, Reply], Reply | None]) -> None:
        self._inner = loopback()
        self._change = change

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self._inner.handle_async_request(request)
        content = await response.aread()
        if request.method != "GET" or "/orders" not in request.url.path or response.is_error:
            return httpx.Response(response.status_code, content=content)
        body = self._change(request.url.path, msgspec.json.decode(content))
        if body is None:
            return httpx.Response(404, json={"error": "CLIENT_ORDER_ID_NOT_FOUND", "message": ""})
        return httpx.Response(200, json=body)

    async def aclose(self) -> None:
        await self._inner.aclose()


def by_the_letter(path: str, body: Reply) -> Reply | None:
    """By id only what is OPEN (openapi), in the history only what is closed."""
    if path.startswith("/v1/orders/"):
        return body if body["status"] == "OPEN" else None
    if path == "/v1/orders-history":
        body["results"] = [order for order in body["results"] if order["status"] == "CLOSED"]
    return body


def unborn(path: str, body: Reply) -> Reply:
    """An order without the time of its creation."""
    return body | {"created_at": ""} if path.startswith("/v1/orders/") else body


@pytest.mark.parametrize("change", [by_the_letter, unborn])
async def test_a_stop_whose_answer_is_lost_with_the_streams_is_found_waiting(
    change: Callable[[str, Reply], Reply | None],
) -> None:
    async with open_world(CONFIG, transport=OtherReplies(change), recv_window_ms=100) as world:
        await world.client.websocket.close()
        await world.fault(
            kind="http_status", path="/v1/orders", method="POST", status=503, after=True
        )
        order = world.submit(
            world.conditional(OrderType.STOP_MARKET, SELL, "0.01000", world.around("-0.01"))
        )
        await eventually(lambda: order.is_open or order.is_closed)
        assert order.status == OrderStatus.ACCEPTED


async def test_many_orders_whose_answers_are_lost_are_asked_for_together() -> None:
    lost = 30
    async with open_world(CONFIG, recv_window_ms=100) as world:
        await world.fault(
            kind="http_status", path="/v1/orders", method="POST", status=503, times=lost
        )
        price = world.around("-0.01")
        orders = [world.submit(world.limit(BUY, "0.01000", price)) for _ in range(lost)]
        await eventually(lambda: world.http.metrics["unknown"] == lost)
        asked_before = world.http.metrics["requests"]
        await eventually(lambda: all(order.status == OrderStatus.REJECTED for order in orders))
        # One question for each, at least twice each, would be more than this.
        assert world.http.metrics["requests"] - asked_before < 2 * lost


async def test_of_many_orders_whose_answers_are_lost_each_comes_to_its_own_end() -> None:
    async with open_world(CONFIG, recv_window_ms=100) as world:
        await world.client.websocket.close()
        # Some arrive, the others never do.
        await world.fault(
            kind="http_status", path="/v1/orders", method="POST", status=503, times=3, after=True
        )
        await world.fault(kind="http_status", path="/v1/orders", method="POST", status=503, times=3)
        price = world.around("0")
        orders = [world.submit(world.limit(BUY, "0.01000", price)) for _ in range(6)]
        await eventually(lambda: world.http.metrics["unknown"] == 6)
        await eventually(lambda: not any(order.is_inflight for order in orders))
        for order in orders:
            placed = world.venue_order(order)
            assert order.status == (
                OrderStatus.REJECTED if placed is None else OrderStatus.ACCEPTED
            )
        assert sum(order.is_open for order in orders) == 3
