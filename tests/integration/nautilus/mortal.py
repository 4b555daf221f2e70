"""A node in a process of its own, so that it can be killed in the middle of what it does.

Not a test module. ``python -m tests.integration.nautilus.mortal RUN`` trades until it is killed;
``RUN`` is JSON of `MortalRun`, the account's key is in ``MORTAL_PRIVATE_KEY``.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
from nautilus_trader.config import (
    ImportableStrategyConfig,
    LoggingConfig,
    StrategyConfig,
    StrategyFactory,
)
from nautilus_trader.live.node import TradingNode
from nautilus_trader.trading.strategy import Strategy

from nautilus_paradex import (
    PARADEX,
    ParadexLiveDataClientFactory,
    ParadexLiveExecClientFactory,
)
from tests.integration.nautilus.cache_database import cache_config
from tests.integration.nautilus.harness import Venue, node_config
from tests.support import PROCESS_PATIENCE_SECS, eventually

__all__ = ["MortalNode", "MortalRun", "mortal_node"]

_ROOT: Final = Path(__file__).parents[3]
_KEY_VARIABLE: Final = "MORTAL_PRIVATE_KEY"


class MortalRun(msgspec.Struct, frozen=True, kw_only=True):
    """What the process runs, and where; its cache is kept in a Redis if a port is given."""

    http_url: str
    ws_url: str
    address: str
    strategy: dict[str, Any]
    redis_port: int | None = None
    buffer_interval_ms: int | None = None


@dataclass(frozen=True, slots=True)
class MortalNode:
    """The running process, and what it has said so far."""

    process: asyncio.subprocess.Process
    said: Path

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait until something has come true by what the node does."""
        try:
            await eventually(
                lambda: condition() or self.process.returncode is not None,
                PROCESS_PATIENCE_SECS,
            )
        except AssertionError:
            raise AssertionError(f"the node did not do it: {self.said.read_text()}") from None
        assert self.process.returncode is None, f"the node has ended: {self.said.read_text()}"

    async def die(self) -> None:
        """Kill the process, which gets no chance to do anything about it."""
        self.process.kill()
        await self.process.wait()


@asynccontextmanager
async def mortal_node(
    venue: Venue,
    strategy: type[Strategy],
    config: StrategyConfig,
    directory: Path,
    *,
    redis_port: int | None = None,
    buffer_interval_ms: int | None = None,
) -> AsyncIterator[MortalNode]:
    """Run a node with one strategy for the venue's first account, until it is killed or left."""
    account = venue.server.accounts[0]
    run = MortalRun(
        http_url=venue.server.http_url,
        ws_url=venue.server.ws_url,
        address=account.address_hex,
        strategy={
            "strategy_path": f"{strategy.__module__}:{strategy.__qualname__}",
            "config_path": f"{type(config).__module__}:{type(config).__qualname__}",
            "config": msgspec.json.decode(config.json()),
        },
        redis_port=redis_port,
        buffer_interval_ms=buffer_interval_ms,
    )
    said = directory / "mortal.txt"
    inherited = {name: text for name, text in os.environ.items() if "PARADEX" not in name}
    with said.open("ab") as out:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.integration.nautilus.mortal",
            msgspec.json.encode(run).decode(),
            cwd=_ROOT,
            env=inherited | {_KEY_VARIABLE: account.private_key_hex},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=out,
            stderr=out,
        )
    try:
        yield MortalNode(process, said)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def main(run: MortalRun) -> None:
    """Trade until the process is killed."""
    cache = None
    if run.redis_port is not None:
        cache = cache_config(run.redis_port, run.buffer_interval_ms)
    config = node_config(
        run.http_url, run.ws_url, run.address, os.environ[_KEY_VARIABLE], cache=cache
    )
    quiet = msgspec.structs.replace(config, logging=LoggingConfig(log_level="ERROR"))
    # Its own search for a loop refuses where pytest has been imported.
    node = TradingNode(config=quiet, loop=asyncio.new_event_loop())
    node.add_data_client_factory(PARADEX, ParadexLiveDataClientFactory)
    node.add_exec_client_factory(PARADEX, ParadexLiveExecClientFactory)
    strategy = ImportableStrategyConfig(**run.strategy)
    node.trader.add_strategy(StrategyFactory.create(strategy))
    node.build()
    node.run()


if __name__ == "__main__":
    main(msgspec.json.decode(sys.argv[1], type=MortalRun))
