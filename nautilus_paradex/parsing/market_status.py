"""
Whether a market trades, in the platform's words: from the venue's states and a market's own terms.

Pure functions and their table. Who asks the venue, and when, is in `nautilus_paradex.feeds`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from nautilus_trader.model.data import InstrumentClose, InstrumentStatus
from nautilus_trader.model.enums import InstrumentCloseType, MarketStatusAction
from nautilus_trader.model.identifiers import InstrumentId

from nautilus_paradex.parsing.precision import price8_from_e8
from nautilus_paradex.protocol.enums import MarketEventType, SystemStatus, TradingMode
from nautilus_paradex.protocol.errors import MessageError
from nautilus_paradex.protocol.numbers import Number, to_e8, to_int

__all__ = [
    "SYSTEM_CONDITIONS",
    "Condition",
    "ended_condition",
    "instrument_close",
    "instrument_status",
    "market_condition",
]


@dataclass(frozen=True, slots=True)
class Condition:
    """
    What may be done in a market.

    Parameters
    ----------
    action : MarketStatusAction
        The platform's word for it.
    is_trading : bool or None
        Whether orders can meet. None if it is not known.
    is_quoting : bool or None
        Whether new orders are taken into the book. None if it is not known.
    event : str
        The venue's own word.
    reason : str
        For a person.

    """

    action: MarketStatusAction
    is_trading: bool | None
    is_quoting: bool | None
    event: str
    reason: str


# A state of the system must not be CLOSE or NOT_AVAILABLE_FOR_TRADING: on these two the platform
# takes an option out of its chain for good, as expired.
SYSTEM_CONDITIONS: Final[dict[str, Condition]] = {
    SystemStatus.OK: Condition(
        MarketStatusAction.TRADING, True, True, SystemStatus.OK.value, "system is ok"
    ),
    # Orders rest but none may meet another.
    SystemStatus.POST_ONLY: Condition(
        MarketStatusAction.QUOTING,
        False,
        True,
        SystemStatus.POST_ONLY.value,
        "only post-only orders are taken",
    ),
    # A step of a release that is planned and short (api-notes).
    SystemStatus.CANCEL_ONLY: Condition(
        MarketStatusAction.PAUSE,
        False,
        False,
        SystemStatus.CANCEL_ONLY.value,
        "only cancels are taken",
    ),
    SystemStatus.MAINTENANCE: Condition(
        MarketStatusAction.HALT,
        False,
        False,
        SystemStatus.MAINTENANCE.value,
        "system is in maintenance",
    ),
}

_ENDINGS: Final[dict[str, str]] = {
    MarketEventType.SETTLED: "settled",
    MarketEventType.DELETED: "delisted",
}

_TRADING_MODE_RFQ: Final = Condition(
    MarketStatusAction.SUSPEND,
    False,
    False,
    TradingMode.RFQ_ONLY.value,
    "traded by request for quote only, orders are refused",
)


def market_condition(
    terms: Mapping[str, Any], system_status: str | None, now_ms: int
) -> Condition | None:
    """
    Return the condition of a listed market, None while that is not known.

    What the market's own terms forbid comes first: the state of the system cannot allow it.

    Parameters
    ----------
    terms : Mapping[str, Any]
        The market's fields as ``GET /markets`` names them (an instrument's `info`).
    system_status : str, optional
        The state of the system; None if it could not be asked.
    now_ms : int
        Unix ms.

    Raises
    ------
    MessageError
        If a time is no number.

    """
    expiry_ms, open_ms = _ms(terms.get("expiry_at")), _ms(terms.get("open_at"))
    if 0 < expiry_ms <= now_ms:
        return Condition(
            MarketStatusAction.CLOSE, False, False, "expiry_at", f"expired at {expiry_ms} ms"
        )
    if open_ms > now_ms:
        return Condition(
            MarketStatusAction.PRE_OPEN, False, False, "open_at", f"opens at {open_ms} ms"
        )
    mode = terms.get("trading_mode") or TradingMode.STANDARD
    if mode == TradingMode.RFQ_ONLY:
        return _TRADING_MODE_RFQ
    if mode != TradingMode.STANDARD:
        return _unknown("trading_mode", str(mode))
    if system_status is None:
        return None
    return SYSTEM_CONDITIONS.get(system_status) or _unknown("system status", system_status)


def ended_condition(event: str) -> Condition:
    """
    Return the condition of a market that is there no more.

    Parameters
    ----------
    event : str
        The `MarketEventType` that told its end; empty where it is only known to be missing.

    """
    reason = _ENDINGS.get(event, "not listed")
    return Condition(MarketStatusAction.NOT_AVAILABLE_FOR_TRADING, False, False, event, reason)


def instrument_status(
    instrument_id: InstrumentId, condition: Condition, ts_event: int, ts_init: int
) -> InstrumentStatus:
    """Return a condition as the platform's status. Times are Unix ns."""
    return InstrumentStatus(
        instrument_id=instrument_id,
        action=condition.action,
        ts_event=ts_event,
        ts_init=ts_init,
        reason=condition.reason,
        trading_event=condition.event,
        is_trading=condition.is_trading,
        is_quoting=condition.is_quoting,
    )


def instrument_close(
    instrument_id: InstrumentId, settlement_price: Number, ts_event: int, ts_init: int
) -> InstrumentClose:
    """
    Return a settlement as the platform's close, with 8 decimals. Times are Unix ns.

    Raises
    ------
    MessageError
        If there is no price, or it is no number.
    PrecisionError
        If the platform cannot hold it.

    """
    price_e8 = to_e8(settlement_price)
    if price_e8 is None:
        raise MessageError(f"{instrument_id}: settlement without a price")
    return InstrumentClose(
        instrument_id=instrument_id,
        close_price=price8_from_e8(price_e8),
        close_type=InstrumentCloseType.CONTRACT_EXPIRED,
        ts_event=ts_event,
        ts_init=ts_init,
    )


def _unknown(what: str, value: str) -> Condition:
    """What this version does not know: neither trading nor its opposite can be said."""
    return Condition(MarketStatusAction.NONE, None, None, value, f"{what} {value!r} is not known")


def _ms(value: Number) -> int:
    return to_int(value) or 0
