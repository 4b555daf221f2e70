"""What a fill costs, by the rates that an instrument carries. Exact integers, no floats.

The venue names the fee of every real fill; this is for those that have to be inferred. Which rates
an instrument carries is decided where it is built (`instruments`).
"""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Final

from nautilus_trader.model.enums import LiquiditySide
from nautilus_trader.model.instruments import CryptoOption, Instrument
from nautilus_trader.model.objects import Money, Price, Quantity

from nautilus_paradex.parsing.money import money_from_e8
from nautilus_paradex.parsing.precision import price_to_e8, quantity_to_e8
from nautilus_paradex.protocol.numbers import E8, to_decimal

__all__ = ["OPTION_FEE_CAP", "commission"]

OPTION_FEE_CAP: Final = Decimal("0.125")
"""The most of its premium that an option's fee may be where the market names no cap (api-notes)."""


def commission(
    instrument: Instrument,
    last_qty: Quantity,
    last_px: Price,
    liquidity_side: LiquiditySide,
    *,
    spot_e8: int | None = None,
    is_retail: bool = False,
) -> Money:
    """
    Return the fee of a fill in the settlement currency: positive if paid, negative as a rebate.

    On the notional at the fill's price; for an option on the notional of its underlying, within the
    market's cap and floor as fractions of the premium (openapi). Rounded half to even at 1e-8,
    which is a guess.

    Parameters
    ----------
    liquidity_side : LiquiditySide
        One that is not known counts as taker.
    spot_e8 : int, optional
        The price of an option's underlying at 1e-8. Without one its strike stands in.
    is_retail : bool, default False
        If it is a fill of the retail profile: the market's `interactive_fee`, nothing if it names
        none.

    Raises
    ------
    PrecisionError
        If quantity or price is finer than 1e-8.

    """
    is_maker = liquidity_side == LiquiditySide.MAKER
    terms = _fee_terms(instrument, is_maker=is_maker, is_retail=is_retail)
    if is_retail:
        rate = Fraction(to_decimal(terms.get("fee")) or 0)
    else:
        rate = Fraction(instrument.maker_fee if is_maker else instrument.taker_fee)
    quantity_e8 = quantity_to_e8(last_qty)
    premium = Fraction(quantity_e8 * price_to_e8(last_px), E8)
    if isinstance(instrument, CryptoOption):
        if spot_e8 is None:
            spot_e8 = price_to_e8(instrument.strike_price)
        fee = _capped(rate * Fraction(quantity_e8 * spot_e8, E8), premium, terms)
    else:
        fee = rate * premium
    # `round` of a fraction is exact and goes half to even.
    return money_from_e8(round(fee), instrument.get_settlement_currency())


def _capped(fee: Fraction, premium: Fraction, terms: Mapping[str, str]) -> Fraction:
    cap, floor = to_decimal(terms.get("fee_cap")), to_decimal(terms.get("fee_floor"))
    fee = min(fee, premium * Fraction(OPTION_FEE_CAP if cap is None else cap))
    return fee if floor is None else max(fee, premium * Fraction(floor))


def _fee_terms(instrument: Instrument, *, is_maker: bool, is_retail: bool) -> Mapping[str, str]:
    """Return the market's own fee, as it stood in its specification."""
    config = (instrument.info or {}).get("fee_config") or {}
    fees = config.get("interactive_fee" if is_retail else "api_fee") or {}
    terms: Mapping[str, str] = fees.get("maker_fee" if is_maker else "taker_fee") or {}
    return terms
