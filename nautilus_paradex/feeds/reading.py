"""Reads lists of records of which one may be bad: it must not cost the others."""

from collections.abc import Callable, Iterable

from nautilus_paradex.parsing.precision import PrecisionError
from nautilus_paradex.protocol.errors import MessageError

__all__ = ["readable"]


def readable[T, D](
    records: Iterable[T],
    convert: Callable[[T], D],
    warn: Callable[[str], None],
) -> list[D]:
    """
    Return what can be converted.

    Parameters
    ----------
    convert : Callable[[T], D]
        Raises `MessageError` or `PrecisionError` for what cannot be read, or held by the platform.
    warn : Callable[[str], None]
        Told once how many were left out, and why the first.

    """
    converted: list[D] = []
    problems: list[str] = []
    for record in records:
        try:
            converted.append(convert(record))
        except (MessageError, PrecisionError) as exc:
            problems.append(str(exc))
    if problems:
        count = len(problems)
        warn(f"{count} of {count + len(converted)} items left out: {problems[0]}")
    return converted
