"""Bad days: lost answers, refused connections, lost streams. Nothing is told that is not known."""

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.messages import (
    GenerateFillReports,
    GenerateOrderStatusReport,
    GenerateOrderStatusReports,
    GeneratePositionStatusReports,
)
from nautilus_trader.model.enums import OrderSide, OrderStatus, PositionSide
from nautilus_trader.model.events import OrderFilled, OrderRejected

from nautilus_paradex.devnet.config import DevnetConfig
from nautilus_paradex.execution.commands import under_way
from nautilus_paradex.execution.orders import watch as order_watch
from nautilus_paradex.protocol import rest
from nautilus_paradex.protocol.events import OrderEvent
from nautilus_paradex.transport.errors import RequestError
from tests.integration.execution_world import (
    INSTRUMENT_ID,
    World,
    loopback_transport,
    open_world,
)
from tests.integration.held_requests import HeldRequests
from tests.support import KeptLog, eventually

BUY, SELL = OrderSide.BUY, OrderSide.SELL


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with open_world() as world:
        yield world


async def test_tc_e74_an_order_whose_answer_is_lost_is_not_rejected(world: World) -> None:
    await world.fault(kind="http_status", path="/v1/orders", method="POST", status=504, after=True)
    order = world.submit(world.limit(BUY, "0.01000", world.around("-0.01")))
    await eventually(lambda: order.is_open)
    assert world.story(order) == ["OrderSubmitted", "OrderAccepted"]


async def test_tc_e74_an_order_that_never_arrived_is_rejected_once_it_cannot_arrive_any_more(
    world: World,
) -> None:
    await world.fault(kind="http_status", path="/v1/orders", method="POST", status=503)
    bid = world.limit(BUY, "0.01000", world.around("-0.01"))
    order = world.submit(bid, {"recv_window_ms": 10})
    await eventually(lambda: order.is_closed)
    assert world.story(order) == ["OrderSubmitted", "OrderRejected"]
    assert world.events[-1].reason.startswith("NOT_ACCEPTED: ")
    assert world.venue_order(order) is None


async def test_an_order_filled_while_its_answer_and_the_streams_were_lost_is_found_whole(
    world: World,
) -> None:
    price = world.around("0")
    await world.counterparty.place("SELL", "0.01000", price)
    await world.client.websocket.close()
    await world.fault(kind="http_status", path="/v1/orders", method="POST", status=502, after=True)
    order = world.submit(world.limit(BUY, "0.01000", price))
    await eventually(lambda: order.is_closed)
    assert world.story(order) == ["OrderSubmitted", "OrderAccepted", "OrderFilled"]
    (fill,) = [event for event in world.events if isinstance(event, OrderFilled)]
    assert fill.trade_id.value == world.ledger()["fills"][0]["id"]
    assert fill.commission.as_decimal() == Decimal(world.ledger()["fills"][0]["fee"])


async def test_an_order_that_could_not_be_sent_is_rejected_at_once(world: World) -> None:
    price = world.around("-0.01")
    await world.server.stop()
    order = world.submit(world.limit(BUY, "0.01000", price))
    await eventually(lambda: order.is_closed)
    rejected = world.events[-1]
    assert isinstance(rejected, OrderRejected)
    assert rejected.reason.startswith("NOT_SENT: ")


async def test_a_refusal_by_the_venue_is_a_rejection_with_its_code(world: World) -> None:
    body = '{"error": "MARKET_NOT_OPEN", "message": "market is not open"}'
    await world.fault(kind="http_status", path="/v1/orders", method="POST", status=400, body=body)
    order = world.submit(world.limit(BUY, "0.01000", world.around("-0.01")))
    await eventually(lambda: order.is_closed)
    assert "MARKET_NOT_OPEN" in world.events[-1].reason


async def test_a_reason_of_tomorrow_ends_an_order_by_what_it_had_come_to_and_is_told_once(
    world: World,
) -> None:
    log = KeptLog()
    world.client._events._emitter._log = log
    heard = world.listen(OrderEvent)
    for _ in range(2):
        order = await world.resting(BUY, "0.01000", world.around("-0.01"))
        (opened,) = [m for m in heard if isinstance(m, OrderEvent) and m.status == "OPEN"]
        heard.clear()
        world.hear(replace(opened, status="CLOSED", cancel_reason="ON_A_WHIM"))
        await eventually(lambda order=order: order.is_closed)
        assert order.status == OrderStatus.CANCELED
    (warning,) = log.warnings
    assert "'ON_A_WHIM'" in warning


async def test_a_duplicate_client_id_is_evidence_that_the_order_arrived(world: World) -> None:
    order = world.limit(BUY, "0.01000", world.around("-0.01"))
    price = str(order.price)
    # By the stream alone the order would be known to be there.
    world.deafen(OrderEvent)
    placed = await world.second_screen.place(
        "BUY", "0.01000", price, client_id=order.client_order_id.value
    )
    world.submit(order)
    await eventually(lambda: order.is_open)
    assert order.venue_order_id.value == placed.id
    assert "OrderRejected" not in world.story(order)


async def test_tc_e75_a_cancel_whose_answer_is_lost_is_not_refused(world: World) -> None:
    order = await world.resting(BUY, "0.01000", world.around("-0.01"))
    await world.fault(
        kind="http_status", path="/v1/orders", method="DELETE", status=504, after=True
    )
    world.cancel(order)
    await eventually(lambda: order.is_closed)
    assert world.story(order)[-1] == "OrderCanceled"
    assert "OrderCancelRejected" not in world.story(order)


@pytest.mark.usefixtures("no_late_effects")
@pytest.mark.parametrize("filled", ["0", "0.00400"])
async def test_a_cancel_that_was_lost_leaves_the_order_open_when_it_is_queried(
    world: World,
    filled: str,
) -> None:
    price = world.around("0")
    order = await world.resting(BUY, "0.01000", price)
    if filled != "0":
        await world.counterparty.place("SELL", filled, price)
    await eventually(lambda: order.filled_qty.as_decimal() == Decimal(filled))
    status = order.status
    await world.fault(kind="http_status", path="/v1/orders", method="DELETE", status=504)
    world.cancel(order)
    assert order.is_pending_cancel
    # As the engine does: again and again until it is answered.
    await eventually(lambda: world.query(order) or order.status == status)
    assert order.is_open
    world.cancel(order)
    await eventually(lambda: order.is_closed)


@pytest.mark.usefixtures("no_late_effects")
async def test_two_queries_at_once_tell_once_that_a_cancel_was_lost() -> None:
    requests = HeldRequests(loopback_transport())
    async with open_world(transport=requests) as world:
        order = await world.resting(BUY, "0.01000", world.around("-0.01"))
        requests.hold()
        world.cancel(order)
        await eventually(lambda: requests.waiting)
        requests.drop(requests.waiting[0], "unavailable")
        world.query(order)
        world.query(order)
        await eventually(lambda: len(requests.waiting) == 2)
        for held in requests.waiting:
            requests.move(held)
        await eventually(lambda: all(held.response is not None for held in requests.waiting))
        requests.let_through()
        await eventually(lambda: order.status == OrderStatus.ACCEPTED)
        world.cancel(order)
        await eventually(lambda: order.is_closed)

        assert world.story(order).count("OrderCancelRejected") == 1


@pytest.mark.usefixtures("no_late_effects")
async def test_a_modification_that_was_lost_leaves_the_order_as_it_was_when_it_is_queried(
    world: World,
) -> None:
    order = await world.resting(BUY, "0.01000", world.around("-0.01"))
    await world.fault(kind="http_status", path="/v1/orders", method="PUT", status=504)
    world.modify(order, size="0.02000")
    await eventually(lambda: world.query(order) or order.status == OrderStatus.ACCEPTED)
    assert str(order.quantity) == "0.01000"
    assert world.story(order)[-1] == "OrderModifyRejected"


async def test_tc_e76_a_modification_whose_answer_is_lost_is_told_by_the_stream(
    world: World,
) -> None:
    order = await world.resting(BUY, "0.01000", world.around("-0.01"))
    await world.fault(kind="http_status", path="/v1/orders", method="PUT", status=504, after=True)
    world.modify(order, size="0.02000")
    await eventually(lambda: str(order.quantity) == "0.02000")
    assert "OrderModifyRejected" not in world.story(order)


@pytest.mark.parametrize("cancels", [True, False])
async def test_an_order_open_at_the_venue_that_has_ended_here_is_cancelled_if_so_configured(
    cancels: bool,
) -> None:
    async with open_world(cancel_unexpected_orders=cancels) as world:
        await world.client.websocket.close()
        await world.fault(
            kind="http_status", path="/v1/orders", method="POST", status=400, after=True
        )
        order = world.submit(world.limit(BUY, "0.01000", world.around("-0.01")))
        await eventually(lambda: order.is_closed)
        world.query(order)
        if cancels:
            await eventually(lambda: (world.venue_order(order) or {}).get("status") == "CLOSED")
        else:
            await world.client.generate_mass_status()
            assert (world.venue_order(order) or {})["status"] == "OPEN"
        assert world.story(order) == ["OrderSubmitted", "OrderRejected"]


async def test_a_silent_venue_does_not_use_up_the_tries_to_cancel_an_unexpected_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(order_watch, "_PAUSES_SECS", (0.01,))
    async with open_world() as world:
        await world.client.websocket.close()
        await world.fault(
            kind="http_status", path="/v1/orders", method="POST", status=400, after=True
        )
        await world.fault(
            kind="http_status", path="/v1/orders", method="DELETE", status=503, times=9
        )
        order = world.submit(world.limit(BUY, "0.01000", world.around("-0.01")))
        await eventually(lambda: order.is_closed)
        world.query(order)

        await eventually(lambda: (world.venue_order(order) or {}).get("status") == "CLOSED")


async def test_an_order_that_the_platform_has_given_up_is_held_against_the_venue(
    world: World,
) -> None:
    order = await world.resting(BUY, "0.01000", world.around("-0.01"))
    await world.fault(kind="http_status", path="/v1/orders", method="DELETE", status=503)
    await world.fault(kind="http_status", path="/v1/orders/", method="GET", status=503)
    world.cancel(order)
    # What the in-flight check comes to in the end, while the venue cannot be asked.
    world.engine._resolve_inflight_order(order)
    await eventually(lambda: order.status == OrderStatus.CANCELED)
    await eventually(lambda: (world.venue_order(order) or {}).get("status") == "CLOSED")
    assert world.story(order)[-1] == "OrderCanceled"


async def test_fills_during_a_disconnection_are_caught_up_exactly_once(world: World) -> None:
    price = world.around("0")
    order = await world.resting(BUY, "0.01000", price)
    await world.counterparty.place("SELL", "0.00300", price)
    await eventually(lambda: order.filled_qty.as_decimal() == Decimal("0.003"))
    await world.fault(kind="drop_sockets")
    await world.counterparty.place("SELL", "0.00300", price)
    await world.counterparty.place("SELL", "0.00400", price)
    await eventually(lambda: order.status == OrderStatus.FILLED)
    fills = [event for event in world.events if isinstance(event, OrderFilled)]
    assert [fill.trade_id.value for fill in fills] == [f["id"] for f in world.ledger()["fills"]]
    assert world.portfolio.net_position(INSTRUMENT_ID) == Decimal("0.01")


async def test_an_order_closed_during_a_disconnection_is_found_closed(world: World) -> None:
    order = await world.resting(BUY, "0.01000", world.around("-0.01"))
    await world.fault(kind="drop_sockets")
    await world.second_screen.http.cancel_order(order.venue_order_id.value)
    await eventually(lambda: order.is_closed)
    assert world.story(order) == ["OrderSubmitted", "OrderAccepted", "OrderCanceled"]


async def test_a_query_delivers_missing_fills_before_anything_can_be_inferred(
    world: World,
) -> None:
    price = world.around("0")
    order = await world.resting(BUY, "0.01000", price)
    await world.client.websocket.close()
    await world.counterparty.place("SELL", "0.00400", price)
    world.query(order)
    await eventually(lambda: order.filled_qty.as_decimal() == Decimal("0.004"))
    (fill,) = [event for event in world.events if isinstance(event, OrderFilled)]
    assert fill.trade_id.value == world.ledger()["fills"][0]["id"]
    assert not fill.reconciliation


# Both paths begin alike, and so does the fault: open orders are asked for by themselves.
@pytest.mark.parametrize(
    ("path", "open_only"), [("/v1/orders", True), ("/v1/orders-history", False)]
)
async def test_order_reports_raise_when_the_venue_cannot_be_asked(
    world: World, path: str, open_only: bool
) -> None:
    await world.fault(kind="http_status", path=path, method="GET", status=500, times=20)
    command = GenerateOrderStatusReports(
        instrument_id=None,
        start=None,
        end=None,
        open_only=open_only,
        command_id=UUID4(),
        ts_init=0,
    )
    with pytest.raises(RequestError):
        await world.client.generate_order_status_reports(command)


async def test_fill_and_position_reports_raise_when_the_venue_cannot_be_asked(
    world: World,
) -> None:
    for path in ("/v1/fills", "/v1/positions"):
        await world.fault(kind="http_status", path=path, method="GET", status=500, times=20)
    with pytest.raises(RequestError):
        await world.client.generate_fill_reports(
            GenerateFillReports(None, None, None, None, UUID4(), 0),
        )
    with pytest.raises(RequestError):
        await world.client.generate_position_status_reports(
            GeneratePositionStatusReports(None, None, None, UUID4(), 0),
        )
    with pytest.raises(RequestError):
        await world.client.generate_mass_status()


async def test_a_single_report_finds_open_and_closed_orders_by_either_id(world: World) -> None:
    order = await world.resting(BUY, "0.01000", world.around("-0.01"))

    async def report(**ids: object) -> object:
        command = GenerateOrderStatusReport(
            **({"client_order_id": None, "venue_order_id": None} | ids),
            instrument_id=INSTRUMENT_ID,
            command_id=UUID4(),
            ts_init=0,
        )
        found = await world.client.generate_order_status_report(command)
        return None if found is None else (found.client_order_id, found.order_status)

    for status in (OrderStatus.ACCEPTED, OrderStatus.CANCELED):
        expected = (order.client_order_id, status)
        assert await report(client_order_id=order.client_order_id) == expected
        assert await report(venue_order_id=order.venue_order_id) == expected
        if order.is_open:
            world.cancel(order)
            await eventually(lambda: order.is_closed)
    assert await report(client_order_id=type(order.client_order_id)("never-sent")) is None


async def test_the_position_report_of_an_instrument_without_position_is_flat(world: World) -> None:
    (report,) = await world.client.generate_position_status_reports(
        GeneratePositionStatusReports(INSTRUMENT_ID, None, None, UUID4(), 0),
    )
    assert report.position_side == PositionSide.FLAT
    assert report.quantity == 0
    everywhere = await world.client.generate_position_status_reports(
        GeneratePositionStatusReports(None, None, None, UUID4(), 0),
    )
    assert everywhere == []


async def test_a_mass_status_belongs_together(world: World) -> None:
    price = world.around("0")
    order = await world.resting(BUY, "0.01000", price)
    await world.counterparty.place("SELL", "0.00400", price)
    await eventually(lambda: order.filled_qty.as_decimal() == Decimal("0.004"))
    status = await world.client.generate_mass_status()
    assert status is not None
    (order_report,) = status.order_reports.values()
    assert order_report.order_status == OrderStatus.PARTIALLY_FILLED
    (fills,) = status.fill_reports.values()
    assert sum(fill.last_qty.as_decimal() for fill in fills) == order_report.filled_qty.as_decimal()
    # The fills explain the position: a report of it would only have the engine look for others.
    assert status.position_reports == {}
    assert world.net_position == Decimal("0.004")


async def test_fills_of_an_open_order_are_reported_even_from_before_the_lookback(
    world: World,
) -> None:
    price = world.around("0")
    order = await world.resting(BUY, "0.01000", price)
    await world.counterparty.place("SELL", "0.00400", price)
    await eventually(lambda: order.filled_qty.as_decimal() == Decimal("0.004"))
    (fill,) = (await world.http.fills()).results or []
    list_fills = world.http.fills
    asked: list[str | None] = []

    async def listed(
        *, market: str | None = None, start_at_ms: int, **query: Any
    ) -> rest.Page[rest.Fill]:
        if start_at_ms <= int(fill.created_at or 0):
            asked.append(market)
        return await list_fills(market=market, start_at_ms=start_at_ms, **query)

    world.http.fills = listed  # type: ignore[method-assign]
    status = await world.client.generate_mass_status(lookback_mins=0)
    assert status is not None
    # As far back as the order reaches, not every market's: that may be weeks.
    assert set(asked) == {fill.market}
    (fills,) = status.fill_reports.values()
    assert [fill.trade_id.value for fill in fills] == [f["id"] for f in world.ledger()["fills"]]


async def test_a_known_open_order_is_reported_as_it_is_when_the_venue_cannot_be_asked(
    world: World,
) -> None:
    # The engine takes a failure of this report for "not found" and rejects the order.
    order = await world.resting(BUY, "0.01000", world.around("-0.01"))
    await world.fault(kind="http_status", path="/v1/orders", method="GET", status=500, times=20)
    command = GenerateOrderStatusReport(
        instrument_id=INSTRUMENT_ID,
        client_order_id=order.client_order_id,
        venue_order_id=order.venue_order_id,
        command_id=UUID4(),
        ts_init=0,
    )
    report = await world.client.generate_order_status_report(command)
    assert report is not None
    assert (report.order_status, report.quantity) == (OrderStatus.ACCEPTED, order.quantity)
    world.engine.reconcile_execution_report(report)
    assert world.story(order) == ["OrderSubmitted", "OrderAccepted"]


async def test_an_order_cancelled_before_it_is_open_is_not_out_of_reach() -> None:
    slow = DevnetConfig(port=0, synthetic=False, past_hours=0, order_delay_ms=300)
    async with open_world(slow) as world:
        order = world.submit(world.limit(BUY, "0.01000", world.around("-0.01")))
        await eventually(lambda: order.is_inflight)
        await world.fault(kind="http_status", path="/v1/orders", method="DELETE", status=504)
        world.cancel(order)
        assert order.is_pending_cancel
        await eventually(lambda: "OrderAccepted" in world.story(order))
        await eventually(lambda: world.query(order) or order.status == OrderStatus.ACCEPTED)
        world.cancel(order)
        await eventually(lambda: order.is_closed)
        assert order.status == OrderStatus.CANCELED


async def test_an_order_modified_before_it_is_open_is_not_out_of_reach() -> None:
    # The venue may refuse to change what it has not decided on; later it can be changed.
    slow = DevnetConfig(port=0, synthetic=False, past_hours=0, order_delay_ms=300)
    async with open_world(slow) as world:
        order = world.submit(world.limit(BUY, "0.01000", world.around("-0.01")))
        await eventually(lambda: order.is_inflight)
        world.modify(order, size="0.02000")
        await eventually(lambda: order.status == OrderStatus.ACCEPTED)
        world.modify(order, size="0.03000")
        await eventually(lambda: str(order.quantity) == "0.03000")
        await eventually(lambda: order.status == OrderStatus.ACCEPTED)


async def test_a_cancel_that_is_only_queued_is_not_refused_by_a_query() -> None:
    slow = DevnetConfig(port=0, synthetic=False, past_hours=0, order_delay_ms=500)
    async with open_world(slow) as world:
        order = await world.resting(BUY, "0.01000", world.around("-0.01"))
        world.cancel(order)
        for _ in range(3):
            world.query(order)
        await eventually(lambda: order.is_closed)
        assert world.story(order)[1:] == ["OrderAccepted", "OrderCanceled"]


async def test_a_cancel_that_is_queued_is_not_refused_where_its_answer_was_lost() -> None:
    slow = DevnetConfig(port=0, synthetic=False, past_hours=0, order_delay_ms=500)
    async with open_world(slow) as world:
        order = await world.resting(BUY, "0.01000", world.around("-0.01"))
        await world.fault(
            kind="http_status", method="DELETE", path="/v1/orders", status=503, after=True
        )
        world.cancel(order)
        await eventually(lambda: world.query(order) or order.is_closed)
        assert world.story(order)[1:] == ["OrderAccepted", "OrderCanceled"]


async def test_a_modification_that_worked_long_ago_casts_no_doubt_on_a_cancel(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slow = DevnetConfig(port=0, synthetic=False, past_hours=0, order_delay_ms=300)
    async with open_world(slow) as world:
        order = await world.resting(BUY, "0.01000", world.around("-0.01"))
        monkeypatch.setattr(under_way, "_EFFECT_SECS", 0.0)  # the time has passed
        world.modify(order, size="0.02000")
        await eventually(lambda: str(order.quantity) == "0.02000")
        monkeypatch.undo()
        world.cancel(order)
        await eventually(lambda: world.query(order) or order.is_closed)
        assert "OrderCancelRejected" not in world.story(order)
