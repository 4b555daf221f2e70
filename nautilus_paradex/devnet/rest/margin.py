"""REST endpoints of leverage and margin type per market."""

from aiohttp import web

from nautilus_paradex.devnet.engine.exchange import Exchange
from nautilus_paradex.devnet.engine.leverage import MarginSetting
from nautilus_paradex.devnet.rest.gateway import Route
from nautilus_paradex.devnet.rest.params import required
from nautilus_paradex.devnet.wire.auth import Principal
from nautilus_paradex.devnet.wire.behalf import acting_account
from nautilus_paradex.devnet.wire.desk import decode_request
from nautilus_paradex.devnet.wire.json_wire import JsonObject
from nautilus_paradex.devnet.wire.limits import Policy
from nautilus_paradex.protocol.enums import MarginType
from nautilus_paradex.protocol.margin import MarginRequest

__all__ = ["MarginApi"]


class MarginApi:
    """Choosing and reading an account's margin settings."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._margins = exchange.margins

    def routes(self) -> list[Route]:
        return [
            Route("GET", "/v1/account/margin", Policy.READ, self._settings),
            Route("POST", "/v1/account/margin/{market}", Policy.ORDER, self._choose),
        ]

    async def _settings(self, request: web.Request, principal: Principal) -> JsonObject:
        market = required("market", request.query.get("market"))
        setting = self._margins.get(principal.account, market)
        is_isolated = setting.margin_type == MarginType.ISOLATED
        entry = {
            "market": market,
            "leverage": setting.leverage,
            "isolated_margin_leverage": setting.leverage if is_isolated else None,
            "margin_type": setting.margin_type,
        }
        return {
            "account": principal.account,
            "configs": [entry],
            "margin_methodology": "cross_margin",
        }

    async def _choose(self, request: web.Request, principal: Principal) -> JsonObject:
        market = request.match_info["market"]
        wanted = decode_request(await request.read(), MarginRequest)
        setting = MarginSetting(wanted.leverage, wanted.margin_type)
        account = acting_account(self._exchange, principal, wanted.on_behalf_of_account, market)
        self._margins.choose(account, market, setting)
        return {
            "account": account,
            "market": market,
            "leverage": setting.leverage,
            "margin_type": setting.margin_type,
        }
