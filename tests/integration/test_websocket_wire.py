"""The same messages over every wire: TLS, two event loops, deflate, fragments, chunks, proxy."""

import asyncio
import random
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal

import pytest
import uvloop
from websockets.frames import Opcode

from nautilus_paradex.transport.websocket import ParadexWebSocketClient
from nautilus_paradex.transport.websocket_errors import ConnectError
from tests.integration.ws_server import ScriptedVenue, scripted_venue
from tests.support import eventually

needs_openssl = pytest.mark.skipif(
    shutil.which("openssl") is None,
    reason="the openssl command makes the certificate",
)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tls") / "venue.pem"
    subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    files = ["-nodes", "-days", "1", "-keyout", str(path), "-out", str(path.with_suffix(".crt"))]
    subprocess.run([*command, *subject, *files], check=True, capture_output=True)
    return path


def server_context(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.with_suffix(".crt"), certificate)
    return context


def client_context(certificate: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(certificate.with_suffix(".crt")))


def run(loop_kind: str, scenario: Coroutine[Any, Any, None]) -> None:
    factory = uvloop.new_event_loop if loop_kind == "uvloop" else None
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(scenario)


def random_messages(seed: int, count: int = 300) -> list[tuple[bytes, Opcode]]:
    rng = random.Random(seed)
    sizes = (0, 1, 64, 125, 126, 500, 65_535, 65_536, 200_000)
    weights = (1, 4, 20, 2, 2, 20, 1, 1, 1)
    messages = []
    for size in rng.choices(sizes, weights, k=count):
        if rng.random() < 0.5:
            messages.append((rng.randbytes(size), Opcode.BINARY))
        else:
            text = '{"jsonrpc":"2.0","method":"subscription","x":"' + "t" * size
            messages.append((text.encode(), Opcode.TEXT))
    return messages


async def send_all(venue: ScriptedVenue, messages: list[tuple[bytes, Opcode]], seed: int) -> None:
    """Send the messages, some in fragments, with pings between."""
    rng = random.Random(seed)
    for payload, opcode in messages:
        message: bytes | str = payload.decode() if opcode is Opcode.TEXT else payload
        if payload and rng.random() < 0.2:
            cut = rng.randrange(len(payload))
            await venue.last.send([message[:cut], message[cut:]])
        else:
            await venue.last.send(message)
        if rng.random() < 0.1:
            await venue.last.ping()


@needs_openssl
@pytest.mark.parametrize("loop_kind", ["asyncio", "uvloop"])
@pytest.mark.parametrize("tls", [False, True], ids=["tcp", "tls"])
@pytest.mark.parametrize("compression", [None, "deflate"], ids=["plain", "deflated"])
def test_handler_gets_every_message_in_order_over(
    loop_kind: str,
    tls: bool,
    compression: Literal["deflate"] | None,
    certificate: Path,
) -> None:
    async def scenario() -> None:
        received: list[tuple[bytes, Opcode]] = []
        messages = random_messages(seed=1)
        server_tls = server_context(certificate) if tls else None
        async with (
            scripted_venue(tls=server_tls, compression=compression) as venue,
            ParadexWebSocketClient(
                venue.url,
                handler=lambda frame, opcode: received.append((frame, opcode)),
                ssl=client_context(certificate) if tls else None,
                compression=compression,
            ) as client,
        ):
            await client.subscribe("bbo.X")
            await send_all(venue, messages, seed=2)
            await eventually(lambda: len(received) >= len(messages))
            assert received == messages
            assert client.metrics.disconnects == 0

    run(loop_kind, scenario())


@needs_openssl
async def test_certificate_that_nobody_vouches_for_is_a_connect_error(certificate: Path) -> None:
    async with scripted_venue(tls=server_context(certificate)) as venue:
        with pytest.raises(ConnectError, match="certificate"):
            await ParadexWebSocketClient(venue.url).connect()


@pytest.mark.parametrize("loop_kind", ["asyncio", "uvloop"])
@pytest.mark.parametrize("seed", range(4))
def test_handler_gets_every_message_whatever_chunks_the_network_makes(
    loop_kind: str,
    seed: int,
) -> None:
    async def scenario() -> None:
        received: list[tuple[bytes, Opcode]] = []
        messages = random_messages(seed, count=60)
        async with (
            scripted_venue() as venue,
            chopping_relay(venue.port, seed) as port,
            ParadexWebSocketClient(
                f"ws://127.0.0.1:{port}/v1",
                handler=lambda frame, opcode: received.append((frame, opcode)),
            ) as client,
        ):
            await client.subscribe("bbo.X")
            await send_all(venue, messages, seed)
            await eventually(lambda: len(received) >= len(messages))
            assert received == messages

    run(loop_kind, scenario())


async def test_connects_through_an_http_proxy_named_by_its_url() -> None:
    async with scripted_venue() as venue, http_proxy() as (proxy_url, asked):
        async with ParadexWebSocketClient(venue.url, proxy_url=proxy_url) as client:
            await client.subscribe("bbo.X")

        assert asked == [f"CONNECT 127.0.0.1:{venue.port} HTTP/1.1"]


async def test_environment_names_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("all_proxy", "http://127.0.0.1:1")
    async with scripted_venue() as venue, ParadexWebSocketClient(venue.url) as client:
        await client.subscribe("bbo.X")


@pytest.mark.parametrize("proxy_url", ["socks5://user:secret@127.0.0.1:1", "nonsense://secret"])
def test_proxy_of_another_kind_is_refused_at_once(proxy_url: str) -> None:
    with pytest.raises(ValueError, match="proxy_url must be http") as caught:
        ParadexWebSocketClient("ws://127.0.0.1:1/v1", proxy_url=proxy_url)

    assert "secret" not in str(caught.value)


async def test_proxy_that_does_not_work_is_a_connect_error_without_its_password() -> None:
    proxy_url = "http://user:secret@127.0.0.1:1"
    with pytest.raises(ConnectError) as caught:
        await ParadexWebSocketClient("ws://127.0.0.1:1/v1", proxy_url=proxy_url).connect()

    assert "secret" not in str(caught.value)
    assert "secret" not in repr(caught.value.__cause__)


@asynccontextmanager
async def chopping_relay(port: int, seed: int) -> AsyncIterator[int]:
    """Pass on what the venue sends in chunks of any size, one segment each."""
    rng = random.Random(seed)

    async def downstream(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(100_000):
            start = 0
            while start < len(data):
                size = rng.choice((1, 2, 3, 10, 100, 1_400, 30_000))
                writer.write(data[start : start + size])
                await writer.drain()
                await asyncio.sleep(0)
                start += size

    async def upstream(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(100_000):
            writer.write(data)

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        venue_reader, venue_writer = await asyncio.open_connection("127.0.0.1", port)
        await _pipe_both(
            downstream(venue_reader, writer),
            upstream(reader, venue_writer),
            (writer, venue_writer),
        )

    async with await asyncio.start_server(relay, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


@asynccontextmanager
async def http_proxy() -> AsyncIterator[tuple[str, list[str]]]:
    """A forward proxy that knows CONNECT and nothing else."""
    asked: list[str] = []

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            writer.write(data)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        asked.append(head.splitlines()[0])
        host, _, port = asked[-1].split()[1].partition(":")
        up_reader, up_writer = await asyncio.open_connection(host, int(port))
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await _pipe_both(copy(reader, up_writer), copy(up_reader, writer), (writer, up_writer))

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}", asked


async def _pipe_both(
    one: Coroutine[Any, Any, None],
    other: Coroutine[Any, Any, None],
    writers: tuple[asyncio.StreamWriter, asyncio.StreamWriter],
) -> None:
    """Run both directions until either ends, then end the other."""
    tasks = {asyncio.create_task(one), asyncio.create_task(other)}
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for writer in writers:
            writer.close()
