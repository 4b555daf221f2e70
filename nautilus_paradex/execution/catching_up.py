"""What is done after a reconnection: everything that the silent channels may have left out.

Each step finds out for itself what it lacks; here is only their order, and that it goes on until
all of them have succeeded once.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from nautilus_trader.common.component import Logger
from nautilus_trader.common.enums import LogColor

from nautilus_paradex.execution.account.front import Account
from nautilus_paradex.execution.orders.recovery import Recovery
from nautilus_paradex.execution.patience import pauses
from nautilus_paradex.protocol.errors import ParadexError
from nautilus_paradex.transport.http import ParadexHttpClient

__all__ = ["CatchUp"]

_PAUSES_SECS: Final = (0.5, 1.0, 2.0, 5.0, 10.0)
_UNNOTICED_MS: Final = 90_000  # a dead socket shows by its missing pongs, or its silence, only


class CatchUp:
    """
    Catches up with the account after an interruption of its channels.

    Parameters
    ----------
    http : ParadexHttpClient
        The REST client.
    recovery : Recovery
        Catches up with orders and fills.
    account : Account
        Catches up with everything else.
    renew : callable
        Sets up again what lives as long as a connection.
    log : Logger
        The client's logger.

    """

    def __init__(
        self,
        http: ParadexHttpClient,
        recovery: Recovery,
        account: Account,
        renew: Callable[[], Awaitable[None]],
        log: Logger,
    ) -> None:
        self._http = http
        self._recovery = recovery
        self._account = account
        self._renew = renew
        self._log = log
        self._silent_since_ms: int | None = None

    def interrupted(self) -> None:
        """Note that the channels have ended; they may have been dead for a while before."""
        self._log.warning("Private connection lost: orders are caught up with once it is back")
        if self._silent_since_ms is None:
            self._silent_since_ms = self._http.clock.now_ms() - _UNNOTICED_MS

    async def run(self) -> None:
        """Try until all is caught up with; the caller ends it if the connection is lost again."""
        for pause_secs in pauses(_PAUSES_SECS):
            if await self._try():
                break
            await asyncio.sleep(pause_secs)
        self._silent_since_ms = None
        self._log.info("Caught up after the reconnection", LogColor.GREEN)

    async def _try(self) -> bool:
        since_ms = self._silent_since_ms
        if since_ms is None:
            since_ms = self._http.clock.now_ms() - _UNNOTICED_MS
        try:
            await self._http.sync_clock()
            await self._renew()
            markets = await self._recovery.resync(since_ms)
            await self._account.catch_up(since_ms, markets)
        except (ParadexError, TimeoutError) as exc:
            self._log.error(f"Could not catch up after the reconnection yet: {exc}")
            return False
        return True
