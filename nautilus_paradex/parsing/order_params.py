"""Features of the venue that the platform has no field for: read from params and tags, checked.

`SubmitOrder.params` holds them by name, an order's tags as ``paradex:name=value`` (a bare
``paradex:name`` stands for true). Params go before tags, tags before the client's configuration.
What is known and wrong is refused by name, what is unknown is left to whoever it is for.
"""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Final

import msgspec

from nautilus_paradex.protocol.enums import StpMode
from nautilus_paradex.protocol.errors import ParadexError

__all__ = [
    "MIN_RECV_WINDOW_MS",
    "NO_FEATURES",
    "TAG_PREFIX",
    "OrderFeatures",
    "OrderParamError",
    "features_of",
    "unknown_params",
]

TAG_PREFIX: Final = "paradex:"
"""What a tag of an order begins with to be read here."""

MIN_RECV_WINDOW_MS: Final = 10
"""The shortest receive window that the venue takes (openapi)."""

_MAX_DECIMALS: Final = 8

# Prices of options in dollars or volatility, as the adapters for OKX and Bybit name them.
# Paradex has one kind of price, and an order must not go out at another than was asked for.
_PRICED_OTHERWISE: Final = ("px_usd", "px_vol", "order_iv")


class OrderParamError(ParadexError):
    """A feature was asked for in a way that cannot be; the text is the reason of a denial."""


class OrderFeatures(msgspec.Struct, frozen=True, kw_only=True):
    """
    What an order asks of the venue beyond the platform's fields.

    Parameters
    ----------
    tpsl : bool
        A position-linked stop loss or take profit in place of a plain stop.
    rpi : bool
        Retail price improvement: a post-only order that meets retail takers only.
    stp : str, optional
        Self-trade prevention (`StpMode`); None leaves it to the venue (EXPIRE_TAKER).
    recv_window_ms : int, optional
        How long after its signature the venue may still take the order, the client's if None.
    vwap_price : Decimal, optional
        The price of a market order that is to reach a volume weighted average.
    dime_discount : bool
        Fees in DIME, with its discount; the venue falls back to USDC.
    mmp : bool
        The order counts for market maker protection.
    gtd_as_gtc : bool
        GTD goes as GTC: who manages the expiry is the strategy. By configuration only.

    """

    tpsl: bool = False
    rpi: bool = False
    stp: str | None = None
    recv_window_ms: int | None = None
    vwap_price: Decimal | None = None
    dime_discount: bool = False
    mmp: bool = False
    gtd_as_gtc: bool = False


NO_FEATURES: Final = OrderFeatures()
"""An order without any."""


def features_of(
    params: Mapping[str, object] | None,
    tags: Iterable[str] | None,
    defaults: OrderFeatures = NO_FEATURES,
) -> OrderFeatures:
    """
    Return what an order asks for.

    Raises
    ------
    OrderParamError
        If a value is not one of its kind, as ``INVALID_PARAM: name=value``, or an option is to be
        priced in a way that the venue lacks, as ``UNSUPPORTED_PARAM: name=value``.

    """
    asked = _from_tags(tags) | dict(params or {})
    for name in _PRICED_OTHERWISE:
        if asked.get(name) is not None:
            raise OrderParamError(f"UNSUPPORTED_PARAM: {name}={asked[name]}")
    read = {name: _read(name, asked[name]) for name in _READERS if name in asked}
    return msgspec.structs.replace(defaults, **read) if read else defaults


def unknown_params(params: Mapping[str, object] | None, tags: Iterable[str] | None) -> list[str]:
    """Return the names in params, and in tags addressed to the venue, that mean nothing here."""
    return [name for name in {**_from_tags(tags), **(params or {})} if name not in _READERS]


def _from_tags(tags: Iterable[str] | None) -> dict[str, object]:
    found: dict[str, object] = {}
    for tag in tags or ():
        if tag.startswith(TAG_PREFIX):
            name, equals, value = tag.removeprefix(TAG_PREFIX).partition("=")
            found[name] = value if equals else True
    return found


def _read(name: str, value: object) -> object:
    try:
        return _READERS[name](value)
    except (ValueError, InvalidOperation):
        raise OrderParamError(f"INVALID_PARAM: {name}={value}") from None


def _flag(value: object) -> bool:
    known = {True: True, False: False, "true": True, "false": False}
    if not isinstance(value, bool | str) or value not in known:
        raise ValueError
    return known[value]


def _stp(value: object) -> str:
    return StpMode(str(value)).value


def _recv_window_ms(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError
    window_ms = int(value)
    if window_ms < MIN_RECV_WINDOW_MS:
        raise ValueError
    return window_ms


def _price(value: object) -> Decimal:
    if isinstance(value, bool | float):
        raise ValueError
    price = Decimal(str(value))
    if not price.is_finite() or price <= 0 or price != round(price, _MAX_DECIMALS):
        raise ValueError
    return price


_READERS: Final[dict[str, Callable[[object], object]]] = {
    "tpsl": _flag,
    "rpi": _flag,
    "stp": _stp,
    "recv_window_ms": _recv_window_ms,
    "vwap_price": _price,
    "dime_discount": _flag,
    "mmp": _flag,
}
