"""The command ``paradex-nt devnet``: runs the embedded venue until a signal stops it.

Reads options and prints the ready line; the venue itself is `nautilus_paradex.devnet`.
"""

import asyncio
import json
import os
import signal
import sys
import threading
from contextlib import suppress
from pathlib import Path

import click

from nautilus_paradex.devnet.config import (
    DEFAULT_PORT,
    DEFAULT_SEED,
    DevnetConfig,
    DevnetConfigError,
)
from nautilus_paradex.devnet.server import DevnetServer

__all__ = ["devnet_command"]

_BAD_INPUT = 2


@click.command("devnet")
@click.option("--port", type=int, default=DEFAULT_PORT, show_default=True, help="0: a free one.")
@click.option(
    "--replay",
    type=click.Path(path_type=Path),
    default=None,
    metavar="FILE",
    help="Raw recording whose order book is served.",
)
@click.option(
    "--seed",
    type=int,
    default=DEFAULT_SEED,
    show_default=True,
    help="Of the accounts, their keys and the synthetic market.",
)
@click.option("--speed", type=float, default=1.0, show_default=True, help="Times real time.")
@click.option(
    "--account-balance",
    type=int,
    default=100_000,
    show_default=True,
    metavar="USDC",
    help="Of each account at the start.",
)
@click.option(
    "--until-eof",
    is_flag=True,
    help="End when standard input does, as it does when the process that writes to it ends.",
)
def devnet_command(
    port: int,
    replay: Path | None,
    seed: int,
    speed: float,
    account_balance: int,
    until_eof: bool,
) -> None:
    """
    Run a local venue that speaks Paradex's protocol.

    Prints one JSON line with its addresses and accounts when it is ready. The keys in it are toys.
    """
    try:
        config = DevnetConfig(
            port=port, replay=replay, seed=seed, speed=speed, account_balance=account_balance
        )
        asyncio.run(_run(DevnetServer(config), until_eof=until_eof))
    except DevnetConfigError as e:
        click.echo(f"paradex-nt devnet: {e}", err=True)
        sys.exit(_BAD_INPUT)


async def _run(server: DevnetServer, *, until_eof: bool) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    if until_eof:
        threading.Thread(target=_await_eof, args=(loop, stop), daemon=True).start()
    await server.start()
    try:
        click.echo(_ready_line(server))
        await _until(stop, server)
    finally:
        await server.stop()


async def _until(stop: asyncio.Event, server: DevnetServer) -> None:
    signalled = asyncio.create_task(stop.wait())
    failed = asyncio.create_task(server.failed())
    done, pending = await asyncio.wait({signalled, failed}, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    for task in done:
        task.result()


def _await_eof(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    # A thread and plain reads: an event loop cannot wait for every kind of standard input, and a
    # buffered reader that is still waiting would block the interpreter's end.
    while os.read(0, 4096):
        pass
    with suppress(RuntimeError):  # the loop is closed: the venue has ended already
        loop.call_soon_threadsafe(stop.set)


def _ready_line(server: DevnetServer) -> str:
    accounts = [
        {"address": account.address_hex, "private_key": account.private_key_hex}
        for account in server.accounts
    ]
    return json.dumps({"http": server.http_url, "ws": server.ws_url, "accounts": accounts})
