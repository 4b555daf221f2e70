"""A recorded book on the devnet, and the book that a trading node makes of it.

What is expected is rebuilt here from the bytes of the recording, by code that shares nothing with
the package: the layout is that of the venue's schema file, template 3.
"""

import asyncio
import base64
import json
import struct
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest
from nautilus_trader.common.actor import Actor
from nautilus_trader.config import (
    InstrumentProviderConfig,
    TradingNodeConfig,
)
from nautilus_trader.live.node import TradingNode
from nautilus_trader.model.book import OrderBook
from nautilus_trader.model.data import OrderBookDeltas, QuoteTick
from nautilus_trader.model.enums import BookType, RecordFlag
from nautilus_trader.model.identifiers import InstrumentId, TraderId
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.frames import Opcode

from nautilus_paradex import (
    PARADEX,
    ParadexDataClientConfig,
    ParadexEnvironment,
    ParadexLiveDataClientFactory,
    ParadexWebSocketClient,
)
from tests.integration.processes import FREE_PORT, Devnet, devnet
from tests.support import PATIENCE_SECS, eventually

PRODUCTION = (
    Path(__file__).parents[3]
    / "shared/reference/paradex/captures/order_book_deltas_BTC-USD-PERP_2026-10-08.jsonl"
)
MARKET = "BTC-USD-PERP"
SPEED = "20"

pytestmark = pytest.mark.usefixtures("platform_logging")


# The recording, read by hand.

HEADER = struct.Struct("<HHHH")  # block length, template, schema, version
BLOCK_START = struct.Struct("<qqB")  # time in microseconds, sequence, 0 for a snapshot
GROUP = struct.Struct("<HH")  # bytes of an entry, entries
LEVEL = struct.Struct("<qq")  # price and size, each 1e-8
BLOCK_LENGTH = 89
BOOK = 3

type Levels = list[tuple[int, int]]
type Row = tuple[Decimal, Decimal, int]
"""Price, size and number of orders of a level."""


@dataclass(frozen=True)
class Frame:
    ts_us: int
    seq: int
    is_snapshot: bool
    bids: Levels
    asks: Levels

    @property
    def changes_something(self) -> bool:
        return self.is_snapshot or bool(self.bids or self.asks)


@dataclass
class RebuiltBook:
    bids: dict[int, int] = field(default_factory=dict)
    asks: dict[int, int] = field(default_factory=dict)

    def apply(self, frame: Frame) -> None:
        if frame.is_snapshot:
            self.bids, self.asks = {}, {}
        for side, levels in ((self.bids, frame.bids), (self.asks, frame.asks)):
            side.update(levels)
            for price in [price for price, size in side.items() if size == 0]:
                del side[price]

    def rows(self) -> tuple[list[Row], list[Row]]:
        return _rows(sorted(self.bids.items(), reverse=True)), _rows(sorted(self.asks.items()))

    def top(self) -> tuple[Decimal, ...]:
        bid, ask = max(self.bids), min(self.asks)
        return tuple(map(_unscaled, (bid, self.bids[bid], ask, self.asks[ask])))


def read_frame(data: bytes) -> Frame:
    block_length, template, schema, _ = HEADER.unpack_from(data)
    assert (template, schema) == (BOOK, 1)
    ts_us, seq, package = BLOCK_START.unpack_from(data, HEADER.size)
    bids, at = _read_levels(data, HEADER.size + block_length)
    asks, at = _read_levels(data, at)
    assert data[at + 1 : at + 1 + data[at]] == MARKET.encode()
    return Frame(ts_us, seq, package == 0, bids, asks)


def read_recording(path: Path) -> list[bytes]:
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return [base64.b64decode(line["b64"]) for line in lines if line["opcode"] == "binary"]


def _read_levels(data: bytes, at: int) -> tuple[Levels, int]:
    entry_length, count = GROUP.unpack_from(data, at)
    first, end = at + GROUP.size, at + GROUP.size + count * entry_length
    return [LEVEL.unpack_from(data, entry) for entry in range(first, end, entry_length)], end


def _rows(levels: Iterable[tuple[int, int]]) -> list[Row]:
    return [(_unscaled(price), _unscaled(size), 1) for price, size in levels]


def _unscaled(value_e8: int) -> Decimal:
    return Decimal(value_e8).scaleb(-8)


# A recording, written by hand.


def write_frame(frame: Frame, version: int) -> bytes:
    """Write a frame whose best prices, sent by interactive feeds only, are all null."""
    start = BLOCK_START.pack(frame.ts_us, frame.seq, 0 if frame.is_snapshot else 1)
    block = start + struct.pack("<q", -(2**63)) * 9
    assert len(block) == BLOCK_LENGTH
    header = HEADER.pack(BLOCK_LENGTH, BOOK, 1, version)
    groups = _write_levels(frame.bids) + _write_levels(frame.asks)
    return header + block + groups + bytes([len(MARKET)]) + MARKET.encode()


def _write_levels(levels: Levels) -> bytes:
    return GROUP.pack(LEVEL.size, len(levels)) + b"".join(LEVEL.pack(*level) for level in levels)


def _priced(*levels: tuple[str, str]) -> Levels:
    return [(int(Decimal(price).scaleb(8)), int(Decimal(size).scaleb(8))) for price, size in levels]


START_US = 1_790_000_000_000_000

STORY = [
    Frame(
        START_US,
        41,
        True,
        _priced(("81234.5", "0.4"), ("81234.4", "1.25"), ("81230", "0.00001")),
        _priced(("81234.6", "0.3"), ("81240.1", "2")),
    ),
    Frame(START_US + 7, 42, False, [], []),
    Frame(START_US + 20_000, 43, False, _priced(("81234.5", "0")), []),
    Frame(START_US + 20_000, 44, False, [], _priced(("81234.5", "0.7"), ("81234.6", "0"))),
    Frame(START_US + 31_001, 45, False, _priced(("81230", "5.5"), ("81000", "9")), []),
    Frame(START_US + 40_000, 46, False, _priced(("70000", "0")), []),
    Frame(
        START_US + 55_000,
        90,
        True,
        _priced(("81200", "1"), ("81199.9", "2")),
        _priced(("81200.1", "3")),
    ),
    Frame(START_US + 60_123, 91, False, _priced(("81200", "1.5")), _priced(("81200.2", "0.5"))),
]


def write_recording(path: Path, frames: Sequence[bytes]) -> Path:
    first_ns = START_US * 1_000
    ack = {"t_ns": first_ns, "opcode": "text", "text": '{"jsonrpc":"2.0","id":1,"result":{}}'}
    lines = [ack] + [
        {
            "t_ns": first_ns + number * 20_000_000,
            "opcode": "binary",
            "b64": base64.b64encode(frame).decode(),
        }
        for number, frame in enumerate(frames, start=1)
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


@dataclass(frozen=True)
class Recording:
    path: Path
    version: int


@pytest.fixture(params=["written", "production"])
def recording(request: pytest.FixtureRequest, tmp_path: Path) -> Recording:
    if request.param == "production":
        if not PRODUCTION.exists():
            pytest.skip(f"{PRODUCTION} is not on this machine")
        return Recording(PRODUCTION, version=1)
    frames = [write_frame(frame, 1) for frame in STORY]
    return Recording(write_recording(tmp_path / "written.jsonl", frames), version=1)


@pytest.fixture
async def venue(recording: Recording, tmp_path: Path) -> AsyncIterator[Devnet]:
    options = ("--replay", recording.path, "--speed", SPEED)
    async with devnet(*FREE_PORT, *options, directory=tmp_path) as venue:
        yield venue


# The node.


class Witness(Actor):
    """Remembers the book and the quotes of a market."""

    def __init__(self, instrument_id: InstrumentId) -> None:
        super().__init__()
        self._instrument_id = instrument_id
        self.deltas: list[OrderBookDeltas] = []
        self.quotes: list[QuoteTick] = []

    @property
    def book(self) -> OrderBook:
        return self.cache.order_book(self._instrument_id)

    def on_start(self) -> None:
        self.subscribe_order_book_deltas(self._instrument_id, book_type=BookType.L2_MBP)
        self.subscribe_quote_ticks(self._instrument_id)

    def on_order_book_deltas(self, deltas: OrderBookDeltas) -> None:
        self.deltas.append(deltas)

    def on_quote_tick(self, tick: QuoteTick) -> None:
        self.quotes.append(tick)


@asynccontextmanager
async def watching_node(venue: Devnet) -> AsyncIterator[Witness]:
    instrument_id = InstrumentId.from_str(f"{MARKET}.{PARADEX}")
    settings = ParadexDataClientConfig(
        environment=ParadexEnvironment.DEVNET,
        base_url_http=venue.http,
        base_url_ws=venue.ws,
        instrument_provider=InstrumentProviderConfig(load_ids=frozenset({instrument_id})),
    )
    node = TradingNode(
        config=TradingNodeConfig(
            trader_id=TraderId("REPLAY-001"),
            data_clients={PARADEX: settings},
            timeout_post_stop=0.1,
        )
    )
    node.add_data_client_factory(PARADEX, ParadexLiveDataClientFactory)
    witness = Witness(instrument_id)
    node.trader.add_actor(witness)
    node.build()
    running = asyncio.create_task(node.run_async())
    try:
        await eventually(lambda: witness.is_running or running.done())
        yield witness
    finally:
        await node.stop_async()
        await running
        # Not `node.dispose()`, which would stop the loop that the test itself runs in.
        node.kernel.dispose()
        node.kernel.executor.shutdown()


def book_rows(book: OrderBook) -> tuple[list[Row], list[Row]]:
    return tuple(
        [
            (
                level.price.as_decimal(),
                sum((order.size.as_decimal() for order in level.orders()), Decimal(0)),
                len(level.orders()),
            )
            for level in side
        ]
        for side in (book.bids(), book.asks())
    )


def quote_row(quote: QuoteTick) -> tuple[int, tuple[Decimal, ...]]:
    values = (quote.bid_price, quote.bid_size, quote.ask_price, quote.ask_size)
    return quote.ts_event, tuple(value.as_decimal() for value in values)


def tops(frames: Iterable[Frame]) -> list[tuple[int, tuple[Decimal, ...]]]:
    """Return when (ns) the best prices or sizes changed, and what they were then."""
    book, seen = RebuiltBook(), []
    for frame in frames:
        book.apply(frame)
        if not seen or seen[-1][1] != book.top():
            seen.append((frame.ts_us * 1_000, book.top()))
    return seen


async def test_a_node_ends_with_the_book_of_the_recording(
    recording: Recording, venue: Devnet
) -> None:
    frames = [read_frame(data) for data in read_recording(recording.path)]
    expected = RebuiltBook()
    for frame in frames:
        expected.apply(frame)
    told = [frame for frame in frames if frame.changes_something]

    async with watching_node(venue) as witness:
        await eventually(
            lambda: len(witness.deltas) >= len(told) and len(witness.quotes) >= len(tops(frames)),
        )

        assert book_rows(witness.book) == expected.rows()
        assert witness.book.sequence == told[-1].seq
        assert [deltas.ts_event for deltas in witness.deltas] == [f.ts_us * 1_000 for f in told]
        assert [deltas.sequence for deltas in witness.deltas] == [f.seq for f in told]
        assert [quote_row(quote) for quote in witness.quotes] == tops(frames)


async def test_the_book_is_right_after_each_step(recording: Recording, venue: Devnet) -> None:
    frames = [read_frame(data) for data in read_recording(recording.path)]
    told = [frame for frame in frames if frame.changes_something]

    async with watching_node(venue) as witness:
        await eventually(lambda: len(witness.deltas) >= len(told))

        book = OrderBook(witness.book.instrument_id, BookType.L2_MBP)
        expected = RebuiltBook()
        for deltas, frame in zip(witness.deltas, told, strict=True):
            book.apply_deltas(deltas)
            expected.apply(frame)
            assert book_rows(book) == expected.rows()
            flags = [delta.flags for delta in deltas.deltas]
            assert flags[-1] & RecordFlag.F_LAST
            assert not any(flag & RecordFlag.F_LAST for flag in flags[:-1])
            is_snapshot = [bool(flag & RecordFlag.F_SNAPSHOT) for flag in flags]
            assert set(is_snapshot) == {frame.is_snapshot}


async def test_the_client_steps_down_to_the_recorded_version(
    recording: Recording, venue: Devnet
) -> None:
    recorded = read_recording(recording.path)
    with pytest.raises(InvalidStatus) as refused:
        await connect(f"{venue.ws}?sbeSchemaId=1&sbeSchemaVersion=2")
    assert refused.value.response.status_code == 400

    async with ParadexWebSocketClient(venue.ws) as client:
        assert client.schema_version == recording.version
        await client.subscribe(f"order_book.{MARKET}.deltas")
        received = [await client.recv_frame(timeout=PATIENCE_SECS) for _ in recorded]

    assert received == [(data, Opcode.BINARY) for data in recorded]


@pytest.mark.parametrize("version", [0, 2])
async def test_a_recording_of_another_version_makes_the_same_book(
    tmp_path: Path, version: int
) -> None:
    frames = [write_frame(frame, version) for frame in STORY]
    path = write_recording(tmp_path / "written.jsonl", frames)
    expected = RebuiltBook()
    for frame in STORY:
        expected.apply(frame)

    async with (
        devnet(*FREE_PORT, "--replay", path, "--speed", SPEED, directory=tmp_path) as venue,
        watching_node(venue) as witness,
    ):
        await eventually(lambda: witness.deltas and witness.deltas[-1].sequence == STORY[-1].seq)
        assert book_rows(witness.book) == expected.rows()


def test_the_story_is_read_as_it_was_written() -> None:
    assert [read_frame(write_frame(frame, 1)) for frame in STORY] == STORY
    assert all(earlier.ts_us <= later.ts_us for earlier, later in pairwise(STORY))
