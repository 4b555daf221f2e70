"""
Makes orders, fills and positions of a mass status add up, so that the engine keeps what is real.

Where fills and a position do not fit together, the engine makes them fit before it takes them in
(1.231, `adjust_fills_for_partial_window`). If the position went through zero within one fill it
does so by putting one invented fill in place of everything, and working orders are gone with the
rest: nobody would ever cancel them. A position without a report is left as the fills make it.
"""

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Final, NamedTuple

from nautilus_trader.common.component import Logger
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.reports import (
    ExecutionMassStatus,
    FillReport,
    OrderStatusReport,
    PositionStatusReport,
)
from nautilus_trader.live.reconciliation import adjust_fills_for_partial_window
from nautilus_trader.model.enums import (
    LiquiditySide,
    OrderSide,
    OrderStatus,
    OrderType,
    TimeInForce,
)
from nautilus_trader.model.identifiers import ClientId, InstrumentId, TradeId, VenueOrderId
from nautilus_trader.model.instruments import Instrument

from nautilus_paradex.execution.reports.sequence import in_order_of_fills
from nautilus_paradex.parsing.money import money_from_e8
from nautilus_paradex.parsing.reports import fill_price, fill_quantity
from nautilus_paradex.protocol.numbers import E8

__all__ = [
    "FillStep",
    "KnownPosition",
    "opening_price",
    "settle_positions",
]

_OPEN: Final = frozenset(
    {OrderStatus.ACCEPTED, OrderStatus.TRIGGERED, OrderStatus.PARTIALLY_FILLED}
)


class FillStep(NamedTuple):
    """A fill as a step of a position: signed size, price."""

    size: Decimal
    price: Decimal


class KnownPosition(NamedTuple):
    """What the platform has already: its net position, and whether it has a fill."""

    net: Callable[[InstrumentId], Decimal]
    has_fill: Callable[[FillReport], bool]


def settle_positions(
    mass_status: ExecutionMassStatus,
    orders: Sequence[OrderStatusReport],
    fills: Sequence[FillReport],
    positions: Sequence[PositionStatusReport],
    *,
    known: KnownPosition,
    instrument_of: Callable[[InstrumentId], Instrument],
    log: Logger,
) -> None:
    """
    Put reports into a mass status so that the engine changes none of the real ones.

    A position that the fills explain needs no report. One that was opened before them gets one, for
    the engine to invent its opening; where that would cost real orders, the opening is made here: a
    filled order at the price that gives the position its average.

    Parameters
    ----------
    mass_status : ExecutionMassStatus
        Without reports; they are added to it.
    orders, fills, positions : Sequence
        What the venue told, all of one moment.
    known : KnownPosition
        What the platform has already (from a cache database).
    instrument_of : Callable[[InstrumentId], Instrument]
        Finds the instrument of a position.
    log : Logger
        The client's logger.

    """
    openings: list[tuple[OrderStatusReport, FillReport]] = []
    for position in positions:
        steps = _new_steps(position, fills, known)
        start = known.net(position.instrument_id)
        missing = position.signed_decimal_qty - start - sum(step.size for step in steps)
        if missing == 0:
            continue
        instrument = instrument_of(position.instrument_id)
        if not _is_reduced(position, orders, fills) and _keeps_working_orders(
            mass_status.client_id, position, orders, fills, instrument
        ):
            mass_status.add_position_reports([position])
            continue
        price = _price_of_opening(position, missing, steps if start == 0 else (), fills)
        if price is None:
            log.error(
                f"{position.instrument_id}: {missing} of the position is older than the fills that "
                "were read, and nothing tells a price for it: working orders may go unnoticed"
            )
            mass_status.add_position_reports([position])
            continue
        log.warning(
            f"{position.instrument_id}: {missing} of the position is older than the fills that "
            f"were read; it is taken in as one order filled at {price}"
        )
        openings.append(_opening(position, missing, price, fills, instrument))
    opening_orders = [order for order, _ in openings]
    mass_status.add_order_reports([*opening_orders, *in_order_of_fills(orders, fills)])
    mass_status.add_fill_reports([*fills, *(fill for _, fill in openings)])


def opening_price(
    size: Decimal,
    steps: Iterable[FillStep],
    average: Decimal | None,
) -> Decimal | None:
    """
    Return the price at which a position must have been opened to have its average now.

    None where no price gives it: after the position went through zero its opening has no say.

    Parameters
    ----------
    size : Decimal
        Signed size of the opening.
    steps : Iterable[FillStep]
        What followed, in order.
    average : Decimal, optional
        The average price of what is open now.

    """
    if average is None:
        return None
    # The average is fixed + share * price; a reduction leaves it, an increase mixes it.
    net, fixed, share = size, Decimal(0), Decimal(1)
    for step in steps:
        after = net + step.size
        if net * after <= 0:
            net, fixed, share = after, step.price, Decimal(0)
            continue
        if net * step.size > 0:
            fixed = (fixed * net + step.price * step.size) / after
            share = share * net / after
        net = after
    if share == 0:
        return None
    price = (average - fixed) / share
    return price if price > 0 else None


def _new_steps(
    position: PositionStatusReport,
    fills: Iterable[FillReport],
    known: KnownPosition,
) -> list[FillStep]:
    own = [
        fill
        for fill in fills
        if fill.instrument_id == position.instrument_id and not known.has_fill(fill)
    ]
    own.sort(key=lambda fill: fill.ts_event)
    return [
        FillStep(
            fill.last_qty.as_decimal() * (1 if fill.order_side == OrderSide.BUY else -1),
            fill.last_px.as_decimal(),
        )
        for fill in own
    ]


def _is_reduced(
    position: PositionStatusReport,
    orders: Iterable[OrderStatusReport],
    fills: Iterable[FillReport],
) -> bool:
    """Whether a reduce-only order was filled: the engine invents openings behind all orders."""
    filled = {fill.venue_order_id for fill in fills}
    return any(
        order.reduce_only
        and order.instrument_id == position.instrument_id
        and order.venue_order_id in filled
        for order in orders
    )


def _keeps_working_orders(
    client_id: ClientId,
    position: PositionStatusReport,
    orders: Iterable[OrderStatusReport],
    fills: Iterable[FillReport],
    instrument: Instrument,
) -> bool:
    """Ask the engine's own adjustment what it would leave of orders that are open."""
    trial = ExecutionMassStatus(
        client_id=client_id,
        account_id=position.account_id,
        venue=position.instrument_id.venue,
        report_id=UUID4(),
        ts_init=position.ts_init,
    )
    own_orders = [order for order in orders if order.instrument_id == instrument.id]
    own_fills = [fill for fill in fills if fill.instrument_id == instrument.id]
    trial.add_order_reports(own_orders)
    trial.add_fill_reports(own_fills)
    trial.add_position_reports([position])
    kept_orders, kept_fills = adjust_fills_for_partial_window(trial, [instrument])[instrument.id]
    for order in own_orders:
        if order.order_status not in _OPEN:
            continue
        before = {
            fill.trade_id for fill in own_fills if fill.venue_order_id == order.venue_order_id
        }
        after = {fill.trade_id for fill in kept_fills.get(order.venue_order_id, ())}
        if order.venue_order_id not in kept_orders or before != after:
            return False
    return True


def _price_of_opening(
    position: PositionStatusReport,
    size: Decimal,
    steps: Sequence[FillStep],
    fills: Iterable[FillReport],
) -> Decimal | None:
    """
    Return the price that gives the position its average, or else one that is not far from it.

    The venue may tell no average price; of a spot balance it knows none.
    """
    price = opening_price(size, steps, position.avg_px_open) or position.avg_px_open
    if price:
        return price
    own = [fill for fill in fills if fill.instrument_id == position.instrument_id]
    oldest = min(own, key=lambda fill: fill.ts_event, default=None)
    return None if oldest is None else oldest.last_px.as_decimal()


def _opening(
    position: PositionStatusReport,
    size: Decimal,
    price: Decimal,
    fills: Iterable[FillReport],
    instrument: Instrument,
) -> tuple[OrderStatusReport, FillReport]:
    own = [fill.ts_event for fill in fills if fill.instrument_id == instrument.id]
    at_ns = min(own, default=position.ts_last) - 1
    side = OrderSide.BUY if size > 0 else OrderSide.SELL
    last_px = fill_price(_e8(price), instrument)
    quantity = fill_quantity(_e8(abs(size)), instrument)
    # The same opening gets the same id, whoever reads the account.
    venue_order_id = VenueOrderId(f"OPENING-{instrument.raw_symbol.value}-{at_ns}")
    order = OrderStatusReport(
        account_id=position.account_id,
        instrument_id=instrument.id,
        venue_order_id=venue_order_id,
        order_side=side,
        order_type=OrderType.MARKET,
        time_in_force=TimeInForce.GTC,
        order_status=OrderStatus.FILLED,
        quantity=quantity,
        filled_qty=quantity,
        avg_px=last_px.as_decimal(),
        report_id=UUID4(),
        ts_accepted=at_ns,
        ts_last=at_ns,
        ts_init=position.ts_init,
    )
    fill = FillReport(
        account_id=position.account_id,
        instrument_id=instrument.id,
        venue_order_id=venue_order_id,
        trade_id=TradeId(f"OPENING-{at_ns}"),
        order_side=side,
        last_qty=quantity,
        last_px=last_px,
        commission=money_from_e8(0, instrument.get_settlement_currency()),
        liquidity_side=LiquiditySide.NO_LIQUIDITY_SIDE,
        report_id=UUID4(),
        ts_event=at_ns,
        ts_init=position.ts_init,
    )
    return order, fill


def _e8(value: Decimal) -> int:
    return int((value * E8).to_integral_value())
