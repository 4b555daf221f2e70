"""Changes of open orders: refused here, or signed and sent; one at a time for each order.

The venue's reply says nothing final: an order update does, and the next change waits for it.
"""

import asyncio
from decimal import Decimal
from typing import Final

import msgspec
from nautilus_trader.execution.messages import ModifyOrder
from nautilus_trader.model.instruments import Instrument
from nautilus_trader.model.orders import Order

from nautilus_paradex.execution.commands.limits import OrderLimits
from nautilus_paradex.execution.commands.request_signer import RequestSigner
from nautilus_paradex.execution.commands.route import OrderRoute
from nautilus_paradex.execution.commands.under_way import UnderWay
from nautilus_paradex.execution.orders.events import OrderEvents
from nautilus_paradex.execution.orders.lookup import GONE_CODES
from nautilus_paradex.execution.orders.recovery import Recovery
from nautilus_paradex.execution.orders.state import OrderState
from nautilus_paradex.execution.platform import Platform
from nautilus_paradex.parsing.limits import Wanted, wanted_change
from nautilus_paradex.parsing.order_types import direction_denial_of
from nautilus_paradex.parsing.orders import OrderDraft, modify_denial_of, order_draft
from nautilus_paradex.parsing.precision import price_to_e8, quantity_to_e8
from nautilus_paradex.protocol.errors import ParadexError, SigningError
from nautilus_paradex.protocol.events import OrderEvent
from nautilus_paradex.protocol.numbers import e8_to_decimal, e8_to_str
from nautilus_paradex.protocol.rest import ModifyRequest
from nautilus_paradex.transport.errors import NotSentError, UnknownOutcomeError, VenueError

__all__ = ["Modification"]

_OUTCOME_SECS: Final = 15.0  # in which an order update tells the outcome (guess), then it is asked


class Modification:
    """
    Sends changes of orders.

    Parameters
    ----------
    platform : Platform
        The platform, as the client knows it.
    route : OrderRoute
        The way to the venue.
    signer : RequestSigner
        Signs the requests.
    events : OrderEvents
        Where refusals are told.
    recovery : Recovery
        Finds out what became of an order that cannot be changed any more.
    under_way : UnderWay
        What has been asked and not answered yet.
    limits : OrderLimits
        Knows what is certain to break a limit of the venue.

    """

    def __init__(
        self,
        platform: Platform,
        route: OrderRoute,
        signer: RequestSigner,
        events: OrderEvents,
        recovery: Recovery,
        under_way: UnderWay,
        limits: OrderLimits,
    ) -> None:
        self._route = route
        self._signer = signer
        self._events = events
        self._recovery = recovery
        self._under_way = under_way
        self._cache = platform.cache
        self._log = platform.log
        self._limits = limits

    async def modify(self, command: ModifyOrder, *, is_own: bool = False) -> None:
        """
        Refuse a change that the venue cannot make, or send it and wait for its outcome.

        One of this client's own (`is_own`), for which nobody waits, is left out if it changes
        nothing any more once it is its turn.

        """
        order = self._cache.order(command.client_order_id)
        if order is None:
            self._log.warning(f"Cannot modify {command.client_order_id!r}: not in the cache")
            return
        async with self._under_way.turn(order):
            await self._under_way.until_known(order)
            if not is_own or _changes_something(command, self._events.followed.state_of(order)):
                await self._modify(command, order)

    async def _modify(self, command: ModifyOrder, order: Order) -> None:
        state = self._events.followed.state_of(order)
        doubt = await self._learn_type(order, state)
        if order.is_closed or state.ended:
            self._log.warning(f"Cannot modify {order.client_order_id!r}: not open here")
            return
        instrument = self._cache.instrument(order.instrument_id)
        reason = (
            doubt
            or _objection(command, order, instrument, state)
            or self._turning_objection(command, order, state)
            or self._limits.objection(_wanted_by_limits(command, order, state), instrument, order)
        )
        if reason is not None:
            self._events.change_failed(order, reason)
            return
        draft = _wanted(command, order, instrument, state)
        venue_order_id = state.venue_order_id or ""
        try:
            request = self._signer.change(draft, venue_order_id)
        except SigningError as exc:
            self._events.change_failed(order, f"SIGNING_FAILED: {exc}")
            return
        size, price, trigger_price = _wanted_e8(command, state)
        is_sized = not _follows_position(command, state)
        state.expect_change((size if is_sized else None, price, trigger_price))
        settled = self._events.followed.when_settled(order)
        await self._send(order, state, request)
        if state.modify_pending:
            await self._until_settled(order, settled)

    def _turning_objection(
        self,
        command: ModifyOrder,
        order: Order,
        state: OrderState,
    ) -> str | None:
        """
        Return why a trigger may not be moved: the mark price is past where it is to be.

        The venue would wait for the wrong move, the order be cancelled for it, and a position lose
        the stop that it has.
        """
        trigger = command.trigger_price
        if trigger is None or state.triggered or trigger == order.trigger_price:
            return None
        mark = self._limits.mark_price(order.instrument_id)
        return None if mark is None else direction_denial_of(order, trigger, mark)

    async def _learn_type(self, order: Order, state: OrderState) -> str | None:
        """
        Ask for the venue's type of an order that no message of this run has told.

        A stop of an earlier run may be one of the position's, of its whole size even. Returns why
        that is not known, None where it is.
        """
        is_known = state.order_type is not None or not order.has_trigger_price
        if is_known or state.venue_order_id is None or order.is_closed:
            return None
        try:
            event = await self._recovery.read_order(order)
        except ParadexError as exc:
            return f"ORDER_TYPE_UNKNOWN: the venue could not be asked for the order: {exc}"
        if event is not None:
            state.learn_type(event)
        return None

    async def _send(self, order: Order, state: OrderState, request: ModifyRequest) -> None:
        with self._under_way.request(order):
            try:
                reply = await self._route.modify_order(request.id, request)
            except NotSentError as exc:
                self._events.change_failed(order, str(exc))
            except VenueError as exc:
                await self._refused(order, state, exc)
            except UnknownOutcomeError as exc:
                self._under_way.outcome_unknown("modifying", order, exc)
            else:
                # What the reply says of price and size is not final: an order update will tell.
                info = reply.request_info
                state.change.sent_as(None if info is None else info.id)

    async def _refused(self, order: Order, state: OrderState, exc: VenueError) -> None:
        if exc.code in GONE_CODES:
            await self._look_up(order)
        if not state.ended:
            self._events.change_failed(order, str(exc))

    async def _until_settled(self, order: Order, settled: asyncio.Event) -> None:
        try:
            async with asyncio.timeout(_OUTCOME_SECS):
                await settled.wait()
        except TimeoutError:
            asked_at = self._under_way.now_secs()
            event = await self._look_up(order)
            if event is not None:
                self._under_way.found(order, event, asked_at)

    async def _look_up(self, order: Order) -> OrderEvent | None:
        try:
            return await self._recovery.sync_order(order)
        except ParadexError as exc:
            self._log.warning(f"Cannot look up {order.client_order_id!r} yet: {exc}")
            return None


def _objection(
    command: ModifyOrder,
    order: Order,
    instrument: Instrument | None,
    state: OrderState,
) -> str | None:
    if instrument is None:
        return f"INSTRUMENT_NOT_LOADED: instrument_id={order.instrument_id}"
    if state.venue_order_id is None:
        return "ORDER_NOT_ACKNOWLEDGED: the venue has not given the order an id yet"
    if order.is_pending_cancel:
        return f"CANCEL_PENDING: status={order.status_string()}"
    return modify_denial_of(
        order,
        instrument,
        command.quantity,
        command.price,
        command.trigger_price,
        is_triggered=state.triggered,
    )


def _wanted_by_limits(command: ModifyOrder, order: Order, state: OrderState) -> Wanted:
    size_e8, _, _ = _wanted_e8(command, state)
    return wanted_change(order, e8_to_decimal(size_e8), e8_to_decimal(state.filled))


def _wanted(
    command: ModifyOrder,
    order: Order,
    instrument: Instrument,
    state: OrderState,
) -> OrderDraft:
    """Return the order as it is to be: what the command leaves out stays as the venue has it."""
    draft = order_draft(order, instrument.raw_symbol.value)
    size, price, trigger_price = _wanted_e8(command, state)
    return msgspec.structs.replace(
        draft,
        type=state.order_type or draft.type,
        size=Decimal(0) if _follows_position(command, state) else _plain(size),
        price=None if price is None else _plain(price),
        trigger_price=None if trigger_price is None else _plain(trigger_price),
    )


def _follows_position(command: ModifyOrder, state: OrderState) -> bool:
    """Whether an order goes on to be of the whole position: with a size it would be of that."""
    return state.is_whole_position and command.quantity is None


def _changes_something(command: ModifyOrder, state: OrderState) -> bool:
    return _wanted_e8(command, state) != (state.size, state.price, _trigger_of(state))


def _plain(value_e8: int) -> Decimal:
    return Decimal(e8_to_str(value_e8))


def _wanted_e8(command: ModifyOrder, state: OrderState) -> tuple[int, int | None, int | None]:
    size = state.size if command.quantity is None else quantity_to_e8(command.quantity)
    price = state.price if command.price is None else price_to_e8(command.price)
    trigger = command.trigger_price
    if trigger is None or state.triggered:
        return size, price, _trigger_of(state)
    return size, price, price_to_e8(trigger)


def _trigger_of(state: OrderState) -> int | None:
    """Return the trigger price that a change is to name, None where there is none any more."""
    return None if state.triggered else state.trigger_price
