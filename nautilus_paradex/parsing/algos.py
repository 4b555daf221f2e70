"""TWAP orders in the platform's terms: what the venue could not take, and what it says of one.

Pure functions. Sending and polling is the work of `nautilus_paradex.execution.algo`.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.instruments import Instrument
from nautilus_trader.model.objects import Quantity

from nautilus_paradex.parsing.precision import quantity_from_e8, quantity_to_e8
from nautilus_paradex.protocol.algos import (
    DURATION_STEP_SECS,
    MAX_DURATION_SECS,
    MIN_DURATION_SECS,
    AlgoOrder,
)
from nautilus_paradex.protocol.enums import OrderSide as VenueSide
from nautilus_paradex.protocol.enums import OrderStatus
from nautilus_paradex.protocol.errors import MessageError
from nautilus_paradex.protocol.numbers import e8_to_decimal, to_decimal, to_e8, to_int

__all__ = ["TwapStatus", "child_denial_of", "twap_denial_of", "twap_status"]

_NS_PER_MS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class TwapStatus:
    """
    What the venue says of a TWAP.

    Parameters
    ----------
    id : str
        The venue's id of the algo order. Its children carry ids of their own and do not name it.
    status : str
        The venue's word: ``NEW``, ``OPEN`` or ``CLOSED``.
    quantity, filled_qty : Quantity
        The total asked for, and what its children filled.
    avg_px : Decimal, optional
        Average price of the fills, None before the first.
    cancel_reason : str, optional
        Why it was closed before its end.
    ts_created, ts_end : int, optional
        When it was created and when it ends, Unix ns.

    """

    id: str
    instrument_id: InstrumentId
    side: OrderSide
    status: str
    quantity: Quantity
    filled_qty: Quantity
    avg_px: Decimal | None
    cancel_reason: str | None
    ts_created: int | None
    ts_end: int | None

    @property
    def is_closed(self) -> bool:
        """Whether no further child will be placed."""
        return self.status == OrderStatus.CLOSED


def twap_denial_of(
    instrument: Instrument,
    quantity: Quantity,
    *,
    duration_secs: int,
    frequency_secs: int,
) -> str | None:
    """
    Return why the venue could not take a TWAP, whatever the prices, or None where it can.

    The text has the form ``CODE: key=value``.

    """
    in_range = MIN_DURATION_SECS <= duration_secs <= MAX_DURATION_SECS
    if not in_range or duration_secs % DURATION_STEP_SECS:
        return (
            f"TWAP_DURATION_INVALID: duration_secs={duration_secs} min={MIN_DURATION_SECS} "
            f"max={MAX_DURATION_SECS} step={DURATION_STEP_SECS}"
        )
    if not 0 < frequency_secs <= duration_secs:
        return f"TWAP_FREQUENCY_INVALID: frequency_secs={frequency_secs} max={duration_secs}"
    increment = instrument.size_increment
    if quantity.raw <= 0 or quantity.raw % increment.raw:
        return f"QUANTITY_OFF_INCREMENT: quantity={quantity} increment={increment}"
    children = duration_secs // frequency_secs
    child_e8 = _child_e8(instrument, quantity, children)
    if child_e8 == 0:
        return f"TWAP_CHILD_TOO_SMALL: quantity={quantity} children={children} min={increment}"
    largest = instrument.max_quantity
    if largest is not None and child_e8 > quantity_to_e8(largest):
        child = e8_to_decimal(child_e8)
        return f"TWAP_CHILD_TOO_LARGE: child={child:f} children={children} max={largest}"
    return None


def child_denial_of(
    instrument: Instrument,
    quantity: Quantity,
    *,
    children: int,
    reference_price: Decimal,
) -> str | None:
    """
    Return why the children of a TWAP would be below the venue's minimum notional, or None.

    Parameters
    ----------
    children : int
        How many there are.
    reference_price : Decimal
        What the venue values an order at: the mark price, for options the spot price (openapi).

    """
    minimum = instrument.min_notional
    child = e8_to_decimal(_child_e8(instrument, quantity, children))
    if minimum is None or child * reference_price >= minimum.as_decimal():
        return None
    return (
        f"TWAP_CHILD_BELOW_MIN_NOTIONAL: child={child:f} children={children} "
        f"price={reference_price:f} min_notional={minimum.as_decimal():f}"
    )


def twap_status(order: AlgoOrder, instrument: Instrument) -> TwapStatus:
    """
    Return an algo order of the venue in the platform's terms.

    Raises
    ------
    MessageError
        If it has no size, or a side that is none.
    PrecisionError
        If a size does not fit the instrument.

    """
    side = _SIDES.get(order.side)
    size_e8 = to_e8(order.size, exact=True)
    if side is None or size_e8 is None:
        raise MessageError(
            f"algo order {order.id} cannot be read: side was {order.side!r}, size {order.size!r}"
        )
    remaining_e8 = to_e8(order.remaining_size, exact=True)
    filled_e8 = 0 if remaining_e8 is None else size_e8 - remaining_e8
    return TwapStatus(
        id=order.id,
        instrument_id=instrument.id,
        side=side,
        status=order.status,
        quantity=quantity_from_e8(size_e8, instrument.size_precision),
        filled_qty=quantity_from_e8(filled_e8, instrument.size_precision),
        avg_px=to_decimal(order.avg_fill_price) or None,
        cancel_reason=order.cancel_reason or None,
        ts_created=_ns(order.created_at),
        ts_end=_ns(order.end_at),
    )


_SIDES: Final[dict[str, OrderSide]] = {
    VenueSide.BUY.value: OrderSide.BUY,
    VenueSide.SELL.value: OrderSide.SELL,
}


def _child_e8(instrument: Instrument, quantity: Quantity, children: int) -> int:
    part = quantity_to_e8(quantity) // children
    return part - part % quantity_to_e8(instrument.size_increment)


def _ns(value_ms: str | int | float | None) -> int | None:
    ts_ms = to_int(value_ms)
    return None if ts_ms is None else ts_ms * _NS_PER_MS
