"""
A small strategy that quotes both sides of a market and follows its best prices.

It shows the calls a first strategy needs. It is not meant to earn anything. To run it on a local
venue, start `.venv/bin/paradex-nt devnet` in the directory above this one, wait for its line, and
beside it `.venv/bin/paradex-nt run my.json` with a copy of `configs/devnet.json` that names the
strategy:

    "strategies": [{
      "strategy_path": "examples.quoter:Quoter",
      "config_path": "examples.quoter:QuoterConfig",
      "config": {"instrument_id": "BTC-USD-PERP.PARADEX", "order_size": "0.001"}
    }]

"""

from decimal import Decimal

from nautilus_trader.config import StrategyConfig
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.events import OrderEvent, OrderFilled
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.objects import Price
from nautilus_trader.model.orders import LimitOrder
from nautilus_trader.trading.strategy import Strategy

__all__ = ["Quoter", "QuoterConfig"]


class QuoterConfig(StrategyConfig, frozen=True):
    """
    Configuration for ``Quoter``.

    Parameters
    ----------
    instrument_id : InstrumentId
        What to trade.
    order_size : Decimal
        The size of each order, in the base currency.
    max_position : Decimal, optional
        The position, long or short, at which the side that would enlarge it is no longer quoted.
        Ten order sizes if None.

    """

    instrument_id: InstrumentId
    order_size: Decimal
    max_position: Decimal | None = None


class Quoter(Strategy):
    """
    Keeps one post-only order at the best price of each side.

    An order that is no longer at the best price is cancelled; once the venue has confirmed that,
    the next quote places another. All orders are taken back when the strategy stops.

    Parameters
    ----------
    config : QuoterConfig
        The configuration.

    """

    def __init__(self, config: QuoterConfig) -> None:
        super().__init__(config)
        limit = config.max_position
        self._max_position = 10 * config.order_size if limit is None else limit
        self._orders: dict[OrderSide, LimitOrder] = {}

    def on_start(self) -> None:
        if self.cache.instrument(self.config.instrument_id) is None:
            self.log.error(f"{self.config.instrument_id} is not loaded: see `instrument_provider`")
            self.stop()
            return
        self.subscribe_quote_ticks(self.config.instrument_id)

    def on_quote_tick(self, tick: QuoteTick) -> None:
        position = self.portfolio.net_position(self.config.instrument_id)
        self._quote(OrderSide.BUY, tick.bid_price, is_wanted=position < self._max_position)
        self._quote(OrderSide.SELL, tick.ask_price, is_wanted=position > -self._max_position)

    def on_order_event(self, event: OrderEvent) -> None:
        if isinstance(event, OrderFilled):
            self.log.info(f"{event.order_side.name} {event.last_qty} at {event.last_px}")

    def on_stop(self) -> None:
        # One by one: `cancel_all_orders` passes over an order that has not left the node yet.
        for order in self._orders.values():
            if not order.is_closed and not order.is_pending_cancel:
                self.cancel_order(order)

    def _quote(self, side: OrderSide, price: Price, *, is_wanted: bool) -> None:
        order = self._orders.get(side)
        if order is None or order.is_closed:
            if is_wanted:
                self._place(side, price)
        elif order.is_open and not order.is_pending_cancel and order.price != price:
            self.cancel_order(order)

    def _place(self, side: OrderSide, price: Price) -> None:
        instrument = self.cache.instrument(self.config.instrument_id)
        order = self.order_factory.limit(
            instrument_id=instrument.id,
            order_side=side,
            quantity=instrument.make_qty(self.config.order_size),
            price=price,
            post_only=True,
        )
        self._orders[side] = order
        self.submit_order(order)
