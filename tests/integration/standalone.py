"""A devnet and an account on it, for tests of the socket clients used without the platform.

Not a test module.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from nautilus_paradex.devnet import DevnetConfig, DevnetServer
from nautilus_paradex.protocol import channels
from nautilus_paradex.protocol.events import (
    AccountEvent,
    BboEvent,
    BookEvent,
    FillEvent,
    FundingDataEvent,
    MarketSummaryEvent,
    OrderEvent,
    PositionEvent,
    TradeEvent,
)
from nautilus_paradex.protocol.json_feed import BalanceEvent, Message
from nautilus_paradex.transport.websocket import ParadexWebSocketClient
from tests.integration.execution_world import Trader
from tests.support import PATIENCE_SECS

__all__ = [
    "CHANNEL_OF",
    "FIRST_THREE",
    "MARKET",
    "PRIVATE",
    "PUBLIC",
    "collect",
    "open_trader",
    "open_venue",
]

MARKET = "BTC-USD-PERP"

FIRST_THREE = (channels.bbo(MARKET), channels.trades(MARKET), channels.markets_summary(MARKET))
PUBLIC = (*FIRST_THREE, channels.book_deltas(MARKET), channels.funding_data(MARKET))
PRIVATE = (
    channels.ACCOUNT,
    channels.orders(MARKET),
    channels.fills(MARKET),
    channels.POSITIONS,
    channels.BALANCE_EVENTS,
    channels.TRANSFERS,
)

CHANNEL_OF: dict[type, str] = {
    BboEvent: channels.bbo(MARKET),
    TradeEvent: channels.trades(MARKET),
    MarketSummaryEvent: channels.markets_summary(MARKET),
    BookEvent: channels.book_deltas(MARKET),
    FundingDataEvent: channels.funding_data(MARKET),
    AccountEvent: channels.ACCOUNT,
    OrderEvent: channels.orders(MARKET),
    FillEvent: channels.fills(MARKET),
    PositionEvent: channels.POSITIONS,
    BalanceEvent: channels.BALANCE_EVENTS,
}
"""The channel of the tests on which each kind of message comes."""


@asynccontextmanager
async def open_venue(**settings: object) -> AsyncIterator[DevnetServer]:
    """Run a devnet that has no past and moves fast."""
    brisk = {"past_hours": 0, "step_interval_ms": 20, "tick_interval_ms": 100, "speed": 20.0}
    async with DevnetServer(DevnetConfig(port=0, **(brisk | settings))) as server:
        yield server


@asynccontextmanager
async def open_trader(server: DevnetServer) -> AsyncIterator[Trader]:
    """Give the REST client of the venue's first account, with its signer and its session."""
    trader = Trader(server, server.accounts[0])
    try:
        await trader.http.start()
        yield trader
    finally:
        await trader.http.close()


async def collect(client: ParadexWebSocketClient, *wanted: str) -> dict[str, list[Message]]:
    """Receive until there is something of each `wanted` channel; return all that came."""
    received: dict[str, list[Message]] = {}
    while not received.keys() >= set(wanted):
        message = await client.recv(timeout=PATIENCE_SECS)
        assert message is not None, f"nothing came, until now {sorted(received)} of {wanted}"
        received.setdefault(CHANNEL_OF[type(message)], []).append(message)
    return received
