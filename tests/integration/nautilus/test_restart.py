"""A node that is killed in the middle of trading, and what the next one makes of it."""

import asyncio
import random
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from nautilus_trader.config import StrategyConfig
from nautilus_trader.live.node import TradingNode
from nautilus_trader.model.enums import OrderStatus
from nautilus_trader.model.orders import Order
from nautilus_trader.trading.strategy import Strategy

from nautilus_paradex.devnet.identities import DevnetAccount
from tests.integration.nautilus.busy import BusyConfig, BusyStrategy
from tests.integration.nautilus.cache_database import cache_config
from tests.integration.nautilus.harness import (
    BTC,
    MARKET,
    Venue,
    node_balance,
    node_fills,
    running_node,
)
from tests.integration.nautilus.mortal import mortal_node
from tests.support import eventually


def open_at_venue(venue: Venue) -> dict[str, tuple[str, Decimal, Decimal, Decimal]]:
    return {
        order["id"]: (
            order["side"],
            Decimal(order["price"]),
            Decimal(order["size"]),
            Decimal(order["size"]) - Decimal(order["remaining_size"]),
        )
        for order in venue.open_orders
    }


def open_at_node(node: TradingNode) -> dict[str, tuple[str, Decimal, Decimal, Decimal]]:
    return {
        order.venue_order_id.value: (
            order.side_string(),
            order.price.as_decimal(),
            order.quantity.as_decimal(),
            order.filled_qty.as_decimal(),
        )
        for order in node.cache.orders_open()
    }


def all_have_arrived(node: TradingNode) -> bool:
    """Whether no order is on its way: the platform's "cancel all" knows nothing of those."""
    on_their_way = (OrderStatus.INITIALIZED, OrderStatus.SUBMITTED)
    return all(order.status not in on_their_way for order in node.cache.orders())


def net_at_venue(page: dict[str, Any]) -> Decimal:
    return sum((Decimal(p["size"]) for p in page["positions"] if p["market"] == MARKET), Decimal(0))


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_a_killed_node_is_followed_by_one_with_the_venues_books(
    venue: Venue, seed: int, tmp_path: Path
) -> None:
    chance = random.Random(seed)
    fills_to_see = chance.randint(5, 25)
    async with mortal_node(venue, BusyStrategy, BusyConfig(seed=seed), tmp_path) as busy:
        await busy.until(lambda: len(venue.fills) >= fills_to_see and len(venue.open_orders) > 1)
        await asyncio.sleep(chance.random() / 5)  # somewhere in the middle of what it does
        await busy.die()
    # The world goes on without it.
    fills_before = len(venue.fills)
    for side in ("BUY", "SELL"):
        venue.take(side, "0.004")
    assert len(venue.fills) >= fills_before

    async with running_node(venue) as node:
        assert open_at_node(node) == open_at_venue(venue)
        assert sorted(node_fills(node)) == sorted(venue.fills)
        assert node.portfolio.net_position(BTC) == net_at_venue(venue.account)
        assert node_balance(node) == venue.balance


def venue_side(order: dict[str, Any]) -> tuple[str, str, Decimal, Decimal]:
    size = Decimal(order["size"])
    return order["type"], order["side"], size, size - Decimal(order["remaining_size"])


def node_side(order: Order) -> tuple[str, str, Decimal, Decimal]:
    size, filled = order.quantity.as_decimal(), order.filled_qty.as_decimal()
    return order.type_string(), order.side_string(), size, filled


def alive_at_venue(venue: Venue) -> dict[str, tuple[str, str, Decimal, Decimal]]:
    """Every order that has not ended, those that wait for their trigger included."""
    return {o["id"]: venue_side(o) for o in venue.account["orders"] if o["status"] != "CLOSED"}


def alive_at_node(node: TradingNode) -> dict[str, tuple[str, str, Decimal, Decimal]]:
    return {order.venue_order_id.value: node_side(order) for order in node.cache.orders_open()}


def number_of(client_order_id: str) -> int:
    """The place of an order among those of its strategy."""
    return int(client_order_id.rpartition("-")[2])


@pytest.mark.parametrize("seed", [1, 2])
async def test_a_killed_node_that_kept_its_cache_is_followed_by_itself(
    venue: Venue, redis_port: int, tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)
    fills_to_see = chance.randint(5, 15)
    config = BusyConfig(seed=seed, has_exits=True)
    async with mortal_node(venue, BusyStrategy, config, tmp_path, redis_port=redis_port) as busy:
        await busy.until(lambda: len(venue.fills) >= fills_to_see and len(venue.open_orders) > 1)
        await asyncio.sleep(chance.random() / 5)  # somewhere in the middle of what it does
        await busy.die()
    for side in ("BUY", "SELL"):
        venue.take(side, "0.004")

    idle = Strategy(StrategyConfig(strategy_id="BusyStrategy"))
    cache = cache_config(redis_port)
    # What never arrived is rejected after the receive window: a short one for the test's sake.
    async with running_node(venue, idle, cache=cache, recv_window_ms=500) as node:
        await eventually(
            lambda: (
                alive_at_node(node) == alive_at_venue(venue) and not node.cache.orders_inflight()
            )
        )
        assert sorted(node_fills(node)) == sorted(venue.fills)
        assert node.portfolio.net_position(BTC) == net_at_venue(venue.account)
        await eventually(lambda: node_balance(node) == venue.balance)
        # Those that the database had are the strategy's; it lacks the newest, if any.
        kept = {number_of(o.client_order_id.value) for o in node.cache.orders(strategy_id=idle.id)}
        sent = {number_of(o["client_id"]) for o in venue.account["orders"] if o["client_id"]}
        assert kept
        assert min(sent - kept, default=max(kept) + 1) > max(kept)


async def test_the_next_node_goes_on_trading_with_what_it_found(
    venue: Venue, tmp_path: Path
) -> None:
    async with mortal_node(venue, BusyStrategy, BusyConfig(seed=7), tmp_path) as busy:
        await busy.until(lambda: len(venue.open_orders) > 2)
        await busy.die()
    left_over = set(open_at_venue(venue))

    heir = BusyStrategy(BusyConfig(seed=8, external_order_claims=[BTC]))
    async with running_node(venue, heir) as node:
        assert left_over <= set(open_at_node(node))
        fills_before = len(venue.fills)
        await eventually(lambda: len(venue.fills) >= fills_before + 10)
        heir.clock.cancel_timers()
        await eventually(lambda: all_have_arrived(node))
        heir.cancel_all_orders(BTC)
        await eventually(lambda: not node.cache.orders_inflight() and not venue.open_orders)
        await eventually(lambda: node.cache.orders_open() == [])

        assert sorted(node_fills(node)) == sorted(venue.fills)
        assert node.portfolio.net_position(BTC) == net_at_venue(venue.account)
        await eventually(lambda: node_balance(node) == venue.balance)


def page_of(venue: Venue, account: DevnetAccount) -> dict[str, Any]:
    page: dict[str, Any] = venue.server.exchange.ledger()["accounts"][account.address_hex]
    return page


def rows_of(page: dict[str, Any]) -> list[tuple[str, Decimal, Decimal, Decimal]]:
    return sorted(
        (fill["id"], Decimal(fill["size"]), Decimal(fill["price"]), Decimal(fill["fee"]))
        for fill in page["fills"]
    )


async def test_two_nodes_that_trade_with_each_other_both_agree_with_the_venue(
    venue: Venue,
) -> None:
    here, there = venue.server.accounts[0], venue.server.accounts[2]
    one, two = BusyStrategy(BusyConfig(seed=11)), BusyStrategy(BusyConfig(seed=12))

    def trades_between() -> set[str]:
        sides = [{fill["id"] for fill in page_of(venue, each)["fills"]} for each in (here, there)]
        return sides[0] & sides[1]

    async with (
        running_node(venue, one, account=here) as first,
        running_node(venue, two, account=there) as second,
    ):
        await eventually(lambda: len(trades_between()) >= 5)
        for node, strategy in ((first, one), (second, two)):
            strategy.clock.cancel_timers()
            await eventually(lambda node=node: all_have_arrived(node))
        for strategy in (one, two):
            strategy.cancel_all_orders(BTC)
        for node, account in ((first, here), (second, there)):
            await eventually(
                lambda node=node: not node.cache.orders_open() and not node.cache.orders_inflight()
            )
            page = page_of(venue, account)
            await eventually(lambda node=node, page=page: sorted(node_fills(node)) == rows_of(page))
            assert node.portfolio.net_position(BTC) == net_at_venue(page)
            balance = Decimal(page["balances"]["USDC"])
            await eventually(lambda node=node, balance=balance: node_balance(node) == balance)
            assert not [o for o in page["orders"] if o["status"] == "OPEN"]
