"""Leverage and margin type per market, as the configuration or a strategy wants them.

The venue keeps them with the account, for every client of it. Balances and requirements are told
by `account`.
"""

from dataclasses import dataclass
from typing import Final

from nautilus_trader.common.component import Logger
from nautilus_trader.common.enums import LogColor

from nautilus_paradex.config import ParadexExecClientConfig
from nautilus_paradex.execution.errors import CommandDeniedError
from nautilus_paradex.protocol.enums import MarginType
from nautilus_paradex.protocol.errors import MessageError, ParadexError
from nautilus_paradex.protocol.margin import MarginConfig, MarginRequest
from nautilus_paradex.protocol.numbers import to_int
from nautilus_paradex.transport.http import ParadexHttpClient

__all__ = ["MarginSetting", "MarginSettings"]

_MARGIN_TYPES: Final = frozenset(member.value for member in MarginType)


@dataclass(frozen=True, slots=True)
class MarginSetting:
    """
    What the venue has for a market.

    Parameters
    ----------
    leverage : int, optional
        The leverage of the margin type in use; None where the venue names none.
    margin_type : str, optional
        ``CROSS`` or ``ISOLATED``.

    """

    market: str
    leverage: int | None
    margin_type: str | None


class MarginSettings:
    """
    Reads and changes the settings.

    Parameters
    ----------
    http : ParadexHttpClient
        The REST client.
    log : Logger
        The client's logger.
    config : ParadexExecClientConfig
        What is wanted, and for which account.

    """

    def __init__(
        self,
        http: ParadexHttpClient,
        log: Logger,
        config: ParadexExecClientConfig,
    ) -> None:
        self._http = http
        self._log = log
        self._config = config

    async def apply_configured(self) -> None:
        """
        Bring every market of the configuration to what it says; what is right already is left.

        Raises
        ------
        CommandDeniedError
            If a leverage or mode is needed and neither the configuration nor the venue names one.
        RequestError
            If the venue refuses or cannot be asked: trading with another leverage than wanted is
            no option.
        MessageError
            If its answer could not be read, or names another setting than was asked for.

        """
        markets = {*(self._config.leverages or {}), *(self._config.margin_modes or {})}
        for market in sorted(markets):
            try:
                await self._apply(market)
            except ParadexError:
                # The venue's refusal names no market, and of many only one may be wrong.
                self._log.error(
                    f"What leverages or margin_modes say of {market} could not be set, so the "
                    "client does not connect"
                )
                raise

    async def get(self, market: str) -> MarginSetting:
        """
        Return the settings of a market.

        Raises
        ------
        RequestError
            If the venue could not be asked.
        MessageError
            If its answer could not be read.

        """
        reply = await self._http.margin_configs(market)
        if not self._http.acting_account.owns(reply.account):
            # The request has no place for an isolated account's address (openapi).
            return MarginSetting(market, None, None)
        entries = [entry for entry in reply.configs or () if entry.market in (market, None, "")]
        return _setting(market, entries[0] if entries else MarginConfig())

    async def set(self, market: str, leverage: int, margin_type: str | None) -> MarginSetting:
        """
        Change the settings of a market; the venue's margin type is kept where none is given.

        Parameters and errors are those of `VenueCommands.set_margin`.
        """
        if leverage < 1:
            raise CommandDeniedError(f"LEVERAGE_INVALID: leverage={leverage} min=1")
        if margin_type is not None and margin_type not in _MARGIN_TYPES:
            raise CommandDeniedError(f"MARGIN_TYPE_INVALID: margin_type={margin_type}")
        if margin_type is None:
            margin_type = self._type_kept(await self.get(market))
        return await self._change(market, leverage, margin_type)

    def _type_kept(self, present: MarginSetting) -> str:
        if present.margin_type is not None:
            return present.margin_type
        if self._http.acting_account.is_isolated:
            raise CommandDeniedError(
                f"MARGIN_TYPE_UNKNOWN: market={present.market}, the venue does not show it of an "
                "isolated account: name it (margin_type, in the configuration margin_modes)"
            )
        return MarginType.CROSS.value  # nothing was chosen yet

    async def _apply(self, market: str) -> None:
        present = await self.get(market)
        leverage = (self._config.leverages or {}).get(market, present.leverage)
        margin_type = (self._config.margin_modes or {}).get(market) or self._type_kept(present)
        if leverage is None:
            raise CommandDeniedError(f"LEVERAGE_UNKNOWN: market={market}, set it in leverages")
        if (leverage, margin_type) != (present.leverage, present.margin_type):
            await self._change(market, leverage, margin_type)

    async def _change(self, market: str, leverage: int, margin_type: str) -> MarginSetting:
        reply = await self._http.set_margin(
            market,
            MarginRequest(
                leverage=leverage,
                margin_type=margin_type,
                on_behalf_of_account=self._config.on_behalf_of_account,
            ),
        )
        now = MarginSetting(market, to_int(reply.leverage), reply.margin_type or None)
        if now.leverage not in (leverage, None) or now.margin_type not in (margin_type, None):
            raise MessageError(
                f"{market} was to have leverage {leverage} {margin_type}, the venue answers "
                f"{now.leverage} {now.margin_type}",
            )
        self._log.info(f"{market} has leverage {leverage} {margin_type} now", LogColor.BLUE)
        return MarginSetting(market, leverage, margin_type)


def _setting(market: str, entry: MarginConfig) -> MarginSetting:
    leverage = to_int(entry.leverage)
    if entry.margin_type == MarginType.ISOLATED:
        # Which of the two fields holds it then is not documented.
        leverage = to_int(entry.isolated_margin_leverage) or leverage
    return MarginSetting(market, leverage, entry.margin_type or None)
