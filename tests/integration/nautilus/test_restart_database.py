"""What the next run makes of a cache database that a killed run did not get to write to the end.

The runs here end in order, and the last events are taken out of the database by hand: so each of
the moments in which a process can be killed is met for certain. `test_restart` kills for real.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import pytest
from nautilus_trader.config import StrategyConfig
from nautilus_trader.live.node import TradingNode
from nautilus_trader.model.enums import OrderSide, OrderStatus
from nautilus_trader.model.objects import Quantity
from nautilus_trader.model.orders import Order
from nautilus_trader.trading.strategy import Strategy

from nautilus_paradex.execution.commands.venue_commands import venue_commands
from tests.integration.nautilus.cache_database import cache_config, forget, forget_events_after
from tests.integration.nautilus.harness import (
    BTC,
    Venue,
    event_names,
    node_balance,
    node_fills,
    running_node,
)
from tests.support import eventually

POSITION_KEY = f"positions:{BTC}-KEEPER-001"


def keeper() -> Strategy:
    return Strategy(StrategyConfig(strategy_id="KEEPER", order_id_tag="001"))


@asynccontextmanager
async def one_run(
    venue: Venue, redis_port: int, **settings: Any
) -> AsyncIterator[tuple[TradingNode, Strategy]]:
    """A run of the node whose strategy does nothing but what the test does with it."""
    strategy = keeper()
    async with running_node(venue, strategy, cache=cache_config(redis_port), **settings) as node:
        yield node, strategy


def limit(strategy: Strategy, side: OrderSide, size: str, price: str) -> Order:
    instrument = strategy.cache.instrument(BTC)
    order = strategy.order_factory.limit(
        BTC, side, instrument.make_qty(Decimal(size)), instrument.make_price(Decimal(price))
    )
    strategy.submit_order(order)
    return order


def market(strategy: Strategy, side: OrderSide, size: str) -> Order:
    instrument = strategy.cache.instrument(BTC)
    order = strategy.order_factory.market(BTC, side, instrument.make_qty(Decimal(size)))
    strategy.submit_order(order)
    return order


def size_of(text: str) -> Quantity:
    return Quantity(Decimal(text), 5)


def key_of(order: Order) -> str:
    return f"orders:{order.client_order_id}"


def assert_same_books(venue: Venue, node: TradingNode) -> None:
    """The venue's fills, each once, position and balance; and all of it is the strategy's."""
    assert sorted(node_fills(node)) == sorted(venue.fills)
    net = Decimal(0) if venue.position is None else Decimal(venue.position["size"])
    assert node.portfolio.net_position(BTC) == net
    assert node_balance(node) == venue.balance
    assert {order.strategy_id.value for order in node.cache.orders()} == {"KEEPER-001"}
    assert {position.strategy_id.value for position in node.cache.positions()} <= {"KEEPER-001"}


async def trade(venue: Venue, redis_port: int, *sizes: str) -> list[Order]:
    """Let a first run trade at the market, one order after the other: buys, and sells with "-"."""
    orders = []
    async with one_run(venue, redis_port) as (_, strategy):
        for size in sizes:
            side = OrderSide.SELL if size.startswith("-") else OrderSide.BUY
            order = market(strategy, side, size.removeprefix("-"))
            await eventually(lambda order=order: order.status == OrderStatus.FILLED)
            orders.append(order)
    return orders


@pytest.mark.parametrize(
    ("sizes", "kept"),
    [
        pytest.param(["0.01"], 0, id="opening"),
        pytest.param(["0.01", "0.02"], 1, id="increase"),
        pytest.param(["0.03", "-0.01"], 1, id="reduction"),
        pytest.param(["0.03", "-0.03"], 1, id="close"),
        pytest.param(["0.01", "-0.03"], 0, id="flip"),
        pytest.param(["0.01", "-0.03", "-0.01"], 1, id="after-a-flip"),
        pytest.param(["0.01", "-0.01", "0.02"], 0, id="reopening"),
    ],
)
async def test_a_position_that_lacks_a_fill_of_its_order_gets_it(
    venue: Venue, redis_port: int, sizes: list[str], kept: int
) -> None:
    await trade(venue, redis_port, *sizes)
    if kept:
        await forget_events_after(redis_port, POSITION_KEY, kept)
    else:
        await forget(redis_port, POSITION_KEY)

    # Twice: what was put right is right in the database as well.
    for _ in range(2):
        async with one_run(venue, redis_port) as (node, _):
            assert_same_books(venue, node)


async def test_fills_that_the_database_lacks_are_told_once(venue: Venue, redis_port: int) -> None:
    first, last = await trade(venue, redis_port, "0.01", "0.02")
    await forget_events_after(redis_port, POSITION_KEY, 1)
    await forget_events_after(redis_port, key_of(last), 3)

    async with one_run(venue, redis_port) as (node, _):
        assert_same_books(venue, node)
        assert event_names(node.cache.order(last.client_order_id)) == event_names(first)


@pytest.mark.parametrize("kept", [1, 2], ids=["unsent-for-the-database", "submitted"])
async def test_an_order_at_the_venue_is_known_again(
    venue: Venue, redis_port: int, kept: int
) -> None:
    async with one_run(venue, redis_port) as (_, strategy):
        order = limit(strategy, OrderSide.BUY, "0.01", "95000")
        await eventually(lambda: order.is_open)
    await forget_events_after(redis_port, key_of(order), kept)

    async with one_run(venue, redis_port) as (node, _):
        (known,) = node.cache.orders()
        assert known.status == OrderStatus.ACCEPTED
        assert known.venue_order_id == order.venue_order_id
        assert len(venue.orders) == 1
        assert_same_books(venue, node)


async def test_an_order_that_never_arrived_is_rejected_and_not_sent_again(
    venue: Venue, redis_port: int
) -> None:
    async with one_run(venue, redis_port) as (_, strategy):
        await venue.lose_answer("POST", "/orders", executed=False)
        order = limit(strategy, OrderSide.BUY, "0.01", "95000")
        await eventually(lambda: order.status == OrderStatus.SUBMITTED)

    async with one_run(venue, redis_port, recv_window_ms=500) as (node, _):
        (known,) = node.cache.orders()
        await eventually(lambda: known.status == OrderStatus.REJECTED)
        assert venue.orders == {}


@pytest.mark.parametrize("took_effect", [False, True])
async def test_a_cancel_under_way_has_had_its_effect_or_none(
    venue: Venue, redis_port: int, took_effect: bool
) -> None:
    async with one_run(venue, redis_port) as (_, strategy):
        order = limit(strategy, OrderSide.BUY, "0.03", "95995")
        await eventually(lambda: order.is_open)
        venue.take("SELL", "0.01")
        await eventually(lambda: order.status == OrderStatus.PARTIALLY_FILLED)
        await venue.lose_answer("DELETE", "/orders", executed=took_effect)
        strategy.cancel_order(order)
        await eventually(lambda: order.status in (OrderStatus.PENDING_CANCEL, OrderStatus.CANCELED))
    if took_effect:
        # accepted, filled in part, waiting for the cancel
        await forget_events_after(redis_port, key_of(order), 5)

    async with one_run(venue, redis_port) as (node, _):
        (known,) = node.cache.orders()
        ended = OrderStatus.CANCELED if took_effect else OrderStatus.PARTIALLY_FILLED
        await eventually(lambda: known.status == ended)
        assert_same_books(venue, node)


@pytest.mark.parametrize("took_effect", [False, True])
async def test_a_change_under_way_has_had_its_effect_or_none(
    venue: Venue, redis_port: int, took_effect: bool
) -> None:
    async with one_run(venue, redis_port) as (_, strategy):
        order = limit(strategy, OrderSide.BUY, "0.03", "95995")
        await eventually(lambda: order.is_open)
        venue.take("SELL", "0.01")
        await eventually(lambda: order.status == OrderStatus.PARTIALLY_FILLED)
        await venue.lose_answer("PUT", "/orders", executed=took_effect)
        strategy.modify_order(order, quantity=size_of("0.05"))
        size = "0.05" if took_effect else "0.03"
        await eventually(lambda: venue.open_orders[0]["size"] == size)
        await eventually(lambda: order.is_pending_update or took_effect)
    if took_effect:
        await forget_events_after(redis_port, key_of(order), 5)

    async with one_run(venue, redis_port) as (node, strategy):
        (known,) = node.cache.orders()
        await eventually(lambda: known.status == OrderStatus.PARTIALLY_FILLED)
        assert known.quantity.as_decimal() == Decimal(size)
        venue.take("SELL", str(Decimal(size) - Decimal("0.01")))
        await eventually(lambda: known.status == OrderStatus.FILLED)
        await eventually(lambda: node_balance(node) == venue.balance)
        assert_same_books(venue, node)


async def test_a_twap_runs_on_and_what_it_has_traded_is_told_once(
    venue: Venue, redis_port: int
) -> None:
    async with one_run(venue, redis_port) as (_, strategy):
        started = await venue_commands(strategy.msgbus).submit_twap(
            BTC, OrderSide.BUY, size_of("0.02"), duration_secs=60
        )
        await eventually(lambda: venue.fills)

    async with one_run(venue, redis_port) as (node, strategy):
        (twap,) = await venue_commands(strategy.msgbus).open_twaps()
        assert twap.id == started.id
        assert sorted(node_fills(node)) == sorted(venue.fills)
        assert node.portfolio.net_position(BTC) == Decimal(venue.position["size"])
        assert {order.strategy_id.value for order in node.cache.orders()} == {"EXTERNAL"}
