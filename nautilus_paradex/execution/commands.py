"""Commands of strategies, sent to the venue, and what their direct answers mean.

A request ends in one of three ways: never sent or refused (the command failed, and the strategy is
told so), answered, or unknown (nothing is said; `recovery` finds out). An answer is no acceptance:
what becomes of an order is told by the streams.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from decimal import Decimal
from itertools import batched
from typing import Any, Final

from nautilus_trader.cache.cache import Cache
from nautilus_trader.common.component import LiveClock, Logger
from nautilus_trader.execution.messages import (
    BatchCancelOrders,
    CancelAllOrders,
    CancelOrder,
    ModifyOrder,
    SubmitOrder,
    SubmitOrderList,
)
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.identifiers import ClientOrderId, VenueOrderId
from nautilus_trader.model.orders import Order

from nautilus_paradex.execution.order_events import OrderEvents
from nautilus_paradex.execution.recovery import NOT_FOUND_CODES, Recovery
from nautilus_paradex.parsing.orders import OrderDraft, denial_of, modify_denial_of, order_draft
from nautilus_paradex.protocol.conversion import order_event
from nautilus_paradex.protocol.enums import CancelReason, CancelStatus, ErrorCode
from nautilus_paradex.protocol.errors import ParadexError, SigningError
from nautilus_paradex.protocol.rest import ModifyRequest, OrderRequest
from nautilus_paradex.protocol.signing import ParadexSigner
from nautilus_paradex.transport.errors import (
    NotSentError,
    UnknownOutcomeError,
    VenueError,
)
from nautilus_paradex.transport.http import ParadexHttpClient

__all__ = ["Commands"]

_MAX_CANCEL_BATCH: Final = 50

# The venue no longer has the order on its book, which does not say how it ended (api-notes).
_GONE_CODES: Final = NOT_FOUND_CODES | {
    ErrorCode.ORDER_IS_CLOSED.value,
    ErrorCode.ORDER_IS_NOT_OPEN.value,
}


class Commands:
    """
    Sends what strategies ask for.

    Parameters
    ----------
    client : LiveExecutionClient
        The client that emits (its ``generate_order_*`` methods).
    http : ParadexHttpClient
        The REST client, started and with a private key.
    events : OrderEvents
        Where answers are taken in.
    recovery : Recovery
        What finds out where an answer stays away.
    cache : Cache
        The platform's cache.
    clock : LiveClock
        The platform's clock.
    log : Logger
        The client's logger.
    create_task : callable
        Starts a coroutine under the client's supervision.
    recv_window_ms : int
        How long after its signature the venue may take an order.
    on_behalf_of_account : str, optional
        The isolated-margin account to trade for.

    """

    def __init__(
        self,
        client: Any,
        http: ParadexHttpClient,
        events: OrderEvents,
        recovery: Recovery,
        cache: Cache,
        clock: LiveClock,
        log: Logger,
        create_task: Callable[[Coroutine[Any, Any, None]], object],
        recv_window_ms: int,
        on_behalf_of_account: str | None,
    ) -> None:
        self._client = client
        self._http = http
        self._events = events
        self._recovery = recovery
        self._cache = cache
        self._clock = clock
        self._log = log
        self._create_task = create_task
        self._recv_window_ms = recv_window_ms
        self._on_behalf_of_account = on_behalf_of_account
        self._sending: dict[ClientOrderId, asyncio.Event] = {}

    # -- Submit ----------------------------------------------------------------------------------

    async def submit_order(self, command: SubmitOrder) -> None:
        await self._submit(command.order)

    async def submit_order_list(self, command: SubmitOrderList) -> None:
        # One by one: a batch fails as a whole on one bad signature, and the venue knows no
        # contingencies between its orders.
        for order in command.order_list.orders:
            await self._submit(order)

    async def _submit(self, order: Order) -> None:
        if order.is_closed:
            self._log.warning(f"Cannot submit {order.client_order_id!r}: it is closed already")
            return
        instrument = self._cache.instrument(order.instrument_id)
        if instrument is None:
            self._deny(order, f"INSTRUMENT_NOT_LOADED: instrument_id={order.instrument_id}")
            return
        reason = denial_of(order, instrument)
        if reason is not None:
            self._deny(order, reason)
            return
        self._events.state_of(order)
        signed_at_ms = self._http.clock.now_ms()
        try:
            request = self._signed(order_draft(order, instrument.raw_symbol.value), signed_at_ms)
        except SigningError as exc:
            self._deny(order, f"SIGNING_FAILED: {exc}")
            return
        self._client.generate_order_submitted(
            strategy_id=order.strategy_id,
            instrument_id=order.instrument_id,
            client_order_id=order.client_order_id,
            ts_event=self._clock.timestamp_ns(),
        )
        sent = self._sending[order.client_order_id] = asyncio.Event()
        try:
            await self._send_new(order, request, signed_at_ms)
        finally:
            del self._sending[order.client_order_id]
            sent.set()

    async def _send_new(self, order: Order, request: OrderRequest, signed_at_ms: int) -> None:
        try:
            reply = await self._http.create_order(request)
        except NotSentError as exc:
            self._events.refuse(order, f"NOT_SENT: {exc}")
        except VenueError as exc:
            if exc.code == ErrorCode.DUPLICATED_CLIENT_ID:
                # Evidence that the order had arrived: an earlier attempt of this very request.
                self._resolve(order, signed_at_ms, str(exc))
                return
            self._events.refuse(
                order,
                str(exc),
                due_post_only=exc.code == CancelReason.POST_ONLY_WOULD_CROSS,
            )
        except UnknownOutcomeError as exc:
            self._resolve(order, signed_at_ms, str(exc))
        else:
            self._events.take_order(order_event(reply))

    def _resolve(self, order: Order, signed_at_ms: int, why: str) -> None:
        self._log.warning(f"Outcome of {order.client_order_id!r} unknown, looking it up: {why}")
        self._create_task(self._recovery.resolve_submission(order, signed_at_ms))

    def _signed(self, draft: OrderDraft, signed_at_ms: int) -> OrderRequest:
        signature = self._signer().sign_order(
            timestamp_ms=signed_at_ms,
            market=draft.market,
            side=draft.side,
            order_type=draft.type,
            size=draft.size,
            price=draft.price if draft.price is not None else Decimal(0),
        )
        return OrderRequest(
            market=draft.market,
            side=draft.side,
            type=draft.type,
            size=f"{draft.size:f}",
            price=None if draft.price is None else f"{draft.price:f}",
            instruction=draft.instruction,
            flags=draft.flags or None,
            client_id=draft.client_id,
            signature=signature,
            signature_timestamp=signed_at_ms,
            recv_window=self._recv_window_ms,
            on_behalf_of_account=self._on_behalf_of_account,
        )

    def _deny(self, order: Order, reason: str) -> None:
        self._client.generate_order_denied(
            strategy_id=order.strategy_id,
            instrument_id=order.instrument_id,
            client_order_id=order.client_order_id,
            reason=reason,
            ts_event=self._clock.timestamp_ns(),
        )

    # -- Modify ----------------------------------------------------------------------------------

    async def modify_order(self, command: ModifyOrder) -> None:
        order = self._cache.order(command.client_order_id)
        if order is None or order.is_closed:
            self._log.warning(f"Cannot modify {command.client_order_id!r}: not open here")
            return
        instrument = self._cache.instrument(order.instrument_id)
        reason = modify_denial_of(
            order,
            instrument,
            command.quantity,
            command.price,
            command.trigger_price,
        )
        venue_order_id = self._events.venue_order_id_of(order)
        if reason is None and venue_order_id is None:
            reason = "ORDER_NOT_ACKNOWLEDGED: the venue has not given the order an id yet"
        if reason is not None or venue_order_id is None:
            self._modify_failed(order, venue_order_id, reason or "")
            return
        draft = order_draft(order, instrument.raw_symbol.value)
        quantity = command.quantity or order.quantity
        price = command.price or order.price
        request = self._signed_change(
            draft,
            venue_order_id,
            quantity.as_decimal(),
            price.as_decimal(),
        )
        try:
            reply = await self._http.modify_order(venue_order_id, request)
        except (NotSentError, VenueError) as exc:
            self._modify_failed(order, venue_order_id, str(exc))
        except UnknownOutcomeError as exc:
            self._log.warning(f"Outcome of modifying {order.client_order_id!r} unknown: {exc}")
        else:
            self._events.take_order(order_event(reply))

    def _signed_change(
        self,
        draft: OrderDraft,
        venue_order_id: str,
        size: Decimal,
        price: Decimal,
    ) -> ModifyRequest:
        signed_at_ms = self._http.clock.now_ms()
        signature = self._signer().sign_modify_order(
            timestamp_ms=signed_at_ms,
            market=draft.market,
            side=draft.side,
            order_type=draft.type,
            size=size,
            price=price,
            order_id=venue_order_id,
        )
        return ModifyRequest(
            id=venue_order_id,
            market=draft.market,
            side=draft.side,
            type=draft.type,
            size=f"{size:f}",
            price=f"{price:f}",
            signature=signature,
            signature_timestamp=signed_at_ms,
            on_behalf_of_account=self._on_behalf_of_account,
        )

    def _modify_failed(self, order: Order, venue_order_id: str | None, reason: str) -> None:
        self._client.generate_order_modify_rejected(
            strategy_id=order.strategy_id,
            instrument_id=order.instrument_id,
            client_order_id=order.client_order_id,
            venue_order_id=None if venue_order_id is None else VenueOrderId(venue_order_id),
            reason=reason,
            ts_event=self._clock.timestamp_ns(),
        )

    # -- Cancel ----------------------------------------------------------------------------------

    async def cancel_order(self, command: CancelOrder) -> None:
        order = self._cache.order(command.client_order_id)
        if order is None:
            self._log.error(f"Cannot cancel {command.client_order_id!r}: not in the cache")
            return
        await self._cancel(order)

    async def batch_cancel_orders(self, command: BatchCancelOrders) -> None:
        orders = (self._cache.order(cancel.client_order_id) for cancel in command.cancels)
        await self._cancel_several([order for order in orders if order is not None])

    async def cancel_all_orders(self, command: CancelAllOrders) -> None:
        """
        Cancel a strategy's orders of one instrument, or one side of them.

        One request does it where the market holds no orders of others, which also reaches orders
        whose ids are not known yet. Otherwise they are cancelled by their ids.
        """
        for order in self._working(command):
            await self._until_sent(order)
        orders = self._working(command)
        mine = [order for order in orders if order.strategy_id == command.strategy_id]
        if not mine:
            return
        if command.order_side != OrderSide.NO_ORDER_SIDE:
            await self._cancel_several([o for o in mine if o.side == command.order_side])
        elif len(mine) < len(orders):
            await self._cancel_several(mine)
        else:
            await self._cancel_market(command.instrument_id.symbol.value, mine)

    def _working(self, command: CancelAllOrders) -> list[Order]:
        orders = [
            *self._cache.orders_open(instrument_id=command.instrument_id),
            *self._cache.orders_inflight(instrument_id=command.instrument_id),
        ]
        return list({order.client_order_id: order for order in orders}.values())

    async def _cancel_market(self, market: str, orders: Iterable[Order]) -> None:
        try:
            await self._http.cancel_all_orders(market)
        except UnknownOutcomeError as exc:
            self._log.warning(f"Outcome of cancelling all orders of {market} unknown: {exc}")
        except (NotSentError, VenueError) as exc:
            for order in orders:
                self._cancel_failed(order, str(exc))

    async def _cancel_several(self, orders: list[Order]) -> None:
        by_venue_id: dict[str, Order] = {}
        for order in orders:
            venue_order_id = self._events.venue_order_id_of(order)
            if venue_order_id is None:
                await self._cancel(order)
            else:
                by_venue_id[venue_order_id] = order
        if len(by_venue_id) == 1:
            await self._cancel(next(iter(by_venue_id.values())))
            return
        for ids in batched(by_venue_id, _MAX_CANCEL_BATCH):
            await self._cancel_batch({order_id: by_venue_id[order_id] for order_id in ids})

    async def _cancel_batch(self, by_venue_id: dict[str, Order]) -> None:
        try:
            results = await self._http.cancel_orders(list(by_venue_id))
        except UnknownOutcomeError as exc:
            self._log.warning(f"Outcome of cancelling {list(by_venue_id)} unknown: {exc}")
            return
        except (NotSentError, VenueError) as exc:
            for order in by_venue_id.values():
                self._cancel_failed(order, str(exc))
            return
        for result in results:
            order = by_venue_id.get(result.id or "")
            if order is not None and result.status != CancelStatus.QUEUED_FOR_CANCELLATION:
                await self._find_ending(order, result.status or "no status given")

    async def _until_sent(self, order: Order) -> bool:
        """Wait until an order on its way has an answer; return if it has ended by that."""
        # A cancel that overtakes its order, on another connection, finds nothing; the order rests.
        sending = self._sending.get(order.client_order_id)
        if sending is None:
            return False
        await sending.wait()
        return bool(order.is_closed)

    async def _cancel(self, order: Order) -> None:
        if await self._until_sent(order):
            return
        venue_order_id = self._events.venue_order_id_of(order)
        try:
            if venue_order_id is not None:
                await self._http.cancel_order(venue_order_id)
            else:
                await self._http.cancel_order_by_client_id(
                    order.client_order_id.value,
                    order.instrument_id.symbol.value,
                )
        except UnknownOutcomeError as exc:
            self._log.warning(f"Outcome of cancelling {order.client_order_id!r} unknown: {exc}")
        except VenueError as exc:
            if exc.code in _GONE_CODES:
                await self._find_ending(order, str(exc))
            else:
                self._cancel_failed(order, str(exc))
        except NotSentError as exc:
            self._cancel_failed(order, str(exc))

    async def _find_ending(self, order: Order, reason: str) -> None:
        """Learn how an order ended that the venue no longer cancels; refuse the cancel if open."""
        try:
            await self._recovery.sync_order(order)
        except ParadexError as exc:
            self._log.warning(f"Cannot look up {order.client_order_id!r} yet: {exc}")
        if order.is_closed or not self._events.state_of(order).ended:
            self._cancel_failed(order, reason)

    def _cancel_failed(self, order: Order, reason: str) -> None:
        venue_order_id = self._events.venue_order_id_of(order)
        self._client.generate_order_cancel_rejected(
            strategy_id=order.strategy_id,
            instrument_id=order.instrument_id,
            client_order_id=order.client_order_id,
            venue_order_id=None if venue_order_id is None else VenueOrderId(venue_order_id),
            reason=reason,
            ts_event=self._clock.timestamp_ns(),
        )

    def _signer(self) -> ParadexSigner:
        signer = self._http.signer
        if signer is None:
            raise SigningError("no private key: a read-only token cannot place or change orders")
        return signer
