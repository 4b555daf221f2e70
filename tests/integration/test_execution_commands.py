"""Modifications in turn, and cancels that find nothing, in the real engine against a devnet."""

from collections.abc import AsyncIterator
from decimal import Decimal

import pytest
from nautilus_trader.model.enums import OrderSide, OrderStatus
from nautilus_trader.model.events import OrderFilled
from nautilus_trader.model.orders import Order

from nautilus_paradex.execution.commands import modification
from nautilus_paradex.protocol import rest
from nautilus_paradex.protocol.events import FillEvent, OrderEvent
from tests.integration.execution_world import MARKET, HeldBack, World, open_world
from tests.support import eventually

BUY, SELL = OrderSide.BUY, OrderSide.SELL
OPENED = ["OrderSubmitted", "OrderAccepted"]


@pytest.fixture(params=["rest", "ws"])
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    async with open_world(order_route=request.param) as world:
        yield world


# What counts requests of REST, or has it answer something else.
over_rest = pytest.mark.parametrize("world", ["rest"], indirect=True)


def at_venue(world: World, order: Order, field: str) -> Decimal:
    return Decimal((world.venue_order(order) or {})[field])


class TestModifications:
    @over_rest
    async def test_a_second_one_waits_for_the_outcome_of_the_first(self, world: World) -> None:
        first, second = world.around("-0.011"), world.around("-0.012")
        order = await world.resting(BUY, "0.01000", world.around("-0.01"))
        held = HeldBack(world, OrderEvent)
        world.modify(order, price=first)
        world.modify(order, price=second)
        await eventually(lambda: at_venue(world, order, "price") == Decimal(first))
        await eventually(lambda: len(held.messages) == 1)
        requests = world.http.metrics["requests"]
        held.let_through()
        await eventually(lambda: order.price.as_decimal() == Decimal(second))
        assert at_venue(world, order, "price") == Decimal(second)
        assert world.http.metrics["requests"] == requests + 1
        assert world.story(order) == [*OPENED, "OrderUpdated", "OrderUpdated"]

    async def test_what_one_leaves_out_is_as_the_one_before_has_made_it(self, world: World) -> None:
        price = world.around("-0.011")
        order = await world.resting(BUY, "0.01000", world.around("-0.01"))
        world.modify(order, size="0.02000")
        world.modify(order, price=price)
        await eventually(lambda: order.price.as_decimal() == Decimal(price))
        assert str(order.quantity) == "0.02000"
        assert at_venue(world, order, "size") == Decimal("0.02")

    async def test_many_end_with_the_last(self, world: World) -> None:
        order = await world.resting(BUY, "0.01000", world.around("-0.01"))
        prices = [world.around(f"-0.0{number}") for number in range(11, 19)]
        for price in prices:
            world.modify(order, price=price)
        await eventually(lambda: world.story(order).count("OrderUpdated") == len(prices))
        assert order.price.as_decimal() == at_venue(world, order, "price") == Decimal(prices[-1])
        assert order.status == OrderStatus.ACCEPTED

    async def test_one_that_is_refused_does_not_keep_the_next_away(self, world: World) -> None:
        order = await world.resting(BUY, "0.01000", world.around("-0.01"), post_only=True)
        await world.counterparty.place("SELL", "0.01000", world.around("0.001"))
        world.modify(order, price=world.around("0.002"))
        world.modify(order, size="0.02000")
        await eventually(lambda: str(order.quantity) == "0.02000")
        assert world.story(order) == [*OPENED, "OrderModifyRejected", "OrderUpdated"]

    async def test_one_that_changes_nothing_is_answered(self, world: World) -> None:
        order = await world.resting(BUY, "0.01000", world.around("-0.01"))
        world.modify(order, size="0.01000")
        await eventually(lambda: world.story(order)[-1] == "OrderUpdated")
        assert order.status == OrderStatus.ACCEPTED

    async def test_one_below_what_is_filled_is_not_sent(self, world: World) -> None:
        price = world.around("0")
        order = await world.resting(BUY, "0.01000", price)
        await world.counterparty.place("SELL", "0.00400", price)
        await eventually(lambda: order.status == OrderStatus.PARTIALLY_FILLED)
        world.modify(order, size="0.00300")
        await eventually(lambda: world.story(order)[-1] == "OrderModifyRejected")
        assert order.last_event.reason == (
            "QUANTITY_BELOW_FILLED: quantity=0.00300 filled_qty=0.00400"
        )

    async def test_the_outcome_is_asked_for_when_nobody_tells_it(
        self,
        world: World,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(modification, "_OUTCOME_SECS", 0.1)
        price = world.around("-0.011")
        order = await world.resting(BUY, "0.01000", world.around("-0.01"))
        HeldBack(world, OrderEvent)
        world.modify(order, price=price)
        await eventually(lambda: order.price.as_decimal() == Decimal(price))
        assert order.status == OrderStatus.ACCEPTED

    async def test_a_cancel_does_not_wait_and_ends_those_that_do(self, world: World) -> None:
        order = await world.resting(BUY, "0.01000", world.around("-0.01"))
        held = HeldBack(world, OrderEvent)
        world.modify(order, price=world.around("-0.011"))
        world.modify(order, price=world.around("-0.012"))
        await eventually(lambda: len(held.messages) == 1)
        world.cancel(order)
        await eventually(lambda: (world.venue_order(order) or {})["status"] == "CLOSED")
        held.let_through()
        await eventually(lambda: order.is_closed)
        assert order.status == OrderStatus.CANCELED
        assert at_venue(world, order, "price") == Decimal(world.around("-0.011"))

    async def test_one_of_an_order_that_is_gone_learns_how_it_ended(self, world: World) -> None:
        order = await world.resting(BUY, "0.01000", world.around("-0.01"))
        HeldBack(world, OrderEvent)
        await world.second_screen.http.cancel_order(order.venue_order_id.value)
        await eventually(lambda: (world.venue_order(order) or {})["status"] == "CLOSED")
        world.modify(order, price=world.around("-0.011"))
        await eventually(lambda: order.is_closed)
        assert world.story(order) == [*OPENED, "OrderCanceled"]


class TestCancels:
    @over_rest
    async def test_several_that_are_gone_are_asked_for_together(self, world: World) -> None:
        price = world.around("0")
        partial = await world.resting(BUY, "0.01000", price)
        orders = [await world.resting(BUY, "0.00100", world.around("-0.01")) for _ in range(8)]
        HeldBack(world, object)
        await world.counterparty.place("SELL", "0.00400", price)
        await eventually(lambda: at_venue(world, partial, "remaining_size") == Decimal("0.006"))
        await world.second_screen.http.cancel_all_orders(MARKET)
        await eventually(lambda: all(o["status"] == "CLOSED" for o in world.ledger()["orders"]))
        requests = world.http.metrics["requests"]
        world.cancel_batch(partial, *orders)
        await eventually(lambda: all(order.is_closed for order in (partial, *orders)))
        assert world.http.metrics["requests"] - requests == 3  # the batch, orders, fills
        assert {order.status for order in orders} == {OrderStatus.CANCELED}
        assert partial.filled_qty.as_decimal() == Decimal("0.004")
        fills = [e.trade_id.value for e in partial.events if isinstance(e, OrderFilled)]
        assert fills == [fill["id"] for fill in world.ledger()["fills"]]

    async def test_one_that_is_gone_is_asked_for_and_ends_as_it_did(self, world: World) -> None:
        price = world.around("0")
        order = await world.resting(BUY, "0.01000", price)
        world.deafen(OrderEvent, FillEvent)
        await world.counterparty.place("SELL", "0.01000", price)
        await eventually(lambda: (world.venue_order(order) or {})["status"] == "CLOSED")
        world.cancel(order)
        await eventually(lambda: order.is_closed)
        assert world.story(order) == [*OPENED, "OrderFilled"]
        assert [t.value for t in order.trade_ids] == [f["id"] for f in world.ledger()["fills"]]

    @over_rest
    async def test_an_order_that_the_answer_leaves_out_is_looked_up(
        self,
        world: World,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        orders = [await world.resting(BUY, "0.00100", world.around("-0.01")) for _ in range(2)]

        async def no_results(order_ids: list[str]) -> list[rest.CancelResult]:
            return []

        monkeypatch.setattr(world.http, "cancel_orders", no_results)
        world.cancel_batch(*orders)
        await eventually(lambda: all(o.status == OrderStatus.ACCEPTED for o in orders))
        assert [order.last_event.reason for order in orders] == ["no status given"] * 2

    @over_rest
    async def test_a_status_of_tomorrow_is_not_taken_for_a_refusal(
        self,
        world: World,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        orders = [await world.resting(BUY, "0.00100", world.around("-0.01")) for _ in range(2)]
        cancel_orders = world.http.cancel_orders

        async def renamed(order_ids: list[str]) -> list[rest.CancelResult]:
            await cancel_orders(order_ids)
            return [rest.CancelResult(id=order_id, status="ON_ITS_WAY") for order_id in order_ids]

        monkeypatch.setattr(world.http, "cancel_orders", renamed)
        world.cancel_batch(*orders)
        await eventually(lambda: all(order.is_closed for order in orders))
        assert {order.status for order in orders} == {OrderStatus.CANCELED}

    async def test_a_whole_market_is_cancelled_only_where_that_is_asked_for(
        self,
        world: World,
    ) -> None:
        other = await world.resting(
            SELL,
            "0.00100",
            world.around("0.01"),
            orders=world.factory("S-002"),
        )
        mine = await world.resting(BUY, "0.00100", world.around("-0.01"))
        world.cancel_all("S-001")
        await eventually(lambda: mine.is_closed)
        assert other.is_open

        again = await world.resting(BUY, "0.00100", world.around("-0.01"))
        world.cancel_all("S-001", side=BUY, params={"all": True})
        await eventually(lambda: again.is_closed)
        assert other.is_open

        last = await world.resting(BUY, "0.00100", world.around("-0.01"))
        world.cancel_all("S-001", params={"all": True})
        await eventually(lambda: last.is_closed and other.is_closed)

    @over_rest
    async def test_a_whole_market_that_is_not_cancelled_leaves_the_orders_open(
        self,
        world: World,
    ) -> None:
        orders = [await world.resting(BUY, "0.00100", world.around("-0.01")) for _ in range(2)]
        await world.fault(kind="http_status", path="/v1/orders", method="DELETE", status=400)
        world.cancel_all("S-001", params={"all": True})
        await eventually(lambda: all(world.story(o)[-1] == "OrderCancelRejected" for o in orders))
        assert all(order.is_open for order in orders)

    @over_rest
    async def test_a_whole_market_whose_answer_is_lost_ends_by_the_stream(
        self,
        world: World,
    ) -> None:
        order = await world.resting(BUY, "0.00100", world.around("-0.01"))
        await world.fault(
            kind="http_status",
            path="/v1/orders",
            method="DELETE",
            status=504,
            after=True,
        )
        world.cancel_all("S-001", params={"all": True})
        await eventually(lambda: order.is_closed)
        assert world.story(order) == [*OPENED, "OrderCanceled"]


@over_rest
async def test_an_order_of_a_short_receive_window_is_refused_when_it_is_late(
    world: World,
) -> None:
    await world.fault(kind="delay_ms", path="/v1/orders", delay_ms=100)
    order = world.submit(world.limit(BUY, "0.00100", world.around("-0.01")), {"recv_window_ms": 10})
    await eventually(lambda: order.is_closed)
    assert order.status == OrderStatus.REJECTED
    assert "recv_window was 10 ms" in order.last_event.reason
