"""
Past trades and funding rates from the venue's paged lists, in the order of time.

It raises what goes wrong: that every request is answered all the same is the work of `requests`.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Protocol

from nautilus_trader.model.data import FundingRateUpdate, TradeTick
from nautilus_trader.model.instruments import Instrument

from nautilus_paradex.feeds.reading import readable
from nautilus_paradex.feeds.window import UnsupportedRequestError, Window
from nautilus_paradex.parsing import market_data
from nautilus_paradex.parsing.instruments import scale_of
from nautilus_paradex.parsing.times import ns_from_ms
from nautilus_paradex.protocol import conversion, rest
from nautilus_paradex.protocol.events import TradeEvent
from nautilus_paradex.transport.paging import FetchPage, iter_pages

if TYPE_CHECKING:
    from nautilus_paradex.transport.http import ParadexHttpClient

__all__ = ["HistoryRequests"]

_TRADES_PER_PAGE: Final = 1_000
_FUNDING_PER_PAGE: Final = 5_000
_MAX_PAGES: Final = 200


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


class HistoryRequests:
    """
    Asks for past trades and funding rates.

    What it returns has ``ts_init`` equal to ``ts_event``: by the former the platform sorts, bounds
    and stores history.

    Parameters
    ----------
    client : ParadexHttpClient
        The client for the requests.
    now_ns : Callable[[], int]
        The clock for windows without an end, Unix ns.
    warn : Callable[[str], None]
        Told of items that were left out: those that cannot be read, or held by the instrument.

    """

    def __init__(
        self,
        client: "ParadexHttpClient",
        *,
        now_ns: Callable[[], int],
        warn: Callable[[str], None],
    ) -> None:
        self._client = client
        self._now_ns = now_ns
        self._warn = warn

    async def trades(self, instrument: Instrument, window: Window) -> list[TradeTick]:
        """
        Return trades of the book; without a start and a limit the newest 1,000.

        Block trades and position transfers are left out, as they are of the stream.

        Raises
        ------
        UnsupportedRequestError
            If there are too many in this time.
        ParadexError
            If the venue cannot be asked or refuses.

        """
        scale = scale_of(instrument)
        trades = await self._records(
            self._client.trades, instrument, window, _TRADES_PER_PAGE, counts=_is_of_the_book
        )
        ticks = readable(
            trades,
            lambda trade: market_data.trade_tick(
                conversion.trade_event(trade), scale, ns_from_ms(trade.created_at, "trade")
            ),
            self._warn,
        )
        return _chosen(ticks, window, _TRADES_PER_PAGE)

    async def funding_rates(
        self,
        instrument: Instrument,
        window: Window,
    ) -> list[FundingRateUpdate]:
        """
        Return funding records; without a start and a limit the newest 5,000.

        Raises as `trades`.

        """
        records = await self._records(
            self._client.funding_data, instrument, window, _FUNDING_PER_PAGE, counts=_always
        )
        rates = readable(
            records,
            lambda record: market_data.funding_rate_from_data(
                conversion.funding_data_event(record),
                instrument.id,
                ns_from_ms(record.created_at, "funding record"),
            ),
            self._warn,
        )
        return _chosen(rates, window, _FUNDING_PER_PAGE)

    async def _records[T](
        self,
        endpoint: _Endpoint[T],
        instrument: Instrument,
        window: Window,
        page_size: int,
        *,
        counts: Callable[[T], bool],
    ) -> list[T]:
        """Records that count of what the venue lists in pages, newest first; here last."""
        start_ms, end_ms = window.start_ms, window.end_ms(self._now_ns())
        if start_ms is not None and start_ms > end_ms:
            return []
        wanted = window.wanted(page_size)

        async def fetch(cursor: str | None) -> rest.Page[T]:
            return await endpoint(
                instrument.raw_symbol.value,
                start_at_ms=start_ms,
                # With an end the list stays as it is while it is read.
                end_at_ms=end_ms,
                page_size=min(wanted or page_size, page_size),
                cursor=cursor,
            )

        records = await _collect(fetch, wanted, counts)
        # Records of one millisecond, as of one sweep, keep the order in which they happened.
        records.reverse()
        return records


async def _collect[T](
    fetch: FetchPage[T],
    wanted: int | None,
    counts: Callable[[T], bool],
) -> list[T]:
    """Items of as many pages as are needed, each once; a list that never ends is refused."""
    items: dict[T, None] = {}
    pages = 0
    async for page in iter_pages(fetch):
        items.update(dict.fromkeys(filter(counts, page.results or ())))
        pages += 1
        if wanted is not None and len(items) >= wanted:
            break
        if pages == _MAX_PAGES and page.next:
            raise UnsupportedRequestError(
                f"more than {len(items)} items: ask for a shorter time or set a limit",
            )
    return list(items)


def _is_of_the_book(trade: rest.Trade) -> bool:
    return not market_data.is_off_book(TradeEvent(trade_type=trade.trade_type))


def _always(record: object) -> bool:
    return True


def _chosen[D: (TradeTick, FundingRateUpdate)](
    items: list[D],
    window: Window,
    default: int,
) -> list[D]:
    chosen = [item for item in items if window.contains(item.ts_event)]
    chosen.sort(key=lambda item: item.ts_event)
    wanted = window.wanted(default)
    return chosen[-wanted:] if wanted else chosen
