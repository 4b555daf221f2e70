"""The command ``paradex-nt record``: raw frames of a live socket into a file, until stopped."""

import asyncio
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Final

import click
from rich.console import Console
from rich.status import Status

from nautilus_paradex.cli.errors import BadInput, CommandFailed
from nautilus_paradex.cli.interruption import Interruption
from nautilus_paradex.cli.output import say
from nautilus_paradex.cli.venue_address import (
    VenueAddress,
    environment_option,
    url_option,
    venue_address,
)
from nautilus_paradex.history.recorder import Recorder
from nautilus_paradex.history.topics import DEFAULT_TOPICS, TOPICS, TopicError, check_topics
from nautilus_paradex.protocol import rest
from nautilus_paradex.protocol.environment import ParadexEnvironment
from nautilus_paradex.protocol.errors import ParadexError
from nautilus_paradex.transport.http import ParadexHttpClient

__all__ = ["record_command"]

_TICK_SECS: Final = 0.5
_PLAIN_EVERY_SECS: Final = 10.0
_RETRIES: Final = 1  # a person waits
_NAMES_SHOWN: Final = 40
_BYTES_PER_MIB: Final = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    venue: VenueAddress
    markets: tuple[str, ...]
    topics: tuple[str, ...]
    out: Path
    force: bool
    seconds: float | None


@click.command("record")
@click.argument("markets", nargs=-1, required=True, metavar="MARKET...")
@click.option(
    "--channels",
    default=",".join(DEFAULT_TOPICS),
    show_default=True,
    metavar="NAMES",
    help=f"Of {', '.join(TOPICS)}.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FILE",
    help="The recording; gzipped if the name ends in .gz.",
)
@click.option("--force", is_flag=True, help="Replace FILE if it is there.")
@environment_option
@url_option
@click.option(
    "--seconds",
    type=click.FloatRange(0, min_open=True),
    default=None,
    help="How long; until Ctrl-C if not given.",
)
@click.option(
    "--to-catalog",
    type=click.Path(path_type=Path, file_okay=False),
    default=None,
    metavar="PATH",
    help="Add the recorded data to this Parquet catalog at the end.",
)
def record_command(
    markets: tuple[str, ...],
    channels: str,
    out: Path,
    force: bool,
    environment: str | None,
    url: str | None,
    seconds: float | None,
    to_catalog: Path | None,
) -> None:
    """
    Record the raw frames of public channels of MARKET... to a file of JSON lines.

    Ctrl-C ends it in good order. Lost connections come back by themselves and are marked in the
    file. Without --environment and --url it is mainnet. `paradex-nt replay` reads the file.
    """
    address = venue_address(environment, url, ParadexEnvironment.MAINNET)
    assert address is not None
    plan = _Plan(
        venue=address,
        markets=tuple(dict.fromkeys(markets)),
        topics=_topics(channels),
        out=out,
        force=force,
        seconds=seconds,
    )
    _check_file(out, force=force)
    console = Console()
    status = asyncio.run(_record(plan, console))
    if status:
        sys.exit(status)
    if to_catalog is not None:
        # Only here, because it loads the trading platform.
        from nautilus_paradex.cli.catalog_step import add_to_catalog

        add_to_catalog(out, to_catalog, console=console)


def _topics(channels: str) -> tuple[str, ...]:
    try:
        return check_topics(name.strip() for name in channels.split(",") if name.strip())
    except TopicError as exc:
        raise BadInput(str(exc)) from exc


def _check_file(out: Path, *, force: bool) -> None:
    if out.is_dir():
        raise BadInput(f"{out} is a directory, --out must name a file")
    if out.exists() and not force:
        raise BadInput(f"{out} is there already: choose another name, or --force to replace it")
    if not out.absolute().parent.is_dir():
        raise BadInput(f"{out} cannot be made: there is no directory {out.absolute().parent}")


async def _record(plan: _Plan, console: Console) -> int:
    """Return the exit status."""
    interruption = Interruption()
    interruption.listen()
    try:
        await _record_until_done(plan, console, interruption)
    except asyncio.CancelledError:
        if interruption.signal_name is None:
            raise
        say(console, f"stopped by {interruption.signal_name} before anything was recorded")
        return interruption.exit_status
    except ParadexError as exc:
        raise CommandFailed(str(exc)) from exc
    except OSError as exc:
        raise BadInput(f"{plan.out} cannot be written: {exc.strerror or exc}") from exc
    return 0


async def _record_until_done(plan: _Plan, console: Console, interruption: Interruption) -> None:
    recorder = Recorder(
        plan.venue.ws_url,
        plan.out,
        markets=await _markets(plan),
        topics=plan.topics,
        overwrite=plan.force,
        report=lambda text: say(console, text),
    )
    await recorder.start()
    began = time.monotonic()
    try:
        with interruption.awaited(), _progress(console) as progress:
            await _until_over(recorder, interruption, plan.seconds, progress)
    finally:
        await recorder.stop()
    stats = recorder.stats
    say(
        console,
        f"{plan.out}: {stats.frames:,} frames of {len(recorder.channels)} channels in "
        f"{time.monotonic() - began:.0f} s, {_size(recorder)}, {stats.dropped:,} dropped, "
        f"{stats.interruptions} interruptions, {stats.book_gaps} book gaps",
    )


async def _until_over(
    recorder: Recorder,
    interruption: Interruption,
    seconds: float | None,
    progress: "_Progress",
) -> None:
    """Wait until the time is up or a signal has come; an error of the file is raised."""
    began = time.monotonic()
    stopped = asyncio.create_task(interruption.requested.wait())
    failed = asyncio.create_task(recorder.failed())
    try:
        while not (stopped.done() or failed.done()):
            elapsed_secs = time.monotonic() - began
            progress.update(recorder, elapsed_secs)
            left_secs = _TICK_SECS if seconds is None else min(seconds - elapsed_secs, _TICK_SECS)
            if left_secs <= 0:
                return
            await asyncio.wait(
                {stopped, failed}, timeout=left_secs, return_when=asyncio.FIRST_COMPLETED
            )
        if failed.done():
            await failed
    finally:
        stopped.cancel()
        failed.cancel()


async def _markets(plan: _Plan) -> list[rest.Market]:
    http = ParadexHttpClient(plan.venue.http_url, max_retries=_RETRIES)
    try:
        listed = {market.symbol: market for market in await http.markets()}
    finally:
        await http.close()
    for name in plan.markets:
        if name not in listed:
            raise BadInput(_unlisted(name, sorted(listed)))
    return [listed[name] for name in plan.markets]


def _unlisted(name: str, listed: Sequence[str]) -> str:
    similar = get_close_matches(name, listed, n=3)
    hint = f", similar are {', '.join(similar)}" if similar else ""
    more = len(listed) - _NAMES_SHOWN
    names = ", ".join(listed[:_NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")
    return f"the venue lists no market {name!r}{hint}; it has {names}"


class _Progress:
    def __init__(self, console: Console, status: Status | None) -> None:
        self._console = console
        self._status = status
        self._frames = 0
        self._elapsed_secs = 0.0
        self._next_line_secs = 0.0

    def update(self, recorder: Recorder, elapsed_secs: float) -> None:
        stats = recorder.stats
        rate = (stats.frames - self._frames) / max(elapsed_secs - self._elapsed_secs, _TICK_SECS)
        self._frames, self._elapsed_secs = stats.frames, elapsed_secs
        line = (
            f"{elapsed_secs:.0f} s  {stats.frames:,} frames  {rate:,.0f}/s  {_size(recorder)}  "
            f"{stats.dropped:,} dropped  {stats.interruptions} interruptions"
        )
        if self._status is not None:
            self._status.update(line)
        elif elapsed_secs >= self._next_line_secs:
            self._next_line_secs = elapsed_secs + _PLAIN_EVERY_SECS
            say(self._console, line)


@contextmanager
def _progress(console: Console) -> Iterator[_Progress]:
    if not console.is_terminal:
        yield _Progress(console, None)
        return
    with console.status("recording") as status:
        yield _Progress(console, status)


def _size(recorder: Recorder) -> str:
    return f"{recorder.size / _BYTES_PER_MIB:.1f} MiB"
