"""The engine's record of one order, and its form as the canonical event.

What an order is, not what happens to it: that is `executor`.
"""

from dataclasses import dataclass
from typing import Final

from nautilus_paradex.devnet.engine.fixed import div_e8
from nautilus_paradex.protocol.enums import (
    OrderFlag,
    OrderInstruction,
    OrderSide,
    OrderStatus,
    OrderType,
    RequestStatus,
    RequestType,
)
from nautilus_paradex.protocol.events import OrderEvent

__all__ = [
    "MARKET_TYPES",
    "POSITION_LINKED_TYPES",
    "TRIGGER_TYPES",
    "Order",
    "opposite",
    "order_event",
]

TRIGGER_TYPES: Final = frozenset(OrderType) - {OrderType.MARKET, OrderType.LIMIT}
POSITION_LINKED_TYPES: Final = TRIGGER_TYPES - {OrderType.STOP_MARKET, OrderType.STOP_LIMIT}
MARKET_TYPES: Final = frozenset(
    {
        OrderType.MARKET,
        OrderType.STOP_MARKET,
        OrderType.STOP_LOSS_MARKET,
        OrderType.TAKE_PROFIT_MARKET,
    }
)


@dataclass(slots=True, eq=False, kw_only=True)
class Order:
    """One order through its life; sizes and prices at 1e-8, times in microseconds."""

    id: str
    account: str
    market: str
    side: str
    order_type: str
    instruction: str
    size_e8: int
    price_e8: int | None
    trigger_price_e8: int | None
    stp: str
    flags: tuple[str, ...]
    client_id: str
    created_at_us: int
    signature_timestamp_ms: int
    updated_at_us: int
    seq: int
    status: str = OrderStatus.NEW.value
    filled_e8: int = 0
    filled_notional_e8: int = 0
    cancel_reason: str = ""
    request_id: str = ""
    request_status: str = RequestStatus.UNSPECIFIED.value
    request_message: str = ""
    dime_discount: bool = False

    @property
    def is_buy(self) -> bool:
        return self.side == OrderSide.BUY

    @property
    def remaining_e8(self) -> int:
        return self.size_e8 - self.filled_e8

    @property
    def is_closed(self) -> bool:
        return self.status == OrderStatus.CLOSED

    @property
    def reduce_only(self) -> bool:
        return OrderFlag.REDUCE_ONLY in self.flags

    @property
    def is_market(self) -> bool:
        return self.order_type in MARKET_TYPES

    @property
    def is_interactive(self) -> bool:
        """Whether it is a retail order, one that came with an interactive token."""
        return OrderFlag.INTERACTIVE in self.flags

    @property
    def is_rpi(self) -> bool:
        return self.instruction == OrderInstruction.RPI

    @property
    def is_position_linked(self) -> bool:
        return self.order_type in POSITION_LINKED_TYPES

    def signed(self, size_e8: int) -> int:
        """Return `size_e8` as this order changes a position: positive for a buy."""
        return size_e8 if self.is_buy else -size_e8


def opposite(side: str) -> str:
    return OrderSide.SELL.value if side == OrderSide.BUY else OrderSide.BUY.value


def order_event(order: Order, now_us: int) -> OrderEvent:
    """Return the order as it stands, published at `now_us`."""
    filled = order.filled_e8
    pending = order.request_status != RequestStatus.UNSPECIFIED
    return OrderEvent(
        ts=now_us,
        seq=order.seq,
        status=order.status,
        side=order.side,
        order_type=order.order_type,
        time_in_force=order.instruction,
        price=order.price_e8,
        trigger_price=order.trigger_price_e8,
        size=order.size_e8,
        size_open=order.remaining_e8,
        avg_fill_price=div_e8(order.filled_notional_e8, filled) if filled else None,
        created_at=order.created_at_us,
        updated_at=order.updated_at_us,
        account=order.account,
        received_at=order.created_at_us,
        published_at=now_us,
        stp=order.stp,
        flags=order.flags,
        request_status=order.request_status,
        request_type=(RequestType.MODIFY_ORDER if pending else RequestType.UNSPECIFIED).value,
        order_id=order.id,
        client_order_id=order.client_id,
        market=order.market,
        cancel_reason=order.cancel_reason,
        request_id=order.request_id,
        request_message=order.request_message,
    )
