"""The demo's parts by themselves: its verdict, its ends that are no success, its interruption."""

import asyncio
import json
import os
import re
import signal
import sys
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Final

import pytest
from click.testing import CliRunner
from nautilus_trader.model.currencies import USDC
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.objects import Money
from rich.console import Console

from nautilus_paradex.cli.demo import command as demo
from nautilus_paradex.cli.demo import session, venue
from nautilus_paradex.cli.demo.screen import open_screen
from nautilus_paradex.cli.demo.stats import DemoStats
from nautilus_paradex.cli.demo.truth import Books, compare, shortcoming
from nautilus_paradex.cli.demo.venue import DemoVenue, open_venue
from nautilus_paradex.cli.errors import CommandFailed
from nautilus_paradex.cli.interruption import Interruption
from nautilus_paradex.devnet.config import DevnetConfig
from nautilus_paradex.devnet.server import DevnetServer
from nautilus_paradex.protocol.environment import ParadexEnvironment
from nautilus_paradex.transport.credentials import ParadexCredentials
from tests.support import PROCESS_PATIENCE_SECS

FILLS: Final = frozenset({("f1", Decimal("0.1"), Decimal(95_000), Decimal("2.85"))})
BOOKS: Final = Books(fills=FILLS, position=Decimal("0.1"), balance=Decimal("99997.15"))
LIVELY: Final = DemoStats(quotes=1, books=1, accepted=1, fills=1)
DEVNET: Final = (sys.executable, "-m", "nautilus_paradex.cli.main", "devnet", "--port", "0")


# The verdict.


def test_equal_books_are_a_success() -> None:
    checks = compare(BOOKS, BOOKS)
    assert all(check.is_equal for check in checks)
    assert shortcoming(checks, LIVELY) is None


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (replace(BOOKS, fills=frozenset()), "differ in fills (id, size, price, fee), fees, USDC"),
        (
            replace(BOOKS, fills=frozenset({("f2", *next(iter(FILLS))[1:])})),
            "node and venue differ in fills (id, size, price, fee)",
        ),
        (replace(BOOKS, position=Decimal("-0.1")), "node and venue differ in position"),
        (replace(BOOKS, balance=Decimal("99997.16")), "node and venue differ in balance, USDC"),
    ],
)
def test_each_difference_is_a_failure_and_named(other: Books, words: str) -> None:
    for node, truth in ((BOOKS, other), (other, BOOKS)):
        found = shortcoming(compare(node, truth), LIVELY)
        assert found is not None
        assert words in found


@pytest.mark.parametrize("stream", ["quotes", "books", "accepted", "fills"])
def test_a_stream_that_carried_nothing_is_a_failure_of_a_whole_demo(stream: str) -> None:
    silent = replace(LIVELY, **{stream: 0})
    found = shortcoming(compare(BOOKS, BOOKS), silent)
    assert found is not None
    assert found.startswith("no ")
    assert shortcoming(compare(BOOKS, BOOKS), None) is None, "of one that ended early it is not"


# The screen.


class Wallet:
    """As much of a strategy as the screen looks at: a position, its PnL, a book of two levels."""

    def __init__(self) -> None:
        level = SimpleNamespace(price="95000.1", size=lambda: Decimal("0.5"))
        book = SimpleNamespace(bids=lambda: [level, level], asks=lambda: [level])
        self.cache = SimpleNamespace(order_book=lambda _: book)
        self.portfolio = SimpleNamespace(
            net_position=lambda _: Decimal("-0.00016"),
            realized_pnl=lambda _: Money(Decimal("-0.01485608"), USDC),
            unrealized_pnl=lambda _: None,
        )


def shown(stats: DemoStats, elapsed_secs: Sequence[float], *, is_terminal: bool) -> str:
    console = Console(file=StringIO(), force_terminal=is_terminal, width=100, color_system=None)
    with open_screen(console, InstrumentId.from_str("BTC-USD-PERP.PARADEX")) as screen:
        for secs in elapsed_secs:
            screen.update(stats, Wallet(), secs)  # type: ignore[arg-type]
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_a_terminal_shows_a_table_of_everything() -> None:
    stats = DemoStats(quotes=7, trades=6, books=5, submitted=4, accepted=3, canceled=2, fills=1)
    stats.last_quote, stats.last_trade, stats.last_fill = "a quote", "a trade", "a fill"
    stats.wire_to_strategy.record(300_000)

    text = shown(stats, [1.0], is_terminal=True)

    for row in (
        r"BTC-USD-PERP\.PARADEX +1 s",
        r"quotes +7 +a quote",
        r"trades +6 +a trade",
        r"book updates +5",
        r"orders +4 +4 sent, 3 accepted, 2 cancelled, 0 rejected",
        r"fills +1 +a fill",
        r"position +-0\.00016 +PnL realised -0\.0149 USDC, open –",
        r"wire to strategy +p50 \d+ µs, p99 \d+ µs \(1 quotes\)",
        r"0\.5 +95000\.1 +95000\.1 +0\.5",
        r"0\.5 +95000\.1 +\n",
    ):
        assert re.search(row, text), row


def test_elsewhere_it_is_a_line_every_five_seconds() -> None:
    text = shown(DemoStats(quotes=7), [0.5, 4.9, 5.1, 9.0, 10.2], is_terminal=False)
    assert [line.split()[0] for line in text.splitlines()] == ["5.1", "10.2"]
    assert text.splitlines()[0].endswith("position -0.00016  PnL realised -0.0149 USDC, open –")


# Ends that are no success: one line and status 1.


def test_a_devnet_that_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(venue.sys, "executable", "/bin/false")
    result = CliRunner().invoke(demo.demo_command, ["--seconds", "1"])
    assert result.exit_code == 1
    assert result.output.splitlines() == [
        "starting a local venue",
        "Error: the devnet did not start (exit status 1): see above",
    ]


class Unending:
    """A strategy whose orders nobody takes back."""

    pending_orders = 2
    asked = 0

    def finish(self) -> None:
        self.asked += 1


async def test_orders_that_cannot_be_taken_back() -> None:
    strategy = Unending()
    patience = demo._Patience(orders_secs=0.0, agreement_secs=0.0)
    with pytest.raises(CommandFailed, match="2 orders could not be taken back within 0 s"):
        await demo._take_back_orders(strategy, patience)  # type: ignore[arg-type]
    assert strategy.asked


class NeverRunning:
    """A strategy whose node does not come up."""

    is_running = False


async def test_a_node_that_is_never_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "_START_TIMEOUT_SECS", 0.05)
    forever = asyncio.create_task(asyncio.Event().wait())
    with pytest.raises(CommandFailed, match=r"the node was not ready within 0\.05 s"):
        await session._until_running(NeverRunning(), forever)  # type: ignore[arg-type]
    forever.cancel()


async def test_a_node_that_stops_before_it_is_ready() -> None:
    over = asyncio.create_task(asyncio.sleep(0))
    with pytest.raises(CommandFailed, match="the node stopped before it was ready"):
        await session._until_running(NeverRunning(), over)  # type: ignore[arg-type]


async def test_a_ledger_that_cannot_be_read() -> None:
    async with DevnetServer(DevnetConfig(port=0, synthetic=False, past_hours=0)) as server:
        account = server.accounts[0]
        gone = DemoVenue(
            environment=ParadexEnvironment.DEVNET,
            http_url=server.http_url,
            ws_url=server.ws_url,
            credentials=ParadexCredentials(account.address_hex, account.private_key_hex),
            ledger_url=server.http_url + "/nowhere",
        )
        with pytest.raises(CommandFailed, match=r"the devnet's ledger cannot be read: .*404"):
            await demo.venue_books(gone, None, "BTC-USD-PERP", 0)  # type: ignore[arg-type]


# Signals.


async def test_a_signal_cancels_where_nobody_looks() -> None:
    async def program() -> None:
        nonlocal interruption
        interruption = Interruption()
        interruption.listen()
        listening.set()
        await asyncio.Event().wait()

    interruption: Interruption | None = None
    listening = asyncio.Event()
    task = asyncio.create_task(program())
    await listening.wait()
    os.kill(os.getpid(), signal.SIGTERM)
    with pytest.raises(asyncio.CancelledError):
        await task
    assert interruption is not None
    assert (interruption.signal_name, interruption.exit_status) == ("SIGTERM", 143)


async def test_the_first_signal_asks_and_the_second_cancels() -> None:
    async def program() -> None:
        nonlocal interruption
        interruption = Interruption()
        interruption.listen()
        with interruption.awaited():
            listening.set()
            await interruption.requested.wait()
            asked.set()
            await asyncio.Event().wait()

    interruption: Interruption | None = None
    listening, asked = asyncio.Event(), asyncio.Event()
    task = asyncio.create_task(program())
    await listening.wait()
    os.kill(os.getpid(), signal.SIGINT)
    await asked.wait()
    assert not task.done()
    os.kill(os.getpid(), signal.SIGTERM)
    with pytest.raises(asyncio.CancelledError):
        await task
    assert interruption is not None
    assert interruption.exit_status == 128 + signal.SIGINT, "the first one is what it died of"


# The venue in a process of its own.


CHILDREN: Final = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children")


def sessions_of_children() -> set[int]:
    return {os.getsid(int(pid)) for pid in CHILDREN.read_text().split()}


@pytest.mark.skipif(not CHILDREN.exists(), reason="needs Linux's list of a process's children")
async def test_ctrl_c_in_a_terminal_does_not_reach_the_venue() -> None:
    before = sessions_of_children()
    async with open_venue(ParadexEnvironment.DEVNET):
        assert sessions_of_children() - before - {os.getsid(0)}


@pytest.mark.parametrize("is_late", [False, True])
async def test_a_devnet_until_eof_ends_with_its_standard_input(is_late: bool) -> None:
    process = await asyncio.create_subprocess_exec(
        *DEVNET,
        "--until-eof",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdin is not None
        assert process.stdout is not None
        if is_late:
            ready = await asyncio.wait_for(process.stdout.readline(), PROCESS_PATIENCE_SECS)
            assert set(json.loads(ready)) == {"http", "ws", "accounts"}
            process.stdin.write(b"what is written does not matter\n")
            await process.stdin.drain()
        process.stdin.close()
        _, errors = await asyncio.wait_for(process.communicate(), PROCESS_PATIENCE_SECS)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert (process.returncode, errors) == (0, b"")
