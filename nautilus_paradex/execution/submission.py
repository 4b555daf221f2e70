"""New orders: denied, or signed and sent, and what the direct answer means."""

from collections.abc import Callable, Coroutine, Iterable, Mapping
from typing import Any, Final

from nautilus_trader.cache.cache import Cache
from nautilus_trader.common.component import Logger
from nautilus_trader.model.orders import Order

from nautilus_paradex.execution.order_events import OrderEvents
from nautilus_paradex.execution.recovery import Recovery
from nautilus_paradex.execution.request_signer import RequestSigner
from nautilus_paradex.execution.route import OrderRoute
from nautilus_paradex.execution.under_way import UnderWay
from nautilus_paradex.parsing.order_params import (
    NO_FEATURES,
    OrderFeatures,
    OrderParamError,
    features_of,
    unknown_params,
)
from nautilus_paradex.parsing.orders import denial_of, order_draft
from nautilus_paradex.protocol.conversion import order_event
from nautilus_paradex.protocol.enums import CancelReason, ErrorCode
from nautilus_paradex.protocol.errors import SigningError
from nautilus_paradex.protocol.rest import OrderRequest
from nautilus_paradex.transport.errors import NotSentError, UnknownOutcomeError, VenueError

__all__ = ["Submission"]

_MAX_UNKNOWN: Final = 100


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
    defaults : OrderFeatures, optional
        What orders ask for that do not say otherwise.

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
        defaults: OrderFeatures = NO_FEATURES,
    ) -> None:
        self._route = route
        self._signer = signer
        self._events = events
        self._recovery = recovery
        self._under_way = under_way
        self._cache = cache
        self._log = log
        self._create_task = create_task
        self._defaults = defaults
        self._unknown: set[str] = set()

    async def submit(self, order: Order, params: Mapping[str, object] | None = None) -> None:
        """Deny an order that the venue cannot take, or send it."""
        if order.is_closed:
            self._log.warning(f"Cannot submit {order.client_order_id!r}: it is closed already")
            return
        request = self.prepare(order, params)
        if request is None:
            return
        self._events.submitted(order)
        with self._under_way.submission(order):
            await self._send(order, request)

    def prepare(
        self,
        order: Order,
        params: Mapping[str, object] | None = None,
    ) -> OrderRequest | None:
        """Return the signed request of an order, or deny the order and return None."""
        instrument = self._cache.instrument(order.instrument_id)
        if instrument is None:
            self._events.deny(order, f"INSTRUMENT_NOT_LOADED: instrument_id={order.instrument_id}")
            return None
        self._warn_of_unknown(params, order.tags)
        try:
            features = features_of(params, order.tags, self._defaults)
            reason = denial_of(order, instrument, features)
            if reason is None:
                draft = order_draft(order, instrument.raw_symbol.value, features)
                return self._signer.order(draft)
        except OrderParamError as exc:
            reason = str(exc)
        except SigningError as exc:
            reason = f"SIGNING_FAILED: {exc}"
        self._events.deny(order, reason)
        return None

    def _warn_of_unknown(
        self,
        params: Mapping[str, object] | None,
        tags: Iterable[str] | None,
    ) -> None:
        for name in unknown_params(params, tags):
            # They may be for somebody else, such as an execution algorithm.
            if name not in self._unknown and len(self._unknown) < _MAX_UNKNOWN:
                self._unknown.add(name)
                self._log.warning(f"Order param {name!r} means nothing here, it is left alone")

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
        self._create_task(self._recovery.resolve_submission(order, request))
