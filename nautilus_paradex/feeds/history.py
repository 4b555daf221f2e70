"""
Answers requests for market data from REST, as the platform's objects in the order of time.

It raises what goes wrong: that every request is answered all the same is the work of `requests`.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from nautilus_trader.model.data import (
    Bar,
    BarType,
    FundingRateUpdate,
    OrderBookDeltas,
    QuoteTick,
    TradeTick,
)
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.instruments import Instrument

from nautilus_paradex.feeds.candles import MS_PER_MINUTE, Candles, candles_of
from nautilus_paradex.parsing import books, market_data
from nautilus_paradex.parsing.instruments import instrument_id_from_symbol
from nautilus_paradex.parsing.precision import MAX_PRECISION, MarketScale, PrecisionError
from nautilus_paradex.protocol import conversion, rest
from nautilus_paradex.protocol.enums import PriceKind
from nautilus_paradex.protocol.errors import MessageError, ParadexError
from nautilus_paradex.protocol.numbers import to_decimal, to_int
from nautilus_paradex.transport.paging import FetchPage, iter_pages

if TYPE_CHECKING:
    from nautilus_paradex.transport.http import ParadexHttpClient

__all__ = ["ForwardPrice", "HistoryRequests", "UnsupportedRequestError", "Window"]

_NS_PER_MS: Final = 1_000_000
_MS_PER_YEAR: Final = 365 * 24 * 60 * MS_PER_MINUTE

_TRADES_PER_PAGE: Final = 1_000
_FUNDING_PER_PAGE: Final = 5_000
_BARS_PER_REQUEST: Final = 1_000
_DEFAULT_BARS: Final = 1_000
_MAX_PAGES: Final = 200


class UnsupportedRequestError(ParadexError):
    """The venue has nothing of the kind that was asked for, or too much of it."""


class _Endpoint[T](Protocol):
    """An endpoint of the REST client that lists records of a market, page by page."""

    async def __call__(
        self,
        market: str,
        /,
        *,
        start_at_ms: int | None,
        end_at_ms: int | None,
        page_size: int | None,
        cursor: str | None,
    ) -> rest.Page[T]: ...


class Window(NamedTuple):
    """
    The bounds of a request: Unix ms, inclusive, and the number of items wanted, the newest ones.

    None is no bound.

    """

    start_ms: int | None = None
    end_ms: int | None = None
    limit: int | None = None


class ForwardPrice(NamedTuple):
    """The forward price of an option's underlying, in the form that the data engine reads."""

    instrument_id: InstrumentId
    forward_price: Decimal


class HistoryRequests:
    """
    Asks for history and snapshots.

    Parameters
    ----------
    client : ParadexHttpClient
        The client for the requests.
    now_ns : Callable[[], int]
        The clock for ``ts_init`` and for windows without an end, Unix ns.
    warn : Callable[[str], None]
        Told of items that were left out: those that cannot be read, or held by the instrument.
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

    async def trades(self, instrument: Instrument, window: Window) -> list[TradeTick]:
        """
        Return public trades; without a start and a limit those of one page (1,000).

        Raises
        ------
        ParadexError
            If the venue cannot be asked or refuses.

        """
        scale, ts_init = _scale(instrument), self._now_ns()
        return await self._records(
            self._client.trades,
            lambda trade: market_data.trade_tick(conversion.trade_event(trade), scale, ts_init),
            instrument,
            window,
            _TRADES_PER_PAGE,
        )

    async def quotes(self, instrument: Instrument) -> list[QuoteTick]:
        """Return the present quote, none while a side is empty. Raises as `trades`."""
        bbo = await self._client.bbo(instrument.raw_symbol.value)
        event = conversion.bbo_event(bbo)
        quote = market_data.quote_tick(event, _scale(instrument), self._now_ns())
        return [] if quote is None else [quote]

    async def book_snapshot(self, instrument: Instrument, depth: int | None) -> OrderBookDeltas:
        """Return the present book, `depth` levels a side. Raises as `trades`."""
        book = await self._client.orderbook(instrument.raw_symbol.value, depth)
        event = conversion.book_snapshot_event(book)
        return books.book_snapshot(event, _scale(instrument), self._now_ns())

    async def funding_rates(
        self,
        instrument: Instrument,
        window: Window,
    ) -> list[FundingRateUpdate]:
        """
        Return funding records; without a start and a limit those of one page (5,000).

        Raises as `trades`.

        """
        ts_init = self._now_ns()
        return await self._records(
            self._client.funding_data,
            lambda record: market_data.funding_rate_from_data(
                conversion.funding_data_event(record),
                instrument.id,
                ts_init,
            ),
            instrument,
            window,
            _FUNDING_PER_PAGE,
        )

    async def bars(
        self,
        instrument: Instrument,
        bar_type: BarType,
        window: Window,
        params: Mapping[str, object] | None = None,
    ) -> list[Bar]:
        """
        Return bars that are complete; without a start the newest 1,000, or `limit`.

        `params` may name a price kind, see `candles.candles_of`.

        Raises
        ------
        UnsupportedBarsError
            If the venue has no candles of this kind.
        ParadexError
            If the venue cannot be asked or refuses.

        """
        candles = candles_of(bar_type, params)
        interval_ms = candles.interval_ms
        now_ms = self._client.clock.now_ms()
        end_ms = now_ms if window.end_ms is None else min(window.end_ms, now_ms)
        start_ms = window.start_ms
        if start_ms is None:
            # One more than wanted: the last one may still be growing.
            start_ms = end_ms - ((window.limit or _DEFAULT_BARS) + 1) * interval_ms
        bars = await self.closed_bars(instrument, bar_type, candles, start_ms, end_ms)
        return _newest(list(bars.values()), window.limit)

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

        Candles that are no valid bar are left out, with a warning. Raises as `bars`.

        """
        klines = await self._klines(instrument, candles, start_ms, end_ms)
        precise = candles.price_kind == PriceKind.LAST
        ts_init = self._now_ns()
        bars = self._readable(
            [
                (open_ms, kline)
                for open_ms, kline in sorted(klines.items())
                if start_ms <= open_ms and open_ms + candles.interval_ms <= end_ms
            ],
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
        )
        return dict(bars)

    async def forward_prices(
        self,
        underlying: str,
        sample: InstrumentId | None,
        options: dict[InstrumentId, Instrument],
    ) -> list[ForwardPrice]:
        """
        Return the forward price for the options of `underlying`, or for `sample` alone.

        A perpetual option has no expiry to look forward to: its underlying's price is taken. For a
        dated one this grows at the venue's annualised forward rate until expiry.

        Parameters
        ----------
        options : dict[InstrumentId, Instrument]
            The instruments that are known; others cannot be matched to a series.

        Raises
        ------
        ParadexError
            If the venue cannot be asked or refuses.

        """
        summaries = await self._client.markets_summary(
            "ALL" if sample is None else sample.symbol.value,
        )
        now_ms = self._now_ns() // _NS_PER_MS
        prices = []
        for summary in summaries:
            option = options.get(instrument_id_from_symbol(summary.symbol))
            if option is None or option.underlying.code != underlying:
                continue
            price = _forward(summary, option.expiration_ns // _NS_PER_MS - now_ms)
            if price is not None:
                prices.append(ForwardPrice(option.id, price))
        return prices

    async def _records[T, D: (TradeTick, FundingRateUpdate)](
        self,
        endpoint: _Endpoint[T],
        convert: Callable[[T], D],
        instrument: Instrument,
        window: Window,
        page_size: int,
    ) -> list[D]:
        """Records of a market that the venue lists in pages, newest first."""
        wanted = _wanted(window, page_size)

        async def fetch(cursor: str | None) -> rest.Page[T]:
            return await endpoint(
                instrument.raw_symbol.value,
                start_at_ms=window.start_ms,
                end_at_ms=window.end_ms,
                page_size=min(wanted or page_size, page_size),
                cursor=cursor,
            )

        records = self._readable(await _collect(fetch, wanted), convert)
        # Records of one millisecond, as of one sweep, keep the order in which they happened.
        records.reverse()
        return _newest(records, wanted)

    async def _klines(
        self,
        instrument: Instrument,
        candles: Candles,
        start_ms: int,
        end_ms: int,
    ) -> dict[int, rest.Kline]:
        """Candles by open time: asked for in spans, whose ends may overlap."""
        span_ms = _BARS_PER_REQUEST * candles.interval_ms
        if end_ms - start_ms > _MAX_PAGES * span_ms:
            raise UnsupportedRequestError(
                f"{_MAX_PAGES * _BARS_PER_REQUEST} bars of {candles.minutes} minutes are the most "
                "that one request may span: ask for a shorter time",
            )
        klines: dict[int, rest.Kline] = {}
        for begin_ms in range(start_ms, end_ms, span_ms):
            for kline in await self._client.klines(
                instrument.raw_symbol.value,
                resolution=candles.minutes,
                start_at_ms=begin_ms,
                end_at_ms=min(begin_ms + span_ms, end_ms),
                price_kind=candles.price_kind,
            ):
                open_ms = to_int(kline[0]) if kline else None
                if open_ms is not None:
                    klines[open_ms] = kline
        return klines

    def _readable[T, D](self, items: list[T], convert: Callable[[T], D]) -> list[D]:
        """What can be converted of `items`; one bad item must not cost the others."""
        converted: list[D] = []
        first_problem = ""
        for item in items:
            try:
                converted.append(convert(item))
            except (MessageError, PrecisionError) as exc:
                first_problem = first_problem or str(exc)
        if first_problem:
            left_out = len(items) - len(converted)
            self._warn(f"{left_out} of {len(items)} items left out: {first_problem}")
        return converted


async def _collect[T](fetch: FetchPage[T], wanted: int | None) -> list[T]:
    """Items of as many pages as are needed; a list that never ends is refused."""
    items: list[T] = []
    pages = 0
    async for page in iter_pages(fetch):
        items.extend(page.results or ())
        pages += 1
        if wanted is not None and len(items) >= wanted:
            break
        if pages == _MAX_PAGES and page.next:
            raise UnsupportedRequestError(
                f"more than {len(items)} items: ask for a shorter time or set a limit",
            )
    return items


def _wanted(window: Window, default: int) -> int | None:
    if window.limit:
        return window.limit
    return default if window.start_ms is None else None


def _newest[D: (TradeTick, FundingRateUpdate, Bar)](items: list[D], wanted: int | None) -> list[D]:
    items.sort(key=lambda item: item.ts_event)
    return items[-wanted:] if wanted else items


def _scale(instrument: Instrument) -> MarketScale:
    return MarketScale.of(
        instrument.id,
        price_increment=instrument.price_increment,
        size_increment=instrument.size_increment,
    )


def _forward(summary: rest.MarketSummary, remaining_ms: int) -> Decimal | None:
    spot = to_decimal(summary.underlying_price)
    rate = to_decimal(summary.forward_rate)
    if spot is None or rate is None:
        return spot
    growth = (rate * max(0, remaining_ms) / _MS_PER_YEAR).exp()
    return (spot * growth).quantize(Decimal(1).scaleb(-MAX_PRECISION))
