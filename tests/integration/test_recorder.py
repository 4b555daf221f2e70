"""A recorder on a live socket: every frame is in the file, and a reader sees where some are not."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect

from nautilus_paradex.devnet import DevnetConfig, DevnetServer
from nautilus_paradex.devnet.replay import load
from nautilus_paradex.history.notes import Begun, Ended, Interrupted, Markets, Resumed, note_in
from nautilus_paradex.history.reader import RecordingReader
from nautilus_paradex.history.recorder import Recorder
from nautilus_paradex.history.topics import TopicError
from nautilus_paradex.protocol import rest, rpc
from nautilus_paradex.protocol.recording import BINARY, RecordedFrame
from tests.integration.devnet_client import BTC, connected
from tests.integration.ws_server import ScriptedVenue, scripted_venue
from tests.support import PATIENCE_SECS, eventually
from tests.unit.history.frames import bbo, book, trade

BOOK = f"order_book.{BTC}.deltas"
MARKETS = [rest.Market(symbol=BTC, price_tick_size="0.1", order_size_increment="0.001")]


@pytest.fixture
async def venue() -> AsyncIterator[ScriptedVenue]:
    async with scripted_venue() as venue:
        yield venue


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "recording.jsonl"


@asynccontextmanager
async def recording(url: str, path: Path, **options: Any) -> AsyncIterator[Recorder]:
    recorder = Recorder(url, path, **{"markets": MARKETS, "report": lambda _: None} | options)
    await recorder.start()
    try:
        yield recorder
    finally:
        await recorder.stop()


def payloads(path: Path) -> list[bytes]:
    return [frame.payload for frame in RecordingReader(path) if note_in(frame) is None]


def story(path: Path) -> list[object]:
    """The notes as they are, and how many frames came between them."""
    told: list[object] = []
    for frame in RecordingReader(path):
        note = note_in(frame)
        if note is not None:
            told.append(note)
        elif told and isinstance(told[-1], int):
            told[-1] += 1
        else:
            told.append(1)
    return told


def size_of(path: Path) -> int:
    """Bytes of a file, 0 if it is not there."""
    return path.stat().st_size if path.exists() else 0


async def send(venue: ScriptedVenue, recorder: Recorder, *frames: RecordedFrame) -> None:
    """Push frames to the recorder and wait until it has all of them."""
    seen = recorder.stats.frames + recorder.stats.dropped
    for frame in frames:
        await venue.last.send(frame.payload if frame.opcode == BINARY else frame.payload.decode())
    await eventually(lambda: recorder.stats.frames + recorder.stats.dropped == seen + len(frames))


async def test_frames_are_written_as_they_came_between_begin_and_end(
    venue: ScriptedVenue, path: Path
) -> None:
    notice = rpc.encode_notification(f"markets.{BTC}", {"symbol": BTC}).encode()
    frames = [bbo(1, 5, 6), RecordedFrame(0, 1, notice), trade(2, 5)]
    async with recording(venue.url, path) as recorder:
        await send(venue, recorder, *frames)

    assert payloads(path) == [frame.payload for frame in frames]
    assert story(path) == [
        Begun(venue.url, list(recorder.channels), 2),
        Markets(MARKETS),
        3,
        Ended(3),
    ]
    assert venue.requests == [[("subscribe", channel) for channel in recorder.channels]]
    assert recorder.size == size_of(path)


async def test_the_address_of_a_recording_holds_no_secret(venue: ScriptedVenue, path: Path) -> None:
    async with recording(f"{venue.url}?token=s3cret", path):
        pass

    assert all(b"s3cret" not in frame.payload for frame in RecordingReader(path))


async def test_times_never_go_back_even_if_the_clock_does(venue: ScriptedVenue, path: Path) -> None:
    times = iter([100, 100, 107, 3, 5, 109])
    async with recording(venue.url, path, now_ns=lambda: next(times)) as recorder:
        await send(venue, recorder, bbo(1, 5, 6), bbo(2, 5, 6), bbo(3, 5, 6))

    assert [frame.t_ns for frame in RecordingReader(path)] == [100, 100, 107, 107, 107, 109]


async def test_a_lost_connection_comes_back_and_the_gap_is_marked(
    venue: ScriptedVenue, path: Path
) -> None:
    async with recording(venue.url, path, topics=["bbo", "order_book"]) as recorder:
        await send(venue, recorder, bbo(1, 5, 6))
        venue.last.transport.abort()
        await eventually(lambda: len(venue.requests) == 2 and len(venue.requests[1]) == 2)
        await send(venue, recorder, bbo(2, 5, 6), bbo(3, 5, 6))
        await eventually(lambda: any(isinstance(note, Resumed) for note in story(path)))

    told = story(path)
    assert Interrupted("the connection was lost") in told
    assert told[:4] == [*told[:2], 1, Interrupted("the connection was lost")]
    assert len(payloads(path)) == 3
    assert venue.requests[1] == [("subscribe", f"bbo.{BTC}"), ("subscribe", BOOK)]
    assert recorder.stats.interruptions == 1


async def test_a_gap_of_the_venue_is_mended_with_a_new_snapshot(
    venue: ScriptedVenue, path: Path
) -> None:
    async with recording(venue.url, path, topics=["bbo", "order_book"]) as recorder:
        await send(venue, recorder, book(1, 7, kind="SNAPSHOT"), book(2, 9), book(3, 10))
        await eventually(lambda: len(venue.requests[0]) == 4)

    assert venue.requests[0][2:] == [("unsubscribe", BOOK), ("subscribe", BOOK)]
    assert recorder.stats.book_gaps == 1
    assert len(payloads(path)) == 3


async def test_a_disk_that_is_too_slow_is_told_counted_and_marked(
    venue: ScriptedVenue, path: Path
) -> None:
    reports: list[str] = []
    options = {"topics": ["order_book"], "max_pending_bytes": 8_000, "report": reports.append}
    async with recording(venue.url, path, **options) as recorder:
        await send(venue, recorder, *(bbo(number, 5, 6) for number in range(1, 400)))
        dropped = recorder.stats.dropped
        assert dropped
        await eventually(lambda: size_of(path) > 1_000)
        last = bbo(400, 5, 6)
        while last.payload not in payloads(path):
            await send(venue, recorder, last)
        await eventually(lambda: len(venue.requests[0]) >= 3)

    marks = [note for note in story(path) if isinstance(note, Interrupted)]
    assert sum(mark.dropped for mark in marks) == recorder.stats.dropped >= dropped
    assert {mark.reason for mark in marks} == {"the disk was too slow"}
    assert len(payloads(path)) == recorder.stats.frames
    assert "the disk is too slow: frames are dropped until it has caught up" in reports
    assert venue.requests[0][1:3] == [("unsubscribe", BOOK), ("subscribe", BOOK)]


async def test_a_channel_that_the_venue_refuses_leaves_no_file(
    venue: ScriptedVenue, path: Path
) -> None:
    venue.refused[BOOK] = (-32602, "invalid params", "no such market")
    recorder = Recorder(venue.url, path, markets=MARKETS, report=lambda _: None)

    with pytest.raises(rpc.RpcError, match="no such market"):
        await recorder.start()
    assert size_of(path) == 0


async def test_a_channel_that_does_not_come_back_is_asked_for_again(
    venue: ScriptedVenue, path: Path
) -> None:
    reports: list[str] = []
    async with recording(venue.url, path, topics=["bbo", "trades"], report=reports.append):
        venue.refused[f"trades.{BTC}"] = (-32603, "internal error", "later")
        venue.last.transport.abort()
        await eventually(lambda: any("subscribed again" in report for report in reports))

    # Twice by the replay of the connection, once more when that was over.
    assert venue.requests[1].count(("subscribe", f"trades.{BTC}")) == 3


async def test_a_disk_that_is_full_ends_the_wait(venue: ScriptedVenue) -> None:
    recorder = Recorder(
        venue.url, Path("/dev/full"), markets=MARKETS, overwrite=True, report=lambda _: None
    )
    await recorder.start()

    with pytest.raises(OSError, match="No space left"):
        await asyncio.wait_for(recorder.failed(), PATIENCE_SECS)
    with pytest.raises(OSError, match="No space left"):
        await recorder.stop()


@pytest.mark.parametrize(
    ("topics", "words"),
    [
        (["fills"], "private channel.*bbo, trades"),
        (["novelty"], "must be one of bbo.*was 'novelty'"),
        ([], "no channel to record"),
    ],
)
async def test_what_cannot_be_recorded_is_refused_at_once(
    path: Path, topics: list[str], words: str
) -> None:
    with pytest.raises(TopicError, match=words):
        Recorder("ws://x/v1", path, markets=MARKETS, topics=topics, report=lambda _: None)


@asynccontextmanager
async def witness(url: str, channels: Iterable[str]) -> AsyncIterator[list[bytes]]:
    """Another subscriber, and what it has received."""
    received: list[bytes] = []
    async with connect(url) as socket:
        for number, channel in enumerate(channels):
            await socket.send(rpc.encode_request("subscribe", {"channel": channel}, number))

        async def listen() -> None:
            async for message in socket:
                payload = message.encode() if isinstance(message, str) else message
                if not payload.startswith(b"{") or b'"method"' in payload:
                    received.append(payload)

        listening = asyncio.create_task(listen())
        yield received
        listening.cancel()
        await asyncio.wait({listening})


@pytest.mark.parametrize("version", [2, 1, 0, "json"])
async def test_the_file_has_byte_for_byte_what_another_subscriber_got(
    path: Path, version: int | str
) -> None:
    config = DevnetConfig(port=0, synthetic=False, past_hours=0, legacy_json=True)
    topics = ["bbo", "trades", "order_book"]
    query = "" if version == "json" else f"?sbeSchemaId=1&sbeSchemaVersion={version}"
    async with (
        DevnetServer(config) as server,
        connected(server) as (client, other),
        recording(server.ws_url, path, topics=topics, sbe_schema_version=version) as recorder,
        witness(server.ws_url + query, recorder.channels) as witnessed,
    ):
        # Each begins with the same quiet market: its best prices and its book.
        await eventually(lambda: recorder.stats.frames == len(witnessed) == 2)
        for number in range(5):
            await client.place(price=f"{95_000 + number}")
            await other.place(side="SELL", type="MARKET", price=None, size="0.004")
        expected = 2 + 5 * (2 * 2 + 1)  # best prices and book for each, and the trade
        await eventually(lambda: recorder.stats.frames == len(witnessed) == expected)

    assert payloads(path)[2:] == witnessed[2:]
    assert len(payloads(path)) == expected


async def test_the_local_venue_replays_a_recording_of_itself(path: Path) -> None:
    config = DevnetConfig(port=0, step_interval_ms=20, past_hours=0)
    async with DevnetServer(config) as server:
        markets = [rest.Market(symbol=BTC)]
        async with recording(server.ws_url, path, markets=markets) as recorder:
            await eventually(lambda: recorder.stats.frames > 50)

    books = load(path).frames[BTC]
    assert [frame.data for frame in books] == [
        payload for payload in payloads(path) if payload[2:4] == b"\x03\x00"
    ]
    assert len(books) > 10
