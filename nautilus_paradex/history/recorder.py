"""
Records public channels of a live socket: every frame as it came, with the time of its arrival.

Reading frames again is the work of `replay`; writing them to the file that of `writer`.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import batched
from pathlib import Path
from typing import Final, Literal
from urllib.parse import urlsplit

from websockets.frames import Opcode

from nautilus_paradex.history.book_watch import BookWatch
from nautilus_paradex.history.notes import (
    Begun,
    Ended,
    Interrupted,
    Markets,
    Note,
    Resumed,
    note_frame,
)
from nautilus_paradex.history.topics import DEFAULT_TOPICS, TOPICS, check_topics
from nautilus_paradex.history.writer import MAX_PENDING_BYTES, RecordingWriter
from nautilus_paradex.protocol import rest
from nautilus_paradex.protocol.errors import ParadexError
from nautilus_paradex.protocol.recording import RecordedFrame
from nautilus_paradex.transport.websocket import ParadexWebSocketClient

__all__ = ["Recorder", "RecorderStats"]

_BOOK: Final = "order_book"
_REQUESTS_AT_ONCE: Final = 20
_MEND_PAUSE_SECS: Final = 5.0


@dataclass(slots=True)
class RecorderStats:
    """
    What a recorder has done so far.

    Parameters
    ----------
    frames : int
        Frames written, or waiting to be.
    dropped : int
        Frames that found no room.
    interruptions : int
        Times the connection was lost.
    book_gaps : int
        Books that the venue sent with a gap.

    """

    frames: int = 0
    dropped: int = 0
    interruptions: int = 0
    book_gaps: int = 0


class Recorder:
    """
    Records channels of some markets to a file, across reconnects.

    Frames are missing where the connection was lost and where the disk was too slow: both are
    marked by a note in the recording, and books begin anew with a snapshot.

    Parameters
    ----------
    url : str
        ``ws://`` or ``wss://`` address without schema parameters.
    path : Path
        The file to be made, gzipped if its name ends in ``.gz``.
    markets : Sequence[rest.Market]
        The markets to record. Their specifications go into the recording.
    topics : Iterable[str]
        Names in `topics.TOPICS`.
    report : Callable[[str], None]
        Told in words of what goes wrong on the way.
    overwrite : bool, default False
        If a file of that name may be replaced.
    sbe_schema_version : int or "json", optional
        The only encoding to ask for. None negotiates.
    max_pending_bytes : int, default 64 MiB
        How much may wait for the disk before frames are dropped.
    now_ns : Callable[[], int]
        The clock of the arrival times, Unix ns.

    Raises
    ------
    TopicError
        If a topic cannot be recorded.
    ValueError
        If the address makes no sense.

    """

    def __init__(
        self,
        url: str,
        path: Path,
        *,
        markets: Sequence[rest.Market],
        topics: Iterable[str] = DEFAULT_TOPICS,
        report: Callable[[str], None],
        overwrite: bool = False,
        sbe_schema_version: int | Literal["json"] | None = None,
        max_pending_bytes: int = MAX_PENDING_BYTES,
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._url = url
        self._path = path
        self._markets = markets
        self._topics = check_topics(topics)
        self._report = report
        self._overwrite = overwrite
        self._max_pending_bytes = max_pending_bytes
        self._now_ns = now_ns
        self._last_ns = 0
        self._missing = 0
        self._broken: set[str] = set()
        self._mend_wanted = asyncio.Event()
        self._mender: asyncio.Task[None] | None = None
        self._failed: asyncio.Future[None]
        self._writer: RecordingWriter | None = None
        self._watch = BookWatch(self._books, self._on_book_gap)
        self._socket = ParadexWebSocketClient(
            url,
            handler=self._on_frame,
            on_reconnected=self._on_reconnected,
            on_disconnected=self._on_disconnected,
            on_error=lambda exc: report(f"WebSocket: {exc}"),
            sbe_schema_version=sbe_schema_version,
        )
        self.stats = RecorderStats()

    @property
    def channels(self) -> tuple[str, ...]:
        """The channels to record."""
        return tuple(
            TOPICS[topic](market.symbol) for market in self._markets for topic in self._topics
        )

    @property
    def size(self) -> int:
        """Bytes in the file so far."""
        return 0 if self._writer is None else self._writer.size

    async def start(self) -> None:
        """
        Connect, make the file and subscribe.

        Raises
        ------
        OSError
            If the file cannot be made.
        ParadexError
            If the venue cannot be reached, or refuses a channel. Then no file is left behind.

        """
        self._failed = asyncio.get_running_loop().create_future()
        await self._socket.connect()
        try:
            self._writer = RecordingWriter(
                self._path,
                on_failure=self._on_writer_failure,
                overwrite=self._overwrite,
                max_pending_bytes=self._max_pending_bytes,
            )
            version = self._socket.schema_version
            self._note(Begun(_public_part(self._url), list(self.channels), version))
            self._note(Markets(list(self._markets)))
            for channels in batched(self.channels, _REQUESTS_AT_ONCE):
                await asyncio.gather(*map(self._socket.subscribe, channels))
        except BaseException:
            await self._socket.close()
            await self._discard()
            raise
        self._mender = asyncio.create_task(self._mend(), name="paradex-recorder-mender")

    async def failed(self) -> None:
        """
        Wait until the file cannot be written any more.

        Raises
        ------
        OSError
            Then.

        """
        await asyncio.shield(self._failed)

    async def stop(self) -> None:
        """
        Disconnect and close the file with a whole line. To be awaited once after `start`.

        Raises
        ------
        OSError
            If not everything could be written.

        """
        assert self._writer is not None
        assert self._mender is not None
        self._mender.cancel()
        await asyncio.wait({self._mender})
        await self._socket.close()
        self._failed.cancel()
        self._note(Ended(self.stats.frames))
        await asyncio.to_thread(self._writer.close)

    @property
    def _books(self) -> tuple[str, ...]:
        if _BOOK not in self._topics:
            return ()
        return tuple(market.symbol for market in self._markets)

    async def _discard(self) -> None:
        if self._writer is None:
            return
        with contextlib.suppress(OSError):  # what went wrong before is told
            await asyncio.to_thread(self._writer.close)
            if self._path.is_file():
                self._path.unlink()

    # Frames on their way to the file.

    def _on_frame(self, payload: bytes, opcode: Opcode) -> None:
        if self._put(RecordedFrame(self._clock(), int(opcode), payload)):
            self.stats.frames += 1
        else:
            self._drop()
        self._watch.on_frame(payload, opcode)

    def _note(self, note: Note) -> None:
        self._put(note_frame(self._clock(), note), urgent=True)

    def _put(self, frame: RecordedFrame, *, urgent: bool = False) -> bool:
        assert self._writer is not None
        if not self._missing:
            return self._writer.put(frame, urgent=urgent)
        lost = Interrupted("the disk was too slow", self._missing)
        if not self._writer.put(note_frame(frame.t_ns, lost), frame, urgent=urgent):
            return False
        self._missing = 0
        self._break_books()
        return True

    def _drop(self) -> None:
        assert self._writer is not None
        if not self._missing and self._writer.failure is None:
            self._report("the disk is too slow: frames are dropped until it has caught up")
        self._missing += 1
        self.stats.dropped += 1

    def _clock(self) -> int:
        # The machine's clock may be set back, the times of a recording may not.
        self._last_ns = max(self._last_ns, self._now_ns())
        return self._last_ns

    def _on_writer_failure(self, exc: OSError) -> None:
        self._failed.get_loop().call_soon_threadsafe(self._fail, exc)

    def _fail(self, exc: OSError) -> None:
        if not self._failed.done():
            self._failed.set_exception(exc)

    # What is lost, and how it is mended.

    def _on_disconnected(self) -> None:
        self.stats.interruptions += 1
        self._report("connection lost, recording goes on when it is back")
        self._note(Interrupted("the connection was lost"))
        self._watch.reset()
        self._broken.clear()

    async def _on_reconnected(self) -> None:
        self._report("connection restored")
        self._note(Resumed(self._socket.schema_version))
        self._mend_wanted.set()

    def _on_book_gap(self, market: str) -> None:
        self.stats.book_gaps += 1
        self._report(f"{market}: the venue's book has a gap, asking for a new snapshot")
        self._broken.add(market)
        self._mend_wanted.set()

    def _break_books(self) -> None:
        self._watch.reset()
        self._broken.update(self._books)
        self._mend_wanted.set()

    async def _mend(self) -> None:
        while True:
            await self._mend_wanted.wait()
            self._mend_wanted.clear()
            if self._socket.is_connected:
                await self._resubscribe()
            # A book that breaks with each snapshot must not keep the socket busy.
            await asyncio.sleep(_MEND_PAUSE_SECS)

    async def _resubscribe(self) -> None:
        """Open what is not subscribed, and afresh the books that wait for a snapshot."""
        try:
            while self._broken:
                await self._socket.unsubscribe(TOPICS[_BOOK](self._broken.pop()))
            subscribed = frozenset(self._socket.subscriptions)
            for channel in self.channels:
                if channel not in subscribed:
                    await self._socket.subscribe(channel)
        except ParadexError as exc:
            self._report(f"a channel could not be subscribed again, trying once more: {exc}")
            self._mend_wanted.set()


def _public_part(url: str) -> str:
    """An address without user, password and query, which may be secrets."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
