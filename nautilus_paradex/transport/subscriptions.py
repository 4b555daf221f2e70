"""
What this connection is subscribed to, in the order it was asked for. No I/O.

The venue forgets subscriptions with the connection and refuses doubles (source: api-notes), so the
client keeps the book: it answers doubles itself and says what to replay.
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from nautilus_paradex.protocol.rpc import RequestId, Response
from nautilus_paradex.transport.websocket_errors import SubscriptionError

__all__ = ["Subscription", "Subscriptions"]


@dataclass(slots=True, eq=False)
class Subscription:
    """
    One channel and how far it got.

    Parameters
    ----------
    channel : str
        Name of the channel.
    params : Mapping[str, object]
        Further parameters of the subscribe request, e.g. `markets`.
    ack : Response, optional
        The venue's confirmation on the present connection.
    was_acked : bool
        Whether it was ever confirmed, which makes it worth replaying.
    request_id : int or str, optional
        Id of the last subscribe request, to recognise a confirmation that comes late.
    lock : asyncio.Lock
        Held while a request for this channel is under way.

    """

    channel: str
    params: Mapping[str, object]
    ack: Response | None = None
    was_acked: bool = False
    request_id: RequestId | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def is_in_doubt(self) -> bool:
        """Whether a request went unanswered: the venue may or may not be subscribed."""
        return self.ack is None and self.request_id is not None

    @property
    def request_params(self) -> dict[str, object]:
        """Parameters of the subscribe request."""
        return {"channel": self.channel, **self.params}

    def note_request(self, request_id: RequestId) -> None:
        """Note under which id the channel is being asked for."""
        self.request_id = request_id

    def note_refusal(self) -> None:
        """Note that the last request certainly had no effect."""
        self.request_id = None

    def note_unanswered_end(self) -> None:
        """Note that it shall end, but that the venue may still be subscribed."""
        self.ack = None
        self.was_acked = False

    def change_markets(self, add: Iterable[str], remove: Iterable[str]) -> None:
        """Note the set of `markets` that a modification left."""
        known = self.params.get("markets", ())
        markets = {str(market) for market in known} if isinstance(known, Iterable) else set()
        self.params = {**self.params, "markets": sorted((markets | set(add)) - set(remove))}

    def confirm(self, ack: Response) -> None:
        """Note the venue's confirmation."""
        self.ack = ack
        self.was_acked = True


class Subscriptions:
    """The book of subscriptions, ordered by first request."""

    def __init__(self) -> None:
        self._by_channel: dict[str, Subscription] = {}

    @property
    def active(self) -> tuple[str, ...]:
        """Channels that the venue has confirmed on this connection."""
        return tuple(each.channel for each in self._by_channel.values() if each.ack is not None)

    @property
    def to_replay(self) -> tuple[Subscription, ...]:
        """Subscriptions that a new connection needs, in their original order."""
        return tuple(each for each in self._by_channel.values() if each.was_acked)

    def get(self, channel: str) -> Subscription | None:
        """Return the entry of `channel`."""
        return self._by_channel.get(channel)

    def enter(self, channel: str, params: Mapping[str, object]) -> Subscription:
        """
        Return the entry of `channel`, made if need be.

        Raises
        ------
        SubscriptionError
            If the channel is known with other parameters.

        """
        entry = self._by_channel.setdefault(channel, Subscription(channel, dict(params)))
        if entry.params == params:
            return entry
        if entry.was_acked or entry.lock.locked():
            raise SubscriptionError(
                f"channel {channel} is already subscribed with {dict(entry.params)}, "
                f"was asked for with {dict(params)}: unsubscribe it first"
            )
        entry.params = dict(params)
        return entry

    def remove(self, entry: Subscription) -> None:
        """Forget `entry`, if it is still the one in the book."""
        if self._by_channel.get(entry.channel) is entry:
            del self._by_channel[entry.channel]

    def adopt_late(self, response: Response) -> str | None:
        """
        Take a confirmation that nobody waits for any more.

        Returns the channel. The venue is subscribed then, and asking once more would be refused.
        """
        if response.id is None or response.error is not None:
            return None
        for entry in self._by_channel.values():
            if entry.request_id == response.id and entry.ack is None:
                entry.confirm(response)
                return entry.channel
        return None

    def connection_lost(self) -> None:
        """Forget confirmations, and entries that never had one and that nobody works on."""
        for entry in tuple(self._by_channel.values()):
            entry.ack = None
            entry.request_id = None  # ids start over with each connection
            if not entry.was_acked and not entry.lock.locked():
                self.remove(entry)

    def clear(self) -> None:
        """Forget everything."""
        self._by_channel.clear()
