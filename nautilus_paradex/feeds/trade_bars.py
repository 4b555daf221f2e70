"""
Bars out of the trade stream: what this side saw of the intervals that are not settled yet.

No clock and no I/O. Whether a bar may be believed is decided in `bars`: the venue's candle goes
before it.
"""

from dataclasses import dataclass
from typing import Final

from nautilus_paradex.protocol.events import TradeEvent
from nautilus_paradex.protocol.numbers import E8

__all__ = ["TradeBar", "TradeBars"]

_US_PER_MS: Final = 1_000
_MAX_INTERVALS: Final = 64


@dataclass(slots=True)
class TradeBar:
    """
    Prices at 1e-8, the volume both in base units and as turnover (price times size), at 1e-8.

    """

    open: int
    high: int
    low: int
    close: int
    volume: int
    turnover: int


class TradeBars:
    """
    The intervals of one length in which trades were seen; the oldest is forgotten beyond a limit.

    Parameters
    ----------
    interval_ms : int
        The length of an interval, ms; they begin at its multiples of Unix time.

    """

    __slots__ = ("_bars", "_interval_ms")

    def __init__(self, interval_ms: int) -> None:
        self._interval_ms = interval_ms
        self._bars: dict[int, TradeBar] = {}

    def add(self, trade: TradeEvent) -> None:
        """Count a trade in its interval: the matching engine's time decides, not the arrival."""
        at_us = trade.created_at or trade.ts
        if at_us is None or trade.price is None or trade.size is None:
            return
        open_ms = at_us // _US_PER_MS // self._interval_ms * self._interval_ms
        bar = self._bars.get(open_ms)
        turnover = trade.price * trade.size // E8
        if bar is None:
            self._bars[open_ms] = TradeBar(
                trade.price, trade.price, trade.price, trade.price, trade.size, turnover
            )
            if len(self._bars) > _MAX_INTERVALS:
                del self._bars[min(self._bars)]
            return
        bar.high = max(bar.high, trade.price)
        bar.low = min(bar.low, trade.price)
        bar.close = trade.price
        bar.volume += trade.size
        bar.turnover += turnover

    def get(self, open_ms: int) -> TradeBar | None:
        """Return the interval that began at `open_ms` (Unix ms), None if it saw no trade."""
        return self._bars.get(open_ms)

    def forget_before(self, open_ms: int) -> None:
        """Forget the intervals that began before `open_ms` (Unix ms)."""
        for settled in [begin for begin in self._bars if begin < open_ms]:
            del self._bars[settled]
