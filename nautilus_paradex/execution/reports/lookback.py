"""What a person can do where the account has more in the lookback than is read for a start.

A list cut short would pass for a whole one: fills would be invented for what is missing.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final

from nautilus_paradex.protocol.numbers import to_int
from nautilus_paradex.transport.errors import TooManyPagesError

__all__ = ["advised"]

_MS_PER_MIN: Final = 60_000
_MARGIN: Final = 10  # a tenth is left for what comes until the next start


@contextmanager
def advised(what: str, since_ms: int, now_ms: int) -> Iterator[None]:
    """
    Say of a list that is too long which setting makes it shorter, and to which value.

    Parameters
    ----------
    what : str
        What is listed.
    since_ms, now_ms : int
        The beginning of the lookback and the present, Unix time of the venue.

    Raises
    ------
    TooManyPagesError
        With the advice.

    """
    try:
        yield
    except TooManyPagesError as exc:
        lookback_mins = (now_ms - since_ms) // _MS_PER_MIN
        fitting_mins = min(_span_mins(exc.items), lookback_mins)
        advice_mins = max(1, fitting_mins - fitting_mins // _MARGIN)
        since = datetime.fromtimestamp(max(since_ms, 0) / 1_000, UTC)
        raise TooManyPagesError(
            f"the account has more than {len(exc.items):,} {what} since {since:%Y-%m-%d %H:%M} UTC "
            f"({lookback_mins} minutes back), and more are not read: set "
            "reconciliation_lookback_mins of the node's exec_engine (LiveExecEngineConfig) to "
            f"{advice_mins} or less. What is older is not reported then; open orders, positions "
            "and balances always are",
            exc.items,
        ) from exc


def _span_mins(items: tuple[object, ...]) -> int:
    times_ms = [time for item in items if (time := to_int(getattr(item, "created_at", None)))]
    return (max(times_ms) - min(times_ms)) // _MS_PER_MIN if times_ms else 0
