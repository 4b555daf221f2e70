"""
One live connection: requests and their answers, data messages on their way to whoever wants them.

It ends when the connection ends. Coming back is the work of the client.
"""

import asyncio
import contextlib
import logging
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, Self

from websockets.asyncio.client import ClientConnection
from websockets.client import ClientProtocol
from websockets.exceptions import ConnectionClosed
from websockets.frames import Opcode

from nautilus_paradex.protocol import rpc
from nautilus_paradex.protocol.errors import MessageError
from nautilus_paradex.transport.connector import Connector
from nautilus_paradex.transport.fast_connection import FastConnection, FrameHandler
from nautilus_paradex.transport.negotiation import Encoding
from nautilus_paradex.transport.requests import PendingRequests
from nautilus_paradex.transport.websocket_errors import (
    AckTimeoutError,
    ConnectionLostError,
)
from nautilus_paradex.transport.websocket_metrics import WebSocketMetrics, is_worth_logging

__all__ = ["Link", "LinkCallbacks"]

# A notification as servers write it. Any other text is parsed before it is judged.
_NOTIFICATION_START: Final = re.compile(rb'\s*\{\s*(?:"jsonrpc"\s*:\s*"2\.0"\s*,\s*)?"method"\s*:')

# A look every quarter of the timeout notices silence after 1 to 1.25 timeouts.
_LOOKS_PER_SILENCE: Final = 4

_NO_SUBSCRIPTION: Final = 4031
_CLOSE_CODES: Final = {
    1000: "normal closure",
    1001: "the server is going away",
    1006: "the connection dropped without a closing handshake",
    1009: "a message was longer than max_message_bytes",
    1011: "no answer to a keepalive ping, or an internal error",
    1012: "the server restarts",
    _NO_SUBSCRIPTION: "the venue closes connections that have no subscription",
}

logger = logging.getLogger("nautilus_paradex.transport.websocket")


class LinkCallbacks:
    """
    Where a link delivers.

    Parameters
    ----------
    deliver : FrameHandler
        Takes every data message.
    late_response : Callable[[Response], None]
        Takes answers that nobody waits for any more.
    lost : Callable[[], None]
        Told that the connection has ended, before any waiting request is.
    raw : bool
        Whether `deliver` is a caller's handler, to be called without a detour through a queue.

    """

    __slots__ = ("deliver", "late_response", "lost", "raw")

    def __init__(
        self,
        deliver: FrameHandler,
        late_response: Callable[[rpc.Response], None],
        lost: Callable[[], None],
        *,
        raw: bool,
    ) -> None:
        self.deliver = deliver
        self.late_response = late_response
        self.lost = lost
        self.raw = raw


class Link:
    """A connection with its pending requests. Made by `open`."""

    def __init__(self, callbacks: LinkCallbacks, metrics: WebSocketMetrics) -> None:
        self.encoding: Encoding = None
        """Encoding that the venue took."""
        self._callbacks = callbacks
        self._metrics = metrics
        self._pending = PendingRequests()
        self._connection: ClientConnection
        self._ended: asyncio.Future[None]

    @classmethod
    async def open(
        cls,
        connector: Connector,
        callbacks: LinkCallbacks,
        metrics: WebSocketMetrics,
    ) -> Self:
        """
        Open a connection.

        Raises
        ------
        ConnectError
            If the venue cannot be reached, or refuses.

        """
        link = cls(callbacks, metrics)
        factory = link._fast_connection if callbacks.raw else None
        link._connection, link.encoding = await connector.open(factory)
        if isinstance(link._connection, FastConnection):
            link._ended = link._connection.lost
        else:
            link._ended = asyncio.create_task(link._pump(), name="paradex-websocket-reader")
        link._ended.add_done_callback(link._on_ended)
        return link

    @property
    def is_lost(self) -> bool:
        """Whether the connection has ended."""
        return self._ended.done()

    async def exchange(
        self,
        method: str,
        params: Mapping[str, object],
        *,
        subject: str,
        timeout_secs: float,
        on_id: Callable[[rpc.RequestId], None] | None = None,
    ) -> rpc.Response:
        """
        Send a request and wait for its answer.

        Parameters
        ----------
        method, params
            The request.
        subject : str
            What the request is about, for error messages.
        timeout_secs : float
            Limit of the wait.
        on_id : Callable[[RequestId], None], optional
            Told the id before the request leaves.

        Raises
        ------
        RpcError
            If the venue refuses.
        AckTimeoutError
            If it does not answer in time.
        ConnectionLostError
            If the connection ends first.

        """
        with self._pending.expect() as (request_id, answer):
            if on_id is not None:
                on_id(request_id)
            try:
                async with asyncio.timeout(timeout_secs):
                    await self._connection.send(rpc.encode_request(method, params, request_id))
                    response = await answer
            except TimeoutError:
                if answer.cancelled() or not answer.done():
                    self._metrics.ack_timeouts += 1
                    raise AckTimeoutError(
                        f"no answer to {method} of {subject} within {timeout_secs} s"
                    ) from None
                # A loop that was kept busy finds the answer and the end of the wait at once.
                response = answer.result()
            except ConnectionClosed as exc:
                raise ConnectionLostError(
                    f"the connection was lost during {method} of {subject}"
                ) from exc
        if response.error is not None:
            self._metrics.refusals += 1
            raise response.error
        self._metrics.acks += 1
        return response

    async def wait_lost(self, silence_timeout_secs: float | None) -> str:
        """
        Wait until the connection has ended, or ends it when it is silent for too long.

        Returns why, in words.
        """
        if self.encoding is None:
            silence_timeout_secs = None  # JSON connections have no heartbeat
        look_secs = silence_timeout_secs and silence_timeout_secs / _LOOKS_PER_SILENCE
        silent_looks = 0
        while True:
            seen = self._metrics.frames
            await asyncio.wait({self._ended}, timeout=look_secs)
            if self.is_lost:
                await self._connection.close()
                return self._close_reason()
            silent_looks = 0 if self._metrics.frames != seen else silent_looks + 1
            if silent_looks >= _LOOKS_PER_SILENCE:
                self._metrics.silences += 1
                self._connection.transport.abort()
                await self._connection.wait_closed()
                return f"nothing received for {silence_timeout_secs} s"

    def mute(self, reason: str) -> None:
        """Deliver nothing from now on and end every wait."""
        if isinstance(self._connection, FastConnection):
            self._connection.mute()
        self._pending.fail_all(ConnectionLostError(reason))

    async def close(self) -> None:
        """Close the connection, within the connection's own time limit. May be called again."""
        self.mute("the connection is closed")
        await self._connection.close()
        if isinstance(self._ended, asyncio.Task):
            self._ended.cancel()
            await asyncio.wait({self._ended})

    def _fast_connection(self, protocol: ClientProtocol, **options: Any) -> FastConnection:
        return FastConnection(
            protocol,
            on_binary=self._callbacks.deliver,
            on_text=self._on_text,
            on_handler_error=self._on_handler_error,
            metrics=self._metrics,
            **options,
        )

    async def _pump(self) -> None:
        with contextlib.suppress(ConnectionClosed):
            while True:
                data = await self._connection.recv()
                self._metrics.frames += 1
                if isinstance(data, str):
                    self._on_text(data.encode(), Opcode.TEXT)
                else:
                    self._callbacks.deliver(data, Opcode.BINARY)

    def _on_text(self, payload: bytes, opcode: Opcode) -> None:
        if _NOTIFICATION_START.match(payload):
            self._callbacks.deliver(payload, opcode)
            return
        try:
            message = rpc.decode(payload)
        except MessageError as exc:
            self._metrics.malformed_frames += 1
            if is_worth_logging(self._metrics.malformed_frames):
                logger.warning("malformed text frame of %d bytes skipped: %s", len(payload), exc)
            return
        if isinstance(message, rpc.Notification):
            self._callbacks.deliver(payload, opcode)
        elif not self._pending.resolve(message):
            self._metrics.late_responses += 1
            self._callbacks.late_response(message)

    def _on_handler_error(self, exc: Exception) -> None:
        self._metrics.handler_errors += 1
        if is_worth_logging(self._metrics.handler_errors):
            logger.error(
                "the handler failed, %d times by now: this message is lost to it",
                self._metrics.handler_errors,
                exc_info=exc,
            )

    def _on_ended(self, _: asyncio.Future[None]) -> None:
        self._callbacks.lost()
        error = ConnectionLostError("the connection was lost before the answer came")
        self._pending.fail_all(error)

    def _close_reason(self) -> str:
        code = self._connection.close_code
        meaning = _CLOSE_CODES.get(code or 0)
        said = self._connection.close_reason
        return ", ".join(part for part in (f"close code {code}", meaning, said) if part)
