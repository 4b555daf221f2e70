"""One order looked for: open or closed, by its client id or the venue's, or not to be asked for."""

from collections.abc import AsyncIterator
from decimal import Decimal

import msgspec
import pytest
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.messages import (
    GenerateOrderStatusReport,
    GenerateOrderStatusReports,
)
from nautilus_trader.execution.reports import OrderStatusReport
from nautilus_trader.model.enums import OrderSide, OrderStatus
from nautilus_trader.model.identifiers import ClientOrderId, VenueOrderId

from nautilus_paradex.execution.orders import lookup
from nautilus_paradex.protocol import rest
from nautilus_paradex.protocol.events import FillEvent, OrderEvent
from nautilus_paradex.transport.errors import RequestError
from tests.integration.execution_world import INSTRUMENT_ID, World, open_world
from tests.support import eventually

BUY = OrderSide.BUY


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with open_world() as world:
        yield world


async def look_up(
    world: World, *, client_id: str | None = None, venue_id: str | None = None
) -> OrderStatusReport | None:
    return await world.client.generate_order_status_report(
        GenerateOrderStatusReport(
            instrument_id=INSTRUMENT_ID,
            client_order_id=None if client_id is None else ClientOrderId(client_id),
            venue_order_id=None if venue_id is None else VenueOrderId(venue_id),
            command_id=UUID4(),
            ts_init=0,
        ),
    )


async def test_an_open_and_a_closed_order_are_found_by_either_id(world: World) -> None:
    order = await world.resting(BUY, "0.01000", world.around("-0.01"))
    ids = ({"client_id": order.client_order_id.value}, {"venue_id": order.venue_order_id.value})
    for wanted in ids:
        report = await look_up(world, **wanted)
        assert report is not None
        assert report.order_status == OrderStatus.ACCEPTED
    world.cancel(order)
    await eventually(lambda: order.is_closed)
    for wanted in ids:
        report = await look_up(world, **wanted)
        assert report is not None
        assert report.order_status == OrderStatus.CANCELED
        assert report.venue_order_id == order.venue_order_id


async def test_a_closed_order_without_a_client_id_is_searched_for_over_pages(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookup, "_PAGE_SIZE", 1)
    world.deafen(OrderEvent, FillEvent)
    price = world.around("-0.01")
    placed = [await world.second_screen.place("BUY", "0.01000", price) for _ in range(5)]
    for order in placed:
        await world.second_screen.http.cancel_order(order.id)
    ledger = world.ledger
    await eventually(lambda: all(o["status"] == "CLOSED" for o in ledger()["orders"]))
    report = await look_up(world, venue_id=placed[2].id)
    assert report is not None
    assert report.order_status == OrderStatus.CANCELED
    # The search is bounded: the oldest is beyond the fourth page.
    assert await look_up(world, venue_id=placed[0].id) is None


async def test_where_the_venue_cannot_be_asked_an_open_order_stays_what_it_is(
    world: World,
) -> None:
    order = await world.resting(BUY, "0.01000", world.around("-0.01"))
    await world.fault(kind="http_status", path="/v1/orders", method="GET", status=503, times=50)
    report = await look_up(world, client_id=order.client_order_id.value)
    assert report is not None
    assert report.order_status == OrderStatus.ACCEPTED
    with pytest.raises(RequestError):
        await look_up(world, client_id="nobody-here-knows")


async def test_where_missing_fills_cannot_be_asked_for_none_is_made_up(world: World) -> None:
    price = world.around("0")
    order = await world.resting(BUY, "0.01000", price)
    world.deafen(OrderEvent, FillEvent)
    await world.counterparty.place("SELL", "0.00400", price)
    await eventually(lambda: len(world.ledger()["fills"]) == 1)
    await world.fault(kind="http_status", path="/v1/fills", method="GET", status=503, times=50)
    report = await look_up(world, client_id=order.client_order_id.value)
    assert report is not None
    # What the venue has filled is not reported while its fill cannot be had.
    assert report.filled_qty == 0
    world.engine.reconcile_execution_report(report)
    assert order.filled_qty == 0
    await world.fault(kind="clear")
    report = await look_up(world, client_id=order.client_order_id.value)
    assert report is not None
    assert report.filled_qty.as_decimal() == Decimal("0.004")
    assert [trade_id.value for trade_id in order.trade_ids] == [
        fill["id"] for fill in world.ledger()["fills"]
    ]


async def test_filled_orders_that_tell_no_remaining_size_cost_no_further_questions(
    world: World,
) -> None:
    price = world.around("0")
    order = await world.resting(BUY, "0.01000", price)
    await world.counterparty.place("SELL", "0.01000", price)
    await eventually(lambda: order.status == OrderStatus.FILLED)
    list_orders = world.http.orders_history

    async def as_recorded(**query: object) -> rest.Page[rest.Order]:
        page = await list_orders(**query)  # type: ignore[arg-type]
        orders = page.results or []
        altered = [msgspec.structs.replace(each, remaining_size=None) for each in orders]
        return rest.Page(altered, page.next, page.prev)

    async def not_to_be_asked(**_: object) -> rest.Page[rest.Fill]:
        raise AssertionError("nothing is missing")

    world.http.orders_history = as_recorded  # type: ignore[method-assign]
    world.http.fills = not_to_be_asked  # type: ignore[method-assign]
    (report,) = await world.client.generate_order_status_reports(
        GenerateOrderStatusReports(
            instrument_id=None,
            start=None,
            end=None,
            open_only=False,
            command_id=UUID4(),
            ts_init=0,
        ),
    )
    assert report.order_status == OrderStatus.FILLED
    assert report.filled_qty == order.quantity
