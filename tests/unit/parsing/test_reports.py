"""Orders, fills and positions of the venue as the platform's reports."""

from decimal import Decimal

import pytest
from nautilus_trader.model.currencies import BTC, USDC
from nautilus_trader.model.enums import (
    LiquiditySide,
    OrderSide,
    OrderStatus,
    OrderType,
    PositionSide,
    TimeInForce,
    TriggerType,
)
from nautilus_trader.model.identifiers import AccountId, InstrumentId, Symbol
from nautilus_trader.model.instruments import CryptoPerpetual
from nautilus_trader.model.objects import Currency, Money, Price, Quantity

from nautilus_paradex.parsing.precision import PrecisionError
from nautilus_paradex.parsing.reports import (
    fill_report,
    flat_position_report,
    order_status_report,
    position_status_report,
    trade_id_of,
)
from nautilus_paradex.protocol.errors import MessageError
from nautilus_paradex.protocol.events import FillEvent, OrderEvent, PositionEvent

ACCOUNT_ID = AccountId("PARADEX-master")


@pytest.fixture
def instrument() -> CryptoPerpetual:
    return CryptoPerpetual(
        instrument_id=InstrumentId.from_str("BTC-USD-PERP.PARADEX"),
        raw_symbol=Symbol("BTC-USD-PERP"),
        base_currency=BTC,
        quote_currency=USDC,
        settlement_currency=USDC,
        is_inverse=False,
        price_precision=1,
        size_precision=3,
        price_increment=Price.from_str("0.1"),
        size_increment=Quantity.from_str("0.001"),
        ts_event=0,
        ts_init=0,
    )


def order(**changes: object) -> OrderEvent:
    fields: dict[str, object] = {
        "status": "OPEN",
        "side": "BUY",
        "order_type": "LIMIT",
        "time_in_force": "GTC",
        "price": 62_000_10000000,
        "size": 150_000_00,
        "size_open": 150_000_00,
        "created_at": 1_000,
        "updated_at": 2_000,
        "order_id": "1791421535935201709233240003",
        "client_order_id": "O-1",
        "market": "BTC-USD-PERP",
        "cancel_reason": "",
        "flags": (),
    }
    return OrderEvent(**(fields | changes))  # type: ignore[arg-type]


def fill(**changes: object) -> FillEvent:
    fields: dict[str, object] = {
        "fill_type": "FILL",
        "fill_id": "1718947571560201703986670001",
        "order_id": "1718947571540201703992340000",
        "side": "SELL",
        "liquidity": "MAKER",
        "price": 64_852_90000000,
        "size": 1_000_000,
        "fee": -19_455_870,
        "fee_currency": "USDC",
        "created_at": 1_718_947_571_569_000,
        "market": "BTC-USD-PERP",
    }
    return FillEvent(**(fields | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "status", "filled"),
    [
        ({}, OrderStatus.ACCEPTED, "0.000"),
        ({"status": "UNTRIGGERED"}, OrderStatus.ACCEPTED, "0.000"),
        ({"size_open": 10_000_000}, OrderStatus.PARTIALLY_FILLED, "0.050"),
        ({"status": "CLOSED", "size_open": 0}, OrderStatus.FILLED, "0.150"),
        (
            {"status": "CLOSED", "cancel_reason": "USER_CANCELED"},
            OrderStatus.CANCELED,
            "0.000",
        ),
        (
            {"status": "CLOSED", "cancel_reason": "NOT_ENOUGH_MARGIN"},
            OrderStatus.REJECTED,
            "0.000",
        ),
        (
            {"status": "CLOSED", "size_open": 10_000_000, "cancel_reason": "NOT_ENOUGH_MARGIN"},
            OrderStatus.CANCELED,
            "0.050",
        ),
        ({"status": "CLOSED", "cancel_reason": "EXPIRED"}, OrderStatus.EXPIRED, "0.000"),
        ({"status": "CLOSED", "size_open": None}, OrderStatus.FILLED, "0.150"),
        (
            {"status": "CLOSED", "size_open": None, "cancel_reason": "USER_CANCELED"},
            OrderStatus.CANCELED,
            "0.000",
        ),
        ({"size_open": None}, OrderStatus.ACCEPTED, "0.000"),
    ],
)
def test_the_status_of_an_order(
    changes: dict[str, object],
    status: OrderStatus,
    filled: str,
    instrument: CryptoPerpetual,
) -> None:
    report = order_status_report(
        order(**changes),
        account_id=ACCOUNT_ID,
        instrument=instrument,
        ts_init=3_000,
    )
    assert report.order_status == status
    assert report.quantity == Quantity.from_str("0.150")
    assert report.filled_qty == Quantity.from_str(filled)


ABOVE, BELOW = "STOP_CONDITION_ABOVE_TRIGGER", "STOP_CONDITION_BELOW_TRIGGER"


@pytest.mark.parametrize(
    ("changes", "order_type", "status"),
    [
        ({"flags": (ABOVE,)}, OrderType.STOP_LIMIT, OrderStatus.ACCEPTED),
        ({"flags": (BELOW,)}, OrderType.LIMIT_IF_TOUCHED, OrderStatus.ACCEPTED),
        ({"flags": (ABOVE,), "status": "OPEN"}, OrderType.STOP_LIMIT, OrderStatus.TRIGGERED),
        ({"flags": (BELOW,), "status": "OPEN"}, OrderType.LIMIT_IF_TOUCHED, OrderStatus.TRIGGERED),
        (
            {"flags": (ABOVE,), "status": "OPEN", "size_open": 10_000_000},
            OrderType.STOP_LIMIT,
            OrderStatus.PARTIALLY_FILLED,
        ),
        (
            {"order_type": "STOP_MARKET", "flags": (BELOW,), "price": None},
            OrderType.MARKET_IF_TOUCHED,
            OrderStatus.ACCEPTED,
        ),
        (
            {"order_type": "STOP_MARKET", "flags": (), "price": None},
            OrderType.STOP_MARKET,
            OrderStatus.ACCEPTED,
        ),
    ],
)
def test_a_triggered_order(
    changes: dict[str, object],
    order_type: OrderType,
    status: OrderStatus,
    instrument: CryptoPerpetual,
) -> None:
    event = order(
        **(
            {"status": "UNTRIGGERED", "order_type": "STOP_LIMIT", "trigger_price": 63_000_00000000}
            | changes
        )
    )
    report = order_status_report(
        event,
        account_id=ACCOUNT_ID,
        instrument=instrument,
        ts_init=3_000,
    )
    assert (report.order_type, report.order_status) == (order_type, status)
    assert report.trigger_price == Price.from_str("63000.0")
    assert report.trigger_type == TriggerType.MARK_PRICE
    assert report.ts_triggered == (2_000_000 if status == OrderStatus.TRIGGERED else 0)


def test_the_words_of_an_order(instrument: CryptoPerpetual) -> None:
    report = order_status_report(
        order(
            order_type="TAKE_PROFIT_LIMIT",
            time_in_force="POST_ONLY",
            trigger_price=61_000_00000000,
            avg_fill_price=62_000_05000001,
            size_open=0,
            flags=("REDUCE_ONLY",),
        ),
        account_id=ACCOUNT_ID,
        instrument=instrument,
        ts_init=3_000,
    )
    assert report.order_side == OrderSide.BUY
    assert report.order_type == OrderType.LIMIT_IF_TOUCHED
    assert report.time_in_force == TimeInForce.GTC
    assert report.post_only
    assert report.reduce_only
    assert report.trigger_type == TriggerType.MARK_PRICE
    assert report.avg_px == Decimal("62000.05000001")
    assert report.ts_accepted == 1_000_000
    assert report.ts_last == 2_000_000


@pytest.mark.parametrize(
    "changes",
    [
        {"side": "UNKNOWN_7"},
        {"size": 0},
        {"order_type": "STOP_MARKET"},
        {"order_type": "LIMIT", "price": None},
    ],
)
def test_an_order_without_words_for_it_is_refused(
    changes: dict[str, object],
    instrument: CryptoPerpetual,
) -> None:
    with pytest.raises(MessageError):
        order_status_report(
            order(**changes),
            account_id=ACCOUNT_ID,
            instrument=instrument,
            ts_init=0,
        )


@pytest.mark.parametrize(
    ("price", "expected"),
    [(62_000_00000000, OrderType.LIMIT), (None, OrderType.MARKET)],
)
def test_an_order_of_a_new_type_is_reported_as_the_nearest(
    price: int | None,
    expected: OrderType,
    instrument: CryptoPerpetual,
) -> None:
    report = order_status_report(
        order(order_type="A_TYPE_OF_TOMORROW", price=price),
        account_id=ACCOUNT_ID,
        instrument=instrument,
        ts_init=0,
    )
    assert report.order_type == expected


def test_an_order_that_was_on_the_book_is_not_reported_rejected(
    instrument: CryptoPerpetual,
) -> None:
    report = order_status_report(
        order(status="CLOSED", cancel_reason="REDUCE_ONLY_WILL_INCREASE"),
        account_id=ACCOUNT_ID,
        instrument=instrument,
        ts_init=0,
        accepted=True,
    )
    assert report.order_status == OrderStatus.CANCELED


def test_the_side_of_the_order_goes_before_the_fills_own(instrument: CryptoPerpetual) -> None:
    report = fill_report(
        fill(side="SELL"),
        account_id=ACCOUNT_ID,
        instrument=instrument,
        ts_init=0,
        order_side=OrderSide.BUY,
    )
    assert report.order_side == OrderSide.BUY


def test_a_fill_with_a_rebate(instrument: CryptoPerpetual) -> None:
    report = fill_report(fill(), account_id=ACCOUNT_ID, instrument=instrument, ts_init=0)
    assert report.commission.as_decimal() == Decimal("-0.19455870")
    assert report.liquidity_side == LiquiditySide.MAKER
    assert report.last_px == Price.from_str("64852.9")
    assert report.last_qty == Quantity.from_str("0.010")
    assert report.venue_position_id is None


def test_a_fill_is_never_lost_to_precision(instrument: CryptoPerpetual) -> None:
    report = fill_report(
        fill(price=64_852_90000001, size=1_000_001, fee=0),
        account_id=ACCOUNT_ID,
        instrument=instrument,
        ts_init=0,
    )
    assert report.last_px.as_decimal() == Decimal("64852.90000001")
    assert report.last_qty.as_decimal() == Decimal("0.01000001")
    assert report.commission.as_decimal() == 0


def test_a_fee_in_dime_is_a_commission_in_dime(instrument: CryptoPerpetual) -> None:
    report = fill_report(
        fill(fee_currency="DIME"),
        account_id=ACCOUNT_ID,
        instrument=instrument,
        ts_init=0,
    )
    assert str(report.commission.currency) == "DIME"
    assert report.commission.currency.precision == 8


def test_equal_fill_ids_of_different_types_are_different_trades() -> None:
    types = ["FILL", "LIQUIDATION", "UNWIND_TRANSFER", "SETTLE_MARKET", "RPI", "BLOCK_TRADE", "NEW"]
    ids = {trade_id_of(fill(fill_type=each)).value for each in types}
    assert len(ids) == len(types)
    assert all(len(each) <= 36 for each in ids)


def test_a_fill_id_too_long_for_the_platform_is_shortened_the_same_way_each_time() -> None:
    long = fill(fill_id="9" * 60)
    assert trade_id_of(long) == trade_id_of(fill(fill_id="9" * 60))
    assert trade_id_of(long) != trade_id_of(fill(fill_id="9" * 59 + "8"))


def test_a_fill_without_an_id_is_named_in_the_error() -> None:
    with pytest.raises(MessageError, match=r"order 'ord-9' .* no id"):
        trade_id_of(fill(fill_id="", order_id="ord-9"))


@pytest.mark.parametrize(
    ("side", "expected"),
    [("BUY", PositionSide.LONG), ("SELL", PositionSide.SHORT)],
)
def test_a_position_has_a_positive_size_and_a_side(
    side: str,
    expected: PositionSide,
    instrument: CryptoPerpetual,
) -> None:
    report = position_status_report(
        PositionEvent(side=side, size=5_000_000, avg_entry_price=62_000_05000000, updated_at=1),
        account_id=ACCOUNT_ID,
        instrument=instrument,
        ts_init=0,
    )
    assert report.position_side == expected
    assert report.quantity == Quantity.from_str("0.050")
    assert report.avg_px_open == Decimal("62000.05")
    assert report.venue_position_id is None


def test_no_position_is_flat(instrument: CryptoPerpetual) -> None:
    report = flat_position_report(account_id=ACCOUNT_ID, instrument=instrument, ts_init=5)
    assert report.position_side == PositionSide.FLAT
    assert report.quantity == 0


@pytest.mark.parametrize("fill_type", ["FILL", "RPI", "BLOCK_TRADE", None])
def test_a_fill_without_a_fee_is_not_one_that_cost_nothing(
    instrument: CryptoPerpetual, fill_type: str | None
) -> None:
    with pytest.raises(MessageError, match="tells no fee"):
        fill_report(
            fill(fee=None, fill_type=fill_type),
            account_id=ACCOUNT_ID,
            instrument=instrument,
            ts_init=0,
        )


@pytest.mark.parametrize(
    "fill_type", ["LIQUIDATION", "UNWIND_TRANSFER", "SETTLE_MARKET", "A_NEW_TYPE"]
)
def test_a_position_that_changes_hands_may_come_without_a_fee(
    instrument: CryptoPerpetual, fill_type: str
) -> None:
    report = fill_report(
        fill(fee=None, fill_type=fill_type),
        account_id=ACCOUNT_ID,
        instrument=instrument,
        ts_init=0,
    )
    assert report.commission.as_decimal() == 0


def test_a_fee_beyond_the_platforms_range_is_refused(instrument: CryptoPerpetual) -> None:
    with pytest.raises(PrecisionError, match="amount must be within"):
        fill_report(fill(fee=10**30), account_id=ACCOUNT_ID, instrument=instrument, ts_init=0)


def test_a_fee_in_an_unknown_currency_makes_it_known(instrument: CryptoPerpetual) -> None:
    report = fill_report(
        fill(fee_currency="NEWFEE"), account_id=ACCOUNT_ID, instrument=instrument, ts_init=0
    )
    assert report.commission.currency == Currency.from_str("NEWFEE", strict=True)
    assert report.commission.currency.precision == 8
    assert Money.from_str("1.00000001 NEWFEE").as_decimal() == Decimal("1.00000001")
