"""Raw recordings, and the market that one of them brings back.

The form of a recording is that of `protocol.recording`. Only its order book frames are replayed;
they leave byte for byte as they came. When to send them is for `playback` to say.
"""

import gzip
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import gcd
from pathlib import Path
from typing import BinaryIO, Final, cast

import msgspec

from nautilus_paradex.devnet.config import DevnetConfigError
from nautilus_paradex.devnet.engine.markets import MarketSpec
from nautilus_paradex.protocol import recording, sbe
from nautilus_paradex.protocol.enums import AssetKind, PackageType
from nautilus_paradex.protocol.errors import SbeDecodeError
from nautilus_paradex.protocol.events import BboEvent, BookEvent, BookLevel

__all__ = ["Recording", "RecordingError", "ReplayBook", "ReplayMarket", "TimedFrame", "load"]

_E8: Final = 10**8
_VERSION_AT: Final = 6


class RecordingError(DevnetConfigError):
    """The file is no recording of an order book; the message names the line."""


@dataclass(frozen=True, slots=True)
class TimedFrame:
    """A book frame as it was received, and what it says; `t_ns` is when, Unix nanoseconds."""

    t_ns: int
    data: bytes
    event: BookEvent


@dataclass(frozen=True, slots=True)
class Recording:
    """The book frames of a recording by market, and the schema version they are in."""

    version: int
    frames: dict[str, list[TimedFrame]]


class ReplayBook:
    """A book rebuilt from recorded frames."""

    def __init__(self) -> None:
        self._bids: dict[int, int] = {}
        self._asks: dict[int, int] = {}
        self._last: BookEvent | None = None

    def apply(self, event: BookEvent) -> None:
        if event.pkg_type == PackageType.SNAPSHOT:
            self._bids.clear()
            self._asks.clear()
        _apply_levels(self._bids, event.bids)
        _apply_levels(self._asks, event.asks)
        self._last = event

    def snapshot(self) -> BookEvent:
        """Return the whole book, best levels first."""
        assert self._last is not None
        return BookEvent(
            ts=self._last.ts,
            seq=self._last.seq,
            pkg_type=PackageType.SNAPSHOT,
            bids=sorted(self._bids.items(), reverse=True),
            asks=sorted(self._asks.items()),
            market=self._last.market,
        )

    def bbo(self) -> BboEvent:
        """Return the best prices; an empty side is None."""
        assert self._last is not None
        bid = max(self._bids, default=None)
        ask = min(self._asks, default=None)
        return BboEvent(
            ts=self._last.ts,
            seq=self._last.seq,
            bid_price=bid,
            bid_size=None if bid is None else self._bids[bid],
            ask_price=ask,
            ask_size=None if ask is None else self._asks[ask],
            market=self._last.market,
        )


class ReplayMarket:
    """
    A market whose book is recorded.

    Every subscription plays the recording for itself; REST shows the book of the subscription that
    began last, and the recorded snapshot before there was one.

    """

    def __init__(self, symbol: str, frames: Sequence[TimedFrame]) -> None:
        self.symbol = symbol
        self.frames = frames
        self._shown = ReplayBook()
        self._shown.apply(frames[0].event)

    def begin(self) -> ReplayBook:
        """Return the book of a new playback, from now on the one that REST shows."""
        book = ReplayBook()
        book.apply(self.frames[0].event)
        self._shown = book
        return book

    def book(self) -> BookEvent:
        return self._shown.snapshot()

    def bbo(self) -> BboEvent:
        return self._shown.bbo()

    def specification(self, known: MarketSpec | None) -> MarketSpec:
        """
        Return the listed specification, made finer if a recorded value asks for it, or a new one.

        Raises
        ------
        RecordingError
            If prices and sizes are so fine that their product is no multiple of 1e-8.

        """
        tick = gcd(*(price for price, _ in self._levels())) or 1
        increment = gcd(*(size for _, size in self._levels())) or 1
        try:
            if known is None:
                return _derived(self.symbol, tick, increment, self._middle())
            return msgspec.structs.replace(
                known,
                price_tick_e8=gcd(known.price_tick_e8, tick),
                size_increment_e8=gcd(known.size_increment_e8, increment),
                reference_price_e8=self._middle(),
            )
        except ValueError as e:
            raise RecordingError(f"recorded market cannot be listed: {e}") from e

    def _levels(self) -> Iterator[BookLevel]:
        for frame in self.frames:
            yield from frame.event.bids
            yield from frame.event.asks

    def _middle(self) -> int:
        bbo = self._shown.bbo()
        prices = [price for price in (bbo.bid_price, bbo.ask_price) if price is not None]
        return sum(prices) // len(prices) if prices else _E8


def load(path: Path) -> Recording:
    """
    Read a recording.

    Raises
    ------
    RecordingError
        If the file cannot be read, a line is malformed, or there is no book to replay.

    """
    frames: dict[str, list[TimedFrame]] = {}
    versions: set[int] = set()
    report = recording.ReadReport()
    try:
        with _opened(path) as lines:
            for frame in _book_frames(recording.decode_lines(lines, report)):
                versions.add(int.from_bytes(frame.data[_VERSION_AT : _VERSION_AT + 2], "little"))
                _append(frames, versions, frame)
    except recording.RecordingError as e:
        raise RecordingError(f"{path}, {e}") from e
    except (ValueError, SbeDecodeError) as e:
        raise RecordingError(f"{path}, line {report.lines}: {e}") from e
    except (OSError, zlib.error) as e:
        reason = getattr(e, "strerror", None) or e
        raise RecordingError(f"{path}: cannot be read: {reason}") from e
    if not frames:
        raise RecordingError(f"{path}: no order book frames in this recording")
    return Recording(versions.pop(), frames)


def _opened(path: Path) -> BinaryIO:
    if recording.is_compressed(path):
        return cast(BinaryIO, gzip.open(path, "rb"))
    return path.open("rb")


def _book_frames(frames: Iterable[recording.RecordedFrame]) -> Iterator[TimedFrame]:
    for frame in frames:
        if frame.opcode != recording.BINARY:
            continue
        event = sbe.decode(frame.payload)
        if isinstance(event, BookEvent):
            yield TimedFrame(frame.t_ns, frame.payload, event)


def _append(frames: dict[str, list[TimedFrame]], versions: set[int], frame: TimedFrame) -> None:
    if len(versions) > 1:
        raise ValueError(f"frames of several schema versions: {sorted(versions)}")
    earlier = frames.setdefault(frame.event.market or "", [])
    if not earlier and frame.event.pkg_type != PackageType.SNAPSHOT:
        raise ValueError(f"book of {frame.event.market} begins without a snapshot")
    if earlier and frame.t_ns < earlier[-1].t_ns:
        raise ValueError("t_ns goes back in time")
    earlier.append(frame)


def _apply_levels(side: dict[int, int], levels: Iterable[BookLevel]) -> None:
    for price, size in levels:
        if size:
            side[price] = size
        else:
            side.pop(price, None)


def _derived(symbol: str, tick: int, increment: int, middle: int) -> MarketSpec:
    base, _, _ = symbol.partition("-")
    return MarketSpec(
        symbol=symbol,
        asset_kind=AssetKind.PERP.value,
        base_currency=base,
        reference_price_e8=middle,
        price_tick_e8=tick,
        size_increment_e8=increment,
        min_notional_e8=10 * _E8,
        max_order_size_e8=increment * 10**6,
        position_limit_e8=increment * 10**7,
    )
