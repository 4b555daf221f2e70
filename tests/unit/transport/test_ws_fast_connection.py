"""What reaches the handlers of a `FastConnection`, however the byte stream was cut."""

import asyncio
from collections.abc import Callable, Iterable
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.client import ClientProtocol
from websockets.extensions.permessage_deflate import (
    ClientPerMessageDeflateFactory,
    ServerPerMessageDeflateFactory,
)
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import State
from websockets.server import ServerProtocol
from websockets.uri import parse_uri

from nautilus_paradex.transport.fast_connection import FastConnection
from nautilus_paradex.transport.websocket_metrics import WebSocketMetrics

MAX_SIZE = 100_000


class RecordingTransport(asyncio.Transport):
    """Keeps what is written; nothing goes anywhere."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.is_at_eof = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += bytes(data)

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.is_at_eof = True

    def is_closing(self) -> bool:
        return False


class Wire:
    """A client connection without a network, and the server protocol at its other end."""

    def __init__(self, *, deflate: bool = False) -> None:
        self.received: list[tuple[Opcode, bytes]] = []
        self.errors: list[Exception] = []
        self.on_message: Callable[[bytes], None] = lambda payload: None
        self.metrics = WebSocketMetrics()
        self.transport = RecordingTransport()
        self.server = ServerProtocol(
            extensions=[ServerPerMessageDeflateFactory()] if deflate else None,
        )
        self.client = FastConnection(
            ClientProtocol(
                parse_uri("ws://venue.test/v1"),
                extensions=[ClientPerMessageDeflateFactory()] if deflate else None,
                max_size=MAX_SIZE,
            ),
            on_binary=self._take,
            on_text=self._take,
            on_handler_error=self.errors.append,
            metrics=self.metrics,
            ping_interval=None,
        )
        self.client.connection_made(self.transport)

    def _take(self, payload: bytes, opcode: Opcode) -> None:
        self.received.append((opcode, payload))
        self.on_message(payload)

    def handshake_response(self) -> bytes:
        self.client.request = self.client.protocol.connect()
        self.client.protocol.send_request(self.client.request)
        self.client.send_data()
        self.server.receive_data(self.transport.written)
        self.transport.written = b""
        (request,) = self.server.events_received()
        self.server.send_response(self.server.accept(cast(Request, request)))
        return b"".join(self.server.data_to_send())

    def open(self) -> "Wire":
        self.client.data_received(self.handshake_response())
        assert self.client.protocol.state is State.OPEN
        return self

    def frame(self, opcode: Opcode, payload: bytes, *, fin: bool = True) -> bytes:
        """Write a frame as the server would, through its extensions."""
        return Frame(opcode, payload, fin).serialize(mask=False, extensions=self.server.extensions)

    def feed(self, stream: bytes, cuts: Iterable[int] = ()) -> None:
        start = 0
        for cut in (*sorted({cut % (len(stream) + 1) for cut in cuts}), len(stream)):
            if cut > start:
                self.client.data_received(stream[start:cut])
            start = max(start, cut)

    def answers(self) -> list[Frame]:
        """Frames that the client wrote."""
        self.server.receive_data(self.transport.written)
        self.transport.written = b""
        return [event for event in self.server.events_received() if isinstance(event, Frame)]


payloads = st.one_of(
    st.binary(max_size=40),
    st.integers(100, 300).map(lambda size: b"m" * size),
    st.sampled_from([125, 126, 127, 65_535, 65_536]).map(lambda size: b"x" * size),
)
messages = st.lists(
    st.tuples(
        st.sampled_from([Opcode.TEXT, Opcode.BINARY]),
        payloads,
        st.integers(1, 3),  # fragments
        st.booleans(),  # a ping follows each fragment
    ),
    max_size=8,
)
cuts = st.lists(st.integers(0, 2**18), max_size=30)


def written(wire: Wire, script: list[tuple[Opcode, bytes, int, bool]]) -> tuple[bytes, int]:
    stream, pings = b"", 0
    for opcode, payload, fragments, with_ping in script:
        step = max(1, -(-len(payload) // fragments))
        parts = [payload[i : i + step] for i in range(0, len(payload), step)] or [b""]
        for index, part in enumerate(parts):
            kind = opcode if index == 0 else Opcode.CONT
            stream += wire.frame(kind, part, fin=index == len(parts) - 1)
            if with_ping:
                stream += wire.frame(Opcode.PING, b"p")
                pings += 1
    return stream, pings


@settings(max_examples=150, deadline=None)
@given(script=messages, at=cuts, deflate=st.booleans())
def test_every_message_arrives_once_and_in_order_however_the_stream_is_cut(
    script: list[tuple[Opcode, bytes, int, bool]],
    at: list[int],
    deflate: bool,
) -> None:
    async def scenario() -> None:
        wire = Wire(deflate=deflate)
        response = wire.handshake_response()
        stream, pings = written(wire, script)

        wire.feed(response + stream, at)

        assert wire.received == [(opcode, payload) for opcode, payload, _, _ in script]
        assert wire.metrics.frames == len(script)
        assert [answer.opcode for answer in wire.answers()] == [Opcode.PONG] * pings
        assert wire.client.protocol.state is State.OPEN
        assert not wire.client.lost.done()

    asyncio.run(scenario())


async def test_stream_of_single_bytes_is_cut_right() -> None:
    wire = Wire()
    response = wire.handshake_response()
    stream = wire.frame(Opcode.BINARY, b"a" * 200) + wire.frame(Opcode.TEXT, b"") * 2

    wire.feed(response + stream, range(len(response + stream)))

    assert wire.received == [(Opcode.BINARY, b"a" * 200), (Opcode.TEXT, b""), (Opcode.TEXT, b"")]


async def test_header_alone_is_not_mistaken_for_a_frame_border() -> None:
    """The library's parser has an empty buffer then, although it stands within a frame."""
    wire = Wire().open()
    frame = wire.frame(Opcode.BINARY, b"\x82\x01z")

    wire.feed(frame, [2])

    assert wire.received == [(Opcode.BINARY, b"\x82\x01z")]


async def test_payload_is_bytes_even_if_it_waited_for_its_end() -> None:
    wire = Wire().open()

    wire.feed(wire.frame(Opcode.BINARY, b"abcdef"), [3])

    ((_, payload),) = wire.received
    assert type(payload) is bytes


@pytest.mark.parametrize("declared", [MAX_SIZE + 1, 2**40])
async def test_oversized_message_closes_with_1009_before_it_is_there(declared: int) -> None:
    wire = Wire().open()

    wire.feed(b"\x82\x7f" + declared.to_bytes(8) + b"start of a long message")

    (close,) = wire.answers()
    assert close.opcode is Opcode.CLOSE
    assert int.from_bytes(close.data[:2]) == 1009
    assert wire.client.lost.done()
    assert wire.received == []


async def test_fragments_that_add_up_to_too_much_close_with_1009() -> None:
    wire = Wire().open()
    half = b"x" * (MAX_SIZE // 2 + 1)

    wire.feed(
        wire.frame(Opcode.BINARY, half, fin=False) + wire.frame(Opcode.CONT, half),
        [5, 60_000],
    )

    (close,) = wire.answers()
    assert int.from_bytes(close.data[:2]) == 1009
    assert wire.received == []


async def test_endless_empty_fragments_are_refused() -> None:
    wire = Wire().open()
    fragments = wire.frame(Opcode.CONT, b"", fin=False) * 5_000

    wire.feed(wire.frame(Opcode.TEXT, b"", fin=False) + fragments)

    assert wire.client.lost.done()
    assert wire.received == []


@pytest.mark.parametrize(
    "garbage",
    [
        pytest.param(b"\x82\x81\0\0\0\0x", id="masked by a server"),
        pytest.param(b"\xc2\x01x", id="deflated without negotiation"),
        pytest.param(b"\x83\x01x", id="reserved opcode"),
        pytest.param(b"\x09\x00", id="fragmented ping"),
        pytest.param(b"\x80\x01x", id="continuation of nothing"),
    ],
)
async def test_protocol_violation_closes_with_1002(garbage: bytes) -> None:
    wire = Wire().open()

    wire.feed(wire.frame(Opcode.BINARY, b"good") + garbage + wire.frame(Opcode.BINARY, b"late"))

    (close,) = wire.answers()
    assert int.from_bytes(close.data[:2]) == 1002
    assert wire.received == [(Opcode.BINARY, b"good")]


async def test_data_frame_inside_a_fragmented_message_is_a_violation() -> None:
    wire = Wire().open()

    wire.feed(wire.frame(Opcode.TEXT, b"a", fin=False) + wire.frame(Opcode.BINARY, b"b"))

    assert wire.received == []
    assert wire.client.lost.done()


async def test_nothing_is_delivered_after_the_close_frame() -> None:
    wire = Wire().open()
    close = wire.frame(Opcode.CLOSE, (4031).to_bytes(2) + b"no subscription")

    wire.feed(wire.frame(Opcode.TEXT, b"before") + close + wire.frame(Opcode.TEXT, b"after"))

    assert wire.received == [(Opcode.TEXT, b"before")]
    assert wire.client.lost.done()


async def test_muted_connection_delivers_nothing_but_still_answers_pings() -> None:
    wire = Wire().open()

    wire.client.mute()
    wire.feed(
        wire.frame(Opcode.TEXT, b"late")
        + wire.frame(Opcode.TEXT, b"a", fin=False)
        + wire.frame(Opcode.CONT, b"b")
        + wire.frame(Opcode.PING, b"p"),
    )

    assert wire.received == []
    assert [answer.opcode for answer in wire.answers()] == [Opcode.PONG]


async def test_handler_that_mutes_gets_nothing_more_of_the_same_chunk() -> None:
    wire = Wire().open()
    wire.on_message = lambda payload: wire.client.mute()

    wire.feed(wire.frame(Opcode.TEXT, b"1") + wire.frame(Opcode.TEXT, b"2"))

    assert wire.received == [(Opcode.TEXT, b"1")]


async def test_exception_of_the_handler_costs_that_message_only() -> None:
    wire = Wire().open()

    def fail_on_2(payload: bytes) -> None:
        if payload == b"2":
            raise ValueError("bad message")

    wire.on_message = fail_on_2
    wire.feed(b"".join(wire.frame(Opcode.BINARY, payload) for payload in (b"1", b"2", b"3")))

    assert [payload for _, payload in wire.received] == [b"1", b"2", b"3"]
    assert [str(error) for error in wire.errors] == ["bad message"]
    assert wire.client.protocol.state is State.OPEN


@given(at=cuts)
@settings(max_examples=50, deadline=None)
def test_refused_handshake_with_a_body_is_read_to_its_end(at: list[int]) -> None:
    async def scenario() -> None:
        wire = Wire()
        wire.handshake_response()
        body = b"unsupported\nsbeSchemaVersion\n" + b"\x82\x01x" * 20
        head = f"HTTP/1.1 400 Bad Request\r\nContent-Length: {len(body)}\r\n\r\n".encode()

        wire.feed(head + body, at)

        assert wire.client.response is not None
        assert wire.client.response.status_code == 400
        assert wire.client.response.body == body
        assert wire.received == []

    asyncio.run(scenario())
