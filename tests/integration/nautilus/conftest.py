"""The world of a test case: a devnet with other participants' quotes, or one that lives."""

import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from nautilus_trader.common.component import init_logging, is_logging_initialized
from nautilus_trader.common.enums import LogLevel

from nautilus_paradex.devnet import DevnetConfig, DevnetServer
from nautilus_paradex.devnet.engine.markets import default_markets
from nautilus_paradex.feeds import bars
from nautilus_paradex.transport import http
from nautilus_paradex.transport.clock import VenueClock
from nautilus_paradex.transport.credentials import ParadexCredentials
from nautilus_paradex.transport.http import ParadexHttpClient
from tests.integration.nautilus.cache_database import running_redis
from tests.integration.nautilus.harness import ENCODINGS, Venue

_MINUTE_US = 60_000_000
_FEW_MARKETS = ("BTC-USD-PERP", "ETH-USD-PERP", "BTC-USD-96000-C", "DIME-USD")


@pytest.fixture(scope="session", autouse=True)
def node_logging() -> Iterator[None]:
    """Begin the platform's logging, once in a process, so that nodes show nothing but errors."""
    guard = None if is_logging_initialized() else init_logging(level_stdout=LogLevel.ERROR)
    yield
    del guard


@pytest.fixture
def encoding(request: pytest.FixtureRequest) -> dict[str, Any]:
    """How the devnet speaks: binary, or what `BOTH_ENCODINGS` says."""
    settings: dict[str, Any] = ENCODINGS[getattr(request, "param", "sbe")]
    return settings


@pytest.fixture
async def venue(encoding: dict[str, Any]) -> AsyncIterator[Venue]:
    """A devnet of few markets, quoted only at 95990 and 96010 for BTC until a test says more."""
    async for venue in _quoted(_quiet(encoding)):
        yield venue


@pytest.fixture
async def venue_with_a_past(encoding: dict[str, Any]) -> AsyncIterator[Venue]:
    """The quiet devnet, which has a day of trades, bars and funding to tell of."""
    async for venue in _quoted(_quiet(encoding, past_hours=24)):
        yield venue


@pytest.fixture
async def lively_venue(encoding: dict[str, Any]) -> AsyncIterator[Venue]:
    """A devnet with all its markets, on which others quote and trade by themselves."""
    config = DevnetConfig(port=0, past_hours=0, step_interval_ms=50, speed=5, **encoding)
    async for venue in _opened(DevnetServer(config)):
        yield venue


class VenueTime:
    """The time of the venue, and of the clients that are made meanwhile: a test can move it on."""

    def __init__(self) -> None:
        self._ahead_us = (_MINUTE_US // 2 - _now_us()) % _MINUTE_US

    def now_us(self) -> int:
        return _now_us() + self._ahead_us

    def pass_the_minute(self) -> None:
        """Go to the beginning of the next minute; that is half a minute away at first."""
        self._ahead_us += -self.now_us() % _MINUTE_US


@pytest.fixture
def venue_time(monkeypatch: pytest.MonkeyPatch) -> VenueTime:
    """The time of `timed_venue`."""
    moved = VenueTime()
    monkeypatch.setattr(http, "VenueClock", lambda: VenueClock(lambda: moved.now_us() * 1_000))
    monkeypatch.setattr(bars, "_MAX_NAP_SECS", 0.05)  # bars look at the clock as often
    return moved


@pytest.fixture
async def timed_venue(encoding: dict[str, Any], venue_time: VenueTime) -> AsyncIterator[Venue]:
    """The quiet devnet, in the middle of a minute that ends when a test says so."""
    async for venue in _quoted(_quiet(encoding, now_us=venue_time.now_us)):
        yield venue


@pytest.fixture
async def redis_port(tmp_path: Path) -> AsyncIterator[int]:
    """Where an empty Redis listens, in which nodes may keep their cache."""
    async with running_redis(tmp_path) as port:
        yield port


def _now_us() -> int:
    return time.time_ns() // 1_000


def _quiet(
    encoding: dict[str, Any], *, past_hours: int = 0, now_us: Callable[[], int] | None = None
) -> DevnetServer:
    listed = [m for m in default_markets(_now_us()) if m.symbol in _FEW_MARKETS]
    config = DevnetConfig(port=0, synthetic=False, past_hours=past_hours, **encoding)
    return DevnetServer(config, markets=listed, now_us=now_us)


async def _quoted(server: DevnetServer) -> AsyncIterator[Venue]:
    async for venue in _opened(server):
        venue.quote("95990", "96010")
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
