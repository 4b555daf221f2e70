"""
From a recording to a Parquet catalog, so that what was seen live can be backtested.

The data is that of the live decode path (`replay`), stored by `catalog_writer`.
"""

import logging
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Final

from nautilus_trader.model.instruments import Instrument

from nautilus_paradex.history.catalog_writer import CHUNK_SIZE, CatalogWriter
from nautilus_paradex.history.instruments import instruments_of
from nautilus_paradex.history.kinds import kind_of
from nautilus_paradex.history.notes import Markets, note_in
from nautilus_paradex.history.reader import RecordingReader
from nautilus_paradex.history.replay import FrameReplay
from nautilus_paradex.protocol.recording import RecordedFrame, RecordingError

__all__ = ["CatalogSummary", "recording_to_catalog"]

_FRAMES_PER_PROGRESS: Final = 10_000

_log: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CatalogSummary:
    """
    What a recording gave to a catalog.

    Parameters
    ----------
    written : Counter[str]
        Objects by kind, see `kinds`.
    left_out : Counter[str]
        Objects that a catalog cannot hold, by class.
    metrics : dict[str, int]
        What was counted on the way: gaps, refused values, interruptions and the like.

    """

    written: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    metrics: dict[str, int] = field(default_factory=dict)


def recording_to_catalog(
    path: str | PathLike[str],
    catalog_path: str | PathLike[str],
    *,
    instruments: Iterable[Instrument] | None = None,
    markets: Collection[str] | None = None,
    skip_malformed: bool = False,
    chunk_size: int = CHUNK_SIZE,
    warn: Callable[[str], None] = _log.warning,
    progress: Callable[[int, int], None] | None = None,
) -> CatalogSummary:
    """
    Add the data of a recording to a Parquet catalog, in the order in which it came.

    The objects are those that the live client would have given to the engine, each with the time
    of its frame's arrival as ``ts_init``. The recording is read twice: nothing is written before
    all of it is known to be readable. Memory does not grow with its length.

    Parameters
    ----------
    path : path-like
        The recording, gzipped if its name ends in ``.gz``.
    catalog_path : path-like
        The catalog's directory; made if it is not there.
    instruments : Iterable[Instrument], optional
        The instruments of the markets. None takes those that the recording names.
    markets : Collection[str], optional
        The markets whose data is wanted. None wants all.
    skip_malformed : bool, default False
        If lines that cannot be read are passed over.
    chunk_size : int, default 100_000
        Objects that wait in memory, and so about the size of a file.
    warn : Callable[[str], None]
        Takes warnings.
    progress : Callable[[int, int], None], optional
        Told how many bytes of how many have been read, both passes together.

    Raises
    ------
    RecordingError
        If the recording cannot be read, is empty, or names no instruments and none are given.
    CatalogError
        If the catalog cannot be written, or has data of the same instruments and time.

    """
    reader = RecordingReader(Path(path), skip_malformed=skip_malformed)
    survey = _survey(_told(reader, progress, already=0), warn)
    known = survey.instruments if instruments is None else list(instruments)
    if not known:
        raise RecordingError(
            f"{path} names no instruments: give them, from GET /markets of its environment"
        )
    if survey.last_ns == 0:
        raise RecordingError(f"{path}: there is no frame in this recording")
    writer = CatalogWriter(
        Path(catalog_path),
        instruments=known,
        span_ns=(survey.first_ns, survey.last_ns),
        chunk_size=chunk_size,
    )
    written: Counter[str] = Counter()

    def store(data: object) -> None:
        if writer.add(data):
            written[kind_of(data)] += 1

    replay = FrameReplay(store, instruments=known, markets=markets, warn=warn)
    for frame in _told(reader, progress, already=reader.size):
        replay.push(frame)
    writer.close()
    return CatalogSummary(written, Counter(writer.left_out), replay.counters)


@dataclass(slots=True)
class _Survey:
    """What must be known before the first object is written."""

    first_ns: int = 0
    last_ns: int = 0
    instruments: list[Instrument] = field(default_factory=list)


def _survey(frames: Iterable[RecordedFrame], warn: Callable[[str], None]) -> _Survey:
    survey = _Survey()
    for frame in frames:
        survey.first_ns = survey.first_ns or frame.t_ns
        survey.last_ns = frame.t_ns
        note = note_in(frame)
        if isinstance(note, Markets):
            survey.instruments += instruments_of(note.markets, ts_init=frame.t_ns, warn=warn)
    return survey


def _told(
    reader: RecordingReader,
    progress: Callable[[int, int], None] | None,
    *,
    already: int,
) -> Iterator[RecordedFrame]:
    if progress is None:
        yield from reader
        return
    total = 2 * reader.size
    for number, frame in enumerate(reader):
        yield frame
        if number % _FRAMES_PER_PROGRESS == 0:
            progress(already + reader.position, total)
    progress(already + reader.size, total)
