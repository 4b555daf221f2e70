"""The risk engine's look at an order that was taken: may it work, and if not, why.

Each check returns the venue's cancel reason or None; they are asked in the order of the table at
the end of `refusal`, the first reason counts. The order of checks is a guess.
"""

from collections.abc import Callable
from typing import Final

from nautilus_paradex.devnet.engine.accounts import Account
from nautilus_paradex.devnet.engine.fixed import mul_e8
from nautilus_paradex.devnet.engine.margin import open_sizes, would_be_allowed
from nautilus_paradex.devnet.engine.orders import Order
from nautilus_paradex.devnet.engine.state import MarketState, VenueState
from nautilus_paradex.protocol.enums import (
    AccountStatus,
    CancelReason,
    OrderInstruction,
    OrderStatus,
)

__all__ = ["reducible", "refusal", "trigger_refusal"]


def refusal(state: VenueState, order: Order, replaces: Order | None = None) -> CancelReason | None:
    """
    Return why `order` may not work, None if it may.

    Parameters
    ----------
    state : VenueState
    order : Order
        Not in the book; for a modification a copy with the wanted values.
    replaces : Order, optional
        The order that would leave the book for it.

    """
    case = _Case(state, order, replaces)
    for check in _CHECKS:
        reason = check(case)
        if reason is not None:
            return reason
    return None


def trigger_refusal(state: VenueState, order: Order) -> CancelReason | None:
    """Return why `order` may not wait for its trigger, None if it may; no margin is needed yet."""
    if order.reduce_only and reducible(state.accounts[order.account], order) == 0:
        return CancelReason.REDUCE_ONLY_WILL_INCREASE
    return None


def reducible(account: Account, order: Order) -> int:
    """Return by how much an order of this side could reduce the account's position."""
    return max(0, -order.signed(1) * account.size_in(order.market))


class _Case:
    """What the checks look at."""

    __slots__ = ("account", "market", "order", "replaces", "resting", "state")

    def __init__(self, state: VenueState, order: Order, replaces: Order | None) -> None:
        self.state = state
        self.order = order
        self.replaces = replaces
        self.market: MarketState = state.markets[order.market]
        self.account = state.accounts[order.account]
        self.resting = [
            other
            for other in self.account.live_in(order.market).values()
            if other.status == OrderStatus.OPEN and other is not replaces
        ]


_POST_ONLY: Final = frozenset({OrderInstruction.POST_ONLY, OrderInstruction.RPI})


def _in_liquidation(case: _Case) -> CancelReason | None:
    if case.account.status == AccountStatus.LIQUIDATION and not case.order.reduce_only:
        return CancelReason.IN_LIQUIDATION
    return None


def _below_minimum(case: _Case) -> CancelReason | None:
    order, spec, pricing = case.order, case.market.spec, case.market.pricing
    reference = pricing.index_e8 if spec.is_option else pricing.mark_e8
    if mul_e8(order.size_e8, reference) >= spec.min_notional_e8:
        return None
    if order.reduce_only and order.remaining_e8 == reducible(case.account, order):
        return None
    return CancelReason.ORDER_SIZE_BELOW_MIN


def _increases(case: _Case) -> CancelReason | None:
    order = case.order
    if not order.reduce_only:
        return None
    others = sum(o.remaining_e8 for o in case.resting if o.reduce_only and o.side == order.side)
    if others + order.remaining_e8 <= reducible(case.account, order):
        return None
    return CancelReason.REDUCE_ONLY_WILL_INCREASE


def _nothing_to_meet(case: _Case) -> CancelReason | None:
    order = case.order
    if not order.is_market:
        return None
    first = case.market.book.first_against(order.side, None, retail=order.is_interactive)
    return CancelReason.EMPTY_MARKET if first is None else None


def _crosses(case: _Case) -> CancelReason | None:
    order = case.order
    if order.instruction not in _POST_ONLY or order.price_e8 is None:
        return None
    # Nobody's RPI order can be met by an order that is itself to be RPI.
    retail = order.is_interactive and not order.is_rpi
    if case.market.book.would_cross(order.side, order.price_e8, retail=retail):
        return CancelReason.POST_ONLY_WOULD_CROSS
    return None


def _outside_band(case: _Case) -> CancelReason | None:
    order = case.order
    if order.price_e8 is None:
        return None
    low, high = case.market.pricing.band()
    if (order.price_e8 > high) if order.is_buy else (order.price_e8 < low):
        return CancelReason.EXCEEDS_MAX_SLIPPAGE
    return None


def _over_position_limit(case: _Case) -> CancelReason | None:
    size = case.account.size_in(case.order.market)
    sizes = open_sizes(size, [*case.resting, case.order])
    wanted = sizes[0] if case.order.is_buy else sizes[1]
    if wanted > case.market.spec.position_limit_e8:
        return CancelReason.ORDER_EXCEEDS_POSITION_LIMIT
    return None


def _not_enough_margin(case: _Case) -> CancelReason | None:
    # The house never lacks any, and with orders in every market it would take long to find out.
    if case.account.is_house:
        return None
    if would_be_allowed(case.state, case.account, case.order, case.replaces):
        return None
    return CancelReason.NOT_ENOUGH_MARGIN


_CHECKS: Final[tuple[Callable[[_Case], CancelReason | None], ...]] = (
    _in_liquidation,
    _below_minimum,
    _increases,
    _nothing_to_meet,
    _crosses,
    _outside_band,
    _over_position_limit,
    _not_enough_margin,
)
