"""
Tells whether the subscribed instruments trade: at subscription, then whenever that changes.

The state of the system is polled, for there is no channel of it; changes of markets come from
`listing`. What they mean is in `nautilus_paradex.parsing.market_status`.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.instruments import Instrument

from nautilus_paradex.feeds.listing import Ending
from nautilus_paradex.feeds.once import WarnOnce
from nautilus_paradex.parsing.market_status import (
    SYSTEM_CONDITIONS,
    Condition,
    ended_condition,
    instrument_status,
    market_condition,
)
from nautilus_paradex.protocol.errors import ParadexError

__all__ = ["StatusFeed"]

_NS_PER_MS: Final = 1_000_000


class StatusFeed:
    """
    Keeps the status of instruments, and emits what is new.

    Parameters
    ----------
    find : Callable[[InstrumentId], Instrument | None]
        Finds the instrument of a market that is listed.
    read_state : Callable[[], Awaitable[str]]
        Asks the venue for the state of its system.
    emit : Callable[[object], None]
        Takes the platform's objects.
    now_ns : Callable[[], int]
        The platform's clock, Unix ns.
    warn : Callable[[str], None]
        Takes warnings.

    """

    def __init__(
        self,
        *,
        find: Callable[[InstrumentId], Instrument | None],
        read_state: Callable[[], Awaitable[str]],
        emit: Callable[[object], None],
        now_ns: Callable[[], int],
        warn: Callable[[str], None],
    ) -> None:
        self._find = find
        self._read_state = read_state
        self._emit = emit
        self._now_ns = now_ns
        self._warn = warn
        self._warn_once = WarnOnce(warn)
        self._told: dict[InstrumentId, Condition | None] = {}
        self._endings: dict[InstrumentId, Ending] = {}
        self._system: str | None = None
        self._polling = asyncio.Lock()
        self._failed = False

    @property
    def is_used(self) -> bool:
        """Whether anything is subscribed."""
        return bool(self._told)

    async def subscribe(self, instrument_id: InstrumentId) -> None:
        """Tell the present status, as soon as it is known, and what it becomes."""
        if not self._told:
            # Nobody has followed the system since: what was known of it may be old.
            self._system = None
        self._told[instrument_id] = None
        if self._system is None:
            await self._poll_once()
        self.update([instrument_id])

    def unsubscribe(self, instrument_id: InstrumentId) -> None:
        """Tell no more."""
        self._told.pop(instrument_id, None)
        self._endings.pop(instrument_id, None)

    async def poll(self) -> None:
        """Ask for the state of the system, and tell what has changed by it or by the clock."""
        if not self._told:
            return
        async with self._polling:
            await self._ask()
        self.update()

    def on_ended(self, ending: Ending) -> None:
        """Take the end of a market."""
        if ending.instrument_id in self._told:
            self._endings[ending.instrument_id] = ending
            self.update([ending.instrument_id])

    def on_listed(self, instrument_id: InstrumentId) -> None:
        """Take a market as new or changed."""
        self._endings.pop(instrument_id, None)
        self.update([instrument_id])

    def update(self, instrument_ids: "list[InstrumentId] | None" = None) -> None:
        """Emit what is new of the given instruments, of all that are subscribed if None."""
        wanted = tuple(self._told) if instrument_ids is None else instrument_ids
        for instrument_id in wanted:
            if instrument_id in self._told:
                self._tell(instrument_id)

    async def _poll_once(self) -> None:
        """Ask for the state unless somebody else just did."""
        async with self._polling:
            if self._system is None:
                await self._ask()

    async def _ask(self) -> None:
        try:
            status = await self._read_state()
        except ParadexError as exc:
            if not self._failed:
                self._warn(f"State of the system unknown, status stays as it was told: {exc}")
            self._failed = True
            return
        self._failed = False
        self._system = status
        if status not in SYSTEM_CONDITIONS:
            self._warn_once(f"system/{status}", f"State of the system {status!r} is not known")

    def _tell(self, instrument_id: InstrumentId) -> None:
        now_ns = self._now_ns()
        ending = self._endings.get(instrument_id)
        try:
            condition = self._condition(instrument_id, ending, now_ns)
        except ParadexError as exc:
            self._warn_once(f"terms/{instrument_id}", f"Status of {instrument_id} unknown: {exc}")
            return
        if condition is None or condition == self._told[instrument_id]:
            return
        self._told[instrument_id] = condition
        ts_event = now_ns if ending is None else ending.ts_event
        self._emit(instrument_status(instrument_id, condition, ts_event, now_ns))

    def _condition(
        self, instrument_id: InstrumentId, ending: Ending | None, now_ns: int
    ) -> Condition | None:
        instrument = self._find(instrument_id)
        if instrument is None:
            return ended_condition("" if ending is None else ending.event)
        return market_condition(instrument.info or {}, self._system, now_ns // _NS_PER_MS)
