"""The account as the venue reports it, told to the platform: balances and the cross margin."""

from typing import Any

from nautilus_trader.common.component import LiveClock, Logger

from nautilus_paradex.parsing.account import account_balances, account_margins
from nautilus_paradex.parsing.reports import ts_ns
from nautilus_paradex.protocol import rest
from nautilus_paradex.protocol.conversion import account_event
from nautilus_paradex.protocol.enums import AccountStatus
from nautilus_paradex.protocol.events import AccountEvent
from nautilus_paradex.transport.http import ParadexHttpClient

__all__ = ["AccountReporter"]


class AccountReporter:
    """
    Emits an account state for what the venue says of the account.

    Every state carries all balances and all margins: the platform replaces what it had.

    Parameters
    ----------
    client : LiveExecutionClient
        The client that emits.
    http : ParadexHttpClient
        The REST client.
    clock : LiveClock
        The platform's clock.
    log : Logger
        The client's logger.

    """

    def __init__(
        self,
        client: Any,
        http: ParadexHttpClient,
        clock: LiveClock,
        log: Logger,
    ) -> None:
        self._client = client
        self._http = http
        self._clock = clock
        self._log = log
        self._tokens: list[rest.Balance] = []
        self._status: str | None = None
        self._updated_at = 0

    async def refresh(self) -> None:
        """
        Ask the venue for collateral, margin and token balances, and report them.

        Raises
        ------
        RequestError
            If the venue could not be asked.

        """
        summary = await self._http.account_summary()
        self._tokens = await self._http.balances()
        self.take(account_event(summary))

    def take(self, event: AccountEvent) -> None:
        """
        Report an account update; one older than the last is passed over.

        Raises
        ------
        MessageError
            If the update has no collateral.

        """
        updated_at = event.updated_at or event.ts or 0
        if updated_at < self._updated_at:
            return
        self._updated_at = updated_at
        self._watch_status(event.status)
        self._client.generate_account_state(
            balances=account_balances(event, self._tokens),
            margins=account_margins(event),
            reported=True,
            ts_event=ts_ns(updated_at) or self._clock.timestamp_ns(),
        )

    def _watch_status(self, status: str | None) -> None:
        if status == self._status:
            return
        self._status = status
        if status == AccountStatus.LIQUIDATION:
            self._log.error("The account is being liquidated")
        elif status != AccountStatus.ACTIVE:
            self._log.warning(f"Account status is {status!r}")
