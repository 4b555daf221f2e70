"""
From a binary frame to an event.

The rules are the venue's (schema header, api-notes): the frame's own block length and group entry
length count, not ours; what is longer is skipped, what is shorter lacks its last fields; a string
missing at the end of the frame is absent. Not for routing: a frame names its market, no channel.

Choices of ours, where the venue is silent:

* A frame of another schema id raises: a new id means that known fields have moved.
* A template that is not in the tables is None, whatever the rest of its frame looks like.
* Bytes that are no UTF-8 become U+FFFD: a broken label must not cost a fill.
* Group entries shorter than price and size, and a level with a null in it, raise: half a level
  would be a wrong book.
* Bytes after the last known string are ignored, as a newer version may append some.
"""

import struct
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from nautilus_paradex.protocol.errors import SbeDecodeError
from nautilus_paradex.protocol.events import BookLevel, Event
from nautilus_paradex.protocol.sbe.layouts import (
    LAYOUTS,
    NULL_INT16,
    NULL_INT64,
    SCHEMA_ID,
    VERSIONS,
    FieldSpec,
    MessageLayout,
    Primitive,
)
from nautilus_paradex.protocol.sbe.vocabulary import BitSet, Vocabulary

__all__ = ["decode", "decode_with_length", "peek_template"]

type _Reader = Callable[[bytes], tuple[Event, int]]

_HEADER = struct.Struct("<HHHH")
_BLOCK_START = _HEADER.size
# Block length, template id and schema id choose the reader; the version does not matter.
_KEY_SIZE = 6
_GROUP_HEADER = struct.Struct("<HH")
_LEVEL = struct.Struct("<qq")
_NULL_BYTES = struct.pack("<q", NULL_INT64)


def decode(frame: bytes) -> Event | None:
    """
    Decode one binary frame.

    Parameters
    ----------
    frame
        The payload of a binary WebSocket message.

    Returns
    -------
    Event | None
        The event, or None for a template that this package does not know.

    Raises
    ------
    SbeDecodeError
        If the frame is cut short, malformed or of another schema.
    """
    reader = _USUAL_READERS.get(frame[:_KEY_SIZE]) or _find_reader(frame)
    return None if reader is None else reader(frame)[0]


def decode_with_length(frame: bytes) -> tuple[Event | None, int]:
    """
    Decode one binary frame and say how many of its bytes were read or skipped by rule.

    Less than `len(frame)` means bytes after the last known string. For an unknown template it is
    the length of the frame. Otherwise as `decode`.
    """
    reader = _USUAL_READERS.get(frame[:_KEY_SIZE]) or _find_reader(frame)
    return (None, len(frame)) if reader is None else reader(frame)


def peek_template(frame: bytes) -> int:
    """
    Return the template id of a binary frame without decoding it.

    Raises
    ------
    SbeDecodeError
        If the frame is shorter than a header.
    """
    return _read_header(frame)[1]


def _read_header(frame: bytes) -> tuple[int, int, int, int]:
    try:
        return _HEADER.unpack_from(frame)
    except struct.error:
        raise SbeDecodeError(
            f"SBE frame was {len(frame)} bytes long, a header alone takes {_HEADER.size}"
        ) from None


def _find_reader(frame: bytes) -> _Reader | None:
    """Return the reader of a frame whose block length is not one of the schema's versions."""
    block_length, template_id, schema_id, _version = _read_header(frame)
    if schema_id != SCHEMA_ID:
        raise SbeDecodeError(
            f"SBE schema id was {schema_id}, expected {SCHEMA_ID}: the frame is of a schema "
            f"that this version cannot read"
        )
    return _unusual_reader(template_id, block_length) if template_id in LAYOUTS else None


@lru_cache(maxsize=128)
def _unusual_reader(template_id: int, block_length: int) -> _Reader:
    return _make_reader(LAYOUTS[template_id], block_length)


def _make_reader(layout: MessageLayout, block_length: int) -> _Reader:
    """Return a function that reads `layout` from frames with this block length."""
    is_whole = block_length >= layout.block_length(VERSIONS[-1])
    is_plain = is_whole and layout.is_int64_only and not layout.groups and len(layout.texts) == 1
    make = _plain_reader if is_plain else _general_reader
    return make(layout, block_length)


def _plain_reader(layout: MessageLayout, block_length: int) -> _Reader:
    """
    Read a whole block of int64 and one string: quotes and tickers.

    The general reader could do it; without its loops the most frequent message saves a third.
    """
    message, text_name = layout.name, layout.texts[0].name
    block_end = _BLOCK_START + block_length
    unpack_from = layout.block_struct(len(layout.fields)).unpack_from
    make_event: Callable[..., Event] = layout.event

    def read(frame: bytes) -> tuple[Event, int]:
        if len(frame) < block_end:
            raise _cut_short(message, "block", block_end, len(frame))
        values = unpack_from(frame, _BLOCK_START)
        if NULL_INT64 in values:
            values = tuple([None if value == NULL_INT64 else value for value in values])
        text, end = _read_text(frame, block_end, message, text_name)
        return make_event(*values, text), end

    return read


def _general_reader(layout: MessageLayout, block_length: int) -> _Reader:
    message, groups = layout.name, layout.groups
    text_names = [text.name for text in layout.texts]
    block_end = _BLOCK_START + block_length
    count = layout.fields_within(block_length)
    read_block = _block_reader(layout, count)
    # A block that ends in nulls reads like one that ends before them.
    quiet_count = layout.quiet_tail if count == len(layout.fields) else 0
    read_head = _block_reader(layout, count - quiet_count)
    tail_end = _BLOCK_START + layout.block_struct(count).size
    nulls = _NULL_BYTES * quiet_count
    tail_start = tail_end - len(nulls)
    make_event: Callable[..., Event] = layout.event

    def read(frame: bytes) -> tuple[Event, int]:
        if len(frame) < block_end:
            raise _cut_short(message, "block", block_end, len(frame))
        values = (read_head if frame[tail_start:tail_end] == nulls else read_block)(frame)
        position = block_end
        for group in groups:
            levels, position = _read_levels(frame, position, message, group)
            values.append(levels)
        for name in text_names:
            text, position = _read_text(frame, position, message, name)
            values.append(text)
        return make_event(*values), position

    return read


def _block_reader(layout: MessageLayout, count: int) -> Callable[[bytes], list[Any]]:
    """Return a function that reads the first `count` fields of a block; the others are None."""
    unpack_from = layout.block_struct(count).unpack_from
    missing = [None] * (len(layout.fields) - count)
    converters = [
        (index, converter)
        for index, field in enumerate(layout.fields[:count])
        if (converter := _converter(field)) is not None
    ]

    def read(frame: bytes) -> list[Any]:
        values: list[Any] = [*unpack_from(frame, _BLOCK_START)]
        # Only an int64 can equal this number, so one look over all values tells.
        if NULL_INT64 in values:
            values = [None if value == NULL_INT64 else value for value in values]
        for index, convert in converters:
            values[index] = convert(values[index])
        values += missing
        return values

    return read


def _read_text(frame: bytes, position: int, message: str, name: str) -> tuple[str | None, int]:
    start = position + 1
    if start > len(frame):
        return None, position
    end = start + frame[position]
    if end > len(frame):
        raise _cut_short(message, name, end, len(frame))
    raw = frame[start:end]
    try:
        return raw.decode(), end
    except UnicodeDecodeError:
        return raw.decode(errors="replace"), end


def _read_levels(
    frame: bytes, position: int, message: str, group: str
) -> tuple[list[BookLevel], int]:
    size = len(frame)
    start = position + _GROUP_HEADER.size
    if start > size:
        raise _cut_short(message, f"group {group}", start, size)
    entry_length, count = _GROUP_HEADER.unpack_from(frame, position)
    if count == 0:
        return [], start
    if entry_length < _LEVEL.size:
        raise SbeDecodeError(
            f"{message} group {group}: entry length was {entry_length}, a price and a size take "
            f"{_LEVEL.size}"
        )
    end = start + entry_length * count
    if end > size:
        raise _cut_short(message, f"group {group}", end, size)
    if entry_length == _LEVEL.size:
        levels = list(_LEVEL.iter_unpack(frame[start:end]))
    else:
        levels = [_LEVEL.unpack_from(frame, at) for at in range(start, end, entry_length)]
    # Quick to search for, but no proof: the eight bytes may lie across two numbers.
    if frame.find(_NULL_BYTES, start, end) >= 0:
        _refuse_null_levels(levels, message, group)
    return levels, end


def _refuse_null_levels(levels: list[BookLevel], message: str, group: str) -> None:
    for index, level in enumerate(levels):
        if NULL_INT64 in level:
            raise SbeDecodeError(f"{message} group {group}: level {index} has a null")


def _cut_short(message: str, part: str, end: int, size: int) -> SbeDecodeError:
    return SbeDecodeError(
        f"{message} frame was {size} bytes long, but its {part} ends at byte {end}"
    )


def _converter(field: FieldSpec) -> Callable[[Any], Any] | None:
    """Return what makes an event's value of a wire value; None if they are the same."""
    match field.type:
        case Vocabulary() as vocabulary:
            return vocabulary.names.__getitem__
        case BitSet() as bit_set:
            return bit_set.flags.__getitem__
        case Primitive.ADDRESS:
            return _address
        case Primitive.INT16:
            return _null_int16
        case _:
            return None


def _address(raw: bytes) -> str:
    return hex(int.from_bytes(raw, "big"))


def _null_int16(value: int) -> int | None:
    return None if value == NULL_INT16 else value


def _usual_readers() -> dict[bytes, _Reader]:
    """Return the readers of the block lengths that the schema's versions have."""
    readers: dict[bytes, _Reader] = {}
    for layout in LAYOUTS.values():
        for block_length in {layout.block_length(version) for version in VERSIONS}:
            key = _HEADER.pack(block_length, layout.template_id, SCHEMA_ID, 0)[:_KEY_SIZE]
            readers[key] = _make_reader(layout, block_length)
    return readers


_USUAL_READERS = _usual_readers()
