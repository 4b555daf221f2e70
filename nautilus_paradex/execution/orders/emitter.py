"""What follows for an order, in the platform's own events. Which events, `state` decides."""

from collections import deque
from collections.abc import Iterable
from typing import Any, Final

from nautilus_trader.core.uuid import UUID4
from nautilus_trader.model.enums import OrderStatus
from nautilus_trader.model.events import OrderUpdated
from nautilus_trader.model.identifiers import VenueOrderId
from nautilus_trader.model.objects import Price, Quantity
from nautilus_trader.model.orders import Order

from nautilus_paradex.execution.orders.actions import (
    Accepted,
    Action,
    Ended,
    Filled,
    Misdirected,
    ModifyRefused,
    Revived,
    Triggered,
    Updated,
)
from nautilus_paradex.execution.orders.state import OrderState
from nautilus_paradex.execution.platform import Platform
from nautilus_paradex.parsing.instruments import is_known_currency
from nautilus_paradex.parsing.reports import (
    commission_of,
    fill_info,
    fill_price,
    fill_quantity,
    liquidity_side_of,
    trade_id_of,
    ts_ns,
)
from nautilus_paradex.protocol.endings import Ending, is_known_reason
from nautilus_paradex.protocol.errors import MessageError
from nautilus_paradex.protocol.events import FillEvent

__all__ = ["NOT_ACCEPTED", "OrderEmitter"]

NOT_ACCEPTED: Final = frozenset(
    {
        OrderStatus.INITIALIZED,
        OrderStatus.SUBMITTED,
        OrderStatus.EMULATED,
        OrderStatus.RELEASED,
        OrderStatus.DENIED,
        OrderStatus.REJECTED,
    },
)
"""Statuses of orders that the platform has not seen accepted."""

_MAX_STRANGE: Final = 100
_REFUSED: Final = frozenset({OrderStatus.DENIED, OrderStatus.REJECTED})


class OrderEmitter:
    """
    Emits the platform's order events.

    Parameters
    ----------
    platform : Platform
        The platform, as the client knows it.

    """

    def __init__(
        self,
        platform: Platform,
    ) -> None:
        self._platform = platform
        self._client = platform.client
        self._cache = platform.cache
        self._clock = platform.clock
        self._log = platform.log
        self._strange_reasons: deque[str] = deque(maxlen=_MAX_STRANGE)

    def emit(self, state: OrderState, order: Order, actions: Iterable[Action]) -> None:
        """Emit what follows for an order, in its order."""
        for action in actions:
            self._emit_one(state, order, action)

    def check_fill(self, state: OrderState, order: Order, fill: FillEvent) -> None:
        """
        Make sure that a fill can be emitted, before it counts as seen.

        Raises
        ------
        MessageError
            If the order's instrument is not loaded, or nothing names the venue's order.
        PrecisionError
            If a number does not fit the platform.

        """
        if not (state.venue_order_id or fill.order_id):
            raise MessageError(f"fill {fill.fill_id} names no order of the venue")
        self._fill_details(order, fill)

    def denied(self, order: Order, reason: str) -> None:
        """Emit that an order was not sent."""
        self._client.generate_order_denied(
            strategy_id=order.strategy_id,
            instrument_id=order.instrument_id,
            client_order_id=order.client_order_id,
            reason=reason,
            ts_event=self._clock.timestamp_ns(),
        )

    def canceled_unsent(self, order: Order) -> None:
        """Emit that an order which was never sent is canceled."""
        self._client.generate_order_canceled(
            strategy_id=order.strategy_id,
            instrument_id=order.instrument_id,
            client_order_id=order.client_order_id,
            venue_order_id=None,
            ts_event=self._clock.timestamp_ns(),
        )

    def updated_unsent(
        self,
        order: Order,
        quantity: Quantity | None,
        price: Price | None,
        trigger_price: Price | None,
    ) -> None:
        """Emit that an order which was never sent is changed."""
        now_ns = self._clock.timestamp_ns()
        # The client's own method wants a venue order id, which such an order has not got.
        self._platform.send_order_event(
            OrderUpdated(
                trader_id=order.trader_id,
                strategy_id=order.strategy_id,
                instrument_id=order.instrument_id,
                client_order_id=order.client_order_id,
                venue_order_id=None,
                account_id=self._client.account_id,
                quantity=quantity or order.quantity,
                price=price or (order.price if order.has_price else None),
                trigger_price=trigger_price
                or (order.trigger_price if order.has_trigger_price else None),
                event_id=UUID4(),
                ts_event=now_ns,
                ts_init=now_ns,
            )
        )

    def submitted(self, order: Order) -> None:
        """Emit that an order is about to be sent."""
        self._client.generate_order_submitted(
            strategy_id=order.strategy_id,
            instrument_id=order.instrument_id,
            client_order_id=order.client_order_id,
            ts_event=self._clock.timestamp_ns(),
        )

    def rejected(
        self,
        order: Order,
        reason: str,
        *,
        due_post_only: bool = False,
        ts_event: int | None = None,
    ) -> None:
        """Emit that an order was refused; `ts_event` (ns) is now where it is None."""
        self._client.generate_order_rejected(
            strategy_id=order.strategy_id,
            instrument_id=order.instrument_id,
            client_order_id=order.client_order_id,
            reason=reason,
            ts_event=self._clock.timestamp_ns() if ts_event is None else ts_event,
            due_post_only=due_post_only,
        )

    def change_refused(
        self,
        state: OrderState,
        order: Order,
        reason: str,
        ts_event: int | None = None,
    ) -> None:
        """Emit that a modification failed; `ts_event` (ns) is now where it is None."""
        venue_order_id = state.venue_order_id
        self._client.generate_order_modify_rejected(
            strategy_id=order.strategy_id,
            instrument_id=order.instrument_id,
            client_order_id=order.client_order_id,
            venue_order_id=None if venue_order_id is None else VenueOrderId(venue_order_id),
            reason=reason,
            ts_event=self._clock.timestamp_ns() if ts_event is None else ts_event,
        )

    def cancel_refused(self, state: OrderState, order: Order, reason: str) -> None:
        """Emit that a cancel failed."""
        is_triggered = state.triggered and not order.filled_qty.raw and order.is_pending_cancel
        if is_triggered and order.is_triggered:
            # From a pending cancel the platform has no way back to triggered, but by acceptance.
            self._client.generate_order_accepted(**_ids(state, order), ts_event=order.ts_accepted)
        venue_order_id = state.venue_order_id
        self._client.generate_order_cancel_rejected(
            strategy_id=order.strategy_id,
            instrument_id=order.instrument_id,
            client_order_id=order.client_order_id,
            venue_order_id=None if venue_order_id is None else VenueOrderId(venue_order_id),
            reason=reason,
            ts_event=self._clock.timestamp_ns(),
        )
        if is_triggered:
            ts_event = order.ts_triggered or self._clock.timestamp_ns()
            self._client.generate_order_triggered(**_ids(state, order), ts_event=ts_event)

    def _emit_one(self, state: OrderState, order: Order, action: Action) -> None:
        match action:
            case Accepted():
                # A report may have accepted it before; the order has the venue's id from then on.
                if order.venue_order_id is None and order.status not in _REFUSED:
                    self._client.generate_order_accepted(
                        **_ids(state, order),
                        ts_event=ts_ns(action.ts_us),
                    )
            case Filled():
                if order.status in _REFUSED:
                    self._log.error(
                        f"{order.client_order_id!r} was filled at the venue although it is "
                        f"{order.status_string()} here: compare positions",
                    )
                self._client.generate_order_filled(
                    **_ids(state, order),
                    **self._fill_details(order, action.fill),
                )
            case Triggered():
                self._triggered(state, order, action)
            case Updated():
                self._updated(state, order, action)
            case Misdirected():
                self._log.error(
                    f"{order.client_order_id!r} would be set off the wrong way, it is being "
                    f"cancelled at the venue: {action.reason}",
                )
            case ModifyRefused():
                self.change_refused(state, order, action.reason, ts_ns(action.ts_us))
            case Ended():
                self._ended(state, order, action)
            case Revived():
                grown = ", and has grown since" if action.has_grown else ""
                self._log.error(
                    f"{order.client_order_id!r} is open at the venue as {state.venue_order_id} "
                    f"although it has ended here as {order.status_string()}{grown}",
                )

    def _fill_details(self, order: Order, fill: FillEvent) -> dict[str, Any]:
        instrument = self._cache.instrument(order.instrument_id)
        if instrument is None:
            raise MessageError(
                f"fill {fill.fill_id} of {order.client_order_id} cannot be applied: instrument "
                f"{order.instrument_id} is not loaded",
            )
        if fill.side and fill.side != order.side_string():
            self._log.warning(
                f"Fill {fill.fill_id} says {fill.side}, its order {order.client_order_id!r} is "
                f"{order.side_string()}: the order's side is taken",
            )
        if fill.fee_currency and not is_known_currency(fill.fee_currency):
            self._log.warning(
                f"A fee is charged in {fill.fee_currency}, which is not known so far: it is taken "
                "for a crypto currency with 8 decimals",
            )
        return {
            "venue_position_id": None,
            "trade_id": trade_id_of(fill),
            "order_side": order.side,
            "order_type": order.order_type,
            "last_qty": fill_quantity(fill.size, instrument),
            "last_px": fill_price(fill.price, instrument),
            "quote_currency": instrument.quote_currency,
            "commission": commission_of(fill, instrument),
            "liquidity_side": liquidity_side_of(fill.liquidity),
            "ts_event": ts_ns(fill.created_at or fill.ts),
            "info": fill_info(fill),
        }

    def _triggered(self, state: OrderState, order: Order, triggered: Triggered) -> None:
        # Reports may have told it before; and the platform has no way there from a pending cancel.
        if order.is_triggered or order.filled_qty.raw or order.is_pending_cancel:
            return
        self._client.generate_order_triggered(
            **_ids(state, order),
            ts_event=ts_ns(triggered.ts_us),
        )

    def _updated(self, state: OrderState, order: Order, update: Updated) -> None:
        instrument = self._cache.instrument(order.instrument_id)
        trigger = update.trigger_price
        self._client.generate_order_updated(
            **_ids(state, order),
            quantity=fill_quantity(update.size, instrument),
            price=None if update.price is None else fill_price(update.price, instrument),
            trigger_price=None if trigger is None else fill_price(trigger, instrument),
            ts_event=ts_ns(update.ts_us),
        )

    def _ended(self, state: OrderState, order: Order, end: Ended) -> None:
        ts_event = ts_ns(end.ts_us)
        if not is_known_reason(end.reason) and end.reason not in self._strange_reasons:
            self._strange_reasons.append(end.reason)
            self._log.warning(
                f"Unknown reason of an end: {end.reason!r}, taken by what the order had come to",
            )
        if end.ending == Ending.REJECTED:
            self.rejected(order, end.reason, due_post_only=end.due_post_only, ts_event=ts_event)
            return
        if end.reason:
            self._log.info(f"{order.client_order_id!r} closed by the venue: {end.reason}")
        emit = (
            self._client.generate_order_expired
            if end.ending == Ending.EXPIRED
            else self._client.generate_order_canceled
        )
        emit(**_ids(state, order), ts_event=ts_event)


def _ids(state: OrderState, order: Order) -> dict[str, Any]:
    assert state.venue_order_id is not None, "every message of the venue names its order"
    return {
        "strategy_id": order.strategy_id,
        "instrument_id": order.instrument_id,
        "client_order_id": order.client_order_id,
        "venue_order_id": VenueOrderId(state.venue_order_id),
    }
