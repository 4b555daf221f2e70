"""
The events of the venue's streams in one form, whatever wire they came over.

Field names and order are those of the binary schema (`paradex_sbe_1_2.xml`, in snake case): JSON
and REST payloads are converted to the same structs. Not for reading a wire: that is `sbe` and
`json_feed`.

Units, for all events
---------------------
`ts` and every `*_at`
    Microseconds since the Unix epoch, UTC.
prices, sizes, values, rates
    Integers x 1e-8 ("e8"). The two rates x 1e-12 say so.
sides, types, statuses
    The venue's strings; `UNKNOWN_<n>` for a number that the schema does not name.
flags
    The names of the bits that are set.
`account`
    `0x` hex without leading zeros.

`None` is a null or a field that the wire did not carry (an older schema version, an empty string
in JSON). Every field may be absent, so each has that default. Build events with keywords.
"""

from typing import ClassVar

import msgspec

__all__ = [
    "AccountEvent",
    "BboEvent",
    "BookEvent",
    "BookLevel",
    "Event",
    "FillEvent",
    "FundingDataEvent",
    "FundingRateComparisonEvent",
    "HeartbeatEvent",
    "MarketSummaryEvent",
    "OrderEvent",
    "PositionEvent",
    "TradeEvent",
]

type BookLevel = tuple[int, int]
"""Price and size of a book level, both e8; size 0 removes the level."""


class TradeEvent(msgspec.Struct, frozen=True, gc=False):
    """
    A public trade, channel `trades.{market}`.

    `side` is the aggressor's. `seq` is that of the order book after the trade and 0 where there is
    none (block trades, position transfers). `trade_id` holds the low 64 bits of a 28-digit id and
    identifies nothing; `trade_id_str` is the whole id, sent from schema version 2 on, and may be
    absent or empty even there.
    """

    TEMPLATE_ID: ClassVar[int] = 1

    ts: int | None = None
    seq: int | None = None
    trade_id: int | None = None
    side: str | None = None
    price: int | None = None
    size: int | None = None
    created_at: int | None = None
    trade_type: str | None = None
    market: str | None = None
    trade_id_str: str | None = None


class BboEvent(msgspec.Struct, frozen=True, gc=False):
    """
    The best bid and offer, channel `bbo.{market}`.

    Price and size of an empty side are None. `seq` skips numbers by design.
    """

    TEMPLATE_ID: ClassVar[int] = 2

    ts: int | None = None
    seq: int | None = None
    bid_price: int | None = None
    bid_size: int | None = None
    ask_price: int | None = None
    ask_size: int | None = None
    market: str | None = None


class BookEvent(msgspec.Struct, frozen=True, gc=False):
    """
    A snapshot of an order book or a change to it, channels `order_book.{market}.…`.

    `pkg_type` is `SNAPSHOT` or `DELTA`. The best prices are sent by interactive feeds (with RPI
    orders, and as `best_*_api_*` without). `relative_spread` is (ask - bid) / midpoint, e8.
    """

    TEMPLATE_ID: ClassVar[int] = 3

    ts: int | None = None
    seq: int | None = None
    pkg_type: str | None = None
    best_bid_price: int | None = None
    best_bid_size: int | None = None
    best_ask_price: int | None = None
    best_ask_size: int | None = None
    relative_spread: int | None = None
    best_bid_api_price: int | None = None
    best_bid_api_size: int | None = None
    best_ask_api_price: int | None = None
    best_ask_api_size: int | None = None
    bids: list[BookLevel] = msgspec.field(default_factory=list)
    asks: list[BookLevel] = msgspec.field(default_factory=list)
    market: str | None = None


class MarketSummaryEvent(msgspec.Struct, frozen=True, gc=False):
    """
    The ticker of a market, channel `markets_summary`.

    `index_price` is the JSON feed's `underlying_price`. Volumes are USD, `open_interest` is in the
    base currency; `total_volume` saturates at the largest int64. IVs, greeks and the forward rates
    are None for anything but options. `funding_rate_precise` is **e12** and preferred over
    `funding_rate` (e8) where present.
    """

    TEMPLATE_ID: ClassVar[int] = 4

    ts: int | None = None
    seq: int | None = None
    mark_price: int | None = None
    index_price: int | None = None
    last_price: int | None = None
    volume_usd24h: int | None = None
    open_interest: int | None = None
    funding_rate: int | None = None
    bid: int | None = None
    ask: int | None = None
    total_volume: int | None = None
    price_change_rate24h: int | None = None
    mark_iv: int | None = None
    bid_iv: int | None = None
    ask_iv: int | None = None
    last_iv: int | None = None
    delta: int | None = None
    gamma: int | None = None
    vega: int | None = None
    theta: int | None = None
    rho: int | None = None
    volga: int | None = None
    vanna: int | None = None
    future_funding_rate: int | None = None
    external_fair_price: int | None = None
    bid_size: int | None = None
    ask_size: int | None = None
    forward_rate: int | None = None
    risk_free_rate: int | None = None
    funding_rate_precise: int | None = None
    market: str | None = None


class FundingDataEvent(msgspec.Struct, frozen=True, gc=False):
    """
    A funding record, channel `funding_data.{market}`.

    `funding_rate` is that of the market's own period of `funding_period_hours` whole hours,
    `funding_rate8h` the same for eight hours.
    """

    TEMPLATE_ID: ClassVar[int] = 5

    ts: int | None = None
    seq: int | None = None
    funding_rate: int | None = None
    funding_index: int | None = None
    created_at: int | None = None
    funding_premium: int | None = None
    funding_rate8h: int | None = None
    funding_period_hours: int | None = None
    impact_premium_rate: int | None = None
    market: str | None = None


class FundingRateComparisonEvent(msgspec.Struct, frozen=True, gc=False):
    """
    The funding rate of one market at one venue, channel `funding_rate_comparison.ALL@…`.

    `hourly_funding_rate` is **e12**. `source` is the venue, `last_updated_at` that venue's time.
    """

    TEMPLATE_ID: ClassVar[int] = 6

    ts: int | None = None
    last_updated_at: int | None = None
    hourly_funding_rate: int | None = None
    asset_kind: str | None = None
    source: str | None = None
    market: str | None = None


class OrderEvent(msgspec.Struct, frozen=True, gc=False):
    """
    The state of an order of the account, channel `orders.{market}`.

    `time_in_force` is the REST field `instruction`, `size_open` is `remaining_size`, `ts` and
    `published_at` are when the update left the venue. `price` is None for market orders. An empty
    or absent `cancel_reason` means "not cancelled". The `request_*` fields are the REST object
    `request_info` of a modification, `UNSPECIFIED` or None where there is none.
    """

    TEMPLATE_ID: ClassVar[int] = 20

    ts: int | None = None
    seq: int | None = None
    status: str | None = None
    side: str | None = None
    order_type: str | None = None
    time_in_force: str | None = None
    price: int | None = None
    trigger_price: int | None = None
    size: int | None = None
    size_open: int | None = None
    avg_fill_price: int | None = None
    created_at: int | None = None
    updated_at: int | None = None
    account: str | None = None
    received_at: int | None = None
    published_at: int | None = None
    stp: str | None = None
    flags: tuple[str, ...] | None = None
    request_status: str | None = None
    request_type: str | None = None
    order_id: str | None = None
    client_order_id: str | None = None
    market: str | None = None
    cancel_reason: str | None = None
    request_id: str | None = None
    request_message: str | None = None


class FillEvent(msgspec.Struct, frozen=True, gc=False):
    """
    A fill of the account, channel `fills.{market}`.

    `fill_id` is unique only together with `fill_type`. `fee` is positive when paid, negative when
    received. `orderbook_seq_no` is 0, and `seq` None, for position transfers, which carry no
    `order_id` either.
    """

    TEMPLATE_ID: ClassVar[int] = 21

    ts: int | None = None
    seq: int | None = None
    fill_type: str | None = None
    side: str | None = None
    liquidity: str | None = None
    price: int | None = None
    size: int | None = None
    fee: int | None = None
    realized_pnl: int | None = None
    created_at: int | None = None
    account: str | None = None
    underlying_price: int | None = None
    realized_funding: int | None = None
    flags: tuple[str, ...] | None = None
    orderbook_seq_no: int | None = None
    fill_id: str | None = None
    order_id: str | None = None
    client_order_id: str | None = None
    trade_id: str | None = None
    market: str | None = None
    fee_currency: str | None = None


class PositionEvent(msgspec.Struct, frozen=True, gc=False):
    """
    The account's position in one market, channel `positions`.

    `side` is `BUY` for long and `SELL` for short, `size` is absolute (signed in JSON and REST).
    `cost` and `cost_usd` are signed. `mark_price` is always null today (schema).
    """

    TEMPLATE_ID: ClassVar[int] = 22

    ts: int | None = None
    seq: int | None = None
    side: str | None = None
    size: int | None = None
    avg_entry_price: int | None = None
    unrealized_pnl: int | None = None
    realized_pnl: int | None = None
    mark_price: int | None = None
    liquidation_price: int | None = None
    leverage: int | None = None
    updated_at: int | None = None
    account: str | None = None
    avg_entry_price_usd: int | None = None
    cost: int | None = None
    cost_usd: int | None = None
    cached_funding_index: int | None = None
    unrealized_funding_pnl: int | None = None
    status: str | None = None
    market: str | None = None
    last_fill_id: str | None = None


class AccountEvent(msgspec.Struct, frozen=True, gc=False):
    """
    Collateral and margins of the account, channel `account`.

    Values are in the settlement asset. `unrealized_pnl` is always null today (schema).
    `last_seen_notification` is a timestamp, 0 for "never".
    """

    TEMPLATE_ID: ClassVar[int] = 23

    ts: int | None = None
    seq: int | None = None
    total_collateral: int | None = None
    free_collateral: int | None = None
    initial_margin_req: int | None = None
    maintenance_margin_req: int | None = None
    account_value: int | None = None
    unrealized_pnl: int | None = None
    updated_at: int | None = None
    account: str | None = None
    margin_cushion: int | None = None
    status: str | None = None
    last_seen_notification: int | None = None
    settlement_asset: str | None = None


class HeartbeatEvent(msgspec.Struct, frozen=True, gc=False):
    """The server's sign of life on an idle connection, about every 20 s."""

    TEMPLATE_ID: ClassVar[int] = 40

    ts: int | None = None
    seq: int | None = None


Event = (
    TradeEvent
    | BboEvent
    | BookEvent
    | MarketSummaryEvent
    | FundingDataEvent
    | FundingRateComparisonEvent
    | OrderEvent
    | FillEvent
    | PositionEvent
    | AccountEvent
    | HeartbeatEvent
)
"""Any event; usable with `isinstance`."""
