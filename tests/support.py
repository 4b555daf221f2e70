"""Helpers that every test may use."""

import asyncio
from collections.abc import Callable

__all__ = ["eventually"]


async def eventually(condition: Callable[[], object], timeout_secs: float = 10.0) -> None:
    """Wait until `condition` holds; fail if it does not in time."""
    try:
        async with asyncio.timeout(timeout_secs):
            while not condition():  # noqa: ASYNC110 any condition, not one that has an event
                await asyncio.sleep(0.002)
    except TimeoutError:
        raise AssertionError(f"condition did not hold within {timeout_secs} s") from None
