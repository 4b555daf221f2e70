"""Fills that the venue takes back because they failed on chain: told loudly, and undone here.

The platform has no event that undoes a fill, and its order keeps it. Position, profit and fees are
brought back by a fill the other way at the same price, of an order of its own that belongs to the
strategy whose order was filled.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from nautilus_trader.core.uuid import UUID4
from nautilus_trader.model.enums import (
    ContingencyType,
    OrderSide,
    OrderType,
    TimeInForce,
    TriggerType,
)
from nautilus_trader.model.events import OrderFilled, OrderInitialized
from nautilus_trader.model.identifiers import ClientOrderId, TradeId
from nautilus_trader.model.orders.unpacker import OrderUnpacker

from nautilus_paradex.constants import PARADEX_VENUE
from nautilus_paradex.execution.orders.events import OrderEvents
from nautilus_paradex.execution.orders.lookup import busts_since
from nautilus_paradex.execution.platform import Platform
from nautilus_paradex.execution.publishing import OncePublisher
from nautilus_paradex.parsing.custom_data import trade_bust
from nautilus_paradex.parsing.fills import fill_event_of, own_order, reversal
from nautilus_paradex.parsing.reports import trade_ids_of
from nautilus_paradex.protocol import rest
from nautilus_paradex.protocol.numbers import to_int
from nautilus_paradex.transport.http import ParadexHttpClient

__all__ = ["TradeBusts"]

_MAX_AWAITED: Final = 1_000


class TradeBusts:
    """
    Tells of trade busts, each once, publishes `ParadexTradeBust`, and undoes the fills.

    Parameters
    ----------
    platform : Platform
        The platform, as the client knows it.
    http : ParadexHttpClient
        The REST client.
    events : OrderEvents
        Where the fill that undoes another is taken in.
    on_bust : callable
        Called with the id of a fill that was taken back: position and balance have changed.

    """

    def __init__(
        self,
        platform: Platform,
        http: ParadexHttpClient,
        events: OrderEvents,
        on_bust: Callable[[str], None],
    ) -> None:
        self._http = http
        self._events = events
        self._client_id = platform.client_id
        self._cache = platform.cache
        self._clock = platform.clock
        self._log = platform.log
        self._on_bust = on_bust
        self._publisher = OncePublisher(platform.msgbus)
        self._awaited: OrderedDict[str, rest.TradeBust] = OrderedDict()
        self._awaited_ids: dict[TradeId, str] = {}
        platform.msgbus.subscribe("events.fills.*", self._on_fill)

    def take(self, bust: rest.TradeBust) -> None:
        """
        Tell of a bust that was not told before, and undo its fill.

        Raises
        ------
        MessageError
            If it has no time.

        """
        fill_id = bust.busted_fill_id
        data = trade_bust(bust, self._clock.timestamp_ns())
        if not self._publisher.publish(fill_id, data):
            return
        self._log.error(
            f"TRADE BUST: fill {fill_id} failed on chain and was taken back by the venue. Its "
            "order keeps it here, a fill the other way brings position and fees in line",
        )
        filled = self._find(fill_id)
        if filled is None:
            self._await(bust)
        else:
            self._undo(filled, bust)
        self._on_bust(fill_id)

    async def catch_up(self, since_ms: int) -> None:
        """
        Tell of the busts since a time that were missed.

        Raises
        ------
        RequestError
            If the venue could not be asked.
        MessageError
            If its answer could not be read.

        """
        for bust in reversed(await busts_since(self._http, since_ms)):
            self.take(bust)

    # -- Undoing ---------------------------------------------------------------------------------

    def _find(self, fill_id: str) -> OrderFilled | None:
        """Return the platform's fill of a venue's id: a bust names no type, most are ordinary."""
        trade_ids = trade_ids_of(fill_id)
        found = {
            event.trade_id: event
            for order in self._cache.orders(venue=PARADEX_VENUE)
            for event in order.events
            if isinstance(event, OrderFilled) and event.trade_id in trade_ids
        }
        return next((found[trade_id] for trade_id in trade_ids if trade_id in found), None)

    def _await(self, bust: rest.TradeBust) -> None:
        self._log.warning(f"Busted fill {bust.busted_fill_id} is not known here (yet)")
        fill_id = bust.busted_fill_id
        self._awaited[fill_id] = bust
        self._awaited_ids |= dict.fromkeys(trade_ids_of(fill_id), fill_id)
        if len(self._awaited) > _MAX_AWAITED:
            self._await_no_longer(next(iter(self._awaited)))

    def _await_no_longer(self, fill_id: str) -> rest.TradeBust:
        for trade_id in trade_ids_of(fill_id):
            self._awaited_ids.pop(trade_id, None)
        return self._awaited.pop(fill_id)

    def _on_fill(self, filled: OrderFilled) -> None:
        """Undo a fill that has come after its bust."""
        fill_id = self._awaited_ids.get(filled.trade_id)
        if fill_id is not None:
            self._undo(filled, self._await_no_longer(fill_id))

    def _undo(self, filled: OrderFilled, bust: rest.TradeBust) -> None:
        undoing = reversal(fill_event_of(filled), (to_int(bust.created_at) or 0) * 1_000)
        client_order_id = ClientOrderId(undoing.client_order_id)
        if self._cache.order(client_order_id) is not None:
            return  # a mass status has brought it
        self._cache.add_order(
            OrderUnpacker.from_init(self._order_for(filled, client_order_id)),
            client_id=self._client_id,
        )
        self._events.take_order(own_order(undoing))
        self._events.take_fill(undoing)

    def _order_for(self, filled: OrderFilled, client_order_id: ClientOrderId) -> OrderInitialized:
        return OrderInitialized(
            trader_id=filled.trader_id,
            strategy_id=filled.strategy_id,
            instrument_id=filled.instrument_id,
            client_order_id=client_order_id,
            order_side=OrderSide.SELL if filled.is_buy else OrderSide.BUY,
            order_type=OrderType.MARKET,
            quantity=filled.last_qty,
            time_in_force=TimeInForce.GTC,
            post_only=False,
            reduce_only=False,
            quote_quantity=False,
            options={},
            emulation_trigger=TriggerType.NO_TRIGGER,
            trigger_instrument_id=None,
            contingency_type=ContingencyType.NO_CONTINGENCY,
            order_list_id=None,
            linked_order_ids=None,
            parent_order_id=None,
            exec_algorithm_id=None,
            exec_algorithm_params=None,
            exec_spawn_id=None,
            # As the platform marks what its own reconciliation makes.
            tags=["RECONCILIATION"],
            event_id=UUID4(),
            ts_init=self._clock.timestamp_ns(),
            reconciliation=True,
        )
