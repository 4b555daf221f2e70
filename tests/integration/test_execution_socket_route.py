"""Orders over the private socket end as those over REST do, whatever becomes of the answers."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import msgspec
import pytest
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.messages import BatchCancelOrders, CancelOrder
from nautilus_trader.model.enums import OrderSide, OrderStatus
from nautilus_trader.model.identifiers import OrderListId, StrategyId
from nautilus_trader.model.orders import OrderList

from nautilus_paradex.devnet.config import DevnetConfig
from nautilus_paradex.protocol.enums import RpcErrorCode
from nautilus_paradex.protocol.events import OrderEvent
from nautilus_paradex.protocol.rpc import Response
from tests.integration.execution_world import (
    INSTRUMENT_ID,
    TRADER_ID,
    World,
    lose_patience,
    open_world,
)
from tests.integration.test_execution_brackets import submit_list
from tests.support import KeptLog, eventually

BUY, SELL = OrderSide.BUY, OrderSide.SELL


@pytest.fixture
async def world() -> AsyncIterator[World]:
    config = DevnetConfig(port=0, synthetic=False, past_hours=0)
    async with open_world(config, order_route="ws") as world:
        yield world


async def lose_reply(world: World, method: str, **options: object) -> None:
    """Have the next answer to a method be another one (`code`), or none that the client awaits."""
    if "code" not in options:
        lose_patience(world)
    await world.fault(kind="socket_reply", method=method, **options)


async def test_orders_go_over_the_socket_and_not_over_rest(world: World) -> None:
    for method in ("POST", "PUT", "DELETE"):
        await world.fault(
            kind="http_status", path="/v1/orders", method=method, status=503, times=10
        )
    order = await world.resting(BUY, "0.01000", world.around("-0.01"))
    world.modify(order, size="0.02000")
    await eventually(lambda: str(order.quantity) == "0.02000")
    world.cancel(order)
    await eventually(lambda: order.is_closed)

    assert world.story(order) == [
        "OrderSubmitted",
        "OrderAccepted",
        "OrderUpdated",
        "OrderCanceled",
    ]


async def test_tc_e74_an_order_whose_answer_is_lost_is_not_rejected(world: World) -> None:
    await lose_reply(world, "order.create", after=True)
    order = await world.resting(BUY, "0.01000", world.around("-0.01"))

    assert world.story(order) == ["OrderSubmitted", "OrderAccepted"]


@pytest.mark.usefixtures("no_late_arrivals")
async def test_tc_e74_an_order_that_never_arrived_is_rejected_in_the_end(world: World) -> None:
    await lose_reply(world, "order.create")
    order = world.submit(world.limit(BUY, "0.01000", world.around("-0.01")))
    await eventually(lambda: order.is_closed)

    assert world.story(order) == ["OrderSubmitted", "OrderRejected"]
    assert world.venue_order(order) is None


async def test_tc_e74_an_internal_error_says_nothing_of_the_outcome(world: World) -> None:
    await lose_reply(world, "order.create", after=True, code=RpcErrorCode.INTERNAL_ERROR)
    order = await world.resting(BUY, "0.01000", world.around("-0.01"))

    assert world.story(order) == ["OrderSubmitted", "OrderAccepted"]


async def test_a_refusal_is_a_rejection_with_the_code_of_rest(world: World) -> None:
    world.server.exchange.system_status = "cancel_only"
    order = world.submit(world.limit(BUY, "0.01000", world.around("-0.01")))
    await eventually(lambda: order.is_closed)

    assert world.story(order) == ["OrderSubmitted", "OrderRejected"]
    assert "SYSTEM_STATUS_CANCEL_ONLY" in order.last_event.reason


async def test_a_refusal_without_a_code_is_a_rejection_too(world: World) -> None:
    await lose_reply(world, "order.create", code=RpcErrorCode.INVALID_PARAMS)
    order = world.submit(world.limit(BUY, "0.01000", world.around("-0.01")))
    await eventually(lambda: order.is_closed)

    assert world.story(order) == ["OrderSubmitted", "OrderRejected"]
    assert world.venue_order(order) is None


async def test_tc_e75_a_cancel_whose_answer_is_lost_is_not_refused(world: World) -> None:
    order = await world.resting(BUY, "0.01000", world.around("-0.01"))
    await lose_reply(world, "order.cancel", after=True)
    world.cancel(order)
    await eventually(lambda: order.is_closed)

    assert world.story(order) == ["OrderSubmitted", "OrderAccepted", "OrderCanceled"]


async def test_tc_e76_a_change_whose_answer_is_lost_is_told_by_the_stream(world: World) -> None:
    order = await world.resting(BUY, "0.01000", world.around("-0.01"))
    await lose_reply(world, "order.modify", after=True)
    world.modify(order, size="0.02000")
    await eventually(lambda: str(order.quantity) == "0.02000")

    assert world.story(order)[2:] == ["OrderUpdated"]


async def test_tc_e77_a_batch_cancel_whose_answer_is_lost_is_not_refused(world: World) -> None:
    orders = [await world.resting(BUY, "0.01000", world.around("-0.01")) for _ in range(3)]
    await lose_reply(world, "order.cancel_batch", after=True)
    world.engine.execute(
        BatchCancelOrders(
            trader_id=TRADER_ID,
            strategy_id=StrategyId("S-001"),
            instrument_id=INSTRUMENT_ID,
            cancels=[CancelOrder(**world.ids(order)) for order in orders],
            command_id=UUID4(),
            ts_init=world.clock.timestamp_ns(),
        )
    )
    await eventually(lambda: all(order.is_closed for order in orders))

    assert {order.status for order in orders} == {OrderStatus.CANCELED}


async def test_a_cancel_goes_over_rest_while_the_socket_is_down(world: World) -> None:
    order = await world.resting(BUY, "0.01000", world.around("-0.01"))
    await world.client.websocket.close()
    world.cancel(order)
    await eventually(lambda: (world.venue_order(order) or {}).get("status") == "CLOSED")


async def test_an_order_that_a_batchs_answer_says_nothing_of_is_looked_up(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = world.client.websocket.request

    async def forgetful(method: str, params: Mapping[str, object] | None = None) -> Response:
        response = await request(method, params)
        if method != "order.create_batch":
            return response
        results = response.result_as(dict[str, list[object]])["results"]
        result = msgspec.Raw(msgspec.json.encode({"results": [results[0], {}]}))
        return msgspec.structs.replace(response, result=result)

    monkeypatch.setattr(world.client.websocket, "request", forgetful)
    world.deafen(OrderEvent)
    orders = [world.limit(BUY, "0.01000", world.around("-0.01")) for _ in range(2)]
    submit_list(world, OrderList(OrderListId("OL-1"), orders))
    await eventually(lambda: orders[1].is_open)

    assert world.story(orders[1]) == ["OrderSubmitted", "OrderAccepted"]


async def test_a_new_order_does_not_wait_for_a_socket_that_is_down(world: World) -> None:
    await world.client.websocket.close()
    order = world.submit(world.limit(BUY, "0.01000", world.around("-0.01")))
    await eventually(lambda: order.is_closed)

    assert order.status == OrderStatus.REJECTED
    assert "NOT_SENT" in order.last_event.reason
    assert world.venue_order(order) is None


@pytest.mark.parametrize("route", ["ws", "rest"])
async def test_the_venue_cancels_the_orders_of_a_lost_socket_if_they_went_over_it(
    route: str,
) -> None:
    config = DevnetConfig(port=0, synthetic=False, past_hours=0)
    async with open_world(config, order_route=route, cancel_on_disconnect=True) as world:
        first = await world.resting(BUY, "0.01000", world.around("-0.01"))
        await world.fault(kind="drop_sockets")
        await eventually(lambda: world.client.websocket.metrics.reconnects == 1)
        second = await world.resting(BUY, "0.01000", world.around("-0.02"))
        await world.fault(kind="drop_sockets")  # it has to be asked for on every connection
        await eventually(lambda: world.client.websocket.metrics.reconnects == 2)
        await eventually(lambda: world.client.websocket.is_connected)
        if route == "ws":
            await eventually(lambda: first.is_closed and second.is_closed)
        statuses = {world.venue_order(order)["status"] for order in (first, second)}
        assert statuses == ({"CLOSED"} if route == "ws" else {"OPEN"})


@pytest.mark.parametrize(
    ("settings", "is_warned"),
    [
        ({"order_route": "rest", "cancel_on_disconnect": True}, True),
        ({"order_route": "ws", "cancel_on_disconnect": True}, False),
        ({"order_route": "rest"}, False),
    ],
)
async def test_a_cancel_on_disconnect_that_may_protect_nothing_is_warned_about(
    settings: dict[str, Any], is_warned: bool
) -> None:
    log = KeptLog()

    def listen(world: World) -> None:
        world.client._disconnect_guard._log = log

    config = DevnetConfig(port=0, synthetic=False, past_hours=0)
    async with open_world(config, listen, **settings):
        pass
    assert ["may protect nothing" in text for text in log.warnings] == [True] * is_warned
