"""Everything at once, for a while: orders, changes, trades, lost answers, lost sockets.

Whatever happened in between, the node and the venue end with the same books: each fill once, each
order ended as at the venue, one position, one balance.
"""

import asyncio
import random
from decimal import Decimal

import pytest
from nautilus_trader.model.currencies import USDC
from nautilus_trader.model.enums import OrderSide, OrderStatus
from nautilus_trader.model.events import OrderFilled
from nautilus_trader.model.orders import Order

from nautilus_paradex.constants import PARADEX_VENUE
from nautilus_paradex.devnet.config import DevnetConfig
from nautilus_paradex.transport.errors import RequestError
from tests.integration.execution_world import (
    INSTRUMENT_ID,
    MARKET,
    World,
    lose_patience,
    open_world,
)
from tests.support import eventually

ACTIONS = 120
PAUSE_SECS = 0.01

FAULTS: tuple[dict[str, object], ...] = (
    {"kind": "drop_sockets"},
    {"kind": "http_status", "path": "/v1/orders", "method": "POST", "status": 504, "after": True},
    {"kind": "http_status", "path": "/v1/orders", "method": "DELETE", "status": 502, "after": True},
    {"kind": "http_status", "path": "/v1/orders", "method": "PUT", "status": 504, "after": True},
    {"kind": "http_status", "path": "/v1/fills", "method": "GET", "status": 500},
    {"kind": "http_status", "path": "/v1/orders", "method": "GET", "status": 503},
    {"kind": "delay_ms", "path": "/v1/orders", "method": "POST", "delay_ms": 100},
)
SOCKET_FAULTS: tuple[dict[str, object], ...] = (
    {"kind": "drop_sockets"},
    {"kind": "socket_reply", "method": "order.create", "after": True},
    {"kind": "socket_reply", "method": "order.create"},
    {"kind": "socket_reply", "method": "order.cancel", "after": True},
    {"kind": "socket_reply", "method": "order.modify", "code": -32603, "after": True},
    {"kind": "http_status", "path": "/v1/fills", "method": "GET", "status": 500},
    {"kind": "http_status", "path": "/v1/orders", "method": "GET", "status": 503},
)


class Storm:
    """Random actions of a strategy, a counterparty, a second screen and bad luck."""

    def __init__(
        self, world: World, seed: int, faults: tuple[dict[str, object], ...] = FAULTS
    ) -> None:
        self.world = world
        self.faults = faults
        self.random = random.Random(seed)
        self.orders: list[Order] = []

    async def act(self) -> None:
        actions = (self.quote, self.quote, self.cross, self.cancel, self.modify)
        others = (self.trade_against, self.trade_against, self.elsewhere, self.misfortune)
        await self.random.choice((*actions, *others))()

    async def quote(self) -> None:
        side = self.random.choice((OrderSide.BUY, OrderSide.SELL))
        offset = -0.0002 if side == OrderSide.BUY else 0.0002
        order = self.world.limit(side, self.size(), self.world.around(f"{offset}"))
        self.orders.append(self.world.submit(order))

    async def cross(self) -> None:
        side = self.random.choice((OrderSide.BUY, OrderSide.SELL))
        self.orders.append(self.world.submit(self.world.market(side, self.size())))

    async def cancel(self) -> None:
        for order in self.working()[:1]:
            self.world.cancel(order)

    async def modify(self) -> None:
        for order in self.working()[:1]:
            size = order.quantity.as_decimal() + Decimal("0.00200")
            self.world.modify(order, size=f"{size}")

    async def trade_against(self) -> None:
        side = self.random.choice(("BUY", "SELL"))
        await self.world.counterparty.place(side, self.size(), None)

    async def elsewhere(self) -> None:
        side, offset = self.random.choice((("BUY", "-0.0002"), ("SELL", "0.0002")))
        await self.world.second_screen.place(side, self.size(), self.world.around(offset))

    async def misfortune(self) -> None:
        await self.world.fault(**self.random.choice(self.faults))

    def working(self) -> list[Order]:
        orders = [o for o in self.orders if o.is_open and not o.is_pending_cancel]
        self.random.shuffle(orders)
        return [order for order in orders if not order.is_pending_update]

    def size(self) -> str:
        return f"0.{self.random.randint(1, 9):03d}00"


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("private_sbe", [False, True], ids=["json", "sbe"])
async def test_after_a_storm_node_and_venue_have_the_same_books(
    seed: int,
    private_sbe: bool,
) -> None:
    config = DevnetConfig(port=0, synthetic=False, past_hours=0, private_sbe=private_sbe)
    async with open_world(config, recv_window_ms=1_000, max_retries=3) as world:
        await weather(world, Storm(world, seed))


@pytest.mark.parametrize("seed", [1, 2])
async def test_after_a_storm_over_the_socket_node_and_venue_have_the_same_books(seed: int) -> None:
    config = DevnetConfig(port=0, synthetic=False, past_hours=0)
    settings = {"order_route": "ws", "recv_window_ms": 1_000}
    async with open_world(config, max_retries=3, **settings) as world:
        lose_patience(world)
        await weather(world, Storm(world, seed, SOCKET_FAULTS))


async def weather(world: World, storm: Storm) -> None:
    """Let a storm pass, and compare the books after it."""
    for side, offset in (("BUY", "-0.001"), ("SELL", "0.001")):
        await world.counterparty.place(side, "5.00000", world.around(offset))
    for number in range(ACTIONS):
        if number == ACTIONS // 2:
            await world.fault(kind="drop_sockets")
        try:
            await storm.act()
        except RequestError:
            continue  # the storm hits the others, too
        await asyncio.sleep(PAUSE_SECS)
    await calm(world)
    assert world.client.websocket.metrics.reconnects > 0
    assert len(world.ledger()["fills"]) > ACTIONS / 10
    compare(world)


async def calm(world: World) -> None:
    """End the faults, take all orders back, and let the node learn of it."""
    await world.fault(kind="clear")
    await eventually(lambda: world.client.websocket.is_connected)
    await eventually(lambda: open_here(world) == open_there(world))
    await eventually(lambda: settled(world))
    await world.second_screen.http.cancel_all_orders(MARKET)

    def is_calm() -> bool:
        fills = [e for e in world.events if isinstance(e, OrderFilled)]
        return not world.cache.orders_open() and len(fills) == len(world.ledger()["fills"])

    await eventually(is_calm)
    balance = Decimal(world.ledger()["balances"]["USDC"])
    account = world.portfolio.account(PARADEX_VENUE)
    await eventually(lambda: account.balance_total(USDC).as_decimal() == balance)


def open_here(world: World) -> set[str]:
    orders = [*world.cache.orders_open(), *world.cache.orders_inflight()]
    return {str(order.venue_order_id) for order in orders}


def open_there(world: World) -> set[str]:
    return {order["id"] for order in world.ledger()["orders"] if order["status"] == "OPEN"}


def settled(world: World) -> bool:
    """No order waits for an answer; as the engine does, ask for those that do."""
    waiting = [order for order in world.cache.orders() if order.is_inflight]
    for order in waiting:
        world.query(order)
    return not waiting


def compare(world: World) -> None:
    ledger = world.ledger()
    fills = [event for event in world.events if isinstance(event, OrderFilled)]
    assert sorted(fill.trade_id.value for fill in fills) == sorted(f["id"] for f in ledger["fills"])
    assert sum(fill.commission.as_decimal() for fill in fills) == sum(
        Decimal(fill["fee"]) for fill in ledger["fills"]
    )
    position = sum(Decimal(p["size"]) for p in ledger["positions"] if p["market"] == MARKET)
    assert world.portfolio.net_position(INSTRUMENT_ID) == position
    venue_orders = {order["id"]: order for order in ledger["orders"]}
    for order in world.cache.orders():
        assert order.is_closed
        if order.venue_order_id is None:
            continue
        venue_order = venue_orders[order.venue_order_id.value]
        filled = Decimal(venue_order["size"]) - Decimal(venue_order["remaining_size"])
        assert order.filled_qty.as_decimal() == filled, (order, venue_order)
        assert (order.status == OrderStatus.FILLED) == (filled == Decimal(venue_order["size"]))
