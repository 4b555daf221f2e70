"""`paradex-nt demo` as a user starts it: its way from a venue to an exit status, and its ends."""

import asyncio
import re
import signal
import socket
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import pytest

from tests.integration.processes import Command, command
from tests.support import PROCESS_PATIENCE_SECS, eventually

VENUE_LINE: Final = re.compile(r"devnet at http://127\.0\.0\.1:(\d+)/v1, account 0x[0-9a-f]+\n")
PLAIN_LINE: Final = re.compile(r" [\d.]+ s  quotes \d+  trades \d+  books \d+  .*\n")
CHECKS: Final = ("fills", "fees, USDC", "position", "balance, USDC")


@asynccontextmanager
async def demo(*options: str, directory: Path) -> AsyncIterator[Command]:
    async with command("demo", *options, directory=directory) as running:
        yield running


async def venue_port(running: Command) -> int:
    """Wait until the demo's devnet answers, and return its port."""
    await eventually(lambda: VENUE_LINE.search(running.said))
    match = VENUE_LINE.search(running.said)
    assert match is not None
    return int(match[1])


async def until_trading(running: Command) -> None:
    await eventually(lambda: PLAIN_LINE.search(running.said))


def is_served(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def assert_one_error(said: str, words: str) -> None:
    assert [words in line for line in said.splitlines() if line.startswith("Error")] == [True]
    assert "Traceback" not in said


def rows(said: str) -> dict[str, Sequence[str]]:
    """Return the summary's table: node, venue and word, by figure."""
    table = re.compile(r"^  (\S.*?)(?: \(.*?\))?  +(\S+)  +(\S+)  +(\S+) *$", re.MULTILINE)
    return {match[1]: match.groups()[1:] for match in table.finditer(said)}


async def test_a_short_demo_ends_with_equal_books_and_plain_lines(tmp_path: Path) -> None:
    async with demo("--seconds", "6", directory=tmp_path) as running:
        port = await venue_port(running)
        assert await running.ended() == 0, running.said

    table = rows(running.said)
    for figure in CHECKS:
        node, venue, word = table[figure]
        assert (node, word) == (venue, "equal")
    assert int(table["fills"][0]) > 0
    for words in ("latency wire to strategy: p50 ", "socket: connect ", ", p99 "):
        assert words in running.said
    assert running.said.endswith(
        "OK: the node's fills, fees, position and balance equal the venue's\n"
    )
    assert not is_served(port)
    assert_plain(running)


# The command, with one unit of position too many in what the venue says.
WITH_A_WRONG_LEDGER: Final = """
from dataclasses import replace
from nautilus_paradex.cli.demo import command

ledger = command.venue_books

async def wrong(*arguments):
    books = await ledger(*arguments)
    return replace(books, position=books.position + 1)

command.venue_books = wrong
command._PATIENT = command._Patience(orders_secs=15, agreement_secs=0.5)
command.demo_command(["--seconds", "2"])
"""


async def test_books_that_differ_are_a_failure() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        WITH_A_WRONG_LEDGER,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        out, _ = await asyncio.wait_for(process.communicate(), PROCESS_PATIENCE_SECS)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()

    said = out.decode()
    assert process.returncode == 1, said
    assert [row[2] for row in rows(said).values()].count("DIFFERS") == 1
    assert rows(said)["position"][2] == "DIFFERS"
    assert re.search(r"^FAILED: .*node and venue differ in position$", said, re.MULTILINE)


def assert_plain(running: Command) -> None:
    """Nobody looks at a terminal: no colours, nothing redrawn, and no line broken."""
    said = running.out.read_text()
    assert "\x1b" not in said
    assert running.err.read_text() == ""
    assert VENUE_LINE.search(said)
    assert PLAIN_LINE.search(said)
    counts = r"^\d+ s: \d+ quotes, .* \d+ cancelled, \d+ rejected; \d+ fills$"
    assert re.search(counts, said, re.MULTILINE)


async def test_ctrl_c_stops_it_early_and_in_order(tmp_path: Path) -> None:
    async with demo("--seconds", "600", directory=tmp_path) as running:
        port = await venue_port(running)
        await until_trading(running)
        assert await running.interrupted() == 128 + signal.SIGINT

    assert {word for _, _, word in rows(running.said).values()} == {"equal"}
    assert "stopped early by SIGINT\n" in running.said
    assert "Traceback" not in running.said
    assert not is_served(port)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_before_it_trades_takes_the_venue_along(
    tmp_path: Path, number: signal.Signals
) -> None:
    async with demo("--seconds", "600", directory=tmp_path) as running:
        port = await venue_port(running)
        assert await running.interrupted(number) == 128 + number

    assert "Traceback" not in running.said
    assert not is_served(port)


async def test_a_signal_while_it_trades_takes_the_venue_along(tmp_path: Path) -> None:
    async with demo("--seconds", "600", directory=tmp_path) as running:
        port = await venue_port(running)
        await until_trading(running)
        assert await running.interrupted(signal.SIGTERM) == 128 + signal.SIGTERM

    assert "stopped early by SIGTERM\n" in running.said
    assert not is_served(port)


async def test_the_venue_ends_even_if_the_demo_cannot_say_so(tmp_path: Path) -> None:
    async with demo("--seconds", "600", directory=tmp_path) as running:
        port = await venue_port(running)
        assert await running.interrupted(signal.SIGKILL) == -signal.SIGKILL

    await eventually(lambda: not is_served(port))


@pytest.mark.parametrize(
    ("market", "words"),
    [
        ("NO-SUCH-MARKET", "there is no market 'NO-SUCH-MARKET' at this venue; there is "),
        ("DIME-USD", "the demo trades positions, DIME-USD is a spot market"),
    ],
)
async def test_a_market_that_it_cannot_trade(tmp_path: Path, market: str, words: str) -> None:
    async with demo("--market", market, directory=tmp_path) as running:
        assert await running.ended() == 2

    assert_one_error(running.said, words)


async def test_a_test_network_asks_for_its_account(tmp_path: Path) -> None:
    async with demo("--venue", "testnet", directory=tmp_path) as running:
        assert await running.ended() == 2

    assert_one_error(running.said, "set PARADEX_TESTNET_ACCOUNT_ADDRESS")
    assert len(running.said.splitlines()) == 1
