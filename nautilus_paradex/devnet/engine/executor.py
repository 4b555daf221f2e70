"""Executes what is queued, one command after the other: accept, work, cancel, modify, trigger.

The only place that changes an order's status. Requests are checked before they get here
(`validation`); what an order may do is `acceptance`, whom it meets `matching`.
"""

import heapq
import itertools
from collections import deque
from dataclasses import dataclass, replace
from typing import Final

from nautilus_paradex.devnet.engine.acceptance import reducible, refusal, trigger_refusal
from nautilus_paradex.devnet.engine.accounts import Account
from nautilus_paradex.devnet.engine.clearing import Trade, clear
from nautilus_paradex.devnet.engine.matching import match_order
from nautilus_paradex.devnet.engine.model import ModifyOrder
from nautilus_paradex.devnet.engine.orders import TRIGGER_TYPES, Order
from nautilus_paradex.devnet.engine.outbox import Outbox
from nautilus_paradex.devnet.engine.state import MarketState, VenueState
from nautilus_paradex.protocol.enums import (
    CancelReason,
    OrderFlag,
    OrderInstruction,
    OrderStatus,
    RequestStatus,
    SystemStatus,
)

__all__ = ["Cancel", "Command", "Engine", "Modify", "New"]

_NO_REASON: Final = ""


@dataclass(slots=True, frozen=True)
class New:
    order: Order


@dataclass(slots=True, frozen=True)
class Cancel:
    order: Order


@dataclass(slots=True, frozen=True)
class Modify:
    order: Order
    change: ModifyOrder
    request_id: str


type Command = New | Cancel | Modify


class Engine:
    """
    The venue's matching and risk engine.

    Parameters
    ----------
    state : VenueState
    outbox : Outbox

    """

    def __init__(self, state: VenueState, outbox: Outbox) -> None:
        self._state = state
        self._outbox = outbox
        self._queue: deque[Command] = deque()
        self._held: list[tuple[int, int, Command]] = []
        self._held_count = itertools.count()

    @property
    def queued(self) -> int:
        """How many commands wait for `process`."""
        return len(self._queue) + len(self._held)

    def enqueue(self, command: Command, bump_us: int = 0) -> None:
        """Queue a command, to be executed no sooner than in `bump_us`."""
        if bump_us:
            due_us = self._state.now_us() + bump_us
            heapq.heappush(self._held, (due_us, next(self._held_count), command))
        else:
            self._queue.append(command)

    def process(self) -> int:
        """Execute all that is queued and due, and return how many commands that were."""
        count = 0
        while self._held and self._held[0][0] <= self._state.now_us():
            self._queue.append(heapq.heappop(self._held)[-1])
        while self._queue:
            self.run(self._queue.popleft())
            count += 1
        return count

    def run(self, command: Command) -> None:
        """Execute one command at once, past the queue, and tell of what it did."""
        self._execute(command)
        self._outbox.flush(self._state.markets[command.order.market])

    def close_all(self, account: Account, reason: CancelReason) -> None:
        """Close every live order of an account at once."""
        for order in account.all_live():
            self._close(order, reason)
            self._outbox.flush(self._state.markets[order.market])

    def close_market(self, market: MarketState, reason: CancelReason) -> None:
        """Close every live order of a market; what was taken before is executed before."""
        self.process()
        for account in self._state.accounts.values():
            for order in account.all_live(market.symbol):
                self._close(order, reason)

    def check_triggers(self, market: MarketState) -> None:
        """
        Execute the orders of a market that its mark price sets off, oldest first.

        They pause while the system is in another state than ``ok`` (api-notes).

        """
        if self._state.system_status != SystemStatus.OK:
            return
        mark = market.pricing.mark_e8
        for order in [o for o in market.untriggered.values() if _is_hit(o, mark)]:
            # One that went before may have closed this one.
            if market.untriggered.pop(order.id, None) is not None:
                self._trigger(order)
                self._outbox.flush(market)

    def _execute(self, command: Command) -> None:
        order = command.order
        match command:
            case Modify():
                self._modify(command)
            case _ if order.is_closed:
                return
            case New():
                self._accept(order)
            case Cancel():
                self._close(order, CancelReason.USER_CANCELED)

    def _accept(self, order: Order) -> None:
        if order.order_type in TRIGGER_TYPES:
            self._arm(order)
        else:
            self._admit(order)

    def _arm(self, order: Order) -> None:
        self._cap_waiting(order)
        reason = trigger_refusal(self._state, order)
        if reason is not None:
            self._close(order, reason)
            return
        market = self._state.markets[order.market]
        order.flags = _with_direction(order, market.pricing.mark_e8)
        order.status = OrderStatus.UNTRIGGERED.value
        market.untriggered[order.id] = order
        self._outbox.order(order)

    def _trigger(self, order: Order) -> None:
        if order.is_position_linked:
            self._cap(order)
            self._close_counterparts(order)
        order.status = OrderStatus.NEW.value
        self._admit(order)

    def _admit(self, order: Order) -> None:
        reason = refusal(self._state, order)
        if reason is not None:
            self._close(order, reason)
            return
        self._work(order)

    def _cap_waiting(self, order: Order) -> None:
        """Cap a position-linked order at the position; size 0 stays, it follows the position."""
        if order.is_position_linked and order.size_e8:
            self._cap(order)

    def _cap(self, order: Order) -> None:
        """Bring a position-linked order to the position's size, which is what 0 asks for."""
        size = reducible(self._state.accounts[order.account], order)
        if size and (order.size_e8 == 0 or order.size_e8 > size):
            order.size_e8 = size

    def _close_counterparts(self, order: Order) -> None:
        """Close the take profits of a stop loss that is set off, and the other way round."""
        market = self._state.markets[order.market]
        for other in tuple(market.untriggered.values()):
            same = other.account == order.account and other.side == order.side
            if same and other.is_position_linked and _purpose(other) != _purpose(order):
                self._close(other, CancelReason.REDUCE_ONLY_WILL_INCREASE)

    def _work(self, order: Order) -> None:
        market = self._state.markets[order.market]
        involved = {order.account: None}

        def trade(maker: Order, size_e8: int) -> None:
            involved[maker.account] = None
            self._trade(market, maker, order, size_e8)

        limit = self._limit(market, order)
        match_order(self._state, market, order, limit, trade=trade, close=self._close)
        self._settle_rest(market, order)
        for account in involved:
            self._keep_reduce_only(market, account)

    def _trade(self, market: MarketState, maker: Order, taker: Order, size_e8: int) -> None:
        assert maker.price_e8 is not None, "a resting order has a price"
        market.book.fill(maker, size_e8)
        trade = Trade(
            id=self._state.ids.fill_id(),
            maker=maker,
            taker=taker,
            price_e8=maker.price_e8,
            size_e8=size_e8,
            seq=market.book.seq + 1,
            at_us=self._state.now_us(),
        )
        sides = clear(self._state, market, trade)
        if maker.remaining_e8 == 0:
            self._finish(maker, _NO_REASON)
        self._outbox.order(maker)
        self._outbox.trade(market, trade, sides)

    def _settle_rest(self, market: MarketState, order: Order) -> None:
        """Close what is done or may not rest, and rest the others."""
        if order.is_closed:
            return
        if order.remaining_e8 == 0:
            self._finish(order, _NO_REASON)
        elif order.is_market:
            # Somebody is left in the book: then it was the price band that ended it.
            left = market.book.first_against(order.side, None, retail=order.is_interactive)
            exhausted = CancelReason.REMAINING_IOC_CANCEL
            self._finish(order, CancelReason.EXCEEDS_MAX_SLIPPAGE if left else exhausted)
        elif order.instruction == OrderInstruction.IOC:
            self._finish(order, CancelReason.REMAINING_IOC_CANCEL)
        else:
            order.status = OrderStatus.OPEN.value
            market.book.add(order)
        self._outbox.order(order)

    def _keep_reduce_only(self, market: MarketState, address: str) -> None:
        """Close reduce-only orders, the newest first, until the position covers what is left."""
        account = self._state.accounts[address]
        live = [o for o in account.live_in(market.symbol).values() if o.reduce_only]
        for order in reversed([o for o in live if o.status == OrderStatus.OPEN]):
            total = sum(
                o.remaining_e8
                for o in live
                if o.status == OrderStatus.OPEN and o.side == order.side
            )
            if total > reducible(account, order):
                self._close(order, CancelReason.REDUCE_ONLY_WILL_INCREASE)
        for order in live:
            if order.status == OrderStatus.UNTRIGGERED and not reducible(account, order):
                self._close(order, CancelReason.REDUCE_ONLY_WILL_INCREASE)

    def _modify(self, command: Modify) -> None:
        order = command.order
        problem = self._modify_problem(order, command.change)
        status = RequestStatus.REJECTED if problem else RequestStatus.SUCCESS
        order.request_id = command.request_id
        order.request_status, order.request_message = status.value, problem
        if problem:
            self._outbox.order(order)
        else:
            self._apply(order, command.change)
        order.request_id = order.request_message = ""
        order.request_status = RequestStatus.UNSPECIFIED.value

    def _modify_problem(self, order: Order, change: ModifyOrder) -> str:
        if order.is_closed:
            return "ORDER_IS_CLOSED"
        if order.status == OrderStatus.OPEN and change.size_e8 <= order.filled_e8:
            return "size must exceed what is filled"
        if order.status == OrderStatus.UNTRIGGERED:
            return ""
        wanted = replace(order, size_e8=change.size_e8, price_e8=change.price_e8)
        return str(refusal(self._state, wanted, replaces=order) or "")

    def _apply(self, order: Order, change: ModifyOrder) -> None:
        """Change the order and tell of it, once."""
        market = self._state.markets[order.market]
        if order.status == OrderStatus.UNTRIGGERED:
            order.size_e8, order.price_e8 = change.size_e8, change.price_e8
            self._cap_waiting(order)
            if change.trigger_price_e8 is not None:
                order.trigger_price_e8 = change.trigger_price_e8
                order.flags = _with_direction(order, market.pricing.mark_e8)
            self._outbox.order(order)
            return
        if change.price_e8 == order.price_e8 and change.size_e8 <= order.size_e8:
            market.book.reduce(order, order.size_e8 - change.size_e8)
            order.size_e8 = change.size_e8
            self._outbox.order(order)
            return
        market.book.remove(order)
        order.size_e8, order.price_e8 = change.size_e8, change.price_e8
        self._work(order)

    def _close(self, order: Order, reason: CancelReason) -> None:
        market = self._state.markets[order.market]
        if order.status == OrderStatus.OPEN and order in market.book:
            market.book.remove(order)
        market.untriggered.pop(order.id, None)
        self._finish(order, reason)
        self._outbox.order(order)

    def _finish(self, order: Order, reason: str) -> None:
        order.status = OrderStatus.CLOSED.value
        order.cancel_reason = str(reason)
        self._state.accounts[order.account].leave(order)

    def _limit(self, market: MarketState, order: Order) -> int:
        if order.price_e8 is not None:
            return order.price_e8
        low, high = market.pricing.band()
        return high if order.is_buy else low


def _with_direction(order: Order, mark_e8: int) -> tuple[str, ...]:
    assert order.trigger_price_e8 is not None, "a trigger order has a trigger price"
    above = order.trigger_price_e8 > mark_e8
    direction = (
        OrderFlag.STOP_CONDITION_ABOVE_TRIGGER if above else OrderFlag.STOP_CONDITION_BELOW_TRIGGER
    )
    kept = [flag for flag in order.flags if flag not in _DIRECTIONS]
    return (*kept, direction.value)


_DIRECTIONS: Final = frozenset(
    {OrderFlag.STOP_CONDITION_ABOVE_TRIGGER, OrderFlag.STOP_CONDITION_BELOW_TRIGGER}
)


def _purpose(order: Order) -> str:
    """Return STOP_LOSS or TAKE_PROFIT, the type without MARKET or LIMIT."""
    return order.order_type.rpartition("_")[0]


def _is_hit(order: Order, mark_e8: int) -> bool:
    assert order.trigger_price_e8 is not None, "a trigger order has a trigger price"
    if OrderFlag.STOP_CONDITION_ABOVE_TRIGGER in order.flags:
        return mark_e8 >= order.trigger_price_e8
    return mark_e8 <= order.trigger_price_e8
