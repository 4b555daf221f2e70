"""The default REST transport on real sockets: what was sent is never misjudged.

The server is raw asyncio, because every case is about a connection that no decent server ends so.
"""

import asyncio
import base64
import ssl
import subprocess
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest

from nautilus_paradex.protocol import rest
from nautilus_paradex.transport.aiohttp_transport import aiohttp_transport
from nautilus_paradex.transport.credentials import ParadexCredentials
from nautilus_paradex.transport.errors import NotSentError, UnknownOutcomeError
from nautilus_paradex.transport.http import ParadexHttpClient

type Respond = Callable[["Connection", "Request"], Awaitable[None]]

ORDER = rest.OrderRequest(
    market="BTC-USD-PERP",
    side="BUY",
    type="LIMIT",
    size="0.1",
    price="50000",
    instruction="GTC",
    signature='["1","2"]',
    signature_timestamp=1,
)
CHANGE = rest.ModifyRequest(
    id="7",
    market="BTC-USD-PERP",
    side="BUY",
    type="LIMIT",
    size="0.1",
    price="50000",
    signature='["1","2"]',
    signature_timestamp=1,
)
START = {
    "/v1/system/config": b'{"starknet_chain_id": "PRIVATE_SN_POTC_SEPOLIA"}',
    "/v1/system/time": b'{"server_time": 1790000000000}',
}


class Request:
    """A request as it was read, whole."""

    def __init__(self, line, headers, body):
        self.method, self.target, _ = line.split(" ")
        self.headers = headers
        self.body = body


class Connection:
    """One accepted connection, to answer on or to break."""

    def __init__(self, number, writer):
        self.number = number
        self.writer = writer

    async def reply(self, body, status="200 OK", headers=""):
        head = f"HTTP/1.1 {status}\r\ncontent-length: {len(body)}\r\n{headers}\r\n"
        self.writer.write(head.encode() + body)
        await self.writer.drain()

    def reset(self):
        """Close so that the peer's kernel sees RST, not FIN."""
        self.writer.transport.abort()


class RawServer:
    """Counts connections and requests and lets the test say how each request ends."""

    def __init__(self, respond: Respond, tls: ssl.SSLContext | None = None):
        self.respond = respond
        self.tls = tls
        self.requests: list[Request] = []
        self.connections = 0
        self.start_headers = ""
        self._serving: set[asyncio.Task[None]] = set()

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, ssl=self.tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_):
        self._server.close()
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)
        await self._server.wait_closed()

    def commands(self):
        return [request for request in self.requests if "/orders" in request.target]

    async def _accept(self, reader, writer):
        self._serving.add(asyncio.current_task())
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            try:
                await self._serve(reader, writer)
            finally:
                writer.close()

    async def _serve(self, reader, writer):
        self.connections += 1
        connection = Connection(self.connections, writer)
        while not writer.transport.is_closing():
            request = await read_request(reader)
            self.requests.append(request)
            body = START.get(request.target)
            if body is not None:
                await connection.reply(body, headers=self.start_headers)
            else:
                await self.respond(connection, request)


async def read_request(reader):
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    line, *fields = head.split("\r\n")[:-2]
    headers = {name.lower(): value for name, value in (f.split(": ", 1) for f in fields)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Request(line, headers, body)


@pytest.fixture
async def client_for():
    clients = []

    async def make(url, **options):
        client = ParadexHttpClient(
            url,
            credentials=ParadexCredentials(0x5A17, readonly_token="a.b.c"),
            retry_delay_initial_ms=0,
            **options,
        )
        clients.append(client)
        return client

    yield make
    for client in clients:
        await client.close()


@pytest.fixture
async def started(client_for):
    async def make(server, **options):
        client = await client_for(f"http://127.0.0.1:{server.port}/v1", **options)
        await client.start()
        return client

    return make


@pytest.fixture
async def closed_port():
    server = await asyncio.start_server(lambda r, w: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    return port


async def nobody(connection, request):
    raise AssertionError(f"nothing should have asked for {request.target}")


async def reset(connection, request):
    connection.reset()


async def hang_up(connection, request):
    connection.writer.close()


async def hang_up_in_the_head(connection, request):
    connection.writer.write(b"HTTP/1.1 201 Created\r\ncontent-le")
    connection.writer.close()


async def hang_up_in_the_body(connection, request):
    connection.writer.write(b'HTTP/1.1 201 Created\r\ncontent-length: 99\r\n\r\n{"id"')
    connection.writer.close()


async def speak_something_else(connection, request):
    connection.writer.write(b"220 mail.example ESMTP\r\n\r\n")
    connection.writer.close()


async def send_a_broken_encoding(connection, request):
    await connection.reply(b"not gzip at all", "201 Created", "content-encoding: gzip\r\n")


COMMANDS = [
    pytest.param(lambda c: c.create_order(ORDER), id="POST"),
    pytest.param(lambda c: c.modify_order("7", CHANGE), id="PUT"),
    pytest.param(lambda c: c.cancel_order("7"), id="DELETE"),
]


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    "respond",
    [
        reset,
        hang_up,
        hang_up_in_the_head,
        hang_up_in_the_body,
        speak_something_else,
        send_a_broken_encoding,
    ],
)
async def test_a_command_that_was_read_and_not_answered_is_unknown_and_arrives_once(
    started, command, respond
):
    async with RawServer(respond) as server:
        client = await started(server)

        with pytest.raises(UnknownOutcomeError) as failure:
            await command(client)

        assert len(server.commands()) == 1
        # aiohttp's exceptions carry the request's headers, hence the token.
        assert (failure.value.__cause__, failure.value.__context__) == (None, None)


@pytest.mark.parametrize("command", COMMANDS)
async def test_a_dropped_keep_alive_connection_does_not_make_aiohttp_send_twice(started, command):
    # aiohttp's own resend needs exactly this: a connection that has served before.
    async with RawServer(reset) as server:
        client = await started(server)

        with pytest.raises(UnknownOutcomeError):
            await command(client)

        assert server.connections == 1
        assert len(server.commands()) == 1


async def test_a_read_on_a_dropped_connection_is_tried_again_by_the_client(started):
    async def drop_the_first_connection(connection, request):
        if connection.number == 1:
            connection.reset()
        else:
            await connection.reply(b'{"results": []}')

    async with RawServer(drop_the_first_connection) as server:
        client = await started(server)

        assert await client.positions() == []
        assert client.metrics["retries"] == 1
        assert server.connections == 2


async def test_a_read_is_sent_exactly_as_often_as_it_is_counted(started):
    async with RawServer(reset) as server:
        client = await started(server, max_retries=2)
        before = len(server.requests)

        with pytest.raises(UnknownOutcomeError):
            await client.positions()

        assert len(server.requests) - before == 3


@pytest.mark.parametrize("command", COMMANDS)
async def test_a_refused_connection_means_never_sent(started, command):
    async with RawServer(nobody) as server:
        server.start_headers = "connection: close\r\n"  # so that none is kept for the command
        client = await started(server, max_retries=1)

    with pytest.raises(NotSentError, match=r"cannot connect to 127\.0\.0\.1"):
        await command(client)
    assert client.metrics["retries"] == 1


async def test_a_name_that_does_not_resolve_means_never_sent(client_for):
    client = await client_for("http://paradex.invalid/v1", max_retries=0)

    with pytest.raises(NotSentError, match=r"cannot connect to paradex\.invalid"):
        await client.system_state()


class PlainServer(RawServer):
    """Says something as soon as it is called, and not in TLS."""

    async def _serve(self, reader, writer):
        writer.write(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")
        await reader.read()


async def test_a_peer_that_speaks_no_tls_means_never_sent(client_for):
    async with PlainServer(nobody) as server:
        client = await client_for(f"https://127.0.0.1:{server.port}/v1", max_retries=0)

        with pytest.raises(NotSentError):
            await client.system_state()


async def test_silence_ends_with_the_timeout_as_unknown(started):
    async def say_nothing(connection, request):
        await asyncio.Event().wait()

    async with RawServer(say_nothing) as server:
        client = await started(server, timeout_secs=1.0)

        with pytest.raises(UnknownOutcomeError):
            await client.create_order(ORDER)
        assert len(server.commands()) == 1


async def test_a_body_that_trickles_for_ever_ends_with_the_timeout_too(started):
    async def trickle(connection, request):
        connection.writer.write(b"HTTP/1.1 201 Created\r\ncontent-length: 100000\r\n\r\n")
        while True:
            connection.writer.write(b" ")
            await connection.writer.drain()
            await asyncio.sleep(0.02)

    async with RawServer(trickle) as server:
        client = await started(server, timeout_secs=1.0)

        with pytest.raises(UnknownOutcomeError, match=r"within 1 s"):
            await client.create_order(ORDER)


class MuteServer(RawServer):
    """Accepts, reads and says nothing, not even in a TLS handshake."""

    async def _serve(self, reader, writer):
        await asyncio.Event().wait()


async def test_a_handshake_that_never_ends_means_never_sent(client_for):
    async with MuteServer(nobody) as server:
        url = f"https://127.0.0.1:{server.port}/v1"
        client = await client_for(url, max_retries=0, timeout_secs=0.4)

        with pytest.raises(NotSentError):
            await client.system_state()


async def test_requests_share_kept_connections(started):
    async def answer(connection, request):
        await connection.reply(b'{"results": []}')

    async with RawServer(answer) as server:
        client = await started(server)
        for _ in range(5):
            await client.positions()

        assert server.connections == 1
        assert all(
            request.headers["authorization"] == "Bearer a.b.c" for request in positions(server)
        )


def positions(server):
    return [request for request in server.requests if request.target.endswith("/positions")]


async def test_a_cookie_is_not_kept(started):
    async def answer(connection, request):
        await connection.reply(b'{"results": []}', headers="set-cookie: session=1; path=/\r\n")

    async with RawServer(answer) as server:
        client = await started(server)
        await client.positions()
        await client.positions()

        assert all("cookie" not in request.headers for request in server.requests)


async def test_a_cancelled_caller_gets_its_cancellation(started):
    asked = asyncio.Event()

    async def say_nothing(connection, request):
        asked.set()
        await asyncio.Event().wait()

    async with RawServer(say_nothing) as server:
        client = await started(server)
        task = asyncio.create_task(client.create_order(ORDER))
        await asked.wait()
        task.cancel()

        with pytest.raises(asyncio.CancelledError):
            await task


# -- Proxy -----------------------------------------------------------------------------------------


class Proxy(RawServer):
    """Notes what it is asked for; forwards plain requests to nobody and tunnels CONNECT."""

    async def _serve(self, reader, writer):
        request = await read_request(reader)
        self.requests.append(request)
        if request.method != "CONNECT":
            await Connection(1, writer).reply(b'{"status": "ok"}')
            return
        host, port = request.target.rsplit(":", 1)
        up_reader, up_writer = await asyncio.open_connection(host, int(port))
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await asyncio.gather(pump(reader, up_writer), pump(up_reader, writer))


async def pump(reader, writer):
    with suppress(ConnectionError):
        while chunk := await reader.read(65_536):
            writer.write(chunk)
            await writer.drain()
    writer.close()


# httpx-aiohttp 0.2 hands the password over in a way that aiohttp 3.14 calls deprecated (until 4).
@pytest.mark.filterwarnings("ignore::DeprecationWarning:httpx_aiohttp")
async def test_a_plain_request_goes_to_the_proxy_with_its_password(client_for):
    async with Proxy(nobody) as proxy:
        url = f"http://us%20er:secret@127.0.0.1:{proxy.port}"
        client = await client_for("http://venue.invalid/v1", proxy_url=url)

        state = await client.system_state()

        (request,) = proxy.requests
        assert state.status == "ok"
        assert request.target == "http://venue.invalid/v1/system/state"
        assert base64.b64decode(request.headers["proxy-authorization"][6:]) == b"us er:secret"


async def test_tls_goes_through_a_tunnel(client_for, tls_contexts):
    server_context, client_context = tls_contexts

    async def answer(connection, request):
        await connection.reply(b'{"status": "ok"}')

    async with RawServer(answer, server_context) as server, Proxy(nobody) as proxy:
        transport = aiohttp_transport(
            proxy_url=f"http://127.0.0.1:{proxy.port}", ssl_context=client_context
        )
        client = await client_for(f"https://127.0.0.1:{server.port}/v1", transport=transport)

        state = await client.system_state()

        assert state.status == "ok"
        assert proxy.requests[0].method == "CONNECT"
        assert proxy.requests[0].target == f"127.0.0.1:{server.port}"
        assert server.requests[0].target == "/v1/system/state"
        await client.close()


@pytest.mark.filterwarnings("ignore::DeprecationWarning:httpx_aiohttp")
async def test_a_tunnel_that_the_proxy_refuses_shows_no_password(client_for):
    async def refuse(connection, request):
        await connection.reply(b"", "407 Proxy Authentication Required")

    async with RawServer(refuse) as proxy:
        url = f"http://user:secret@127.0.0.1:{proxy.port}"
        client = await client_for("https://venue.invalid/v1", proxy_url=url, max_retries=0)

        with pytest.raises(UnknownOutcomeError, match="407") as failure:
            await client.system_state()
        assert "secret" not in str(failure.value)
        assert (failure.value.__cause__, failure.value.__context__) == (None, None)


async def test_a_proxy_that_is_not_there_means_never_sent(client_for, closed_port):
    client = await client_for(
        "http://venue.invalid/v1", proxy_url=f"http://127.0.0.1:{closed_port}", max_retries=0
    )

    with pytest.raises(NotSentError):
        await client.system_state()


@pytest.mark.parametrize("url", ["socks5://u:secret@h:1", "h:1", "http://", "http://[::secret"])
def test_a_malformed_proxy_is_refused_without_its_password(url):
    with pytest.raises(ValueError, match="proxy_url must") as refusal:
        aiohttp_transport(proxy_url=url)
    assert "secret" not in str(refusal.value)


async def test_the_environments_proxy_is_left_alone(client_for, closed_port, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{closed_port}")

    async def answer(connection, request):
        await connection.reply(b'{"status": "ok"}')

    async with RawServer(answer) as server:
        client = await client_for(f"http://127.0.0.1:{server.port}/v1", max_retries=0)

        assert (await client.system_state()).status == "ok"


@pytest.fixture(scope="session")
def tls_contexts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    key, certificate = folder / "key.pem", folder / "cert.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"]
    command += ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    command += ["-keyout", str(key), "-out", str(certificate)]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("the openssl command is not installed")
    server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_context.load_cert_chain(certificate, key)
    return server_context, ssl.create_default_context(cafile=certificate)
