"""Brackets whose node is killed, and what the next one makes of them with a cache database."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from nautilus_trader.config import StrategyConfig
from nautilus_trader.live.node import TradingNode
from nautilus_trader.model.enums import OrderType
from nautilus_trader.model.objects import Quantity
from nautilus_trader.model.orders import Order
from nautilus_trader.trading.strategy import Strategy

from nautilus_paradex.transport import http
from nautilus_paradex.transport.aiohttp_transport import aiohttp_transport
from tests.integration.nautilus.bracketing import BracketConfig, BracketStrategy
from tests.integration.nautilus.cache_database import cache_config, until_kept
from tests.integration.nautilus.harness import (
    BTC,
    Venue,
    node_balance,
    node_fills,
    running_node,
)
from tests.integration.nautilus.mortal import MortalNode, mortal_node
from tests.support import eventually

SIZE = Decimal("0.01")


def fill_entry(venue: Venue, size: str = "0.01") -> None:
    """Let another participant sell into the entry, which is the best bid."""
    venue.take("SELL", size)


def alive(venue: Venue) -> dict[str, tuple[str, Decimal]]:
    """Type and size of the account's orders at the venue that have not ended, by client id."""
    return {
        order["client_id"]: (order["type"], Decimal(order["size"]))
        for order in venue.account["orders"]
        if order["status"] != "CLOSED"
    }


def parts_of(node: TradingNode) -> tuple[Order, Order, Order]:
    """Entry, stop-loss and take-profit, which are all the orders that the node knows."""
    entry, stop, target = sorted(node.cache.orders(), key=lambda o: o.client_order_id.value)
    assert entry.parent_order_id is None
    assert stop.order_type == OrderType.STOP_MARKET
    assert target.order_type == OrderType.LIMIT
    return entry, stop, target


@asynccontextmanager
async def working_entry(
    venue: Venue,
    directory: Path,
    **database: int,
) -> AsyncIterator[MortalNode]:
    """A node in a process of its own, whose bracket's entry waits at the venue."""
    config = BracketConfig()
    async with mortal_node(venue, BracketStrategy, config, directory, **database) as node:
        await node.until(lambda: venue.open_orders)
        yield node


@asynccontextmanager
async def next_run(venue: Venue, redis_port: int | None = None) -> AsyncIterator[TradingNode]:
    """The next run of the same strategy, which places nothing itself."""
    strategy = Strategy(StrategyConfig(strategy_id="BRACKET", order_id_tag="001"))
    cache = None if redis_port is None else cache_config(redis_port)
    async with running_node(venue, strategy, cache=cache) as node:
        yield node


async def until_armed(venue: Venue, node: TradingNode) -> None:
    """Both exits are open, here and there, and nothing else is."""
    _, stop, target = parts_of(node)
    await eventually(lambda: stop.is_open and target.is_open)
    assert alive(venue) == {
        stop.client_order_id.value: ("STOP_MARKET", SIZE),
        target.client_order_id.value: ("LIMIT", SIZE),
    }


def assert_same_books(venue: Venue, node: TradingNode) -> None:
    assert sorted(node_fills(node)) == sorted(venue.fills)
    assert node.portfolio.net_position(BTC) == Decimal(venue.position["size"])
    assert node_balance(node) == venue.balance
    assert {order.strategy_id.value for order in node.cache.orders()} == {"BRACKET-001"}
    assert {position.strategy_id.value for position in node.cache.positions()} == {"BRACKET-001"}


@pytest.mark.parametrize("delay_ms", [0, 10, 40])
async def test_exits_are_armed_once_whenever_the_node_died(
    venue: Venue, redis_port: int, tmp_path: Path, delay_ms: int
) -> None:
    async with working_entry(venue, tmp_path, redis_port=redis_port) as node:
        await until_kept(redis_port, orders=3)
        fill_entry(venue)
        await asyncio.sleep(delay_ms / 1_000)  # somewhere between the fill and the armed exits
        await node.die()

    async with next_run(venue, redis_port) as heir:
        await until_armed(venue, heir)
        assert_same_books(venue, heir)
        assert len(venue.orders) == 3


@asynccontextmanager
async def first_run(
    venue: Venue, redis_port: int, **bracket: Any
) -> AsyncIterator[tuple[TradingNode, BracketStrategy]]:
    """A run that ends in order, once its bracket's entry waits at the venue."""
    strategy = BracketStrategy(BracketConfig(**bracket))
    async with running_node(venue, strategy, cache=cache_config(redis_port)) as node:
        await eventually(lambda: len(node.cache.orders()) == 3 and venue.open_orders)
        yield node, strategy


async def test_params_and_tags_reach_the_exits_that_the_next_run_sends(
    venue: Venue, redis_port: int
) -> None:
    bracket = {"stop_tags": ["paradex:tpsl"], "params": {"stp": "EXPIRE_BOTH"}}
    async with first_run(venue, redis_port, **bracket):
        pass
    fill_entry(venue)

    async with next_run(venue, redis_port) as heir:
        _, stop, target = parts_of(heir)
        await eventually(lambda: stop.is_open and target.is_open)
        sent = [venue.orders[order.client_order_id.value] for order in (stop, target)]
        assert [order["type"] for order in sent] == ["STOP_LOSS_MARKET", "LIMIT"]
        assert [order["stp"] for order in sent] == ["EXPIRE_BOTH", "EXPIRE_BOTH"]


async def test_a_size_that_a_strategy_gave_an_exit_is_kept(venue: Venue, redis_port: int) -> None:
    async with first_run(venue, redis_port) as (node, strategy):
        _, stop, target = parts_of(node)
        half = Quantity(Decimal("0.005"), target.quantity.precision)
        strategy.modify_order(target, quantity=half)
        await eventually(lambda: target.quantity == half)
    fill_entry(venue)

    async with next_run(venue, redis_port) as heir:
        await eventually(
            lambda: (
                alive(venue)
                == {
                    stop.client_order_id.value: ("STOP_MARKET", SIZE),
                    target.client_order_id.value: ("LIMIT", SIZE / 2),
                }
            )
        )
        await eventually(lambda: len(heir.cache.orders_open()) == 2)


async def test_an_exit_that_never_arrived_is_sent_again(venue: Venue, redis_port: int) -> None:
    async with first_run(venue, redis_port):
        await venue.lose_answer("POST", "/orders", executed=False)
        fill_entry(venue)
        await eventually(lambda: not venue.server.faults.waiting())

    async with next_run(venue, redis_port) as heir:
        await until_armed(venue, heir)
        assert_same_books(venue, heir)


class SlowOrders(httpx.AsyncBaseTransport):
    """On `hold`, the next order is on its way until it is delivered, also if its sender is gone."""

    def __init__(self) -> None:
        self.on_its_way: httpx.Request | None = None
        self._inner = aiohttp_transport()
        self._is_holding = False

    def hold(self) -> None:
        self._is_holding = True

    async def deliver(self) -> httpx.Response:
        """Let the order arrive after all, and return the venue's answer."""
        assert self.on_its_way is not None
        late = aiohttp_transport()
        try:
            response = await late.handle_async_request(self.on_its_way)
            await response.aread()
        finally:
            await late.aclose()
        return response

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self._is_holding and (request.method, request.url.path) == ("POST", "/v1/orders"):
            self._is_holding = False
            self.on_its_way = request
            await asyncio.Event().wait()
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self._inner.aclose()


async def test_an_exit_that_is_still_on_its_way_is_not_doubled(
    venue: Venue, redis_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    way = SlowOrders()
    with monkeypatch.context() as patch:
        # Of both the node's clients: only one of them sends orders.
        patch.setattr(http, "aiohttp_transport", lambda **_: way)
        async with first_run(venue, redis_port) as (node, _):
            _, stop, _ = parts_of(node)
            way.hold()
            fill_entry(venue)
            await eventually(lambda: way.on_its_way)

    async with next_run(venue, redis_port) as heir:
        await until_armed(venue, heir)
        late = await way.deliver()
        assert late.is_client_error
        assert "DUPLICATED_CLIENT_ID" in late.text
        asked = msgspec.json.decode(way.on_its_way.content)
        assert asked["client_id"] == stop.client_order_id.value
        await until_armed(venue, heir)
        assert_same_books(venue, heir)
        assert len(venue.orders) == 3


async def test_without_a_database_the_position_is_told_to_be_unprotected(
    venue: Venue, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    async with working_entry(venue, tmp_path) as node:
        fill_entry(venue)
        await node.die()

    async with next_run(venue) as heir:
        # The log is the outcome here: there is nothing else that a node could do.
        said = [capfd.readouterr().err]
        await eventually(
            lambda: "UNPROTECTED: 0.01" in "".join(said) or said.append(capfd.readouterr().err)
        )
        assert heir.portfolio.net_position(BTC) == SIZE
        assert alive(venue) == {}


async def test_what_a_slow_database_had_not_been_given_comes_from_the_venue(
    venue: Venue, redis_port: int, tmp_path: Path
) -> None:
    database = {"redis_port": redis_port, "buffer_interval_ms": 1_000}
    async with working_entry(venue, tmp_path, **database) as node:
        fill_entry(venue)
        await node.until(lambda: len(alive(venue)) == 2)
        await node.die()

    async with next_run(venue, redis_port) as heir:
        # The orders are the strategy's only if their making was written in time.
        assert {o.client_order_id.value for o in heir.cache.orders_open()} == set(alive(venue))
        assert {o.client_order_id.value for o in heir.cache.orders()} == set(venue.orders)
        assert sorted(node_fills(heir)) == sorted(venue.fills)
        assert heir.portfolio.net_position(BTC) == SIZE
        assert node_balance(heir) == venue.balance
        assert len(alive(venue)) == 2


@pytest.mark.parametrize("is_kept", [True, False], ids=["database", "no-database"])
async def test_an_exit_filled_in_part_is_counted_after_its_entry(
    venue: Venue, redis_port: int, is_kept: bool
) -> None:
    async with first_run(venue, redis_port, target_price=Decimal("96005.0")):
        fill_entry(venue)
        await eventually(lambda: len(alive(venue)) == 2)
    venue.take("BUY", "0.004")

    async with next_run(venue, redis_port if is_kept else None) as heir:
        assert sorted(node_fills(heir)) == sorted(venue.fills)
        assert heir.portfolio.net_position(BTC) == Decimal("0.006")
        assert len(heir.cache.positions()) == 1
        assert heir.cache.positions()[0].avg_px_open == 95995.0
