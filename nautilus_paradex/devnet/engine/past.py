"""A made-up past for a market that begins now, so that history requests have an answer.

Seeded walks backwards from the present price; nobody's orders and accounts take part in it.
"""

from heapq import merge
from random import Random
from typing import Final

import msgspec

from nautilus_paradex.devnet.engine.fixed import round_to_multiple
from nautilus_paradex.devnet.engine.history import BoundedLog
from nautilus_paradex.devnet.engine.state import MarketState, VenueState
from nautilus_paradex.devnet.engine.summaries import funding_event
from nautilus_paradex.protocol.enums import FillType, OrderSide, PriceKind
from nautilus_paradex.protocol.events import FundingDataEvent, TradeEvent
from nautilus_paradex.protocol.numbers import E8

__all__ = ["write_past"]

_MINUTE_US: Final = 60_000_000
_MINUTES_PER_HOUR: Final = 60
_TRADES_PER_MINUTE: Final = 2
_PPM: Final = 1_000_000
_STEP_BP: Final = 5
"""The largest move of a price from one trade to the next, in basis points."""


def write_past(state: VenueState, *, seed: int, hours: int) -> None:
    """Give every market `hours` of trades, bars and hourly funding data that end at its price."""
    for market in state.markets.values():
        random = Random(f"{seed}/{market.symbol}")  # noqa: S311 (a made-up market, not a secret)
        _write_market(state, market, random, hours)
    _gather_option_trades(state)


def _gather_option_trades(state: VenueState) -> None:
    """Write the history of an asset's options together, from those of each of them."""
    logs: dict[str, list[BoundedLog[TradeEvent]]] = {}
    for market in state.markets.values():
        if market.spec.is_option:
            logs.setdefault(market.spec.base_currency, []).append(market.trades)
    for base_asset, parts in logs.items():
        for event in merge(*parts, key=_at_us):
            state.options_log(base_asset).append(_at_us(event), event)


def _at_us(event: TradeEvent) -> int:
    return event.created_at or 0


def _write_market(state: VenueState, market: MarketState, random: Random, hours: int) -> None:
    minutes = hours * _MINUTES_PER_HOUR
    start = state.now_us() // _MINUTE_US * _MINUTE_US - minutes * _MINUTE_US
    spacing = _MINUTE_US // _TRADES_PER_MINUTE
    count = minutes * _TRADES_PER_MINUTE
    for number, price in enumerate(_walk(market, random, count)):
        at = start + number * spacing
        _trade(market, random, at, price, number)
        market.bars[PriceKind.MARK].add(at, price)
        market.bars[PriceKind.UNDERLYING].add(at, _underlying(market, price))
    if market.spec.has_funding:
        _write_funding(market, random, start, hours)


def _write_funding(market: MarketState, random: Random, start_us: int, hours: int) -> None:
    """Write hourly funding whose rate wanders and whose index ends where the present begins."""
    present = funding_event(market, start_us, 0)
    period = market.spec.funding_period_hours
    premium = present.funding_premium or 0
    index = present.funding_index or 0
    backwards: list[FundingDataEvent] = []
    for hour in reversed(range(hours)):
        at = start_us + hour * _MINUTES_PER_HOUR * _MINUTE_US
        share_ppm = random.randint(_PPM // 2, _PPM * 3 // 2)
        index -= premium * share_ppm // _PPM // period
        backwards.append(
            msgspec.structs.replace(
                present,
                ts=at,
                seq=at,
                created_at=at,
                funding_rate=(present.funding_rate or 0) * share_ppm // _PPM,
                funding_rate8h=(present.funding_rate8h or 0) * share_ppm // _PPM,
                funding_premium=premium * share_ppm // _PPM,
                funding_index=index,
            )
        )
    for event in reversed(backwards):
        market.funding.append(event.created_at or 0, event)


def _walk(market: MarketState, random: Random, count: int) -> list[int]:
    tick = market.spec.price_tick_e8
    price = round_to_multiple(market.pricing.mark_e8, tick)
    backwards = []
    for _ in range(count):
        backwards.append(price)
        span = max(tick, price * _STEP_BP // 10_000)
        price = max(tick, round_to_multiple(price + random.randint(-span, span), tick))
    return backwards[::-1]


def _trade(market: MarketState, random: Random, at_us: int, price_e8: int, number: int) -> None:
    spec = market.spec
    smallest = max(1, spec.min_notional_e8 * E8 // price_e8 // spec.size_increment_e8)
    size = random.randint(10 * smallest, 200 * smallest) * spec.size_increment_e8
    # Ids of the past count from 0 at each trade's own millisecond, so they meet none of today's.
    trade_id = f"{at_us // 1_000:013d}{number:015d}"
    event = TradeEvent(
        ts=at_us,
        seq=number + 1,
        trade_id=number,
        side=random.choice((OrderSide.BUY.value, OrderSide.SELL.value)),
        price=price_e8,
        size=size,
        created_at=at_us,
        trade_type=FillType.FILL.value,
        market=market.symbol,
        trade_id_str=trade_id,
    )
    market.trades.append(at_us, event)
    market.bars[PriceKind.LAST].add(at_us, price_e8, size)
    market.last_price_e8 = price_e8
    usd = size * price_e8 // E8
    market.traded_usd_e8 += usd
    hour = at_us // (_MINUTES_PER_HOUR * _MINUTE_US)
    market.hourly_usd_e8[hour] = market.hourly_usd_e8.get(hour, 0) + usd


def _underlying(market: MarketState, price_e8: int) -> int:
    return market.pricing.index_e8 if market.spec.is_option else price_e8
