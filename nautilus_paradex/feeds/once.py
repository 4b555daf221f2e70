"""
Warnings about what a stream may repeat a thousand times a second: each kind is logged once.

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

    """

    __slots__ = ("_kinds", "_warn")

    def __init__(self, warn: Callable[[str], None]) -> None:
        self._warn = warn
        self._kinds: set[str] = set()

    def __call__(self, kind: str, message: str) -> None:
        """Log `message` unless one of its kind was; kinds beyond a limit stay silent."""
        if kind in self._kinds or len(self._kinds) >= _MAX_KINDS:
            return
        self._kinds.add(kind)
        self._warn(f"{message} (logged once, counted from here on)")
