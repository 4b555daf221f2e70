"""Integer arithmetic at 1e-8 with the rounding said in the name; nothing of markets or money."""

from nautilus_paradex.protocol.numbers import E8

__all__ = ["div_e8", "mul_e8", "mul_e8_up", "round_div", "round_to_multiple", "sign"]


def mul_e8(a_e8: int, b_e8: int) -> int:
    """Return the product of two numbers at 1e-8, rounded towards minus infinity."""
    return a_e8 * b_e8 // E8


def mul_e8_up(a_e8: int, b_e8: int) -> int:
    """Return the product of two numbers at 1e-8, rounded towards plus infinity."""
    return -(-a_e8 * b_e8 // E8)


def div_e8(a_e8: int, b_e8: int) -> int:
    """Return the quotient of two numbers at 1e-8, rounded half to even."""
    return round_div(a_e8 * E8, b_e8)


def round_div(numerator: int, denominator: int) -> int:
    """Return ``numerator / denominator`` rounded half to even."""
    if denominator < 0:
        numerator, denominator = -numerator, -denominator
    quotient, rest = divmod(numerator, denominator)
    twice = 2 * rest
    if twice > denominator or (twice == denominator and quotient % 2):
        return quotient + 1
    return quotient


def round_to_multiple(value: int, step: int) -> int:
    """Return the multiple of `step` nearest to `value`."""
    return round_div(value, step) * step


def sign(value: int) -> int:
    """Return -1, 0 or 1."""
    return (value > 0) - (value < 0)
