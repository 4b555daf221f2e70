"""A recording on the devnet: the frames of a real book leave it byte for byte."""

import base64
import gzip
import json
from pathlib import Path

import pytest
from aiohttp import WSServerHandshakeError

from nautilus_paradex.devnet import DevnetConfig, DevnetConfigError, DevnetServer
from nautilus_paradex.devnet.replay import load
from nautilus_paradex.protocol import sbe
from nautilus_paradex.protocol.events import BboEvent, BookEvent
from nautilus_paradex.protocol.numbers import E8, e8_to_str
from tests.integration.devnet_client import BTC, connected

CAPTURES = Path(__file__).parents[3] / "shared/reference/paradex/captures"
PRODUCTION = CAPTURES / "order_book_deltas_BTC-USD-PERP_2026-10-08.jsonl"
UNIT = 1_000
"""Smallest size of the listed market, e8."""
DELTAS = f"order_book.{BTC}.deltas"


def book(seq, *, bids=(), asks=(), kind="DELTA", market=BTC):
    return BookEvent(
        ts=1_700_000_000_000_000 + seq,
        seq=seq,
        pkg_type=kind,
        bids=[(price * E8, size * UNIT) for price, size in bids],
        asks=[(price * E8, size * UNIT) for price, size in asks],
        market=market,
    )


STORY = [
    book(7, bids=[(100, 5), (99, 9)], asks=[(101, 5)], kind="SNAPSHOT"),
    book(8),
    book(9, bids=[(100, 0)]),
    book(10, asks=[(101, 0), (103, 2)]),
    book(11, bids=[(98, 4)]),
]


def write_recording(path, events, *, version=1, gap_ns=50_000_000):
    lines = [{"t_ns": 1_000, "opcode": "text", "text": '{"jsonrpc":"2.0","id":1,"result":{}}'}]
    for number, event in enumerate(events):
        frame = base64.b64encode(sbe.encode(event, version)).decode()
        lines.append({"t_ns": 2_000 + number * gap_ns, "opcode": "binary", "b64": frame})
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def binary_frames(path):
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return [base64.b64decode(line["b64"]) for line in lines if line["opcode"] == "binary"]


@pytest.fixture
def recording(tmp_path):
    return write_recording(tmp_path / "book.jsonl", STORY)


def replaying(path, **changes):
    return DevnetServer(DevnetConfig(port=0, replay=path, past_hours=0, speed=1_000.0, **changes))


async def replayed_frames(client, count, *, version=1):
    async with client.socket(version) as socket:
        await socket.subscribe(DELTAS)
        while len(socket.frames) < count:
            await socket.next_of(BookEvent)
        return socket.frames


async def test_each_subscription_gets_every_frame_from_the_first(recording):
    async with replaying(recording) as server, connected(server) as (client, _):
        for _ in range(2):
            assert await replayed_frames(client, len(STORY)) == binary_frames(recording)


@pytest.mark.skipif(not PRODUCTION.exists(), reason=f"{PRODUCTION} is not on this machine")
async def test_the_production_recording_leaves_byte_for_byte():
    recorded = binary_frames(PRODUCTION)
    async with replaying(PRODUCTION) as server, connected(server) as (client, _):
        assert await replayed_frames(client, len(recorded)) == recorded
        spec = (await client.get("/markets", market=BTC)).body["results"][0]
        assert spec["price_tick_size"] == "0.1"


@pytest.mark.parametrize(("recorded", "asked"), [(1, 2), (1, 0), (2, 1)])
async def test_other_versions_than_the_recorded_one_are_refused(tmp_path, recorded, asked):
    path = write_recording(tmp_path / "book.jsonl", STORY, version=recorded)
    async with replaying(path) as server, connected(server) as (client, _):
        with pytest.raises(WSServerHandshakeError) as refused:
            await client.session.ws_connect(
                f"{server.ws_url}?sbeSchemaId=1&sbeSchemaVersion={asked}"
            )
        assert refused.value.status == 400
        assert await replayed_frames(client, 1, version=recorded)


async def test_best_prices_derive_from_the_replayed_book(recording):
    async with (
        replaying(recording) as server,
        connected(server) as (client, _),
        client.socket(1) as socket,
    ):
        await socket.subscribe(f"bbo.{BTC}")
        seen = [await socket.next_of(BboEvent) for _ in range(3)]
    assert [(bbo.bid_price // E8, bbo.ask_price // E8, bbo.seq) for bbo in seen] == [
        (100, 101, 7),
        (99, 101, 9),
        (99, 103, 10),
    ]


async def test_rest_shows_the_replayed_book(recording):
    async with replaying(recording) as server, connected(server) as (client, _):
        before = (await client.get(f"/orderbook/{BTC}")).body
        assert (before["seq_no"], before["bids"][0]) == (7, ["100", e8_to_str(5 * UNIT)])
        await replayed_frames(client, len(STORY))
        after = (await client.get(f"/orderbook/{BTC}")).body
        assert (after["seq_no"], after["asks"]) == (11, [["103", e8_to_str(2 * UNIT)]])
        assert (await client.get(f"/bbo/{BTC}")).body["bid"] == "99"


async def test_the_recorded_times_are_divided_by_the_speed(tmp_path):
    # Undivided, the second frame would come after the socket's patience of ten seconds.
    slow = [book(1, bids=[(10, 1)], kind="SNAPSHOT"), book(2, bids=[(10, 2)])]
    path = write_recording(tmp_path / "book.jsonl", slow, gap_ns=600 * 10**9)
    async with (
        replaying(path) as server,
        connected(server) as (client, _),
        client.socket(1) as socket,
    ):
        await socket.subscribe(DELTAS)
        first = await socket.next_of(BookEvent)
        second = await socket.next_of(BookEvent)
        assert (first.seq, second.seq) == (1, 2)


async def test_a_market_that_is_not_listed_is_derived_from_its_frames(tmp_path):
    story = [book(1, bids=[(10, 40)], asks=[(12, 60)], kind="SNAPSHOT", market="NEW-USD-PERP")]
    path = write_recording(tmp_path / "book.jsonl", story)
    async with replaying(path) as server, connected(server) as (client, _):
        spec = (await client.get("/markets", market="NEW-USD-PERP")).body["results"][0]
    assert spec["price_tick_size"] == "2"
    assert spec["order_size_increment"] == "0.0002"
    assert spec["base_currency"] == "NEW"


async def test_other_markets_go_on_beside_the_replay(recording):
    async with (
        replaying(recording, step_interval_ms=10) as server,
        connected(server) as (client, _),
        client.socket(1) as socket,
    ):
        await socket.subscribe("order_book.ETH-USD-PERP.deltas")
        first = await socket.next_of(BookEvent)
        assert (await socket.next_of(BookEvent)).seq == first.seq + 1


@pytest.mark.parametrize("cut", [0, 30])
def test_a_gzipped_recording_is_read_up_to_where_it_was_cut(recording, tmp_path, cut):
    path = tmp_path / "book.jsonl.gz"
    packed = gzip.compress(recording.read_bytes())
    path.write_bytes(packed[: len(packed) - cut])
    frames = [frame.data for frame in load(path).frames[BTC]]
    assert frames == binary_frames(recording)[: len(frames)]
    assert (len(frames) == len(STORY)) == (cut == 0)


def test_a_recording_whose_writer_was_killed_ends_at_its_last_whole_line(recording):
    recording.write_bytes(recording.read_bytes()[:-10])
    assert len(load(recording).frames[BTC]) == len(STORY) - 1


def line(**values):
    return json.dumps({"t_ns": 1, "opcode": "binary"} | values)


def frame(event, version=1):
    return base64.b64encode(sbe.encode(event, version)).decode()


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["{"], "line 1"),
        ([line(opcode="text", text="ok"), "[]"], "line 2"),
        ([line()], "without `b64`"),
        ([line(b64="%%%")], "base64"),
        ([line(b64=base64.b64encode(b"\x59\x00\x03\x00\x01\x00\x01\x00ab").decode())], "line 1"),
        ([line(b64=frame(STORY[1]))], "without a snapshot"),
        ([line(b64=frame(STORY[0])), line(b64=frame(STORY[1], 2))], "several schema versions"),
        ([line(b64=frame(STORY[0]), t_ns=9), line(b64=frame(STORY[1]))], "back in time"),
        ([line(opcode="text", text="ok")], "no order book frames"),
        ([line(opcode="odd")], "line 1"),
    ],
)
def test_a_malformed_recording_is_refused_with_its_line(tmp_path, lines, words):
    path = tmp_path / "bad.jsonl"
    path.write_text("".join(f"{line}\n" for line in lines))
    with pytest.raises(DevnetConfigError, match=str(path)) as refused:
        load(path)
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_recording_too_fine_for_exact_accounts_is_refused(tmp_path):
    path = write_recording(
        tmp_path / "book.jsonl",
        [BookEvent(ts=1, seq=1, pkg_type="SNAPSHOT", bids=[(10, 1)], asks=[(12, 1)], market=BTC)],
    )
    with pytest.raises(DevnetConfigError, match="cannot be listed"):
        replaying(path)


def test_a_recording_that_is_not_there(tmp_path):
    with pytest.raises(DevnetConfigError, match="cannot be read"):
        load(tmp_path / "absent.jsonl")
