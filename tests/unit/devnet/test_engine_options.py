"""The stand-in for an option model keeps to what any option's value must keep to."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_paradex.devnet.engine.markets import MarketSpec, default_markets
from nautilus_paradex.devnet.engine.options import (
    implied_volatility_e8,
    intrinsic_e8,
    option_value,
)
from nautilus_paradex.protocol.numbers import E8

NOW_US = 1_764_000_000_000_000
SPECS = {spec.symbol: spec for spec in default_markets(NOW_US)}
CALL, PUT = SPECS["BTC-USD-96000-C"], SPECS["BTC-USD-96000-P"]
DATED = next(s for s in SPECS.values() if s.symbol.endswith("-100000-C"))

spots = st.integers(20_000 * E8, 300_000 * E8)


@given(spots)
def test_put_call_parity_holds(spot: int) -> None:
    call, put = option_value(CALL, spot, NOW_US), option_value(PUT, spot, NOW_US)

    assert abs(call.price_e8 - put.price_e8 - (spot - 96_000 * E8)) <= 1
    assert call.delta_e8 - put.delta_e8 == E8


@pytest.mark.parametrize("spec", [CALL, PUT, DATED], ids=lambda s: s.symbol)
@given(spot=spots)
def test_the_value_is_above_intrinsic_and_the_greeks_have_their_signs(
    spec: MarketSpec, spot: int
) -> None:
    value = option_value(spec, spot, NOW_US)

    assert value.price_e8 > intrinsic_e8(spec, spot)
    assert -E8 <= value.delta_e8 <= E8
    assert min(value.gamma_e8, value.vega_e8, -value.theta_e8) >= 0


def test_a_dated_option_loses_its_time_value() -> None:
    spot = 100_000 * E8
    day_before = DATED.expiry_at_ms * 1_000 - 86_400_000_000

    now, late = option_value(DATED, spot, NOW_US), option_value(DATED, spot, day_before)

    assert late.price_e8 < now.price_e8 // 5
    assert option_value(DATED, spot, DATED.expiry_at_ms * 1_000).price_e8 < E8


@pytest.mark.parametrize("spec", [CALL, PUT, DATED], ids=lambda s: s.symbol)
@given(spot=st.integers(70_000 * E8, 130_000 * E8), volatility=st.integers(E8 // 5, 2 * E8))
def test_a_fair_price_implies_the_volatility_it_was_made_with(
    spec: MarketSpec, spot: int, volatility: int
) -> None:
    spec = msgspec.structs.replace(spec, volatility_e8=volatility)
    price = option_value(spec, spot, NOW_US).price_e8

    implied = implied_volatility_e8(spec, spot, price, NOW_US)

    assert implied == pytest.approx(volatility, rel=1e-4)


@pytest.mark.parametrize("spec", [CALL, PUT], ids=lambda s: s.symbol)
def test_no_volatility_makes_an_option_cheaper_than_exercising_it(spec: MarketSpec) -> None:
    spot = 120_000 * E8 if spec is CALL else 80_000 * E8

    assert implied_volatility_e8(spec, spot, intrinsic_e8(spec, spot) - 1, NOW_US) is None


@pytest.mark.parametrize("spec", [CALL, PUT, DATED], ids=lambda s: s.symbol)
@pytest.mark.parametrize("spot", [85_000 * E8, 96_000 * E8, 101_000 * E8])
def test_the_greeks_of_volatility_are_its_derivatives(spec: MarketSpec, spot: int) -> None:
    step = E8 // 1_000

    def at(volatility: int):
        return option_value(msgspec.structs.replace(spec, volatility_e8=volatility), spot, NOW_US)

    low, middle, high = (at(spec.volatility_e8 + k * step) for k in (-1, 0, 1))
    assert (high.price_e8 - low.price_e8) * 500 == pytest.approx(middle.vega_e8, rel=1e-3)
    assert (high.vega_e8 - low.vega_e8) * 500 == pytest.approx(middle.volga_e8, rel=0.01, abs=E8)
    assert (high.delta_e8 - low.delta_e8) * 500 == pytest.approx(
        middle.vanna_e8, rel=0.01, abs=2_000
    )
