"""TWAP orders in the platform's terms: what the venue could not take, and what it says of one.

Pure functions. Sending and polling is the work of `nautilus_paradex.execution.commands.algo`.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from nautilus_trader.model.enums import OrderSide, order_side_to_str
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.instruments import Instrument
from nautilus_trader.model.objects import Quantity

from nautilus_paradex.parsing.limits import Wanted
from nautilus_paradex.parsing.order_types import VENUE_SIDES
from nautilus_paradex.parsing.precision import quantity_from_e8, quantity_to_e8
from nautilus_paradex.parsing.reports import order_side_of
from nautilus_paradex.protocol.algos import (
    DURATION_STEP_SECS,
    MAX_DURATION_SECS,
    MIN_DURATION_SECS,
    AlgoOrder,
)
from nautilus_paradex.protocol.enums import OrderStatus
from nautilus_paradex.protocol.errors import MessageError
from nautilus_paradex.protocol.numbers import (
    Number,
    e8_to_decimal,
    e8_to_str,
    to_decimal,
    to_e8,
    to_int,
)

__all__ = [
    "TwapDraft",
    "TwapStatus",
    "child_denial_of",
    "twap_denial_of",
    "twap_status",
    "wanted_twap",
]

_NS_PER_MS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class TwapDraft:
    """A TWAP as it is wanted; durations in seconds."""

    side: OrderSide
    quantity: Quantity
    duration_secs: int
    frequency_secs: int

    @property
    def children(self) -> int:
        """How many market orders it is made of."""
        return self.duration_secs // self.frequency_secs


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


def twap_denial_of(draft: TwapDraft, instrument: Instrument) -> str | None:
    """
    Return why the venue could not take a TWAP, whatever the prices, or None where it can.

    The text has the form ``CODE: key=value``.

    """
    if draft.side not in VENUE_SIDES:
        return f"TWAP_SIDE_INVALID: side={order_side_to_str(draft.side)}"
    duration_secs, frequency_secs = draft.duration_secs, draft.frequency_secs
    in_range = MIN_DURATION_SECS <= duration_secs <= MAX_DURATION_SECS
    if not in_range or duration_secs % DURATION_STEP_SECS:
        return (
            f"TWAP_DURATION_INVALID: duration_secs={duration_secs} min={MIN_DURATION_SECS} "
            f"max={MAX_DURATION_SECS} step={DURATION_STEP_SECS}"
        )
    if not 0 < frequency_secs <= duration_secs:
        return f"TWAP_FREQUENCY_INVALID: frequency_secs={frequency_secs} max={duration_secs}"
    increment = instrument.size_increment
    if draft.quantity.raw == 0 or draft.quantity.raw % increment.raw:
        return f"QUANTITY_OFF_INCREMENT: quantity={draft.quantity} increment={increment}"
    child_e8 = _child_e8(draft, instrument)
    if child_e8 == 0:
        return (
            f"TWAP_CHILD_TOO_SMALL: quantity={draft.quantity} children={draft.children} "
            f"min={increment}"
        )
    largest = instrument.max_quantity
    if largest is not None and child_e8 > quantity_to_e8(largest):
        child = e8_to_str(child_e8)
        return f"TWAP_CHILD_TOO_LARGE: child={child} children={draft.children} max={largest}"
    return None


def child_denial_of(
    draft: TwapDraft,
    instrument: Instrument,
    *,
    reference_price: Decimal,
) -> str | None:
    """
    Return why the children of a TWAP would be below the venue's minimum notional, or None.

    `reference_price` is what the venue values an order at: the mark price, for options the spot
    price (openapi).

    """
    minimum = instrument.min_notional
    child_e8 = _child_e8(draft, instrument)
    if minimum is None or e8_to_decimal(child_e8) * reference_price >= minimum.as_decimal():
        return None
    return (
        f"TWAP_CHILD_BELOW_MIN_NOTIONAL: child={e8_to_str(child_e8)} children={draft.children} "
        f"price={reference_price:f} min_notional={minimum.as_decimal():f}"
    )


def wanted_twap(draft: TwapDraft) -> Wanted:
    """Return a TWAP as the limits see it: the minimum is held against its children."""
    size = draft.quantity.as_decimal()
    return Wanted(side=draft.side, size=size, open_size=size, has_notional=False)


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
    size_e8 = to_e8(order.size, exact=True)
    if size_e8 is None:
        raise MessageError(f"algo order {order.id} has no size")
    remaining_e8 = to_e8(order.remaining_size, exact=True)
    filled_e8 = 0 if remaining_e8 is None else size_e8 - remaining_e8
    return TwapStatus(
        id=order.id,
        instrument_id=instrument.id,
        side=order_side_of(order.side),
        status=order.status,
        quantity=quantity_from_e8(size_e8, instrument.size_precision),
        filled_qty=quantity_from_e8(filled_e8, instrument.size_precision),
        avg_px=to_decimal(order.avg_fill_price) or None,
        cancel_reason=order.cancel_reason or None,
        ts_created=_ns(order.created_at),
        ts_end=_ns(order.end_at),
    )


def _child_e8(draft: TwapDraft, instrument: Instrument) -> int:
    """An even part of the whole, on the increment; the last child takes what is left over."""
    part = quantity_to_e8(draft.quantity) // draft.children
    return part - part % quantity_to_e8(instrument.size_increment)


def _ns(value_ms: Number) -> int | None:
    ts_ms = to_int(value_ms)
    return None if ts_ms is None else ts_ms * _NS_PER_MS
