"""The venue's JSON of every event and record: one table of fields for each.

REST and the JSON channels share these shapes (openapi, asyncapi, captures): amounts are decimal
strings, times are milliseconds. Order book messages of the socket are in `json_book`.
"""

from collections.abc import Callable, Iterable
from typing import Final

from nautilus_paradex.devnet.model import (
    Balance,
    BalanceChange,
    CancelOutcome,
    EngineEvent,
    FundingPayment,
    Kline,
    Page,
    TransferRecord,
)
from nautilus_paradex.protocol.enums import PositionSide, RequestStatus
from nautilus_paradex.protocol.events import (
    AccountEvent,
    BboEvent,
    BookEvent,
    BookLevel,
    FillEvent,
    FundingDataEvent,
    MarketSummaryEvent,
    OrderEvent,
    PositionEvent,
    TradeEvent,
)
from nautilus_paradex.protocol.numbers import e8_to_str

__all__ = [
    "JsonObject",
    "account_json",
    "balance_json",
    "bbo_json",
    "cancel_json",
    "event_json",
    "fill_json",
    "funding_data_json",
    "funding_payment_json",
    "kline_json",
    "order_json",
    "orderbook_json",
    "page_json",
    "position_json",
    "summary_json",
    "trade_json",
    "transfer_json",
]

type JsonObject = dict[str, object]
type _Value = int | str | tuple[str, ...] | None
type _Fields = tuple[tuple[str, str, Callable[[_Value], object]], ...]


def event_json(event: EngineEvent) -> JsonObject:
    """Return the `data` of the notification that carries `event`; not for book events."""
    return _EVENT_JSON[type(event)](event)


def order_json(event: OrderEvent) -> JsonObject:
    result = _object(event, _ORDER)
    result["flags"] = list(event.flags or ())
    result["request_info"] = _request_info(event)
    return result


def fill_json(event: FillEvent) -> JsonObject:
    result = _object(event, _FILL)
    result["flags"] = [flag.lower() for flag in event.flags or ()]
    return result


def position_json(event: PositionEvent) -> JsonObject:
    """Return a position; its size is signed here and its side is LONG or SHORT (capture)."""
    result = _object(event, _POSITION)
    short = event.side == "SELL"
    size_e8 = event.size or 0
    result["id"] = f"{event.account}-{event.market}"
    result["side"] = PositionSide.SHORT if short else PositionSide.LONG
    result["size"] = e8_to_str(-size_e8 if short else size_e8)
    return result


def account_json(event: AccountEvent) -> JsonObject:
    return _object(event, _ACCOUNT)


def trade_json(event: TradeEvent) -> JsonObject:
    return _object(event, _TRADE)


def bbo_json(event: BboEvent) -> JsonObject:
    return _object(event, _BBO)


def summary_json(event: MarketSummaryEvent) -> JsonObject:
    """Return the ticker of a market; IVs and greeks only where there are any (options)."""
    result = _object(event, _SUMMARY)
    if event.delta is not None:
        result |= _object(event, _SUMMARY_OPTION)
        result["greeks"] = _object(event, _GREEKS)
    return result


def funding_data_json(event: FundingDataEvent) -> JsonObject:
    return _object(event, _FUNDING_DATA)


def orderbook_json(event: BookEvent) -> JsonObject:
    """Return the REST form of a book snapshot."""
    return {
        "market": event.market,
        "seq_no": event.seq,
        "last_updated_at": _ms(event.ts),
        "bids": _levels(event.bids),
        "asks": _levels(event.asks),
    }


def balance_json(balance: Balance) -> JsonObject:
    return _object(balance, _BALANCE)


def funding_payment_json(payment: FundingPayment) -> JsonObject:
    return _object(payment, _FUNDING_PAYMENT)


def transfer_json(transfer: TransferRecord) -> JsonObject:
    return _object(transfer, _TRANSFER)


def cancel_json(outcome: CancelOutcome, account: str) -> JsonObject:
    return _object(outcome, _CANCEL) | {"account": account}


def kline_json(kline: Kline) -> list[object]:
    """Return one candle: JSON numbers, as captured."""
    amounts = (kline.open_e8, kline.high_e8, kline.low_e8, kline.close_e8, kline.volume_e8)
    return [kline.open_time_ms, *(_json_number(amount) for amount in amounts)]


def page_json[T](page: Page[T], shape: Callable[[T], JsonObject]) -> JsonObject:
    return {
        "next": page.next,
        "prev": None,
        "results": [shape(result) for result in page.results],
    }


def _object(source: object, fields: _Fields) -> JsonObject:
    return {name: write(getattr(source, attribute)) for name, attribute, write in fields}


def _e8(value: _Value) -> str:
    assert value is None or isinstance(value, int)
    return e8_to_str(value or 0)


def _e8_or_empty(value: _Value) -> str:
    return "" if value is None else _e8(value)


def _ms(value: _Value) -> int:
    assert value is None or isinstance(value, int)
    return (value or 0) // 1_000


def _int(value: _Value) -> int:
    assert value is None or isinstance(value, int)
    return value or 0


def _text(value: _Value) -> str:
    assert value is None or isinstance(value, str)
    return value or ""


def _levels(levels: Iterable[BookLevel]) -> list[list[str]]:
    return [[e8_to_str(price), e8_to_str(size)] for price, size in levels]


def _json_number(amount_e8: int) -> float:
    # The venue writes candles as JSON numbers (capture). Only a display of the value: 15 digits.
    return amount_e8 / 1e8


def _request_info(event: OrderEvent) -> JsonObject | None:
    if event.request_status in (None, RequestStatus.UNSPECIFIED):
        return None
    return _object(event, _REQUEST_INFO)


def _balance_change_json(change: BalanceChange) -> JsonObject:
    settlement = {"status": "ON_BLOCKCHAIN", "type": "TRANSACTION_FILL"}
    return _object(change, _BALANCE_CHANGE) | settlement


_ORDER: Final[_Fields] = (
    ("id", "order_id", _text),
    ("account", "account", _text),
    ("market", "market", _text),
    ("side", "side", _text),
    ("type", "order_type", _text),
    ("status", "status", _text),
    ("instruction", "time_in_force", _text),
    ("size", "size", _e8),
    ("remaining_size", "size_open", _e8),
    ("price", "price", _e8),
    ("trigger_price", "trigger_price", _e8),
    ("avg_fill_price", "avg_fill_price", _e8_or_empty),
    ("client_id", "client_order_id", _text),
    ("cancel_reason", "cancel_reason", _text),
    ("stp", "stp", _text),
    ("seq_no", "seq", _int),
    ("timestamp", "created_at", _ms),
    ("created_at", "created_at", _ms),
    ("received_at", "received_at", _ms),
    ("published_at", "published_at", _ms),
    ("last_updated_at", "updated_at", _ms),
)

_REQUEST_INFO: Final[_Fields] = (
    ("id", "request_id", _text),
    ("request_type", "request_type", _text),
    ("status", "request_status", _text),
    ("message", "request_message", _text),
)

_FILL: Final[_Fields] = (
    ("id", "fill_id", _text),
    ("account", "account", _text),
    ("market", "market", _text),
    ("order_id", "order_id", _text),
    ("client_id", "client_order_id", _text),
    ("side", "side", _text),
    ("liquidity", "liquidity", _text),
    ("fill_type", "fill_type", _text),
    ("price", "price", _e8),
    ("size", "size", _e8),
    ("fee", "fee", _e8),
    ("fee_currency", "fee_currency", _text),
    ("realized_pnl", "realized_pnl", _e8),
    ("realized_funding", "realized_funding", _e8),
    ("underlying_price", "underlying_price", _e8),
    ("orderbook_seq_no", "orderbook_seq_no", _int),
    ("created_at", "created_at", _ms),
)

_POSITION: Final[_Fields] = (
    ("account", "account", _text),
    ("market", "market", _text),
    ("status", "status", _text),
    ("average_entry_price", "avg_entry_price", _e8),
    ("average_entry_price_usd", "avg_entry_price_usd", _e8),
    ("realized_positional_pnl", "realized_pnl", _e8),
    ("unrealized_pnl", "unrealized_pnl", _e8),
    ("unrealized_funding_pnl", "unrealized_funding_pnl", _e8),
    ("cost", "cost", _e8),
    ("cost_usd", "cost_usd", _e8),
    ("cached_funding_index", "cached_funding_index", _e8),
    ("liquidation_price", "liquidation_price", _e8_or_empty),
    ("leverage", "leverage", _e8_or_empty),
    ("last_fill_id", "last_fill_id", _text),
    ("seq_no", "seq", _int),
    ("last_updated_at", "updated_at", _ms),
)

_ACCOUNT: Final[_Fields] = (
    ("account", "account", _text),
    ("account_value", "account_value", _e8),
    ("total_collateral", "total_collateral", _e8),
    ("free_collateral", "free_collateral", _e8),
    ("initial_margin_requirement", "initial_margin_req", _e8),
    ("maintenance_margin_requirement", "maintenance_margin_req", _e8),
    ("margin_cushion", "margin_cushion", _e8),
    ("settlement_asset", "settlement_asset", _text),
    ("status", "status", _text),
    ("seq_no", "seq", _int),
    ("updated_at", "updated_at", _ms),
    ("last_seen_notification", "last_seen_notification", _ms),
)

_TRADE: Final[_Fields] = (
    ("id", "trade_id_str", _text),
    ("market", "market", _text),
    ("side", "side", _text),
    ("size", "size", _e8),
    ("price", "price", _e8),
    ("created_at", "created_at", _ms),
    ("trade_type", "trade_type", _text),
)

_BBO: Final[_Fields] = (
    ("market", "market", _text),
    ("bid", "bid_price", _e8_or_empty),
    ("bid_size", "bid_size", _e8_or_empty),
    ("ask", "ask_price", _e8_or_empty),
    ("ask_size", "ask_size", _e8_or_empty),
    ("seq_no", "seq", _int),
    ("last_updated_at", "ts", _ms),
)

_SUMMARY: Final[_Fields] = (
    ("symbol", "market", _text),
    ("mark_price", "mark_price", _e8),
    ("underlying_price", "index_price", _e8),
    ("last_traded_price", "last_price", _e8_or_empty),
    ("bid", "bid", _e8_or_empty),
    ("bid_size", "bid_size", _e8_or_empty),
    ("ask", "ask", _e8_or_empty),
    ("ask_size", "ask_size", _e8_or_empty),
    ("volume_24h", "volume_usd24h", _e8),
    ("total_volume", "total_volume", _e8),
    ("open_interest", "open_interest", _e8),
    ("funding_rate", "funding_rate", _e8_or_empty),
    ("future_funding_rate", "future_funding_rate", _e8_or_empty),
    ("price_change_rate_24h", "price_change_rate24h", _e8_or_empty),
    ("external_fair_price", "external_fair_price", _e8_or_empty),
    ("created_at", "ts", _ms),
)

_SUMMARY_OPTION: Final[_Fields] = (
    ("delta", "delta", _e8_or_empty),
    ("mark_iv", "mark_iv", _e8_or_empty),
    ("bid_iv", "bid_iv", _e8_or_empty),
    ("ask_iv", "ask_iv", _e8_or_empty),
    ("last_iv", "last_iv", _e8_or_empty),
    ("forward_rate", "forward_rate", _e8_or_empty),
    ("risk_free_rate", "risk_free_rate", _e8_or_empty),
)

_GREEKS: Final[_Fields] = (
    ("delta", "delta", _e8_or_empty),
    ("gamma", "gamma", _e8_or_empty),
    ("vega", "vega", _e8_or_empty),
    ("theta", "theta", _e8_or_empty),
    ("rho", "rho", _e8_or_empty),
    ("volga", "volga", _e8_or_empty),
    ("vanna", "vanna", _e8_or_empty),
)

_FUNDING_DATA: Final[_Fields] = (
    ("market", "market", _text),
    ("funding_rate", "funding_rate", _e8),
    ("funding_rate_8h", "funding_rate8h", _e8),
    ("funding_index", "funding_index", _e8),
    ("funding_premium", "funding_premium", _e8),
    ("funding_period_hours", "funding_period_hours", _int),
    ("impact_premium_rate", "impact_premium_rate", _e8_or_empty),
    ("created_at", "created_at", _ms),
)

_BALANCE: Final[_Fields] = (
    ("token", "token", _text),
    ("size", "size_e8", _e8),
    ("last_updated_at", "updated_at_us", _ms),
)

_BALANCE_CHANGE: Final[_Fields] = (
    ("market", "market", _text),
    ("fill_id", "fill_id", _text),
    ("fees", "fees_e8", _e8),
    ("funding_index", "funding_index_e8", _e8),
    ("realized_funding", "realized_funding_e8", _e8),
    ("realized_pnl", "realized_pnl_e8", _e8),
    ("settlement_asset_balance_before", "balance_before_e8", _e8),
    ("settlement_asset_balance_after", "balance_after_e8", _e8),
    ("settlement_asset_name", "settlement_asset", _text),
    ("created_at", "created_at_us", _ms),
)

_FUNDING_PAYMENT: Final[_Fields] = (
    ("id", "id", _text),
    ("account", "account", _text),
    ("market", "market", _text),
    ("fill_id", "fill_id", _text),
    ("payment", "payment_e8", _e8),
    ("index", "index_e8", _e8),
    ("created_at", "created_at_us", _ms),
)

_TRANSFER: Final[_Fields] = (
    ("id", "id", _text),
    ("account", "account", _text),
    ("kind", "kind", _text),
    ("direction", "direction", _text),
    ("token", "token", _text),
    ("amount", "amount_e8", _e8),
    ("status", "status", _text),
    ("created_at", "created_at_us", _ms),
    ("last_updated_at", "created_at_us", _ms),
)

_CANCEL: Final[_Fields] = (
    ("id", "id", _text),
    ("client_id", "client_id", _text),
    ("market", "market", _text),
    ("status", "status", _text),
)

_EVENT_JSON: Final[dict[type, Callable[..., JsonObject]]] = {
    OrderEvent: order_json,
    FillEvent: fill_json,
    PositionEvent: position_json,
    AccountEvent: account_json,
    BalanceChange: _balance_change_json,
    FundingPayment: funding_payment_json,
    TransferRecord: transfer_json,
    TradeEvent: trade_json,
    BboEvent: bbo_json,
    MarketSummaryEvent: summary_json,
    FundingDataEvent: funding_data_json,
}
