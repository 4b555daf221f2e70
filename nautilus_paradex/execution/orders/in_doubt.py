"""Orders whose request ended without an answer: found at the venue, or found not to be there.

The streams may tell first. An order of which the venue knows nothing once it can no longer arrive
was never accepted.
"""

import asyncio
from typing import Final

from nautilus_trader.model.identifiers import ClientOrderId
from nautilus_trader.model.orders import Order

from nautilus_paradex.execution.orders.events import OrderEvents
from nautilus_paradex.execution.orders.recovery import Recovery
from nautilus_paradex.execution.orders.survey import Survey
from nautilus_paradex.execution.patience import (
    ARRIVAL_MARGIN_MS,
    CLOCK_MARGIN_MS,
    LOOKUP_PAUSES_SECS,
    pauses,
)
from nautilus_paradex.execution.platform import Platform
from nautilus_paradex.protocol.errors import ParadexError
from nautilus_paradex.protocol.events import OrderEvent
from nautilus_paradex.protocol.rest import OrderRequest
from nautilus_paradex.transport.http import ParadexHttpClient

__all__ = ["OrdersInDoubt"]

_ASKED_FOR_ALONE: Final = 3  # orders in doubt; of more, one reading tells of all


class OrdersInDoubt:
    """
    Finds out what became of them.

    Parameters
    ----------
    platform : Platform
        The platform, as the client knows it.
    http : ParadexHttpClient
        The REST client.
    events : OrderEvents
        Where it is told that an order was not taken.
    recovery : Recovery
        Asks for one order, and takes in what is found.
    recv_window_ms : int
        How long after its signature the venue takes an order that does not say so itself.

    """

    def __init__(
        self,
        platform: Platform,
        http: ParadexHttpClient,
        events: OrderEvents,
        recovery: Recovery,
        recv_window_ms: int,
    ) -> None:
        self._http = http
        self._events = events
        self._recovery = recovery
        self._recv_window_ms = recv_window_ms
        self._log = platform.log
        self._survey = Survey(http)
        self._in_doubt: dict[ClientOrderId, asyncio.Event] = {}

    def __contains__(self, order: Order) -> bool:
        return order.client_order_id in self._in_doubt

    async def until_certain(self, order: Order) -> bool:
        """Wait until an order in doubt is found, or not; returns False where it is in none."""
        certain = self._in_doubt.get(order.client_order_id)
        if certain is None:
            return False
        await certain.wait()
        return True

    async def resolve(self, order: Order, request: OrderRequest) -> None:
        """
        Find out what became of an order of this run.

        Found nowhere after the receive window and a margin it is rejected, or unsent again.
        """
        window_ms = request.recv_window or self._recv_window_ms
        await self._resolve(order, request.signature_timestamp, window_ms)

    async def resolve_left_over(self, order: Order) -> None:
        """Find out what became of an order that an earlier run was sending when it ended."""
        signed_at_ms = order.ts_submitted // 1_000_000 + self._http.clock.offset_ms
        await self._resolve(order, signed_at_ms, self._recv_window_ms)

    async def _resolve(self, order: Order, signed_at_ms: int, window_ms: int) -> None:
        certain = self._in_doubt[order.client_order_id] = asyncio.Event()
        try:
            await self._until_resolved(order, signed_at_ms, window_ms)
        finally:
            del self._in_doubt[order.client_order_id]
            certain.set()

    async def _until_resolved(self, order: Order, signed_at_ms: int, window_ms: int) -> None:
        deadline_ms = signed_at_ms + window_ms + ARRIVAL_MARGIN_MS
        for pause_secs in pauses(LOOKUP_PAUSES_SECS):
            if self._is_known(order):
                return
            await asyncio.sleep(pause_secs)
            is_final = self._http.clock.now_ms() > deadline_ms
            try:
                found = await self._look_for(order, signed_at_ms)
            except ParadexError as exc:
                # No answer is no evidence: go on asking for as long as the order is in question.
                self._log.warning(f"Cannot look up {order.client_order_id!r} yet: {exc}")
                continue
            is_namesake = found is not None and _is_older(found, signed_at_ms)
            if found is not None and not is_namesake:
                await self._recovery.take(found)
                return
            # Beside an older order of the same client id this one may still arrive.
            if is_final and not self._is_known(order):
                self._events.not_taken(order, _why_not_taken(order, found))
                return

    async def _look_for(self, order: Order, signed_at_ms: int) -> OrderEvent | None:
        if len(self._in_doubt) <= _ASKED_FOR_ALONE:
            return await self._recovery.read_order(order)
        told = await self._survey.orders(signed_at_ms - CLOCK_MARGIN_MS)
        return told.get(order.client_order_id.value)

    def _is_known(self, order: Order) -> bool:
        followed = self._events.followed
        return followed.state_of(order).ended or followed.venue_order_id_of(order) is not None


def _is_older(found: OrderEvent, signed_at_ms: int) -> bool:
    """Whether an order found by client id was there before the one that is looked for."""
    if found.created_at is None:
        return False  # not known yet (api-notes), as of one that has just been born
    return found.created_at // 1_000 < signed_at_ms - CLOCK_MARGIN_MS


def _why_not_taken(order: Order, namesake: OrderEvent | None) -> str:
    if namesake is not None:
        return f"DUPLICATED_CLIENT_ID: order {namesake.order_id} has it"
    return (
        f"NOT_ACCEPTED: the venue knows no order {order.client_order_id.value} "
        f"{ARRIVAL_MARGIN_MS} ms after its receive window"
    )
