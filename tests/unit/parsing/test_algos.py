"""TWAPs: what is denied before it is sent, and how the venue's word on one is read."""

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nautilus_trader.model.currencies import BTC, USD, USDC
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.identifiers import InstrumentId, Symbol
from nautilus_trader.model.instruments import CryptoPerpetual
from nautilus_trader.model.objects import Money, Price, Quantity

from nautilus_paradex.parsing.algos import (
    TwapDraft,
    child_denial_of,
    twap_denial_of,
    twap_status,
)
from nautilus_paradex.protocol.algos import AlgoOrder
from nautilus_paradex.protocol.errors import MessageError

INSTRUMENT_ID = InstrumentId.from_str("BTC-USD-PERP.PARADEX")
INSTRUMENT = CryptoPerpetual(
    instrument_id=INSTRUMENT_ID,
    raw_symbol=Symbol("BTC-USD-PERP"),
    base_currency=BTC,
    quote_currency=USDC,
    settlement_currency=USDC,
    is_inverse=False,
    price_precision=1,
    size_precision=3,
    price_increment=Price.from_str("0.1"),
    size_increment=Quantity.from_str("0.002"),
    max_quantity=Quantity.from_str("100.000"),
    min_notional=Money(10, USD),
    ts_event=0,
    ts_init=0,
)
# As documented (openapi, AlgoOrderResp).
REPLY = {
    "account": "0x4638e3041366aa71720be63e32e53e1223316c7f0d56f7aa617542ed1e7512",
    "algo_params": {},
    "algo_type": "TWAP",
    "avg_fill_price": "26000.5",
    "cancel_reason": "NOT_ENOUGH_MARGIN",
    "created_at": 1681493746016,
    "end_at": 1681493806016,
    "id": "123456",
    "last_updated_at": 1681493746016,
    "market": "BTC-USD-PERP",
    "remaining_size": "0.038",
    "side": "SELL",
    "size": "0.05",
    "status": "CLOSED",
}


def draft(
    quantity: str = "0.100",
    side: OrderSide = OrderSide.BUY,
    duration_secs: int = 60,
    frequency_secs: int = 30,
) -> TwapDraft:
    return TwapDraft(side, Quantity.from_str(quantity), duration_secs, frequency_secs)


def algo(**changes: object) -> AlgoOrder:
    return msgspec.convert(REPLY | changes, AlgoOrder)


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        (draft(), None),
        (draft("100.000", duration_secs=86_400), None),
        (draft(duration_secs=86_430), "TWAP_DURATION_INVALID: duration_secs=86430 min=30"),
        (draft(duration_secs=0), "TWAP_DURATION_INVALID: duration_secs=0"),
        (draft(duration_secs=75), "TWAP_DURATION_INVALID: duration_secs=75"),
        (draft(frequency_secs=0), "TWAP_FREQUENCY_INVALID: frequency_secs=0 max=60"),
        (draft(frequency_secs=61), "TWAP_FREQUENCY_INVALID: frequency_secs=61 max=60"),
        (draft("0.101"), "QUANTITY_OFF_INCREMENT: quantity=0.101 increment=0.002"),
        (draft("0.000"), "QUANTITY_OFF_INCREMENT: quantity=0.000"),
        (draft("0.002"), "TWAP_CHILD_TOO_SMALL: quantity=0.002 children=2 min=0.002"),
        (draft("200.000"), None),
        (draft("200.004"), "TWAP_CHILD_TOO_LARGE: child=100.002 children=2 max=100.000"),
        (draft(side=OrderSide.NO_ORDER_SIDE), "TWAP_SIDE_INVALID: side=NO_ORDER_SIDE"),
    ],
)
def test_what_the_venue_could_not_take_is_denied_by_name(
    wanted: TwapDraft, reason: str | None
) -> None:
    denial = twap_denial_of(wanted, INSTRUMENT)
    assert (denial is None) == (reason is None)
    assert (denial or "").startswith(reason or "")


@pytest.mark.parametrize(("price", "is_denied"), [("199.99", True), ("200", False)])
def test_each_child_must_reach_the_minimum_notional(price: str, is_denied: bool) -> None:
    # 0.1 in two children of 0.05: 10 USD at a price of 200.
    denial = child_denial_of(draft(), INSTRUMENT, reference_price=Decimal(price))
    assert (denial is not None) == is_denied
    if denial is not None:
        assert denial.startswith(
            "TWAP_CHILD_BELOW_MIN_NOTIONAL: child=0.05 children=2 price=199.99"
        )


@given(steps=st.integers(1, 10_000), intervals=st.integers(1, 2_880))
def test_a_twap_is_denied_exactly_if_an_even_child_is_less_than_one_increment(
    steps: int, intervals: int
) -> None:
    quantity = Quantity.from_str(f"{steps * Decimal('0.002'):.3f}")
    wanted = TwapDraft(OrderSide.SELL, quantity, intervals * 30, 30)
    denial = twap_denial_of(wanted, INSTRUMENT)
    assert (denial is not None) == (steps < intervals)


def test_the_documented_reply_is_read_exactly() -> None:
    status = twap_status(algo(), INSTRUMENT)
    assert status.id == "123456"
    assert (status.side, status.is_closed) == (OrderSide.SELL, True)
    assert status.quantity == Quantity.from_str("0.050")
    assert status.filled_qty == Quantity.from_str("0.012")
    assert (status.avg_px, status.cancel_reason) == (Decimal("26000.5"), "NOT_ENOUGH_MARGIN")
    assert status.ts_created == 1681493746016_000_000
    assert status.ts_end is not None
    assert status.ts_end - status.ts_created == 60_000_000_000


def test_what_is_not_known_yet_is_none() -> None:
    empty = algo(avg_fill_price="", cancel_reason="", remaining_size="", end_at=None, status="NEW")
    status = twap_status(empty, INSTRUMENT)
    assert (status.avg_px, status.cancel_reason, status.ts_end) == (None, None, None)
    assert status.filled_qty == Quantity.from_str("0.000")
    assert not status.is_closed


@pytest.mark.parametrize("changes", [{"size": ""}, {"side": "UP"}])
def test_a_twap_without_size_or_side_is_no_twap(changes: dict[str, object]) -> None:
    with pytest.raises(MessageError):
        twap_status(algo(**changes), INSTRUMENT)
