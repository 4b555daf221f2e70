"""The devnet's venue without its wire: accounts and orders in, events out, state to ask for.

Pure and synchronous: no sockets, no tasks, no clock but the one given. Signatures, tokens and
encodings are the wire side's business.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from nautilus_paradex.devnet.engine.accounts import Account
from nautilus_paradex.devnet.engine.algos import Algos
from nautilus_paradex.devnet.engine.comparison import FundingComparison
from nautilus_paradex.devnet.engine.executor import Cancel, Engine, Modify, New
from nautilus_paradex.devnet.engine.interventions import Interventions
from nautilus_paradex.devnet.engine.ledger import ledger_of
from nautilus_paradex.devnet.engine.listing import Listing
from nautilus_paradex.devnet.engine.margin_settings import MarginSettings
from nautilus_paradex.devnet.engine.markets import MarketSpec
from nautilus_paradex.devnet.engine.model import (
    SETTLEMENT_ASSET,
    CancelOutcome,
    Listener,
    ModifyOrder,
    NewOrder,
    OrderRefused,
    Settlement,
)
from nautilus_paradex.devnet.engine.orders import MARKET_TYPES, Order, order_event
from nautilus_paradex.devnet.engine.outbox import Outbox
from nautilus_paradex.devnet.engine.past import write_past
from nautilus_paradex.devnet.engine.queries import Queries
from nautilus_paradex.devnet.engine.state import (
    HOUSE_HISTORY,
    ListedMarkets,
    MarketState,
    VenueState,
)
from nautilus_paradex.devnet.engine.ticking import Ticker
from nautilus_paradex.devnet.engine.validation import (
    check_cancels_are_taken,
    check_modify_order,
    check_new_order,
    check_system_status,
)
from nautilus_paradex.protocol.enums import (
    CancelStatus,
    ErrorCode,
    OrderFlag,
    RequestStatus,
    SystemStatus,
)
from nautilus_paradex.protocol.events import OrderEvent

__all__ = ["Exchange"]

_MAX_BATCH: Final = 10
_MAX_QUEUED: Final = 100_000
_ACCOUNT_HISTORY: Final = 50_000


class Exchange(Queries):
    """
    One venue: requests are checked and queued, `process` executes them, the listener hears.

    What can be asked of it is in `Queries`.

    Call it from one thread. An account is named by its address, a lower-case ``0x`` hex string
    without leading zeros. Every method that takes one raises `OrderRefused` (ACCOUNT_NOT_FOUND)
    for an address that is not open, every method that takes a market `OrderRefused`
    (MARKET_NOT_FOUND) for one that is not listed.

    Parameters
    ----------
    markets : iterable of MarketSpec
    now_us : callable
        The venue's clock, microseconds since the epoch; must not go back.
    seed : int, default 0
        Of the pre-generated past.
    past_hours : int, default 24
        How long a past of trades and bars every market begins with.

    Attributes
    ----------
    algos : Algos
        The algo orders; `tick` moves them on.
    margins : MarginSettings
        Leverage and margin type per account and market.
    interventions : Interventions
        What happens to accounts other than by their orders.

    """

    def __init__(
        self,
        markets: Iterable[MarketSpec],
        *,
        now_us: Callable[[], int],
        seed: int = 0,
        past_hours: int = 24,
    ) -> None:
        super().__init__(VenueState(markets, now_us))
        self._outbox = Outbox(self._state)
        self._engine = Engine(self._state, self._outbox)
        self._listing = Listing(self._state, self._engine, self._outbox)
        self.algos = Algos(self._state, self._place_child)
        self.margins = MarginSettings(self._state, self._outbox)
        self.interventions = Interventions(self._state, self._engine, self._outbox)
        self._ticker = Ticker(self._state, self._engine, self._outbox, self.interventions)
        self.markets: Mapping[str, MarketSpec] = ListedMarkets(self._state)
        write_past(self._state, seed=seed, hours=past_hours)

    @property
    def listener(self) -> Listener | None:
        """Who is told of every event: ``(event, address)``, the address None for public ones."""
        return self._outbox.listener

    @listener.setter
    def listener(self, listener: Listener | None) -> None:
        self._outbox.listener = listener

    # -- Accounts --------------------------------------------------------------------------------

    def open_account(
        self,
        address: str,
        public_key: int,
        balance_e8: int,
        *,
        tokens: Mapping[str, int] | None = None,
        is_house: bool = False,
    ) -> None:
        """
        Open an account with a deposit; nothing happens if it is open already.

        Parameters
        ----------
        address : str
        public_key : int
            Kept for the wire side, which checks signatures with it.
        balance_e8 : int
            USDC.
        tokens : mapping of str to int, optional
            Further balances, for the spot markets.
        is_house : bool, default False
            If it is a synthetic participant: no private events, a short history.

        """
        if address in self._state.accounts:
            return
        limit = HOUSE_HISTORY if is_house else _ACCOUNT_HISTORY
        self._state.add_account(address, public_key, is_house=is_house, history_limit=limit)
        for token, amount in {SETTLEMENT_ASSET: balance_e8, **(tokens or {})}.items():
            self.interventions.deposit(address, token, amount)

    def open_isolated_account(
        self, address: str, parent: str, market: str, balance_e8: int
    ) -> None:
        """
        Open an isolated-margin account of `parent` for one market, with a deposit in USDC.

        It has no key of its own: the parent's signs for it.

        """
        owner, spec = self._state.account(parent), self._state.market(market).spec
        account = self._state.add_account(
            address, owner.public_key, is_house=False, history_limit=_ACCOUNT_HISTORY
        )
        account.hang_on(owner, spec.symbol)
        self.interventions.deposit(address, SETTLEMENT_ASSET, balance_e8)

    def parent_of(self, account: str) -> str:
        """Return the account that an isolated-margin account hangs on, itself for any other."""
        return self._state.account(account).parent or account

    def has_account(self, address: str) -> bool:
        return address in self._state.accounts

    def public_key(self, account: str) -> int:
        return self._state.account(account).public_key

    def accounts(self) -> tuple[str, ...]:
        """Return the addresses of all accounts but the house's and the synthetic ones."""
        return tuple(a.address for a in self._state.accounts.values() if not a.is_house)

    def whitelist_for_rpi(self, account: str) -> None:
        """Allow an account orders with instruction RPI (`RPI_ACCOUNT_NOT_WHITELISTED` if not)."""
        self._state.account(account).may_rpi = True

    # -- Markets and the system ------------------------------------------------------------------

    @property
    def system_status(self) -> str:
        """
        A `SystemStatus`: which orders are taken, and whether triggers go off.

        Raises
        ------
        ValueError
            If set to anything else.

        """
        return self._state.system_status

    @system_status.setter
    def system_status(self, status: str) -> None:
        self._state.system_status = SystemStatus(status).value

    def list_market(self, spec: MarketSpec) -> None:
        """List a market; `ValueError` if its symbol is taken."""
        self._listing.add(spec)

    def change_market(self, spec: MarketSpec) -> None:
        """Replace a specification; `ValueError` if it would be another market (kind, strike)."""
        self._listing.change(spec)

    def delist_market(self, symbol: str) -> None:
        """Close all orders, settle all positions at the mark price, and take the market off."""
        self._listing.delist(symbol)

    def settle_market(self, symbol: str, underlying_price_e8: int | None = None) -> Settlement:
        """
        Close all orders, settle all positions, and take the market off.

        Dated markets are settled so by `tick` when they expire.

        Parameters
        ----------
        symbol : str
        underlying_price_e8 : int, optional
            Of the underlying at the end; its average over 30 minutes if None. A future is settled
            at it, an option at its payoff.

        Raises
        ------
        ValueError
            If it is a spot market, or the price is not positive.

        """
        return self._listing.settle(symbol, underlying_price_e8)

    # -- Requests: checked at once, executed by `process` ------------------------------------------

    def submit(self, account: str, order: NewOrder, bump_us: int = 0) -> OrderEvent:
        """
        Take an order and return it with status NEW, which says nothing about its acceptance.

        Parameters
        ----------
        account : str
        order : NewOrder
        bump_us : int, default 0
            For how long `process` passes over it.

        Raises
        ------
        OrderRefused
            If the order is malformed, its client id was used, or the market has too many.

        """
        owner = self._state.account(account)
        market = self._state.market(order.market)
        self._check_system_status(market, order.instruction, order.price_e8)
        check_new_order(market.spec, owner, order, self._state.now_us())
        self._check_queue()
        record = self._record(owner, order)
        owner.enter(record)
        self._engine.enqueue(New(record), bump_us)
        self._outbox.order(record)
        self._outbox.flush()
        return self._event(record)

    def submit_batch(
        self, account: str, orders: Sequence[NewOrder], bump_us: int = 0
    ) -> list[OrderEvent | OrderRefused]:
        """
        Take up to 10 orders and return for each what `submit` would return or raise.

        Raises
        ------
        OrderRefused
            BATCH_SIZE_OUT_OF_RANGE, or the account is not open.

        """
        self._check_batch(len(orders))
        self._state.account(account)
        return [self._try_submit(account, order, bump_us) for order in orders]

    def modify(self, account: str, order_id: str, change: ModifyOrder) -> OrderEvent:
        """
        Take a change of an order and return the order with its request PENDING.

        Final is the later event whose `request_status` is SUCCESS or REJECTED.

        Raises
        ------
        OrderRefused
            If the order is not there, closed or not open yet, or the change is malformed.

        """
        order = self._find(account, order_id)
        _check_alive(order)
        market = self._state.market(order.market)
        self._check_system_status(market, order.instruction, change.price_e8)
        check_modify_order(market.spec, order, change)
        self._check_queue()
        request_id = self._state.ids.order_id()
        self._engine.enqueue(Modify(order, _normal(change), request_id))
        order.request_id = request_id
        order.request_status = RequestStatus.PENDING.value
        return self._event(order)

    def cancel(self, account: str, order_id: str) -> OrderEvent:
        """Queue a cancel; `OrderRefused` ORDER_ID_NOT_FOUND or ORDER_IS_CLOSED."""
        return self._cancel(self._find(account, order_id))

    def cancel_by_client_id(
        self, account: str, client_id: str, market: str | None = None
    ) -> OrderEvent:
        """Queue a cancel; `OrderRefused` CLIENT_ORDER_ID_NOT_FOUND or ORDER_IS_CLOSED."""
        order = self._state.account(account).find_by_client_id(client_id)
        if order is None or (market is not None and order.market != market):
            raise OrderRefused(
                ErrorCode.CLIENT_ORDER_ID_NOT_FOUND, f"client order id not found: {client_id}"
            )
        return self._cancel(order)

    def cancel_all(self, account: str, market: str | None = None) -> int:
        """Queue a cancel for every live order, of one market or of all, and return how many."""
        if market is not None:
            self._state.market(market)
        orders = list(self._state.account(account).all_live(market))
        for order in orders:
            self._cancel(order)
        return len(orders)

    def cancel_batch(
        self, account: str, order_ids: Sequence[str] = (), client_ids: Sequence[str] = ()
    ) -> list[CancelOutcome]:
        """Queue cancels and return an outcome for each; `OrderRefused` for an empty batch."""
        owner = self._state.account(account)
        if not order_ids and not client_ids:
            raise OrderRefused(ErrorCode.BATCH_SIZE_OUT_OF_RANGE, "no orders to cancel")
        by_id = [self._cancel_outcome(owner.find(i), order_id=i) for i in order_ids]
        by_client_id = [
            self._cancel_outcome(owner.find_by_client_id(i), client_id=i) for i in client_ids
        ]
        return by_id + by_client_id

    # -- Time ------------------------------------------------------------------------------------

    def process(self) -> int:
        """Execute what is queued, and return how many commands that were."""
        return self._engine.process()

    def tick(self) -> None:
        """
        Move marks, funding and health on, set triggers off, publish summaries and funding data.

        Orders that are set off, and those of algos, are executed at once, requests still wait for
        `process`. Dated markets that expire are settled.

        """
        self._listing.settle_expired()
        self._ticker.tick()
        if self.system_status == SystemStatus.OK:
            self.algos.step()

    def publish_empty_deltas(self) -> None:
        """Send a book change without levels for every market, as the venue often does (capture)."""
        for market in self._state.markets.values():
            self._outbox.empty_delta(market)

    def funding_comparison(self) -> FundingComparison:
        """Return a new reader of the funding rates here and at other, made-up venues."""
        return FundingComparison(self._state)

    def set_index_price(self, underlying: str, price_e8: int) -> None:
        """
        Set the index price of an underlying ("BTC"); marks follow, triggers go off at once.

        Raises
        ------
        ValueError
            If no market has that base currency, or the price is not positive.

        """
        self._ticker.set_index_price(underlying, price_e8)

    @property
    def queued(self) -> int:
        """How many requests wait for `process`."""
        return self._engine.queued

    # -- Truth -----------------------------------------------------------------------------------

    def ledger(self) -> dict[str, object]:
        """Return the truth about all accounts, ready for JSON, numbers as decimal strings."""
        return ledger_of(self._state)

    # -- Inside ----------------------------------------------------------------------------------

    def _record(self, owner: Account, order: NewOrder) -> Order:
        now = self._state.now_us()
        return Order(
            id=self._state.ids.order_id(),
            account=owner.address,
            market=order.market,
            side=order.side,
            order_type=order.order_type,
            instruction=order.instruction,
            size_e8=order.size_e8,
            price_e8=None if order.order_type in MARKET_TYPES else order.price_e8,
            trigger_price_e8=order.trigger_price_e8,
            stp=order.stp,
            flags=(*order.flags, OrderFlag.INTERACTIVE.value) if order.interactive else order.flags,
            client_id=order.client_id,
            created_at_us=now,
            signature_timestamp_ms=order.signature_timestamp_ms,
            dime_discount=order.dime_discount,
            updated_at_us=now,
            seq=0,
        )

    def _place_child(self, account: str, order: NewOrder) -> Order:
        owner = self._state.account(account)
        record = self._record(owner, order)
        owner.enter(record)
        self._outbox.order(record)
        self._engine.run(New(record))
        return record

    def _try_submit(self, account: str, order: NewOrder, bump_us: int) -> OrderEvent | OrderRefused:
        try:
            return self.submit(account, order, bump_us)
        except OrderRefused as refused:
            return refused

    def _find(self, account: str, order_id: str) -> Order:
        order = self._state.account(account).find(order_id)
        if order is None:
            raise OrderRefused(ErrorCode.ORDER_ID_NOT_FOUND, f"order id not found: {order_id}")
        return order

    def _check_system_status(
        self, market: MarketState, instruction: str, price_e8: int | None
    ) -> None:
        fair_e8 = self.fair_price_e8(market.symbol)
        check_system_status(self.system_status, instruction, price_e8, fair_e8)

    def _cancel(self, order: Order) -> OrderEvent:
        check_cancels_are_taken(self.system_status)
        _check_alive(order)
        self._check_queue()
        self._engine.enqueue(Cancel(order))
        return self._event(order)

    def _cancel_outcome(
        self, order: Order | None, *, order_id: str = "", client_id: str = ""
    ) -> CancelOutcome:
        if order is None:
            return CancelOutcome(
                id=order_id, client_id=client_id, market="", status=CancelStatus.NOT_FOUND.value
            )
        status = CancelStatus.ALREADY_CLOSED
        if not order.is_closed:
            self._cancel(order)
            status = CancelStatus.QUEUED_FOR_CANCELLATION
        return CancelOutcome(
            id=order.id, client_id=order.client_id, market=order.market, status=status.value
        )

    def _check_queue(self) -> None:
        if self._engine.queued >= _MAX_QUEUED:
            raise OrderRefused(ErrorCode.SERVICE_UNAVAILABLE, "too many requests are waiting")

    def _check_batch(self, count: int) -> None:
        if not 1 <= count <= _MAX_BATCH:
            raise OrderRefused(
                ErrorCode.BATCH_SIZE_OUT_OF_RANGE,
                f"a batch holds 1 to {_MAX_BATCH} orders, was {count}",
            )

    def _event(self, order: Order) -> OrderEvent:
        return order_event(order, self._state.now_us())


def _check_alive(order: Order) -> None:
    if order.is_closed:
        raise OrderRefused(ErrorCode.ORDER_IS_CLOSED, f"order is closed: {order.id}")


def _normal(change: ModifyOrder) -> ModifyOrder:
    if change.order_type not in MARKET_TYPES:
        return change
    return ModifyOrder(
        market=change.market,
        side=change.side,
        order_type=change.order_type,
        size_e8=change.size_e8,
        trigger_price_e8=change.trigger_price_e8,
    )
