"""The platform's execution client for Paradex: its connections, and who does what in it.

Thin on purpose. Commands, orders, reports and the account have a file each beside this one.
"""

import asyncio
from typing import Final

from nautilus_trader.cache.cache import Cache
from nautilus_trader.common.component import LiveClock, MessageBus
from nautilus_trader.common.enums import LogColor
from nautilus_trader.execution.messages import (
    BatchCancelOrders,
    CancelAllOrders,
    CancelOrder,
    GenerateFillReports,
    GenerateOrderStatusReport,
    GenerateOrderStatusReports,
    GeneratePositionStatusReports,
    ModifyOrder,
    QueryAccount,
    QueryOrder,
    SubmitOrder,
    SubmitOrderList,
)
from nautilus_trader.execution.reports import (
    ExecutionMassStatus,
    FillReport,
    OrderStatusReport,
    PositionStatusReport,
)
from nautilus_trader.live.execution_client import LiveExecutionClient
from nautilus_trader.model.enums import AccountType, LiquiditySide, OmsType
from nautilus_trader.model.identifiers import AccountId, ClientId
from nautilus_trader.model.instruments import Instrument
from nautilus_trader.model.objects import Money, Price, Quantity

from nautilus_paradex.config import REST_ROUTE, ParadexExecClientConfig
from nautilus_paradex.constants import PARADEX_VENUE
from nautilus_paradex.execution.account.front import Account
from nautilus_paradex.execution.account.margin import MarginSettings
from nautilus_paradex.execution.catching_up import CatchUp
from nautilus_paradex.execution.commands.algo import Twaps
from nautilus_paradex.execution.commands.front import Commands
from nautilus_paradex.execution.commands.limits import OrderLimits
from nautilus_paradex.execution.commands.request_signer import RequestSigner
from nautilus_paradex.execution.commands.route import OrderRoute
from nautilus_paradex.execution.commands.venue_commands import VenueCommands
from nautilus_paradex.execution.disconnect_guard import DisconnectGuard
from nautilus_paradex.execution.instruments import InstrumentLoader
from nautilus_paradex.execution.orders.events import OrderEvents
from nautilus_paradex.execution.orders.in_doubt import OrdersInDoubt
from nautilus_paradex.execution.orders.recovery import Recovery
from nautilus_paradex.execution.orders.watch import OrderWatch
from nautilus_paradex.execution.platform import Platform
from nautilus_paradex.execution.private_stream import PrivateStream
from nautilus_paradex.execution.reports.reports import Reports
from nautilus_paradex.execution.system_watch import SystemWatch
from nautilus_paradex.execution.takeover import Takeover
from nautilus_paradex.parsing.order_params import OrderFeatures
from nautilus_paradex.protocol.events import (
    HeartbeatEvent,
    OrderEvent,
)
from nautilus_paradex.providers import ParadexInstrumentProvider
from nautilus_paradex.sharing import shared_connect_limiter, shared_system_state
from nautilus_paradex.transport.errors import CredentialsError
from nautilus_paradex.transport.http import ParadexHttpClient
from nautilus_paradex.transport.session import JwtSession
from nautilus_paradex.transport.socket_orders import SocketOrders
from nautilus_paradex.transport.websocket import ParadexWebSocketClient

__all__ = ["ParadexExecutionClient"]

_ORDER_EVENTS: Final = "events.order.*"
_MAX_ACK_SECS: Final = 5.0
_ACCOUNT_NAMES: Final = {False: "master", True: "isolated"}


class ParadexExecutionClient(VenueCommands, LiveExecutionClient):
    """
    Execution client for the Paradex exchange.

    Orders go over signed REST; orders, fills and the account are followed over the private
    WebSocket channels. The account is a cross-margin, netting account in the settlement asset.

    Parameters
    ----------
    loop : asyncio.AbstractEventLoop
        The node's event loop.
    http_client : ParadexHttpClient
        The REST client, with credentials.
    msgbus : MessageBus
        The node's message bus.
    cache : Cache
        The node's cache.
    clock : LiveClock
        The node's clock.
    instrument_provider : ParadexInstrumentProvider
        The instruments.
    config : ParadexExecClientConfig
        The configuration.
    name : str, optional
        The client's name, PARADEX if None.

    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        http_client: ParadexHttpClient,
        msgbus: MessageBus,
        cache: Cache,
        clock: LiveClock,
        instrument_provider: ParadexInstrumentProvider,
        config: ParadexExecClientConfig,
        name: str | None = None,
    ) -> None:
        client_id = ClientId(name or PARADEX_VENUE.value)
        super().__init__(
            loop=loop,
            client_id=client_id,
            venue=PARADEX_VENUE,
            oms_type=OmsType.NETTING,
            account_type=AccountType.MARGIN,
            base_currency=None,
            instrument_provider=instrument_provider,
            msgbus=msgbus,
            cache=cache,
            clock=clock,
            config=config,
        )
        is_isolated = http_client.acting_account.is_isolated
        self._set_account_id(AccountId(f"{client_id.value}-{_ACCOUNT_NAMES[is_isolated]}"))
        self._config = config
        self._http = http_client
        platform = Platform(self, msgbus, cache, clock, self._log)
        self._events = OrderEvents(platform)
        self._takeover = Takeover(
            msgbus,
            client_id,
            self._log,
            lambda message: self._stream.take_kept(message),
            lambda: self._account.positions.begin(),
        )
        instruments = InstrumentLoader(instrument_provider, cache)
        self._recovery = Recovery(platform, http_client, self._events, self._takeover.until_over)
        self._events.watcher = OrderWatch(
            platform, http_client, self._events, self._recovery, instruments, config
        )
        signer = RequestSigner(http_client, config)
        self._system = SystemWatch(
            http_client,
            shared_system_state(loop, config.http_url),
            msgbus,
            clock,
            self._log,
            config.system_state_interval_secs,
        )
        self._limits = OrderLimits(
            platform,
            http_client,
            self._system,
            self._events,
            instruments,
            config.recv_window_ms,
        )
        self._twaps = Twaps(
            http_client,
            signer,
            instruments,
            self._log,
            self._limits,
            config.recv_window_ms,
        )
        self._margins = MarginSettings(http_client, self._log, config)
        self._reports = Reports(
            platform,
            http_client,
            self._events,
            self._recovery,
            self._takeover,
            instruments,
            balances_are_positions=config.use_spot_position_reports,
        )
        self._account = Account(
            platform,
            http_client,
            self._events,
            self._recovery,
            instruments,
            is_retail=config.token_usage is not None,
        )
        self._funding = self._account.funding
        self._catch_up = CatchUp(
            http_client, self._recovery, self._account, self._renew_connection, self._log
        )
        self._stream = PrivateStream(
            {
                OrderEvent: self._events.take_order,
                HeartbeatEvent: _pass_over,
                **self._account.handlers(),
            },
            self._log,
            http_client.acting_account,
            self._takeover,
        )
        self._ws = ParadexWebSocketClient(
            config.ws_url,
            token_provider=_SessionTokens(http_client),
            handler=self._stream.take_frame,
            on_reconnected=self._catch_up.run,
            on_disconnected=self._catch_up.interrupted,
            on_error=self._on_socket_error,
            proxy_url=config.reveal_proxy_url(),
            ack_timeout_secs=min(config.http_timeout_secs, _MAX_ACK_SECS),
            connect_limiter=shared_connect_limiter(loop),
        )
        self._disconnect_guard = DisconnectGuard(self._ws, config, self._log)
        self._commands = Commands(
            platform,
            self._route(config),
            signer,
            self._events,
            self._recovery,
            OrdersInDoubt(
                platform, http_client, self._events, self._recovery, config.recv_window_ms
            ),
            self._limits,
            OrderFeatures(
                stp=config.stp,
                dime_discount=config.dime_discount,
                gtd_as_gtc=config.gtd_as_gtc,
            ),
        )
        self._log_config(config)

    @property
    def websocket(self) -> ParadexWebSocketClient:
        """The private socket; its metrics tell of connections and frames."""
        return self._ws

    @property
    def malformed_messages(self) -> dict[str, int]:
        """How many private messages could not be taken in, by kind of error."""
        return dict(self._stream.malformed)

    # -- Connection ------------------------------------------------------------------------------

    async def _connect(self) -> None:
        await self._http.start()
        await self._instrument_provider.initialize()
        self._cache_instruments()
        await self._system.start()
        await self._margins.apply_configured()
        await self._account.balances.refresh()
        await self._await_account_registered()
        await self._ws.connect()
        await self._ws.authenticate()
        await self._stream.subscribe(self._ws)
        await self._disconnect_guard.set_up()
        self.offer_venue_commands(self._msgbus)
        self._msgbus.subscribe(_ORDER_EVENTS, self._commands.on_order_event)
        self._commands.take_up_lists()
        self._commands.settle_left_over()
        if self._http.signer is None:
            self._log.warning("No private key: this client reports, but cannot place orders")

    async def _disconnect(self) -> None:
        self.withdraw_venue_commands(self._msgbus)
        self._msgbus.unsubscribe(_ORDER_EVENTS, self._commands.on_order_event)
        self._takeover.end()
        await self._system.stop()
        await self._ws.close()
        await self._http.close()

    def _route(self, config: ParadexExecClientConfig) -> OrderRoute:
        if config.order_route == REST_ROUTE:
            return self._http
        return SocketOrders(self._ws, self._http.tries, self._http)

    async def _renew_connection(self) -> None:
        await self._stream.ensure_required(self._ws)
        self._commands.take_up_lists()

    def _cache_instruments(self) -> None:
        for instrument in self._instrument_provider.list_all():
            if self._cache.instrument(instrument.id) is None:
                self._cache.add_instrument(instrument)

    def _log_config(self, config: ParadexExecClientConfig) -> None:
        self._log.info(f"{config.environment=}", LogColor.BLUE)
        self._log.info(f"{config.http_url=}", LogColor.BLUE)
        self._log.info(f"{config.ws_url=}", LogColor.BLUE)
        self._log.info(f"{config.recv_window_ms=}", LogColor.BLUE)
        self._log.info(f"{config.order_route=}", LogColor.BLUE)
        self._log.info(f"{config.cancel_on_disconnect=}", LogColor.BLUE)
        self._log.info(f"{config.cancel_unexpected_orders=}", LogColor.BLUE)
        self._log.info(f"{config.stp=}", LogColor.BLUE)
        self._log.info(f"{config.dime_discount=}", LogColor.BLUE)
        self._log.info(f"{config.gtd_as_gtc=}", LogColor.BLUE)
        self._log.info(f"{config.use_spot_position_reports=}", LogColor.BLUE)
        self._log.info(f"{config.token_usage=}", LogColor.BLUE)
        self._log.info(f"{config.on_behalf_of_account=}", LogColor.BLUE)

    def _on_socket_error(self, exc: Exception) -> None:
        self._log.error(f"Private socket: {exc}")

    # -- Commands --------------------------------------------------------------------------------

    async def _submit_order(self, command: SubmitOrder) -> None:
        await self._commands.submit_order(command)

    async def _submit_order_list(self, command: SubmitOrderList) -> None:
        await self._commands.submit_order_list(command)

    async def _modify_order(self, command: ModifyOrder) -> None:
        await self._commands.modify_order(command)

    async def _cancel_order(self, command: CancelOrder) -> None:
        await self._commands.cancel_order(command)

    async def _cancel_all_orders(self, command: CancelAllOrders) -> None:
        await self._commands.cancel_all_orders(command)

    async def _batch_cancel_orders(self, command: BatchCancelOrders) -> None:
        await self._commands.batch_cancel_orders(command)

    async def _query_account(self, command: QueryAccount) -> None:
        await self._account.balances.refresh()

    async def _query_order(self, command: QueryOrder) -> None:
        await self._commands.query_order(command)

    # -- Reports ---------------------------------------------------------------------------------

    async def generate_order_status_report(
        self,
        command: GenerateOrderStatusReport,
    ) -> OrderStatusReport | None:
        """Return the report of one order, or None if the venue knows none; raises on failure."""
        return await self._reports.order_status_report(command)

    async def generate_order_status_reports(
        self,
        command: GenerateOrderStatusReports,
    ) -> list[OrderStatusReport]:
        """Return the reports of the account's orders; raises on failure."""
        reports = await self._reports.order_status_reports(command)
        self._log_report_receipt(len(reports), "OrderStatusReport", command.log_receipt_level)
        return reports

    async def generate_fill_reports(self, command: GenerateFillReports) -> list[FillReport]:
        """Return the reports of the account's fills; raises on failure."""
        return await self._reports.fill_reports(command)

    async def generate_position_status_reports(
        self,
        command: GeneratePositionStatusReports,
    ) -> list[PositionStatusReport]:
        """Return the reports of the account's positions; raises on failure."""
        reports = await self._reports.position_status_reports(command)
        self._log_report_receipt(len(reports), "PositionStatusReport", command.log_receipt_level)
        return reports

    async def generate_mass_status(
        self,
        lookback_mins: int | None = None,
    ) -> ExecutionMassStatus | None:
        """
        Return orders, fills and positions that belong together; raises on failure.

        Until the engine has taken it over the messages of the private channels are kept; of a node
        that trades not for long (docs/account-state.md).
        """
        self._log.info("Generating ExecutionMassStatus...")
        self.reconciliation_active = True
        try:
            mass_status = await self._reports.mass_status(lookback_mins)
        finally:
            self.reconciliation_active = False
        return mass_status

    def calculate_commission(
        self,
        instrument: Instrument,
        last_qty: Quantity,
        last_px: Price,
        liquidity_side: LiquiditySide,
    ) -> Money:
        """Return what a fill costs by the instrument's rates, for fills that must be inferred."""
        return self._account.commissions.of(instrument, last_qty, last_px, liquidity_side)


class _SessionTokens:
    """The session's tokens for the socket; the session exists once the REST client has started."""

    def __init__(self, http: ParadexHttpClient) -> None:
        self._http = http

    async def token(self) -> str:
        return await self._session().token()

    async def refresh(self, stale_token: str, /) -> None:
        await self._session().refresh(stale_token)

    def _session(self) -> JwtSession:
        session = self._http.session
        if session is None:
            raise CredentialsError("the account's channels need credentials, and there are none")
        return session


def _pass_over(message: object) -> None:
    """A sign of life needs no handling: the socket has counted it."""
