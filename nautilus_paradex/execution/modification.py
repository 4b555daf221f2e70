"""Changes of open orders: refused here, or signed and sent. Order updates tell how they end."""

from nautilus_trader.cache.cache import Cache
from nautilus_trader.common.component import Logger
from nautilus_trader.execution.messages import ModifyOrder
from nautilus_trader.model.instruments import Instrument
from nautilus_trader.model.orders import Order

from nautilus_paradex.execution.order_events import OrderEvents
from nautilus_paradex.execution.request_signer import RequestSigner
from nautilus_paradex.execution.route import OrderRoute
from nautilus_paradex.execution.under_way import UnderWay
from nautilus_paradex.parsing.orders import modify_denial_of, order_draft
from nautilus_paradex.transport.errors import NotSentError, UnknownOutcomeError, VenueError

__all__ = ["Modification"]


class Modification:
    """
    Sends changes of orders.

    Parameters
    ----------
    route : OrderRoute
        The way to the venue.
    signer : RequestSigner
        Signs the requests.
    events : OrderEvents
        Where refusals are told.
    under_way : UnderWay
        What has been asked and not answered yet.
    cache : Cache
        The platform's cache: orders and instruments.
    log : Logger
        The client's logger.

    """

    def __init__(
        self,
        route: OrderRoute,
        signer: RequestSigner,
        events: OrderEvents,
        under_way: UnderWay,
        cache: Cache,
        log: Logger,
    ) -> None:
        self._route = route
        self._signer = signer
        self._events = events
        self._under_way = under_way
        self._cache = cache
        self._log = log

    async def modify(self, command: ModifyOrder) -> None:
        """Refuse a change that the venue cannot make, or send it."""
        order = self._cache.order(command.client_order_id)
        if order is not None:
            await self._under_way.until_known(order)
        if order is None or order.is_closed:
            self._log.warning(f"Cannot modify {command.client_order_id!r}: not open here")
            return
        instrument = self._cache.instrument(order.instrument_id)
        venue_order_id = self._events.venue_order_id_of(order)
        reason = _objection(command, order, instrument, venue_order_id)
        if reason is not None or venue_order_id is None:
            self._events.change_failed(order, reason or "")
            return
        quantity = command.quantity or order.quantity
        price = command.price or order.price
        request = self._signer.change(
            order_draft(order, instrument.raw_symbol.value),
            venue_order_id,
            quantity.as_decimal(),
            price.as_decimal(),
        )
        self._events.state_of(order).expect_change()
        with self._under_way.request(order):
            try:
                # What the reply says of price and size is not final: an order update will tell.
                await self._route.modify_order(venue_order_id, request)
            except (NotSentError, VenueError) as exc:
                self._events.change_failed(order, str(exc))
            except UnknownOutcomeError as exc:
                self._under_way.outcome_unknown("modifying", order, exc)


def _objection(
    command: ModifyOrder,
    order: Order,
    instrument: Instrument | None,
    venue_order_id: str | None,
) -> str | None:
    if instrument is None:
        return f"INSTRUMENT_NOT_LOADED: instrument_id={order.instrument_id}"
    if venue_order_id is None:
        return "ORDER_NOT_ACKNOWLEDGED: the venue has not given the order an id yet"
    return modify_denial_of(
        order,
        instrument,
        command.quantity,
        command.price,
        command.trigger_price,
    )
