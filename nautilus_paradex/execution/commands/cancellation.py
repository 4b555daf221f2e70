"""Cancels, one by one or in batches. What is gone already is asked for, not guessed."""

import asyncio
from collections.abc import Sequence
from itertools import batched
from typing import Final

from nautilus_trader.execution.messages import CancelAllOrders, CancelOrder
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.orders import Order

from nautilus_paradex.execution.commands.route import OrderRoute
from nautilus_paradex.execution.commands.under_way import UnderWay
from nautilus_paradex.execution.orders.events import OrderEvents
from nautilus_paradex.execution.orders.in_doubt import OrdersInDoubt
from nautilus_paradex.execution.orders.lookup import GONE_CODES
from nautilus_paradex.execution.orders.recovery import Recovery
from nautilus_paradex.execution.platform import Platform
from nautilus_paradex.protocol.enums import CancelStatus
from nautilus_paradex.protocol.errors import ParadexError
from nautilus_paradex.transport.errors import NotSentError, UnknownOutcomeError, VenueError

__all__ = ["Cancellation"]

_MAX_CANCEL_BATCH: Final = 50
_WHOLE_MARKET: Final = "all"  # the param of a cancel-all that takes everybody's orders

_NO_STATUS: Final = "no status given"
_NOT_CANCELLED: Final = frozenset(
    {CancelStatus.ALREADY_CLOSED.value, CancelStatus.NOT_FOUND.value, _NO_STATUS},
)


class Cancellation:
    """
    Cancels orders.

    Parameters
    ----------
    platform : Platform
        The platform, as the client knows it.
    route : OrderRoute
        The way to the venue.
    events : OrderEvents
        Where refusals are told.
    recovery : Recovery
        Finds out how an order ended that the venue no longer has.
    in_doubt : OrdersInDoubt
        Finds out whether an order is there whose answer stays away.
    under_way : UnderWay
        What has been asked and not answered yet.

    """

    def __init__(
        self,
        platform: Platform,
        route: OrderRoute,
        events: OrderEvents,
        recovery: Recovery,
        in_doubt: OrdersInDoubt,
        under_way: UnderWay,
    ) -> None:
        self._route = route
        self._events = events
        self._recovery = recovery
        self._in_doubt = in_doubt
        self._under_way = under_way
        self._cache = platform.cache
        self._log = platform.log

    async def cancel(self, command: CancelOrder) -> None:
        """Cancel one order."""
        order = self._cache.order(command.client_order_id)
        if order is None:
            self._log.error(f"Cannot cancel {command.client_order_id!r}: not in the cache")
            return
        await self._cancel(order)

    async def cancel_several(self, orders: Sequence[Order]) -> None:
        """Cancel those whose ids are known at once, the others as soon as they can be."""
        by_venue_id: dict[str, Order] = {}
        others: list[Order] = []
        for order in orders:
            venue_order_id = self._events.followed.venue_order_id_of(order)
            if venue_order_id is None:
                others.append(order)
            else:
                by_venue_id[venue_order_id] = order
        if len(by_venue_id) == 1:
            others.extend(by_venue_id.values())
            by_venue_id.clear()
        batches = [
            self._cancel_known({order_id: by_venue_id[order_id] for order_id in ids})
            for ids in batched(by_venue_id, _MAX_CANCEL_BATCH)
        ]
        await asyncio.gather(*batches, *map(self._cancel, others))

    async def cancel_all(self, command: CancelAllOrders) -> None:
        """
        Cancel a strategy's orders of one instrument, or one side of them, by their ids.

        The venue can cancel a whole market in one request, but that takes the orders of others
        with it, the account's stop losses among them: only where ``params={"all": True}`` asks for
        just that.
        """
        orders = self._live_orders(command)
        if not (command.params or {}).get(_WHOLE_MARKET):
            await self.cancel_several(orders)
        elif command.order_side != OrderSide.NO_ORDER_SIDE:
            self._log.warning("The venue cannot cancel all of a side: the strategy's are cancelled")
            await self.cancel_several(orders)
        else:
            await self._cancel_market(command.instrument_id.symbol.value, orders)

    def _live_orders(self, command: CancelAllOrders) -> list[Order]:
        # Not from the cache's lists alone: there one that was just sent is still to arrive. Those
        # that may come back unsent are left to who sends them: they may have no end at the venue.
        return [
            order
            for order, _ in self._events.followed.live_orders(command.instrument_id)
            if order.strategy_id == command.strategy_id
            and command.order_side in (OrderSide.NO_ORDER_SIDE, order.side)
            and not self._events.is_leaving(order)
        ]

    async def _cancel_market(self, market: str, orders: list[Order]) -> None:
        """Cancel all that the account has open in a market; `orders` wait for the outcome."""
        # What is still on its way would arrive behind the cancel.
        await asyncio.gather(*map(self._under_way.until_known, orders))
        with self._under_way.request(*orders):
            try:
                await self._route.cancel_all_orders(market)
            except UnknownOutcomeError as exc:
                for order in orders:
                    self._under_way.outcome_unknown("cancelling", order, exc)
            except (NotSentError, VenueError) as exc:
                self._log.error(f"Could not cancel all orders of {market}: {exc}")
                for order in orders:
                    self._refused(order, str(exc), was_closed=False)

    async def _cancel_known(self, by_venue_id: dict[str, Order]) -> None:
        were_closed = {order_id for order_id, order in by_venue_id.items() if order.is_closed}
        orders = list(by_venue_id.values())
        with self._under_way.request(*orders):
            try:
                results = await self._route.cancel_orders(list(by_venue_id))
            except UnknownOutcomeError as exc:
                for order in orders:
                    self._under_way.outcome_unknown("cancelling", order, exc)
                return
            except (NotSentError, VenueError) as exc:
                for order in orders:
                    self._events.cancel_failed(order, str(exc))
                return
        statuses = {result.id: result.status or _NO_STATUS for result in results}
        gone: dict[str, str] = {}
        for order_id in by_venue_id:
            status = statuses.get(order_id, _NO_STATUS)
            if status in _NOT_CANCELLED:
                gone[order_id] = status
            elif status != CancelStatus.QUEUED_FOR_CANCELLATION:
                self._log.warning(f"Cancel of order {order_id} answered with {status!r}")
        await self._find_endings([by_venue_id[order_id] for order_id in gone])
        for order_id, status in gone.items():
            self._refused(by_venue_id[order_id], status, was_closed=order_id in were_closed)

    async def _cancel(self, order: Order) -> None:
        was_closed = order.is_closed
        with self._under_way.request(order):
            await self._under_way.until_known(order)
            if not was_closed and self._events.followed.state_of(order).ended:
                return
            try:
                await self._send(order)
            except UnknownOutcomeError as exc:
                self._under_way.outcome_unknown("cancelling", order, exc)
            except VenueError as exc:
                if exc.code in GONE_CODES:
                    await self._find_endings([order])
                self._refused(order, str(exc), was_closed=was_closed)
            except NotSentError as exc:
                self._refused(order, str(exc), was_closed=was_closed)

    async def _send(self, order: Order) -> None:
        try:
            await self._send_once(order)
        except VenueError as exc:
            # What may still arrive behind its cancel is cancelled once it has.
            if exc.code not in GONE_CODES or not await self._in_doubt.until_certain(order):
                raise
            if not self._events.followed.state_of(order).ended:
                await self._send_once(order)

    async def _send_once(self, order: Order) -> None:
        venue_order_id = self._events.followed.venue_order_id_of(order)
        if venue_order_id is not None:
            await self._route.cancel_order(venue_order_id)
        else:
            await self._route.cancel_order_by_client_id(
                order.client_order_id.value,
                order.instrument_id.symbol.value,
            )

    async def _find_endings(self, orders: list[Order]) -> None:
        """Learn how orders ended that the venue no longer cancels."""
        try:
            await self._recovery.sync_closed(orders)
        except ParadexError as exc:
            ids = ", ".join(order.client_order_id.value for order in orders)
            self._log.warning(f"Cannot look up {ids} yet: {exc}")

    def _refused(self, order: Order, reason: str, *, was_closed: bool) -> None:
        # The end of the order answers the cancel as well, unless it had ended before.
        if was_closed or not self._events.followed.state_of(order).ended:
            self._events.cancel_failed(order, reason)
