"""What goes into the devnet's engine and what comes out beside the canonical events.

Plain values only: no behaviour, no engine state, nothing of the wire. Amounts are integers at
1e-8 (`_e8`), times are microseconds since the epoch (`_us`).
"""

from collections.abc import Callable
from typing import Final

import msgspec

from nautilus_paradex.devnet.engine.markets import MarketSpec
from nautilus_paradex.protocol.enums import OrderInstruction, PriceKind, StpMode
from nautilus_paradex.protocol.errors import ParadexError
from nautilus_paradex.protocol.events import (
    AccountEvent,
    BboEvent,
    BookEvent,
    FillEvent,
    FundingDataEvent,
    FundingRateComparisonEvent,
    MarketSummaryEvent,
    OrderEvent,
    PositionEvent,
    TradeEvent,
)

__all__ = [
    "KLINE_RESOLUTIONS_MINS",
    "SETTLEMENT_ASSET",
    "Balance",
    "BalanceChange",
    "CancelOutcome",
    "EngineEvent",
    "FundingPayment",
    "HistoryQuery",
    "Interactive",
    "Kline",
    "KlineQuery",
    "Listener",
    "MarketNotice",
    "ModifyOrder",
    "NewAlgo",
    "NewOrder",
    "OrderRefused",
    "Page",
    "Settlement",
    "TradeBust",
    "TransferRecord",
    "WireEvent",
]

SETTLEMENT_ASSET: Final = "USDC"
KLINE_RESOLUTIONS_MINS: Final = (1, 3, 5, 15, 30, 60)


class OrderRefused(ParadexError):  # noqa: N818 (a refusal is an answer, not a failure)
    """
    A request that the venue answers with an error at once, before any risk check.

    Parameters
    ----------
    code : str
        The venue's error code (`ErrorCode`), the ``error`` of the REST answer.
    message : str
        What was wrong, for a person.

    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = str(code)
        self.message = message


class NewOrder(msgspec.Struct, frozen=True, kw_only=True):
    """
    An order as a participant asks for it, its signature already checked.

    Parameters
    ----------
    price_e8 : int or None
        None for MARKET and STOP_MARKET.
    size_e8 : int
        Base units; 0 means "the whole position" for the position-linked types.
    trigger_price_e8 : int or None
        Only, and always, for the types that wait for the mark price.
    interactive : bool
        If it is a retail order, that is, came with an interactive token.
    dime_discount : bool
        If fees are to be charged in DIME, with the discount, where the account has enough of it.

    """

    market: str
    side: str
    order_type: str
    size_e8: int
    price_e8: int | None = None
    instruction: str = OrderInstruction.GTC.value
    interactive: bool = False
    client_id: str = ""
    flags: tuple[str, ...] = ()
    stp: str = StpMode.EXPIRE_TAKER.value
    trigger_price_e8: int | None = None
    signature_timestamp_ms: int = 0
    dime_discount: bool = False


class NewAlgo(msgspec.Struct, frozen=True, kw_only=True):
    """A TWAP as a participant asks for it, its signature already checked."""

    market: str
    side: str
    size_e8: int
    duration_secs: int
    frequency_secs: int
    interactive: bool = False

    @property
    def children(self) -> int:
        """How many market orders it is made of."""
        return max(1, self.duration_secs // max(1, self.frequency_secs))


class ModifyOrder(msgspec.Struct, frozen=True, kw_only=True):
    """
    A change to a resting order, which keeps its id.

    `market`, `side` and `order_type` repeat the order's own and are checked against it; `size_e8`
    is the new total, what is filled included (api-notes).

    """

    market: str
    side: str
    order_type: str
    size_e8: int
    price_e8: int | None = None
    trigger_price_e8: int | None = None


class CancelOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of a batch cancel for one order; `status` is a `CancelStatus`."""

    id: str
    client_id: str
    market: str
    status: str


class Balance(msgspec.Struct, frozen=True, kw_only=True):
    token: str
    size_e8: int
    updated_at_us: int


class BalanceChange(msgspec.Struct, frozen=True, kw_only=True):
    """One fill's effect on the settlement balance, the ``balance_events`` channel."""

    account: str
    market: str
    fill_id: str
    fees_e8: int
    funding_index_e8: int
    realized_funding_e8: int
    realized_pnl_e8: int
    balance_before_e8: int
    balance_after_e8: int
    settlement_asset: str
    created_at_us: int


class Interactive(msgspec.Struct, frozen=True):
    """A book change or best prices as the interactive feeds show them, RPI orders included."""

    event: BookEvent | BboEvent

    @property
    def market(self) -> str | None:
        return self.event.market


class FundingPayment(msgspec.Struct, frozen=True, kw_only=True):
    """Funding realised into the balance by a fill; positive is received."""

    id: str
    account: str
    market: str
    fill_id: str
    payment_e8: int
    index_e8: int
    created_at_us: int


class TransferRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A deposit into or withdrawal from an account, completed at once."""

    id: str
    account: str
    kind: str
    direction: str
    token: str
    amount_e8: int
    status: str
    created_at_us: int


class TradeBust(msgspec.Struct, frozen=True, kw_only=True):
    """A fill that was taken back, the ``tradebusts`` channel."""

    account: str
    fill_id: str
    created_at_us: int


class Settlement(msgspec.Struct, frozen=True, kw_only=True):
    """How a market ended: an option pays `price_e8`, any other is worth it (openapi)."""

    market: str
    price_e8: int
    underlying_e8: int
    expiry_at_ms: int
    settled_at_us: int


class MarketNotice(msgspec.Struct, frozen=True, kw_only=True):
    """
    A change of what is listed, the ``markets`` channel.

    Parameters
    ----------
    event_type : str
        A `MarketEventType`.
    before, after : MarketSpec or None
        The specification until now and from now on; None where there is none.
    settlement : Settlement or None
        Where the market was settled.

    """

    market: str
    event_type: str
    at_us: int
    before: MarketSpec | None = None
    after: MarketSpec | None = None
    settlement: Settlement | None = None


class Kline(msgspec.Struct, frozen=True, kw_only=True):
    """
    One bar.

    `volume_e8` is in base units, `turnover_e8` the same trades in USD; both are 0 for mark and
    underlying prices.

    """

    open_time_ms: int
    open_e8: int
    high_e8: int
    low_e8: int
    close_e8: int
    volume_e8: int
    turnover_e8: int


class KlineQuery(msgspec.Struct, frozen=True, kw_only=True):
    """
    Bars whose open time lies in [start_ms, end_ms]; `resolution_mins` as the venue offers.

    With `lag_us` the bars of trades are as they were so long ago.

    """

    market: str
    resolution_mins: int
    start_ms: int
    end_ms: int
    price_kind: str = PriceKind.LAST.value
    lag_us: int = 0


class HistoryQuery(msgspec.Struct, frozen=True, kw_only=True):
    """
    A request for one page of history, newest first; None does not filter.

    `client_id`, `side`, `order_type` and `status` apply to orders only, `base_asset` (of options,
    in place of a market) to trades only.

    """

    market: str | None = None
    base_asset: str | None = None
    client_id: str | None = None
    side: str | None = None
    order_type: str | None = None
    status: str | None = None
    start_ms: int | None = None
    end_ms: int | None = None
    page_size: int | None = None
    cursor: str | None = None


class Page[T](msgspec.Struct, frozen=True):
    """One page, newest first; `next` asks for the following one and is None on the last."""

    results: tuple[T, ...]
    next: str | None = None


type WireEvent = (
    OrderEvent
    | FillEvent
    | PositionEvent
    | AccountEvent
    | BalanceChange
    | FundingPayment
    | TransferRecord
    | TradeBust
    | TradeEvent
    | BookEvent
    | BboEvent
    | MarketSummaryEvent
    | FundingDataEvent
    | FundingRateComparisonEvent
    | MarketNotice
)
"""What goes over the wire."""

type EngineEvent = WireEvent | Interactive

type Listener = Callable[[EngineEvent, str | None], None]
"""Called with each event and the address of the account it is private to, None if public."""
