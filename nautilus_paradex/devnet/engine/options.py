"""A fair value and greeks for the devnet's option markets, in integers.

A stand-in for a pricing model, for markets that need a mark to trade around. With S the spot, K
the strike and h half their distance, a call is worth ``h + sqrt(h^2 + a^2)`` where ``a`` is the
value at the money, ``0.4 * S * volatility * sqrt(years)``: convex, above intrinsic, and put-call
parity holds exactly. It is no statement about how Paradex prices options.
"""

from math import isqrt
from typing import Final

import msgspec

from nautilus_paradex.devnet.engine.fixed import div_e8, mul_e8
from nautilus_paradex.devnet.engine.markets import MarketSpec
from nautilus_paradex.protocol.enums import OptionType
from nautilus_paradex.protocol.numbers import E8

__all__ = ["OptionValue", "implied_volatility_e8", "intrinsic_e8", "option_value"]

_DAY_US: Final = 86_400 * 1_000_000
_YEAR_US: Final = 365 * _DAY_US
# A perpetual option never expires: it is priced as if some weeks were left.
_PERPETUAL_HORIZON_US: Final = 30 * _DAY_US
_AT_THE_MONEY: Final = 39_894_228  # 1 / sqrt(2 pi) at 1e-8


class OptionValue(msgspec.Struct, frozen=True, kw_only=True):
    """Value and greeks at 1e-8; vega, volga and vanna are per 1.0 of volatility, theta per day."""

    price_e8: int
    delta_e8: int
    gamma_e8: int
    vega_e8: int
    theta_e8: int
    rho_e8: int
    volga_e8: int
    vanna_e8: int


def intrinsic_e8(spec: MarketSpec, spot_e8: int) -> int:
    """Return what exercising now would bring."""
    assert spec.strike_price_e8 is not None, "an option has a strike"
    gain = spot_e8 - spec.strike_price_e8
    return max(0, gain if spec.option_type == OptionType.CALL else -gain)


def option_value(spec: MarketSpec, spot_e8: int, now_us: int) -> OptionValue:
    """Return fair value and greeks of `spec` with the underlying at `spot_e8`."""
    strike = _strike(spec)
    left_us = _left_us(spec, now_us)
    per_volatility = _per_volatility(spot_e8, left_us)
    at_the_money = mul_e8(per_volatility, spec.volatility_e8)
    half = (spot_e8 - strike) // 2
    root = max(1, isqrt(half * half + at_the_money * at_the_money))
    call = half + root
    call_delta = E8 // 2 + div_e8(half, root) // 2
    is_call = spec.option_type == OptionType.CALL
    delta = call_delta if is_call else call_delta - E8
    time_value = at_the_money * at_the_money // root
    days_left = max(1, left_us // _DAY_US)
    half_share, time_share = div_e8(half, root), div_e8(at_the_money, root)
    per_root = div_e8(per_volatility, root)
    return OptionValue(
        price_e8=call if is_call else call - 2 * half,
        delta_e8=delta,
        gamma_e8=div_e8(E8 * at_the_money // root * at_the_money // root // 4, root),
        vega_e8=div_e8(time_value, spec.volatility_e8),
        theta_e8=-time_value // (2 * days_left),
        rho_e8=mul_e8(strike, delta) * left_us // _YEAR_US,
        volga_e8=mul_e8(mul_e8(per_volatility, per_root), mul_e8(half_share, half_share)),
        vanna_e8=-mul_e8(mul_e8(half_share, time_share), per_root) // 2,
    )


def implied_volatility_e8(spec: MarketSpec, spot_e8: int, price_e8: int, now_us: int) -> int | None:
    """Return the volatility at which `spec` is worth a price, None where no volatility does it."""
    half = (spot_e8 - _strike(spec)) // 2
    call = price_e8 if spec.option_type == OptionType.CALL else price_e8 + 2 * half
    squared = call * (call - 2 * half)
    if squared <= 0:
        return None
    return div_e8(isqrt(squared), _per_volatility(spot_e8, _left_us(spec, now_us)))


def _strike(spec: MarketSpec) -> int:
    assert spec.strike_price_e8 is not None, "an option has a strike"
    return spec.strike_price_e8


def _left_us(spec: MarketSpec, now_us: int) -> int:
    if not spec.expiry_at_ms:
        return _PERPETUAL_HORIZON_US
    return max(1, spec.expiry_at_ms * 1_000 - now_us)


def _per_volatility(spot_e8: int, left_us: int) -> int:
    """Return what a volatility of 1.0 makes an option at the money worth."""
    root_years = isqrt(left_us * E8 * E8 // _YEAR_US)
    return max(1, mul_e8(mul_e8(_AT_THE_MONEY, spot_e8), root_years))
