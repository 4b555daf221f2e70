"""The tables against the event structs, and against the venue's own schema file."""

import re
from xml.etree import ElementTree as ET

import pytest

from nautilus_paradex.protocol.events import Event
from nautilus_paradex.protocol.sbe.layouts import LAYOUTS, SCHEMA_ID, VERSIONS, Primitive
from nautilus_paradex.protocol.sbe.vocabulary import BitSet, Vocabulary

SBE = "{http://fixprotocol.io/2016/sbe}"
RESERVED_TEMPLATES = {41}
MANTISSA_TYPES = re.compile(r"(Price|Qty|Value|Rate)\d+(NULL)?")
PRIMITIVES = {
    "int64": Primitive.INT64,
    "Timestamp": Primitive.INT64,
    "uint64": Primitive.UINT64,
    "int16": Primitive.INT16,
    "AccountAddress": Primitive.ADDRESS,
}
EACH_LAYOUT = pytest.mark.parametrize("layout", LAYOUTS.values(), ids=lambda layout: layout.name)


@pytest.fixture
def schema(reference):
    return ET.parse(reference / "paradex_sbe_1_2.xml").getroot()


def snake_case(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()


def since(element: ET.Element) -> int:
    return int(element.get("sinceVersion", "0"))


def members(element: ET.Element) -> dict[str, int]:
    return {child.get("name"): int(child.text) for child in element}


def test_every_event_has_a_layout():
    assert {layout.event for layout in LAYOUTS.values()} == set(Event.__args__)


@EACH_LAYOUT
def test_an_event_has_the_fields_of_its_layout_in_wire_order(layout):
    names = [
        *(field.name for field in layout.fields),
        *layout.groups,
        *(text.name for text in layout.texts),
    ]
    assert list(layout.event.__struct_fields__) == names


@EACH_LAYOUT
def test_younger_fields_come_after_older_ones(layout):
    for specs in (layout.fields, layout.texts):
        versions = [spec.since for spec in specs]
        assert versions == sorted(versions)
        assert set(versions) <= set(VERSIONS)


def test_the_tables_have_the_messages_of_the_schema(schema):
    templates = {int(message.get("id")) for message in schema.iter(f"{SBE}message")}
    assert templates - RESERVED_TEMPLATES == set(LAYOUTS)
    assert int(schema.get("id")) == SCHEMA_ID
    assert int(schema.get("version")) == VERSIONS[-1]


@EACH_LAYOUT
def test_a_layout_is_that_of_the_schema(schema, layout):
    (message,) = (m for m in schema.iter(f"{SBE}message") if int(m.get("id")) == layout.template_id)
    assert message.get("name") == layout.name
    assert [(f.name, f.since) for f in layout.fields] == [
        (snake_case(f.get("name")), since(f)) for f in message.findall("field")
    ]
    assert list(layout.groups) == [g.get("name") for g in message.findall("group")]
    assert [(t.name, t.since) for t in layout.texts] == [
        (snake_case(t.get("name")), since(t)) for t in message.findall("data")
    ]


@EACH_LAYOUT
def test_a_field_has_the_type_of_the_schema(schema, layout):
    enums = {enum.get("name"): enum for enum in schema.iter("enum")}
    sets = {bit_set.get("name"): bit_set for bit_set in schema.iter("set")}
    (message,) = (m for m in schema.iter(f"{SBE}message") if int(m.get("id")) == layout.template_id)
    for spec, field in zip(layout.fields, message.findall("field"), strict=True):
        type_name = field.get("type")
        match spec.type:
            case Vocabulary() as vocabulary:
                assert vocabulary.name == type_name
                named = {name: vocabulary.codes[name] for name in vocabulary.members}
                assert named == members(enums[type_name])
            case BitSet() as bit_set:
                assert bit_set.name == type_name
                bits = {name: bit_set.masks[name].bit_length() - 1 for name in bit_set.members}
                assert bits == members(sets[type_name])
                younger = {c.get("name"): since(c) for c in sets[type_name] if since(c)}
                assert bit_set.since == younger
            case primitive if MANTISSA_TYPES.fullmatch(type_name):
                assert primitive is Primitive.INT64
            case primitive:
                assert primitive is PRIMITIVES[type_name]
