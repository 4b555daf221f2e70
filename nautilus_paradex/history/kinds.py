"""The kinds of data that come out of a recording, by the names that a person asks for them with."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from nautilus_trader.model.data import (
    CustomData,
    FundingRateUpdate,
    IndexPriceUpdate,
    MarkPriceUpdate,
    OrderBookDeltas,
    QuoteTick,
    TradeTick,
)

from nautilus_paradex.data_types import ParadexMarketSummary

__all__ = ["KINDS", "kind_of", "market_of"]

KINDS: Final[Mapping[type, str]] = MappingProxyType(
    {
        QuoteTick: "quotes",
        TradeTick: "trades",
        OrderBookDeltas: "deltas",
        MarkPriceUpdate: "mark_prices",
        IndexPriceUpdate: "index_prices",
        FundingRateUpdate: "funding_rates",
        ParadexMarketSummary: "summaries",
    },
)


def kind_of(data: object) -> str:
    """Return the kind of an object; for one that has none here, the name of its class."""
    payload = data.data if isinstance(data, CustomData) else data
    return KINDS.get(type(payload), type(payload).__name__)


def market_of(data: object) -> str:
    """Return the market of an object, empty for what is of no one market."""
    payload = data.data if isinstance(data, CustomData) else data
    instrument_id = getattr(payload, "instrument_id", None)
    return "" if instrument_id is None else str(instrument_id.symbol.value)
