"""`paradex-nt` as a user starts it: a process of its own, ended by a signal.

Not a test module.
"""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from tests.support import PROCESS_PATIENCE_SECS

__all__ = ["FREE_PORT", "Account", "Command", "Devnet", "command", "devnet"]

FREE_PORT: Final = ("--port", "0")
PARADEX_NT: Final = Path(sys.executable).with_name("paradex-nt")


class Account(msgspec.Struct, frozen=True):
    """An account of a devnet, from its ready line."""

    address: str
    private_key: str


class Devnet(msgspec.Struct, frozen=True):
    """The ready line of a devnet."""

    http: str
    ws: str
    accounts: list[Account]

    @property
    def ledger_url(self) -> str:
        return self.http.removesuffix("/v1") + "/devnet/ledger"


@dataclass(frozen=True, slots=True)
class Command:
    """A process that writes what it says to files, so that no pipe can fill up."""

    process: asyncio.subprocess.Process
    out: Path
    err: Path

    @property
    def is_running(self) -> bool:
        return self.process.returncode is None

    @property
    def said(self) -> str:
        """Everything it has written so far, to both streams."""
        return self.out.read_text() + self.err.read_text()

    async def ended(self) -> int:
        """Wait for the end and return the exit status."""
        return await asyncio.wait_for(self.process.wait(), PROCESS_PATIENCE_SECS)

    async def interrupted(self, number: signal.Signals = signal.SIGINT) -> int:
        """Send a signal, Ctrl-C if none is named, and return the exit status."""
        self.process.send_signal(number)
        return await self.ended()


@asynccontextmanager
async def command(
    *arguments: str | Path,
    directory: Path,
    cwd: Path | None = None,
    variables: Mapping[str, str] | None = None,
) -> AsyncIterator[Command]:
    """
    Run ``paradex-nt`` with arguments; it is killed if it still runs at the end.

    Parameters
    ----------
    directory : Path
        Where its output goes.
    cwd : Path, optional
        Where it runs; `directory` if None.
    variables : Mapping, optional
        Environment variables beside those of this process, of which no credentials are passed on.

    """
    out, err = directory / f"{arguments[0]}.out", directory / f"{arguments[0]}.err"
    inherited = {name: text for name, text in os.environ.items() if "PARADEX" not in name}
    with out.open("wb") as stdout, err.open("wb") as stderr:
        process = await asyncio.create_subprocess_exec(
            PARADEX_NT,
            *arguments,
            cwd=cwd or directory,
            env=inherited | dict(variables or {}),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
        )
    try:
        yield Command(process, out, err)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@asynccontextmanager
async def devnet(*options: str | Path, directory: Path) -> AsyncIterator[Devnet]:
    """Run ``paradex-nt devnet`` with `options` until the end; ``*FREE_PORT`` goes with most."""
    async with command("devnet", *options, directory=directory) as running:
        yield await _ready(running)
        assert await running.interrupted(signal.SIGTERM) == 0, running.said


async def _ready(running: Command) -> Devnet:
    async with asyncio.timeout(PROCESS_PATIENCE_SECS):
        while not (line := running.out.read_bytes()).endswith(b"\n"):
            assert running.is_running, f"the devnet has ended: {running.said}"
            await asyncio.sleep(0.01)
    return msgspec.json.decode(line, type=Devnet)
