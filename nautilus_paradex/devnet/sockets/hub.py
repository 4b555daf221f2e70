"""From the engine's events to the sockets that asked for them; each encoded once per wire form.

Knows neither sockets nor the control plane: a subscriber is anything that takes frames.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from nautilus_paradex.devnet.engine.model import (
    BalanceChange,
    EngineEvent,
    FundingPayment,
    MarketNotice,
    TradeBust,
    TransferRecord,
)
from nautilus_paradex.devnet.sockets.json_book import JsonBooks, snapshot_json
from nautilus_paradex.devnet.wire.json_wire import JsonObject, event_json
from nautilus_paradex.devnet.wire.market_json import market_event_json
from nautilus_paradex.devnet.wire.topics import ALL, Feed, RouteKey, Topic
from nautilus_paradex.protocol import rpc, sbe
from nautilus_paradex.protocol.events import (
    AccountEvent,
    BboEvent,
    BookEvent,
    FillEvent,
    FundingDataEvent,
    MarketSummaryEvent,
    OrderEvent,
    PositionEvent,
    TradeEvent,
)

__all__ = [
    "Hub",
    "Message",
    "Subscriber",
    "Subscription",
    "WireForm",
    "book_snapshot_message",
    "event_message",
]


_JsonOnly = BalanceChange | FundingPayment | TransferRecord | TradeBust | MarketNotice
"""What the binary schema has no template for."""


@dataclass(frozen=True, slots=True)
class WireForm:
    """
    How a socket is spoken to.

    Parameters
    ----------
    sbe_version : int or None
        Negotiated schema version; None for a plain socket.
    private_sbe : bool
        If private channels of a binary socket are SBE too.
    legacy_json : bool
        If a plain socket gets public data at all.

    """

    sbe_version: int | None
    private_sbe: bool = False
    legacy_json: bool = False

    def is_binary(self, *, private: bool) -> bool:
        return self.sbe_version is not None and (self.private_sbe or not private)

    def is_silent(self, *, private: bool) -> bool:
        return self.sbe_version is None and not private and not self.legacy_json


class Subscriber(Protocol):
    """A socket, as the hub sees it."""

    @property
    def form(self) -> WireForm: ...

    def push(self, frame: bytes | str) -> None:
        """Take a frame to send; must not block."""


@dataclass(eq=False, slots=True)
class Subscription:
    """One channel of one subscriber; `markets` is the scope of ``markets_summary``, if any."""

    topic: Topic
    key: RouteKey
    subscriber: Subscriber
    markets: set[str] | None = None
    last_book_seq: int = -1

    def send(self, message: "Message") -> None:
        """Give the subscriber `message` in its form, or nothing if it is not to hear it."""
        private = self.topic.private
        form = self.subscriber.form
        if form.is_silent(private=private):
            return
        if form.is_binary(private=private) and message.has_template:
            assert form.sbe_version is not None
            self.subscriber.push(message.binary(form.sbe_version))
            return
        self.subscriber.push(message.text(self.topic.channel))


class Message:
    """An event and its encodings, each made when first needed."""

    __slots__ = ("_binary", "_data", "_text", "event")

    def __init__(self, event: EngineEvent, data: Callable[[], JsonObject]) -> None:
        self.event = event
        self._data = data
        self._binary: dict[int, bytes] = {}
        self._text: dict[str, str] = {}

    @property
    def has_template(self) -> bool:
        return not isinstance(self.event, _JsonOnly)

    def binary(self, version: int) -> bytes:
        frame = self._binary.get(version)
        if frame is None:
            assert not isinstance(self.event, _JsonOnly)
            frame = self._binary[version] = sbe.encode(self.event, version)
        return frame

    def text(self, channel: str) -> str:
        frame = self._text.get(channel)
        if frame is None:
            frame = self._text[channel] = rpc.encode_notification(channel, self._data())
        return frame


def event_message(event: EngineEvent) -> Message:
    """Return the message of anything but a book."""
    if isinstance(event, MarketNotice):
        return Message(event, lambda: market_event_json(event))
    return Message(event, lambda: event_json(event))


def book_snapshot_message(event: BookEvent) -> Message:
    """Return the message of a whole book."""
    return Message(event, lambda: snapshot_json(event))


class Hub:
    """
    The subscriptions of every socket, by what they want to hear.

    Parameters
    ----------
    json_books : bool
        If JSON sockets may ask for books, so that their state has to be followed.

    """

    def __init__(self, *, json_books: bool) -> None:
        self._routes: dict[RouteKey, list[Subscription]] = {}
        self._json_books = JsonBooks() if json_books else None

    def follow_book(self, snapshot: BookEvent) -> None:
        """Take `snapshot` as the state to which the market's next delta applies."""
        if self._json_books is not None:
            self._json_books.reset(snapshot)

    def add(self, subscription: Subscription) -> None:
        self._routes.setdefault(subscription.key, []).append(subscription)

    def remove(self, subscription: Subscription) -> None:
        """Forget `subscription`; one that was never added (a playback) is no error."""
        subscriptions = self._routes.get(subscription.key, [])
        if subscription in subscriptions:
            subscriptions.remove(subscription)
        if not subscriptions:
            self._routes.pop(subscription.key, None)

    def publish(self, event: EngineEvent, account: str | None) -> None:
        """Send `event` to whoever wants it. The engine's listener."""
        if isinstance(event, MarketNotice) and event.after is None and self._json_books is not None:
            self._json_books.forget(event.market)
        message = self._message(event)
        topic = _TOPIC_OF[type(event)]
        market = getattr(event, "market", None)
        for subscription in self._subscriptions(topic, market, account):
            if _wants(subscription, event, market):
                subscription.send(message)

    def publish_snapshots(
        self, refresh_ms: int, snapshot: Callable[[Topic], BookEvent | None]
    ) -> None:
        """Send the best levels to subscriptions of that rhythm whose book has changed."""
        for subscription in self._book_subscriptions(refresh_ms):
            event = snapshot(subscription.topic)
            if event is None or event.seq == subscription.last_book_seq:
                continue
            subscription.last_book_seq = event.seq or 0
            subscription.send(book_snapshot_message(event))

    def _message(self, event: EngineEvent) -> Message:
        if not isinstance(event, BookEvent):
            return event_message(event)
        if self._json_books is None:
            return Message(event, dict)
        data = self._json_books.delta_json(event)
        return Message(event, lambda: data)

    def _subscriptions(
        self, topic: str, market: str | None, account: str | None
    ) -> list[Subscription]:
        everywhere = self._routes.get(RouteKey(topic, ALL, account), _NOBODY)
        if market is None:
            return list(everywhere)
        return [*self._routes.get(RouteKey(topic, market, account), _NOBODY), *everywhere]

    def _book_subscriptions(self, refresh_ms: int) -> list[Subscription]:
        return [
            subscription
            for key, subscriptions in self._routes.items()
            if key.topic == "order_book"
            for subscription in subscriptions
            if subscription.topic.feed is Feed.BOOK_SNAPSHOTS
            and subscription.topic.refresh_ms == refresh_ms
        ]


def _wants(subscription: Subscription, event: EngineEvent, market: str | None) -> bool:
    if subscription.markets is not None and market not in subscription.markets:
        return False
    return not isinstance(event, BookEvent) or subscription.topic.feed is Feed.BOOK_DELTAS


_NOBODY: Final[tuple[Subscription, ...]] = ()

_TOPIC_OF: Final[dict[type, str]] = {
    TradeEvent: "trades",
    BboEvent: "bbo",
    BookEvent: "order_book",
    MarketSummaryEvent: "markets_summary",
    FundingDataEvent: "funding_data",
    OrderEvent: "orders",
    FillEvent: "fills",
    PositionEvent: "positions",
    AccountEvent: "account",
    BalanceChange: "balance_events",
    FundingPayment: "funding_payments",
    TransferRecord: "transfers",
    TradeBust: "tradebusts",
    MarketNotice: "markets",
}
