"""Reads the frames of a recording file, gzipped or not, one after the other."""

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path

from nautilus_paradex.history.notes import note_in
from nautilus_paradex.protocol.recording import (
    ReadReport,
    RecordedFrame,
    RecordingError,
    decode_lines,
    is_compressed,
)

__all__ = ["RecordingReader"]


class RecordingReader:
    """
    The frames of a recording, in the order of the file. May be iterated again, from the start.

    Parameters
    ----------
    path : Path
        The file; a name that ends in ``.gz`` means that it is gzipped.
    skip_malformed : bool, default False
        If lines that cannot be read are only counted, in `report`.

    Raises
    ------
    RecordingError
        While iterating: if the file or a line cannot be read, or the time goes back. The message
        names file and line.

    """

    def __init__(self, path: Path, *, skip_malformed: bool = False) -> None:
        self.path = path
        self.report = ReadReport()
        self._skip_malformed = skip_malformed
        self._position = 0

    @property
    def size(self) -> int:
        """Bytes of the file, 0 if it is not there."""
        return self.path.stat().st_size if self.path.is_file() else 0

    @property
    def position(self) -> int:
        """Bytes of the file that have been read, of `size`."""
        return self._position

    def __iter__(self) -> Iterator[RecordedFrame]:
        self.report = ReadReport()
        self._position = 0
        try:
            yield from self._checked(self._frames())
        except RecordingError as exc:
            raise RecordingError(f"{self.path}, {exc}") from exc
        except (OSError, zlib.error) as exc:
            reason = getattr(exc, "strerror", None) or exc
            raise RecordingError(f"{self.path}: cannot be read: {reason}") from exc

    def _frames(self) -> Iterator[RecordedFrame]:
        with self.path.open("rb") as file:
            lines = gzip.GzipFile(fileobj=file) if is_compressed(self.path) else file
            frames = decode_lines(lines, self.report, skip_malformed=self._skip_malformed)
            for frame in frames:
                self._position = file.tell()
                yield frame

    def _checked(self, frames: Iterator[RecordedFrame]) -> Iterator[RecordedFrame]:
        last_ns = 0
        for frame in frames:
            try:
                if frame.t_ns < last_ns:
                    raise RecordingError("t_ns goes back in time")
                note_in(frame)
            except RecordingError as exc:
                self._refuse(exc)
                continue
            last_ns = frame.t_ns
            yield frame

    def _refuse(self, exc: RecordingError) -> None:
        problem = f"line {self.report.lines}: {exc}"
        if not self._skip_malformed:
            raise RecordingError(problem) from exc
        self.report.malformed += 1
        self.report.first_problem = self.report.first_problem or problem
