"""What an inferred fill would cost equals what the venue charges for the real one."""

from decimal import Decimal

import pytest
from nautilus_trader.model.enums import LiquiditySide, OrderSide
from nautilus_trader.model.events import OrderFilled
from nautilus_trader.model.identifiers import InstrumentId

from nautilus_paradex.devnet.config import DevnetConfig
from tests.integration.execution_world import INSTRUMENT_ID, World, open_world
from tests.support import eventually

CALL = "BTC-USD-96000-C"


def last_fill(world: World) -> OrderFilled:
    fills = [event for event in world.events if isinstance(event, OrderFilled)]
    return fills[-1]


def inferred(world: World, fill: OrderFilled) -> Decimal:
    instrument = world.cache.instrument(fill.instrument_id)
    money = world.client.calculate_commission(
        instrument, fill.last_qty, fill.last_px, fill.liquidity_side
    )
    assert money.currency == fill.commission.currency
    amount: Decimal = money.as_decimal()
    return amount


@pytest.mark.parametrize("side", [LiquiditySide.TAKER, LiquiditySide.MAKER])
async def test_a_perpetuals_fill_costs_what_the_venue_charges(side: LiquiditySide) -> None:
    async with open_world() as world:
        price = world.around("0")
        if side == LiquiditySide.MAKER:
            await world.resting(OrderSide.BUY, "0.01000", price)
            await world.counterparty.place("SELL", "0.01000", None)
        else:
            await world.counterparty.place("SELL", "0.01000", price)
            world.submit(world.market(OrderSide.BUY, "0.01000"))
        await eventually(lambda: world.portfolio.net_position(INSTRUMENT_ID) == Decimal("0.01"))
        fill = last_fill(world)
        assert fill.liquidity_side == side
        assert inferred(world, fill) == fill.commission.as_decimal() > 0


async def test_an_options_fill_costs_what_the_venue_charges_for_its_underlying() -> None:
    # The index has left the strike, so that the one cannot be taken for the other.
    async with open_world(DevnetConfig(port=0, synthetic=False, past_hours=0)) as world:
        world.server.exchange.set_index_price("BTC", 97_000 * 10**8)
        await world.counterparty.place("SELL", "0.1", "6000", market=CALL)
        await world.second_screen.place("BUY", "0.1", None, market=CALL)
        await eventually(lambda: world.ledger()["fills"])
        option_id = InstrumentId.from_str(f"{CALL}.PARADEX")
        await eventually(lambda: world.portfolio.net_position(option_id) == Decimal("0.1"))
        fill = last_fill(world)
        assert fill.commission.as_decimal() == Decimal("0.97")
        assert inferred(world, fill) == Decimal("0.97")
