"""Funding payments: typed data for subscribers, each once, and none lost to a disconnection."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from nautilus_paradex.data_types import ParadexFundingPayment
from nautilus_paradex.devnet.config import DevnetConfig
from nautilus_paradex.execution.account import funding
from nautilus_paradex.execution.commands.venue_commands import venue_commands
from nautilus_paradex.protocol import rest
from nautilus_paradex.protocol.json_feed import Message
from nautilus_paradex.transport.errors import RequestError
from tests.integration.execution_world import INSTRUMENT_ID, World, next_run, open_world
from tests.support import eventually


@pytest.fixture
async def world() -> AsyncIterator[World]:
    config = DevnetConfig(port=0, synthetic=False, past_hours=0, tick_interval_ms=50)
    async with open_world(config) as world:
        await world.reconcile()
        yield world


async def hold(world: World, size: str = "1.00000") -> None:
    """Have the account buy, and wait until the position owes funding."""
    price = world.around("0")
    await world.second_screen.place("BUY", size, price)
    await world.counterparty.place("SELL", size, price)

    def owes() -> bool:
        (position,) = world.server.exchange.positions(world.address)
        return bool(position.unrealized_funding_pnl)

    await eventually(owes)


def payments_in_ledger(world: World) -> list[tuple[str, Decimal]]:
    return [(p["id"], Decimal(p["payment"])) for p in world.ledger()["funding_payments"]]


def time_of(payment: ParadexFundingPayment) -> datetime:
    return datetime.fromtimestamp(payment.ts_event / 1_000_000_000, tz=UTC)


def told(received: list[ParadexFundingPayment]) -> list[tuple[str, Decimal]]:
    return [(p.payment_id, p.payment) for p in received]


def change_hearing(world: World, times: int) -> None:
    """Have every funding payment delivered so many times."""
    take = world.client._stream.take

    def hear(message: Message) -> None:
        for _ in range(times if isinstance(message, rest.FundingPayment) else 1):
            take(message)

    world.client._stream.take = hear  # type: ignore[method-assign]


async def test_a_payment_reaches_its_subscribers_as_the_venue_made_it(world: World) -> None:
    received = world.subscribe(ParadexFundingPayment)
    await hold(world)
    await hold(world)
    await eventually(lambda: len(payments_in_ledger(world)) == 1 and bool(received))
    assert told(received) == payments_in_ledger(world)
    (payment,) = received
    assert payment.instrument_id == INSTRUMENT_ID
    assert payment.fill_id == world.ledger()["fills"][-1]["id"]


async def test_a_payment_told_again_is_not_published_again(world: World) -> None:
    received = world.subscribe(ParadexFundingPayment)
    change_hearing(world, times=2)
    await hold(world)
    await hold(world)
    await eventually(lambda: len(payments_in_ledger(world)) == len(received) == 1)
    await world.fault(kind="drop_sockets")
    await hold(world)
    await eventually(lambda: len(payments_in_ledger(world)) == len(received) == 2)
    assert told(received) == payments_in_ledger(world)


async def test_payments_of_a_disconnection_are_fetched_afterwards(world: World) -> None:
    received = world.subscribe(ParadexFundingPayment)
    change_hearing(world, times=0)
    for _ in range(3):
        await hold(world)
    await eventually(lambda: len(payments_in_ledger(world)) == 2)
    assert not received
    await world.fault(kind="http_status", path="/v1/funding/payments", status=500, times=1)
    await world.fault(kind="drop_sockets")
    await eventually(lambda: len(received) == 2)
    assert told(received) == payments_in_ledger(world)


async def test_payments_of_before_the_start_are_told_to_who_asks(world: World) -> None:
    for _ in range(4):
        await hold(world)
    await eventually(lambda: len(payments_in_ledger(world)) == 3)
    await world.client._disconnect()

    async with next_run(world) as heir:
        client = venue_commands(heir.msgbus)
        everything = await client.funding_payments(INSTRUMENT_ID)
        second = time_of(everything[1])
        since_the_second = await client.funding_payments(INSTRUMENT_ID, start=second)
        until_the_second = await client.funding_payments(INSTRUMENT_ID, end=second)

    assert told(everything) == payments_in_ledger(world)
    assert told(since_the_second) == payments_in_ledger(world)[1:]
    assert told(until_the_second) == payments_in_ledger(world)[:2]
    assert all(payment.ts_init == payment.ts_event for payment in everything)


async def test_all_pages_of_payments_are_read(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(4):
        await hold(world)
    await eventually(lambda: len(payments_in_ledger(world)) == 3)
    monkeypatch.setattr(funding, "_PAGE_SIZE", 2)

    assert told(await world.client.funding_payments(INSTRUMENT_ID)) == payments_in_ledger(world)


async def test_payments_that_the_venue_does_not_tell_are_not_taken_for_none(world: World) -> None:
    await world.fault(kind="http_status", path="/v1/funding/payments", status=500, times=10)

    with pytest.raises(RequestError):
        await world.client.funding_payments(INSTRUMENT_ID)
