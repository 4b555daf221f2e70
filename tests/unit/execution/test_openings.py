"""Which opening gives a position the average price that the venue tells."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from nautilus_trader.common.component import Logger
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.reports import (
    ExecutionMassStatus,
    FillReport,
    OrderStatusReport,
    PositionStatusReport,
)
from nautilus_trader.live.reconciliation import adjust_fills_for_partial_window
from nautilus_trader.model.currencies import USDC
from nautilus_trader.model.enums import (
    LiquiditySide,
    OrderSide,
    OrderStatus,
    OrderType,
    PositionSide,
    TimeInForce,
)
from nautilus_trader.model.identifiers import AccountId, ClientId, TradeId, VenueOrderId
from nautilus_trader.model.instruments import CryptoPerpetual, Instrument
from nautilus_trader.model.objects import Money

from nautilus_paradex.constants import PARADEX_VENUE
from nautilus_paradex.execution.reports.openings import (
    FillStep,
    KnownPosition,
    opening_price,
    settle_positions,
)
from nautilus_paradex.parsing.instruments import FeeRates, instrument_from_market
from nautilus_paradex.protocol import rest

ACCOUNT = AccountId("PARADEX-master")

sizes = st.integers(-50, 50).filter(bool).map(Decimal)
prices = st.integers(1, 1_000).map(Decimal)
steps = st.lists(st.builds(FillStep, sizes, prices), max_size=12)


def average_of(opening: FillStep, following: list[FillStep]) -> tuple[Decimal, Decimal | None]:
    """Net size and average price after an opening and what followed, by plain bookkeeping."""
    net, average = opening
    for size, price in following:
        after = net + size
        if net * size > 0:
            average = (average * abs(net) + price * abs(size)) / abs(after)
        elif net * after <= 0:
            average = price
        net = after
    return net, average


@given(sizes, prices, steps)
def test_the_price_found_is_the_one_it_was_opened_at(
    size: Decimal, price: Decimal, following: list[FillStep]
) -> None:
    net, average = average_of(FillStep(size, price), following)
    assume(net != 0)

    found = opening_price(size, following, average)

    if found is not None:
        assert abs(found - price) < Decimal("1e-12")


@given(sizes, prices, steps)
def test_a_price_is_found_unless_the_position_went_through_zero(
    size: Decimal, price: Decimal, following: list[FillStep]
) -> None:
    net, average = average_of(FillStep(size, price), following)
    path = [size]
    for step in following:
        path.append(path[-1] + step.size)
    assume(all(size * each > 0 for each in path))

    assert net != 0
    assert opening_price(size, following, average) is not None


@pytest.mark.parametrize("average", [None, Decimal("0.5")])
def test_no_price_is_made_up_for_an_average_that_cannot_be(average: Decimal | None) -> None:
    following = [FillStep(Decimal(1), Decimal(100))]

    assert opening_price(Decimal(1), following, average) is None


@pytest.fixture
def instrument() -> CryptoPerpetual:
    market = rest.Market(
        symbol="BTC-USD-PERP",
        asset_kind="PERP",
        base_currency="BTC",
        settlement_currency="USDC",
        price_tick_size="0.5",
        order_size_increment="0.001",
    )
    return instrument_from_market(market, fees=FeeRates.documented(), ts_init=0)


type Row = tuple[int, int]
"""Signed size in thousandths and price of a fill."""


def report_of(number: int, row: Row, instrument: Instrument) -> FillReport:
    size, price = row
    return FillReport(
        account_id=ACCOUNT,
        instrument_id=instrument.id,
        venue_order_id=VenueOrderId(f"order-{number}"),
        trade_id=TradeId(f"fill-{number}"),
        order_side=OrderSide.BUY if size > 0 else OrderSide.SELL,
        last_qty=instrument.make_qty(Decimal(abs(size)) / 1_000),
        last_px=instrument.make_price(price),
        commission=Money(0, USDC),
        liquidity_side=LiquiditySide.TAKER,
        report_id=UUID4(),
        ts_event=(number + 1) * 1_000,
        ts_init=0,
    )


def order_of(
    venue_order_id: str, side: OrderSide, size: int, filled: int, instrument: Instrument
) -> OrderStatusReport:
    is_done = filled == size
    return OrderStatusReport(
        account_id=ACCOUNT,
        instrument_id=instrument.id,
        venue_order_id=VenueOrderId(venue_order_id),
        order_side=side,
        order_type=OrderType.LIMIT,
        time_in_force=TimeInForce.GTC,
        order_status=OrderStatus.FILLED if is_done else OrderStatus.ACCEPTED,
        quantity=instrument.make_qty(Decimal(size) / 1_000),
        filled_qty=instrument.make_qty(Decimal(filled) / 1_000),
        price=instrument.make_price(100),
        report_id=UUID4(),
        ts_accepted=1,
        ts_last=1,
        ts_init=0,
    )


def mass_status_of(
    rows: list[Row],
    position: int,
    average: str | None,
    instrument: Instrument,
    *,
    reduce_only: bool = False,
    known_net: Decimal = Decimal(0),
    known_fills: frozenset[str] = frozenset(),
) -> ExecutionMassStatus:
    """What the engine is given of a position, the fills before it, and an order that works."""
    fills = [report_of(number, row, instrument) for number, row in enumerate(rows)]
    orders = [
        order_of(fill.venue_order_id.value, fill.order_side, abs(row[0]), abs(row[0]), instrument)
        for fill, row in zip(fills, rows, strict=True)
    ]
    for order in orders:
        order.reduce_only = reduce_only
    orders.append(order_of("working", OrderSide.BUY, 1_000, 0, instrument))
    mass_status = ExecutionMassStatus(
        client_id=ClientId("PARADEX"),
        account_id=ACCOUNT,
        venue=PARADEX_VENUE,
        report_id=UUID4(),
        ts_init=0,
    )
    report = PositionStatusReport(
        account_id=ACCOUNT,
        instrument_id=instrument.id,
        position_side=PositionSide.LONG if position > 0 else PositionSide.SHORT,
        quantity=instrument.make_qty(Decimal(abs(position)) / 1_000),
        avg_px_open=None if average is None else Decimal(average),
        report_id=UUID4(),
        ts_last=0,
        ts_init=0,
    )
    known = KnownPosition(lambda _: known_net, lambda fill: fill.trade_id.value in known_fills)
    settle_positions(
        mass_status,
        orders,
        fills,
        [report],
        known=known,
        instrument_of=lambda _: instrument,
        log=Logger("openings"),
    )
    return mass_status


def settled(
    rows: list[Row],
    position: int,
    average: str | None,
    instrument: Instrument,
    **known: Any,
) -> tuple[set[str], Decimal]:
    """Orders, and the position by their fills, once the engine has adjusted what it was given."""
    mass_status = mass_status_of(rows, position, average, instrument, **known)
    reports, fills_kept = dict(mass_status.order_reports), dict(mass_status.fill_reports)
    if mass_status.position_reports:
        reports, fills_kept = adjust_fills_for_partial_window(mass_status, [instrument])[
            instrument.id
        ]
    net = sum(
        (
            fill.last_qty.as_decimal() * (1 if fill.order_side == OrderSide.BUY else -1)
            for kept in fills_kept.values()
            for fill in kept
        ),
        Decimal(0),
    )
    return {venue_order_id.value for venue_order_id in reports}, net


EXPLAINED = {
    "built up": ([(10, 100), (10, 110)], 20, "105"),
    "flat in between": ([(10, 100), (-10, 110), (20, 120)], 20, "120"),
    "through zero": ([(10, 100), (-30, 110), (40, 120), (10, 130)], 30, "123.33333333"),
    "short through zero": ([(-10, 100), (30, 110), (-40, 120), (-10, 130)], -30, "123.33333333"),
}


@pytest.mark.parametrize("story", EXPLAINED)
def test_a_position_that_fills_explain_keeps_every_order_and_fill(
    story: str, instrument: CryptoPerpetual
) -> None:
    rows, position, average = EXPLAINED[story]

    orders, net = settled(rows, position, average, instrument)

    assert orders == {"working", *(f"order-{number}" for number in range(len(rows)))}
    assert net == Decimal(position) / 1_000


OLDER = {
    "added to": ([(10, 100)], 30, "90"),
    "reduced": ([(-10, 100)], 30, "90"),
    "through zero": ([(-30, 110), (40, 120), (10, 130)], 30, "123.33333333"),
    "twice through zero": ([(-60, 90), (80, 95), (-10, 100), (20, 105)], 50, "99"),
    "closed in the end": ([(-30, 110), (10, 120), (20, 130), (-10, 140)], -5, "140"),
}


@pytest.mark.parametrize("story", OLDER)
def test_an_older_position_keeps_its_size_and_the_working_order(
    story: str, instrument: CryptoPerpetual
) -> None:
    rows, position, average = OLDER[story]

    orders, net = settled(rows, position, average, instrument)

    assert "working" in orders
    assert net == Decimal(position) / 1_000


def test_what_the_platform_knows_already_is_not_opened_again(instrument: CryptoPerpetual) -> None:
    rows = [(-30, 110), (40, 120), (10, 130)]

    orders, net = settled(
        rows,
        30,
        "123",
        instrument,
        known_net=Decimal("0.020"),
        known_fills=frozenset({"fill-0", "fill-1"}),
    )

    assert not any(order.startswith("OPENING") for order in orders)
    assert net == Decimal("0.020")


@pytest.mark.parametrize("average", [None, "0"])
def test_an_opening_has_a_price_where_the_venue_tells_no_average(
    average: str | None, instrument: CryptoPerpetual
) -> None:
    rows = [(-30, 110), (40, 120), (10, 130)]

    mass_status = mass_status_of(rows, 30, average, instrument)

    (opening,) = [
        fill
        for fills in mass_status.fill_reports.values()
        for fill in fills
        if fill.trade_id.value.startswith("OPENING")
    ]
    assert opening.last_px.as_decimal() == 110
    orders, net = settled(rows, 30, average, instrument)
    assert "working" in orders
    assert net == Decimal("0.030")


def test_an_opening_comes_before_the_fills_that_reduce_it(instrument: CryptoPerpetual) -> None:
    mass_status = mass_status_of([(-10, 110)], 20, "100", instrument, reduce_only=True)

    taken, *_ = mass_status.order_reports
    assert taken.value.startswith("OPENING")
    orders, net = settled([(-10, 110)], 20, "100", instrument, reduce_only=True)
    assert {"order-0", "working"} < orders
    assert net == Decimal("0.020")
