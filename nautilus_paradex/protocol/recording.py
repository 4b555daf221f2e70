"""Raw recordings: JSON lines ``{"t_ns", "opcode", "text"|"b64"}``, one for each frame of a socket.

Both directions of a line are here, so that recorder, replay and local venue share one definition.
It opens no files: whoever has the lines brings them.
"""

import base64
import binascii
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, NamedTuple

import msgspec

from nautilus_paradex.protocol.errors import ProtocolError

__all__ = [
    "BINARY",
    "TEXT",
    "ReadReport",
    "RecordedFrame",
    "RecordingError",
    "decode_line",
    "decode_lines",
    "encode_line",
    "is_compressed",
]

TEXT: Final = 1
"""RFC 6455, 5.2: opcode of a text frame."""
BINARY: Final = 2
"""RFC 6455, 5.2: opcode of a binary frame."""


class RecordingError(ProtocolError):
    """A recording cannot be read; the message says where it is wrong."""


class RecordedFrame(NamedTuple):
    """The payload of one data message, how it was sent, and when it arrived, Unix ns."""

    t_ns: int
    opcode: int
    payload: bytes


@dataclass(slots=True)
class ReadReport:
    """
    What a reader found beside the frames.

    Parameters
    ----------
    lines : int
        Lines read so far, malformed ones included.
    malformed : int
        Lines that were passed over.
    first_problem : str, optional
        What was wrong with the first of them.
    is_cut : bool
        Whether the file ends within a line, as after the death of its writer.

    """

    lines: int = 0
    malformed: int = 0
    first_problem: str | None = None
    is_cut: bool = False


class _Line(msgspec.Struct, frozen=True, omit_defaults=True):
    t_ns: int
    opcode: Literal["text", "binary"]
    text: str | None = None
    b64: str | None = None


_LINE: Final = msgspec.json.Decoder(_Line)
_ENCODER: Final = msgspec.json.Encoder()


def is_compressed(path: Path) -> bool:
    """Return whether a recording of that name holds its lines gzipped."""
    return path.suffix == ".gz"


def encode_line(frame: RecordedFrame) -> bytes:
    """
    Write a frame as a line, its end included.

    A text frame that is no UTF-8 cannot be a JSON string: its bytes are kept as ``b64``.

    """
    return _ENCODER.encode(_line_of(frame)) + b"\n"


def decode_line(line: bytes) -> RecordedFrame:
    """
    Read a line.

    Raises
    ------
    RecordingError
        If it is no line of a recording.

    """
    try:
        decoded = _LINE.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError) as exc:
        raise RecordingError(f"not a line of a recording: {exc}") from exc
    opcode = TEXT if decoded.opcode == "text" else BINARY
    return RecordedFrame(decoded.t_ns, opcode, _payload(decoded))


def decode_lines(
    lines: Iterable[bytes],
    report: ReadReport | None = None,
    *,
    skip_malformed: bool = False,
) -> Iterator[RecordedFrame]:
    """
    Read the lines of a recording, their ends included. Empty ones are passed over.

    A last line that is only the beginning of one is what a writer that was killed left behind: the
    recording ends before it.

    Parameters
    ----------
    lines : Iterable[bytes]
        Such as an open file. One that ends in an `EOFError`, as a gzipped file does when it was
        cut, ends there.
    report : ReadReport, optional
        Where the reader notes what it found.
    skip_malformed : bool, default False
        If lines that cannot be read are only counted.

    Raises
    ------
    RecordingError
        If a line is malformed; the message has its number.

    """
    report = ReadReport() if report is None else report
    for line in _until_cut(lines, report):
        report.lines += 1
        if not line.strip():
            continue
        try:
            yield decode_line(line)
        except RecordingError as exc:
            if _is_cut(line):
                report.is_cut = True
                return
            problem = f"line {report.lines}: {exc}"
            if not skip_malformed:
                raise RecordingError(problem) from exc
            report.malformed += 1
            report.first_problem = report.first_problem or problem


def _until_cut(lines: Iterable[bytes], report: ReadReport) -> Iterator[bytes]:
    try:
        yield from lines
    except EOFError:
        report.is_cut = True


def _is_cut(line: bytes) -> bool:
    if line.endswith(b"\n"):
        return False
    try:
        msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return True
    return False


def _line_of(frame: RecordedFrame) -> _Line:
    if frame.opcode == BINARY:
        return _Line(frame.t_ns, "binary", b64=base64.b64encode(frame.payload).decode())
    try:
        return _Line(frame.t_ns, "text", text=frame.payload.decode())
    except UnicodeDecodeError:
        return _Line(frame.t_ns, "text", b64=base64.b64encode(frame.payload).decode())


def _payload(line: _Line) -> bytes:
    if line.text is not None and line.opcode == "text":
        return line.text.encode()
    if line.b64 is None:
        raise RecordingError(f"{line.opcode} frame without `{_FIELDS[line.opcode]}`")
    try:
        return base64.b64decode(line.b64, validate=True)
    except binascii.Error as exc:
        raise RecordingError(f"`b64` is not base64: {exc}") from exc


_FIELDS: Final = {"text": "text", "binary": "b64"}
