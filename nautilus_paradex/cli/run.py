"""The command ``paradex-nt run``: a trading node from a JSON file, until a signal stops it."""

import asyncio
import sys
import time
from pathlib import Path
from typing import Final

import click
from nautilus_trader.config import TradingNodeConfig
from nautilus_trader.live.node import TradingNode

from nautilus_paradex.cli.errors import BadInput, CommandFailed
from nautilus_paradex.cli.node import build_node, parse_node_config

__all__ = ["run_command"]

_POLL_SECS: Final = 0.05
_GRACE_SECS: Final = 1.0  # so that the platform's own timeouts speak first, in the log


@click.command("run")
@click.argument("config", type=click.Path(path_type=Path))
def run_command(config: Path) -> None:
    """
    Run the trading node that CONFIG (a JSON file) describes. Ctrl-C stops it in good order.

    A node that does not come up within the timeouts of CONFIG ends with exit status 1. Strategies
    that CONFIG names are looked for in the current directory too.
    """
    sys.path.insert(0, str(Path.cwd()))  # as `python -m` does, a script's entry point does not
    try:
        raw = config.read_bytes()
    except OSError as exc:
        raise BadInput(f"cannot read {config}: {exc.strerror}") from exc
    settings = parse_node_config(raw)
    node = build_node(raw, settings)
    try:
        node.kernel.loop.run_until_complete(_run(node, settings))
    finally:
        node.dispose()


async def _run(node: TradingNode, config: TradingNodeConfig) -> None:
    running = asyncio.create_task(node.run_async())
    try:
        await _until_up(node, running, config)
    except CommandFailed:
        running.cancel()
        await node.stop_async()
        await _let_others_end(config.timeout_disconnection)
        raise
    if running.cancelling():
        await _let_others_end(config.timeout_disconnection)
    await running


async def _let_others_end(timeout_secs: float) -> None:
    # To the platform a client that has never connected has disconnected: nobody waits for it.
    others = asyncio.all_tasks() - {asyncio.current_task()}
    if others:
        await asyncio.wait(others, timeout=timeout_secs)


async def _until_up(
    node: TradingNode, running: asyncio.Task[None], config: TradingNodeConfig
) -> None:
    """
    Wait until the node trades, or has been stopped.

    The platform's `run` goes on for ever with a node that could not connect, and a supervisor of
    services would take it for a healthy one.
    """
    connect_secs = config.timeout_connection
    all_secs = connect_secs + config.timeout_reconciliation + config.timeout_portfolio
    began = time.monotonic()
    await asyncio.sleep(0)  # the node's first step: from now on it counts as running
    while not (running.done() or node.trader.is_running):
        elapsed_secs = time.monotonic() - began - _GRACE_SECS
        if elapsed_secs > connect_secs and not _is_connected(node):
            raise CommandFailed(
                f"the node did not connect within {connect_secs:g} s (timeout_connection): "
                "the log above says why"
            )
        if elapsed_secs > all_secs:
            raise CommandFailed(
                f"the node did not come up within {all_secs:g} s (timeout_connection, "
                "timeout_reconciliation and timeout_portfolio): the log above says why"
            )
        if not node.is_running():
            running.cancel()  # stopped by a signal; its start would wait for its timeout
            return
        await asyncio.sleep(_POLL_SECS)


def _is_connected(node: TradingNode) -> bool:
    kernel = node.kernel
    return bool(kernel.data_engine.check_connected() and kernel.exec_engine.check_connected())
