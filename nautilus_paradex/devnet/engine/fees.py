"""The fee of a trade; always charged in the settlement asset and never a rebate."""

from nautilus_paradex.devnet.engine.fixed import mul_e8_up
from nautilus_paradex.devnet.engine.markets import MarketSpec
from nautilus_paradex.protocol.enums import Liquidity

__all__ = ["trade_fee"]


def trade_fee(
    spec: MarketSpec, liquidity: str, *, size_e8: int, price_e8: int, spot_e8: int
) -> int:
    """
    Return the fee of trading `size_e8` at `price_e8`, rounded up to 1e-8.

    On the notional; for an option on the notional of the underlying at `spot_e8`, capped by a
    fraction of the premium (api-notes).

    """
    rate = spec.maker_fee_e8 if liquidity == Liquidity.MAKER else spec.taker_fee_e8
    notional = mul_e8_up(size_e8, price_e8)
    if not spec.is_option:
        return mul_e8_up(notional, rate)
    fee = mul_e8_up(mul_e8_up(size_e8, spot_e8), rate)
    return fee if spec.fee_cap_e8 is None else min(fee, mul_e8_up(notional, spec.fee_cap_e8))
