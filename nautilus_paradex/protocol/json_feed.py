"""The JSON payloads of the channels: which channel carries which shape, and their decoding.

`decode_notification` gives the same events that the binary feed gives where an event exists, and a
shape of its own for what only JSON carries. What a channel name promises is decided by its topic.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from nautilus_paradex.protocol import channels, conversion, rest
from nautilus_paradex.protocol.errors import MessageError
from nautilus_paradex.protocol.events import Event
from nautilus_paradex.protocol.numbers import Number
from nautilus_paradex.protocol.rpc import Notification

__all__ = [
    "BalanceEvent",
    "JsonMessage",
    "MarketChange",
    "Message",
    "Transaction",
    "UnknownMessage",
    "decode_notification",
]


class BalanceEvent(msgspec.Struct, frozen=True):
    """A change of the account's balance; numbers have up to 18 decimals, times are ms."""

    type: str | None = None
    market: str | None = None
    fill_id: str | None = None
    status: str | None = None
    settlement_asset_name: str | None = None
    settlement_asset_balance_before: Number = None
    settlement_asset_balance_after: Number = None
    realized_pnl: Number = None
    realized_funding: Number = None
    fees: Number = None
    created_at: Number = None


class Transaction(msgspec.Struct, frozen=True):
    """The state of an on-chain transaction. Times are ms."""

    id: str
    type: str | None = None
    state: str | None = None
    hash: str | None = None
    created_at: Number = None
    completed_at: Number = None


class MarketChange(msgspec.Struct, frozen=True):
    """A listing, settlement, removal or change of parameters of a market. Times are ms."""

    symbol: str
    event_type: str | None = None
    updated_at: Number = None
    changed_fields: dict[str, Any] | None = None


class UnknownMessage(msgspec.Struct, frozen=True):
    """A payload of a topic this version has no shape for, as raw JSON."""

    channel: str
    data: msgspec.Raw


type JsonMessage = (
    rest.Transfer
    | rest.TradeBust
    | rest.FundingPayment
    | BalanceEvent
    | Transaction
    | MarketChange
    | UnknownMessage
)
"""What only JSON carries."""

type Message = Event | JsonMessage
"""Anything a socket can deliver."""


def decode_notification(notification: Notification) -> Message:
    """
    Decode the payload of a channel.

    Raises
    ------
    MessageError
        If the payload does not have the shape of its channel; the text names channel and field.

    """
    topic = channels.split(notification.channel).topic
    decode = _TOPICS.get(topic)
    if decode is None:
        return UnknownMessage(notification.channel, notification.data)
    try:
        return decode(notification.data)
    except (msgspec.MsgspecError, UnicodeDecodeError, MessageError) as exc:
        raise MessageError(f"bad payload on channel {notification.channel!r}: {exc}") from exc


def _shape[S, M](shape: type[S], convert: Callable[[S], M]) -> Callable[[msgspec.Raw], M]:
    decoder = msgspec.json.Decoder(shape)
    return lambda data: convert(decoder.decode(data))


def _as_is[S](shape: type[S]) -> Callable[[msgspec.Raw], S]:
    return msgspec.json.Decoder(shape).decode


_TOPICS: dict[str, Callable[[msgspec.Raw], Message]] = {
    "bbo": _shape(rest.Bbo, conversion.bbo_event),
    "trades": _shape(rest.Trade, conversion.trade_event),
    "order_book": _shape(conversion.BookMessage, conversion.book_event),
    "markets_summary": _shape(rest.MarketSummary, conversion.market_summary_event),
    "funding_data": _shape(rest.FundingData, conversion.funding_data_event),
    "funding_rate_comparison": _shape(
        conversion.FundingComparison,
        conversion.funding_comparison_event,
    ),
    "orders": _shape(rest.Order, conversion.order_event),
    "fills": _shape(rest.Fill, conversion.fill_event),
    "positions": _shape(rest.Position, conversion.position_event),
    "account": _shape(rest.AccountSummary, conversion.account_event),
    "balance_events": _as_is(BalanceEvent),
    "transfers": _as_is(rest.Transfer),
    "tradebusts": _as_is(rest.TradeBust),
    "funding_payments": _as_is(rest.FundingPayment),
    "transaction": _as_is(Transaction),
    "markets": _as_is(MarketChange),
}
