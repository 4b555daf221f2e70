"""
What the data client knows of one market while it is subscribed to: scale, uses, open streams.

Plain state, looked up once per frame. What fills it is `router`, what opens streams `subscriber`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from nautilus_trader.model.instruments import Instrument

from nautilus_paradex.feeds.book import BookLevels, BookSequence, DepthMark
from nautilus_paradex.feeds.channel_state import ChannelState
from nautilus_paradex.feeds.lanes import Lane
from nautilus_paradex.feeds.wide import WideChannel, WideChannels
from nautilus_paradex.parsing.instruments import scale_of
from nautilus_paradex.protocol import channels
from nautilus_paradex.protocol.numbers import to_int

__all__ = [
    "BARS",
    "DELTAS",
    "DEPTH",
    "FUNDING",
    "GREEKS",
    "INDEX",
    "INTERACTIVE_BOOK",
    "INTERACTIVE_QUOTES",
    "MARK",
    "QUOTES",
    "SUMMARY",
    "TRADES",
    "MarketFeed",
    "Stream",
    "StreamState",
]

# What a strategy can subscribe to: bits, because the hot path asks for them with each frame.
QUOTES: Final = 1 << 0
TRADES: Final = 1 << 1
DELTAS: Final = 1 << 2
MARK: Final = 1 << 3
INDEX: Final = 1 << 4
FUNDING: Final = 1 << 5
DEPTH: Final = 1 << 6
GREEKS: Final = 1 << 7
BARS: Final = 1 << 8
INTERACTIVE_QUOTES: Final = 1 << 9
INTERACTIVE_BOOK: Final = 1 << 10
SUMMARY: Final = 1 << 11


@dataclass(frozen=True, slots=True)
class Stream:
    """
    A channel of the venue and what it serves.

    Parameters
    ----------
    name : str
        What it is called here.
    uses : int
        The subscriptions that need it, as bits.
    channel : Callable[[str], str]
        Builds the channel's name from the market's symbol.
    silence_secs : int
        A stream that is silent for longer is subscribed to afresh although the socket is open.
        Trades may pause for hours (guess); a book steps many times a second, if only with empty
        deltas.
    lane : Lane
        The connections that it may go over.

    """

    name: str
    uses: int
    channel: Callable[[str], str]
    silence_secs: int
    lane: Lane = Lane.MARKETS


_BBO: Final = Stream("bbo", QUOTES, channels.bbo, 120)
_TRADES: Final = Stream("trades", TRADES | BARS, channels.trades, 3_600)
# Which of the two serves depth depends on both, see `MarketFeed.wants`.
_BOOK: Final = Stream("book", DELTAS | DEPTH, channels.book_deltas, 60)
_DEPTH: Final = Stream("depth", DELTAS | DEPTH, channels.book_snapshot, 60, Lane.DEPTH)
_SUMMARY: Final = Stream(
    "summary",
    MARK | INDEX | FUNDING | GREEKS | SUMMARY,
    channels.markets_summary,
    60,
)
_INTERACTIVE_BBO: Final = Stream(
    "interactive_bbo", INTERACTIVE_QUOTES, channels.bbo_interactive, 120, Lane.INTERACTIVE
)
_INTERACTIVE_BOOK: Final = Stream(
    "interactive_book", INTERACTIVE_BOOK, channels.book_interactive, 60, Lane.INTERACTIVE
)
_STREAMS: Final = (
    _BBO,
    _TRADES,
    _BOOK,
    _DEPTH,
    _SUMMARY,
    _INTERACTIVE_BBO,
    _INTERACTIVE_BOOK,
)


class StreamState(ChannelState):
    """
    The state of one stream of one market, wanted as long as the market's uses need it.

    Parameters
    ----------
    stream : Stream
        What it is.
    feed : MarketFeed
        The market's feed.
    wide : WideChannel, optional
        The channel of many markets that serves it; this one's own is never asked for then.

    """

    __slots__ = ("feed", "stream", "wide")

    def __init__(self, stream: Stream, feed: "MarketFeed", wide: WideChannel | None) -> None:
        super().__init__(stream.channel(feed.symbol), stream.lane, stream.silence_secs)
        self.stream = stream
        self.feed = feed
        self.wide = wide

    @property
    def is_wanted(self) -> bool:
        """Whether a use of the market needs it, as long as there is that market."""
        return self.feed.is_listed and self.feed.wants(self)

    @property
    def is_broken(self) -> bool:
        """Whether it is not open, or a book that waits for its snapshot."""
        waits = self is self.feed.book and self.feed.book_sequence.is_waiting
        return waits or not self.is_open


class MarketFeed:
    """
    One market's subscriptions, streams and book sequence.

    Parameters
    ----------
    instrument : Instrument
        The market's instrument; a later version of it is taken with `update`.
    wide : WideChannels, optional
        The channels of many markets that may serve its streams.

    Attributes
    ----------
    is_listed : bool
        Whether the venue lists the market; what it lists no more has no streams.

    """

    __slots__ = (
        "bbo",
        "book",
        "book_sequence",
        "depth",
        "depth_mark",
        "funding_period_hours",
        "instrument_id",
        "is_listed",
        "levels",
        "scale",
        "streams",
        "summary",
        "symbol",
        "trades",
        "uses",
    )

    def __init__(self, instrument: Instrument, wide: WideChannels | None = None) -> None:
        self.instrument_id = instrument.id
        self.symbol: str = instrument.raw_symbol.value
        self.uses = 0
        self.is_listed = True
        self.book_sequence = BookSequence()
        self.levels = BookLevels()
        self.depth_mark = DepthMark()
        replacing = _nothing if wide is None else wide.replacing
        self.streams = tuple(
            StreamState(stream, self, replacing(stream.name, instrument)) for stream in _STREAMS
        )
        self.bbo, self.trades, self.book, self.depth, self.summary, *_ = self.streams
        self.update(instrument)

    def update(self, instrument: Instrument) -> None:
        """Take over increments and funding period of the instrument."""
        self.scale = scale_of(instrument)
        self.funding_period_hours = to_int((instrument.info or {}).get("funding_period_hours"))

    def serving(self, uses: int) -> tuple[StreamState, ...]:
        """Return the streams that some uses concern."""
        return tuple(state for state in self.streams if state.stream.uses & uses)

    def wants(self, state: StreamState) -> bool:
        """
        Return whether a stream is wanted now.

        Depth is served by the book if deltas are used too, otherwise by repeated snapshots. When
        that changes, the channel that serves it stays until the other one has spoken.

        """
        if state is self.book and not self.uses & DELTAS:
            return bool(self.uses & DEPTH) and state.is_open and not self.depth.has_spoken
        if state is self.depth and self.uses & DELTAS:
            return bool(self.uses & DEPTH) and state.is_open and self.book_sequence.is_waiting
        if state is self.depth:
            return bool(self.uses & DEPTH)
        return bool(self.uses & state.stream.uses)

    def refresh_depth_every(self, rate: str) -> None:
        """
        Choose how often the snapshots of the best levels are sent, from their next opening on.

        Parameters
        ----------
        rate : str
            ``50ms`` or ``100ms``: "at most every" (asyncapi).

        Raises
        ------
        ValueError
            If the venue has no such rate.

        """
        if rate not in channels.REFRESH_RATES:
            known = " or ".join(channels.REFRESH_RATES)
            raise ValueError(f"{self.instrument_id}: refresh_rate must be {known}, was {rate!r}")
        if not self.depth.is_open:
            self.depth.channel = channels.book_snapshot(self.symbol, rate)


def _nothing(stream: str, instrument: Instrument) -> None:
    """No channel of many markets."""
