"""The account's channels: which may be refused, and what becomes of each message."""

import msgspec
import pytest
from nautilus_trader.common.component import Logger, MessageBus, TestClock
from nautilus_trader.model.identifiers import ClientId, TraderId
from websockets.frames import Opcode

from nautilus_paradex.execution.private_stream import (
    OPTIONAL_CHANNELS,
    REQUIRED_CHANNELS,
    PrivateStream,
)
from nautilus_paradex.execution.takeover import Takeover
from nautilus_paradex.protocol import sbe
from nautilus_paradex.protocol.errors import MessageError
from nautilus_paradex.protocol.events import AccountEvent, FillEvent
from nautilus_paradex.protocol.rpc import RpcError
from nautilus_paradex.transport.acting_account import ActingAccount


class RefusingSocket:
    """A socket of a venue that refuses some channels."""

    def __init__(self, *refused: str) -> None:
        self._refused = refused
        self.subscribed: list[str] = []

    async def subscribe(self, channel: str) -> None:
        if channel in self._refused:
            raise RpcError(-32600, "invalid subscribe request", "invalid channel")
        self.subscribed.append(channel)


class Taken:
    """Somebody who takes messages in, or cannot."""

    def __init__(self, error: Exception | None = None) -> None:
        self.messages: list[object] = []
        self._error = error

    def __call__(self, message: object) -> None:
        if self._error is not None:
            raise self._error
        self.messages.append(message)


def stream(**handlers: Taken) -> PrivateStream:
    types = {"account": AccountEvent, "fill": FillEvent}
    by_type = {types[name]: taken for name, taken in handlers.items()}
    log = Logger("TEST")
    takeover = Takeover(
        MessageBus(TraderId("TESTER-001"), TestClock()),
        ClientId("PARADEX"),
        log,
        lambda message: None,
        lambda: None,
    )
    return PrivateStream(by_type, log, ActingAccount(0xABC), takeover)


@pytest.mark.parametrize("refused", OPTIONAL_CHANNELS)
async def test_a_channel_that_can_be_done_without_may_be_refused(refused: str) -> None:
    socket = RefusingSocket(refused)
    await stream().subscribe(socket)  # type: ignore[arg-type]
    everything = {*REQUIRED_CHANNELS, *OPTIONAL_CHANNELS}
    assert set(socket.subscribed) == everything - {refused}


@pytest.mark.parametrize("refused", REQUIRED_CHANNELS)
async def test_a_needed_channel_may_not(refused: str) -> None:
    with pytest.raises(RpcError):
        await stream().subscribe(RefusingSocket(refused))  # type: ignore[arg-type]


def test_the_encoding_is_told_by_each_frame() -> None:
    account = Taken()
    private = stream(account=account)
    event = AccountEvent(
        total_collateral=5,
        free_collateral=5,
        initial_margin_req=0,
        maintenance_margin_req=0,
        account_value=5,
        updated_at=7_000,
        ts=7_000,
        seq=1,
        account="0xabc",
        settlement_asset="USDC",
        status="ACTIVE",
        margin_cushion=5,
        last_seen_notification=0,
    )
    private.take_frame(sbe.encode(event, 2), Opcode.BINARY)
    text = {
        "jsonrpc": "2.0",
        "method": "subscription",
        "params": {
            "channel": "account",
            "data": {"total_collateral": "0.00000005", "updated_at": 7},
        },
    }
    private.take_frame(msgspec.json.encode(text), Opcode.TEXT)
    assert [m.total_collateral for m in account.messages] == [5, 5]  # type: ignore[attr-defined]
    assert [m.updated_at for m in account.messages] == [7_000, 7_000]  # type: ignore[attr-defined]


def test_what_cannot_be_taken_in_costs_itself_only() -> None:
    private = stream(account=Taken(MessageError("no")), fill=Taken())
    for _ in range(2):
        private.take_frame(sbe.encode(AccountEvent(account="0xabc"), 2), Opcode.BINARY)
    private.take_frame(b"{", Opcode.TEXT)
    assert private.malformed == {"MessageError": 3}
    assert not private.unknown


def test_unknown_kinds_are_counted_and_passed_over() -> None:
    private = stream()
    private.take_frame(b"\x00\x00\xf0\x00\x01\x00\x02\x00", Opcode.BINARY)
    private.take(AccountEvent())
    text = b'{"jsonrpc":"2.0","method":"subscription","params":{"channel":"mmp","data":{}}}'
    private.take_frame(text, Opcode.TEXT)
    assert private.unknown == {"binary template": 1, "AccountEvent": 1, "UnknownMessage": 1}
    assert not private.malformed


def test_messages_of_another_account_are_passed_over_and_counted() -> None:
    taken = Taken()
    private = stream(fill=taken)
    mine = [FillEvent(fill_id="1", account="0x0abc"), FillEvent(fill_id="2")]
    for fill in (mine[0], FillEvent(fill_id="3", account="0xdef"), mine[1]):
        private.take(fill)
    assert taken.messages == mine
    assert private.foreign == 1
