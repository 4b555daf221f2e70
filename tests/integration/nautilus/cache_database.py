"""A Redis of a test's own, in which nodes keep their cache from one run to the next.

Not a test module. Where no ``redis-server`` is installed, the tests that want one are skipped.
"""

import asyncio
import shutil
import socket
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import pytest
from nautilus_trader.config import CacheConfig, DatabaseConfig

from tests.support import PATIENCE_SECS, eventually

__all__ = ["cache_config", "forget", "forget_events_after", "running_redis", "until_kept"]

_SERVER: Final = "redis-server"
_READY: Final = "Ready to accept connections"
_LOOPBACK: Final = "127.0.0.1"
_TRADER: Final = "trader-TESTER-001"  # what the platform's keys begin with
_POLL_SECS: Final = 0.01
_TRIES: Final = 5  # another process may take a free port before Redis does


def cache_config(redis_port: int, buffer_interval_ms: int | None = None) -> CacheConfig:
    """Return the configuration of a node whose cache is kept in a Redis of this machine."""
    return CacheConfig(
        database=DatabaseConfig(type="redis", host=_LOOPBACK, port=redis_port),
        buffer_interval_ms=buffer_interval_ms,
    )


async def until_kept(redis_port: int, orders: int) -> None:
    """Wait until a node has written that it has so many orders."""
    key = f"{_TRADER}:index:orders"
    async with asyncio.timeout(PATIENCE_SECS):
        while await _integer(redis_port, "SCARD", key) < orders:  # noqa: ASYNC110 another process
            await asyncio.sleep(_POLL_SECS)


async def forget(redis_port: int, key: str) -> None:
    """Take a list of events away, as if the process had died before it wrote them."""
    assert await _integer(redis_port, "DEL", f"{_TRADER}:{key}") == 1, f"there is no {key}"


async def forget_events_after(redis_port: int, key: str, length: int) -> None:
    """Take the last events of a list away, so that `length` of them are left."""
    before = await _integer(redis_port, "LLEN", f"{_TRADER}:{key}")
    assert before > length, f"{key} has {before} events"
    await _replied(redis_port, "LTRIM", f"{_TRADER}:{key}", "0", str(length - 1))


@asynccontextmanager
async def running_redis(directory: Path) -> AsyncIterator[int]:
    """Run a Redis that keeps everything in memory, and yield its port; it is ended at the end."""
    server = shutil.which(_SERVER)
    if server is None:
        pytest.skip(f"{_SERVER} is not installed: nothing could keep a node's cache")
    for _ in range(_TRIES):
        port = _free_port()
        log = directory / f"redis-{port}.log"
        process = await _started(server, port, directory, log)
        try:
            await eventually(
                lambda log=log, process=process: (
                    _READY in log.read_text() or process.returncode is not None
                )
            )
            if process.returncode is None:
                yield port
                return
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()
    raise AssertionError(f"{_SERVER} does not start: {log.read_text()}")


async def _integer(port: int, *words: str) -> int:
    return int((await _replied(port, *words)).removeprefix(":"))


async def _replied(port: int, *words: str) -> str:
    """Send one command and return the first line of its reply."""
    reader, writer = await asyncio.open_connection(_LOOPBACK, port)
    try:
        parts = "".join(f"${len(word.encode())}\r\n{word}\r\n" for word in words)
        writer.write(f"*{len(words)}\r\n{parts}".encode())
        reply = (await reader.readline()).decode().strip()
    finally:
        writer.close()
    assert not reply.startswith("-"), f"{words} failed: {reply}"
    return reply


async def _started(server: str, port: int, directory: Path, log: Path) -> Process:
    with log.open("wb") as said:
        return await asyncio.create_subprocess_exec(
            server,
            *("--bind", _LOOPBACK, "--port", str(port)),
            *("--save", "", "--appendonly", "no", "--dir", str(directory)),
            stdin=DEVNULL,
            stdout=said,
            stderr=said,
        )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port
