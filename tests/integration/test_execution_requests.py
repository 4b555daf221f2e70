"""What a strategy asks for is in the request that leaves, on either way to the venue."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.messages import SubmitOrderList
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.identifiers import OrderListId
from nautilus_trader.model.orders import Order, OrderList

from nautilus_paradex.devnet.config import DevnetConfig
from nautilus_paradex.devnet.identities import derive_accounts
from nautilus_paradex.protocol.rpc import Response
from tests.integration.execution_world import TRADER_ID, World, open_world
from tests.integration.overheard import Overheard
from tests.support import eventually

BUY, SELL = OrderSide.BUY, OrderSide.SELL
CONFIG = DevnetConfig(port=0, synthetic=False, past_hours=0)
ROUTES = pytest.mark.parametrize("route", ["rest", "ws"])


class Wire:
    """What a client has asked of the venue; the socket's methods by their names."""

    def __init__(self, world: World, overheard: Overheard) -> None:
        self.world = world
        self._over_rest = overheard.requests
        self._over_socket: list[tuple[str, Any]] = []
        self._request = world.client.websocket.request
        world.client.websocket.request = self._listen  # type: ignore[method-assign]

    async def _listen(self, method: str, params: Mapping[str, object] | None = None) -> Response:
        self._over_socket.append((method, params))
        return await self._request(method, params)

    def bodies(self, *names: str) -> list[Any]:
        """Return the bodies of the requests of these names, in their order."""
        told = (*self._over_rest, *self._over_socket)
        return [body for name, body in told if name in names]

    def new_orders(self) -> list[dict[str, Any]]:
        return self.bodies("POST /orders", "order.create")

    def batches(self) -> list[list[dict[str, Any]]]:
        return [
            *self.bodies("POST /orders/batch"),
            *(params["orders"] for params in self.bodies("order.create_batch")),
        ]

    async def order(self, order: Order, params: dict[str, Any] | None = None) -> dict[str, Any]:
        """Submit an order and return the request that left."""
        self.world.submit(order, params)
        await eventually(lambda: len(self.new_orders()) == 1)
        return self.new_orders()[0]

    def resting(self, **options: Any) -> Order:
        return self.world.limit(BUY, "0.01000", self.world.around("-0.01"), **options)


@asynccontextmanager
async def open_wire(route: str = "rest", **settings: Any) -> AsyncIterator[Wire]:
    overheard = Overheard()
    async with open_world(CONFIG, transport=overheard, order_route=route, **settings) as world:
        yield Wire(world, overheard)


# -- Features of the venue -------------------------------------------------------------------------


@ROUTES
@pytest.mark.parametrize(
    ("params", "field", "value"),
    [
        ({}, "recv_window", 10_000),
        ({"recv_window_ms": 5_000}, "recv_window", 5_000),
        ({"stp": "EXPIRE_BOTH"}, "stp", "EXPIRE_BOTH"),
        ({"dime_discount": True}, "dime_discount", True),
        ({"mmp": True}, "flags", ["MMP"]),
        ({"rpi": True}, "instruction", "RPI"),
        ({}, "instruction", "GTC"),
    ],
)
async def test_a_param_is_in_the_request(
    route: str, params: dict[str, Any], field: str, value: object
) -> None:
    async with open_wire(route) as wire:
        request = await wire.order(wire.resting(), params)
        assert request[field] == value


@ROUTES
async def test_a_price_to_average_goes_with_its_flag(route: str) -> None:
    async with open_wire(route) as wire:
        price = wire.world.around("0.01")
        order = wire.world.market(BUY, "0.01000")
        request = await wire.order(order, {"vwap_price": price})
        assert (request["vwap_price"], request["type"]) == (price, "MARKET")
        assert request["flags"] == ["TARGET_STRATEGY_VWAP"]


@ROUTES
async def test_tags_say_the_same_as_params(route: str) -> None:
    tags = ["paradex:recv_window_ms=6000", "paradex:stp=EXPIRE_MAKER", "paradex:mmp", "mine"]
    async with open_wire(route) as wire:
        request = await wire.order(wire.resting(tags=tags), {"stp": "EXPIRE_BOTH"})
        assert (request["recv_window"], request["flags"]) == (6_000, ["MMP"])
        assert request["stp"] == "EXPIRE_BOTH"  # params go before tags


@pytest.mark.parametrize(
    ("settings", "params", "field", "value"),
    [
        ({"recv_window_ms": 7_000}, {}, "recv_window", 7_000),
        ({"recv_window_ms": 7_000}, {"recv_window_ms": 8_000}, "recv_window", 8_000),
        ({"stp": "EXPIRE_MAKER"}, {}, "stp", "EXPIRE_MAKER"),
        ({"stp": "EXPIRE_MAKER"}, {"stp": "EXPIRE_TAKER"}, "stp", "EXPIRE_TAKER"),
        ({"dime_discount": True}, {}, "dime_discount", True),
        ({"dime_discount": True}, {"dime_discount": False}, "dime_discount", None),
    ],
)
async def test_the_configuration_speaks_where_the_order_says_nothing(
    settings: dict[str, Any], params: dict[str, Any], field: str, value: object
) -> None:
    async with open_wire(**settings) as wire:
        request = await wire.order(wire.resting(), params)
        assert request.get(field) == value


async def test_nothing_is_asked_for_that_nobody_wanted() -> None:
    async with open_wire() as wire:
        request = await wire.order(wire.resting())
        wanted = {"stp", "dime_discount", "vwap_price", "flags", "on_behalf_of_account"}
        assert not wanted & {name for name, value in request.items() if value is not None}


# -- For an isolated account -----------------------------------------------------------------------


@ROUTES
async def test_orders_and_changes_name_the_isolated_account_they_are_for(route: str) -> None:
    account = derive_accounts(CONFIG.seed, 1)[0].isolated_hex
    async with open_wire(route, on_behalf_of_account=account) as wire:
        world = wire.world
        order = await world.resting(BUY, "0.01000", world.around("-0.01"))
        world.modify(order, size="0.00500")
        await eventually(lambda: str(order.quantity) == "0.00500")
        changes = wire.bodies(f"PUT /orders/{order.venue_order_id}", "order.modify")
        asked = [*wire.new_orders(), *changes]
        assert [request["on_behalf_of_account"] for request in asked] == [account] * 2


@ROUTES
async def test_no_whole_market_is_cancelled_for_an_isolated_account(route: str) -> None:
    account = derive_accounts(CONFIG.seed, 1)[0].isolated_hex
    async with open_wire(route, on_behalf_of_account=account) as wire:
        world = wire.world
        order = await world.resting(BUY, "0.01000", world.around("-0.01"))
        world.cancel_all("S-001", params={"all": True})
        await eventually(lambda: world.story(order)[-1] == "OrderCancelRejected")
        assert wire.bodies("DELETE /orders", "order.cancel_all") == []
        assert order.is_open


# -- Batches ---------------------------------------------------------------------------------------


def submit_list(world: World, orders: list[Order]) -> None:
    for order in orders:
        world.cache.add_order(order)
    world.engine.execute(
        SubmitOrderList(
            trader_id=TRADER_ID,
            strategy_id=orders[0].strategy_id,
            order_list=OrderList(OrderListId("OL-1"), orders),
            command_id=UUID4(),
            ts_init=world.clock.timestamp_ns(),
        )
    )


@ROUTES
async def test_a_list_goes_in_batches_of_ten_with_a_signature_each(route: str) -> None:
    async with open_wire(route) as wire:
        prices = [wire.world.around(f"-0.0{number}") for number in range(10, 33)]
        orders = [wire.world.limit(BUY, "0.00100", price) for price in prices]
        submit_list(wire.world, orders)
        await eventually(lambda: all(order.is_open for order in orders))
        batches = wire.batches()
        assert [len(batch) for batch in batches] == [10, 10, 3]
        assert wire.new_orders() == []
        signed = [order for batch in batches for order in batch]
        assert [o["client_id"] for o in signed] == [o.client_order_id.value for o in orders]
        assert len({order["signature"] for order in signed}) == 23


@ROUTES
async def test_what_a_batchs_answer_refuses_is_rejected_and_the_rest_goes_on(route: str) -> None:
    async with open_wire(route) as wire:
        # The account is not among those that may place such orders (RPI).
        refused = wire.resting(tags=["paradex:rpi"])
        first, last = wire.resting(), wire.resting()
        submit_list(wire.world, [first, refused, last])
        await eventually(lambda: first.is_open and last.is_open and refused.is_closed)
        assert [len(batch) for batch in wire.batches()] == [3]
        assert wire.world.story(refused) == ["OrderSubmitted", "OrderRejected"]
        reason = refused.last_event.reason
        assert "account is not whitelisted" in reason
        # Over the socket the venue names no code.
        assert reason.startswith("RPI_ACCOUNT_NOT_WHITELISTED: " if route == "rest" else "account")
        placed = {order["client_id"] for order in wire.world.ledger()["orders"]}
        assert placed == {first.client_order_id.value, last.client_order_id.value}


@ROUTES
@pytest.mark.parametrize(("side", "other"), [(BUY, SELL), (SELL, BUY)])
async def test_cancel_all_of_a_side_is_one_batch_of_that_sides_ids(
    route: str, side: OrderSide, other: OrderSide
) -> None:
    async with open_wire(route) as wire:
        world, offset = wire.world, {BUY: "-0.01", SELL: "0.01"}
        wanted = [await world.resting(side, "0.01000", world.around(offset[side])) for _ in "123"]
        left = await world.resting(other, "0.01000", world.around(offset[other]))
        strange = await world.resting(
            side, "0.01000", world.around(offset[side]), orders=world.factory("S-002")
        )
        world.cancel_all("S-001", side=side)
        await eventually(lambda: all(order.is_closed for order in wanted))
        (batch,) = wire.bodies("DELETE /orders/batch", "order.cancel_batch")
        assert set(batch["order_ids"]) == {order.venue_order_id.value for order in wanted}
        assert left.is_open
        assert strange.is_open
