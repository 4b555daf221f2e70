"""A devnet and a data client whose output is kept: the world of the client's own tests.

Not a test module. What a whole node does is in `tests/integration/nautilus`.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import aiohttp
import pytest
from nautilus_trader.cache.cache import Cache
from nautilus_trader.common.component import LiveClock, MessageBus
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.data.messages import RequestData
from nautilus_trader.model.book import OrderBook
from nautilus_trader.model.data import OrderBookDelta, OrderBookDeltas
from nautilus_trader.model.enums import BookType
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.objects import Currency
from nautilus_trader.test_kit.stubs.identifiers import TestIdStubs

from nautilus_paradex import (
    PARADEX_CLIENT_ID,
    PARADEX_VENUE,
    ParadexDataClient,
    ParadexDataClientConfig,
    ParadexEnvironment,
    ParadexLiveDataClientFactory,
)
from nautilus_paradex.devnet.config import DevnetConfig
from nautilus_paradex.devnet.server import DevnetServer
from tests.support import eventually

__all__ = [
    "BTC",
    "E8",
    "SYMBOL",
    "Levels",
    "MakeWorld",
    "World",
    "base",
    "book_command",
    "levels_at_the_venue",
    "levels_of",
    "make_world",
]

BTC = InstrumentId.from_str("BTC-USD-PERP.PARADEX")
SYMBOL = "BTC-USD-PERP"
E8 = 10**8


class OpenCache(Cache):
    """A cache that shows which currencies it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.currencies: set[str] = set()

    def add_currency(self, currency: Currency) -> None:
        super().add_currency(currency)
        self.currencies.add(currency.code)


@dataclass
class World:
    """A running devnet and a connected client whose output is kept."""

    devnet: DevnetServer
    client: ParadexDataClient
    cache: OpenCache
    data: list[Any]
    responses: list[Any]

    def of[T](self, kind: type[T]) -> list[T]:
        return [item for item in self.data if isinstance(item, kind)]

    def book(self, instrument_id: InstrumentId = BTC) -> OrderBook:
        """The book that a strategy would have built from the deltas so far."""
        book = OrderBook(instrument_id, BookType.L2_MBP)
        for deltas in self.of(OrderBookDeltas):
            if deltas.instrument_id == instrument_id:
                book.apply_deltas(deltas)
        return book

    async def fault(self, **fault: object) -> None:
        url = f"{self.devnet.root_url}/devnet/faults"
        async with aiohttp.ClientSession() as session, session.post(url, json=fault) as reply:
            assert reply.status < 300, await reply.text()

    async def answer(self, request: RequestData, ask: Callable[[Any], None]) -> list[Any]:
        """Send a request to the client and wait for its answer."""
        ask(request)
        await eventually(lambda: self._answers(request))
        (response,) = self._answers(request)
        data: list[Any] = response.data
        return data

    def _answers(self, request: RequestData) -> list[Any]:
        return [r for r in self.responses if r.correlation_id == request.id]


type MakeWorld = Callable[..., Awaitable[World]]


@pytest.fixture
async def make_world() -> AsyncIterator[MakeWorld]:
    running: list[World] = []

    async def make(
        devnet_config: DevnetConfig | None = None,
        *,
        load: tuple[str, ...] | None = (SYMBOL,),
        **settings: Any,
    ) -> World:
        devnet = DevnetServer(devnet_config or DevnetConfig(port=0, past_hours=0))
        await devnet.start()
        provider: dict[str, object] = (
            {"load_all": True} if load is None else {"load_ids": [f"{s}.PARADEX" for s in load]}
        )
        clock = LiveClock()
        msgbus = MessageBus(trader_id=TestIdStubs.trader_id(), clock=clock)
        data: list[Any] = []
        responses: list[Any] = []
        msgbus.register(endpoint="DataEngine.process", handler=data.append)
        msgbus.register(endpoint="DataEngine.response", handler=responses.append)
        cache = OpenCache()
        client = ParadexLiveDataClientFactory.create(
            loop=asyncio.get_running_loop(),
            name="PARADEX",
            config=ParadexDataClientConfig.parse(
                json.dumps(
                    {
                        "environment": ParadexEnvironment.DEVNET,
                        "base_url_http": devnet.http_url,
                        "base_url_ws": devnet.ws_url,
                        "instrument_provider": provider,
                        "max_retries": 0,
                        **settings,
                    }
                )
            ),
            msgbus=msgbus,
            cache=cache,
            clock=clock,
        )
        world = World(devnet, client, cache, data, responses)
        running.append(world)
        client.connect()
        await eventually(lambda: client.is_connected)
        return world

    yield make
    for world in running:
        world.client.disconnect()
        await eventually(lambda world=world: not world.client.is_connected)
        await world.devnet.stop()


def base(instrument_id: InstrumentId | None = BTC) -> dict[str, Any]:
    """What every command about an instrument has."""
    return {
        "instrument_id": instrument_id,
        "client_id": PARADEX_CLIENT_ID,
        "venue": PARADEX_VENUE,
        "command_id": UUID4(),
        "ts_init": 0,
    }


def book_command(
    book_type: BookType = BookType.L2_MBP, instrument_id: InstrumentId = BTC
) -> dict[str, Any]:
    """What every command about a book has."""
    return {
        **base(instrument_id),
        "book_data_type": OrderBookDelta,
        "book_type": book_type,
    }


type Levels = list[tuple[Decimal, Decimal]]


def levels_of(book: OrderBook) -> tuple[Levels, Levels]:
    def side(levels: list[Any]) -> Levels:
        return [(l.price.as_decimal(), l.orders()[0].size.as_decimal()) for l in levels]  # noqa: E741

    return side(book.bids()), side(book.asks())


def levels_at_the_venue(devnet: DevnetServer, symbol: str = SYMBOL) -> tuple[Levels, Levels]:
    snapshot = devnet.exchange.book_snapshot(symbol)

    def side(levels: list[tuple[int, int]]) -> Levels:
        return [(Decimal(price) / E8, Decimal(size) / E8) for price, size in levels]

    return side(snapshot.bids), side(snapshot.asks)
