"""
The platform's side of what markets there are: subscriptions to instruments, status and closes.

How the venue is followed is in `listing`, `status` and `closes`, market data in `subscriptions`.
"""

import asyncio
from typing import Any

from nautilus_trader.data.messages import (
    SubscribeInstrument,
    SubscribeInstrumentClose,
    SubscribeInstruments,
    SubscribeInstrumentStatus,
    UnsubscribeInstrument,
    UnsubscribeInstrumentClose,
    UnsubscribeInstruments,
    UnsubscribeInstrumentStatus,
)
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.instruments import Instrument

from nautilus_paradex.feeds.bars import BarFollower
from nautilus_paradex.feeds.closes import CloseFeed
from nautilus_paradex.feeds.connections import Connection
from nautilus_paradex.feeds.listing import Ending, InstrumentChanges, MarketListing
from nautilus_paradex.feeds.requests import RequestAnsweringClient
from nautilus_paradex.feeds.status import StatusFeed
from nautilus_paradex.feeds.subscriber import StreamSubscriber
from nautilus_paradex.protocol import channels
from nautilus_paradex.protocol.json_feed import MarketChange
from nautilus_paradex.transport.http import ParadexHttpClient
from nautilus_paradex.transport.system_state import SystemStateReader

__all__ = ["InstrumentFollowingClient"]


class InstrumentFollowingClient(RequestAnsweringClient):
    """
    Base of the data client: follows what markets there are. The subclass sets what is declared.

    When all that is set the subclass calls `_set_up_instruments`; while it is connected it runs
    ``_listing.run()`` and `_poll_states`.

    """

    _http: ParadexHttpClient
    _subscriber: StreamSubscriber
    _bar_follower: BarFollower
    _system_state: SystemStateReader

    def _set_up_instruments(self) -> None:
        now_ns = self._clock.timestamp_ns
        feeds: dict[str, Any] = {
            "find": self._provider.find,
            "emit": self._handle_data,
            "now_ns": now_ns,
            "warn": self._log.warning,
        }
        self._status = StatusFeed(read_state=self._read_system_state, **feeds)
        self._closes = CloseFeed(read_price=self._http.settlement_price, **feeds)
        self._listing = MarketListing(
            self._provider,
            self._subscriber,
            on_changes=self._on_instruments_changed,
            now_ns=now_ns,
            warn=self._log.warning,
            interval_mins=self._settings.update_instruments_interval_mins,
        )
        # The close of a market comes before the status that it has ended.
        self._router.add_listener(MarketChange, self._closes.on_message)
        self._router.add_listener(MarketChange, self._listing.on_message)

    async def _poll_states(self) -> None:
        while True:
            await asyncio.sleep(self._settings.system_state_interval_secs)
            await self._status.poll()
            await self._closes.check()

    async def _read_system_state(self) -> str:
        # With half of it two clients that ask in turn make no more requests than one.
        max_age_secs = self._settings.system_state_interval_secs / 2
        reading = await self._system_state.read(self._http.system_state, max_age_secs)
        return reading.status

    def _look_for_missed_changes(self, connection: Connection) -> None:
        """Read the list of markets again after a connection that should have told its changes."""
        if channels.MARKETS in connection.channels:
            self._listing.ask()

    async def _subscribe_instruments(self, command: SubscribeInstruments) -> None:
        await self._listing.follow(("instruments", None))

    async def _subscribe_instrument(self, command: SubscribeInstrument) -> None:
        instrument_id = command.instrument_id
        await self._listing.follow(("instrument", instrument_id))
        instrument = self._provider.find(instrument_id)
        if instrument is None:
            # What this loads it emits.
            await self._instrument(instrument_id)
        else:
            self._handle_data(instrument)

    async def _subscribe_instrument_status(self, command: SubscribeInstrumentStatus) -> None:
        instrument_id = command.instrument_id
        await self._ensure_looked_up(instrument_id)
        await self._status.subscribe(instrument_id)
        await self._listing.follow(("status", instrument_id))

    async def _subscribe_instrument_close(self, command: SubscribeInstrumentClose) -> None:
        instrument_id = command.instrument_id
        await self._ensure_looked_up(instrument_id)
        await self._closes.subscribe(instrument_id)
        await self._listing.follow(("close", instrument_id))

    async def _unsubscribe_instruments(self, command: UnsubscribeInstruments) -> None:
        await self._listing.unfollow(("instruments", None))

    async def _unsubscribe_instrument(self, command: UnsubscribeInstrument) -> None:
        await self._listing.unfollow(("instrument", command.instrument_id))

    async def _unsubscribe_instrument_status(self, command: UnsubscribeInstrumentStatus) -> None:
        self._status.unsubscribe(command.instrument_id)
        await self._listing.unfollow(("status", command.instrument_id))

    async def _unsubscribe_instrument_close(self, command: UnsubscribeInstrumentClose) -> None:
        self._closes.unsubscribe(command.instrument_id)
        await self._listing.unfollow(("close", command.instrument_id))

    async def _ensure_looked_up(self, instrument_id: InstrumentId) -> None:
        await self._instrument(instrument_id)
        if self._provider.find(instrument_id) is None:
            # Only the cache has it: the venue must say whether it still lists the market.
            await self._provider.load_async(instrument_id)

    def _on_instruments_changed(self, changes: InstrumentChanges) -> None:
        self._cache_currencies()
        for instrument in (*changes.added, *changes.changed):
            self._on_listed(instrument)
        for ending in changes.ended:
            self._on_ended(ending)
        if changes.ended:
            self.create_task(self._closes.check(), log_msg="settlement prices")

    def _on_listed(self, instrument: Instrument) -> None:
        self._refresh(instrument)
        self._handle_data(instrument)
        self._status.on_listed(instrument.id)
        self._relist(instrument.id, is_listed=True)

    def _on_ended(self, ending: Ending) -> None:
        self._log.info(f"{ending.instrument_id} has ended: {ending.event or 'not listed'}")
        self._status.on_ended(ending)
        self._relist(ending.instrument_id, is_listed=False)

    def _relist(self, instrument_id: InstrumentId, *, is_listed: bool) -> None:
        self._bar_follower.relist(instrument_id, is_listed=is_listed)
        feed = self._router.get(instrument_id.symbol.value)
        if feed is not None:
            self.create_task(
                self._subscriber.relist(feed, is_listed=is_listed),
                log_msg=f"streams of {instrument_id}",
            )
