"""The account trades while the platform takes it over: nothing is invented or counted twice."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal

import pytest
from nautilus_trader.execution.reports import ExecutionMassStatus
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.events import OrderFilled
from nautilus_trader.model.orders import Order

from nautilus_paradex.devnet.config import DevnetConfig
from nautilus_paradex.execution import takeover
from nautilus_paradex.execution.account import positions
from nautilus_paradex.execution.errors import ReadingTimeoutError
from nautilus_paradex.execution.reports.venue_state import VenueState
from nautilus_paradex.protocol import rest
from nautilus_paradex.protocol.events import FillEvent, OrderEvent, PositionEvent
from tests.integration.execution_world import MARKET, World, open_world
from tests.support import eventually

EVERYTHING = (OrderEvent, FillEvent, PositionEvent)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(positions, "_GRACE_SECS", 0.3)
    monkeypatch.setattr(positions, "_READING_DELAY_SECS", 0.1)


@pytest.fixture(params=["json", "sbe"])
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    config = DevnetConfig(port=0, synthetic=False, past_hours=0, private_sbe=request.param == "sbe")
    async with open_world(config) as world:
        yield world


async def bought_elsewhere(world: World) -> None:
    await world.counterparty.place("SELL", "0.01000", world.around("0"))
    await world.second_screen.place("BUY", "0.01000", None)


@asynccontextmanager
async def trading(world: World) -> AsyncIterator[None]:
    """Let the account trade without a pause, elsewhere."""
    is_over = False

    async def trade() -> None:
        while not is_over:
            await bought_elsewhere(world)

    task = asyncio.create_task(trade())
    await eventually(lambda: len(world.ledger()["fills"]) > 3)
    yield
    is_over = True
    await task


def venue_position(world: World) -> Decimal:
    return sum(
        (Decimal(p["size"]) for p in world.ledger()["positions"] if p["market"] == MARKET),
        Decimal(0),
    )


def invented(world: World) -> list[Order]:
    return [o for o in world.cache.orders() if "RECONCILIATION" in (o.tags or ())]


def told_fills(world: World) -> list[str]:
    return sorted(e.trade_id.value for e in world.events if isinstance(e, OrderFilled))


def venue_fills(world: World) -> list[str]:
    return sorted(fill["id"] for fill in world.ledger()["fills"])


async def test_a_start_in_the_middle_of_trading_takes_over_the_venues_fills(world: World) -> None:
    async with trading(world):
        assert await world.engine.reconcile_execution_state()
    await eventually(lambda: world.net_position == venue_position(world))
    await eventually(lambda: told_fills(world) == venue_fills(world))
    await eventually(lambda: not world.client._account.positions._watched)
    assert not invented(world)


async def test_a_connection_lost_meanwhile_is_caught_up_with_afterwards(world: World) -> None:
    async with trading(world):
        start = asyncio.create_task(world.engine.reconcile_execution_state())
        await eventually(lambda: world.client._takeover.is_under_way)
        await world.fault(kind="drop_sockets")
        assert await start
    await eventually(lambda: told_fills(world) == venue_fills(world))
    await eventually(lambda: world.net_position == venue_position(world))
    assert not invented(world)


async def test_an_order_that_fills_further_meanwhile_does_not_fail_the_start(world: World) -> None:
    lost = world.deafen(*EVERYTHING)
    price = world.around("0")
    await world.second_screen.place("BUY", "1.00000", price)
    await world.counterparty.place("SELL", "0.03000", price)
    await eventually(lambda: any(isinstance(m, PositionEvent) for m in lost))
    world.client._stream.take = world._take
    heard = world.listen(FillEvent)
    undo = world.client._reports._reader._with_busts

    async def fill_more(state: VenueState) -> VenueState:
        await world.counterparty.place("SELL", "0.01000", price)
        await eventually(lambda: bool(heard))
        return await undo(state)

    world.client._reports._reader._with_busts = fill_more  # type: ignore[method-assign]
    assert await world.engine.reconcile_execution_state()
    await eventually(lambda: world.net_position == Decimal("0.04"))
    await eventually(lambda: told_fills(world) == venue_fills(world))
    (order,) = world.cache.orders()
    assert order.filled_qty.as_decimal() == Decimal("0.04")


async def test_a_loop_kept_busy_while_the_engine_asks_for_positions_lets_nothing_through(
    world: World,
) -> None:
    price = world.around("0")
    order = await world.resting(OrderSide.BUY, "0.02000", price)
    await world.counterparty.place("SELL", "0.01000", price)
    await eventually(lambda: world.net_position == Decimal("0.01"))
    heard = world.listen(FillEvent)
    read = world.client.generate_mass_status

    async def and_trade(lookback_mins: int | None = None) -> ExecutionMassStatus | None:
        mass_status = await read(lookback_mins)
        await world.counterparty.place("SELL", "0.01000", price)
        await eventually(lambda: bool(heard))
        return mass_status

    world.client.generate_mass_status = and_trade  # type: ignore[method-assign]
    are_kept: list[bool] = []

    def keep_busy(_: object) -> None:
        are_kept.append(world.client._takeover.is_under_way)
        time.sleep(0.5)

    world.msgbus.subscribe("reports.execution.PARADEX", keep_busy)
    assert await world.engine.reconcile_execution_state()
    # The engine has its last word while what came meanwhile is still kept.
    assert are_kept == [True, True]
    await eventually(lambda: order.is_closed)
    assert told_fills(world) == venue_fills(world)
    assert world.cache.orders() == [order]


async def test_a_position_is_not_corrected_while_the_engine_waits_for_other_clients(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(positions, "_LOOKBACK_MS", 1)
    world.deafen(*EVERYTHING)
    await bought_elsewhere(world)
    mass_status = await world.client.generate_mass_status()
    # The engine waits for the others: nothing may be compared, let alone brought in line.
    assert world.client._takeover.is_under_way
    await world.client._account.positions.reconcile(None, "it differs")
    assert not world.cache.orders()
    world.engine.reconcile_execution_mass_status(mass_status)
    await world.client._takeover.until_over()
    await eventually(lambda: not world.client._account.positions._lock.locked())
    assert world.net_position == Decimal("0.01")
    assert not invented(world)


async def test_a_mass_status_in_the_middle_of_trading_invents_nothing(world: World) -> None:
    assert await world.engine.reconcile_execution_state()
    async with trading(world):
        assert await world.engine.reconcile_execution_state()
    await eventually(lambda: told_fills(world) == venue_fills(world))
    await eventually(lambda: world.net_position == venue_position(world))
    await eventually(lambda: not world.client._account.positions._watched)
    assert not invented(world)


async def test_order_events_of_a_node_that_trades_do_not_wait_for_a_slow_venue(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await world.engine.reconcile_execution_state()
    await world.client._takeover.until_over()
    monkeypatch.setattr(takeover, "_LATER_READING_SECS", 1.0)
    heard = world.listen(FillEvent)
    never = asyncio.Event()

    async def unanswered() -> list[rest.Position]:
        await never.wait()
        return []

    monkeypatch.setattr(world.http, "positions", unanswered)
    reading = asyncio.create_task(world.client.generate_mass_status())
    await eventually(lambda: world.client._takeover.is_under_way)
    await bought_elsewhere(world)
    await eventually(lambda: bool(heard))
    with pytest.raises(ReadingTimeoutError):
        await reading
    await eventually(lambda: told_fills(world) == venue_fills(world))
    assert not invented(world)


async def test_what_is_kept_is_told_when_the_client_disconnects(world: World) -> None:
    heard = world.listen(FillEvent)
    await world.client.generate_mass_status()
    await bought_elsewhere(world)
    await eventually(lambda: bool(heard))
    assert not world.cache.orders()
    world.client.disconnect()
    await eventually(lambda: told_fills(world) == venue_fills(world))
