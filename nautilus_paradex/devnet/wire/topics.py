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

__all__ = [
    "ALL",
    "INTERACTIVE",
    "Feed",
    "RouteKey",
    "Topic",
    "invalid_subscribe",
    "parse_asset_topic",
    "parse_topic",
]

ALL: Final = "ALL"

_REFRESH_RATES_MS: Final = {"50ms": 50, "100ms": 100}
_COMPARISON_RATES_MS: Final = {"500ms": 500, "1000ms": 1_000}
_SNAPSHOT_DEPTH: Final = "15"
_ASSET_TOPICS: Final = frozenset({"bbo", "trades"})

INTERACTIVE: Final = {"bbo": "bbo.interactive", "order_book": "order_book.interactive"}
"""The routing topics of what the interactive feeds show."""


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
    FUNDING_RATES = "what is news since the last time, at intervals"


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
        Of a repeated snapshot; the comparison of funding rates is repeated too.
    interactive : bool
        If RPI orders are shown.
    base_asset : str, optional
        Of whose options the channel tells.

    """

    channel: str
    topic: str
    market: str
    private: bool
    feed: Feed = Feed.EVENTS
    refresh_ms: int = 0
    price_tick_e8: int | None = None
    interactive: bool = False
    base_asset: str | None = None

    def key(self, account: str | None) -> RouteKey:
        topic = INTERACTIVE[self.topic] if self.interactive else self.topic
        return RouteKey(topic, self.market, account if self.private else None)

    @property
    def book_market(self) -> str | None:
        """The market whose one book channel per connection this is, or None."""
        return self.market if self.topic == "order_book" else None


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
    if name.topic == "funding_rate_comparison":
        return _comparison_topic(channel, name)
    shape = _SHAPES.get(name.topic)
    if shape is None or name.parameters:
        raise invalid_subscribe("invalid channel")
    _check_market(name, shape, markets)
    private = name.topic in channels.PRIVATE_TOPICS
    interactive = name.feed == "interactive"
    return Topic(channel, name.topic, name.market or ALL, private, interactive=interactive)


def parse_asset_topic(channel: str, base_asset: str) -> Topic:
    """
    Return the topic of a subscription to all options of an asset (asyncapi).

    Raises
    ------
    RpcError
        -32600 if `channel` has no such form.

    """
    if channel not in _ASSET_TOPICS:
        raise invalid_subscribe("base_asset is only taken by channels bbo and trades")
    return Topic(channel, channel, ALL, False, base_asset=base_asset)


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
        allowed = shape.all_markets and name.feed is None
    else:
        allowed = shape.market and name.market in markets
    if not allowed:
        raise invalid_subscribe("invalid channel")


def _book_topic(channel: str, name: ChannelName, markets: Container[str], *, binary: bool) -> Topic:
    if name.market is None or name.market not in markets:
        raise invalid_subscribe("invalid channel")
    interactive = name.feed in ("interactive", "interactive_deltas")
    if name.feed in ("deltas", "interactive_deltas"):
        # Older servers took ``deltas@15@50ms`` (asyncapi); binary ones refuse it (capture).
        if name.parameters and binary:
            raise invalid_subscribe("no parameters expected for deltas topic.")
        return Topic(
            channel,
            "order_book",
            name.market,
            False,
            Feed.BOOK_DELTAS,
            interactive=interactive,
        )
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
        interactive,
    )


def _comparison_topic(channel: str, name: ChannelName) -> Topic:
    refresh = name.parameters[0] if len(name.parameters) == 1 else ""
    if name.market != ALL or name.feed is not None or refresh not in _COMPARISON_RATES_MS:
        raise invalid_subscribe("invalid channel")
    refresh_ms = _COMPARISON_RATES_MS[refresh]
    return Topic(channel, name.topic, ALL, False, Feed.FUNDING_RATES, refresh_ms)


def _price_tick(text: str) -> int:
    try:
        # Written with an underscore in the names of channels: ``0_01`` (asyncapi).
        tick = to_e8(text.replace("_", "."), exact=True)
    except MessageError:
        tick = None
    if tick is None or tick <= 0:
        raise invalid_subscribe("invalid price tick")
    return tick
