"""What a strategy does with orders: makes them, and commands the engine.

Not a test module. It does as the platform's `Strategy` does, pending events included, without a
trader and a node around it.
"""

from typing import Any

from nautilus_trader.cache.cache import Cache
from nautilus_trader.common.component import LiveClock
from nautilus_trader.common.factories import OrderFactory
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.messages import (
    BatchCancelOrders,
    CancelAllOrders,
    CancelOrder,
    ModifyOrder,
    QueryOrder,
    SubmitOrder,
    SubmitOrderList,
)
from nautilus_trader.live.execution_engine import LiveExecutionEngine
from nautilus_trader.model.enums import OrderSide, OrderStatus, OrderType, TimeInForce, TriggerType
from nautilus_trader.model.events import OrderPendingCancel, OrderPendingUpdate
from nautilus_trader.model.identifiers import InstrumentId, StrategyId, TraderId
from nautilus_trader.model.instruments import Instrument
from nautilus_trader.model.objects import Price, Quantity
from nautilus_trader.model.orders import Order, OrderList

from tests.support import eventually

__all__ = ["INSTRUMENT_ID", "MARKET", "TRADER_ID", "StrategyHands"]

MARKET = "BTC-USD-PERP"
INSTRUMENT_ID = InstrumentId.from_str(f"{MARKET}.PARADEX")
TRADER_ID = TraderId("TESTER-001")


class StrategyHands:
    """Orders of one market, and commands for them."""

    def __init__(self, engine: LiveExecutionEngine, cache: Cache, clock: LiveClock) -> None:
        self.engine = engine
        self.cache = cache
        self.clock = clock
        self.orders = self.factory("S-001")

    @property
    def instrument(self) -> Instrument:
        return self.cache.instrument(INSTRUMENT_ID)

    def factory(self, strategy: str) -> OrderFactory:
        """Return the order factory of a strategy."""
        return OrderFactory(
            trader_id=TRADER_ID,
            strategy_id=StrategyId(strategy),
            clock=self.clock,
            cache=self.cache,
        )

    def limit(
        self,
        side: OrderSide,
        size: str,
        price: str,
        *,
        orders: OrderFactory | None = None,
        **options: Any,
    ) -> Order:
        return (orders or self.orders).limit(
            instrument_id=INSTRUMENT_ID,
            order_side=side,
            quantity=Quantity.from_str(size),
            price=Price.from_str(price),
            **options,
        )

    def market(self, side: OrderSide, size: str) -> Order:
        return self.orders.market(
            instrument_id=INSTRUMENT_ID,
            order_side=side,
            quantity=Quantity.from_str(size),
            time_in_force=TimeInForce.IOC,
        )

    def conditional(
        self,
        order_type: OrderType,
        side: OrderSide,
        size: str,
        trigger: str,
        price: str | None = None,
        **options: Any,
    ) -> Order:
        """Return an order that waits for the mark price; with a price where its type has one."""
        build = getattr(self.orders, order_type.name.lower())
        if price is not None:
            options["price"] = Price.from_str(price)
        return build(
            instrument_id=INSTRUMENT_ID,
            order_side=side,
            quantity=Quantity.from_str(size),
            trigger_price=Price.from_str(trigger),
            trigger_type=TriggerType.MARK_PRICE,
            **options,
        )

    def submit(self, order: Order, params: dict[str, Any] | None = None) -> Order:
        self.cache.add_order(order)
        self.engine.execute(
            SubmitOrder(
                trader_id=order.trader_id,
                strategy_id=order.strategy_id,
                order=order,
                command_id=UUID4(),
                ts_init=self.clock.timestamp_ns(),
                params=params,
            ),
        )
        return order

    def submit_list(
        self,
        orders: OrderList,
        params: dict[str, Any] | None = None,
    ) -> OrderList:
        for order in orders.orders:
            self.cache.add_order(order)
        self.cache.add_order_list(orders)
        self.engine.execute(
            SubmitOrderList(
                trader_id=TRADER_ID,
                strategy_id=orders.strategy_id,
                order_list=orders,
                command_id=UUID4(),
                ts_init=self.clock.timestamp_ns(),
                params=params,
            ),
        )
        return orders

    async def resting(self, side: OrderSide, size: str, price: str, **options: Any) -> Order:
        """Submit a limit order and wait until the venue has it on its book."""
        order = self.submit(self.limit(side, size, price, **options))
        await eventually(lambda: order.is_open)
        return order

    def cancel(self, order: Order) -> None:
        """Cancel as a strategy does: the order waits for the answer from here on."""
        self._pend(order, OrderPendingCancel)
        self.engine.execute(CancelOrder(**self.ids(order)))

    def cancel_closed(self, order: Order) -> None:
        """Send a cancel that a strategy would not send any more."""
        self.engine.execute(CancelOrder(**self.ids(order)))

    def query(self, order: Order) -> None:
        self.engine.execute(QueryOrder(**self.ids(order)))

    def modify(
        self,
        order: Order,
        *,
        size: str | None = None,
        price: str | None = None,
        trigger: str | None = None,
    ) -> None:
        """Modify as a strategy does: the order waits for the answer from here on."""
        self._pend(order, OrderPendingUpdate)
        self.engine.execute(
            ModifyOrder(
                **self.ids(order),
                quantity=None if size is None else Quantity.from_str(size),
                price=None if price is None else Price.from_str(price),
                trigger_price=None if trigger is None else Price.from_str(trigger),
            ),
        )

    def cancel_batch(self, *orders: Order) -> None:
        """Cancel several orders in one command, as a strategy does."""
        for order in orders:
            self._pend(order, OrderPendingCancel)
        self.engine.execute(
            BatchCancelOrders(
                trader_id=TRADER_ID,
                strategy_id=orders[0].strategy_id,
                instrument_id=INSTRUMENT_ID,
                cancels=[CancelOrder(**self.ids(order)) for order in orders],
                command_id=UUID4(),
                ts_init=self.clock.timestamp_ns(),
            ),
        )

    def cancel_all(
        self,
        strategy: str,
        side: OrderSide = OrderSide.NO_ORDER_SIDE,
        params: dict[str, Any] | None = None,
    ) -> None:
        self.engine.execute(
            CancelAllOrders(
                trader_id=TRADER_ID,
                strategy_id=StrategyId(strategy),
                instrument_id=INSTRUMENT_ID,
                order_side=side,
                command_id=UUID4(),
                ts_init=self.clock.timestamp_ns(),
                params=params,
            ),
        )

    def _pend(
        self,
        order: Order,
        event_type: type[OrderPendingCancel] | type[OrderPendingUpdate],
    ) -> None:
        if order.is_closed or order.status == OrderStatus.INITIALIZED:
            return
        now_ns = self.clock.timestamp_ns()
        order.apply(
            event_type(
                order.trader_id,
                order.strategy_id,
                order.instrument_id,
                order.client_order_id,
                order.venue_order_id,
                order.account_id,
                UUID4(),
                now_ns,
                now_ns,
            ),
        )
        self.cache.update_order(order)

    def ids(self, order: Order) -> dict[str, Any]:
        """Return what every command names of an order."""
        return {
            "trader_id": order.trader_id,
            "strategy_id": order.strategy_id,
            "instrument_id": order.instrument_id,
            "client_order_id": order.client_order_id,
            "venue_order_id": order.venue_order_id,
            "command_id": UUID4(),
            "ts_init": self.clock.timestamp_ns(),
        }
