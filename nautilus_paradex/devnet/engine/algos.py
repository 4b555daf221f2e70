"""Algo orders: TWAPs that place a market order every so many seconds, as the venue's clock says.

Their children are ordinary orders of the account that name neither client nor algo. What the
documents leave open is a guess and listed in docs/devnet.md.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

import msgspec

from nautilus_paradex.devnet.engine.fixed import div_e8
from nautilus_paradex.devnet.engine.history import BoundedLog
from nautilus_paradex.devnet.engine.model import (
    HistoryQuery,
    NewAlgo,
    NewOrder,
    OrderRefused,
    Page,
)
from nautilus_paradex.devnet.engine.orders import Order
from nautilus_paradex.devnet.engine.state import VenueState
from nautilus_paradex.devnet.engine.validation import check_new_algo, check_system_status
from nautilus_paradex.protocol.enums import (
    AlgoType,
    CancelReason,
    ErrorCode,
    OrderInstruction,
    OrderStatus,
    OrderType,
)

__all__ = ["AlgoReport", "Algos"]

_MAX_RUNNING: Final = 100
_HISTORY: Final = 5_000
_SEC_US: Final = 1_000_000

# What a child may end with while the algo goes on: the next one may find somebody to meet.
_PASSING: Final = frozenset(
    {
        "",
        CancelReason.EMPTY_MARKET,
        CancelReason.REMAINING_IOC_CANCEL,
        CancelReason.EXCEEDS_MAX_SLIPPAGE,
    }
)


class AlgoReport(msgspec.Struct, frozen=True, kw_only=True):
    """An algo order as it stands; `avg_fill_e8` is None before the first fill."""

    id: str
    account: str
    market: str
    side: str
    status: str
    cancel_reason: str
    size_e8: int
    remaining_e8: int
    avg_fill_e8: int | None
    duration_secs: int
    frequency_secs: int
    created_at_us: int
    end_at_us: int
    updated_at_us: int
    algo_type: str = AlgoType.TWAP.value


@dataclass(slots=True, eq=False, kw_only=True)
class _Twap:
    id: str
    account: str
    order: NewAlgo
    created_at_us: int
    updated_at_us: int
    placed: int = 0
    filled_e8: int = 0
    notional_e8: int = 0
    status: str = OrderStatus.NEW.value
    cancel_reason: str = ""

    @property
    def is_closed(self) -> bool:
        return self.status == OrderStatus.CLOSED

    @property
    def remaining_e8(self) -> int:
        return self.order.size_e8 - self.filled_e8

    @property
    def end_at_us(self) -> int:
        return self.created_at_us + self.order.duration_secs * _SEC_US

    def is_due(self, now_us: int) -> bool:
        next_at_us = self.created_at_us + self.placed * self.order.frequency_secs * _SEC_US
        return self.placed < self.order.children and next_at_us <= now_us

    def next_size_e8(self, increment_e8: int) -> int:
        """Return an even part of what remains; the last child takes what is left of it."""
        left = self.order.children - self.placed
        if left == 1:
            return self.remaining_e8
        part = self.remaining_e8 // left
        return part - part % increment_e8

    def close(self, reason: str, now_us: int) -> None:
        self.status = OrderStatus.CLOSED.value
        self.cancel_reason = reason
        self.updated_at_us = now_us

    def report(self) -> AlgoReport:
        order = self.order
        return AlgoReport(
            id=self.id,
            account=self.account,
            market=order.market,
            side=order.side,
            status=self.status,
            cancel_reason=self.cancel_reason,
            size_e8=order.size_e8,
            remaining_e8=self.remaining_e8,
            avg_fill_e8=div_e8(self.notional_e8, self.filled_e8) if self.filled_e8 else None,
            duration_secs=order.duration_secs,
            frequency_secs=order.frequency_secs,
            created_at_us=self.created_at_us,
            end_at_us=self.end_at_us,
            updated_at_us=self.updated_at_us,
        )


@dataclass(slots=True, eq=False)
class _AlgosOfAccount:
    running: dict[str, _Twap] = field(default_factory=dict)
    log: BoundedLog[_Twap] = field(default_factory=lambda: BoundedLog(_HISTORY))


class Algos:
    """
    The algo orders of all accounts.

    Every method that takes an account raises `OrderRefused` (ACCOUNT_NOT_FOUND) for an address
    that is not open.

    Parameters
    ----------
    state : VenueState
    place : callable
        Executes a child of an account at once and returns its order.

    """

    def __init__(self, state: VenueState, place: Callable[[str, NewOrder], Order]) -> None:
        self._state = state
        self._place = place
        self._by_account: dict[str, _AlgosOfAccount] = {}

    def start(self, account: str, order: NewAlgo) -> AlgoReport:
        """
        Take a TWAP and return it with status NEW; its first child is placed by the next `step`.

        Raises
        ------
        OrderRefused
            If the system takes no orders, it is malformed, its children would be too small, or the
            account has too many.

        """
        algos = self._of(account)
        now = self._state.now_us()
        check_system_status(self._state.system_status, OrderInstruction.GTC, None, 0)
        check_new_algo(self._state.market(order.market), order, now)
        if len(algos.running) >= _MAX_RUNNING:
            raise OrderRefused(
                ErrorCode.VALIDATION_ERROR, f"at most {_MAX_RUNNING} algo orders may run"
            )
        twap = _Twap(
            id=self._state.ids.order_id(),
            account=account,
            order=order,
            created_at_us=now,
            updated_at_us=now,
        )
        algos.running[twap.id] = twap
        algos.log.append(now, twap)
        return twap.report()

    def cancel(self, account: str, algo_id: str) -> AlgoReport:
        """End a TWAP; `OrderRefused` ALGO_ID_NOT_FOUND if none of that id runs."""
        twap = self._running(account, algo_id)
        self._close(twap, CancelReason.USER_CANCELED)
        return twap.report()

    def running(self, account: str) -> list[AlgoReport]:
        return [twap.report() for twap in self._of(account).running.values()]

    def find(self, account: str, algo_id: str) -> AlgoReport:
        """Return a TWAP that runs; `OrderRefused` ALGO_ID_NOT_FOUND otherwise."""
        return self._running(account, algo_id).report()

    def history(self, account: str, query: HistoryQuery) -> Page[AlgoReport]:
        """Return one page of TWAPs, running ones included, the newest first."""
        wanted = (query.market, query.side, query.status)

        def matches(twap: _Twap) -> bool:
            has = (twap.order.market, twap.order.side, twap.status)
            return all(w is None or w == h for w, h in zip(wanted, has, strict=True))

        page = self._of(account).log.page(query, matches)
        return Page(tuple(twap.report() for twap in page.results), page.next)

    def step(self) -> None:
        """Place the children that are due, and close what is done, out of time or unlisted."""
        now = self._state.now_us()
        for twap in list(self._all_running()):
            if twap.order.market not in self._state.markets:
                self._close(twap, CancelReason.ASSET_UNAVAILABLE)
            while not twap.is_closed and twap.is_due(now):
                self._place_child(twap)
            if not twap.is_closed and now >= twap.end_at_us:
                self._close(twap, CancelReason.EXPIRED)

    def _place_child(self, twap: _Twap) -> None:
        twap.status = OrderStatus.OPEN.value
        size_e8 = twap.next_size_e8(self._state.market(twap.order.market).spec.size_increment_e8)
        twap.placed += 1
        if size_e8 == 0:
            return
        child = self._place(
            twap.account,
            NewOrder(
                market=twap.order.market,
                side=twap.order.side,
                order_type=OrderType.MARKET.value,
                size_e8=size_e8,
                interactive=twap.order.interactive,
            ),
        )
        twap.filled_e8 += child.filled_e8
        twap.notional_e8 += child.filled_notional_e8
        twap.updated_at_us = self._state.now_us()
        if twap.remaining_e8 == 0:
            self._close(twap, "")
        elif child.cancel_reason not in _PASSING:
            self._close(twap, child.cancel_reason)

    def _close(self, twap: _Twap, reason: str) -> None:
        twap.close(str(reason), self._state.now_us())
        del self._of(twap.account).running[twap.id]

    def _all_running(self) -> Iterator[_Twap]:
        for algos in self._by_account.values():
            yield from algos.running.values()

    def _running(self, account: str, algo_id: str) -> _Twap:
        twap = self._of(account).running.get(algo_id)
        if twap is None:
            raise OrderRefused(ErrorCode.ALGO_ID_NOT_FOUND, f"algo id not found: {algo_id}")
        return twap

    def _of(self, account: str) -> _AlgosOfAccount:
        # An isolated account's are among those of its parent, as its orders are.
        owner = self._state.account(account).parent or account
        return self._by_account.setdefault(owner, _AlgosOfAccount())
