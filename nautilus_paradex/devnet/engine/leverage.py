"""The leverage and margin type that an account has chosen for a market, and what that requires.

A margin type is kept and told, but changes nothing: orders of an isolated account name it.
"""

import msgspec

from nautilus_paradex.devnet.engine.markets import MarketSpec
from nautilus_paradex.protocol.enums import MarginType
from nautilus_paradex.protocol.numbers import E8

__all__ = ["MarginSetting", "imf_e8", "max_leverage"]


class MarginSetting(msgspec.Struct, frozen=True):
    """What an account has chosen for a market."""

    leverage: int
    margin_type: str = MarginType.CROSS.value


def max_leverage(spec: MarketSpec) -> int:
    """Return the largest leverage of a market."""
    return max(1, E8 // spec.imf_base_e8)


def imf_e8(spec: MarketSpec, setting: MarginSetting | None) -> int:
    """Return the initial margin fraction: the market's, or 1 / leverage if that is more."""
    if setting is None:
        return spec.imf_base_e8
    return max(spec.imf_base_e8, -(-E8 // setting.leverage))
