"""What breaks a limit is told from what comes near to one, and no exit is ever objected to."""

import re
from decimal import Decimal
from typing import Any

import pytest
from nautilus_trader.model.enums import OrderSide, TimeInForce
from nautilus_trader.model.instruments import Instrument
from nautilus_trader.model.objects import Price, Quantity
from nautilus_trader.test_kit.stubs.execution import TestExecStubs

from nautilus_paradex.parsing.instruments import FeeRates, instrument_from_market
from nautilus_paradex.parsing.limits import (
    DEFAULT_MAX_OPEN_ORDERS,
    Finding,
    Limit,
    Standing,
    Wanted,
    findings_of,
    wanted_change,
    wanted_order,
)
from nautilus_paradex.parsing.order_params import OrderFeatures
from nautilus_paradex.protocol import rest

BUY, SELL = OrderSide.BUY, OrderSide.SELL


def market(**terms: Any) -> Instrument:
    """BTC-USD-PERP with the limits of the real one, unless said otherwise."""
    asset_kind = terms.pop("asset_kind", "PERP")
    return instrument_from_market(
        rest.Market(
            symbol="BTC-USD" if asset_kind == "SPOT" else "BTC-USD-PERP",
            asset_kind=asset_kind,
            base_currency="BTC",
            quote_currency="USD",
            settlement_currency="USDC",
            price_tick_size="0.1",
            order_size_increment="0.00001",
            max_order_size="100",
            **{
                "min_notional": "10",
                "position_limit": "500",
                "max_open_orders": 50,
                "trading_mode": "STANDARD",
                **terms,
            },
        ),
        fees=FeeRates.documented(),
        ts_init=0,
    )


def wanted(side: OrderSide = BUY, size: str = "1", **traits: Any) -> Wanted:
    return Wanted(**{"side": side, "size": Decimal(size), "open_size": Decimal(size)} | traits)


def found(
    what: Wanted, standing: Standing, instrument: Instrument | None = None
) -> dict[Limit, bool]:
    """The limits that are found, and whether the venue is certain to refuse."""
    findings = findings_of(what, instrument or market(), standing)
    return {finding.limit: finding.is_certain for finding in findings}


def test_an_ordinary_order_is_near_nothing() -> None:
    standing = Standing(
        system_status="ok",
        on_book=3,
        position=Decimal(5),
        buying=Decimal(2),
        selling=Decimal(2),
        reference_price=Decimal(90_000),
    )

    assert findings_of(wanted(may_rest=True), market(), standing) == []


# -- The state of the system ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "is_passive", "expected"),
    [
        (None, False, {}),
        ("ok", False, {}),
        ("post_only", True, {}),
        ("post_only", False, {Limit.SYSTEM_STATE: True}),
        ("cancel_only", False, {Limit.SYSTEM_STATE: True}),
        ("cancel_only", True, {Limit.SYSTEM_STATE: True}),
        ("maintenance", True, {Limit.SYSTEM_STATE: True}),
        # Nobody knows what it takes: the venue decides.
        ("half_open", False, {Limit.SYSTEM_STATE: False}),
    ],
)
def test_a_state_that_takes_no_such_order(
    status: str | None, is_passive: bool, expected: dict[Limit, bool]
) -> None:
    assert found(wanted(is_passive=is_passive), Standing(system_status=status)) == expected


def test_changes_are_left_to_the_venue_in_any_state() -> None:
    assert found(wanted(is_new=False), Standing(system_status="cancel_only")) == {}


# -- What the market takes -----------------------------------------------------------------------


def test_a_market_for_requests_for_quote_takes_no_orders() -> None:
    rfq_only = market(trading_mode="RFQ_ONLY")

    assert found(wanted(), Standing(), rfq_only) == {Limit.TRADING_MODE: True}
    assert found(wanted(is_new=False), Standing(), rfq_only) == {}
    assert found(wanted(), Standing(), market(trading_mode=None)) == {}


@pytest.mark.parametrize(
    ("on_book", "perhaps_open", "expected"),
    [
        (44, 0, {}),  # with the one that is wanted: 45 of 50
        (45, 0, {Limit.OPEN_ORDERS: False}),
        (49, 0, {Limit.OPEN_ORDERS: False}),
        (50, 0, {Limit.OPEN_ORDERS: True}),
        (0, 60, {Limit.OPEN_ORDERS: False}),
        (49, 60, {Limit.OPEN_ORDERS: False}),
    ],
)
def test_the_number_of_open_orders(
    on_book: int, perhaps_open: int, expected: dict[Limit, bool]
) -> None:
    standing = Standing(on_book=on_book, perhaps_open=perhaps_open)

    assert found(wanted(may_rest=True), standing) == expected


@pytest.mark.parametrize("traits", [{"may_rest": False}, {"may_rest": True, "is_new": False}])
def test_what_adds_no_open_order_is_not_held_against_their_number(traits: dict[str, bool]) -> None:
    assert found(wanted(**traits), Standing(on_book=50)) == {}


@pytest.mark.parametrize("told", [None, "", 0, "many"])
def test_a_market_that_names_no_number_has_the_documented_one(told: object) -> None:
    silent = market(max_open_orders=told)
    most = DEFAULT_MAX_OPEN_ORDERS

    assert found(wanted(may_rest=True), Standing(on_book=most), silent) == {Limit.OPEN_ORDERS: True}
    assert found(wanted(may_rest=True), Standing(on_book=most - 11), silent) == {}


# -- The position --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("side", "position", "size", "expected"),
    [
        (BUY, "0", "450", {}),
        (BUY, "0", "450.00001", {Limit.POSITION: False}),
        (BUY, "0", "500", {Limit.POSITION: False}),
        (BUY, "0", "500.00001", {Limit.POSITION: True}),
        (BUY, "499", "1.00001", {Limit.POSITION: True}),
        (SELL, "-499", "1.00001", {Limit.POSITION: True}),
        (SELL, "-400", "50", {}),
        # Through zero to the other side.
        (SELL, "300", "750", {}),
        (SELL, "300", "800.00001", {Limit.POSITION: True}),
        # Above a limit that was lowered: the way back is free.
        (SELL, "600", "50", {}),
        (BUY, "600", "1", {Limit.POSITION: True}),
    ],
)
def test_the_position_that_an_order_would_lead_to(
    side: OrderSide, position: str, size: str, expected: dict[Limit, bool]
) -> None:
    assert found(wanted(side, size), Standing(position=Decimal(position))) == expected


def test_other_orders_of_the_same_side_bring_it_near() -> None:
    standing = Standing(buying=Decimal(440), selling=Decimal(440))

    assert found(wanted(BUY, "10"), standing) == {}
    assert found(wanted(BUY, "11"), standing) == {Limit.POSITION: False}
    assert found(wanted(SELL, "11"), standing) == {Limit.POSITION: False}


def test_what_orders_of_the_other_side_may_have_closed_meanwhile_is_not_certain() -> None:
    held = Standing(position=Decimal(490), selling=Decimal(10))

    assert found(wanted(BUY, "20"), held) == {Limit.POSITION: False}
    assert found(wanted(BUY, "21"), held) == {Limit.POSITION: True}


def test_a_change_is_held_against_the_limit_by_what_it_leaves_to_fill() -> None:
    standing = Standing(position=Decimal(300))

    bigger = wanted(BUY, "201", open_size=Decimal("150"), is_new=False)
    assert found(bigger, standing) == {}
    too_big = wanted(BUY, "500", open_size=Decimal("201"), is_new=False)
    assert found(too_big, standing) == {Limit.POSITION: True}


@pytest.mark.parametrize("terms", [{"position_limit": ""}, {"asset_kind": "SPOT"}])
def test_where_the_market_has_no_limit_or_no_position_there_is_none(terms: dict[str, str]) -> None:
    assert found(wanted(BUY, "10000"), Standing(), market(**terms)) == {}


# -- Minimum notional ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ("0.1010", {}),
        ("0.1009", {Limit.MIN_NOTIONAL: False}),
        ("0.0990", {Limit.MIN_NOTIONAL: False}),
        ("0.0989", {Limit.MIN_NOTIONAL: True}),
    ],
)
def test_an_order_is_valued_at_the_reference_price(size: str, expected: dict[Limit, bool]) -> None:
    assert found(wanted(BUY, size), Standing(reference_price=Decimal(100))) == expected


def test_without_a_price_nothing_is_too_small() -> None:
    assert found(wanted(BUY, "0.00001"), Standing()) == {}


def test_without_a_minimum_nothing_is_too_small() -> None:
    free = market(min_notional=None)

    assert found(wanted(BUY, "0.00001"), Standing(reference_price=Decimal(100)), free) == {}


@pytest.mark.parametrize(
    ("position", "expected"),
    [
        ("0.05", {}),
        ("0.04", {}),
        # The rest of the position stays: the venue will refuse, but an exit is its to refuse.
        ("0.06", {Limit.MIN_NOTIONAL: False}),
    ],
)
def test_a_reduce_only_order_that_closes_the_whole_position_may_be_of_any_size(
    position: str, expected: dict[Limit, bool]
) -> None:
    standing = Standing(position=Decimal(position), reference_price=Decimal(100))

    assert found(wanted(SELL, "0.05", is_reduce_only=True), standing) == expected


def test_a_change_is_valued_whole() -> None:
    smaller = wanted(BUY, "0.05", open_size=Decimal("0.01"), is_new=False)

    assert found(smaller, Standing(reference_price=Decimal(100))) == {Limit.MIN_NOTIONAL: True}
    assert found(smaller, Standing(reference_price=Decimal(300))) == {}


@pytest.mark.parametrize("traits", [{"is_conditional": True}, {"has_notional": False}])
def test_what_is_valued_later_is_not_valued_now(traits: dict[str, bool]) -> None:
    standing = Standing(reference_price=Decimal(100))

    assert found(wanted(BUY, "0.00001", **traits), standing) == {}


# -- The rate of orders --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("room", "wait_secs", "expected"),
    [
        (0.1, 0.0, {}),
        (0.09, 0.0, {Limit.ORDER_RATE: False}),
        (-3.0, 9.0, {Limit.ORDER_RATE: False}),
        (-3.0, 9.1, {Limit.ORDER_RATE: True}),
    ],
)
def test_what_would_not_get_its_turn_in_time(
    room: float, wait_secs: float, expected: dict[Limit, bool]
) -> None:
    standing = Standing(order_room=room, wait_secs=wait_secs, longest_wait_secs=9.0)

    assert found(wanted(), standing) == expected


# -- Exits ---------------------------------------------------------------------------------------

EVERYTHING = Standing(
    system_status="cancel_only",
    on_book=100,
    position=Decimal(2_000),
    reference_price=Decimal("0.00001"),
    order_room=-100.0,
    wait_secs=100.0,
)


def test_every_limit_can_be_certain() -> None:
    assert found(wanted(BUY, may_rest=True), EVERYTHING, market(trading_mode="RFQ_ONLY")) == (
        dict.fromkeys(Limit, True)
    )


@pytest.mark.parametrize(
    ("side", "traits"),
    [
        (BUY, {"is_reduce_only": True}),
        (BUY, {"is_conditional": True}),
        (BUY, {"is_child": True}),
        (SELL, {}),  # makes the position smaller
        (SELL, {"is_new": False}),
    ],
)
def test_nothing_is_certain_of_what_may_be_an_exit(
    side: OrderSide, traits: dict[str, bool]
) -> None:
    what = wanted(side, **{"may_rest": True} | traits)
    limits = found(what, EVERYTHING, market(trading_mode="RFQ_ONLY"))

    assert limits
    assert not any(limits.values())


def test_an_order_that_does_more_than_close_the_position_is_no_exit() -> None:
    held = Standing(system_status="cancel_only", position=Decimal(2))

    assert found(wanted(SELL, "2"), held) == {Limit.SYSTEM_STATE: False}
    assert found(wanted(SELL, "2.00001"), held) == {Limit.SYSTEM_STATE: True}


# -- Words ---------------------------------------------------------------------------------------


def test_reasons_begin_with_a_code_and_name_the_figures() -> None:
    findings = findings_of(
        wanted(BUY, "0.05", may_rest=True), market(trading_mode="RFQ_ONLY"), EVERYTHING
    )

    assert all(re.fullmatch(r"[A-Z_]+: \w+=.+", finding.reason) for finding in findings)
    assert Finding(Limit.SYSTEM_STATE, True, "SYSTEM_STATE: status=cancel_only") in findings
    assert (
        Finding(
            Limit.OPEN_ORDERS,
            True,
            "MAX_OPEN_ORDERS: open=100 max=50 instrument_id=BTC-USD-PERP.PARADEX",
        )
        in findings
    )


# -- What is wanted of an order ------------------------------------------------------------------


def limit_order(**options: Any) -> Any:
    return TestExecStubs.limit_order(
        instrument=market(),
        order_side=BUY,
        price=Price.from_str("90000.0"),
        quantity=Quantity.from_str("0.50000"),
        **options,
    )


def test_a_limit_order_rests_unless_it_is_ioc() -> None:
    assert wanted_order(limit_order()) == wanted(BUY, "0.5", may_rest=True)
    assert wanted_order(limit_order(time_in_force=TimeInForce.IOC)) == wanted(BUY, "0.5")


def test_a_market_order_does_not_rest() -> None:
    order = TestExecStubs.market_order(market(), BUY, Quantity.from_str("0.50000"))

    assert wanted_order(order) == wanted(BUY, "0.5")


def test_features_and_size_are_those_it_is_sent_with() -> None:
    features = OrderFeatures(rpi=True, recv_window_ms=500)

    what = wanted_order(limit_order(), features, Decimal("0.2"))

    assert what == wanted(BUY, "0.2", may_rest=True, is_passive=True, recv_window_ms=500)


def test_a_change_keeps_what_the_order_is() -> None:
    what = wanted_change(limit_order(), Decimal("0.7"), Decimal("0.1"))

    assert what == wanted(BUY, "0.7", open_size=Decimal("0.6"), is_new=False)
