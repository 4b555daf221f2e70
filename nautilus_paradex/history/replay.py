"""
Pushes recorded frames through the decode path of the live data client, without a network.

What comes out is what the client would have given to the engine, at the times of the recording.
Counting and showing it is the work of `paradex-nt replay`, storing it that of `catalog`.
"""

from collections.abc import Callable, Collection, Iterable
from typing import Final

from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.instruments import CryptoOption, Instrument
from websockets.frames import Opcode

from nautilus_paradex.feeds.market import (
    DELTAS,
    FUNDING,
    GREEKS,
    INDEX,
    MARK,
    QUOTES,
    SUMMARY,
    TRADES,
    MarketFeed,
)
from nautilus_paradex.feeds.router import COUNTERS, FeedRouter
from nautilus_paradex.history.instruments import assumed_instrument, instruments_of
from nautilus_paradex.history.notes import Interrupted, Markets, Note, note_in
from nautilus_paradex.parsing.custom_data import market_summary
from nautilus_paradex.protocol import rpc
from nautilus_paradex.protocol.errors import ProtocolError
from nautilus_paradex.protocol.events import MarketSummaryEvent
from nautilus_paradex.protocol.recording import TEXT, RecordedFrame
from nautilus_paradex.transport.frames import RawFrame, decode_frame
from nautilus_paradex.transport.metrics import Metrics

__all__ = ["ANSWERS", "DROPPED", "INTERRUPTIONS", "FrameReplay"]

ANSWERS: Final = "answers_to_requests"
INTERRUPTIONS: Final = "interruptions"
DROPPED: Final = "frames_dropped_by_recorder"

_COUNTED: Final = frozenset({*COUNTERS, ANSWERS, INTERRUPTIONS, DROPPED})

_EVERYTHING: Final = QUOTES | TRADES | DELTAS | MARK | INDEX | FUNDING | SUMMARY


class FrameReplay:
    """
    The live decode path with the clock of a recording.

    Parameters
    ----------
    emit : Callable[[object], None]
        Takes the platform's objects; their ``ts_init`` is when their frame was recorded.
    instruments : Iterable[Instrument], optional
        The instruments of the markets. None takes those that the recording names, and for one that
        names none assumes 8 decimals for every price and size (see `assumes_precision`).
    markets : Collection[str], optional
        The markets whose data is wanted. None wants all.
    warn : Callable[[str], None]
        Takes warnings.

    """

    def __init__(
        self,
        emit: Callable[[object], None],
        *,
        instruments: Iterable[Instrument] | None = None,
        markets: Collection[str] | None = None,
        warn: Callable[[str], None],
    ) -> None:
        self._now_ns = 0
        self._emit = emit
        self._wanted = markets
        self._takes_noted = instruments is None
        self._assumes = instruments is None
        self._warn = warn
        self._instruments: dict[InstrumentId, Instrument] = {}
        self.router = FeedRouter(
            emit=emit,
            now_ns=lambda: self._now_ns,
            # The recorder has asked for a new snapshot at the time: it comes, or it does not.
            on_book_broken=lambda _: None,
            warn=warn,
        )
        self.router.add_listener(MarketSummaryEvent, self._on_summary)
        self.metrics = Metrics((ANSWERS, INTERRUPTIONS, DROPPED))
        for instrument in instruments or ():
            self._add(instrument)

    @property
    def instruments(self) -> list[Instrument]:
        """The instruments by which values were read so far."""
        return list(self._instruments.values())

    @property
    def assumes_precision(self) -> bool:
        """Whether instruments were neither given nor found: 8 decimals are an assumption then."""
        return self._assumes and bool(self._instruments)

    @property
    def counters(self) -> dict[str, int]:
        """What was counted so far and is not zero: by the router, as it is live, and here."""
        figures = self.router.metrics.snapshot() | self.metrics.snapshot()
        return {name: count for name, count in figures.items() if count and name in _COUNTED}

    def push(self, frame: RecordedFrame) -> None:
        """
        Take the next frame of the recording.

        Raises
        ------
        RecordingError
            If it is a note that cannot be read. What is wrong with a frame of the venue is counted
            by the router, as it is live.

        """
        self._now_ns = frame.t_ns
        note = note_in(frame)
        if note is not None:
            self._follow(note)
        elif _is_answer(frame):
            self.metrics.count(ANSWERS)
        else:
            if self._assumes:
                self._assume_market_of(frame)
            self.router.on_frame(frame.payload, frame.opcode)

    def _follow(self, note: Note) -> None:
        if isinstance(note, Markets) and self._takes_noted:
            self._assumes = False
            for instrument in instruments_of(note.markets, ts_init=self._now_ns, warn=self._warn):
                self._add(instrument)
        elif isinstance(note, Interrupted):
            self.metrics.count(INTERRUPTIONS)
            self.metrics.count(DROPPED, note.dropped)
            for feed in self.router.feeds:
                self.router.books.drop(feed)

    def _assume_market_of(self, frame: RecordedFrame) -> None:
        try:
            event = decode_frame(RawFrame(frame.payload, Opcode(frame.opcode)))
        except ProtocolError:
            return  # the router counts it
        market = getattr(event, "market", None)
        if market and self.router.get(market) is None:
            self._add(assumed_instrument(market, ts_init=self._now_ns))

    def _on_summary(self, event: MarketSummaryEvent, arrived_ns: int) -> None:
        feed = self.router.get(event.market or "")
        if feed is not None and feed.uses & SUMMARY:
            self._emit(market_summary(event, arrived_ns))

    def _add(self, instrument: Instrument) -> None:
        self._instruments[instrument.id] = instrument
        feed = MarketFeed(instrument)
        if self._wanted is None or feed.symbol in self._wanted:
            feed.uses = _EVERYTHING
            if isinstance(instrument, CryptoOption):
                feed.uses |= GREEKS
        self.router.add(feed)


def _is_answer(frame: RecordedFrame) -> bool:
    """Whether a frame is the venue's answer to a request, as some recordings hold them."""
    if frame.opcode != TEXT:
        return False
    try:
        return isinstance(rpc.decode(frame.payload), rpc.Response)
    except ProtocolError:
        return False
