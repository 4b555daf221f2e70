"""The platform's positions held against the venue's, and brought in line where they differ.

The platform makes positions of fills. A difference that stays although the fills are in means that
something moved the position that was told by no fill, or that a fill was lost: then fills and trade
busts are read again, and if that does not help, the venue's position is reported.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from nautilus_trader.model.events import PositionEvent as PlatformPositionEvent
from nautilus_trader.model.instruments import CurrencyPair

from nautilus_paradex.constants import PARADEX_VENUE
from nautilus_paradex.execution.instruments import InstrumentLoader
from nautilus_paradex.execution.platform import Platform
from nautilus_paradex.parsing.instruments import instrument_id_from_symbol
from nautilus_paradex.parsing.reports import flat_position_report, position_status_report
from nautilus_paradex.protocol.conversion import position_event
from nautilus_paradex.protocol.enums import OrderSide
from nautilus_paradex.protocol.errors import ParadexError
from nautilus_paradex.protocol.events import PositionEvent
from nautilus_paradex.protocol.numbers import E8, e8_to_str
from nautilus_paradex.transport.http import ParadexHttpClient

__all__ = ["Explain", "PositionWatch"]

_GRACE_SECS: Final = 3.0  # one channel may trail another, and events wait in the engine's queue
_POLL_SECS: Final = 0.05
_READINGS: Final = 10
_READING_DELAY_SECS: Final = 0.5
_LOOKBACK_MS: Final = 600_000
_RETRY_SECS: Final = 5.0


type Explain = Callable[[int], Awaitable[None]]
"""Reads what may have moved positions since a time, ms, and tells the platform what it lacks."""


class PositionWatch:
    """
    Compares positions, and reports the venue's where the difference stays.

    Nothing is compared before `begin`: until the platform has taken over the account's positions
    they differ rightly.

    Parameters
    ----------
    platform : Platform
        The platform, as the client knows it.
    http : ParadexHttpClient
        The REST client.
    explain : Explain
        Brings missing fills, and undoes busted ones, before a position is reported.
    instruments : InstrumentLoader
        Loads instruments that the platform does not know.

    """

    def __init__(
        self,
        platform: Platform,
        http: ParadexHttpClient,
        explain: Explain,
        instruments: InstrumentLoader,
    ) -> None:
        self._platform = platform
        self._http = http
        self._explain = explain
        self._instruments = instruments
        self._cache = platform.cache
        self._clock = platform.clock
        self._log = platform.log
        self._create_task = platform.create_task
        self._has_begun = False
        self._venue: dict[str, PositionEvent] = {}
        self._accepted: dict[str, int] = {}
        self._watched: set[str] = set()
        self._lock = asyncio.Lock()
        platform.msgbus.subscribe("events.position.*", self._on_changed_here)

    def begin(self) -> None:
        """Compare from here on: the platform has been told of the account's positions."""
        self._has_begun = True
        why = "it differs after the start"
        self._create_task(self._until_answered(lambda: self.reconcile(None, why)))

    def take(self, event: PositionEvent) -> None:
        """Take in an update; one that the platform does not come to share is looked into."""
        market = event.market
        if not market:
            return
        known = self._venue.get(market)
        if known is None or _ts_us(event) >= _ts_us(known):
            self._venue[market] = event
        if self._has_begun:
            self._compare(market)

    def reconcile_soon(self, why: str) -> None:
        """Bring every position in line, because of what is known to have moved one."""
        if self._has_begun:
            self._create_task(self._until_answered(lambda: self.reconcile(None, why)))

    async def reconcile(self, market: str | None, why: str) -> None:
        """
        Read positions where they may differ, of one market or of all, and bring them in line.

        Fills and busts first: what they explain needs no report.

        Raises
        ------
        RequestError
            If the venue could not be asked.
        MessageError
            If its answer could not be read, or a position cannot be expressed.

        """
        if not self._has_begun:
            return
        async with self._lock:
            await self._read_positions()
            if await self._come_to_agree(market):
                return
            await self._explain(self._http.clock.now_ms() - _LOOKBACK_MS)
            before: dict[str, tuple[int, int]] = {}
            for _ in range(_READINGS):
                await self._read_positions()
                differing = self._differing(market)
                if not differing:
                    return
                # The same twice in a row: then it is not that the account is trading just now.
                for symbol in [m for m, sizes in differing.items() if before.get(m) == sizes]:
                    await self._correct(symbol, why)
                before = differing
                await asyncio.sleep(_READING_DELAY_SECS)
            self._log.warning(f"Positions in {', '.join(differing)} do not settle: {why}")

    # -- Comparing -------------------------------------------------------------------------------

    def _on_changed_here(self, event: PlatformPositionEvent) -> None:
        # A fill that comes after its position was brought in line is counted twice.
        if not self._has_begun or event.account_id != self._platform.account_id:
            return
        if not isinstance(self._cache.instrument(event.instrument_id), CurrencyPair):
            self._compare(event.instrument_id.symbol.value)

    def _compare(self, market: str) -> None:
        if market not in self._watched and not self._agree(market):
            self._watched.add(market)
            self._create_task(self._look_into(market))

    async def _look_into(self, market: str) -> None:
        try:
            if await self._come_to_agree(market):
                return
            why = "a position update differs although the fills should be in"
            self._log.warning(
                f"The venue's position in {market} is {_text(self._venue_size(market))}, here it "
                f"is {_text(self._platform_size(market))}: reading fills and positions again",
            )
            await self._until_answered(lambda: self.reconcile(market, why))
        finally:
            self._watched.discard(market)

    async def _come_to_agree(self, market: str | None) -> bool:
        """Whether the sizes agree at some moment of the grace period, of one market or of all."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _GRACE_SECS
        while self._differing(market):
            if loop.time() >= deadline:
                return False
            await asyncio.sleep(_POLL_SECS)
        return True

    def _agree(self, market: str) -> bool:
        difference = self._venue_size(market) - self._platform_size(market)
        return difference in (0, self._accepted.get(market))

    def _differing(self, market: str | None) -> dict[str, tuple[int, int]]:
        """Return the sizes at the venue and here where they differ, by market."""
        markets = {*self._venue, *self._held_markets()} if market is None else {market}
        return {
            symbol: (self._venue_size(symbol), self._platform_size(symbol))
            for symbol in sorted(markets)
            if not self._agree(symbol)
        }

    def _venue_size(self, market: str) -> int:
        event = self._venue.get(market)
        if event is None:
            return 0
        size = event.size or 0
        return -size if event.side == OrderSide.SELL else size

    def _platform_size(self, market: str) -> int:
        net = self._platform.net_position(instrument_id_from_symbol(market))
        return int(net * E8)

    def _held_markets(self) -> set[str]:
        positions = self._cache.positions_open(
            venue=PARADEX_VENUE,
            account_id=self._platform.account_id,
        )
        return {
            position.instrument_id.symbol.value
            for position in positions
            # The venue keeps balances of spot markets' tokens, and no positions.
            if not isinstance(self._cache.instrument(position.instrument_id), CurrencyPair)
        }

    # -- Correcting ------------------------------------------------------------------------------

    async def _read_positions(self) -> None:
        before = dict(self._venue)
        listed = [position_event(position) for position in await self._http.positions()]
        # What is not listed is flat, unless the stream has told of it since.
        arrived = {m: event for m, event in self._venue.items() if event is not before.get(m)}
        self._venue = arrived | {
            event.market: self._newer(event, is_arriving=event.market in arrived)
            for event in listed
            if event.market
        }

    def _newer(self, listed: PositionEvent, *, is_arriving: bool) -> PositionEvent:
        """Return a position as listed, or as the stream has it where that is ahead of the list."""
        known = self._venue.get(listed.market or "")
        if known is None:
            return listed
        # REST has milliseconds. Within one the list is the newer, unless it was on its way.
        ahead_ms = _ts_us(known) // 1_000 - _ts_us(listed) // 1_000
        return known if ahead_ms > 0 or (is_arriving and ahead_ms == 0) else listed

    async def _correct(self, market: str, why: str) -> None:
        event = self._venue.get(market)
        instrument = await self._instruments.get(market)
        self._log.warning(
            f"Bringing the position in {market} in line with the venue's: "
            f"{_text(self._platform_size(market))} -> {_text(self._venue_size(market))} ({why})",
        )
        common = {
            "account_id": self._platform.account_id,
            "instrument": instrument,
            "ts_init": self._clock.timestamp_ns(),
        }
        self._platform.send_position_report(
            flat_position_report(**common)
            if event is None or not event.size
            else position_status_report(event, **common),
        )
        # The engine handles a report at once, unless it is configured to leave positions alone.
        difference = self._venue_size(market) - self._platform_size(market)
        if difference:
            self._accepted[market] = difference
            self._log.error(
                f"The engine did not follow: the position in {market} stays {_text(difference)} "
                "off the venue's, see the settings of its reconciliation",
            )

    async def _until_answered(self, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await work()
            except ParadexError as exc:
                self._log.error(f"Positions could not be brought in line yet: {exc}")
                await asyncio.sleep(_RETRY_SECS)
            else:
                return


def _ts_us(event: PositionEvent) -> int:
    return event.updated_at or event.ts or 0


def _text(size_e8: int) -> str:
    return e8_to_str(size_e8)
