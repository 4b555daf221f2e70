"""Round trips of any event in any version, and any bytes at all."""

import struct

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nautilus_paradex.protocol import sbe
from nautilus_paradex.protocol.errors import SbeDecodeError
from nautilus_paradex.protocol.sbe.decoder import decode_with_length
from nautilus_paradex.protocol.sbe.layouts import (
    LAYOUTS,
    VERSIONS,
    MessageLayout,
    Primitive,
)
from nautilus_paradex.protocol.sbe.vocabulary import BitSet, Vocabulary

# A busy machine is no failure.
UNTIMED = settings(deadline=None)
INT64 = st.integers(-(2**63) + 1, 2**63 - 1)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=63)
PRIMITIVE_VALUES = {
    Primitive.INT64: st.none() | INT64,
    Primitive.UINT64: st.integers(0, 2**64 - 1),
    Primitive.INT16: st.none() | st.integers(-(2**15) + 1, 2**15 - 1),
    Primitive.ADDRESS: st.integers(0, 2**256 - 1).map(hex),
}
EACH_LAYOUT = pytest.mark.parametrize("layout", LAYOUTS.values(), ids=lambda layout: layout.name)


def values_of(field_type):
    match field_type:
        case Vocabulary() as vocabulary:
            return st.sampled_from(vocabulary.names)
        case BitSet() as bit_set:
            return st.sampled_from(bit_set.flags)
        case primitive:
            return PRIMITIVE_VALUES[primitive]


def events_of(layout: MessageLayout):
    return st.builds(
        layout.event,
        **{field.name: values_of(field.type) for field in layout.fields},
        **{group: st.lists(st.tuples(INT64, INT64), max_size=4) for group in layout.groups},
        **{text.name: TEXTS for text in layout.texts},
    )


def as_carried(event, layout, version):
    """Return the event without what this version leaves out."""
    younger = [spec.name for spec in (*layout.fields, *layout.texts) if spec.since > version]
    changes = dict.fromkeys(younger)
    if version < 2 and "MMP" in (getattr(event, "flags", None) or ()) and "flags" not in younger:
        changes["flags"] = tuple(flag for flag in event.flags if flag != "MMP")
    return msgspec.structs.replace(event, **changes)


@EACH_LAYOUT
@UNTIMED
@given(data=st.data())
def test_an_event_comes_back_from_every_version(layout, data):
    event = data.draw(events_of(layout))
    version = data.draw(st.sampled_from(VERSIONS[layout.since :]))
    frame = sbe.encode(event, version)
    assert decode_with_length(frame) == (as_carried(event, layout, version), len(frame))


@EACH_LAYOUT
@UNTIMED
@given(data=st.data())
def test_a_frame_with_other_bytes_in_it_is_written_again_as_it_was(layout, data):
    """Whatever the numbers, codes and bits of a block: nothing is lost on the way."""
    size = layout.block_length(VERSIONS[-1])
    block = data.draw(st.binary(min_size=size, max_size=size))
    header = struct.pack("<HHHH", size, layout.template_id, 1, VERSIONS[-1])
    tail = struct.pack("<HH", 16, 0) * len(layout.groups) + b"\0" * len(layout.texts)
    assert sbe.encode(sbe.decode(header + block + tail), VERSIONS[-1]) == header + block + tail


@UNTIMED
@given(st.binary(max_size=300))
def test_any_bytes_are_an_event_nothing_or_a_decode_error(frame):
    try:
        _, length = decode_with_length(frame)
    except SbeDecodeError:
        return
    assert length <= len(frame)


@UNTIMED
@given(
    template=st.sampled_from(sorted(LAYOUTS)),
    block_length=st.integers(0, 260),
    version=st.integers(0, 5),
    rest=st.binary(max_size=700),
)
def test_any_bytes_after_a_valid_header_are_an_event_or_a_decode_error(
    template, block_length, version, rest
):
    frame = struct.pack("<HHHH", block_length, template, 1, version) + rest
    try:
        event, length = decode_with_length(frame)
    except SbeDecodeError:
        return
    assert type(event) is LAYOUTS[template].event
    assert 8 + block_length <= length <= len(frame)


@EACH_LAYOUT
@UNTIMED
@given(data=st.data())
def test_any_cut_and_any_flipped_byte_are_an_event_nothing_or_a_decode_error(layout, data):
    frame = bytearray(sbe.encode(data.draw(events_of(layout)), VERSIONS[-1]))
    frame[data.draw(st.integers(0, len(frame) - 1))] = data.draw(st.integers(0, 255))
    try:
        sbe.decode(bytes(frame[: data.draw(st.integers(0, len(frame)))]))
    except SbeDecodeError:
        return
