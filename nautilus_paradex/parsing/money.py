"""Amounts of money from the wire's integers, exactly.

The platform's `Money` takes a number through a float, which is wrong from the 15th digit on; raw
values are not.
"""

from typing import Final

from nautilus_trader.model.objects import MONEY_MAX, Currency, Money

from nautilus_paradex.parsing.precision import MAX_PRECISION, RAW_PER_E8, PrecisionError
from nautilus_paradex.protocol.numbers import E8, e8_to_str

__all__ = ["money_from_e8"]


_MONEY_MAX_E8: Final[int] = int(MONEY_MAX) * E8


def money_from_e8(value_e8: int, currency: Currency) -> Money:
    """
    Return an amount at 1e-8 in `currency`, rounded half to even where it has fewer decimals.

    Settlement and fee currencies of the venue all have 8 decimals, so that nothing is rounded.

    Raises
    ------
    PrecisionError
        If the amount is out of the platform's range, where it would end the process.

    """
    if abs(value_e8) > _MONEY_MAX_E8:
        raise PrecisionError(
            f"amount must be within {int(MONEY_MAX)} {currency.code}, was {e8_to_str(value_e8)}",
        )
    unit = 10 ** max(MAX_PRECISION - currency.precision, 0)
    quotient, rest = divmod(value_e8, unit)
    if 2 * rest > unit or (2 * rest == unit and quotient % 2):
        quotient += 1
    return Money.from_raw(quotient * unit * RAW_PER_E8, currency)
