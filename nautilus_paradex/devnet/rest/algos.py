"""REST endpoints of algo orders. What is checked about a new one is in `wire.desk`."""

from aiohttp import web

from nautilus_paradex.devnet.engine.algos import Algos
from nautilus_paradex.devnet.engine.model import OrderRefused
from nautilus_paradex.devnet.rest.gateway import Reply, Route
from nautilus_paradex.devnet.rest.params import history_query
from nautilus_paradex.devnet.wire.auth import Principal
from nautilus_paradex.devnet.wire.desk import OrderDesk, decode_request
from nautilus_paradex.devnet.wire.errors import ApiError
from nautilus_paradex.devnet.wire.json_wire import JsonObject, algo_json, page_json
from nautilus_paradex.devnet.wire.limits import Policy
from nautilus_paradex.protocol.algos import AlgoOrderRequest

__all__ = ["AlgoApi"]


class AlgoApi:
    """Starting, ending and reading TWAPs."""

    def __init__(self, algos: Algos, desk: OrderDesk) -> None:
        self._algos = algos
        self._desk = desk

    def routes(self) -> list[Route]:
        return [
            Route("POST", "/v1/algo/orders", Policy.ORDER, self._create),
            Route("DELETE", "/v1/algo/orders/{algo_id}", Policy.ORDER, self._cancel),
            Route("GET", "/v1/algo/orders", Policy.READ, self._running),
            Route("GET", "/v1/algo/orders/{algo_id}", Policy.READ, self._find),
            Route("GET", "/v1/algo/orders-history", Policy.READ, self._history),
        ]

    async def _create(self, request: web.Request, principal: Principal) -> Reply:
        order = decode_request(await request.read(), AlgoOrderRequest)
        return Reply(201, algo_json(self._desk.create_algo(principal, order)))

    async def _cancel(self, request: web.Request, principal: Principal) -> Reply:
        try:
            self._algos.cancel(principal.account, request.match_info["algo_id"])
        except OrderRefused as e:
            raise _not_found(e) from e
        return Reply(204)

    async def _running(self, request: web.Request, principal: Principal) -> JsonObject:
        return {"results": [algo_json(a) for a in self._algos.running(principal.account)]}

    async def _find(self, request: web.Request, principal: Principal) -> JsonObject:
        try:
            return algo_json(self._algos.find(principal.account, request.match_info["algo_id"]))
        except OrderRefused as e:
            raise _not_found(e) from e

    async def _history(self, request: web.Request, principal: Principal) -> JsonObject:
        query = history_query(request.query)
        return page_json(self._algos.history(principal.account, query), algo_json)


def _not_found(refused: OrderRefused) -> ApiError:
    # Unlike orders, algo orders are not found with a 404 (openapi).
    return ApiError(404, refused.code, refused.message)
