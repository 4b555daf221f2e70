"""What the end of a market does to accounts: every position is closed at one price, without a fee.

The fills have the type SETTLE_MARKET and belong to no order (guess; the type is the schema's).
"""

from nautilus_paradex.devnet.engine.model import SETTLEMENT_ASSET
from nautilus_paradex.devnet.engine.outbox import Outbox
from nautilus_paradex.devnet.engine.posting import Posting, book
from nautilus_paradex.devnet.engine.state import MarketState, VenueState
from nautilus_paradex.protocol.enums import FillType, Liquidity, OrderSide
from nautilus_paradex.protocol.numbers import E8

__all__ = ["settle_positions"]


def settle_positions(state: VenueState, market: MarketState, price_e8: int, outbox: Outbox) -> None:
    """
    Close every position in a market at `price_e8`.

    Values are rounded down; what that leaves goes to the funding account, so that no money is lost.

    """
    rounding_e8 = 0
    for account in tuple(state.accounts.values()):
        size_e8 = account.size_in(market.symbol)
        if size_e8 == 0:
            continue
        rounding_e8 -= size_e8 * price_e8 // E8
        closing = Posting(
            account=account,
            fill_id=state.ids.fill_id(),
            fill_type=FillType.SETTLE_MARKET.value,
            side=(OrderSide.SELL if size_e8 > 0 else OrderSide.BUY).value,
            liquidity=Liquidity.TAKER.value,
            size_e8=abs(size_e8),
            price_e8=price_e8,
            seq=0,
            at_us=state.now_us(),
        )
        outbox.side(market, book(state, market, closing))
    state.funding.credit(SETTLEMENT_ASSET, rounding_e8)
    market.open_interest_e8 = 0
