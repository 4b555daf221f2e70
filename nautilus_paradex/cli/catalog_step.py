"""The step from a recording to a catalog, with a progress bar, as two commands have it."""

from collections.abc import Collection, Iterable
from pathlib import Path

from nautilus_trader.model.instruments import Instrument
from rich.console import Console
from rich.progress import Progress

from nautilus_paradex.cli.errors import BadInput, CommandFailed
from nautilus_paradex.cli.output import say
from nautilus_paradex.history.catalog import CatalogSummary, recording_to_catalog
from nautilus_paradex.history.catalog_writer import CatalogError
from nautilus_paradex.protocol.recording import RecordingError

__all__ = ["add_to_catalog"]


def add_to_catalog(
    path: Path,
    catalog: Path,
    *,
    console: Console,
    instruments: Iterable[Instrument] | None = None,
    markets: Collection[str] | None = None,
    skip_malformed: bool = False,
) -> None:
    """
    Add a recording to a catalog and say what came of it.

    Raises
    ------
    BadInput
        If the recording cannot be used.
    CommandFailed
        If the catalog cannot be written.

    """
    with Progress(console=console, disable=not console.is_terminal, transient=True) as progress:
        task = progress.add_task(f"to {catalog}", total=None)
        try:
            summary = recording_to_catalog(
                path,
                catalog,
                instruments=instruments,
                markets=markets,
                skip_malformed=skip_malformed,
                warn=lambda text: say(console, text),
                progress=lambda done, total: progress.update(task, completed=done, total=total),
            )
        except RecordingError as exc:
            raise BadInput(str(exc)) from exc
        except CatalogError as exc:
            raise CommandFailed(str(exc)) from exc
    say(console, f"{catalog}: {_described(summary)}")


def _described(summary: CatalogSummary) -> str:
    counts = [f"{count:,} {kind}" for kind, count in summary.written.items()]
    counts += [f"{count:,} {name} left out" for name, count in summary.left_out.items()]
    return ", ".join(counts) or "nothing to write"
