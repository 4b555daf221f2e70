"""What the venue tells of a market as a whole: its ticker and its funding; reads only.

Which kind of market has which fields follows the schema: implied volatilities and greeks are for
options, forward and risk-free rate for dated ones, funding for perpetuals of either kind. All
others are None.
"""

from typing import Final

from nautilus_paradex.devnet.engine.fixed import div_e8, round_div
from nautilus_paradex.devnet.engine.options import implied_volatility_e8
from nautilus_paradex.devnet.engine.reporting import bbo_event
from nautilus_paradex.devnet.engine.state import MarketState, VenueState
from nautilus_paradex.protocol.enums import AssetKind, PriceKind
from nautilus_paradex.protocol.events import FundingDataEvent, MarketSummaryEvent
from nautilus_paradex.protocol.numbers import E8

__all__ = ["funding_event", "summary_event"]

_DAY_MS: Final = 86_400_000
_HOUR_US: Final = 3_600_000_000
_LARGEST_INT64: Final = 2**63 - 1  # where the volume of a lifetime stops (schema)
# Made up: nothing in the devnet earns interest.
_FORWARD_RATE_E8: Final = 4_500_000
_RISK_FREE_RATE_E8: Final = 4_000_000


def summary_event(
    state: VenueState, market: MarketState, now_us: int, seq: int
) -> MarketSummaryEvent:
    """Return the ticker of a market."""
    pricing, spec = market.pricing, market.spec
    bbo = bbo_event(market, now_us)
    funding = pricing.funding_rate() if spec.has_funding else None
    last = market.last_price_e8 or pricing.mark_e8
    greeks = pricing.option
    is_dated_option = spec.asset_kind == AssetKind.OPTION
    return MarketSummaryEvent(
        ts=now_us,
        seq=seq,
        mark_price=pricing.mark_e8,
        index_price=pricing.index_e8,
        last_price=last,
        volume_usd24h=_volume_of_day(market, now_us),
        open_interest=market.open_interest_e8,
        funding_rate=funding.rate_e8 if funding else None,
        bid=bbo.bid_price,
        ask=bbo.ask_price,
        total_volume=min(market.traded_usd_e8, _LARGEST_INT64),
        price_change_rate24h=_change_of_day(market, last, now_us),
        mark_iv=spec.volatility_e8 if spec.is_option else None,
        bid_iv=_iv(market, bbo.bid_price, now_us),
        ask_iv=_iv(market, bbo.ask_price, now_us),
        last_iv=_iv(market, market.last_price_e8, now_us),
        delta=greeks.delta_e8 if greeks else None,
        gamma=greeks.gamma_e8 if greeks else None,
        vega=greeks.vega_e8 if greeks else None,
        theta=greeks.theta_e8 if greeks else None,
        rho=greeks.rho_e8 if greeks else None,
        volga=greeks.volga_e8 if greeks else None,
        vanna=greeks.vanna_e8 if greeks else None,
        future_funding_rate=_futures_funding_rate(state, market),
        external_fair_price=None if spec.is_spot else pricing.index_e8,
        bid_size=bbo.bid_size,
        ask_size=bbo.ask_size,
        forward_rate=_FORWARD_RATE_E8 if is_dated_option else None,
        risk_free_rate=_RISK_FREE_RATE_E8 if is_dated_option else None,
        funding_rate_precise=funding.rate_e12 if funding else None,
        market=market.symbol,
    )


def funding_event(market: MarketState, now_us: int, seq: int) -> FundingDataEvent:
    """Return the funding of a market as it stands, for a market that has funding."""
    pricing, spec = market.pricing, market.spec
    rate = pricing.funding_rate()
    hours = spec.funding_period_hours
    is_option = spec.is_option
    return FundingDataEvent(
        ts=now_us,
        seq=seq,
        funding_rate=rate.rate_e8,
        funding_index=pricing.funding_index_e16 // E8,
        created_at=now_us,
        funding_premium=rate.premium_e8,
        funding_rate8h=round_div(rate.rate_e12 * 8, hours * 10_000),
        funding_period_hours=hours,
        impact_premium_rate=None if is_option else pricing.premium_rate_e12() // 10_000,
        market=market.symbol,
    )


def _futures_funding_rate(state: VenueState, market: MarketState) -> int | None:
    """Return the rate of the perpetual that a perpetual option goes by, None for others."""
    if market.spec.asset_kind != AssetKind.PERP_OPTION:
        return None
    for other in state.markets.values():
        same = other.spec.base_currency == market.spec.base_currency
        if same and other.spec.asset_kind == AssetKind.PERP:
            return other.pricing.funding_rate().rate_e8
    return None


def _iv(market: MarketState, price_e8: int | None, now_us: int) -> int | None:
    """Return the volatility that a price stands for, None without one or for what is no option."""
    if price_e8 is None or not market.spec.is_option:
        return None
    return implied_volatility_e8(market.spec, market.pricing.index_e8, price_e8, now_us)


def _volume_of_day(market: MarketState, now_us: int) -> int:
    hour = now_us // _HOUR_US
    return sum(usd for at, usd in market.hourly_usd_e8.items() if at > hour - 24)


def _change_of_day(market: MarketState, last_e8: int, now_us: int) -> int:
    before = market.bars[PriceKind.LAST].price_before(now_us // 1_000 - _DAY_MS)
    return div_e8(last_e8 - before, before) if before else 0
