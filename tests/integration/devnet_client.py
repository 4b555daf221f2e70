"""A small client of the devnet for tests: plain aiohttp, none of the transport under test.

Not a test module.
"""

import itertools
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import msgspec
from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType

from nautilus_paradex.devnet.identities import DevnetAccount
from nautilus_paradex.devnet.server import DevnetServer
from nautilus_paradex.protocol import rpc, sbe
from nautilus_paradex.protocol.events import Event
from nautilus_paradex.protocol.rpc import Notification, Response
from nautilus_paradex.protocol.signing import ParadexSigner

__all__ = ["BTC", "Answer", "DevnetClient", "Socket", "auth_headers", "connected"]

BTC = "BTC-USD-PERP"
_WAIT_SECS = 10.0

type Item = Event | Notification


class Answer(msgspec.Struct):
    """A REST answer: status, decoded body, headers in lower case."""

    status: int
    body: Any
    headers: dict[str, str]


class Socket:
    """One WebSocket: answers to requests apart from data, data in the order it came."""

    def __init__(self, ws: ClientWebSocketResponse) -> None:
        self.ws = ws
        self.frames: list[bytes] = []
        self._ids = itertools.count(1)
        self._items: list[Item] = []

    async def call(self, method: str, **params: object) -> Response:
        """Send a request and return its answer; data that comes first is kept."""
        request_id = next(self._ids)
        await self.send(method, request_id, **params)
        answer = await self.answer()
        assert answer.id == request_id
        return answer

    async def send(self, method: str, request_id: int | str, **params: object) -> None:
        """Send a request without waiting for its answer."""
        await self.ws.send_str(rpc.encode_request(method, params, request_id))

    async def answer(self) -> Response:
        """Return the next answer; data that comes first is kept."""
        while True:
            item = await self._receive()
            if isinstance(item, Response):
                return item
            self._items.append(item)

    async def subscribe(self, channel: str, **params: object) -> None:
        response = await self.call("subscribe", channel=channel, **params)
        assert response.error is None, response.error

    async def next(self, wanted: Callable[[Item], bool] = lambda _: True) -> Item:
        """Return the next data that is `wanted`, dropping what is not."""
        while True:
            item = self._items.pop(0) if self._items else await self._receive()
            assert not isinstance(item, Response)
            if wanted(item):
                return item

    async def next_of[T](self, event_type: type[T], **values: object) -> T:
        """Return the next event of a type whose fields have `values`."""

        def wanted(item: Item) -> bool:
            return isinstance(item, event_type) and all(
                getattr(item, name) == value for name, value in values.items()
            )

        item = await self.next(wanted)
        assert isinstance(item, event_type)
        return item

    async def next_data(self, channel: str, **values: object) -> dict[str, Any]:
        """Return the payload of the next JSON message of a channel that has `values`."""
        while True:
            item = await self.next(
                lambda item: isinstance(item, Notification) and item.channel == channel
            )
            assert isinstance(item, Notification)
            data: dict[str, Any] = msgspec.json.decode(item.data)
            if all(data[name] == value for name, value in values.items()):
                return data

    def drop_kept(self) -> None:
        """Drop the data that came before the last answer."""
        self._items.clear()

    async def closed(self) -> int | None:
        """Read until the server has closed; return the close code."""
        async for _ in self.ws:
            continue
        return self.ws.close_code

    async def _receive(self) -> Item | Response:
        message = await self.ws.receive(timeout=_WAIT_SECS)
        if message.type is WSMsgType.TEXT:
            return rpc.decode(message.data)
        assert message.type is WSMsgType.BINARY, message
        self.frames.append(message.data)
        event = sbe.decode(message.data)
        assert event is not None
        return event


class DevnetClient:
    """One account's view of a devnet."""

    def __init__(self, server: DevnetServer, session: ClientSession, number: int) -> None:
        self.server = server
        self.session = session
        self.account: DevnetAccount = server.accounts[number]
        self.signer: ParadexSigner = self.account.signer(server.config.chain_id)
        self.token = ""

    async def sign_in(self, **params: str) -> None:
        headers = auth_headers(self.account, self.signer, int(time.time()))
        answer = await self.send("POST", "/auth", headers=headers, **params)
        assert answer.status == 200, answer
        self.token = answer.body["jwt_token"]

    async def send(
        self,
        method: str,
        path: str,
        *,
        headers: dict[str, str] | None = None,
        json: object = None,
        data: bytes | None = None,
        root: str | None = None,
        **params: str,
    ) -> Answer:
        """Send a request, with the token if there is one and no other headers are given."""
        if headers is None:
            headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        url = (self.server.http_url if root is None else root) + path
        async with self.session.request(
            method, url, headers=headers, json=json, data=data, params=params
        ) as response:
            body = await response.read()
            return Answer(
                response.status,
                msgspec.json.decode(body) if body else None,
                {name.lower(): value for name, value in response.headers.items()},
            )

    async def get(self, path: str, **params: str) -> Answer:
        return await self.send("GET", path, **params)

    async def devnet(self, method: str, path: str, json: object = None) -> Answer:
        return await self.send(method, path, json=json, root=self.server.root_url)

    def order(self, **changes: Any) -> dict[str, Any]:
        """Return a signed order request: a limit buy far below the market, unless changed."""
        order: dict[str, Any] = {
            "market": BTC,
            "side": "BUY",
            "type": "LIMIT",
            "size": "0.01",
            "price": "95000",
            "instruction": "GTC",
            "signature_timestamp": int(time.time() * 1_000),
        }
        order |= changes
        order = {name: value for name, value in order.items() if value is not None}
        if "signature" not in order:
            order["signature"] = self._signature(order)
        return order

    def _signature(self, order: dict[str, Any]) -> str:
        return self.signer.sign_order(
            timestamp_ms=order["signature_timestamp"],
            market=order["market"],
            side=order["side"],
            order_type=order["type"],
            size=Decimal(order["size"]),
            price=Decimal(order.get("price", "0")),
        )

    async def place(self, **changes: Any) -> Answer:
        return await self.send("POST", "/orders", json=self.order(**changes))

    @asynccontextmanager
    async def socket(self, version: int | None = 2, *, auth: bool = False) -> AsyncIterator[Socket]:
        query = "" if version is None else f"?sbeSchemaId=1&sbeSchemaVersion={version}"
        async with self.session.ws_connect(self.server.ws_url + query) as ws:
            socket = Socket(ws)
            if auth:
                response = await socket.call("auth", bearer=self.token)
                assert response.error is None, response.error
            yield socket


@asynccontextmanager
async def connected(server: DevnetServer) -> AsyncIterator[tuple[DevnetClient, DevnetClient]]:
    """Return two signed-in clients of different accounts."""
    async with ClientSession() as session:
        first, second = DevnetClient(server, session, 0), DevnetClient(server, session, 1)
        await first.sign_in()
        await second.sign_in()
        yield first, second


def auth_headers(
    account: DevnetAccount,
    signer: ParadexSigner,
    timestamp: int,
    *,
    expiration: int | None = None,
) -> dict[str, str]:
    """Return the headers of ``POST /auth``, signed."""
    expires = timestamp + 600 if expiration is None else expiration
    return {
        "PARADEX-STARKNET-ACCOUNT": account.address_hex,
        "PARADEX-STARKNET-SIGNATURE": signer.sign_auth(timestamp=timestamp, expiration=expires),
        "PARADEX-TIMESTAMP": str(timestamp),
        "PARADEX-SIGNATURE-EXPIRATION": str(expires),
    }
