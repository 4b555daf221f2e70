"""Which positions stand without a stop that would close them."""

import pytest
from nautilus_trader.common.component import LiveClock
from nautilus_trader.common.factories import OrderFactory
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.reports import OrderStatusReport, PositionStatusReport
from nautilus_trader.model.enums import (
    OrderSide,
    OrderStatus,
    OrderType,
    PositionSide,
    TimeInForce,
    TriggerType,
)
from nautilus_trader.model.identifiers import (
    AccountId,
    InstrumentId,
    StrategyId,
    TraderId,
    VenueOrderId,
)
from nautilus_trader.model.objects import Price, Quantity
from nautilus_trader.test_kit.stubs.events import TestEventStubs

from nautilus_paradex.execution.reports.protection import awaiting_stop, unprotected

ACCOUNT = AccountId("PARADEX-master")
BTC = InstrumentId.from_str("BTC-USD-PERP.PARADEX")
ETH = InstrumentId.from_str("ETH-USD-PERP.PARADEX")


def position(side=PositionSide.LONG, size="0.030"):
    return PositionStatusReport(
        account_id=ACCOUNT,
        instrument_id=BTC,
        position_side=side,
        quantity=Quantity.from_str(size),
        report_id=UUID4(),
        ts_last=0,
        ts_init=0,
    )


def order(
    side=OrderSide.SELL,
    size="0.030",
    filled="0.000",
    *,
    order_type=OrderType.STOP_MARKET,
    status=OrderStatus.ACCEPTED,
    instrument_id=BTC,
):
    is_stop = order_type == OrderType.STOP_MARKET
    return OrderStatusReport(
        account_id=ACCOUNT,
        instrument_id=instrument_id,
        venue_order_id=VenueOrderId("1"),
        order_side=side,
        order_type=order_type,
        time_in_force=TimeInForce.GTC,
        order_status=status,
        quantity=Quantity.from_str(size),
        filled_qty=Quantity.from_str(filled),
        price=None if is_stop else Price.from_str("99000"),
        trigger_price=Price.from_str("90000") if is_stop else None,
        trigger_type=TriggerType.MARK_PRICE if is_stop else TriggerType.NO_TRIGGER,
        report_id=UUID4(),
        ts_accepted=0,
        ts_last=0,
        ts_init=0,
    )


@pytest.mark.parametrize(
    "orders",
    [
        pytest.param([], id="no order"),
        pytest.param([order(order_type=OrderType.LIMIT)], id="a target only"),
        pytest.param([order(side=OrderSide.BUY)], id="a stop that would add"),
        pytest.param([order(instrument_id=ETH)], id="a stop elsewhere"),
        pytest.param([order(status=OrderStatus.CANCELED)], id="a stop that has ended"),
        pytest.param([order(size="0.010")], id="too small a stop"),
        pytest.param([order(filled="0.010")], id="a stop of which too little is left"),
    ],
)
def test_a_position_that_no_stop_closes_whole_is_told(orders):
    bare = position()

    assert unprotected([bare], orders) == [bare]


@pytest.mark.parametrize(
    ("side", "orders"),
    [
        (PositionSide.LONG, [order()]),
        (PositionSide.LONG, [order(size="0.010"), order(size="0.020")]),
        (PositionSide.SHORT, [order(side=OrderSide.BUY, size="0.050")]),
        (PositionSide.FLAT, []),
    ],
)
def test_one_that_stops_would_close_is_not(side, orders):
    size = "0.000" if side == PositionSide.FLAT else "0.030"

    assert unprotected([position(side, size)], orders) == []


def exit_of_bracket(kind: str, status: str):
    """The stop-loss or take-profit of a long bracket, as far as it has come."""
    factory = OrderFactory(TraderId("TESTER-001"), StrategyId("S-001"), LiveClock())
    bracket = factory.bracket(
        instrument_id=BTC,
        order_side=OrderSide.BUY,
        quantity=Quantity.from_str("0.030"),
        sl_trigger_price=Price.from_str("90000"),
        tp_price=Price.from_str("99000"),
    )
    wanted = OrderType.STOP_MARKET if kind == "stop" else OrderType.LIMIT
    (found,) = [order for order in bracket.orders if order.order_type == wanted]
    if status != "unsent":
        found.apply(TestEventStubs.order_submitted(found, account_id=ACCOUNT))
    if status in ("accepted", "canceled"):
        found.apply(
            TestEventStubs.order_accepted(
                found, account_id=ACCOUNT, venue_order_id=VenueOrderId("2")
            )
        )
    if status == "canceled":
        found.apply(TestEventStubs.order_canceled(found, account_id=ACCOUNT))
    return found


@pytest.mark.parametrize(
    ("kind", "status", "is_awaited"),
    [
        ("stop", "unsent", True),
        ("stop", "submitted", True),
        ("stop", "accepted", True),
        ("stop", "canceled", False),
        ("target", "unsent", False),
    ],
)
def test_a_stop_is_awaited_that_the_venue_had_not_told_when_it_was_read(kind, status, is_awaited):
    known = [exit_of_bracket(kind, status)]

    assert awaiting_stop(known, [order()]) == ({BTC} if is_awaited else set())


def test_a_stop_that_the_venue_has_told_is_not_awaited():
    told = order(size="0.010")
    known = exit_of_bracket("stop", "accepted")
    told.venue_order_id = known.venue_order_id

    assert awaiting_stop([known], [told]) == set()
