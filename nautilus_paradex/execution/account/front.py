"""What the venue says of the account: the front of the parts that take it in.

They move one another: a fill moves balances, one that is taken back position and balances, and what
explains a position are fills and busts that were missed.
"""

from collections.abc import Callable, Iterable
from typing import Any

from nautilus_paradex.execution.account.balances import AccountReporter
from nautilus_paradex.execution.account.busts import TradeBusts
from nautilus_paradex.execution.account.commission import Commissions
from nautilus_paradex.execution.account.funding import FundingPayments
from nautilus_paradex.execution.account.positions import PositionWatch
from nautilus_paradex.execution.instruments import InstrumentLoader
from nautilus_paradex.execution.orders.events import OrderEvents
from nautilus_paradex.execution.orders.recovery import Recovery
from nautilus_paradex.execution.platform import Platform
from nautilus_paradex.protocol import rest
from nautilus_paradex.protocol.events import AccountEvent, FillEvent, PositionEvent
from nautilus_paradex.protocol.json_feed import BalanceEvent
from nautilus_paradex.transport.http import ParadexHttpClient

__all__ = ["Account"]


class Account:
    """
    Hands what is told of the account to who takes it in.

    Parameters
    ----------
    platform : Platform
        The platform, as the client knows it.
    http : ParadexHttpClient
        The REST client.
    events : OrderEvents
        Where fills are taken in.
    recovery : Recovery
        Reads the fills that were missed.
    instruments : InstrumentLoader
        Loads instruments that the platform does not know.
    is_retail : bool
        If the account trades with the retail profile.

    Attributes
    ----------
    balances : AccountReporter
    positions : PositionWatch
    funding : FundingPayments
    busts : TradeBusts
    commissions : Commissions

    """

    def __init__(
        self,
        platform: Platform,
        http: ParadexHttpClient,
        events: OrderEvents,
        recovery: Recovery,
        instruments: InstrumentLoader,
        *,
        is_retail: bool,
    ) -> None:
        self._http = http
        self._events = events
        self._recovery = recovery
        self.balances = AccountReporter(platform, http)
        self.positions = PositionWatch(platform, http, self._explain, instruments)
        self.funding = FundingPayments(http, platform.msgbus, platform.clock)
        self.busts = TradeBusts(platform, http, events, self._on_bust)
        self.commissions = Commissions(platform.cache, is_retail=is_retail)

    def handlers(self) -> dict[type, Callable[[Any], None]]:
        """Return who takes in which message."""
        return {
            FillEvent: self._take_fill,
            AccountEvent: self.balances.take,
            BalanceEvent: self._take_balance,
            rest.Transfer: self.balances.take_transfer,
            PositionEvent: self.positions.take,
            rest.FundingPayment: self.funding.take,
            rest.TradeBust: self.busts.take,
        }

    async def catch_up(self, since_ms: int, markets: Iterable[str]) -> None:
        """
        Take in what the streams may not have told since a time, fills and orders apart.

        Parameters
        ----------
        since_ms : int
            The venue's time.
        markets : Iterable
            Those traded in since.

        Raises
        ------
        RequestError
            If the venue could not be asked.
        MessageError
            If its answer could not be read.

        """
        await self.funding.catch_up(since_ms, markets)
        await self.busts.catch_up(since_ms)
        await self.balances.refresh()
        await self.positions.reconcile(None, "told while the connection was lost")

    def _take_fill(self, fill: FillEvent) -> None:
        self.commissions.note(fill)
        self._events.take_fill(fill)
        self.balances.take_fill(fill)

    def _take_balance(self, event: BalanceEvent) -> None:
        # They name no account: beside an isolated one those of the main account arrive as well.
        if not self._http.acting_account.is_isolated:
            self.balances.take_balance(event)

    async def _explain(self, since_ms: int) -> None:
        await self._recovery.resync(since_ms)
        await self.busts.catch_up(since_ms)

    def _on_bust(self, fill_id: str) -> None:
        self.positions.reconcile_soon(f"fill {fill_id} was taken back")
        self.balances.refresh_soon()
