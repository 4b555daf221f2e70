"""Positions that change hands without an order book: who gives, who takes, at which price.

Liquidations, unwound positions and block trades end here. Why one happens is not decided here.
"""

from dataclasses import dataclass

from nautilus_paradex.devnet.engine.accounts import Account
from nautilus_paradex.devnet.engine.clearing import count_trade
from nautilus_paradex.devnet.engine.orders import Order
from nautilus_paradex.devnet.engine.outbox import Outbox
from nautilus_paradex.devnet.engine.posting import Posting, book, open_interest
from nautilus_paradex.devnet.engine.state import MarketState, VenueState
from nautilus_paradex.protocol.enums import Liquidity, OrderSide

__all__ = ["Move", "carry_out"]


@dataclass(slots=True, frozen=True, eq=False)
class Move:
    """
    A size that goes from a seller to a buyer, at 1e-8; the buyer counts as the taker.

    The orders are those that the fills name; without one a fill names none, as fills of position
    transfers do (api-notes).

    """

    seller: Account
    buyer: Account
    size_e8: int
    price_e8: int
    fill_type: str
    sell_order: Order | None = None
    buy_order: Order | None = None


def carry_out(state: VenueState, market: MarketState, move: Move, outbox: Outbox) -> str:
    """Book a move on both accounts without a fee, tell of it, and return the fills' id."""
    fill_id, now = state.ids.fill_id(), state.now_us()

    def posting(
        account: Account, side: OrderSide, liquidity: Liquidity, order: Order | None
    ) -> Posting:
        return Posting(
            account=account,
            fill_id=fill_id,
            fill_type=move.fill_type,
            side=side.value,
            liquidity=liquidity.value,
            size_e8=move.size_e8,
            price_e8=move.price_e8,
            seq=0,
            at_us=now,
            order_id=order.id if order else "",
            client_id=order.client_id if order else "",
        )

    long_before = open_interest(market, move.seller, move.buyer)
    sold = book(
        state, market, posting(move.seller, OrderSide.SELL, Liquidity.MAKER, move.sell_order)
    )
    bought = book(
        state, market, posting(move.buyer, OrderSide.BUY, Liquidity.TAKER, move.buy_order)
    )
    market.open_interest_e8 += open_interest(market, move.seller, move.buyer) - long_before
    count_trade(market, size_e8=move.size_e8, price_e8=move.price_e8, at_us=now)
    outbox.side(market, sold)
    outbox.side(market, bought)
    outbox.public_trade(market, bought.fill)
    return fill_id
