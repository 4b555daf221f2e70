"""The mass status of an account with a past: all of its pages, and nothing from before its time."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from nautilus_trader.execution.reports import ExecutionMassStatus
from nautilus_trader.model.enums import OrderStatus, OrderType
from nautilus_trader.model.identifiers import InstrumentId

from nautilus_paradex.devnet.config import DevnetConfig
from nautilus_paradex.execution.orders import lookup
from nautilus_paradex.transport.errors import TooManyPagesError
from tests.integration.execution_world import World, open_world
from tests.support import KeptLog, eventually

ETH = "ETH-USD-PERP"
COUNT = 5
SHIFT_MS = 10 * 60_000


class VenueTime:
    """The venue's clock, moved on by the test."""

    def __init__(self) -> None:
        self._start = asyncio.get_running_loop().time()
        self.ahead_ms = 0

    def __call__(self) -> int:
        passed = asyncio.get_running_loop().time() - self._start
        return 1_790_000_000_000_000 + int(passed * 1e6) + self.ahead_ms * 1_000


@pytest.fixture
async def venue_time() -> VenueTime:
    return VenueTime()


@pytest.fixture
async def world(venue_time: VenueTime) -> AsyncIterator[World]:
    config = DevnetConfig(port=0, synthetic=False, past_hours=0)
    async with open_world(config, now_us=venue_time) as world:
        yield world


async def trade(world: World, times: int = 1) -> list[str]:
    """Have the account buy elsewhere, unheard by the client; returns the ids of the orders."""
    placed = []
    for _ in range(times):
        await world.counterparty.place("SELL", "0.01000", world.around("0"))
        placed.append(await world.second_screen.place("BUY", "0.01000", None))
    ids = [order.id for order in placed]
    await eventually(lambda: set(ids) <= {fill["order_id"] for fill in world.ledger()["fills"]})
    return ids


async def mass_status(world: World, lookback_mins: int | None = None) -> ExecutionMassStatus:
    status = await world.client.generate_mass_status(lookback_mins)
    assert status is not None
    return status


def orders_in(status: ExecutionMassStatus) -> set[str]:
    return {venue_order_id.value for venue_order_id in status.order_reports}


def fills_in(status: ExecutionMassStatus) -> set[str]:
    return {fill.trade_id.value for fills in status.fill_reports.values() for fill in fills}


async def test_orders_and_fills_of_every_page_are_there(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookup, "_PAGE_SIZE", 2)
    world.deafen(object)
    traded = await trade(world, COUNT)
    status = await mass_status(world)
    assert set(traded) <= orders_in(status)
    assert fills_in(status) == {fill["id"] for fill in world.ledger()["fills"]}
    assert len(fills_in(status)) == COUNT


async def test_what_was_over_before_the_lookback_is_left_out(
    world: World, venue_time: VenueTime
) -> None:
    world.deafen(object)
    old = await trade(world)
    venue_time.ahead_ms += SHIFT_MS
    await world.http.sync_clock()
    await world.second_screen.http.sync_clock()
    await world.counterparty.http.sync_clock()
    new = await trade(world)
    within = await mass_status(world, lookback_mins=5)
    assert (set(old) & orders_in(within), set(new) & orders_in(within)) == (set(), set(new))
    first, last = (fill["id"] for fill in world.ledger()["fills"])
    assert last in fills_in(within)
    assert first not in fills_in(within)
    everything = await mass_status(world, lookback_mins=15)
    assert set(old + new) <= orders_in(everything)
    assert set(old + new) <= orders_in(await mass_status(world))


async def test_waiting_triggers_and_markets_that_are_not_loaded_are_there(world: World) -> None:
    world.deafen(object)
    resting = await world.second_screen.place("BUY", "0.10000", "1000", market=ETH)
    waiting = await world.second_screen.place(
        "SELL",
        "0.01000",
        None,
        order_type="STOP_MARKET",
        trigger_price=world.around("-0.01"),
    )
    ledger = world.ledger
    await eventually(lambda: all(o["status"] != "NEW" for o in ledger()["orders"]))
    assert world.cache.instrument(InstrumentId.from_str(f"{ETH}.PARADEX")) is None
    status = await mass_status(world)
    reports = {order_id.value: report for order_id, report in status.order_reports.items()}
    assert set(reports) == {resting.id, waiting.id}
    assert reports[waiting.id].order_type == OrderType.STOP_MARKET
    assert reports[waiting.id].order_status == OrderStatus.ACCEPTED
    assert reports[resting.id].instrument_id == InstrumentId.from_str(f"{ETH}.PARADEX")
    assert world.cache.instrument(reports[resting.id].instrument_id) is not None


async def test_a_position_without_a_stop_is_an_error(world: World) -> None:
    log = KeptLog()
    world.client._reports._mass_status._log = log
    world.deafen(object)
    await trade(world)
    await mass_status(world)
    (text,) = log.errors
    assert text.startswith("UNPROTECTED: 0.01 BTC-USD-PERP.PARADEX ")
    await world.second_screen.place(
        "SELL",
        "0.01000",
        None,
        order_type="STOP_MARKET",
        trigger_price=world.around("-0.01"),
    )
    await eventually(lambda: world.ledger()["orders"][-1]["status"] == "UNTRIGGERED")
    await mass_status(world)
    assert log.errors == [text]


async def placed_and_cancelled(world: World) -> None:
    await world.second_screen.place("BUY", "0.01000", world.around("-0.01"))
    await world.second_screen.http.cancel_all_orders()
    await eventually(lambda: all(o["status"] == "CLOSED" for o in world.ledger()["orders"]))


async def filled_further(world: World) -> None:
    if not world.ledger()["orders"]:
        await world.second_screen.place("BUY", "1.00000", world.around("0"))
    fills = len(world.ledger()["fills"])
    await world.counterparty.place("SELL", "0.01000", world.around("0"))
    await eventually(lambda: len(world.ledger()["fills"]) > fills)


@pytest.mark.parametrize(
    ("what", "happens"), [("closed orders", placed_and_cancelled), ("fills", filled_further)]
)
async def test_more_than_can_be_read_says_which_setting_to_change_and_to_what(
    world: World,
    venue_time: VenueTime,
    monkeypatch: pytest.MonkeyPatch,
    what: str,
    happens: Callable[[World], Awaitable[None]],
) -> None:
    world.deafen(object)
    for _ in range(4):
        await happens(world)
    venue_time.ahead_ms += SHIFT_MS
    for client in (world.http, world.second_screen.http, world.counterparty.http):
        await client.sync_clock()
    await happens(world)
    monkeypatch.setattr(lookup, "_PAGE_SIZE", 2)
    monkeypatch.setattr(lookup, "_MAX_PAGES", 2)

    # The newest four of them reach back to before the shift, of ten minutes.
    with pytest.raises(TooManyPagesError, match=f"more than 4 {what} since 2") as refusal:
        await world.client.generate_mass_status(lookback_mins=60)
    assert "60 minutes back" in str(refusal.value)
    assert "set reconciliation_lookback_mins of the node's exec_engine" in str(refusal.value)
    assert " to 9 or less" in str(refusal.value)

    await mass_status(world, lookback_mins=9)
