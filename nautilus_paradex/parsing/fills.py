"""Fills that belong to no order the venue lists, and the order each gets here. Pure functions.

The platform knows no fill without an order. A position that was transferred, liquidated or settled
gets an order of its own, made from the fill; so does a fill that undoes another one. Their ids
derive from the fill's, so that the same fill has the same order after a restart.
"""

from typing import Final

import msgspec
from nautilus_trader.model.events import OrderFilled
from nautilus_trader.model.objects import Money

from nautilus_paradex.parsing.precision import RAW_PER_E8, price_to_e8, quantity_to_e8
from nautilus_paradex.parsing.reports import REVERSAL, trade_id_of
from nautilus_paradex.protocol.enums import Liquidity, OrderInstruction, OrderSide, OrderStatus
from nautilus_paradex.protocol.enums import OrderType as VenueOrderType
from nautilus_paradex.protocol.events import FillEvent, OrderEvent

__all__ = ["fill_event_of", "own_order", "reversal", "with_own_order"]

_OPPOSITE: Final[dict[str, str]] = {
    OrderSide.BUY: OrderSide.SELL.value,
    OrderSide.SELL: OrderSide.BUY.value,
}


def with_own_order(fill: FillEvent) -> FillEvent:
    """Return a fill as one of the order that `own_order` makes for it."""
    own_id = trade_id_of(fill).value
    return msgspec.structs.replace(fill, order_id=own_id, client_order_id=own_id)


def own_order(fill: FillEvent, *, is_filled: bool = False) -> OrderEvent:
    """Return the order that a fill of `with_own_order` belongs to, before or after that fill."""
    created_at = fill.created_at or fill.ts
    status = OrderStatus.CLOSED if is_filled else OrderStatus.OPEN
    return OrderEvent(
        ts=created_at,
        status=status.value,
        side=fill.side,
        order_type=VenueOrderType.MARKET.value,
        time_in_force=OrderInstruction.GTC.value,
        size=fill.size,
        size_open=0 if is_filled else fill.size,
        avg_fill_price=fill.price if is_filled else None,
        created_at=created_at,
        updated_at=created_at,
        order_id=fill.order_id,
        client_order_id=fill.client_order_id,
        market=fill.market,
    )


def reversal(fill: FillEvent, ts_us: int) -> FillEvent:
    """Return the fill that undoes `fill`: the other side, the fee returned, an order of its own."""
    return with_own_order(
        msgspec.structs.replace(
            fill,
            ts=ts_us,
            created_at=ts_us,
            fill_type=REVERSAL,
            fill_id=trade_id_of(fill).value,
            side=_OPPOSITE.get(fill.side or ""),
            fee=-(fill.fee or 0),
            realized_pnl=None,
            realized_funding=None,
        ),
    )


def fill_event_of(filled: OrderFilled) -> FillEvent:
    """Return a fill of the platform in the venue's form, as far as `reversal` needs it."""
    commission: Money = filled.commission
    return FillEvent(
        fill_id=filled.trade_id.value,
        side=OrderSide.BUY.value if filled.is_buy else OrderSide.SELL.value,
        liquidity=Liquidity.MAKER if filled.liquidity_side.name == "MAKER" else Liquidity.TAKER,
        price=price_to_e8(filled.last_px),
        size=quantity_to_e8(filled.last_qty),
        fee=commission.raw // RAW_PER_E8,
        fee_currency=commission.currency.code,
        market=filled.instrument_id.symbol.value,
    )
