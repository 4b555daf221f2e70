"""Integers at 1e-8 become the platform's values exactly, or not at all."""

from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from nautilus_trader.model.objects import Price, Quantity

from nautilus_paradex.parsing.instruments import instrument_id_from_symbol
from nautilus_paradex.parsing.precision import (
    MAX_PRECISION,
    PRICE_MAX_E8,
    PRICE_MIN_E8,
    QUANTITY_MAX_E8,
    RAW_PER_E8,
    MarketScale,
    PrecisionError,
    increment_precision,
    price8_from_e8,
    price_from_e8,
    price_to_e8,
    quantity_from_e8,
    quantity_to_e8,
)
from nautilus_paradex.protocol.numbers import SBE_NULL, e8_to_decimal

INT64 = st.integers(min_value=-(2**63) + 1, max_value=2**63 - 1)
PRECISIONS = st.integers(min_value=0, max_value=MAX_PRECISION)


def fitting(mantissa: int, precision: int) -> int:
    """The nearest mantissa below that `precision` decimals can hold."""
    return mantissa - mantissa % 10 ** (MAX_PRECISION - precision)


class TestExactness:
    @given(INT64, PRECISIONS)
    def test_a_price_is_the_decimal_it_stands_for(self, mantissa: int, precision: int) -> None:
        mantissa = fitting(mantissa, precision)
        assume(PRICE_MIN_E8 <= mantissa <= PRICE_MAX_E8)

        price = price_from_e8(mantissa, precision)

        assert price.as_decimal() == e8_to_decimal(mantissa)
        assert price.precision == precision
        assert price_to_e8(price) == mantissa

    @given(st.integers(min_value=0, max_value=2**63 - 1), PRECISIONS)
    def test_a_quantity_is_the_decimal_it_stands_for(self, mantissa: int, precision: int) -> None:
        mantissa = fitting(mantissa, precision)
        assume(mantissa <= QUANTITY_MAX_E8)

        quantity = quantity_from_e8(mantissa, precision)

        assert quantity.as_decimal() == e8_to_decimal(mantissa)
        assert quantity.precision == precision
        assert quantity_to_e8(quantity) == mantissa

    @given(INT64, PRECISIONS)
    def test_a_value_is_exact_or_refused(self, mantissa: int, precision: int) -> None:
        exact = mantissa % 10 ** (MAX_PRECISION - precision) == 0
        in_range = PRICE_MIN_E8 <= mantissa <= PRICE_MAX_E8

        if exact and in_range:
            assert price_from_e8(mantissa, precision).as_decimal() == e8_to_decimal(mantissa)
        else:
            with pytest.raises(PrecisionError):
                price_from_e8(mantissa, precision)

    def test_a_value_that_floats_get_wrong_is_right(self) -> None:
        assert str(price8_from_e8(9_876_543_212_345_679)) == "98765432.12345679"

    def test_the_scale_follows_the_platforms_build(self) -> None:
        assert Price.from_str("1.00000000").raw == 10**MAX_PRECISION * RAW_PER_E8


class TestRefusal:
    @pytest.mark.parametrize("mantissa", [None, SBE_NULL])
    def test_a_null_is_no_price(self, mantissa: int | None) -> None:
        with pytest.raises(PrecisionError, match="price is null"):
            price8_from_e8(mantissa)

    # Beyond the range the platform does not raise: the process aborts.
    @pytest.mark.parametrize("mantissa", [PRICE_MAX_E8 + 1, PRICE_MIN_E8 - 2, 10**60, -(10**60)])
    def test_a_price_beyond_the_range_is_refused(self, mantissa: int) -> None:
        with pytest.raises(PrecisionError, match="or the range"):
            price8_from_e8(mantissa)

    @pytest.mark.parametrize("mantissa", [-1, QUANTITY_MAX_E8 + 1, 10**60, SBE_NULL, None])
    def test_a_quantity_beyond_the_range_is_refused(self, mantissa: int | None) -> None:
        with pytest.raises(PrecisionError):
            quantity_from_e8(mantissa, 8)

    def test_a_value_finer_than_the_precision_is_refused(self) -> None:
        with pytest.raises(PrecisionError, match=r"does not fit 1 decimals .* was 60123.45"):
            price_from_e8(6_012_345_000_000, 1)

    @pytest.mark.parametrize("precision", [-1, 9, 16])
    def test_a_precision_the_wire_does_not_have_is_refused(self, precision: int) -> None:
        with pytest.raises(PrecisionError, match="precision must be 0 to 8"):
            price_from_e8(0, precision)

    def test_a_value_of_the_platform_finer_than_the_wire_is_refused(self) -> None:
        with pytest.raises(PrecisionError, match="finer than 1e-8"):
            price_to_e8(Price.from_str("1.000000001"))
        with pytest.raises(PrecisionError, match="finer than 1e-8"):
            quantity_to_e8(Quantity.from_str("1.000000001"))


class TestIncrements:
    @pytest.mark.parametrize(
        ("increment", "precision"),
        [
            ("0.1", 1),
            ("0.5", 1),
            ("0.25", 2),
            ("1", 0),
            ("10", 0),
            ("0.00000001", 8),
            ("12.5", 1),
        ],
    )
    def test_an_increment_needs_as_many_decimals_as_it_has(
        self, increment: str, precision: int
    ) -> None:
        assert increment_precision(int(Decimal(increment) * 10**8)) == precision

    @pytest.mark.parametrize("increment", [0, -1])
    def test_an_increment_is_positive(self, increment: int) -> None:
        with pytest.raises(PrecisionError, match="increment must be positive"):
            increment_precision(increment)


class TestMarketScale:
    @pytest.fixture
    def scale(self) -> MarketScale:
        return MarketScale.of(
            instrument_id_from_symbol("BTC-USD-PERP"),
            price_increment=Price.from_str("0.5"),
            size_increment=Quantity.from_str("0.001"),
        )

    def test_values_get_the_instruments_precision(self, scale: MarketScale) -> None:
        assert str(scale.price(6_012_350_000_000)) == "60123.5"
        assert str(scale.size(2_000_000_000)) == "20.000"

    def test_a_price_between_two_ticks_is_held_and_told(self, scale: MarketScale) -> None:
        assert str(scale.price(6_012_340_000_000)) == "60123.4"
        assert scale.off_tick(6_012_340_000_000)
        assert not scale.off_tick(6_012_350_000_000)

    @pytest.mark.parametrize("mantissa", [None, SBE_NULL, 6_012_345_000_000, 10**60])
    def test_a_price_it_cannot_hold_is_refused(
        self, scale: MarketScale, mantissa: int | None
    ) -> None:
        with pytest.raises(PrecisionError, match=r"BTC-USD-PERP\.PARADEX: price"):
            scale.price_raw(mantissa)

    @pytest.mark.parametrize("mantissa", [None, SBE_NULL, -100_000, 100_001, 10**60])
    def test_a_size_it_cannot_hold_is_refused(
        self, scale: MarketScale, mantissa: int | None
    ) -> None:
        with pytest.raises(PrecisionError, match=r"BTC-USD-PERP\.PARADEX: size"):
            scale.size_raw(mantissa)
