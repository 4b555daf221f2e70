"""Which JSON field holds which attribute, and how it is written: one table for each shape.

Names from openapi and asyncapi. A row is (name on the wire, attribute, writer).
"""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Final

from nautilus_paradex.protocol.events import BookEvent
from nautilus_paradex.protocol.numbers import e8_to_str

__all__ = [
    "ACCOUNT",
    "ALGO",
    "ALGO_PARAMS",
    "BALANCE",
    "BALANCE_CHANGE",
    "BBO",
    "CANCEL",
    "FILL",
    "FUNDING_DATA",
    "FUNDING_PAYMENT",
    "FUNDING_RATE",
    "GREEKS",
    "IMPACT_PREMIUM",
    "ORDER",
    "POSITION",
    "REQUEST_INFO",
    "SUMMARY",
    "SUMMARY_OPTION",
    "TRADE",
    "TRADE_BUST",
    "TRANSFER",
    "Fields",
    "best_of",
]

type _Value = int | str | tuple[str, ...] | None
type Fields = tuple[tuple[str, str, Callable[[_Value], object]], ...]


def _e8(value: _Value) -> str:
    assert value is None or isinstance(value, int)
    return e8_to_str(value or 0)


def _e8_or_empty(value: _Value) -> str:
    return "" if value is None else _e8(value)


def _e12(value: _Value) -> str:
    assert isinstance(value, int)
    return f"{Decimal(value).scaleb(-12):f}"


def _e12_or_empty(value: _Value) -> str:
    return "" if value is None else _e12(value)


def _ms(value: _Value) -> int:
    assert value is None or isinstance(value, int)
    return (value or 0) // 1_000


def _int(value: _Value) -> int:
    assert value is None or isinstance(value, int)
    return value or 0


def _text(value: _Value) -> str:
    assert value is None or isinstance(value, str)
    return value or ""


ORDER: Final[Fields] = (
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

REQUEST_INFO: Final[Fields] = (
    ("id", "request_id", _text),
    ("request_type", "request_type", _text),
    ("status", "request_status", _text),
    ("message", "request_message", _text),
)

ALGO: Final[Fields] = (
    ("id", "id", _text),
    ("account", "account", _text),
    ("market", "market", _text),
    ("algo_type", "algo_type", _text),
    ("side", "side", _text),
    ("status", "status", _text),
    ("size", "size_e8", _e8),
    ("remaining_size", "remaining_e8", _e8),
    ("avg_fill_price", "avg_fill_e8", _e8_or_empty),
    ("cancel_reason", "cancel_reason", _text),
    ("created_at", "created_at_us", _ms),
    ("end_at", "end_at_us", _ms),
    ("last_updated_at", "updated_at_us", _ms),
)

# The keys are a guess: openapi says that the values are strings.
ALGO_PARAMS: Final[Fields] = (
    ("duration_seconds", "duration_secs", str),
    ("frequency", "frequency_secs", str),
)

FILL: Final[Fields] = (
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

POSITION: Final[Fields] = (
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

ACCOUNT: Final[Fields] = (
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

TRADE: Final[Fields] = (
    ("id", "trade_id_str", _text),
    ("market", "market", _text),
    ("side", "side", _text),
    ("size", "size", _e8),
    ("price", "price", _e8),
    ("created_at", "created_at", _ms),
    ("trade_type", "trade_type", _text),
)

BBO: Final[Fields] = (
    ("market", "market", _text),
    ("bid", "bid_price", _e8_or_empty),
    ("bid_size", "bid_size", _e8_or_empty),
    ("ask", "ask_price", _e8_or_empty),
    ("ask_size", "ask_size", _e8_or_empty),
    ("seq_no", "seq", _int),
    ("last_updated_at", "ts", _ms),
)

SUMMARY: Final[Fields] = (
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
    ("funding_rate", "funding_rate_precise", _e12_or_empty),
    ("future_funding_rate", "future_funding_rate", _e8_or_empty),
    ("price_change_rate_24h", "price_change_rate24h", _e8_or_empty),
    ("external_fair_price", "external_fair_price", _e8_or_empty),
    ("created_at", "ts", _ms),
)

SUMMARY_OPTION: Final[Fields] = (
    ("delta", "delta", _e8_or_empty),
    ("mark_iv", "mark_iv", _e8_or_empty),
    ("bid_iv", "bid_iv", _e8_or_empty),
    ("ask_iv", "ask_iv", _e8_or_empty),
    ("last_iv", "last_iv", _e8_or_empty),
    ("forward_rate", "forward_rate", _e8_or_empty),
    ("risk_free_rate", "risk_free_rate", _e8_or_empty),
)

GREEKS: Final[Fields] = (
    ("delta", "delta", _e8_or_empty),
    ("gamma", "gamma", _e8_or_empty),
    ("vega", "vega", _e8_or_empty),
    ("theta", "theta", _e8_or_empty),
    ("rho", "rho", _e8_or_empty),
    ("volga", "volga", _e8_or_empty),
    ("vanna", "vanna", _e8_or_empty),
)

FUNDING_DATA: Final[Fields] = (
    ("market", "market", _text),
    ("funding_rate", "funding_rate", _e8),
    ("funding_rate_8h", "funding_rate8h", _e8),
    ("funding_index", "funding_index", _e8),
    ("funding_premium", "funding_premium", _e8),
    ("funding_period_hours", "funding_period_hours", _int),
    ("created_at", "created_at", _ms),
)

IMPACT_PREMIUM: Final[Fields] = (("impact_premium_rate", "impact_premium_rate", _e8_or_empty),)

FUNDING_RATE: Final[Fields] = (
    ("symbol", "market", _text),
    ("source", "source", _text),
    ("hourly_funding_rate", "hourly_funding_rate", _e12),
    ("last_updated_at", "last_updated_at", _ms),
)

BALANCE: Final[Fields] = (
    ("token", "token", _text),
    ("size", "size_e8", _e8),
    ("last_updated_at", "updated_at_us", _ms),
)

BALANCE_CHANGE: Final[Fields] = (
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

FUNDING_PAYMENT: Final[Fields] = (
    ("id", "id", _text),
    ("account", "account", _text),
    ("market", "market", _text),
    ("fill_id", "fill_id", _text),
    ("payment", "payment_e8", _e8),
    ("index", "index_e8", _e8),
    ("created_at", "created_at_us", _ms),
)

TRANSFER: Final[Fields] = (
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

TRADE_BUST: Final[Fields] = (
    ("account", "account", _text),
    ("busted_fill_id", "fill_id", _text),
    ("created_at", "created_at_us", _ms),
)

CANCEL: Final[Fields] = (
    ("id", "id", _text),
    ("client_id", "client_id", _text),
    ("market", "market", _text),
    ("status", "status", _text),
)

_BEST: Final = (
    ("best_bid_interactive", "best_bid_price", "best_bid_size"),
    ("best_ask_interactive", "best_ask_price", "best_ask_size"),
    ("best_bid_api", "best_bid_api_price", "best_bid_api_size"),
    ("best_ask_api", "best_ask_api_price", "best_ask_api_size"),
)


def best_of(event: BookEvent) -> Iterator[tuple[str, int, int]]:
    """Yield name, price and size of the best prices that an interactive book event has."""
    for name, price_attribute, size_attribute in _BEST:
        price, size = getattr(event, price_attribute), getattr(event, size_attribute)
        if price is not None:
            yield name, price, size
