"""The world of a test case: a devnet with other participants' quotes, or one that lives."""

import time
from collections.abc import AsyncIterator, Iterator

import pytest
from nautilus_trader.common.component import init_logging, is_logging_initialized
from nautilus_trader.common.enums import LogLevel

from nautilus_paradex.devnet import DevnetConfig, DevnetServer
from nautilus_paradex.devnet.engine.markets import default_markets
from nautilus_paradex.transport.credentials import ParadexCredentials
from nautilus_paradex.transport.http import ParadexHttpClient
from tests.integration.nautilus.harness import Venue

_FEW_MARKETS = ("BTC-USD-PERP", "ETH-USD-PERP", "BTC-USD-96000-C")


@pytest.fixture(scope="session", autouse=True)
def node_logging() -> Iterator[None]:
    """Begin the platform's logging, once in a process, so that nodes show nothing but errors."""
    guard = None if is_logging_initialized() else init_logging(level_stdout=LogLevel.ERROR)
    yield
    del guard


@pytest.fixture
async def venue() -> AsyncIterator[Venue]:
    """A devnet of few markets, quoted only at 95990 and 96010 for BTC until a test says more."""
    listed = [m for m in default_markets(time.time_ns() // 1_000) if m.symbol in _FEW_MARKETS]
    quiet = DevnetServer(DevnetConfig(port=0, synthetic=False), markets=listed)
    async for venue in _opened(quiet):
        venue.quote("95990", "96010")
        yield venue


@pytest.fixture
async def lively_venue() -> AsyncIterator[Venue]:
    """A devnet with all its markets, on which others quote and trade by themselves."""
    lively = DevnetServer(DevnetConfig(port=0, step_interval_ms=50, speed=5))
    async for venue in _opened(lively):
        yield venue


async def _opened(server: DevnetServer) -> AsyncIterator[Venue]:
    async with server:
        account = server.accounts[0]
        credentials = ParadexCredentials(account.address, account.private_key)
        http = ParadexHttpClient(server.http_url, credentials=credentials)
        try:
            await http.start()
            yield Venue(server, http)
        finally:
            await http.close()
