"""Numbers of the wire and the integers at 1e-8 that everything above works with.

JSON sends prices and sizes as decimal strings, at times as JSON numbers, and as empty strings for
"not known yet". This module is the only place that reads them. No float takes part in arithmetic.
"""

from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation
from typing import Final

from nautilus_paradex.protocol.errors import MessageError

__all__ = [
    "E8",
    "SBE_NULL",
    "Number",
    "e8_to_decimal",
    "e8_to_str",
    "to_decimal",
    "to_e8",
    "to_int",
]

type Number = str | int | float | None
"""A number as it may stand in JSON: string, number, empty string or missing."""

E8: Final = 10**8
"""Mantissa units in 1: a value of 1.5 is the integer 150_000_000."""

SBE_NULL: Final = -(2**63)
"""The null value of every 64-bit number of the binary schema."""

# Wide enough for any value the venue sends, so that scaling never rounds by itself.
_CONTEXT: Final = Context(prec=80)
_MAX_EXPONENT: Final = 40


def to_decimal(value: Number) -> Decimal | None:
    """
    Return a wire number as an exact decimal, or None where it is empty or missing.

    A JSON number arrives as a float: its shortest decimal form, which is what the venue wrote
    for up to 15 significant digits, is taken.

    Raises
    ------
    MessageError
        If `value` is not a finite number.

    """
    if value is None or value == "":
        return None
    try:
        number = Decimal(repr(value) if isinstance(value, float) else value)
    except InvalidOperation:
        raise MessageError(f"invalid number, was {value!r}") from None
    if not number.is_finite() or abs(number.adjusted()) > _MAX_EXPONENT:
        raise MessageError(f"invalid number, was {value!r}")
    return number


def to_e8(value: Number, *, exact: bool = False) -> int | None:
    """
    Return a wire number as an integer at 1e-8, or None where it is empty or missing.

    Parameters
    ----------
    value : Number
        The number as it stood on the wire.
    exact : bool, default False
        If a value finer than 1e-8 is an error (prices, sizes) instead of rounded half to even
        (valuations, rates).

    Raises
    ------
    MessageError
        If `value` is no number, or not a multiple of 1e-8 while `exact`.

    """
    number = to_decimal(value)
    if number is None:
        return None
    scaled = number.scaleb(8, _CONTEXT)
    mantissa = int(scaled.to_integral_value(ROUND_HALF_EVEN))
    if exact and scaled != mantissa:
        raise MessageError(f"number finer than 1e-8, was {value!r}")
    return mantissa


def to_int(value: Number) -> int | None:
    """
    Return a wire number that must be whole (a time, a counter), or None where it is missing.

    Raises
    ------
    MessageError
        If `value` is no whole number.

    """
    if type(value) is int:
        return value
    number = to_decimal(value)
    if number is None:
        return None
    whole = int(number)
    if whole != number:
        raise MessageError(f"expected a whole number, was {value!r}")
    return whole


def e8_to_decimal(mantissa: int) -> Decimal:
    """Return an integer at 1e-8 as a decimal, exactly."""
    return Decimal(mantissa).scaleb(-8, _CONTEXT)


def e8_to_str(mantissa: int) -> str:
    """Return an integer at 1e-8 as a plain decimal string without trailing zeros."""
    whole, fraction = divmod(abs(mantissa), E8)
    sign = "-" if mantissa < 0 else ""
    if fraction == 0:
        return f"{sign}{whole}"
    return f"{sign}{whole}.{fraction:08d}".rstrip("0")
