"""Size, price and trigger price of an order, as the platform and as the venue write them."""

from nautilus_trader.model.instruments import Instrument
from nautilus_trader.model.objects import Price, Quantity
from nautilus_trader.model.orders import Order

from nautilus_paradex.execution.orders.state import OrderState
from nautilus_paradex.parsing.precision import price_to_e8, quantity_to_e8
from nautilus_paradex.parsing.reports import fill_price, fill_quantity

__all__ = ["as_sent", "terms_of"]


def terms_of(order: Order) -> tuple[int, int | None, int | None]:
    """Return size, price and trigger price of an order of the platform, at 1e-8."""
    return (
        quantity_to_e8(order.quantity),
        price_to_e8(order.price) if order.has_price else None,
        price_to_e8(order.trigger_price) if order.has_trigger_price else None,
    )


def as_sent(
    state: OrderState,
    instrument: Instrument,
) -> tuple[Quantity, Price | None, Price | None]:
    """
    Return size, price and trigger price that an order was sent with, as the platform's.

    With the instrument's precision: an order may have been made with fewer decimals, and sent with
    a part of its size.
    """
    price, trigger = state.price, state.trigger_price
    return (
        fill_quantity(state.size, instrument),
        None if price is None else fill_price(price, instrument),
        None if trigger is None else fill_price(trigger, instrument),
    )
