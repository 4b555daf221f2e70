"""The socket's order methods, and the cancel of a lost socket's orders.

Same desk, same signatures and same rate limits as REST (openrpc).
"""

from collections.abc import Callable
from typing import Final

import msgspec

from nautilus_paradex.devnet.engine.exchange import Exchange
from nautilus_paradex.devnet.engine.model import OrderRefused
from nautilus_paradex.devnet.sockets.connection import Connection
from nautilus_paradex.devnet.wire.auth import Principal
from nautilus_paradex.devnet.wire.desk import OrderDesk, decode_request
from nautilus_paradex.devnet.wire.errors import ApiError
from nautilus_paradex.devnet.wire.json_wire import JsonObject, order_json
from nautilus_paradex.devnet.wire.limits import RateLimiter, order_policy
from nautilus_paradex.protocol.enums import CancelStatus, ErrorCode, RpcErrorCode
from nautilus_paradex.protocol.events import OrderEvent
from nautilus_paradex.protocol.numbers import to_e8
from nautilus_paradex.protocol.rest import ModifyRequest, OrderRequest
from nautilus_paradex.protocol.rpc import RpcError

__all__ = ["OrderMethods"]

# Closed orders are dropped from the list of a socket when it has grown to this.
_MAX_TRACKED: Final = 2_000

type _Method = Callable[[Connection, Principal, bytes], object]


class OrderMethods:
    """
    ``order.create`` and its siblings.

    Parameters
    ----------
    desk : OrderDesk
        Where orders go.
    exchange : Exchange
        Knows which orders are still open.
    limiter : RateLimiter
        Shared with REST.

    """

    def __init__(self, desk: OrderDesk, exchange: Exchange, limiter: RateLimiter) -> None:
        self._desk = desk
        self._exchange = exchange
        self._limiter = limiter
        self._methods: dict[str, _Method] = {
            "order.create": self._create,
            "order.create_batch": self._create_batch,
            "order.modify": self._modify,
            "order.cancel": self._cancel,
            "order.cancel_batch": self._cancel_batch,
            "order.cancel_all": self._cancel_all,
        }

    def has(self, method: str) -> bool:
        return method in self._methods

    def call(
        self, connection: Connection, principal: Principal, method: str, params: msgspec.Raw
    ) -> object:
        """
        Execute `method` and return its result.

        Raises
        ------
        RpcError
            If the rate limit is exceeded.
        ApiError or OrderRefused
            If the request is refused.

        """
        if principal.read_only:
            raise ApiError(
                403, ErrorCode.INVALID_TOKEN_SCOPE, "a read-only token cannot enter orders"
            )
        policy = order_policy(interactive=principal.interactive)
        verdict = self._limiter.take(policy, ip="", account=principal.account)
        if not verdict.allowed:
            raise RpcError(RpcErrorCode.RATE_LIMITED, "rate limit exceeded")
        return self._methods[method](connection, principal, bytes(params) or b"{}")

    def ended(self, connection: Connection) -> None:
        """Cancel the orders entered over `connection`, if it asked for that."""
        principal = connection.principal
        if connection.cancel_on_disconnect and principal is not None and connection.orders:
            self._desk.cancel_batch(principal, sorted(connection.orders), [])
        connection.orders.clear()

    def _create(self, connection: Connection, principal: Principal, params: bytes) -> JsonObject:
        order = self._desk.create(principal, _as_over_rest(decode_request(params, OrderRequest)))
        self._track(connection, principal, order)
        return _created(order)

    def _create_batch(
        self, connection: Connection, principal: Principal, params: bytes
    ) -> JsonObject:
        requests = [_as_over_rest(order) for order in decode_request(params, _Batch).orders]
        outcomes = self._desk.create_batch(principal, requests)
        results: list[JsonObject] = []
        for outcome in outcomes:
            if isinstance(outcome, OrderRefused):
                results.append({"error": outcome.message})
                continue
            self._track(connection, principal, outcome)
            results.append(_created(outcome))
        return {"results": results}

    def _modify(self, connection: Connection, principal: Principal, params: bytes) -> JsonObject:
        request = decode_request(params, ModifyRequest)
        return {"order": order_json(self._desk.modify(principal, request.id, request))}

    def _cancel(self, connection: Connection, principal: Principal, params: bytes) -> JsonObject:
        wanted = decode_request(params, _Cancel)
        if wanted.id is not None:
            order = self._desk.cancel(principal, wanted.id)
        elif wanted.client_id is not None and wanted.market is not None:
            order = self._desk.cancel_by_client_id(principal, wanted.client_id, wanted.market)
        else:
            raise ApiError(
                400, ErrorCode.VALIDATION_ERROR, "either id or client_id and market must be given"
            )
        return {"order_id": order.order_id, "status": CancelStatus.QUEUED_FOR_CANCELLATION}

    def _cancel_batch(
        self, connection: Connection, principal: Principal, params: bytes
    ) -> JsonObject:
        order_ids = decode_request(params, _CancelBatch).order_ids
        outcomes = self._desk.cancel_batch(principal, order_ids, [])
        return {
            "results": [
                {"id": outcome.id, "market": outcome.market, "status": outcome.status}
                for outcome in outcomes
            ]
        }

    def _cancel_all(
        self, connection: Connection, principal: Principal, params: bytes
    ) -> JsonObject:
        self._desk.cancel_all(principal, decode_request(params, _CancelAll).market)
        return {"status": "ok"}

    def _track(self, connection: Connection, principal: Principal, order: OrderEvent) -> None:
        assert order.order_id is not None
        connection.orders.add(order.order_id)
        if len(connection.orders) > _MAX_TRACKED:
            still_open = {order.order_id for order in self._exchange.open_orders(principal.account)}
            connection.orders.intersection_update(still_open)


class _Batch(msgspec.Struct, frozen=True):
    orders: list[OrderRequest]


class _Cancel(msgspec.Struct, frozen=True):
    id: str | None = None
    client_id: str | None = None
    market: str | None = None


class _CancelBatch(msgspec.Struct, frozen=True):
    order_ids: list[str]


class _CancelAll(msgspec.Struct, frozen=True):
    market: str | None = None


def _as_over_rest(order: OrderRequest) -> OrderRequest:
    # Here a price is required, 0 for orders without one (openrpc); REST wants it left out.
    is_without = order.price is not None and to_e8(order.price) == 0
    return msgspec.structs.replace(order, price=None) if is_without else order


def _created(order: OrderEvent) -> JsonObject:
    # received_at is in nanoseconds and created_at in milliseconds here (asyncapi).
    return {
        "order": order_json(order),
        "created_at": (order.created_at or 0) // 1_000,
        "received_at": (order.received_at or 0) * 1_000,
    }
