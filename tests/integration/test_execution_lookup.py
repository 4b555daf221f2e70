"""Answers of other forms than the devnet's, and none: what became of an order is found out."""

from collections.abc import Callable
from typing import Any

import httpx
import msgspec
import pytest
from nautilus_trader.model.enums import OrderSide, OrderStatus, OrderType

from nautilus_paradex.devnet.config import DevnetConfig
from tests.integration.execution_world import loopback_transport as loopback
from tests.integration.execution_world import open_world
from tests.integration.test_execution_requests import submit_list
from tests.support import eventually

BUY, SELL = OrderSide.BUY, OrderSide.SELL
CONFIG = DevnetConfig(port=0, synthetic=False, past_hours=0)

type Reply = dict[str, Any]


class OtherReplies(httpx.AsyncBaseTransport):
    """The venue with other replies about orders: `change` gets what was asked, and the body."""

    def __init__(self, change: Callable[[str, Reply], Reply | None]) -> None:
        self._inner = loopback()
        self._change = change

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self._inner.handle_async_request(request)
        content = await response.aread()
        if "/orders" not in request.url.path or response.is_error:
            return httpx.Response(response.status_code, content=content)
        asked = f"{request.method} {request.url.path}"
        body = self._change(asked, msgspec.json.decode(content))
        if body is None:
            return httpx.Response(404, json={"error": "CLIENT_ORDER_ID_NOT_FOUND", "message": ""})
        return httpx.Response(200, json=body)

    async def aclose(self) -> None:
        await self._inner.aclose()


def by_the_letter(asked: str, body: Reply) -> Reply | None:
    """By id only what is OPEN (openapi), in the history only what is closed."""
    if asked.startswith("GET /v1/orders/"):
        return body if body["status"] == "OPEN" else None
    if asked == "GET /v1/orders-history":
        body["results"] = [order for order in body["results"] if order["status"] == "CLOSED"]
    return body


def unborn(asked: str, body: Reply) -> Reply:
    """An order without the time of its creation."""
    return body | {"created_at": ""} if asked.startswith("GET /v1/orders/") else body


def without_nulls(asked: str, body: Reply) -> Reply:
    """A batch's lists hold only what there is."""
    if asked == "POST /v1/orders/batch":
        body = {name: [each for each in entries if each] for name, entries in body.items()}
    return body


def with_a_strange_order(asked: str, body: Reply) -> Reply:
    """The first order of a batch's reply cannot be read."""
    if asked == "POST /v1/orders/batch":
        body["orders"][0]["size"] = "a few"
    return body


def without_sizes(asked: str, body: Reply) -> Reply:
    """Closed orders say 0 for their sizes, as orders of the whole position may."""
    if asked == "GET /v1/orders-history":
        body["results"] = [o | {"size": "0", "remaining_size": "0"} for o in body["results"]]
    return body


@pytest.mark.parametrize("change", [by_the_letter, unborn])
async def test_a_stop_whose_answer_is_lost_with_the_streams_is_found_waiting(
    change: Callable[[str, Reply], Reply | None],
) -> None:
    async with open_world(CONFIG, transport=OtherReplies(change)) as world:
        await world.client.websocket.close()
        await world.fault(
            kind="http_status", path="/v1/orders", method="POST", status=503, after=True
        )
        order = world.submit(
            world.conditional(OrderType.STOP_MARKET, SELL, "0.01000", world.around("-0.01"))
        )
        await eventually(lambda: order.is_open or order.is_closed)
        assert order.status == OrderStatus.ACCEPTED


@pytest.mark.usefixtures("no_late_arrivals")
async def test_many_orders_whose_answers_are_lost_are_asked_for_together() -> None:
    lost = 30
    async with open_world(CONFIG) as world:
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


@pytest.mark.usefixtures("no_late_arrivals")
async def test_of_many_orders_whose_answers_are_lost_each_comes_to_its_own_end() -> None:
    async with open_world(CONFIG) as world:
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


@pytest.mark.parametrize("change", [without_nulls, with_a_strange_order])
async def test_each_order_of_a_batch_gets_its_own_verdict_whatever_form_the_reply_has(
    change: Callable[[str, Reply], Reply | None],
) -> None:
    async with open_world(CONFIG, transport=OtherReplies(change)) as world:
        price = world.around("-0.01")
        # The account is not among those that may place such orders (RPI).
        refused = world.limit(BUY, "0.01000", price, tags=["paradex:rpi"])
        first, last = (world.limit(BUY, "0.01000", price) for _ in range(2))
        submit_list(world, [first, refused, last])
        await eventually(lambda: first.is_open and last.is_open and refused.is_closed)
        assert refused.last_event.reason.startswith("RPI_ACCOUNT_NOT_WHITELISTED: ")
        assert len({first.venue_order_id, last.venue_order_id}) == 2


async def test_a_closed_order_that_tells_no_size_is_filled_by_its_fills() -> None:
    async with open_world(CONFIG, transport=OtherReplies(without_sizes)) as world:
        price = world.around("0")
        order = await world.resting(BUY, "0.01000", price)
        await world.client.websocket.close()
        await world.counterparty.place("SELL", "0.01000", price)
        await eventually(lambda: (world.venue_order(order) or {})["status"] == "CLOSED")
        world.query(order)
        await eventually(lambda: order.is_closed)
        assert world.story(order)[2:] == ["OrderFilled"]
