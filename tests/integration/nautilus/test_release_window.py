"""The venue's limits in a node: a strategy learns of a release, and its data make limits known."""

from typing import Any

from nautilus_trader.config import StrategyConfig
from nautilus_trader.model.data import CustomData, DataType, MarkPriceUpdate
from nautilus_trader.model.enums import OrderSide, OrderStatus
from nautilus_trader.model.objects import Quantity
from nautilus_trader.trading.strategy import Strategy

from nautilus_paradex import PARADEX_CLIENT_ID
from nautilus_paradex.data_types import ParadexSystemState
from nautilus_paradex.execution.commands.venue_commands import venue_commands
from tests.integration.nautilus.harness import BTC, running_node
from tests.support import eventually

STATE = DataType(ParadexSystemState)


class Careful(Strategy):
    """Asks in which state the venue is, hears of changes, and knows the mark price."""

    def __init__(self) -> None:
        super().__init__(StrategyConfig(strategy_id="CAREFUL-001"))
        self.at_start: list[str] = []
        self.heard: list[str] = []
        self.marks: list[MarkPriceUpdate] = []
        self.denials: list[str] = []

    def on_start(self) -> None:
        self.subscribe_data(STATE, client_id=PARADEX_CLIENT_ID)
        self.request_data(STATE, client_id=PARADEX_CLIENT_ID, start=self.clock.utc_now())
        self.subscribe_mark_prices(BTC)

    def on_historical_data(self, data: Any) -> None:
        answers = data if isinstance(data, list) else [data]
        states = [each.data if isinstance(each, CustomData) else each for each in answers]
        self.at_start += [state.status for state in states]

    def on_data(self, data: Any) -> None:
        self.heard.append(data.status)

    def on_mark_price(self, mark_price: MarkPriceUpdate) -> None:
        self.marks.append(mark_price)

    def on_order_denied(self, event: Any) -> None:
        self.denials.append(event.reason)

    def buy(self, size: str) -> Any:
        order = self.order_factory.market(BTC, OrderSide.BUY, Quantity.from_str(size))
        self.submit_order(order)
        return order


async def test_a_strategy_is_told_of_a_release(venue):
    venue.server.exchange.system_status = "cancel_only"
    strategy = Careful()
    async with running_node(venue, strategy, system_state_interval_secs=0.05):
        await eventually(lambda: strategy.at_start == ["cancel_only"])
        assert venue_commands(strategy.msgbus).system_status == "cancel_only"
        order = strategy.buy("0.5")
        await eventually(lambda: order.status == OrderStatus.DENIED)

        for status in ("post_only", "ok"):
            venue.server.exchange.system_status = status
            await eventually(lambda status=status: strategy.heard[-1:] == [status])
        order = strategy.buy("0.5")
        await eventually(lambda: order.status == OrderStatus.FILLED)

        assert strategy.heard == ["post_only", "ok"]
        assert strategy.denials == ["SYSTEM_STATE: status=cancel_only"]


async def test_who_follows_the_mark_price_has_orders_below_the_minimum_denied(venue):
    strategy = Careful()
    async with running_node(venue, strategy):
        await eventually(lambda: strategy.marks)
        order = strategy.buy("0.00001")
        await eventually(lambda: order.status == OrderStatus.DENIED)

        assert strategy.denials[0].startswith("NOTIONAL_BELOW_MIN: notional=0.9")
        assert venue.orders == {}
