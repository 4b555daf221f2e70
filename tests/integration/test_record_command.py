"""`paradex-nt record` and `replay` as a user starts them, beside a local venue."""

import asyncio
import json
import re
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from nautilus_paradex.cli.main import main
from nautilus_paradex.devnet import DevnetConfig, DevnetServer
from nautilus_paradex.history.kinds import KINDS
from nautilus_paradex.history.notes import Markets, note_frame
from nautilus_paradex.history.reader import RecordingReader
from nautilus_paradex.protocol import rest
from tests.integration.processes import Command, command
from tests.integration.test_replay_node import PRODUCTION
from tests.support import PATIENCE_SECS, eventually
from tests.unit.history.conftest import Record, market, record
from tests.unit.history.frames import at, bbo, book, summary, trade

__all__ = ["market", "record"]

BTC = "BTC-USD-PERP"


@pytest.fixture
async def venue() -> AsyncIterator[DevnetServer]:
    async with DevnetServer(DevnetConfig(port=0, speed=5.0, past_hours=0)) as server:
        yield server


def lines_in(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


async def until_recording(running: Command, path: Path, lines: int = 40) -> None:
    await eventually(lambda: lines_in(path) >= lines or not running.is_running)
    assert running.is_running, running.said


async def run(tmp_path: Path, *arguments: str | Path) -> tuple[int, str, str]:
    """Run a command to its end; return status, output and errors."""
    async with command(*arguments, directory=tmp_path) as running:
        return await running.ended(), running.out.read_text(), running.err.read_text()


def invoke(*arguments: str | Path) -> tuple[int, str, str]:
    """Run a command within this process; return status, output and errors."""
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.stdout, result.stderr


@pytest.mark.parametrize(
    ("number", "name"), [(signal.SIGINT, "a.jsonl"), (signal.SIGTERM, "a.jsonl.gz")]
)
async def test_a_signal_ends_it_with_a_whole_file_that_replay_counts(
    venue: DevnetServer, tmp_path: Path, number: signal.Signals, name: str
) -> None:
    path = tmp_path / name
    async with command(
        "record", BTC, "--url", venue.ws_url, "--out", path, directory=tmp_path
    ) as it:
        if name.endswith(".gz"):
            await eventually(lambda: path.exists() and path.stat().st_size > 3_000)
        else:
            await until_recording(it, path)
        assert await it.interrupted(number) == 0, it.said
        said = it.said

    reader = RecordingReader(path)
    frames = list(reader)
    assert not reader.report.is_cut
    written = int(re.search(r"([\d,]+) frames of 4 channels", said)[1].replace(",", ""))
    assert written == len(frames) - 3  # beside the notes of the recorder

    status, out, _ = invoke("replay", path)
    assert status == 0
    quotes = int(re.search(r"quotes (\d+)", out)[1])
    templates = [frame.payload[2:4] for frame in frames if frame.opcode == 2]
    assert quotes == templates.count(b"\x02\x00")
    assert f"{len(frames)} frames from" in out


async def test_a_killed_recorder_leaves_a_file_up_to_its_last_whole_line(
    venue: DevnetServer, tmp_path: Path
) -> None:
    path = tmp_path / "a.jsonl"
    async with command(
        "record", BTC, "--url", venue.ws_url, "--out", path, directory=tmp_path
    ) as it:
        await until_recording(it, path)
        await it.interrupted(signal.SIGKILL)
    before = lines_in(path)
    with path.open("ab") as file:
        file.write(b'{"t_ns":1795435144509')  # as if the kill had met a write

    status, out, _ = invoke("replay", path)

    assert status == 0
    assert f"{before} frames from" in out
    assert "the recording ends within a line" in out


async def test_the_time_is_up_and_the_data_is_in_a_catalog(
    venue: DevnetServer, tmp_path: Path
) -> None:
    path, catalog = tmp_path / "a.jsonl", tmp_path / "catalog"
    status, out, errors = await run(
        tmp_path, "record", BTC, "--channels", "bbo,trades", "--url", venue.http_url,
        "--out", path, "--seconds", "2", "--to-catalog", catalog,
    )  # fmt: skip

    assert status == 0, errors
    quotes = int(re.search(r"([\d,]+) quotes", out)[1].replace(",", ""))
    assert quotes > 0
    files = list((catalog / "data/quote_tick" / f"{BTC}.PARADEX").iterdir())
    assert len(files) == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([BTC, "--channels", "bbo,tirades"], "must be one of bbo, trades, .*was 'tirades'"),
        ([BTC, "--channels", "bbo,orders"], "orders is a private channel.*public ones only"),
        ([BTC, "--channels", ","], "no channel to record"),
        ([BTC, "--out", "there.jsonl"], "there.jsonl is there already.*--force"),
        ([BTC, "--out", "."], "is a directory"),
        ([BTC, "--out", "nowhere/a.jsonl"], "no directory .*nowhere"),
        ([BTC, "--environment", "testnet"], "not both"),
        ([BTC, "--url", "gopher://x"], "--url must look like ws://host:port/v1"),
        ([BTC, "--url", "ws://:1/v1"], "--url must look like"),
        ([BTC, "--seconds", "0"], "--seconds"),
        ([], "MARKET"),
    ],
)
def test_a_mistake_is_one_clear_message_and_status_two(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("there.jsonl").write_text("precious")
    for name, value in (("--out", "a.jsonl"), ("--url", "ws://127.0.0.1:1/v1")):
        arguments = arguments if name in arguments else [*arguments, name, value]

    status, _, errors = invoke("record", *arguments)

    assert status == 2
    assert re.search(words, errors), errors
    assert Path("there.jsonl").read_text() == "precious"
    assert not Path("a.jsonl").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["NOPE"], "lists no market 'NOPE'; it has .*BTC-USD-PERP"),
        ([BTC, "BTC-USD-PREP"], "lists no market 'BTC-USD-PREP', similar are .*BTC-USD-PERP"),
        ([BTC, "--out", "/dev/full", "--force"], "/dev/full cannot be written: No space left"),
    ],
)
async def test_what_only_the_venue_or_the_disk_can_tell_is_status_two_as_well(
    venue: DevnetServer, tmp_path: Path, arguments: list[str], words: str
) -> None:
    out = [] if "--out" in arguments else ["--out", "a.jsonl"]
    status, _, errors = await run(
        tmp_path, "record", *arguments, *out, "--url", venue.ws_url, "--seconds", "30"
    )

    assert status == 2
    assert re.search(words, errors), errors
    assert "Traceback" not in errors
    assert not (tmp_path / "a.jsonl").exists()


def test_a_venue_that_is_not_there_is_status_one(tmp_path: Path) -> None:
    out = tmp_path / "a.jsonl"

    status, _, errors = invoke("record", BTC, "--out", out, "--url", "ws://127.0.0.1:1/v1")

    assert status == 1
    assert "cannot connect to 127.0.0.1" in errors
    assert not out.exists()


async def test_a_signal_before_anything_came_is_an_end_at_once(tmp_path: Path) -> None:
    async def stay_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.set()
        await reader.read()
        writer.close()

    asked = asyncio.Event()
    server = await asyncio.start_server(stay_silent, "127.0.0.1", 0)
    url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    async with (
        server,
        command("record", BTC, "--url", url, "--out", "a.jsonl", directory=tmp_path) as running,
    ):
        await asyncio.wait_for(asked.wait(), PATIENCE_SECS)
        status = await running.interrupted()
        said = running.said

    assert status == 130
    assert "stopped by SIGINT before anything was recorded" in said
    assert not (tmp_path / "a.jsonl").exists()


def test_replay_prints_each_object_as_a_line_of_json(record: Record) -> None:
    path = record([bbo(1, 5, 6), trade(2, 5), bbo(3, 6, 7), bbo(4, 6, 7, "ETH-USD-PERP")])

    status, out, errors = invoke("replay", path, "--lines", "--kind", "quotes", "--market", BTC)
    rows = [json.loads(line) for line in out.splitlines()]
    assert status == 0
    assert [(row["type"], float(row["bid_price"])) for row in rows] == [
        ("QuoteTick", 5.0),
        ("QuoteTick", 6.0),
    ]
    assert "4 frames from 2026-09-21T" in errors
    assert "8 decimals are assumed" in errors

    _, out, _ = invoke("replay", path, "--lines", "--limit", "1")
    assert len(out.splitlines()) == 1


def test_every_kind_of_object_can_be_a_line(record: Record, market: rest.Market) -> None:
    specification = {name: getattr(market, name) for name in market.__struct_fields__}
    option = rest.Market(
        **{
            **specification,
            "symbol": "BTC-USD-96000-C",
            "asset_kind": "PERP_OPTION",
            "strike_price": "96000",
            "option_type": "CALL",
        }
    )
    greeks = {"delta": 50_000_000, "gamma": 1, "vega": 2}
    path = record(
        [
            note_frame(at(0), Markets([option])),
            bbo(1, 5, 6, option.symbol),
            trade(2, 5, option.symbol),
            book(3, 1, bids={5: 1}, kind="SNAPSHOT", market=option.symbol),
            summary(4, 5, option.symbol, **greeks),
        ]
    )

    _, out, _ = invoke("replay", path, "--lines")

    rows = [json.loads(line) for line in out.splitlines()]
    assert {row["type"] for row in rows} == {data_cls.__name__ for data_cls in KINDS}
    assert [row["delta"] for row in rows if row["type"] == "OptionGreeks"] == [0.5]


def test_replay_takes_the_markets_from_a_file(record: Record, tmp_path: Path) -> None:
    path, markets = record([bbo(1, 5, 6)]), tmp_path / "markets.json"
    specification = {
        "symbol": BTC, "asset_kind": "PERP", "base_currency": "BTC", "price_tick_size": "0.01",
        "settlement_currency": "USDC", "order_size_increment": "0.001",
    }  # fmt: skip
    for document in ({"results": [specification]}, [specification]):
        markets.write_text(json.dumps(document))

        status, out, errors = invoke("replay", path, "--lines", "--instruments", markets)

        assert (status, json.loads(out)["bid_price"]) == (0, "5.00")
        assert "assumed" not in errors


async def test_replay_asks_a_venue_for_the_markets(
    venue: DevnetServer, record: Record, tmp_path: Path
) -> None:
    status, out, errors = await run(
        tmp_path, "replay", record([bbo(1, 5, 6)]), "--lines", "--url", venue.ws_url
    )

    assert (status, json.loads(out)["bid_price"]) == (0, "5.0")
    assert "assumed" not in errors


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["absent.jsonl"], "absent.jsonl: cannot be read: No such file"),
        (["bad.jsonl"], "bad.jsonl, line 2: not a line of a recording"),
        (["good.jsonl", "--instruments", "bad.jsonl"], "bad.jsonl: not a reply to GET /markets"),
        (["good.jsonl", "--instruments", "x", "--environment", "testnet"], "not both"),
        (["good.jsonl", "--to-catalog", "catalog"], "names no instruments: give them"),
        (["good.jsonl", "--limit", "0"], "--limit"),
        (["good.jsonl", "--to-catalog", "catalog", "--kind", "quotes"], "--kind.*cannot apply"),
    ],
)
def test_what_cannot_be_replayed_is_said_with_status_two(
    record: Record,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    words: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    good = record([bbo(1, 5, 6)]).rename("good.jsonl")
    Path("bad.jsonl").write_bytes(good.read_bytes() + b"oops\n")

    status, out, errors = invoke("replay", *arguments)

    assert (status, out) == (2, "")
    assert re.search(words, errors), errors


def test_replay_adds_a_recording_to_a_catalog_once(
    record: Record, market: rest.Market, tmp_path: Path
) -> None:
    named = note_frame(at(0), Markets([market]))
    path, catalog = record([named, bbo(1, 5, 6), trade(2, 5)]), tmp_path / "catalog"

    status, out, _ = invoke("replay", path, "--to-catalog", catalog)
    assert (status, out) == (0, f"{catalog}: 1 quotes, 1 trades\n")

    status, _, errors = invoke("replay", path, "--to-catalog", catalog)
    assert status == 1
    assert "of that time already: choose another directory" in errors


def test_malformed_lines_can_be_counted(record: Record) -> None:
    path = record([bbo(1, 5, 6)])
    path.write_bytes(b"oops\n" + path.read_bytes())

    status, out, _ = invoke("replay", path, "--skip-malformed")

    assert status == 0
    assert "1 lines passed over, line 1: not a line" in out


@pytest.mark.skipif(not PRODUCTION.exists(), reason=f"{PRODUCTION} is not on this machine")
def test_the_recording_of_production_passes() -> None:
    status, out, errors = invoke("replay", PRODUCTION)

    assert (status, errors) == (0, "")
    assert "BTC-USD-PERP: deltas 27" in out
    assert "book_deltas_empty 19, answers_to_requests 1" in out
    assert "gaps" not in out
