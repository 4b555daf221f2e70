"""From the venue's times to the platform's nanoseconds."""

from typing import Final

from nautilus_paradex.protocol.errors import MessageError
from nautilus_paradex.protocol.numbers import Number, to_int

__all__ = ["ns_from_ms", "ns_from_us"]

_NS_PER_US: Final = 1_000
_NS_PER_MS: Final = 1_000_000


def ns_from_us(ts_us: int | None, what: str) -> int:
    """
    Return a time of an event, µs, as ns.

    Raises
    ------
    MessageError
        If there is none; the text says of what.

    """
    if ts_us is None or ts_us < 0:
        raise MessageError(f"{what} without a time, was {ts_us}")
    return ts_us * _NS_PER_US


def ns_from_ms(value: Number, what: str) -> int:
    """Return a time of a JSON record, ms, as ns. Raises as `ns_from_us`."""
    ts_ms = to_int(value)
    if ts_ms is None or ts_ms < 0:
        raise MessageError(f"{what} without a time, was {value!r}")
    return ts_ms * _NS_PER_MS
