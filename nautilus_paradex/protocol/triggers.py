"""Which way the mark price has to move to set an order off: the venue derives it and says so.

An order's `flags` hold at most one direction. That ABOVE means "when the mark has risen to the
trigger" is how the names read (openapi, api-notes), not something seen.
"""

from collections.abc import Iterable
from typing import Final

from nautilus_paradex.protocol.enums import OrderFlag

__all__ = ["ABOVE", "BELOW", "derived_direction"]

ABOVE: Final = OrderFlag.STOP_CONDITION_ABOVE_TRIGGER.value
"""Set off by a mark price at or above the trigger."""

BELOW: Final = OrderFlag.STOP_CONDITION_BELOW_TRIGGER.value
"""Set off by a mark price at or below the trigger."""


def derived_direction(flags: Iterable[str] | None) -> str | None:
    """Return the direction among an order's flags, None where there is none, or both."""
    found = {ABOVE, BELOW}.intersection(flags or ())
    return found.pop() if len(found) == 1 else None
