"""The world that the engine's tests live in."""

from collections.abc import Callable

import pytest
from engine_world import World


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def new_world() -> Callable[..., World]:
    """For tests that need a world with another past or balance, or many of them."""
    return World
