"""The package opens without the platform, and every promised name is there on first use."""

import subprocess
import sys

import pytest

import nautilus_paradex
from nautilus_paradex import history
from tests.support import PROCESS_PATIENCE_SECS


def run_python(code: str) -> str:
    process = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        timeout=PROCESS_PATIENCE_SECS,
    )
    return process.stdout.strip()


@pytest.mark.parametrize(
    "module",
    [
        "nautilus_paradex",
        "nautilus_paradex.protocol",
        "nautilus_paradex.protocol.sbe",
        "nautilus_paradex.protocol.json_feed",
        "nautilus_paradex.transport.http",
        "nautilus_paradex.transport.websocket",
        "nautilus_paradex.devnet.server",
        "nautilus_paradex.history.recorder",
        "nautilus_paradex.cli.record",
    ],
)
def test_importing_the_lower_floors_loads_nothing_of_the_platform(module: str) -> None:
    code = (
        f"import sys, {module}\n"
        "print([name for name in sys.modules if name.startswith('nautilus_trader')])"
    )

    assert run_python(code) == "[]"


def test_a_name_is_loaded_when_it_is_asked_for() -> None:
    code = "from nautilus_paradex import ParadexEnvironment; print(ParadexEnvironment.DEVNET)"

    assert run_python(code) == "devnet"


@pytest.mark.parametrize("name", nautilus_paradex.__all__)
def test_every_promised_name_is_there(name: str) -> None:
    assert getattr(nautilus_paradex, name) is not None
    assert name in dir(nautilus_paradex)


@pytest.mark.parametrize("name", history.__all__)
def test_every_name_of_the_history_is_there(name: str) -> None:
    assert getattr(history, name) is not None
    assert name in dir(history)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Nonsense'"):
        _ = nautilus_paradex.Nonsense  # type: ignore[attr-defined]
    with pytest.raises(AttributeError, match="no attribute 'Nonsense'"):
        _ = history.Nonsense  # type: ignore[attr-defined]
