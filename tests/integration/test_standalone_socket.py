"""The socket clients on their own against the devnet, asynchronous and synchronous.

What a script does with them: connect, authenticate, subscribe, receive, from several tasks or
threads at once, over TLS, for as long as the venue's pings are answered.
"""

import asyncio
import json
import shutil
import ssl
import subprocess
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from aiohttp.web import WebSocketResponse

from nautilus_paradex.devnet import DevnetServer
from nautilus_paradex.protocol import channels, rest
from nautilus_paradex.protocol.events import FillEvent, OrderEvent, PositionEvent
from nautilus_paradex.protocol.json_feed import BalanceEvent
from nautilus_paradex.protocol.numbers import E8, to_e8
from nautilus_paradex.protocol.rpc import RpcError
from nautilus_paradex.transport.blocking import ParadexBlockingWebSocketClient
from nautilus_paradex.transport.websocket import ParadexWebSocketClient
from nautilus_paradex.transport.websocket_errors import ConnectError, SubscriptionError
from tests.integration.execution_world import Trader
from tests.integration.standalone import (
    FIRST_THREE,
    MARKET,
    PRIVATE,
    PUBLIC,
    collect,
    open_trader,
    open_venue,
)
from tests.support import PATIENCE_SECS, eventually

MARKETS = ("BTC-USD-PERP", "ETH-USD-PERP", "SOL-USD-PERP", "kPEPE-USD-PERP")
MANY = tuple(
    name(market)
    for name in (channels.bbo, channels.book_deltas, channels.markets_summary)
    for market in MARKETS
)


@pytest.fixture
async def venue() -> AsyncIterator[DevnetServer]:
    async with open_venue() as venue:
        yield venue


@pytest.fixture
async def trader(venue: DevnetServer) -> AsyncIterator[Trader]:
    async with open_trader(venue) as trader:
        yield trader


async def test_the_markets_of_a_scoped_channel_are_changed_and_replayed(
    venue: DevnetServer,
) -> None:
    async with ParadexWebSocketClient(venue.ws_url, reconnect_delay_initial_ms=1) as client:
        with pytest.raises(SubscriptionError, match="subscribe first"):
            await client.modify_subscription("markets_summary", add=[MARKETS[0]])
        await client.subscribe("markets_summary", markets=[MARKETS[0]])
        await client.modify_subscription("markets_summary", add=MARKETS[1:3], remove=[MARKETS[0]])
        with pytest.raises(RpcError):
            await client.modify_subscription("markets_summary", add=["NOBODY-USD-PERP"])

        venue.sockets.drop_all()
        await eventually(lambda: client.metrics.reconnects == 1)
        while await client.recv(timeout=0) is not None:
            pass
        heard = {(await client.recv(timeout=PATIENCE_SECS)).market for _ in range(4)}

    assert heard == set(MARKETS[1:3])


async def token_of(trader: Trader) -> str:
    assert trader.http.session is not None
    return await trader.http.session.token()


def receive(client: ParadexBlockingWebSocketClient, *wanted: str) -> dict[str, list[Any]]:
    """Receive until there is something of each `wanted` channel; return the data of all."""
    received: dict[str, list[Any]] = {}
    while not received.keys() >= set(wanted):
        text = client.recv(timeout=PATIENCE_SECS)
        assert text is not None, f"nothing came, until now {sorted(received)} of {wanted}"
        message = json.loads(text)
        received.setdefault(message["channel"], []).append(message["data"])
    return received


# The first script of a new user.


async def test_three_of_three_channels_are_confirmed_and_bring_data(
    venue: DevnetServer, trader: Trader
) -> None:
    client = ParadexWebSocketClient(venue.ws_url, token_provider=trader.http.session)
    await client.connect()
    assert client.is_connected
    assert client.schema_version == 2

    answer = await client.authenticate()
    assert answer.result_as(dict[str, str])["node_id"]
    for channel in FIRST_THREE:
        confirmation = await client.subscribe(channel)
        assert confirmation.result_as(dict[str, str]) == {"channel": channel}
    assert client.subscriptions == FIRST_THREE

    received = await collect(client, *FIRST_THREE)
    assert {message.market for messages in received.values() for message in messages} == {MARKET}

    await client.close()
    assert not client.is_connected


async def test_the_synchronous_client_does_the_same(venue: DevnetServer, trader: Trader) -> None:
    token = await token_of(trader)

    def script() -> None:
        client = ParadexBlockingWebSocketClient(venue.ws_url)
        client.connect()
        assert client.authenticate(token)["node_id"]
        for channel in FIRST_THREE:
            assert client.subscribe(channel) == {"channel": channel}
        received = receive(client, *FIRST_THREE)
        assert {data["market"] for messages in received.values() for data in messages} == {MARKET}
        client.close()

    await asyncio.to_thread(script)


async def test_nothing_within_the_timeout_is_none() -> None:
    async with open_venue(synthetic=False) as venue:
        async with ParadexWebSocketClient(venue.ws_url) as client:
            await client.subscribe(channels.trades(MARKET))
            assert await client.recv(timeout=0.05) is None
            assert await client.recv() is None
            assert client.is_connected

        def script() -> None:
            with ParadexBlockingWebSocketClient(venue.ws_url) as client:
                client.subscribe(channels.trades(MARKET))
                assert client.recv(timeout=0.05) is None
                assert client.recv() is None

        await asyncio.to_thread(script)


# Every channel.


@pytest.mark.parametrize("channel", PUBLIC)
@pytest.mark.parametrize("version", [0, 1, 2])
async def test_each_public_channel_brings_data(
    venue: DevnetServer, channel: str, version: int
) -> None:
    async with ParadexWebSocketClient(venue.ws_url, sbe_schema_version=version) as client:
        await client.subscribe(channel)
        assert list(await collect(client, channel)) == [channel]
        await client.unsubscribe(channel)
        assert client.subscriptions == ()


@pytest.mark.parametrize("channel", PRIVATE)
async def test_each_private_channel_needs_authentication(
    venue: DevnetServer, trader: Trader, channel: str
) -> None:
    async with ParadexWebSocketClient(venue.ws_url) as client:
        with pytest.raises(RpcError, match="40300"):
            await client.subscribe(channel)
        await client.authenticate(await token_of(trader))
        confirmation = await client.subscribe(channel)
        assert confirmation.result_as(dict[str, str]) == {"channel": channel}


@pytest.mark.parametrize("private_sbe", [False, True], ids=["json", "sbe"])
async def test_an_order_is_told_on_the_private_channels(private_sbe: bool) -> None:
    async with open_venue(private_sbe=private_sbe) as venue, open_trader(venue) as trader:
        provider = trader.http.session
        async with ParadexWebSocketClient(venue.ws_url, token_provider=provider) as client:
            await client.authenticate()
            for channel in PRIVATE:
                await client.subscribe(channel)
            placed = await trader.place("BUY", "0.01", None, instruction="IOC", client_id="mine")

            received = await collect(client, *(set(PRIVATE) - {channels.TRANSFERS}))

        fill = await fill_of(trader, placed)
        told = one_of(received[channels.fills(MARKET)], FillEvent)
        assert (told.fill_id, told.order_id, told.client_order_id) == (fill.id, placed.id, "mine")
        assert (told.price, told.size) == (to_e8(fill.price), E8 // 100)
        order = one_of(received[channels.orders(MARKET)], OrderEvent)
        assert (order.order_id, order.side, order.size) == (placed.id, "BUY", E8 // 100)
        position = one_of(received[channels.POSITIONS], PositionEvent)
        assert (position.market, position.side, position.size) == (MARKET, "BUY", E8 // 100)
        balance = one_of(received[channels.BALANCE_EVENTS], BalanceEvent)
        assert balance.fill_id == fill.id
        change = Decimal(str(balance.settlement_asset_balance_after)) - Decimal(
            str(balance.settlement_asset_balance_before)
        )
        assert change == -Decimal(str(fill.fee))


@pytest.mark.parametrize("private_sbe", [False, True], ids=["json", "sbe"])
async def test_the_synchronous_client_is_told_the_same(private_sbe: bool) -> None:
    async with open_venue(private_sbe=private_sbe) as venue, open_trader(venue) as trader:
        token = await token_of(trader)
        loop = asyncio.get_running_loop()

        def script() -> tuple[rest.Order, dict[str, list[Any]]]:
            with ParadexBlockingWebSocketClient(venue.ws_url) as client:
                client.authenticate(token)
                for channel in PRIVATE:
                    client.subscribe(channel)
                order = trader.place("BUY", "0.01", None, instruction="IOC")
                placed = asyncio.run_coroutine_threadsafe(order, loop).result(PATIENCE_SECS)
                return placed, receive(client, *(set(PRIVATE) - {channels.TRANSFERS}))

        placed, received = await asyncio.to_thread(script)

        fill = await fill_of(trader, placed)
        told = received[channels.fills(MARKET)][0]
        # Binary data are the fields of an event, JSON is what the venue wrote.
        assert told["order_id"] == placed.id
        assert told["fill_id" if private_sbe else "id"] == fill.id
        assert told["price"] == (to_e8(fill.price) if private_sbe else fill.price)


async def fill_of(trader: Trader, order: rest.Order) -> rest.Fill:
    page = await trader.http.fills(market=MARKET)
    return next(fill for fill in page.results if fill.order_id == order.id)


def one_of[T](messages: list[Any], kind: type[T]) -> T:
    """Return the last of `messages`; on channels that begin with a state it is the news."""
    message = messages[-1]
    assert isinstance(message, kind)
    return message


# Several at once.


async def test_several_tasks_share_a_client(venue: DevnetServer) -> None:
    async with ParadexWebSocketClient(venue.ws_url) as client:
        confirmations = await asyncio.gather(*(client.subscribe(channel) for channel in MANY))
        assert [c.result_as(dict[str, str])["channel"] for c in confirmations] == list(MANY)

        messages = await asyncio.gather(*(client.recv(PATIENCE_SECS) for _ in range(200)))
        assert None not in messages
        assert len({id(message) for message in messages}) == len(messages)

        await asyncio.gather(*(client.unsubscribe(channel) for channel in MANY[1:]))
        assert client.subscriptions == MANY[:1]


async def test_several_threads_share_a_client(venue: DevnetServer) -> None:
    def script() -> None:
        with ParadexBlockingWebSocketClient(venue.ws_url) as client, ThreadPoolExecutor(8) as pool:
            confirmations = list(pool.map(client.subscribe, MANY))
            assert confirmations == [{"channel": channel} for channel in MANY]
            texts = list(pool.map(lambda _: client.recv(PATIENCE_SECS), range(200)))
            assert {json.loads(text or "{}")["channel"] for text in texts} <= set(MANY)
            list(pool.map(client.unsubscribe, MANY))

    await asyncio.to_thread(script)


async def test_several_clients_at_once_see_the_same_trades(venue: DevnetServer) -> None:
    channel = channels.trades(MARKET)
    async with (
        ParadexWebSocketClient(venue.ws_url) as first,
        ParadexWebSocketClient(venue.ws_url) as second,
    ):
        await asyncio.gather(first.subscribe(channel), second.subscribe(channel))
        seen: tuple[dict[str, Any], dict[str, Any]] = ({}, {})
        while len(common := seen[0].keys() & seen[1].keys()) < 5:
            for client, trades in zip((first, second), seen, strict=True):
                trade = await client.recv(PATIENCE_SECS)
                trades[trade.trade_id] = trade
    for trade_id in common:
        assert seen[0][trade_id] == seen[1][trade_id]


# Pings.


async def test_clients_that_answer_pings_stay_connected(monkeypatch: pytest.MonkeyPatch) -> None:
    lost: list[str] = []
    pings: Counter[WebSocketResponse] = Counter()
    ping = WebSocketResponse.ping

    async def counted(ws: WebSocketResponse, message: bytes = b"") -> None:
        pings[ws] += 1
        await ping(ws, message)

    def noting(name: str) -> dict[str, Any]:
        return {"on_disconnected": lambda: lost.append(name)}

    monkeypatch.setattr(WebSocketResponse, "ping", counted)
    channel = channels.funding_data("SOL-USD-PERP")
    async with open_venue(ping_interval_secs=0.05, pong_timeout_secs=PATIENCE_SECS) as venue:
        raw = ParadexWebSocketClient(venue.ws_url, handler=lambda *_: None, **noting("raw"))
        decoding = ParadexWebSocketClient(venue.ws_url, **noting("decoding"))
        blocking = ParadexBlockingWebSocketClient(venue.ws_url, **noting("blocking"))
        async with raw, decoding:
            await asyncio.to_thread(blocking.connect)
            await raw.subscribe(channel)
            await decoding.subscribe(channel)
            await asyncio.to_thread(blocking.subscribe, channel)

            # The venue pings again only if it was answered.
            await eventually(lambda: len(pings) == 3 and min(pings.values()) >= 3)

            assert lost == []
            assert raw.is_connected
            assert decoding.is_connected
            assert await asyncio.to_thread(blocking.recv, PATIENCE_SECS) is not None
            await asyncio.to_thread(blocking.close)


# TLS.


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate; its key lies beside it."""
    if shutil.which("openssl") is None:
        pytest.skip("the openssl command makes the certificate")
    path = tmp_path_factory.mktemp("tls") / "venue.crt"
    subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    files = ["-nodes", "-days", "1", "-keyout", str(path.with_suffix(".key")), "-out", str(path)]
    subprocess.run([*command, *subject, *files], check=True, capture_output=True)
    return path


@asynccontextmanager
async def tls_in_front_of(venue: DevnetServer, certificate: Path) -> AsyncIterator[str]:
    """Terminate TLS and pass the bytes on to `venue`; give the ``wss://`` address."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_suffix(".key"))
    host, port = venue.root_url.removeprefix("http://").split(":")

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        onward_reader, onward_writer = await asyncio.open_connection(host, int(port))
        async with asyncio.TaskGroup() as group:
            group.create_task(pass_on(reader, onward_writer))
            group.create_task(pass_on(onward_reader, writer))

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    async with server:
        yield f"wss://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"


async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError, ssl.SSLError):  # either side may hang up first
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.close()


def trust(certificate: Path) -> Mapping[str, Any]:
    return {"ssl": ssl.create_default_context(cafile=str(certificate))}


@pytest.mark.parametrize("mode", ["recv", "handler"])
async def test_everything_works_over_tls(
    venue: DevnetServer, trader: Trader, certificate: Path, mode: str
) -> None:
    frames: list[bytes] = []
    options = {"handler": lambda frame, opcode: frames.append(frame)} if mode == "handler" else {}
    async with tls_in_front_of(venue, certificate) as url:
        client = ParadexWebSocketClient(url, **options, **trust(certificate))
        async with client:
            answer = await client.authenticate(await token_of(trader))
            assert answer.result_as(dict[str, str])["node_id"]
            for channel in PUBLIC:
                await client.subscribe(channel)
            if mode == "recv":
                await collect(client, *PUBLIC)
            else:
                await eventually(lambda: len(frames) > 50)


async def test_the_synchronous_client_works_over_tls(
    venue: DevnetServer, trader: Trader, certificate: Path
) -> None:
    token = await token_of(trader)

    def script(url: str) -> None:
        with ParadexBlockingWebSocketClient(url, **trust(certificate)) as client:
            client.authenticate(token)
            for channel in FIRST_THREE:
                client.subscribe(channel)
            receive(client, *FIRST_THREE)

    async with tls_in_front_of(venue, certificate) as url:
        await asyncio.to_thread(script, url)


async def test_a_certificate_that_nobody_vouches_for_is_refused(
    venue: DevnetServer, certificate: Path
) -> None:
    async with tls_in_front_of(venue, certificate) as url:
        with pytest.raises(ConnectError, match="certificate"):
            await ParadexWebSocketClient(url).connect()
