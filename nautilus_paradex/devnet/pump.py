"""The heartbeat of the venue: runs the engine when something is queued and as time passes."""

import asyncio
from collections.abc import Callable
from typing import Final

__all__ = ["Pump"]

_CLOCK_MARGIN_MS: Final = 2


class Pump:
    """
    Calls the engine.

    Parameters
    ----------
    process : Callable
        Executes what is queued.
    order_delay_ms : int
        How long a request waits in the queue.

    """

    def __init__(self, process: Callable[[], object], order_delay_ms: int) -> None:
        self._process = process
        self._delay_secs = order_delay_ms / 1_000
        self._scheduled: asyncio.Handle | None = None
        self._bumped: set[asyncio.Handle] = set()

    def queued(self, bump_ms: int = 0) -> None:
        """
        Run the engine soon: after the reply to the current request, as a rule.

        Parameters
        ----------
        bump_ms : int, default 0
            How much later than others what was queued may be executed.

        """
        if bump_ms:
            self._run_after(bump_ms)
        elif self._scheduled is None:
            loop = asyncio.get_running_loop()
            self._scheduled = loop.call_later(self._delay_secs, self._run)

    async def run(self, *rhythms: tuple[float, Callable[[], object]]) -> None:
        """Call each function at its interval (seconds) until cancelled or one of them fails."""
        async with asyncio.TaskGroup() as group:
            for interval_secs, action in rhythms:
                group.create_task(_repeat(interval_secs, action))

    def stop(self) -> None:
        if self._scheduled is not None:
            self._scheduled.cancel()
            self._scheduled = None
        for handle in self._bumped:
            handle.cancel()
        self._bumped.clear()

    def _run_after(self, bump_ms: int) -> None:
        # A little late, so that the venue's clock says so too.
        delay_secs = self._delay_secs + (bump_ms + _CLOCK_MARGIN_MS) / 1_000

        def run() -> None:
            self._bumped.discard(handle)
            self._process()

        handle = asyncio.get_running_loop().call_later(delay_secs, run)
        self._bumped.add(handle)

    def _run(self) -> None:
        self._scheduled = None
        self._process()


async def _repeat(interval_secs: float, action: Callable[[], object]) -> None:
    while True:
        await asyncio.sleep(interval_secs)
        action()
