"""A recorded story, told to a new client in the real engine in whatever order a test wants.

Not a test module. Nothing here comes over a wire or waits for time, so that what one order of
arrival costs is little more than the client's and the engine's own work.
"""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final
from unittest.mock import patch

from nautilus_trader.config import InstrumentProviderConfig
from nautilus_trader.model.orders import Order

from nautilus_paradex.providers import ParadexInstrumentProvider
from nautilus_paradex.transport.clock import VenueClock
from nautilus_paradex.transport.credentials import ParadexCredentials
from nautilus_paradex.transport.http import ParadexHttpClient
from nautilus_paradex.transport.rate_limit import Quota, RateClass, RateLimiter
from tests.integration.arrivals import Arrival, Kind
from tests.integration.execution_world import INSTRUMENT_ID, World
from tests.integration.recorded_venue import Recorded, RecordedVenue, SilentSocket
from tests.integration.still_loop import StillLoop
from tests.integration.stories import order_of
from tests.support import eventually

__all__ = ["Playback", "PlayedBack", "playback_of"]

_NO_LIMITS: Final = {rate_class: (Quota(1_000_000, 1),) for rate_class in RateClass}
_A_WHILE_SECS: Final = 20.0  # in which whatever waits for more news has asked for it


class PlayedBack(World):
    """A new client and engine, to which a venue only repeats itself."""

    def __init__(self, recorded: Recorded, venue: RecordedVenue, **shared: Any) -> None:
        super().__init__(recorded.world.server, recorded.world.config, **shared)
        self.mark = recorded.world.mark
        self._recorded = recorded
        self._venue = venue
        self._socket = SilentSocket(self.client)
        self.client._ws = self._socket

    async def start(self) -> None:
        self._venue.begin()
        self.engine.start()
        self.client.connect()
        await eventually(lambda: self.client.is_connected)
        self.client._account.positions.begin()

    async def stop(self) -> None:
        self.client.disconnect()
        await eventually(lambda: not self.client.is_connected)
        await self.client.cancel_pending_tasks()
        self.engine.stop()
        for task in (self.engine.get_cmd_queue_task(), self.engine.get_evt_queue_task()):
            await task

    @property
    def order(self) -> Order:
        return order_of(self)

    def ledger(self) -> dict[str, Any]:
        return self._recorded.ledger

    def happen(self, arrival: Arrival) -> None:
        """Give a command, let something arrive, or lose the connection."""
        if arrival.kind != Kind.ASK:
            self._venue.has_come_to(arrival.step)
        match arrival.kind:
            case Kind.ASK:
                self._recorded.story.deeds[arrival.step].ask(self)
            case Kind.ANSWER:
                self._venue.answer(arrival.step)
            case Kind.TELL:
                for message in self._recorded.said[arrival.step].messages[arrival.message]:
                    self.client._stream.take(message)
            case Kind.LOSE:
                self._socket.lose()


class Playback:
    """
    Tells a story again and again.

    What clients of one machine share, these share as well: the REST client and the instruments.
    """

    def __init__(self, recorded: Recorded, loop: StillLoop) -> None:
        self._recorded = recorded
        self._loop = loop
        self._venue = RecordedVenue(recorded)
        config, account = recorded.world.config, recorded.world.server.accounts[0]
        self._http = _KeptOpen(
            config.http_url,
            credentials=ParadexCredentials(account.address_hex, account.private_key_hex),
            transport=self._venue,
            clock=VenueClock(self._venue.now_ns),
            max_retries=0,
            limiter=RateLimiter(_NO_LIMITS),
        )
        self._provider = ParadexInstrumentProvider(
            self._http,
            InstrumentProviderConfig(load_ids=frozenset({INSTRUMENT_ID})),
        )

    @contextmanager
    def told(self, arrivals: Iterable[Arrival]) -> Iterator[PlayedBack]:
        """Give the world in which all of these have happened."""
        world = self._loop.complete(self._open())
        try:
            for arrival in arrivals:
                world.happen(arrival)
                self._loop.settle()
            yield world
        finally:
            self._loop.complete(world.stop())

    def wait(self) -> None:
        """Let a while pass, and with it whatever the client does in the end by itself."""
        self._loop.pass_time(_A_WHILE_SECS)

    async def open(self) -> None:
        await self._http.start()

    async def close(self) -> None:
        await self._http.close_for_good()

    async def _open(self) -> PlayedBack:
        world = PlayedBack(self._recorded, self._venue, http=self._http, provider=self._provider)
        await world.start()
        return world


class _KeptOpen(ParadexHttpClient):
    """A REST client that one user after the other has, started once."""

    async def start(self) -> None:
        if self.session is None:
            await super().start()

    async def close(self) -> None:
        """Left open for the next."""

    async def close_for_good(self) -> None:
        await super().close()


@contextmanager
def playback_of(recorded: Recorded) -> Iterator[Playback]:
    """Give a playback in a loop of its own, whose clock only a test moves."""
    loop = StillLoop(has_sockets=False)
    with patch.object(time, "monotonic", loop.time):
        playback = Playback(recorded, loop)
        loop.complete(playback.open())
        try:
            yield playback
        finally:
            loop.complete(playback.close())
            loop.close()
