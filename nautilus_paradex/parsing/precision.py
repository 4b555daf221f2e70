"""
From the wire's integers at 1e-8 to the platform's fixed-point values: exactly, or not at all.

The platform checks neither that a raw value fits the precision (it prints as another number) nor
that it lies in range (the process aborts), so this module does. It does not read strings: that is
the work of `nautilus_paradex.protocol.numbers`.
"""

from dataclasses import dataclass
from typing import Final, Self

from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.objects import FIXED_PRECISION, PRICE_MAX, QUANTITY_MAX, Price, Quantity

from nautilus_paradex.protocol.errors import ParadexError
from nautilus_paradex.protocol.numbers import E8, SBE_NULL, e8_to_str

__all__ = [
    "MAX_PRECISION",
    "PRICE_MAX_E8",
    "PRICE_MIN_E8",
    "QUANTITY_MAX_E8",
    "RAW_PER_E8",
    "MarketScale",
    "PrecisionError",
    "increment_precision",
    "price8_from_e8",
    "price_from_e8",
    "price_to_e8",
    "quantity_from_e8",
    "quantity_to_e8",
]

MAX_PRECISION: Final = 8
"""Decimals of the wire's integers, hence the finest precision of any market."""

RAW_PER_E8: Final[int] = 10 ** (FIXED_PRECISION - MAX_PRECISION)
"""Raw units of the platform in one unit at 1e-8: 10**8 with 16 digits, 10 with 9 digits."""

PRICE_MAX_E8: Final[int] = int(PRICE_MAX) * E8
# The wire's null is a number like any other to the platform: it must be out of range here.
PRICE_MIN_E8: Final[int] = max(-PRICE_MAX_E8, SBE_NULL + 1)
QUANTITY_MAX_E8: Final[int] = int(QUANTITY_MAX) * E8


class PrecisionError(ParadexError, ValueError):
    """A wire value that the platform cannot hold as asked: null, out of range, or too fine."""


def price_from_e8(mantissa: int | None, precision: int) -> Price:
    """
    Return the price of `mantissa` at 1e-8 with `precision` decimals.

    Raises
    ------
    PrecisionError
        If it is null, out of the platform's range, or finer than `precision`.

    """
    checked = _checked("price", mantissa, precision, PRICE_MIN_E8, PRICE_MAX_E8)
    return Price.from_raw(checked * RAW_PER_E8, precision)


def price8_from_e8(mantissa: int | None) -> Price:
    """
    Return a price with all 8 decimals: mark, index, settlement and average prices.

    Raises
    ------
    PrecisionError
        If it is null or out of the platform's range.

    """
    return price_from_e8(mantissa, MAX_PRECISION)


def quantity_from_e8(mantissa: int | None, precision: int) -> Quantity:
    """
    Return the quantity of `mantissa` at 1e-8 with `precision` decimals.

    Raises
    ------
    PrecisionError
        If it is null, negative, out of the platform's range, or finer than `precision`.

    """
    checked = _checked("quantity", mantissa, precision, 0, QUANTITY_MAX_E8)
    return Quantity.from_raw(checked * RAW_PER_E8, precision)


def price_to_e8(price: Price) -> int:
    """
    Return a price of the platform at 1e-8.

    Raises
    ------
    PrecisionError
        If it is finer than 1e-8.

    """
    return _to_e8("price", price.raw, price)


def quantity_to_e8(quantity: Quantity) -> int:
    """
    Return a quantity of the platform at 1e-8.

    Raises
    ------
    PrecisionError
        If it is finer than 1e-8.

    """
    return _to_e8("quantity", quantity.raw, quantity)


def increment_precision(increment_e8: int) -> int:
    """
    Return the decimals that multiples of `increment_e8` need: 1 for 0.1 and 0.5, 0 for 1 and 10.

    Raises
    ------
    PrecisionError
        If the increment is not positive.

    """
    if increment_e8 <= 0:
        raise PrecisionError(f"increment must be positive, was {e8_to_str(increment_e8)}")
    precision = MAX_PRECISION
    while precision > 0 and increment_e8 % 10 == 0:
        increment_e8 //= 10
        precision -= 1
    return precision


@dataclass(frozen=True, slots=True)
class MarketScale:
    """
    What the hot path must know of a market, looked up once.

    Parameters
    ----------
    instrument_id : InstrumentId
        The market's instrument.
    price_precision, size_precision : int
        Decimals of the instrument.
    tick_e8, size_increment_e8 : int
        Increments at 1e-8.
    price_unit, size_unit : int
        The smallest mantissa the precisions can hold: ``10 ** (8 - precision)``.

    """

    instrument_id: InstrumentId
    price_precision: int
    size_precision: int
    tick_e8: int
    size_increment_e8: int
    price_unit: int
    size_unit: int

    @classmethod
    def of(
        cls,
        instrument_id: InstrumentId,
        *,
        price_increment: Price,
        size_increment: Quantity,
    ) -> Self:
        """
        Build the scale of an instrument from its increments.

        Raises
        ------
        PrecisionError
            If an increment is finer than 1e-8.

        """
        return cls(
            instrument_id=instrument_id,
            price_precision=price_increment.precision,
            size_precision=size_increment.precision,
            tick_e8=price_to_e8(price_increment),
            size_increment_e8=quantity_to_e8(size_increment),
            price_unit=10 ** (MAX_PRECISION - price_increment.precision),
            size_unit=10 ** (MAX_PRECISION - size_increment.precision),
        )

    def price_raw(self, mantissa: int | None) -> int:
        """
        Return the raw value of a price of this market.

        Raises
        ------
        PrecisionError
            If the instrument's precision cannot hold it.

        """
        if (
            mantissa is None
            or mantissa % self.price_unit
            or not PRICE_MIN_E8 <= mantissa <= PRICE_MAX_E8
        ):
            raise PrecisionError(self._refusal("price", mantissa, self.price_precision))
        return mantissa * RAW_PER_E8

    def size_raw(self, mantissa: int | None) -> int:
        """
        Return the raw value of a size of this market.

        Raises
        ------
        PrecisionError
            If it is negative or the instrument's precision cannot hold it.

        """
        if mantissa is None or mantissa % self.size_unit or not 0 <= mantissa <= QUANTITY_MAX_E8:
            raise PrecisionError(self._refusal("size", mantissa, self.size_precision))
        return mantissa * RAW_PER_E8

    def price(self, mantissa: int | None) -> Price:
        """Return a price with the instrument's precision. Raises as `price_raw`."""
        return Price.from_raw(self.price_raw(mantissa), self.price_precision)

    def size(self, mantissa: int | None) -> Quantity:
        """Return a quantity with the instrument's precision. Raises as `size_raw`."""
        return Quantity.from_raw(self.size_raw(mantissa), self.size_precision)

    def off_tick(self, price_e8: int) -> bool:
        """Return whether a price that fits the precision lies between two ticks."""
        return price_e8 % self.tick_e8 != 0

    def _refusal(self, what: str, mantissa: int | None, precision: int) -> str:
        return f"{self.instrument_id}: {_refusal(what, mantissa, precision)}"


def _checked(what: str, mantissa: int | None, precision: int, low: int, high: int) -> int:
    if not 0 <= precision <= MAX_PRECISION:
        raise PrecisionError(f"precision must be 0 to {MAX_PRECISION}, was {precision}")
    if (
        mantissa is None
        or mantissa % 10 ** (MAX_PRECISION - precision)
        or not low <= mantissa <= high
    ):
        raise PrecisionError(_refusal(what, mantissa, precision))
    return mantissa


def _refusal(what: str, mantissa: int | None, precision: int) -> str:
    if mantissa is None or mantissa == SBE_NULL:
        return f"{what} is null"
    return f"{what} does not fit {precision} decimals or the range, was {e8_to_str(mantissa)}"


def _to_e8(what: str, raw: int, value: Price | Quantity) -> int:
    mantissa, rest = divmod(raw, RAW_PER_E8)
    if rest:
        raise PrecisionError(f"{what} is finer than 1e-8, was {value}")
    return mantissa
