"""The venue's own frames: samples with their input, and a recording of production."""

import base64
import json
import re

import pytest

from nautilus_paradex.protocol import sbe
from nautilus_paradex.protocol.sbe.decoder import decode_with_length
from nautilus_paradex.protocol.sbe.layouts import LAYOUTS
from nautilus_paradex.protocol.sbe.vocabulary import BitSet

RECORDING = "order_book_deltas_BTC-USD-PERP_2026-10-08.jsonl"


@pytest.fixture
def samples(reference):
    return json.loads((reference / "captures" / "sbe_sample_frames.json").read_text())


@pytest.fixture
def recorded_frames(reference):
    lines = (reference / "captures" / RECORDING).read_text().splitlines()
    records = [json.loads(line) for line in lines]
    return [base64.b64decode(r["b64"]) for r in records if r["opcode"] == "binary"]


def snake_case(name):
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()


def as_event_value(name, value, template_id):
    """Return a sample's input value in the form that events have."""
    if name == "account":
        return hex(int(value, 16))
    if name == "flags":
        (bit_set,) = (
            field.type for field in LAYOUTS[template_id].fields if isinstance(field.type, BitSet)
        )
        return tuple(flag for flag in bit_set.members if bit_set.masks[flag] & value)
    if name in ("bids", "asks"):
        return [tuple(level) for level in value]
    return value


def test_the_sample_frames_hold_what_was_put_into_them(samples):
    assert samples
    for sample in samples:
        template_id, version = sample["templateId"], sample["version"]
        frame = bytes.fromhex(sample["hex"])
        event, length = decode_with_length(frame)
        carried = {
            spec.name
            for spec in (*LAYOUTS[template_id].fields, *LAYOUTS[template_id].texts)
            if spec.since <= version
        } | {"bids", "asks"}
        given = {
            name: as_event_value(name, value, template_id)
            for key, value in sample["input"].items()
            if (name := snake_case(key)) in carried
        }
        assert {name: getattr(event, name) for name in given} == given, sample["name"]
        # What the input leaves out is null or empty.
        rest = set(event.__struct_fields__) - set(given)
        assert {getattr(event, name) or None for name in rest - {"bids", "asks"}} <= {None}
        assert length == len(frame)
        assert sbe.peek_template(frame) == template_id


def test_the_sample_frames_are_written_again_byte_for_byte(samples):
    for sample in samples:
        frame = bytes.fromhex(sample["hex"])
        again = sbe.encode(sbe.decode(frame), sample["version"])
        if sample["name"] == "order_open_v1":
            # The sample's encoder sent MMP (bit 5 of the last byte of the block) to version 1;
            # the schema says that a server does not.
            frame = frame[:133] + bytes([frame[133] & ~0x20]) + frame[134:]
        assert again == frame, sample["name"]


def test_every_recorded_frame_is_read_to_its_end_and_written_again(recorded_frames):
    assert recorded_frames
    for frame in recorded_frames:
        event, length = decode_with_length(frame)
        assert length == len(frame)
        assert sbe.encode(event, 1) == frame


def test_the_recording_is_a_snapshot_and_the_deltas_after_it(recorded_frames):
    snapshot, *deltas = [sbe.decode(frame) for frame in recorded_frames]
    assert (snapshot.pkg_type, len(snapshot.bids), len(snapshot.asks)) == ("SNAPSHOT", 115, 60)
    assert {delta.pkg_type for delta in deltas} == {"DELTA"}
    expected = range(snapshot.seq + 1, snapshot.seq + 1 + len(deltas))
    assert [delta.seq for delta in deltas] == list(expected)
