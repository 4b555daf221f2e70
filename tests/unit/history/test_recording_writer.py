"""What reaches the file of a recording, and what does not when the disk cannot follow."""

import errno
import gzip
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from nautilus_paradex.history.reader import RecordingReader
from nautilus_paradex.history.writer import RecordingWriter
from nautilus_paradex.protocol.recording import BINARY, RecordedFrame
from tests.support import PROCESS_PATIENCE_SECS, eventually

FRAMES = [RecordedFrame(number, BINARY, b"x" * number) for number in range(1, 3_000)]


def unexpected(exc: OSError) -> None:
    raise AssertionError("the writer failed") from exc


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz"])
def test_every_frame_is_in_the_file_in_its_order(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    writer = RecordingWriter(path, on_failure=unexpected)

    assert all(writer.put(frame) for frame in FRAMES)
    writer.close()

    assert list(RecordingReader(path)) == FRAMES
    assert writer.size == path.stat().st_size


def test_only_a_gz_name_is_gzipped(tmp_path: Path) -> None:
    for name in ("a.gz", "a.jsonl"):
        writer = RecordingWriter(tmp_path / name, on_failure=unexpected)
        writer.put(FRAMES[0])
        writer.close()

    assert gzip.decompress((tmp_path / "a.gz").read_bytes()) == (tmp_path / "a.jsonl").read_bytes()


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz"])
async def test_what_was_put_can_be_read_while_the_recording_goes_on(
    tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    writer = RecordingWriter(path, on_failure=unexpected)
    for frame in FRAMES[:10]:
        writer.put(frame)

    await eventually(lambda: list(RecordingReader(path)) == FRAMES[:10])
    writer.close()


def test_a_file_that_is_there_is_replaced_only_when_asked_to(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("precious\n")
    with pytest.raises(FileExistsError):
        RecordingWriter(path, on_failure=unexpected)
    assert path.read_text() == "precious\n"

    writer = RecordingWriter(path, on_failure=unexpected, overwrite=True)
    writer.put(FRAMES[0])
    writer.close()

    assert list(RecordingReader(path)) == FRAMES[:1]


async def test_a_full_queue_refuses_until_the_disk_has_caught_up(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    writer = RecordingWriter(path, on_failure=unexpected, max_pending_bytes=2_000)
    frame = RecordedFrame(1, BINARY, b"x" * 800)

    accepted = 0
    while writer.put(frame):
        accepted += 1
    await eventually(lambda: writer.put(frame))
    writer.close()

    assert list(RecordingReader(path)) == [frame] * (accepted + 1)


def test_what_is_larger_than_the_queue_is_refused(tmp_path: Path) -> None:
    writer = RecordingWriter(tmp_path / "a.jsonl", on_failure=unexpected, max_pending_bytes=2_000)

    assert not writer.put(RecordedFrame(1, BINARY, b"x" * 2_000))
    writer.close()


def test_a_full_disk_is_told_and_ends_the_recording() -> None:
    failures: list[OSError] = []
    writer = RecordingWriter(Path("/dev/full"), on_failure=failures.append, overwrite=True)
    writer.put(FRAMES[0])

    with pytest.raises(OSError, match="No space left"):
        writer.close()

    assert [failure.errno for failure in failures] == [errno.ENOSPC]
    assert writer.failure is failures[0]
    assert not writer.put(FRAMES[1])


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz"])
def test_a_file_that_may_not_grow_any_more_ends_with_a_whole_line(
    tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    # In a process of its own, because the limit is one of the process.
    program = f"""
        import os, pathlib, resource
        from nautilus_paradex.history.writer import RecordingWriter
        from nautilus_paradex.protocol.recording import BINARY, RecordedFrame

        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
        failures = []
        writer = RecordingWriter(pathlib.Path({str(path)!r}), on_failure=failures.append)
        for number in range(1, 100):
            writer.put(RecordedFrame(number, BINARY, os.urandom(300)))
        try:
            writer.close()
        except OSError as exc:
            assert failures == [exc]
            print("told")
    """
    said = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        capture_output=True,
        text=True,
        check=True,
        timeout=PROCESS_PATIENCE_SECS,
    )

    assert said.stdout == "told\n"
    assert path.stat().st_size <= 10_000
    reader = RecordingReader(path)
    frames = list(reader)
    assert [frame.t_ns for frame in frames] == list(range(1, len(frames) + 1))
    assert len(frames) > 10
    assert reader.report.is_cut == name.endswith(".gz")
