"""Specifications of markets as ``GET /markets`` gives them, their changes and settlements.

What the devnet does not use itself (price feed, EWMA factor) is left out.
"""

from typing import Final

from nautilus_paradex.devnet.engine.markets import MarketSpec, OptionMargin
from nautilus_paradex.devnet.engine.model import MarketNotice, Settlement
from nautilus_paradex.devnet.wire.json_wire import JsonObject
from nautilus_paradex.protocol.numbers import e8_to_str

__all__ = ["market_event_json", "market_json", "settlement_json"]

# Maintenance over initial margin of options: a guess, half as for perpetuals.
_OPTION_MMF_E8: Final = 50_000_000
_E8: Final = 10**8

# What a change can name (openapi, MarketHistoryFields): less than a specification holds.
_HISTORY_FIELDS: Final = frozenset(
    {
        *("asset_kind", "market_kind", "base_currency", "quote_currency", "settlement_currency"),
        *("price_tick_size", "order_size_increment", "min_notional", "max_order_size"),
        *("position_limit", "max_open_orders", "price_bands_width", "open_at", "expiry_at"),
        *("fee_config", "funding_period_hours", "interest_rate", "clamp_rate"),
        *("max_funding_rate", "strike_price", "option_type"),
        *("delta1_cross_margin_params", "option_cross_margin_params"),
    }
)
# JSON numbers there, texts in a specification (openapi).
_HISTORY_NUMBERS: Final = frozenset(
    {"price_bands_width", "interest_rate", "clamp_rate", "max_funding_rate"}
)


def market_json(spec: MarketSpec) -> JsonObject:
    """Return the JSON of one market; option fields only where it is an option."""
    result: JsonObject = {
        "symbol": spec.symbol,
        "asset_kind": spec.asset_kind,
        "market_kind": "cross",
        "base_currency": spec.base_currency,
        "quote_currency": spec.quote_currency,
        "settlement_currency": spec.settlement_currency,
        "price_tick_size": e8_to_str(spec.price_tick_e8),
        "order_size_increment": e8_to_str(spec.size_increment_e8),
        "min_notional": e8_to_str(spec.min_notional_e8),
        "max_order_size": e8_to_str(spec.max_order_size_e8),
        "position_limit": e8_to_str(spec.position_limit_e8),
        "max_open_orders": spec.max_open_orders,
        "price_bands_width": e8_to_str(spec.price_bands_width_e8),
        "open_at": spec.open_at_ms,
        "expiry_at": spec.expiry_at_ms,
        "trading_mode": spec.trading_mode,
        "tags": list(spec.tags),
        "fee_config": _fee_config(spec),
    }
    if spec.has_funding:
        result |= _funding(spec)
    if spec.option_margin is not None:
        return result | _option(spec, spec.option_margin)
    if spec.is_spot:
        return result
    return result | {"delta1_cross_margin_params": _perp_margin(spec)}


def market_event_json(notice: MarketNotice) -> JsonObject:
    """Return a message of the ``markets`` channel; only what has changed is named."""
    return {
        "symbol": notice.market,
        "event_type": notice.event_type,
        "updated_at": notice.at_us // 1_000,
        "changed_fields": _changed_fields(notice),
    }


def settlement_json(settlement: Settlement) -> JsonObject:
    """Return the answer of ``GET /markets/settlement-price``."""
    return {
        "symbol": settlement.market,
        "settlement_price": e8_to_str(settlement.price_e8),
        "underlying_twap_price": e8_to_str(settlement.underlying_e8),
        "expiry_at": settlement.expiry_at_ms,
    }


def _changed_fields(notice: MarketNotice) -> JsonObject:
    if notice.settlement is not None:
        return {
            "settlement_price": _number(e8_to_str(notice.settlement.price_e8)),
            "underlying_twap_price": _number(e8_to_str(notice.settlement.underlying_e8)),
        }
    if notice.after is None:
        return {}
    before = {} if notice.before is None else market_json(notice.before)
    return {
        name: _number(value) if name in _HISTORY_NUMBERS else value
        for name, value in market_json(notice.after).items()
        if name in _HISTORY_FIELDS and value != before.get(name)
    }


def _number(value: object) -> float:
    # Only a display of the value, as the venue's shape asks for (openapi).
    return float(str(value))


def _fee_config(spec: MarketSpec) -> JsonObject:
    cap = {} if spec.fee_cap_e8 is None else {"fee_cap": e8_to_str(spec.fee_cap_e8)}
    return {
        "api_fee": {
            "maker_fee": {"fee": e8_to_str(spec.maker_fee_e8), **cap},
            "taker_fee": {"fee": e8_to_str(spec.taker_fee_e8), **cap},
        },
        "interactive_fee": {"maker_fee": {"fee": "0"}, "taker_fee": {"fee": "0"}},
    }


def _funding(spec: MarketSpec) -> JsonObject:
    return {
        "funding_period_hours": spec.funding_period_hours,
        "interest_rate": e8_to_str(spec.interest_rate_e8),
        "clamp_rate": e8_to_str(spec.clamp_rate_e8),
        "max_funding_rate": e8_to_str(spec.max_funding_rate_e8),
    }


def _perp_margin(spec: MarketSpec) -> JsonObject:
    return {
        "imf_base": e8_to_str(spec.imf_base_e8),
        "imf_factor": "0",
        "imf_shift": "0",
        "mmf_factor": e8_to_str(spec.mmf_factor_e8),
    }


def _option(spec: MarketSpec, margin: OptionMargin) -> JsonObject:
    return {
        "strike_price": e8_to_str(spec.strike_price_e8 or 0),
        "option_type": spec.option_type,
        "option_cross_margin_params": {
            "imf": _option_margin(margin, _E8),
            "mmf": _option_margin(margin, _OPTION_MMF_E8),
        },
    }


def _option_margin(margin: OptionMargin, factor_e8: int) -> JsonObject:
    names = ("long_itm", "short_itm", "short_otm", "premium_multiplier", "short_put_cap")
    return {name: e8_to_str(getattr(margin, f"{name}_e8") * factor_e8 // _E8) for name in names}
