"""The demo's node: its configuration, its start, its end, and how fast its sockets come up."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Final

from nautilus_trader.config import (
    InstrumentProviderConfig,
    LiveExecEngineConfig,
    LoggingConfig,
    TradingNodeConfig,
)
from nautilus_trader.live.node import TradingNode
from nautilus_trader.model.identifiers import InstrumentId, TraderId

from nautilus_paradex.cli.demo.stats import DemoStats
from nautilus_paradex.cli.demo.strategy import DemoQuoter, DemoQuoterConfig
from nautilus_paradex.cli.demo.venue import DemoVenue
from nautilus_paradex.cli.errors import CommandFailed
from nautilus_paradex.cli.interruption import Interruption
from nautilus_paradex.config import ParadexDataClientConfig, ParadexExecClientConfig
from nautilus_paradex.constants import PARADEX
from nautilus_paradex.factories import (
    ParadexLiveDataClientFactory,
    ParadexLiveExecClientFactory,
)
from nautilus_paradex.protocol import channels
from nautilus_paradex.transport.http import ParadexHttpClient
from nautilus_paradex.transport.websocket import ParadexWebSocketClient

__all__ = ["SocketTimes", "run_node", "socket_times"]

_START_TIMEOUT_SECS: Final = 60.0
_POLL_SECS: Final = 0.02


@dataclass(frozen=True, slots=True)
class SocketTimes:
    """How long the socket took to connect, authenticate and subscribe, ms; the slowest of each."""

    connect_ms: float
    authenticate_ms: float
    subscribe_ms: float


async def socket_times(venue: DemoVenue, http: ParadexHttpClient, market: str) -> SocketTimes:
    """
    Measure a stand-alone socket client on three public channels.

    Raises
    ------
    WebSocketError
        If the venue cannot be reached, refuses or does not answer.

    """
    assert http.session is not None, "the client was started with credentials"
    names = (channels.bbo(market), channels.trades(market), channels.markets_summary(market))
    async with ParadexWebSocketClient(venue.ws_url, token_provider=http.session) as client:
        await client.authenticate()
        for name in names:
            await client.subscribe(name)
        metrics = client.metrics
    return SocketTimes(
        connect_ms=metrics.connect.max_us / 1_000,
        authenticate_ms=metrics.authenticate.max_us / 1_000,
        subscribe_ms=metrics.subscribe.max_us / 1_000,
    )


@asynccontextmanager
async def run_node(
    venue: DemoVenue,
    instrument_id: InstrumentId,
    stats: DemoStats,
    *,
    seconds: float,
    log_level: str,
    after_loop: ExitStack,
    interruption: Interruption,
) -> AsyncIterator[DemoQuoter]:
    """
    Run a node with both clients and the demo's strategy for as long as it is needed.

    The node is disposed of by `after_loop`: disposal stops the event loop that it finds running.
    Its strategy trades so often that there is something to see within `seconds`.

    Raises
    ------
    CommandFailed
        If the node does not come up: its log says why.

    """
    node = TradingNode(config=_config(venue, instrument_id, log_level))
    interruption.listen()  # the node has just put its own handlers in place
    after_loop.callback(node.dispose)
    node.add_data_client_factory(PARADEX, ParadexLiveDataClientFactory)
    node.add_exec_client_factory(PARADEX, ParadexLiveExecClientFactory)
    strategy = DemoQuoter(_strategy_config(instrument_id, seconds), stats)
    node.trader.add_strategy(strategy)
    node.build()
    running = asyncio.create_task(node.run_async())
    try:
        await _until_running(strategy, running)
        yield strategy
    finally:
        if not strategy.is_running:
            running.cancel()  # its start would wait for its timeout
        await node.stop_async()
        await asyncio.wait({running})


async def _until_running(strategy: DemoQuoter, running: asyncio.Task[None]) -> None:
    try:
        async with asyncio.timeout(_START_TIMEOUT_SECS):
            while not (strategy.is_running or running.done()):  # noqa: ASYNC110 (no event)
                await asyncio.sleep(_POLL_SECS)
    except TimeoutError:
        raise CommandFailed(
            f"the node was not ready within {_START_TIMEOUT_SECS:g} s: "
            "see its log above, or run again with --verbose"
        ) from None
    if running.done():
        running.result()
        raise CommandFailed("the node stopped before it was ready: see its log above")


def _strategy_config(instrument_id: InstrumentId, seconds: float) -> DemoQuoterConfig:
    return DemoQuoterConfig(
        instrument_id=instrument_id,
        requote_secs=min(1.0, seconds / 5),
        cross_secs=min(5.0, seconds / 3),
    )


def _config(venue: DemoVenue, instrument_id: InstrumentId, log_level: str) -> TradingNodeConfig:
    instruments = InstrumentProviderConfig(load_ids=frozenset({instrument_id}))
    key = venue.credentials.private_key
    assert key is not None, "the venue was opened with a private key"
    return TradingNodeConfig(
        trader_id=TraderId("DEMO-001"),
        logging=LoggingConfig(log_level=log_level),
        exec_engine=LiveExecEngineConfig(
            reconciliation=True,
            reconciliation_startup_delay_secs=0.1,
            open_check_interval_secs=2.0,
            position_check_interval_secs=5.0,
        ),
        data_clients={
            PARADEX: ParadexDataClientConfig(
                environment=venue.environment,
                base_url_http=venue.http_url,
                base_url_ws=venue.ws_url,
                instrument_provider=instruments,
            ),
        },
        exec_clients={
            PARADEX: ParadexExecClientConfig(
                environment=venue.environment,
                base_url_http=venue.http_url,
                base_url_ws=venue.ws_url,
                account_address=venue.credentials.account_hex,
                private_key=hex(key),
                instrument_provider=instruments,
            ),
        },
        timeout_post_stop=0.2,
    )
