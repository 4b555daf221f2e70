"""The devnet's venue without its wire: accounts, markets, orders in; events out.

Pure and synchronous: no sockets, no tasks, no clock but the one given. Signatures, tokens and
encodings are the wire side's business. INTERFACE FIRST: bodies follow.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

from nautilus_paradex.devnet.markets import MarketSpec
from nautilus_paradex.devnet.model import (
    Balance,
    CancelOutcome,
    FundingPayment,
    HistoryQuery,
    Kline,
    KlineQuery,
    Listener,
    ModifyOrder,
    NewOrder,
    OrderRefused,
    Page,
    TransferRecord,
)
from nautilus_paradex.protocol.events import (
    AccountEvent,
    BboEvent,
    BookEvent,
    FillEvent,
    FundingDataEvent,
    MarketSummaryEvent,
    OrderEvent,
    PositionEvent,
    TradeEvent,
)

__all__ = ["Exchange"]


class Exchange:
    """
    One venue: submit and cancel queue, `process` executes, the listener hears.

    All methods are to be called from one thread. `account` is always the address as a lower-case
    ``0x`` hex string, as `protocol.events` writes it.

    Parameters
    ----------
    markets : iterable of MarketSpec
    now_us : callable
        The venue's clock, microseconds since the epoch.
    seed : int
        Of the ids and of the pre-generated price history.

    """

    def __init__(
        self, markets: Iterable[MarketSpec], *, now_us: Callable[[], int], seed: int = 0
    ) -> None: ...

    listener: Listener | None  # set it before the first submit

    # -- accounts
    def open_account(
        self, address: str, public_key: int, balance_e8: int, *, tokens: Mapping[str, int] | None = None
    ) -> None: """Idempotent; emits a TransferRecord deposit the first time."""
    def has_account(self, address: str) -> bool: ...
    def public_key(self, address: str) -> int: """OrderRefused(ACCOUNT_NOT_FOUND)"""
    def accounts(self) -> tuple[str, ...]: ...

    # -- orders in (raise OrderRefused; all only queue until `process`)
    def submit(self, account: str, order: NewOrder) -> OrderEvent: """NEW record"""
    def submit_batch(
        self, account: str, orders: Sequence[NewOrder]
    ) -> list[OrderEvent | OrderRefused]: """1 to 10, else OrderRefused(BATCH_SIZE_OUT_OF_RANGE)"""
    def modify(self, account: str, order_id: str, change: ModifyOrder) -> OrderEvent:
        """request_status PENDING on return"""
    def cancel(self, account: str, order_id: str) -> OrderEvent: """ORDER_ID_NOT_FOUND, ORDER_IS_CLOSED"""
    def cancel_by_client_id(
        self, account: str, client_id: str, market: str | None = None
    ) -> OrderEvent: """CLIENT_ORDER_ID_NOT_FOUND, ORDER_IS_CLOSED"""
    def cancel_all(self, account: str, market: str | None = None) -> int: ...
    def cancel_batch(
        self, account: str, order_ids: Sequence[str], client_ids: Sequence[str] = ()
    ) -> list[CancelOutcome]: ...

    # -- time
    def process(self) -> int: """Execute what is queued (and triggers it set off); returns how many."""
    def tick(self) -> None: """Advance marks, funding, triggers, health; emit summaries and funding."""
    def set_index_price(self, underlying: str, price_e8: int) -> None: """e.g. "BTC" """

    # -- private state (OrderRefused(ACCOUNT_NOT_FOUND))
    def account_event(self, account: str) -> AccountEvent: ...
    def balances(self, account: str) -> list[Balance]: ...
    def positions(self, account: str) -> list[PositionEvent]: """open, and closed ones once held"""
    def open_orders(self, account: str, market: str | None = None) -> list[OrderEvent]: ...
    def order(self, account: str, order_id: str) -> OrderEvent: """open only: ORDER_ID_NOT_FOUND"""
    def order_by_client_id(self, account: str, client_id: str) -> OrderEvent: """open only"""
    def orders_history(self, account: str, query: HistoryQuery) -> Page[OrderEvent]: ...
    def fills(self, account: str, query: HistoryQuery) -> Page[FillEvent]: ...
    def funding_payments(self, account: str, query: HistoryQuery) -> Page[FundingPayment]: ...
    def transfers(self, account: str, query: HistoryQuery) -> Page[TransferRecord]: ...

    # -- public state (OrderRefused(MARKET_NOT_FOUND))
    markets: Mapping[str, MarketSpec]
    def book_snapshot(self, market: str, depth: int | None = None) -> BookEvent: """SNAPSHOT, seq of the last delta"""
    def bbo(self, market: str) -> BboEvent: ...
    def summary(self, market: str) -> MarketSummaryEvent: ...
    def trades(self, query: HistoryQuery) -> Page[TradeEvent]: ...
    def klines(self, query: KlineQuery) -> list[Kline]: ...
    def funding_data(self, query: HistoryQuery) -> Page[FundingDataEvent]: ...

    # -- truth
    def ledger(self) -> dict[str, object]: """JSON-able, decimal strings"""
