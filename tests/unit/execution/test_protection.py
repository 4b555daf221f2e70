"""Which positions stand without a stop that would close them."""

import pytest
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
from nautilus_trader.model.identifiers import AccountId, InstrumentId, VenueOrderId
from nautilus_trader.model.objects import Price, Quantity

from nautilus_paradex.execution.reports.protection import unprotected

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
