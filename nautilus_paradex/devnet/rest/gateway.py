"""What every REST request passes before and after its handler: faults, limits, tokens, errors.

Handlers return plain values and raise; only this module makes HTTP responses.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Final

import msgspec
from aiohttp import web

from nautilus_paradex.devnet.engine.model import OrderRefused
from nautilus_paradex.devnet.faults import Delay, Faults, HttpStatus
from nautilus_paradex.devnet.wire.auth import Authority, Principal
from nautilus_paradex.devnet.wire.errors import ApiError, rate_limited
from nautilus_paradex.devnet.wire.limits import Policy, RateLimiter, order_policy
from nautilus_paradex.protocol.enums import ErrorCode


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer other than 200; a body of None sends none."""

    status: int
    body: object = None


type PublicHandler = Callable[[web.Request], Awaitable[object]]
type PrivateHandler = Callable[[web.Request, Principal], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Route:
    """
    One endpoint.

    Parameters
    ----------
    policy : Policy
        The rate limit it falls under; READ and ORDER need a token, ORDER one that may trade.
    handler : PublicHandler or PrivateHandler
        Gets the request, and the principal where a token is needed.

    """

    method: str
    path: str
    policy: Policy
    handler: PublicHandler | PrivateHandler


class Gateway:
    """Puts routes into an application, behind the checks that all share."""

    def __init__(self, authority: Authority, limiter: RateLimiter, faults: Faults) -> None:
        self._authority = authority
        self._limiter = limiter
        self._faults = faults

    def install(self, app: web.Application, routes: Iterable[Route]) -> None:
        for route in routes:
            app.router.add_route(route.method, route.path, self._guarded(route))

    def _guarded(self, route: Route) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def respond(request: web.Request) -> web.Response:
            fault = self._faults.take(request.method, request.path)
            if isinstance(fault, Delay):
                await request.read()  # whole, since its sender may be gone by then
                await asyncio.sleep(fault.delay_ms / 1_000)
            if isinstance(fault, HttpStatus) and not fault.after:
                return _fault_response(fault)
            response = await self._respond(route, request)
            if isinstance(fault, HttpStatus):
                return _fault_response(fault)
            return response

        return respond

    async def _respond(self, route: Route, request: web.Request) -> web.Response:
        headers: dict[str, str] = {}
        try:
            principal = self._principal(route, request)
            self._take_token(route, request, principal, headers)
            result = await _call(route, request, principal)
        except ApiError as e:
            return _json_response(e.status, e.body(), headers)
        except OrderRefused as e:
            status = _STATUS_OF_REFUSAL.get(e.code, 400)
            return _json_response(status, {"error": e.code, "message": e.message}, headers)
        if isinstance(result, Reply):
            return _json_response(result.status, result.body, headers)
        return _json_response(200, result, headers)

    def _principal(self, route: Route, request: web.Request) -> Principal | None:
        if route.policy not in _PRIVATE:
            return None
        principal = self._authority.admit_header(request.headers.get("Authorization"))
        if principal.read_only and route.policy is Policy.ORDER:
            raise ApiError(
                403, ErrorCode.INVALID_TOKEN_SCOPE, "a read-only token cannot enter orders"
            )
        return principal

    def _take_token(
        self,
        route: Route,
        request: web.Request,
        principal: Principal | None,
        headers: dict[str, str],
    ) -> None:
        account, policy = "", route.policy
        if principal is not None:
            account = principal.account
            if policy is Policy.ORDER:
                policy = order_policy(interactive=principal.interactive)
        verdict = self._limiter.take(policy, ip=request.remote or "", account=account)
        headers.update(verdict.headers)
        if not verdict.allowed:
            raise rate_limited()


_PRIVATE: Final = frozenset({Policy.READ, Policy.ORDER})
_STATUS_OF_REFUSAL: Final[dict[str, int]] = {ErrorCode.SERVICE_UNAVAILABLE: 503}


async def _call(route: Route, request: web.Request, principal: Principal | None) -> object:
    handler: Callable[..., Awaitable[object]] = route.handler
    if principal is None:
        return await handler(request)
    return await handler(request, principal)


def _json_response(status: int, body: object, headers: dict[str, str]) -> web.Response:
    if body is None:
        return web.Response(status=status, headers=headers)
    return web.Response(
        status=status,
        body=msgspec.json.encode(body),
        content_type="application/json",
        headers=headers,
    )


def _fault_response(fault: HttpStatus) -> web.Response:
    return web.Response(status=fault.status, text=fault.body, content_type="application/json")
