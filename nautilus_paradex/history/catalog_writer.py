"""
Writes market data to a Parquet catalog as it comes, in files of bounded size.

Works round what the platform's catalog (1.231) does not do by itself; it knows no recordings.
"""

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final, NamedTuple

import pyarrow as pa
from nautilus_trader.model.data import (
    BookOrder,
    CustomData,
    FundingRateUpdate,
    IndexPriceUpdate,
    MarkPriceUpdate,
    OptionGreeks,
    OrderBookDelta,
    OrderBookDeltas,
    QuoteTick,
    TradeTick,
)
from nautilus_trader.model.enums import BookAction, OrderSide
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.instruments import Instrument
from nautilus_trader.model.objects import Price, Quantity
from nautilus_trader.serialization.arrow.serializer import list_schemas

from nautilus_paradex.data_types import ParadexMarketSummary
from nautilus_paradex.history.catalog_forms import RowwiseCatalog
from nautilus_paradex.protocol.errors import ParadexError

__all__ = ["CHUNK_SIZE", "CatalogError", "CatalogWriter"]

CHUNK_SIZE: Final = 100_000
"""Objects that wait in memory before they are written; a book update counts its levels."""

# Looked for before anything is written; others when the first of them comes.
_OF_EVERY_RECORDING: Final = (
    QuoteTick,
    TradeTick,
    OrderBookDelta,
    MarkPriceUpdate,
    IndexPriceUpdate,
    FundingRateUpdate,
    OptionGreeks,
    ParadexMarketSummary,
)


class CatalogError(ParadexError):
    """Data cannot be added to a catalog; the message says what stands in the way."""


class _Key(NamedTuple):
    data_cls: type
    identifier: str | None

    def __str__(self) -> str:
        what = self.data_cls.__name__
        return what if self.identifier is None else f"{what} of {self.identifier}"


class CatalogWriter:
    """
    Adds a stream of data to a catalog, and the instruments that it is of.

    Parameters
    ----------
    path : Path
        The catalog's directory; made if it is not there.
    instruments : Iterable[Instrument]
        Those the data may be of. One that the catalog lacks is written when its first data comes.
    span_ns : tuple[int, int]
        The first and last ``ts_init`` that will come. Nothing the catalog has may lie between.
    chunk_size : int, default 100_000
        Objects that wait in memory, and so about the size of a file.

    Raises
    ------
    CatalogError
        If the directory cannot be made, or the catalog has data of the same instruments and time,
        or instruments of other precisions: its files could not be read together.

    """

    def __init__(
        self,
        path: Path,
        *,
        instruments: Iterable[Instrument],
        span_ns: tuple[int, int],
        chunk_size: int = CHUNK_SIZE,
    ) -> None:
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            raise CatalogError(f"{path}: cannot be made: {exc.strerror}") from exc
        self._catalog = RowwiseCatalog(path.absolute())
        self._instruments = {instrument.id: instrument for instrument in instruments}
        self._span_ns = span_ns
        self._chunk_size = chunk_size
        self._chunks: defaultdict[_Key, list[Any]] = defaultdict(list)
        self._known: set[_Key] = set()
        self._written: set[InstrumentId] = set()
        self._waiting = 0
        self._last_ns = 0
        self.left_out: defaultdict[str, int] = defaultdict(int)
        """Objects that a catalog cannot hold, by class."""
        for instrument in self._instruments.values():
            self._check_precision(instrument)
            for data_cls in _OF_EVERY_RECORDING:
                self._check_free(_Key(data_cls, instrument.id.value))

    def add(self, data: Any) -> bool:
        """
        Take the next object; their ``ts_init`` must not go back.

        Returns whether a catalog can hold it.

        Raises
        ------
        CatalogError
            If the catalog cannot be written.

        """
        payload = data.data if isinstance(data, CustomData) else data
        if payload.ts_init > self._last_ns and self._waiting >= self._chunk_size:
            self._write_chunks()  # never between objects of one time: files may not overlap
        self._last_ns = payload.ts_init
        objects = payload.deltas if isinstance(payload, OrderBookDeltas) else [payload]
        data_cls = type(objects[0])
        if data_cls not in list_schemas():
            self.left_out[data_cls.__name__] += 1
            return False
        instrument_id = getattr(payload, "instrument_id", None)
        key = _Key(data_cls, None if instrument_id is None else instrument_id.value)
        if key not in self._known:
            self._check_free(key)
            self._known.add(key)
            self._write_instrument(instrument_id)
        self._chunks[key].extend(objects)
        self._waiting += len(objects)
        return True

    def close(self) -> None:
        """Write what waits. Raises as `add`."""
        self._write_chunks()

    def _check_precision(self, instrument: Instrument) -> None:
        for known in self._catalog.instruments(instrument_ids=[instrument.id.value]):
            if _precisions(known) != _precisions(instrument):
                raise CatalogError(
                    f"{self._catalog.path} has {instrument.id} with other precisions, of price and "
                    f"size {_precisions(known)}, now {_precisions(instrument)}: choose another "
                    "directory"
                )

    def _check_free(self, key: _Key) -> None:
        first_ns, last_ns = self._span_ns
        for start_ns, end_ns in self._catalog.get_intervals(key.data_cls, key.identifier):
            if start_ns <= last_ns and end_ns >= first_ns:
                raise CatalogError(
                    f"{self._catalog.path} has {key} of that time already: choose another directory"
                )

    def _write_instrument(self, instrument_id: InstrumentId | None) -> None:
        instrument = self._instruments.get(instrument_id)
        if instrument is None or instrument_id in self._written:
            return
        self._written.add(instrument.id)
        if not self._catalog.instruments(instrument_ids=[instrument.id.value]):
            self._write(_Key(type(instrument), instrument.id.value), [instrument])

    def _write_chunks(self) -> None:
        chunks, self._chunks, self._waiting = self._chunks, defaultdict(list), 0
        for key, objects in chunks.items():
            if key.data_cls is OrderBookDelta:
                self._give_precision(key, objects)
            self._write(key, objects)

    def _write(self, key: _Key, objects: list[Any]) -> None:
        try:
            self._catalog.write_data(objects)
        except (OSError, ValueError, pa.ArrowException) as exc:
            raise CatalogError(f"{key} cannot be written to {self._catalog.path}: {exc}") from exc

    def _give_precision(self, key: _Key, deltas: list[OrderBookDelta]) -> None:
        """
        Let a file of nothing but clears have the instrument's precisions.

        The platform takes them from the levels, and reads no directory whose files differ in them.
        """
        if any(delta.action != BookAction.CLEAR for delta in deltas):
            return
        instrument = self._instruments[deltas[0].instrument_id]
        nothing = BookOrder(
            OrderSide.NO_ORDER_SIDE,
            Price(0, instrument.price_precision),
            Quantity(0, instrument.size_precision),
            0,
        )
        deltas[:] = [
            OrderBookDelta(
                delta.instrument_id,
                delta.action,
                nothing,
                delta.flags,
                delta.sequence,
                delta.ts_event,
                delta.ts_init,
            )
            for delta in deltas
        ]


def _precisions(instrument: Instrument) -> tuple[int, int]:
    return instrument.price_precision, instrument.size_precision
