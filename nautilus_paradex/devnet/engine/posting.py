"""One side of a trade or of a moved position, booked on its account: position, balance, fill.

Every posting has its counterpart: fees go to the fee account, funding to and from the funding
account, gains against the costs of positions (`accounts`). Who trades with whom, and why, is not
decided here: see `clearing` for orders that met, `moves` for the rest.
"""

from dataclasses import dataclass

from nautilus_paradex.devnet.engine.accounts import Account
from nautilus_paradex.devnet.engine.model import SETTLEMENT_ASSET, BalanceChange, FundingPayment
from nautilus_paradex.devnet.engine.orders import opposite
from nautilus_paradex.devnet.engine.state import MarketState, VenueState
from nautilus_paradex.protocol.enums import OrderSide
from nautilus_paradex.protocol.events import FillEvent
from nautilus_paradex.protocol.numbers import E8

__all__ = ["Cleared", "Posting", "book", "open_interest", "reverse"]


@dataclass(slots=True, frozen=True, eq=False)
class Posting:
    """
    What is to be booked on one account; sizes and prices at 1e-8.

    `seq` is the order book's after the trade, 0 where no book was met. Without an order
    `order_id` and `client_id` are empty.

    """

    account: Account
    fill_id: str
    fill_type: str
    side: str
    liquidity: str
    size_e8: int
    price_e8: int
    seq: int
    at_us: int
    fee_e8: int = 0
    fee_currency: str = SETTLEMENT_ASSET
    order_id: str = ""
    client_id: str = ""
    flags: tuple[str, ...] = ()

    @property
    def signed_size_e8(self) -> int:
        return self.size_e8 if self.side == OrderSide.BUY else -self.size_e8


@dataclass(slots=True, frozen=True)
class Cleared:
    """What was booked, as its account is told of it."""

    account: str
    fill: FillEvent
    balance: BalanceChange
    funding: FundingPayment | None


def book(state: VenueState, market: MarketState, posting: Posting) -> Cleared:
    """Book one side, and keep its fill in the account's history."""
    account = posting.account
    before = account.collateral_e8
    funding, pnl = _settle(state, market, posting)
    account.credit(posting.fee_currency, -posting.fee_e8)
    state.fees.credit(posting.fee_currency, posting.fee_e8)
    account.updated_at_us = posting.at_us
    fill = _fill_event(market, posting, pnl, funding)
    account.fills.append(posting.at_us, fill)
    balance = _balance_change(market, posting, fill, before)
    return Cleared(account.address, fill, balance, funding)


def open_interest(market: MarketState, *accounts: Account) -> int:
    """Return what different accounts are long in a market, together."""
    return sum(max(0, account.size_in(market.symbol)) for account in accounts)


def reverse(
    state: VenueState, market: MarketState, account: Account, fill: FillEvent, at_us: int
) -> FundingPayment | None:
    """
    Take a fill back from an account: as if it traded back at the same price, without a fee.

    The fill stays in the history. Funding that has accrued since is realised, as by any trade.

    """
    size = fill.size or 0
    undone = Posting(
        account=account,
        fill_id=fill.fill_id or "",
        fill_type=fill.fill_type or "",
        side=opposite(fill.side or ""),
        liquidity=fill.liquidity or "",
        size_e8=size,
        price_e8=fill.price or 0,
        seq=0,
        at_us=at_us,
    )
    funding, _ = _settle(state, market, undone)
    token, fee = fill.fee_currency or SETTLEMENT_ASSET, fill.fee or 0
    account.credit(token, fee)
    state.fees.credit(token, -fee)
    account.updated_at_us = at_us
    return funding


def _settle(
    state: VenueState, market: MarketState, posting: Posting
) -> tuple[FundingPayment | None, int | None]:
    """Move position, or tokens, and balance; return the funding and the gain realised by it."""
    if market.spec.is_spot:
        signed = posting.signed_size_e8
        posting.account.credit(market.spec.base_currency, signed)
        posting.account.credit(SETTLEMENT_ASSET, -signed * posting.price_e8 // E8)
        return None, None
    account = posting.account
    position = account.position(market.symbol)
    payment = position.settle_funding(market.pricing.funding_index_e16)
    pnl = position.trade(posting.signed_size_e8, posting.price_e8)
    position.last_fill_id = posting.fill_id
    position.updated_at_us = posting.at_us
    account.credit(SETTLEMENT_ASSET, payment + (pnl or 0))
    state.funding.credit(SETTLEMENT_ASSET, -payment)
    return _payment(state, market, posting, payment) if payment else None, pnl


def _payment(
    state: VenueState, market: MarketState, posting: Posting, payment_e8: int
) -> FundingPayment:
    entry = FundingPayment(
        id=state.ids.fill_id(),
        account=posting.account.address,
        market=market.symbol,
        fill_id=posting.fill_id,
        payment_e8=payment_e8,
        index_e8=market.pricing.funding_index_e16 // E8,
        created_at_us=posting.at_us,
    )
    posting.account.funding_payments.append(posting.at_us, entry)
    return entry


def _fill_event(
    market: MarketState,
    posting: Posting,
    pnl_e8: int | None,
    funding: FundingPayment | None,
) -> FillEvent:
    return FillEvent(
        ts=posting.at_us,
        seq=posting.seq or None,
        fill_type=posting.fill_type,
        side=posting.side,
        liquidity=posting.liquidity,
        price=posting.price_e8,
        size=posting.size_e8,
        fee=posting.fee_e8,
        realized_pnl=pnl_e8,
        created_at=posting.at_us,
        account=posting.account.address,
        underlying_price=market.pricing.index_e8,
        realized_funding=funding.payment_e8 if funding else 0,
        flags=posting.flags,
        orderbook_seq_no=posting.seq,
        fill_id=posting.fill_id,
        order_id=posting.order_id,
        client_order_id=posting.client_id,
        trade_id=posting.fill_id,
        market=market.symbol,
        fee_currency=posting.fee_currency,
    )


def _balance_change(
    market: MarketState, posting: Posting, fill: FillEvent, before_e8: int
) -> BalanceChange:
    in_settlement = posting.fee_currency == SETTLEMENT_ASSET
    return BalanceChange(
        account=posting.account.address,
        market=market.symbol,
        fill_id=posting.fill_id,
        fees_e8=posting.fee_e8 if in_settlement else 0,
        funding_index_e8=market.pricing.funding_index_e16 // E8,
        realized_funding_e8=fill.realized_funding or 0,
        realized_pnl_e8=fill.realized_pnl or 0,
        balance_before_e8=before_e8,
        balance_after_e8=posting.account.collateral_e8,
        settlement_asset=SETTLEMENT_ASSET,
        created_at_us=posting.at_us,
    )
