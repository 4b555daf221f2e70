"""Order methods of the WebSocket: the same signed commands as over REST, with the same outcomes.

Only the way differs. Who uses it sees the errors of `transport.errors`, with the codes of REST,
after the same tries. A cancel goes over REST while the socket is down; an order does not wait.
"""

import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Final, Protocol

import msgspec

from nautilus_paradex.protocol.enums import RpcErrorCode
from nautilus_paradex.protocol.errors import MessageError
from nautilus_paradex.protocol.rest import (
    BatchError,
    BatchOrders,
    CancelResult,
    ModifyRequest,
    Order,
    OrderRequest,
)
from nautilus_paradex.protocol.rpc import Response, RpcError
from nautilus_paradex.transport.acting_account import ActingAccount
from nautilus_paradex.transport.call import Call
from nautilus_paradex.transport.endpoints.base import longest_wait_secs
from nautilus_paradex.transport.errors import (
    RequestError,
    SocketDownError,
    UnknownOutcomeError,
    venue_error,
)
from nautilus_paradex.transport.rate_limit import RateClass
from nautilus_paradex.transport.tries import Tries, Turn
from nautilus_paradex.transport.websocket import ParadexWebSocketClient
from nautilus_paradex.transport.websocket_errors import (
    AckTimeoutError,
    ConnectionLostError,
    NotConnectedError,
)

__all__ = ["Cancels", "SocketOrders"]

_CANCELS: Final = "order.cancel"  # what their methods begin with

# What these answers refuse was not carried out. Any other, an internal error among them, leaves it
# open. The statuses are those that REST has for the same (openrpc lists the codes).
_REFUSALS: Final[dict[int, int]] = {
    RpcErrorCode.PARSE_ERROR: 400,
    RpcErrorCode.INVALID_REQUEST: 400,
    RpcErrorCode.METHOD_NOT_FOUND: 400,
    RpcErrorCode.INVALID_PARAMS: 400,
    RpcErrorCode.MALFORMED_BEARER: 401,
    RpcErrorCode.INVALID_BEARER: 401,
    RpcErrorCode.NOT_AUTHENTICATED: 403,
    RpcErrorCode.GEO_BLOCKED: 403,
    RpcErrorCode.RATE_LIMITED: 429,
}

# How a refusal carries the code that REST would have is not documented: it is looked for.
_CODE: Final = re.compile(r"\b[A-Z]+(?:_[A-Z]+)+\b")


class Cancels(Protocol):
    """The cancels of the REST client."""

    acting_account: ActingAccount

    async def cancel_order(self, order_id: str) -> None: ...

    async def cancel_order_by_client_id(
        self, client_id: str, market: str | None = None
    ) -> None: ...

    async def cancel_orders(self, order_ids: Sequence[str]) -> list[CancelResult]: ...

    async def cancel_all_orders(self, market: str | None = None) -> None: ...


class SocketOrders:
    """
    Sends order commands over an authenticated socket.

    Every method raises `NotSentError`, `VenueError` (refused) or `UnknownOutcomeError`.

    Parameters
    ----------
    socket : ParadexWebSocketClient
        Connected and authenticated.
    tries : Tries
        Paces and repeats the commands: the venue's rate limit is that of both ways together.
    cancels : Cancels
        Takes the cancels while the socket is down.

    """

    def __init__(self, socket: ParadexWebSocketClient, tries: Tries, cancels: Cancels) -> None:
        self._socket = socket
        self._tries = tries
        self._cancels = cancels

    async def create_order(self, order: OrderRequest) -> Order:
        """Place an order. A reply with status NEW is not yet acceptance."""
        response = await self._send("order.create", _params(order), order.recv_window)
        return _read(response, _OrderReply).order

    async def create_orders(self, orders: Sequence[OrderRequest]) -> BatchOrders:
        """Place 1 to 10 orders; they count once against the rate limit."""
        windows = [order.recv_window for order in orders if order.recv_window is not None]
        params = {"orders": [_params(order) for order in orders]}
        response = await self._send("order.create_batch", params, min(windows, default=None))
        results = _read(response, _BatchReply).results
        return BatchOrders(
            orders=[result.order for result in results],
            errors=[_batch_error(result) for result in results],
        )

    async def modify_order(self, order_id: str, change: ModifyRequest) -> Order:
        """Change an open order. It is final when an order update says so in `request_info`."""
        params = {**_builtins(change), "id": order_id}
        return _read(await self._send("order.modify", params), _OrderReply).order

    async def cancel_order(self, order_id: str) -> None:
        """Queue the cancellation of an order."""
        try:
            await self._send("order.cancel", {"id": order_id})
        except SocketDownError:
            await self._cancels.cancel_order(order_id)

    async def cancel_order_by_client_id(self, client_id: str, market: str | None = None) -> None:
        """Queue the cancellation of an order; over the socket the venue wants its `market`."""
        if market is None:
            await self._cancels.cancel_order_by_client_id(client_id)
            return
        try:
            await self._send("order.cancel", {"client_id": client_id, "market": market})
        except SocketDownError:
            await self._cancels.cancel_order_by_client_id(client_id, market)

    async def cancel_orders(self, order_ids: Sequence[str]) -> list[CancelResult]:
        """Queue the cancellation of several orders and return what became of each."""
        try:
            response = await self._send("order.cancel_batch", {"order_ids": list(order_ids)})
        except SocketDownError:
            return await self._cancels.cancel_orders(order_ids)
        return _read(response, _CancelReply).results

    async def cancel_all_orders(self, market: str | None = None) -> None:
        """Queue the cancellation of all open orders, or of those of one market."""
        if self._cancels.acting_account.is_isolated:
            # Neither way can: the REST client says why.
            await self._cancels.cancel_all_orders(market)
            return
        try:
            await self._send("order.cancel_all", {} if market is None else {"market": market})
        except SocketDownError:
            await self._cancels.cancel_all_orders(market)

    async def _send(
        self,
        method: str,
        params: Mapping[str, object],
        recv_window_ms: int | None = None,
    ) -> Response:
        call = Call(
            "RPC",
            method,
            RateClass.ORDERS,
            is_urgent=method.startswith(_CANCELS),
            max_wait_secs=longest_wait_secs(recv_window_ms),
        )
        return await self._tries.run(call, partial(self._send_once, method, params))

    async def _send_once(self, method: str, params: Mapping[str, object], turn: Turn) -> Response:
        if not self._socket.is_connected:
            raise SocketDownError(f"{method} was not sent: the socket is not connected")
        await turn()
        try:
            return await self._socket.request(method, params)
        except RpcError as exc:
            raise _refusal(method, exc) from exc
        except (AckTimeoutError, ConnectionLostError) as exc:
            raise UnknownOutcomeError(f"{method} got no verdict: {exc}") from exc
        except NotConnectedError as exc:
            raise SocketDownError(f"{method} was not sent: {exc}") from exc


class _OrderReply(msgspec.Struct, frozen=True):
    order: Order


class _BatchItem(msgspec.Struct, frozen=True):
    order: Order | None = None
    error: BatchError | str | None = None


class _BatchReply(msgspec.Struct, frozen=True):
    results: list[_BatchItem]


class _CancelReply(msgspec.Struct, frozen=True):
    results: list[CancelResult]


def _params(order: OrderRequest) -> dict[str, object]:
    # Other than REST, the socket wants a price of every order: 0 where there is none (openrpc).
    return {"price": "0", **_builtins(order)}


def _builtins(request: msgspec.Struct) -> dict[str, object]:
    fields: dict[str, object] = msgspec.to_builtins(request)
    return fields


def _read[T](response: Response, reply: type[T]) -> T:
    try:
        return response.result_as(reply)
    except MessageError as exc:
        raise UnknownOutcomeError(f"cannot read the reply: {exc}") from exc


def _refusal(method: str, error: RpcError) -> RequestError:
    status = _REFUSALS.get(error.code)
    if status is None:
        return UnknownOutcomeError(f"{method} got no verdict: {error}")
    text = f"{error.data}: {error.message}" if error.data else error.message
    code = _CODE.search(text)
    return venue_error(status, None if code is None else code.group(), str(error))


def _batch_error(item: _BatchItem) -> BatchError | None:
    if item.order is not None or item.error is None:
        return None  # what is neither placed nor refused is looked up
    if isinstance(item.error, BatchError):
        return item.error
    text = item.error
    code = _CODE.search(text)
    return BatchError(error=None if code is None else code.group(), message=text)
