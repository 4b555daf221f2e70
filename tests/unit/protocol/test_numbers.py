"""Numbers of the wire become integers at 1e-8 exactly, or are refused."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_paradex.protocol.errors import MessageError
from nautilus_paradex.protocol.numbers import (
    Number,
    e8_to_decimal,
    e8_to_str,
    to_decimal,
    to_e8,
    to_int,
)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("62000.1", 6_200_010_000_000),
        ("-0.00000001", -1),
        ("0", 0),
        ("0.000000000000000000", 0),
        (60823.3, 6_082_330_000_000),
        (4561, 456_100_000_000),
        ("1e-8", 1),
        ("", None),
        (None, None),
    ],
)
def test_every_form_of_a_number_gives_its_mantissa(value: Number, expected: int | None) -> None:
    assert to_e8(value, exact=True) == expected


@pytest.mark.parametrize("value", ["abc", "NaN", "Infinity", "1e50", "1e-50", "--1", "0x10"])
def test_what_is_no_number_is_refused_by_name(value: str) -> None:
    with pytest.raises(MessageError, match="invalid number"):
        to_e8(value)


def test_a_price_finer_than_the_wire_is_refused_and_a_valuation_rounded_half_to_even() -> None:
    with pytest.raises(MessageError, match="finer than 1e-8"):
        to_e8("0.000000005", exact=True)
    assert to_e8("0.000000005") == 0
    assert to_e8("0.000000015") == 2


@pytest.mark.parametrize(
    ("value", "expected"),
    [("1721281853309", 1721281853309), (1769660612070, 1769660612070), ("", None), (8.0, 8)],
)
def test_whole_numbers_come_as_strings_and_as_numbers(value: Number, expected: int | None) -> None:
    assert to_int(value) == expected


def test_a_fraction_is_no_whole_number() -> None:
    with pytest.raises(MessageError, match="whole number"):
        to_int("1.5")


@given(st.integers(-(2**63) + 1, 2**63 - 1))
def test_mantissa_text_and_decimal_agree(mantissa: int) -> None:
    text = e8_to_str(mantissa)
    assert to_e8(text, exact=True) == mantissa
    assert e8_to_decimal(mantissa) == Decimal(text)
    assert "e" not in text.lower()


@given(st.decimals(-(10**9), 10**9, places=8))
def test_decimals_survive(value: Decimal) -> None:
    assert to_decimal(f"{value:f}") == value
    assert to_e8(f"{value:f}", exact=True) == int(value * 10**8)
