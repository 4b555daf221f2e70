"""From the engine's events to the sockets that asked for them; each encoded once per wire form.

Knows neither sockets nor the control plane: a subscriber is anything that takes frames.
"""

from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass
from typing import Final, Protocol

from nautilus_paradex.devnet.engine.model import (
    BalanceChange,
    EngineEvent,
    FundingPayment,
    Interactive,
    MarketNotice,
    TradeBust,
    TransferRecord,
)
from nautilus_paradex.devnet.faults import Faults
from nautilus_paradex.devnet.sockets.json_book import JsonBooks
from nautilus_paradex.devnet.sockets.messages import (
    Message,
    WireForm,
    book_snapshot_message,
    event_message,
)
from nautilus_paradex.devnet.wire.topics import ALL, INTERACTIVE, Feed, RouteKey, Topic
from nautilus_paradex.protocol.events import (
    AccountEvent,
    BboEvent,
    BookEvent,
    FillEvent,
    FundingDataEvent,
    FundingRateComparisonEvent,
    MarketSummaryEvent,
    OrderEvent,
    PositionEvent,
    TradeEvent,
)

__all__ = ["Hub", "Subscriber", "Subscription"]


class Subscriber(Protocol):
    """A socket, as the hub sees it."""

    @property
    def form(self) -> WireForm: ...

    def push(self, frame: bytes | str) -> None:
        """Take a frame to send; must not block."""


@dataclass(eq=False, slots=True)
class Subscription:
    """
    One channel of one subscriber.

    `markets` is what a scoped ``markets_summary`` tells of, for its subscriber to change; `scope`
    are the markets that any other channel is about, where that is not all of its route.

    """

    topic: Topic
    key: RouteKey
    subscriber: Subscriber
    markets: set[str] | None = None
    scope: Container[str] | None = None
    last_book_seq: int = -1

    def send(self, message: Message) -> None:
        """Give the subscriber `message` in its form, or nothing if it is not to hear it."""
        private = self.topic.private
        form = self.subscriber.form
        if form.is_silent(private=private):
            return
        if form.is_binary(private=private) and message.has_template:
            assert form.sbe_version is not None
            if message.exists_in(form.sbe_version):
                self.subscriber.push(message.binary(form.sbe_version))
            return
        self.subscriber.push(message.text(self.topic.channel))


class Hub:
    """
    The subscriptions of every socket, by what they want to hear.

    Parameters
    ----------
    json_books : bool
        If JSON sockets may ask for books, so that their state has to be followed.
    faults : Faults
        Which changes of books are to be lost or sent twice.

    """

    def __init__(self, *, json_books: bool, faults: Faults) -> None:
        self._faults = faults
        self._routes: dict[RouteKey, list[Subscription]] = {}
        self._json_books = JsonBooks() if json_books else None

    def follow_book(self, snapshot: BookEvent, *, interactive: bool = False) -> None:
        """Take `snapshot` as the state to which the market's next delta of that view applies."""
        if self._json_books is not None:
            self._json_books.reset(snapshot, interactive=interactive)

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
        market = getattr(event, "market", None)
        wanted_by = [
            subscription
            for subscription in self._subscriptions(_topic_of(event), market, account)
            if _wants(subscription, message, market)
        ]
        if self._faults and isinstance(message.event, BookEvent):
            wanted_by = self._disturbed(wanted_by)
        for subscription in wanted_by:
            subscription.send(message)

    def publish_snapshots(
        self, refresh_ms: int, snapshot: Callable[[Topic], BookEvent | None]
    ) -> None:
        """Send the best levels to subscriptions of that rhythm whose book has changed."""
        shown: dict[str, tuple[int, Message] | None] = {}
        for subscription in self._repeated(Feed.BOOK_SNAPSHOTS, refresh_ms):
            topic = subscription.topic
            if topic.channel not in shown:
                book = snapshot(topic)
                shown[topic.channel] = (
                    None if book is None else (book.seq or 0, book_snapshot_message(book))
                )
            seq_and_message = shown[topic.channel]
            if seq_and_message is None or seq_and_message[0] == subscription.last_book_seq:
                continue
            subscription.last_book_seq, message = seq_and_message
            subscription.send(message)

    def publish_funding_rates(
        self, refresh_ms: int, rates: Callable[[], Iterable[FundingRateComparisonEvent]]
    ) -> None:
        """Send the comparison of funding rates to subscriptions of that rhythm, if any."""
        subscriptions = self._repeated(Feed.FUNDING_RATES, refresh_ms)
        if not subscriptions:
            return
        for rate in rates():
            message = event_message(rate)
            for subscription in subscriptions:
                subscription.send(message)

    def _message(self, event: EngineEvent) -> Message:
        inner = event.event if isinstance(event, Interactive) else event
        if not isinstance(inner, BookEvent):
            return event_message(inner)
        if self._json_books is None:
            return Message(inner, dict)
        data = self._json_books.delta_json(inner, interactive=inner is not event)
        return Message(inner, lambda: data)

    def _disturbed(self, subscriptions: list[Subscription]) -> list[Subscription]:
        """Return each subscription as often as the faults on its channel let it have a delta."""
        channels = {subscription.topic.channel for subscription in subscriptions}
        copies = {channel: self._faults.copies_of_delta(channel) for channel in channels}
        return [s for s in subscriptions for _ in range(copies[s.topic.channel])]

    def _subscriptions(
        self, topic: str, market: str | None, account: str | None
    ) -> list[Subscription]:
        everywhere = self._routes.get(RouteKey(topic, ALL, account), _NOBODY)
        if market is None:
            return list(everywhere)
        return [*self._routes.get(RouteKey(topic, market, account), _NOBODY), *everywhere]

    def _repeated(self, feed: Feed, refresh_ms: int) -> list[Subscription]:
        return [
            subscription
            for key, subscriptions in self._routes.items()
            if key.topic in _REPEATED_TOPICS
            for subscription in subscriptions
            if subscription.topic.feed is feed and subscription.topic.refresh_ms == refresh_ms
        ]


def _wants(subscription: Subscription, message: Message, market: str | None) -> bool:
    if subscription.markets is not None and market not in subscription.markets:
        return False
    if subscription.scope is not None and market not in subscription.scope:
        return False
    return not isinstance(message.event, BookEvent) or subscription.topic.feed is Feed.BOOK_DELTAS


def _topic_of(event: EngineEvent) -> str:
    if isinstance(event, Interactive):
        return INTERACTIVE[_TOPIC_OF[type(event.event)]]
    return _TOPIC_OF[type(event)]


_NOBODY: Final[tuple[Subscription, ...]] = ()

_REPEATED_TOPICS: Final = frozenset(
    {"order_book", INTERACTIVE["order_book"], "funding_rate_comparison"}
)

_TOPIC_OF: Final[dict[type, str]] = {
    TradeEvent: "trades",
    BboEvent: "bbo",
    BookEvent: "order_book",
    MarketSummaryEvent: "markets_summary",
    FundingDataEvent: "funding_data",
    FundingRateComparisonEvent: "funding_rate_comparison",
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
