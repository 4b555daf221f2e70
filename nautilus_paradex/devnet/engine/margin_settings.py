"""Choosing the leverage and margin type of a market, for each account its own.

What a choice requires is `margin`'s matter.
"""

from nautilus_paradex.devnet.engine.leverage import MarginSetting, max_leverage
from nautilus_paradex.devnet.engine.margin import margin_of
from nautilus_paradex.devnet.engine.markets import MarketSpec
from nautilus_paradex.devnet.engine.model import OrderRefused
from nautilus_paradex.devnet.engine.outbox import Outbox
from nautilus_paradex.devnet.engine.state import VenueState
from nautilus_paradex.protocol.enums import ErrorCode, MarginType

__all__ = ["MarginSettings"]


class MarginSettings:
    """
    The settings of all accounts.

    Both methods raise `OrderRefused` for an account that is not open or a market not listed.

    Parameters
    ----------
    state : VenueState
    outbox : Outbox

    """

    def __init__(self, state: VenueState, outbox: Outbox) -> None:
        self._state = state
        self._outbox = outbox

    def get(self, account: str, market: str) -> MarginSetting:
        """Return what was chosen, or what an account has at first: the largest leverage."""
        owner = self._state.account(account)
        spec = self._state.market(market).spec
        return owner.margin_settings.get(market) or MarginSetting(max_leverage(spec))

    def choose(self, account: str, market: str, setting: MarginSetting) -> None:
        """
        Choose leverage and margin type of a market.

        Raises
        ------
        OrderRefused
            If the market cannot have that, or the account value does not cover what it requires.

        """
        owner = self._state.account(account)
        _check(self._state.market(market).spec, setting)
        before, settings = margin_of(self._state, owner), owner.margin_settings
        owner.margin_settings = settings | {market: setting}
        after = margin_of(self._state, owner)
        if after.free_e8 < 0 and after.initial_e8 > before.initial_e8:
            owner.margin_settings = settings
            raise OrderRefused(ErrorCode.REQUEST_NOT_ALLOWED, "not enough margin for the leverage")
        self._outbox.account(owner)
        self._outbox.flush()


def _check(spec: MarketSpec, setting: MarginSetting) -> None:
    if spec.is_spot or spec.is_option:
        raise OrderRefused(
            ErrorCode.MARKET_MARGIN_RESTRICTED, f"leverage of {spec.symbol} cannot be chosen"
        )
    if setting.margin_type not in MarginType:
        raise OrderRefused(
            ErrorCode.VALIDATION_ERROR,
            f"margin_type: must be one of {', '.join(MarginType)}, was {setting.margin_type!r}",
        )
    if not 1 <= setting.leverage <= max_leverage(spec):
        raise OrderRefused(
            ErrorCode.VALIDATION_ERROR,
            f"leverage: must be 1 to {max_leverage(spec)}, was {setting.leverage}",
        )
