"""What can follow for an order from a message of the venue: plain values, no behaviour.

`state` decides on them, `emitter` tells the platform. Times are microseconds, sizes and
prices integers at 1e-8.
"""

from dataclasses import dataclass

from nautilus_paradex.protocol.endings import Ending
from nautilus_paradex.protocol.enums import CancelReason
from nautilus_paradex.protocol.events import FillEvent

__all__ = [
    "Accepted",
    "Action",
    "Ended",
    "Filled",
    "Misdirected",
    "ModifyRefused",
    "Revived",
    "Triggered",
    "Updated",
]


@dataclass(frozen=True, slots=True)
class Accepted:
    """The venue has the order on its book, or had it there before it traded or ended."""

    ts_us: int


@dataclass(frozen=True, slots=True)
class Triggered:
    """The mark price has set the order off: it works as a limit order from here on."""

    ts_us: int


@dataclass(frozen=True, slots=True)
class Updated:
    """Price, trigger or total size at the venue are no longer what they were."""

    ts_us: int
    size: int
    price: int | None
    trigger_price: int | None


@dataclass(frozen=True, slots=True)
class ModifyRefused:
    """The venue did not carry out the modification that was asked for."""

    ts_us: int
    reason: str


@dataclass(frozen=True, slots=True)
class Misdirected:
    """
    The venue waits for the mark price to move the wrong way, as of a stop that is a take profit.

    The order has to be cancelled; not accepted yet, it ends as rejected with this reason.
    """

    ts_us: int
    reason: str


@dataclass(frozen=True, slots=True)
class Filled:
    """A fill that the platform does not have yet."""

    fill: FillEvent


@dataclass(frozen=True, slots=True)
class Ended:
    """The order is over, other than by its last fill."""

    ts_us: int
    ending: Ending
    reason: str

    @property
    def due_post_only(self) -> bool:
        return self.reason == CancelReason.POST_ONLY_WOULD_CROSS


@dataclass(frozen=True, slots=True)
class Revived:
    """The venue says the order is alive although it has ended here. Told once."""

    ts_us: int
    has_grown: bool
    """Whether it was filled here, and is larger at the venue."""


type Action = (
    Accepted | Triggered | Updated | ModifyRefused | Misdirected | Filled | Ended | Revived
)
