"""Faults that a test or a trainee asks for with ``POST /devnet/faults``.

A fault is a struct of the union below. Those that concern requests or channels wait here until one
comes by; those that concern sockets are carried out by the server. Nothing in this module does I/O.
"""

from collections import deque
from dataclasses import dataclass
from typing import Final

import msgspec

__all__ = [
    "FAULT_KINDS",
    "ChannelFault",
    "Clear",
    "Delay",
    "DropSockets",
    "Fault",
    "FaultError",
    "Faults",
    "HttpStatus",
    "RepeatDelta",
    "RequestFault",
    "SilentChannel",
    "SkipDelta",
    "SocketReply",
    "WaitingFault",
    "parse_fault",
]

_MAX_WAITING: Final = 256
_MAX_DELAY_MS: Final = 60_000


class FaultError(ValueError):
    """The fault asked for is unknown or malformed."""


class DropSockets(msgspec.Struct, frozen=True, tag_field="kind", tag="drop_sockets"):
    """Cut every WebSocket connection at once, without a close frame."""


class HttpStatus(
    msgspec.Struct, frozen=True, tag_field="kind", tag="http_status", forbid_unknown_fields=True
):
    """
    Answer the next `times` requests whose path starts with `path` with `status` and `body`.

    The request is not executed. With ``after=true`` it is executed first and only its answer is
    lost, so that the client cannot know what became of it.

    """

    path: str
    status: int
    times: int = 1
    method: str | None = None
    body: str = '{"message": "fault asked for with POST /devnet/faults"}'
    after: bool = False


class Delay(
    msgspec.Struct, frozen=True, tag_field="kind", tag="delay_ms", forbid_unknown_fields=True
):
    """Hold back the next `times` requests whose path starts with `path` by `delay_ms`."""

    path: str
    delay_ms: int
    times: int = 1
    method: str | None = None


class SocketReply(
    msgspec.Struct, frozen=True, tag_field="kind", tag="socket_reply", forbid_unknown_fields=True
):
    """
    Lose the answer to the next `times` requests of `method` over a socket.

    The request is not executed. With ``after=true`` it is executed and only its answer is lost.
    With `code` it is answered with that JSON-RPC error instead of with nothing.

    """

    method: str
    times: int = 1
    after: bool = False
    code: int | None = None


class SilentChannel(
    msgspec.Struct, frozen=True, tag_field="kind", tag="silent_channel", forbid_unknown_fields=True
):
    """Acknowledge the next `times` subscriptions to `channel`, and never send them anything."""

    channel: str
    times: int = 1


class SkipDelta(
    msgspec.Struct, frozen=True, tag_field="kind", tag="skip_delta", forbid_unknown_fields=True
):
    """Lose the next `times` changes of the book on `channel`: its sequence has a gap."""

    channel: str
    times: int = 1


class RepeatDelta(
    msgspec.Struct, frozen=True, tag_field="kind", tag="repeat_delta", forbid_unknown_fields=True
):
    """Send each of the next `times` changes of the book on `channel` twice."""

    channel: str
    times: int = 1


class Clear(msgspec.Struct, frozen=True, tag_field="kind", tag="clear"):
    """Forget the faults that still wait for a request or a channel."""


type RequestFault = HttpStatus | Delay
type ChannelFault = SilentChannel | SkipDelta | RepeatDelta
type WaitingFault = RequestFault | ChannelFault | SocketReply
type Fault = DropSockets | WaitingFault | Clear

_DECODER: Final[msgspec.json.Decoder[Fault]] = msgspec.json.Decoder(
    DropSockets | HttpStatus | Delay | SocketReply | SilentChannel | SkipDelta | RepeatDelta | Clear
)

FAULT_KINDS: Final = (
    "drop_sockets",
    "http_status",
    "delay_ms",
    "socket_reply",
    "silent_channel",
    "skip_delta",
    "repeat_delta",
    "clear",
)


class Faults:
    """Faults that wait for a request or a channel, oldest first."""

    def __init__(self) -> None:
        self._waiting: deque[_Waiting] = deque()

    def add(self, fault: WaitingFault) -> None:
        """
        Let `fault` wait for what it concerns.

        Raises
        ------
        FaultError
            If too many wait already.

        """
        if len(self._waiting) >= _MAX_WAITING:
            raise FaultError(f"{_MAX_WAITING} faults wait already: post a `clear` first")
        self._waiting.append(_Waiting(fault, fault.times))

    def clear(self) -> None:
        self._waiting.clear()

    def take(self, method: str, path: str) -> RequestFault | None:
        """Return the oldest fault for this request and count it as used, or None."""
        for waiting in self._waiting:
            fault = waiting.fault
            if isinstance(fault, HttpStatus | Delay) and _concerns(fault, method, path):
                self._use(waiting)
                return fault
        return None

    def take_reply(self, method: str) -> SocketReply | None:
        """Return the oldest fault for a socket's request and count it as used, or None."""
        for waiting in self._waiting:
            fault = waiting.fault
            if isinstance(fault, SocketReply) and fault.method == method:
                self._use(waiting)
                return fault
        return None

    def take_silence(self, channel: str) -> bool:
        """Return whether a new subscription to `channel` is to stay silent, and count it."""
        return self._take_of(channel, SilentChannel) is not None

    def copies_of_delta(self, channel: str) -> int:
        """Return how often the next change of a book goes out on `channel`: 1 without a fault."""
        fault = self._take_of(channel, SkipDelta, RepeatDelta)
        return 1 if fault is None else _COPIES[type(fault)]

    def waiting(self) -> list[WaitingFault]:
        return [entry.fault for entry in self._waiting]

    def __len__(self) -> int:
        return len(self._waiting)

    def _take_of(self, channel: str, *kinds: type) -> ChannelFault | None:
        for waiting in self._waiting:
            fault = waiting.fault
            if isinstance(fault, HttpStatus | Delay | SocketReply):
                continue
            if isinstance(fault, kinds) and fault.channel == channel:
                self._use(waiting)
                return fault
        return None

    def _use(self, waiting: "_Waiting") -> None:
        waiting.times -= 1
        if waiting.times == 0:
            self._waiting.remove(waiting)


def parse_fault(body: bytes) -> Fault:
    """
    Read the body of ``POST /devnet/faults``.

    Raises
    ------
    FaultError
        If the kind is unknown (the message names the known ones) or a field is wrong.

    """
    try:
        kind = msgspec.json.decode(body, type=dict[str, object]).get("kind")
    except msgspec.DecodeError as e:
        raise FaultError(f"body must be a JSON object with a `kind`: {e}") from e
    if kind not in FAULT_KINDS:
        raise FaultError(f"kind must be one of {', '.join(FAULT_KINDS)}, was {kind!r}")
    try:
        fault = _DECODER.decode(body)
    except msgspec.ValidationError as e:
        raise FaultError(f"{kind}: {e}") from e
    _check_ranges(fault)
    return fault


_COPIES: Final[dict[type, int]] = {SkipDelta: 0, RepeatDelta: 2}


@dataclass(slots=True, eq=False)
class _Waiting:
    fault: WaitingFault
    times: int


def _concerns(fault: RequestFault, method: str, path: str) -> bool:
    return path.startswith(fault.path) and fault.method in (None, method)


def _check_ranges(fault: Fault) -> None:
    if isinstance(fault, HttpStatus) and not 200 <= fault.status <= 599:
        raise FaultError(f"http_status: status must be between 200 and 599, was {fault.status}")
    if isinstance(fault, Delay) and not 0 < fault.delay_ms <= _MAX_DELAY_MS:
        raise FaultError(f"delay_ms must be between 1 and {_MAX_DELAY_MS}, was {fault.delay_ms}")
    if not isinstance(fault, DropSockets | Clear) and fault.times < 1:
        raise FaultError(f"times must be 1 or more, was {fault.times}")
