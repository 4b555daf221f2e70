"""Commands of strategies, sent to the venue, and what their direct answers mean.

A request ends in one of three ways: never sent or refused (the command failed, and the strategy is
told so), answered, or unknown (nothing is said; `recovery` finds out). An answer is no acceptance:
what becomes of an order is told by the streams.
"""

import asyncio
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
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
from nautilus_trader.live.execution_client import LiveExecutionClient
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.identifiers import ClientOrderId, VenueOrderId
from nautilus_trader.model.instruments import Instrument
from nautilus_trader.model.orders import Order

from nautilus_paradex.config import ParadexExecClientConfig
from nautilus_paradex.execution.lookup import NOT_FOUND_CODES
from nautilus_paradex.execution.order_events import OrderEvents
from nautilus_paradex.execution.recovery import Recovery
from nautilus_paradex.parsing.orders import OrderDraft, denial_of, modify_denial_of, order_draft
from nautilus_paradex.protocol.conversion import order_event
from nautilus_paradex.protocol.enums import CancelReason, CancelStatus, ErrorCode
from nautilus_paradex.protocol.errors import ParadexError, SigningError
from nautilus_paradex.protocol.rest import ModifyRequest, OrderRequest
from nautilus_paradex.protocol.signing import ParadexSigner
from nautilus_paradex.transport.errors import NotSentError, UnknownOutcomeError, VenueError
from nautilus_paradex.transport.http import ParadexHttpClient

__all__ = ["Commands"]

_MAX_CANCEL_BATCH: Final = 50
_EFFECT_SECS: Final = 15.0  # in which an answered request has shown its effect (guess)
_MAX_DOUBTFUL: Final = 10_000

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
    config : ParadexExecClientConfig
        The client's settings.

    """

    def __init__(
        self,
        client: LiveExecutionClient,
        http: ParadexHttpClient,
        events: OrderEvents,
        recovery: Recovery,
        cache: Cache,
        clock: LiveClock,
        log: Logger,
        create_task: Callable[[Coroutine[Any, Any, None]], object],
        config: ParadexExecClientConfig,
    ) -> None:
        self._client = client
        self._http = http
        self._events = events
        self._recovery = recovery
        self._cache = cache
        self._clock = clock
        self._log = log
        self._create_task = create_task
        self._config = config
        self._submitting: dict[ClientOrderId, asyncio.Event] = {}
        self._under_way: Counter[ClientOrderId] = Counter()
        self._doubtful_from: OrderedDict[ClientOrderId, float] = OrderedDict()

    # -- Submit ----------------------------------------------------------------------------------

    async def submit_order(self, command: SubmitOrder) -> None:
        await self._submit(command.order)

    async def submit_order_list(self, command: SubmitOrderList) -> None:
        # One by one: a batch fails as a whole on one bad signature.
        for order in command.order_list.orders:
            await self._submit(order)

    async def _submit(self, order: Order) -> None:
        if order.is_closed:
            self._log.warning(f"Cannot submit {order.client_order_id!r}: it is closed already")
            return
        instrument = self._cache.instrument(order.instrument_id)
        reason = (
            f"INSTRUMENT_NOT_LOADED: instrument_id={order.instrument_id}"
            if instrument is None
            else denial_of(order, instrument)
        )
        if reason is not None:
            self._deny(order, reason)
            return
        signed_at_ms = self._http.clock.now_ms()
        try:
            request = self._signed(order_draft(order, instrument.raw_symbol.value), signed_at_ms)
        except SigningError as exc:
            self._deny(order, f"SIGNING_FAILED: {exc}")
            return
        self._events.state_of(order)
        self._client.generate_order_submitted(
            strategy_id=order.strategy_id,
            instrument_id=order.instrument_id,
            client_order_id=order.client_order_id,
            ts_event=self._clock.timestamp_ns(),
        )
        named = self._submitting[order.client_order_id] = self._events.when_named(order)
        try:
            await self._send_new(order, request, signed_at_ms)
        finally:
            del self._submitting[order.client_order_id]
            named.set()

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
            recv_window=self._config.recv_window_ms,
            on_behalf_of_account=self._config.on_behalf_of_account,
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
        if order is not None:
            await self._until_known(order)
        if order is None or order.is_closed:
            self._log.warning(f"Cannot modify {command.client_order_id!r}: not open here")
            return
        instrument = self._cache.instrument(order.instrument_id)
        venue_order_id = self._events.venue_order_id_of(order)
        reason = self._objection(command, order, instrument, venue_order_id)
        if reason is not None or venue_order_id is None:
            self._events.change_failed(order, reason or "")
            return
        quantity = command.quantity or order.quantity
        price = command.price or order.price
        request = self._signed_change(
            order_draft(order, instrument.raw_symbol.value),
            venue_order_id,
            quantity.as_decimal(),
            price.as_decimal(),
        )
        self._events.state_of(order).expect_change()
        with self._request_under_way(order):
            try:
                # What the reply says of price and size is not final: an order update will tell.
                await self._http.modify_order(venue_order_id, request)
            except (NotSentError, VenueError) as exc:
                self._events.change_failed(order, str(exc))
            except UnknownOutcomeError as exc:
                self._outcome_unknown("modifying", order, exc)

    def _objection(
        self,
        command: ModifyOrder,
        order: Order,
        instrument: Instrument | None,
        venue_order_id: str | None,
    ) -> str | None:
        if instrument is None:
            return f"INSTRUMENT_NOT_LOADED: instrument_id={order.instrument_id}"
        if venue_order_id is None:
            return "ORDER_NOT_ACKNOWLEDGED: the venue has not given the order an id yet"
        return modify_denial_of(
            order,
            instrument,
            command.quantity,
            command.price,
            command.trigger_price,
        )

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
            on_behalf_of_account=self._config.on_behalf_of_account,
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
        Cancel a strategy's orders of one instrument, or one side of them, by their ids.

        The venue could cancel a whole market in one request, but that takes the orders of others
        with it, the account's stop losses among them.
        """
        filters = {
            "instrument_id": command.instrument_id,
            "strategy_id": command.strategy_id,
            "side": command.order_side or OrderSide.NO_ORDER_SIDE,
        }
        orders = [*self._cache.orders_open(**filters), *self._cache.orders_inflight(**filters)]
        await self._cancel_several(
            list({order.client_order_id: order for order in orders}.values()),
        )

    async def _cancel_several(self, orders: list[Order]) -> None:
        """Cancel those whose ids are known at once, the others as soon as they can be."""
        by_venue_id: dict[str, Order] = {}
        others: list[Order] = []
        for order in orders:
            venue_order_id = self._events.venue_order_id_of(order)
            if venue_order_id is None:
                others.append(order)
            else:
                by_venue_id[venue_order_id] = order
        if len(by_venue_id) == 1:
            others.extend(by_venue_id.values())
            by_venue_id.clear()
        batches = [
            self._cancel_batch({order_id: by_venue_id[order_id] for order_id in ids})
            for ids in batched(by_venue_id, _MAX_CANCEL_BATCH)
        ]
        await asyncio.gather(*batches, *map(self._cancel, others))

    async def _cancel_batch(self, by_venue_id: dict[str, Order]) -> None:
        were_closed = {order_id for order_id, order in by_venue_id.items() if order.is_closed}
        orders = list(by_venue_id.values())
        with self._request_under_way(*orders):
            try:
                results = await self._http.cancel_orders(list(by_venue_id))
            except UnknownOutcomeError as exc:
                for order in orders:
                    self._outcome_unknown("cancelling", order, exc)
                return
            except (NotSentError, VenueError) as exc:
                for order in orders:
                    self._cancel_failed(order, str(exc))
                return
        for result in results:
            order = by_venue_id.get(result.id or "")
            if order is not None and result.status != CancelStatus.QUEUED_FOR_CANCELLATION:
                was_closed = result.id in were_closed
                await self._find_ending(order, result.status or "no status given", was_closed)

    async def _cancel(self, order: Order) -> None:
        was_closed = order.is_closed
        with self._request_under_way(order):
            await self._until_known(order)
            if not was_closed and self._events.state_of(order).ended:
                return
            try:
                await self._send_cancel(order)
            except UnknownOutcomeError as exc:
                self._outcome_unknown("cancelling", order, exc)
            except VenueError as exc:
                if exc.code in _GONE_CODES:
                    await self._find_ending(order, str(exc), was_closed)
                else:
                    self._cancel_failed(order, str(exc))
            except NotSentError as exc:
                self._cancel_failed(order, str(exc))

    async def _send_cancel(self, order: Order) -> None:
        venue_order_id = self._events.venue_order_id_of(order)
        if venue_order_id is not None:
            await self._http.cancel_order(venue_order_id)
        else:
            await self._http.cancel_order_by_client_id(
                order.client_order_id.value,
                order.instrument_id.symbol.value,
            )

    async def _until_known(self, order: Order) -> None:
        # A cancel that overtakes its order, on another connection, finds nothing; the order rests.
        named = self._submitting.get(order.client_order_id)
        if named is not None:
            await named.wait()

    async def _find_ending(self, order: Order, reason: str, was_closed: bool) -> None:
        """Learn how an order ended that the venue no longer cancels; refuse the cancel if open."""
        try:
            await self._recovery.sync_order(order)
        except ParadexError as exc:
            self._log.warning(f"Cannot look up {order.client_order_id!r} yet: {exc}")
        if was_closed or not self._events.state_of(order).ended:
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

    # -- What is under way -----------------------------------------------------------------------

    def still_open(self, order: Order, asked_at: float) -> None:
        """
        Let an order go on that waits for a cancel or modification without effect.

        The venue had it open, unchanged, in an answer to a question of `asked_at` (monotonic
        seconds). That says something only once the outcome of the request is in doubt: at once
        where its answer was lost, after a while where it was answered and nothing followed.
        """
        client_order_id = order.client_order_id
        if self._under_way[client_order_id]:
            return
        if asked_at < self._doubtful_from.get(client_order_id, 0.0):
            return
        self._doubtful_from.pop(client_order_id, None)
        reason = "NO_EFFECT: the venue has the order open as it was"
        state = self._events.state_of(order)
        if order.is_pending_cancel and not state.ended:
            self._cancel_failed(order, reason)
        elif order.is_pending_update and state.modify_pending:
            self._events.change_failed(order, reason)

    @contextmanager
    def _request_under_way(self, *orders: Order) -> Iterator[None]:
        ids = [order.client_order_id for order in orders]
        self._under_way.update(ids)
        try:
            yield
        finally:
            self._under_way.subtract(ids)
            self._under_way += Counter()  # drops what is zero
            for client_order_id in ids:
                self._doubt(client_order_id, _EFFECT_SECS)

    def _outcome_unknown(self, what: str, order: Order, exc: UnknownOutcomeError) -> None:
        self._log.warning(f"Outcome of {what} {order.client_order_id!r} unknown: {exc}")
        self._doubt(order.client_order_id, 0.0)

    def _doubt(self, client_order_id: ClientOrderId, after_secs: float) -> None:
        # What is in doubt already stays so: a request that ends does not make it sure.
        self._doubtful_from.setdefault(client_order_id, time.monotonic() + after_secs)
        if len(self._doubtful_from) > _MAX_DOUBTFUL:
            self._doubtful_from.popitem(last=False)

    def _signer(self) -> ParadexSigner:
        signer = self._http.signer
        if signer is None:
            raise SigningError("no private key: a read-only token cannot place or change orders")
        return signer
