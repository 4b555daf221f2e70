"""What a trade does to two accounts: fees, funding, positions, balances, fills.

Every posting has its counterpart: fees go to the fee account, funding to and from the funding
account, gains against the costs of positions (`accounts`). Whom an order trades with is decided in
`matching`.
"""

from dataclasses import dataclass
from typing import Final

from nautilus_paradex.devnet.engine.accounts import Account
from nautilus_paradex.devnet.engine.fees import trade_fee
from nautilus_paradex.devnet.engine.model import SETTLEMENT_ASSET, BalanceChange, FundingPayment
from nautilus_paradex.devnet.engine.orders import Order
from nautilus_paradex.devnet.engine.state import MarketState, VenueState
from nautilus_paradex.protocol.enums import FillType, Liquidity
from nautilus_paradex.protocol.events import FillEvent
from nautilus_paradex.protocol.numbers import E8

__all__ = ["Cleared", "Trade", "clear"]

_HOUR_US: Final = 3_600_000_000


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


@dataclass(slots=True, frozen=True)
class Cleared:
    """One side of a cleared trade as its account is told of it."""

    fill: FillEvent
    balance: BalanceChange
    funding: FundingPayment | None


def clear(state: VenueState, market: MarketState, trade: Trade) -> tuple[Cleared, Cleared]:
    """Book a trade on both accounts, the maker's side first, and count it in the market."""
    long_before = _open_interest_of(state, market, trade)
    sides = (
        _clear_side(state, market, trade, trade.maker, Liquidity.MAKER),
        _clear_side(state, market, trade, trade.taker, Liquidity.TAKER),
    )
    market.open_interest_e8 += _open_interest_of(state, market, trade) - long_before
    _count(market, trade)
    return sides


def _clear_side(
    state: VenueState, market: MarketState, trade: Trade, order: Order, liquidity: Liquidity
) -> Cleared:
    account = state.accounts[order.account]
    before = account.collateral_e8
    fee = trade_fee(
        market.spec,
        liquidity,
        size_e8=trade.size_e8,
        price_e8=trade.price_e8,
        spot_e8=market.pricing.index_e8,
    )
    settle = _trade_tokens if market.spec.is_spot else _trade_position
    funding, pnl = settle(state, market, account, trade, order.signed(trade.size_e8))
    account.credit(SETTLEMENT_ASSET, -fee)
    state.fees.credit(SETTLEMENT_ASSET, fee)
    account.updated_at_us = trade.at_us
    order.filled_e8 += trade.size_e8
    order.filled_notional_e8 += trade.size_e8 * trade.price_e8 // E8
    fill = _fill_event(market, trade, order, liquidity, fee, pnl, funding)
    account.fills.append(trade.at_us, fill)
    return Cleared(fill, _balance_change(market, trade, account, fill, before), funding)


def _trade_tokens(
    state: VenueState, market: MarketState, account: Account, trade: Trade, signed_e8: int
) -> tuple[None, None]:
    account.credit(market.spec.base_currency, signed_e8)
    account.credit(SETTLEMENT_ASSET, -signed_e8 * trade.price_e8 // E8)
    return None, None


def _trade_position(
    state: VenueState, market: MarketState, account: Account, trade: Trade, signed_e8: int
) -> tuple[FundingPayment | None, int | None]:
    position = account.position(market.symbol)
    payment = position.settle_funding(market.pricing.funding_index_e16)
    pnl = position.trade(signed_e8, trade.price_e8)
    position.last_fill_id = trade.id
    position.updated_at_us = trade.at_us
    account.credit(SETTLEMENT_ASSET, payment + (pnl or 0))
    state.funding.credit(SETTLEMENT_ASSET, -payment)
    if payment == 0:
        return None, pnl
    entry = FundingPayment(
        id=state.ids.fill_id(),
        account=account.address,
        market=market.symbol,
        fill_id=trade.id,
        payment_e8=payment,
        index_e8=market.pricing.funding_index_e16 // E8,
        created_at_us=trade.at_us,
    )
    account.funding_payments.append(trade.at_us, entry)
    return entry, pnl


def _fill_event(
    market: MarketState,
    trade: Trade,
    order: Order,
    liquidity: Liquidity,
    fee_e8: int,
    pnl_e8: int | None,
    funding: FundingPayment | None,
) -> FillEvent:
    return FillEvent(
        ts=trade.at_us,
        seq=trade.seq,
        fill_type=FillType.FILL.value,
        side=order.side,
        liquidity=liquidity.value,
        price=trade.price_e8,
        size=trade.size_e8,
        fee=fee_e8,
        realized_pnl=pnl_e8,
        created_at=trade.at_us,
        account=order.account,
        underlying_price=market.pricing.index_e8,
        realized_funding=funding.payment_e8 if funding else 0,
        flags=(),
        orderbook_seq_no=trade.seq,
        fill_id=trade.id,
        order_id=order.id,
        client_order_id=order.client_id,
        trade_id=trade.id,
        market=market.symbol,
        fee_currency=SETTLEMENT_ASSET,
    )


def _balance_change(
    market: MarketState, trade: Trade, account: Account, fill: FillEvent, before_e8: int
) -> BalanceChange:
    return BalanceChange(
        account=account.address,
        market=market.symbol,
        fill_id=trade.id,
        fees_e8=fill.fee or 0,
        funding_index_e8=market.pricing.funding_index_e16 // E8,
        realized_funding_e8=fill.realized_funding or 0,
        realized_pnl_e8=fill.realized_pnl or 0,
        balance_before_e8=before_e8,
        balance_after_e8=account.collateral_e8,
        settlement_asset=SETTLEMENT_ASSET,
        created_at_us=trade.at_us,
    )


def _open_interest_of(state: VenueState, market: MarketState, trade: Trade) -> int:
    return sum(
        max(0, state.accounts[order.account].size_in(market.symbol))
        for order in (trade.maker, trade.taker)
    )


def _count(market: MarketState, trade: Trade) -> None:
    usd = trade.size_e8 * trade.price_e8 // E8
    market.last_price_e8 = trade.price_e8
    market.traded_usd_e8 += usd
    hour = trade.at_us // _HOUR_US
    market.hourly_usd_e8[hour] = market.hourly_usd_e8.get(hour, 0) + usd
    for old in [h for h in market.hourly_usd_e8 if h < hour - 23]:
        del market.hourly_usd_e8[old]
