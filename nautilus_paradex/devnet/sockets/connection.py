"""One WebSocket of a client: what it sends next, whether it still answers, what it asked for.

Moves frames and knows no method; the control plane is in `control`, the handshake in `endpoint`.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Final

from aiohttp import ClientConnectionResetError, WSMsgType, web

from nautilus_paradex.devnet.config import DevnetConfig
from nautilus_paradex.devnet.sockets.hub import Subscription
from nautilus_paradex.devnet.sockets.messages import WireForm
from nautilus_paradex.devnet.wire.auth import Principal
from nautilus_paradex.protocol import sbe
from nautilus_paradex.protocol.events import HeartbeatEvent

__all__ = ["CLOSE_NO_SUBSCRIPTION", "Connection"]

CLOSE_NO_SUBSCRIPTION: Final = 4031

_LOG: Final = logging.getLogger(__name__)


class Connection:
    """
    A socket after its handshake.

    Parameters
    ----------
    ws : web.WebSocketResponse
        Prepared, with ``autoping`` off.
    form : WireForm
        What was negotiated.
    config : DevnetConfig
        Intervals and bounds.
    now_us : Callable
        The venue's clock, microseconds.
    abort : Callable
        Cuts the transport.

    Attributes
    ----------
    principal : Principal or None
        Who authenticated.
    subscriptions : dict
        By channel name.
    orders : set of str
        Orders entered over this socket, for cancel-on-disconnect.

    """

    def __init__(
        self,
        ws: web.WebSocketResponse,
        form: WireForm,
        config: DevnetConfig,
        now_us: Callable[[], int],
        abort: Callable[[], None],
    ) -> None:
        self.form = form
        self.principal: Principal | None = None
        self.subscriptions: dict[str, Subscription] = {}
        self.cancel_on_disconnect = False
        self.orders: set[str] = set()
        self._ws = ws
        self._config = config
        self._now_us = now_us
        self._abort = abort
        self._loop = asyncio.get_running_loop()
        self._frames: asyncio.Queue[bytes | str] = asyncio.Queue(config.max_queued_frames)
        self._ponged = asyncio.Event()
        self._last_sent_at = self._loop.time()
        self._tasks: set[asyncio.Task[None]] = set()
        self._playbacks: dict[str, asyncio.Task[None]] = {}
        self._idle_timer: asyncio.TimerHandle | None = None

    async def serve(self, answer: Callable[["Connection", str | None], None]) -> None:
        """
        Run until the socket ends.

        Parameters
        ----------
        answer : Callable
            Called with each text frame; with None for a frame that is not text.

        """
        self.watch_idleness()
        self._spawn(self._write())
        self._spawn(self._keep_alive())
        if self.form.sbe_version is not None:
            self._spawn(self._beat(self.form.sbe_version))
        try:
            async for message in self._ws:
                if message.type is WSMsgType.PING:
                    await self._ws.pong(message.data)
                elif message.type is WSMsgType.PONG:
                    self._ponged.set()
                else:
                    answer(self, message.data if message.type is WSMsgType.TEXT else None)
        finally:
            await self._end_tasks()

    @property
    def is_full(self) -> bool:
        """Whether it has as many subscriptions as are allowed."""
        return 0 < self._config.max_subscriptions <= len(self.subscriptions)

    def push(self, frame: bytes | str) -> None:
        """Queue a frame; a client that left too many unread is cut off (api-notes)."""
        try:
            self._frames.put_nowait(frame)
        except asyncio.QueueFull:
            self.abort()

    async def put(self, frame: bytes | str) -> None:
        """Queue a frame, waiting for room."""
        await self._frames.put(frame)

    def play(self, channel: str, playback: Coroutine[None, None, None]) -> None:
        """Run the playback of a recording until it ends or `channel` is unsubscribed."""
        self._playbacks[channel] = self._spawn(playback)

    def stop_playing(self, channel: str) -> None:
        playback = self._playbacks.pop(channel, None)
        if playback is not None:
            playback.cancel()

    def watch_idleness(self) -> None:
        """Start or stop the time that a socket may live without a subscription."""
        if self._idle_timer is not None:
            self._idle_timer.cancel()
            self._idle_timer = None
        if not self.subscriptions:
            self._idle_timer = self._loop.call_later(
                self._config.idle_close_secs, lambda: self._spawn(self._close_idle())
            )

    def abort(self) -> None:
        """Cut the connection without a close frame."""
        self._abort()

    async def close(self, code: int, reason: str) -> None:
        await self._ws.close(code=code, message=reason.encode())

    async def _write(self) -> None:
        # A peer that is gone ends the reader, which ends this.
        with suppress(ClientConnectionResetError, ConnectionResetError):
            while True:
                frame = await self._frames.get()
                self._last_sent_at = self._loop.time()
                if isinstance(frame, bytes):
                    await self._ws.send_bytes(frame)
                else:
                    await self._ws.send_str(frame)

    async def _keep_alive(self) -> None:
        with suppress(ClientConnectionResetError, ConnectionResetError):
            while True:
                await asyncio.sleep(self._config.ping_interval_secs)
                self._ponged.clear()
                await self._ws.ping()
                try:
                    async with asyncio.timeout(self._config.pong_timeout_secs):
                        await self._ponged.wait()
                except TimeoutError:
                    self.abort()
                    return

    async def _beat(self, version: int) -> None:
        interval = self._config.heartbeat_interval_secs
        seq = 0
        while True:
            idle_secs = self._loop.time() - self._last_sent_at
            if idle_secs < interval:
                await asyncio.sleep(interval - idle_secs)
                continue
            seq += 1
            self._last_sent_at = self._loop.time()
            self.push(sbe.encode(HeartbeatEvent(ts=self._now_us(), seq=seq), version))

    async def _close_idle(self) -> None:
        await self.close(CLOSE_NO_SUBSCRIPTION, "no active subscription")

    def _spawn(self, coroutine: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = self._loop.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._task_ended)
        return task

    def _task_ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            _LOG.error("a task of a socket failed, the socket is cut off", exc_info=error)
            self.abort()

    async def _end_tasks(self) -> None:
        if self._idle_timer is not None:
            self._idle_timer.cancel()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
