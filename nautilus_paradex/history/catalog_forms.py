"""
How funding rates and index prices lie in a Parquet catalog, and are read back from one.

The platform (1.231) writes index prices that it cannot read, gives funding rates back as text, and
names the instrument once per file, so that files read together end as one instrument's. Importing
this module teaches its catalogs to read the rows of `RowwiseCatalog`, which name their instrument.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final, NamedTuple

import msgspec
import pyarrow as pa
from nautilus_trader.model.data import FundingRateUpdate, IndexPriceUpdate
from nautilus_trader.persistence.catalog import ParquetDataCatalog
from nautilus_trader.serialization.arrow.schema import NAUTILUS_ARROW_SCHEMA
from nautilus_trader.serialization.arrow.serializer import register_arrow

from nautilus_paradex.protocol.errors import ParadexError

__all__ = ["CatalogFormError", "FundingRateUpdate", "IndexPriceUpdate", "RowwiseCatalog"]

_INSTRUMENT_ID: Final = "instrument_id"


class CatalogFormError(ParadexError):
    """A file of a catalog is of a form that cannot be read."""


class RowwiseCatalog(ParquetDataCatalog):
    """The platform's catalog, writing the two kinds of data so that they can be read back."""

    def _objects_to_table(self, data: list[Any], data_cls: type) -> pa.Table:
        form = _FORMS.get(data_cls)
        if form is None:
            return super()._objects_to_table(data, data_cls)
        return pa.Table.from_pylist([form.row(item) for item in data], form.schema)


def _schema(name: str, **columns: pa.DataType) -> pa.Schema:
    fields = {
        "instrument_id": pa.dictionary(pa.int16(), pa.string()),
        **columns,
        "ts_event": pa.uint64(),
        "ts_init": pa.uint64(),
    }
    return pa.schema(fields, metadata={"type": name})


def _funding_row(update: FundingRateUpdate) -> dict[str, object]:
    return {**FundingRateUpdate.to_dict(update), "rate": f"{update.rate:f}"}


def _funding_rates(table: pa.Table | pa.RecordBatch) -> list[FundingRateUpdate]:
    rows = table.to_pylist()
    if _INSTRUMENT_ID not in table.schema.names:
        # The platform's own form, as its writer of live streams has it: one instrument per file.
        instrument_id = table.schema.metadata[_INSTRUMENT_ID.encode()].decode()
        rows = [
            {**row, _INSTRUMENT_ID: instrument_id, "rate": msgspec.json.decode(row["rate"])}
            for row in rows
        ]
    return [FundingRateUpdate.from_dict({**row, "rate": Decimal(row["rate"])}) for row in rows]


def _index_prices(table: pa.Table | pa.RecordBatch) -> list[IndexPriceUpdate]:
    if _INSTRUMENT_ID not in table.schema.names:
        raise CatalogFormError(
            "the catalog holds index prices in the platform's own form, which cannot be read: "
            "write them again"
        )
    return [IndexPriceUpdate.from_dict(row) for row in table.to_pylist()]


class _Form(NamedTuple):
    schema: pa.Schema
    row: Callable[[Any], dict[str, object]]


_FORMS: Final = {
    FundingRateUpdate: _Form(
        _schema(
            "FundingRateUpdate",
            rate=pa.string(),
            interval=pa.uint16(),
            next_funding_ns=pa.uint64(),
        ),
        _funding_row,
    ),
    IndexPriceUpdate: _Form(
        _schema("IndexPriceUpdate", value=pa.string()),
        IndexPriceUpdate.to_dict,
    ),
}

# The schemas stay the platform's: its writer of live streams goes by them.
for _data_cls, _decoder in (
    (FundingRateUpdate, _funding_rates),
    (IndexPriceUpdate, _index_prices),
):
    register_arrow(_data_cls, NAUTILUS_ARROW_SCHEMA[_data_cls], decoder=_decoder)
