"""What an account holds: balances, positions, live orders and its bounded history.

The records and their arithmetic; who may do what is `margin`, what a trade does is `clearing`.

Accounting rule: a position carries its signed cost, and only what is closed moves to the balance.
So over all accounts the balances less the open costs stay the same whatever is traded, and no
rounding can create money; the fraction of a cost released is rounded half to even, the rest of it
stays in the position.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from nautilus_paradex.devnet.engine.fixed import div_e8, round_div, sign
from nautilus_paradex.devnet.engine.history import BoundedLog, RecentOrders
from nautilus_paradex.devnet.engine.leverage import MarginSetting
from nautilus_paradex.devnet.engine.model import (
    SETTLEMENT_ASSET,
    FundingPayment,
    TradeBust,
    TransferRecord,
)
from nautilus_paradex.devnet.engine.orders import Order
from nautilus_paradex.protocol.enums import AccountStatus
from nautilus_paradex.protocol.events import FillEvent
from nautilus_paradex.protocol.numbers import E8

__all__ = ["Account", "Position"]

_E16: Final = E8 * E8


@dataclass(slots=True, eq=False)
class Position:
    """One account's position in one market; `size_e8` and `cost_e8` are signed."""

    market: str
    size_e8: int = 0
    cost_e8: int = 0
    realized_pnl_e8: int = 0
    funding_index_e16: int = 0
    last_fill_id: str = ""
    updated_at_us: int = 0
    seq: int = 0

    @property
    def average_entry_e8(self) -> int:
        return div_e8(self.cost_e8, self.size_e8) if self.size_e8 else 0

    def unrealized_pnl(self, mark_e8: int) -> int:
        """Return the gain if closed at `mark_e8`, without funding, rounded down."""
        return self.size_e8 * mark_e8 // E8 - self.cost_e8

    def accrued_funding(self, index_e16: int) -> int:
        """Return what funding would pay now, rounded down; longs pay when the index rises."""
        return -self.size_e8 * (index_e16 - self.funding_index_e16) // _E16

    def settle_funding(self, index_e16: int) -> int:
        """Return the accrued funding and start again from `index_e16`."""
        payment = self.accrued_funding(index_e16)
        self.funding_index_e16 = index_e16
        self.realized_pnl_e8 += payment
        return payment

    def trade(self, signed_size_e8: int, price_e8: int) -> int | None:
        """
        Take over a trade and return the realised gain, None if it closes nothing.

        A trade through zero first closes the position, then opens the other side.

        """
        if self.size_e8 == 0:
            self.realized_pnl_e8 = 0
        if self.size_e8 * signed_size_e8 >= 0:
            self._open(signed_size_e8, price_e8)
            return None
        closed = min(abs(signed_size_e8), abs(self.size_e8)) * sign(signed_size_e8)
        released = round_div(self.cost_e8 * abs(closed), abs(self.size_e8))
        gain = -closed * price_e8 // E8 - released
        self.size_e8 += closed
        self.cost_e8 -= released
        self.realized_pnl_e8 += gain
        if signed_size_e8 != closed:
            self.realized_pnl_e8 = 0
            self._open(signed_size_e8 - closed, price_e8)
        return gain

    def _open(self, signed_size_e8: int, price_e8: int) -> None:
        self.size_e8 += signed_size_e8
        self.cost_e8 += signed_size_e8 * price_e8 // E8


@dataclass(slots=True, eq=False)
class Account:
    """
    One account.

    `is_house` marks the venue's own accounts and the synthetic participants: they trade by the
    same rules, but nobody listens to their private events. `may_rpi` is the venue's whitelist of
    those who may quote for retail orders only. An isolated-margin account has a `parent`, with whom
    it shares a history, and one market that it may trade in.

    """

    address: str
    public_key: int
    is_house: bool
    history_limit: int
    opened_at_us: int
    updated_at_us: int
    seq: int = 0
    status: str = AccountStatus.ACTIVE.value
    may_rpi: bool = False
    parent: str | None = None
    isolated_market: str = ""
    isolated: list[str] = field(default_factory=list)
    tokens: dict[str, int] = field(default_factory=lambda: {SETTLEMENT_ASSET: 0})
    positions: dict[str, Position] = field(default_factory=dict)
    live: dict[str, dict[str, Order]] = field(default_factory=dict)
    live_by_id: dict[str, Order] = field(default_factory=dict)
    live_by_client_id: dict[str, Order] = field(default_factory=dict)
    margin_settings: dict[str, MarginSetting] = field(default_factory=dict)
    orders: RecentOrders = field(init=False)
    fills: BoundedLog[FillEvent] = field(init=False)
    funding_payments: BoundedLog[FundingPayment] = field(init=False)
    transfers: BoundedLog[TransferRecord] = field(init=False)
    tradebusts: BoundedLog[TradeBust] = field(init=False)

    def __post_init__(self) -> None:
        self.orders = RecentOrders(self.history_limit)
        self.fills = BoundedLog(self.history_limit)
        self.funding_payments = BoundedLog(self.history_limit)
        self.transfers = BoundedLog(self.history_limit)
        self.tradebusts = BoundedLog(self.history_limit)

    def hang_on(self, parent: "Account", market: str) -> None:
        """Become an isolated-margin account of `parent`; to be called before anything happened."""
        self.parent, self.isolated_market = parent.address, market
        parent.isolated.append(self.address)
        self.orders, self.fills = parent.orders, parent.fills
        self.funding_payments, self.transfers = parent.funding_payments, parent.transfers
        self.tradebusts = parent.tradebusts

    @property
    def collateral_e8(self) -> int:
        return self.tokens[SETTLEMENT_ASSET]

    def credit(self, token: str, amount_e8: int) -> None:
        self.tokens[token] = self.tokens.get(token, 0) + amount_e8

    def position(self, market: str) -> Position:
        """Return the position in a market, a flat one if there was none."""
        found = self.positions.get(market)
        if found is None:
            found = self.positions[market] = Position(market)
        return found

    def size_in(self, market: str) -> int:
        """Return the signed size of the position in a market."""
        found = self.positions.get(market)
        return found.size_e8 if found else 0

    def enter(self, order: Order) -> None:
        """Take a new order among the live ones and into the history."""
        self.orders.add(order)
        self.live.setdefault(order.market, {})[order.id] = order
        self.live_by_id[order.id] = order
        if order.client_id:
            self.live_by_client_id[order.client_id] = order

    def leave(self, order: Order) -> None:
        """Take a closed order out of the live ones."""
        del self.live[order.market][order.id], self.live_by_id[order.id]
        self.live_by_client_id.pop(order.client_id, None)

    def live_in(self, market: str) -> dict[str, Order]:
        return self.live.get(market, {})

    def all_live(self, market: str | None = None) -> Iterator[Order]:
        """Iterate over the live orders, of one market or of all, oldest first per market."""
        if market is not None:
            yield from tuple(self.live_in(market).values())
            return
        for orders in tuple(self.live.values()):
            yield from tuple(orders.values())

    def find(self, order_id: str) -> Order | None:
        """Return an order, live or recent."""
        return self.live_by_id.get(order_id) or self.orders.by_id(order_id)

    def find_by_client_id(self, client_id: str) -> Order | None:
        """Return an order, live or recent; one of an isolated account only if there is no other."""
        return self.live_by_client_id.get(client_id) or self.orders.by_client_id(client_id)

    def has_used(self, client_id: str) -> bool:
        """Whether an order of this very account had a client id."""
        order = self.find_by_client_id(client_id)
        return order is not None and order.account == self.address
