"""Numbers and short texts as felts, the field elements that Starknet messages are made of.

Not for what the felts are put together to: that is `typed_data`.
"""

from decimal import Decimal
from functools import lru_cache
from typing import Final

from nautilus_paradex.protocol.errors import SigningError

__all__ = [
    "FIELD_PRIME",
    "decimal_felt",
    "felt",
    "is_decimal",
    "is_felt",
    "quantum_felt",
    "short_string",
]

#: Modulus of the field in which every felt lives (Starknet documentation).
FIELD_PRIME: Final = 2**251 + 17 * 2**192 + 1

_MAX_SHORT_STRING: Final = 31
_DECIMALS: Final = 8  # of sizes and prices in a signed message
_MAX_DIGITS: Final = 77  # of a number below 2**256


def felt(name: str, value: int) -> int:
    """Return `value`, or raise `SigningError` naming it if it is no felt."""
    if not is_felt(value):
        raise SigningError(f"{name} must be from 0 to the field prime, was {value}")
    return value


@lru_cache(maxsize=1024)
def short_string(name: str, text: str) -> int:
    """Return 1 to 31 ASCII characters as a felt, or raise `SigningError`."""
    if not text or len(text) > _MAX_SHORT_STRING or not text.isascii():
        raise SigningError(
            f"{name} must be 1 to {_MAX_SHORT_STRING} ASCII characters to be signed, was {text!r}"
        )
    return int.from_bytes(text.encode("ascii"))


def quantum_felt(name: str, value: Decimal) -> int:
    """Return a size or price in units of 1e-8, exactly, or raise `SigningError`."""
    if not value.is_finite():
        raise SigningError(f"{name} must be a finite number, was {value}")
    if value < 0:
        raise SigningError(f"{name} must not be negative, was {value}")
    if not value:
        return 0
    # Before the ratio, whose integers have as many digits as the exponent says.
    if value.adjusted() > _MAX_DIGITS:
        raise SigningError(f"{name} is too large to be signed, was {value}")
    if value.adjusted() < -_DECIMALS:
        raise _too_fine(name, value)
    # Through the ratio and not `value * 10**8`: a Decimal product rounds to the context's digits.
    numerator, denominator = value.as_integer_ratio()
    quanta, rest = divmod(numerator * 10**_DECIMALS, denominator)
    if rest:
        raise _too_fine(name, value)
    return felt(name, quanta)


def decimal_felt(name: str, text: str) -> int:
    """Return a decimal integer in text form as a felt, or raise `SigningError`."""
    if not is_decimal(text):
        raise SigningError(f"{name} must be a decimal number as the venue gives it, was {text!r}")
    return felt(name, int(text))


def is_felt(value: int) -> bool:
    """Return whether `value` lies in the field."""
    return 0 <= value < FIELD_PRIME


def is_decimal(text: str) -> bool:
    """Return whether `text` is a decimal integer that may still be a felt."""
    # Bounded, because int() of a long text is slow and past 4,300 digits an error of its own.
    return text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS


def _too_fine(name: str, value: Decimal) -> SigningError:
    return SigningError(f"{name} must be a multiple of 1e-8, was {value}: round it first")
