"""
What a recorder writes between the frames: which markets these are, where the stream was broken.

A note has the form of a notification on a channel that no venue has: a reader that does not know
of notes passes it over as it does every channel that is new to it.
"""

from typing import Final

import msgspec

from nautilus_paradex.protocol import rest, rpc
from nautilus_paradex.protocol.errors import MessageError
from nautilus_paradex.protocol.recording import TEXT, RecordedFrame, RecordingError

__all__ = ["Begun", "Ended", "Interrupted", "Markets", "Note", "Resumed", "note_frame", "note_in"]

_CHANNEL: Final = "paradex-nt.recorder"
_MARK: Final = f'"{_CHANNEL}"'.encode()


class Begun(msgspec.Struct, frozen=True, tag="begun", tag_field="note"):
    """The beginning: where the frames come from and what was subscribed to."""

    url: str
    channels: list[str]
    sbe_schema_version: int | None = None


class Markets(msgspec.Struct, frozen=True, tag="markets", tag_field="note"):
    """The specifications of the recorded markets, as REST gave them."""

    markets: list[rest.Market]


class Interrupted(msgspec.Struct, frozen=True, tag="interrupted", tag_field="note"):
    """
    Frames are missing here: books are unknown until their next snapshot.

    Parameters
    ----------
    reason : str
        Why, in words.
    dropped : int
        Frames that arrived and could not be written.

    """

    reason: str
    dropped: int = 0


class Resumed(msgspec.Struct, frozen=True, tag="resumed", tag_field="note"):
    """The lost connection is back, its channels are subscribed again."""

    sbe_schema_version: int | None = None


class Ended(msgspec.Struct, frozen=True, tag="ended", tag_field="note"):
    """The orderly end, with the number of frames that were written."""

    frames: int


type Note = Begun | Markets | Interrupted | Resumed | Ended

_NOTES: Final[msgspec.json.Decoder[Note]] = msgspec.json.Decoder(
    Begun | Markets | Interrupted | Resumed | Ended
)


def note_frame(t_ns: int, note: Note) -> RecordedFrame:
    """Return the frame that carries a note of that time, Unix ns."""
    return RecordedFrame(t_ns, TEXT, rpc.encode_notification(_CHANNEL, note).encode())


def note_in(frame: RecordedFrame) -> Note | None:
    """
    Return the note that a frame carries, None if it is a frame of the venue.

    Raises
    ------
    RecordingError
        If it is a note that this version cannot read.

    """
    if frame.opcode != TEXT or _MARK not in frame.payload:
        return None
    try:
        message = rpc.decode(frame.payload)
    except MessageError:
        return None  # the venue's, and malformed
    if not isinstance(message, rpc.Notification) or message.channel != _CHANNEL:
        return None
    try:
        return _NOTES.decode(message.data)
    except msgspec.MsgspecError as exc:
        raise RecordingError(f"a note of the recorder that cannot be read: {exc}") from exc
