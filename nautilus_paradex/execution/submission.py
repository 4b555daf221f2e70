"""New orders: denied, or signed and sent, and what the direct answer means."""

from collections.abc import Callable, Coroutine
from typing import Any

from nautilus_trader.cache.cache import Cache
from nautilus_trader.common.component import Logger
from nautilus_trader.model.orders import Order

from nautilus_paradex.execution.order_events import OrderEvents
from nautilus_paradex.execution.recovery import Recovery
from nautilus_paradex.execution.request_signer import RequestSigner
from nautilus_paradex.execution.route import OrderRoute
from nautilus_paradex.execution.under_way import UnderWay
from nautilus_paradex.parsing.orders import denial_of, order_draft
from nautilus_paradex.protocol.conversion import order_event
from nautilus_paradex.protocol.enums import CancelReason, ErrorCode
from nautilus_paradex.protocol.errors import SigningError
from nautilus_paradex.protocol.rest import OrderRequest
from nautilus_paradex.transport.errors import NotSentError, UnknownOutcomeError, VenueError

__all__ = ["Submission"]


class Submission:
    """
    Sends new orders, one by one.

    Parameters
    ----------
    route : OrderRoute
        The way to the venue.
    signer : RequestSigner
        Signs the requests.
    events : OrderEvents
        Where answers are taken in, and denials and refusals told.
    recovery : Recovery
        Finds out what became of an order whose answer stays away.
    under_way : UnderWay
        What has been asked and not answered yet.
    cache : Cache
        The platform's cache, for instruments.
    log : Logger
        The client's logger.
    create_task : callable
        Starts a coroutine under the client's supervision.

    """

    def __init__(
        self,
        route: OrderRoute,
        signer: RequestSigner,
        events: OrderEvents,
        recovery: Recovery,
        under_way: UnderWay,
        cache: Cache,
        log: Logger,
        create_task: Callable[[Coroutine[Any, Any, None]], object],
    ) -> None:
        self._route = route
        self._signer = signer
        self._events = events
        self._recovery = recovery
        self._under_way = under_way
        self._cache = cache
        self._log = log
        self._create_task = create_task

    async def submit(self, order: Order) -> None:
        """Deny an order that the venue cannot take, or send it."""
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
            self._events.deny(order, reason)
            return
        try:
            request = self._signer.order(order_draft(order, instrument.raw_symbol.value))
        except SigningError as exc:
            self._events.deny(order, f"SIGNING_FAILED: {exc}")
            return
        self._events.submitted(order)
        with self._under_way.submission(order):
            await self._send(order, request)

    async def _send(self, order: Order, request: OrderRequest) -> None:
        try:
            reply = await self._route.create_order(request)
        except NotSentError as exc:
            self._events.refuse(order, f"NOT_SENT: {exc}")
        except VenueError as exc:
            if exc.code == ErrorCode.DUPLICATED_CLIENT_ID:
                # Evidence that the order had arrived: an earlier attempt of this very request.
                self._resolve(order, request, str(exc))
                return
            self._events.refuse(
                order,
                str(exc),
                due_post_only=exc.code == CancelReason.POST_ONLY_WOULD_CROSS,
            )
        except UnknownOutcomeError as exc:
            self._resolve(order, request, str(exc))
        else:
            self._events.take_order(order_event(reply))

    def _resolve(self, order: Order, request: OrderRequest, why: str) -> None:
        self._log.warning(f"Outcome of {order.client_order_id!r} unknown, looking it up: {why}")
        self._create_task(self._recovery.resolve_submission(order, request.signature_timestamp))
