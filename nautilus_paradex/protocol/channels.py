"""Names of the WebSocket channels: how they are put together and taken apart.

Source of the names: asyncapi, and for the bare ``deltas`` form the recording of 2026-10-08.
"""

from typing import Final, NamedTuple

__all__ = [
    "ACCOUNT",
    "ALL",
    "BALANCE_EVENTS",
    "MARKETS",
    "POSITIONS",
    "PRIVATE_TOPICS",
    "REFRESH_RATES",
    "TRADEBUSTS",
    "TRANSFERS",
    "ChannelName",
    "bbo",
    "bbo_interactive",
    "book_deltas",
    "book_interactive",
    "book_snapshot",
    "fills",
    "funding_data",
    "funding_payments",
    "funding_rate_comparison",
    "markets_summary",
    "orders",
    "split",
    "trades",
]

ALL: Final = "ALL"
MARKETS: Final = "markets"
"""Listings, changes, settlements and removals of all markets."""
ACCOUNT: Final = "account"
POSITIONS: Final = "positions"
BALANCE_EVENTS: Final = "balance_events"
TRANSFERS: Final = "transfers"
TRADEBUSTS: Final = "tradebusts"

PRIVATE_TOPICS: Final = frozenset(
    {
        ACCOUNT,
        POSITIONS,
        BALANCE_EVENTS,
        TRANSFERS,
        TRADEBUSTS,
        "orders",
        "fills",
        "funding_payments",
        "transaction",
        "block_trades",
        "mmp",
    },
)
"""Topics that need an authenticated socket."""

REFRESH_RATES: Final = ("50ms", "100ms")
"""How often snapshots of a book are sent at most (asyncapi)."""


class ChannelName(NamedTuple):
    """
    A channel name in its parts.

    ``order_book.BTC-USD-PERP.snapshot@15@100ms`` is topic ``order_book``, market ``BTC-USD-PERP``,
    feed ``snapshot`` and parameters ``("15", "100ms")``.

    """

    topic: str
    market: str | None
    feed: str | None
    parameters: tuple[str, ...]


def split(channel: str) -> ChannelName:
    """Take a channel name apart; parts that are not there are None or empty."""
    body, *parameters = channel.split("@")
    topic, _, rest = body.partition(".")
    market, _, feed = rest.partition(".")
    return ChannelName(topic, market or None, feed or None, tuple(parameters))


def bbo(market: str) -> str:
    return f"bbo.{market}"


def bbo_interactive(market: str) -> str:
    """As `bbo`, with RPI orders. Its binary frames look like those of `bbo` (api-notes)."""
    return f"bbo.{market}.interactive"


def trades(market: str) -> str:
    return f"trades.{market}"


def book_deltas(market: str) -> str:
    """The whole book, then every change: written without parameters (api-notes)."""
    return f"order_book.{market}.deltas"


def book_snapshot(market: str, refresh_rate: str = "100ms", price_tick: str | None = None) -> str:
    """The best 15 levels, repeated every ``50ms`` or ``100ms``."""
    name = f"order_book.{market}.snapshot@15@{refresh_rate}"
    return name if price_tick is None else f"{name}@{price_tick}"


def book_interactive(market: str, refresh_rate: str = "100ms") -> str:
    """As `book_snapshot`, with RPI orders."""
    return f"order_book.{market}.interactive@15@{refresh_rate}"


def markets_summary(market: str | None = None) -> str:
    return "markets_summary" if market is None else f"markets_summary.{market}"


def funding_data(market: str) -> str:
    return f"funding_data.{market}"


def funding_rate_comparison(refresh_rate: str = "1000ms") -> str:
    """The funding rates of all markets at all venues, every ``500ms`` or ``1000ms``."""
    return f"funding_rate_comparison.{ALL}@{refresh_rate}"


def orders(market: str = ALL) -> str:
    return f"orders.{market}"


def fills(market: str = ALL) -> str:
    return f"fills.{market}"


def funding_payments(market: str = ALL) -> str:
    return f"funding_payments.{market}"
