"""Order book messages of JSON sockets, which name levels as inserted, updated or deleted.

The binary feed does not tell an insert from an update, so the prices present are kept here.
"""

from typing import Final

from nautilus_paradex.devnet.wire.json_wire import JsonObject
from nautilus_paradex.protocol.enums import OrderSide
from nautilus_paradex.protocol.events import BookEvent, BookLevel
from nautilus_paradex.protocol.numbers import e8_to_str

__all__ = ["JsonBooks", "snapshot_json"]

_SNAPSHOT: Final = "s"
_DELTA: Final = "d"


class JsonBooks:
    """The prices of every book, to tell inserts from updates."""

    def __init__(self) -> None:
        self._prices: dict[str, dict[OrderSide, set[int]]] = {}

    def reset(self, snapshot: BookEvent) -> None:
        """Begin with a whole book."""
        self._prices[snapshot.market or ""] = {
            OrderSide.BUY: {price for price, _ in snapshot.bids},
            OrderSide.SELL: {price for price, _ in snapshot.asks},
        }

    def forget(self, market: str) -> None:
        """Drop the book of a market that is listed no more."""
        self._prices.pop(market, None)

    def delta_json(self, event: BookEvent) -> JsonObject:
        """Return the message of a delta and remember what it changed."""
        changes: dict[str, list[JsonObject]] = {"inserts": [], "updates": [], "deletes": []}
        prices = self._prices.setdefault(
            event.market or "", {OrderSide.BUY: set(), OrderSide.SELL: set()}
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
    return {
        "market": event.market,
        "seq_no": event.seq,
        "last_updated_at": (event.ts or 0) // 1_000,
        "update_type": update_type,
    }


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
