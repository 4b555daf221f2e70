"""REST endpoints that change orders. What is checked about them is in `wire.desk`."""

from aiohttp import web

from nautilus_paradex.devnet.engine.model import OrderRefused
from nautilus_paradex.devnet.rest.gateway import Reply, Route
from nautilus_paradex.devnet.wire.auth import Principal
from nautilus_paradex.devnet.wire.desk import OrderDesk, decode_request
from nautilus_paradex.devnet.wire.json_wire import JsonObject, cancel_json, order_json
from nautilus_paradex.devnet.wire.limits import Policy
from nautilus_paradex.protocol.events import OrderEvent
from nautilus_paradex.protocol.rest import CancelBatchRequest, ModifyRequest, OrderRequest

__all__ = ["OrderApi"]


class OrderApi:
    """Order entry, modification and cancellation."""

    def __init__(self, desk: OrderDesk) -> None:
        self._desk = desk

    def routes(self) -> list[Route]:
        handlers = {
            ("POST", "/v1/orders"): self._create,
            ("DELETE", "/v1/orders"): self._cancel_all,
            ("POST", "/v1/orders/batch"): self._create_batch,
            ("DELETE", "/v1/orders/batch"): self._cancel_batch,
            ("PUT", "/v1/orders/{order_id}"): self._modify,
            ("DELETE", "/v1/orders/{order_id}"): self._cancel,
            ("DELETE", "/v1/orders/by_client_id/{client_id}"): self._cancel_by_client_id,
        }
        return [
            Route(method, path, Policy.ORDER, handler)
            for (method, path), handler in handlers.items()
        ]

    async def _create(self, request: web.Request, principal: Principal) -> Reply:
        order = decode_request(await request.read(), OrderRequest)
        return Reply(201, order_json(self._desk.create(principal, order)))

    async def _create_batch(self, request: web.Request, principal: Principal) -> Reply:
        orders = decode_request(await request.read(), list[OrderRequest])
        outcomes = self._desk.create_batch(principal, orders)
        return Reply(
            201,
            {
                "orders": [_accepted(outcome) for outcome in outcomes],
                "errors": [_refused(outcome) for outcome in outcomes],
            },
        )

    async def _modify(self, request: web.Request, principal: Principal) -> JsonObject:
        change = decode_request(await request.read(), ModifyRequest)
        order_id = request.match_info["order_id"]
        return order_json(self._desk.modify(principal, order_id, change))

    async def _cancel(self, request: web.Request, principal: Principal) -> Reply:
        self._desk.cancel(principal, request.match_info["order_id"])
        return Reply(204)

    async def _cancel_by_client_id(self, request: web.Request, principal: Principal) -> Reply:
        client_id = request.match_info["client_id"]
        market = request.query.get("market") or None
        self._desk.cancel_by_client_id(principal, client_id, market)
        return Reply(204)

    async def _cancel_all(self, request: web.Request, principal: Principal) -> Reply:
        self._desk.cancel_all(principal, request.query.get("market") or None)
        return Reply(200, {})

    async def _cancel_batch(self, request: web.Request, principal: Principal) -> JsonObject:
        wanted = decode_request(await request.read(), CancelBatchRequest)
        outcomes = self._desk.cancel_batch(
            principal, wanted.order_ids or [], wanted.client_order_ids or []
        )
        return {"results": [cancel_json(outcome, principal.account) for outcome in outcomes]}


def _accepted(outcome: OrderEvent | OrderRefused) -> JsonObject | None:
    return order_json(outcome) if isinstance(outcome, OrderEvent) else None


def _refused(outcome: OrderEvent | OrderRefused) -> JsonObject | None:
    if isinstance(outcome, OrderEvent):
        return None
    return {"error": outcome.code, "message": outcome.message}
