"""What the integration tests share.

The platform's logging, of which a process has only one, and shortcuts past times of waiting.
"""

from collections.abc import Iterator
from typing import Final

import pytest
from nautilus_trader.common.component import init_logging, is_logging_initialized
from nautilus_trader.common.enums import LogLevel

from nautilus_paradex.execution.commands import under_way
from nautilus_paradex.execution.orders import in_doubt
from tests.integration.data_world import make_world

__all__ = ["make_world", "no_late_arrivals", "no_late_effects", "platform_logging"]

_ANY_WINDOW_MS: Final = 3_600_000


@pytest.fixture(scope="session")
def platform_logging() -> Iterator[None]:
    """Begin the platform's logging, if nothing has, so that a node shows nothing but errors."""
    guard = None if is_logging_initialized() else init_logging(level_stdout=LogLevel.ERROR)
    yield
    del guard


@pytest.fixture
def no_late_arrivals(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    An order that the venue does not know when it is asked cannot arrive any more.

    The client would wait until the receive window is over. A short window is no way around that: it
    is also the time in which a busy machine has to bring orders to the venue.
    """
    monkeypatch.setattr(in_doubt, "ARRIVAL_MARGIN_MS", -_ANY_WINDOW_MS)


@pytest.fixture
def no_late_effects(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A cancel or change that has had no effect when the venue is asked has none any more.

    The client would allow for the venue's queues. Not where a test is told by ``is_executed`` that
    the venue acts: it may do so after the question, on a busy machine.
    """
    callspec = getattr(request.node, "callspec", None)
    if callspec is None or not callspec.params.get("is_executed"):
        monkeypatch.setattr(under_way, "_ARRIVAL_SECS", 0.0)
