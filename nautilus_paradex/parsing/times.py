"""From the venue's times to the platform's nanoseconds."""

from typing import Final

from nautilus_paradex.protocol.errors import MessageError
from nautilus_paradex.protocol.numbers import Number, to_int

__all__ = ["ns_from_ms", "ns_from_us"]

_NS_PER_US: Final = 1_000
_NS_PER_MS: Final = 1_000_000

# The platform counts in unsigned 64 bits, but its dates end with signed ones, in the year 2262.
_MAX_NS: Final = 2**63 - 1
_MAX_US: Final = _MAX_NS // _NS_PER_US


def ns_from_us(ts_us: int | None, what: str) -> int:
    """
    Return a time of an event, µs, as ns.

    Raises
    ------
    MessageError
        If there is none, or none that the platform can hold; the text says of what.

    """
    # On the way of every message: the usual case without another call.
    if ts_us is not None and 0 <= ts_us <= _MAX_US:
        return ts_us * _NS_PER_US
    return _in_range(ts_us, _NS_PER_US, what)


def ns_from_ms(value: Number, what: str) -> int:
    """Return a time of a JSON record, ms, as ns. Raises as `ns_from_us`."""
    return _in_range(to_int(value), _NS_PER_MS, what)


def _in_range(ts: int | None, ns_per_unit: int, what: str) -> int:
    if ts is None or ts < 0:
        raise MessageError(f"{what} without a time, was {ts}")
    ts_ns = ts * ns_per_unit
    if ts_ns > _MAX_NS:
        raise MessageError(f"{what} with a time beyond the year 2262, was {ts}")
    return ts_ns
