"""REST endpoints about one account: sign-in, and everything it may read."""

from typing import Final

import msgspec
from aiohttp import web

from nautilus_paradex.devnet.engine.exchange import Exchange
from nautilus_paradex.devnet.rest.gateway import Reply, Route
from nautilus_paradex.devnet.rest.params import history_query, required
from nautilus_paradex.devnet.wire.auth import Authority, Principal
from nautilus_paradex.devnet.wire.desk import decode_request
from nautilus_paradex.devnet.wire.errors import ApiError
from nautilus_paradex.devnet.wire.json_wire import (
    JsonObject,
    account_json,
    balance_json,
    fill_json,
    funding_payment_json,
    order_json,
    page_json,
    position_json,
    trade_bust_json,
    transfer_json,
)
from nautilus_paradex.devnet.wire.limits import Policy
from nautilus_paradex.protocol.enums import AssetKind, ErrorCode
from nautilus_paradex.protocol.numbers import e8_to_str

__all__ = ["PrivateApi"]


class PrivateApi:
    """
    Sign-in and the private reads.

    Parameters
    ----------
    exchange : Exchange
        The engine.
    authority : Authority
        Checks signatures, issues tokens.
    new_account_balance_e8 : int
        USDC that an account starts with when it onboards here.

    """

    def __init__(
        self, exchange: Exchange, authority: Authority, new_account_balance_e8: int
    ) -> None:
        self._exchange = exchange
        self._authority = authority
        self._new_account_balance_e8 = new_account_balance_e8

    def routes(self) -> list[Route]:
        reads = {
            "/v1/account": self._account,
            "/v1/account/info": self._account_info,
            "/v1/account/subaccounts": self._subaccounts,
            "/v1/account/summary": self._account_summaries,
            "/v1/balance": self._balances,
            "/v1/positions": self._positions,
            "/v1/orders": self._open_orders,
            "/v1/orders/{order_id}": self._order,
            "/v1/orders/by_client_id/{client_id}": self._order_by_client_id,
            "/v1/orders-history": self._orders_history,
            "/v1/fills": self._fills,
            "/v1/funding/payments": self._funding_payments,
            "/v1/transfers": self._transfers,
            "/v1/tradebusts": self._tradebusts,
        }
        return [
            Route("POST", "/v1/auth", Policy.AUTH, self._auth),
            Route("POST", "/v1/auth/{public_key}", Policy.AUTH, self._auth),
            Route("POST", "/v1/onboarding", Policy.AUTH, self._onboard),
            *(Route("GET", path, Policy.READ, handler) for path, handler in reads.items()),
        ]

    async def _auth(self, request: web.Request) -> JsonObject:
        public_key = request.match_info.get("public_key")
        usage = request.query.get("token_usage")
        return {"jwt_token": self._authority.sign_in(request.headers, public_key, usage)}

    async def _onboard(self, request: web.Request) -> Reply:
        body = decode_request(await request.read(), _Onboarding)
        account = self._authority.onboard(request.headers, body.public_key)
        if account is not None:
            self._exchange.open_account(
                hex(account), int(body.public_key, 16), self._new_account_balance_e8
            )
        return Reply(200)

    async def _account(self, request: web.Request, principal: Principal) -> JsonObject:
        wanted = request.query.get("subaccount_address") or principal.account
        if wanted not in self._family(principal):
            raise ApiError(400, ErrorCode.ACCOUNT_NOT_FOUND, f"account not found: {wanted[:70]}")
        return account_json(self._exchange.account_event(wanted))

    async def _account_summaries(self, request: web.Request, principal: Principal) -> JsonObject:
        family = self._family(principal)
        return {"results": [account_json(self._exchange.account_event(a)) for a in family]}

    async def _account_info(self, request: web.Request, principal: Principal) -> JsonObject:
        return {"results": [self._info(principal, account) for account in self._family(principal)]}

    async def _subaccounts(self, request: web.Request, principal: Principal) -> JsonObject:
        isolated = self._family(principal)[1:]
        return {"results": [self._info(principal, account) for account in isolated]}

    def _family(self, principal: Principal) -> list[str]:
        return [principal.account, *self._exchange.isolated_accounts(principal.account)]

    def _info(self, principal: Principal, account: str) -> JsonObject:
        main = principal.account
        return {
            "account": account,
            "kind": "main" if account == main else "subaccount",
            "parent_account": "" if account == main else main,
            "public_key": hex(self._exchange.public_key(account)),
            "isolated_market": self._exchange.isolated_accounts(main).get(account, ""),
            "fees": _fees(self._exchange, free=principal.interactive),
        }

    async def _balances(self, request: web.Request, principal: Principal) -> JsonObject:
        balances = self._exchange.balances(principal.account)
        return {"results": [balance_json(balance) for balance in balances]}

    async def _positions(self, request: web.Request, principal: Principal) -> JsonObject:
        positions = self._exchange.positions(principal.account)
        return {"results": [position_json(position) for position in positions]}

    async def _open_orders(self, request: web.Request, principal: Principal) -> JsonObject:
        market = request.query.get("market") or None
        orders = self._exchange.open_orders(principal.account, market)
        return {"results": [order_json(order) for order in orders]}

    async def _order(self, request: web.Request, principal: Principal) -> JsonObject:
        return order_json(self._exchange.order(principal.account, request.match_info["order_id"]))

    async def _order_by_client_id(self, request: web.Request, principal: Principal) -> JsonObject:
        client_id = request.match_info["client_id"]
        return order_json(self._exchange.order_by_client_id(principal.account, client_id))

    async def _orders_history(self, request: web.Request, principal: Principal) -> JsonObject:
        query = history_query(request.query)
        return page_json(self._exchange.orders_history(principal.account, query), order_json)

    async def _fills(self, request: web.Request, principal: Principal) -> JsonObject:
        query = history_query(request.query)
        return page_json(self._exchange.fills(principal.account, query), fill_json)

    async def _funding_payments(self, request: web.Request, principal: Principal) -> JsonObject:
        query = history_query(request.query)
        required("market", query.market)
        page = self._exchange.funding_payments(principal.account, query)
        return page_json(page, funding_payment_json)

    async def _transfers(self, request: web.Request, principal: Principal) -> JsonObject:
        query = history_query(request.query)
        return page_json(self._exchange.transfers(principal.account, query), transfer_json)

    async def _tradebusts(self, request: web.Request, principal: Principal) -> JsonObject:
        query = history_query(request.query)
        return page_json(self._exchange.tradebusts(principal.account, query), trade_bust_json)


class _Onboarding(msgspec.Struct, frozen=True):
    public_key: str


_FEE_PREFIXES: Final = {
    AssetKind.PERP: "",
    AssetKind.SPOT: "spot_",
    AssetKind.PERP_OPTION: "perp_option_",
    AssetKind.OPTION: "dated_option_",
}


def _fees(exchange: Exchange, *, free: bool) -> JsonObject:
    kinds = {spec.asset_kind: spec for spec in exchange.markets.values()}
    prefixes = {
        "PERP": "",
        "SPOT": "spot_",
        "PERP_OPTION": "perp_option_",
        "OPTION": "dated_option_",
    }
    rates: JsonObject = {}
    for kind, prefix in prefixes.items():
        spec = kinds.get(kind)
        if spec is not None:
            rates[f"{prefix}maker_rate"] = "0" if free else e8_to_str(spec.maker_fee_e8)
            rates[f"{prefix}taker_rate"] = "0" if free else e8_to_str(spec.taker_fee_e8)
    return rates
