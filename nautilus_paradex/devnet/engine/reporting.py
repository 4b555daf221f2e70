"""The state of accounts and markets as canonical events; reads only."""

import msgspec

from nautilus_paradex.devnet.engine.accounts import Account, Position
from nautilus_paradex.devnet.engine.book import Levels
from nautilus_paradex.devnet.engine.fixed import div_e8
from nautilus_paradex.devnet.engine.margin import margin_of, unrealized_pnl
from nautilus_paradex.devnet.engine.model import SETTLEMENT_ASSET, Balance
from nautilus_paradex.devnet.engine.state import MarketState, VenueState
from nautilus_paradex.protocol.enums import OrderSide, PackageType, PositionStatus
from nautilus_paradex.protocol.events import (
    AccountEvent,
    BboEvent,
    BookEvent,
    PositionEvent,
)
from nautilus_paradex.protocol.numbers import E8

__all__ = [
    "account_event",
    "balances",
    "bbo_event",
    "book_delta",
    "book_snapshot",
    "position_event",
]


def account_event(state: VenueState, account: Account) -> AccountEvent:
    """Return balance and margins; free collateral is what exceeds the initial requirement."""
    margin = margin_of(state, account)
    return AccountEvent(
        ts=state.now_us(),
        seq=account.seq,
        total_collateral=margin.collateral_e8,
        free_collateral=margin.free_e8,
        initial_margin_req=margin.initial_e8,
        maintenance_margin_req=margin.maintenance_e8,
        account_value=margin.value_e8,
        updated_at=account.updated_at_us,
        account=account.address,
        margin_cushion=margin.value_e8 - margin.maintenance_e8,
        status=account.status,
        last_seen_notification=0,
        settlement_asset=SETTLEMENT_ASSET,
    )


def balances(account: Account) -> list[Balance]:
    return [
        Balance(token=token, size_e8=size, updated_at_us=account.updated_at_us)
        for token, size in account.tokens.items()
    ]


def position_event(state: VenueState, account: Account, position: Position) -> PositionEvent:
    """Return one position; sizes are absolute, and no liquidation price is estimated."""
    market = state.markets[position.market]
    mark = market.pricing.mark_e8
    index = market.pricing.funding_index_e16
    value = margin_of(state, account).value_e8
    notional = abs(position.size_e8) * mark // E8
    status = PositionStatus.OPEN if position.size_e8 else PositionStatus.CLOSED
    return PositionEvent(
        ts=state.now_us(),
        seq=position.seq,
        side=(OrderSide.SELL if position.size_e8 < 0 else OrderSide.BUY).value,
        size=abs(position.size_e8),
        avg_entry_price=position.average_entry_e8,
        unrealized_pnl=unrealized_pnl(market, position),
        realized_pnl=position.realized_pnl_e8,
        leverage=div_e8(notional, value) if value > 0 else 0,
        updated_at=position.updated_at_us,
        account=account.address,
        avg_entry_price_usd=position.average_entry_e8,
        cost=position.cost_e8,
        cost_usd=position.cost_e8,
        cached_funding_index=position.funding_index_e16 // E8,
        unrealized_funding_pnl=position.accrued_funding(index),
        status=status.value,
        market=position.market,
        last_fill_id=position.last_fill_id,
    )


def book_snapshot(
    market: MarketState, now_us: int, depth: int | None = None, *, interactive: bool = False
) -> BookEvent:
    """Return the whole book, or `depth` levels of each side, at the seq of its last change."""
    book = market.book
    levels = (
        book.levels(OrderSide.BUY, depth, interactive=interactive),
        book.levels(OrderSide.SELL, depth, interactive=interactive),
    )
    return _book_event(market, now_us, PackageType.SNAPSHOT, levels, interactive=interactive)


def book_delta(
    market: MarketState, now_us: int, levels: Levels, *, interactive: bool = False
) -> BookEvent:
    """Return the change of a book that `levels` are, at its present seq."""
    return _book_event(market, now_us, PackageType.DELTA, levels, interactive=interactive)


def _book_event(
    market: MarketState,
    now_us: int,
    pkg_type: PackageType,
    levels: Levels,
    *,
    interactive: bool,
) -> BookEvent:
    """Best prices of both views go with the interactive feeds only (schema)."""
    bids, asks = levels
    event = BookEvent(
        ts=now_us,
        seq=market.book.seq,
        pkg_type=pkg_type.value,
        bids=bids,
        asks=asks,
        market=market.symbol,
    )
    if not interactive:
        return event
    api, shown = bbo_event(market, now_us), bbo_event(market, now_us, interactive=True)
    return msgspec.structs.replace(
        event,
        best_bid_price=shown.bid_price,
        best_bid_size=shown.bid_size,
        best_ask_price=shown.ask_price,
        best_ask_size=shown.ask_size,
        relative_spread=_relative_spread(shown),
        best_bid_api_price=api.bid_price,
        best_bid_api_size=api.bid_size,
        best_ask_api_price=api.ask_price,
        best_ask_api_size=api.ask_size,
    )


def _relative_spread(bbo: BboEvent) -> int | None:
    """Return (ask - bid) / midpoint; below 0 where RPI orders lie across the others."""
    if bbo.bid_price is None or bbo.ask_price is None:
        return None
    return div_e8(2 * (bbo.ask_price - bbo.bid_price), bbo.ask_price + bbo.bid_price)


def bbo_event(market: MarketState, now_us: int, *, interactive: bool = False) -> BboEvent:
    book = market.book
    bid_price, bid_size = book.best(OrderSide.BUY, interactive=interactive) or (None, None)
    ask_price, ask_size = book.best(OrderSide.SELL, interactive=interactive) or (None, None)
    return BboEvent(
        ts=now_us,
        seq=market.book.seq,
        bid_price=bid_price,
        bid_size=bid_size,
        ask_price=ask_price,
        ask_size=ask_size,
        market=market.symbol,
    )
