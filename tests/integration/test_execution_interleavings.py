"""Messages out of order, from another side, or not to be understood: the books stay right."""

from collections.abc import AsyncIterator
from decimal import Decimal

import msgspec
import pytest
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.messages import GenerateOrderStatusReport, GenerateOrderStatusReports
from nautilus_trader.model.enums import OrderSide, OrderStatus
from nautilus_trader.model.events import OrderFilled
from nautilus_trader.model.orders import Order
from websockets.frames import Opcode

from nautilus_paradex.parsing.reports import order_status_report
from nautilus_paradex.protocol import rest
from nautilus_paradex.protocol.conversion import order_event
from nautilus_paradex.protocol.errors import MessageError
from nautilus_paradex.protocol.events import FillEvent, OrderEvent
from tests.integration.execution_world import (
    INSTRUMENT_ID,
    MARKET,
    HeldBack,
    World,
    open_world,
)
from tests.support import eventually

BUY, SELL = OrderSide.BUY, OrderSide.SELL


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with open_world() as world:
        yield world


def external_order(world: World) -> Order:
    (order,) = [o for o in world.cache.orders() if o.strategy_id.value == "EXTERNAL"]
    return order


def trade_ids(world: World) -> list[str]:
    return [event.trade_id.value for event in world.events if isinstance(event, OrderFilled)]


def ledger_fill_ids(world: World) -> list[str]:
    return [fill["id"] for fill in world.ledger()["fills"]]


def has_caught_up(world: World) -> bool:
    """Whether the connection was lost, is there again, and what it has missed was asked for."""
    is_back = world.client.websocket.metrics.reconnects > 0
    return is_back and world.client._catch_up._silent_since_ms is None


async def test_fills_that_come_before_every_order_message_are_all_counted(world: World) -> None:
    price = world.around("0")
    await world.counterparty.place("SELL", "0.00400", price)
    held = HeldBack(world, type(None))
    held._kind = object  # everything is held back, the answer is lost
    await world.fault(kind="http_status", path="/v1/orders", method="POST", status=504, after=True)
    order = world.submit(world.limit(BUY, "0.01000", price))
    await eventually(lambda: len(ledger_fill_ids(world)) == 1)
    await world.counterparty.place("SELL", "0.00600", price)
    await eventually(lambda: sum(isinstance(m, FillEvent) for m in held.messages) == 2)
    held.messages.sort(key=lambda message: not isinstance(message, FillEvent))
    held.let_through()
    await eventually(lambda: order.status == OrderStatus.FILLED)
    assert trade_ids(world) == ledger_fill_ids(world)
    assert order.venue_order_id.value == (world.venue_order(order) or {})["id"]


async def test_a_fill_of_a_modified_order_may_come_before_the_modification(world: World) -> None:
    price = world.around("0")
    order = await world.resting(BUY, "0.01000", price)
    held = HeldBack(world, type(None))
    held._kind = object
    world.modify(order, size="0.03000")
    await eventually(lambda: Decimal((world.venue_order(order) or {})["size"]) == Decimal("0.03"))
    await world.counterparty.place("SELL", "0.02000", price)
    await eventually(lambda: any(isinstance(m, FillEvent) for m in held.messages))
    held.messages.sort(key=lambda message: not isinstance(message, FillEvent))
    held.let_through()
    await eventually(lambda: order.filled_qty.as_decimal() == Decimal("0.02"))
    assert order.status == OrderStatus.PARTIALLY_FILLED
    assert (world.venue_order(order) or {})["status"] == "OPEN"


async def test_lost_fill_messages_are_fetched(world: World) -> None:
    price = world.around("0")
    HeldBack(world, FillEvent)
    order = await world.resting(BUY, "0.01000", price)
    await world.counterparty.place("SELL", "0.01000", price)
    await eventually(lambda: order.status == OrderStatus.FILLED)
    assert trade_ids(world) == ledger_fill_ids(world)


@pytest.mark.parametrize("is_lost", [False, True], ids=["comes_later", "is_lost"])
async def test_a_fill_that_closes_a_position_waits_for_the_one_that_opened_it(
    world: World, is_lost: bool
) -> None:
    price = world.around("0")
    await world.resting(BUY, "0.01000", price)
    heard = world.deafen(FillEvent, OrderEvent)
    await world.counterparty.place("SELL", "0.01000", price)
    await eventually(lambda: len(ledger_fill_ids(world)) == 1)
    await world.counterparty.place("BUY", "0.00400", price)
    world.submit(world.limit(SELL, "0.00400", price, reduce_only=True))
    await eventually(lambda: sum(isinstance(m, FillEvent) for m in heard) == 2)
    opening, closing = [m for m in heard if isinstance(m, FillEvent)]
    world.hear(closing)
    if not is_lost:
        world.hear(opening)

    await eventually(lambda: len(trade_ids(world)) == 2)
    assert trade_ids(world) == ledger_fill_ids(world)
    assert world.net_position == Decimal("0.006")


async def test_an_order_placed_in_the_ui_and_cancelled_during_a_disconnection_is_closed(
    world: World,
) -> None:
    placed = await world.second_screen.place("BUY", "0.01000", world.around("-0.01"))
    await eventually(lambda: world.cache.orders_open_count() == 1)
    order = external_order(world)
    await world.fault(kind="drop_sockets")
    await world.second_screen.http.cancel_order(placed.id)
    await eventually(lambda: order.is_closed)
    assert order.status == OrderStatus.CANCELED


async def test_a_closed_order_without_client_id_is_reported_by_its_venue_id(world: World) -> None:
    placed = await world.second_screen.place("BUY", "0.01000", world.around("-0.01"))
    await eventually(lambda: world.cache.orders_open_count() == 1)
    order = external_order(world)
    await world.client.websocket.close()
    await world.second_screen.http.cancel_order(placed.id)

    async def status() -> OrderStatus | None:
        report = await world.client.generate_order_status_report(
            GenerateOrderStatusReport(
                instrument_id=order.instrument_id,
                client_order_id=order.client_order_id,
                venue_order_id=order.venue_order_id,
                command_id=UUID4(),
                ts_init=0,
            ),
        )
        return None if report is None else report.order_status

    await eventually(lambda: world.ledger()["orders"][-1]["status"] == "CLOSED")
    assert await status() == OrderStatus.CANCELED


async def test_the_open_check_does_not_count_an_external_fill_twice(world: World) -> None:
    price = world.around("0")
    held = HeldBack(world, type(None))
    held._kind = object
    await world.second_screen.place("BUY", "0.01000", price)
    await world.counterparty.place("SELL", "0.00400", price)
    await eventually(lambda: len(ledger_fill_ids(world)) == 1)
    reports = await world.client.generate_order_status_reports(
        GenerateOrderStatusReports(
            instrument_id=None,
            start=None,
            end=None,
            open_only=True,
            command_id=UUID4(),
            ts_init=0,
        ),
    )
    for report in reports:
        world.engine.reconcile_execution_report(report)
    held.let_through()
    await world.fault(kind="drop_sockets")
    await eventually(lambda: has_caught_up(world))
    order = external_order(world)
    await eventually(lambda: order.filled_qty.as_decimal() == Decimal("0.004"))
    assert world.portfolio.net_position(INSTRUMENT_ID) == Decimal("0.004")
    assert [e.trade_id.value for e in order.events if isinstance(e, OrderFilled)] == (
        ledger_fill_ids(world)
    )


async def test_cancel_all_leaves_orders_alone_that_the_platform_does_not_follow() -> None:
    def drop_external(world: World) -> None:
        world.engine.filter_unclaimed_external_orders = True

    async with open_world(change=drop_external) as world:
        placed = await world.second_screen.place("BUY", "0.01000", world.around("-0.02"))
        mine = await world.resting(BUY, "0.01000", world.around("-0.01"))
        world.cancel_all("S-001")
        await eventually(lambda: mine.is_closed)
        theirs = next(o for o in world.ledger()["orders"] if o["id"] == placed.id)
        assert theirs["status"] == "OPEN"
        assert [o.client_order_id for o in world.cache.orders()] == [mine.client_order_id]


async def test_an_order_that_cannot_be_expressed_does_not_keep_the_others_away(
    world: World,
) -> None:
    order = await world.resting(BUY, "0.01000", world.around("-0.01"))
    open_orders = world.http.open_orders
    strange = rest.Order(
        id="77",
        market=MARKET,
        side="BOTH",
        type="SCALED",
        status="OPEN",
        size="1",
        remaining_size="1",
        price="50000",
        created_at=1,
        last_updated_at=1,
    )

    async def with_a_strange_one(market: str | None = None) -> list[rest.Order]:
        return [strange, *await open_orders(market)]

    world.http.open_orders = with_a_strange_one  # type: ignore[method-assign]
    await world.fault(kind="drop_sockets")
    await world.second_screen.http.cancel_order(order.venue_order_id.value)
    await eventually(lambda: order.is_closed)
    status = await world.client.generate_mass_status()
    assert status is not None
    assert [str(report) for report in status.order_reports] == [order.venue_order_id.value]


async def test_a_fill_that_cannot_be_applied_counts_when_it_comes_again(world: World) -> None:
    price = world.around("0")
    order = await world.resting(BUY, "0.01000", price)
    held = HeldBack(world, FillEvent)
    await world.counterparty.place("SELL", "0.00400", price)
    await eventually(lambda: bool(held.messages))
    fill = held.messages[0]
    broken = msgspec.structs.replace(fill, price=None)
    world.client._stream.take = held._take
    world.client._stream.take_frame(b"not a frame", Opcode.BINARY)
    with pytest.raises(MessageError, match="cannot be applied"):
        world.client._stream.take(broken)
    world.client._stream.take(fill)
    await eventually(lambda: order.filled_qty.as_decimal() == Decimal("0.004"))
    assert world.client.malformed_messages == {"SbeDecodeError": 1}


async def test_catching_up_goes_on_until_the_venue_answers(world: World) -> None:
    order = await world.resting(BUY, "0.01000", world.around("-0.01"))
    await world.fault(kind="http_status", path="/v1/fills", method="GET", status=500, times=2)
    await world.fault(kind="drop_sockets")
    await world.second_screen.http.cancel_order(order.venue_order_id.value)
    await eventually(lambda: order.is_closed)


async def test_catching_up_asks_for_a_span_of_time_and_not_for_every_order(world: World) -> None:
    orders = [await world.resting(BUY, "0.00100", world.around("-0.01")) for _ in range(12)]
    requests_before = world.http.metrics["requests"]
    await world.fault(kind="drop_sockets")
    await world.second_screen.http.cancel_all_orders(MARKET)
    await eventually(lambda: all(order.is_closed for order in orders))
    assert world.http.metrics["requests"] - requests_before < 12


async def test_an_order_the_platform_gave_up_on_goes_on_when_it_fills(world: World) -> None:
    price = world.around("0")
    order = await world.resting(BUY, "0.01000", price)
    held = HeldBack(world, type(None))
    held._kind = object
    world.client.generate_order_canceled(
        strategy_id=order.strategy_id,
        instrument_id=order.instrument_id,
        client_order_id=order.client_order_id,
        venue_order_id=order.venue_order_id,
        ts_event=world.clock.timestamp_ns(),
    )
    await eventually(lambda: order.is_closed)
    await world.counterparty.place("SELL", "0.00400", price)
    await eventually(lambda: any(isinstance(m, FillEvent) for m in held.messages))
    held.let_through()
    await eventually(lambda: order.filled_qty.as_decimal() == Decimal("0.004"))
    # Nobody here owns the rest of it any more: it is cancelled, and the order ends with its fill.
    await eventually(lambda: (world.venue_order(order) or {})["status"] == "CLOSED")
    await eventually(lambda: order.status == OrderStatus.CANCELED)
    assert world.portfolio.net_position(INSTRUMENT_ID) == Decimal("0.004")


async def test_an_old_reading_of_a_closed_external_order_does_not_bring_it_to_life(
    world: World,
) -> None:
    held = HeldBack(world, type(None))
    held._kind = object
    placed = await world.second_screen.place("BUY", "0.01000", world.around("-0.01"))
    await eventually(lambda: any(getattr(m, "status", "") == "OPEN" for m in held.messages))
    await world.second_screen.http.cancel_order(placed.id)
    await eventually(lambda: any(getattr(m, "status", "") == "CLOSED" for m in held.messages))
    held.messages.reverse()
    held.let_through()
    assert world.cache.orders() == []


async def test_an_external_order_in_a_market_that_is_not_loaded_is_followed(world: World) -> None:
    (summary,) = await world.counterparty.http.markets_summary("ETH-USD-PERP")
    price = str(int(Decimal(str(summary.mark_price))))
    await world.second_screen.place("BUY", "0.1000", price, market="ETH-USD-PERP")
    await world.counterparty.place("SELL", "0.0400", price, market="ETH-USD-PERP")
    await eventually(lambda: len(world.cache.orders()) == 1)
    order = external_order(world)
    await eventually(lambda: order.filled_qty.as_decimal() == Decimal("0.04"))
    assert str(order.instrument_id) == "ETH-USD-PERP.PARADEX"
    assert [e.trade_id.value for e in order.events if isinstance(e, OrderFilled)] == (
        ledger_fill_ids(world)
    )


async def test_a_fill_the_engine_has_inferred_is_not_counted_again_by_catching_up(
    world: World,
) -> None:
    price = world.around("0")
    order = await world.resting(BUY, "0.01000", price)
    held = HeldBack(world, type(None))
    held._kind = object
    await world.counterparty.place("SELL", "0.00400", price)
    await eventually(lambda: len(ledger_fill_ids(world)) == 1)
    (venue_order,) = await world.http.open_orders()
    world.engine.reconcile_execution_report(
        order_status_report(
            order_event(venue_order),
            account_id=world.client.account_id,
            instrument=world.instrument,
            ts_init=0,
        ),
    )
    await eventually(lambda: order.filled_qty.as_decimal() == Decimal("0.004"))
    await world.client._recovery.resync(since_ms=0)
    await world.counterparty.place("SELL", "0.00600", price)
    held.messages = [m for m in held.messages if getattr(m, "size_open", None) == 0]
    held.let_through()
    await eventually(lambda: order.filled_qty.as_decimal() == Decimal("0.01"))
    assert world.portfolio.net_position(INSTRUMENT_ID) == Decimal("0.01")
