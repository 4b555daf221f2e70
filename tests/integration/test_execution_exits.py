"""Exits of brackets under adverse conditions: nothing may leave a position without its stop."""

from collections.abc import AsyncIterator
from decimal import Decimal

import httpx
import pytest
from nautilus_trader.model.enums import OrderSide, OrderStatus, OrderType
from nautilus_trader.model.objects import Price
from nautilus_trader.model.orders import Order

from nautilus_paradex.devnet.config import DevnetConfig
from nautilus_paradex.execution.commands.lists import keeper
from nautilus_paradex.protocol.events import FillEvent, OrderEvent
from nautilus_paradex.transport.errors import NotSentError
from nautilus_paradex.transport.reconnect import Backoff
from tests.integration.execution_world import HeldBack, World, loopback_transport, open_world
from tests.integration.held_requests import HeldRequest, HeldRequests
from tests.integration.test_execution_brackets import (
    bracket,
    clear_the_way,
    fill_entry,
    plain_list,
    sizes_at_venue,
    submit_list,
)
from tests.support import KeptLog, eventually

BUY, SELL = OrderSide.BUY, OrderSide.SELL


class Offline(httpx.AsyncBaseTransport):
    """A way to the venue that new orders can be kept from: they are known not to be sent."""

    def __init__(self) -> None:
        self._inner = loopback_transport()
        self.times = 0
        self.kept_back = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.method == "POST" and request.url.path == "/v1/orders" and self.times:
            self.times -= 1
            self.kept_back += 1
            raise NotSentError("no way to the venue")
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self._inner.aclose()


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper, "_RETRY_SECS", (0.05, 0.1, 0.1, 0.1, 0.1))


@pytest.fixture
def offline() -> Offline:
    return Offline()


@pytest.fixture
def requests() -> HeldRequests:
    return HeldRequests(loopback_transport())


@pytest.fixture
async def transport(request: pytest.FixtureRequest) -> httpx.AsyncBaseTransport | None:
    """The way to the venue that a test asks for by name, if it does."""
    names = {"offline", "requests"} & set(request.fixturenames)
    return request.getfixturevalue(names.pop()) if names else None


@pytest.fixture
async def world(transport: httpx.AsyncBaseTransport | None) -> AsyncIterator[World]:
    config = DevnetConfig(port=0, synthetic=False, past_hours=0)
    async with open_world(config, transport=transport) as world:
        await world.counterparty.place("BUY", "5.00000", world.around("-0.004"))
        await world.counterparty.place("SELL", "5.00000", world.around("0.004"))
        yield world


async def resting_bracket(world: World) -> list[Order]:
    """A bracket whose entry of 0.03 rests at the best bid."""
    orders = submit_list(world, bracket(world, entry=world.around("-0.003"))).orders
    await eventually(lambda: orders[0].is_open)
    return orders


async def bracket_filled_by(world: World, size: str) -> list[Order]:
    """A bracket of 0.03 of which so much is filled, with exits of that size."""
    orders = await resting_bracket(world)
    await fill_entry(world, size)
    total = f"{Decimal(size).normalize():f}"
    await eventually(lambda: sizes_at_venue(world, *orders[1:]) == [total, total])
    await eventually(lambda: all(order.is_open for order in orders[1:]))
    return orders


class HeldStream:
    """Fills and order updates, held back until they are let through."""

    def __init__(self, world: World) -> None:
        self._held = [HeldBack(world, FillEvent), HeldBack(world, OrderEvent)]

    @property
    def messages(self) -> list[object]:
        return [message for held in self._held for message in held.messages]

    def let_through(self) -> None:
        for held in reversed(self._held):
            held.let_through()


def request_of(requests: HeldRequests, method: str, order: Order) -> HeldRequest | None:
    path = f"/v1/orders/{order.venue_order_id}"
    return next(
        (
            held
            for held in requests.waiting
            if held.request.method == method and held.request.url.path == path
        ),
        None,
    )


async def arrive(requests: HeldRequests, method: str, order: Order) -> HeldRequest:
    """Wait for a request that concerns an order, let it arrive and be answered."""
    await eventually(lambda: request_of(requests, method, order))
    held = request_of(requests, method, order)
    assert held is not None
    requests.move(held)
    await eventually(lambda: held.response is not None)
    requests.move(held)
    return held


# -- One order does not wait for another -----------------------------------------------------------


async def test_a_stop_is_raised_while_the_change_of_a_target_has_no_answer(
    world: World, requests: HeldRequests
) -> None:
    _, stop, target = await bracket_filled_by(world, "0.01000")
    requests.hold()
    await fill_entry(world, "0.01000")
    await arrive(requests, "PUT", stop)
    await eventually(lambda: request_of(requests, "PUT", target))
    await fill_entry(world, "0.01000")
    await arrive(requests, "PUT", stop)

    await eventually(lambda: sizes_at_venue(world, stop, target) == ["0.03", "0.01"])
    requests.let_through()
    await eventually(lambda: sizes_at_venue(world, stop, target) == ["0.03", "0.03"])


async def test_an_entry_that_fills_faster_than_its_stop_is_raised_stays(
    world: World, requests: HeldRequests
) -> None:
    entry, stop, target = await bracket_filled_by(world, "0.01000")
    requests.hold()
    await fill_entry(world, "0.00100")
    for _ in range(6):
        await eventually(lambda: request_of(requests, "PUT", stop))
        filled = entry.filled_qty + Decimal("0.001")
        await fill_entry(world, "0.00100")
        await eventually(lambda filled=filled: entry.filled_qty == filled)
        await arrive(requests, "PUT", stop)
    requests.let_through()
    await eventually(lambda: sizes_at_venue(world, stop, target) == ["0.017", "0.017"])

    assert entry.is_open
    assert sizes_at_venue(world, entry) == ["0.03"]


async def test_a_stop_is_raised_once_its_cancel_is_refused(
    world: World, requests: HeldRequests
) -> None:
    _, stop, target = await bracket_filled_by(world, "0.01000")
    requests.hold()
    world.cancel(stop)
    await eventually(lambda: request_of(requests, "DELETE", stop))
    await fill_entry(world, "0.02000")
    await arrive(requests, "PUT", target)
    await eventually(lambda: target.quantity == Decimal("0.03"))
    held = request_of(requests, "DELETE", stop)
    assert held is not None
    requests.drop(held, lambda *_: httpx.Response(429, json={"message": "slow down"}))
    await arrive(requests, "PUT", stop)

    await eventually(lambda: sizes_at_venue(world, stop, target) == ["0.03", "0.03"])
    requests.let_through()


# -- Exits that do not get through at first --------------------------------------------------------


async def test_an_exit_that_could_not_be_sent_is_sent_again(world: World, offline: Offline) -> None:
    _, stop, target = await resting_bracket(world)
    offline.times = 3
    await fill_entry(world, "0.03000")
    await eventually(lambda: stop.is_open and target.is_open)

    assert offline.kept_back == 3
    assert world.story(stop) == ["OrderSubmitted", "OrderAccepted"]
    assert sizes_at_venue(world, stop, target) == ["0.03", "0.03"]


@pytest.mark.usefixtures("no_late_arrivals")
@pytest.mark.parametrize(
    "status",
    [pytest.param(429, id="rate_limit"), pytest.param(503, id="not_carried_out")],
)
async def test_an_exit_that_the_venue_had_no_time_for_is_sent_again(
    world: World, status: int
) -> None:
    _, stop, target = await resting_bracket(world)
    stream = HeldStream(world)
    await fill_entry(world, "0.03000")
    await world.fault(kind="http_status", path="/v1/orders", method="POST", status=status, times=2)
    stream.let_through()
    await eventually(lambda: stop.is_open and target.is_open)

    assert world.story(stop) == ["OrderSubmitted", "OrderAccepted"]
    assert sizes_at_venue(world, stop, target) == ["0.03", "0.03"]


async def test_an_exit_refused_while_the_venue_takes_cancels_only_is_sent_afterwards(
    world: World,
) -> None:
    _, stop, target = await resting_bracket(world)
    stream = HeldStream(world)
    await fill_entry(world, "0.03000")
    world.server.exchange.system_status = "cancel_only"
    stream.let_through()
    await eventually(lambda: world.http.metrics["refused"] >= 3)
    assert stop.status == target.status == OrderStatus.INITIALIZED
    world.server.exchange.system_status = "ok"
    await eventually(lambda: stop.is_open and target.is_open)

    assert sizes_at_venue(world, stop, target) == ["0.03", "0.03"]
    assert "OrderRejected" not in [*world.story(stop), *world.story(target)]


async def test_a_change_of_a_stop_is_repeated_for_as_long_as_it_is_refused(world: World) -> None:
    _, stop, target = await bracket_filled_by(world, "0.01000")
    times = 2 * len(keeper._RETRY_SECS)
    await world.fault(kind="http_status", path="/v1/orders/", method="PUT", status=429, times=times)
    for _ in range(4):
        await fill_entry(world, "0.00500")

    await eventually(lambda: sizes_at_venue(world, stop, target) == ["0.03", "0.03"])
    assert world.http.metrics["rate_limited"] == times


async def test_an_entry_fills_no_more_while_its_stop_does_not_get_through(
    world: World, offline: Offline
) -> None:
    entry, stop, _ = await resting_bracket(world)
    offline.times = 1_000
    await fill_entry(world, "0.01000")
    await eventually(lambda: entry.is_closed)
    assert entry.filled_qty == Decimal("0.01")
    offline.times = 0
    await eventually(lambda: sizes_at_venue(world, stop) == ["0.01"])


async def test_an_entry_fills_no_more_while_its_stop_has_no_answer(
    world: World, requests: HeldRequests, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "_LONG_SECS", 0.1)
    entry, stop, _ = await resting_bracket(world)
    requests.hold()
    await fill_entry(world, "0.01000")
    await arrive(requests, "DELETE", entry)
    await eventually(lambda: entry.is_closed)
    assert stop.status == OrderStatus.INITIALIZED

    requests.let_through()
    await eventually(lambda: sizes_at_venue(world, stop) == ["0.01"])


async def test_an_entry_fills_no_more_while_its_stop_cannot_be_raised(world: World) -> None:
    entry, stop, target = await bracket_filled_by(world, "0.01000")
    await world.fault(
        kind="http_status",
        path=f"/v1/orders/{stop.venue_order_id}",
        method="PUT",
        status=400,
        times=1_000,
    )
    await fill_entry(world, "0.01000")
    await eventually(lambda: entry.is_closed)
    assert sizes_at_venue(world, stop, target) == ["0.01", "0.02"]
    await world.fault(kind="clear")

    await eventually(lambda: sizes_at_venue(world, stop, target) == ["0.02", "0.02"])


@pytest.mark.parametrize("status", [400, 403])
async def test_the_rest_of_an_entry_goes_when_its_stop_is_refused(
    world: World, status: int
) -> None:
    entry, stop, target = await resting_bracket(world)
    stream = HeldStream(world)
    await fill_entry(world, "0.01000")
    await world.fault(kind="http_status", path="/v1/orders", method="POST", status=status)
    stream.let_through()
    await eventually(lambda: entry.is_closed and target.is_open)

    assert stop.status == OrderStatus.REJECTED
    assert sizes_at_venue(world, target) == ["0.01"]


async def test_an_exit_is_given_up_when_there_is_no_position_for_it_any_more(
    world: World, offline: Offline
) -> None:
    _, stop, target = await resting_bracket(world)
    offline.times = 1_000
    await fill_entry(world, "0.03000")
    await eventually(lambda: offline.kept_back >= 2)
    await world.second_screen.place("SELL", "0.03000", None)
    await eventually(lambda: stop.is_closed and target.is_closed)

    assert world.net_position == 0
    assert world.story(stop) == ["OrderCanceled"]


async def test_an_exit_that_waits_to_be_sent_again_can_be_changed_and_cancelled(
    world: World, offline: Offline
) -> None:
    _, stop, target = await resting_bracket(world)
    offline.times = 1_000
    await fill_entry(world, "0.03000")
    await eventually(lambda: offline.kept_back >= 3)
    world.cancel(target)
    await eventually(lambda: target.is_closed)
    world.modify(stop, trigger=world.around("-0.03"))
    await eventually(lambda: stop.trigger_price == Decimal(world.around("-0.03")))
    offline.times = 0
    await eventually(lambda: stop.is_open)

    assert world.venue_order(target) is None
    assert Decimal(world.venue_order(stop)["trigger_price"]) == Decimal(world.around("-0.03"))


@pytest.mark.parametrize("by", ["its_id", "cancel_all", "batch"])
async def test_an_exit_cancelled_while_it_is_being_sent_does_not_stay(
    world: World, requests: HeldRequests, by: str
) -> None:
    _, stop, _ = await resting_bracket(world)
    requests.hold()
    await fill_entry(world, "0.03000")
    await eventually(lambda: requests.waiting)
    if by == "its_id":
        world.cancel(stop)
    elif by == "batch":
        world.cancel_batch(stop)
    else:
        world.cancel_all("S-001")
    requests.let_through()
    await eventually(lambda: stop.is_closed)

    assert stop.status == OrderStatus.CANCELED
    assert sizes_at_venue(world, stop) == [None]


@pytest.mark.usefixtures("no_late_arrivals")
@pytest.mark.parametrize("by", ["its_id", "cancel_all"])
async def test_an_exit_cancelled_while_it_is_being_sent_ends_though_it_never_arrives(
    world: World, requests: HeldRequests, by: str
) -> None:
    _, stop, _ = await resting_bracket(world)
    requests.hold()
    await fill_entry(world, "0.03000")
    await eventually(lambda: requests.waiting)
    if by == "its_id":
        world.cancel(stop)
    else:
        world.cancel_all("S-001")
    # After the cancel has been taken up, which waits for what becomes of the order.
    await eventually(lambda: world.client._commands._contingencies._wishes.of(stop).is_unwanted)
    requests.drop(requests.waiting[0], "unavailable")
    requests.let_through()
    await eventually(lambda: stop.is_closed)

    assert world.story(stop) == ["OrderCanceled"]
    assert world.venue_order(stop) is None


async def test_an_exit_changed_too_late_has_the_price_that_it_was_sent_with(world: World) -> None:
    sent, wanted = world.around("-0.02"), world.around("-0.03")
    order = world.limit(BUY, "0.01000", sent)
    world.cache.add_order(order)
    world.client._events.leaving(order, 1_000_000)
    world.client._events.change_unsent(order, None, Price.from_str(wanted), None)
    await eventually(lambda: order.price == Decimal(wanted))
    await world.second_screen.place("BUY", "0.01000", sent, client_id=order.client_order_id.value)
    await eventually(lambda: order.is_open)

    assert order.price == Decimal(sent)
    assert world.story(order)[-3:] == ["OrderUpdated", "OrderSubmitted", "OrderAccepted"]


# -- Sizes -----------------------------------------------------------------------------------------


async def test_the_size_that_a_strategy_gave_an_exit_stays(world: World) -> None:
    _, stop, target = await bracket_filled_by(world, "0.02000")
    world.modify(target, size="0.01000")
    await eventually(lambda: sizes_at_venue(world, target) == ["0.01"])
    await fill_entry(world, "0.01000")
    await eventually(lambda: sizes_at_venue(world, stop) == ["0.03"])
    await clear_the_way(world)
    await world.counterparty.place("BUY", "0.00500", world.around("0.021"))
    await eventually(lambda: sizes_at_venue(world, stop) == ["0.025"])

    assert sizes_at_venue(world, target) == ["0.01"]


async def test_a_size_that_was_refused_is_not_brought_about_later(world: World) -> None:
    _, stop, target = await bracket_filled_by(world, "0.02000")
    await world.fault(kind="http_status", path="/v1/orders", method="PUT", status=400)
    world.modify(target, size="0.01000")
    await eventually(lambda: "OrderModifyRejected" in world.story(target))
    await fill_entry(world, "0.01000")

    await eventually(lambda: sizes_at_venue(world, stop, target) == ["0.03", "0.03"])


async def test_exits_follow_an_entry_that_was_made_larger(world: World) -> None:
    entry, stop, target = await resting_bracket(world)
    world.modify(entry, size="0.05000")
    await eventually(lambda: sizes_at_venue(world, entry) == ["0.05"])
    await fill_entry(world, "0.05000")

    await eventually(lambda: sizes_at_venue(world, stop, target) == ["0.05", "0.05"])


async def test_an_exit_made_smaller_that_fills_before_it_is_told_to_be_open_is_over(
    world: World,
) -> None:
    entry, stop, target = await resting_bracket(world)
    updates = HeldBack(world, OrderEvent)
    await fill_entry(world, "0.01000")
    await eventually(lambda: sizes_at_venue(world, target) == ["0.01"])
    await clear_the_way(world)
    await world.counterparty.place("BUY", "0.01000", world.around("0.021"))
    await eventually(lambda: target.status == OrderStatus.FILLED)
    updates.let_through()

    await eventually(lambda: entry.is_closed and stop.is_closed)
    assert world.net_position == 0


# -- Endings ---------------------------------------------------------------------------------------


async def test_the_rest_of_an_entry_goes_when_the_venue_ends_its_stop(world: World) -> None:
    entry, stop, target = await bracket_filled_by(world, "0.01000")
    await world.second_screen.http.cancel_order(stop.venue_order_id.value)
    await eventually(lambda: stop.is_closed and entry.is_closed)

    assert entry.filled_qty == Decimal("0.01")
    assert sizes_at_venue(world, target) == ["0.01"]


async def test_an_order_that_waits_for_its_batch_can_be_changed_and_cancelled(
    world: World, requests: HeldRequests
) -> None:
    orders = [world.limit(BUY, "0.00100", world.around("-0.05")) for _ in range(13)]
    requests.hold()
    submit_list(world, plain_list(world, *orders))
    await eventually(lambda: requests.waiting)
    world.cancel(orders[10])
    world.modify(orders[11], price=world.around("-0.06"))
    await eventually(lambda: orders[10].is_closed)
    requests.let_through()
    await eventually(lambda: orders[12].is_open and orders[11].is_open)

    assert world.story(orders[10]) == ["OrderCanceled"]
    assert world.venue_order(orders[10]) is None
    assert Decimal(world.venue_order(orders[11])["price"]) == Decimal(world.around("-0.06"))


# -- Stops that are set off ------------------------------------------------------------------------


async def test_a_stop_beside_a_target_that_is_not_in_the_book_closes_the_position(
    world: World,
) -> None:
    touched = {
        "tp_order_type": OrderType.LIMIT_IF_TOUCHED,
        "tp_trigger_price": Price.from_str(world.around("0.02")),
        "tp_post_only": False,
    }
    _, stop, target = submit_list(world, bracket(world, **touched)).orders
    await eventually(lambda: stop.is_open and target.is_open)
    await clear_the_way(world)
    await world.counterparty.place("BUY", "5.00000", world.around("-0.03"))
    world.move("-0.025")
    await eventually(lambda: stop.is_closed and target.is_closed)

    assert (stop.status, target.status) == (OrderStatus.FILLED, OrderStatus.CANCELED)
    assert world.net_position == 0


async def test_a_stop_that_a_target_in_the_book_keeps_from_working_is_lost(world: World) -> None:
    # All reduce-only orders in the book together may not exceed the position (a guess).
    entry, stop, target = await bracket_filled_by(world, "0.01000")
    await clear_the_way(world)
    await world.counterparty.place("BUY", "5.00000", world.around("-0.03"))
    world.move("-0.025")
    await eventually(lambda: stop.is_closed and entry.is_closed)

    assert world.venue_order(stop)["cancel_reason"] == "REDUCE_ONLY_WILL_INCREASE"
    assert sizes_at_venue(world, target) == ["0.01"]


async def test_a_stop_that_meets_the_rest_of_its_entry_is_lost_and_that_is_an_error(
    world: World,
) -> None:
    log = KeptLog()
    world.client._commands._contingencies._keeper._log = log
    touched = {
        "tp_order_type": OrderType.LIMIT_IF_TOUCHED,
        "tp_trigger_price": Price.from_str(world.around("0.02")),
        "tp_post_only": False,
    }
    wanted = bracket(world, entry=world.around("-0.003"), **touched)
    entry, stop, target = submit_list(world, wanted).orders
    await eventually(lambda: entry.is_open)
    await fill_entry(world, "0.01000")
    await eventually(lambda: stop.is_open and target.is_open)
    world.move("-0.025")
    await eventually(lambda: stop.is_closed and log.errors)

    assert world.venue_order(stop)["cancel_reason"] == "SELF_TRADE"
    assert log.errors[0].startswith("UNPROTECTED: 0.01 of ")
    assert world.net_position == Decimal("0.01")


# -- Over the socket -------------------------------------------------------------------------------


async def test_an_exit_that_the_socket_was_down_for_is_sent_once_it_is_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(keeper, "_RETRY_SECS", (600.0,))
    monkeypatch.setattr(Backoff, "next_delay", lambda _: 0.3)  # at random it may be none at all
    config = DevnetConfig(port=0, synthetic=False, past_hours=0)
    async with open_world(config, order_route="ws") as world:
        _, stop, target = await resting_bracket(world)
        stream = HeldStream(world)
        await fill_entry(world, "0.03000")
        await eventually(lambda: len(stream.messages) >= 2)
        world.server.sockets.drop_all()
        await eventually(lambda: not world.client.websocket.is_connected)
        stream.let_through()
        await eventually(lambda: stop.is_open and target.is_open)

        assert sizes_at_venue(world, stop, target) == ["0.03", "0.03"]
        assert "OrderRejected" not in [*world.story(stop), *world.story(target)]
