"""Commands of the venue that the platform has no message for, and how a strategy gets at them.

Each is a coroutine of the execution client. What it does is done in a room of its own.
"""

from collections.abc import Callable
from datetime import datetime

from nautilus_trader.common.component import MessageBus
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.identifiers import ClientId, InstrumentId
from nautilus_trader.model.objects import Quantity

from nautilus_paradex.constants import PARADEX
from nautilus_paradex.data_types import ParadexFundingPayment
from nautilus_paradex.execution.account.funding import FundingPayments
from nautilus_paradex.execution.account.margin import MarginSetting, MarginSettings
from nautilus_paradex.execution.commands.algo import TwapOrder, Twaps
from nautilus_paradex.execution.commands.limits import OrderLimits
from nautilus_paradex.execution.system_watch import SystemWatch
from nautilus_paradex.protocol.algos import DEFAULT_FREQUENCY_SECS

__all__ = ["VenueCommands", "venue_commands"]


class VenueCommands:
    """
    The part of the execution client that strategies and scripts call directly.

    Its coroutines run in the node's event loop: a strategy starts one as a task.
    """

    id: ClientId
    _twaps: Twaps
    _margins: MarginSettings
    _funding: FundingPayments
    _limits: OrderLimits
    _system: SystemWatch

    @property
    def system_status(self) -> str | None:
        """The state of the venue's system as last told (`ParadexSystemState` tells changes)."""
        return self._system.status

    @property
    def near_limits(self) -> dict[str, int]:
        """How often something was sent that came near to a limit of the venue, by its name."""
        return self._limits.near

    async def submit_twap(
        self,
        instrument_id: InstrumentId,
        side: OrderSide,
        quantity: Quantity,
        *,
        duration_secs: int,
        frequency_secs: int = DEFAULT_FREQUENCY_SECS,
    ) -> TwapOrder:
        """
        Start a TWAP: market orders of even size, one every `frequency_secs`.

        Its children arrive as orders placed elsewhere. The venue takes no client id and no flags
        with it, so reduce-only cannot be asked for.

        Parameters
        ----------
        instrument_id : InstrumentId
            What to trade.
        side : OrderSide
            BUY or SELL.
        quantity : Quantity
            The total over all children.
        duration_secs : int
            How long it runs: 30 to 86,400 s in multiples of 30 (openapi).
        frequency_secs : int, default 30
            The time between two children.

        Raises
        ------
        CommandDeniedError
            If the venue could not take it; nothing was sent.
        SigningError, NotSentError
            If it could not be signed or sent.
        VenueError
            If the venue refused it.
        TwapNotAcceptedError
            If the answer was lost and the venue shows none like it once it can no longer arrive.
        AmbiguousTwapError
            If the answer was lost and several fit it, since algo orders carry no client id.
        UnknownOutcomeError
            If the client was closed before its outcome was known.

        """
        return await self._twaps.start(
            instrument_id,
            side,
            quantity,
            duration_secs=duration_secs,
            frequency_secs=frequency_secs,
        )

    async def open_twaps(self) -> list[TwapOrder]:
        """
        Return the TWAPs of the account that run, those of an earlier run among them.

        Raises
        ------
        RequestError
            If the venue could not be asked.
        MessageError
            If its answer could not be read.

        """
        return await self._twaps.running()

    async def margin(self, instrument_id: InstrumentId) -> MarginSetting:
        """
        Return leverage and margin type of a market, as the account has them at the venue.

        Raises
        ------
        RequestError
            If the venue could not be asked.
        MessageError
            If its answer could not be read.

        """
        return await self._margins.get(instrument_id.symbol.value)

    async def set_margin(
        self,
        instrument_id: InstrumentId,
        leverage: int,
        margin_type: str | None = None,
    ) -> MarginSetting:
        """
        Choose leverage and margin type of a market, and return them as the venue confirms.

        The account's initial margin follows with the next account update. The request is repeated
        where its outcome is unknown.

        Parameters
        ----------
        instrument_id : InstrumentId
            The market.
        leverage : int
            From 1 to the market's maximum.
        margin_type : str, optional
            ``CROSS`` or ``ISOLATED``. If None then the venue is asked for the one that the market
            has, and that is kept; of an isolated account the venue does not show it.

        Raises
        ------
        CommandDeniedError
            If leverage or type make no sense, or no type was given and the venue does not show
            it; nothing was changed.
        NotSentError
            If it could not be sent.
        VenueError
            If the venue refused, or answered with a failure of its own however often it was sent
            (`ServerError`).
        UnknownOutcomeError
            If no answer came, however often it was sent.
        MessageError
            If the venue confirms something else.

        """
        return await self._margins.set(instrument_id.symbol.value, leverage, margin_type)

    async def funding_payments(
        self,
        instrument_id: InstrumentId,
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> list[ParadexFundingPayment]:
        """
        Return the account's funding payments in a market, the oldest first.

        Those made while no node was running are nowhere else: what is published are payments from
        the connection on. A payment may be in both; its ``payment_id`` tells.

        Parameters
        ----------
        instrument_id : InstrumentId
            The market; the venue wants one (openapi).
        start, end : datetime, optional
            The span of time, with time zone; as far as the venue's records reach if None.

        Raises
        ------
        RequestError
            If the venue could not be asked, or lists more than 100,000 of them.
        MessageError
            If its answer could not be read.

        """
        market = instrument_id.symbol.value
        return await self._funding.history(market, _ms(start), _ms(end))

    # -- How a strategy gets here ------------------------------------------------------------------

    def offer_venue_commands(self, msgbus: MessageBus) -> None:
        """Let `venue_commands` find this client."""
        if _endpoint(self.id.value) not in msgbus.endpoints():
            msgbus.register(_endpoint(self.id.value), self._answer)

    def withdraw_venue_commands(self, msgbus: MessageBus) -> None:
        """Let nobody find this client any more."""
        if _endpoint(self.id.value) in msgbus.endpoints():
            msgbus.deregister(_endpoint(self.id.value), self._answer)

    def _answer(self, take: Callable[["VenueCommands"], None]) -> None:
        take(self)


def venue_commands(msgbus: MessageBus, name: str = PARADEX) -> VenueCommands:
    """
    Return the commands of the connected execution client of a node.

    Parameters
    ----------
    msgbus : MessageBus
        The node's message bus; a strategy's is ``self.msgbus``.
    name : str, default "PARADEX"
        The client's name.

    Raises
    ------
    LookupError
        If no Paradex execution client of that name is connected.

    """
    found: list[VenueCommands] = []
    if _endpoint(name) in msgbus.endpoints():
        msgbus.send(_endpoint(name), found.append)
    if not found:
        raise LookupError(f"no Paradex execution client named {name!r} is connected")
    return found[0]


def _endpoint(name: str) -> str:
    return f"{name}.venue_commands"


def _ms(time: datetime | None) -> int | None:
    return None if time is None else int(time.timestamp() * 1_000)
