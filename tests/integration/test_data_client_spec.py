"""
The platform's own test cases for data adapters, in a TradingNode against a devnet.

Each test is named by the case's id. `DataTester` only logs: `Witness` keeps what it was given.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from nautilus_trader.config import InstrumentProviderConfig, LoggingConfig, TradingNodeConfig
from nautilus_trader.live.node import TradingNode
from nautilus_trader.model.data import OrderBookDeltas, QuoteTick, TradeTick
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.instruments import Instrument
from nautilus_trader.test_kit.strategies.tester_data import DataTester, DataTesterConfig

from nautilus_paradex import (
    PARADEX,
    ParadexDataClientConfig,
    ParadexEnvironment,
    ParadexLiveDataClientFactory,
)
from nautilus_paradex.devnet.config import DevnetConfig
from nautilus_paradex.devnet.server import DevnetServer
from tests.support import eventually

BTC = InstrumentId.from_str("BTC-USD-PERP.PARADEX")
ETH = InstrumentId.from_str("ETH-USD-PERP.PARADEX")
CONFIG = Path(__file__).parents[2] / "configs" / "devnet.json"


class Witness(DataTester):  # type: ignore[misc]
    """A DataTester that keeps what it was given."""

    def __init__(self, config: DataTesterConfig) -> None:
        super().__init__(config)
        self.seen: list[Any] = []

    def of[T](self, kind: type[T]) -> list[T]:
        return [item for item in self.seen if isinstance(item, kind)]

    def on_instrument(self, instrument: Instrument) -> None:
        self.seen.append(instrument)

    def on_instruments(self, instruments: list[Instrument]) -> None:
        self.seen.extend(instruments)

    def on_order_book_deltas(self, deltas: OrderBookDeltas) -> None:
        self.seen.append(deltas)
        super().on_order_book_deltas(deltas)

    def on_quote_tick(self, tick: QuoteTick) -> None:
        self.seen.append(tick)

    def on_trade_tick(self, tick: TradeTick) -> None:
        self.seen.append(tick)


@pytest.fixture
async def devnet() -> AsyncIterator[DevnetServer]:
    async with DevnetServer(DevnetConfig(port=0)) as server:
        yield server


def json_config(devnet: DevnetServer, **provider: object) -> TradingNodeConfig:
    """The shipped config, pointed at a devnet on another port, without trading."""
    settings = json.loads(CONFIG.read_text())
    settings["exec_clients"] = {}
    settings["logging"] = {"log_level": "ERROR"}
    settings["timeout_post_stop"] = 0.2
    data = settings["data_clients"][PARADEX]["config"]
    data["base_url_http"], data["base_url_ws"] = devnet.http_url, devnet.ws_url
    if provider:
        data["instrument_provider"] = provider
    return TradingNodeConfig.parse(json.dumps(settings))


@asynccontextmanager
async def running(config: TradingNodeConfig, actor: DataTester) -> AsyncIterator[TradingNode]:
    """A node that runs in the test's loop. It is not disposed of: that would stop the loop."""
    node = TradingNode(config, loop=asyncio.get_running_loop())
    node.add_data_client_factory(PARADEX, ParadexLiveDataClientFactory)
    node.trader.add_actor(actor)
    node.build()
    run = asyncio.create_task(node.run_async())
    try:
        # The actor runs once the clients are connected.
        await eventually(lambda: actor.is_running, timeout_secs=30)
        yield node
    finally:
        await node.stop_async()
        await run


def witness_of(*ids: InstrumentId, **settings: object) -> Witness:
    return Witness(DataTesterConfig(instrument_ids=list(ids or (BTC,)), **settings))


async def test_tc_d01_request_instruments(devnet: DevnetServer) -> None:
    witness = witness_of(request_instruments=True)

    async with running(json_config(devnet), witness) as node:
        await eventually(lambda: len(node.cache.instruments()) == len(devnet.exchange.markets))

    assert {i.raw_symbol.value for i in node.cache.instruments()} == set(devnet.exchange.markets)


async def test_tc_d03_load_a_specific_instrument(devnet: DevnetServer) -> None:
    witness = witness_of(subscribe_instrument=True)

    async with running(json_config(devnet, load_ids=[str(BTC)]), witness) as node:
        assert [instrument.id for instrument in node.cache.instruments()] == [BTC]

    instrument = node.cache.instrument(BTC)
    spec = devnet.exchange.markets["BTC-USD-PERP"]
    assert instrument.price_increment.as_decimal() * 10**8 == spec.price_tick_e8
    assert instrument.size_increment.as_decimal() * 10**8 == spec.size_increment_e8


async def test_tc_d10_order_book_deltas(devnet: DevnetServer) -> None:
    witness = witness_of(subscribe_book_deltas=True, manage_book=True)

    async with running(json_config(devnet), witness) as node:
        await eventually(lambda: len(witness.of(OrderBookDeltas)) >= 5)
        book = node.cache.order_book(BTC)
        assert book.best_bid_price() < book.best_ask_price()

    assert witness.of(OrderBookDeltas)[0].is_snapshot


async def test_tc_d20_quote_ticks(devnet: DevnetServer) -> None:
    witness = witness_of(BTC, ETH, subscribe_quotes=True)

    async with running(json_config(devnet), witness) as node:
        await eventually(lambda: {q.instrument_id for q in witness.of(QuoteTick)} == {BTC, ETH})
        assert node.cache.quote_tick(BTC) is not None

    assert all(quote.bid_price < quote.ask_price for quote in witness.of(QuoteTick))


async def test_tc_d30_trade_ticks(devnet: DevnetServer) -> None:
    witness = witness_of(subscribe_trades=True)

    async with running(json_config(devnet), witness):
        await eventually(lambda: len(witness.of(TradeTick)) >= 2, timeout_secs=30)

    ids = [trade.trade_id for trade in witness.of(TradeTick)]
    assert len(ids) == len(set(ids))


async def test_a_node_configured_in_code_does_the_same(devnet: DevnetServer) -> None:
    witness = witness_of(subscribe_quotes=True)
    config = TradingNodeConfig(
        data_clients={
            PARADEX: ParadexDataClientConfig(
                environment=ParadexEnvironment.DEVNET,
                base_url_http=devnet.http_url,
                base_url_ws=devnet.ws_url,
                instrument_provider=InstrumentProviderConfig(load_ids=frozenset({BTC})),
            )
        },
        logging=LoggingConfig(log_level="ERROR"),
        timeout_post_stop=0.2,
    )

    async with running(config, witness):
        await eventually(lambda: witness.of(QuoteTick))
