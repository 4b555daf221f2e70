"""Questions of the platform after one order: it is brought up to date, and what it waits for.

The engine asks when an order has waited long for an answer, and decides by itself when none comes:
so an order found alive is told to be so, and a request found without effect to have had none.
"""

from nautilus_trader.execution.messages import QueryOrder

from nautilus_paradex.execution.commands.under_way import UnderWay
from nautilus_paradex.execution.orders.events import OrderEvents
from nautilus_paradex.execution.orders.in_doubt import OrdersInDoubt
from nautilus_paradex.execution.orders.lookup import OrderIds
from nautilus_paradex.execution.orders.recovery import Recovery
from nautilus_paradex.execution.platform import Platform
from nautilus_paradex.protocol.enums import OrderStatus
from nautilus_paradex.protocol.errors import ParadexError

__all__ = ["Query"]


class Query:
    """
    Answers such questions.

    Parameters
    ----------
    platform : Platform
        The platform, as the client knows it.
    events : OrderEvents
        Where an order that is alive is told to be so.
    recovery : Recovery
        Asks the venue; the fills first, so that the engine has none to invent.
    in_doubt : OrdersInDoubt
        Asks already for orders whose answer stays away.
    under_way : UnderWay
        Tells of requests that had no effect.

    """

    def __init__(
        self,
        platform: Platform,
        events: OrderEvents,
        recovery: Recovery,
        in_doubt: OrdersInDoubt,
        under_way: UnderWay,
    ) -> None:
        self._events = events
        self._recovery = recovery
        self._in_doubt = in_doubt
        self._under_way = under_way
        self._cache = platform.cache
        self._log = platform.log

    async def answer(self, command: QueryOrder) -> None:
        """Bring an order up to date."""
        order = self._cache.order(command.client_order_id)
        if order is not None and order in self._in_doubt:
            return  # it is being asked for already, and its end waits for that
        asked_at = self._under_way.now_secs()
        try:
            if order is None:
                event = await self._recovery.sync(_ids_of(command))
            else:
                event = await self._recovery.sync_order(order)
        except ParadexError as exc:
            self._log.warning(f"Cannot look up {command.client_order_id!r}: {exc}")
            return
        if event is None:
            self._log.warning(f"The venue knows no order {command.client_order_id!r}")
        elif event.status == OrderStatus.NEW:
            self._events.take_as_working(event)
        elif order is not None:
            self._under_way.found(order, event, asked_at)


def _ids_of(command: QueryOrder) -> OrderIds:
    venue_order_id = command.venue_order_id
    return OrderIds(
        client_id=command.client_order_id.value,
        venue_order_id=None if venue_order_id is None else venue_order_id.value,
        market=command.instrument_id.symbol.value,
    )
