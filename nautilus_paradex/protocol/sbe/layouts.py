"""
The layout of each binary message as data: which fields, of which type, since which version.

Decoder and encoder both work from these tables; nothing here reads or writes a frame. A new
schema version is a new line with its `since`. Source: `paradex_sbe_1_2.xml`.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from nautilus_paradex.protocol import events
from nautilus_paradex.protocol.sbe import vocabulary
from nautilus_paradex.protocol.sbe.vocabulary import BitSet, Vocabulary

__all__ = [
    "LAYOUTS",
    "NULL_INT16",
    "NULL_INT64",
    "SCHEMA_ID",
    "VERSIONS",
    "FieldSpec",
    "FieldType",
    "MessageLayout",
    "Primitive",
    "TextSpec",
]

SCHEMA_ID = 1
VERSIONS = range(3)

NULL_INT64 = -(2**63)
# The schema names no null for its one int16 field: this is the SBE standard's.
NULL_INT16 = -(2**15)


class Primitive(Enum):
    """The wire types of a block that are no vocabulary, by their `struct` code."""

    INT64 = "q"
    UINT64 = "Q"
    INT16 = "h"
    ADDRESS = "32s"


type FieldType = Primitive | Vocabulary | BitSet


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """A field of the fixed block: snake case name, wire type, first schema version."""

    name: str
    type: FieldType
    since: int = VERSIONS.start

    @property
    def code(self) -> str:
        """The field's `struct` code."""
        return self.type.value if isinstance(self.type, Primitive) else "B"


@dataclass(frozen=True, slots=True)
class TextSpec:
    """A string after the block: snake case name, first schema version."""

    name: str
    since: int = VERSIONS.start


@dataclass(frozen=True, slots=True)
class MessageLayout:
    """
    A message: block fields, then groups of (price, size), then strings, in wire order.

    The fields of `event` have the same names in the same order. `quiet_tail` says how many int64
    fields at the end of the block are null in most frames: a hint for speed, not a rule.
    """

    event: type[events.Event]
    fields: tuple[FieldSpec, ...]
    groups: tuple[str, ...] = ()
    texts: tuple[TextSpec, ...] = (TextSpec("market"),)
    since: int = VERSIONS.start
    quiet_tail: int = 0

    @property
    def template_id(self) -> int:
        """The number of the message on the wire."""
        return self.event.TEMPLATE_ID

    @property
    def name(self) -> str:
        """The schema's name of the message."""
        return self.event.__name__

    @property
    def is_int64_only(self) -> bool:
        """Whether the block is nothing but int64."""
        return all(field.type is Primitive.INT64 for field in self.fields)

    def fields_in(self, version: int) -> tuple[FieldSpec, ...]:
        """Return the block fields of schema `version`, younger ones being last."""
        return tuple(field for field in self.fields if field.since <= version)

    def block_length(self, version: int) -> int:
        """Return the bytes of the block in schema `version`."""
        return self.block_struct(len(self.fields_in(version))).size

    def block_struct(self, count: int) -> struct.Struct:
        """Return the `struct` of the first `count` fields of the block."""
        return struct.Struct("<" + "".join(field.code for field in self.fields[:count]))

    def fields_within(self, block_length: int) -> int:
        """Return how many fields lie wholly in a block of this many bytes."""
        counts = range(len(self.fields), 0, -1)
        return next((n for n in counts if self.block_struct(n).size <= block_length), 0)


def _int64s(*names: str, since: int = VERSIONS.start) -> tuple[FieldSpec, ...]:
    return tuple(FieldSpec(name, Primitive.INT64, since) for name in names)


_MESSAGES = (
    MessageLayout(
        events.TradeEvent,
        fields=(
            *_int64s("ts", "seq", "trade_id"),
            FieldSpec("side", vocabulary.SIDE),
            *_int64s("price", "size", "created_at"),
            FieldSpec("trade_type", vocabulary.FILL_TYPE),
        ),
        texts=(TextSpec("market"), TextSpec("trade_id_str", since=2)),
    ),
    MessageLayout(
        events.BboEvent,
        fields=(*_int64s("ts", "seq", "bid_price", "bid_size", "ask_price", "ask_size"),),
    ),
    MessageLayout(
        events.BookEvent,
        fields=(
            *_int64s("ts", "seq"),
            FieldSpec("pkg_type", vocabulary.PKG_TYPE),
            *_int64s(
                "best_bid_price",
                "best_bid_size",
                "best_ask_price",
                "best_ask_size",
                "relative_spread",
                "best_bid_api_price",
                "best_bid_api_size",
                "best_ask_api_price",
                "best_ask_api_size",
            ),
        ),
        groups=("bids", "asks"),
        quiet_tail=9,  # only interactive feeds carry the best prices
    ),
    MessageLayout(
        events.MarketSummaryEvent,
        fields=(
            *_int64s(
                "ts",
                "seq",
                "mark_price",
                "index_price",
                "last_price",
                "volume_usd24h",
                "open_interest",
                "funding_rate",
                "bid",
                "ask",
                "total_volume",
                "price_change_rate24h",
                "mark_iv",
                "bid_iv",
                "ask_iv",
                "last_iv",
                "delta",
                "gamma",
                "vega",
                "theta",
                "rho",
                "volga",
                "vanna",
                "future_funding_rate",
                "external_fair_price",
                "bid_size",
                "ask_size",
            ),
            *_int64s("forward_rate", "risk_free_rate", "funding_rate_precise", since=1),
        ),
    ),
    MessageLayout(
        events.FundingDataEvent,
        fields=(
            *_int64s(
                "ts",
                "seq",
                "funding_rate",
                "funding_index",
                "created_at",
                "funding_premium",
                "funding_rate8h",
            ),
            FieldSpec("funding_period_hours", Primitive.INT16),
            *_int64s("impact_premium_rate", since=1),
        ),
    ),
    MessageLayout(
        events.FundingRateComparisonEvent,
        fields=(
            *_int64s("ts", "last_updated_at", "hourly_funding_rate"),
            FieldSpec("asset_kind", vocabulary.ASSET_KIND),
            FieldSpec("source", vocabulary.FUNDING_RATE_SOURCE),
        ),
        since=1,
    ),
    MessageLayout(
        events.OrderEvent,
        fields=(
            *_int64s("ts", "seq"),
            FieldSpec("status", vocabulary.ORDER_STATUS),
            FieldSpec("side", vocabulary.SIDE),
            FieldSpec("order_type", vocabulary.ORDER_TYPE),
            FieldSpec("time_in_force", vocabulary.TIME_IN_FORCE),
            *_int64s(
                "price",
                "trigger_price",
                "size",
                "size_open",
                "avg_fill_price",
                "created_at",
                "updated_at",
            ),
            FieldSpec("account", Primitive.ADDRESS),
            *_int64s("received_at", "published_at"),
            FieldSpec("stp", vocabulary.STP_MODE),
            FieldSpec("flags", vocabulary.ORDER_FLAGS),
            FieldSpec("request_status", vocabulary.REQUEST_STATUS, since=2),
            FieldSpec("request_type", vocabulary.REQUEST_TYPE, since=2),
        ),
        texts=(
            TextSpec("order_id"),
            TextSpec("client_order_id"),
            TextSpec("market"),
            TextSpec("cancel_reason"),
            TextSpec("request_id", since=2),
            TextSpec("request_message", since=2),
        ),
    ),
    MessageLayout(
        events.FillEvent,
        fields=(
            *_int64s("ts", "seq"),
            FieldSpec("fill_type", vocabulary.FILL_TYPE),
            FieldSpec("side", vocabulary.SIDE),
            FieldSpec("liquidity", vocabulary.LIQUIDITY_SIDE),
            *_int64s("price", "size", "fee", "realized_pnl", "created_at"),
            FieldSpec("account", Primitive.ADDRESS),
            *_int64s("underlying_price", "realized_funding"),
            FieldSpec("flags", vocabulary.FILL_FLAGS, since=2),
            FieldSpec("orderbook_seq_no", Primitive.UINT64, since=2),
        ),
        texts=(
            TextSpec("fill_id"),
            TextSpec("order_id"),
            TextSpec("client_order_id"),
            TextSpec("trade_id"),
            TextSpec("market"),
            TextSpec("fee_currency", since=2),
        ),
    ),
    MessageLayout(
        events.PositionEvent,
        fields=(
            *_int64s("ts", "seq"),
            FieldSpec("side", vocabulary.SIDE),
            *_int64s(
                "size",
                "avg_entry_price",
                "unrealized_pnl",
                "realized_pnl",
                "mark_price",
                "liquidation_price",
                "leverage",
                "updated_at",
            ),
            FieldSpec("account", Primitive.ADDRESS),
            *_int64s(
                "avg_entry_price_usd",
                "cost",
                "cost_usd",
                "cached_funding_index",
                "unrealized_funding_pnl",
            ),
            FieldSpec("status", vocabulary.POSITION_STATUS),
        ),
        texts=(TextSpec("market"), TextSpec("last_fill_id")),
    ),
    MessageLayout(
        events.AccountEvent,
        fields=(
            *_int64s(
                "ts",
                "seq",
                "total_collateral",
                "free_collateral",
                "initial_margin_req",
                "maintenance_margin_req",
                "account_value",
                "unrealized_pnl",
                "updated_at",
            ),
            FieldSpec("account", Primitive.ADDRESS),
            *_int64s("margin_cushion"),
            FieldSpec("status", vocabulary.ACCOUNT_STATUS),
            *_int64s("last_seen_notification", since=2),
        ),
        texts=(TextSpec("settlement_asset"),),
    ),
    MessageLayout(
        events.HeartbeatEvent,
        fields=_int64s("ts", "seq"),
        texts=(),
    ),
)

LAYOUTS: Mapping[int, MessageLayout] = {layout.template_id: layout for layout in _MESSAGES}
"""Layouts by template id."""
