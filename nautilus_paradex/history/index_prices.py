"""
Index prices in a Parquet catalog: the platform (1.231) writes a form that it cannot read back.

Importing this module teaches the platform's catalog to read what `table_of` makes. A row names its
instrument: the platform's own form does so per file only, and mixes instruments up when it reads
several files at once.
"""

from collections.abc import Iterable
from typing import Final

import pyarrow as pa
from nautilus_trader.model.data import IndexPriceUpdate
from nautilus_trader.serialization.arrow.serializer import register_arrow

__all__ = ["table_of"]

_SCHEMA: Final = pa.schema(
    {
        "instrument_id": pa.dictionary(pa.int16(), pa.string()),
        "value": pa.string(),
        "ts_event": pa.uint64(),
        "ts_init": pa.uint64(),
    },
    metadata={"type": "IndexPriceUpdate"},
)


def table_of(prices: Iterable[IndexPriceUpdate]) -> pa.Table:
    """Return the table of some index prices."""
    return pa.Table.from_pylist([IndexPriceUpdate.to_dict(price) for price in prices], _SCHEMA)


def _prices_of(table: pa.Table) -> list[IndexPriceUpdate]:
    return [IndexPriceUpdate.from_dict(row) for row in table.to_pylist()]


register_arrow(IndexPriceUpdate, _SCHEMA, decoder=_prices_of)
