"""Minute bars of one price series, bounded, and longer bars made of them on request."""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from nautilus_paradex.devnet.engine.model import Kline
from nautilus_paradex.protocol.numbers import E8

__all__ = ["BarSeries"]

_MINUTE_MS: Final = 60_000


@dataclass(slots=True)
class _Bar:
    open_time_ms: int
    open_e8: int
    high_e8: int
    low_e8: int
    close_e8: int
    volume_e8: int = 0
    turnover_e8: int = 0


class BarSeries:
    """
    Minute bars built from prices as they come; a minute without a price has no bar.

    Parameters
    ----------
    limit : int
        How many minutes are kept at least.

    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._bars: list[_Bar] = []

    def add(self, at_us: int, price_e8: int, size_e8: int = 0) -> None:
        """Take a price at a time that is not before the last one's minute."""
        open_time_ms = at_us // 1_000 // _MINUTE_MS * _MINUTE_MS
        if not self._bars or self._bars[-1].open_time_ms < open_time_ms:
            self._bars.append(_Bar(open_time_ms, price_e8, price_e8, price_e8, price_e8))
            if len(self._bars) >= 2 * self._limit:
                del self._bars[: self._limit]
        bar = self._bars[-1]
        bar.high_e8 = max(bar.high_e8, price_e8)
        bar.low_e8 = min(bar.low_e8, price_e8)
        bar.close_e8 = price_e8
        bar.volume_e8 += size_e8
        bar.turnover_e8 += size_e8 * price_e8 // E8

    def klines(self, resolution_mins: int, start_ms: int, end_ms: int) -> list[Kline]:
        """Return the bars of `resolution_mins` that open in [start_ms, end_ms], oldest first."""
        span_ms = resolution_mins * _MINUTE_MS

        def open_time(bar: _Bar) -> int:
            return bar.open_time_ms // span_ms * span_ms

        wanted = (bar for bar in self._bars if start_ms <= open_time(bar) <= end_ms)
        return [_merge(time_ms, bars) for time_ms, bars in groupby(wanted, key=open_time)]

    def before(self, at_ms: int) -> "BarSeries":
        """Return a copy of the bars that opened before `at_ms`."""
        earlier = BarSeries(self._limit)
        end = bisect_left(self._bars, at_ms, key=_opened_at)
        earlier._bars = self._bars[:end]
        return earlier

    def price_before(self, at_ms: int) -> int | None:
        """Return the close of the last bar opened at or before `at_ms`, or the first open."""
        if not self._bars:
            return None
        for bar in reversed(self._bars):
            if bar.open_time_ms <= at_ms:
                return bar.close_e8
        return self._bars[0].open_e8


def _opened_at(bar: _Bar) -> int:
    return bar.open_time_ms


def _merge(open_time_ms: int, bars: Iterable[_Bar]) -> Kline:
    parts = list(bars)
    return Kline(
        open_time_ms=open_time_ms,
        open_e8=parts[0].open_e8,
        high_e8=max(bar.high_e8 for bar in parts),
        low_e8=min(bar.low_e8 for bar in parts),
        close_e8=parts[-1].close_e8,
        volume_e8=sum(bar.volume_e8 for bar in parts),
        turnover_e8=sum(bar.turnover_e8 for bar in parts),
    )
