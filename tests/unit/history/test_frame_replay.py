"""What the live decode path makes of recorded frames, and of a recorder's notes between them."""

from pathlib import Path

import pytest
from nautilus_trader.model.data import (
    FundingRateUpdate,
    IndexPriceUpdate,
    MarkPriceUpdate,
    OrderBookDeltas,
    QuoteTick,
    TradeTick,
)
from nautilus_trader.model.instruments import Instrument

from nautilus_paradex.data_types import ParadexMarketSummary
from nautilus_paradex.history.notes import (
    Begun,
    Ended,
    Interrupted,
    Markets,
    Note,
    Resumed,
    note_frame,
    note_in,
)
from nautilus_paradex.history.reader import RecordingReader
from nautilus_paradex.history.replay import ANSWERS, DROPPED, INTERRUPTIONS, FrameReplay
from nautilus_paradex.protocol import json_feed, rest, rpc
from nautilus_paradex.protocol.recording import TEXT, RecordedFrame, RecordingError
from tests.unit.history.conftest import Record
from tests.unit.history.frames import answer, at, bbo, book, summary, trade

ETH = "ETH-USD-PERP"


class Replayed:
    """Everything that came out of some frames."""

    def __init__(self, *frames: RecordedFrame, **options: object) -> None:
        self.out: list[object] = []
        self.warnings: list[str] = []
        self.replay = FrameReplay(self.out.append, warn=self.warnings.append, **options)
        for each in frames:
            self.replay.push(each)

    @property
    def counters(self) -> dict[str, int]:
        return self.replay.counters


def test_each_kind_of_frame_gives_its_objects_with_the_recorded_time(
    instrument: Instrument,
) -> None:
    replayed = Replayed(
        bbo(1, 100, 101),
        trade(2, 101),
        book(3, 7, bids={100: 1}, kind="SNAPSHOT"),
        book(4, 8, bids={100: 0}),
        summary(5, 100),
        instruments=[instrument],
    )

    assert [(type(data), data.ts_init) for data in replayed.out] == [
        (QuoteTick, at(1)),
        (TradeTick, at(2)),
        (OrderBookDeltas, at(3)),
        (OrderBookDeltas, at(4)),
        (MarkPriceUpdate, at(5)),
        (IndexPriceUpdate, at(5)),
        (FundingRateUpdate, at(5)),
        (ParadexMarketSummary, at(5)),
    ]
    assert str(replayed.out[0].bid_price) == "100.0"
    assert replayed.counters == {}
    assert not replayed.replay.assumes_precision


def test_the_recording_may_name_the_instruments_itself(market: rest.Market) -> None:
    replayed = Replayed(note_frame(at(0), Markets([market])), bbo(1, 100, 101))

    assert str(replayed.out[0].bid_price) == "100.0"
    (instrument,) = replayed.replay.instruments
    assert (instrument.id.symbol.value, instrument.ts_init) == (market.symbol, at(0))
    assert not replayed.replay.assumes_precision


def test_instruments_that_are_given_come_before_those_of_the_recording(
    market: rest.Market, instrument: Instrument
) -> None:
    coarse = rest.Market(**{**_fields(market), "price_tick_size": "1"})
    replayed = Replayed(
        note_frame(at(0), Markets([coarse])), bbo(1, 100, 101), instruments=[instrument]
    )

    assert str(replayed.out[0].bid_price) == "100.0"


def test_without_any_instruments_eight_decimals_are_assumed_and_said_so() -> None:
    replayed = Replayed(answer(0), bbo(1, 100, 101), trade(2, 5, ETH))

    assert [str(data.instrument_id) for data in replayed.out] == [
        "BTC-USD-PERP.PARADEX",
        "ETH-USD-PERP.PARADEX",
    ]
    assert str(replayed.out[0].bid_price) == "100.00000000"
    assert replayed.replay.assumes_precision


def test_a_market_of_which_the_recording_says_nothing_is_counted(market: rest.Market) -> None:
    replayed = Replayed(note_frame(at(0), Markets([market])), bbo(1, 5, 6, ETH))

    assert replayed.out == []
    assert replayed.counters == {"events_of_unknown_market": 1}


def test_a_specification_that_cannot_be_read_costs_that_market_only(market: rest.Market) -> None:
    broken = rest.Market(symbol=ETH, asset_kind="PERP")
    strange = rest.Market(symbol="X", asset_kind="NOVELTY")
    replayed = Replayed(note_frame(at(0), Markets([broken, strange, market])), bbo(1, 100, 101))

    assert len(replayed.out) == 1
    assert len(replayed.warnings) == 2


def test_only_the_wanted_markets_give_data(instrument: Instrument) -> None:
    other = Replayed(
        bbo(1, 100, 101),
        book(2, 7, kind="SNAPSHOT"),
        summary(3, 100),
        instruments=[instrument],
        markets={ETH},
    )

    assert other.out == []
    assert "events_of_unknown_market" not in other.counters


def test_an_interruption_clears_the_book_until_its_next_snapshot(instrument: Instrument) -> None:
    replayed = Replayed(
        book(1, 7, bids={100: 1}, kind="SNAPSHOT"),
        note_frame(at(2), Interrupted("the connection was lost")),
        book(3, 8, bids={100: 2}),
        note_frame(at(4), Resumed(2)),
        book(5, 90, bids={99: 1}, kind="SNAPSHOT"),
        instruments=[instrument],
    )

    assert [(d.ts_init, d.is_snapshot, len(d.deltas)) for d in replayed.out] == [
        (at(1), True, 2),
        (at(2), True, 1),
        (at(5), True, 2),
    ]
    assert replayed.counters == {INTERRUPTIONS: 1, "book_events_ignored": 1}


def test_frames_that_the_recorder_dropped_are_counted(instrument: Instrument) -> None:
    lost = note_frame(at(1), Interrupted("the disk was too slow", 17))

    assert Replayed(lost, instruments=[instrument]).counters == {INTERRUPTIONS: 1, DROPPED: 17}


def test_a_gap_is_counted_and_the_book_is_absent_afterwards(instrument: Instrument) -> None:
    replayed = Replayed(
        book(1, 7, bids={100: 1}, kind="SNAPSHOT"),
        book(2, 9, bids={100: 2}),
        book(3, 10, bids={100: 3}),
        instruments=[instrument],
    )

    assert [len(d.deltas) for d in replayed.out] == [2, 1]
    assert replayed.counters == {"book_gaps": 1, "book_events_ignored": 1}


def test_answers_to_requests_are_no_malformed_frames(instrument: Instrument) -> None:
    broken = RecordedFrame(at(1), TEXT, b"{}")

    assert Replayed(answer(0), broken, instruments=[instrument]).counters == {
        ANSWERS: 1,
        "frames_malformed": 1,
    }


@pytest.mark.parametrize(
    "note",
    [
        Begun("ws://x/v1", ["bbo.X"], 2),
        Markets([rest.Market(symbol="X", tags=["a"], price_tick_size=0.5)]),
        Interrupted("lost", 3),
        Resumed(None),
        Ended(9),
    ],
)
def test_a_note_comes_back_and_is_a_channel_unknown_to_others(note: Note) -> None:
    carrier = note_frame(at(1), note)

    assert note_in(carrier) == note
    message = json_feed.decode_notification(rpc.decode(carrier.payload))
    assert isinstance(message, json_feed.UnknownMessage)


def test_frames_of_the_venue_are_no_notes() -> None:
    quoted = rpc.encode_notification("trades.X", {"id": "paradex-nt.recorder"}).encode()

    assert note_in(bbo(1, 1, 2)) is None
    assert note_in(answer(1)) is None
    assert note_in(RecordedFrame(at(1), TEXT, b'"paradex-nt.recorder" is no JSON-RPC')) is None
    assert note_in(RecordedFrame(at(1), TEXT, quoted)) is None


def test_a_note_of_a_later_version_is_an_error_not_a_guess() -> None:
    later = rpc.encode_notification("paradex-nt.recorder", {"note": "novelty"}).encode()

    with pytest.raises(RecordingError, match="novelty"):
        note_in(RecordedFrame(at(1), TEXT, later))


def test_a_note_that_cannot_be_read_is_named_by_its_line(record: Record) -> None:
    later = rpc.encode_notification("paradex-nt.recorder", {"note": "novelty"}).encode()
    path = record([bbo(1, 1, 2), RecordedFrame(at(2), TEXT, later), bbo(3, 1, 2)])

    with pytest.raises(RecordingError, match="line 2: a note"):
        list(RecordingReader(path))
    assert len(list(RecordingReader(path, skip_malformed=True))) == 2


def test_a_reader_names_file_and_line_of_what_it_cannot_read(record: Record) -> None:
    path = record([bbo(2, 1, 2), bbo(1, 1, 2)])

    with pytest.raises(RecordingError, match=rf"{path}, line 2: t_ns goes back"):
        list(RecordingReader(path))
    lenient = RecordingReader(path, skip_malformed=True)
    assert len(list(lenient)) == 1
    assert lenient.report.malformed == 1


@pytest.mark.parametrize("name", ["absent.jsonl", "absent.jsonl.gz"])
def test_a_file_that_is_not_there(tmp_path: Path, name: str) -> None:
    with pytest.raises(RecordingError, match=f"{name}: cannot be read: No such file"):
        list(RecordingReader(tmp_path / name))


def test_a_gz_file_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    path.write_text("plain")

    with pytest.raises(RecordingError, match="cannot be read: Not a gzipped file"):
        list(RecordingReader(path))


def test_a_reader_starts_afresh_and_knows_how_far_it_is(record: Record) -> None:
    reader = RecordingReader(record([bbo(1, 1, 2), trade(2, 1)]))

    assert list(reader) == list(reader)
    assert reader.position == reader.size > 0
    assert reader.report.lines == 2


def _fields(market: rest.Market) -> dict[str, object]:
    return {name: getattr(market, name) for name in market.__struct_fields__}
