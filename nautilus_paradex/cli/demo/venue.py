"""Where the demo trades: a devnet in a process of its own, or a real test network."""

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import msgspec

from nautilus_paradex.cli.errors import BadInput, CommandFailed
from nautilus_paradex.protocol.environment import ParadexEnvironment
from nautilus_paradex.transport.credentials import ParadexCredentials
from nautilus_paradex.transport.errors import CredentialsError

__all__ = ["DemoVenue", "open_venue"]

_READY_TIMEOUT_SECS: Final = 30.0
_STOP_TIMEOUT_SECS: Final = 10.0


class DemoVenue(msgspec.Struct, frozen=True):
    """A venue to trade at: addresses and an account. `ledger_url` is None where there is none."""

    environment: ParadexEnvironment
    http_url: str
    ws_url: str
    credentials: ParadexCredentials
    ledger_url: str | None


class _ReadyAccount(msgspec.Struct):
    address: str
    private_key: str


class _ReadyLine(msgspec.Struct):
    http: str
    ws: str
    accounts: list[_ReadyAccount]


@asynccontextmanager
async def open_venue(environment: ParadexEnvironment) -> AsyncIterator[DemoVenue]:
    """
    Give a venue for as long as it is needed; a devnet is started, and stopped at the end.

    Raises
    ------
    BadInput
        If the environment variables for a test network are missing or malformed.
    CommandFailed
        If the devnet does not start.

    """
    if environment != ParadexEnvironment.DEVNET:
        yield _network(environment)
        return
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "nautilus_paradex.cli.main",
        "devnet",
        "--port",
        "0",
        "--until-eof",
        stdin=PIPE,  # never written to: it ends with this process, however that ends
        stdout=PIPE,
        # Ctrl-C in a terminal reaches a whole session. The venue has to outlive it, or no order
        # could be taken back.
        start_new_session=True,
    )
    try:
        yield await _ready(process)
    finally:
        await _stop(process)


def _network(environment: ParadexEnvironment) -> DemoVenue:
    try:
        credentials = ParadexCredentials.resolve(environment)
    except CredentialsError as exc:
        raise BadInput(str(exc)) from exc
    if credentials.private_key is None:
        raise BadInput("the demo places orders: a read-only token is not enough, set a private key")
    return DemoVenue(environment, environment.http_url, environment.ws_url, credentials, None)


async def _ready(process: Process) -> DemoVenue:
    assert process.stdout is not None
    try:
        async with asyncio.timeout(_READY_TIMEOUT_SECS):
            line = await process.stdout.readline()
    except TimeoutError:
        raise CommandFailed(
            f"the devnet was not ready within {_READY_TIMEOUT_SECS:g} s: is this machine busy?"
        ) from None
    if not line:
        status = await process.wait()
        raise CommandFailed(f"the devnet did not start (exit status {status}): see above")
    ready = msgspec.json.decode(line, type=_ReadyLine)
    account = ready.accounts[0]
    return DemoVenue(
        environment=ParadexEnvironment.DEVNET,
        http_url=ready.http,
        ws_url=ready.ws,
        credentials=ParadexCredentials(account.address, account.private_key),
        ledger_url=ready.http.removesuffix("/v1") + "/devnet/ledger",
    )


async def _stop(process: Process) -> None:
    if process.returncode is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(_STOP_TIMEOUT_SECS):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
