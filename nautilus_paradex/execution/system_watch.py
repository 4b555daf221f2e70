"""The state of the venue's system: followed, and told to strategies and to whoever reads the log.

What a state means for an order is decided in `nautilus_paradex.parsing.limits`.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import Final

from nautilus_trader.common.component import LiveClock, Logger, MessageBus
from nautilus_trader.common.enums import LogColor

from nautilus_paradex.execution.publishing import publish
from nautilus_paradex.parsing.custom_data import system_state
from nautilus_paradex.protocol.enums import SystemStatus
from nautilus_paradex.protocol.errors import ParadexError
from nautilus_paradex.transport.http import ParadexHttpClient
from nautilus_paradex.transport.system_state import StateReading, SystemStateReader

__all__ = ["SystemWatch"]

_CLOSE_WATCH_SECS: Final = 1.0
_FRESH_SECS: Final = 3.0

_MEANINGS: Final[dict[str, str]] = {
    SystemStatus.POST_ONLY: "only post-only orders near the fair price are taken, triggers pause",
    SystemStatus.CANCEL_ONLY: "cancels are taken and no orders, triggers pause",
    SystemStatus.MAINTENANCE: "nothing is taken, nothing trades",
}


class SystemWatch:
    """
    Asks for the state from time to time, and once a second while it is another than ``ok``.

    Parameters
    ----------
    http : ParadexHttpClient
        The REST client.
    reader : SystemStateReader
        Shares the answers with other clients of the venue.
    msgbus : MessageBus
        The platform's message bus, on which every change is published.
    clock : LiveClock
        The platform's clock.
    log : Logger
        The client's logger: a state other than ``ok`` is warned about when it begins.
    interval_secs : float
        The time between two questions while all is well.
    now_secs : callable
        A monotonic clock, seconds.

    """

    def __init__(
        self,
        http: ParadexHttpClient,
        reader: SystemStateReader,
        msgbus: MessageBus,
        clock: LiveClock,
        log: Logger,
        interval_secs: float,
        now_secs: Callable[[], float] = time.monotonic,
    ) -> None:
        self._http = http
        self._reader = reader
        self._msgbus = msgbus
        self._clock = clock
        self._log = log
        self._interval_secs = interval_secs
        self._now_secs = now_secs
        self._reading: StateReading | None = None
        self._task: asyncio.Task[None] | None = None
        self._is_blind = False

    @property
    def status(self) -> str | None:
        """The state as last told, None before."""
        return None if self._reading is None else self._reading.status

    @property
    def status_now(self) -> str | None:
        """The state if it was told within the last 3 seconds, otherwise None: nobody knows."""
        reading = self._reading
        if reading is None or self._now_secs() - reading.asked_at > _FRESH_SECS:
            return None
        return reading.status

    async def start(self) -> None:
        """
        Ask for the state, and go on asking.

        Raises
        ------
        RequestError
            If the venue could not be asked.
        MessageError
            If its answer could not be read.

        """
        await self.stop()
        await self.check()
        self._task = asyncio.create_task(self._keep(), name="paradex-system-watch")
        self._task.add_done_callback(self._on_done)

    async def stop(self) -> None:
        """Ask no more. May be called twice, and without `start`."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def check(self) -> None:
        """Ask for the state, and tell whoever cares if it has changed. Raises as `start` does."""
        previous = self.status
        # With half of it two clients that ask in turn make no more requests than one.
        max_age_secs = self._pause_secs / 2
        self._reading = await self._reader.read(self._http.system_state, max_age_secs)
        status = self._reading.status
        if status == previous:
            return
        if status != SystemStatus.OK:
            meaning = _MEANINGS.get(status, "what that means is not known")
            self._log.warning(f"The venue is in state {status!r}: {meaning}")
        elif previous is not None:
            self._log.info("The venue is in state 'ok' again", LogColor.GREEN)
        publish(self._msgbus, system_state(status, self._clock.timestamp_ns()))

    def _on_done(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._log.exception("The venue's state is not followed any more", error)

    @property
    def _pause_secs(self) -> float:
        if self.status in (None, SystemStatus.OK):
            return self._interval_secs
        return min(self._interval_secs, _CLOSE_WATCH_SECS)

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(self._pause_secs)
            try:
                await self.check()
            except ParadexError as exc:
                if not self._is_blind:
                    self._log.warning(f"The venue's state could not be asked for: {exc}")
                self._is_blind = True
            else:
                self._is_blind = False
