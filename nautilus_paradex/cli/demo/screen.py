"""What a person sees of the demo: a live table on a terminal, plain lines elsewhere."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.objects import Money
from nautilus_trader.trading.strategy import Strategy
from rich import box
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table

from nautilus_paradex.cli.demo.session import SocketTimes
from nautilus_paradex.cli.demo.stats import DemoStats
from nautilus_paradex.cli.demo.truth import Check
from nautilus_paradex.cli.output import say
from nautilus_paradex.transport.metrics import LatencyHistogram

__all__ = ["Screen", "open_screen", "print_summary"]

_BOOK_LEVELS = 5
_PLAIN_EVERY_SECS = 5.0


class Screen(Protocol):
    """Shows the state of the demo each time it is told to."""

    def update(self, stats: DemoStats, strategy: Strategy, elapsed_secs: float) -> None:
        """Show how things stand."""
        ...


@contextmanager
def open_screen(console: Console, instrument_id: InstrumentId) -> Iterator[Screen]:
    """Give the screen that fits where the output goes."""
    if not console.is_terminal:
        yield _PlainScreen(console, instrument_id)
        return
    with Live(console=console, auto_refresh=False) as live:
        yield _LiveScreen(live, instrument_id)


def print_summary(
    console: Console,
    stats: DemoStats,
    times: SocketTimes,
    checks: list[Check],
    elapsed_secs: float,
) -> None:
    """Print what was done, how fast, and whether the venue agrees."""
    table = Table(title="node against venue", box=box.SIMPLE_HEAD, title_justify="left")
    for column in ("figure", "node", "venue", ""):
        table.add_column(column, overflow="fold")
    for check in checks:
        table.add_row(check.name, check.node, check.venue, "equal" if check.is_equal else "DIFFERS")
    say(console)
    say(
        console,
        f"{elapsed_secs:.0f} s: {stats.quotes} quotes, {stats.trades} trades, "
        f"{stats.books} book updates; orders {_orders(stats)}; {stats.fills} fills",
    )
    say(console, f"socket: {_socket(times)}")
    say(console, f"latency wire to strategy: {_latency(stats.wire_to_strategy)}")
    say(console, f"latency venue to strategy: {_latency(stats.venue_to_strategy)}")
    say(console, "(wire: from the frame's arrival in the node; what it waits before is not in it)")
    console.print(table)


class _LiveScreen:
    def __init__(self, live: Live, instrument_id: InstrumentId) -> None:
        self._live = live
        self._instrument_id = instrument_id

    def update(self, stats: DemoStats, strategy: Strategy, elapsed_secs: float) -> None:
        figures = Table(title=f"{self._instrument_id}   {elapsed_secs:.0f} s", box=box.SIMPLE)
        figures.add_column("")
        figures.add_column("count", justify="right")
        figures.add_column("latest")
        figures.add_row("quotes", f"{stats.quotes}", stats.last_quote)
        figures.add_row("trades", f"{stats.trades}", stats.last_trade)
        figures.add_row("book updates", f"{stats.books}", "")
        figures.add_row("orders", f"{stats.submitted}", _orders(stats))
        figures.add_row("fills", f"{stats.fills}", stats.last_fill)
        size, pnl = _position(strategy, self._instrument_id)
        figures.add_row("position", size, f"PnL {pnl}")
        figures.add_row("wire to strategy", "", _latency(stats.wire_to_strategy))
        self._live.update(Group(figures, self._book(strategy)), refresh=True)

    def _book(self, strategy: Strategy) -> Table:
        table = Table(box=box.SIMPLE)
        for column in ("bid size", "bid", "ask", "ask size"):
            table.add_column(column, justify="right")
        book = strategy.cache.order_book(self._instrument_id)
        if book is None:
            return table
        bids, asks = book.bids()[:_BOOK_LEVELS], book.asks()[:_BOOK_LEVELS]
        for i in range(max(len(bids), len(asks))):
            bid = (f"{bids[i].size():f}", f"{bids[i].price}") if i < len(bids) else ("", "")
            ask = (f"{asks[i].price}", f"{asks[i].size():f}") if i < len(asks) else ("", "")
            table.add_row(*bid, *ask)
        return table


class _PlainScreen:
    def __init__(self, console: Console, instrument_id: InstrumentId) -> None:
        self._console = console
        self._instrument_id = instrument_id
        self._next_secs = _PLAIN_EVERY_SECS

    def update(self, stats: DemoStats, strategy: Strategy, elapsed_secs: float) -> None:
        if elapsed_secs < self._next_secs:
            return
        self._next_secs = elapsed_secs + _PLAIN_EVERY_SECS
        size, pnl = _position(strategy, self._instrument_id)
        say(
            self._console,
            f"{elapsed_secs:5.1f} s  quotes {stats.quotes}  trades {stats.trades}  "
            f"books {stats.books}  orders {stats.submitted}  fills {stats.fills}  "
            f"position {size}  PnL {pnl}",
        )


def _position(strategy: Strategy, instrument_id: InstrumentId) -> tuple[str, str]:
    size = strategy.portfolio.net_position(instrument_id)
    realised = strategy.portfolio.realized_pnl(instrument_id)
    unrealised = strategy.portfolio.unrealized_pnl(instrument_id)
    return f"{size}", f"realised {_money(realised)}, open {_money(unrealised)}"


def _money(amount: Money | None) -> str:
    return "–" if amount is None else f"{amount.as_decimal():.4f} {amount.currency}"


def _orders(stats: DemoStats) -> str:
    return (
        f"{stats.submitted} sent, {stats.accepted} accepted, "
        f"{stats.canceled} cancelled, {stats.rejected} rejected"
    )


def _socket(times: SocketTimes) -> str:
    return (
        f"connect {times.connect_ms:.1f} ms, authenticate {times.authenticate_ms:.1f} ms, "
        f"subscribe {times.subscribe_ms:.1f} ms"
    )


def _latency(histogram: LatencyHistogram) -> str:
    if not histogram.count:
        return "–"
    return (
        f"p50 {histogram.percentile_us(50):,} µs, p99 {histogram.percentile_us(99):,} µs "
        f"({histogram.count} quotes)"
    )
