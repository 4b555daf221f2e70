"""The command ``paradex-nt replay``: what the live client would have made of a recording."""

import asyncio
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import click
import msgspec
from nautilus_trader.model.instruments import Instrument
from rich import box
from rich.console import Console
from rich.table import Table

from nautilus_paradex.cli.catalog_step import add_to_catalog
from nautilus_paradex.cli.errors import BadInput, CommandFailed
from nautilus_paradex.cli.output import say
from nautilus_paradex.cli.venue_address import environment_option, url_option, venue_address
from nautilus_paradex.history.instruments import instruments_of, markets_in_file
from nautilus_paradex.history.kinds import KINDS, as_dict, kind_of, market_of
from nautilus_paradex.history.reader import RecordingReader
from nautilus_paradex.history.replay import FrameReplay
from nautilus_paradex.protocol import rest
from nautilus_paradex.protocol.errors import ParadexError
from nautilus_paradex.protocol.recording import RecordingError
from nautilus_paradex.transport.http import ParadexHttpClient

__all__ = ["replay_command"]

_RETRIES: Final = 1  # a person waits
_US_PER_SEC: Final = 1_000_000
_NS_PER_US: Final = 1_000


@click.command("replay")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--market", "markets", multiple=True, help="Only this market; may be repeated.")
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    metavar="KIND",
    help=f"Only this kind of data, such as {', '.join(KINDS.values())}; may be repeated.",
)
@click.option("--limit", type=click.IntRange(min=1), help="Stop after so many objects.")
@click.option("--lines", is_flag=True, help="Print each object as a line of JSON.")
@click.option("--skip-malformed", is_flag=True, help="Count lines that cannot be read.")
@click.option(
    "--instruments",
    type=click.Path(path_type=Path),
    default=None,
    metavar="JSON",
    help="Specifications of the markets, a reply to GET /markets, for a recording without them.",
)
@environment_option
@url_option
@click.option(
    "--to-catalog",
    type=click.Path(path_type=Path, file_okay=False),
    default=None,
    metavar="PATH",
    help="Add the data to this Parquet catalog, in place of the summary.",
)
def replay_command(
    file: Path,
    markets: tuple[str, ...],
    kinds: tuple[str, ...],
    limit: int | None,
    lines: bool,
    skip_malformed: bool,
    instruments: Path | None,
    environment: str | None,
    url: str | None,
    to_catalog: Path | None,
) -> None:
    """
    Push the frames of the recording FILE through the live decode path, and say what came out.

    The increments of the markets are those that the recording names, or those of --instruments,
    or are asked for at --environment or --url; without any of them 8 decimals are assumed.
    """
    if to_catalog is not None and (kinds or limit or lines):
        raise BadInput("--to-catalog stores all kinds: --kind, --limit and --lines cannot apply")
    known = _instruments(instruments, environment, url)
    wanted = frozenset(markets) or None
    console = Console(stderr=lines)
    if to_catalog is not None:
        add_to_catalog(
            file,
            to_catalog,
            console=console,
            instruments=known,
            markets=wanted,
            skip_malformed=skip_malformed,
        )
        return
    tally = _Tally(kinds=frozenset(kinds) or None, limit=limit, prints=lines)
    replay = FrameReplay(
        tally.take, instruments=known, markets=wanted, warn=lambda text: click.echo(text, err=True)
    )
    reader = RecordingReader(file, skip_malformed=skip_malformed)
    try:
        for frame in reader:
            tally.note_time(frame.t_ns)
            replay.push(frame)
            if tally.is_full:
                break
    except RecordingError as exc:
        raise BadInput(str(exc)) from exc
    _print_summary(console, tally, replay, reader)


def _instruments(
    path: Path | None, environment: str | None, url: str | None
) -> list[Instrument] | None:
    address = venue_address(environment, url)
    if path is not None and address is not None:
        raise BadInput("give --instruments or a venue to ask, not both")
    try:
        if path is not None:
            markets = markets_in_file(path)
        elif address is not None:
            markets = asyncio.run(_fetched(address.http_url))
        else:
            return None
    except RecordingError as exc:
        raise BadInput(str(exc)) from exc
    except ParadexError as exc:
        raise CommandFailed(str(exc)) from exc
    return instruments_of(markets, ts_init=0, warn=lambda text: click.echo(text, err=True))


async def _fetched(http_url: str) -> list[rest.Market]:
    http = ParadexHttpClient(http_url, max_retries=_RETRIES)
    try:
        return await http.markets()
    finally:
        await http.close()


class _Tally:
    """Counts what is wanted of the objects, and prints each if asked to."""

    def __init__(self, *, kinds: frozenset[str] | None, limit: int | None, prints: bool) -> None:
        self._kinds = kinds
        self._limit = limit
        self._prints = prints
        self.counts: Counter[tuple[str, str]] = Counter()
        self.frames = 0
        self.first_ns = 0
        self.last_ns = 0

    @property
    def is_full(self) -> bool:
        return self._limit is not None and self.counts.total() >= self._limit

    def note_time(self, t_ns: int) -> None:
        self.frames += 1
        self.first_ns = self.first_ns or t_ns
        self.last_ns = t_ns

    def take(self, data: object) -> None:
        kind = kind_of(data)
        if self.is_full or (self._kinds is not None and kind not in self._kinds):
            return
        self.counts[market_of(data), kind] += 1
        if self._prints:
            click.echo(msgspec.json.encode(as_dict(data)))


def _print_summary(
    console: Console, tally: _Tally, replay: FrameReplay, reader: RecordingReader
) -> None:
    kinds = sorted({kind for _, kind in tally.counts})
    rows = [
        [market or "–", *(f"{tally.counts[market, kind]:,}" for kind in kinds)]
        for market in sorted({market for market, _ in tally.counts})
    ]
    if console.is_terminal:
        table = Table(box=box.SIMPLE_HEAD)
        table.add_column("market", no_wrap=True)
        for kind in kinds:
            table.add_column(kind, justify="right", overflow="fold")
        for row in rows:
            table.add_row(*row)
        console.print(table)
    else:
        for market, *counts in rows:
            said = ", ".join(f"{kind} {n}" for kind, n in zip(kinds, counts, strict=True))
            say(console, f"{market}: {said}")
    for line in _remarks(tally, replay, reader):
        say(console, line)


def _remarks(tally: _Tally, replay: FrameReplay, reader: RecordingReader) -> Iterable[str]:
    if tally.frames:
        first, last = _time(tally.first_ns), _time(tally.last_ns)
        yield f"{tally.frames:,} frames from {first} to {last}"
    else:
        yield "no frame in this recording"
    if replay.counters:
        yield ", ".join(f"{name} {count:,}" for name, count in replay.counters.items())
    if replay.assumes_precision:
        yield "the recording names no instruments: 8 decimals are assumed, ticks are not checked"
    if reader.report.malformed:
        yield f"{reader.report.malformed} lines passed over, {reader.report.first_problem}"
    if reader.report.is_cut:
        yield "the recording ends within a line: its writer was killed"


def _time(t_ns: int) -> str:
    seconds, micros = divmod(t_ns // _NS_PER_US, _US_PER_SEC)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=micros).isoformat()
