"""
How a field of custom data is written down: one column type and one text per kind of value.

Numbers are written as decimal text, as the platform writes its own funding rates: exact for any
number of digits, where a float column would not be.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final, NamedTuple

import pyarrow as pa
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.objects import Price, Quantity

__all__ = ["COLUMNS", "BookLevel", "Column"]


class BookLevel(NamedTuple):
    """One price of a book and the size that stands there."""

    price: Price
    size: Quantity


class Column(NamedTuple):
    """The way of one kind of value to plain data and back."""

    arrow: pa.DataType
    write: Callable[[Any], object]
    read: Callable[[Any], object]


def _write_decimal(value: Decimal) -> str:
    return f"{value:f}"


def _write_level(level: BookLevel) -> list[str]:
    return [str(level.price), str(level.size)]


def _read_level(level: list[str]) -> BookLevel:
    price, size = level
    return BookLevel(Price.from_str(price), Quantity.from_str(size))


def _write_levels(levels: tuple[BookLevel, ...]) -> list[list[str]]:
    return [_write_level(level) for level in levels]


def _read_levels(levels: list[list[str]]) -> tuple[BookLevel, ...]:
    return tuple(_read_level(level) for level in levels)


_LEVEL: Final = pa.list_(pa.string())

COLUMNS: Final[dict[object, Column]] = {
    str: Column(pa.string(), str, str),
    int: Column(pa.int64(), int, int),
    Decimal: Column(pa.string(), _write_decimal, Decimal),
    Price: Column(pa.string(), str, Price.from_str),
    Quantity: Column(pa.string(), str, Quantity.from_str),
    InstrumentId: Column(pa.string(), str, InstrumentId.from_str),
    BookLevel: Column(_LEVEL, _write_level, _read_level),
    tuple[BookLevel, ...]: Column(pa.list_(_LEVEL), _write_levels, _read_levels),
}
"""By the type that a field is declared with, without its ``| None``."""
