"""
What the data client knows of one market while it is subscribed to: scale, uses, open streams.

Plain state, looked up once per frame. What fills it is `router`, what opens streams `subscriber`.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from nautilus_trader.model.instruments import Instrument

from nautilus_paradex.feeds.book import BookSequence
from nautilus_paradex.parsing.precision import MarketScale
from nautilus_paradex.protocol import channels
from nautilus_paradex.protocol.numbers import to_int

__all__ = [
    "DELTAS",
    "FUNDING",
    "INDEX",
    "MARK",
    "QUOTES",
    "STREAMS",
    "TRADES",
    "MarketFeed",
    "Stream",
    "StreamState",
]

# What a strategy can subscribe to: bits, because the hot path asks for them with each frame.
QUOTES: Final = 1
TRADES: Final = 2
DELTAS: Final = 4
MARK: Final = 8
INDEX: Final = 16
FUNDING: Final = 32

_FIRST_WORDS_NS: Final = 5_000_000_000


@dataclass(frozen=True, slots=True)
class Stream:
    """
    A channel of the venue and what it serves.

    Parameters
    ----------
    uses : int
        The subscriptions that need it, as bits.
    channel : Callable[[str], str]
        Builds the channel's name from the market's symbol.
    silence_secs : int
        A stream that is silent for longer is subscribed to afresh although the socket is open.
        Trades may pause for hours (guess); a book steps many times a second, if only with empty
        deltas.

    """

    uses: int
    channel: Callable[[str], str]
    silence_secs: int


BBO_STREAM: Final = Stream(QUOTES, channels.bbo, 120)
TRADE_STREAM: Final = Stream(TRADES, channels.trades, 3_600)
BOOK_STREAM: Final = Stream(DELTAS, channels.book_deltas, 60)
SUMMARY_STREAM: Final = Stream(MARK | INDEX | FUNDING, channels.markets_summary, 60)
STREAMS: Final = (BBO_STREAM, TRADE_STREAM, BOOK_STREAM, SUMMARY_STREAM)


class StreamState:
    """
    Whether a stream of one market is open and since when it has been silent.

    Attributes
    ----------
    opened_ns, seen_ns : int
        When it was last opened and when it last spoke; equal until the first word.
    attempts : int
        How often it was restarted without a word since.

    """

    __slots__ = ("attempts", "channel", "is_open", "lock", "opened_ns", "seen_ns", "stream")

    def __init__(self, stream: Stream, symbol: str) -> None:
        self.stream = stream
        self.channel = stream.channel(symbol)
        self.is_open = False
        self.opened_ns = 0
        self.seen_ns = 0
        self.attempts = 0
        self.lock = asyncio.Lock()

    @property
    def is_alive(self) -> bool:
        """Whether it still spoke some time after it was opened, beyond a first snapshot."""
        return self.seen_ns - self.opened_ns > _FIRST_WORDS_NS

    def forget(self) -> None:
        """Count as never opened."""
        self.is_open = False
        self.attempts = 0

    def restart_clock(self, now_ns: int) -> None:
        """Measure its silence from now on."""
        self.opened_ns = self.seen_ns = now_ns


class MarketFeed:
    """
    One market's subscriptions, streams and book sequence.

    Parameters
    ----------
    instrument : Instrument
        The market's instrument; a later version of it is taken with `update`.

    """

    __slots__ = (
        "bbo",
        "book",
        "book_sequence",
        "funding_period_hours",
        "instrument_id",
        "scale",
        "streams",
        "summary",
        "symbol",
        "trades",
        "uses",
    )

    def __init__(self, instrument: Instrument) -> None:
        self.instrument_id = instrument.id
        self.symbol: str = instrument.raw_symbol.value
        self.uses = 0
        self.book_sequence = BookSequence()
        self.bbo = StreamState(BBO_STREAM, self.symbol)
        self.trades = StreamState(TRADE_STREAM, self.symbol)
        self.book = StreamState(BOOK_STREAM, self.symbol)
        self.summary = StreamState(SUMMARY_STREAM, self.symbol)
        self.streams = (self.bbo, self.trades, self.book, self.summary)
        self.update(instrument)

    def update(self, instrument: Instrument) -> None:
        """Take over increments and funding period of the instrument."""
        self.scale = MarketScale.of(
            instrument.id,
            price_increment=instrument.price_increment,
            size_increment=instrument.size_increment,
        )
        self.funding_period_hours = to_int((instrument.info or {}).get("funding_period_hours"))

    def serving(self, use: int) -> StreamState:
        """Return the stream that serves a use."""
        return next(state for state in self.streams if state.stream.uses & use)

    def wants(self, state: StreamState) -> bool:
        """Return whether anybody uses a stream."""
        return bool(self.uses & state.stream.uses)
