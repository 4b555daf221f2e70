"""
Keeps one connection up: opens it, notices its loss, opens it again and has it restored.

What there is to restore, and what a message means, is the business of whoever holds the keeper.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from nautilus_paradex.transport.checks import check_positive
from nautilus_paradex.transport.connector import Connector
from nautilus_paradex.transport.link import Link, LinkCallbacks
from nautilus_paradex.transport.negotiation import Encoding
from nautilus_paradex.transport.reconnect import Backoff
from nautilus_paradex.transport.websocket_errors import NotConnectedError
from nautilus_paradex.transport.websocket_metrics import WebSocketMetrics

__all__ = ["ConnectionKeeper", "KeeperHooks", "KeeperSettings"]

logger = logging.getLogger("nautilus_paradex.transport.websocket")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeeperHooks:
    """
    What the keeper asks and tells its holder.

    Parameters
    ----------
    has_work : Callable[[], bool]
        Whether a lost connection is needed back without being asked for.
    restore : Callable[[Link], Awaitable[None]]
        Bring a new connection into the state of the lost one. An exception means: try another.
    restored : Callable[[], Awaitable[None]]
        The connection is back. Runs beside the keeper, cancelled if the connection is lost again.
    lost : Callable[[], None]
        An established connection is gone.
    report : Callable[[str, Exception], None]
        Something failed that no caller is waiting for.

    """

    has_work: Callable[[], bool]
    restore: Callable[[Link], Awaitable[None]]
    restored: Callable[[], Awaitable[None]]
    lost: Callable[[], None]
    report: Callable[[str, Exception], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeeperSettings:
    """
    Times of the keeper, in seconds.

    Parameters
    ----------
    wait_timeout_secs : float
        How long `live_link` waits for a connection to come back.
    silence_timeout_secs : float, optional
        Silence after which a binary connection is given up. None waits for ever.

    Raises
    ------
    ValueError
        If a time is not above 0.

    """

    wait_timeout_secs: float
    silence_timeout_secs: float | None

    def __post_init__(self) -> None:
        check_positive(
            wait_timeout_secs=self.wait_timeout_secs,
            silence_timeout_secs=self.silence_timeout_secs,
        )


class ConnectionKeeper:
    """
    Holder of the one connection.

    Parameters
    ----------
    connector : Connector
        Opens connections.
    callbacks : LinkCallbacks
        Where messages are delivered.
    hooks : KeeperHooks
        The holder.
    settings : KeeperSettings
        Times.
    backoff : Backoff
        Delays between attempts.
    metrics : WebSocketMetrics
        Where events are counted.

    """

    def __init__(
        self,
        connector: Connector,
        callbacks: LinkCallbacks,
        hooks: KeeperHooks,
        *,
        settings: KeeperSettings,
        backoff: Backoff,
        metrics: WebSocketMetrics,
    ) -> None:
        self._connector = connector
        self._callbacks = callbacks
        self._hooks = hooks
        self._settings = settings
        self._backoff = backoff
        self._metrics = metrics
        self._lock = asyncio.Lock()
        self._ready = asyncio.Event()
        self._needed = asyncio.Event()
        self._closed = False
        self._link: Link | None = None
        self._opening: asyncio.Task[None] | None = None
        self._supervisor: asyncio.Task[None] | None = None
        self._recovery: asyncio.Task[None] | None = None

    @property
    def is_ready(self) -> bool:
        """Whether a connection is open and, after a loss, restored."""
        return self._link is not None and not self._link.is_lost and self._ready.is_set()

    @property
    def is_kept_up(self) -> bool:
        """Whether `open` succeeded and `close` was not called since."""
        return self._supervisor is not None and not self._closed

    @property
    def has_link(self) -> bool:
        """Whether there is a connection, be it not yet restored."""
        return self._link is not None

    @property
    def encoding(self) -> Encoding:
        """Encoding of the present connection."""
        return None if self._link is None else self._link.encoding

    async def open(self) -> None:
        """
        Open the first connection, without retrying. Does nothing if already kept up.

        Raises
        ------
        ConnectError
            If the venue cannot be reached, or refuses.
        NotConnectedError
            If `close` was called meanwhile.

        """
        async with self._lock:
            if self._supervisor is not None:
                return
            self._closed = False
            self._opening = asyncio.create_task(self._establish(), name="paradex-websocket-open")
            try:
                await self._opening
            except asyncio.CancelledError:
                # The cancellation may have come after the connection did.
                await self._drop_link()
                if self._closed:
                    raise NotConnectedError("the client was closed while connecting") from None
                raise
            self._ready.set()
            self._supervisor = asyncio.create_task(self._supervise(), name="paradex-websocket")

    def check_open(self) -> None:
        """
        Refuse use before `open` and after `close`.

        Raises
        ------
        NotConnectedError
            If there is no connection to wait for.

        """
        if self._closed:
            raise NotConnectedError("the client is closed: call connect() to use it again")
        if self._supervisor is None:
            raise NotConnectedError("the client is not connected: call connect() first")

    async def live_link(self) -> Link:
        """
        Give the connection, waiting for it to come back if need be.

        Raises
        ------
        NotConnectedError
            If it does not come back in time, or there is none to come.

        """
        self.check_open()
        self._needed.set()
        timeout_secs = self._settings.wait_timeout_secs
        try:
            async with asyncio.timeout(timeout_secs):
                await self._ready.wait()
        except TimeoutError:
            raise NotConnectedError(
                f"no connection within {timeout_secs} s: still reconnecting"
            ) from None
        self.check_open()
        if self._link is None:
            raise NotConnectedError("the connection was lost a moment ago: try again")
        return self._link

    def link_ended(self) -> None:
        """Send later requests to the waiting line: the present connection has just ended."""
        self._ready.clear()
        self._needed.clear()

    async def close(self) -> None:
        """Close the connection and end every wait and task. May be called again."""
        self._closed = True
        self._ready.set()  # wakes who waits for a connection, to be told that there is none
        if self._link is not None:
            self._link.mute("the client was closed")
        for task in (self._opening, self._supervisor, self._recovery):
            await _cancel(task)
        async with self._lock:
            self._opening = self._supervisor = self._recovery = None
            await self._drop_link()
            self._ready.clear()

    async def _supervise(self) -> None:
        while True:
            await self._until_lost()
            if not self._hooks.has_work():
                logger.info("nothing to restore: connecting again with the next request")
                await self._needed.wait()
            await self._reconnect()
            self._metrics.reconnects += 1
            self._ready.set()
            self._recovery = asyncio.create_task(self._recover(), name="paradex-websocket-recovery")

    async def _until_lost(self) -> None:
        assert self._link is not None
        started = time.monotonic()
        reason = await self._link.wait_lost(self._settings.silence_timeout_secs)
        self._backoff.note_lifetime(time.monotonic() - started)
        self._ready.clear()
        await _cancel(self._recovery)
        await self._drop_link()
        self._metrics.disconnects += 1
        logger.warning("connection lost: %s", reason)
        self._hooks.lost()

    async def _reconnect(self) -> None:
        while True:
            await asyncio.sleep(self._backoff.next_delay())
            try:
                await self._establish()
                assert self._link is not None
                await self._hooks.restore(self._link)
            except Exception as exc:  # noqa: BLE001 restoring runs the caller's token provider
                self._metrics.connect_failures += 1
                self._hooks.report("reconnect failed, trying again", exc)
                await self._drop_link()
            else:
                return

    async def _recover(self) -> None:
        try:
            await self._hooks.restored()
        except Exception as exc:  # noqa: BLE001 the caller's code: reported, not fatal to the rest
            self._hooks.report("on_reconnected failed", exc)

    async def _establish(self) -> None:
        started_ns = time.perf_counter_ns()
        self._link = await Link.open(self._connector, self._callbacks, self._metrics)
        self._metrics.connects += 1
        self._metrics.connect.record(time.perf_counter_ns() - started_ns)

    async def _drop_link(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            await link.close()


async def _cancel(task: asyncio.Task[None] | None) -> None:
    if task is None or task is asyncio.current_task():
        return
    task.cancel()
    await asyncio.wait({task})
