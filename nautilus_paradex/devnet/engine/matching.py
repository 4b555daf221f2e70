"""Whom an order meets in the book, with self-trade prevention and reduce-only makers.

It decides and reports; clearing, closing and telling are done by whoever calls it.
"""

from collections.abc import Callable

from nautilus_paradex.devnet.engine.acceptance import reducible
from nautilus_paradex.devnet.engine.orders import Order
from nautilus_paradex.devnet.engine.state import MarketState, VenueState
from nautilus_paradex.protocol.enums import CancelReason, StpMode

__all__ = ["match_order"]


def match_order(
    state: VenueState,
    market: MarketState,
    taker: Order,
    limit_e8: int,
    *,
    trade: Callable[[Order, int], None],
    close: Callable[[Order, CancelReason], None],
) -> None:
    """
    Let `taker` trade up to `limit_e8` until nothing remains of it or nothing is left to meet.

    Parameters
    ----------
    state : VenueState
    market : MarketState
    taker : Order
        Not in the book.
    limit_e8 : int
        The worst price it may trade at.
    trade : callable
        Must take the size off the maker in the book and book it on both orders.
    close : callable
        Must close an order and take it off the book; the taker too, if it expires.

    """
    while taker.remaining_e8 and not taker.is_closed:
        maker = market.book.first_against(taker.side, limit_e8, retail=taker.is_interactive)
        if maker is None:
            return
        if maker.account == taker.account:
            _prevent_self_trade(maker, taker, close)
        # The position may have shrunk by a trade of this very command.
        elif maker.reduce_only and reducible(state.accounts[maker.account], maker) < min(
            maker.remaining_e8, taker.remaining_e8
        ):
            close(maker, CancelReason.REDUCE_ONLY_WILL_INCREASE)
        else:
            trade(maker, min(maker.remaining_e8, taker.remaining_e8))


def _prevent_self_trade(
    maker: Order, taker: Order, close: Callable[[Order, CancelReason], None]
) -> None:
    if taker.stp != StpMode.EXPIRE_TAKER:
        close(maker, CancelReason.SELF_TRADE)
    if taker.stp != StpMode.EXPIRE_MAKER:
        close(taker, CancelReason.SELF_TRADE)
