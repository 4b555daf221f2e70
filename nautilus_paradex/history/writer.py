"""
Writes frames to a recording file from a thread of its own, behind a queue of bounded size.

It knows lines and bytes, no channels and no sockets: see `recorder`.
"""

import contextlib
import gzip
import os
import threading
from collections.abc import Callable
from itertools import batched
from pathlib import Path
from typing import Final, Literal, Protocol

from nautilus_paradex.protocol.recording import RecordedFrame, encode_line, is_compressed

__all__ = ["MAX_PENDING_BYTES", "RecordingWriter"]

MAX_PENDING_BYTES: Final = 64 * 1024 * 1024
"""Payload that may wait for the disk."""

_FRAME_OVERHEAD: Final = 200
"""About what Python needs for one waiting frame beside its payload, bytes."""

_WRITE_INTERVAL_SECS: Final = 0.1
_LINES_PER_WRITE: Final = 1_000
_GZIP_LEVEL: Final = 6

type _Mode = Literal["xb", "wb"]


class RecordingWriter:
    """
    A recording in the making.

    Every tenth of a second what has come is written as whole lines and handed to the system, so
    that a process that dies loses no more. A name that ends in ``.gz`` makes a gzipped file.

    Parameters
    ----------
    path : Path
        The file to be made.
    on_failure : Callable[[OSError], None]
        Told, from the writer's thread, that no more can be written; then `put` refuses.
    overwrite : bool, default False
        If a file of that name may be replaced.
    max_pending_bytes : int, default 64 MiB
        How much may wait to be written.

    Raises
    ------
    OSError
        If the file cannot be made, `FileExistsError` if there is one that may not be replaced.

    """

    def __init__(
        self,
        path: Path,
        *,
        on_failure: Callable[[OSError], None],
        overwrite: bool = False,
        max_pending_bytes: int = MAX_PENDING_BYTES,
    ) -> None:
        mode: _Mode = "wb" if overwrite else "xb"
        self._file: _File = (_Gzipped if is_compressed(path) else _Plain)(path, mode)
        self._on_failure = on_failure
        self._max_pending_bytes = max_pending_bytes
        self._waiting: list[RecordedFrame] = []
        self._waiting_bytes = 0
        self._being_written_bytes = 0
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._failure: OSError | None = None
        self._size = 0
        self._thread = threading.Thread(target=self._run, name="paradex-recording", daemon=True)
        self._thread.start()

    @property
    def size(self) -> int:
        """Bytes in the file so far."""
        return self._size

    @property
    def failure(self) -> OSError | None:
        """Why no more can be written, None as long as it can."""
        return self._failure

    def put(self, *frames: RecordedFrame, urgent: bool = False) -> bool:
        """
        Queue frames, all or none, never waiting. Returns whether there was room for them.

        For what is `urgent` there is always room, until the file has failed.

        """
        cost = sum(len(frame.payload) + _FRAME_OVERHEAD for frame in frames)
        with self._lock:
            pending = self._waiting_bytes + self._being_written_bytes
            is_full = pending + cost > self._max_pending_bytes and not urgent
            if is_full or self._failure is not None:
                return False
            self._waiting += frames
            self._waiting_bytes += cost
        return True

    def close(self) -> None:
        """
        Write what waits and close the file. May be called again.

        Raises
        ------
        OSError
            If not everything could be written; the file ends with a whole line all the same,
            unless it is gzipped.

        """
        self._closing.set()
        self._thread.join()
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        try:
            while not self._closing.wait(_WRITE_INTERVAL_SECS):
                self._write_waiting()
            self._write_waiting()
            self._size = self._file.close()
        except OSError as exc:
            with self._lock:
                self._failure = exc
                self._waiting.clear()
            self._file.abandon()
            self._on_failure(exc)

    def _write_waiting(self) -> None:
        with self._lock:
            frames, self._waiting = self._waiting, []
            self._being_written_bytes, self._waiting_bytes = self._waiting_bytes, 0
        for some in batched(frames, _LINES_PER_WRITE):
            self._size = self._file.write(b"".join(map(encode_line, some)))
        with self._lock:
            self._being_written_bytes = 0


class _File(Protocol):
    """Where whole lines go. `write` and `close` return how long it is by then, bytes."""

    def write(self, lines: bytes) -> int: ...
    def close(self) -> int: ...
    def abandon(self) -> None: ...


class _Plain:
    def __init__(self, path: Path, mode: _Mode) -> None:
        self._file = path.open(mode, buffering=0)
        self._size = 0

    def write(self, lines: bytes) -> int:
        rest = memoryview(lines)
        try:
            while rest:
                rest = rest[self._file.write(rest) or 0 :]
        except OSError:
            self._cut_after_whole_lines(lines[: len(lines) - len(rest)])
            raise
        self._size += len(lines)
        return self._size

    def close(self) -> int:
        os.fsync(self._file.fileno())
        self._file.close()
        return self._size

    def abandon(self) -> None:
        self._file.close()

    def _cut_after_whole_lines(self, written: bytes) -> None:
        self._size += written.rfind(b"\n") + 1
        # What cannot be cut, as a device, is left as it is: the error of the write is told.
        with contextlib.suppress(OSError):
            self._file.truncate(self._size)


class _Gzipped:
    def __init__(self, path: Path, mode: _Mode) -> None:
        self._file = path.open(mode)
        self._stream = gzip.GzipFile("", "wb", _GZIP_LEVEL, self._file)

    def write(self, lines: bytes) -> int:
        self._stream.write(lines)
        # A file that is cut would otherwise lack what the compressor still held.
        self._stream.flush()
        return self._file.tell()

    def close(self) -> int:
        self._stream.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        size = self._file.tell()
        self._file.close()
        return size

    def abandon(self) -> None:
        # It would try again to write what it holds.
        with contextlib.suppress(OSError):
            self._file.close()
