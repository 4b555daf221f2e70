"""The orders that are followed: how each stands, found by either of its ids.

Those that have ended are kept for a while, to recognise what is said of them again. What is said of
an order comes in at `events`.
"""

import asyncio
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from nautilus_trader.cache.cache import Cache
from nautilus_trader.model.enums import OrderStatus
from nautilus_trader.model.identifiers import (
    AccountId,
    ClientOrderId,
    InstrumentId,
    TradeId,
    VenueOrderId,
)
from nautilus_trader.model.orders import Order

from nautilus_paradex.execution.orders.emitter import NOT_ACCEPTED
from nautilus_paradex.execution.orders.pending_change import PendingChange
from nautilus_paradex.execution.orders.state import OrderState
from nautilus_paradex.execution.orders.terms import terms_of
from nautilus_paradex.parsing.order_types import HAVING_TRIGGERED_STATE, direction_of
from nautilus_paradex.parsing.orders import client_order_id_of
from nautilus_paradex.parsing.precision import quantity_to_e8
from nautilus_paradex.parsing.reports import trade_id_of
from nautilus_paradex.protocol.events import FillEvent

__all__ = ["FollowedOrders"]

_MAX_ENDED: Final = 10_000  # orders kept after their end, and ids of those that are not followed


class FollowedOrders:
    """
    Keeps the state of every order of the account, as the venue tells it.

    Parameters
    ----------
    cache : Cache
        The platform's cache: which orders it knows.
    account_id : AccountId
        The platform's id of the account.

    """

    def __init__(self, cache: Cache, account_id: AccountId) -> None:
        self._cache = cache
        self._account_id = account_id
        self._states: dict[str, OrderState] = {}
        self._in_market: defaultdict[str, set[str]] = defaultdict(set)
        self._ended: OrderedDict[str, OrderState] = OrderedDict()
        self._by_venue_id: dict[str, str] = {}
        self._applied: dict[str, set[TradeId]] = {}
        self._not_followed: OrderedDict[str, None] = OrderedDict()
        self._naming: dict[str, asyncio.Event] = {}
        self._settling: dict[str, asyncio.Event] = {}

    # -- What is known ---------------------------------------------------------------------------

    def state_of(self, order: Order) -> OrderState:
        """Return the state of an order of the platform, taken over from the cache if new here."""
        client_order_id = order.client_order_id.value
        state = self._states.get(client_order_id) or self._ended.get(client_order_id)
        if state is None:
            applied = self._applied[client_order_id] = set(order.trade_ids)
            state = _state_from_cached(order, applied)
            self._follow(state)
            self.index(state)
        filled = quantity_to_e8(order.filled_qty)
        if filled > state.filled:
            state.adopt_filled(filled, _is_one_of(self._applied[client_order_id]))
        state.sync_end(is_closed=order.is_closed, filled=filled)
        if state.ended:
            self.retire(state)
        elif self._ended.pop(client_order_id, None) is not None:
            self._follow(state)
        return state

    def state_for(self, client_id: str | None, venue_order_id: str | None) -> OrderState | None:
        """Return the state of the order with the venue's ids, None where the platform has none."""
        order = self.find_order(client_id, venue_order_id)
        return None if order is None else self.state_of(order)

    def working_state(self, client_order_id: ClientOrderId) -> OrderState | None:
        """Return the state of an order that is followed and has not ended."""
        return self._states.get(client_order_id.value)

    def find_order(self, client_id: str | None, venue_order_id: str | None) -> Order | None:
        """Return the platform's order for the venue's ids, or None where it has none."""
        known = self._by_venue_id.get(venue_order_id or "")
        client_order_id = ClientOrderId(known) if known else client_order_id_of(client_id)
        order = None if client_order_id is None else self._cache.order(client_order_id)
        if order is not None or not venue_order_id:
            return order
        client_order_id = self._cache.client_order_id(VenueOrderId(venue_order_id))
        return None if client_order_id is None else self._cache.order(client_order_id)

    def venue_order_id_of(self, order: Order) -> str | None:
        """Return the venue's id of an order, as soon as any message has told it."""
        client_order_id = order.client_order_id.value
        state = self._states.get(client_order_id) or self._ended.get(client_order_id)
        if state is not None and state.venue_order_id:
            return state.venue_order_id
        return None if order.venue_order_id is None else str(order.venue_order_id.value)

    def live_orders(self, instrument_id: InstrumentId) -> Iterator[tuple[Order, OrderState]]:
        """Yield the account's orders of a market that are sent and not over, with their states."""
        of_account = {"instrument_id": instrument_id, "account_id": self._account_id}
        # The platform learns of one that is sent by an event, which is on its way for a moment.
        followed = self._in_market.get(instrument_id.symbol.value, ())
        ids = {ClientOrderId(name) for name in followed}
        ids |= self._cache.client_order_ids_inflight(**of_account)
        ids |= self._cache.client_order_ids_open(**of_account)
        for client_order_id in ids:
            order = self._cache.order(client_order_id)
            if order is None or order.is_closed:
                continue
            # Often asked, of many orders: those that are followed need not be looked at again.
            state = self._states.get(client_order_id.value) or self.state_of(order)
            if not state.ended:
                yield order, state

    def is_unsent(self, order: Order) -> bool:
        """Return whether an order waits on this side: neither sent, nor refused, nor ended."""
        client_order_id = order.client_order_id.value
        is_followed = client_order_id in self._states or client_order_id in self._ended
        return bool(order.status == OrderStatus.INITIALIZED) and not is_followed

    def has_ended(self, order: Order) -> bool:
        """Return whether an order is over, or about to be told so."""
        return bool(order.is_closed) or order.client_order_id.value in self._ended

    def is_forgotten(self, order_id: str) -> bool:
        """Return whether an order (venue's id) is not followed, or was purged after its end."""
        return order_id in self._not_followed or self._by_venue_id.get(order_id) in self._ended

    # -- What changes ----------------------------------------------------------------------------

    def when_named(self, order: Order) -> asyncio.Event:
        """Return an event that is set once any message has told the venue's id of an order."""
        return self._naming.setdefault(order.client_order_id.value, asyncio.Event())

    def when_settled(self, order: Order) -> asyncio.Event:
        """Return an event that is set once no modification of an order is under way any more."""
        return self._settling.setdefault(order.client_order_id.value, asyncio.Event())

    def index(self, state: OrderState) -> None:
        """Find an order by the venue's id from here on, if that is known by now."""
        if state.venue_order_id:
            self._by_venue_id[state.venue_order_id] = state.client_order_id
            if named := self._naming.pop(state.client_order_id, None):
                named.set()

    def settle(self, state: OrderState) -> None:
        """Note that no modification of an order is under way any more."""
        if settled := self._settling.pop(state.client_order_id, None):
            settled.set()

    def note_applied(self, client_order_id: ClientOrderId, trade_id: TradeId) -> None:
        """Note that a fill has reached an order, by whatever way."""
        applied = self._applied.get(client_order_id.value)
        if applied is not None:
            applied.add(trade_id)

    def retire(self, state: OrderState) -> None:
        """Note that an order has ended."""
        self._naming.pop(state.client_order_id, None)
        self.settle(state)
        if state.client_order_id not in self._states:
            return
        self._unfollow(state)
        forgotten = _remember(self._ended, state.client_order_id, state)
        if forgotten is not None:
            self._applied.pop(forgotten.client_order_id, None)
            self._by_venue_id.pop(forgotten.venue_order_id or "", None)

    def let_go(self, state: OrderState) -> None:
        """Follow an order no longer: it is unsent again."""
        self._naming.pop(state.client_order_id, None)
        self._settling.pop(state.client_order_id, None)
        self._unfollow(state)
        del self._applied[state.client_order_id]

    def pass_over(self, order_id: str) -> None:
        """Never follow an order (venue's id), whatever is said of it."""
        _remember(self._not_followed, order_id, None)

    def _follow(self, state: OrderState) -> None:
        self._states[state.client_order_id] = state
        self._in_market[state.market].add(state.client_order_id)

    def _unfollow(self, state: OrderState) -> None:
        del self._states[state.client_order_id]
        self._in_market[state.market].discard(state.client_order_id)


def _state_from_cached(order: Order, applied: set[TradeId]) -> OrderState:
    size, price, trigger_price = terms_of(order)
    return OrderState(
        client_order_id=order.client_order_id.value,
        market=order.instrument_id.symbol.value,
        size=size,
        price=price,
        trigger_price=trigger_price,
        venue_order_id=None if order.venue_order_id is None else order.venue_order_id.value,
        filled=quantity_to_e8(order.filled_qty),
        accepted=order.status not in NOT_ACCEPTED,
        is_triggerable=order.order_type in HAVING_TRIGGERED_STATE,
        triggered=_was_triggered(order),
        direction=direction_of(order.order_type, order.side),
        change=PendingChange(is_pending=order.is_pending_update),
        is_counted=_is_one_of(applied),
        is_applied=lambda fill: trade_id_of(fill) in applied,
    )


def _was_triggered(order: Order) -> bool:
    is_triggerable = order.order_type in HAVING_TRIGGERED_STATE
    return is_triggerable and bool(order.is_triggered or order.filled_qty.raw)


def _is_one_of(trade_ids: Iterable[TradeId]) -> Callable[[FillEvent], bool]:
    known = frozenset(trade_ids)
    return lambda fill: trade_id_of(fill) in known


def _remember[V](cache: OrderedDict[str, V], key: str, value: V) -> V | None:
    """Put a value into a bounded cache; returns the one that had to go."""
    cache[key] = value
    cache.move_to_end(key)
    return cache.popitem(last=False)[1] if len(cache) > _MAX_ENDED else None
