"""The command ``paradex-nt demo``: trade for a while, then compare the books. Exit 0 if they agree.

In order: a venue, a node with the demo's strategy, the screen while it trades, an orderly end, and
the comparison of fills, fees, position and balance with what the venue says.
"""

import asyncio
import sys
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import Final

import click
import uvloop
from nautilus_trader.model.identifiers import InstrumentId, Symbol
from rich.console import Console

from nautilus_paradex.cli.demo.screen import open_screen, print_summary
from nautilus_paradex.cli.demo.session import run_node, socket_times
from nautilus_paradex.cli.demo.stats import DemoStats
from nautilus_paradex.cli.demo.strategy import DemoQuoter
from nautilus_paradex.cli.demo.truth import Check, compare, node_books, shortcoming, venue_books
from nautilus_paradex.cli.demo.venue import DemoVenue, open_venue
from nautilus_paradex.cli.errors import BadInput, CommandFailed
from nautilus_paradex.cli.interruption import Interruption
from nautilus_paradex.cli.output import say
from nautilus_paradex.constants import PARADEX_VENUE
from nautilus_paradex.protocol.enums import AssetKind
from nautilus_paradex.protocol.environment import ParadexEnvironment
from nautilus_paradex.protocol.errors import ParadexError
from nautilus_paradex.transport.http import ParadexHttpClient

__all__ = ["demo_command"]

_SCREEN_INTERVAL_SECS: Final = 0.5
_POLL_SECS: Final = 0.1
_VENUES: Final = {"devnet": ParadexEnvironment.DEVNET, "testnet": ParadexEnvironment.TESTNET}


@dataclass(frozen=True, slots=True)
class _Patience:
    """How long the end may take: until no order is open, then until both sides agree."""

    orders_secs: float
    agreement_secs: float


_PATIENT: Final = _Patience(orders_secs=15.0, agreement_secs=10.0)
_INTERRUPTED: Final = _Patience(orders_secs=4.0, agreement_secs=2.0)


@dataclass(frozen=True, slots=True)
class _Plan:
    """What the options ask for."""

    environment: ParadexEnvironment
    instrument_id: InstrumentId
    seconds: float
    log_level: str

    @property
    def market(self) -> str:
        return str(self.instrument_id.symbol.value)


@click.command("demo")
@click.option(
    "--seconds",
    type=click.FloatRange(1, 3_600),
    default=30.0,
    show_default=True,
    help="How long it trades.",
)
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
    Trade for a while and compare fills, fees, position and balance with the venue's own books.

    Starts a local venue, runs a trading node with both clients and a small quoting strategy that
    crosses the spread now and then. Exit status 0 means that the books agree. Ctrl-C ends it early:
    the orders are taken back, the books compared, and the exit status is 130.
    """
    plan = _Plan(
        environment=_VENUES[venue],
        instrument_id=InstrumentId(Symbol(market), PARADEX_VENUE),
        seconds=seconds,
        log_level="INFO" if verbose else "ERROR",
    )
    loop = uvloop.new_event_loop()
    with ExitStack() as after_loop:
        after_loop.callback(loop.close)
        try:
            status = loop.run_until_complete(_demo(plan, after_loop))
        except ParadexError as exc:
            raise CommandFailed(str(exc)) from exc
    sys.exit(status)


async def _demo(plan: _Plan, after_loop: ExitStack) -> int:
    """Return the exit status."""
    console = Console()
    interruption = Interruption()
    interruption.listen()
    try:
        agrees = await _at_venue(console, plan, interruption, after_loop)
    except asyncio.CancelledError:
        if interruption.signal_name is None:
            raise
        say(console, f"stopped by {interruption.signal_name}, nothing was compared")
        agrees = False
    return interruption.exit_status or (0 if agrees else 1)


async def _at_venue(
    console: Console, plan: _Plan, interruption: Interruption, after_loop: ExitStack
) -> bool:
    if plan.environment == ParadexEnvironment.DEVNET:
        say(console, "starting a local venue")
    async with open_venue(plan.environment) as venue:
        account = venue.credentials.account_hex
        say(console, f"{venue.environment} at {venue.http_url}, account {account}")
        http = ParadexHttpClient(venue.http_url, credentials=venue.credentials)
        try:
            await http.start()
            await _check_market(http, plan.market)
            return await _trade_and_compare(console, plan, venue, http, interruption, after_loop)
        finally:
            await http.close()


async def _check_market(http: ParadexHttpClient, symbol: str) -> None:
    markets = {market.symbol: market for market in await http.markets()}
    if symbol not in markets:
        some = ", ".join(sorted(markets)[:8])
        raise BadInput(f"there is no market {symbol!r} at this venue; there is {some}")
    if markets[symbol].asset_kind == AssetKind.SPOT:
        raise BadInput(
            f"the demo trades positions, {symbol} is a spot market: "
            "give --market a perpetual, a future or an option"
        )


async def _trade_and_compare(
    console: Console,
    plan: _Plan,
    venue: DemoVenue,
    http: ParadexHttpClient,
    interruption: Interruption,
    after_loop: ExitStack,
) -> bool:
    since_ms = http.clock.now_ms()
    times = await socket_times(venue, http, plan.market)
    stats = DemoStats()
    node = run_node(
        venue,
        plan.instrument_id,
        stats,
        seconds=plan.seconds,
        log_level=plan.log_level,
        after_loop=after_loop,
        interruption=interruption,
    )
    async with node as strategy:
        with interruption.awaited():
            elapsed_secs = await _trade(console, plan, stats, strategy, interruption)
            patience = _INTERRUPTED if interruption.requested.is_set() else _PATIENT
            await _take_back_orders(strategy, patience)
            checks = await _agreement(venue, http, strategy, plan, since_ms, patience)
    print_summary(console, stats, times, checks, elapsed_secs)
    return _report(console, stats, checks, interruption)


async def _trade(
    console: Console,
    plan: _Plan,
    stats: DemoStats,
    strategy: DemoQuoter,
    interruption: Interruption,
) -> float:
    """Show how things stand until the time is up or a signal comes; return the seconds passed."""
    began = time.monotonic()
    elapsed_secs = 0.0
    with open_screen(console, plan.instrument_id) as screen:
        while elapsed_secs < plan.seconds and not interruption.requested.is_set():
            if not strategy.is_running:
                raise CommandFailed(
                    f"the node stopped by itself after {elapsed_secs:.0f} s: "
                    "see its log above, or run again with --verbose"
                )
            with suppress(TimeoutError):
                async with asyncio.timeout(min(_SCREEN_INTERVAL_SECS, plan.seconds - elapsed_secs)):
                    await interruption.requested.wait()
            elapsed_secs = time.monotonic() - began
            screen.update(stats, strategy, elapsed_secs)
    return elapsed_secs


async def _take_back_orders(strategy: DemoQuoter, patience: _Patience) -> None:
    deadline = time.monotonic() + patience.orders_secs
    strategy.finish()
    while pending := strategy.pending_orders:
        if time.monotonic() > deadline:
            raise CommandFailed(
                f"{pending} orders could not be taken back within {patience.orders_secs:g} s: "
                "see the node's log above, or run again with --verbose"
            )
        await asyncio.sleep(_POLL_SECS)
        strategy.finish()


async def _agreement(
    venue: DemoVenue,
    http: ParadexHttpClient,
    strategy: DemoQuoter,
    plan: _Plan,
    since_ms: int,
    patience: _Patience,
) -> list[Check]:
    """Compare until both sides agree, for as long as messages may still be on their way."""
    deadline = time.monotonic() + patience.agreement_secs
    while True:
        node = node_books(strategy, plan.instrument_id)
        checks = compare(node, await venue_books(venue, http, plan.market, since_ms))
        if all(check.is_equal for check in checks) or time.monotonic() > deadline:
            return checks
        await asyncio.sleep(_POLL_SECS)


def _report(
    console: Console, stats: DemoStats, checks: list[Check], interruption: Interruption
) -> bool:
    is_early = interruption.requested.is_set()
    if is_early:
        say(console, f"stopped early by {interruption.signal_name}")
    failure = shortcoming(checks, None if is_early else stats)
    say(
        console,
        f"FAILED: {failure}"
        if failure
        else "OK: the node's fills, fees, position and balance equal the venue's",
    )
    return failure is None
