"""TWAPs of a strategy against the venue: started, watched, ended, and found again."""

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal

import pytest
from nautilus_trader.model.enums import OrderSide, OrderStatus
from nautilus_trader.model.objects import Quantity

from nautilus_paradex.devnet.config import DevnetConfig
from nautilus_paradex.execution.commands.algo import TwapOrder
from nautilus_paradex.execution.commands.request_signer import RequestSigner
from nautilus_paradex.execution.commands.venue_commands import venue_commands
from nautilus_paradex.execution.errors import (
    AmbiguousTwapError,
    CommandDeniedError,
    TwapNotAcceptedError,
)
from nautilus_paradex.parsing.algos import TwapDraft, TwapStatus
from nautilus_paradex.transport.errors import VenueError
from tests.integration.execution_world import INSTRUMENT_ID, MARKET, World, open_world
from tests.integration.venue_time import VenueTime
from tests.support import eventually

BUY = OrderSide.BUY
PATH = "/v1/algo/orders"


@pytest.fixture
def venue_time() -> VenueTime:
    return VenueTime()


@pytest.fixture
async def world(venue_time: VenueTime) -> AsyncIterator[World]:
    config = DevnetConfig(port=0, synthetic=False, past_hours=0, tick_interval_ms=20)
    async with open_world(config, now_us=venue_time) as world:
        yield world


async def start(world: World, size: str = "0.02000", duration_secs: int = 60) -> TwapOrder:
    return await world.client.submit_twap(
        INSTRUMENT_ID,
        BUY,
        Quantity.from_str(size),
        duration_secs=duration_secs,
    )


def running(world: World) -> list[str]:
    account = world.server.accounts[0].address_hex
    return [report.id for report in world.server.exchange.algos.running(account)]


def net(world: World) -> Decimal:
    position: Decimal = world.portfolio.net_position(INSTRUMENT_ID)
    return position


async def test_children_arrive_as_orders_placed_elsewhere_until_all_is_filled(
    world: World, venue_time: VenueTime
) -> None:
    await world.counterparty.place("SELL", "0.05000", world.around("0"))
    twap = await start(world)
    await eventually(lambda: net(world) == Decimal("0.01"))
    running_status = await twap.status()
    assert (running_status.status, running_status.filled_qty) == (
        "OPEN",
        Quantity.from_str("0.01000"),
    )

    venue_time.leap(30)
    await eventually(lambda: net(world) == Decimal("0.02"))

    done = await twap.status()
    assert done.is_closed
    assert done.filled_qty == done.quantity == Quantity.from_str("0.02000")
    assert done.avg_px == Decimal(world.around("0"))
    assert done.cancel_reason is None
    orders = world.cache.orders()
    assert [order.status for order in orders] == [OrderStatus.FILLED] * 2
    assert {order.strategy_id.value for order in orders} == {"EXTERNAL"}
    assert {order.venue_order_id.value for order in orders} == {
        fill["order_id"] for fill in world.ledger()["fills"]
    }


async def test_updates_tell_each_change_and_end_with_the_twap(
    world: World, venue_time: VenueTime
) -> None:
    await world.counterparty.place("SELL", "0.05000", world.around("0"))
    twap = await start(world)
    told: list[TwapStatus] = []
    async for status in twap.updates(interval_secs=0.01):
        told.append(status)
        if status.filled_qty == Quantity.from_str("0.01000") and not status.is_closed:
            venue_time.leap(30)

    assert told[-1].is_closed
    filled = [status.filled_qty.as_decimal() for status in told]
    assert filled == sorted(filled)
    assert filled[-1] == Decimal("0.02")
    assert len(told) == len(set(told)) <= 3


async def test_a_cancel_ends_it_and_another_cancel_does_no_harm(world: World) -> None:
    twap = await start(world)
    closed = await twap.cancel()
    assert (closed.is_closed, closed.cancel_reason) == (True, "USER_CANCELED")
    assert running(world) == []
    assert await twap.cancel() == closed


@pytest.mark.parametrize(
    ("size", "duration_secs", "code"),
    [
        ("0.02000", 45, "TWAP_DURATION_INVALID"),
        ("0.00001", 60, "TWAP_CHILD_TOO_SMALL"),
        ("0.00010", 60, "TWAP_CHILD_BELOW_MIN_NOTIONAL"),
    ],
)
async def test_what_the_venue_could_not_work_is_never_sent(
    world: World, size: str, duration_secs: int, code: str
) -> None:
    with pytest.raises(CommandDeniedError) as raised:
        await start(world, size, duration_secs)
    assert raised.value.reason.startswith(f"{code}: ")
    assert running(world) == []


async def test_a_refusal_is_raised_with_the_venues_code(world: World) -> None:
    await world.fault(
        kind="http_status",
        path=PATH,
        method="POST",
        status=400,
        body='{"error": "VALIDATION_ERROR", "message": "no"}',
    )
    with pytest.raises(VenueError, match="VALIDATION_ERROR"):
        await start(world)


async def test_one_whose_answer_was_lost_is_found_by_what_it_is(world: World) -> None:
    await start(world, "0.04000")
    await world.fault(kind="http_status", path=PATH, method="POST", status=503, after=True)
    twap = await start(world)
    assert twap.id == running(world)[1]
    assert twap.started.quantity == Quantity.from_str("0.02000")


async def test_one_whose_answer_was_lost_is_found_after_it_has_ended(world: World) -> None:
    await world.counterparty.place("SELL", "0.05000", world.around("0"))
    await world.fault(kind="http_status", path=PATH, method="POST", status=503, after=True)
    twap = await start(world, duration_secs=30)
    await eventually(lambda: net(world) == Decimal("0.02"))
    assert (await twap.status()).is_closed


async def test_one_that_never_arrived_is_told_to_be_not_accepted(
    world: World, venue_time: VenueTime
) -> None:
    await world.fault(kind="http_status", path=PATH, method="POST", status=503)
    starting = asyncio.create_task(start(world))
    await eventually(lambda: world.http.metrics["unknown"])
    assert not starting.done()
    venue_time.leap(15)
    with pytest.raises(TwapNotAcceptedError, match="NOT_ACCEPTED"):
        await starting
    assert running(world) == []


async def test_two_alike_cannot_be_told_apart(world: World) -> None:
    await start_elsewhere(world)
    await world.fault(kind="http_status", path=PATH, method="POST", status=503, after=True)
    with pytest.raises(AmbiguousTwapError) as raised:
        await start(world)
    assert set(raised.value.algo_ids) == set(running(world))


async def test_one_started_here_is_not_mistaken_for_its_twin(world: World) -> None:
    first = await start(world)
    await world.fault(kind="http_status", path=PATH, method="POST", status=503, after=True)
    second = await start(world)
    assert [first.id, second.id] == running(world)


async def test_twaps_started_elsewhere_can_be_taken_over(world: World) -> None:
    await start_elsewhere(world)
    (twap,) = await world.client.open_twaps()
    assert twap.started.instrument_id == INSTRUMENT_ID
    await twap.cancel()
    assert await world.client.open_twaps() == []


async def test_a_strategy_finds_the_commands_by_its_message_bus() -> None:
    async with open_world() as world:
        assert venue_commands(world.msgbus) is world.client
        with pytest.raises(LookupError, match="'OTHER'"):
            venue_commands(world.msgbus, "OTHER")
    with pytest.raises(LookupError):
        venue_commands(world.msgbus)


async def start_elsewhere(world: World) -> None:
    """Start, on the account's second screen, what `start` starts."""
    config = world.client._config
    signer = RequestSigner(world.second_screen.http, config)
    draft = TwapDraft(BUY, Quantity.from_str("0.02000"), 60, 30)
    await world.second_screen.http.create_algo_order(signer.twap(draft, MARKET))
