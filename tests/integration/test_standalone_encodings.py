"""One devnet, two sockets, two encodings: the same events come out of SBE and of JSON.

Events are paired by what identifies them. Times are compared to the millisecond, which is all that
JSON has; `NOT_IN_JSON` lists what else it does not carry, and nothing but that may differ.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import pytest
from websockets.frames import Opcode

from nautilus_paradex.devnet import DevnetServer
from nautilus_paradex.protocol import channels
from nautilus_paradex.protocol.events import (
    AccountEvent,
    BboEvent,
    BookEvent,
    FillEvent,
    FundingDataEvent,
    HeartbeatEvent,
    MarketSummaryEvent,
    OrderEvent,
    PositionEvent,
    TradeEvent,
)
from nautilus_paradex.protocol.json_feed import Message
from nautilus_paradex.transport.frames import decode_frame
from nautilus_paradex.transport.websocket import ParadexWebSocketClient
from tests.integration.execution_world import Trader
from tests.integration.standalone import (
    CHANNEL_OF,
    MARKET,
    PRIVATE,
    PUBLIC,
    open_trader,
    open_venue,
)
from tests.support import PATIENCE_SECS

TIMES = frozenset({"ts", "created_at", "updated_at", "received_at", "published_at"})

NOT_IN_JSON: dict[type, frozenset[str]] = {
    TradeEvent: frozenset({"seq", "trade_id"}),
    MarketSummaryEvent: frozenset({"seq"}),
    FundingDataEvent: frozenset({"seq"}),
    # The venue's own ts is when the message was made, which only the binary form says.
    AccountEvent: frozenset({"ts"}),
    PositionEvent: frozenset({"ts"}),
}

ZERO_IN_JSON = frozenset({(FillEvent, "realized_pnl")})
"""Null in SBE where no position was closed (schema)."""

BEGIN_WITH_A_STATE = frozenset({BboEvent, BookEvent, MarketSummaryEvent, AccountEvent})

IDENTITY: dict[type, Callable[[Any], object]] = {
    BboEvent: lambda event: event.seq,
    BookEvent: lambda event: (event.seq, event.pkg_type),
    TradeEvent: lambda event: event.trade_id_str,
    MarketSummaryEvent: lambda event: event.ts // 1_000,
    FundingDataEvent: lambda event: event.ts // 1_000,
    OrderEvent: lambda event: (event.order_id, event.seq, event.status, event.size_open),
    FillEvent: lambda event: (event.fill_type, event.fill_id),
    PositionEvent: lambda event: (event.market, event.seq),
    AccountEvent: lambda event: (event.seq, event.updated_at // 1_000),
}


class Received(NamedTuple):
    message: Message
    opcode: Opcode


class Both(NamedTuple):
    """A client of each encoding, and all that each received."""

    binary: ParadexWebSocketClient
    text: ParadexWebSocketClient
    by_binary: list[Received]
    by_text: list[Received]


@asynccontextmanager
async def both(venue: DevnetServer) -> AsyncIterator[Both]:
    by_binary: list[Received] = []
    by_text: list[Received] = []
    async with (
        ParadexWebSocketClient(venue.ws_url, sbe_schema_version=2) as binary,
        ParadexWebSocketClient(venue.ws_url, sbe_schema_version="json") as text,
    ):
        assert (binary.schema_version, text.schema_version) == (2, None)
        yield Both(binary, text, by_binary, by_text)
        for client in (binary, text):
            assert client.metrics.malformed_frames == 0
            assert client.metrics.unknown_templates == 0


async def receive(client: ParadexWebSocketClient, received: list[Received], count: int) -> None:
    """Receive `count` more messages."""
    wanted = len(received) + count
    while len(received) < wanted:
        frame = await client.recv_frame(timeout=PATIENCE_SECS)
        assert frame is not None, f"no more than {len(received)} messages came"
        message = decode_frame(frame)
        assert message is not None
        if not isinstance(message, HeartbeatEvent):
            received.append(Received(message, frame.opcode))


def of_kind(received: list[Received], kind: type) -> dict[object, Any]:
    """
    Return the messages of a kind by their identity.

    Without the first where that is a state, which is as of the moment of the subscription.

    """
    messages = [message for message, _ in received if isinstance(message, kind)]
    first = 1 if kind in BEGIN_WITH_A_STATE else 0
    return {IDENTITY[kind](message): message for message in messages[first:]}


def comparable(event: Any) -> dict[str, object]:
    """Return the fields of an event as far as JSON can carry them."""
    kind = type(event)
    fields = {name: getattr(event, name) for name in kind.__struct_fields__}
    for name in NOT_IN_JSON.get(kind, ()):
        del fields[name]
    for name in TIMES & fields.keys():
        fields[name] = None if fields[name] is None else fields[name] // 1_000
    for _, name in [each for each in ZERO_IN_JSON if each[0] is kind]:
        fields[name] = fields[name] or 0
    return fields


def pairs(seen: Both, kind: type) -> list[tuple[Any, Any]]:
    binary, text = of_kind(seen.by_binary, kind), of_kind(seen.by_text, kind)
    return [(binary[key], text[key]) for key in binary if key in text]


async def test_public_events_are_the_same_in_both_encodings() -> None:
    kinds = [kind for kind, channel in CHANNEL_OF.items() if channel in PUBLIC]
    async with open_venue(legacy_json=True) as venue, both(venue) as seen:
        for channel in PUBLIC:
            await seen.binary.subscribe(channel)
            await seen.text.subscribe(channel)

        while any(len(pairs(seen, kind)) < 5 for kind in kinds):
            await asyncio.gather(
                receive(seen.binary, seen.by_binary, 20), receive(seen.text, seen.by_text, 20)
            )

        for kind in kinds:
            for binary, text in pairs(seen, kind):
                assert comparable(text) == comparable(binary)
        assert {opcode for _, opcode in seen.by_binary} == {Opcode.BINARY}
        assert {opcode for _, opcode in seen.by_text} == {Opcode.TEXT}


@pytest.mark.parametrize("private_sbe", [False, True], ids=["json", "sbe"])
async def test_private_events_are_the_same_in_both_encodings(private_sbe: bool) -> None:
    async with (
        open_venue(private_sbe=private_sbe) as venue,
        open_trader(venue) as trader,
        both(venue) as seen,
    ):
        assert trader.http.session is not None
        token = await trader.http.session.token()
        for client in (seen.binary, seen.text):
            await client.authenticate(token)
            for channel in PRIVATE:
                await client.subscribe(channel)

        last_id = await an_order_story(trader)

        for client, received in ((seen.binary, seen.by_binary), (seen.text, seen.by_text)):
            while not has_closed(received, last_id):
                await receive(client, received, 1)

        for kind in (OrderEvent, FillEvent, PositionEvent, AccountEvent):
            in_common = pairs(seen, kind)
            assert in_common, f"no {kind.__name__} in common"
            for binary, text in in_common:
                assert comparable(text) == comparable(binary)
        for kind in (OrderEvent, FillEvent):
            assert list(of_kind(seen.by_binary, kind)) == list(of_kind(seen.by_text, kind))

        events = {type(message): opcode for message, opcode in seen.by_binary}
        assert events[OrderEvent] is (Opcode.BINARY if private_sbe else Opcode.TEXT)
        assert {opcode for _, opcode in seen.by_text} == {Opcode.TEXT}


async def an_order_story(trader: Trader) -> str:
    """Buy, rest, cancel, be refused, sell through zero, and rest again; return the last order."""
    await trader.place("BUY", "0.02", None, instruction="IOC", client_id="first")
    resting = await trader.place("BUY", "0.02", "80000")
    await trader.http.cancel_order(resting.id)
    await trader.place("BUY", "0.01", "150000", instruction="POST_ONLY")
    await trader.place("SELL", "0.05", None, instruction="IOC")
    last = await trader.place("BUY", "0.03", "80000", client_id="last")
    await trader.http.cancel_order(last.id)
    return last.id


def has_closed(received: list[Received], order_id: str) -> bool:
    return any(
        isinstance(message, OrderEvent)
        and (message.order_id, message.status) == (order_id, "CLOSED")
        for message, _ in received
    )


@pytest.mark.parametrize("channel", PUBLIC)
async def test_a_plain_socket_of_today_is_confirmed_and_silent(channel: str) -> None:
    async with (
        open_venue() as venue,
        ParadexWebSocketClient(venue.ws_url, sbe_schema_version="json") as text,
        ParadexWebSocketClient(venue.ws_url) as binary,
    ):
        await text.subscribe(channel)
        await binary.subscribe(channel)
        assert await binary.recv(PATIENCE_SECS) is not None
        assert await text.recv(timeout=0.05) is None
        assert channels.split(channel).market == MARKET
