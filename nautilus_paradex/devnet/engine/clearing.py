"""What a trade of two orders does: fees, both sides' postings, the market's counters.

How a side is booked is `posting`; whom an order trades with is decided in `matching`.
"""

from dataclasses import dataclass
from typing import Final

from nautilus_paradex.devnet.engine.fees import charged_fee
from nautilus_paradex.devnet.engine.orders import Order
from nautilus_paradex.devnet.engine.posting import Cleared, Posting, book, open_interest
from nautilus_paradex.devnet.engine.state import MarketState, VenueState
from nautilus_paradex.protocol.enums import FillFlag, FillType, Liquidity
from nautilus_paradex.protocol.numbers import E8

__all__ = ["Trade", "clear", "count_trade"]

_HOUR_US: Final = 3_600_000_000
_FASTFILL_SHARE_E8: Final = E8 * 70 // 100


@dataclass(slots=True, frozen=True, eq=False)
class Trade:
    """Two orders that met; `seq` is the book's after the command that the taker belongs to."""

    id: str
    maker: Order
    taker: Order
    price_e8: int
    size_e8: int
    seq: int
    at_us: int

    @property
    def fill_type(self) -> FillType:
        return FillType.RPI if self.maker.is_rpi else FillType.FILL


def clear(state: VenueState, market: MarketState, trade: Trade) -> tuple[Cleared, Cleared]:
    """Book a trade on both accounts, the maker's side first, and count it in the market."""
    accounts = [state.accounts[order.account] for order in (trade.maker, trade.taker)]
    long_before = open_interest(market, *accounts)
    sides = (
        _clear_side(state, market, trade, trade.maker, Liquidity.MAKER),
        _clear_side(state, market, trade, trade.taker, Liquidity.TAKER),
    )
    market.open_interest_e8 += open_interest(market, *accounts) - long_before
    count_trade(market, size_e8=trade.size_e8, price_e8=trade.price_e8, at_us=trade.at_us)
    return sides


def count_trade(market: MarketState, *, size_e8: int, price_e8: int, at_us: int) -> None:
    """Count a trade in the market's last price and volumes."""
    usd = size_e8 * price_e8 // E8
    market.last_price_e8 = price_e8
    market.traded_usd_e8 += usd
    hour = at_us // _HOUR_US
    market.hourly_usd_e8[hour] = market.hourly_usd_e8.get(hour, 0) + usd
    for old in [h for h in market.hourly_usd_e8 if h < hour - 23]:
        del market.hourly_usd_e8[old]


def _clear_side(
    state: VenueState, market: MarketState, trade: Trade, order: Order, liquidity: Liquidity
) -> Cleared:
    account = state.accounts[order.account]
    fee = charged_fee(
        state,
        market,
        account,
        liquidity,
        size_e8=trade.size_e8,
        price_e8=trade.price_e8,
        in_dime=order.dime_discount,
        share_e8=_fee_share_e8(trade, order),
    )
    cleared = book(
        state,
        market,
        Posting(
            account=account,
            fill_id=trade.id,
            fill_type=trade.fill_type.value,
            side=order.side,
            liquidity=liquidity.value,
            size_e8=trade.size_e8,
            price_e8=trade.price_e8,
            seq=trade.seq,
            at_us=trade.at_us,
            fee_e8=fee.amount_e8,
            fee_currency=fee.token,
            order_id=order.id,
            client_id=order.client_id,
            flags=_flags(trade, order),
        ),
    )
    order.filled_e8 += trade.size_e8
    order.filled_notional_e8 += trade.size_e8 * trade.price_e8 // E8
    return cleared


def _is_fast(trade: Trade, order: Order) -> bool:
    """Whether an API order takes a retail one."""
    return order is trade.taker and trade.maker.is_interactive and not order.is_interactive


def _fee_share_e8(trade: Trade, order: Order) -> int:
    """Retail orders are free, who takes one pays 30 % less (api-notes)."""
    if order.is_interactive:
        return 0
    return _FASTFILL_SHARE_E8 if _is_fast(trade, order) else E8


def _flags(trade: Trade, order: Order) -> tuple[str, ...]:
    """Return what openapi says of a fill's flags: the order's own kind, and whom it met."""
    applies = {
        FillFlag.INTERACTIVE: order.is_interactive,
        FillFlag.RPI: trade.maker.is_rpi,
        FillFlag.FASTFILL: _is_fast(trade, order),
    }
    return tuple(flag.value for flag, does in applies.items() if does)
