"""
What markets there are and how they change: the ``markets`` channel and the periodic refresh.

A message only says that something has changed; the venue's list of markets, read again, says what.
Messages do not carry all fields of a market (no trading mode, openapi), and a lost one is made up
for by the next reading. What a change means for status and closes is in `status` and `closes`.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.instruments import Instrument

from nautilus_paradex.feeds.subscriber import StreamSubscriber
from nautilus_paradex.parsing.instruments import instrument_id_from_symbol
from nautilus_paradex.protocol import channels, rest
from nautilus_paradex.protocol.enums import MarketEventType
from nautilus_paradex.protocol.errors import MessageError, ParadexError
from nautilus_paradex.protocol.json_feed import MarketChange
from nautilus_paradex.protocol.numbers import Number, to_e8, to_int
from nautilus_paradex.providers import ParadexInstrumentProvider

__all__ = [
    "Ending",
    "Follower",
    "InstrumentChanges",
    "MarketListing",
    "instrument_changes",
    "is_behind",
]

_NS_PER_MS: Final = 1_000_000
_SECS_PER_MINUTE: Final = 60
_RETRY_SECS: Final = 30.0
# REST may show later what a message has told already (guess): looked at again after these.
_LAG_SECS: Final = (1.0, 2.0, 4.0, 8.0, 16.0)

# What an instrument is built of and a message may name: known to be old if it differs.
_INCREMENTS: Final = ("price_tick_size", "order_size_increment")

_ENDINGS: Final = frozenset({MarketEventType.SETTLED, MarketEventType.DELETED})

type Follower = tuple[str, InstrumentId | None]
"""Who listens: a kind of subscription, and its instrument if it has one."""


@dataclass(frozen=True, slots=True)
class Ending:
    """
    The end of a market.

    Parameters
    ----------
    instrument_id : InstrumentId
        Its instrument.
    event : str
        The `MarketEventType` that told it; empty where the market was only found missing.
    ts_event : int
        When it ended, or was found missing, Unix ns.

    """

    instrument_id: InstrumentId
    event: str
    ts_event: int


@dataclass(frozen=True, slots=True)
class InstrumentChanges:
    """What is different between two looks at the loaded instruments."""

    added: tuple[Instrument, ...] = ()
    changed: tuple[Instrument, ...] = ()
    ended: tuple[Ending, ...] = ()

    @property
    def any(self) -> bool:
        """Whether anything is."""
        return bool(self.added or self.changed or self.ended)


def instrument_changes(
    before: Mapping[InstrumentId, Instrument],
    after: Mapping[InstrumentId, Instrument],
    ended: Callable[[InstrumentId], Ending],
) -> InstrumentChanges:
    """
    Return what has changed; when an instrument was built is no difference.

    Parameters
    ----------
    before, after : Mapping[InstrumentId, Instrument]
        The instruments then and now.
    ended : Callable[[InstrumentId], Ending]
        Says how one ended that is not there any more.

    """
    return InstrumentChanges(
        added=tuple(after[i] for i in after if i not in before),
        changed=tuple(
            after[i] for i in after if i in before and _terms(before[i]) != _terms(after[i])
        ),
        ended=tuple(ended(i) for i in before if i not in after),
    )


def is_behind(market: rest.Market | None, change: MarketChange) -> bool:
    """Return whether a market, as REST shows it, is older than what a message has told of it."""
    if market is None:
        return True
    told = change.changed_fields or {}
    return any(_differ(told[name], getattr(market, name)) for name in _INCREMENTS if name in told)


class MarketListing:
    """
    Keeps the provider's instruments level with the venue, and tells what changes.

    Parameters
    ----------
    provider : ParadexInstrumentProvider
        Holds the instruments.
    subscriber : StreamSubscriber
        Opens the ``markets`` channel.
    on_changes : Callable[[InstrumentChanges], None]
        Told of every change, also of those that others brought about in the provider.
    now_ns : Callable[[], int]
        The platform's clock, Unix ns.
    warn : Callable[[str], None]
        Takes warnings.
    interval_mins : int, optional
        How often the list of markets is read without any message. None for never.

    """

    def __init__(
        self,
        provider: ParadexInstrumentProvider,
        subscriber: StreamSubscriber,
        *,
        on_changes: Callable[[InstrumentChanges], None],
        now_ns: Callable[[], int],
        warn: Callable[[str], None],
        interval_mins: int | None,
    ) -> None:
        self._provider = provider
        self._subscriber = subscriber
        self._on_changes = on_changes
        self._now_ns = now_ns
        self._warn = warn
        self._interval_secs = None if interval_mins is None else interval_mins * _SECS_PER_MINUTE
        self._followers: set[Follower] = set()
        self._known: dict[InstrumentId, Instrument] = {}
        # Symbols that have ended and that REST may still list.
        self._ended: dict[str, Ending] = {}
        self._announced: dict[str, MarketChange] = {}
        self._asked = asyncio.Event()

    async def follow(self, follower: Follower) -> None:
        """
        Listen to the venue's messages for as long as anybody follows.

        Raises
        ------
        ParadexError
            If the venue refuses the channel or does not answer. It is asked for again.

        """
        is_first = not self._followers
        self._followers.add(follower)
        if is_first:
            await self._subscriber.use_channel(channels.MARKETS)
            # What happened before the channel was open would otherwise be missed.
            self.ask()

    async def unfollow(self, follower: Follower) -> None:
        """End what `follow` began; without that nothing happens. Raises as that."""
        if follower not in self._followers:
            return
        self._followers.remove(follower)
        if not self._followers:
            await self._subscriber.drop_channel(channels.MARKETS)

    def on_message(self, change: MarketChange, arrived_ns: int) -> None:
        """
        Take a message of the ``markets`` channel (the router's listener).

        Raises
        ------
        MessageError
            If its time is no number, or its symbol no name.

        """
        self.ask()
        if change.event_type not in _ENDINGS:
            self._ended.pop(change.symbol, None)
            self._announced[change.symbol] = change
            return
        instrument_id = instrument_id_from_symbol(change.symbol)
        at_ms = to_int(change.updated_at)
        ts_event = arrived_ns if at_ms is None else at_ms * _NS_PER_MS
        # What was loaded since the last look would otherwise end without having been there.
        self.compare()
        self._announced.pop(change.symbol, None)
        self._ended[change.symbol] = Ending(instrument_id, str(change.event_type), ts_event)
        self._provider.drop(instrument_id)
        self.compare()

    def ask(self) -> None:
        """Have the list of markets read again, soon."""
        self._asked.set()

    def compare(self) -> None:
        """Tell what has changed in the provider since the last time."""
        before, self._known = self._known, dict(self._provider.get_all())
        changes = instrument_changes(before, self._known, self._ending)
        if changes.any:
            self._on_changes(changes)

    async def run(self) -> None:
        """Read the list of markets when it is due or asked for, for as long as it runs."""
        if self._followers:
            # It did not run for a while: messages may have been missed.
            self.ask()
        while True:
            try:
                async with asyncio.timeout(self._interval_secs):
                    await self._asked.wait()
            except TimeoutError:
                pass
            self._asked.clear()
            await self._catch_up()

    async def _catch_up(self) -> None:
        for lag_secs in (*_LAG_SECS, None):
            if not await self._refresh():
                self.ask()
                await asyncio.sleep(_RETRY_SECS)
                return
            if not self._announced:
                return
            if lag_secs is not None:
                await asyncio.sleep(lag_secs)
        symbols = ", ".join(sorted(self._announced))
        self._announced.clear()
        self._warn(f"REST does not show changes of markets that were told: {symbols}")

    async def _refresh(self) -> bool:
        self.compare()
        announced = dict(self._announced)
        try:
            listed = await self._provider.refresh_async(without=self._ended)
            behind = {s for s, change in announced.items() if is_behind(listed.get(s), change)}
        except ParadexError as exc:
            self._warn(f"Markets could not be read, trying again in {_RETRY_SECS:.0f} s: {exc}")
            return False
        for symbol, change in announced.items():
            if symbol not in behind and self._announced.get(symbol) is change:
                del self._announced[symbol]
        self._ended = {s: ending for s, ending in self._ended.items() if s in listed}
        self.compare()
        return True

    def _ending(self, instrument_id: InstrumentId) -> Ending:
        known = self._ended.get(instrument_id.symbol.value)
        return known or Ending(instrument_id, "", self._now_ns())


def _differ(told: Number, shown: Number) -> bool:
    try:
        return to_e8(told) != to_e8(shown)
    except MessageError:
        # What cannot be read cannot be waited for.
        return False


def _terms(instrument: Instrument) -> dict[str, object]:
    fields: dict[str, object] = type(instrument).to_dict(instrument)
    return {name: value for name, value in fields.items() if name not in ("ts_event", "ts_init")}
