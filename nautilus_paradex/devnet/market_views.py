"""What the public sees of the books: the engine's, or those of a replay in their place."""

from collections.abc import Container, Mapping

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

    def options_of(self, base_asset: str) -> "Options":
        return Options(self.markets(), base_asset)

    def book(
        self,
        market: str,
        depth: int | None = None,
        price_tick_e8: int | None = None,
        *,
        interactive: bool = False,
    ) -> BookEvent:
        """Return a snapshot, or raise OrderRefused for a market that does not exist."""
        replay = self.replay(market)
        if replay is not None:
            return cut(replay.book(), depth, price_tick_e8)
        if price_tick_e8 is None:
            return self._exchange.book_snapshot(market, depth, interactive=interactive)
        book = self._exchange.book_snapshot(market, interactive=interactive)
        return cut(book, depth, price_tick_e8)

    def topic_book(self, topic: Topic) -> BookEvent | None:
        """Return what a repeated snapshot shows: 15 levels (asyncapi), None if it was delisted."""
        if topic.market not in self._exchange.markets:
            return None
        return self.book(topic.market, 15, topic.price_tick_e8, interactive=topic.interactive)

    def bbo(self, market: str, *, interactive: bool = False) -> BboEvent:
        """Return the best prices, or raise OrderRefused for a market that does not exist."""
        replay = self.replay(market)
        if replay is not None:
            return replay.bbo()
        return self._exchange.bbo(market, interactive=interactive)


class Options(Container[str]):
    """
    All options on an asset, those that are listed later included.

    Parameters
    ----------
    markets : Mapping
        What is listed; looked at anew each time.
    base_asset : str
        The asset.

    """

    def __init__(self, markets: Mapping[str, MarketSpec], base_asset: str) -> None:
        self._markets = markets
        self._base_asset = base_asset

    def __contains__(self, market: object) -> bool:
        spec = self._markets.get(str(market))
        return spec is not None and self._is_one(spec)

    def __bool__(self) -> bool:
        return any(self._is_one(spec) for spec in self._markets.values())

    def _is_one(self, spec: MarketSpec) -> bool:
        return spec.is_option and spec.base_currency == self._base_asset
