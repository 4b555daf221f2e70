"""Order lists: batches, brackets whose exits wait for the entry, and siblings that go together."""

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.messages import SubmitOrderList
from nautilus_trader.model.enums import ContingencyType, OrderSide, OrderStatus, OrderType
from nautilus_trader.model.identifiers import (
    ClientOrderId,
    InstrumentId,
    OrderListId,
    StrategyId,
)
from nautilus_trader.model.objects import Price, Quantity
from nautilus_trader.model.orders import LimitOrder, Order, OrderList

from nautilus_paradex.devnet.config import DevnetConfig
from nautilus_paradex.devnet.engine.model import NewOrder
from nautilus_paradex.protocol.events import FillEvent, OrderEvent
from tests.integration.execution_world import (
    INSTRUMENT_ID,
    TRADER_ID,
    HeldBack,
    World,
    next_run,
    open_world,
)
from tests.support import KeptLog, eventually

BUY, SELL = OrderSide.BUY, OrderSide.SELL


@pytest.fixture(params=["rest", "ws"])
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    config = DevnetConfig(port=0, synthetic=False, past_hours=0)
    async with open_world(config, order_route=request.param) as world:
        await world.counterparty.place("BUY", "5.00000", world.around("-0.004"))
        await world.counterparty.place("SELL", "5.00000", world.around("0.004"))
        yield world


def submit_list(world: World, orders: OrderList) -> OrderList:
    for order in orders.orders:
        world.cache.add_order(order)
    world.cache.add_order_list(orders)
    world.engine.execute(
        SubmitOrderList(
            trader_id=TRADER_ID,
            strategy_id=StrategyId("S-001"),
            order_list=orders,
            command_id=UUID4(),
            ts_init=world.clock.timestamp_ns(),
        ),
    )
    return orders


def bracket(
    world: World,
    *,
    size: str = "0.03000",
    entry: str | None = None,
    **options: Any,
) -> OrderList:
    """A long bracket: an entry at `entry`, or at the market, a stop 2 % below, a target above."""
    return world.orders.bracket(
        instrument_id=INSTRUMENT_ID,
        order_side=BUY,
        quantity=Quantity.from_str(size),
        entry_order_type=OrderType.MARKET if entry is None else OrderType.LIMIT,
        entry_price=None if entry is None else Price.from_str(entry),
        sl_trigger_price=Price.from_str(world.around("-0.02")),
        tp_price=Price.from_str(world.around("0.02")),
        **options,
    )


def sizes_at_venue(world: World, *orders: Order) -> list[str | None]:
    """The sizes of those orders that are alive at the venue, None for others."""
    found = [world.venue_order(order) for order in orders]
    return [
        row["size"] if row is not None and row["status"] in ("OPEN", "UNTRIGGERED") else None
        for row in found
    ]


async def bracket_of_a_dead_run(world: World) -> list[Order]:
    """Have a run end between the fill of an entry and what follows from it: nothing is sent."""
    orders = submit_list(world, bracket(world, entry=world.around("-0.003"))).orders
    await eventually(lambda: orders[0].is_open)
    world.msgbus.unsubscribe("events.order.*", world.client._commands.on_order_event)
    await fill_entry(world, "0.03000")
    await eventually(lambda: orders[0].status == OrderStatus.FILLED)
    world.client.disconnect()
    await eventually(lambda: not world.client.is_connected)
    return orders


async def fill_entry(world: World, size: str) -> None:
    """Let the counterparty sell into the entry that rests at the best bid."""
    await world.counterparty.place("SELL", size, None)


async def clear_the_way(world: World) -> None:
    """Take the counterparty's orders off the book, which its own would meet first."""
    await world.counterparty.http.cancel_all_orders()
    address = world.server.accounts[1].address_hex
    accounts = world.server.exchange.ledger
    await eventually(
        lambda: all(o["status"] != "OPEN" for o in accounts()["accounts"][address]["orders"])
    )


async def test_tc_e50_children_are_accepted_on_the_entrys_fill(world: World) -> None:
    entry, stop, target = submit_list(world, bracket(world)).orders
    await eventually(lambda: stop.is_open and target.is_open)

    assert entry.status == OrderStatus.FILLED
    assert sizes_at_venue(world, stop, target) == ["0.03", "0.03"]
    names = [type(e).__name__ for e in world.events if e.client_order_id != entry.client_order_id]
    assert names[0] == "OrderSubmitted"
    assert world.events[0].client_order_id == entry.client_order_id
    first_sent = next(
        e
        for e in world.events
        if e.client_order_id in (stop.client_order_id, target.client_order_id)
    )
    assert first_sent.client_order_id == stop.client_order_id


async def test_children_wait_unsent_while_the_entry_rests(world: World) -> None:
    entry, stop, target = submit_list(world, bracket(world, entry=world.around("-0.003"))).orders
    await eventually(lambda: entry.is_open)

    assert stop.status == target.status == OrderStatus.INITIALIZED
    assert world.venue_order(stop) is world.venue_order(target) is None


async def test_children_have_the_size_of_what_is_filled_and_are_raised(world: World) -> None:
    entry, stop, target = submit_list(world, bracket(world, entry=world.around("-0.003"))).orders
    await eventually(lambda: entry.is_open)
    for size, total in (("0.01000", "0.01"), ("0.00500", "0.015"), ("0.01500", "0.03")):
        await fill_entry(world, size)
        await eventually(lambda t=total: sizes_at_venue(world, stop, target) == [t, t])

    await eventually(lambda: stop.quantity == target.quantity == Decimal("0.03"))
    assert world.story(stop).count("OrderSubmitted") == 1


async def test_a_child_may_be_sent_with_more_decimals_than_it_was_made_with(world: World) -> None:
    entry, stop, target = submit_list(
        world, bracket(world, size="1", entry=world.around("-0.003"))
    ).orders
    await eventually(lambda: entry.is_open)
    await world.counterparty.place("SELL", "0.30000", world.around("-0.003"))
    await eventually(lambda: stop.is_open and target.is_open)

    assert str(stop.quantity) == "0.30000"
    assert world.story(stop) == ["OrderUpdated", "OrderSubmitted", "OrderAccepted"]


async def test_children_end_with_an_entry_that_ends_unfilled(world: World) -> None:
    entry, stop, target = submit_list(world, bracket(world, entry=world.around("-0.003"))).orders
    await eventually(lambda: entry.is_open)
    world.cancel(entry)
    await eventually(lambda: stop.is_closed and target.is_closed)

    assert {order.status for order in (entry, stop, target)} == {OrderStatus.CANCELED}
    assert world.venue_order(stop) is world.venue_order(target) is None


async def test_children_stay_with_what_was_filled_of_an_entry_that_is_cancelled(
    world: World,
) -> None:
    entry, stop, target = submit_list(world, bracket(world, entry=world.around("-0.003"))).orders
    await eventually(lambda: entry.is_open)
    await fill_entry(world, "0.01000")
    await eventually(lambda: stop.is_open and target.is_open)
    world.cancel(entry)
    await eventually(lambda: entry.is_closed)

    assert sizes_at_venue(world, stop, target) == ["0.01", "0.01"]


async def test_a_cancel_all_takes_the_waiting_children_too(world: World) -> None:
    orders = submit_list(world, bracket(world, entry=world.around("-0.003"))).orders
    await eventually(lambda: orders[0].is_open)
    world.cancel_all("S-001")
    await eventually(lambda: all(order.is_closed for order in orders))

    assert {order.status for order in orders} == {OrderStatus.CANCELED}


async def test_a_waiting_child_can_be_changed_and_cancelled(world: World) -> None:
    entry, stop, target = submit_list(world, bracket(world, entry=world.around("-0.003"))).orders
    await eventually(lambda: entry.is_open)
    world.modify(target, price=world.around("0.03"))
    await eventually(lambda: target.price == Decimal(world.around("0.03")))
    await fill_entry(world, "0.03000")
    await eventually(lambda: stop.is_open and target.is_open)

    assert Decimal(world.venue_order(target)["price"]) == Decimal(world.around("0.03"))


async def test_a_target_that_fills_in_part_reduces_the_stop_and_in_full_cancels_it(
    world: World,
) -> None:
    _, stop, target = submit_list(world, bracket(world)).orders
    await eventually(lambda: stop.is_open and target.is_open)
    await clear_the_way(world)
    await world.counterparty.place("BUY", "0.01000", world.around("0.021"))
    await eventually(lambda: sizes_at_venue(world, stop) == ["0.02"])
    await world.counterparty.place("BUY", "0.02000", world.around("0.021"))
    await eventually(lambda: stop.is_closed)

    assert target.status == OrderStatus.FILLED
    assert stop.status == OrderStatus.CANCELED
    assert world.ledger()["positions"] == [] or world.net_position == 0


async def test_a_target_that_the_venue_ends_leaves_the_stop_for_what_is_open(world: World) -> None:
    _, stop, target = submit_list(world, bracket(world)).orders
    await eventually(lambda: stop.is_open and target.is_open)
    await clear_the_way(world)
    await world.counterparty.place("BUY", "0.01000", world.around("0.021"))
    await eventually(lambda: sizes_at_venue(world, stop) == ["0.02"])
    await world.second_screen.http.cancel_order(target.venue_order_id.value)
    await eventually(lambda: target.is_closed)
    await eventually(lambda: world.net_position == Decimal("0.02"))

    assert sizes_at_venue(world, stop) == ["0.02"]
    assert stop.is_open


async def test_an_exit_that_the_strategy_cancels_takes_the_other_along(world: World) -> None:
    _, stop, target = submit_list(world, bracket(world)).orders
    await eventually(lambda: stop.is_open and target.is_open)
    world.cancel(target)
    await eventually(lambda: target.is_closed and stop.is_closed)

    assert stop.status == OrderStatus.CANCELED


async def test_a_stop_that_goes_by_hand_is_an_error_for_what_is_open(world: World) -> None:
    log = KeptLog()
    world.client._commands._contingencies._keeper._log = log
    _, stop, target = submit_list(world, bracket(world)).orders
    await eventually(lambda: stop.is_open and target.is_open)
    await world.second_screen.http.cancel_order(stop.venue_order_id.value)
    await eventually(lambda: stop.is_closed and log.errors)

    (error,) = log.errors
    assert error.startswith("UNPROTECTED: 0.03 of ")
    assert target.is_open


async def test_a_cancel_all_that_an_entrys_fill_outran_leaves_the_position_its_exits(
    world: World,
) -> None:
    entry, stop, target = submit_list(world, bracket(world, entry=world.around("-0.003"))).orders
    await eventually(lambda: entry.is_open)
    HeldBack(world, FillEvent)
    HeldBack(world, OrderEvent)
    await fill_entry(world, "0.03000")
    world.cancel_all("S-001")
    await eventually(lambda: sizes_at_venue(world, stop, target) == ["0.03", "0.03"])

    assert entry.status == OrderStatus.FILLED


async def test_an_exit_that_filled_too_small_leaves_the_other_to_close_the_rest(
    world: World,
) -> None:
    entry, stop, target = submit_list(world, bracket(world, entry=world.around("-0.003"))).orders
    await eventually(lambda: entry.is_open)
    await fill_entry(world, "0.01000")
    await eventually(lambda: stop.is_open and target.is_open)
    fills, updates = HeldBack(world, FillEvent), HeldBack(world, OrderEvent)
    await fill_entry(world, "0.02000")
    await clear_the_way(world)
    await world.counterparty.place("BUY", "0.01000", world.around("0.021"))
    await eventually(lambda: sizes_at_venue(world, target) == [None])
    updates.let_through()
    fills.let_through()
    await eventually(lambda: entry.is_closed and target.is_closed)
    await eventually(lambda: sizes_at_venue(world, stop) == ["0.02"])

    assert target.filled_qty == Decimal("0.01")
    assert world.net_position == Decimal("0.02")


async def test_the_rest_of_an_entry_goes_when_its_exit_is_through(world: World) -> None:
    entry, stop, target = submit_list(world, bracket(world, entry=world.around("-0.003"))).orders
    await eventually(lambda: entry.is_open)
    await fill_entry(world, "0.01000")
    await eventually(lambda: stop.is_open and target.is_open)
    await clear_the_way(world)
    await world.counterparty.place("BUY", "0.01000", world.around("0.021"))
    await eventually(lambda: entry.is_closed and stop.is_closed)

    assert target.status == OrderStatus.FILLED
    assert entry.status == OrderStatus.CANCELED


async def test_a_bracket_with_a_child_that_cannot_be_sent_is_denied_whole(world: World) -> None:
    orders = world.orders.bracket(
        instrument_id=INSTRUMENT_ID,
        order_side=BUY,
        quantity=Quantity.from_str("0.03000"),
        sl_trigger_price=Price.from_str("90000.05"),
        tp_price=Price.from_str(world.around("0.02")),
    )
    submit_list(world, orders)
    await eventually(lambda: all(order.is_closed for order in orders.orders))

    assert {order.status for order in orders.orders} == {OrderStatus.DENIED}
    assert world.ledger()["orders"] == []


def linked(world: World, name: str, instrument_id: InstrumentId, **links: Any) -> Order:
    """A limit order far from the market that is linked to others."""
    return LimitOrder(
        TRADER_ID,
        StrategyId("S-001"),
        instrument_id,
        ClientOrderId(name),
        BUY,
        Quantity.from_str("0.01000"),
        Price.from_str(world.around("-0.1")),
        UUID4(),
        world.clock.timestamp_ns(),
        order_list_id=OrderListId("OL-1"),
        **links,
    )


def across_markets(world: World, contingency: ContingencyType) -> list[Order]:
    """Two orders of two markets: an entry and what is to follow it, or two OUO siblings."""
    first, second = ClientOrderId("FIRST"), ClientOrderId("SECOND")
    is_entry = contingency == ContingencyType.OTO
    follows = {"parent_order_id": first} if is_entry else {"linked_order_ids": [first]}
    return [
        linked(
            world,
            first.value,
            INSTRUMENT_ID,
            contingency_type=contingency,
            linked_order_ids=[second],
        ),
        linked(
            world,
            second.value,
            InstrumentId.from_str("ETH-USD-PERP.PARADEX"),
            contingency_type=ContingencyType.NO_CONTINGENCY if is_entry else contingency,
            **follows,
        ),
    ]


@pytest.mark.parametrize("contingency", [ContingencyType.OTO, ContingencyType.OUO])
async def test_orders_whose_sizes_would_follow_another_markets_are_denied(
    world: World, contingency: ContingencyType
) -> None:
    orders = across_markets(world, contingency)
    submit_list(world, OrderList(OrderListId("OL-1"), orders))
    await eventually(lambda: all(order.is_closed for order in orders))

    assert {order.status for order in orders} == {OrderStatus.DENIED}
    assert orders[1].last_event.reason == (
        "UNSUPPORTED_CONTINGENCY: instrument_id=ETH-USD-PERP.PARADEX "
        "linked_instrument_id=BTC-USD-PERP.PARADEX"
    )
    assert world.ledger()["orders"] == []


async def test_an_exit_sent_singly_into_another_market_is_denied(world: World) -> None:
    entry, exit_order = across_markets(world, ContingencyType.OTO)
    provider = world.client._instrument_provider
    await provider.load_async(exit_order.instrument_id)
    world.cache.add_instrument(provider.find(exit_order.instrument_id))
    world.submit(entry)
    world.submit(exit_order)
    await eventually(lambda: entry.is_open and exit_order.is_closed)

    assert exit_order.last_event.reason.startswith("UNSUPPORTED_CONTINGENCY: ")


async def test_an_entry_that_is_rejected_takes_its_children_along(world: World) -> None:
    world.server.exchange.system_status = "cancel_only"
    orders = submit_list(world, bracket(world)).orders
    await eventually(lambda: all(order.is_closed for order in orders))

    assert [order.status for order in orders] == [
        OrderStatus.REJECTED,
        OrderStatus.CANCELED,
        OrderStatus.CANCELED,
    ]


# -- Lists without contingencies -------------------------------------------------------------------


def plain_list(world: World, *orders: Order) -> OrderList:
    return OrderList(OrderListId("OL-1"), list(orders))


async def test_a_list_goes_in_batches_of_ten(world: World) -> None:
    orders = [world.limit(BUY, "0.00100", world.around("-0.05")) for _ in range(23)]
    submit_list(world, plain_list(world, *orders))
    await eventually(lambda: all(order.is_open for order in orders))

    assert len({order.venue_order_id for order in orders}) == 23


async def test_one_order_of_a_batch_may_be_refused_alone(world: World) -> None:
    good = world.limit(BUY, "0.00100", world.around("-0.05"))
    crossing = world.limit(BUY, "0.00100", world.around("0.005"), post_only=True)
    also_good = world.limit(BUY, "0.00100", world.around("-0.06"))
    submit_list(world, plain_list(world, good, crossing, also_good))
    await eventually(lambda: good.is_open and also_good.is_open and crossing.is_closed)

    assert crossing.status == OrderStatus.REJECTED


async def test_one_order_of_a_list_may_be_denied_alone(world: World) -> None:
    good = world.limit(BUY, "0.00100", world.around("-0.05"))
    off_tick = world.limit(BUY, "0.00100", "90000.05")
    submit_list(world, plain_list(world, good, off_tick))
    await eventually(lambda: good.is_open and off_tick.is_closed)

    assert off_tick.status == OrderStatus.DENIED


async def test_a_batch_whose_answer_is_lost_is_looked_up(world: World) -> None:
    await world.fault(
        kind="http_status", path="/v1/orders/batch", method="POST", status=504, after=True
    )
    orders = [world.limit(BUY, "0.00100", world.around("-0.05")) for _ in range(3)]
    submit_list(world, plain_list(world, *orders))
    await eventually(lambda: all(order.is_open for order in orders))

    assert all("OrderRejected" not in world.story(order) for order in orders)


# -- Over a restart --------------------------------------------------------------------------------


async def test_children_are_armed_after_a_restart_if_the_cache_knows_them(world: World) -> None:
    entry, stop, target = submit_list(world, bracket(world, entry=world.around("-0.003"))).orders
    await eventually(lambda: entry.is_open)
    world.client.disconnect()
    await eventually(lambda: not world.client.is_connected)
    await fill_entry(world, "0.02000")

    async with next_run(world) as heir:
        await heir.engine.reconcile_execution_state()
        await eventually(lambda: sizes_at_venue(world, stop, target) == ["0.02", "0.02"])


async def test_children_of_an_entry_that_filled_at_the_very_end_are_sent_at_the_next_start(
    world: World,
) -> None:
    _, stop, target = await bracket_of_a_dead_run(world)
    assert world.venue_order(stop) is world.venue_order(target) is None

    async with next_run(world):
        await eventually(lambda: sizes_at_venue(world, stop, target) == ["0.03", "0.03"])


async def test_children_end_after_a_restart_if_their_entry_did(world: World) -> None:
    entry, stop, target = submit_list(world, bracket(world, entry=world.around("-0.003"))).orders
    await eventually(lambda: entry.is_open)
    world.client.disconnect()
    await eventually(lambda: not world.client.is_connected)
    await world.second_screen.http.cancel_all_orders()

    async with next_run(world) as heir:
        await heir.engine.reconcile_execution_state()
        await eventually(lambda: stop.is_closed and target.is_closed)

    assert world.venue_order(stop) is world.venue_order(target) is None


@pytest.mark.parametrize("which", ["stop", "target"])
async def test_an_exit_that_a_killed_run_had_sent_is_taken_over_and_not_sent_again(
    world: World, which: str
) -> None:
    entry, stop, target = submit_list(world, bracket(world, entry=world.around("-0.003"))).orders
    await eventually(lambda: entry.is_open)
    world.client.disconnect()
    await eventually(lambda: not world.client.is_connected)
    await fill_entry(world, "0.02000")
    order, price, kind = {
        "stop": (
            stop,
            None,
            {"order_type": "STOP_MARKET", "trigger_price": f"{stop.trigger_price}"},
        ),
        "target": (target, f"{target.price}", {}),
    }[which]
    sent = await world.second_screen.place(
        "SELL",
        "0.02000",
        price,
        client_id=order.client_order_id.value,
        flags=["REDUCE_ONLY"],
        **kind,
    )

    async with next_run(world) as heir:
        await heir.engine.reconcile_execution_state()
        await eventually(lambda: stop.is_open and target.is_open)

        assert order.venue_order_id.value == sent.id
        assert sizes_at_venue(world, stop, target) == ["0.02", "0.02"]
        assert "OrderRejected" not in [*heir.story(target), *heir.story(stop)]


@pytest.mark.parametrize("has_ended", [False, True], ids=["open", "ended"])
async def test_an_exit_found_at_the_venue_is_taken_over_before_it_is_sent_a_second_time(
    world: World, monkeypatch: pytest.MonkeyPatch, has_ended: bool
) -> None:
    # The run had sent its stop: the cache knows of the fill and of nothing since.
    _, stop, target = await bracket_of_a_dead_run(world)
    sent = await world.second_screen.place(
        "SELL",
        "0.03000",
        None,
        client_id=stop.client_order_id.value,
        flags=["REDUCE_ONLY"],
        order_type="STOP_MARKET",
        trigger_price=f"{stop.trigger_price}",
    )
    if has_ended:
        await world.second_screen.http.cancel_order(sent.id)
    exchange, arrived = world.server.exchange, []
    submit = exchange.submit

    def noted(account: str, order: NewOrder, *bump_us: int) -> OrderEvent:
        arrived.append(order.client_id)
        return submit(account, order, *bump_us)

    monkeypatch.setattr(exchange, "submit", noted)

    async with next_run(world):
        await eventually(lambda: stop.is_closed if has_ended else stop.is_open)
        await eventually(lambda: target.is_open)

    assert stop.venue_order_id.value == sent.id
    assert arrived == [target.client_order_id.value]


async def test_an_exit_that_a_killed_run_may_have_sent_is_looked_for_before_it_is_cancelled(
    world: World,
) -> None:
    entry, _, target = submit_list(world, bracket(world, entry=world.around("-0.003"))).orders
    await eventually(lambda: entry.is_open)
    world.client.disconnect()
    await eventually(lambda: not world.client.is_connected)
    await fill_entry(world, "0.02000")
    await world.second_screen.place(
        "SELL", "0.02000", f"{target.price}", client_id=target.client_order_id.value
    )
    await world.fault(
        kind="http_status", path="/v1/orders/by_client_id", method="GET", status=503, times=1_000
    )

    async with next_run(world) as heir:
        heir.cancel(target)
        await eventually(lambda: heir.http.metrics["unknown"] + heir.http.metrics["refused"])
        assert target.status == OrderStatus.INITIALIZED
        await heir.fault(kind="clear")
        await eventually(lambda: target.is_closed)

    assert target.status == OrderStatus.CANCELED
    assert sizes_at_venue(world, target) == [None]
