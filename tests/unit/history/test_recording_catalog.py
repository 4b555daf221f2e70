"""From a recording to a catalog that the platform reads back, whatever is in it."""

from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest
from nautilus_trader.model.data import (
    FundingRateUpdate,
    IndexPriceUpdate,
    MarkPriceUpdate,
    OptionGreeks,
    OrderBookDelta,
    OrderBookDeltas,
    QuoteTick,
    TradeTick,
)
from nautilus_trader.model.instruments import Instrument
from nautilus_trader.persistence.catalog import ParquetDataCatalog

from nautilus_paradex.data_types import ParadexMarketSummary
from nautilus_paradex.history import CatalogError, FrameReplay, recording_to_catalog
from nautilus_paradex.history.catalog_writer import CatalogWriter
from nautilus_paradex.history.kinds import as_dict
from nautilus_paradex.history.notes import Interrupted, Markets, note_frame
from nautilus_paradex.parsing.instruments import FeeRates, instrument_from_market
from nautilus_paradex.protocol import rest
from nautilus_paradex.protocol.recording import RecordedFrame, RecordingError
from tests.unit.history.conftest import Record
from tests.unit.history.frames import BTC, answer, at, bbo, book, summary, trade

ETH = "ETH-USD-PERP"
CALL = "BTC-USD-96000-C"
CLASSES = (
    QuoteTick,
    TradeTick,
    OrderBookDelta,
    MarkPriceUpdate,
    IndexPriceUpdate,
    FundingRateUpdate,
    OptionGreeks,
    ParadexMarketSummary,
)


@pytest.fixture
def markets(market: rest.Market) -> list[rest.Market]:
    fields = {name: getattr(market, name) for name in market.__struct_fields__}
    option = {"symbol": CALL, "asset_kind": "PERP_OPTION", "strike_price": "96000"}
    return [
        market,
        rest.Market(**{**fields, "symbol": ETH, "price_tick_size": "0.01"}),
        rest.Market(**{**fields, **option, "option_type": "CALL"}),
    ]


@pytest.fixture
def story(markets: list[rest.Market]) -> list[RecordedFrame]:
    """Moments of three markets, with an interruption, a gap and values of every kind."""
    frames = [note_frame(at(0), Markets(markets)), answer(0)]
    for number, name in enumerate((BTC, ETH), start=1):
        frames.append(book(number, 50, bids={99: 3}, asks={102: 4}, kind="SNAPSHOT", market=name))
    for number in range(3, 60):
        name = ETH if number % 3 == 0 else BTC
        frames.append(bbo(number, 100 + number, 101 + number, name))
        frames.append(trade(number, 100 + number, name))
        frames.append(summary(number, 100 + number, name))
        if name == BTC:
            frames.append(book(number, 0, bids={100: number}, kind="SNAPSHOT"))
            frames.append(book(number, 1, bids={100: 0}, asks={101: 7}))
            frames.append(book(number, 2))
    greeks = {"delta": 51_234_567, "gamma": 1, "vega": 2, "mark_iv": 60_000_000}
    frames.append(summary(69, 5_000, CALL, **greeks))
    frames.append(note_frame(at(70), Interrupted("the connection was lost")))
    frames.append(book(71, 9, bids={1: 1}))
    frames.append(book(72, 10, bids={90: 1}, kind="SNAPSHOT"))
    frames.append(book(73, 99, bids={90: 2}))
    return frames


def as_rows(objects: list[object]) -> Counter[str]:
    """Every object in words, without order; a clear has the precisions of its file."""
    rows: Counter[str] = Counter()
    for data in objects:
        row = as_dict(data)
        if row.get("action") == "CLEAR":
            row["order"] = None
        rows[repr(sorted(row.items()))] += 1
    return rows


def live(frames: list[RecordedFrame]) -> list[object]:
    """What the live decode path makes of frames, books level by level."""
    out: list[object] = []
    replay = FrameReplay(out.append, warn=lambda _: None)
    for frame in frames:
        replay.push(frame)
    return [
        part
        for data in out
        for part in (data.deltas if isinstance(data, OrderBookDeltas) else [data])
    ]


def read(catalog: Path) -> list[object]:
    opened = ParquetDataCatalog(catalog)
    return [data for data_cls in CLASSES for data in opened.query(data_cls)]


@pytest.mark.parametrize("chunk_size", [1, 7, 100_000])
def test_the_catalog_has_what_the_live_client_would_have_given(
    record: Record, story: list[RecordedFrame], tmp_path: Path, chunk_size: int
) -> None:
    catalog = tmp_path / "catalog"

    summary = recording_to_catalog(record(story), catalog, chunk_size=chunk_size)

    assert as_rows(read(catalog)) == as_rows(live(story))
    assert summary.written["quotes"] == 57
    assert summary.metrics["book_gaps"] == 1
    assert summary.left_out == {}
    files = len(list((catalog / "data/quote_tick" / f"{BTC}.PARADEX").iterdir()))
    assert files == 1 if chunk_size > 7 else files > 1


def test_data_is_read_back_in_the_order_in_which_it_came(
    record: Record, story: list[RecordedFrame], tmp_path: Path
) -> None:
    catalog = tmp_path / "catalog"
    recording_to_catalog(record(story), catalog, chunk_size=5)

    opened = ParquetDataCatalog(catalog)
    for data_cls in CLASSES:
        times = [data.ts_init for data in opened.query(data_cls, [f"{BTC}.PARADEX"])]
        assert times == sorted(times)
    sequences = [
        (delta.ts_init, delta.sequence)
        for delta in opened.query(OrderBookDelta, [f"{BTC}.PARADEX"])
        if delta.ts_init == at(4)
    ]
    assert sequences == [(at(4), 0), (at(4), 0), (at(4), 1), (at(4), 1)]


def test_the_instruments_of_the_recording_are_in_the_catalog(
    record: Record, story: list[RecordedFrame], markets: list[rest.Market], tmp_path: Path
) -> None:
    catalog = tmp_path / "catalog"
    recording_to_catalog(record(story), catalog)

    found = {i.id: i for i in ParquetDataCatalog(catalog).instruments()}
    expected = [
        instrument_from_market(market, fees=FeeRates.documented(), ts_init=at(0))
        for market in markets
    ]
    assert [type(i).to_dict(found[i.id]) for i in expected] == [
        type(i).to_dict(i) for i in expected
    ]


def test_index_prices_of_several_markets_keep_their_market(
    record: Record, story: list[RecordedFrame], tmp_path: Path
) -> None:
    catalog = tmp_path / "catalog"
    recording_to_catalog(record(story), catalog, chunk_size=3)

    perpetuals = [f"{name}.PARADEX" for name in (BTC, ETH)]
    prices = ParquetDataCatalog(catalog).query(IndexPriceUpdate, perpetuals)
    assert {(str(p.instrument_id.symbol), p.value.as_decimal()) for p in prices} == {
        (ETH if number % 3 == 0 else BTC, Decimal(100 + number) + Decimal("0.00000001"))
        for number in range(3, 60)
    }


def test_a_book_that_is_only_cleared_can_be_read_beside_others(
    record: Record, markets: list[rest.Market], tmp_path: Path
) -> None:
    lost = Interrupted("the connection was lost")
    story = [note_frame(at(0), Markets(markets)), book(1, 1, kind="SNAPSHOT")]
    for number in range(2, 12, 2):
        story.append(book(number, number, bids={number: 1}, kind="SNAPSHOT"))
        story.append(note_frame(at(number + 1), lost))
    catalog = tmp_path / "catalog"

    recording_to_catalog(record(story), catalog, chunk_size=1)

    assert as_rows(read(catalog)) == as_rows(live(story))


def test_only_the_wanted_markets_are_stored(
    record: Record, story: list[RecordedFrame], tmp_path: Path
) -> None:
    catalog = tmp_path / "catalog"
    recording_to_catalog(record(story), catalog, markets={ETH})

    assert {str(q.instrument_id.symbol) for q in ParquetDataCatalog(catalog).quote_ticks()} == {ETH}
    assert {str(i.id.symbol) for i in ParquetDataCatalog(catalog).instruments()} == {ETH}


def test_the_same_recording_cannot_be_added_twice(
    record: Record, story: list[RecordedFrame], tmp_path: Path
) -> None:
    catalog, path = tmp_path / "catalog", record(story)
    recording_to_catalog(path, catalog)
    before = as_rows(read(catalog))

    with pytest.raises(CatalogError, match="of that time already: choose another"):
        recording_to_catalog(path, catalog)
    assert as_rows(read(catalog)) == before


def test_a_later_recording_is_added_to_the_same_catalog(
    record: Record, markets: list[rest.Market], tmp_path: Path
) -> None:
    catalog = tmp_path / "catalog"
    named = note_frame(at(0), Markets(markets))
    recording_to_catalog(record([named, bbo(1, 5, 6)]), catalog)
    recording_to_catalog(record([note_frame(at(2), Markets(markets)), bbo(3, 6, 7)]), catalog)

    opened = ParquetDataCatalog(catalog)
    assert [q.ts_init for q in opened.quote_ticks()] == [at(1), at(3)]
    assert len(opened.instruments()) == 1


def test_other_precisions_of_the_same_instrument_are_refused(
    record: Record, market: rest.Market, tmp_path: Path
) -> None:
    catalog = tmp_path / "catalog"
    recording_to_catalog(record([note_frame(at(0), Markets([market])), bbo(1, 5, 6)]), catalog)
    fields = {name: getattr(market, name) for name in market.__struct_fields__}
    finer = rest.Market(**{**fields, "price_tick_size": "0.01"})

    with pytest.raises(CatalogError, match=r"other precisions.*\(1, 3\), now \(2, 3\)"):
        recording_to_catalog(record([note_frame(at(2), Markets([finer])), bbo(3, 6, 7)]), catalog)


def test_a_recording_without_instruments_needs_them(
    record: Record, instrument: Instrument, tmp_path: Path
) -> None:
    path = record([bbo(1, 5, 6)])
    with pytest.raises(RecordingError, match="names no instruments: give them"):
        recording_to_catalog(path, tmp_path / "catalog")
    assert not (tmp_path / "catalog").exists()

    recording_to_catalog(path, tmp_path / "catalog", instruments=[instrument])
    (quote,) = ParquetDataCatalog(tmp_path / "catalog").quote_ticks()
    assert str(quote.bid_price) == "5.0"


def test_nothing_is_written_of_a_recording_that_cannot_be_read_to_its_end(
    record: Record, story: list[RecordedFrame], tmp_path: Path
) -> None:
    path = record(story)
    with path.open("ab") as file:
        file.write(b"oops\n")

    with pytest.raises(RecordingError, match=f"line {len(story) + 1}"):
        recording_to_catalog(path, tmp_path / "catalog", chunk_size=1)
    assert not (tmp_path / "catalog").exists()
    assert recording_to_catalog(path, tmp_path / "catalog", skip_malformed=True).written


def test_an_empty_recording_is_no_catalog(
    record: Record, instrument: Instrument, tmp_path: Path
) -> None:
    with pytest.raises(RecordingError, match="no frame"):
        recording_to_catalog(record([]), tmp_path / "catalog", instruments=[instrument])


def test_progress_reaches_the_end(
    record: Record, story: list[RecordedFrame], tmp_path: Path
) -> None:
    told: list[tuple[int, int]] = []
    path = record(story)

    recording_to_catalog(path, tmp_path / "catalog", progress=lambda *step: told.append(step))

    assert told == sorted(told)
    assert told[-1] == (2 * path.stat().st_size, 2 * path.stat().st_size)


def test_a_directory_that_cannot_be_made(
    record: Record, story: list[RecordedFrame], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(CatalogError, match="file/catalog: cannot be made"):
        recording_to_catalog(record(story), tmp_path / "file" / "catalog")


def test_what_a_catalog_cannot_hold_is_left_out_and_counted(tmp_path: Path) -> None:
    class Odd:
        ts_init = 5

    writer = CatalogWriter(tmp_path, instruments=[], span_ns=(1, 9))

    assert not writer.add(Odd())
    assert writer.left_out == {"Odd": 1}
    writer.close()
