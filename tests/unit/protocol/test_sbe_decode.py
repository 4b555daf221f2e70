"""What a binary frame becomes, also when it is longer, shorter or stranger than the schema says."""

import struct

import msgspec
import pytest

from nautilus_paradex.protocol import sbe
from nautilus_paradex.protocol.errors import ProtocolError, SbeDecodeError
from nautilus_paradex.protocol.sbe.decoder import decode_with_length

NULL = -(2**63)
# Offsets of single bytes in a frame, header included.
TRADE_SIDE = 8 + 24
TRADE_TYPE = 8 + 49
ORDER_FLAGS = 8 + 125
POSITION_STATUS = 8 + 153


def book_frame(bids: bytes, asks: bytes = struct.pack("<HH", 16, 0)) -> bytes:
    block = struct.pack("<qqB9q", 1, 2, 1, *[NULL] * 9)
    header = struct.pack("<HHHH", len(block), 3, 1, 1)
    return header + block + bids + asks + b"\x03ABC"


def with_byte(frame: bytes, offset: int, value: int) -> bytes:
    return frame[:offset] + bytes([value]) + frame[offset + 1 :]


def test_a_frame_becomes_its_event_and_is_read_to_its_end(frame_case):
    assert sbe.decode(frame_case.frame) == frame_case.event
    assert decode_with_length(frame_case.frame) == (frame_case.event, len(frame_case.frame))


def test_the_template_is_seen_without_decoding(frame_case):
    assert sbe.peek_template(frame_case.frame) == type(frame_case.event).TEMPLATE_ID


@pytest.mark.parametrize("version", [0, 1, 2, 3, 65_535])
def test_the_block_length_and_not_the_version_says_what_a_frame_holds(frame_case, version):
    frame = frame_case.frame[:6] + struct.pack("<H", version) + frame_case.frame[8:]
    assert sbe.decode(frame) == frame_case.event


@pytest.mark.parametrize("extra", [1, 7, 8, 300])
def test_a_longer_block_is_skipped_to_its_end(full_frame_case, extra):
    case = full_frame_case
    frame = case.with_block(case.frame[8 : case.block_end] + b"\xa5" * extra)
    assert decode_with_length(frame) == (case.event, len(frame))


def test_a_shorter_block_lacks_its_last_fields_even_when_cut_inside_one(frame_case):
    block = frame_case.frame[8 : frame_case.block_end]
    ends = [
        struct.calcsize("<" + "".join(frame_case.codes[: count + 1]))
        for count in range(len(frame_case.codes))
    ]
    names = frame_case.event.__struct_fields__
    for length in range(len(block)):
        lost = [name for name, end in zip(names, ends, strict=False) if end > length]
        expected = msgspec.structs.replace(frame_case.event, **dict.fromkeys(lost))
        assert sbe.decode(frame_case.with_block(block[:length])) == expected


def test_every_cut_of_a_frame_is_an_event_or_a_decode_error(frame_case):
    for length in range(len(frame_case.frame)):
        try:
            event = sbe.decode(frame_case.frame[:length])
        except SbeDecodeError:
            continue
        assert length >= frame_case.block_end
        assert event is None or isinstance(event, type(frame_case.event))


def test_bytes_after_the_last_known_string_are_left_alone(frame_named):
    case = frame_named("trade v2")
    assert decode_with_length(case.frame + b"\x04more") == (case.event, len(case.frame))


def test_a_frame_that_ends_after_its_block_has_no_market(frame_named):
    case = frame_named("bbo")
    event = sbe.decode(case.frame[: case.block_end])
    assert event == msgspec.structs.replace(case.event, market=None)


@pytest.mark.parametrize("template", [0, 7, 19, 24, 39, 41, 255, 65_535])
def test_an_unknown_template_is_none(template):
    frame = struct.pack("<HHHH", 500, template, 1, 9) + b"whatever"
    assert sbe.decode(frame) is None
    assert decode_with_length(frame) == (None, len(frame))


@pytest.mark.parametrize("schema_id", [0, 2, 65_535])
def test_another_schema_is_refused_by_its_number(frame_case, schema_id):
    frame = frame_case.frame[:4] + struct.pack("<H", schema_id) + frame_case.frame[6:]
    with pytest.raises(SbeDecodeError, match=f"schema id was {schema_id}, expected 1"):
        sbe.decode(frame)


@pytest.mark.parametrize("length", range(8))
def test_less_than_a_header_is_malformed(frame_named, length):
    frame = frame_named("bbo").frame[:length]
    with pytest.raises(SbeDecodeError, match=f"was {length} bytes"):
        sbe.decode(frame)
    with pytest.raises(SbeDecodeError, match=f"was {length} bytes"):
        sbe.peek_template(frame)


def test_a_cut_frame_says_what_is_missing(frame_named):
    frame = frame_named("bbo").frame
    with pytest.raises(
        SbeDecodeError, match=r"BboEvent frame was 40 bytes .* block ends at byte 56"
    ):
        sbe.decode(frame[:40])
    with pytest.raises(
        SbeDecodeError, match=r"BboEvent frame was 60 bytes .* market ends at byte 69"
    ):
        sbe.decode(frame[:60])


def test_a_decode_error_can_be_caught_as_a_protocol_error():
    with pytest.raises(ProtocolError):
        sbe.decode(b"")


@pytest.mark.parametrize(
    ("code", "name"), [(0, "UNKNOWN_0"), (3, "UNKNOWN_3"), (255, "UNKNOWN_255")]
)
def test_an_unnamed_enum_value_keeps_its_number(frame_named, code, name):
    case = frame_named("trade v2")
    frame = with_byte(case.frame, TRADE_SIDE, code)
    event = sbe.decode(frame)
    assert event == msgspec.structs.replace(case.event, side=name)
    assert sbe.encode(event, 2) == frame


@pytest.mark.parametrize(
    ("name", "offset", "field"),
    [
        ("trade v2", TRADE_SIDE, "side"),
        ("trade v2", TRADE_TYPE, "trade_type"),
        ("short position", POSITION_STATUS, "status"),
    ],
)
def test_what_the_venue_cannot_represent_has_its_own_name(frame_named, name, offset, field):
    frame = with_byte(frame_named(name).frame, offset, 254)
    assert getattr(sbe.decode(frame), field) == "NON_REPRESENTABLE"


@pytest.mark.parametrize(
    ("byte", "flags"),
    [
        (0, ()),
        (0b0010_0001, ("REDUCE_ONLY", "MMP")),
        (0b1100_0000, ("UNKNOWN_6", "UNKNOWN_7")),
        (
            0b0001_1110,
            (
                "STOP_CONDITION_BELOW_TRIGGER",
                "STOP_CONDITION_ABOVE_TRIGGER",
                "INTERACTIVE",
                "TARGET_STRATEGY_VWAP",
            ),
        ),
    ],
)
def test_flags_are_the_names_of_the_bits_that_are_set(frame_named, byte, flags):
    frame = with_byte(frame_named("order v2").frame, ORDER_FLAGS, byte)
    event = sbe.decode(frame)
    assert event.flags == flags
    assert sbe.encode(event, 2) == frame


def test_a_string_that_is_no_utf8_does_not_cost_the_frame(frame_named):
    case = frame_named("bbo")
    frame = case.frame[: case.block_end] + b"\x04A\xff\xfeB"
    assert sbe.decode(frame).market == "A\ufffd\ufffdB"


def test_a_funding_period_may_be_null(frame_named):
    case = frame_named("funding data v1")
    block = case.frame[8 : case.block_end]
    frame = case.with_block(block[:56] + struct.pack("<h", -(2**15)) + block[58:])
    assert sbe.decode(frame).funding_period_hours is None


def test_the_null_of_a_short_integer_is_a_value_in_a_long_one(frame_named):
    case = frame_named("heartbeat")
    assert sbe.decode(case.with_block(struct.pack("<qq", -(2**15), 255))).ts == -(2**15)


def test_longer_group_entries_are_stepped_over():
    bids = struct.pack("<HH", 21, 2) + b"".join(
        struct.pack("<qq5s", price, size, b"extra") for price, size in [(10, 1), (9, 0)]
    )
    frame = book_frame(bids)
    event, length = decode_with_length(frame)
    assert event.bids == [(10, 1), (9, 0)]
    assert event.asks == []
    assert event.market == "ABC"
    assert length == len(frame)


def test_an_empty_group_may_have_any_entry_length():
    assert sbe.decode(book_frame(struct.pack("<HH", 0, 0))).bids == []


@pytest.mark.parametrize("entry_length", [0, 8, 15])
def test_a_level_without_its_size_is_malformed(entry_length):
    bids = struct.pack("<HH", entry_length, 1) + b"\0" * entry_length
    with pytest.raises(SbeDecodeError, match=f"group bids: entry length was {entry_length}"):
        sbe.decode(book_frame(bids))


def test_a_group_larger_than_the_frame_is_malformed():
    with pytest.raises(SbeDecodeError, match="group bids ends at byte"):
        sbe.decode(book_frame(struct.pack("<HH", 65_535, 65_535)))


@pytest.mark.parametrize("level", [(NULL, 1), (1, NULL)])
def test_a_level_with_a_null_is_malformed(level):
    bids = struct.pack("<HHqqqq", 16, 2, 5, 6, *level)
    with pytest.raises(SbeDecodeError, match="group bids: level 1 has a null"):
        sbe.decode(book_frame(bids))


def test_the_bytes_of_a_null_across_two_numbers_are_no_null():
    levels = [(5, 0), (0x80, 7)]
    bids = struct.pack("<HHqqqq", 16, 2, *levels[0], *levels[1])
    assert struct.pack("<q", NULL) in bids
    assert sbe.decode(book_frame(bids)).bids == levels
