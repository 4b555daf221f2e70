"""Which channels the devnet knows, and what a subscription to one means.

Names are read here and turned into the keys under which the hub routes events.
"""

from collections.abc import Container
from dataclasses import dataclass
from enum import Enum
from typing import Final, NamedTuple

from nautilus_paradex.protocol import channels
from nautilus_paradex.protocol.channels import ChannelName
from nautilus_paradex.protocol.enums import RpcErrorCode
from nautilus_paradex.protocol.errors import MessageError
from nautilus_paradex.protocol.numbers import to_e8
from nautilus_paradex.protocol.rpc import RpcError

__all__ = ["ALL", "Feed", "RouteKey", "Topic", "invalid_subscribe", "parse_topic"]

ALL: Final = "ALL"

_REFRESH_RATES_MS: Final = {"50ms": 50, "100ms": 100}
_SNAPSHOT_DEPTH: Final = "15"


class RouteKey(NamedTuple):
    """What an event and a subscription must have in common; `account` is None for public ones."""

    topic: str
    market: str
    account: str | None


class Feed(Enum):
    """How the messages of a subscription come about."""

    EVENTS = "each event as it happens"
    BOOK_DELTAS = "a snapshot, then each change of the book"
    BOOK_SNAPSHOTS = "the best levels, repeated"


@dataclass(frozen=True, slots=True)
class Topic:
    """
    A channel that exists, ready to be subscribed to.

    Parameters
    ----------
    channel : str
        Its name, as asked for.
    topic, market : str
        Routing key; the market is ``ALL`` for channels of every market or of none.
    private : bool
        If it needs an authenticated socket.
    refresh_ms, price_tick_e8 : int, optional
        Of a repeated snapshot.

    """

    channel: str
    topic: str
    market: str
    private: bool
    feed: Feed = Feed.EVENTS
    refresh_ms: int = 0
    price_tick_e8: int | None = None

    def key(self, account: str | None) -> RouteKey:
        return RouteKey(self.topic, self.market, account if self.private else None)

    @property
    def book_market(self) -> str | None:
        """The market whose one book channel per connection this is, or None."""
        return None if self.feed is Feed.EVENTS else self.market


def parse_topic(channel: str, markets: Container[str], *, binary: bool) -> Topic:
    """
    Return the topic that `channel` names.

    Parameters
    ----------
    markets : container of str
        Symbols that exist.
    binary : bool
        If the socket negotiated SBE: parameters on ``deltas`` are refused there (api-notes).

    Raises
    ------
    RpcError
        -32600 in the venue's words if there is no such channel.

    """
    name = channels.split(channel)
    if name.topic == "order_book":
        return _book_topic(channel, name, markets, binary=binary)
    if name.parameters and name.topic != "funding_rate_comparison":
        raise invalid_subscribe("invalid channel")
    shape = _SHAPES.get(name.topic)
    if shape is None:
        raise invalid_subscribe("invalid channel")
    _check_market(name, shape, markets)
    private = name.topic in channels.PRIVATE_TOPICS
    return Topic(channel, name.topic, name.market or ALL, private)


def invalid_subscribe(reason: str) -> RpcError:
    """Return the refusal of a subscription (capture)."""
    return RpcError(RpcErrorCode.INVALID_REQUEST, "invalid subscribe request", reason)


@dataclass(frozen=True, slots=True)
class _Shape:
    """What may follow the topic's name: nothing, a market, ``ALL``, a feed."""

    bare: bool = False
    market: bool = False
    all_markets: bool = False
    feeds: tuple[str, ...] = ()


_BARE: Final = _Shape(bare=True)
_PER_MARKET: Final = _Shape(market=True, all_markets=True)

_SHAPES: Final = {
    "bbo": _Shape(market=True, all_markets=True, feeds=("interactive",)),
    "trades": _PER_MARKET,
    "markets_summary": _Shape(bare=True, market=True, all_markets=True),
    "funding_data": _PER_MARKET,
    "markets": _Shape(bare=True, market=True),
    "funding_rate_comparison": _Shape(all_markets=True),
    "account": _BARE,
    "positions": _BARE,
    "balance_events": _BARE,
    "transfers": _BARE,
    "transaction": _BARE,
    "tradebusts": _BARE,
    "block_trades": _BARE,
    "mmp": _BARE,
    "orders": _PER_MARKET,
    "fills": _PER_MARKET,
    "funding_payments": _PER_MARKET,
}


def _check_market(name: ChannelName, shape: _Shape, markets: Container[str]) -> None:
    if name.feed is not None and name.feed not in shape.feeds:
        raise invalid_subscribe("invalid channel")
    if name.market is None:
        allowed = shape.bare
    elif name.market == ALL:
        allowed = shape.all_markets
    else:
        allowed = shape.market and name.market in markets
    if not allowed:
        raise invalid_subscribe("invalid channel")


def _book_topic(channel: str, name: ChannelName, markets: Container[str], *, binary: bool) -> Topic:
    if name.market is None or name.market not in markets:
        raise invalid_subscribe("invalid channel")
    if name.feed in ("deltas", "interactive_deltas"):
        # Older servers took ``deltas@15@50ms`` (asyncapi); binary ones refuse it (capture).
        if name.parameters and binary:
            raise invalid_subscribe("no parameters expected for deltas topic.")
        return Topic(channel, "order_book", name.market, False, Feed.BOOK_DELTAS)
    if name.feed not in ("snapshot", "interactive") or len(name.parameters) not in (2, 3):
        raise invalid_subscribe("invalid channel")
    depth, rate, *tick = name.parameters
    if depth != _SNAPSHOT_DEPTH or rate not in _REFRESH_RATES_MS:
        raise invalid_subscribe("invalid channel")
    return Topic(
        channel,
        "order_book",
        name.market,
        False,
        Feed.BOOK_SNAPSHOTS,
        _REFRESH_RATES_MS[rate],
        _price_tick(tick[0]) if tick else None,
    )


def _price_tick(text: str) -> int:
    try:
        tick = to_e8(text, exact=True)
    except MessageError:
        tick = None
    if tick is None or tick <= 0:
        raise invalid_subscribe("invalid price tick")
    return tick
