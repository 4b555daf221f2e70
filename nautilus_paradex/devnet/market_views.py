"""What the public sees of the books: the engine's, or those of a replay in their place."""

from collections.abc import Mapping

from nautilus_paradex.devnet.engine.exchange import Exchange
from nautilus_paradex.devnet.engine.markets import MarketSpec
from nautilus_paradex.devnet.grouping import cut
from nautilus_paradex.devnet.replay import ReplayMarket
from nautilus_paradex.devnet.wire.topics import Topic
from nautilus_paradex.protocol.events import BboEvent, BookEvent

__all__ = ["MarketViews"]


class MarketViews:
    """
    Books and best prices by market.

    Parameters
    ----------
    exchange : Exchange
        The engine.
    replays : Mapping
        Markets whose books come from a recording.

    """

    def __init__(self, exchange: Exchange, replays: Mapping[str, ReplayMarket]) -> None:
        self._exchange = exchange
        self._replays = replays

    def markets(self) -> Mapping[str, MarketSpec]:
        return self._exchange.markets

    def replay(self, market: str) -> ReplayMarket | None:
        """Return the recording that is served in place of a listed market's book, if any."""
        return self._replays.get(market) if market in self._exchange.markets else None

    def book(
        self, market: str, depth: int | None = None, price_tick_e8: int | None = None
    ) -> BookEvent:
        """Return a snapshot, or raise OrderRefused for a market that does not exist."""
        replay = self.replay(market)
        if replay is None and price_tick_e8 is None:
            return self._exchange.book_snapshot(market, depth)
        book = self._exchange.book_snapshot(market) if replay is None else replay.book()
        return cut(book, depth, price_tick_e8)

    def topic_book(self, topic: Topic) -> BookEvent | None:
        """Return what a repeated snapshot shows: 15 levels (asyncapi), None if it was delisted."""
        if topic.market not in self._exchange.markets:
            return None
        return self.book(topic.market, 15, topic.price_tick_e8)

    def bbo(self, market: str) -> BboEvent:
        """Return the best prices, or raise OrderRefused for a market that does not exist."""
        replay = self.replay(market)
        return self._exchange.bbo(market) if replay is None else replay.bbo()
