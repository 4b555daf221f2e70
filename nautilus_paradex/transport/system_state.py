"""The state of the venue's system, asked for once by all clients of a process that want to know it.

There is no channel for it. What a state means is decided in `nautilus_paradex.parsing`.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from nautilus_paradex.protocol.rest import SystemState

__all__ = ["StateReading", "SystemStateReader"]


@dataclass(frozen=True, slots=True)
class StateReading:
    """
    What the venue answered.

    Parameters
    ----------
    status : str
        The state (`SystemStatus`, or a new one).
    asked_at : float
        When it was asked, monotonic seconds: the answer is at most that old.

    """

    status: str
    asked_at: float


class SystemStateReader:
    """
    Keeps the last answer of one venue.

    Parameters
    ----------
    now_secs : callable
        A monotonic clock, seconds.

    """

    def __init__(self, now_secs: Callable[[], float] = time.monotonic) -> None:
        self._now_secs = now_secs
        self._asking = asyncio.Lock()
        self._last: StateReading | None = None

    async def read(
        self,
        ask: Callable[[], Awaitable[SystemState]],
        max_age_secs: float,
    ) -> StateReading:
        """
        Return the last answer if it is young enough, otherwise a new one.

        Parameters
        ----------
        ask : callable
            Asks the venue: `ParadexHttpClient.system_state`.
        max_age_secs : float
            How old an answer may be, seconds.

        Raises
        ------
        RequestError
            If the venue could not be asked.
        MessageError
            If its answer could not be read.

        """
        async with self._asking:
            now = self._now_secs()
            if self._last is None or now - self._last.asked_at > max_age_secs:
                self._last = StateReading((await ask()).status, now)
            return self._last
