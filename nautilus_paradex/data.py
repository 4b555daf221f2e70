"""
The market data client: the platform's side of connection, instruments and subscriptions.

Thin on purpose: frames become data in `feeds.router`, streams are opened and mended in
`feeds.subscriber`, requests answered in `feeds.requests`, instruments followed in
`feeds.instruments`.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, Final

from nautilus_trader.cache.cache import Cache
from nautilus_trader.common.component import LiveClock, MessageBus
from nautilus_trader.common.enums import LogColor
from nautilus_trader.data.messages import (
    SubscribeBars,
    SubscribeData,
    SubscribeFundingRates,
    SubscribeIndexPrices,
    SubscribeMarkPrices,
    SubscribeOptionGreeks,
    SubscribeOrderBook,
    SubscribeQuoteTicks,
    SubscribeTradeTicks,
    UnsubscribeBars,
    UnsubscribeData,
    UnsubscribeFundingRates,
    UnsubscribeIndexPrices,
    UnsubscribeMarkPrices,
    UnsubscribeOptionGreeks,
    UnsubscribeOrderBook,
    UnsubscribeQuoteTicks,
    UnsubscribeTradeTicks,
)
from nautilus_trader.model.data import DataType
from nautilus_trader.model.enums import BookType
from nautilus_trader.model.identifiers import ClientId, InstrumentId
from nautilus_trader.model.instruments import CryptoOption

from nautilus_paradex.config import ParadexDataClientConfig
from nautilus_paradex.constants import PARADEX, PARADEX_VENUE
from nautilus_paradex.feeds.bar_history import BarHistory
from nautilus_paradex.feeds.bars import BarFollower
from nautilus_paradex.feeds.candles import candles_of
from nautilus_paradex.feeds.connections import Connection, ConnectionEvents, ConnectionPool
from nautilus_paradex.feeds.custom import CustomDataError, CustomFeeds
from nautilus_paradex.feeds.custom_requests import CustomRequests
from nautilus_paradex.feeds.history import HistoryRequests
from nautilus_paradex.feeds.instruments import InstrumentFollowingClient
from nautilus_paradex.feeds.market import (
    BARS,
    DELTAS,
    DEPTH,
    FUNDING,
    GREEKS,
    INDEX,
    MARK,
    QUOTES,
    TRADES,
    MarketFeed,
)
from nautilus_paradex.feeds.once import WarnOnce
from nautilus_paradex.feeds.present import PresentRequests
from nautilus_paradex.feeds.router import FeedRouter
from nautilus_paradex.feeds.subscriber import StreamSubscriber
from nautilus_paradex.feeds.wide import WideChannels
from nautilus_paradex.protocol.events import TradeEvent
from nautilus_paradex.providers import ParadexInstrumentProvider
from nautilus_paradex.sharing import shared_connect_limiter
from nautilus_paradex.transport.http import ParadexHttpClient
from nautilus_paradex.transport.websocket import ParadexWebSocketClient
from nautilus_paradex.transport.websocket_metrics import WebSocketMetrics

__all__ = ["ParadexDataClient"]

_NS_PER_MS: Final = 1_000_000


class ParadexDataClient(InstrumentFollowingClient):
    """
    Provides a market data client for Paradex.

    Parameters
    ----------
    loop : asyncio.AbstractEventLoop
        The event loop of the node.
    http_client : ParadexHttpClient
        The REST client; started and closed by this client.
    msgbus : MessageBus
        The message bus of the node.
    cache : Cache
        The cache of the node.
    clock : LiveClock
        The clock of the node.
    instrument_provider : ParadexInstrumentProvider
        The provider of instruments.
    config : ParadexDataClientConfig
        The settings.
    name : str, optional
        The client's name, ``PARADEX`` if None.

    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        http_client: ParadexHttpClient,
        msgbus: MessageBus,
        cache: Cache,
        clock: LiveClock,
        instrument_provider: ParadexInstrumentProvider,
        config: ParadexDataClientConfig,
        name: str | None = None,
    ) -> None:
        super().__init__(
            loop=loop,
            client_id=ClientId(name or PARADEX),
            venue=PARADEX_VENUE,
            msgbus=msgbus,
            cache=cache,
            clock=clock,
            instrument_provider=instrument_provider,
            config=config,
        )
        self._settings = config
        self._provider = instrument_provider
        self._http = http_client
        self._http_in_use = False
        self._background: list[asyncio.Task[None]] = []
        self._router = FeedRouter(
            emit=self._handle_data,
            now_ns=self._clock.timestamp_ns,
            on_book_broken=self._on_book_broken,
            warn=self._log.warning,
        )
        self._wide = WideChannels(config.wide_channels)
        self._socket_metrics = WebSocketMetrics()
        self._pool = ConnectionPool(
            self._make_socket,
            ConnectionEvents(
                opened=self._on_connection_opened,
                lost=self._on_connection_lost,
                restored=self._on_connection_restored,
                failed=self._on_connection_failed,
            ),
            max_channels_per_connection=config.max_channels_per_connection,
        )
        self._subscriber = StreamSubscriber(
            self._pool,
            self._router,
            now_ns=self._clock.timestamp_ns,
            warn=self._log.warning,
        )
        self._custom = CustomFeeds(
            self._subscriber,
            self._router,
            emit=self._handle_data,
            market_feed=self._feed,
        )
        now_ns, warn = self._clock.timestamp_ns, self._log.warning
        self._history = HistoryRequests(http_client, now_ns=now_ns, warn=warn)
        self._bar_history = BarHistory(
            http_client,
            now_ns=now_ns,
            warn=warn,
            bars_timestamp_on_close=config.bars_timestamp_on_close,
        )
        self._present = PresentRequests(http_client, now_ns=now_ns)
        self._custom_requests = CustomRequests(http_client, now_ns=now_ns, warn=warn)
        self._warn_once = WarnOnce(warn, "logged once")
        self._bar_follower = BarFollower(
            self._bar_history.closed_bars,
            find_instrument=self._cache.instrument,
            trusted_since=self._trades_whole_since,
            venue_ms=http_client.clock.now_ms,
            now_ns=now_ns,
            emit=self._handle_data,
            warn=warn,
            bars_timestamp_on_close=config.bars_timestamp_on_close,
        )
        self._router.add_listener(TradeEvent, self._bar_follower.on_trade)
        self._set_up_instruments()
        self._log.info(f"environment={config.environment.value}", LogColor.BLUE)
        self._log.info(f"base_url_http={config.http_url}", LogColor.BLUE)
        self._log.info(f"base_url_ws={config.ws_url}", LogColor.BLUE)

    @property
    def instrument_provider(self) -> ParadexInstrumentProvider:
        """The provider of instruments."""
        return self._provider

    @property
    def metrics(self) -> dict[str, int]:
        """
        Counters and latencies (µs) since the client was made: of its feeds, and with the prefixes
        ``socket_`` and ``rest_`` those of its connections (REST may be shared with other clients).
        """
        return {
            **self._router.metrics.snapshot(),
            **self._subscriber.metrics.snapshot(),
            **self._bar_follower.metrics.snapshot(),
            **self._provider.metrics.snapshot(),
            **_prefixed("socket_", self._socket_metrics.snapshot()),
            **_prefixed("rest_", self._http.metrics.snapshot()),
        }

    # -- Connection ------------------------------------------------------------------------------

    async def _connect(self) -> None:
        self._http_in_use = True
        await self._http.start()
        await self._provider.initialize()
        self._listing.compare()
        self._pool.open()
        self._in_background(self._subscriber.watch(), "stream-watch")
        self._in_background(self._listing.run(), "instrument-updates")
        self._in_background(self._poll_states(), "state-polls")

    async def _disconnect(self) -> None:
        tasks, self._background = self._background, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._bar_follower.close()
        await self._pool.close()
        self._subscriber.closed()
        if self._http_in_use:
            self._http_in_use = False
            await self._http.close()

    def _in_background(self, coro: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(coro, name=name)
        task.add_done_callback(self._on_background_done)
        self._background.append(task)

    def _on_background_done(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._log.exception(f"{task.get_name()} ended, restart the client", error)

    def _make_socket(self, connection: Connection) -> ParadexWebSocketClient:
        config = self._settings
        return ParadexWebSocketClient(
            config.ws_url,
            handler=self._router.frame_handler(connection.lane),
            on_reconnected=connection.on_reconnected,
            on_disconnected=connection.on_disconnected,
            on_error=connection.on_error,
            sbe_schema_version=config.sbe_schema_version,
            proxy_url=config.reveal_proxy_url(),
            connect_limiter=shared_connect_limiter(self._loop),
            metrics=self._socket_metrics,
        )

    def _on_connection_opened(self, connection: Connection) -> None:
        self._log.info(
            f"Connection {connection.name} to {self._settings.ws_url} ({connection.encoding})",
            LogColor.BLUE,
        )
        self.create_task(
            self._subscriber.open_waiting(connection), log_msg=f"streams of {connection.name}"
        )

    def _on_connection_lost(self, connection: Connection) -> None:
        self._log.warning(
            f"Connection {connection.name} lost: its books are cleared until it is back"
        )
        self._subscriber.connection_lost(connection)

    def _on_connection_restored(self, connection: Connection) -> None:
        self._subscriber.connection_restored(connection)
        self._look_for_missed_changes(connection)
        self._log.info(f"Connection {connection.name} restored", LogColor.BLUE)

    def _on_connection_failed(self, connection: Connection, error: Exception) -> None:
        self._log.warning(f"Connection {connection.name}: {error}")

    def _on_book_broken(self, feed: MarketFeed) -> None:
        self.create_task(
            self._subscriber.rebuild_book(feed),
            log_msg=f"rebuild book {feed.instrument_id}",
        )

    # -- Subscriptions ---------------------------------------------------------------------------

    async def _subscribe_quote_ticks(self, command: SubscribeQuoteTicks) -> None:
        await self._use(command.instrument_id, QUOTES)

    async def _subscribe_trade_ticks(self, command: SubscribeTradeTicks) -> None:
        await self._use(command.instrument_id, TRADES)

    async def _subscribe_order_book_deltas(self, command: SubscribeOrderBook) -> None:
        if command.book_type != BookType.L2_MBP:
            self._log.warning(f"{command.instrument_id}: only L2_MBP books exist at the venue")
            return
        await self._use(command.instrument_id, DELTAS)
        self._warn_of_a_cut_book(command)

    async def _subscribe_mark_prices(self, command: SubscribeMarkPrices) -> None:
        await self._use(command.instrument_id, MARK)

    async def _subscribe_index_prices(self, command: SubscribeIndexPrices) -> None:
        await self._use(command.instrument_id, INDEX)

    async def _subscribe_funding_rates(self, command: SubscribeFundingRates) -> None:
        await self._use(command.instrument_id, FUNDING)

    async def _subscribe_order_book_depth(self, command: SubscribeOrderBook) -> None:
        if command.book_type != BookType.L2_MBP:
            self._log.warning(f"{command.instrument_id}: only L2_MBP books exist at the venue")
            return
        rate = (command.params or {}).get("refresh_rate")
        if rate is not None:
            (await self._feed(command.instrument_id)).refresh_depth_every(str(rate))
        await self._use(command.instrument_id, DEPTH)
        self._warn_of_a_cut_book(command)

    async def _subscribe_bars(self, command: SubscribeBars) -> None:
        instrument_id = command.bar_type.instrument_id
        await self._instrument(instrument_id)
        self._bar_follower.follow(command.bar_type, candles_of(command.bar_type, command.params))
        if self._bar_follower.uses_trades(instrument_id):
            await self._use(instrument_id, BARS)

    async def _subscribe_option_greeks(self, command: SubscribeOptionGreeks) -> None:
        if isinstance(await self._instrument(command.instrument_id), CryptoOption):
            await self._use(command.instrument_id, GREEKS)
        else:
            self._log.warning(f"{command.instrument_id} has no greeks: it is no option")

    async def _subscribe(self, command: SubscribeData) -> None:
        try:
            await self._custom.subscribe(command.data_type, command.instrument_id)
        except CustomDataError as exc:
            self._log.warning(f"Cannot subscribe to {command.data_type}: {exc}")

    async def _unsubscribe_quote_ticks(self, command: UnsubscribeQuoteTicks) -> None:
        await self._drop(command.instrument_id, QUOTES)

    async def _unsubscribe_trade_ticks(self, command: UnsubscribeTradeTicks) -> None:
        await self._drop(command.instrument_id, TRADES)

    async def _unsubscribe_order_book_deltas(self, command: UnsubscribeOrderBook) -> None:
        await self._drop(command.instrument_id, DELTAS)

    async def _unsubscribe_mark_prices(self, command: UnsubscribeMarkPrices) -> None:
        await self._drop(command.instrument_id, MARK)

    async def _unsubscribe_index_prices(self, command: UnsubscribeIndexPrices) -> None:
        await self._drop(command.instrument_id, INDEX)

    async def _unsubscribe_funding_rates(self, command: UnsubscribeFundingRates) -> None:
        await self._drop(command.instrument_id, FUNDING)

    async def _unsubscribe_order_book_depth(self, command: UnsubscribeOrderBook) -> None:
        await self._drop(command.instrument_id, DEPTH)

    async def _unsubscribe_bars(self, command: UnsubscribeBars) -> None:
        instrument_id = command.bar_type.instrument_id
        self._bar_follower.leave(command.bar_type)
        if not self._bar_follower.uses_trades(instrument_id):
            await self._drop(instrument_id, BARS)

    async def _unsubscribe_option_greeks(self, command: UnsubscribeOptionGreeks) -> None:
        await self._drop(command.instrument_id, GREEKS)

    async def _unsubscribe(self, command: UnsubscribeData) -> None:
        data_type = command.data_type
        if self._has_subscribers(data_type):
            # The engine passes on every end of a custom subscription, not the last alone.
            self._add_subscription(data_type)
            return
        await self._custom.unsubscribe(data_type)

    def _has_subscribers(self, data_type: DataType) -> bool:
        topic = f"data.{data_type.topic}"
        return any(each.topic == topic for each in self._msgbus.subscriptions())

    async def _use(self, instrument_id: InstrumentId, use: int) -> None:
        await self._subscriber.use(await self._feed(instrument_id), use)

    async def _feed(self, instrument_id: InstrumentId) -> MarketFeed:
        feed = self._router.get(instrument_id.symbol.value)
        if feed is None:
            instrument = await self._instrument(instrument_id)
            # Another subscription may have been here during the wait.
            feed = self._router.get(instrument_id.symbol.value)
            if feed is None:
                feed = MarketFeed(instrument, self._wide)
                self._router.add(feed)
        return feed

    async def _drop(self, instrument_id: InstrumentId, use: int) -> None:
        feed = self._router.get(instrument_id.symbol.value)
        if feed is not None:
            await self._subscriber.drop(feed, use)

    def _trades_whole_since(self, symbol: str) -> int | None:
        """Since when (the venue's Unix ms) no trade of a market was missed, None if not now."""
        feed = self._router.get(symbol)
        since_ns = None if feed is None else self._subscriber.whole_since(feed.trades)
        return None if since_ns is None else since_ns // _NS_PER_MS + self._http.clock.offset_ms

    def _warn_of_a_cut_book(self, command: SubscribeOrderBook) -> None:
        feed = self._router.get(command.instrument_id.symbol.value)
        if command.managed and feed is not None and feed.uses & DELTAS and feed.uses & DEPTH:
            self._log.warning(
                f"{command.instrument_id}: the platform keeps one book of deltas and depth, which "
                "the depth cuts to ten levels: subscribe to the depth with managed=False"
            )


def _prefixed(prefix: str, figures: dict[str, int]) -> dict[str, int]:
    return {prefix + name: value for name, value in figures.items()}
