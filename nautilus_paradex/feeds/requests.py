"""
The platform's side of requests: every one is answered, with nothing if there is nothing.

What is asked of the venue, and how, is in `history`, `bar_history`, `present` and
`custom_requests`, subscriptions in `subscriptions` and `instruments`.
"""

from collections.abc import Awaitable
from datetime import datetime

from nautilus_trader.core.datetime import dt_to_unix_nanos
from nautilus_trader.data.messages import (
    RequestBars,
    RequestData,
    RequestForwardPrices,
    RequestFundingRates,
    RequestInstrument,
    RequestInstruments,
    RequestOrderBookDeltas,
    RequestOrderBookDepth,
    RequestOrderBookSnapshot,
    RequestQuoteTicks,
    RequestTradeTicks,
)
from nautilus_trader.live.data_client import LiveMarketDataClient
from nautilus_trader.model.data import DataType, OrderBookDeltas
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.instruments import CryptoOption, Instrument

from nautilus_paradex.config import ParadexDataClientConfig
from nautilus_paradex.constants import PARADEX_VENUE
from nautilus_paradex.feeds.bar_history import BarHistory
from nautilus_paradex.feeds.candles import UnsupportedBarsError
from nautilus_paradex.feeds.custom import CustomDataError, market_of
from nautilus_paradex.feeds.custom_requests import CustomRequests
from nautilus_paradex.feeds.history import HistoryRequests
from nautilus_paradex.feeds.once import WarnOnce
from nautilus_paradex.feeds.present import PresentRequests
from nautilus_paradex.feeds.router import FeedRouter
from nautilus_paradex.feeds.window import UnsupportedRequestError, Window
from nautilus_paradex.protocol.errors import ParadexError
from nautilus_paradex.providers import ParadexInstrumentProvider

__all__ = ["NotLoadedError", "RequestAnsweringClient"]


class NotLoadedError(ParadexError):
    """An instrument is needed that was not loaded."""


# The platform's classes have no types: a subclass of Any is meant.
class RequestAnsweringClient(LiveMarketDataClient):  # type: ignore[misc]
    """Base of the data client: answers requests. The subclass sets what is declared here."""

    _settings: ParadexDataClientConfig
    _provider: ParadexInstrumentProvider
    _history: HistoryRequests
    _bar_history: BarHistory
    _present: PresentRequests
    _custom_requests: CustomRequests
    _router: FeedRouter
    _warn_once: WarnOnce

    async def _request_instrument(self, request: RequestInstrument) -> None:
        instruments = await self._answer(request, self._loaded([request.instrument_id]))
        data_type = DataType(Instrument, metadata={"instrument_id": request.instrument_id})
        self._respond(request, data_type, instruments)

    async def _request_instruments(self, request: RequestInstruments) -> None:
        instruments = await self._answer(request, self._loaded(None))
        data_type = DataType(Instrument, metadata={"venue": request.venue or PARADEX_VENUE})
        self._respond(request, data_type, instruments)

    async def _request_quote_ticks(self, request: RequestQuoteTicks) -> None:
        quotes = await self._answer(request, self._quotes(request))
        self._handle_quote_ticks(
            request.instrument_id, quotes, request.id, request.start, request.end, request.params
        )

    async def _request_trade_ticks(self, request: RequestTradeTicks) -> None:
        trades = await self._answer(request, self._trades(request))
        self._handle_trade_ticks(
            request.instrument_id, trades, request.id, request.start, request.end, request.params
        )

    async def _request_funding_rates(self, request: RequestFundingRates) -> None:
        rates = await self._answer(request, self._funding_rates(request))
        self._handle_funding_rates(
            request.instrument_id, rates, request.id, request.start, request.end, request.params
        )

    async def _request_bars(self, request: RequestBars) -> None:
        bars = await self._answer(request, self._bars(request))
        self._handle_bars(
            request.bar_type, bars, request.id, request.start, request.end, request.params
        )

    async def _request_order_book_snapshot(self, request: RequestOrderBookSnapshot) -> None:
        books = await self._answer(request, self._book(request))
        data_type = DataType(OrderBookDeltas, metadata={"instrument_id": request.instrument_id})
        self._respond(request, data_type, books)

    async def _request_forward_prices(self, request: RequestForwardPrices) -> None:
        prices = await self._answer(
            request,
            self._present.forward_prices(
                request.underlying,
                request.sample_instrument_id,
                (each for each in self._provider.list_all() if isinstance(each, CryptoOption)),
            ),
        )
        if not prices:
            # The platform waits for prices then, but subscribes to none.
            self._log.warning(
                f"No forward price of {request.underlying}: a chain around the money does not "
                "start without, subscribe to it again",
            )
        self._handle_forward_prices(prices, request.id, request.params or {})

    async def _request_order_book_deltas(self, request: RequestOrderBookDeltas) -> None:
        self._warn_once("deltas", "Paradex keeps no past order book deltas: answered with nothing")
        self._handle_order_book_deltas(
            request.instrument_id, [], request.id, request.start, request.end, request.params
        )

    async def _request_order_book_depth(self, request: RequestOrderBookDepth) -> None:
        depths = await self._answer(request, self._depth(request))
        self._handle_order_book_depths(
            request.instrument_id, depths, request.id, request.start, request.end, request.params
        )

    async def _request(self, request: RequestData) -> None:
        data = await self._answer(request, self._custom_data(request))
        self._respond(request, request.data_type, data)

    async def _instrument(self, instrument_id: InstrumentId) -> Instrument:
        instrument: Instrument | None = self._provider.find(instrument_id)
        if instrument is None:
            instrument = self._cache.instrument(instrument_id)
        if instrument is None and self._settings.auto_load_missing_instruments:
            await self._provider.load_async(instrument_id)
            self._cache_currencies()
            instrument = self._provider.find(instrument_id)
            if instrument is None:
                raise NotLoadedError(f"{instrument_id} could not be loaded: is its name right?")
            self._handle_data(instrument)
        if instrument is None:
            raise NotLoadedError(
                f"{instrument_id} is not loaded: name it in the instrument provider's load_ids, "
                "or set load_all or auto_load_missing_instruments",
            )
        return instrument

    async def _loaded(self, instrument_ids: list[InstrumentId] | None) -> list[Instrument]:
        if instrument_ids is None:
            await self._provider.load_all_async(self._settings.instrument_provider.filters)
            found = self._provider.list_all()
        else:
            await self._provider.load_ids_async(instrument_ids)
            found = [self._provider.find(instrument_id) for instrument_id in instrument_ids]
        self._cache_currencies()
        instruments = [instrument for instrument in found if instrument is not None]
        for instrument in instruments:
            self._refresh(instrument)
        return instruments

    def _cache_currencies(self) -> None:
        for currency in self._provider.currencies().values():
            self._cache.add_currency(currency)

    def _refresh(self, instrument: Instrument) -> None:
        """Let what streams already follow the increments of a newly loaded instrument."""
        feed = self._router.get(instrument.raw_symbol.value)
        if feed is not None:
            feed.update(instrument)

    async def _quotes(self, request: RequestQuoteTicks) -> list[object]:
        if not self._asks_for_the_present(request, "quotes"):
            return []
        return [*await self._present.quotes(await self._instrument(request.instrument_id))]

    async def _trades(self, request: RequestTradeTicks) -> list[object]:
        instrument = await self._instrument(request.instrument_id)
        return [*await self._history.trades(instrument, _window(request))]

    async def _funding_rates(self, request: RequestFundingRates) -> list[object]:
        instrument = await self._instrument(request.instrument_id)
        return [*await self._history.funding_rates(instrument, _window(request))]

    async def _bars(self, request: RequestBars) -> list[object]:
        instrument = await self._instrument(request.bar_type.instrument_id)
        window = _window(request)
        return [*await self._bar_history.bars(instrument, request.bar_type, window, request.params)]

    async def _book(self, request: RequestOrderBookSnapshot) -> list[object]:
        instrument = await self._instrument(request.instrument_id)
        return [await self._present.book_snapshot(instrument, request.limit or None)]

    async def _depth(self, request: RequestOrderBookDepth) -> list[object]:
        if not self._asks_for_the_present(request, "order books"):
            return []
        instrument = await self._instrument(request.instrument_id)
        return [await self._present.book_depth(instrument, request.depth)]

    def _asks_for_the_present(self, request: RequestData, what: str) -> bool:
        self._warn_once(
            what,
            f"Paradex keeps no past {what}: a request is answered with the present one, or with "
            "nothing if it ends in the past",
        )
        return _window(request).reaches(self._clock.timestamp_ns())

    async def _custom_data(self, request: RequestData) -> list[object]:
        instrument_id = market_of(request.data_type) or request.instrument_id
        instrument = None if instrument_id is None else await self._instrument(instrument_id)
        return [
            *await self._custom_requests.answer(request.data_type, instrument, _window(request)),
        ]

    async def _answer[T](self, request: RequestData, answer: Awaitable[list[T]]) -> list[T]:
        """Await an answer; whatever goes wrong is logged and answered with nothing."""
        try:
            return await answer
        except (UnsupportedRequestError, UnsupportedBarsError, CustomDataError) as exc:
            # Asking again would not help: once is enough.
            self._warn_once(str(exc), f"{type(request).__name__} answered with nothing: {exc}")
        except ParadexError as exc:
            self._log.error(f"{type(request).__name__} answered with nothing: {exc}")
        except Exception as exc:  # noqa: BLE001 (a request without an answer hangs who asked)
            self._log.exception(f"{type(request).__name__} answered with nothing", exc)
        return []

    def _respond(self, request: RequestData, data_type: DataType, data: list[object]) -> None:
        self._handle_data_response(
            data_type,
            data,
            request.id,
            request.start,
            request.end,
            request.params,
        )


def _window(request: RequestData) -> Window:
    # The engine writes the epoch where a request names no start.
    start_ns = _unix_ns(request.start) or None
    return Window(start_ns, _unix_ns(request.end), request.limit or None)


def _unix_ns(moment: datetime | None) -> int | None:
    return None if moment is None else dt_to_unix_nanos(moment)
