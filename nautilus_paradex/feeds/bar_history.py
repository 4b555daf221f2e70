"""
Past bars from the venue's candles: asked for in spans that neither overlap nor leave a gap.

It raises what goes wrong: that every request is answered all the same is the work of `requests`.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Final

from nautilus_trader.model.data import Bar, BarType
from nautilus_trader.model.instruments import Instrument

from nautilus_paradex.feeds.candles import Candles, candles_of
from nautilus_paradex.feeds.reading import readable
from nautilus_paradex.feeds.window import UnsupportedRequestError, Window
from nautilus_paradex.parsing import market_data
from nautilus_paradex.parsing.precision import MAX_PRECISION
from nautilus_paradex.protocol import rest
from nautilus_paradex.protocol.enums import PriceKind
from nautilus_paradex.protocol.numbers import to_int

if TYPE_CHECKING:
    from nautilus_paradex.transport.http import ParadexHttpClient

__all__ = ["BarHistory", "opening_times", "spans"]

_NS_PER_MS: Final = 1_000_000

# The venue documents no limit. A reply that is cut short all the same is asked for again in parts.
_CANDLES_PER_REQUEST: Final = 1_000
_MAX_REQUESTS: Final = 200
_DEFAULT_BARS: Final = 1_000


class BarHistory:
    """
    Asks for past bars.

    Parameters
    ----------
    client : ParadexHttpClient
        The client for the requests; its clock tells which bars are complete.
    now_ns : Callable[[], int]
        The clock for ``ts_init`` of bars that are followed, Unix ns.
    warn : Callable[[str], None]
        Told of candles that were left out: those that cannot be read, or held by the instrument.
    bars_timestamp_on_close : bool
        If the time of bars is their close.

    """

    def __init__(
        self,
        client: "ParadexHttpClient",
        *,
        now_ns: Callable[[], int],
        warn: Callable[[str], None],
        bars_timestamp_on_close: bool,
    ) -> None:
        self._client = client
        self._now_ns = now_ns
        self._warn = warn
        self._on_close = bars_timestamp_on_close

    async def bars(
        self,
        instrument: Instrument,
        bar_type: BarType,
        window: Window,
        params: Mapping[str, object] | None = None,
    ) -> list[Bar]:
        """
        Return the complete bars that closed in a window, in the order of time.

        Without a start the newest 1,000, or `limit`. Their ``ts_init`` is their close, which is
        what the platform sorts, bounds and stores history by. `params` may name a price kind, see
        `candles.candles_of`.

        Raises
        ------
        UnsupportedBarsError
            If the venue has no candles of this kind.
        UnsupportedRequestError
            If it has too many in this time.
        ParadexError
            If the venue cannot be asked or refuses.

        """
        candles = candles_of(bar_type, params)
        wanted = window.wanted(_DEFAULT_BARS)
        klines = await self._newest(instrument, candles, window, wanted)
        bars = [*self._read(klines, instrument, bar_type, candles, ts_init=None).values()]
        return bars[-wanted:] if wanted else bars

    async def closed_bars(
        self,
        instrument: Instrument,
        bar_type: BarType,
        candles: Candles,
        start_ms: int,
        end_ms: int,
    ) -> dict[int, Bar]:
        """
        Return the bars, by their opening, that open and close in [`start_ms`, `end_ms`] (Unix ms).

        Their ``ts_init`` is now. Candles that are no valid bar are left out, with a warning. Raises
        as `bars`.

        """
        interval_ms = candles.interval_ms
        first_ms = -(-start_ms // interval_ms) * interval_ms
        klines: dict[int, rest.Kline] = {}
        for span in spans(range(first_ms, end_ms // interval_ms * interval_ms, interval_ms)):
            klines |= await self._span(instrument, candles, span)
        return self._read(klines, instrument, bar_type, candles, ts_init=self._now_ns())

    def _read(
        self,
        klines: dict[int, rest.Kline],
        instrument: Instrument,
        bar_type: BarType,
        candles: Candles,
        *,
        ts_init: int | None,
    ) -> dict[int, Bar]:
        """Bars by their opening, in the order of time."""
        precise = candles.price_kind == PriceKind.LAST
        bars = readable(
            sorted(klines.items()),
            lambda item: (
                item[0],
                market_data.bar_from_kline(
                    item[1],
                    bar_type,
                    interval_ms=candles.interval_ms,
                    price_precision=instrument.price_precision if precise else MAX_PRECISION,
                    size_precision=instrument.size_precision,
                    on_close=self._on_close,
                    ts_init=ts_init,
                ),
            ),
            self._warn,
        )
        return dict(bars)

    async def _newest(
        self,
        instrument: Instrument,
        candles: Candles,
        window: Window,
        wanted: int | None,
    ) -> dict[int, rest.Kline]:
        """Candles of the window, asked for from the newest on until there are enough."""
        # By the venue's clock: by one that is ahead of it a bar looks complete too early.
        now_ns = self._client.clock.now_ms() * _NS_PER_MS
        opens = opening_times(window, candles.interval_ms, now_ns)
        if wanted is None and len(opens) > _MAX_REQUESTS * _CANDLES_PER_REQUEST:
            raise _too_many(candles)
        found: dict[int, rest.Kline] = {}
        for number, span in enumerate(spans(opens)):
            if number == _MAX_REQUESTS:
                raise _too_many(candles)
            klines = await self._span(instrument, candles, span)
            found |= klines
            if wanted is not None and len(found) >= wanted:
                break
            if window.start_ns is None and not klines:
                # There is no end to the past, but one to what the venue has.
                break
        return found

    async def _span(
        self,
        instrument: Instrument,
        candles: Candles,
        opens: range,
    ) -> dict[int, rest.Kline]:
        """Candles of one span by their opening time."""
        found: dict[int, rest.Kline] = {}
        for kline in await self._client.klines(
            instrument.raw_symbol.value,
            resolution=candles.minutes,
            start_at_ms=opens[0],
            # Within the last candle: whether the bound itself counts is not documented.
            end_at_ms=opens[-1] + candles.interval_ms - 1,
            price_kind=candles.price_kind,
        ):
            open_ms = to_int(kline[0]) if kline else None
            if open_ms is not None and opens[0] <= open_ms <= opens[-1]:
                found[open_ms] = kline
        if found:
            for missing in (
                range(opens[0], min(found), opens.step),
                range(max(found) + opens.step, opens.stop, opens.step),
            ):
                if missing:
                    found |= await self._span(instrument, candles, missing)
        return found


def opening_times(window: Window, interval_ms: int, now_ns: int) -> range:
    """
    Return the opening times of the candles that close in a window and are complete.

    Bounds are inclusive, so that of two windows of which one ends where the other begins a
    nanosecond later every candle belongs to exactly one. Unix ms.

    """
    stop = window.end_ms(now_ns) // interval_ms * interval_ms
    # Rounded up: a candle that closes a moment before the start is not in the window.
    first_close = -(-(window.start_ns or 0) // (interval_ms * _NS_PER_MS)) * interval_ms
    return range(max(first_close - interval_ms, 0), stop, interval_ms)


def spans(opens: range, size: int = _CANDLES_PER_REQUEST) -> Iterator[range]:
    """Yield opening times in parts of at most `size`, the newest part first."""
    for stop in range(len(opens), 0, -size):
        yield opens[max(stop - size, 0) : stop]


def _too_many(candles: Candles) -> UnsupportedRequestError:
    return UnsupportedRequestError(
        f"{_MAX_REQUESTS * _CANDLES_PER_REQUEST} bars of {candles.minutes} minutes are the most "
        "that one request may span: ask for a shorter time",
    )
