"""
Recording live frames, replaying them offline, and from recordings to catalogs for backtests.

Names are imported on first use: recording loads nothing of NautilusTrader.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from nautilus_paradex.history.catalog import CatalogSummary, recording_to_catalog
    from nautilus_paradex.history.catalog_writer import CatalogError
    from nautilus_paradex.history.reader import RecordingReader
    from nautilus_paradex.history.recorder import Recorder
    from nautilus_paradex.history.replay import FrameReplay

__all__ = [
    "CatalogError",
    "CatalogSummary",
    "FrameReplay",
    "Recorder",
    "RecordingReader",
    "recording_to_catalog",
]

_HOMES: Final = {
    "CatalogError": "catalog_writer",
    "CatalogSummary": "catalog",
    "FrameReplay": "replay",
    "Recorder": "recorder",
    "RecordingReader": "reader",
    "recording_to_catalog": "catalog",
}


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
