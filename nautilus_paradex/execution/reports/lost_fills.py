"""
Positions of a cache database that lack fills which their orders have.

A database is given the events of an order and of its position one after the other. A process that
is killed in between leaves a filled order behind, and the position of before, or none. The engine
takes no fill twice, so such a position is made anew from the fills of its orders: only where that
gives what the venue says.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Final

from nautilus_trader.cache.cache import Cache
from nautilus_trader.common.component import Logger
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.reports import FillReport, PositionStatusReport
from nautilus_trader.model.enums import OmsType, OrderSide
from nautilus_trader.model.events import OrderFilled
from nautilus_trader.model.identifiers import InstrumentId, PositionId
from nautilus_trader.model.instruments import CurrencyPair, Instrument
from nautilus_trader.model.objects import Quantity
from nautilus_trader.model.position import Position

from nautilus_paradex.constants import PARADEX_VENUE
from nautilus_paradex.execution.reports.openings import KnownPosition
from nautilus_paradex.parsing.money import money_from_e8
from nautilus_paradex.parsing.precision import quantity_from_e8
from nautilus_paradex.protocol.numbers import E8

__all__ = ["give_lost_fills", "last_lifecycle"]

_FLAT: Final = Decimal(0)

type _FillsOf = dict[PositionId, list[OrderFilled]]


def give_lost_fills(
    cache: Cache,
    positions: Iterable[PositionStatusReport],
    fills: Iterable[FillReport],
    known: KnownPosition,
    log: Logger,
) -> None:
    """
    Make positions of the cache anew that are not what the fills of their orders come to.

    Where neither the positions nor the fills of the orders (some may have been purged) lead to what
    the venue says, nothing is touched. Of spot markets the venue says nothing.

    Parameters
    ----------
    cache : Cache
        The platform's cache, as its database had it.
    positions : Iterable
        The venue's positions; one that is not among them is flat.
    fills : Iterable
        The venue's fills, of the same moment.
    known : KnownPosition
        What the platform has already.
    log : Logger
        The client's logger.

    """
    expected: defaultdict[InstrumentId, Decimal] = defaultdict(Decimal)
    for position in positions:
        expected[position.instrument_id] += position.signed_decimal_qty
    told = frozenset(expected)
    for fill in fills:
        if not known.has_fill(fill):
            expected[fill.instrument_id] -= _signed(fill.order_side, fill.last_qty)
    for instrument_id, fills_of in _fills_by_instrument(cache).items():
        instrument = cache.instrument(instrument_id)
        is_silent = isinstance(instrument, CurrencyPair) and instrument_id not in told
        if instrument is None or is_silent:
            continue
        lost = known.net(instrument_id) - expected[instrument_id]
        if lost:
            _make_anew(cache, instrument, fills_of, -lost, log)


def last_lifecycle(fills: Iterable[OrderFilled]) -> list[OrderFilled]:
    """
    Return those fills that a netting position consists of, which is the last ones.

    A position that was flat begins with the next fill; of one that goes through zero within a fill
    it begins with the part beyond. The last position may be flat itself.

    Parameters
    ----------
    fills : Iterable
        All fills of one position id, in the order in which they were applied.

    """
    net, own = _FLAT, list[OrderFilled]()
    for fill in fills:
        size = _signed(fill.order_side, fill.last_qty)
        after = net + size
        if net == 0:
            own = [fill]
        elif net * after < 0:
            own = [_part(fill, abs(after))]
        else:
            own.append(fill)
        net = after
    return own


def _fills_by_instrument(cache: Cache) -> Mapping[InstrumentId, _FillsOf]:
    found: defaultdict[InstrumentId, _FillsOf] = defaultdict(lambda: defaultdict(list))
    for order in cache.orders(venue=PARADEX_VENUE):
        for event in order.events:
            if isinstance(event, OrderFilled) and event.position_id is not None:
                found[order.instrument_id][event.position_id].append(event)
    for fills_of in found.values():
        for fills in fills_of.values():
            fills.sort(key=lambda fill: fill.ts_init)
    return found


def _make_anew(
    cache: Cache,
    instrument: Instrument,
    fills_of: _FillsOf,
    lost: Decimal,
    log: Logger,
) -> None:
    anew: dict[PositionId, list[OrderFilled]] = {}
    for position_id, fills in fills_of.items():
        own = last_lifecycle(fills)
        found = _net(own) - _net_of(cache.position(position_id))
        if found:
            anew[position_id] = own
            lost -= found
    if lost:
        return
    for position_id, fills in anew.items():
        log.warning(
            f"{position_id!r} was {_net_of(cache.position(position_id))} in the cache's database, "
            f"which lacks fills that its orders have: it is {_net(fills)}, as the venue says"
        )
        _replace(cache, instrument, fills)


def _replace(cache: Cache, instrument: Instrument, fills: Sequence[OrderFilled]) -> None:
    position = Position(instrument, fills[0])
    cache.add_position(position, OmsType.NETTING)
    for fill in fills[1:]:
        position.apply(fill)
        cache.update_position(position)


def _net(fills: Iterable[OrderFilled]) -> Decimal:
    return sum((_signed(fill.order_side, fill.last_qty) for fill in fills), _FLAT)


def _net_of(position: Position | None) -> Decimal:
    return _FLAT if position is None else position.signed_decimal_qty()


def _signed(side: OrderSide, quantity: Quantity) -> Decimal:
    size: Decimal = quantity.as_decimal()
    return size if side == OrderSide.BUY else -size


def _part(fill: OrderFilled, size: Decimal) -> OrderFilled:
    """Return a fill of a part of the size, with as much of the commission."""
    commission = fill.commission.as_decimal() * size / fill.last_qty.as_decimal()
    return OrderFilled(
        trader_id=fill.trader_id,
        strategy_id=fill.strategy_id,
        instrument_id=fill.instrument_id,
        client_order_id=fill.client_order_id,
        venue_order_id=fill.venue_order_id,
        account_id=fill.account_id,
        trade_id=fill.trade_id,
        position_id=fill.position_id,
        order_side=fill.order_side,
        order_type=fill.order_type,
        last_qty=quantity_from_e8(int(size * E8), fill.last_qty.precision),
        last_px=fill.last_px,
        currency=fill.currency,
        commission=money_from_e8(round(commission * E8), fill.commission.currency),
        liquidity_side=fill.liquidity_side,
        event_id=UUID4(),
        ts_event=fill.ts_event,
        ts_init=fill.ts_init,
    )
