"""Orders of a strategy against the venue: what is told, once, and that it equals the ledger."""

from collections.abc import AsyncIterator
from decimal import Decimal

import pytest
from nautilus_trader.model.currencies import USDC
from nautilus_trader.model.enums import OrderSide, OrderStatus
from nautilus_trader.model.events import (
    OrderCancelRejected,
    OrderDenied,
    OrderFilled,
    OrderModifyRejected,
    OrderRejected,
    OrderUpdated,
)
from nautilus_trader.model.objects import Price, Quantity

from nautilus_paradex.constants import PARADEX_VENUE
from nautilus_paradex.devnet.config import DevnetConfig
from tests.integration.execution_world import INSTRUMENT_ID, World, open_world
from tests.support import eventually

BUY, SELL = OrderSide.BUY, OrderSide.SELL


@pytest.fixture(params=["json", "sbe", "ws"])
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    """
    Both encodings of the private channels, and both routes of orders.

    The sources disagree on which encoding the venue uses.
    """
    config = DevnetConfig(port=0, synthetic=False, past_hours=0, private_sbe=request.param == "sbe")
    async with open_world(config, order_route="ws" if request.param == "ws" else "rest") as world:
        yield world


async def test_a_resting_order_is_accepted_when_the_venue_has_it_open(world: World) -> None:
    order = await world.resting(BUY, "0.01000", world.around("-0.01"))
    assert world.story(order) == ["OrderSubmitted", "OrderAccepted"]
    venue_order = world.venue_order(order)
    assert venue_order is not None
    assert venue_order["status"] == "OPEN"
    assert order.venue_order_id.value == venue_order["id"]


async def test_a_fill_equals_the_ledgers_and_so_do_position_and_balance(world: World) -> None:
    price = world.around("0")
    order = await world.resting(BUY, "0.01000", price)
    await world.counterparty.place("SELL", "0.00400", price)
    await world.counterparty.place("SELL", "0.00600", price)
    await eventually(lambda: order.status == OrderStatus.FILLED)

    fills = [event for event in world.events if isinstance(event, OrderFilled)]
    expected = world.ledger()["fills"]
    assert [
        (f.trade_id.value, f.last_qty.as_decimal(), f.last_px.as_decimal(), f.commission)
        for f in fills
    ] == [
        (
            e["id"],
            Decimal(e["size"]),
            Decimal(e["price"]),
            fills[0].commission.from_str(f"{e['fee']} USDC"),
        )
        for e in expected
    ]
    assert {fill.commission.currency for fill in fills} == {USDC}
    assert {fill.liquidity_side.name for fill in fills} == {"MAKER"}
    await eventually(lambda: world.portfolio.net_position(INSTRUMENT_ID) == Decimal("0.01"))
    balance = Decimal(world.ledger()["balances"]["USDC"])
    await eventually(
        lambda: world.portfolio.account(PARADEX_VENUE).balance_total(USDC).as_decimal() == balance,
    )


async def test_a_market_order_is_accepted_just_before_it_fills(world: World) -> None:
    await world.counterparty.place("SELL", "0.02000", world.around("0"))
    order = world.submit(world.market(BUY, "0.01000"))
    await eventually(lambda: order.is_closed)
    assert world.story(order) == ["OrderSubmitted", "OrderAccepted", "OrderFilled"]


async def test_a_market_order_on_an_empty_book_is_rejected_with_the_venues_reason(
    world: World,
) -> None:
    order = world.submit(world.market(BUY, "0.01000"))
    await eventually(lambda: order.is_closed)
    rejected = world.events[-1]
    assert isinstance(rejected, OrderRejected)
    assert rejected.reason == "EMPTY_MARKET"


async def test_what_remains_of_an_ioc_is_canceled(world: World) -> None:
    price = world.around("0")
    await world.counterparty.place("SELL", "0.00400", price)
    order = world.submit(
        world.limit(BUY, "0.01000", price, time_in_force=world.market(BUY, "0.01").time_in_force),
    )
    await eventually(lambda: order.is_closed)
    assert world.story(order)[1:] == ["OrderAccepted", "OrderFilled", "OrderCanceled"]
    assert order.filled_qty == Quantity.from_str("0.00400")


async def test_a_crossing_post_only_order_is_rejected_as_such(world: World) -> None:
    price = world.around("0")
    await world.counterparty.place("SELL", "0.01000", price)
    order = world.submit(world.limit(BUY, "0.01000", price, post_only=True))
    await eventually(lambda: order.is_closed)
    rejected = world.events[-1]
    assert isinstance(rejected, OrderRejected)
    assert rejected.due_post_only
    assert rejected.reason == "POST_ONLY_WOULD_CROSS"


async def test_an_order_beyond_the_margin_is_rejected(world: World) -> None:
    order = world.submit(world.limit(BUY, "90.00000", world.around("-0.01")))
    await eventually(lambda: order.is_closed)
    assert world.story(order) == ["OrderSubmitted", "OrderRejected"]
    assert world.events[-1].reason == "NOT_ENOUGH_MARGIN"


async def test_what_the_venue_cannot_express_never_reaches_it(world: World) -> None:
    order = world.submit(world.limit(BUY, "0.01000", "60000.03"))
    await eventually(lambda: order.is_closed)
    assert isinstance(world.events[-1], OrderDenied)
    assert world.events[-1].reason.startswith("PRICE_OFF_INCREMENT: ")
    assert world.ledger()["orders"] == []


async def test_a_cancel_is_told_when_the_venue_has_closed_the_order(world: World) -> None:
    order = await world.resting(SELL, "0.01000", world.around("0.01"))
    world.cancel(order)
    await eventually(lambda: order.is_closed)
    assert world.story(order)[-1] == "OrderCanceled"
    venue_order = world.venue_order(order)
    assert venue_order is not None
    assert venue_order["cancel_reason"] == "USER_CANCELED"


async def test_a_cancel_of_a_closed_order_is_refused(world: World) -> None:
    order = await world.resting(SELL, "0.01000", world.around("0.01"))
    world.cancel(order)
    await eventually(lambda: order.is_closed)
    world.cancel_closed(order)
    await eventually(lambda: isinstance(world.events[-1], OrderCancelRejected))
    assert "ORDER_IS_CLOSED" in world.events[-1].reason
    assert order.status == OrderStatus.CANCELED


async def test_cancel_all_takes_back_one_strategys_orders_only(world: World) -> None:
    low, high = world.around("-0.01"), world.around("0.01")
    mine = [await world.resting(BUY, "0.01000", low), await world.resting(SELL, "0.01000", high)]
    other = await world.resting(BUY, "0.01000", low, orders=world.factory("S-002"))
    world.cancel_all("S-001", SELL)
    await eventually(lambda: mine[1].is_closed)
    assert mine[0].is_open
    world.cancel_all("S-001")
    await eventually(lambda: mine[0].is_closed)
    assert other.is_open
    world.cancel_all("S-002")
    await eventually(lambda: other.is_closed)
    assert [order.status for order in (*mine, other)] == [OrderStatus.CANCELED] * 3


async def test_a_modification_is_told_with_what_the_venue_made_of_it(world: World) -> None:
    order = await world.resting(BUY, "0.01000", world.around("-0.01"))
    price = world.around("-0.02")
    world.modify(order, size="0.02000", price=price)
    await eventually(lambda: order.price == Price.from_str(price))
    assert order.quantity == Quantity.from_str("0.02000")
    assert sum(isinstance(event, OrderUpdated) for event in world.events) == 1
    venue_order = world.venue_order(order)
    assert venue_order is not None
    assert Decimal(venue_order["size"]) == Decimal("0.02")


async def test_a_modification_beyond_the_margin_is_refused_and_the_order_stays(
    world: World,
) -> None:
    price = world.around("-0.01")
    order = await world.resting(BUY, "0.01000", price)
    world.modify(order, size="90.00000")
    await eventually(lambda: isinstance(world.events[-1], OrderModifyRejected))
    assert order.is_open
    assert order.quantity == Quantity.from_str("0.01000")


async def test_an_order_placed_elsewhere_is_followed_like_any_other(world: World) -> None:
    price = world.around("0")
    placed = await world.second_screen.place("BUY", "0.01000", price, client_id="from-the-web")
    await eventually(lambda: world.cache.orders_open_count() == 1)
    (order,) = world.cache.orders_open()
    assert order.venue_order_id.value == placed.id
    assert order.client_order_id.value == "from-the-web"
    assert order.strategy_id.value == "EXTERNAL"
    await world.counterparty.place("SELL", "0.00400", price)
    await eventually(lambda: order.filled_qty == Quantity.from_str("0.00400"))
    await world.second_screen.http.cancel_order(placed.id)
    await eventually(lambda: order.is_closed)
    assert order.status == OrderStatus.CANCELED
    assert [event.trade_id.value for event in order.events if isinstance(event, OrderFilled)] == [
        fill["id"] for fill in world.ledger()["fills"]
    ]
    assert world.portfolio.net_position(INSTRUMENT_ID) == Decimal("0.004")


async def test_a_market_order_placed_elsewhere_brings_its_fill_and_position(world: World) -> None:
    await world.counterparty.place("SELL", "0.01000", world.around("0"))
    await world.second_screen.place("BUY", "0.01000", None)
    await eventually(lambda: world.portfolio.net_position(INSTRUMENT_ID) == Decimal("0.01"))
    (order,) = world.cache.orders()
    (fill,) = [event for event in order.events if isinstance(event, OrderFilled)]
    assert fill.trade_id.value == world.ledger()["fills"][0]["id"]
    assert fill.commission.as_decimal() == Decimal(world.ledger()["fills"][0]["fee"])
