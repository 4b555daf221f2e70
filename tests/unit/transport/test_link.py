"""What a link makes of an answer that its loop finds only when the wait for it is over."""

import asyncio

import pytest
from websockets.frames import Opcode

from nautilus_paradex.protocol import rpc
from nautilus_paradex.transport.link import Link, LinkCallbacks
from nautilus_paradex.transport.websocket_errors import AckTimeoutError, ConnectionLostError
from nautilus_paradex.transport.websocket_metrics import WebSocketMetrics

TIMEOUT_SECS = 5.0


class AnsweringConnection:
    """Stands for the connection, and answers in the turn in which the wait for it ends."""

    def __init__(self, link, answer, pass_time):
        self._link = link
        self._answer = answer
        self._pass_time = pass_time

    async def send(self, text):
        request = rpc.decode_request(text)
        asyncio.get_running_loop().call_soon(self._answer, self._link, request.id)
        self._pass_time()


@pytest.fixture
def ask(monkeypatch):
    """Send a request over a loop that is kept busy for as long as the wait may last."""
    now_secs = 0.0

    def pass_time():
        nonlocal now_secs
        now_secs += TIMEOUT_SECS

    async def ask(answer):
        monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: now_secs)
        link = Link(LinkCallbacks(print, print, print, raw=True), WebSocketMetrics())
        link._connection = AnsweringConnection(link, answer, pass_time)
        request = link.exchange("order.create", {}, subject="X", timeout_secs=TIMEOUT_SECS)
        try:
            return await request
        finally:
            assert link._metrics.ack_timeouts == int(answer is stay_silent)

    return ask


def confirm(link, request_id):
    link._on_text(rpc.encode_result(request_id, {"channel": "X"}).encode(), Opcode.TEXT)


def refuse(link, request_id):
    link._on_text(rpc.encode_error(request_id, -32600, "no").encode(), Opcode.TEXT)


def end(link, request_id):
    link.mute("the connection is closed")


def stay_silent(link, request_id):
    """Say nothing."""


async def test_a_confirmation_counts(ask):
    assert (await ask(confirm)).result_as(dict) == {"channel": "X"}


async def test_a_refusal_counts(ask):
    with pytest.raises(rpc.RpcError):
        await ask(refuse)


async def test_the_end_of_the_connection_counts(ask):
    with pytest.raises(ConnectionLostError):
        await ask(end)


async def test_silence_is_a_missing_answer(ask):
    with pytest.raises(AckTimeoutError, match=r"order\.create of X"):
        await ask(stay_silent)
