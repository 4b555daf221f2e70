"""The lines of a recording: both directions, and what a reader makes of broken ones."""

import gzip
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_paradex.protocol.recording import (
    BINARY,
    TEXT,
    ReadReport,
    RecordedFrame,
    RecordingError,
    decode_line,
    decode_lines,
    encode_line,
)

FRAMES = [
    RecordedFrame(7, TEXT, '{"jsonrpc":"2.0","a":"é\\n"}\n'.encode()),
    RecordedFrame(7, BINARY, bytes(range(256))),
    RecordedFrame(1_795_435_141_918_938_708, BINARY, b""),
]
WHOLE = b"".join(map(encode_line, FRAMES))


@given(
    st.integers(0, 2**63 - 1),
    st.sampled_from([TEXT, BINARY]),
    st.binary() | st.text().map(str.encode),
)
def test_a_frame_comes_back_as_it_was_whatever_is_in_it(
    t_ns: int, opcode: int, payload: bytes
) -> None:
    frame = RecordedFrame(t_ns, opcode, payload)
    line = encode_line(frame)

    assert decode_line(line) == frame
    assert line.count(b"\n") == 1


def test_a_line_has_the_documented_form() -> None:
    text, binary = (json.loads(encode_line(frame)) for frame in FRAMES[:2])

    assert text == {"t_ns": 7, "opcode": "text", "text": FRAMES[0].payload.decode()}
    assert binary.keys() == {"t_ns", "opcode", "b64"}


def test_fields_that_others_add_are_passed_over() -> None:
    line = b'{"t_ns": 3, "opcode": "text", "text": "hi", "host": "x", "b64": null}'

    assert decode_line(line) == RecordedFrame(3, TEXT, b"hi")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"nonsense", "not a line of a recording"),
        (b"[]", "Expected `object`"),
        (b'{"opcode": "text", "text": ""}', "t_ns"),
        (b'{"t_ns": "1", "opcode": "text", "text": ""}', "t_ns"),
        (b'{"t_ns": 1, "opcode": "ping", "text": ""}', "ping"),
        (b'{"t_ns": 1, "opcode": "text"}', "without `text`"),
        (b'{"t_ns": 1, "opcode": "binary", "text": "x"}', "without `b64`"),
        (b'{"t_ns": 1, "opcode": "binary", "b64": "a"}', "not base64"),
        (b'{"t_ns": 1, "opcode": "text", "text": "\xff"}', "not a line"),
    ],
)
def test_what_is_no_line_is_refused_in_words(line: bytes, words: str) -> None:
    with pytest.raises(RecordingError, match=words):
        decode_line(line)


def test_empty_lines_count_but_hold_nothing() -> None:
    report = ReadReport()

    assert list(decode_lines([b"\n", encode_line(FRAMES[0]), b"  \n"], report)) == FRAMES[:1]
    assert report == ReadReport(lines=3)


@pytest.mark.parametrize("cut", range(1, len(encode_line(FRAMES[2]))))
def test_a_recording_cut_within_a_line_ends_before_it(cut: int) -> None:
    report = ReadReport()
    frames = list(decode_lines(io.BytesIO(WHOLE[:-cut]), report))

    # Without its end alone the last line is whole.
    assert frames == (FRAMES if cut == 1 else FRAMES[:2])
    assert report.is_cut == (cut > 1)


def test_a_last_line_that_is_whole_and_wrong_is_an_error() -> None:
    with pytest.raises(RecordingError, match="line 4"):
        list(decode_lines(io.BytesIO(WHOLE + b'{"t_ns": 1}')))


def test_a_malformed_line_is_named_by_its_number() -> None:
    with pytest.raises(RecordingError, match="line 2: not a line"):
        list(decode_lines([encode_line(FRAMES[0]), b"oops\n", encode_line(FRAMES[1])]))


def test_malformed_lines_can_be_counted_instead() -> None:
    report = ReadReport()
    lines = [b"oops\n", encode_line(FRAMES[0]), b"{}\n", encode_line(FRAMES[1])]

    assert list(decode_lines(lines, report, skip_malformed=True)) == FRAMES[:2]
    assert (report.lines, report.malformed) == (4, 2)
    assert report.first_problem is not None
    assert report.first_problem.startswith("line 1:")


@pytest.mark.parametrize("missing", [1, 8, 20])
def test_a_gzipped_recording_that_is_cut_ends_at_its_last_whole_line(missing: int) -> None:
    report = ReadReport()
    stream = gzip.GzipFile(fileobj=io.BytesIO(gzip.compress(WHOLE)[:-missing]))

    frames = list(decode_lines(stream, report))

    assert frames == FRAMES[: len(frames)]
    assert report.is_cut
