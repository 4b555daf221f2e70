"""Markets beside the default catalogue, for tests: many of them, and some at the wire's limits.

No venue lists them. The default catalogue is in `markets`.
"""

from typing import Final

import msgspec

from nautilus_paradex.devnet.engine.markets import MarketSpec
from nautilus_paradex.protocol.enums import AssetKind
from nautilus_paradex.protocol.numbers import E8

__all__ = ["ODD_MARKETS", "plain_markets"]

ODD_MARKETS: Final = (
    # 8e-8 in steps of 1e-8, the smallest that the wire can say.
    MarketSpec(
        symbol="kDUST-USD-PERP",
        asset_kind=AssetKind.PERP.value,
        base_currency="kDUST",
        reference_price_e8=8,
        price_tick_e8=1,
        size_increment_e8=E8,
        min_notional_e8=E8,
        # A size on the wire is below 9.2e10.
        max_order_size_e8=2 * 10**10 * E8,
        position_limit_e8=5 * 10**10 * E8,
        # A step is a large part of such a price.
        price_bands_width_e8=E8 // 2,
        imf_base_e8=E8 // 5,
    ),
    # Above a million, in sizes of eight decimals.
    MarketSpec(
        symbol="GIGA-USD-PERP",
        asset_kind=AssetKind.PERP.value,
        base_currency="GIGA",
        reference_price_e8=2_750_000 * E8,
        price_tick_e8=E8,
        size_increment_e8=1,
        min_notional_e8=10 * E8,
        max_order_size_e8=10 * E8,
        position_limit_e8=100 * E8,
    ),
    # Eight decimals in the price.
    MarketSpec(
        symbol="OCTA-USD-PERP",
        asset_kind=AssetKind.PERP.value,
        base_currency="OCTA",
        reference_price_e8=123_456_789,
        price_tick_e8=1,
        size_increment_e8=E8,
        min_notional_e8=10 * E8,
        max_order_size_e8=10**6 * E8,
        position_limit_e8=10**7 * E8,
    ),
)
"""Prices below 1e-7 and above 1e6, prices and sizes of eight decimals."""

_PLAIN: Final = MarketSpec(
    symbol="M0000-USD-PERP",
    asset_kind=AssetKind.PERP.value,
    base_currency="M0000",
    reference_price_e8=50 * E8,
    price_tick_e8=E8 // 1_000,
    size_increment_e8=E8 // 100,
    min_notional_e8=10 * E8,
    max_order_size_e8=20_000 * E8,
    position_limit_e8=100_000 * E8,
)


def plain_markets(count: int) -> tuple[MarketSpec, ...]:
    """Return `count` perpetuals that differ in nothing but name and price."""
    return tuple(
        msgspec.structs.replace(
            _PLAIN,
            symbol=f"M{number:04d}-USD-PERP",
            base_currency=f"M{number:04d}",
            reference_price_e8=(50 + number) * E8,
        )
        for number in range(count)
    )
