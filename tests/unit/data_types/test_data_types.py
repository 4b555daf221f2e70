"""Custom data goes through bus and catalog and comes back as it was."""

import copy
import dataclasses
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pytest
from nautilus_trader.cache.cache import Cache
from nautilus_trader.common.component import LiveClock
from nautilus_trader.core.data import Data
from nautilus_trader.model.data import CustomData, DataType
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.persistence.catalog import ParquetDataCatalog
from nautilus_trader.persistence.writer import StreamingFeatherWriter
from nautilus_trader.serialization.arrow.serializer import ArrowSerializer, list_schemas
from nautilus_trader.serialization.serializer import MsgSpecSerializer

import nautilus_paradex
from nautilus_paradex import data_types
from nautilus_paradex.data_types import (
    ParadexData,
    ParadexInteractiveBook,
    ParadexInteractiveQuote,
    ParadexMarketSummary,
)
from nautilus_paradex.data_types.base import custom_data
from tests.unit.data_types.custom_data_examples import BTC, EXAMPLES, TS_NS
from tests.unit.feeds.conftest import make_instrument

ETH = InstrumentId.from_str("ETH-USD-PERP.PARADEX")
TYPES = [type(example) for example in EXAMPLES]

# The same with everything left out that may be.
SPARSE = [
    type(example)(
        **{
            field.name: getattr(example, field.name)
            for field in dataclasses.fields(example)
            if field.default is dataclasses.MISSING
        },
    )
    for example in EXAMPLES
]
ALL = [*EXAMPLES, *SPARSE]

SERIALIZERS = {
    "msgpack": MsgSpecSerializer(msgspec.msgpack),
    "json": MsgSpecSerializer(msgspec.json),
    "times as text": MsgSpecSerializer(msgspec.json, timestamps_as_str=True),
    "times as ISO 8601": MsgSpecSerializer(msgspec.msgpack, timestamps_as_iso8601=True),
}


def name(example: object) -> str:
    return example.__name__ if isinstance(example, type) else type(example).__name__


def test_every_type_has_an_example() -> None:
    types = {getattr(data_types, item) for item in data_types.__all__ if item != "BookLevel"}

    assert types - {ParadexData} == set(TYPES)


@pytest.mark.parametrize("example", ALL, ids=name)
def test_a_dict_and_back(example: ParadexData) -> None:
    assert type(example).from_dict(example.to_dict()) == example


@pytest.mark.parametrize("serializer", SERIALIZERS.values(), ids=SERIALIZERS.keys())
@pytest.mark.parametrize("example", ALL, ids=name)
def test_the_bus_serialises_it(example: ParadexData, serializer: MsgSpecSerializer) -> None:
    assert serializer.deserialize(serializer.serialize(example)) == example


@pytest.mark.parametrize("example", ALL, ids=name)
def test_a_catalog_gives_back_what_was_written(example: ParadexData, tmp_path: Path) -> None:
    catalog = ParquetDataCatalog(tmp_path)
    later = dataclasses.replace(example, ts_event=TS_NS + 7, ts_init=TS_NS + 8)

    catalog.write_data([example, later])
    found = catalog.query(type(example))

    assert [item.data for item in found] == [example, later]


@pytest.mark.parametrize("example", EXAMPLES, ids=name)
def test_a_catalog_written_by_another_run_is_read(example: ParadexData, tmp_path: Path) -> None:
    catalog = ParquetDataCatalog(tmp_path)
    later = dataclasses.replace(example, ts_init=TS_NS + 8)
    catalog.write_data([dataclasses.replace(example, ts_init=TS_NS + 1)])
    catalog.write_data([CustomData(DataType(type(example)), later)])

    found = catalog.custom_data(type(example), start=TS_NS + 2)

    assert [item.data for item in found] == [later]


def test_a_catalog_finds_one_market_among_others(tmp_path: Path) -> None:
    catalog = ParquetDataCatalog(tmp_path)
    btc = ParadexMarketSummary(instrument_id=BTC, ts_event=1, ts_init=1)
    eth = ParadexMarketSummary(instrument_id=ETH, ts_event=1, ts_init=1)
    catalog.write_data([btc, eth])

    (found,) = catalog.query(ParadexMarketSummary, identifiers=["ETH-USD-PERP.PARADEX"])

    assert found.data == eth


@pytest.mark.parametrize("example", EXAMPLES, ids=name)
def test_what_a_node_streams_to_disk_becomes_a_catalog(
    example: ParadexData, tmp_path: Path
) -> None:
    cache = Cache()
    cache.add_instrument(make_instrument())
    writer = StreamingFeatherWriter(
        path=str(tmp_path / "live" / "run"), cache=cache, clock=LiveClock()
    )
    writer.write(example)
    writer.close()
    catalog = ParquetDataCatalog(tmp_path)

    catalog.convert_stream_to_data("run", type(example), subdirectory="live")

    assert [item.data for item in catalog.query(type(example))] == [example]


def test_precisions_survive_a_catalog(tmp_path: Path) -> None:
    catalog = ParquetDataCatalog(tmp_path)
    book = next(item for item in EXAMPLES if isinstance(item, ParadexInteractiveBook))
    catalog.write_data([book])

    (found,) = catalog.query(ParadexInteractiveBook)

    assert [str(level.size) for level in found.data.bids] == ["0.100", "1.000"]


@pytest.mark.parametrize("example", EXAMPLES, ids=name)
def test_a_wrapped_object_is_written_as_itself(example: ParadexData) -> None:
    wrapped = CustomData(DataType(type(example)), example)

    table = ArrowSerializer.serialize_batch([wrapped], data_cls=type(example))

    assert ArrowSerializer.deserialize(type(example), table) == [example]


@pytest.mark.parametrize("kind", TYPES, ids=name)
def test_no_column_is_a_float(kind: type[ParadexData]) -> None:
    schema = list_schemas()[kind]

    assert not any(pa.types.is_floating(column.type) for column in schema)


@pytest.mark.parametrize("example", EXAMPLES, ids=name)
def test_it_cannot_be_changed(example: ParadexData) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        example.ts_event = 0  # type: ignore[misc]


@pytest.mark.parametrize("example", EXAMPLES, ids=name)
def test_it_is_data_of_the_platform(example: ParadexData) -> None:
    assert isinstance(example, Data)
    assert (example.ts_event, example.ts_init) == (TS_NS, TS_NS + 5)
    assert hash(example) == hash(copy.deepcopy(example))


@pytest.mark.parametrize("kind", TYPES, ids=name)
def test_what_must_be_there_is_asked_for(kind: type[ParadexData]) -> None:
    values: dict[str, Any] = dict(EXAMPLES[TYPES.index(kind)].to_dict())
    del values["ts_event"]

    with pytest.raises(KeyError, match="ts_event"):
        kind.from_dict(values)


@pytest.mark.parametrize("kind", TYPES, ids=name)
def test_users_import_it_from_the_package(kind: type[ParadexData]) -> None:
    assert getattr(nautilus_paradex, kind.__name__) is kind


@pytest.mark.parametrize(
    "line",
    [
        "from nautilus_paradex import ParadexTradeBust",
        "from nautilus_paradex import ParadexLiveDataClientFactory",
        "from nautilus_paradex import ParadexLiveExecClientFactory",
    ],
)
def test_an_import_is_enough_to_be_known_to_the_serialisers(line: str) -> None:
    code = (
        f"{line}\n"
        "from nautilus_trader.serialization.arrow.serializer import list_schemas\n"
        "print(sorted(t.__name__ for t in list_schemas() if t.__name__.startswith('Paradex')))"
    )

    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert out.stdout.strip() == str(sorted(kind.__name__ for kind in TYPES))


def test_one_empty_side_of_a_quote_is_none() -> None:
    quote = ParadexInteractiveQuote(instrument_id=BTC, ts_event=1, ts_init=2)

    assert (quote.bid_price, quote.ask_size) == (None, None)
    assert quote == ParadexInteractiveQuote.from_dict(quote.to_dict())


def test_a_field_that_would_not_be_exact_is_refused_at_definition() -> None:
    inexact = type("Inexact", (ParadexData,), {"__annotations__": {"price": float}})

    with pytest.raises(KeyError, match="float"):
        custom_data(inexact)

    assert "Inexact" not in {kind.__name__ for kind in list_schemas()}
