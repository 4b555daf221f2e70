"""What the integration tests share: the platform's logging, of which a process has only one."""

from collections.abc import Iterator

import pytest
from nautilus_trader.common.component import init_logging, is_logging_initialized
from nautilus_trader.common.enums import LogLevel

from tests.integration.data_world import make_world

__all__ = ["make_world", "platform_logging"]


@pytest.fixture(scope="session")
def platform_logging() -> Iterator[None]:
    """Begin the platform's logging, if nothing has, so that a node shows nothing but errors."""
    guard = None if is_logging_initialized() else init_logging(level_stdout=LogLevel.ERROR)
    yield
    del guard
