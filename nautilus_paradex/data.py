"""
The market data client: what it is made of, and the life of its connections.

Thin on purpose, one base for each side of the platform: subscriptions of market data are in
`feeds.subscriptions`, what markets there are in `feeds.instruments`, requests in `feeds.requests`.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, Final

from nautilus_trader.cache.cache import Cache
from nautilus_trader.common.component import LiveClock, MessageBus
from nautilus_trader.common.enums import LogColor
from nautilus_trader.model.identifiers import ClientId

from nautilus_paradex.config import ParadexDataClientConfig
from nautilus_paradex.constants import PARADEX, PARADEX_VENUE
from nautilus_paradex.feeds.bar_history import BarHistory
from nautilus_paradex.feeds.bars import BarFollower
from nautilus_paradex.feeds.connections import Connection, ConnectionEvents, ConnectionPool
from nautilus_paradex.feeds.custom import CustomFeeds
from nautilus_paradex.feeds.custom_requests import CustomRequests
from nautilus_paradex.feeds.history import HistoryRequests
from nautilus_paradex.feeds.market import MarketFeed
from nautilus_paradex.feeds.once import WarnOnce
from nautilus_paradex.feeds.present import PresentRequests
from nautilus_paradex.feeds.router import FeedRouter
from nautilus_paradex.feeds.subscriber import StreamSubscriber
from nautilus_paradex.feeds.subscriptions import StreamingClient
from nautilus_paradex.feeds.wide import WideChannels
from nautilus_paradex.protocol.events import TradeEvent
from nautilus_paradex.providers import ParadexInstrumentProvider
from nautilus_paradex.sharing import shared_connect_limiter, shared_system_state
from nautilus_paradex.transport.http import ParadexHttpClient
from nautilus_paradex.transport.websocket import ParadexWebSocketClient
from nautilus_paradex.transport.websocket_metrics import WebSocketMetrics

__all__ = ["ParadexDataClient"]

_NS_PER_MS: Final = 1_000_000


class ParadexDataClient(StreamingClient):
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
        self._system_state = shared_system_state(loop, config.http_url)
        self._http_in_use = False
        self._background: list[asyncio.Task[None]] = []
        self._router = FeedRouter(
            emit=self._handle_data,
            now_ns=self._clock.timestamp_ns,
            on_book_broken=self._on_book_broken,
            warn=self._log.warning,
            on_bar_trade=self._on_bar_trade,
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

    def _on_bar_trade(self, trade: TradeEvent, arrived_ns: int) -> None:
        self._bar_follower.on_trade(trade, arrived_ns)

    def _on_book_broken(self, feed: MarketFeed) -> None:
        self.create_task(
            self._subscriber.rebuild_book(feed),
            log_msg=f"rebuild book {feed.instrument_id}",
        )

    def _trades_whole_since(self, symbol: str) -> int | None:
        """Since when (the venue's Unix ms) no trade of a market was missed, None if not now."""
        feed = self._router.get(symbol)
        since_ns = None if feed is None else self._subscriber.whole_since(feed.trades)
        return None if since_ns is None else since_ns // _NS_PER_MS + self._http.clock.offset_ms


def _prefixed(prefix: str, figures: dict[str, int]) -> dict[str, int]:
    return {prefix + name: value for name, value in figures.items()}
