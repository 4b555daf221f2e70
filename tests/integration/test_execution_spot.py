"""Reports of spot positions: what the platform has, never a correction of it."""

from collections.abc import AsyncIterator
from decimal import Decimal

import pytest
from nautilus_trader.cache.cache import Cache
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.messages import GeneratePositionStatusReports
from nautilus_trader.execution.reports import PositionStatusReport
from nautilus_trader.model.enums import LiquiditySide, OrderSide, OrderStatus, PositionSide
from nautilus_trader.model.events import OrderFilled
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.objects import Price, Quantity

from tests.integration.execution_world import World, next_run, open_world
from tests.support import KeptLog, eventually

SPOT = InstrumentId.from_str("DIME-USD.PARADEX")


@pytest.fixture(params=[False, True], ids=["as_traded", "as_balance"])
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    async with open_world(use_spot_position_reports=request.param) as world:
        provider = world.client._instrument_provider
        await provider.load_async(SPOT)
        world.cache.add_instrument(provider.find(SPOT))
        yield world


def is_balance(world: World) -> bool:
    return bool(world.client._config.use_spot_position_reports)


async def reports(
    world: World,
    instrument_id: InstrumentId | None,
) -> list[PositionStatusReport]:
    command = GeneratePositionStatusReports(instrument_id, None, None, UUID4(), 0)
    return list(await world.client.generate_position_status_reports(command))


async def test_a_spot_market_without_position_is_flat(world: World) -> None:
    (report,) = await reports(world, SPOT)
    assert report.position_side == PositionSide.FLAT
    assert await reports(world, None) == []


async def test_a_report_changes_nothing_of_what_was_traded(world: World) -> None:
    await world.act(
        "deposit", account=world.server.accounts[1].address_hex, token="DIME", amount="50"
    )
    await world.counterparty.place("SELL", "20", "0.12", market=SPOT.symbol.value)
    order = world.submit(
        world.orders.market(
            instrument_id=SPOT,
            order_side=OrderSide.BUY,
            quantity=Quantity.from_str("20.0"),
        ),
    )
    await eventually(lambda: order.status == OrderStatus.FILLED)
    await eventually(lambda: world.portfolio.net_position(SPOT) == 20)
    for asked in (SPOT, None):
        (report,) = await reports(world, asked)
        assert report.instrument_id == SPOT
        assert report.signed_decimal_qty == 20
        world.engine.reconcile_execution_report(report)
    assert world.portfolio.net_position(SPOT) == 20
    assert world.cache.orders() == [order]


async def test_tokens_that_were_not_bought_here_count_only_where_configured(world: World) -> None:
    await world.act("deposit", token="DIME", amount="7.05")
    (report,) = await reports(world, SPOT)
    assert report.signed_decimal_qty == (Decimal(7) if is_balance(world) else 0)
    assert (report.avg_px_open is not None) is is_balance(world)


async def test_tokens_of_before_the_lookback_are_taken_over_at_a_start(world: World) -> None:
    await world.act("deposit", token="DIME", amount="7.00")
    await world.act(
        "deposit", account=world.server.accounts[1].address_hex, token="DIME", amount="50"
    )
    await world.counterparty.place("SELL", "20", "0.12", market=SPOT.symbol.value)
    await world.second_screen.place("BUY", "20", None, market=SPOT.symbol.value)
    await eventually(lambda: world.portfolio.net_position(SPOT) == 20)
    await world.stop()

    async with next_run(world, cache=Cache()) as later:
        later.cache.add_instrument(world.cache.instrument(SPOT))
        log = KeptLog()
        later.client._reports._mass_status._log = log
        await later.reconcile()

    assert later.portfolio.net_position(SPOT) == (27 if is_balance(world) else 20)
    assert log.errors == []  # there are no stops to protect them with


@pytest.mark.parametrize("side", [LiquiditySide.TAKER, LiquiditySide.MAKER])
async def test_an_inferred_fill_costs_what_the_venue_charges(
    world: World, side: LiquiditySide
) -> None:
    await world.act("deposit", token="DIME", amount="50")
    await world.act(
        "deposit", account=world.server.accounts[1].address_hex, token="DIME", amount="50"
    )
    if side == LiquiditySide.TAKER:
        await world.counterparty.place("SELL", "20", "0.12", market=SPOT.symbol.value)
    order = world.submit(
        world.orders.limit(
            instrument_id=SPOT,
            order_side=OrderSide.BUY,
            quantity=Quantity.from_str("20.0"),
            price=Price.from_str("0.12000"),
        ),
    )
    if side == LiquiditySide.MAKER:
        await eventually(lambda: order.is_open)
        await world.counterparty.place("SELL", "20", "0.12", market=SPOT.symbol.value)
    await eventually(lambda: order.status == OrderStatus.FILLED)

    (fill,) = (event for event in world.events if isinstance(event, OrderFilled))
    assert fill.liquidity_side == side
    instrument = world.cache.instrument(SPOT)
    inferred = world.client.calculate_commission(instrument, fill.last_qty, fill.last_px, side)
    assert (inferred, inferred.as_decimal() > 0) == (fill.commission, True)
