"""
One series of bars that is followed: which are owed, and when a candle can be taken for final.

No clock and no I/O: `bars` asks the venue and emits.
"""

from dataclasses import dataclass
from typing import Final

from nautilus_trader.model.data import Bar, BarType

from nautilus_paradex.feeds.candles import Candles
from nautilus_paradex.feeds.trade_bars import TradeBar, TradeBars
from nautilus_paradex.protocol.enums import PriceKind

__all__ = ["BarSeries", "OwnBar"]

_MAX_OWED: Final = 1_000


@dataclass(frozen=True, slots=True)
class OwnBar:
    """
    What the trade stream says of an interval.

    Attributes
    ----------
    is_whole : bool
        If the stream was unbroken over all of it.
    bar : Bar, optional
        None if no trade was seen.

    """

    is_whole: bool
    bar: Bar | None = None


class BarSeries:
    """
    The bars of one type.

    Parameters
    ----------
    bar_type : BarType
        Their type.
    candles : Candles
        The venue's candles that they are.
    venue_ms : int
        The venue's time, Unix ms: the interval under way is the first that is owed.

    """

    def __init__(self, bar_type: BarType, candles: Candles, venue_ms: int) -> None:
        self.bar_type = bar_type
        self.candles = candles
        self.symbol: str = bar_type.instrument_id.symbol.value
        self.trades = TradeBars(candles.interval_ms) if _is_of_trades(candles) else None
        self._volume_is_turnover = False
        self._owed_since_ms = self.last_close(venue_ms)
        self._ended_ms: int | None = None

    def end(self, venue_ms: int) -> None:
        """Count no interval that opens after `venue_ms` (Unix ms) as owed: the market has ended."""
        self._ended_ms = venue_ms

    def resume(self) -> None:
        """Take back an `end`: the market is listed again."""
        self._ended_ms = None

    def has_ended_before(self, open_ms: int) -> bool:
        """Return whether the market had ended when an interval opened at `open_ms`, Unix ms."""
        return self._ended_ms is not None and self._ended_ms <= open_ms

    def last_close(self, venue_ms: int) -> int:
        """Return when the last interval before `venue_ms` closed, Unix ms."""
        return venue_ms // self.candles.interval_ms * self.candles.interval_ms

    def next_close(self, venue_ms: int) -> int:
        """Return when the interval under way at `venue_ms` closes, Unix ms."""
        return self.last_close(venue_ms) + self.candles.interval_ms

    def owed_since(self, close_ms: int) -> int:
        """
        Return the opening of the oldest interval to ask for, Unix ms.

        Intervals without a candle stay owed until a later one has come: the venue may be late.

        """
        oldest_ms = close_ms - _MAX_OWED * self.candles.interval_ms
        return max(self._owed_since_ms, oldest_ms)

    def settle(self, open_ms: int) -> None:
        """Count the interval that opened at `open_ms` (Unix ms), and all before it, as done."""
        self._owed_since_ms = open_ms + self.candles.interval_ms
        if self.trades is not None:
            self.trades.forget_before(self._owed_since_ms)

    def volume_of(self, trades: TradeBar) -> int:
        """Return the volume of trades in the unit that the venue's candles have, at 1e-8."""
        return trades.turnover if self._volume_is_turnover else trades.volume

    def learn_volume(self, volume_e8: int, trades: TradeBar) -> None:
        """Learn the unit of the candles' volume from one that holds the very same trades."""
        self._volume_is_turnover = abs(volume_e8 - trades.turnover) < abs(volume_e8 - trades.volume)

    @staticmethod
    def is_final(
        candle: Bar | None, own: OwnBar, previous: Bar | None, *, asked_again: bool
    ) -> bool:
        """
        Return whether the venue's candle can be taken for final.

        Parameters
        ----------
        candle : Bar, optional
            The candle, None if the venue has none.
        own : OwnBar
            What the trade stream says: it knows if trades are missing yet.
        previous : Bar, optional
            The answer before this one: without trades to compare, two equal ones have to do.
        asked_again : bool
            If there was an answer before this one.

        """
        if not own.is_whole:
            return asked_again and _values(candle) == _values(previous)
        if own.bar is None:
            return True
        return candle is not None and _prices(candle) == _prices(own.bar)


def _is_of_trades(candles: Candles) -> bool:
    return candles.price_kind == PriceKind.LAST


def _values(bar: Bar | None) -> tuple[int, ...]:
    return () if bar is None else (*_prices(bar), bar.volume.raw)


def _prices(bar: Bar) -> tuple[int, int, int, int]:
    return (bar.open.raw, bar.high.raw, bar.low.raw, bar.close.raw)
