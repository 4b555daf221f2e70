"""Spot markets: positions on the platform's side, token balances on the venue's.

The platform makes a position of spot fills, as of any others; the venue has none to hold it
against. So a report of it says what the platform has, and nothing is ever corrected by it. Where
the configuration says so, a token's balance is the position instead.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.reports import PositionStatusReport
from nautilus_trader.model.enums import PositionSide
from nautilus_trader.model.instruments import CurrencyPair
from nautilus_trader.model.objects import Quantity

from nautilus_paradex.execution.platform import Platform
from nautilus_paradex.parsing.precision import quantity_to_e8
from nautilus_paradex.protocol.enums import OrderSide, PositionStatus
from nautilus_paradex.protocol.events import PositionEvent
from nautilus_paradex.protocol.numbers import to_e8, to_int
from nautilus_paradex.transport.http import ParadexHttpClient

__all__ = ["balances_as_positions", "known_spot_report", "known_spot_reports"]

_US_PER_MS: Final = 1_000


def known_spot_reports(platform: Platform) -> list[PositionStatusReport]:
    """Return reports of the account's open spot positions, as the platform has them."""
    instrument_ids = {
        position.instrument_id
        for position in platform.cache.positions_open(venue=None, account_id=platform.account_id)
    }
    pairs = map(platform.cache.instrument, sorted(instrument_ids))
    return [known_spot_report(platform, pair) for pair in pairs if isinstance(pair, CurrencyPair)]


def known_spot_report(platform: Platform, pair: CurrencyPair) -> PositionStatusReport:
    """Return the report of the position in a pair as the platform has it, flat if it has none."""
    net = platform.net_position(pair.id)
    now_ns = platform.clock.timestamp_ns()
    return PositionStatusReport(
        account_id=platform.account_id,
        instrument_id=pair.id,
        position_side=_side(net),
        quantity=Quantity(abs(net), pair.size_precision),
        report_id=UUID4(),
        ts_last=now_ns,
        ts_init=now_ns,
    )


async def balances_as_positions(
    http: ParadexHttpClient,
    pairs: Iterable[CurrencyPair],
) -> list[PositionEvent]:
    """
    Return a position for each pair whose base token the account holds.

    Its size is rounded down to what can be ordered. A balance has no entry price: the mark price
    of this moment stands for it, so what the tokens gained before does not count.

    Raises
    ------
    RequestError
        If the venue could not be asked.
    MessageError
        If its answer could not be read.

    """
    balances = {balance.token: balance for balance in await http.balances()}
    positions = []
    for pair in pairs:
        balance = balances.get(pair.base_currency.code)
        held = 0 if balance is None else to_e8(balance.size) or 0
        size = abs(held) - abs(held) % quantity_to_e8(pair.size_increment)
        if balance is None or not size:
            continue
        market = pair.raw_symbol.value
        positions.append(
            PositionEvent(
                market=market,
                side=(OrderSide.BUY if held > 0 else OrderSide.SELL).value,
                size=size,
                avg_entry_price=await _mark_price(http, market),
                updated_at=(to_int(balance.last_updated_at) or 0) * _US_PER_MS,
                status=PositionStatus.OPEN.value,
            ),
        )
    return positions


async def _mark_price(http: ParadexHttpClient, market: str) -> int | None:
    summaries = await http.markets_summary(market)
    return to_e8(summaries[0].mark_price) if summaries else None


def _side(net: Decimal) -> PositionSide:
    if net == 0:
        return PositionSide.FLAT
    return PositionSide.LONG if net > 0 else PositionSide.SHORT
