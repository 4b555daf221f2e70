"""A devnet, a real `TradingNode` and the platform's two testers, made to remember what they see.

Not a test module. The devnet runs in the test's own loop: its ledger can be read at any moment, and
between two awaits nothing of it changes.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from nautilus_trader.common.actor import Actor
from nautilus_trader.common.executor import ActorExecutor
from nautilus_trader.config import (
    CacheConfig,
    InstrumentProviderConfig,
    LiveExecEngineConfig,
    LiveRiskEngineConfig,
    TradingNodeConfig,
)
from nautilus_trader.core.message import Event
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.messages import CancelOrder
from nautilus_trader.live.node import TradingNode
from nautilus_trader.model.book import OrderBook
from nautilus_trader.model.currencies import USDC
from nautilus_trader.model.data import (
    Bar,
    InstrumentClose,
    InstrumentStatus,
    OrderBookDeltas,
    OrderBookDepth10,
    QuoteTick,
    TradeTick,
)
from nautilus_trader.model.events import OrderEvent, OrderFilled, PositionEvent
from nautilus_trader.model.identifiers import InstrumentId, TraderId
from nautilus_trader.model.instruments import Instrument
from nautilus_trader.model.orders import Order
from nautilus_trader.persistence.config import DataCatalogConfig
from nautilus_trader.test_kit.strategies.tester_data import DataTester, DataTesterConfig
from nautilus_trader.test_kit.strategies.tester_exec import ExecTester, ExecTesterConfig
from nautilus_trader.trading.strategy import Strategy

from nautilus_paradex import (
    PARADEX,
    PARADEX_VENUE,
    ParadexDataClientConfig,
    ParadexEnvironment,
    ParadexExecClientConfig,
    ParadexLiveDataClientFactory,
    ParadexLiveExecClientFactory,
)
from nautilus_paradex.devnet import DevnetServer
from nautilus_paradex.devnet.engine.model import NewOrder
from nautilus_paradex.devnet.identities import DevnetAccount
from nautilus_paradex.protocol import rest
from nautilus_paradex.protocol.numbers import to_e8
from nautilus_paradex.transport.http import ParadexHttpClient
from tests.support import PATIENCE_SECS, eventually

__all__ = [
    "BOTH_ENCODINGS",
    "BTC",
    "ENCODINGS",
    "ETH",
    "MARKET",
    "OPTION",
    "TICK",
    "FillRow",
    "Level",
    "RecordingDataTester",
    "RecordingExecTester",
    "Venue",
    "data_tester",
    "event_names",
    "exec_tester",
    "levels_of",
    "node_balance",
    "node_config",
    "node_fills",
    "raw_cancel",
    "running_node",
    "until_unsubscribed",
]

MARKET: Final = "BTC-USD-PERP"
BTC: Final = InstrumentId.from_str("BTC-USD-PERP.PARADEX")
ETH: Final = InstrumentId.from_str("ETH-USD-PERP.PARADEX")
OPTION: Final = InstrumentId.from_str("BTC-USD-96000-C.PARADEX")
TICK: Final = Decimal("0.1")

_POLL_SECS: Final = 0.002
_MAX_ROUNDS: Final = 50

ENCODINGS: Final[dict[str, dict[str, Any]]] = {
    "sbe": {},
    "json": {"sbe_versions": (), "legacy_json": True},
}
"""Settings of a devnet that speaks one of the venue's encodings of market data."""

BOTH_ENCODINGS: Final = pytest.mark.parametrize("encoding", list(ENCODINGS), indirect=True)
"""Runs the cases of a module once in each encoding."""

type Level = tuple[Decimal, Decimal]
"""Price and size."""

type FillRow = tuple[str, Decimal, Decimal, Decimal]
"""Fill id, size, price and fee."""


class Venue:
    """
    The venue as a test sees it: the account that the node trades, others, and the truth.

    Parameters
    ----------
    server : DevnetServer
        Started.
    http : ParadexHttpClient
        Of the node's own account, beside the node.

    """

    def __init__(self, server: DevnetServer, http: ParadexHttpClient) -> None:
        self.server = server
        self.http = http
        self._account, self._maker, self._taker = server.accounts[:3]

    @property
    def account(self) -> dict[str, Any]:
        """The ledger's page of the node's account."""
        return self.server.exchange.ledger()["accounts"][self._account.address_hex]

    @property
    def orders(self) -> dict[str, dict[str, Any]]:
        """The account's orders by client id."""
        return {order["client_id"]: order for order in self.account["orders"]}

    @property
    def open_orders(self) -> list[dict[str, Any]]:
        return [order for order in self.account["orders"] if order["status"] == "OPEN"]

    @property
    def fills(self) -> list[FillRow]:
        return [
            (fill["id"], Decimal(fill["size"]), Decimal(fill["price"]), Decimal(fill["fee"]))
            for fill in self.account["fills"]
        ]

    @property
    def position(self) -> dict[str, Any] | None:
        """The account's position in `MARKET`, None while it is flat."""
        return self.position_in(MARKET)

    @property
    def balance(self) -> Decimal:
        return Decimal(self.account["balances"]["USDC"])

    def position_in(self, market: str) -> dict[str, Any] | None:
        """Return the account's position in a market, None while it is flat."""
        found = [p for p in self.account["positions"] if p["market"] == market]
        return found[0] if found and Decimal(found[0]["size"]) else None

    def move(self, index: str, underlying: str = "BTC") -> None:
        """Move the index price, and with it the mark prices that set triggers off."""
        self.server.exchange.set_index_price(underlying, to_e8(index))

    def quote(self, bid: str, ask: str, size: str = "1", market: str = MARKET) -> None:
        """Let another participant make the market at these prices, in place of the last ones."""
        self.server.exchange.cancel_all(self._maker.address_hex, market)
        self.add_quote(bid, ask, size, market)

    def add_quote(self, bid: str, ask: str, size: str = "1", market: str = MARKET) -> None:
        """Let the other participant quote at these prices as well."""
        exchange, maker = self.server.exchange, self._maker.address_hex
        for side, price in (("BUY", bid), ("SELL", ask)):
            exchange.submit(maker, _order(market, side, size, price))
        exchange.process()

    def take(self, side: str, size: str, market: str = MARKET) -> None:
        """Let another participant trade at the market."""
        self.server.exchange.submit(self._taker.address_hex, _order(market, side, size, None))
        self.server.exchange.process()

    async def place(
        self,
        client_id: str,
        side: str,
        size: str,
        price: str | None = None,
        *,
        market: str = MARKET,
    ) -> rest.Order:
        """Place an order of the node's own account over signed REST, at the market if no price."""
        timestamp_ms = self.http.clock.now_ms()
        order_type = "MARKET" if price is None else "LIMIT"
        signature = self.http.signer.sign_order(
            timestamp_ms=timestamp_ms,
            market=market,
            side=side,
            order_type=order_type,
            size=Decimal(size),
            price=Decimal(price or 0),
        )
        return await self.http.create_order(
            rest.OrderRequest(
                market=market,
                side=side,
                type=order_type,
                size=size,
                price=price,
                instruction="GTC",
                client_id=client_id,
                signature=signature,
                signature_timestamp=timestamp_ms,
            ),
        )

    async def lose_answer(self, method: str, path: str, *, executed: bool) -> None:
        """Let the next such request end in HTTP 504, after it was executed or instead of it."""
        fault = {
            "kind": "http_status",
            "method": method,
            "path": f"/v1{path}",
            "status": 504,
            "after": executed,
        }
        await self._ask_for(fault)

    async def delay(self, method: str, path: str, delay_ms: int) -> None:
        """Let the next such request be on its way for so long."""
        fault = {"kind": "delay_ms", "method": method, "path": f"/v1{path}", "delay_ms": delay_ms}
        await self._ask_for(fault)

    async def _ask_for(self, fault: dict[str, Any]) -> None:
        async with httpx.AsyncClient(trust_env=False) as client:
            reply = await client.post(f"{self.server.root_url}/devnet/faults", json=fault)
        reply.raise_for_status()

    async def until_status(self, client_id: str, status: str) -> dict[str, Any]:
        """Wait until the ledger has an order in `status`."""
        await eventually(lambda: self.orders.get(client_id, {}).get("status") == status)
        return self.orders[client_id]


class RecordingDataTester(DataTester):
    """The platform's data tester, which keeps what it receives."""

    def __init__(self, config: DataTesterConfig) -> None:
        super().__init__(config)
        self.instruments: list[Instrument] = []
        self.statuses: list[InstrumentStatus] = []
        self.closes: list[InstrumentClose] = []
        self.deltas: list[OrderBookDeltas] = []
        self.depths: list[OrderBookDepth10] = []
        self.books: list[tuple[list[Level], list[Level]]] = []
        self.quotes: list[QuoteTick] = []
        self.trades: list[TradeTick] = []
        self.bars: list[Bar] = []
        self.mark_prices: list[Any] = []
        self.index_prices: list[Any] = []
        self.funding_rates: list[Any] = []
        self.historical: list[Any] = []

    def on_instrument(self, instrument: Instrument) -> None:
        super().on_instrument(instrument)
        self.instruments.append(instrument)

    def on_instrument_status(self, status: InstrumentStatus) -> None:
        super().on_instrument_status(status)
        self.statuses.append(status)

    def on_instrument_close(self, close: InstrumentClose) -> None:
        super().on_instrument_close(close)
        self.closes.append(close)

    def on_order_book_deltas(self, deltas: OrderBookDeltas) -> None:
        super().on_order_book_deltas(deltas)
        self.deltas.append(deltas)

    def on_order_book_depth(self, depth: OrderBookDepth10) -> None:
        super().on_order_book_depth(depth)
        self.depths.append(depth)

    def on_order_book(self, order_book: OrderBook) -> None:
        super().on_order_book(order_book)
        self.books.append(levels_of(order_book))

    def on_quote_tick(self, quote: QuoteTick) -> None:
        super().on_quote_tick(quote)
        self.quotes.append(quote)

    def on_trade_tick(self, trade: TradeTick) -> None:
        super().on_trade_tick(trade)
        self.trades.append(trade)

    def on_bar(self, bar: Bar) -> None:
        super().on_bar(bar)
        self.bars.append(bar)

    def on_mark_price(self, mark_price: Any) -> None:
        super().on_mark_price(mark_price)
        self.mark_prices.append(mark_price)

    def on_index_price(self, index_price: Any) -> None:
        super().on_index_price(index_price)
        self.index_prices.append(index_price)

    def on_funding_rate(self, funding_rate: Any) -> None:
        super().on_funding_rate(funding_rate)
        self.funding_rates.append(funding_rate)

    def on_historical_data(self, data: Any) -> None:
        super().on_historical_data(data)
        self.historical.append(data)


class RecordingExecTester(ExecTester):
    """The platform's execution tester, which keeps the events it receives while it runs."""

    def __init__(self, config: ExecTesterConfig) -> None:
        super().__init__(config)
        self.quotes: list[QuoteTick] = []
        self.order_events: list[OrderEvent] = []
        self.position_events: list[PositionEvent] = []

    @property
    def order(self) -> Order:
        """The one order of this tester."""
        (order,) = self.cache.orders(strategy_id=self.id)
        return order

    def on_quote_tick(self, quote: QuoteTick) -> None:
        super().on_quote_tick(quote)
        self.quotes.append(quote)

    def on_event(self, event: Event) -> None:
        if isinstance(event, OrderEvent):
            self.order_events.append(event)
        elif isinstance(event, PositionEvent):
            self.position_events.append(event)


def data_tester(**settings: Any) -> RecordingDataTester:
    """Return a data tester for `BTC`, doing nothing but what `settings` ask of it."""
    settings.setdefault("instrument_ids", [BTC])
    return RecordingDataTester(DataTesterConfig(log_data=False, **settings))


def exec_tester(**settings: Any) -> RecordingExecTester:
    """Return an execution tester for 0.01 `BTC`, placing only the orders `settings` ask for."""
    quiet: dict[str, Any] = {
        "instrument_id": BTC,
        "order_qty": Decimal("0.01"),
        "enable_limit_buys": False,
        "enable_limit_sells": False,
        "log_data": False,
    }
    return RecordingExecTester(ExecTesterConfig(**{**quiet, **settings}))


@asynccontextmanager
async def running_node(
    venue: Venue,
    *actors: Actor,
    load_ids: Sequence[InstrumentId] | None = (BTC,),
    account: DevnetAccount | None = None,
    data: Mapping[str, Any] | None = None,
    catalog: Path | None = None,
    cache: CacheConfig | None = None,
    **settings: Any,
) -> AsyncIterator[TradingNode]:
    """
    Run a node with both registered clients and `actors` against `venue`.

    It is up, reconciled and its actors have started when this is entered, and has disconnected
    when it is left. It trades the venue's first account unless another is given. `load_ids`,
    `data`, `catalog`, `cache` and `settings` are those of `node_config`.

    """
    account = account or venue.server.accounts[0]
    node = TradingNode(
        config=node_config(
            venue.server.http_url,
            venue.server.ws_url,
            account.address_hex,
            account.private_key_hex,
            load_ids=load_ids,
            data=data,
            catalog=catalog,
            cache=cache,
            **settings,
        )
    )
    node.add_data_client_factory(PARADEX, ParadexLiveDataClientFactory)
    node.add_exec_client_factory(PARADEX, ParadexLiveExecClientFactory)
    for actor in actors:
        add = node.trader.add_strategy if isinstance(actor, Strategy) else node.trader.add_actor
        add(actor)
    node.build()
    running = asyncio.create_task(node.run_async())
    try:
        await _until_up(node, running)
        yield node
    finally:
        await node.stop_async()
        await running
        # Not `node.dispose()`, which would stop the loop that the test itself runs in.
        node.kernel.dispose()
        node.kernel.executor.shutdown()
        await _end_actor_workers()


def event_names(order: Order) -> list[str]:
    """Return the kinds of the events of an order, in the order in which they were applied."""
    return [type(event).__name__ for event in order.events]


def levels_of(book: OrderBook) -> tuple[list[Level], list[Level]]:
    """Return all bids and asks of a book, the best first, with exact sizes."""
    bids, asks = (
        [(level.price.as_decimal(), level.orders()[0].size.as_decimal()) for level in side]
        for side in (book.bids(), book.asks())
    )
    return bids, asks


def node_fills(node: TradingNode) -> list[FillRow]:
    """Return every fill that the node has applied, as often as it did."""
    return [
        (
            event.trade_id.value,
            event.last_qty.as_decimal(),
            event.last_px.as_decimal(),
            event.commission.as_decimal(),
        )
        for order in node.cache.orders()
        for event in order.events
        if isinstance(event, OrderFilled)
    ]


def node_balance(node: TradingNode) -> Decimal:
    """Return the node's USDC, unrealised profit and loss not included."""
    balance = node.portfolio.account(PARADEX_VENUE).balance_total(USDC)
    return Decimal(0) if balance is None else balance.as_decimal()


def raw_cancel(order: Order, node: TradingNode) -> CancelOrder:
    """Return the command to cancel an order, also where a strategy would not send it."""
    return CancelOrder(
        trader_id=order.trader_id,
        strategy_id=order.strategy_id,
        instrument_id=order.instrument_id,
        client_order_id=order.client_order_id,
        venue_order_id=order.venue_order_id,
        command_id=UUID4(),
        ts_init=node.kernel.clock.timestamp_ns(),
    )


async def until_unsubscribed(venue: Venue, node: TradingNode, witness: RecordingDataTester) -> None:
    """
    Wait until quotes of `BTC` reach the node no more, though they change at the venue.

    `witness` still gets those of `ETH`, over the same socket and so after those of `BTC`.

    """
    for attempt in range(_MAX_ROUNDS):
        seen, witnessed = node.cache.quote_tick(BTC), len(witness.quotes)
        venue.quote(f"{95_000 + attempt}", f"{97_000 + attempt}")
        venue.quote(f"{3_300 + attempt}", f"{3_500 + attempt}", market="ETH-USD-PERP")
        await eventually(lambda count=witnessed: len(witness.quotes) > count)
        if node.cache.quote_tick(BTC) is seen:
            return
    raise AssertionError(f"quotes still came after {_MAX_ROUNDS} changes")


async def _until_up(node: TradingNode, running: asyncio.Task[None]) -> None:
    async with asyncio.timeout(PATIENCE_SECS):
        while not node.trader.is_running:
            assert not running.done(), "the node stopped before it was up: see its log"
            await asyncio.sleep(_POLL_SECS)


async def _end_actor_workers() -> None:
    # Each actor has a task that only the disposal of a whole loop would end.
    workers = [
        task
        for task in asyncio.all_tasks()
        if task.get_coro().__qualname__ == ActorExecutor._worker.__qualname__
    ]
    for worker in workers:
        worker.cancel()
    await asyncio.gather(*workers, return_exceptions=True)


def node_config(
    http_url: str,
    ws_url: str,
    address: str,
    private_key: str,
    *,
    load_ids: Sequence[InstrumentId] | None = (BTC,),
    data: Mapping[str, Any] | None = None,
    catalog: Path | None = None,
    cache: CacheConfig | None = None,
    engine: Mapping[str, Any] | None = None,
    **settings: Any,
) -> TradingNodeConfig:
    """
    Return the configuration of a node.

    It loads all instruments if `load_ids` is None, and answers requests from `catalog` first, if
    there is one. `cache` says where its cache is kept, in memory only if None. `data` are further
    settings of the data client, `engine` of the execution engine, `settings` of the execution
    client.

    """
    instruments = (
        InstrumentProviderConfig(load_all=True)
        if load_ids is None
        else InstrumentProviderConfig(load_ids=frozenset(load_ids))
    )
    connection: dict[str, Any] = {
        "environment": ParadexEnvironment.DEVNET,
        "base_url_http": http_url,
        "base_url_ws": ws_url,
        "instrument_provider": instruments,
    }
    return TradingNodeConfig(
        trader_id=TraderId("TESTER-001"),
        risk_engine=LiveRiskEngineConfig(bypass=True),
        exec_engine=LiveExecEngineConfig(
            reconciliation=True,
            reconciliation_startup_delay_secs=0.05,
            **(engine or {}),
        ),
        data_clients={PARADEX: ParadexDataClientConfig(**connection, **(data or {}))},
        exec_clients={
            PARADEX: ParadexExecClientConfig(
                account_address=address,
                private_key=private_key,
                **connection,
                **settings,
            ),
        },
        cache=cache,
        catalogs=[] if catalog is None else [DataCatalogConfig(path=str(catalog))],
        timeout_post_stop=0.05,
    )


def _order(market: str, side: str, size: str, price: str | None) -> NewOrder:
    return NewOrder(
        market=market,
        side=side,
        order_type="MARKET" if price is None else "LIMIT",
        size_e8=to_e8(size),
        price_e8=None if price is None else to_e8(price),
    )
