"""The fee of a fill that nobody was told of, to the last unit."""

from decimal import ROUND_HALF_EVEN, Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from nautilus_trader.model.enums import LiquiditySide
from nautilus_trader.model.instruments import Instrument
from nautilus_trader.model.objects import Price, Quantity

from nautilus_paradex.parsing.fees import commission
from nautilus_paradex.parsing.instruments import FeeRates, instrument_from_market
from nautilus_paradex.protocol import rest
from nautilus_paradex.protocol.numbers import E8

MAKER, TAKER = LiquiditySide.MAKER, LiquiditySide.TAKER
PERP = rest.Market(
    symbol="BTC-USD-PERP",
    asset_kind="PERP",
    base_currency="BTC",
    settlement_currency="USDC",
    price_tick_size="0.1",
    order_size_increment="0.00001",
)
OPTION = replace(
    PERP,
    symbol="BTC-USD-96000-C",
    asset_kind="PERP_OPTION",
    strike_price="96000",
    option_type="CALL",
)


def fee_of(maker: rest.FeeWithCap, taker: rest.FeeWithCap) -> rest.MarketFeeConfig:
    return rest.MarketFeeConfig(api_fee=rest.MakerTakerFee(maker_fee=maker, taker_fee=taker))


def build(market: rest.Market, fees: rest.Fees | None = None) -> Instrument:
    rates = FeeRates.documented() if fees is None else FeeRates.of_account(fees)
    instrument = instrument_from_market(market, fees=rates, ts_init=0)
    assert instrument is not None
    return instrument


def cost(
    instrument: Instrument,
    quantity: str,
    price: str,
    side: LiquiditySide = TAKER,
    spot: str | None = None,
) -> str:
    money = commission(
        instrument,
        Quantity.from_str(quantity),
        Price.from_str(price),
        side,
        spot_e8=None if spot is None else int(Decimal(spot) * E8),
    )
    assert str(money.currency) == "USDC"
    return f"{money.as_decimal().normalize():f}"


@pytest.mark.parametrize(
    ("side", "expected"),
    [(MAKER, "0.0288"), (TAKER, "0.432"), (LiquiditySide.NO_LIQUIDITY_SIDE, "0.432")],
)
def test_a_perpetuals_fee_is_on_its_notional(side: LiquiditySide, expected: str) -> None:
    assert cost(build(PERP), "0.01000", "96000.0", side) == expected


def test_a_spot_fee_is_on_its_notional_and_in_what_the_market_settles_in() -> None:
    spot = replace(PERP, symbol="DIME-USD", asset_kind="SPOT", base_currency="DIME")
    assert cost(build(spot), "1000.00000", "0.5", MAKER) == "0.015"


def test_the_accounts_own_rates_count_and_the_markets_before_them() -> None:
    own = rest.Fees(maker_rate="-0.00005", taker_rate="0.0002")
    override = fee_of(rest.FeeWithCap(fee="0.0001"), rest.FeeWithCap(fee="0.0003"))
    assert cost(build(PERP, own), "1.00000", "100.0") == "0.02"
    assert cost(build(PERP, own), "1.00000", "100.0", MAKER) == "-0.005"
    assert cost(build(replace(PERP, fee_config=override), own), "1.00000", "100.0") == "0.03"


def test_an_options_fee_is_on_the_notional_of_its_underlying() -> None:
    # 0.01 % of 0.1 x 97,000.
    assert cost(build(OPTION), "0.10000", "5000.0", spot="97000") == "0.97"


def test_without_a_spot_price_the_strike_stands_in() -> None:
    assert cost(build(OPTION), "0.10000", "5000.0") == "0.96"


def test_an_options_fee_is_at_most_an_eighth_of_its_premium() -> None:
    assert cost(build(OPTION), "0.10000", "20.0", spot="97000") == "0.25"


def test_a_market_may_name_another_cap_and_a_floor_for_rebates() -> None:
    capped = fee_of(
        rest.FeeWithCap(fee="-0.0002", fee_floor="-0.5"),
        rest.FeeWithCap(fee="0.0001", fee_cap="0.05"),
    )
    option = build(replace(OPTION, fee_config=capped))
    assert cost(option, "0.10000", "20.0", spot="97000") == "0.1"
    assert cost(option, "0.10000", "20.0", MAKER, spot="97000") == "-1"
    assert cost(option, "0.10000", "5000.0", MAKER, spot="97000") == "-1.94"


def test_a_retail_fill_costs_what_the_market_says_of_it_or_nothing() -> None:
    instrument = build(PERP)
    interactive = rest.MakerTakerFee(taker_fee=rest.FeeWithCap(fee="0.0001"))
    charged = build(replace(PERP, fee_config=rest.MarketFeeConfig(interactive_fee=interactive)))
    quantity, price = Quantity.from_str("0.01000"), Price.from_str("96000.0")
    free = commission(instrument, quantity, price, TAKER, is_retail=True)
    paid = commission(charged, quantity, price, TAKER, is_retail=True)
    assert (free.as_decimal(), paid.as_decimal()) == (0, Decimal("0.096"))


@given(
    size=st.integers(1, 10**10),
    price=st.integers(1, 10**9),
    rate=st.decimals("-0.001", "0.001", places=8),
)
def test_no_digit_is_lost(size: int, price: int, rate: Decimal) -> None:
    instrument = build(PERP, rest.Fees(taker_rate=f"{rate:f}"))
    quantity = Quantity.from_str(f"{Decimal(size).scaleb(-5):.5f}")
    money = commission(instrument, quantity, Price.from_str(f"{Decimal(price) / 10:.1f}"), TAKER)
    with localcontext(prec=60):
        exact = Decimal(size).scaleb(-5) * Decimal(price).scaleb(-1) * rate
        assert money.as_decimal() == exact.quantize(Decimal("1e-8"), ROUND_HALF_EVEN)
