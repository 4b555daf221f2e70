"""A strategy that places one bracket and nothing else, for nodes that are killed meanwhile.

Not a test module.
"""

from decimal import Decimal
from typing import Any

from nautilus_trader.config import StrategyConfig
from nautilus_trader.model.enums import OrderSide, OrderType, TimeInForce
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.trading.strategy import Strategy

from tests.integration.nautilus.harness import BTC

__all__ = ["BracketConfig", "BracketStrategy"]


class BracketConfig(StrategyConfig, frozen=True):
    """The bracket: a long position; its entry waits at a price, or trades at once if None."""

    strategy_id: str = "BRACKET"
    order_id_tag: str = "001"
    instrument_id: InstrumentId = BTC
    quantity: Decimal = Decimal("0.01000")
    entry_price: Decimal | None = Decimal("95995.0")
    stop_price: Decimal = Decimal("90000.0")
    target_price: Decimal = Decimal("99000.0")
    stop_tags: list[str] | None = None
    params: dict[str, Any] | None = None


class BracketStrategy(Strategy):
    """Places its bracket when it starts."""

    def __init__(self, config: BracketConfig) -> None:
        super().__init__(config)

    def on_start(self) -> None:
        asked = self.config
        instrument = self.cache.instrument(asked.instrument_id)
        is_limit = asked.entry_price is not None
        bracket = self.order_factory.bracket(
            instrument_id=instrument.id,
            order_side=OrderSide.BUY,
            quantity=instrument.make_qty(asked.quantity),
            entry_order_type=OrderType.LIMIT if is_limit else OrderType.MARKET,
            entry_price=instrument.make_price(asked.entry_price) if is_limit else None,
            sl_trigger_price=instrument.make_price(asked.stop_price),
            tp_price=instrument.make_price(asked.target_price),
            tp_post_only=False,
            time_in_force=TimeInForce.GTC,
            sl_tags=asked.stop_tags,
        )
        self.submit_order_list(bracket, params=asked.params)
