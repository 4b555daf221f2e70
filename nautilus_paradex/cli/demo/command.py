"""The command ``paradex-nt demo``: trade for a while, then compare the books. Exit 0 if they agree.

In order: a venue, a node with the demo's strategy, the screen while it trades, an orderly end, and
the comparison of fills, position and balance with what the venue says.
"""

import asyncio
import sys
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, ExitStack
from functools import partial
from typing import Final

import click
import uvloop
from nautilus_trader.model.identifiers import InstrumentId, Symbol
from rich.console import Console

from nautilus_paradex.cli.demo.screen import open_screen, print_summary
from nautilus_paradex.cli.demo.session import run_node, socket_times
from nautilus_paradex.cli.demo.stats import DemoStats
from nautilus_paradex.cli.demo.strategy import DemoQuoter
from nautilus_paradex.cli.demo.truth import Check, compare, node_books, venue_books
from nautilus_paradex.cli.demo.venue import DemoVenue, open_venue
from nautilus_paradex.cli.errors import BadInput
from nautilus_paradex.constants import PARADEX_VENUE
from nautilus_paradex.protocol.environment import ParadexEnvironment
from nautilus_paradex.protocol.errors import ParadexError
from nautilus_paradex.transport.http import ParadexHttpClient

__all__ = ["demo_command"]

_SCREEN_INTERVAL_SECS: Final = 0.5
_QUIET_TIMEOUT_SECS: Final = 15.0
_AGREEMENT_TIMEOUT_SECS: Final = 10.0
_POLL_SECS: Final = 0.1
_VENUES: Final = {"devnet": ParadexEnvironment.DEVNET, "testnet": ParadexEnvironment.TESTNET}


@click.command("demo")
@click.option("--seconds", type=click.FloatRange(1, 3_600), default=30.0, show_default=True)
@click.option("--market", default="BTC-USD-PERP", show_default=True, help="The venue's symbol.")
@click.option(
    "--venue",
    type=click.Choice(list(_VENUES)),
    default="devnet",
    show_default=True,
    help="testnet takes the account from PARADEX_TESTNET_ACCOUNT_ADDRESS and _PRIVATE_KEY.",
)
@click.option("--verbose", is_flag=True, help="Show the node's log.")
def demo_command(seconds: float, market: str, venue: str, verbose: bool) -> None:
    """
    Trade for a while and check every figure against the venue's own books.

    Starts a local venue, runs a trading node with both clients and a small quoting strategy that
    crosses the spread now and then. Exit status 0 means that fills, position and balance agree.
    """
    level = "INFO" if verbose else "ERROR"
    loop = uvloop.new_event_loop()
    with ExitStack() as after_loop:
        after_loop.callback(loop.close)
        demo = _demo(_VENUES[venue], market, seconds, level, after_loop)
        try:
            agrees = loop.run_until_complete(demo)
        except ParadexError as exc:
            raise click.ClickException(str(exc)) from exc
    sys.exit(0 if agrees else 1)


async def _demo(
    environment: ParadexEnvironment,
    market: str,
    seconds: float,
    log_level: str,
    after_loop: ExitStack,
) -> bool:
    console = Console()
    async with open_venue(environment) as venue:
        http = ParadexHttpClient(venue.http_url, credentials=venue.credentials)
        try:
            await http.start()
            await _check_market(http, market)
            node = partial(run_node, venue, log_level=log_level, after_loop=after_loop)
            return await _trade_and_compare(console, venue, http, market, seconds, node)
        finally:
            await http.close()


async def _check_market(http: ParadexHttpClient, market: str) -> None:
    symbols = [each.symbol for each in await http.markets()]
    if market not in symbols:
        some = ", ".join(sorted(symbols)[:8])
        raise BadInput(f"there is no market {market!r} at this venue; there is {some}")


async def _trade_and_compare(
    console: Console,
    venue: DemoVenue,
    http: ParadexHttpClient,
    market: str,
    seconds: float,
    node: Callable[[InstrumentId, DemoStats], AbstractAsyncContextManager[DemoQuoter]],
) -> bool:
    since_ms = http.clock.now_ms()
    times = await socket_times(venue, http, market)
    console.print(
        f"{venue.environment} at {venue.http_url}, account {venue.credentials.account_hex}"
    )
    instrument_id = InstrumentId(Symbol(market), PARADEX_VENUE)
    stats = DemoStats()
    started = time.monotonic()
    async with node(instrument_id, stats) as strategy:
        with open_screen(console, instrument_id) as screen:
            while (elapsed := time.monotonic() - started) < seconds:
                await asyncio.sleep(min(_SCREEN_INTERVAL_SECS, seconds - elapsed))
                screen.update(stats, strategy, elapsed)
        await _finish(strategy)
        checks = await _agreement(venue, http, strategy, instrument_id, since_ms)
    print_summary(console, stats, times, checks, time.monotonic() - started)
    return _verdict(console, stats, checks)


async def _finish(strategy: DemoQuoter) -> None:
    strategy.finish()
    async with asyncio.timeout(_QUIET_TIMEOUT_SECS):
        while not strategy.is_quiet:  # noqa: ASYNC110 (the cache has no event to wait for)
            await asyncio.sleep(_POLL_SECS)


async def _agreement(
    venue: DemoVenue,
    http: ParadexHttpClient,
    strategy: DemoQuoter,
    instrument_id: InstrumentId,
    since_ms: int,
) -> list[Check]:
    """Compare until both sides agree, for as long as messages may still be on their way."""
    deadline = time.monotonic() + _AGREEMENT_TIMEOUT_SECS
    market = instrument_id.symbol.value
    while True:
        node = node_books(strategy, instrument_id)
        checks = compare(node, await venue_books(venue, http, market, since_ms))
        if all(check.is_equal for check in checks) or time.monotonic() > deadline:
            return checks
        await asyncio.sleep(_POLL_SECS)


def _verdict(console: Console, stats: DemoStats, checks: list[Check]) -> bool:
    missing = [
        name
        for name, count in (
            ("quotes", stats.quotes),
            ("book updates", stats.books),
            ("accepted orders", stats.accepted),
            ("fills", stats.fills),
        )
        if not count
    ]
    if missing:
        console.print(f"FAILED: no {', no '.join(missing)}")
        return False
    if not all(check.is_equal for check in checks):
        console.print("FAILED: node and venue differ")
        return False
    console.print("OK: the node's fills, position and balance equal the venue's")
    return True
