"""How often and how long the venue is asked for what it has not told."""

from collections.abc import Iterator, Sequence
from typing import Final

__all__ = ["ARRIVAL_MARGIN_MS", "CLOCK_MARGIN_MS", "LOOKUP_PAUSES_SECS", "pauses"]

LOOKUP_PAUSES_SECS: Final = (0.25, 0.5, 1.0, 2.0)
"""Between questions after one thing: most is known soon, the rest must not use up the limits."""

ARRIVAL_MARGIN_MS: Final = 2_000
"""How long after its receive window a request may be taken: the venue's own queues (guess)."""

CLOCK_MARGIN_MS: Final = 5_000
"""How far before its time by this side's clock a thing is looked for (guess)."""


def pauses(secs: Sequence[float]) -> Iterator[float]:
    """Yield pauses one after the other, and the last one for ever."""
    yield from secs
    while True:
        yield secs[-1]
