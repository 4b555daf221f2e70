"""What happens to orders at the venue, told to the platform: one place for every source of news.

The private streams, replies to requests and look-ups over REST all end here. Orders the platform
knows get order events; an order placed elsewhere is announced by one report and then followed like
any other. What is said about an order, and in which order, is decided by `state`.
"""

from typing import Final

from nautilus_trader.model.enums import OrderStatus
from nautilus_trader.model.events import (
    OrderCanceled,
    OrderExpired,
    OrderFilled,
    OrderRejected,
)
from nautilus_trader.model.events import OrderEvent as PlatformEvent
from nautilus_trader.model.identifiers import (
    ClientOrderId,
)
from nautilus_trader.model.instruments import Instrument
from nautilus_trader.model.objects import Price, Quantity
from nautilus_trader.model.orders import Order

from nautilus_paradex.execution.orders.actions import Accepted, Action, Misdirected, Revived
from nautilus_paradex.execution.orders.early_fills import EarlyFills
from nautilus_paradex.execution.orders.emitter import OrderEmitter
from nautilus_paradex.execution.orders.followed import FollowedOrders
from nautilus_paradex.execution.orders.loose_fills import LooseFills
from nautilus_paradex.execution.orders.state import OrderState
from nautilus_paradex.execution.orders.terms import as_sent, terms_of
from nautilus_paradex.execution.platform import Platform
from nautilus_paradex.parsing.fills import own_order, with_own_order
from nautilus_paradex.parsing.instruments import instrument_id_from_symbol
from nautilus_paradex.parsing.reports import (
    order_status_report,
)
from nautilus_paradex.protocol.enums import OrderStatus as VenueStatus
from nautilus_paradex.protocol.errors import MessageError
from nautilus_paradex.protocol.events import FillEvent, OrderEvent

__all__ = ["OrderEvents", "OrderWatcher"]

_ENDS: Final = (OrderCanceled, OrderExpired, OrderRejected)


class OrderWatcher:
    """Who is told of what cannot be settled from the messages alone; here nobody."""

    def on_incomplete(self, state: OrderState) -> None:
        """Fills are missing of an order, or the update that explains one."""

    def on_orphan(self, fill: FillEvent) -> None:
        """A fill has come whose order is not known; told once per order."""

    def on_early(self, fill: FillEvent) -> None:
        """A fill has closed a position that the platform does not have yet."""

    def on_revived(self, state: OrderState) -> None:
        """An order is open at the venue that nobody here owns any more."""

    def on_ended_elsewhere(self, state: OrderState) -> None:
        """The platform has ended an order by itself, of which the venue has told no end."""

    def on_misdirected(self, state: OrderState) -> None:
        """An order waits at the venue for the mark price to move the wrong way."""

    def on_unlisted(self, event: OrderEvent) -> None:
        """An order was placed elsewhere in a market whose instrument is not loaded."""

    def on_unsized(self, event: OrderEvent) -> None:
        """An order was placed elsewhere whose size is that of the position."""


class OrderEvents:
    """
    Takes in order updates and fills, and emits the platform's order events.

    Parameters
    ----------
    platform : Platform
        The platform, as the client knows it.

    Attributes
    ----------
    followed : FollowedOrders
        How each order stands.
    watcher : OrderWatcher
        Who is told of what the messages leave open.

    """

    def __init__(
        self,
        platform: Platform,
    ) -> None:
        self._platform = platform
        self._cache = platform.cache
        self._clock = platform.clock
        self._log = platform.log
        self.followed = FollowedOrders(platform.cache, platform.account_id)
        self._emitter = OrderEmitter(platform)
        self._loose = LooseFills(platform.log)
        self._early = EarlyFills(platform.cache, platform.account_id)
        self._untold_refusals: dict[str, str] = {}
        self._leaving: set[str] = set()
        self.watcher = OrderWatcher()
        platform.msgbus.subscribe("events.fills.*", self._note_applied)
        platform.msgbus.subscribe("events.order.*", self._note_end)

    # -- In --------------------------------------------------------------------------------------

    def take_order(self, event: OrderEvent) -> None:
        """
        Take in an order update from any source.

        Raises
        ------
        MessageError
            If the order was placed elsewhere and cannot be expressed.

        """
        state = self.followed.state_for(event.client_order_id, event.order_id)
        if state is None:
            state = self._announce(event)
        if state is None:
            return
        self._tell_sent(state)
        self._emit(state, state.apply_order(event))
        self.followed.index(state)
        self._after(state)
        for fill in self._loose.release(event.order_id or ""):
            self.take_fill(fill)

    def take_fill(self, fill: FillEvent) -> None:
        """
        Take in a fill from any source; one that was seen before changes nothing.

        Raises
        ------
        MessageError
            If the fill has no price or no size. It does not count as seen then.

        """
        if fill.price is None or not fill.size:
            raise MessageError(
                f"fill {fill.fill_id} of order {fill.order_id} cannot be applied: "
                f"price was {fill.price}, size was {fill.size} (1e-8)",
            )
        if self._loose.is_apart(fill) or not (fill.order_id or fill.client_order_id):
            self.take_alone(fill)
            return
        state = self.followed.state_for(fill.client_order_id, fill.order_id)
        if state is None:
            self._keep_orphan(fill)
            return
        self._apply_fill(state, fill)

    def take_alone(self, fill: FillEvent) -> None:
        """
        Take in a fill without an order (a position transfer), or of one that the venue hides.

        It gets an order of its own. Raises as `take_fill` does.
        """
        self._loose.set_apart(fill)
        owned = with_own_order(fill)
        if self.followed.state_for(None, owned.order_id) is not None:
            self.take_fill(owned)
        elif not self.followed.is_forgotten(owned.order_id or ""):
            self._loose.keep(owned.order_id or "", owned)
            self.take_order(own_order(owned))

    def is_early(self, fill: FillEvent) -> bool:
        """Return whether a fill still waits for the position that it closes."""
        return fill in self._early

    def take_early(self, fill: FillEvent) -> None:
        """Take in a fill that has waited long enough for the position that it closes."""
        state = self._early.give_out(fill)
        if state is not None:
            self._count_fill(state, fill)

    def take_as_working(self, event: OrderEvent) -> None:
        """
        Take in an order that has stayed NEW for long: the venue has it, whatever it decides yet.

        Left without an answer, the platform would reject an order that is alive.
        """
        state = self.followed.state_for(event.client_order_id, event.order_id)
        if state is not None and not state.accepted and not state.ended:
            self._tell_sent(state)
            state.accepted = True
            self._emit(state, [Accepted(event.updated_at or event.ts or 0)])

    def deny(self, order: Order, reason: str) -> None:
        """Deny an order that was not sent; the reason reads ``CODE: key=value``."""
        self._emitter.denied(order, reason)

    def end_unsent(self, order: Order) -> None:
        """Cancel an order that was never sent."""
        state = self.followed.state_of(order)
        if state.end_locally():
            self._emitter.canceled_unsent(order)
            self._retire(state)

    def change_unsent(
        self,
        order: Order,
        quantity: Quantity | None,
        price: Price | None,
        trigger_price: Price | None,
    ) -> None:
        """Change an order that was never sent; what is None stays."""
        self._emitter.updated_unsent(order, quantity, price, trigger_price)

    def submitted(self, order: Order) -> None:
        """Tell that an order is about to be sent, and follow it from here on."""
        self.followed.state_of(order)
        self._emitter.submitted(order)

    def leaving(self, order: Order, size_e8: int) -> None:
        """
        Follow an order that is about to be sent with a size (1e-8) and may come back.

        It is told to be submitted once it is certain that the venue was asked: a submitted order
        that gets no answer is rejected by the platform.

        """
        self._leaving.add(order.client_order_id.value)
        self.followed.state_of(order).size = size_e8

    def is_leaving(self, order: Order) -> bool:
        """Return whether an order is being sent that may come back."""
        return order.client_order_id.value in self._leaving

    def not_taken(self, order: Order, reason: str) -> None:
        """
        Note that the venue is known not to have taken an order, nor to have judged it.

        One that may come back is unsent again, another is rejected.

        """
        state = self.followed.state_of(order)
        if not self.is_leaving(order) or not state.end_locally():
            self.refuse(order, reason)
            return
        self._log.warning(f"{order.client_order_id!r} was not taken, it is kept: {reason}")
        client_order_id = order.client_order_id.value
        self._leaving.discard(client_order_id)
        self._untold_refusals.pop(client_order_id, None)
        self.followed.let_go(state)

    def refuse(self, order: Order, reason: str, *, due_post_only: bool = False) -> None:
        """Reject an order that the venue is known not to have taken; not if it has shown it."""
        state = self.followed.state_of(order)
        self._tell_sent(state)
        if not state.end_locally():
            self._log.warning(f"{order.client_order_id!r} is at the venue in spite of: {reason}")
            return
        self._emitter.rejected(order, reason, due_post_only=due_post_only)
        self._retire(state)

    def change_failed(self, order: Order, reason: str) -> None:
        """Tell that a modification is known to have failed."""
        state = self.followed.state_of(order)
        released = state.change_failed()
        self._emitter.change_refused(state, order, reason)
        self._emit(state, released)
        self._after(state)

    def cancel_failed(self, order: Order, reason: str) -> None:
        """Tell that a cancel is known to have failed, not before the order is accepted."""
        state = self.followed.state_of(order)
        if state.accepted or state.ended:
            self._emitter.cancel_refused(state, order, reason)
        else:
            # The platform knows no way back to a submitted order that waits for its cancel.
            self._untold_refusals[state.client_order_id] = reason

    def give_up(self, state: OrderState) -> None:
        """Take what is there of an order for all there is: the venue does not tell the rest."""
        self._emit(state, state.give_up())
        self._after(state)

    # -- Fills without an order ------------------------------------------------------------------

    def orphans_of(self, order_id: str) -> int:
        """Return how many fills of an unknown order are kept."""
        return self._loose.count(order_id)

    def adopt_orphans(self, order_id: str) -> None:
        """Take in the fills of an order that could not be found, each with an order of its own."""
        for fill in self._loose.release(order_id):
            self.take_alone(fill)

    # -- Orders ----------------------------------------------------------------------------------

    def _announce(self, event: OrderEvent) -> OrderState | None:
        """
        Tell the platform of an order placed elsewhere, so that it can be followed.

        The report says "accepted, nothing filled" whatever has happened since: the engine would
        invent fills for a reported quantity and count the real ones again.
        """
        order_id = event.order_id or ""
        if event.status == VenueStatus.NEW or self.followed.is_forgotten(order_id):
            return None
        if event.status == VenueStatus.CLOSED and event.size_open == event.size:
            # It came to nothing. An older reading of it may still be on its way, and say OPEN.
            self.followed.pass_over(order_id)
            return None
        if not event.size:
            self.watcher.on_unsized(event)
            return None
        instrument = self._instrument(event.market)
        if instrument is None:
            self.watcher.on_unlisted(event)
            return None
        report = order_status_report(
            event,
            account_id=self._platform.account_id,
            instrument=instrument,
            ts_init=self._clock.timestamp_ns(),
            filled=0,
            status=OrderStatus.ACCEPTED,
        )
        self._platform.send_order_report(report)
        order = self.followed.find_order(event.client_order_id, order_id)
        if order is None:
            # The engine is configured to drop what no strategy claims.
            self.followed.pass_over(order_id)
            self._loose.release(order_id)
            return None
        state = self.followed.state_of(order)
        state.accepted = True
        return state

    def _keep_orphan(self, fill: FillEvent) -> None:
        order_id = fill.order_id or ""
        if self.followed.is_forgotten(order_id):
            return
        if self._loose.keep(order_id, fill):
            self.watcher.on_orphan(fill)

    def _tell_sent(self, state: OrderState) -> None:
        """Tell that an order was submitted which could have come back until now."""
        if state.client_order_id not in self._leaving:
            return
        self._leaving.discard(state.client_order_id)
        order = self._cache.order(ClientOrderId(state.client_order_id))
        if order is None or order.status != OrderStatus.INITIALIZED:
            return  # a report has told more than that
        if (state.size, state.price, state.trigger_price) != terms_of(order):
            # A change that was asked for while the order left came too late for it.
            instrument = self._cache.instrument(order.instrument_id)
            self._emitter.updated_unsent(order, *as_sent(state, instrument))
        self._emitter.submitted(order)

    def _apply_fill(self, state: OrderState, fill: FillEvent) -> None:
        self._tell_sent(state)
        order = self._cache.order(ClientOrderId(state.client_order_id))
        # What can fail is done before the fill counts as seen: it would be lost otherwise.
        self._emitter.check_fill(state, order, fill)
        if self._early.is_early(state, order, fill):
            if self._early.keep(state, order, fill):
                self.watcher.on_early(fill)
            return
        self._count_fill(state, fill)

    def _count_fill(self, state: OrderState, fill: FillEvent) -> None:
        self._emit(state, state.apply_fill(fill))
        self.followed.index(state)
        self._after(state)

    def _after(self, state: OrderState) -> None:
        if not state.modify_pending:
            self.followed.settle(state)
        if state.ended:
            self._retire(state)
        elif state.is_incomplete:
            self.watcher.on_incomplete(state)

    def _retire(self, state: OrderState) -> None:
        self._untold_refusals.pop(state.client_order_id, None)
        self.followed.retire(state)

    def _note_applied(self, filled: OrderFilled) -> None:
        """Keep up with the fills that have reached an order, by whatever way."""
        self.followed.note_applied(filled.client_order_id, filled.trade_id)
        for state, fill in self._early.ready():
            self._count_fill(state, fill)

    def _note_end(self, event: PlatformEvent) -> None:
        """
        Have an end that did not come from here held against the venue.

        The platform ends an order by itself whose cancel or whose answer it has waited for too
        long; the order may be alive, and no update need come to tell so.
        """
        if not isinstance(event, _ENDS):
            return
        self._untold_refusals.pop(event.client_order_id.value, None)
        state = self.followed.working_state(event.client_order_id)
        order = self._cache.order(event.client_order_id)
        if state is None or state.ended or order is None:
            return
        if self.followed.state_of(order).ended_elsewhere:
            self.watcher.on_ended_elsewhere(state)

    def _instrument(self, market: str | None) -> Instrument | None:
        return self._cache.instrument(instrument_id_from_symbol(market)) if market else None

    def _emit(self, state: OrderState, actions: list[Action]) -> None:
        if not actions:
            return
        order = self._cache.order(ClientOrderId(state.client_order_id))
        if order is None:
            self._log.warning(
                f"{state.client_order_id} was purged before its story ended: {actions}"
            )
            return
        self._emitter.emit(state, order, actions)
        if state.accepted and (reason := self._untold_refusals.pop(state.client_order_id, None)):
            self.cancel_failed(order, reason)
        # One that has grown belongs to whoever made it grow.
        if any(isinstance(a, Revived) and not a.has_grown for a in actions):
            self.watcher.on_revived(state)
        if any(isinstance(a, Misdirected) for a in actions):
            self.watcher.on_misdirected(state)
