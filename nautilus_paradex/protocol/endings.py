"""How a closed order ended: the venue says ``CLOSED`` and a reason, this table says what it means.

Source of the reasons: api-notes (an open set). What a reason outside the table means is decided by
whether the venue ever had the order on its book.
"""

from enum import StrEnum
from typing import Final

from nautilus_paradex.protocol.enums import CancelReason

__all__ = ["Ending", "ending_of", "is_known_reason"]


class Ending(StrEnum):
    """How an order ends, other than by its last fill."""

    REJECTED = "REJECTED"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"


# Closes that are no refusal, although the order may never have been seen open: MARKET and IOC
# orders go from NEW to CLOSED, and a cancel can overtake the acceptance.
_WITHOUT_REFUSAL: Final[dict[str, Ending]] = {
    "": Ending.CANCELED,
    CancelReason.USER_CANCELED: Ending.CANCELED,
    CancelReason.REMAINING_IOC_CANCEL: Ending.CANCELED,
    CancelReason.SELF_TRADE: Ending.CANCELED,
    CancelReason.DELEVERAGE: Ending.CANCELED,
    CancelReason.EXPIRED: Ending.EXPIRED,
    CancelReason.ASSET_EXPIRED: Ending.EXPIRED,
}


_KNOWN: Final = frozenset(reason.value for reason in CancelReason)
_KNOWN_FAMILY: Final = "MMP_"  # market maker protection (api-notes)


def is_known_reason(reason: str | None) -> bool:
    """Whether a reason is among those the venue is known to give; an empty one is none."""
    return not reason or reason in _KNOWN or reason.startswith(_KNOWN_FAMILY)


def ending_of(reason: str | None, *, accepted: bool, filled: int) -> Ending:
    """
    Return how an order ended that was closed with something left of it.

    Parameters
    ----------
    reason : str, optional
        The venue's ``cancel_reason``.
    accepted : bool
        If the venue is known to have had the order on its book.
    filled : int
        What was filled of it, in any unit.

    """
    ending = _WITHOUT_REFUSAL.get(reason or "")
    if ending is not None:
        return ending
    return Ending.CANCELED if accepted or filled > 0 else Ending.REJECTED
