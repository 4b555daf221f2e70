"""Control requests that change what the venue lists and in which state it is.

Only a devnet has them, under ``/devnet``; what the changes do is the engine's business.
"""

from collections.abc import Awaitable, Callable
from typing import Final

import msgspec
from aiohttp import web

from nautilus_paradex.devnet.engine.exchange import Exchange
from nautilus_paradex.devnet.engine.markets import MarketSpec
from nautilus_paradex.devnet.engine.model import OrderRefused
from nautilus_paradex.devnet.wire.market_json import market_json, settlement_json
from nautilus_paradex.protocol.enums import OptionType, SystemStatus
from nautilus_paradex.protocol.errors import MessageError
from nautilus_paradex.protocol.numbers import Number, to_e8, to_int

__all__ = ["ListingApi"]


class ListingApi:
    """
    Lists, changes, delists and settles markets, and sets the state of the system.

    Parameters
    ----------
    exchange : Exchange
        The engine.

    """

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def install(self, app: web.Application) -> None:
        add = app.router.add_post
        add("/devnet/markets", _answering(self._list))
        add("/devnet/markets/{symbol}", _answering(self._change))
        add("/devnet/markets/{symbol}/delist", _answering(self._delist))
        add("/devnet/markets/{symbol}/settle", _answering(self._settle))
        add("/devnet/system/state", _answering(self._set_state))

    def _list(self, symbol: str, body: "_Body") -> object:
        like = self._listed(_text("like", body.pop("like", None)))
        symbol = _text("symbol", body.pop("symbol", None))
        spec = _changed(like, body, _FIELDS | _FIXED_FIELDS, symbol=symbol)
        self._exchange.list_market(spec)
        return market_json(spec)

    def _change(self, symbol: str, body: "_Body") -> object:
        spec = _changed(self._listed(symbol), body, _FIELDS)
        self._exchange.change_market(spec)
        return market_json(spec)

    def _delist(self, symbol: str, body: "_Body") -> object:
        self._exchange.delist_market(symbol)
        return {}

    def _settle(self, symbol: str, body: "_Body") -> object:
        price = body.get("underlying_price")
        price_e8 = None if price is None else _e8("underlying_price", price)
        return settlement_json(self._exchange.settle_market(symbol, price_e8))

    def _set_state(self, symbol: str, body: "_Body") -> object:
        status = body.get("status")
        if status not in set(SystemStatus):
            known = ", ".join(SystemStatus)
            raise ValueError(f"status must be one of {known}, was {status!r}")
        self._exchange.system_status = str(status)
        return {"status": self._exchange.system_status}

    def _listed(self, symbol: str) -> MarketSpec:
        spec = self._exchange.markets.get(symbol)
        if spec is None:
            known = ", ".join(self._exchange.markets)
            raise ValueError(f"market must be one of {known}, was {symbol!r}")
        return spec


type _Body = dict[str, object]
type _Action = Callable[[str, _Body], object]
type _Reader = Callable[[str, object], object]


def _answering(action: _Action) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def answer(request: web.Request) -> web.Response:
        try:
            body = _decode(await request.read())
            return _json(200, action(request.match_info.get("symbol", ""), body))
        except (ValueError, OrderRefused) as e:
            return _json(400, {"message": str(e)})

    return answer


def _decode(body: bytes) -> _Body:
    try:
        return msgspec.json.decode(body or b"{}", type=dict[str, object])
    except msgspec.DecodeError as e:
        raise ValueError(f"body must be a JSON object: {e}") from e


def _changed(
    spec: MarketSpec, body: _Body, fields: dict[str, tuple[str, _Reader]], **changes: object
) -> MarketSpec:
    """Return `spec` with the fields of a body, named as in ``GET /markets``."""
    for name, value in body.items():
        if name not in fields:
            raise ValueError(f"field must be one of {', '.join(fields)}, was {name!r}")
        attribute, read = fields[name]
        changes[attribute] = read(name, value)
    return msgspec.structs.replace(spec, **changes)


def _e8(name: str, value: object) -> int:
    return _required(name, value, lambda number: to_e8(number, exact=True))


def _whole(name: str, value: object) -> int:
    return _required(name, value, to_int)


def _required(name: str, value: object, read: Callable[[Number], int | None]) -> int:
    if not isinstance(value, str | int | float):
        raise ValueError(f"{name} must be a number, was {value!r}")
    try:
        number = read(value)
    except MessageError as e:
        raise ValueError(f"{name}: {e}") from e
    if number is None:
        raise ValueError(f"{name} must be a number, was empty")
    return number


def _text(name: str, value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError(f"{name} must be a text, was {value!r}")
    return value


def _option_type(name: str, value: object) -> str:
    if value not in set(OptionType):
        raise ValueError(f"{name} must be CALL or PUT, was {value!r}")
    return str(value)


def _texts(name: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise ValueError(f"{name} must be a list of texts, was {value!r}")
    return tuple(_text(name, item) for item in value)


_FIELDS: Final[dict[str, tuple[str, _Reader]]] = {
    "price_tick_size": ("price_tick_e8", _e8),
    "order_size_increment": ("size_increment_e8", _e8),
    "min_notional": ("min_notional_e8", _e8),
    "max_order_size": ("max_order_size_e8", _e8),
    "position_limit": ("position_limit_e8", _e8),
    "price_bands_width": ("price_bands_width_e8", _e8),
    "max_open_orders": ("max_open_orders", _whole),
    "funding_period_hours": ("funding_period_hours", _whole),
    "open_at": ("open_at_ms", _whole),
    "trading_mode": ("trading_mode", _text),
    "tags": ("tags", _texts),
}
_FIXED_FIELDS: Final[dict[str, tuple[str, _Reader]]] = {
    "base_currency": ("base_currency", _text),
    "reference_price": ("reference_price_e8", _e8),
    "strike_price": ("strike_price_e8", _e8),
    "option_type": ("option_type", _option_type),
    "expiry_at": ("expiry_at_ms", _whole),
}


def _json(status: int, body: object) -> web.Response:
    return web.Response(
        status=status, body=msgspec.json.encode(body), content_type="application/json"
    )
