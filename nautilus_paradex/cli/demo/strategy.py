"""The demo's strategy: quotes both sides of the book and crosses the spread now and then.

It shows how orders are placed, replaced and followed. It is not meant to earn anything.
"""

import time
from datetime import timedelta
from decimal import Decimal
from typing import Final

from nautilus_trader.common.events import TimeEvent
from nautilus_trader.config import StrategyConfig
from nautilus_trader.model.data import OrderBookDeltas, QuoteTick, TradeTick
from nautilus_trader.model.enums import BookType, OrderSide, TimeInForce
from nautilus_trader.model.events import (
    OrderAccepted,
    OrderCanceled,
    OrderDenied,
    OrderEvent,
    OrderFilled,
    OrderRejected,
    OrderSubmitted,
)
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.instruments import Instrument
from nautilus_trader.model.objects import Price, Quantity
from nautilus_trader.model.orders import Order
from nautilus_trader.trading.strategy import Strategy

from nautilus_paradex.cli.demo.stats import DemoStats

__all__ = ["DemoQuoter", "DemoQuoterConfig"]

_NOTIONAL_MARGIN: Final = Decimal("1.5")  # above the minimum, so that prices may fall meanwhile
_MAX_UNITS: Final = 10  # position, in order sizes, at which only one side is quoted


class DemoQuoterConfig(StrategyConfig, frozen=True):  # type: ignore[call-arg]
    """
    Configuration for ``DemoQuoter``.

    Parameters
    ----------
    instrument_id : InstrumentId
        What to trade.
    requote_secs : float, default 1.0
        How often quotes are replaced.
    cross_secs : float, default 5.0
        How often the spread is crossed.

    """

    instrument_id: InstrumentId
    requote_secs: float = 1.0
    cross_secs: float = 5.0


class DemoQuoter(Strategy):
    """
    Two-sided quoting at the best prices, with a market order from time to time.

    Parameters
    ----------
    config : DemoQuoterConfig
        The configuration.
    stats : DemoStats
        Where to count.

    """

    def __init__(self, config: DemoQuoterConfig, stats: DemoStats) -> None:
        super().__init__(config)
        self._stats = stats
        self._instrument: Instrument | None = None
        self._is_quoting = False

    @property
    def pending_orders(self) -> int:
        """How many of the strategy's orders have not ended: open, on their way, or not yet sent."""
        return len(self._pending())

    def on_start(self) -> None:
        """Subscribe, and start the two timers."""
        instrument_id = self.config.instrument_id
        self._instrument = self.cache.instrument(instrument_id)
        if self._instrument is None:
            self.log.error(f"{instrument_id} is not listed")
            return
        self._is_quoting = True
        self.subscribe_quote_ticks(instrument_id)
        self.subscribe_trade_ticks(instrument_id)
        self.subscribe_order_book_deltas(instrument_id, book_type=BookType.L2_MBP)
        self.clock.set_timer(
            "requote",
            timedelta(seconds=self.config.requote_secs),
            callback=self._on_requote,
        )
        self.clock.set_timer(
            "cross",
            timedelta(seconds=self.config.cross_secs),
            callback=self._on_cross,
        )

    def finish(self) -> None:
        """Stop trading and take back all orders; the position stays. May be called repeatedly."""
        if self._is_quoting:
            self._is_quoting = False
            self.clock.cancel_timers()
        # One by one: `cancel_all_orders` passes over an order that has not left the node yet.
        for order in self._pending():
            if not order.is_pending_cancel:
                self.cancel_order(order)

    def on_stop(self) -> None:
        """Leave no order behind."""
        self.finish()

    def on_quote_tick(self, tick: QuoteTick) -> None:
        """Count, and measure how long the quote took."""
        now_ns = time.time_ns()
        stats = self._stats
        stats.quotes += 1
        stats.wire_to_strategy.record(max(now_ns - tick.ts_init, 0))
        stats.venue_to_strategy.record(max(now_ns - tick.ts_event, 0))
        stats.last_quote = (
            f"{tick.bid_size} @ {tick.bid_price}  |  {tick.ask_price} @ {tick.ask_size}"
        )

    def on_trade_tick(self, tick: TradeTick) -> None:
        """Count."""
        self._stats.trades += 1
        self._stats.last_trade = f"{tick.size} @ {tick.price}"

    def on_order_book_deltas(self, deltas: OrderBookDeltas) -> None:
        """Count."""
        self._stats.books += 1

    def on_order_event(self, event: OrderEvent) -> None:
        """Count what becomes of the orders."""
        match event:
            case OrderSubmitted():
                self._stats.submitted += 1
            case OrderAccepted():
                self._stats.accepted += 1
            case OrderCanceled():
                self._stats.canceled += 1
            case OrderRejected() | OrderDenied():
                self._stats.rejected += 1
            case OrderFilled():
                self._stats.fills += 1
                self._stats.last_fill = f"{event.last_qty} @ {event.last_px}"

    def _on_requote(self, event: TimeEvent) -> None:
        book = self.cache.order_book(self.config.instrument_id)
        if not self._is_quoting or book is None:
            return
        bid, ask = book.best_bid_price(), book.best_ask_price()
        if bid is None or ask is None:
            return
        for order in self.cache.orders_open(strategy_id=self.id):
            if not order.is_pending_cancel:
                self.cancel_order(order)
        size = self._order_size(ask)
        position = self.portfolio.net_position(self.config.instrument_id)
        limit = size.as_decimal() * _MAX_UNITS
        if position < limit:
            self._quote(OrderSide.BUY, bid, size)
        if position > -limit:
            self._quote(OrderSide.SELL, ask, size)

    def _pending(self) -> list[Order]:
        orders = self.cache.orders(
            instrument_id=self.config.instrument_id,
            strategy_id=self.id,
        )
        return [order for order in orders if not order.is_closed]

    def _quote(self, side: OrderSide, price: Price, size: Quantity) -> None:
        order = self.order_factory.limit(
            instrument_id=self.config.instrument_id,
            order_side=side,
            quantity=size,
            price=price,
            post_only=True,
        )
        self.submit_order(order)

    def _on_cross(self, event: TimeEvent) -> None:
        book = self.cache.order_book(self.config.instrument_id)
        if not self._is_quoting or book is None or book.best_ask_price() is None:
            return
        position = self.portfolio.net_position(self.config.instrument_id)
        order = self.order_factory.market(
            instrument_id=self.config.instrument_id,
            order_side=OrderSide.SELL if position > 0 else OrderSide.BUY,
            quantity=self._order_size(book.best_ask_price()),
            time_in_force=TimeInForce.IOC,
        )
        self.submit_order(order)

    def _order_size(self, price: Price) -> Quantity:
        """Return a size a little above the market's minimum notional."""
        instrument = self._instrument
        assert instrument is not None, "timers run after on_start"
        increment: Decimal = instrument.size_increment.as_decimal()
        if instrument.min_notional is None:
            return instrument.make_qty(increment)
        wanted = instrument.min_notional.as_decimal() * _NOTIONAL_MARGIN / price.as_decimal()
        units = (wanted / increment).to_integral_value(rounding="ROUND_CEILING")
        return instrument.make_qty(max(units, Decimal(1)) * increment)
