"""Order book messages of JSON sockets, which name levels as inserted, updated or deleted.

The binary feed does not tell an insert from an update, so the prices present are kept here.
"""

from typing import Final

from nautilus_paradex.devnet.wire.json_fields import best_of
from nautilus_paradex.devnet.wire.json_wire import JsonObject
from nautilus_paradex.protocol.enums import OrderSide
from nautilus_paradex.protocol.events import BookEvent, BookLevel
from nautilus_paradex.protocol.numbers import e8_to_str

__all__ = ["JsonBooks", "snapshot_json"]

_SNAPSHOT: Final = "s"
_DELTA: Final = "d"


class JsonBooks:
    """The prices of every book in both views, to tell inserts from updates."""

    def __init__(self) -> None:
        self._prices: dict[tuple[str, bool], dict[OrderSide, set[int]]] = {}

    def reset(self, snapshot: BookEvent, *, interactive: bool) -> None:
        """Begin with a whole book."""
        self._prices[snapshot.market or "", interactive] = {
            OrderSide.BUY: {price for price, _ in snapshot.bids},
            OrderSide.SELL: {price for price, _ in snapshot.asks},
        }

    def forget(self, market: str) -> None:
        """Drop the books of a market that is listed no more."""
        for interactive in (False, True):
            self._prices.pop((market, interactive), None)

    def delta_json(self, event: BookEvent, *, interactive: bool) -> JsonObject:
        """Return the message of a delta and remember what it changed."""
        changes: dict[str, list[JsonObject]] = {"inserts": [], "updates": [], "deletes": []}
        prices = self._prices.setdefault(
            (event.market or "", interactive), {OrderSide.BUY: set(), OrderSide.SELL: set()}
        )
        for side, levels in ((OrderSide.BUY, event.bids), (OrderSide.SELL, event.asks)):
            for level in levels:
                changes[_change(prices[side], level)].append(_level_json(side, level))
        return _header(event, _DELTA) | changes


def snapshot_json(event: BookEvent) -> JsonObject:
    """Return the message of a whole book: everything is inserted."""
    bids = [_level_json(OrderSide.BUY, level) for level in event.bids]
    asks = [_level_json(OrderSide.SELL, level) for level in event.asks]
    changes: JsonObject = {"inserts": bids + asks, "updates": [], "deletes": []}
    return _header(event, _SNAPSHOT) | changes


def _header(event: BookEvent, update_type: str) -> JsonObject:
    header: JsonObject = {
        "market": event.market,
        "seq_no": event.seq,
        "last_updated_at": (event.ts or 0) // 1_000,
        "update_type": update_type,
    }
    for name, price, size in best_of(event):
        side = OrderSide.BUY if name.startswith("best_bid") else OrderSide.SELL
        header[name] = _level_json(side, (price, size))
    if event.relative_spread is not None:
        header["relative_spread"] = e8_to_str(event.relative_spread)
    return header


def _change(prices: set[int], level: BookLevel) -> str:
    price, size = level
    if size == 0:
        prices.discard(price)
        return "deletes"
    if price in prices:
        return "updates"
    prices.add(price)
    return "inserts"


def _level_json(side: OrderSide, level: BookLevel) -> JsonObject:
    price, size = level
    return {"side": side, "price": e8_to_str(price), "size": e8_to_str(size)}
