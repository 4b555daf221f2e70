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

__all__ = ["OptionValue", "intrinsic_e8", "option_value"]

_YEAR_US: Final = 365 * 86_400 * 1_000_000
# A perpetual option never expires: it is priced as if some weeks were left.
_PERPETUAL_HORIZON_US: Final = 30 * 86_400 * 1_000_000
_AT_THE_MONEY: Final = 39_894_228  # 1 / sqrt(2 pi) at 1e-8


class OptionValue(msgspec.Struct, frozen=True, kw_only=True):
    """Value and greeks at 1e-8; vega is per 1.0 of volatility, theta per day."""

    price_e8: int
    delta_e8: int
    gamma_e8: int
    vega_e8: int
    theta_e8: int


def intrinsic_e8(spec: MarketSpec, spot_e8: int) -> int:
    """Return what exercising now would bring."""
    assert spec.strike_price_e8 is not None, "an option has a strike"
    gain = spot_e8 - spec.strike_price_e8
    return max(0, gain if spec.option_type == OptionType.CALL else -gain)


def option_value(spec: MarketSpec, spot_e8: int, now_us: int) -> OptionValue:
    """Return fair value and greeks of `spec` with the underlying at `spot_e8`."""
    assert spec.strike_price_e8 is not None, "an option has a strike"
    left_us = _PERPETUAL_HORIZON_US
    if spec.expiry_at_ms:
        left_us = max(1, spec.expiry_at_ms * 1_000 - now_us)
    root_years = isqrt(left_us * E8 * E8 // _YEAR_US)
    at_the_money = mul_e8(mul_e8(_AT_THE_MONEY, spot_e8), mul_e8(spec.volatility_e8, root_years))
    half = (spot_e8 - spec.strike_price_e8) // 2
    root = max(1, isqrt(half * half + at_the_money * at_the_money))
    call = half + root
    call_delta = E8 // 2 + div_e8(half, root) // 2
    is_call = spec.option_type == OptionType.CALL
    time_value = at_the_money * at_the_money // root
    days_left = max(1, left_us // 86_400_000_000)
    return OptionValue(
        price_e8=call if is_call else call - 2 * half,
        delta_e8=call_delta if is_call else call_delta - E8,
        gamma_e8=div_e8(E8 * at_the_money // root * at_the_money // root // 4, root),
        vega_e8=div_e8(time_value, spec.volatility_e8),
        theta_e8=-time_value // (2 * days_left),
    )
