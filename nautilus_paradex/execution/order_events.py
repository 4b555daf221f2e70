"""What happens to orders at the venue, told to the platform: one place for every source of news.

The private streams, replies to requests and look-ups over REST all end here. Orders the platform
knows get order events; an order placed elsewhere is announced by one report and then followed like
any other. What is said about an order, and in which order, is decided by `order_state`.
"""

from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Any, Final

from nautilus_trader.cache.cache import Cache
from nautilus_trader.common.component import LiveClock, Logger
from nautilus_trader.model.enums import OrderStatus
from nautilus_trader.model.identifiers import ClientOrderId, VenueOrderId
from nautilus_trader.model.instruments import Instrument
from nautilus_trader.model.orders import Order

from nautilus_paradex.execution.order_state import (
    Accepted,
    Action,
    Ended,
    Filled,
    ModifyRefused,
    OrderState,
    Revived,
    Updated,
)
from nautilus_paradex.parsing.instruments import instrument_id_from_symbol
from nautilus_paradex.parsing.orders import client_order_id_of
from nautilus_paradex.parsing.precision import price_to_e8, quantity_to_e8
from nautilus_paradex.parsing.reports import (
    commission_of,
    fill_price,
    fill_quantity,
    liquidity_side_of,
    order_status_report,
    trade_id_of,
    ts_ns,
)
from nautilus_paradex.protocol.endings import Ending
from nautilus_paradex.protocol.enums import OrderInstruction, OrderType
from nautilus_paradex.protocol.enums import OrderStatus as VenueStatus
from nautilus_paradex.protocol.errors import MessageError, ParadexError
from nautilus_paradex.protocol.events import FillEvent, OrderEvent

__all__ = ["OrderEvents"]

_MAX_ENDED: Final = 10_000  # orders kept after their end, to recognise what is said of them again
_MAX_ORPHANS: Final = 1_000  # fills kept until their order is known
_ENDED_LOCALLY: Final = frozenset({OrderStatus.DENIED, OrderStatus.REJECTED})
_NOT_ACCEPTED: Final = frozenset(
    {
        OrderStatus.INITIALIZED,
        OrderStatus.SUBMITTED,
        OrderStatus.EMULATED,
        OrderStatus.RELEASED,
        *_ENDED_LOCALLY,
    },
)


class OrderEvents:
    """
    Takes in order updates and fills, and emits the platform's order events.

    Parameters
    ----------
    client : LiveExecutionClient
        The client that emits (its ``generate_order_*`` and ``_send_*`` methods).
    cache : Cache
        The platform's cache: which orders and instruments it knows.
    clock : LiveClock
        The platform's clock.
    log : Logger
        The client's logger.

    """

    def __init__(self, client: Any, cache: Cache, clock: LiveClock, log: Logger) -> None:
        self._client = client
        self._cache = cache
        self._clock = clock
        self._log = log
        self._states: dict[str, OrderState] = {}
        self._ended: OrderedDict[str, OrderState] = OrderedDict()
        self._by_venue_id: dict[str, str] = {}
        self._orphans: deque[FillEvent] = deque(maxlen=_MAX_ORPHANS)
        self._filtered: OrderedDict[str, None] = OrderedDict()
        self.on_missing_fills: Callable[[OrderState, str], None] | None = None
        """Called with an order and its market when the venue reports fills that have not come."""
        self.on_orphan: Callable[[FillEvent], None] | None = None
        """Called with a fill whose order is not known."""
        self.on_revived: Callable[[OrderState, str], None] | None = None
        """Called with an order and its market when the venue has open what has ended here."""

    # -- In --------------------------------------------------------------------------------------

    def take_order(self, event: OrderEvent) -> OrderState | None:
        """Take in an order update from any source; returns the order's state, None if ignored."""
        state = self._state_of_order(event)
        if state is None:
            return None
        if event.order_id:
            self._by_venue_id[event.order_id] = state.client_order_id
        self._emit(state, state.apply_order(event), event.market or "")
        self._take_orphans(state)
        self._after(state, event.market or "")
        return state

    def take_fill(self, fill: FillEvent) -> None:
        """
        Take in a fill from any source; one that was seen before changes nothing.

        Raises
        ------
        MessageError
            If the fill has no price or no size. It is not counted as seen then.

        """
        if fill.price is None or not fill.size:
            raise MessageError(
                f"fill {fill.fill_id} of order {fill.order_id} cannot be applied: "
                f"price was {fill.price}, size was {fill.size} (1e-8)",
            )
        if not fill.order_id and not fill.client_order_id:
            self._take_transfer(fill)
            return
        state = self._state_of_fill(fill)
        if state is None:
            self._keep_orphan(fill)
            return
        self._emit(state, state.apply_fill(fill), fill.market or "")
        self._after(state, fill.market or "")

    def refuse(
        self,
        order: Order,
        reason: str,
        *,
        due_post_only: bool = False,
    ) -> None:
        """Reject an order that the venue is known not to have taken; not if it has shown it."""
        state = self.state_of(order)
        if not state.end_locally():
            return
        self._client.generate_order_rejected(
            strategy_id=order.strategy_id,
            instrument_id=order.instrument_id,
            client_order_id=order.client_order_id,
            reason=reason,
            ts_event=self._clock.timestamp_ns(),
            due_post_only=due_post_only,
        )
        self._retire(state)

    # -- What is known ---------------------------------------------------------------------------

    def state_of(self, order: Order) -> OrderState:
        """Return the state of an order of the platform, taken over from the cache if new here."""
        client_order_id = order.client_order_id.value
        state = self._states.get(client_order_id) or self._ended.get(client_order_id)
        if state is None:
            state = _state_from_cached(order)
            self._states[client_order_id] = state
            if state.venue_order_id:
                self._by_venue_id[state.venue_order_id] = client_order_id
        if order.is_closed:
            # The engine ends orders by itself when answers stay away (its in-flight check).
            state.ended = True
        return state

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
        state = self._states.get(order.client_order_id.value)
        if state is not None and state.venue_order_id:
            return state.venue_order_id
        return None if order.venue_order_id is None else str(order.venue_order_id.value)

    def has_orphan(self, fill: FillEvent) -> bool:
        """Return whether a fill still waits for its order to become known."""
        return any(fill is orphan for orphan in self._orphans)

    def drop_orphan(self, fill: FillEvent) -> None:
        """Stop keeping a fill whose order could not be found."""
        self._orphans = deque(
            (orphan for orphan in self._orphans if orphan is not fill),
            maxlen=_MAX_ORPHANS,
        )

    # -- Orders ----------------------------------------------------------------------------------

    def _state_of_order(self, event: OrderEvent) -> OrderState | None:
        order = self.find_order(event.client_order_id, event.order_id)
        if order is not None:
            return self.state_of(order)
        return self._announce(event)

    def _state_of_fill(self, fill: FillEvent) -> OrderState | None:
        order = self.find_order(fill.client_order_id, fill.order_id)
        return None if order is None else self.state_of(order)

    def _announce(self, event: OrderEvent) -> OrderState | None:
        """
        Tell the platform of an order placed elsewhere, so that it can be followed.

        The report says "accepted, nothing filled" whatever has happened since: the engine would
        invent fills for a reported quantity and count the real ones again.
        """
        never_worked = event.status == VenueStatus.CLOSED and event.size_open == event.size
        if event.status == VenueStatus.NEW or never_worked or event.order_id in self._filtered:
            return None
        instrument = self._instrument(event.market)
        if instrument is None or not event.size:
            self._log.warning(
                f"Cannot follow order {event.order_id}: no instrument for {event.market!r}, "
                f"or no size (was {event.size})",
            )
            return None
        report = order_status_report(
            event,
            account_id=self._client.account_id,
            instrument=instrument,
            ts_init=self._clock.timestamp_ns(),
            filled=0,
            status=OrderStatus.ACCEPTED,
        )
        self._client._send_order_status_report(report)
        order = self.find_order(event.client_order_id, event.order_id)
        if order is None:
            # The engine is configured to drop what no strategy claims.
            _remember(self._filtered, event.order_id or "", None)
            return None
        state = self.state_of(order)
        state.accepted = True
        return state

    def _take_orphans(self, state: OrderState) -> None:
        if not self._orphans:
            return
        mine = [fill for fill in self._orphans if fill.order_id == state.venue_order_id]
        for fill in mine:
            self.drop_orphan(fill)
            self.take_fill(fill)

    def _keep_orphan(self, fill: FillEvent) -> None:
        if fill.order_id in self._filtered:
            return
        self._orphans.append(fill)
        if self.on_orphan is not None:
            self.on_orphan(fill)

    def _take_transfer(self, fill: FillEvent) -> None:
        """Give a fill without an order (a position transfer) an order of its own to belong to."""
        trade_id = trade_id_of(fill).value
        created_at = fill.created_at or fill.ts
        order = OrderEvent(
            ts=created_at,
            status=VenueStatus.OPEN.value,
            side=fill.side,
            order_type=OrderType.MARKET.value,
            time_in_force=OrderInstruction.GTC.value,
            size=fill.size,
            size_open=fill.size,
            created_at=created_at,
            updated_at=created_at,
            order_id=trade_id,
            client_order_id="",
            market=fill.market,
        )
        state = self.take_order(order)
        if state is not None:
            self._emit(state, state.apply_fill(fill), fill.market or "")
            self._after(state, fill.market or "")

    def _after(self, state: OrderState, market: str) -> None:
        if state.ended:
            self._retire(state)
        elif state.missing_fills and self.on_missing_fills is not None:
            self.on_missing_fills(state, market)

    def _retire(self, state: OrderState) -> None:
        if self._states.pop(state.client_order_id, None) is None:
            return
        forgotten = _remember(self._ended, state.client_order_id, state)
        if forgotten is not None and forgotten.venue_order_id:
            self._by_venue_id.pop(forgotten.venue_order_id, None)

    def _instrument(self, market: str | None) -> Instrument | None:
        return self._cache.instrument(instrument_id_from_symbol(market)) if market else None

    # -- Out -------------------------------------------------------------------------------------

    def _emit(self, state: OrderState, actions: list[Action], market: str) -> None:
        if not actions:
            return
        order = self._cache.order(ClientOrderId(state.client_order_id))
        if order is None:
            self._log.error(f"Order {state.client_order_id} is gone from the cache: {actions}")
            return
        for action in actions:
            self._emit_one(state, order, action, market)

    def _emit_one(self, state: OrderState, order: Order, action: Action, market: str) -> None:
        match action:
            case Accepted():
                self._client.generate_order_accepted(
                    **self._ids(state, order),
                    ts_event=ts_ns(action.ts_us),
                )
            case Filled():
                self._emit_fill(state, order, action.fill)
            case Updated():
                self._emit_update(state, order, action)
            case ModifyRefused():
                self._client.generate_order_modify_rejected(
                    **self._ids(state, order),
                    reason=action.reason,
                    ts_event=ts_ns(action.ts_us),
                )
            case Ended():
                self._emit_end(state, order, action)
            case Revived():
                self._log.error(
                    f"{order.client_order_id!r} is open at the venue as {state.venue_order_id} "
                    f"although it has ended here as {order.status_string()}",
                )
                if self.on_revived is not None:
                    self.on_revived(state, market)

    def _emit_fill(self, state: OrderState, order: Order, fill: FillEvent) -> None:
        instrument = self._cache.instrument(order.instrument_id)
        if instrument is None:
            raise ParadexError(
                f"fill {fill.fill_id} of {order.client_order_id} cannot be applied: instrument "
                f"{order.instrument_id} is not loaded",
            )
        if fill.side and fill.side != order.side_string():
            self._log.warning(
                f"Fill {fill.fill_id} says {fill.side}, its order {order.client_order_id!r} is "
                f"{order.side_string()}: the order's side is taken",
            )
        self._client.generate_order_filled(
            **self._ids(state, order),
            venue_position_id=None,
            trade_id=trade_id_of(fill),
            order_side=order.side,
            order_type=order.order_type,
            last_qty=fill_quantity(fill.size, instrument),
            last_px=fill_price(fill.price, instrument),
            quote_currency=instrument.quote_currency,
            commission=commission_of(fill, instrument),
            liquidity_side=liquidity_side_of(fill.liquidity),
            ts_event=ts_ns(fill.created_at or fill.ts),
        )

    def _emit_update(self, state: OrderState, order: Order, update: Updated) -> None:
        instrument = self._cache.instrument(order.instrument_id)
        trigger = update.trigger_price
        self._client.generate_order_updated(
            **self._ids(state, order),
            quantity=fill_quantity(update.size, instrument),
            price=None if update.price is None else fill_price(update.price, instrument),
            trigger_price=None if trigger is None else fill_price(trigger, instrument),
            ts_event=ts_ns(update.ts_us),
        )

    def _emit_end(self, state: OrderState, order: Order, end: Ended) -> None:
        if end.ending == Ending.REJECTED:
            self._client.generate_order_rejected(
                strategy_id=order.strategy_id,
                instrument_id=order.instrument_id,
                client_order_id=order.client_order_id,
                reason=end.reason,
                ts_event=ts_ns(end.ts_us),
                due_post_only=end.due_post_only,
            )
            return
        if end.reason:
            self._log.info(f"{order.client_order_id!r} closed by the venue: {end.reason}")
        emit = (
            self._client.generate_order_expired
            if end.ending == Ending.EXPIRED
            else self._client.generate_order_canceled
        )
        emit(**self._ids(state, order), ts_event=ts_ns(end.ts_us))

    def _ids(self, state: OrderState, order: Order) -> dict[str, Any]:
        return {
            "strategy_id": order.strategy_id,
            "instrument_id": order.instrument_id,
            "client_order_id": order.client_order_id,
            "venue_order_id": VenueOrderId(state.venue_order_id or "UNKNOWN"),
        }


def _state_from_cached(order: Order) -> OrderState:
    trigger_price = order.trigger_price if order.has_trigger_price else None
    counted = frozenset(order.trade_ids)
    return OrderState(
        client_order_id=order.client_order_id.value,
        size=quantity_to_e8(order.quantity),
        price=price_to_e8(order.price) if order.has_price else None,
        trigger_price=None if trigger_price is None else price_to_e8(trigger_price),
        venue_order_id=None if order.venue_order_id is None else order.venue_order_id.value,
        filled=quantity_to_e8(order.filled_qty),
        accepted=order.status not in _NOT_ACCEPTED,
        ended=order.is_closed,
        is_counted=lambda fill: trade_id_of(fill) in counted,
        is_applied=lambda fill: trade_id_of(fill) in order.trade_ids,
    )


def _remember[V](cache: OrderedDict[str, V], key: str, value: V) -> V | None:
    """Put a value into a bounded cache; returns the one that had to go."""
    cache[key] = value
    cache.move_to_end(key)
    return cache.popitem(last=False)[1] if len(cache) > _MAX_ENDED else None
