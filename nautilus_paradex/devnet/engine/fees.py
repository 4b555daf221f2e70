"""The fee of a trade: in the settlement asset, or on request in DIME; never a rebate."""

from dataclasses import dataclass
from typing import Final

from nautilus_paradex.devnet.engine.accounts import Account
from nautilus_paradex.devnet.engine.fixed import mul_e8_up
from nautilus_paradex.devnet.engine.markets import MarketSpec
from nautilus_paradex.devnet.engine.model import SETTLEMENT_ASSET
from nautilus_paradex.devnet.engine.state import MarketState, VenueState
from nautilus_paradex.protocol.enums import Liquidity
from nautilus_paradex.protocol.numbers import E8

__all__ = ["DIME", "Fee", "charged_fee", "trade_fee"]

DIME: Final = "DIME"
_DIME_MARKET: Final = "DIME-USD"
_DIME_SHARE_E8: Final = E8 * 80 // 100  # 20 % off for payment in DIME (openapi's example)


@dataclass(slots=True, frozen=True)
class Fee:
    """An amount at 1e-8 and the token that it is taken in."""

    amount_e8: int
    token: str = SETTLEMENT_ASSET


def charged_fee(
    state: VenueState,
    market: MarketState,
    account: Account,
    liquidity: str,
    *,
    size_e8: int,
    price_e8: int,
    in_dime: bool,
    share_e8: int = E8,
) -> Fee:
    """
    Return what an account is charged for its side of a trade: `share_e8` of the market's fee.

    In DIME, with the discount, where its order asks for that and the account holds enough; in the
    settlement asset otherwise (openapi). DIME is valued at the index of its spot market (guess).

    """
    full = trade_fee(
        market.spec,
        liquidity,
        size_e8=size_e8,
        price_e8=price_e8,
        spot_e8=market.pricing.index_e8,
    )
    fee = mul_e8_up(full, share_e8)
    listed = state.markets.get(_DIME_MARKET)
    if not in_dime or listed is None:
        return Fee(fee)
    amount = -(-mul_e8_up(fee, _DIME_SHARE_E8) * E8 // listed.pricing.index_e8)
    return Fee(amount, DIME) if account.tokens.get(DIME, 0) >= amount else Fee(fee)


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
