"""Helpers that every test may use."""

import asyncio
from collections.abc import Callable
from typing import Final

__all__ = ["PATIENCE_SECS", "PROCESS_PATIENCE_SECS", "KeptLog", "eventually"]

# Bounds for what will not come any more, far above what a crowded machine needs: no test that
# passes ever waits for them.
PATIENCE_SECS: Final = 60.0
PROCESS_PATIENCE_SECS: Final = 180.0


class KeptLog:
    """A logger that keeps its errors and warnings, where telling a person is what is to be done."""

    def __init__(self) -> None:
        self.errors: list[str] = []
        self.warnings: list[str] = []

    def error(self, text: str) -> None:
        self.errors.append(text)

    def warning(self, text: str) -> None:
        self.warnings.append(text)

    def info(self, text: str, color: object = None) -> None:
        """Not kept."""


async def eventually(condition: Callable[[], object], timeout_secs: float = PATIENCE_SECS) -> None:
    """Wait until `condition` holds; fail if it does not in time."""
    try:
        async with asyncio.timeout(timeout_secs):
            while not condition():  # noqa: ASYNC110 any condition, not one that has an event
                await asyncio.sleep(0.002)
    except TimeoutError:
        raise AssertionError(f"condition did not hold within {timeout_secs} s") from None
