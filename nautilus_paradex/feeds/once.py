"""
Warnings about what may repeat a thousand times a second: each kind is logged once.

How often it happened is in the counters.
"""

from collections.abc import Callable
from typing import Final

__all__ = ["WarnOnce"]

_MAX_KINDS: Final = 256


class WarnOnce:
    """
    Passes the first warning of each kind on.

    Parameters
    ----------
    warn : Callable[[str], None]
        Where warnings go.
    note : str
        What is added to each, to say why it does not come again.

    """

    __slots__ = ("_kinds", "_note", "_warn")

    def __init__(
        self,
        warn: Callable[[str], None],
        note: str = "logged once, counted from here on",
    ) -> None:
        self._warn = warn
        self._note = note
        self._kinds: set[str] = set()

    def __call__(self, kind: str, message: str) -> None:
        """Log `message` unless one of its kind was; kinds beyond a limit stay silent."""
        if kind in self._kinds or len(self._kinds) >= _MAX_KINDS:
            return
        self._kinds.add(kind)
        self._warn(f"{message} ({self._note})")
