"""The platform as the rooms of the client know it, handed to each as one.

What every client of the platform has, and no state: whatever is of the venue is elsewhere.
"""

from collections.abc import Coroutine
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from nautilus_trader.cache.cache import Cache
from nautilus_trader.common.component import LiveClock, Logger, MessageBus
from nautilus_trader.execution.reports import OrderStatusReport, PositionStatusReport
from nautilus_trader.live.execution_client import LiveExecutionClient
from nautilus_trader.model.events import OrderEvent
from nautilus_trader.model.identifiers import AccountId, ClientId, InstrumentId, StrategyId
from nautilus_trader.model.orders import Order

from nautilus_paradex.constants import PARADEX_VENUE

__all__ = ["Platform"]


@dataclass(frozen=True, slots=True)
class Platform:
    """
    The services of the platform, and how to tell it something.

    Parameters
    ----------
    client : LiveExecutionClient
        The client, for its ``generate_*`` methods: what it emits reaches the engine.
    msgbus : MessageBus
        The node's message bus.
    cache : Cache
        The node's cache.
    clock : LiveClock
        The node's clock.
    log : Logger
        The client's logger.

    """

    client: LiveExecutionClient
    msgbus: MessageBus
    cache: Cache
    clock: LiveClock
    log: Logger

    @property
    def client_id(self) -> ClientId:
        """The client's id."""
        return self.client.id

    @property
    def account_id(self) -> AccountId:
        """The platform's id of the account that is traded for."""
        return self.client.account_id

    def create_task(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Start a coroutine under the client's supervision, which ends it at the disconnect."""
        self.client.create_task(coroutine)

    def net_position(self, instrument_id: InstrumentId) -> Decimal:
        """Return the account's signed position in an instrument, as the platform has it."""
        positions = self.cache.positions_open(
            venue=None,
            instrument_id=instrument_id,
            account_id=self.account_id,
        )
        return sum((position.signed_decimal_qty() for position in positions), Decimal(0))

    def unfinished_orders(
        self,
        instrument_id: InstrumentId | None = None,
        strategy_id: StrategyId | None = None,
    ) -> list[Order]:
        """Return the orders that have not ended, those not sent yet among them."""
        wanted = (PARADEX_VENUE, instrument_id, strategy_id)
        # Ids first: the cache keeps every order of a long run, nearly all of them closed.
        ids = self.cache.client_order_ids(*wanted) - self.cache.client_order_ids_closed(*wanted)
        return [self.cache.order(client_order_id) for client_order_id in sorted(ids)]

    # The base class keeps these for the client itself, which the rooms are parts of.

    def send_order_event(self, event: OrderEvent) -> None:
        """Have the engine take in an event that no ``generate_*`` method makes."""
        self.client._send_order_event(event)

    def send_order_report(self, report: OrderStatusReport) -> None:
        """Have the engine take in a report of an order, before this returns."""
        self.client._send_order_status_report(report)

    def send_position_report(self, report: PositionStatusReport) -> None:
        """Have the engine take in a report of a position, before this returns."""
        self.client._send_position_status_report(report)
