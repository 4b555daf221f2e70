"""The account as the venue reports it, told to the platform: balances and the cross margin.

Three sources: the summary (REST and the ``account`` channel); the balance events, which say what
moved the settlement balance; and the list of tokens, which no channel carries and which is read
again when a fill or a transfer has moved one of them.
"""

import asyncio
from typing import Any, Final

from nautilus_trader.model.instruments import CurrencyPair

from nautilus_paradex.execution.platform import Platform
from nautilus_paradex.parsing.account import (
    SETTLEMENT_ASSET,
    account_balances,
    account_info,
    account_margins,
    balance_event_info,
    balance_event_ts_us,
    follows,
    realized_funding_of,
    token_sizes,
    with_balance_event,
)
from nautilus_paradex.parsing.instruments import instrument_id_from_symbol
from nautilus_paradex.parsing.reports import ts_ns
from nautilus_paradex.protocol import rest
from nautilus_paradex.protocol.conversion import account_event
from nautilus_paradex.protocol.enums import AccountStatus
from nautilus_paradex.protocol.errors import ParadexError
from nautilus_paradex.protocol.events import AccountEvent, FillEvent
from nautilus_paradex.protocol.json_feed import BalanceEvent
from nautilus_paradex.transport.http import ParadexHttpClient

__all__ = ["AccountReporter"]

_SETTLE_SECS: Final = 0.2  # between a fill and the read of the balances it moved
_PAUSE_SECS: Final = 1.0  # between reads while one fill follows the other
_MAX_FAILURES: Final = 5


class AccountReporter:
    """
    Emits an account state for what the venue says of the account.

    Every state carries all balances and all margins: the platform keeps the balances and replaces
    the margins that it had. Its `info` holds the venue's own figures and, where a balance event
    caused it, what moved the balance.

    Parameters
    ----------
    platform : Platform
        The platform, as the client knows it.
    http : ParadexHttpClient
        The REST client.

    """

    def __init__(
        self,
        platform: Platform,
        http: ParadexHttpClient,
    ) -> None:
        self._client = platform.client
        self._http = http
        self._cache = platform.cache
        self._clock = platform.clock
        self._log = platform.log
        self._create_task = platform.create_task
        self._summary: AccountEvent | None = None
        self._tokens: dict[str, int] = {}
        self._status: str | None = None
        self._told: object = None
        self._read_at_us = 0
        self._refreshing = asyncio.Lock()
        self._is_refreshing = False
        self._is_outdated = False

    async def refresh(self) -> None:
        """
        Ask the venue for collateral, margin and token balances, and report them.

        Raises
        ------
        RequestError
            If the venue could not be asked.
        MessageError
            If its answer has no collateral.

        """
        # One after the other: an answer that was slow must not come after a later one.
        async with self._refreshing:
            summary = account_event(await self._http.account_summary())
            self._tokens = token_sizes(await self._http.balances(), self._tokens)
            self._emit(self._newest(summary))
            self._read_at_us = max(self._read_at_us, _ts_us(summary))

    def take(self, event: AccountEvent) -> None:
        """
        Report an account update if it changes anything; one older than the last is passed over.

        After two balances of the same moment the account is read again.

        Raises
        ------
        MessageError
            If the update has no collateral.

        """
        newest = self._newest(event)
        if newest is event and self._figures(event) != self._told:
            self._emit(event)
        self._read_at_us = max(self._read_at_us, _ts_us(event))

    def take_balance(self, event: BalanceEvent) -> None:
        """
        Report what moved the settlement balance.

        The summary may have told the change before: then only funding is worth a state of its own.

        Raises
        ------
        MessageError
            If the event tells no balance.

        """
        summary = self._summary
        if summary is None:
            return
        if balance_event_ts_us(event) > _ts_us(summary):
            if not follows(summary, event):
                # Something was missed, or it is another account's: the event does not name one.
                self.refresh_soon()
                return
            summary = with_balance_event(summary, event)
        if self._figures(summary) != self._told or realized_funding_of(event):
            self._emit(summary, {"balance_event": balance_event_info(event)})

    def take_fill(self, fill: FillEvent) -> None:
        """Have the token balances read again if a fill has moved one of them."""
        currency = fill.fee_currency
        if (currency and currency != self._settlement_asset) or self._is_spot(fill.market):
            self.refresh_soon()

    def take_transfer(self, transfer: rest.Transfer) -> None:
        """Log a deposit or withdrawal, and have the balances read again."""
        what = f"Transfer {transfer.kind} {transfer.amount} {transfer.token} {transfer.status}"
        if transfer.failure_reason:
            self._log.warning(f"{what}: {transfer.failure_reason}")
        else:
            self._log.info(what)
        self.refresh_soon()

    def refresh_soon(self) -> None:
        """Read the account again in a moment; once for all that ask until then."""
        self._is_outdated = True
        if not self._is_refreshing:
            self._is_refreshing = True
            self._create_task(self._keep_refreshing())

    async def _keep_refreshing(self) -> None:
        failures = 0
        try:
            await asyncio.sleep(_SETTLE_SECS)
            while self._is_outdated and failures < _MAX_FAILURES:
                self._is_outdated = False
                try:
                    await self.refresh()
                except ParadexError as exc:
                    self._log.warning(f"Cannot read the account's balances yet: {exc}")
                    self._is_outdated = True
                    failures += 1
                await asyncio.sleep(_PAUSE_SECS)
        finally:
            self._is_refreshing = False
        if self._is_outdated:
            self._log.error("The account's balances could not be read: they may be out of date")

    # -- Parts -----------------------------------------------------------------------------------

    def _newest(self, event: AccountEvent) -> AccountEvent:
        known = self._summary
        # REST tells milliseconds, some channels microseconds.
        if known is None or _ts_us(event) // 1_000 > _ts_us(known) // 1_000:
            return event
        has_balance = event.total_collateral == known.total_collateral
        if _ts_us(event) // 1_000 == _ts_us(known) // 1_000:
            if not has_balance:
                self.refresh_soon()  # which of the two is the later, only the venue knows
            return event
        # What moved the balance may be stamped later than the update that tells of the same.
        return event if has_balance and _ts_us(event) > self._read_at_us else known

    def _emit(self, summary: AccountEvent, info: dict[str, Any] | None = None) -> None:
        balances = account_balances(summary, self._tokens)
        margins = account_margins(summary)
        # Taken over only now: what cannot be expressed must not count as known.
        self._summary = summary
        self._told = self._figures(summary)
        self._watch_status(summary.status)
        self._client.generate_account_state(
            balances=balances,
            margins=margins,
            reported=True,
            ts_event=ts_ns(_ts_us(summary)) or self._clock.timestamp_ns(),
            info=account_info(summary) | (info or {}),
        )

    def _figures(self, summary: AccountEvent) -> object:
        """What of an account makes a state of its own worth while."""
        return (
            summary.total_collateral,
            summary.free_collateral,
            summary.initial_margin_req,
            summary.maintenance_margin_req,
            summary.status,
            tuple(self._tokens.items()),
        )

    def _watch_status(self, status: str | None) -> None:
        if status == self._status:
            return
        self._status = status
        if status == AccountStatus.LIQUIDATION:
            self._log.error("The account is being liquidated")
        elif status != AccountStatus.ACTIVE:
            self._log.warning(f"Account status is {status!r}")

    def _is_spot(self, market: str | None) -> bool:
        if not market:
            return False
        return isinstance(self._cache.instrument(instrument_id_from_symbol(market)), CurrencyPair)

    @property
    def _settlement_asset(self) -> str:
        summary = self._summary
        return (summary and summary.settlement_asset) or SETTLEMENT_ASSET


def _ts_us(event: AccountEvent) -> int:
    return event.updated_at or event.ts or 0
