"""What happens when a subscription begins and ends: first messages, routes, playbacks.

The control plane decides whether a subscription is allowed; this module makes it run.
"""

from collections.abc import Iterable
from typing import Final

from nautilus_paradex.devnet.engine.exchange import Exchange
from nautilus_paradex.devnet.engine.model import WireEvent
from nautilus_paradex.devnet.faults import Faults
from nautilus_paradex.devnet.market_views import MarketViews
from nautilus_paradex.devnet.replay import ReplayMarket
from nautilus_paradex.devnet.sockets.connection import Connection
from nautilus_paradex.devnet.sockets.hub import Hub, Subscription
from nautilus_paradex.devnet.sockets.messages import (
    WireForm,
    book_snapshot_message,
    event_message,
)
from nautilus_paradex.devnet.sockets.playback import play_bbo, play_book
from nautilus_paradex.devnet.wire.topics import (
    ALL,
    Feed,
    Topic,
    invalid_subscribe,
    parse_asset_topic,
    parse_topic,
)

__all__ = ["Feeds"]


class Feeds:
    """
    Begins and ends subscriptions.

    Parameters
    ----------
    exchange : Exchange
        For the state that some channels begin with.
    views : MarketViews
        Books, recorded ones included.
    hub : Hub
        Routes events from then on.
    speed : float
        Of playbacks.
    faults : Faults
        Which subscriptions are to stay silent.

    """

    def __init__(
        self, exchange: Exchange, views: MarketViews, hub: Hub, speed: float, faults: Faults
    ) -> None:
        self._faults = faults
        self._exchange = exchange
        self._views = views
        self._hub = hub
        self._speed = speed

    def topic(self, channel: str, form: WireForm, base_asset: str | None) -> Topic:
        """Return what `channel` names, for all options of an asset if given, or raise RpcError."""
        if base_asset is None:
            markets = self._views.markets()
            return parse_topic(channel, markets, binary=form.sbe_version is not None)
        topic = parse_asset_topic(channel, base_asset)
        if not self._views.options_of(base_asset):
            raise invalid_subscribe(f"base_asset: no options on {base_asset[:40]}")
        return topic

    def check_markets(self, symbols: Iterable[str]) -> None:
        """Raise RpcError if one of `symbols` is no market."""
        markets = self._views.markets()
        for symbol in symbols:
            if symbol not in markets:
                raise invalid_subscribe(f"unknown market {symbol[:40]}")

    def subscription(
        self, connection: Connection, topic: Topic, markets: set[str] | None
    ) -> Subscription:
        account = None if connection.principal is None else connection.principal.account
        base_asset = topic.base_asset
        scope = None if base_asset is None else self._views.options_of(base_asset)
        return Subscription(topic, topic.key(account), connection, markets, scope)

    def begin(self, connection: Connection, subscription: Subscription) -> None:
        """Send what the channel begins with, then route its events."""
        topic = subscription.topic
        if self._faults.take_silence(topic.channel):
            return
        replay = self._views.replay(topic.market)
        if replay is not None and self._play(connection, topic, replay):
            return
        if topic.book_market is not None:
            self._send_book(subscription)
        for event in self._opening(subscription):
            subscription.send(event_message(event))
        self._hub.add(subscription)

    def end(self, connection: Connection, subscription: Subscription) -> None:
        """Stop routing and playing."""
        connection.stop_playing(subscription.topic.channel)
        self._hub.remove(subscription)

    def _play(self, connection: Connection, topic: Topic, replay: ReplayMarket) -> bool:
        form = connection.form
        if topic.feed is Feed.BOOK_DELTAS:
            if form.sbe_version is not None:
                connection.play(topic.channel, play_book(replay, self._speed, connection))
            return True
        if topic.topic == "bbo":
            if not form.is_silent(private=False):
                connection.play(topic.channel, play_bbo(replay, self._speed, topic, connection))
            return True
        return False

    def _send_book(self, subscription: Subscription) -> None:
        topic = subscription.topic
        book = (
            self._views.book(topic.market, interactive=topic.interactive)
            if topic.feed is Feed.BOOK_DELTAS
            else self._views.topic_book(topic)
        )
        assert book is not None, "a channel of a market that is not listed is refused"
        subscription.last_book_seq = book.seq or 0
        subscription.send(book_snapshot_message(book))

    def _opening(self, subscription: Subscription) -> list[WireEvent]:
        """Return the state that a channel begins with: a guess, see docs/devnet.md."""
        topic = subscription.topic
        account = subscription.key.account
        if topic.topic == "account" and account is not None:
            return [self._exchange.account_event(account)]
        if topic.topic == "positions" and account is not None:
            return list(self._exchange.positions(account))
        if topic.market == ALL or topic.topic not in _OPENING_TOPICS:
            return []
        if topic.topic == "bbo":
            return [self._exchange.bbo(topic.market, interactive=topic.interactive)]
        return [self._exchange.summary(topic.market)]


_OPENING_TOPICS: Final = frozenset({"bbo", "markets_summary"})
