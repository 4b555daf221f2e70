"""What is done about messages that leave something open: wait a little, then ask the venue.

Fills that are missing of an order, fills of an order that nobody knows, orders that should not be
there. How an order is asked for, and taken in, is `recovery`.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from nautilus_paradex.config import ParadexExecClientConfig
from nautilus_paradex.execution.instruments import InstrumentLoader
from nautilus_paradex.execution.orders.events import OrderEvents, OrderWatcher
from nautilus_paradex.execution.orders.lookup import GONE_CODES, OrderIds, with_position_sizes
from nautilus_paradex.execution.orders.recovery import Recovery
from nautilus_paradex.execution.orders.state import OrderState
from nautilus_paradex.execution.patience import pauses
from nautilus_paradex.execution.platform import Platform
from nautilus_paradex.protocol.errors import ParadexError
from nautilus_paradex.protocol.events import FillEvent, OrderEvent
from nautilus_paradex.transport.errors import RequestError, VenueError
from nautilus_paradex.transport.http import ParadexHttpClient

__all__ = ["OrderWatch"]

_PAUSES_SECS: Final = (0.5, 1.0, 2.0, 4.0, 8.0)  # one channel may trail another by a little
_TRIES: Final = 5
_POSITION_LOOKBACK_MS: Final = 600_000


class OrderWatch(OrderWatcher):
    """
    Looks after what `OrderEvents` cannot settle from the messages alone.

    Parameters
    ----------
    platform : Platform
        The platform, as the client knows it.
    http : ParadexHttpClient
        The REST client.
    events : OrderEvents
        Where what is found is taken in.
    recovery : Recovery
        Asks for orders.
    instruments : InstrumentLoader
        Loads the instruments of orders placed elsewhere.
    config : ParadexExecClientConfig
        The client's settings.

    """

    def __init__(
        self,
        platform: Platform,
        http: ParadexHttpClient,
        events: OrderEvents,
        recovery: Recovery,
        instruments: InstrumentLoader,
        config: ParadexExecClientConfig,
    ) -> None:
        self._http = http
        self._events = events
        self._recovery = recovery
        self._instruments = instruments
        self._log = platform.log
        self._create_task = platform.create_task
        self._config = config
        self._completing: set[str] = set()

    def on_incomplete(self, state: OrderState) -> None:
        """Wait a little for what is missing of an order, then ask for it."""
        if state.client_order_id not in self._completing:
            self._completing.add(state.client_order_id)
            self._create_task(self._complete(state))

    def on_orphan(self, fill: FillEvent) -> None:
        """Wait a little for the order of a fill, then ask for it."""
        self._create_task(self._identify(fill))

    def on_early(self, fill: FillEvent) -> None:
        """Wait a little for the fills that opened a position, then ask for them."""
        self._create_task(self._find_position(fill))

    def on_revived(self, state: OrderState) -> None:
        """Cancel an order that nobody here owns any more, if so configured."""
        if self._config.cancel_unexpected_orders and state.venue_order_id:
            self._create_task(self._cancel(state.venue_order_id))

    def on_ended_elsewhere(self, state: OrderState) -> None:
        """Ask the venue about an order that the platform has ended by itself."""
        self._create_task(self._verify_end(state))

    def on_misdirected(self, state: OrderState) -> None:
        """Cancel an order that would be set off the wrong way."""
        if state.venue_order_id:
            self._create_task(self._cancel(state.venue_order_id))

    def on_unlisted(self, event: OrderEvent) -> None:
        """Load the instrument of an order placed elsewhere, then take the order in."""
        self._create_task(self._load_and_take(event))

    def on_unsized(self, event: OrderEvent) -> None:
        """Learn the size of the position that an order placed elsewhere follows, then take it."""
        self._create_task(self._size_and_take(event))

    async def _load_and_take(self, event: OrderEvent) -> None:
        try:
            await self._instruments.get(event.market)
            self._events.take_order(event)
        except ParadexError as exc:
            self._log.error(f"Order {event.order_id} cannot be followed: {exc}")

    async def _size_and_take(self, event: OrderEvent) -> None:
        try:
            (sized,) = await with_position_sizes(self._http, [event])
            if sized.size:
                self._events.take_order(sized)
                self._events.take_order(event)  # as it is, it says that the size is no fixed one
            else:
                self._log.error(f"Order {event.order_id} cannot be followed: it has no position")
        except ParadexError as exc:
            self._log.error(f"Order {event.order_id} cannot be followed: {exc}")

    async def _complete(self, state: OrderState) -> None:
        try:
            await self._ask(
                lambda: self._recovery.sync(_ids_of(state)),
                f"fetch what is missing of {state.client_order_id}",
                is_open=lambda: state.is_incomplete,
                answers=_TRIES,
            )
            if state.is_incomplete:
                self._log.error(
                    f"The venue does not list what it says was filled of {state.client_order_id}: "
                    "going on without it, compare positions",
                )
                self._events.give_up(state)
        finally:
            self._completing.discard(state.client_order_id)

    async def _verify_end(self, state: OrderState) -> None:
        await self._ask(
            lambda: self._recovery.sync(_ids_of(state)),
            f"make sure that {state.client_order_id} has ended",
            is_open=lambda: state.ended_elsewhere,
        )

    async def _find_position(self, fill: FillEvent) -> None:
        since_ms = (fill.created_at or fill.ts or 0) // 1_000 - _POSITION_LOOKBACK_MS
        await self._ask(
            lambda: self._recovery.resync(since_ms),
            f"read what fill {fill.fill_id} has closed",
            is_open=lambda: self._events.is_early(fill),
        )
        # Fills that were found are before it in the engine's queue.
        self._events.take_early(fill)

    async def _identify(self, fill: FillEvent) -> None:
        order_id = fill.order_id or ""
        await self._ask(
            lambda: self._recovery.sync(OrderIds(fill.client_order_id, order_id, fill.market)),
            f"identify the order of fill {fill.fill_id}",
            is_open=lambda: bool(self._events.orphans_of(order_id)),
            answers=_TRIES,
        )
        count = self._events.orphans_of(order_id)
        if count:
            self._log.warning(
                f"{count} fills belong to order {order_id}, which the venue does not list: "
                "each is told as an order of its own",
            )
            try:
                self._events.adopt_orphans(order_id)
            except ParadexError as exc:
                self._log.error(f"A fill of order {order_id} cannot be applied: {exc}")

    async def _cancel(self, venue_order_id: str) -> None:
        refusals = 0
        for pause_secs in pauses(_PAUSES_SECS):
            try:
                await self._http.cancel_order(venue_order_id)
            except RequestError as exc:
                if isinstance(exc, VenueError):
                    if exc.code in GONE_CODES:
                        return
                    refusals += 1  # anything else is no answer, and the order may live on
                self._log.error(f"Could not cancel order {venue_order_id}: {exc}")
            else:
                self._log.warning(f"Cancelled order {venue_order_id} at the venue")
                return
            if refusals == _TRIES:
                return
            await asyncio.sleep(pause_secs)

    async def _ask(
        self,
        request: Callable[[], Awaitable[object]],
        what: str,
        *,
        is_open: Callable[[], bool],
        answers: int = 1,
    ) -> None:
        """Make a request, after a while and again, until the venue has answered so many."""
        for pause_secs in pauses(_PAUSES_SECS):
            await asyncio.sleep(pause_secs)
            if not is_open():
                return
            try:
                await request()
            except RequestError as exc:
                self._log.warning(f"Cannot {what} yet: {exc}")  # silence is no evidence
                continue
            except ParadexError as exc:
                self._log.warning(f"Cannot {what}: {exc}")
            answers -= 1
            if not answers:
                return


def _ids_of(state: OrderState) -> OrderIds:
    return OrderIds(state.client_order_id, state.venue_order_id, state.market)
