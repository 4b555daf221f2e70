"""What the venue says happened, and whether the node says the same."""

from dataclasses import dataclass
from decimal import Decimal

import httpx
import msgspec
from nautilus_trader.model.currencies import USDC
from nautilus_trader.model.events import OrderFilled
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.trading.strategy import Strategy

from nautilus_paradex.cli.demo.stats import DemoStats
from nautilus_paradex.cli.demo.venue import DemoVenue
from nautilus_paradex.cli.errors import CommandFailed
from nautilus_paradex.constants import PARADEX_VENUE
from nautilus_paradex.protocol import rest
from nautilus_paradex.protocol.numbers import to_decimal
from nautilus_paradex.transport.http import ParadexHttpClient

__all__ = ["Books", "Check", "compare", "node_books", "shortcoming", "venue_books"]

type FillRow = tuple[str, Decimal, Decimal, Decimal]
"""Fill id, size, price and fee."""


@dataclass(frozen=True, slots=True)
class Books:
    """One side's account of the demo: its fills, its position, its balance in USDC."""

    fills: frozenset[FillRow]
    position: Decimal
    balance: Decimal

    @property
    def fees(self) -> Decimal:
        return sum((fee for _, _, _, fee in self.fills), Decimal(0))


@dataclass(frozen=True, slots=True)
class Check:
    """One figure as the node and as the venue have it."""

    name: str
    node: str
    venue: str
    is_equal: bool


def compare(node: Books, venue: Books) -> list[Check]:
    """Hold the node's figures against the venue's."""
    only_node, only_venue = len(node.fills - venue.fills), len(venue.fills - node.fills)
    differing = f" ({only_node} and {only_venue} differ)" if only_node or only_venue else ""
    return [
        Check(
            "fills (id, size, price, fee)",
            f"{len(node.fills)}",
            f"{len(venue.fills)}{differing}",
            node.fills == venue.fills,
        ),
        Check("fees, USDC", f"{node.fees}", f"{venue.fees}", node.fees == venue.fees),
        Check("position", f"{node.position}", f"{venue.position}", node.position == venue.position),
        Check(
            "balance, USDC",
            f"{node.balance}",
            f"{venue.balance}",
            node.balance == venue.balance,
        ),
    ]


def shortcoming(checks: list[Check], stats: DemoStats | None) -> str | None:
    """
    Return what makes the demo a failure, None if it is a success.

    Parameters
    ----------
    checks : list of Check
        The figures of both sides.
    stats : DemoStats, optional
        Of a demo that has run its time, in which each stream must have carried something; None for
        one that ended early.

    """
    expected = {}
    if stats is not None:
        expected = {
            "quotes": stats.quotes,
            "book updates": stats.books,
            "accepted orders": stats.accepted,
            "fills": stats.fills,
        }
    found = [f"no {name}" for name, count in expected.items() if not count]
    differing = [check.name for check in checks if not check.is_equal]
    if differing:
        found.append(f"node and venue differ in {', '.join(differing)}")
    return ", ".join(found) or None


def node_books(strategy: Strategy, instrument_id: InstrumentId) -> Books:
    """Return the node's account, from its cache and portfolio."""
    account = strategy.portfolio.account(PARADEX_VENUE)
    balance = None if account is None else account.balance_total(USDC)
    events = (
        event
        for order in strategy.cache.orders(instrument_id=instrument_id)
        for event in order.events
    )
    return Books(
        fills=frozenset(
            (
                event.trade_id.value,
                event.last_qty.as_decimal(),
                event.last_px.as_decimal(),
                event.commission.as_decimal(),
            )
            for event in events
            if isinstance(event, OrderFilled)
        ),
        position=Decimal(strategy.portfolio.net_position(instrument_id)),
        balance=Decimal(0) if balance is None else balance.as_decimal(),
    )


async def venue_books(
    venue: DemoVenue,
    http: ParadexHttpClient,
    market: str,
    since_ms: int,
) -> Books:
    """
    Return the venue's account: a devnet's ledger, elsewhere what its REST API reports.

    Raises
    ------
    RequestError
        If the venue could not be asked.
    CommandFailed
        If the devnet could not.

    """
    if venue.ledger_url is not None:
        return await _ledger_books(venue.ledger_url, venue.credentials.account_hex, market)
    return await _rest_books(http, market, since_ms)


class _LedgerPosition(msgspec.Struct):
    market: str
    size: str


class _LedgerFill(msgspec.Struct):
    id: str
    market: str
    size: str
    price: str
    fee: str


class _LedgerAccount(msgspec.Struct):
    balances: dict[str, str]
    positions: list[_LedgerPosition]
    fills: list[_LedgerFill]


class _Ledger(msgspec.Struct):
    accounts: dict[str, _LedgerAccount]


async def _ledger_books(url: str, address: str, market: str) -> Books:
    try:
        async with httpx.AsyncClient(trust_env=False) as client:
            reply = await client.get(url)
        reply.raise_for_status()
    except httpx.HTTPError as exc:
        raise CommandFailed(f"the devnet's ledger cannot be read: {exc}") from exc
    account = msgspec.json.decode(reply.content, type=_Ledger).accounts[address]
    return Books(
        fills=frozenset(
            (fill.id, Decimal(fill.size), Decimal(fill.price), Decimal(fill.fee))
            for fill in account.fills
            if fill.market == market
        ),
        position=sum(
            (Decimal(p.size) for p in account.positions if p.market == market),
            Decimal(0),
        ),
        balance=Decimal(account.balances["USDC"]),
    )


async def _rest_books(http: ParadexHttpClient, market: str, since_ms: int) -> Books:
    async def fetch(cursor: str | None) -> rest.Page[rest.Fill]:
        return await http.fills(market=market, start_at_ms=since_ms, cursor=cursor)

    fills = await http.all_pages(fetch, max_pages=20)
    positions = [p for p in await http.positions() if p.market == market]
    summary = await http.account_summary()
    return Books(
        fills=frozenset(
            (
                fill.id,
                to_decimal(fill.size) or Decimal(0),
                to_decimal(fill.price) or Decimal(0),
                to_decimal(fill.fee) or Decimal(0),
            )
            for fill in fills
        ),
        position=sum((to_decimal(p.size) or Decimal(0) for p in positions), Decimal(0)),
        balance=to_decimal(summary.total_collateral) or Decimal(0),
    )
