"""A stop and an if-touched order are the venue's one stop, told apart by a direction."""

from decimal import Decimal

import pytest
from nautilus_trader.common.component import TestClock
from nautilus_trader.common.factories import OrderFactory
from nautilus_trader.model.enums import OrderSide, OrderType
from nautilus_trader.model.identifiers import InstrumentId, StrategyId, TraderId
from nautilus_trader.model.objects import Price, Quantity

from nautilus_paradex.parsing.order_types import (
    CONDITIONAL,
    direction_denial_of,
    direction_of,
    order_type_of,
    venue_order_type_of,
)
from nautilus_paradex.protocol.events import OrderEvent
from nautilus_paradex.protocol.triggers import derived_direction

ABOVE, BELOW = "STOP_CONDITION_ABOVE_TRIGGER", "STOP_CONDITION_BELOW_TRIGGER"
BUY, SELL = OrderSide.BUY, OrderSide.SELL


@pytest.mark.parametrize(
    ("order_type", "side", "direction"),
    [
        (OrderType.STOP_MARKET, BUY, ABOVE),
        (OrderType.STOP_MARKET, SELL, BELOW),
        (OrderType.STOP_LIMIT, BUY, ABOVE),
        (OrderType.STOP_LIMIT, SELL, BELOW),
        (OrderType.MARKET_IF_TOUCHED, BUY, BELOW),
        (OrderType.MARKET_IF_TOUCHED, SELL, ABOVE),
        (OrderType.LIMIT_IF_TOUCHED, BUY, BELOW),
        (OrderType.LIMIT_IF_TOUCHED, SELL, ABOVE),
        (OrderType.LIMIT, BUY, None),
        (OrderType.MARKET, SELL, None),
    ],
)
def test_the_direction_of_an_order(
    order_type: OrderType,
    side: OrderSide,
    direction: str | None,
) -> None:
    assert direction_of(order_type, side) == direction


@pytest.mark.parametrize("side", [BUY, SELL])
@pytest.mark.parametrize("build", ["stop_market", "market_if_touched"])
def test_a_trigger_is_not_moved_past_the_mark_price(side: OrderSide, build: str) -> None:
    factory = OrderFactory(TraderId("T-1"), StrategyId("S-1"), TestClock())
    order = getattr(factory, build)(
        InstrumentId.from_str("BTC-USD-PERP.PARADEX"),
        side,
        Quantity.from_str("1"),
        Price.from_str("100.0"),
    )
    is_above = direction_of(order.order_type, side) == ABOVE
    above, below = Price.from_str("100.1"), Price.from_str("99.9")
    right, wrong = (above, below) if is_above else (below, above)
    mark = Decimal(100)

    assert direction_denial_of(order, right, mark) is None
    assert direction_denial_of(order, Price.from_str("100.0"), mark) is None
    assert direction_denial_of(order, wrong, mark) == (
        f"TRIGGER_DIRECTION: intended={ABOVE if is_above else BELOW} trigger_price={wrong} mark=100"
    )


@pytest.mark.parametrize("order_type", sorted(CONDITIONAL))
@pytest.mark.parametrize("side", [BUY, SELL])
@pytest.mark.parametrize("position_linked", [False, True])
def test_what_is_sent_comes_back_as_what_it_was(
    order_type: OrderType,
    side: OrderSide,
    position_linked: bool,
) -> None:
    event = OrderEvent(
        order_type=venue_order_type_of(order_type, position_linked=position_linked),
        side=side.name,
        flags=("REDUCE_ONLY", direction_of(order_type, side) or ""),
        price=1,
    )
    assert order_type_of(event) == order_type


@pytest.mark.parametrize("flags", [None, (), ("REDUCE_ONLY",), (ABOVE, BELOW)])
def test_a_stop_whose_direction_is_not_told_is_a_stop(flags: tuple[str, ...] | None) -> None:
    event = OrderEvent(order_type="STOP_LIMIT", side="SELL", flags=flags, price=1)
    assert derived_direction(flags) is None
    assert order_type_of(event) == OrderType.STOP_LIMIT


def test_a_position_linked_order_is_what_its_type_says() -> None:
    event = OrderEvent(order_type="STOP_LOSS_MARKET", side="SELL", flags=(ABOVE,))
    assert order_type_of(event) == OrderType.STOP_MARKET


@pytest.mark.parametrize(("price", "nearest"), [(None, OrderType.MARKET), (1, OrderType.LIMIT)])
def test_a_type_of_tomorrow_is_the_nearest_by_its_price(
    price: int | None,
    nearest: OrderType,
) -> None:
    assert order_type_of(OrderEvent(order_type="SCALED", side="BUY", price=price)) == nearest


def test_what_the_venue_lacks_has_no_type() -> None:
    assert venue_order_type_of(OrderType.TRAILING_STOP_MARKET) is None
    assert venue_order_type_of(OrderType.LIMIT, position_linked=True) is None
