"""Shapes of what the REST API takes and gives.

Replies are liberal: numbers may be strings, JSON numbers, empty or missing (`Number`), enums are
plain strings, unknown fields are skipped and absent ones are None. Turning them into the events
that the rest of the adapter works with is the work of `conversion`. Source: openapi, captures.
"""

import msgspec

from nautilus_paradex.protocol.numbers import Number

__all__ = [
    "AccountInfo",
    "AccountSummary",
    "AuthReply",
    "Balance",
    "BatchError",
    "BatchOrders",
    "Bbo",
    "CancelBatchRequest",
    "CancelResult",
    "ErrorBody",
    "Fees",
    "Fill",
    "FundingData",
    "FundingPayment",
    "Greeks",
    "Kline",
    "MakerTakerFee",
    "Market",
    "MarketFeeConfig",
    "MarketSummary",
    "ModifyRequest",
    "Order",
    "OrderBook",
    "OrderRequest",
    "Page",
    "PerpMarginParams",
    "Position",
    "RequestInfo",
    "Results",
    "SettlementPrice",
    "SystemConfig",
    "SystemState",
    "SystemTime",
    "Trade",
    "TradeBust",
    "Transfer",
]

type Kline = list[Number]
"""One candle: open time (ms), open, high, low, close, volume."""


class ErrorBody(msgspec.Struct, frozen=True):
    """The body of a refusal; gateways leave `error` out."""

    error: str | None = None
    message: str | None = None


class Results[T](msgspec.Struct, frozen=True):
    """A reply that is one whole list."""

    results: list[T] | None = None


class Page[T](msgspec.Struct, frozen=True):
    """One page of a list; `next` is the cursor of the following page, None or "" on the last."""

    results: list[T] | None = None
    next: str | None = None
    prev: str | None = None


# -- System --------------------------------------------------------------------------------------


class SystemConfig(msgspec.Struct, frozen=True):
    """The part of ``GET /system/config`` that a client needs."""

    starknet_chain_id: str
    environment: str | None = None
    paraclear_decimals: Number = None
    liquidation_fee: Number = None


class SystemState(msgspec.Struct, frozen=True):
    status: str


class SystemTime(msgspec.Struct, frozen=True):
    """The server's clock, ms (a string until 2025, a number since: captures)."""

    server_time: Number


class AuthReply(msgspec.Struct, frozen=True):
    jwt_token: str

    def __repr__(self) -> str:
        return "AuthReply(jwt_token='***')"


# -- Markets -------------------------------------------------------------------------------------


class PerpMarginParams(msgspec.Struct, frozen=True):
    """Initial margin fraction and the factor from initial to maintenance margin."""

    imf_base: Number = None
    mmf_factor: Number = None
    imf_shift: Number = None
    imf_factor: Number = None


class OptionMarginParams(msgspec.Struct, frozen=True):
    long_itm: Number = None
    premium_multiplier: Number = None
    short_itm: Number = None
    short_otm: Number = None
    short_put_cap: Number = None


class OptionCrossMarginParams(msgspec.Struct, frozen=True):
    imf: OptionMarginParams | None = None
    mmf: OptionMarginParams | None = None


class FeeWithCap(msgspec.Struct, frozen=True):
    """A fee rate on notional, for options capped at a share of the premium."""

    fee: Number = None
    fee_cap: Number = None
    fee_floor: Number = None


class MakerTakerFee(msgspec.Struct, frozen=True):
    maker_fee: FeeWithCap | None = None
    taker_fee: FeeWithCap | None = None


class MarketFeeConfig(msgspec.Struct, frozen=True):
    api_fee: MakerTakerFee | None = None
    interactive_fee: MakerTakerFee | None = None
    rpi_fee: MakerTakerFee | None = None


class Market(msgspec.Struct, frozen=True):
    """
    The specification of a market.

    Times are ms, sizes in the base currency, `min_notional` in USD; `expiry_at` is 0 for what
    never expires.

    """

    symbol: str
    asset_kind: str = ""
    base_currency: str | None = None
    quote_currency: str | None = None
    settlement_currency: str | None = None
    price_tick_size: Number = None
    order_size_increment: Number = None
    min_notional: Number = None
    max_order_size: Number = None
    position_limit: Number = None
    max_open_orders: Number = None
    open_at: Number = None
    expiry_at: Number = None
    strike_price: Number = None
    option_type: str | None = None
    funding_period_hours: Number = None
    price_bands_width: Number = None
    max_slippage: Number = None
    interest_rate: Number = None
    clamp_rate: Number = None
    max_funding_rate: Number = None
    market_kind: str | None = None
    trading_mode: str | None = None
    tags: list[str] | None = None
    fee_config: MarketFeeConfig | None = None
    delta1_cross_margin_params: PerpMarginParams | None = None
    option_cross_margin_params: OptionCrossMarginParams | None = None


class Greeks(msgspec.Struct, frozen=True):
    delta: Number = None
    gamma: Number = None
    vega: Number = None
    theta: Number = None
    rho: Number = None
    volga: Number = None
    vanna: Number = None


class MarketSummary(msgspec.Struct, frozen=True):
    """The ticker of a market; `underlying_price` is the index price. Times are ms."""

    symbol: str
    mark_price: Number = None
    underlying_price: Number = None
    last_traded_price: Number = None
    bid: Number = None
    bid_size: Number = None
    ask: Number = None
    ask_size: Number = None
    volume_24h: Number = None
    total_volume: Number = None
    open_interest: Number = None
    funding_rate: Number = None
    future_funding_rate: Number = None
    price_change_rate_24h: Number = None
    external_fair_price: Number = None
    forward_rate: Number = None
    risk_free_rate: Number = None
    mark_iv: Number = None
    bid_iv: Number = None
    ask_iv: Number = None
    last_iv: Number = None
    delta: Number = None
    greeks: Greeks | None = None
    created_at: Number = None


class OrderBook(msgspec.Struct, frozen=True):
    """
    A snapshot of a book: levels are ``[price, size]``, the best first.

    The best levels, with and without RPI orders, are those of ``/orderbook/{market}/interactive``.

    """

    market: str
    bids: list[list[Number]] | None = None
    asks: list[list[Number]] | None = None
    best_bid_interactive: list[Number] | None = None
    best_ask_interactive: list[Number] | None = None
    best_bid_api: list[Number] | None = None
    best_ask_api: list[Number] | None = None
    seq_no: Number = None
    last_updated_at: Number = None


class Bbo(msgspec.Struct, frozen=True):
    """Best bid and offer; a side without orders is empty."""

    market: str
    bid: Number = None
    bid_size: Number = None
    ask: Number = None
    ask_size: Number = None
    seq_no: Number = None
    last_updated_at: Number = None


class Trade(msgspec.Struct, frozen=True):
    """A public trade; `side` is the aggressor's."""

    id: str
    market: str
    side: str = ""
    size: Number = None
    price: Number = None
    created_at: Number = None
    trade_type: str | None = None


class FundingData(msgspec.Struct, frozen=True):
    market: str
    funding_rate: Number = None
    funding_rate_8h: Number = None
    funding_index: Number = None
    funding_premium: Number = None
    funding_period_hours: Number = None
    impact_premium_rate: Number = None
    created_at: Number = None


class SettlementPrice(msgspec.Struct, frozen=True):
    symbol: str
    settlement_price: Number = None
    underlying_twap_price: Number = None
    expiry_at: Number = None


# -- Account -------------------------------------------------------------------------------------


class AccountSummary(msgspec.Struct, frozen=True):
    """Collateral and margin of the account, in the settlement asset. Times are ms."""

    account: str | None = None
    account_value: Number = None
    total_collateral: Number = None
    free_collateral: Number = None
    initial_margin_requirement: Number = None
    maintenance_margin_requirement: Number = None
    margin_cushion: Number = None
    settlement_asset: str | None = None
    status: str | None = None
    seq_no: Number = None
    updated_at: Number = None
    last_seen_notification: Number = None


class Fees(msgspec.Struct, frozen=True):
    """The account's own fee rates on notional."""

    maker_rate: Number = None
    taker_rate: Number = None
    spot_maker_rate: Number = None
    spot_taker_rate: Number = None
    perp_option_maker_rate: Number = None
    perp_option_taker_rate: Number = None
    dated_option_maker_rate: Number = None
    dated_option_taker_rate: Number = None


class AccountInfo(msgspec.Struct, frozen=True):
    account: str | None = None
    kind: str | None = None
    parent_account: str | None = None
    public_key: str | None = None
    isolated_market: str | None = None
    fees: Fees | None = None
    created_at: Number = None


class Balance(msgspec.Struct, frozen=True):
    """The balance of one token, in units of the token."""

    token: str
    size: Number = None
    last_updated_at: Number = None


class Position(msgspec.Struct, frozen=True):
    """A position; `size` is signed. Times are ms, money in the settlement asset."""

    market: str
    id: str | None = None
    account: str | None = None
    status: str | None = None
    side: str | None = None
    size: Number = None
    average_entry_price: Number = None
    average_entry_price_usd: Number = None
    average_exit_price: Number = None
    realized_pnl: Number = None
    realized_positional_pnl: Number = None
    unrealized_pnl: Number = None
    unrealized_funding_pnl: Number = None
    cost: Number = None
    cost_usd: Number = None
    cached_funding_index: Number = None
    liquidation_price: Number = None
    leverage: Number = None
    last_fill_id: str | None = None
    seq_no: Number = None
    created_at: Number = None
    closed_at: Number = None
    last_updated_at: Number = None


class Fill(msgspec.Struct, frozen=True):
    """
    A fill of the account; `id` is unique per `fill_type` only.

    `fee` is positive when paid and negative as a rebate, in `fee_currency`.

    """

    id: str
    market: str
    account: str | None = None
    client_id: str | None = None
    order_id: str | None = None
    side: str = ""
    liquidity: str | None = None
    fill_type: str | None = None
    flags: list[str] | None = None
    price: Number = None
    size: Number = None
    fee: Number = None
    fee_currency: str | None = None
    remaining_size: Number = None
    realized_pnl: Number = None
    realized_funding: Number = None
    underlying_price: Number = None
    orderbook_seq_no: Number = None
    created_at: Number = None


class FundingPayment(msgspec.Struct, frozen=True):
    id: str
    market: str
    account: str | None = None
    payment: Number = None
    index: Number = None
    fill_id: str | None = None
    created_at: Number = None


class Transfer(msgspec.Struct, frozen=True):
    """A deposit, withdrawal or vault movement of a token."""

    id: str
    kind: str | None = None
    direction: str | None = None
    status: str | None = None
    token: str | None = None
    amount: Number = None
    account: str | None = None
    counterparty: str | None = None
    vault_address: str | None = None
    bridge: str | None = None
    txn_hash: str | None = None
    external_account: str | None = None
    external_chain: str | None = None
    external_txn_hash: str | None = None
    failure_reason: str | None = None
    auto_withdrawal_fee: Number = None
    socialized_loss_factor: Number = None
    vault_unwind_completion_percentage: Number = None
    created_at: Number = None
    last_updated_at: Number = None


class TradeBust(msgspec.Struct, frozen=True):
    """A fill that failed on chain and was taken back."""

    busted_fill_id: str
    account: str | None = None
    created_at: Number = None


# -- Orders --------------------------------------------------------------------------------------


class OrderRequest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    A new order, signed.

    `size`, `price` and `trigger_price` are decimal strings; `price` is left out for MARKET and
    STOP_MARKET. `signature_timestamp` and `recv_window` are ms. The signature covers market, side,
    type, size, price and timestamp only.

    """

    market: str
    side: str
    type: str
    size: str
    instruction: str
    signature: str
    signature_timestamp: int
    client_id: str | None = None
    price: str | None = None
    trigger_price: str | None = None
    flags: list[str] | None = None
    recv_window: int | None = None
    stp: str | None = None
    on_behalf_of_account: str | None = None
    vwap_price: str | None = None
    dime_discount: bool | None = None


class ModifyRequest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A change of an open order, signed; `size` is the new total, filled part included."""

    id: str
    market: str
    side: str
    type: str
    size: str
    price: str
    signature: str
    signature_timestamp: int
    trigger_price: str | None = None
    on_behalf_of_account: str | None = None


class RequestInfo(msgspec.Struct, frozen=True):
    """The state of a modify that is under way or just ended."""

    id: str | None = None
    status: str | None = None
    request_type: str | None = None
    message: str | None = None


class Order(msgspec.Struct, frozen=True):
    """An order as REST and the JSON channel report it. Times are ms."""

    id: str
    market: str
    account: str | None = None
    client_id: str | None = None
    side: str = ""
    type: str = ""
    status: str = ""
    instruction: str | None = None
    size: Number = None
    remaining_size: Number = None
    price: Number = None
    trigger_price: Number = None
    avg_fill_price: Number = None
    cancel_reason: str | None = None
    flags: list[str] | None = None
    stp: str | None = None
    request_info: RequestInfo | None = None
    seq_no: Number = None
    timestamp: Number = None
    created_at: Number = None
    last_updated_at: Number = None
    received_at: Number = None
    published_at: Number = None


class BatchError(msgspec.Struct, frozen=True):
    error: str | None = None
    message: str | None = None


class BatchOrders(msgspec.Struct, frozen=True):
    """
    Reply to a batch of orders: those placed, and the refusals.

    Whether `orders[i]` and `errors[i]` belong to request `i` is not documented (openapi).

    """

    orders: list[Order | None] | None = None
    errors: list[BatchError | None] | None = None


class CancelBatchRequest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    order_ids: list[str] | None = None
    client_order_ids: list[str] | None = None


class CancelResult(msgspec.Struct, frozen=True):
    """The fate of one order of a batch cancel; `status` is a `CancelStatus`."""

    id: str | None = None
    client_id: str | None = None
    market: str | None = None
    account: str | None = None
    status: str | None = None
