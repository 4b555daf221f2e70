"""
From an event to a binary frame, in any schema version: what a server of the venue would send.

Fields younger than the version are left out, as are flags (`MMP` below version 2), so a client
that asked for an older version reads the layout it was made for. Not for requests: those are JSON.

What the wire cannot say is said as the venue says it: None is the null of a number, 0 for
`orderbook_seq_no` (which has no null), no flags, an empty string, and for an enum NONE, UNSPECIFIED
or NON_REPRESENTABLE, whichever it has first.
"""

import struct
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from nautilus_paradex.protocol.errors import SbeEncodeError
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

__all__ = ["encode"]

type _ToWire = Callable[[Any], int | bytes]

_GROUP_HEADER = struct.Struct("<HH")
_LEVEL = struct.Struct("<qq")
_MAX_LEVELS = 2**16 - 1
_MAX_TEXT_BYTES = 255
_ADDRESS_BYTES = 32
# What a conversion or `struct` raises for a value of the wrong type, name or range.
_VALUE_ERRORS = (LookupError, TypeError, ValueError, OverflowError, struct.error)


def encode(event: Event, version: int) -> bytes:
    """
    Encode an event as a binary frame.

    Parameters
    ----------
    event
        One of the structs of `protocol.events`.
    version
        The schema version to write, 0 to 2.

    Returns
    -------
    bytes
        The frame, header included. `decode` gives the event back, without what the version does
        not carry.

    Raises
    ------
    SbeEncodeError
        If the version does not exist or has no such message, or a value does not fit its field.
    """
    writer = _WRITERS.get((type(event), version))
    if writer is None:
        raise _no_message(event, version)
    return writer.write(event)


class _Writer:
    """Writes one kind of message in one version."""

    __slots__ = ("_conversions", "_fields", "_groups", "_header", "_message", "_pack", "_texts")

    def __init__(self, layout: MessageLayout, version: int) -> None:
        self._message = layout.name
        self._fields = layout.fields_in(version)
        self._conversions = [(f.name, _conversion(f, version)) for f in self._fields]
        self._groups = layout.groups
        self._texts = [text.name for text in layout.texts if text.since <= version]
        self._header = (layout.block_length(version), layout.template_id, SCHEMA_ID, version)
        self._pack = struct.Struct("<HHHH" + "".join(f.code for f in self._fields)).pack

    def write(self, event: Event) -> bytes:
        parts = [self._block(event)]
        parts += [self._group(getattr(event, name), name) for name in self._groups]
        parts += [self._text(getattr(event, name), name) for name in self._texts]
        return b"".join(parts)

    def _block(self, event: Event) -> bytes:
        try:
            values = [convert(getattr(event, name)) for name, convert in self._conversions]
            return self._pack(*self._header, *values)
        except _VALUE_ERRORS:
            raise self._complaint(event) from None

    def _complaint(self, event: Event) -> SbeEncodeError:
        """Find the field that does not fit: only the unlucky pay for the search."""
        for field, (name, convert) in zip(self._fields, self._conversions, strict=True):
            value = getattr(event, name)
            try:
                struct.pack("<" + field.code, convert(value))
            except _VALUE_ERRORS:
                return self._misfit(name, value, _expectation(field))
        return SbeEncodeError(f"{self._message} cannot be written")

    def _group(self, levels: Sequence[BookLevel], name: str) -> bytes:
        if len(levels) > _MAX_LEVELS:
            raise self._misfit(name, f"{len(levels)} levels", f"at most {_MAX_LEVELS}")
        packed = [_GROUP_HEADER.pack(_LEVEL.size, len(levels))]
        for index, level in enumerate(levels):
            try:
                packed.append(_LEVEL.pack(*level))
            except (TypeError, struct.error):
                raise self._misfit(f"{name}[{index}]", level, "two int64") from None
            if NULL_INT64 in level:
                raise self._misfit(f"{name}[{index}]", level, "no null (-2**63) in a level")
        return b"".join(packed)

    def _text(self, text: str | None, name: str) -> bytes:
        try:
            raw = b"" if text is None else text.encode()
        except (AttributeError, UnicodeEncodeError):
            raise self._misfit(name, text, "a string of Unicode characters") from None
        if len(raw) > _MAX_TEXT_BYTES:
            raise self._misfit(name, text, f"at most {_MAX_TEXT_BYTES} bytes of UTF-8")
        return bytes((len(raw),)) + raw

    def _misfit(self, name: str, value: object, expected: str) -> SbeEncodeError:
        return SbeEncodeError(f"{self._message}.{name} was {value!r}, expected {expected}")


def _no_message(event: object, version: int) -> SbeEncodeError:
    name = type(event).__name__
    if version not in VERSIONS:
        return SbeEncodeError(
            f"SBE schema version was {version!r}, expected {VERSIONS[0]} to {VERSIONS[-1]}"
        )
    layout = next((known for known in LAYOUTS.values() if isinstance(event, known.event)), None)
    if layout is None:
        return SbeEncodeError(f"event was a {name}, which has no binary message")
    return SbeEncodeError(
        f"SBE schema version was {version}, {name} exists from version {layout.since} on"
    )


def _conversion(field: FieldSpec, version: int) -> _ToWire:
    """Return what makes a wire value of an event's value."""
    match field.type:
        case Vocabulary() as vocabulary:
            return vocabulary.codes.__getitem__
        case BitSet() as bit_set:
            return _flag_conversion(bit_set, version)
        case Primitive.ADDRESS:
            return _address
        case Primitive.INT64:
            return _nullable(NULL_INT64)
        case Primitive.INT16:
            return _nullable(NULL_INT16)
        case Primitive.UINT64:
            return _nullable(0)


def _nullable(null: int) -> _ToWire:
    return lambda value: null if value is None else value


def _flag_conversion(bit_set: BitSet, version: int) -> _ToWire:
    masks, allowed = bit_set.masks, bit_set.allowed_mask(version)

    def convert(flags: Iterable[str] | None) -> int:
        value = 0
        for flag in flags or ():
            value |= masks[flag]
        return value & allowed

    return convert


def _address(address: str | None) -> bytes:
    return int(address or "0", 16).to_bytes(_ADDRESS_BYTES, "big")


def _expectation(field: FieldSpec) -> str:
    match field.type:
        case Vocabulary() as vocabulary:
            return f"one of {', '.join(vocabulary.members)} or UNKNOWN_<code>"
        case BitSet() as bit_set:
            return f"names from {', '.join(bit_set.members)} or UNKNOWN_<bit>"
        case Primitive.ADDRESS:
            return f"the hex of at most {_ADDRESS_BYTES} bytes"
        case Primitive() as primitive:
            return f"an integer that fits {primitive.name}"


_WRITERS = {
    (layout.event, version): _Writer(layout, version)
    for layout in LAYOUTS.values()
    for version in VERSIONS
    if version >= layout.since
}
