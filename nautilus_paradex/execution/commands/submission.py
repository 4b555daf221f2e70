"""New orders: denied, or signed and sent, and what the direct answer means."""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from typing import Final

import msgspec
from nautilus_trader.model.identifiers import ClientOrderId
from nautilus_trader.model.orders import Order

from nautilus_paradex.execution.commands.batch_reply import outcomes_of
from nautilus_paradex.execution.commands.limits import OrderLimits
from nautilus_paradex.execution.commands.request_signer import RequestSigner
from nautilus_paradex.execution.commands.route import OrderRoute
from nautilus_paradex.execution.commands.under_way import UnderWay
from nautilus_paradex.execution.errors import CommandDeniedError
from nautilus_paradex.execution.orders.events import OrderEvents
from nautilus_paradex.execution.orders.in_doubt import OrdersInDoubt
from nautilus_paradex.execution.platform import Platform
from nautilus_paradex.parsing.limits import wanted_order
from nautilus_paradex.parsing.order_params import (
    NO_FEATURES,
    OrderFeatures,
    OrderParamError,
    features_of,
    unknown_params,
)
from nautilus_paradex.parsing.orders import OrderDraft, denial_of, order_draft
from nautilus_paradex.protocol.conversion import order_event
from nautilus_paradex.protocol.enums import CancelReason, ErrorCode
from nautilus_paradex.protocol.errors import ParadexError, SigningError
from nautilus_paradex.protocol.numbers import e8_to_decimal
from nautilus_paradex.protocol.rest import BatchError, OrderRequest
from nautilus_paradex.protocol.rest import Order as Placed
from nautilus_paradex.transport.errors import (
    NotSentError,
    RateLimitedError,
    UnknownOutcomeError,
    VenueError,
)

__all__ = ["Submission"]

_MAX_UNKNOWN: Final = 100
_MAX_BATCH: Final = 10  # orders of one request (api-notes)

# Refusals that say nothing of the order: the venue has not looked at it (openapi, guess).
_PASSING: Final = frozenset(
    {
        ErrorCode.SYSTEM_STATUS_POST_ONLY.value,
        ErrorCode.SYSTEM_STATUS_CANCEL_ONLY.value,
        ErrorCode.SERVICE_UNAVAILABLE.value,
    },
)

type _Batch = list[tuple[Order, OrderRequest]]
type _Outcome = Placed | BatchError | NotSentError | VenueError | UnknownOutcomeError | None


class Submission:
    """
    Sends new orders, one by one or in batches.

    Parameters
    ----------
    platform : Platform
        The platform, as the client knows it.
    route : OrderRoute
        The way to the venue.
    signer : RequestSigner
        Signs the requests.
    events : OrderEvents
        Where answers are taken in, and denials and refusals told.
    in_doubt : OrdersInDoubt
        Finds out what became of an order whose answer stays away.
    under_way : UnderWay
        What has been asked and not answered yet.
    limits : OrderLimits
        Knows what is certain to break a limit of the venue.
    defaults : OrderFeatures, optional
        What orders ask for that do not say otherwise.

    """

    def __init__(
        self,
        platform: Platform,
        route: OrderRoute,
        signer: RequestSigner,
        events: OrderEvents,
        in_doubt: OrdersInDoubt,
        under_way: UnderWay,
        limits: OrderLimits,
        defaults: OrderFeatures = NO_FEATURES,
    ) -> None:
        self._route = route
        self._signer = signer
        self._events = events
        self._in_doubt = in_doubt
        self._under_way = under_way
        self._cache = platform.cache
        self._log = platform.log
        self._create_task = platform.create_task
        self._limits = limits
        self._defaults = defaults
        self._unknown: set[str] = set()
        self._queued: set[ClientOrderId] = set()

    async def submit(self, order: Order, params: Mapping[str, object] | None = None) -> None:
        """Deny an order that the venue cannot take, or send it."""
        request = self._prepare(order, params)
        if request is None:
            return
        self._events.submitted(order)
        with self._under_way.submission(order):
            self._resolve(await self._send([(order, request)]))

    async def submit_held(
        self,
        order: Order,
        params: Mapping[str, object] | None,
        size_e8: int,
    ) -> None:
        """
        Send an order that was held back, with a size (1e-8), and wait until its outcome is known.

        Where the venue is known not to have taken it, for a reason that is not the order's, the
        order is unsent again: then it may be sent once more, under the same client id.

        """
        request = self._prepare(order, params, size_e8)
        if request is None:
            return
        self._events.leaving(order, size_e8)
        with self._under_way.submission(order):
            if await self._send([(order, request)]):
                await self._in_doubt.resolve(order, request)

    async def submit_several(
        self,
        orders: Iterable[Order],
        params: Mapping[str, object] | None = None,
    ) -> None:
        """Deny those of the orders that the venue cannot take, and send the others in batches."""
        queue = deque(orders)
        names = {order.client_order_id for order in queue}
        self._queued |= names
        try:
            while queue:
                several = [queue.popleft() for _ in range(min(_MAX_BATCH, len(queue)))]
                self._queued -= {order.client_order_id for order in several}
                await self._submit_batch(several, params)
        finally:
            self._queued -= names

    def is_queued(self, order: Order) -> bool:
        """Return whether an order waits for the batches before its own."""
        return order.client_order_id in self._queued

    async def _submit_batch(
        self,
        orders: Iterable[Order],
        params: Mapping[str, object] | None,
    ) -> None:
        # Signed, and judged, as late as can be: a signature is good for its receive window only,
        # and the order may have ended while others were sent.
        batch: _Batch = []
        for order in orders:
            request = self._prepare(order, params)
            if request is not None:
                self._events.submitted(order)
                batch.append((order, request))
        if not batch:
            return
        with ExitStack() as submissions:
            for order, _ in batch:
                submissions.enter_context(self._under_way.submission(order))
            self._resolve(await self._send(batch))

    def objection(
        self,
        order: Order,
        params: Mapping[str, object] | None = None,
    ) -> str | None:
        """Return why an order cannot be sent (``CODE: key=value``), or None where it can."""
        try:
            self._draft(order, params, None, is_final=False)
        except CommandDeniedError as exc:
            return str(exc)
        return None

    def _prepare(
        self,
        order: Order,
        params: Mapping[str, object] | None,
        size_e8: int | None = None,
    ) -> OrderRequest | None:
        """Return the signed request of an order, or deny the order and return None."""
        if self._events.followed.has_ended(order):
            self._log.warning(f"Cannot submit {order.client_order_id!r}: it is closed already")
            return None
        self._warn_of_unknown(params, order.tags)
        try:
            return self._signer.order(self._draft(order, params, size_e8, is_final=True))
        except CommandDeniedError as exc:
            reason = str(exc)
        except SigningError as exc:
            reason = f"SIGNING_FAILED: {exc}"
        self._events.deny(order, reason)
        return None

    def _draft(
        self,
        order: Order,
        params: Mapping[str, object] | None,
        size_e8: int | None,
        *,
        is_final: bool,
    ) -> OrderDraft:
        """Return an order in the venue's words; raises `CommandDeniedError` where it has none."""
        instrument = self._cache.instrument(order.instrument_id)
        if instrument is None:
            raise CommandDeniedError(f"INSTRUMENT_NOT_LOADED: instrument_id={order.instrument_id}")
        try:
            features = features_of(params, order.tags, self._defaults)
        except OrderParamError as exc:
            raise CommandDeniedError(str(exc)) from None
        size = None if size_e8 is None else e8_to_decimal(size_e8)
        reason = denial_of(order, instrument, features) or self._limits.objection(
            wanted_order(order, features, size), instrument, order, is_final=is_final
        )
        if reason is not None:
            raise CommandDeniedError(reason)
        draft = order_draft(order, instrument.raw_symbol.value, features)
        return draft if size is None else msgspec.structs.replace(draft, size=size)

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

    async def _send(self, batch: _Batch) -> _Batch:
        """Send orders and take in the answer; returns those of which it does not tell."""
        outcomes = await self._outcomes(batch)
        return [
            (order, request)
            for (order, request), outcome in zip(batch, outcomes, strict=True)
            if not self._take(order, outcome)
        ]

    async def _outcomes(self, batch: _Batch) -> Sequence[_Outcome]:
        requests = [request for _, request in batch]
        try:
            if len(requests) == 1:
                return [await self._route.create_order(requests[0])]
            reply = await self._route.create_orders(requests)
        except (NotSentError, VenueError, UnknownOutcomeError) as exc:
            return [exc] * len(batch)  # a wrong signature, too, fails all of a batch (api-notes)
        return outcomes_of(reply, [order.client_order_id.value for order, _ in batch])

    def _take(self, order: Order, outcome: _Outcome) -> bool:
        """Take in what an answer says of an order; returns whether that tells what became of it."""
        match outcome:
            case Placed():
                return self._take_placed(order, outcome)
            case NotSentError():
                self._events.not_taken(order, f"NOT_SENT: {outcome}")
                return True
            case VenueError():
                is_passing = _is_passing(outcome)
                return self._take_refusal(order, outcome.code, str(outcome), is_passing=is_passing)
            case BatchError():
                told = [part for part in (outcome.error, outcome.message) if part]
                return self._take_refusal(order, outcome.error, ": ".join(told))
            case UnknownOutcomeError():
                self._doubt(order, str(outcome))
            case None:
                self._doubt(order, "the batch's reply does not tell of it")
        return False

    def _take_placed(self, order: Order, placed: Placed) -> bool:
        try:
            self._events.take_order(order_event(placed))
        except ParadexError as exc:
            self._doubt(order, f"cannot read the reply: {exc}")
            return False
        return True

    def _take_refusal(
        self,
        order: Order,
        code: str | None,
        reason: str,
        *,
        is_passing: bool = False,
    ) -> bool:
        if code == ErrorCode.DUPLICATED_CLIENT_ID:
            # Evidence that the order had arrived: an earlier attempt of this very request.
            self._doubt(order, reason)
            return False
        if is_passing:
            self._events.not_taken(order, reason)
        else:
            due_post_only = code == CancelReason.POST_ONLY_WOULD_CROSS
            self._events.refuse(order, reason, due_post_only=due_post_only)
        return True

    def _doubt(self, order: Order, why: str) -> None:
        self._log.warning(f"Outcome of {order.client_order_id!r} unknown, looking it up: {why}")

    def _resolve(self, unsettled: _Batch) -> None:
        for order, request in unsettled:
            self._create_task(self._in_doubt.resolve(order, request))


def _is_passing(error: VenueError) -> bool:
    """Whether a refusal is about the venue's state, or how often it was asked: not the order."""
    return isinstance(error, RateLimitedError) or error.code in _PASSING
