"""How a close is read: every reason, before and after the order was on the book or filled."""

import pytest

from nautilus_paradex.protocol.endings import Ending, ending_of, is_known_reason
from nautilus_paradex.protocol.enums import CancelReason

ENDS_ANYWAY = {
    "": Ending.CANCELED,
    "USER_CANCELED": Ending.CANCELED,
    "REMAINING_IOC_CANCEL": Ending.CANCELED,
    "SELF_TRADE": Ending.CANCELED,
    "DELEVERAGE": Ending.CANCELED,
    "EXPIRED": Ending.EXPIRED,
    "ASSET_EXPIRED": Ending.EXPIRED,
}
REASONS = ["", *CancelReason, "MMP_TRIGGERED", "SOMETHING_NEW"]


@pytest.mark.parametrize("reason", REASONS)
def test_a_reason_refuses_an_order_only_before_it_was_accepted_or_filled(reason: str) -> None:
    fresh = ending_of(reason, accepted=False, filled=0)
    assert fresh == ENDS_ANYWAY.get(reason, Ending.REJECTED)
    later = ENDS_ANYWAY.get(reason, Ending.CANCELED)
    assert ending_of(reason, accepted=True, filled=0) == later
    assert ending_of(reason, accepted=False, filled=1) == later
    assert ending_of(reason, accepted=True, filled=1) == later


def test_no_reason_counts_as_a_cancel() -> None:
    assert ending_of(None, accepted=False, filled=0) == Ending.CANCELED


@pytest.mark.parametrize(("reason", "known"), [*((r, r != "SOMETHING_NEW") for r in REASONS)])
def test_reasons_outside_the_venues_are_noticed(reason: str, known: bool) -> None:
    assert is_known_reason(reason) is known
