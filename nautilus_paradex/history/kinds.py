"""The kinds of data that come out of a recording: their names, their markets, their plain form."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from nautilus_trader.model.data import (
    CustomData,
    FundingRateUpdate,
    IndexPriceUpdate,
    MarkPriceUpdate,
    OptionGreeks,
    OrderBookDeltas,
    QuoteTick,
    TradeTick,
)

from nautilus_paradex.data_types import ParadexMarketSummary

__all__ = ["KINDS", "as_dict", "kind_of", "market_of"]

KINDS: Final[Mapping[type, str]] = MappingProxyType(
    {
        QuoteTick: "quotes",
        TradeTick: "trades",
        OrderBookDeltas: "deltas",
        MarkPriceUpdate: "mark_prices",
        IndexPriceUpdate: "index_prices",
        FundingRateUpdate: "funding_rates",
        OptionGreeks: "greeks",
        ParadexMarketSummary: "summaries",
    },
)


_OF_GREEKS: Final = (
    "delta",
    "gamma",
    "vega",
    "theta",
    "rho",
    "mark_iv",
    "bid_iv",
    "ask_iv",
    "underlying_price",
    "open_interest",
    "ts_event",
    "ts_init",
)


def kind_of(data: object) -> str:
    """Return the kind of an object; for one that has none here, the name of its class."""
    payload = _payload(data)
    return KINDS.get(type(payload), type(payload).__name__)


def market_of(data: object) -> str:
    """Return the market of an object, empty for what is of no one market."""
    instrument_id = getattr(_payload(data), "instrument_id", None)
    return "" if instrument_id is None else str(instrument_id.symbol.value)


def as_dict(data: object) -> dict[str, Any]:
    """Return the plain form of an object, its class as ``type``."""
    payload = _payload(data)
    if isinstance(payload, OptionGreeks):  # alone of all without a plain form (1.231)
        values = {name: getattr(payload, name) for name in _OF_GREEKS}
        return {"type": "OptionGreeks", "instrument_id": str(payload.instrument_id), **values}
    plain: dict[str, Any] = type(payload).to_dict(payload)
    return plain


def _payload(data: object) -> Any:
    return data.data if isinstance(data, CustomData) else data
