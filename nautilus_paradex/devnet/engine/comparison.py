"""Hourly funding rates here and at other venues, which are made up around the rate here.

Each venue has its own rhythm, so that a reader hears of a few rates at a time. Nothing is kept: a
rate follows from market, venue and time.
"""

from dataclasses import dataclass
from typing import Final
from zlib import crc32

from nautilus_paradex.devnet.engine.fixed import round_div
from nautilus_paradex.devnet.engine.state import MarketState, VenueState
from nautilus_paradex.protocol.enums import AssetKind
from nautilus_paradex.protocol.events import FundingRateComparisonEvent

__all__ = ["FundingComparison"]

_SECOND_US: Final = 1_000_000
_LONGEST_LOOK_BACK_US: Final = 2 * _SECOND_US
_SBE_PERPETUAL: Final = "PERPETUAL_FUTURE"


@dataclass(frozen=True, slots=True)
class _Source:
    """A venue: how often it says its rate, and how far that is from ours at most, per hour."""

    name: str
    period_us: int
    distance_e12: int


_SOURCES: Final = (
    _Source("PARADEX", 1 * _SECOND_US, 0),
    _Source("BINANCE", 3 * _SECOND_US, 4_000_000),
    _Source("BYBIT", 5 * _SECOND_US, 6_000_000),
    _Source("HYPERLIQUID", 2 * _SECOND_US, 9_000_000),
)


class FundingComparison:
    """
    What one reader has not heard yet.

    Parameters
    ----------
    state : VenueState

    """

    def __init__(self, state: VenueState) -> None:
        self._state = state
        self._heard_until_us = 0

    def news(self) -> list[FundingRateComparisonEvent]:
        """Return the rates said since the last call, of the last two seconds at most."""
        now = self._state.now_us()
        since = max(self._heard_until_us, now - _LONGEST_LOOK_BACK_US)
        self._heard_until_us = now
        return [
            _event(market, source, now)
            for market in self._state.markets.values()
            if market.spec.asset_kind == AssetKind.PERP
            for source in _SOURCES
            if _said_at(market, source, now) > since
        ]


def _event(market: MarketState, source: _Source, now_us: int) -> FundingRateComparisonEvent:
    said_at = _said_at(market, source, now_us)
    ours = round_div(market.pricing.funding_rate().rate_e12, market.spec.funding_period_hours)
    return FundingRateComparisonEvent(
        ts=now_us,
        last_updated_at=said_at,
        hourly_funding_rate=ours + _distance(market.symbol, source, said_at),
        asset_kind=_SBE_PERPETUAL,
        source=source.name,
        market=market.symbol,
    )


def _said_at(market: MarketState, source: _Source, now_us: int) -> int:
    """Return when `source` last spoke of a market; its markets are spread over its period."""
    phase = crc32(market.symbol.encode()) % source.period_us
    return (now_us - phase) // source.period_us * source.period_us + phase


def _distance(symbol: str, source: _Source, at_us: int) -> int:
    if source.distance_e12 == 0:
        return 0
    number = crc32(f"{symbol}/{source.name}/{at_us}".encode())
    return number % (2 * source.distance_e12 + 1) - source.distance_e12
