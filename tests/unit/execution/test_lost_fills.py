"""Which fills a netting position consists of, and when one of the cache is made anew."""

from decimal import Decimal
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nautilus_trader.cache.cache import Cache
from nautilus_trader.common.component import Logger
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.reports import PositionStatusReport
from nautilus_trader.model.enums import (
    LiquiditySide,
    OmsType,
    OrderSide,
    OrderType,
    PositionSide,
)
from nautilus_trader.model.events import OrderAccepted, OrderFilled, OrderSubmitted
from nautilus_trader.model.identifiers import (
    AccountId,
    ClientOrderId,
    PositionId,
    StrategyId,
    TradeId,
    TraderId,
    VenueOrderId,
)
from nautilus_trader.model.instruments import CryptoPerpetual
from nautilus_trader.model.objects import Money
from nautilus_trader.model.orders import MarketOrder
from nautilus_trader.model.position import Position

from nautilus_paradex.execution.reports.lost_fills import give_lost_fills, last_lifecycle
from nautilus_paradex.execution.reports.openings import KnownPosition
from nautilus_paradex.parsing.instruments import FeeRates, instrument_from_market
from nautilus_paradex.protocol import rest

ACCOUNT = AccountId("PARADEX-master")
TRADER = TraderId("TESTER-001")
STRATEGY = StrategyId("S-001")
INSTRUMENT: CryptoPerpetual = instrument_from_market(
    rest.Market(
        symbol="BTC-USD-PERP",
        asset_kind="PERP",
        base_currency="BTC",
        settlement_currency="USDC",
        price_tick_size="0.5",
        order_size_increment="0.001",
    ),
    fees=FeeRates.documented(),
    ts_init=0,
)
POSITION = PositionId(f"{INSTRUMENT.id}-{STRATEGY}")
USDC = INSTRUMENT.settlement_currency

sizes = st.lists(st.integers(-50, 50).filter(bool), min_size=1, max_size=15)


def fill_of(number: int, size: int) -> OrderFilled:
    """A fill of `size` thousandths, whose commission is as many cents."""
    return OrderFilled(
        trader_id=TRADER,
        strategy_id=STRATEGY,
        instrument_id=INSTRUMENT.id,
        client_order_id=ClientOrderId(f"O-{number}"),
        venue_order_id=VenueOrderId(f"V-{number}"),
        account_id=ACCOUNT,
        trade_id=TradeId(f"T-{number}"),
        position_id=POSITION,
        order_side=OrderSide.BUY if size > 0 else OrderSide.SELL,
        order_type=OrderType.MARKET,
        last_qty=INSTRUMENT.make_qty(Decimal(abs(size)) / 1_000),
        last_px=INSTRUMENT.make_price(100 + number),
        currency=USDC,
        commission=Money(Decimal(abs(size)) / 100, USDC),
        liquidity_side=LiquiditySide.TAKER,
        event_id=UUID4(),
        ts_event=number,
        ts_init=number,
    )


def order_with(fill: OrderFilled) -> MarketOrder:
    order = MarketOrder(
        trader_id=TRADER,
        strategy_id=STRATEGY,
        instrument_id=INSTRUMENT.id,
        client_order_id=fill.client_order_id,
        order_side=fill.order_side,
        quantity=fill.last_qty,
        init_id=UUID4(),
        ts_init=0,
    )
    ids = (TRADER, STRATEGY, INSTRUMENT.id, fill.client_order_id)
    order.apply(OrderSubmitted(*ids, ACCOUNT, UUID4(), 0, 0))
    order.apply(OrderAccepted(*ids, fill.venue_order_id, ACCOUNT, UUID4(), 0, 0))
    order.apply(fill)
    return order


def position_of(fills: list[OrderFilled]) -> Position:
    position = Position(INSTRUMENT, fills[0])
    for fill in fills[1:]:
        position.apply(fill)
    return position


@given(sizes)
def test_the_last_fills_make_the_position_that_all_of_them_lead_to(steps: list[int]) -> None:
    nets = list(accumulate(steps))
    begins = [0, *nets[:-1]]

    position = position_of(
        last_lifecycle([fill_of(number, size) for number, size in enumerate(steps)])
    )

    assert position.signed_decimal_qty() == Decimal(nets[-1]) / 1_000
    opening = max(
        number
        for number, (before, after) in enumerate(zip(begins, nets, strict=True))
        if before == 0 or before * after < 0
    )
    assert position.opening_order_id.value == f"O-{opening}"
    # Of the fill that went through zero as much of the commission as of the size.
    paid = abs(nets[opening]) + sum(abs(size) for size in steps[opening + 1 :])
    assert position.commissions()[0].as_decimal() == Decimal(paid) / 100


def reported(size: str) -> list[PositionStatusReport]:
    if size == "0":
        return []
    return [
        PositionStatusReport(
            account_id=ACCOUNT,
            instrument_id=INSTRUMENT.id,
            position_side=PositionSide.LONG,
            quantity=INSTRUMENT.make_qty(Decimal(size)),
            report_id=UUID4(),
            ts_last=0,
            ts_init=0,
        )
    ]


@pytest.mark.parametrize(
    ("at_venue", "net"),
    [
        pytest.param("0.030", "0.030", id="the venue has what the orders make"),
        pytest.param("0.010", "0.010", id="the venue has what the position is"),
        pytest.param("0", "0.010", id="the venue has neither"),
    ],
)
def test_a_position_is_made_anew_only_if_that_is_what_the_venue_has(
    at_venue: str, net: str
) -> None:
    cache = Cache()
    cache.add_instrument(INSTRUMENT)
    fills = [fill_of(1, 10), fill_of(2, 20)]
    for fill in fills:
        cache.add_order(order_with(fill), position_id=POSITION)
    cache.add_position(position_of(fills[:1]), OmsType.NETTING)

    def net_of(instrument_id: object) -> Decimal:
        return sum((p.signed_decimal_qty() for p in cache.positions_open()), Decimal(0))

    known = KnownPosition(net_of, lambda fill: True)
    give_lost_fills(cache, reported(at_venue), [], known, Logger("lost_fills"))

    assert cache.position(POSITION).signed_decimal_qty() == Decimal(net)
