"""Order methods of a socket held back on their way to the venue and their answers on the way back.

Not a test module. `HeldCalls` stands in front of the venue's control plane: real frames over a real
socket arrive and are answered when the test says so. What a connection carried is lost with it.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final

from nautilus_paradex.devnet.server import DevnetServer
from nautilus_paradex.devnet.sockets.connection import Connection
from nautilus_paradex.protocol import rpc
from nautilus_paradex.protocol.enums import RpcErrorCode

__all__ = ["HeldCall", "HeldCalls"]

type _Frame = bytes | str
type _BadReply = Callable[[rpc.RequestId], str | None]
"""What is sent instead of an answer; None for nothing, which the sender waits for in vain."""


def _nothing(_: rpc.RequestId) -> str | None:
    return None


def _internal_error(request_id: rpc.RequestId) -> str | None:
    return rpc.encode_error(
        request_id, RpcErrorCode.INTERNAL_ERROR, "try again later", None, us_in=0, us_out=0
    )


def _unreadable(request_id: rpc.RequestId) -> str | None:
    return rpc.encode_result(request_id, {"order": "none"}, us_in=0, us_out=0)


# By the names that spoiled answers over HTTP have.
_BAD_REPLIES: Final[Mapping[str, _BadReply]] = {
    "reset": _nothing,
    "unavailable": _internal_error,
    "gateway_page": _internal_error,
    "page_as_success": _unreadable,
    "truncated": _nothing,
}


class HeldCall:
    """One request over a socket, and how far it has come."""

    def __init__(self, connection: Connection, text: str, request: rpc.Request) -> None:
        assert request.id is not None
        self.connection = connection
        self.text = text
        self.method = request.method
        self.request_id = request.id
        self.has_left = False
        self.is_given_up = False
        self.replies: list[_Frame] = []

    def __repr__(self) -> str:
        return f"{self.method} ({'at the venue' if self.has_left else 'sent'})"

    @property
    def is_over(self) -> bool:
        """Whether neither its sender nor the venue can learn anything more of it."""
        return self.has_left and self.is_given_up


class HeldCalls:
    """
    Holds order methods back from `hold` on until `let_through`.

    Parameters
    ----------
    server : DevnetServer
        The venue; made, and not connected to yet.

    """

    def __init__(self, server: DevnetServer) -> None:
        control = server.sockets._control
        self._answer = control.answer
        self._ended = control.ended
        self._is_order_method = control._orders.has
        control.answer = self._take  # type: ignore[method-assign]
        control.ended = self._lost  # type: ignore[method-assign]
        self._loop = asyncio.get_running_loop()
        self._is_holding = False
        self.waiting: list[HeldCall] = []

    def hold(self) -> None:
        self._is_holding = True

    def let_through(self) -> None:
        """Hold nothing any more: what waits goes its way, oldest first."""
        self._is_holding = False
        waiting, self.waiting = self.waiting, []
        for held in waiting:
            self._execute(held)
            self._reply(held)

    def move(self, held: HeldCall) -> None:
        """Let a request arrive at the venue; the next time, let its answer through."""
        if held.has_left:
            self._reply(held)
        else:
            self._execute(held)
        self._forget_what_is_over()

    def lose(self, held: HeldCall, how: str) -> None:
        """Let the sender learn nothing; a request that has not arrived yet still may."""
        bad = None if held.is_given_up else _BAD_REPLIES[how](held.request_id)
        held.is_given_up = True
        if bad is not None:
            held.connection.push(bad)
        self._forget_what_is_over()

    def drop(self, held: HeldCall, how: str) -> None:
        """Let the sender learn nothing, and the venue neither unless the request has arrived."""
        held.has_left = True
        self.lose(held, how)

    def _take(self, connection: Connection, text: str | None) -> None:
        request = None if text is None else rpc.decode_request(text)
        if not self._is_holding or request is None or text is None:
            self._answer(connection, text)
        elif self._is_order_method(request.method):
            self.waiting.append(HeldCall(connection, text, request))
        else:
            self._answer(connection, text)

    def _lost(self, connection: Connection) -> None:
        self.waiting = [held for held in self.waiting if held.connection is not connection]
        self._ended(connection)

    def _execute(self, held: HeldCall) -> None:
        if not held.has_left:
            held.has_left = True
            # Soon, because a test calls from outside the loop that the venue runs in.
            self._loop.call_soon(self._answer, _Deaf(held.connection, held.replies), held.text)

    def _reply(self, held: HeldCall) -> None:
        if not held.is_given_up:
            held.is_given_up = True
            self._loop.call_soon(self._push, held)

    def _push(self, held: HeldCall) -> None:
        for reply in held.replies:
            held.connection.push(reply)

    def _forget_what_is_over(self) -> None:
        self.waiting = [held for held in self.waiting if not held.is_over]


class _Deaf:
    """A connection whose answers go into a list; in all else it is the connection itself."""

    def __init__(self, connection: Connection, answers: list[_Frame]) -> None:
        self._connection = connection
        self.push = answers.append

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)
