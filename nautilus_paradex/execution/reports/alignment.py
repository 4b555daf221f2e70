"""Cuts what was read of the account to one moment, where it traded between the requests.

Orders, fills and positions come in answers of their own. What the fills say is kept; orders and
positions are brought to the last of them. Pure functions, integers at 1e-8.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from nautilus_paradex.parsing.reports import trade_id_of
from nautilus_paradex.protocol.enums import OrderSide, OrderStatus
from nautilus_paradex.protocol.events import FillEvent, OrderEvent, PositionEvent

__all__ = ["at_last_fills", "filled_as_told", "overlooked_fills", "without"]


def without(fills: Iterable[FillEvent], known: Iterable[FillEvent]) -> list[FillEvent]:
    """Return the fills that are not among the known ones."""
    known_ids = {trade_id_of(fill) for fill in known}
    return [fill for fill in fills if trade_id_of(fill) not in known_ids]


def overlooked_fills(
    orders: Iterable[OrderEvent],
    fills: Sequence[FillEvent],
    heard: Iterable[FillEvent],
) -> list[FillEvent]:
    """
    Return the fills heard on the stream that the orders count and that were not read.

    Parameters
    ----------
    orders : Iterable
        As read.
    fills : Sequence
        As read.
    heard : Iterable
        Those that arrived since the reading began, in their order.

    """
    lacking = {
        order.order_id or "": order.size - order.size_open
        for order in orders
        if order.size is not None and order.size_open is not None
    }
    for fill in fills:
        if fill.order_id in lacking:
            lacking[fill.order_id] -= fill.size or 0
    overlooked = []
    for fill in without(heard, fills):
        order_id = fill.order_id or ""
        if 0 < (fill.size or 0) <= lacking.get(order_id, 0):
            lacking[order_id] -= fill.size or 0
            overlooked.append(fill)
    return overlooked


def filled_as_told(
    orders: Iterable[OrderEvent],
    fills: Iterable[FillEvent],
) -> list[OrderEvent]:
    """Return the orders, those that were open with all of their fills counted."""
    told: Counter[str] = Counter()
    for fill in fills:
        told[fill.order_id or ""] += fill.size or 0
    return [_counting(order, told[order.order_id or ""]) for order in orders]


def at_last_fills(
    positions: Iterable[PositionEvent],
    fills: Sequence[FillEvent],
    later: Sequence[FillEvent],
) -> list[PositionEvent]:
    """
    Return the positions as of the last fill read in each market.

    A position names the fill that it is after. Within a millisecond the order of what was read is
    not known: such fills count as contained.

    Parameters
    ----------
    positions : Iterable
        As read, before or after the fills.
    fills : Sequence
        As read.
    later : Sequence
        Those heard since that were not read, in their order.

    """
    return [
        _moved(
            position,
            _beyond(position, [fill for fill in fills if fill.market == position.market])
            - _ahead(position, [fill for fill in later if fill.market == position.market]),
        )
        for position in positions
    ]


def _counting(order: OrderEvent, told: int) -> OrderEvent:
    if order.status == OrderStatus.CLOSED or order.size is None or order.size_open is None:
        return order
    if not order.size - order.size_open < told <= order.size:
        return order
    is_filled = told == order.size
    return msgspec.structs.replace(
        order,
        size_open=order.size - told,
        status=OrderStatus.CLOSED.value if is_filled else order.status,
    )


def _beyond(position: PositionEvent, fills: Sequence[FillEvent]) -> int:
    """Return the signed size of the fills read that the position does not contain yet."""
    last = next((f for f in fills if f.fill_id == position.last_fill_id), None)
    if last is None:
        return 0
    return sum(_signed(f) for f in fills if _ms(f) > _ms(last))


def _ahead(position: PositionEvent, later: Sequence[FillEvent]) -> int:
    """Return the signed size of the fills not read that the position contains already."""
    ids = [fill.fill_id for fill in later]
    if position.last_fill_id not in ids:
        return 0
    return sum(_signed(f) for f in later[: ids.index(position.last_fill_id) + 1])


def _moved(position: PositionEvent, change: int) -> PositionEvent:
    if not change:
        return position
    size = position.size or 0
    before = -size if position.side == OrderSide.SELL else size
    after = before + change
    return msgspec.structs.replace(
        position,
        side=(OrderSide.BUY if after > 0 else OrderSide.SELL).value,
        size=abs(after),
        # What a position opened in between has cost is not told.
        avg_entry_price=position.avg_entry_price if before * after > 0 else None,
    )


def _signed(fill: FillEvent) -> int:
    size = fill.size or 0
    return -size if fill.side == OrderSide.SELL else size


def _ms(fill: FillEvent) -> int:
    return (fill.created_at or fill.ts or 0) // 1_000
