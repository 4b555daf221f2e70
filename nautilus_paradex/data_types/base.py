"""
What all custom data of the adapter share: immutable, written as a dict or as rows of a catalog.

A class is known to the platform's serializers from its definition on. Not here: which data there
are, and how they come about (`nautilus_paradex.parsing.custom_data`).
"""

from dataclasses import dataclass, field, fields
from types import NoneType, UnionType
from typing import (
    Any,
    ClassVar,
    Final,
    NamedTuple,
    Self,
    dataclass_transform,
    get_args,
    get_type_hints,
)

import pyarrow as pa
from nautilus_trader.core.data import Data
from nautilus_trader.model.data import CustomData
from nautilus_trader.serialization.arrow.serializer import register_arrow
from nautilus_trader.serialization.base import register_serializable_type

from nautilus_paradex.data_types.columns import COLUMNS, Column

__all__ = ["ParadexData", "custom_data"]

_TIMES: Final = ("ts_event", "ts_init")


class _Field(NamedTuple):
    name: str
    column: Column
    is_optional: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ParadexData(Data):
    """
    The base of the adapter's custom data.

    Parameters
    ----------
    ts_event : int
        When it happened, at the venue where the venue says so. Unix ns.
    ts_init : int
        When the object was made. Unix ns.

    """

    _fields: ClassVar[tuple[_Field, ...]] = ()

    # `field()` keeps the dataclass from taking the base's properties for defaults.
    ts_event: int = field()
    ts_init: int = field()

    def to_dict(self) -> dict[str, Any]:
        """Return the plain form: text, integers, lists and None."""
        values = {
            name: None if (value := getattr(self, name)) is None else column.write(value)
            for name, column, _ in self._fields
        }
        return {"type": type(self).__name__, **values}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """
        Return what `to_dict` was taken of.

        Raises
        ------
        KeyError
            If a field that is never None is missing; others count as None then.

        """
        fields_read: dict[str, Any] = {
            name: _read(values.get(name) if is_optional else values[name], column)
            for name, column, is_optional in cls._fields
        }
        return cls(**fields_read)


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(field,))
def custom_data[T: ParadexData](cls: type[T]) -> type[T]:
    """
    Make a class an immutable record that bus and catalog can serialise.

    Raises
    ------
    KeyError
        If a field is of a type that `columns` has no form for.

    """
    record = dataclass(frozen=True, slots=True, kw_only=True)(cls)
    record._fields = _fields_of(record)
    schema = pa.schema(
        [pa.field(name, column.arrow, nullable) for name, column, nullable in record._fields],
        metadata={"type_name": record.__name__},
    )

    def encode(items: list[T | CustomData]) -> pa.RecordBatch:
        rows = [(item.data if isinstance(item, CustomData) else item).to_dict() for item in items]
        return pa.RecordBatch.from_pylist(rows, schema=schema)

    def decode(table: pa.Table | pa.RecordBatch) -> list[T]:
        return [record.from_dict(row) for row in table.to_pylist()]

    register_serializable_type(record, record.to_dict, record.from_dict)
    register_arrow(
        record,
        schema,
        encoder=lambda item: encode([item]),
        decoder=decode,
        batch_encoder=encode,
    )
    return record


_UINT64: Final = COLUMNS[int]._replace(arrow=pa.uint64())


def _fields_of(record: type[ParadexData]) -> tuple[_Field, ...]:
    """Return the fields in the order of the columns: those of every record come last."""
    hints = get_type_hints(record)
    own = [
        _field(item.name, hints[item.name]) for item in fields(record) if item.name not in _TIMES
    ]
    return (*own, *(_Field(name, _UINT64, False) for name in _TIMES))


def _field(name: str, hint: object) -> _Field:
    options = get_args(hint) if isinstance(hint, UnionType) else (hint,)
    (kind,) = (option for option in options if option is not NoneType)
    return _Field(name, COLUMNS[kind], NoneType in options)


def _read(value: object, column: Column) -> object:
    return None if value is None else column.read(value)
