"""REST endpoints that need no token: system, markets, books, trades, klines, funding."""

from collections.abc import Callable
from typing import Final

from aiohttp import web

from nautilus_paradex.devnet.config import DevnetConfig
from nautilus_paradex.devnet.engine.exchange import Exchange
from nautilus_paradex.devnet.engine.model import KLINE_RESOLUTIONS_MINS, KlineQuery
from nautilus_paradex.devnet.market_views import MarketViews
from nautilus_paradex.devnet.rest.gateway import Route
from nautilus_paradex.devnet.rest.params import (
    MAX_TRADES_PAGE,
    history_query,
    integer,
    invalid,
    required,
)
from nautilus_paradex.devnet.wire.errors import ApiError
from nautilus_paradex.devnet.wire.json_wire import (
    JsonObject,
    bbo_json,
    funding_data_json,
    kline_json,
    orderbook_json,
    page_json,
    summary_json,
    trade_json,
)
from nautilus_paradex.devnet.wire.limits import Policy
from nautilus_paradex.devnet.wire.market_json import market_json, settlement_json
from nautilus_paradex.devnet.wire.topics import ALL
from nautilus_paradex.protocol.enums import ErrorCode, PriceKind
from nautilus_paradex.protocol.errors import MessageError
from nautilus_paradex.protocol.numbers import to_e8

__all__ = ["PublicApi"]

_DEFAULT_DEPTH: Final = 20


class PublicApi:
    """
    The public endpoints.

    Parameters
    ----------
    exchange : Exchange
        The engine.
    views : MarketViews
        Books, recorded ones included.
    config : DevnetConfig
        For ``/system/config``.
    now_us : Callable
        The venue's clock, microseconds.

    """

    def __init__(
        self,
        exchange: Exchange,
        views: MarketViews,
        config: DevnetConfig,
        now_us: Callable[[], int],
    ) -> None:
        self._exchange = exchange
        self._views = views
        self._config = config
        self._now_us = now_us

    def routes(self) -> list[Route]:
        handlers = {
            "/v1/system/config": self._system_config,
            "/v1/system/state": self._system_state,
            "/v1/system/time": self._system_time,
            "/v1/markets": self._markets,
            "/v1/markets/summary": self._summaries,
            "/v1/markets/klines": self._klines,
            "/v1/markets/settlement-price": self._settlement_price,
            "/v1/orderbook/{market}": self._orderbook,
            "/v1/orderbook/{market}/interactive": self._interactive_orderbook,
            "/v1/bbo/{market}": self._bbo,
            "/v1/bbo/{market}/interactive": self._interactive_bbo,
            "/v1/trades": self._trades,
            "/v1/funding/data": self._funding_data,
        }
        return [Route("GET", path, Policy.PUBLIC, handler) for path, handler in handlers.items()]

    async def _system_config(self, request: web.Request) -> JsonObject:
        return {
            "environment": "devnet",
            "starknet_chain_id": self._config.chain_id,
            "paraclear_decimals": 8,
            "liquidation_fee": "0.2",
            "bridged_tokens": [{"name": "USDC", "symbol": "USDC", "decimals": 6}],
        }

    async def _system_state(self, request: web.Request) -> JsonObject:
        return {"status": self._exchange.system_status}

    async def _system_time(self, request: web.Request) -> JsonObject:
        return {"server_time": self._now_us() // 1_000}

    async def _markets(self, request: web.Request) -> JsonObject:
        markets = self._views.markets()
        wanted = request.query.get("market")
        if not wanted:
            return {"results": [market_json(spec) for spec in markets.values()]}
        if wanted not in markets:
            raise _market_not_found(wanted)
        return {"results": [market_json(markets[wanted])]}

    async def _summaries(self, request: web.Request) -> JsonObject:
        markets = self._views.markets()
        wanted = required("market", request.query.get("market"))
        if wanted != ALL and wanted not in markets:
            raise _market_not_found(wanted)
        symbols = list(markets) if wanted == ALL else [wanted]
        return {"results": [summary_json(self._exchange.summary(symbol)) for symbol in symbols]}

    async def _klines(self, request: web.Request) -> JsonObject:
        query = request.query
        resolution = required("resolution", integer(query, "resolution"))
        if resolution not in KLINE_RESOLUTIONS_MINS:
            offered = ", ".join(map(str, KLINE_RESOLUTIONS_MINS))
            raise invalid("resolution", f"must be one of {offered} minutes, was {resolution}")
        price_kind = query.get("price_kind") or PriceKind.LAST
        if price_kind not in set(PriceKind):
            raise invalid("price_kind", f"must be last, mark or underlying, was {price_kind!r}")
        klines = self._exchange.klines(
            KlineQuery(
                market=required("symbol", query.get("symbol")),
                resolution_mins=resolution,
                start_ms=required("start_at", integer(query, "start_at")),
                end_ms=required("end_at", integer(query, "end_at")),
                price_kind=price_kind,
                lag_us=self._config.kline_lag_ms * 1_000,
            )
        )
        last_open_ms = self._now_us() // 1_000
        if not self._config.klines_under_way:
            last_open_ms -= resolution * 60_000
        in_usd = self._config.klines_in_usd
        rows = [
            kline_json(kline, in_usd=in_usd)
            for kline in klines
            if kline.open_time_ms <= last_open_ms
        ]
        return {"results": rows[-self._config.max_klines :]}

    async def _settlement_price(self, request: web.Request) -> JsonObject:
        market = required("market", request.query.get("market"))
        settlement = self._exchange.settlement(market)
        if settlement is not None:
            return settlement_json(settlement)
        if market not in self._views.markets():
            raise _market_not_found(market)
        raise ApiError(404, ErrorCode.MARKET_NOT_SETTLED, f"market {market} is not settled")

    async def _orderbook(self, request: web.Request) -> JsonObject:
        return self._book(request, interactive=False)

    async def _interactive_orderbook(self, request: web.Request) -> JsonObject:
        return self._book(request, interactive=True)

    def _book(self, request: web.Request, *, interactive: bool) -> JsonObject:
        depth = integer(request.query, "depth")
        book = self._views.book(
            request.match_info["market"],
            _DEFAULT_DEPTH if depth is None else depth,
            _price_tick(request.query.get("price_tick")),
            interactive=interactive,
        )
        return orderbook_json(book)

    async def _bbo(self, request: web.Request) -> JsonObject:
        return bbo_json(self._views.bbo(request.match_info["market"]))

    async def _interactive_bbo(self, request: web.Request) -> JsonObject:
        return bbo_json(self._views.bbo(request.match_info["market"], interactive=True))

    async def _trades(self, request: web.Request) -> JsonObject:
        query = history_query(request.query, max_page=MAX_TRADES_PAGE)
        if query.base_asset is None:
            required("market", query.market)
        elif query.market is not None:
            raise invalid("base_asset", "is not taken together with market")
        return page_json(self._exchange.trades(query), trade_json)

    async def _funding_data(self, request: web.Request) -> JsonObject:
        query = history_query(request.query)
        required("market", query.market)
        return page_json(self._exchange.funding_data(query), funding_data_json)


def _market_not_found(market: str) -> ApiError:
    return ApiError(404, ErrorCode.MARKET_NOT_FOUND, f"market {market[:40]!r} does not exist")


def _price_tick(text: str | None) -> int | None:
    try:
        tick = to_e8(text, exact=True)
    except MessageError as e:
        raise invalid("price_tick", str(e)) from e
    if tick is not None and tick <= 0:
        raise invalid("price_tick", "must be positive")
    return tick
