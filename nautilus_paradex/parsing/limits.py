"""
The venue's limits, held against what is known here: what would break one, or comes near to it.

Pure functions and their table. What an order's wording alone decides is in `orders`; what is known
of account and system is gathered in `nautilus_paradex.execution.commands.limits`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

from nautilus_trader.model.enums import OrderSide, TimeInForce
from nautilus_trader.model.instruments import CurrencyPair, Instrument
from nautilus_trader.model.orders import Order

from nautilus_paradex.parsing.order_params import NO_FEATURES, OrderFeatures
from nautilus_paradex.parsing.order_types import CONDITIONAL
from nautilus_paradex.protocol.enums import SystemStatus, TradingMode
from nautilus_paradex.protocol.errors import MessageError
from nautilus_paradex.protocol.numbers import to_decimal

__all__ = [
    "DEFAULT_MAX_OPEN_ORDERS",
    "Finding",
    "Limit",
    "Standing",
    "Wanted",
    "findings_of",
    "wanted_change",
    "wanted_order",
]

DEFAULT_MAX_OPEN_ORDERS: Final = 100
"""Open orders per market where the market names no limit of its own (api-notes)."""

_NEAR: Final = Decimal("0.9")  # of a limit
_LITTLE_ROOM: Final = 0.1  # of a rate limit
_PRICE_MARGIN: Final = Decimal("0.01")  # by which the reference price may have moved meanwhile


class Limit(StrEnum):
    """The limits, by the names that they are counted under."""

    SYSTEM_STATE = "system_state"
    TRADING_MODE = "trading_mode"
    OPEN_ORDERS = "open_orders"
    POSITION = "position"
    MIN_NOTIONAL = "min_notional"
    ORDER_RATE = "order_rate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """
    What is about to be asked of the venue: an order, the change of one, or a TWAP.

    Parameters
    ----------
    side : OrderSide
        BUY or SELL.
    size : Decimal
        The total, in base units.
    open_size : Decimal
        What of it is not filled.
    is_new : bool, default True
        If the venue does not have it yet.
    is_passive : bool, default False
        If it may not take (post-only, RPI).
    may_rest : bool, default False
        If it stays open where it does not fill at once.
    is_reduce_only : bool, default False
        If it can only make the position smaller.
    is_conditional : bool, default False
        If it waits for a trigger.
    is_child : bool, default False
        If it belongs to the exits of a bracket.
    has_notional : bool, default True
        If the venue's minimum is held against it as a whole.
    recv_window_ms : int, optional
        How long after its signature the venue takes it, where it says so itself.

    """

    side: OrderSide
    size: Decimal
    open_size: Decimal
    is_new: bool = True
    is_passive: bool = False
    may_rest: bool = False
    is_reduce_only: bool = False
    is_conditional: bool = False
    is_child: bool = False
    has_notional: bool = True
    recv_window_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """
    What is known at that moment, the wanted order itself left out.

    Parameters
    ----------
    system_status : str, optional
        The venue's state (`SystemStatus`), None if it is not known, or not known lately.
    on_book : int
        Orders of the market that rest there or are on their way to.
    perhaps_open : int
        Further ones that may count as open: those that wait for a trigger or for their cancel.
    position : Decimal
        The account's signed position in the market.
    buying, selling : Decimal
        What orders of the market, sent or open, may still buy and sell.
    reference_price : Decimal, optional
        What the venue values an order at for its minimum: the mark price, for options the spot
        price (openapi). None if it is not known, or not known lately.
    order_room : float, default 1.0
        The part of the rate limit of orders that is left.
    wait_secs, longest_wait_secs : float
        How long a request would wait for its turn in that limit, and how long it may.

    """

    system_status: str | None = None
    on_book: int = 0
    perhaps_open: int = 0
    position: Decimal = Decimal(0)
    buying: Decimal = Decimal(0)
    selling: Decimal = Decimal(0)
    reference_price: Decimal | None = None
    order_room: float = 1.0
    wait_secs: float = 0.0
    longest_wait_secs: float = 10.0


@dataclass(frozen=True, slots=True)
class Finding:
    """
    A limit that would be broken or is near.

    Parameters
    ----------
    limit : Limit
        Which.
    is_certain : bool
        If the venue is certain to refuse, and a wrong denial would cost nobody an exit.
    reason : str
        In the form ``CODE: key=value``.

    """

    limit: Limit
    is_certain: bool
    reason: str


def findings_of(wanted: Wanted, instrument: Instrument, standing: Standing) -> list[Finding]:
    """
    Return the limits that something wanted would break or comes near to.

    Nothing is certain of what may be an exit: an order that only reduces, waits for a trigger,
    belongs to a bracket's exits, or makes the position as it is known here smaller. What is known
    here may be old by the time it counts, and an exit that is denied wrongly is worse than one
    that the venue refuses.

    Parameters
    ----------
    wanted : Wanted
        What is to be sent.
    instrument : Instrument
        With the market's limits in its `info`.
    standing : Standing
        What is known.

    """
    may_be_exit = _may_be_exit(wanted, standing)
    findings = []
    for limit, rule in _RULES.items():
        found = rule(wanted, instrument, standing)
        if found is not None:
            is_certain, reason = found
            findings.append(Finding(limit, is_certain and not may_be_exit, reason))
    return findings


def wanted_order(
    order: Order,
    features: OrderFeatures = NO_FEATURES,
    size: Decimal | None = None,
) -> Wanted:
    """Return a new order as the limits see it; `size` is what it is sent with, if not its own."""
    size = order.quantity.as_decimal() if size is None else size
    is_conditional = order.order_type in CONDITIONAL
    return Wanted(
        side=order.side,
        size=size,
        open_size=size,
        is_passive=order.is_post_only or features.rpi,
        may_rest=(order.has_price or is_conditional) and order.time_in_force != TimeInForce.IOC,
        is_reduce_only=order.is_reduce_only,
        is_conditional=is_conditional,
        is_child=order.parent_order_id is not None,
        recv_window_ms=features.recv_window_ms,
    )


def wanted_change(order: Order, size: Decimal, filled: Decimal) -> Wanted:
    """Return the change of an order that the venue has; `size` is its new total."""
    return Wanted(
        side=order.side,
        size=size,
        open_size=size - filled,
        is_new=False,
        is_reduce_only=order.is_reduce_only,
        is_conditional=order.order_type in CONDITIONAL,
        is_child=order.parent_order_id is not None,
    )


def _may_be_exit(wanted: Wanted, standing: Standing) -> bool:
    if wanted.is_reduce_only or wanted.is_conditional or wanted.is_child:
        return True
    return 0 < wanted.open_size <= -_towards(wanted.side, standing.position)


# -- Rules: (is it certain?, the reason), or None --------------------------------------------------

type _Found = tuple[bool, str] | None


def _system_state(wanted: Wanted, instrument: Instrument, standing: Standing) -> _Found:
    status = standing.system_status
    # Whether what rests may be changed meanwhile is not documented.
    if not wanted.is_new or status in (None, SystemStatus.OK):
        return None
    if status == SystemStatus.POST_ONLY and wanted.is_passive:
        return None
    # A state that nobody knows may take anything.
    return status in _RESTRICTED, f"SYSTEM_STATE: status={status}"


def _trading_mode(wanted: Wanted, instrument: Instrument, standing: Standing) -> _Found:
    if not wanted.is_new or _info(instrument).get("trading_mode") != TradingMode.RFQ_ONLY:
        return None
    return True, f"MARKET_RFQ_ONLY: instrument_id={instrument.id}"


def _open_orders(wanted: Wanted, instrument: Instrument, standing: Standing) -> _Found:
    if not wanted.is_new or not wanted.may_rest:
        return None
    most = int(_number(instrument, "max_open_orders") or DEFAULT_MAX_OPEN_ORDERS)
    count = standing.on_book + standing.perhaps_open
    if count + 1 <= most * _NEAR:
        return None
    reason = f"MAX_OPEN_ORDERS: open={count} max={most} instrument_id={instrument.id}"
    return standing.on_book >= most, reason


def _position(wanted: Wanted, instrument: Instrument, standing: Standing) -> _Found:
    # The platform's position in a spot market is what this node traded there, not a holding.
    limit = None if isinstance(instrument, CurrencyPair) else _number(instrument, "position_limit")
    if limit is None or wanted.is_reduce_only:
        return None
    is_buy = wanted.side == OrderSide.BUY
    along, against = standing.buying, standing.selling
    if not is_buy:
        along, against = against, along
    after = _towards(wanted.side, standing.position) + wanted.open_size
    if after + along <= limit * _NEAR:
        return None
    # Orders the other way may have been filled without that being known here yet.
    return after - against > limit, (
        f"POSITION_ABOVE_LIMIT: position={standing.position} size={wanted.open_size} "
        f"limit={limit} instrument_id={instrument.id}"
    )


def _min_notional(wanted: Wanted, instrument: Instrument, standing: Standing) -> _Found:
    minimum, price = instrument.min_notional, standing.reference_price
    # A trigger order is valued when it is set off, a TWAP by its children.
    if minimum is None or price is None or wanted.is_conditional or not wanted.has_notional:
        return None
    if wanted.is_reduce_only and wanted.size >= abs(standing.position):
        return None  # it closes the whole position (api-notes)
    notional, least = wanted.size * price, minimum.as_decimal()
    if notional >= least * (1 + _PRICE_MARGIN):
        return None
    return notional < least * (1 - _PRICE_MARGIN), (
        f"NOTIONAL_BELOW_MIN: notional={notional:.2f} min={least:f} price={price} "
        f"instrument_id={instrument.id}"
    )


def _order_rate(wanted: Wanted, instrument: Instrument, standing: Standing) -> _Found:
    is_too_long = standing.wait_secs > standing.longest_wait_secs
    if standing.order_room >= _LITTLE_ROOM and not is_too_long:
        return None
    return is_too_long, (
        f"ORDER_RATE: wait_secs={standing.wait_secs:.1f} max={standing.longest_wait_secs:.1f}"
    )


_RULES: Final[dict[Limit, Callable[[Wanted, Instrument, Standing], _Found]]] = {
    Limit.SYSTEM_STATE: _system_state,
    Limit.TRADING_MODE: _trading_mode,
    Limit.OPEN_ORDERS: _open_orders,
    Limit.POSITION: _position,
    Limit.MIN_NOTIONAL: _min_notional,
    Limit.ORDER_RATE: _order_rate,
}

_RESTRICTED: Final = frozenset(
    {SystemStatus.CANCEL_ONLY, SystemStatus.POST_ONLY, SystemStatus.MAINTENANCE}
)

# -- Facts ---------------------------------------------------------------------------------------


def _towards(side: OrderSide, position: Decimal) -> Decimal:
    """Return a position with the sign of a side: positive where the side makes it larger."""
    return position if side == OrderSide.BUY else -position


def _info(instrument: Instrument) -> dict[str, Any]:
    return instrument.info or {}


def _number(instrument: Instrument, field: str) -> Decimal | None:
    """Return a limit of the market; one that is 0, missing or no number is none."""
    try:
        return to_decimal(_info(instrument).get(field)) or None
    except MessageError:
        return None
