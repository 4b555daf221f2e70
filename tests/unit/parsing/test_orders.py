"""What the venue cannot be told is denied by name; what it can is told in its words."""

from decimal import Decimal

import pytest
from nautilus_trader.model.currencies import BTC, USDC
from nautilus_trader.model.enums import (
    OrderSide,
    TimeInForce,
    TrailingOffsetType,
    TriggerType,
)
from nautilus_trader.model.identifiers import (
    ClientOrderId,
    InstrumentId,
    StrategyId,
    Symbol,
    TraderId,
)
from nautilus_trader.model.instruments import CryptoPerpetual, CurrencyPair
from nautilus_trader.model.objects import Price, Quantity
from nautilus_trader.model.orders import (
    LimitIfTouchedOrder,
    LimitOrder,
    MarketIfTouchedOrder,
    MarketOrder,
    Order,
    StopLimitOrder,
    StopMarketOrder,
    TrailingStopMarketOrder,
)
from nautilus_trader.test_kit.stubs.identifiers import TestIdStubs

from nautilus_paradex.parsing.order_params import OrderFeatures
from nautilus_paradex.parsing.orders import (
    client_order_id_of,
    denial_of,
    modify_denial_of,
    order_draft,
)

INSTRUMENT_ID = InstrumentId.from_str("BTC-USD-PERP.PARADEX")


@pytest.fixture
def instrument() -> CryptoPerpetual:
    return CryptoPerpetual(
        instrument_id=INSTRUMENT_ID,
        raw_symbol=Symbol("BTC-USD-PERP"),
        base_currency=BTC,
        quote_currency=USDC,
        settlement_currency=USDC,
        is_inverse=False,
        price_precision=1,
        size_precision=3,
        price_increment=Price.from_str("0.5"),
        size_increment=Quantity.from_str("0.002"),
        max_quantity=Quantity.from_str("100.000"),
        min_quantity=Quantity.from_str("0.002"),
        ts_event=0,
        ts_init=0,
    )


def limit(
    *,
    quantity: str = "0.100",
    price: str = "62000.5",
    client_order_id: str = "O-1",
    **options: object,
) -> LimitOrder:
    return LimitOrder(
        trader_id=TraderId("TESTER-001"),
        strategy_id=StrategyId("S-001"),
        instrument_id=INSTRUMENT_ID,
        client_order_id=ClientOrderId(client_order_id),
        order_side=OrderSide.SELL,
        quantity=Quantity.from_str(quantity),
        price=Price.from_str(price),
        init_id=TestIdStubs.uuid(),
        ts_init=0,
        **options,
    )


def market(*, quantity: str = "0.100", **options: object) -> MarketOrder:
    return MarketOrder(
        trader_id=TraderId("TESTER-001"),
        strategy_id=StrategyId("S-001"),
        instrument_id=INSTRUMENT_ID,
        client_order_id=ClientOrderId("O-2"),
        order_side=OrderSide.BUY,
        quantity=Quantity.from_str(quantity),
        init_id=TestIdStubs.uuid(),
        ts_init=0,
        **options,
    )


def conditional[O: Order](
    kind: type[O],
    *,
    side: OrderSide = OrderSide.BUY,
    trigger_price: str = "62000.5",
    trigger_type: TriggerType = TriggerType.MARK_PRICE,
    **options: object,
) -> O:
    if kind in (StopLimitOrder, LimitIfTouchedOrder):
        options.setdefault("price", Price.from_str("62010.0"))
    return kind(
        trader_id=TraderId("TESTER-001"),
        strategy_id=StrategyId("S-001"),
        instrument_id=INSTRUMENT_ID,
        client_order_id=ClientOrderId("O-3"),
        order_side=side,
        quantity=Quantity.from_str("0.100"),
        trigger_price=Price.from_str(trigger_price),
        trigger_type=trigger_type,
        init_id=TestIdStubs.uuid(),
        ts_init=0,
        **options,
    )


def trailing_stop() -> TrailingStopMarketOrder:
    return conditional(
        TrailingStopMarketOrder,
        trailing_offset=Decimal(100),
        trailing_offset_type=TrailingOffsetType.PRICE,
    )


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        (limit(time_in_force=TimeInForce.FOK), "UNSUPPORTED_TIME_IN_FORCE: time_in_force=FOK"),
        (limit(time_in_force=TimeInForce.DAY), "UNSUPPORTED_TIME_IN_FORCE: time_in_force=DAY"),
        (
            limit(time_in_force=TimeInForce.GTD, expire_time_ns=1_000),
            "UNSUPPORTED_TIME_IN_FORCE: time_in_force=GTD",
        ),
        (trailing_stop(), "UNSUPPORTED_ORDER_TYPE: order_type=TRAILING_STOP_MARKET"),
        (
            conditional(StopMarketOrder, trigger_type=TriggerType.LAST_PRICE),
            "UNSUPPORTED_TRIGGER_TYPE: trigger_type=LAST_PRICE",
        ),
        (
            conditional(StopMarketOrder, trigger_price="62000.3"),
            "TRIGGER_PRICE_OFF_INCREMENT: trigger_price=62000.3 increment=0.5",
        ),
        (
            conditional(LimitIfTouchedOrder, trigger_price="0.0"),
            "TRIGGER_PRICE_NOT_POSITIVE: trigger_price=0.0",
        ),
        (market(quote_quantity=True), "UNSUPPORTED_QUOTE_QUANTITY: is_quote_quantity=True"),
        (
            limit(display_qty=Quantity.from_str("0.010")),
            "UNSUPPORTED_DISPLAY_QTY: display_qty=0.010",
        ),
        (limit(price="62000.3"), "PRICE_OFF_INCREMENT: price=62000.3 increment=0.5"),
        (limit(price="0.0"), "PRICE_NOT_POSITIVE: price=0.0"),
        (limit(quantity="0.101"), "QUANTITY_OFF_INCREMENT: quantity=0.101 increment=0.002"),
        (market(quantity="100.002"), "QUANTITY_ABOVE_MAX: quantity=100.002 max=100.000"),
        (market(quantity="0.001"), "QUANTITY_BELOW_MIN: quantity=0.001 min=0.002"),
        (
            limit(post_only=True, time_in_force=TimeInForce.IOC),
            "POST_ONLY_CONFLICT: time_in_force=IOC",
        ),
        (limit(client_order_id="O" * 65), "INVALID_CLIENT_ORDER_ID: length=65 max=64"),
        (limit(client_order_id=".."), "INVALID_CLIENT_ORDER_ID: client_id=.."),
    ],
    ids=lambda value: value.split(":")[0] if isinstance(value, str) else "",
)
def test_what_cannot_be_expressed_is_denied(
    order: Order,
    reason: str,
    instrument: CryptoPerpetual,
) -> None:
    assert denial_of(order, instrument) == reason


@pytest.fixture
def spot() -> CurrencyPair:
    return CurrencyPair(
        instrument_id=InstrumentId.from_str("DIME-USD.PARADEX"),
        raw_symbol=Symbol("DIME-USD"),
        base_currency=BTC,
        quote_currency=USDC,
        price_precision=1,
        size_precision=3,
        price_increment=Price.from_str("0.1"),
        size_increment=Quantity.from_str("0.001"),
        ts_event=0,
        ts_init=0,
    )


@pytest.mark.parametrize("order", [limit(), limit(post_only=True), market()])
def test_a_spot_order_is_like_any_other(order: Order, spot: CurrencyPair) -> None:
    assert denial_of(order, spot) is None


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        (limit(reduce_only=True), "UNSUPPORTED_REDUCE_ONLY: is_reduce_only=True class=SPOT"),
        (conditional(StopMarketOrder), "UNSUPPORTED_ORDER_TYPE: order_type=STOP_MARKET class=SPOT"),
        (
            conditional(LimitIfTouchedOrder),
            "UNSUPPORTED_ORDER_TYPE: order_type=LIMIT_IF_TOUCHED class=SPOT",
        ),
    ],
)
def test_spot_has_no_triggers_and_nothing_to_reduce(
    order: Order,
    reason: str,
    spot: CurrencyPair,
) -> None:
    assert denial_of(order, spot) == reason


@pytest.mark.parametrize(
    ("order", "features", "reason"),
    [
        (limit(), {"tpsl": True}, "INVALID_PARAM: tpsl=True order_type=LIMIT"),
        (
            conditional(StopMarketOrder),
            {"tpsl": True},
            "INVALID_PARAM: tpsl=True is_reduce_only=False",
        ),
        (market(), {"rpi": True}, "INVALID_PARAM: rpi=True order_type=MARKET"),
        (limit(reduce_only=True), {"rpi": True}, "INVALID_PARAM: rpi=True is_reduce_only=True"),
        (
            limit(time_in_force=TimeInForce.IOC),
            {"rpi": True},
            "INVALID_PARAM: rpi=True time_in_force=IOC",
        ),
        (
            limit(),
            {"vwap_price": Decimal("62000.5")},
            "INVALID_PARAM: vwap_price=62000.5 order_type=LIMIT",
        ),
    ],
)
def test_a_feature_that_the_order_cannot_have_is_denied(
    order: Order,
    features: dict[str, object],
    reason: str,
    instrument: CryptoPerpetual,
) -> None:
    assert denial_of(order, instrument, OrderFeatures(**features)) == reason  # type: ignore[arg-type]


def test_gtd_goes_as_gtc_where_the_strategy_manages_the_expiry(
    instrument: CryptoPerpetual,
) -> None:
    features = OrderFeatures(gtd_as_gtc=True)
    order = limit(time_in_force=TimeInForce.GTD, expire_time_ns=1_000)
    assert denial_of(order, instrument, features) is None
    assert order_draft(order, "BTC-USD-PERP", features).instruction == "GTC"
    assert denial_of(limit(time_in_force=TimeInForce.DAY), instrument, features) is not None


@pytest.mark.parametrize(
    "order",
    [
        limit(),
        limit(post_only=True),
        limit(reduce_only=True),
        limit(time_in_force=TimeInForce.IOC),
        limit(client_order_id="O" * 64),
        market(),
        market(time_in_force=TimeInForce.IOC),
        conditional(StopMarketOrder),
        conditional(StopLimitOrder, trigger_type=TriggerType.DEFAULT),
        conditional(StopMarketOrder, reduce_only=True),
        conditional(MarketIfTouchedOrder),
        conditional(LimitIfTouchedOrder, post_only=True),
    ],
)
def test_what_can_be_expressed_is_not_denied(order: Order, instrument: CryptoPerpetual) -> None:
    assert denial_of(order, instrument) is None


def test_a_limit_order_in_the_venues_words() -> None:
    draft = order_draft(limit(post_only=True, reduce_only=True), "BTC-USD-PERP")
    assert (draft.market, draft.side, draft.type) == ("BTC-USD-PERP", "SELL", "LIMIT")
    assert (draft.size, draft.price) == (Decimal("0.100"), Decimal("62000.5"))
    assert (draft.instruction, draft.flags) == ("POST_ONLY", ["REDUCE_ONLY"])
    assert draft.client_id == "O-1"


def test_a_market_order_has_no_price() -> None:
    draft = order_draft(market(time_in_force=TimeInForce.IOC), "BTC-USD-PERP")
    assert (draft.type, draft.price, draft.instruction, draft.flags) == ("MARKET", None, "IOC", [])


def test_a_stop_in_the_venues_words() -> None:
    draft = order_draft(conditional(StopLimitOrder, reduce_only=True), "BTC-USD-PERP")
    assert (draft.type, draft.instruction, draft.flags) == ("STOP_LIMIT", "GTC", ["REDUCE_ONLY"])
    assert (draft.price, draft.trigger_price) == (Decimal("62010.0"), Decimal("62000.5"))


def test_features_in_the_venues_words() -> None:
    features = OrderFeatures(
        stp="EXPIRE_BOTH",
        recv_window_ms=500,
        vwap_price=Decimal(62_000),
        dime_discount=True,
        mmp=True,
    )
    draft = order_draft(market(), "BTC-USD-PERP", features)
    assert (draft.stp, draft.recv_window_ms, draft.dime_discount) == ("EXPIRE_BOTH", 500, True)
    assert (draft.vwap_price, draft.flags) == (Decimal(62_000), ["TARGET_STRATEGY_VWAP", "MMP"])
    assert order_draft(limit(), "BTC-USD-PERP", OrderFeatures(rpi=True)).instruction == "RPI"


@pytest.mark.parametrize(
    ("order", "change", "reason"),
    [
        (limit(), {"price": "1.3"}, "PRICE_OFF_INCREMENT: price=1.3 increment=0.5"),
        (limit(), {"price": "-1.0"}, "PRICE_NOT_POSITIVE: price=-1.0"),
        (limit(), {"quantity": "0.200"}, None),
        (
            limit(),
            {"quantity": "100.002"},
            "QUANTITY_ABOVE_MAX: quantity=100.002 max=100.000",
        ),
        (
            limit(),
            {"trigger_price": "1.0"},
            "UNSUPPORTED_MODIFY: trigger_price=1.0 order_type=LIMIT",
        ),
        (market(), {}, "UNSUPPORTED_MODIFY: order_type=MARKET"),
        (
            conditional(StopMarketOrder),
            {"price": "1.0"},
            "UNSUPPORTED_MODIFY: price=1.0 order_type=STOP_MARKET",
        ),
        (conditional(StopMarketOrder), {"trigger_price": "61000.0"}, None),
        (
            conditional(StopMarketOrder),
            {"trigger_price": "61000.2"},
            "TRIGGER_PRICE_OFF_INCREMENT: trigger_price=61000.2 increment=0.5",
        ),
        (conditional(StopLimitOrder), {"price": "61000.0", "trigger_price": "61000.0"}, None),
    ],
)
def test_a_modification_that_cannot_be_expressed_is_denied(
    order: Order,
    change: dict[str, str],
    reason: str | None,
    instrument: CryptoPerpetual,
) -> None:
    quantity = Quantity.from_str(change["quantity"]) if "quantity" in change else None
    price, trigger_price = (
        Price.from_str(change[name]) if name in change else None
        for name in ("price", "trigger_price")
    )
    assert modify_denial_of(order, instrument, quantity, price, trigger_price) == reason


def test_a_trigger_that_was_hit_is_fixed(instrument: CryptoPerpetual) -> None:
    order, moved = conditional(StopLimitOrder), Price.from_str("61000.0")
    denied = modify_denial_of(order, instrument, None, None, moved, is_triggered=True)
    assert denied == "UNSUPPORTED_MODIFY: trigger_price=61000.0 is_triggered=True"
    same = order.trigger_price
    assert modify_denial_of(order, instrument, None, None, same, is_triggered=True) is None


@pytest.mark.parametrize("client_id", ["", None, "ünïcode", "tab\t", "   "])
def test_a_client_id_the_platform_cannot_hold_is_none(client_id: str | None) -> None:
    assert client_order_id_of(client_id) is None


def test_a_client_id_is_kept_as_it_is() -> None:
    assert client_order_id_of("x1234") == ClientOrderId("x1234")
