"""A strategy that never rests.

Not a test module.
"""

import random
from decimal import Decimal

import pandas as pd
from nautilus_trader.common.events import TimeEvent
from nautilus_trader.config import StrategyConfig
from nautilus_trader.model.enums import OrderSide, OrderType, TimeInForce
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.instruments import Instrument
from nautilus_trader.model.objects import Price, Quantity
from nautilus_trader.model.orders import Order
from nautilus_trader.trading.strategy import Strategy

from tests.integration.nautilus.harness import BTC, TICK

__all__ = ["BusyConfig", "BusyStrategy"]

_MAX_OPEN = 12
_MAX_WITH_EXITS = 40


class BusyConfig(StrategyConfig, frozen=True):
    """What the strategy trades, and the chance that it follows."""

    seed: int
    instrument_id: InstrumentId = BTC
    pause_ms: int = 25
    has_exits: bool = False
    """If it places brackets and stops too."""


class BusyStrategy(Strategy):
    """Places, changes and cancels orders around the best prices, some of which trade at once."""

    def __init__(self, config: BusyConfig) -> None:
        super().__init__(config)
        self._random = random.Random(config.seed)
        self._actions = [self._quote, self._quote, self._cross, self._change, self._cancel]
        if config.has_exits:
            self._actions += [self._bracket, self._bracket, self._stop]

    def on_start(self) -> None:
        self.subscribe_quote_ticks(self.config.instrument_id)
        pause = pd.Timedelta(milliseconds=self.config.pause_ms)
        self.clock.set_timer("act", interval=pause, callback=self._act)

    def on_stop(self) -> None:
        self.clock.cancel_timers()

    def _act(self, event: TimeEvent) -> None:
        if self.cache.quote_tick(self.config.instrument_id) is not None:
            self._random.choice(self._actions)()

    def _quote(self) -> None:
        if len(self._own_limits()) >= _MAX_OPEN:
            return
        side, price = self._side_and_price()
        order = self.order_factory.limit(
            self.config.instrument_id,
            side,
            self._quantity(),
            price,
            post_only=self._random.random() < 0.3,
        )
        self.submit_order(order)

    def _cross(self) -> None:
        side, _ = self._side_and_price()
        order = self.order_factory.market(
            self.config.instrument_id, side, self._quantity(), time_in_force=TimeInForce.IOC
        )
        self.submit_order(order)

    def _bracket(self) -> None:
        if len(self.cache.orders_open(strategy_id=self.id)) >= _MAX_WITH_EXITS:
            return
        side, price = self._side_and_price()
        best = price.as_decimal()
        away = Decimal(2_000) if side == OrderSide.BUY else Decimal(-2_000)
        is_patient = self._random.random() < 0.5
        bracket = self.order_factory.bracket(
            instrument_id=self.config.instrument_id,
            order_side=side,
            quantity=self._quantity(),
            entry_order_type=OrderType.LIMIT if is_patient else OrderType.MARKET,
            entry_price=price if is_patient else None,
            sl_trigger_price=self._instrument().make_price(best - away),
            tp_price=self._instrument().make_price(best + away),
            tp_post_only=False,
        )
        self.submit_order_list(bracket)

    def _stop(self) -> None:
        if len(self.cache.orders_open(strategy_id=self.id)) >= _MAX_WITH_EXITS:
            return
        order = self.order_factory.stop_market(
            self.config.instrument_id,
            OrderSide.SELL,
            self._quantity(),
            self._instrument().make_price(self._random.randint(80_000, 90_000)),
        )
        self.submit_order(order)

    def _change(self) -> None:
        order = self._working_order()
        if order is None:
            return
        _, price = self._side_and_price(order.side)
        quantity = order.quantity.as_decimal() + Decimal("0.00100")
        self.modify_order(order, quantity=self._instrument().make_qty(quantity), price=price)

    def _cancel(self) -> None:
        order = self._working_order()
        if order is not None:
            self.cancel_order(order)

    def _working_order(self) -> Order | None:
        orders = [
            order
            for order in self._own_limits()
            if not order.is_pending_cancel and not order.is_pending_update
        ]
        return self._random.choice(orders) if orders else None

    def _own_limits(self) -> list[Order]:
        """Its open orders, but for stops and the exits of brackets."""
        return [
            order
            for order in self.cache.orders_open(strategy_id=self.id)
            if order.order_type == OrderType.LIMIT and order.parent_order_id is None
        ]

    def _side_and_price(self, side: OrderSide | None = None) -> tuple[OrderSide, Price]:
        side = side or self._random.choice((OrderSide.BUY, OrderSide.SELL))
        quote = self.cache.quote_tick(self.config.instrument_id)
        best = quote.bid_price if side == OrderSide.BUY else quote.ask_price
        away = TICK * self._random.randint(-100, 300)
        price = best.as_decimal() + (-away if side == OrderSide.BUY else away)
        return side, self._instrument().make_price(price)

    def _quantity(self) -> Quantity:
        return self._instrument().make_qty(Decimal(self._random.randint(1, 9)) / 1_000)

    def _instrument(self) -> Instrument:
        return self.cache.instrument(self.config.instrument_id)
