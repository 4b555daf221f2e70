"""An execution client in the real engine against a devnet, without a node around it.

Not a test module. The world holds the platform's message bus, cache, portfolio and live execution
engine; the venue has no participants but the client's account and a counterparty that the test
moves by hand.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from functools import cached_property
from typing import Any, Final

import httpx
from nautilus_trader.cache.cache import Cache
from nautilus_trader.common.component import LiveClock, MessageBus
from nautilus_trader.config import InstrumentProviderConfig, LiveExecEngineConfig
from nautilus_trader.core.data import Data
from nautilus_trader.data.engine import DataEngine
from nautilus_trader.live.execution_engine import LiveExecutionEngine
from nautilus_trader.model.data import DataType
from nautilus_trader.model.events import (
    AccountState,
    OrderEvent,
)
from nautilus_trader.model.objects import Currency
from nautilus_trader.model.orders import Order
from nautilus_trader.portfolio.portfolio import Portfolio

from nautilus_paradex.config import ParadexExecClientConfig
from nautilus_paradex.constants import PARADEX_VENUE
from nautilus_paradex.devnet.config import DevnetConfig
from nautilus_paradex.devnet.identities import DevnetAccount
from nautilus_paradex.devnet.server import DevnetServer
from nautilus_paradex.execution.client import ParadexExecutionClient
from nautilus_paradex.protocol import rest
from nautilus_paradex.protocol.environment import ParadexEnvironment
from nautilus_paradex.protocol.json_feed import Message
from nautilus_paradex.protocol.numbers import to_decimal, to_e8
from nautilus_paradex.providers import ParadexInstrumentProvider
from nautilus_paradex.transport.aiohttp_transport import aiohttp_transport
from nautilus_paradex.transport.clock import VenueClock
from nautilus_paradex.transport.credentials import ParadexCredentials
from nautilus_paradex.transport.http import ParadexHttpClient
from nautilus_paradex.transport.rate_limit import RateLimiter
from tests.integration.strategy_hands import INSTRUMENT_ID, MARKET, TRADER_ID, StrategyHands
from tests.support import eventually

__all__ = [
    "INSTRUMENT_ID",
    "MARKET",
    "TRADER_ID",
    "HeldBack",
    "Trader",
    "World",
    "loopback_transport",
    "lose_patience",
    "next_run",
    "open_world",
]

# Nothing here speaks TLS, and reading the system's certificates takes longer than all the rest.
_NO_CERTIFICATES: Final = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


# A test knows the requests that are made: none is repeated, and none is made by the clock.
_QUIET: Final = {
    "max_retries": 0,
    "http_timeout_secs": 5.0,
    "system_state_interval_secs": 3_600.0,
}


_NO_PATIENCE_SECS: Final = 0.2


def loopback_transport() -> httpx.AsyncBaseTransport:
    """Return the transport that a client has by default, but without certificates."""
    return aiohttp_transport(ssl_context=_NO_CERTIFICATES)


class Trader:
    """Places signed orders with a REST client of its own: a counterparty, or a second screen."""

    def __init__(
        self,
        server: DevnetServer,
        account: DevnetAccount,
        clock: VenueClock | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.http = ParadexHttpClient(
            server.http_url,
            credentials=ParadexCredentials(account.address_hex, account.private_key_hex),
            transport=transport or loopback_transport(),
            clock=clock,
        )

    async def place(
        self,
        side: str,
        size: str,
        price: str | None,
        *,
        instruction: str = "GTC",
        client_id: str | None = None,
        market: str = MARKET,
        order_type: str | None = None,
        **fields: Any,
    ) -> rest.Order:
        """Place a limit order, a market order without a price, or one of another type."""
        assert self.http.signer is not None
        order_type = order_type or ("LIMIT" if price else "MARKET")
        signed_at_ms = self.http.clock.now_ms()
        signature = self.http.signer.sign_order(
            timestamp_ms=signed_at_ms,
            market=market,
            side=side,
            order_type=order_type,
            size=Decimal(size),
            price=Decimal(price or 0),
        )
        request = rest.OrderRequest(
            market=market,
            side=side,
            type=order_type,
            size=size,
            price=price,
            instruction=instruction,
            signature=signature,
            signature_timestamp=signed_at_ms,
            client_id=client_id,
            **fields,
        )
        return await self.http.create_order(request)

    async def change(self, order: rest.Order, **values: str) -> rest.Order:
        """Change `size`, `price` or `trigger_price` of an order."""
        assert self.http.signer is not None
        wanted = {"size": order.size or "0", "price": order.price or "0", **values}
        signed_at_ms = self.http.clock.now_ms()
        signature = self.http.signer.sign_modify_order(
            timestamp_ms=signed_at_ms,
            market=order.market,
            side=order.side or "",
            order_type=order.type or "",
            size=Decimal(wanted["size"]),
            price=Decimal(wanted["price"]),
            order_id=order.id,
        )
        request = rest.ModifyRequest(
            id=order.id,
            market=order.market,
            side=order.side or "",
            type=order.type or "",
            signature=signature,
            signature_timestamp=signed_at_ms,
            **wanted,
        )
        return await self.http.modify_order(order.id, request)


class World(StrategyHands):
    """
    The engine, the client and the venue, and what a test does with them.

    `transport` is what the client's REST requests go through, `limiter` what paces its requests,
    `clock` the venue's clock as all clients here see it; `http` and `provider` are used instead of
    ones of the world's own.
    """

    def __init__(
        self,
        server: DevnetServer,
        config: ParadexExecClientConfig,
        cache: Cache | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: VenueClock | None = None,
        limiter: RateLimiter | None = None,
        http: ParadexHttpClient | None = None,
        provider: ParadexInstrumentProvider | None = None,
        **engine_settings: Any,
    ) -> None:
        loop = asyncio.get_running_loop()
        clock_of_node = LiveClock()
        cache = cache or Cache()
        self.server = server
        self.config = config
        self.msgbus = MessageBus(trader_id=TRADER_ID, clock=clock_of_node)
        engine = LiveExecutionEngine(
            loop=loop,
            msgbus=self.msgbus,
            cache=cache,
            clock=clock_of_node,
            config=LiveExecEngineConfig(inflight_check_interval_ms=0, **engine_settings),
        )
        super().__init__(engine, cache, clock_of_node)
        self.portfolio = Portfolio(msgbus=self.msgbus, cache=self.cache, clock=self.clock)
        self.data_engine = DataEngine(msgbus=self.msgbus, cache=self.cache, clock=self.clock)
        account = server.accounts[0]
        self._on_behalf_of = config.on_behalf_of_account
        self._venue_clock = clock
        self.http = http or ParadexHttpClient(
            server.http_url,
            credentials=ParadexCredentials(account.address_hex, account.private_key_hex),
            transport=transport or loopback_transport(),
            clock=clock,
            limiter=limiter,
            max_retries=config.max_retries,
            retry_delay_initial_ms=config.retry_delay_initial_ms,
            retry_delay_max_ms=config.retry_delay_max_ms,
            timeout_secs=config.http_timeout_secs,
            token_usage=config.token_usage,
            on_behalf_of_account=config.on_behalf_of_account,
        )
        provider = provider or ParadexInstrumentProvider(
            self.http,
            InstrumentProviderConfig(load_ids=frozenset({INSTRUMENT_ID})),
            self.clock,
        )
        self.client = ParadexExecutionClient(
            loop,
            self.http,
            self.msgbus,
            self.cache,
            self.clock,
            provider,
            config,
        )
        self.engine.register_client(self.client)
        self._take = self.client._stream.take
        self.mark = Decimal(0)
        self.events: list[OrderEvent] = []
        self.msgbus.subscribe("events.order.*", self.events.append)
        self.account_states: list[AccountState] = []
        self.msgbus.subscribe("events.account.*", self.account_states.append)

    @cached_property
    def counterparty(self) -> Trader:
        return Trader(self.server, self.server.accounts[1], self._venue_clock)

    @cached_property
    def second_screen(self) -> Trader:
        return Trader(self.server, self.server.accounts[0], self._venue_clock)

    async def start(self) -> None:
        await self.counterparty.http.start()
        await self.second_screen.http.start()
        self.engine.start()
        self.client.connect()
        await eventually(lambda: self.client.is_connected)
        (summary,) = await self.counterparty.http.markets_summary(MARKET)
        self.mark = to_decimal(summary.mark_price) or Decimal(0)

    def around(self, offset: str) -> str:
        """Return a price on the tick, a fraction away from the mark price at the start."""
        price = self.mark * (1 + Decimal(offset))
        tick = self.instrument.price_increment.as_decimal()
        return f"{price // tick * tick:f}"

    async def stop(self) -> None:
        self.client.disconnect()
        await eventually(lambda: not self.client.is_connected)
        await self.client.cancel_pending_tasks()
        self.engine.stop()
        for task in (self.engine.get_cmd_queue_task(), self.engine.get_evt_queue_task()):
            if task is not None:
                await task
        await self.counterparty.http.close()
        await self.second_screen.http.close()

    async def reconcile(self) -> None:
        """Do what the node does at start: report everything, and let the engine take it over."""
        mass_status = await self.client.generate_mass_status()
        assert mass_status is not None
        self.engine.reconcile_execution_mass_status(mass_status)
        await self.client._takeover.until_over()

    # -- The client's ears -----------------------------------------------------------------------

    def listen(self, *kinds: type) -> list[Message]:
        """Return a list that fills with the private messages of some kinds, which go their way."""
        return self._overhear(kinds, is_lost=False)

    def deafen(self, *kinds: type) -> list[Message]:
        """Lose the private messages of some kinds from here on, into the list returned."""
        return self._overhear(kinds, is_lost=True)

    def hear(self, message: Message) -> None:
        """Have the client hear a message, whatever it is deaf to."""
        self._take(message)

    def _overhear(self, kinds: tuple[type, ...], *, is_lost: bool) -> list[Message]:
        heard: list[Message] = []
        take = self.client._stream.take

        def overhear(message: Message) -> None:
            if isinstance(message, kinds):
                heard.append(message)
                if is_lost:
                    return
            take(message)

        self.client._stream.take = overhear  # type: ignore[method-assign]
        return heard

    # -- What happened ---------------------------------------------------------------------------

    def story(self, order: Order) -> list[str]:
        """Return the names of an order's events, in their order."""
        return [
            type(event).__name__
            for event in self.events
            if event.client_order_id == order.client_order_id
        ]

    def ledger(self) -> dict[str, Any]:
        """Return the venue's books of the client's account."""
        ledger: Any = self.server.exchange.ledger()
        account: dict[str, Any] = ledger["accounts"][self.address]
        return account

    def move(self, offset: str) -> None:
        """Move the venue's mark price to a fraction away from where it was at the start."""
        self.server.exchange.set_index_price("BTC", to_e8(self.around(offset)) or 0)

    def venue_order(self, order: Order) -> dict[str, Any] | None:
        """Return an order as it stands in the venue's books."""
        client_id = order.client_order_id.value
        return next((o for o in self.ledger()["orders"] if o["client_id"] == client_id), None)

    def subscribe(self, data_type: type[Data]) -> list[Any]:
        """Return a list that fills with what is published of a type from here on."""
        received: list[Any] = []
        self.msgbus.subscribe(f"data.{DataType(data_type).topic}", received.append)
        return received

    def balance(self, code: str) -> Decimal | None:
        """Return the total of a currency as the platform's account has it."""
        total = self.portfolio.account(PARADEX_VENUE).balance_total(Currency.from_str(code))
        return None if total is None else Decimal(total.as_decimal())

    @property
    def net_position(self) -> Decimal:
        """The position in the market as the platform has it, over all strategies."""
        return Decimal(self.portfolio.net_position(INSTRUMENT_ID))

    async def fault(self, **fault: object) -> None:
        """Ask the venue for a fault."""
        await self._ask("faults", fault)

    async def act(self, kind: str, **act: object) -> dict[str, Any]:
        """Have the venue do something to accounts; `account` is the client's unless given."""
        if kind in ("liquidate", "deposit", "withdraw"):
            act.setdefault("account", self.address)
        return await self._ask("acts", {"kind": kind} | act)

    @property
    def address(self) -> str:
        return self._on_behalf_of or self.server.accounts[0].address_hex

    async def _ask(self, path: str, body: dict[str, object]) -> dict[str, Any]:
        async with httpx.AsyncClient(transport=loopback_transport()) as http:
            reply = await http.post(f"{self.server.root_url}/devnet/{path}", json=body)
        assert reply.status_code < 300, reply.text
        answer: dict[str, Any] = reply.json()
        return answer


class HeldBack:
    """Private messages of one kind, held back until they are let through."""

    def __init__(self, world: World, kind: type) -> None:
        self._take = world.client._stream.take
        self._kind = kind
        self.messages: list[Message] = []
        world.client._stream.take = self._handle

    def _handle(self, message: Message) -> None:
        if isinstance(message, self._kind):
            self.messages.append(message)
        else:
            self._take(message)

    def let_through(self) -> None:
        self._kind = type(None)
        for message in self.messages:
            self._take(message)


def lose_patience(world: World) -> None:
    """Have the client wait for no more than a moment for what it asks over the socket now."""
    world.client.websocket._ack_timeout_secs = _NO_PATIENCE_SECS


@asynccontextmanager
async def next_run(world: World, cache: Cache | None = None) -> AsyncIterator[World]:
    """Give a new world after a stopped one: the same venue, its cache unless another is given."""
    heir = World(world.server, world.config, cache or world.cache)
    await heir.start()
    try:
        yield heir
    finally:
        await heir.stop()


@asynccontextmanager
async def open_world(
    server_config: DevnetConfig | None = None,
    change: Callable[[World], None] | None = None,
    now_us: Callable[[], int] | None = None,
    engine_settings: dict[str, Any] | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
    limiter: RateLimiter | None = None,
    **settings: Any,
) -> AsyncIterator[World]:
    """
    Give a connected world; `settings` are those of the execution client.

    `now_us` is the venue's clock, microseconds, the machine's if None; `engine_settings` are those
    of the platform's execution engine; `transport` is what the client's REST requests go through,
    `limiter` what paces its requests.
    """
    config = server_config or DevnetConfig(port=0, synthetic=False, past_hours=0)
    async with DevnetServer(config, now_us=now_us) as server:
        settings = _QUIET | settings
        world = World(
            server,
            ParadexExecClientConfig(
                environment=ParadexEnvironment.DEVNET,
                base_url_http=server.http_url,
                base_url_ws=server.ws_url,
                **settings,
            ),
            transport=transport,
            clock=None if now_us is None else VenueClock(lambda: now_us() * 1_000),
            limiter=limiter,
            **(engine_settings or {}),
        )
        if change is not None:
            change(world)
        await world.start()
        try:
            yield world
        finally:
            await world.stop()
