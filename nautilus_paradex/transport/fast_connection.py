"""
A WebSocket client connection that hands plain data frames to a callback without the usual detour.

It only cuts the byte stream at frame borders. Every frame that is not whole, final, unmasked and
uncompressed, and the HTTP handshake, go through the library's own parser. Not for `recv()`: what
the callbacks took is in no queue.
"""

import sys
from collections.abc import Callable
from typing import Any, Final

from websockets.asyncio.client import ClientConnection
from websockets.client import ClientProtocol
from websockets.frames import CloseCode, Frame, Opcode
from websockets.http11 import Request, Response
from websockets.protocol import State

from nautilus_paradex.transport.websocket_metrics import WebSocketMetrics

__all__ = ["FastConnection", "FrameHandler"]

type FrameHandler = Callable[[bytes, Opcode], None]
"""Takes the payload of one message and whether it was text or binary."""

# First byte of a frame (RFC 6455, 5.2): FIN set, RSV1-3 clear, opcode. RSV1 would mean deflated.
_FINAL_TEXT: Final = 0x80 | Opcode.TEXT
_FINAL_BINARY: Final = 0x80 | Opcode.BINARY
_MASK_BIT: Final = 0x80
_LENGTH_16: Final = 126
_LENGTH_64: Final = 127
# The library's own limit for one message.
_MAX_FRAGMENTS: Final = 4_096


class FastConnection(ClientConnection):
    """
    Client connection with callbacks in place of `recv`.

    The library's parser is fed whole frames only, so between two calls of `data_received` it always
    stands at a frame border; the bytes of an unfinished frame wait here. A look at the parser's
    buffer would not do: after a frame header that arrives alone the buffer is empty as well.

    Parameters
    ----------
    protocol : ClientProtocol
        The library's protocol object.
    on_binary, on_text : FrameHandler
        Called synchronously for each message, in the order of the wire.
    on_handler_error : Callable[[Exception], None]
        Told of an exception that a handler raised: it costs that message and nothing else.
    metrics : WebSocketMetrics
        Where delivered messages are counted.

    """

    def __init__(
        self,
        protocol: ClientProtocol,
        *,
        on_binary: FrameHandler,
        on_text: FrameHandler,
        on_handler_error: Callable[[Exception], None],
        metrics: WebSocketMetrics,
        **options: Any,
    ) -> None:
        super().__init__(protocol, **options)
        self.lost = self.loop.create_future()
        """Done as soon as the connection is no longer open, however it ended."""
        self._on_binary = on_binary
        self._on_text = on_text
        self._on_handler_error = on_handler_error
        self._metrics = metrics
        self._muted = False
        self._tail = bytearray()
        self._tail_needs = 0
        self._fragments: list[bytes] = []
        self._opcode = Opcode.BINARY
        limits = (protocol.max_message_size, protocol.max_fragment_size)
        self._max_length = min(
            (limit for limit in limits if limit is not None), default=sys.maxsize
        )

    def mute(self) -> None:
        """Deliver nothing from now on: the client is closing."""
        self._muted = True

    def data_received(self, data: bytes) -> None:
        """Cut `data` at frame borders and deliver what is complete (asyncio callback)."""
        if self.protocol.state is State.CONNECTING:
            data = self._through_handshake(data)
        if self._tail:
            self._tail += data
            if len(self._tail) < self._tail_needs:
                return
            data = bytes(self._tail)
            self._tail.clear()
        if self.protocol.state is State.OPEN:
            self._cut(data)
        elif data:
            super().data_received(data)
        if self.protocol.state in (State.CLOSING, State.CLOSED):
            self._note_lost()

    def process_event(self, event: Request | Response | Frame) -> None:
        """Take messages that the library assembled to the same handlers (library callback)."""
        if not isinstance(event, Frame) or event.opcode not in (
            Opcode.TEXT,
            Opcode.BINARY,
            Opcode.CONT,
        ):
            super().process_event(event)
            return
        if event.opcode is not Opcode.CONT:
            self._fragments.clear()
            self._opcode = event.opcode
        self._fragments.append(bytes(event.data))
        if event.fin:
            payload = b"".join(self._fragments)
            self._fragments.clear()
            handler = self._on_binary if self._opcode is Opcode.BINARY else self._on_text
            self._deliver(handler, payload, self._opcode)
        elif len(self._fragments) > _MAX_FRAGMENTS:
            self._fragments.clear()
            self.protocol.fail(CloseCode.MESSAGE_TOO_BIG, "too many fragments")
            self.send_data()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell whoever waits that the connection is gone (asyncio callback)."""
        super().connection_lost(exc)
        self._note_lost()

    def _through_handshake(self, data: bytes) -> bytes:
        # Line by line, since frames may follow the response within the same chunk, and a partial
        # frame among them must not reach the parser.
        start = 0
        while start < len(data) and self.protocol.state is State.CONNECTING:
            end = data.find(b"\n", start) + 1 or len(data)
            super().data_received(data[start:end])
            start = end
        return data[start:]

    def _cut(self, data: bytes) -> None:
        protocol = self.protocol
        size = len(data)
        start = 0
        while size - start >= 2:
            length = data[start + 1]
            body = start + 2
            if length >= _LENGTH_16:
                body += _LENGTH_WIDTH.get(length, 0)
                if body > size:
                    break
                # A masked frame, which a server must not send, is left to the library's objection.
                length = int.from_bytes(data[start + 2 : body]) if body > start + 2 else sys.maxsize
            if length > self._max_length:
                super().data_received(data[start:])
                return
            end = body + length
            if end > size:
                self._keep(data, start, needs=end - start)
                return
            head = data[start]
            if head == _FINAL_BINARY and protocol.current_size is None:
                self._deliver(self._on_binary, data[body:end], Opcode.BINARY)
            elif head == _FINAL_TEXT and protocol.current_size is None:
                self._deliver(self._on_text, data[body:end], Opcode.TEXT)
            else:
                super().data_received(data[start:end])
                if protocol.state is not State.OPEN:
                    super().data_received(data[end:])
                    return
            start = end
        if start < size:
            self._keep(data, start, needs=2)

    def _keep(self, data: bytes, start: int, *, needs: int) -> None:
        self._tail += data[start:]
        self._tail_needs = needs

    def _deliver(self, handler: FrameHandler, payload: bytes, opcode: Opcode) -> None:
        if self._muted:
            return
        self._metrics.frames += 1
        try:
            handler(payload, opcode)
        except Exception as exc:  # noqa: BLE001 the handler is the caller's code: reported, not lost
            self._on_handler_error(exc)

    def _note_lost(self) -> None:
        if not self.lost.done():
            self.lost.set_result(None)


_LENGTH_WIDTH: Final = {_LENGTH_16: 2, _LENGTH_64: 8}
