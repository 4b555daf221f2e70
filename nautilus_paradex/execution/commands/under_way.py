"""What has been asked of the venue and has not shown its effect yet, order by order."""

import asyncio
from collections import Counter, OrderedDict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final

from nautilus_trader.common.component import Logger
from nautilus_trader.model.identifiers import ClientOrderId
from nautilus_trader.model.orders import Order

from nautilus_paradex.execution.orders.events import OrderEvents
from nautilus_paradex.execution.orders.state import ALIVE
from nautilus_paradex.protocol.enums import RequestStatus
from nautilus_paradex.protocol.events import OrderEvent
from nautilus_paradex.transport.errors import UnknownOutcomeError

__all__ = ["UnderWay"]

_EFFECT_SECS: Final = 15.0  # in which an answered request has shown its effect (guess)
_ARRIVAL_SECS: Final = 2.0  # in which one without an answer has passed the venue's queues (guess)
_MAX_DOUBTFUL: Final = 10_000


class UnderWay:
    """
    Keeps the requests under way, so that no one acts on an order's state too early.

    Parameters
    ----------
    events : OrderEvents
        Tells when an order is named by the venue, and that a request had no effect.
    log : Logger
        The client's logger.

    """

    def __init__(self, events: OrderEvents, log: Logger) -> None:
        self._events = events
        self._log = log
        self._submitting: dict[ClientOrderId, asyncio.Event] = {}
        self._turns: dict[ClientOrderId, asyncio.Lock] = {}
        self._queued: Counter[ClientOrderId] = Counter()
        self._requests: Counter[ClientOrderId] = Counter()
        self._doubtful_from: OrderedDict[ClientOrderId, float] = OrderedDict()
        self._told_at: OrderedDict[ClientOrderId, float] = OrderedDict()

    @contextmanager
    def submission(self, order: Order) -> Iterator[None]:
        """Let `until_known` wait while the order is being sent."""
        named = self._submitting[order.client_order_id] = self._events.followed.when_named(order)
        try:
            yield
        finally:
            del self._submitting[order.client_order_id]
            named.set()

    async def until_known(self, order: Order) -> None:
        """
        Wait until an order that is being sent has its answer, or is named by any message.

        A cancel that overtakes its order, on another connection, finds nothing; the order rests.
        """
        named = self._submitting.get(order.client_order_id)
        if named is not None:
            await named.wait()

    @asynccontextmanager
    async def turn(self, order: Order) -> AsyncIterator[None]:
        """Let the modifications of an order follow one another, as they were asked for."""
        client_order_id = order.client_order_id
        turn = self._turns.setdefault(client_order_id, asyncio.Lock())
        self._queued[client_order_id] += 1
        try:
            async with turn:
                yield
        finally:
            self._queued[client_order_id] -= 1
            if not self._queued[client_order_id]:
                del self._queued[client_order_id], self._turns[client_order_id]

    @contextmanager
    def request(self, *orders: Order) -> Iterator[None]:
        """Mark that a cancel or modification of these orders is on its way."""
        ids = [order.client_order_id for order in orders]
        for client_order_id in ids:
            if not self._requests[client_order_id]:
                self._doubtful_from.pop(client_order_id, None)  # of a request before this one
        self._requests.update(ids)
        try:
            yield
        finally:
            self._requests.subtract(ids)
            self._requests += Counter()  # drops what is zero
            for client_order_id in ids:
                self._doubt(client_order_id, _EFFECT_SECS)

    def outcome_unknown(self, what: str, order: Order, exc: UnknownOutcomeError) -> None:
        """Note that the answer of a request was lost; nothing is told."""
        self._log.warning(f"Outcome of {what} {order.client_order_id!r} unknown: {exc}")
        self._doubt(order.client_order_id, _ARRIVAL_SECS)

    def now_secs(self) -> float:
        """Return the time by which questions are dated: that of the event loop, seconds."""
        return asyncio.get_running_loop().time()

    def found(self, order: Order, event: OrderEvent, asked_at: float) -> None:
        """
        Take in how the venue has an order, in its answer to a question of `asked_at`.

        One that is open there, and waits here for a cancel or modification, goes on as it was.

        Parameters
        ----------
        order : Order
            The order of the platform.
        event : OrderEvent
            The answer, which `OrderEvents` has taken in.
        asked_at : float
            The `now_secs` of before the question.

        """
        if event.status in ALIVE and event.request_status != RequestStatus.PENDING:
            self._still_open(order, asked_at)

    def _still_open(self, order: Order, asked_at: float) -> None:
        # That says something only once the outcome of the request is in doubt: soon where its
        # answer was lost, later where it was answered and nothing followed.
        client_order_id = order.client_order_id
        if self._requests[client_order_id]:
            return
        if asked_at < self._doubtful_from.get(client_order_id, 0.0):
            return
        # Questions may be under way together: what the first answer told, the second need not.
        if asked_at < self._told_at.get(client_order_id, 0.0):
            return
        self._doubtful_from.pop(client_order_id, None)
        _remember(self._told_at, client_order_id, self.now_secs())
        reason = "NO_EFFECT: the venue has the order open as it was"
        state = self._events.followed.state_of(order)
        if order.is_pending_cancel and not state.ended:
            self._events.cancel_failed(order, reason)
        elif state.modify_pending:
            self._events.change_failed(order, reason)

    def _doubt(self, client_order_id: ClientOrderId, after_secs: float) -> None:
        # What is in doubt already stays so: a request that ends does not make it sure.
        at = self._doubtful_from.get(client_order_id, self.now_secs() + after_secs)
        _remember(self._doubtful_from, client_order_id, at)


def _remember(times: OrderedDict[ClientOrderId, float], key: ClientOrderId, at: float) -> None:
    times[key] = at
    if len(times) > _MAX_DOUBTFUL:
        times.popitem(last=False)
