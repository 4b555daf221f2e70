"""
Books on their way to the engine: deltas of the whole book, and the best ten levels.

A book is right or it is absent: what breaks one clears it, and somebody is told that it needs a
fresh snapshot. Opening and closing the channels is the work of `subscriber`.
"""

from collections.abc import Callable
from typing import Final

from nautilus_paradex.feeds.book import BestLevels, Verdict
from nautilus_paradex.feeds.market import DELTAS, DEPTH, MarketFeed
from nautilus_paradex.feeds.once import WarnOnce
from nautilus_paradex.parsing import books
from nautilus_paradex.parsing.times import ns_from_us
from nautilus_paradex.protocol.enums import PackageType
from nautilus_paradex.protocol.errors import MessageError
from nautilus_paradex.protocol.events import BookEvent
from nautilus_paradex.transport.metrics import Metrics

__all__ = ["COUNTERS", "BookKeeper"]

EMPTY_DELTAS: Final = "book_deltas_empty"
IGNORED: Final = "book_events_ignored"
GAPS: Final = "book_gaps"

COUNTERS: Final = (EMPTY_DELTAS, IGNORED, GAPS)


class BookKeeper:
    """
    Takes the book events of all markets.

    Depth comes from the book of ``deltas`` while that is kept, otherwise from repeated snapshots.
    While one channel replaces the other both may come, and the newer state is told.

    Parameters
    ----------
    emit : Callable[[object], None]
        Takes the platform's objects.
    now_ns : Callable[[], int]
        The platform's clock, Unix ns.
    on_broken : Callable[[MarketFeed], None]
        Told of a market whose book needs a fresh snapshot; its clear was emitted already.
    warn : WarnOnce
        Takes warnings.
    metrics : Metrics
        Has `COUNTERS`.

    """

    def __init__(
        self,
        *,
        emit: Callable[[object], None],
        now_ns: Callable[[], int],
        on_broken: Callable[[MarketFeed], None],
        warn: WarnOnce,
        metrics: Metrics,
    ) -> None:
        self._emit = emit
        self._now_ns = now_ns
        self._on_broken = on_broken
        self._warn = warn
        self._metrics = metrics

    def on_event(self, feed: MarketFeed, event: BookEvent, arrived_ns: int) -> bool:
        """
        Take an event of a ``deltas`` channel. Returns whether it changed the book.

        Raises
        ------
        PrecisionError, MessageError
            If it cannot be read: `unreadable` is to be called then.

        """
        if not feed.uses & (DELTAS | DEPTH):
            return False
        last = feed.book_sequence.last
        verdict = feed.book_sequence.judge(event)
        if verdict is Verdict.IGNORE:
            self._metrics.count(IGNORED)
            return False
        if verdict is Verdict.GAP:
            self._metrics.count(GAPS)
            self._warn(
                f"{GAPS}/{feed.symbol}",
                f"{feed.symbol}: book sequence went from {last} to {event.seq}, rebuilding",
            )
            self._break(feed, last)
            return False
        # Built even if nobody wants deltas: a level that cannot be held breaks the book.
        build = books.book_snapshot if verdict is Verdict.SNAPSHOT else books.book_deltas
        deltas = build(event, feed.scale, arrived_ns)
        feed.book.seen_ns = arrived_ns
        if deltas is None:
            self._metrics.count(EMPTY_DELTAS)
            return False
        if verdict is Verdict.SNAPSHOT:
            feed.levels.replace(event)
        else:
            feed.levels.apply(event)
        if feed.uses & DELTAS:
            self._emit(deltas)
        if feed.uses & DEPTH:
            self._depth_of_book(feed, arrived_ns)
        return True

    def on_depth(self, feed: MarketFeed, event: BookEvent, arrived_ns: int) -> None:
        """
        Take an event of a ``snapshot`` channel.

        Raises
        ------
        PrecisionError, MessageError
            If it cannot be read: it costs that event only, the next one is whole again.

        """
        if event.pkg_type != PackageType.SNAPSHOT:
            raise MessageError(f"{feed.symbol}: {event.pkg_type} among repeated snapshots")
        feed.depth.seen_ns = arrived_ns
        if feed.uses & DEPTH:
            bids = sorted((level for level in event.bids if level[1]), reverse=True)
            asks = sorted(level for level in event.asks if level[1])
            best = bids[: books.DEPTH], asks[: books.DEPTH]
            self._depth(feed, best, event.seq, event.ts, arrived_ns)

    def unreadable(self, feed: MarketFeed) -> None:
        """Clear a book of which an event could not be read: it would be wrong without it."""
        last = feed.book_sequence.last
        feed.book_sequence.reset()
        self._break(feed, last)

    def begin(self, feed: MarketFeed, uses: int) -> None:
        """Give new uses what is there already: a book that is kept does not begin again."""
        if feed.book_sequence.is_waiting:
            return
        now_ns = self._now_ns()
        if uses & DELTAS:
            bids, asks = feed.levels.best()
            whole = BookEvent(
                ts=feed.levels.ts_us,
                seq=feed.book_sequence.last,
                pkg_type=PackageType.SNAPSHOT,
                bids=bids,
                asks=asks,
                market=feed.symbol,
            )
            self._emit(books.book_snapshot(whole, feed.scale, now_ns))
        if uses & DEPTH:
            feed.depth_mark.forget()
            self._depth_of_book(feed, now_ns)

    def drop(self, feed: MarketFeed) -> None:
        """Clear the book of a market, if it had one, until its next snapshot."""
        last = feed.book_sequence.last
        if feed.book_sequence.reset():
            self._clear(feed, last)

    def drop_depth(self, feed: MarketFeed) -> None:
        """Clear the depth of a market that came from repeated snapshots, until the next one."""
        if feed.book_sequence.is_waiting:
            self._clear_depth(feed)

    def _break(self, feed: MarketFeed, last: int | None) -> None:
        self._clear(feed, last)
        self._on_broken(feed)

    def _clear(self, feed: MarketFeed, last: int | None) -> None:
        feed.levels.clear()
        if feed.uses & DELTAS:
            self._emit(books.book_clear(feed.instrument_id, last or 0, self._now_ns()))
        if not feed.depth.is_open:
            self._clear_depth(feed)

    def _clear_depth(self, feed: MarketFeed) -> None:
        last = feed.depth_mark.seq
        feed.depth_mark.forget()
        if last is None or not feed.uses & DEPTH:
            return
        now_ns = self._now_ns()
        self._emit(
            books.book_depth([], [], feed.scale, sequence=last, ts_event=now_ns, ts_init=now_ns)
        )

    def _depth_of_book(self, feed: MarketFeed, arrived_ns: int) -> None:
        best = feed.levels.best(books.DEPTH)
        self._depth(feed, best, feed.book_sequence.last, feed.levels.ts_us, arrived_ns)

    def _depth(
        self,
        feed: MarketFeed,
        best: BestLevels,
        seq: int | None,
        ts_us: int | None,
        arrived_ns: int,
    ) -> None:
        ts_event = ns_from_us(ts_us, "book")
        if seq is None or ts_us is None:
            raise MessageError(f"{feed.symbol}: book event without a sequence number")
        if feed.depth_mark.is_news(seq, ts_us, best):
            self._emit(
                books.book_depth(
                    *best, feed.scale, sequence=seq, ts_event=ts_event, ts_init=arrived_ns
                )
            )
