"""What the venue cannot be told is denied by name; what it can is told in its words."""

from decimal import Decimal

import pytest
from nautilus_trader.model.currencies import BTC, USDC
from nautilus_trader.model.enums import ContingencyType, OrderSide, TimeInForce, TriggerType
from nautilus_trader.model.identifiers import (
    ClientOrderId,
    InstrumentId,
    StrategyId,
    Symbol,
    TraderId,
)
from nautilus_trader.model.instruments import CryptoPerpetual, CurrencyPair
from nautilus_trader.model.objects import Price, Quantity
from nautilus_trader.model.orders import LimitOrder, MarketOrder, Order, StopMarketOrder
from nautilus_trader.test_kit.stubs.identifiers import TestIdStubs

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


def stop_market() -> StopMarketOrder:
    return StopMarketOrder(
        trader_id=TraderId("TESTER-001"),
        strategy_id=StrategyId("S-001"),
        instrument_id=INSTRUMENT_ID,
        client_order_id=ClientOrderId("O-3"),
        order_side=OrderSide.BUY,
        quantity=Quantity.from_str("0.100"),
        trigger_price=Price.from_str("62000.5"),
        trigger_type=TriggerType.MARK_PRICE,
        init_id=TestIdStubs.uuid(),
        ts_init=0,
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
        (stop_market(), "UNSUPPORTED_ORDER_TYPE: order_type=STOP_MARKET"),
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
        (
            limit(
                contingency_type=ContingencyType.OTO,
                linked_order_ids=[ClientOrderId("O-9")],
            ),
            "UNSUPPORTED_CONTINGENCY: contingency_type=OTO",
        ),
        (limit(client_order_id="O" * 65), "INVALID_CLIENT_ORDER_ID: length=65 max=64"),
    ],
    ids=lambda value: value.split(":")[0] if isinstance(value, str) else "",
)
def test_what_cannot_be_expressed_is_denied(
    order: Order,
    reason: str,
    instrument: CryptoPerpetual,
) -> None:
    assert denial_of(order, instrument) == reason


def test_a_spot_order_is_denied() -> None:
    pair = CurrencyPair(
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
    assert denial_of(limit(), pair) == (
        "UNSUPPORTED_INSTRUMENT: instrument_id=DIME-USD.PARADEX class=SPOT"
    )


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


def test_a_modification_off_the_increments_is_denied(instrument: CryptoPerpetual) -> None:
    order = limit()
    denied = modify_denial_of(order, instrument, None, Price.from_str("1.3"), None)
    assert denied == "PRICE_OFF_INCREMENT: price=1.3 increment=0.5"
    assert modify_denial_of(order, instrument, Quantity.from_str("0.200"), None, None) is None
    assert modify_denial_of(market(), instrument, None, None, None) == (
        "UNSUPPORTED_MODIFY: order_type=MARKET"
    )


@pytest.mark.parametrize("client_id", ["", None, "ünïcode", "tab\t", "   "])
def test_a_client_id_the_platform_cannot_hold_is_none(client_id: str | None) -> None:
    assert client_order_id_of(client_id) is None


def test_a_client_id_is_kept_as_it_is() -> None:
    assert client_order_id_of("x1234") == ClientOrderId("x1234")
