"""Subscribing, unsubscribing and replaying: the book of subscriptions put on the wire."""

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence

from nautilus_paradex.protocol import rpc
from nautilus_paradex.transport.connection_keeper import ConnectionKeeper
from nautilus_paradex.transport.link import Link
from nautilus_paradex.transport.subscriptions import Subscription, Subscriptions
from nautilus_paradex.transport.websocket_errors import (
    AckTimeoutError,
    ConnectionLostError,
    NotConnectedError,
    SubscriptionError,
)
from nautilus_paradex.transport.websocket_metrics import WebSocketMetrics

__all__ = ["Subscriber"]

logger = logging.getLogger("nautilus_paradex.transport.websocket")


class Subscriber:
    """
    Keeps the venue's idea of the subscriptions equal to the book's.

    Parameters
    ----------
    book : Subscriptions
        What is subscribed.
    keeper : ConnectionKeeper
        Gives the connection.
    ack_timeout_secs : float
        Limit of the wait for a confirmation.
    metrics : WebSocketMetrics
        Where durations are recorded.

    """

    def __init__(
        self,
        book: Subscriptions,
        keeper: ConnectionKeeper,
        *,
        ack_timeout_secs: float,
        metrics: WebSocketMetrics,
    ) -> None:
        self._book = book
        self._keeper = keeper
        self._ack_timeout_secs = ack_timeout_secs
        self._metrics = metrics

    async def subscribe(self, channel: str, params: Mapping[str, object]) -> rpc.Response:
        """Give the confirmation of `channel`, asking for it only if there is none yet."""
        while True:
            entry = self._book.enter(channel, params)
            async with entry.lock:
                if self._book.get(channel) is not entry:
                    continue  # given up by whoever held the lock
                if entry.ack is not None:
                    return entry.ack
                return await self._first_ack(entry)

    async def unsubscribe(self, channel: str) -> rpc.Response | None:
        """End `channel` on the wire, if it may be subscribed there. It is not replayed any more."""
        entry = self._book.get(channel)
        if entry is None:
            return None
        async with entry.lock:
            try:
                response = await self._end(entry)
            except ConnectionLostError:
                response = None  # the venue forgot it with the connection
            except (rpc.RpcError, NotConnectedError):
                self._book.remove(entry)
                raise
            except (AckTimeoutError, asyncio.CancelledError):
                # Stays in the book: the venue, if still subscribed, would refuse to be asked again.
                entry.note_unanswered_end()
                raise
            self._book.remove(entry)
            return response

    async def modify(self, channel: str, add: Sequence[str], remove: Sequence[str]) -> rpc.Response:
        """Change the `markets` of `channel`, now and for later replays."""
        entry = self._book.get(channel)
        if entry is None:
            raise SubscriptionError(f"channel {channel} is not subscribed: subscribe first")
        async with entry.lock:
            link = await self._keeper.live_link()
            if entry.ack is None:
                raise SubscriptionError(f"channel {channel} is not subscribed: subscribe first")
            response = await link.exchange(
                "modify_subscription",
                {"channel": channel, "add": list(add), "remove": list(remove)},
                subject=f"channel {channel}",
                timeout_secs=self._ack_timeout_secs,
            )
            entry.change_markets(add, remove)
            return response

    async def replay(self, link: Link) -> dict[str, Exception]:
        """
        Subscribe again to all that was, on a new connection; what failed gets a second chance.

        Returns
        -------
        dict[str, Exception]
            The channels that failed twice. They stay in the book for the next connection.

        Raises
        ------
        ConnectionLostError
            If this connection is lost as well.

        """
        self._book.connection_lost()  # an attempt before this one may have got half way
        missing = await self._ask_all(link, self._book.to_replay)
        failed = await self._ask_all(link, tuple(missing))
        return {entry.channel: error for entry, error in failed.items()}

    def on_late_response(self, response: rpc.Response) -> None:
        """Take an answer that nobody waits for any more."""
        channel = self._book.adopt_late(response)
        if channel is not None:
            logger.warning("confirmation of %s came after its timeout", channel)
        else:
            outcome = response.error or "granted"
            logger.warning("answer that nobody waits for, request %s: %s", response.id, outcome)

    async def _first_ack(self, entry: Subscription) -> rpc.Response:
        try:
            return await self._ask_or_ask_again(entry)
        except AckTimeoutError:
            raise  # stays in the book, so that a late confirmation is recognised
        except rpc.RpcError:
            self._book.remove(entry)
            raise
        except (NotConnectedError, asyncio.CancelledError):
            if not entry.was_acked:
                self._book.remove(entry)
            raise

    async def _ask_or_ask_again(self, entry: Subscription) -> rpc.Response:
        try:
            return await self._ask(await self._keeper.live_link(), entry)
        except ConnectionLostError:
            # A subscription does not outlive its connection: asking again on a new one is safe.
            return await self._ask(await self._keeper.live_link(), entry)

    async def _ask_all(
        self,
        link: Link,
        entries: tuple[Subscription, ...],
    ) -> dict[Subscription, Exception]:
        # All requests leave, in their order, before the first confirmation is waited for.
        results = await asyncio.gather(
            *(self._ask(link, entry) for entry in entries),
            return_exceptions=True,
        )
        failed: dict[Subscription, Exception] = {}
        for entry, result in zip(entries, results, strict=True):
            if isinstance(result, (rpc.RpcError, AckTimeoutError)):
                failed[entry] = result
            elif isinstance(result, BaseException):
                raise result
        return failed

    async def _ask(self, link: Link, entry: Subscription) -> rpc.Response:
        if entry.ack is not None:
            return entry.ack
        if not entry.is_in_doubt:
            return await self._ask_once(link, entry)
        # An earlier request was never answered. If it took effect, a second one would be refused.
        _, outcome = await asyncio.gather(
            self._end_on(link, entry),
            self._ask_once(link, entry),
            return_exceptions=True,
        )
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    async def _ask_once(self, link: Link, entry: Subscription) -> rpc.Response:
        started_ns = time.perf_counter_ns()
        try:
            ack = await link.exchange(
                "subscribe",
                entry.request_params,
                subject=f"channel {entry.channel}",
                timeout_secs=self._ack_timeout_secs,
                on_id=entry.note_request,
            )
        except rpc.RpcError:
            entry.note_refusal()
            raise
        entry.confirm(ack)
        self._metrics.subscribe.record(time.perf_counter_ns() - started_ns)
        return ack

    async def _end(self, entry: Subscription) -> rpc.Response | None:
        if not self._keeper.has_link:
            return None
        link = await self._keeper.live_link()
        if entry.ack is not None:
            return await self._end_on(link, entry)
        if not entry.is_in_doubt:
            return None
        try:
            return await self._end_on(link, entry)
        except rpc.RpcError:
            return None  # the request in doubt had no effect

    async def _end_on(self, link: Link, entry: Subscription) -> rpc.Response:
        return await link.exchange(
            "unsubscribe",
            {"channel": entry.channel},
            subject=f"channel {entry.channel}",
            timeout_secs=self._ack_timeout_secs,
        )
