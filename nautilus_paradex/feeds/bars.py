"""
Follows bars: at the close of each interval the venue's candle becomes the platform's bar.

The candle over REST is the authority. The trade stream tells whether it is final already: one that
is asked for right at the close may lack the last trades. And it stands in, where it was unbroken,
for a venue that does not answer. Bars that are asked for as history are `bar_history`'s.
"""

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from itertools import count
from typing import Any, Final, Protocol

from nautilus_trader.model.data import Bar, BarType
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.instruments import Instrument

from nautilus_paradex.feeds.bar_series import BarSeries, OwnBar
from nautilus_paradex.feeds.candles import Candles
from nautilus_paradex.feeds.once import WarnOnce
from nautilus_paradex.parsing import market_data
from nautilus_paradex.parsing.precision import PrecisionError, quantity_to_e8
from nautilus_paradex.protocol.errors import MessageError, ParadexError
from nautilus_paradex.protocol.events import TradeEvent
from nautilus_paradex.transport.metrics import Metrics

__all__ = ["BarFollower", "CandleSource", "Sleep"]

EMITTED: Final = "bars"
DISPUTED: Final = "bars_differing_from_trades"
STOOD_IN: Final = "bars_from_trades"
LATE: Final = "bars_late"
UNANSWERED: Final = "bars_requests_failed"

# Our choices: the documentation does not say how soon after its close a candle is final.
_SETTLE_MS: Final = 250
_RECHECK_SECS: Final = (0.5, 1.0, 2.0)
_RETRY_SECS: Final = 10.0
_MAX_NAP_SECS: Final = 5.0  # the venue's clock may be measured anew meanwhile
_MAX_REQUESTS: Final = 8

type Sleep = Callable[[float], Coroutine[Any, Any, None]]


class CandleSource(Protocol):
    """Where candles come from: `BarHistory.closed_bars`."""

    async def __call__(
        self,
        instrument: Instrument,
        bar_type: BarType,
        candles: Candles,
        start_ms: int,
        end_ms: int,
        /,
    ) -> dict[int, Bar]: ...


class BarFollower:
    """
    Emits the bars of the bar types that are subscribed to, each once and in order.

    Parameters
    ----------
    source : CandleSource
        Asks the venue.
    find_instrument : Callable[[InstrumentId], Instrument or None]
        The instrument as it is now: increments may change while bars are followed.
    trusted_since : Callable[[str], int or None]
        The venue's Unix ms since when the trade stream of a market (symbol) has been whole; None
        while it is not.
    venue_ms : Callable[[], int]
        The venue's clock, Unix ms: its candles close by it.
    now_ns : Callable[[], int]
        The clock for ``ts_init``, Unix ns.
    emit : Callable[[object], None]
        Takes the bars.
    warn : Callable[[str], None]
        Takes warnings.
    bars_timestamp_on_close : bool
        If the time of bars is their close.
    sleep : Sleep, optional
        Passes time; a test may have its own.

    """

    def __init__(
        self,
        source: CandleSource,
        *,
        find_instrument: Callable[[InstrumentId], Instrument | None],
        trusted_since: Callable[[str], int | None],
        venue_ms: Callable[[], int],
        now_ns: Callable[[], int],
        emit: Callable[[object], None],
        warn: Callable[[str], None],
        bars_timestamp_on_close: bool,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._source = source
        self._find_instrument = find_instrument
        self._trusted_since = trusted_since
        self._venue_ms = venue_ms
        self._now_ns = now_ns
        self._emit = emit
        self._warn = WarnOnce(warn)
        self._on_close = bars_timestamp_on_close
        self._sleep = sleep
        self._series: dict[BarType, BarSeries] = {}
        self._tasks: dict[BarType, asyncio.Task[None]] = {}
        self._of_trades: dict[str, tuple[BarSeries, ...]] = {}
        self._requests = asyncio.Semaphore(_MAX_REQUESTS)
        self.metrics = Metrics((EMITTED, DISPUTED, STOOD_IN, LATE, UNANSWERED))

    def follow(self, bar_type: BarType, candles: Candles) -> None:
        """Begin with the bar of the interval that is under way now."""
        if bar_type in self._series:
            return
        series = self._series[bar_type] = BarSeries(bar_type, candles, self._venue_ms())
        if series.trades is not None:
            self._of_trades[series.symbol] = (*self._of_trades.get(series.symbol, ()), series)
        task = self._tasks[bar_type] = asyncio.create_task(
            self._run(series), name=f"bars {bar_type}"
        )
        task.add_done_callback(partial(self._on_done, series))

    def leave(self, bar_type: BarType) -> None:
        """Emit no more bars of a type."""
        series = self._series.pop(bar_type, None)
        if series is None:
            return
        self._tasks.pop(bar_type).cancel()
        others = tuple(s for s in self._of_trades.pop(series.symbol, ()) if s is not series)
        if others:
            self._of_trades[series.symbol] = others

    def uses_trades(self, instrument_id: InstrumentId) -> bool:
        """Return whether bars of a market are followed in which its trades have a say."""
        return instrument_id.symbol.value in self._of_trades

    def on_trade(self, trade: TradeEvent, arrived_ns: int) -> None:
        """Take a trade; of a market whose bars are not followed it means nothing."""
        followed = self._of_trades.get(trade.market or "")
        if followed is None or market_data.is_off_book(trade):
            return
        for series in followed:
            if series.trades is not None:
                series.trades.add(trade)

    def relist(self, instrument_id: InstrumentId, *, is_listed: bool) -> None:
        """Ask for no bars after the end of a market, until it is listed again."""
        for series in self._series.values():
            if series.bar_type.instrument_id != instrument_id:
                continue
            if is_listed:
                series.resume()
            else:
                series.end(self._venue_ms())

    def close(self) -> None:
        """Leave every bar type."""
        for bar_type in list(self._series):
            self.leave(bar_type)

    # -- One series ------------------------------------------------------------------------------

    async def _run(self, series: BarSeries) -> None:
        while True:
            await self._until(series.next_close(self._venue_ms()) + _SETTLE_MS)
            for bar in await self._final_bars(series):
                self.metrics.count(EMITTED)
                self._emit(bar)

    async def _until(self, venue_ms: int) -> None:
        while (remaining_ms := venue_ms - self._venue_ms()) > 0:
            await self._sleep(min(remaining_ms / 1_000, _MAX_NAP_SECS))

    async def _final_bars(self, series: BarSeries) -> list[Bar]:
        """Ask until the venue's answer can be taken for final; return what is owed, in order."""
        previous: Bar | None = None
        for attempt in count():
            close_ms = series.last_close(self._venue_ms())
            open_ms = close_ms - series.candles.interval_ms
            instrument = self._find_instrument(series.bar_type.instrument_id)
            if instrument is None or series.has_ended_before(open_ms):
                return []
            is_last_check = attempt >= len(_RECHECK_SECS)
            own = self._own_bar(series, instrument, open_ms)
            bars = await self._ask(series, instrument, close_ms)
            if bars is not None:
                candle = bars.get(open_ms)
                asked_again = attempt > 0
                if series.is_final(candle, own, previous, asked_again=asked_again):
                    self._learn(series, candle, own, open_ms)
                    return self._settled(series, bars)
                if is_last_check:
                    self.metrics.count(DISPUTED, int(own.bar is not None))
                    return self._settled(series, bars)
                previous = candle
            elif is_last_check and own.bar is not None and series.owed_since(close_ms) == open_ms:
                self.metrics.count(STOOD_IN)
                return self._settled(series, {open_ms: own.bar})
            await self._sleep(_RETRY_SECS if is_last_check else _RECHECK_SECS[attempt])
        return []

    async def _ask(
        self,
        series: BarSeries,
        instrument: Instrument,
        close_ms: int,
    ) -> dict[int, Bar] | None:
        try:
            async with self._requests:
                return await self._source(
                    instrument,
                    series.bar_type,
                    series.candles,
                    series.owed_since(close_ms),
                    close_ms,
                )
        except ParadexError as exc:
            self.metrics.count(UNANSWERED)
            self._warn(
                str(series.bar_type),
                f"{series.bar_type}: the venue cannot be asked, trying again: {exc}",
            )
            return None

    def _own_bar(self, series: BarSeries, instrument: Instrument, open_ms: int) -> OwnBar:
        since_ms = self._trusted_since(series.symbol)
        if series.trades is None or since_ms is None or since_ms > open_ms:
            return OwnBar(is_whole=False)
        trades = series.trades.get(open_ms)
        if trades is None:
            return OwnBar(is_whole=True)
        try:
            bar = market_data.bar_from_prices(
                series.bar_type,
                (trades.open, trades.high, trades.low, trades.close),
                series.volume_of(trades),
                open_ms=open_ms,
                interval_ms=series.candles.interval_ms,
                price_precision=instrument.price_precision,
                size_precision=instrument.size_precision,
                on_close=self._on_close,
                ts_init=self._now_ns(),
            )
        except (MessageError, PrecisionError) as exc:
            self._warn(f"trades/{series.bar_type}", f"{series.bar_type} from trades: {exc}")
            return OwnBar(is_whole=False)
        return OwnBar(is_whole=True, bar=bar)

    def _learn(self, series: BarSeries, candle: Bar | None, own: OwnBar, open_ms: int) -> None:
        trades = None if series.trades is None else series.trades.get(open_ms)
        if candle is not None and own.bar is not None and trades is not None:
            series.learn_volume(quantity_to_e8(candle.volume), trades)

    def _settled(self, series: BarSeries, bars: dict[int, Bar]) -> list[Bar]:
        self.metrics.count(LATE, max(0, len(bars) - 1))
        for open_ms in sorted(bars):
            series.settle(open_ms)
        return [bars[open_ms] for open_ms in sorted(bars)]

    def _on_done(self, series: BarSeries, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is None:
            return
        self._warn(f"ended/{series.bar_type}", f"{series.bar_type} ended: {error!r}")
        self.leave(series.bar_type)
