"""
The hot path of market data: a frame comes in, the platform's object goes out.

Binary or text is decided per frame, each frame is decoded once, and what cannot be read, held or
understood is counted and costs that frame only. It opens no streams: see `subscriber`.
"""

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from nautilus_paradex.feeds import books
from nautilus_paradex.feeds.books import BookKeeper
from nautilus_paradex.feeds.lanes import Lane
from nautilus_paradex.feeds.market import (
    BARS,
    FUNDING,
    GREEKS,
    INDEX,
    MARK,
    QUOTES,
    TRADES,
    MarketFeed,
)
from nautilus_paradex.feeds.once import WarnOnce
from nautilus_paradex.parsing import market_data
from nautilus_paradex.parsing.precision import PrecisionError
from nautilus_paradex.protocol import json_feed, rpc, sbe
from nautilus_paradex.protocol.errors import MessageError, ProtocolError
from nautilus_paradex.protocol.events import (
    BboEvent,
    BookEvent,
    HeartbeatEvent,
    MarketSummaryEvent,
    TradeEvent,
)
from nautilus_paradex.protocol.json_feed import Message
from nautilus_paradex.transport.metrics import Metrics

if TYPE_CHECKING:
    from nautilus_paradex.transport.websocket import FrameHandler

__all__ = ["COUNTERS", "FRAME_TO_ENGINE", "FeedRouter"]

MALFORMED: Final = "frames_malformed"
UNKNOWN_TEMPLATE: Final = "frames_of_unknown_template"
UNHANDLED: Final = "events_unhandled"
UNKNOWN_MARKET: Final = "events_of_unknown_market"
OTHER_MARKET: Final = "events_of_other_markets"
REFUSED: Final = "values_refused"
ABSENT: Final = "values_absent"
OFF_TICK: Final = "prices_off_tick"
ONE_SIDED: Final = "quotes_one_sided"
OFF_BOOK: Final = "trades_off_book"
HEARTBEATS: Final = "heartbeats"

COUNTERS: Final = (
    MALFORMED,
    UNKNOWN_TEMPLATE,
    UNHANDLED,
    UNKNOWN_MARKET,
    OTHER_MARKET,
    REFUSED,
    ABSENT,
    OFF_TICK,
    ONE_SIDED,
    OFF_BOOK,
    HEARTBEATS,
    *books.COUNTERS,
)

FRAME_TO_ENGINE: Final = "frame_to_engine"
"""From the arrival of a frame to the return of the engine that was given its data."""

_BINARY: Final = 2
"""RFC 6455, 5.2: opcode of a binary frame."""

_ORDINARY: Final = (Lane.MARKETS, Lane.WIDE)

type Listener = Callable[[Any, int], None]
"""Takes a decoded message and the time it arrived at, Unix ns."""


class FeedRouter:
    """
    Turns frames into the platform's data.

    Every object's ``ts_init`` is the frame's arrival: a strategy that compares it with its clock
    sees the whole way from the wire.

    Parameters
    ----------
    emit : Callable[[object], None]
        Takes the platform's objects.
    now_ns : Callable[[], int]
        The platform's clock, Unix ns.
    on_book_broken : Callable[[MarketFeed], None]
        Told of a market whose book needs a fresh snapshot; its clear was emitted already.
    warn : Callable[[str], None]
        Takes warnings.
    on_bar_trade : Callable[[TradeEvent, int], None], optional
        Takes the trades of markets whose bars are followed, and when they arrived, Unix ns.

    """

    def __init__(
        self,
        *,
        emit: Callable[[object], None],
        now_ns: Callable[[], int],
        on_book_broken: Callable[[MarketFeed], None],
        warn: Callable[[str], None],
        on_bar_trade: Listener | None = None,
    ) -> None:
        self._emit = emit
        self._on_bar_trade = on_bar_trade
        self._now_ns = now_ns
        self._warn = WarnOnce(warn)
        self._feeds: dict[str | None, MarketFeed] = {}
        self.metrics = Metrics(COUNTERS, (FRAME_TO_ENGINE,))
        self.books = BookKeeper(
            emit=emit,
            now_ns=now_ns,
            on_broken=on_book_broken,
            warn=self._warn,
            metrics=self.metrics,
        )
        # What becomes of a message is decided by its type and the lane that it came over.
        self._routes: dict[Lane, dict[type, Listener]] = {
            Lane.MARKETS: self._market_routes(self._unknown_market),
            Lane.WIDE: self._market_routes(self._other_market),
            Lane.DEPTH: {BookEvent: self._to_feed(self._depth, self._unknown_market)},
            Lane.INTERACTIVE: {},
        }
        self._listeners: dict[tuple[Lane, type], list[Listener]] = {}

    def add(self, feed: MarketFeed) -> None:
        """Route the events of a market to `feed`."""
        self._feeds[feed.symbol] = feed

    def remove(self, feed: MarketFeed) -> None:
        """Route the events of a market to `feed` no more."""
        if self._feeds.get(feed.symbol) is feed:
            del self._feeds[feed.symbol]

    def get(self, symbol: str) -> MarketFeed | None:
        """Return the feed of a market, None if there is none."""
        return self._feeds.get(symbol)

    @property
    def feeds(self) -> tuple[MarketFeed, ...]:
        """All feeds there are."""
        return tuple(self._feeds.values())

    def frame_handler(self, lane: Lane) -> "FrameHandler":
        """Return the handler for the frames of a connection."""
        return partial(self._on_frame, lane)

    def add_listener(
        self,
        message_type: type,
        listener: Listener,
        *,
        lanes: Iterable[Lane] = _ORDINARY,
    ) -> None:
        """
        Give every message of a type to `listener` as well, after the market's feed had it.

        For messages that belong to no market's feed (`MarketChange`, `FundingRateComparisonEvent`)
        and for what is built from those that do. All markets' messages come: ``get(event.market)``
        finds the feed and its uses. A type without listeners costs nothing. `MessageError` and
        `PrecisionError` of a listener count as a refused value.

        Parameters
        ----------
        message_type : type
            Of `protocol.events` or `protocol.json_feed`.
        listener : Callable[[message, int], None]
            Takes the message and its arrival, Unix ns. Must not block.
        lanes : Iterable[Lane]
            The connections to listen on; binary frames of the interactive lane look like others.

        """
        for lane in lanes:
            listeners = self._listeners.get((lane, message_type))
            if listeners is not None:
                listeners.append(listener)
                continue
            listeners = self._listeners[lane, message_type] = [listener]
            own = self._routes[lane].get(message_type)
            self._routes[lane][message_type] = partial(self._to_listeners, own, listeners)

    def on_frame(self, frame: bytes, opcode: int) -> None:
        """Take one frame of an ordinary connection."""
        self._on_frame(Lane.MARKETS, frame, opcode)

    def _on_frame(self, lane: Lane, frame: bytes, opcode: int) -> None:
        arrived_ns = self._now_ns()
        try:
            event = sbe.decode(frame) if opcode == _BINARY else _decode_text(frame)
        except ProtocolError as exc:
            self.metrics.count(MALFORMED)
            self._warn(f"{MALFORMED}/{opcode}", f"Malformed frame skipped: {exc}")
            return
        if event is None:
            self.metrics.count(UNKNOWN_TEMPLATE)
            template = sbe.peek_template(frame)
            self._warn(f"{UNKNOWN_TEMPLATE}/{template}", f"Unknown SBE template {template} skipped")
            return
        # As `on_event`, without another call on the way of every frame.
        route = self._routes[lane].get(type(event))
        if route is None:
            self._unhandled(event)
        else:
            route(event, arrived_ns)
        self.metrics.record(FRAME_TO_ENGINE, self._now_ns() - arrived_ns)

    def on_event(self, event: Message, arrived_ns: int, lane: Lane = Lane.MARKETS) -> None:
        """Take one decoded event that arrived at `arrived_ns` (Unix ns)."""
        route = self._routes[lane].get(type(event))
        if route is None:
            self._unhandled(event)
            return
        route(event, arrived_ns)

    def _market_routes(self, handle_no_feed: Callable[[Message], None]) -> dict[type, Listener]:
        handlers: dict[type, Callable[[MarketFeed, Any, int], None]] = {
            BboEvent: self._bbo,
            TradeEvent: self._trade,
            BookEvent: self._book,
            MarketSummaryEvent: self._summary,
        }
        return {kind: self._to_feed(handle, handle_no_feed) for kind, handle in handlers.items()}

    def _to_feed(
        self,
        handle: Callable[[MarketFeed, Any, int], None],
        handle_no_feed: Callable[[Message], None],
    ) -> Listener:
        feeds = self._feeds

        def route(event: Any, arrived_ns: int) -> None:
            feed = feeds.get(event.market)
            if feed is None:
                handle_no_feed(event)
                return
            try:
                handle(feed, event, arrived_ns)
            except (PrecisionError, MessageError) as exc:
                self._refused(feed, event, exc)

        return route

    def _unknown_market(self, event: Message) -> None:
        self.metrics.count(UNKNOWN_MARKET)
        self._warn(UNKNOWN_MARKET, f"Event of a market that was not subscribed: {event}")

    def _other_market(self, _: Message) -> None:
        self.metrics.count(OTHER_MARKET)

    def _to_listeners(
        self,
        own: Listener | None,
        listeners: list[Listener],
        event: Message,
        arrived_ns: int,
    ) -> None:
        if own is not None:
            own(event, arrived_ns)
        for listener in listeners:
            try:
                listener(event, arrived_ns)
            except (PrecisionError, MessageError) as exc:
                self._count_refused(event, str(getattr(event, "market", "")), exc)

    def _unhandled(self, event: Message) -> None:
        if isinstance(event, HeartbeatEvent):
            self.metrics.count(HEARTBEATS)
            return
        name = type(event).__name__
        self.metrics.count(UNHANDLED)
        self._warn(f"{UNHANDLED}/{name}", f"{name} is not used by this client")

    def _refused(self, feed: MarketFeed, event: Message, error: Exception) -> None:
        self._count_refused(event, feed.symbol, error)

    def _count_refused(self, event: Message, symbol: str, error: Exception) -> None:
        name = type(event).__name__
        self.metrics.count(REFUSED)
        self._warn(f"{REFUSED}/{name}/{symbol}", f"{name} refused: {error}")

    def _bbo(self, feed: MarketFeed, event: BboEvent, arrived_ns: int) -> None:
        feed.bbo.seen_ns = arrived_ns
        if not feed.uses & QUOTES:
            return
        quote = market_data.quote_tick(event, feed.scale, arrived_ns)
        if quote is None:
            self.metrics.count(ONE_SIDED)
            return
        self._count_off_tick(feed, event.bid_price, event.ask_price)
        self._emit(quote)

    def _trade(self, feed: MarketFeed, event: TradeEvent, arrived_ns: int) -> None:
        feed.trades.seen_ns = arrived_ns
        if feed.uses & BARS and self._on_bar_trade is not None:
            self._on_bar_trade(event, arrived_ns)
        if not feed.uses & TRADES:
            return
        if market_data.is_off_book(event):
            self.metrics.count(OFF_BOOK)
            return
        trade = market_data.trade_tick(event, feed.scale, arrived_ns)
        self._count_off_tick(feed, event.price)
        self._emit(trade)

    def _book(self, feed: MarketFeed, event: BookEvent, arrived_ns: int) -> None:
        try:
            has_changed = self.books.on_event(feed, event, arrived_ns)
        except (PrecisionError, MessageError):
            self.books.unreadable(feed)
            raise
        if has_changed:
            self._count_levels_off_tick(feed, event)

    def _depth(self, feed: MarketFeed, event: BookEvent, arrived_ns: int) -> None:
        self.books.on_depth(feed, event, arrived_ns)
        self._count_levels_off_tick(feed, event)

    def _summary(self, feed: MarketFeed, event: MarketSummaryEvent, arrived_ns: int) -> None:
        feed.summary.seen_ns = arrived_ns
        for use, convert in _SUMMARY_PARTS:
            if feed.uses & use:
                self._summary_part(feed, event, convert, arrived_ns)

    def _summary_part(
        self,
        feed: MarketFeed,
        event: MarketSummaryEvent,
        convert: "_SummaryPart",
        arrived_ns: int,
    ) -> None:
        # Each part on its own: a market may well have a mark price and no funding.
        try:
            update = convert(event, feed, arrived_ns)
        except (PrecisionError, MessageError) as exc:
            self._refused(feed, event, exc)
            return
        if update is None:
            self.metrics.count(ABSENT)
            return
        self._emit(update)

    def _count_levels_off_tick(self, feed: MarketFeed, event: BookEvent) -> None:
        off_tick = feed.scale.off_tick
        for side in (event.bids, event.asks):
            for price_e8, _ in side:
                if off_tick(price_e8):
                    self._count_off_tick(feed, price_e8)

    def _count_off_tick(self, feed: MarketFeed, *prices_e8: int | None) -> None:
        for price_e8 in prices_e8:
            if price_e8 is not None and feed.scale.off_tick(price_e8):
                self.metrics.count(OFF_TICK)
                self._warn(
                    f"{OFF_TICK}/{feed.symbol}",
                    f"{feed.symbol}: price off the tick of the instrument",
                )


type _SummaryPart = Callable[[MarketSummaryEvent, MarketFeed, int], object]

_SUMMARY_PARTS: Final[tuple[tuple[int, _SummaryPart], ...]] = (
    (MARK, lambda event, feed, ts: market_data.mark_price(event, feed.instrument_id, ts)),
    (INDEX, lambda event, feed, ts: market_data.index_price(event, feed.instrument_id, ts)),
    (GREEKS, lambda event, feed, ts: market_data.option_greeks(event, feed.instrument_id, ts)),
    (
        FUNDING,
        lambda event, feed, ts: market_data.funding_rate_from_summary(
            event, feed.instrument_id, ts, period_hours=feed.funding_period_hours
        ),
    ),
)


def _decode_text(frame: bytes) -> Message:
    message = rpc.decode(frame)
    if isinstance(message, rpc.Notification):
        return json_feed.decode_notification(message)
    raise MessageError(f"response {message.id} that nobody asked for")
