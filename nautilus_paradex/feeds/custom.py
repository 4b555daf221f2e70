"""
Subscriptions to the adapter's own data: which streams they need, and for whom each message is.

What the data are is in `nautilus_paradex.data_types`; streams are opened by `subscriber`.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from nautilus_trader.model.data import CustomData, DataType
from nautilus_trader.model.identifiers import InstrumentId

from nautilus_paradex.data_types import (
    ParadexData,
    ParadexFundingComparison,
    ParadexFundingPayment,
    ParadexInteractiveBook,
    ParadexInteractiveQuote,
    ParadexMarketSummary,
    ParadexSystemState,
    ParadexTradeBust,
)
from nautilus_paradex.feeds.lanes import Lane
from nautilus_paradex.feeds.market import (
    INTERACTIVE_BOOK,
    INTERACTIVE_QUOTES,
    SUMMARY,
    MarketFeed,
)
from nautilus_paradex.feeds.router import FeedRouter
from nautilus_paradex.feeds.subscriber import StreamSubscriber
from nautilus_paradex.parsing import custom_data
from nautilus_paradex.protocol import channels
from nautilus_paradex.protocol.errors import ParadexError
from nautilus_paradex.protocol.events import (
    BboEvent,
    BookEvent,
    FundingRateComparisonEvent,
    MarketSummaryEvent,
)

__all__ = ["FROM_EXECUTION", "CustomDataError", "CustomFeeds", "market_of"]

FROM_EXECUTION: Final = frozenset({ParadexFundingPayment, ParadexSystemState, ParadexTradeBust})
"""What the execution client publishes, subscribed to or not: of the account, and the state."""

_INSTRUMENT_ID: Final = "instrument_id"

_COMPARISON: Final = channels.funding_rate_comparison()
_COMPARISON_SILENCE_SECS: Final = 60


class CustomDataError(ParadexError):
    """A data type that cannot be subscribed to or requested as it is written."""


def market_of(data_type: DataType) -> InstrumentId | None:
    """
    Return the market that a data type is restricted to, None for all of them.

    Raises
    ------
    CustomDataError
        If its metadata holds anything but an instrument id.

    """
    unknown = set(data_type.metadata) - {_INSTRUMENT_ID}
    if unknown:
        raise CustomDataError(
            f"the only metadata is {_INSTRUMENT_ID!r}, was {', '.join(sorted(unknown))}",
        )
    value = data_type.metadata.get(_INSTRUMENT_ID)
    if value is None or isinstance(value, InstrumentId):
        return value
    try:
        return InstrumentId.from_str(str(value))
    except ValueError as exc:
        raise CustomDataError(f"metadata {_INSTRUMENT_ID!r}: {exc}") from exc


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """
    How a kind of data is streamed.

    `convert` takes the event, the market's feed (None where all markets are wanted) and the time
    of arrival. `uses` are the market's streams that carry it, as bits; 0 for the one channel that
    tells of all markets.

    """

    event: type
    convert: Callable[[Any, Any, int], ParadexData]
    uses: int = 0
    lanes: tuple[Lane, ...] = (Lane.MARKETS,)


@dataclass(frozen=True, slots=True)
class _Wish:
    """A data type somebody subscribed to, and the feed of its market unless it is for all."""

    data_type: DataType
    feed: MarketFeed | None


class CustomFeeds:
    """
    Keeps the streams of subscribed custom data open and hands their messages on.

    Parameters
    ----------
    subscriber : StreamSubscriber
        Opens and closes streams.
    router : FeedRouter
        Told what to listen to.
    emit : Callable[[object], None]
        Takes the platform's `CustomData`.
    market_feed : Callable[[InstrumentId], Awaitable[MarketFeed]]
        Finds the feed of a market; raises what a market that is not loaded is to raise.

    """

    def __init__(
        self,
        subscriber: StreamSubscriber,
        router: FeedRouter,
        *,
        emit: Callable[[object], None],
        market_feed: Callable[[InstrumentId], Awaitable[MarketFeed]],
    ) -> None:
        self._subscriber = subscriber
        self._emit = emit
        self._market_feed = market_feed
        self._wishes: dict[tuple[type, str | None], _Wish] = {}
        for kind, source in _SOURCES.items():
            router.add_listener(
                source.event, partial(self._on_event, kind, source), lanes=source.lanes
            )

    async def subscribe(self, data_type: DataType, instrument_id: InstrumentId | None) -> None:
        """
        Begin to hand on the data of a type.

        Parameters
        ----------
        data_type : DataType
            Its metadata name the market.
        instrument_id : InstrumentId, optional
            What the platform's command names beside it.

        Raises
        ------
        CustomDataError
            If there are no such data.
        ParadexError
            If the market is not loaded, or the venue refuses or does not answer. In the latter
            case it is tried again.

        """
        if data_type.type in FROM_EXECUTION:
            return
        source = _source_of(data_type.type)
        market = market_of(data_type)
        if market is None and (source.uses or instrument_id is not None):
            # The platform does not tell such subscriptions of different markets apart.
            raise CustomDataError(f"name the market in the metadata: {{{_INSTRUMENT_ID!r}: …}}")
        feed = None if market is None else await self._market_feed(market)
        key = data_type.type, None if feed is None else feed.symbol
        if key in self._wishes:
            return
        self._wishes[key] = _Wish(data_type, feed)
        if feed is not None and source.uses:
            await self._subscriber.use(feed, source.uses)
        else:
            await self._subscriber.use_channel(_COMPARISON, silence_secs=_COMPARISON_SILENCE_SECS)

    async def unsubscribe(self, data_type: DataType) -> None:
        """End what `subscribe` began; without it nothing happens."""
        # One market may be written in two ways, an id or its text: the topic is the same.
        found = [
            key for key, wish in self._wishes.items() if wish.data_type.topic == data_type.topic
        ]
        for key in found:
            feed, source = self._wishes.pop(key).feed, _SOURCES[data_type.type]
            if feed is not None and source.uses:
                await self._subscriber.drop(feed, source.uses)
            else:
                await self._subscriber.drop_channel(_COMPARISON)

    def _on_event(self, kind: type, source: _Source, event: Any, arrived_ns: int) -> None:
        if not source.uses:
            self._subscriber.heard(_COMPARISON, arrived_ns)
        # Whoever subscribed to all markets hears what is published for one of them, too.
        wish = self._wishes.get((kind, event.market)) or self._wishes.get((kind, None))
        if wish is None:
            return
        if wish.feed is not None:
            for state in wish.feed.serving(source.uses):
                state.seen_ns = arrived_ns
        data = source.convert(event, wish.feed, arrived_ns)
        self._emit(CustomData(wish.data_type, data))


def _source_of(kind: type) -> _Source:
    source = _SOURCES.get(kind)
    if source is None:
        known = sorted(each.__name__ for each in (*_SOURCES, *FROM_EXECUTION))
        raise CustomDataError(f"there are {', '.join(known)}, was {kind.__name__}")
    return source


_SOURCES: Final[dict[type, _Source]] = {
    ParadexMarketSummary: _Source(
        event=MarketSummaryEvent,
        convert=lambda event, feed, ts: custom_data.market_summary(event, ts),
        uses=SUMMARY,
        # A market's summary may come over the channel of many markets.
        lanes=(Lane.MARKETS, Lane.WIDE),
    ),
    ParadexInteractiveQuote: _Source(
        event=BboEvent,
        convert=lambda event, feed, ts: custom_data.interactive_quote(event, feed.scale, ts),
        uses=INTERACTIVE_QUOTES,
        lanes=(Lane.INTERACTIVE,),
    ),
    ParadexInteractiveBook: _Source(
        event=BookEvent,
        convert=lambda event, feed, ts: custom_data.interactive_book(event, feed.scale, ts),
        uses=INTERACTIVE_BOOK,
        lanes=(Lane.INTERACTIVE,),
    ),
    ParadexFundingComparison: _Source(
        event=FundingRateComparisonEvent,
        convert=lambda event, feed, ts: custom_data.funding_comparison(event, ts),
    ),
}
