"""Positions follow the venue: busts, lost fills, and no alarm while the account just trades."""

from collections.abc import AsyncIterator
from decimal import Decimal

import msgspec
import pytest
from nautilus_trader.model.enums import OrderSide, OrderStatus
from nautilus_trader.model.events import OrderFilled
from nautilus_trader.model.orders import Order

from nautilus_paradex.data_types import ParadexTradeBust
from nautilus_paradex.devnet.config import DevnetConfig
from nautilus_paradex.execution.account import positions
from nautilus_paradex.protocol import rest
from nautilus_paradex.protocol.events import FillEvent, OrderEvent, PositionEvent
from tests.integration.execution_world import World, open_world
from tests.support import PATIENCE_SECS, eventually

BUY, SELL = OrderSide.BUY, OrderSide.SELL


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(positions, "_GRACE_SECS", 0.3)
    monkeypatch.setattr(positions, "_READING_DELAY_SECS", 0.1)


@pytest.fixture(params=["json", "sbe"])
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    config = DevnetConfig(port=0, synthetic=False, past_hours=0, private_sbe=request.param == "sbe")
    async with open_world(config) as world:
        await world.reconcile()
        yield world


async def bought(world: World, size: str = "0.01000") -> Order:
    before = world.net_position
    price = world.around("0")
    order = await world.resting(BUY, size, price)
    await world.counterparty.place("SELL", size, price)
    await eventually(lambda: order.status == OrderStatus.FILLED)
    await eventually(lambda: world.net_position == before + Decimal(size))
    return order


async def bought_elsewhere(world: World, size: str = "0.01000") -> None:
    await world.counterparty.place("SELL", size, world.around("0"))
    await world.second_screen.place("BUY", size, None)


def corrections(world: World) -> list[Order]:
    """The orders that were made to bring a position in line."""
    return [o for o in world.cache.orders() if "RECONCILIATION" in (o.tags or ())]


async def move_without_a_word(world: World) -> None:
    """Take the last fill back, and have the venue never say so."""

    async def no_busts(**_: object) -> rest.Page[rest.TradeBust]:
        return rest.Page(results=[])

    world.http.tradebusts = no_busts  # type: ignore[method-assign]
    world.deafen(rest.TradeBust)
    await world.act("bust", fill_id=world.ledger()["fills"][-1]["id"])


async def test_a_bust_is_told_and_position_and_balance_follow(world: World) -> None:
    busts = world.subscribe(ParadexTradeBust)
    order = await bought(world)
    (fill,) = world.ledger()["fills"]
    await world.act("bust", fill_id=fill["id"])
    await eventually(lambda: world.net_position == 0)
    assert [bust.fill_id for bust in busts] == [fill["id"]]
    balance = Decimal(world.ledger()["balances"]["USDC"])
    await eventually(lambda: world.balance("USDC") == balance)
    assert order.status == OrderStatus.FILLED
    (undoing,) = corrections(world)
    assert undoing.strategy_id == order.strategy_id
    assert undoing.commissions() == [-commission for commission in order.commissions()]
    (position,) = world.cache.positions_closed()
    assert position.realized_pnl.as_decimal() == 0


async def test_only_the_busted_part_of_a_position_goes(world: World) -> None:
    await bought(world, "0.01000")
    await bought(world, "0.02500")
    await world.act("bust", fill_id=world.ledger()["fills"][0]["id"])
    await eventually(lambda: world.net_position == Decimal("0.025"))


async def test_a_bust_that_is_told_again_is_no_second_bust(world: World) -> None:
    busts = world.subscribe(ParadexTradeBust)
    heard = world.listen(rest.TradeBust)
    await bought(world)
    await world.act("bust", fill_id=world.ledger()["fills"][0]["id"])
    await eventually(lambda: world.net_position == 0)
    world.hear(heard[0])
    await world.fault(kind="drop_sockets")
    await eventually(lambda: world.client.websocket.metrics.reconnects == 1)
    await bought(world)
    assert len(busts) == 1
    assert len(corrections(world)) == 1


async def test_a_bust_during_a_disconnection_is_found_afterwards(world: World) -> None:
    busts = world.subscribe(ParadexTradeBust)
    await bought(world)
    world.deafen(rest.TradeBust, PositionEvent)
    fill_id = world.ledger()["fills"][0]["id"]
    await world.act("bust", fill_id=fill_id)
    await world.fault(kind="drop_sockets")
    await eventually(lambda: world.net_position == 0)
    assert [bust.fill_id for bust in busts] == [fill_id]


async def test_lost_messages_are_made_up_for_by_the_fill_itself(world: World) -> None:
    world.deafen(OrderEvent, FillEvent)
    await bought_elsewhere(world)
    await eventually(lambda: world.net_position == Decimal("0.01"))
    fills = [event for event in world.events if isinstance(event, OrderFilled)]
    assert [fill.trade_id.value for fill in fills] == [f["id"] for f in world.ledger()["fills"]]
    assert not corrections(world)


async def test_a_bust_whose_message_is_lost_is_found_by_the_position(world: World) -> None:
    busts = world.subscribe(ParadexTradeBust)
    world.deafen(rest.TradeBust)
    order = await bought(world)
    await world.act("bust", fill_id=world.ledger()["fills"][0]["id"])
    await eventually(lambda: world.net_position == 0)
    assert len(busts) == 1
    assert [undoing.strategy_id for undoing in corrections(world)] == [order.strategy_id]


async def test_a_bust_may_be_told_before_its_fill(world: World) -> None:
    price = world.around("0")
    order = await world.resting(BUY, "0.01000", price)
    held = world.deafen(FillEvent, OrderEvent, PositionEvent)
    await world.counterparty.place("SELL", "0.01000", price)
    await eventually(lambda: any(isinstance(m, PositionEvent) for m in held))
    await world.act("bust", fill_id=world.ledger()["fills"][0]["id"])
    await eventually(lambda: bool(world.client._account.busts._awaited) or order.is_closed)
    for message in held:
        world.hear(message)
    await eventually(lambda: order.status == OrderStatus.FILLED)
    await eventually(lambda: len(corrections(world)) == 1 and world.net_position == 0)


async def test_a_bust_whose_fill_is_not_known_any_more_brings_the_position_in_line(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bought(world)
    world.deafen(PositionEvent)
    monkeypatch.setattr(world.client._account.busts, "_find", lambda fill_id: None)
    await world.act("bust", fill_id=world.ledger()["fills"][0]["id"])
    await eventually(lambda: world.net_position == 0)
    (correction,) = corrections(world)
    assert correction.strategy_id.value == "EXTERNAL"


async def test_a_position_that_nothing_explains_is_reported(world: World) -> None:
    await bought(world)
    await move_without_a_word(world)
    await eventually(lambda: world.net_position == 0)
    (correction,) = corrections(world)
    assert correction.strategy_id.value == "EXTERNAL"


async def test_a_fill_that_comes_after_its_position_was_corrected_is_not_counted_twice(
    world: World,
) -> None:
    lost = world.deafen(OrderEvent, FillEvent)
    list_fills = world.http.fills

    async def no_fills(**_: object) -> rest.Page[rest.Fill]:
        return rest.Page(results=[])

    world.http.fills = no_fills  # type: ignore[method-assign]
    await bought_elsewhere(world)
    await eventually(lambda: len(corrections(world)) == 1)
    world.http.fills = list_fills  # type: ignore[method-assign]
    for message in lost:
        world.hear(message)
    await eventually(lambda: world.net_position == Decimal("0.02"))
    await eventually(lambda: world.net_position == Decimal("0.01"))
    await eventually(lambda: not world.client._account.positions._watched)
    assert world.net_position == Decimal("0.01")


async def test_of_two_changes_in_a_millisecond_the_one_that_was_lost_is_read(world: World) -> None:
    heard = world.listen(PositionEvent)
    await bought_elsewhere(world)
    await eventually(lambda: world.net_position == Decimal("0.01"))
    await eventually(lambda: bool(heard))
    world.deafen(PositionEvent)
    await bought_elsewhere(world)
    await eventually(lambda: world.net_position == Decimal("0.02"))
    (listed,) = await world.http.positions()
    ts_us = int(listed.last_updated_at or 0) * 1_000
    world.hear(msgspec.structs.replace(heard[-1], updated_at=ts_us, ts=ts_us))
    await eventually(lambda: not world.client._account.positions._watched)
    assert world.net_position == Decimal("0.02")
    assert not corrections(world)


async def test_an_account_that_just_trades_causes_no_alarm(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What the client waits for comes as soon as the machine lets it, and then it waits no longer.
    monkeypatch.setattr(positions, "_GRACE_SECS", PATIENCE_SECS)
    heard = world.listen(PositionEvent)
    alarms = 0
    explain = world.client._account.positions._explain

    async def counted(since_ms: int) -> None:
        nonlocal alarms
        alarms += 1
        await explain(since_ms)

    world.client._account.positions._explain = counted
    price = world.around("0")
    for _ in range(25):
        await world.second_screen.place("BUY", "0.01000", price)
        await world.counterparty.place("SELL", "0.01000", price)
    await eventually(lambda: world.net_position == Decimal("0.25"))
    await eventually(lambda: not world.client._account.positions._watched)
    assert len(heard) >= 25
    assert alarms == 0
    assert not corrections(world)


async def test_an_engine_that_may_not_follow_is_left_alone() -> None:
    config = DevnetConfig(port=0, synthetic=False, past_hours=0)
    settings = {"generate_missing_orders": False}
    async with open_world(config, engine_settings=settings) as world:
        await world.reconcile()
        await bought(world)
        await move_without_a_word(world)
        await eventually(lambda: bool(world.client._account.positions._accepted))
        assert world.net_position == Decimal("0.01")
        await bought_elsewhere(world, "0.02000")
        await eventually(lambda: world.net_position == Decimal("0.03"))
        await eventually(lambda: not world.client._account.positions._watched)


async def test_positions_are_compared_only_once_the_platform_has_taken_them_over() -> None:
    async with open_world(DevnetConfig(port=0, synthetic=False, past_hours=0)) as world:
        world.deafen(OrderEvent, FillEvent)
        heard = world.listen(PositionEvent)
        await bought_elsewhere(world)
        await eventually(lambda: bool(heard))
        assert not world.client._account.positions._watched
        await world.reconcile()
        assert world.net_position == Decimal("0.01")
        await eventually(lambda: not world.client._account.positions._watched)
        assert not corrections(world)
