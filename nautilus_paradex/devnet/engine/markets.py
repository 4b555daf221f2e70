"""What the devnet lists: the specification of a market and the default catalogue.

Static facts only; books, prices and funding of a market live elsewhere.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from nautilus_paradex.protocol.enums import AssetKind, OptionType, TradingMode
from nautilus_paradex.protocol.numbers import E8

__all__ = ["MarketSpec", "OptionMargin", "default_markets"]


class OptionMargin(msgspec.Struct, frozen=True, kw_only=True):
    """Fractions at 1e-8, named as in the venue's `option_cross_margin_params`."""

    long_itm_e8: int
    short_itm_e8: int
    short_otm_e8: int
    premium_multiplier_e8: int
    short_put_cap_e8: int


class MarketSpec(msgspec.Struct, frozen=True, kw_only=True):
    """
    One listed market; every amount and rate is an integer at 1e-8.

    Parameters
    ----------
    price_tick_e8, size_increment_e8 : int
        Their product must be a multiple of 1e-8, so that every notional is exact.
    min_notional_e8 : int
        In USD: size x mark for futures, size x spot for options (openapi).
    price_bands_width_e8 : int
        Allowed distance from the mark price, as a fraction.
    expiry_at_ms : int
        0 for what never expires.
    reference_price_e8 : int
        Where the underlying's index starts; not a field of the venue.

    Raises
    ------
    ValueError
        If tick and increment allow a notional finer than 1e-8, or an amount is not positive.

    """

    symbol: str
    asset_kind: str
    base_currency: str
    reference_price_e8: int
    price_tick_e8: int
    size_increment_e8: int
    min_notional_e8: int
    max_order_size_e8: int
    position_limit_e8: int
    quote_currency: str = "USD"
    settlement_currency: str = "USDC"
    max_open_orders: int = 100
    imf_base_e8: int = E8 // 50
    mmf_factor_e8: int = E8 // 2
    price_bands_width_e8: int = E8 // 20
    maker_fee_e8: int = 3_000
    taker_fee_e8: int = 45_000
    fee_cap_e8: int | None = None
    funding_period_hours: int = 8
    interest_rate_e8: int = E8 // 10_000
    clamp_rate_e8: int = E8 // 2_000
    max_funding_rate_e8: int = E8 // 50
    strike_price_e8: int | None = None
    option_type: str | None = None
    option_margin: OptionMargin | None = None
    volatility_e8: int = E8 // 2
    expiry_at_ms: int = 0
    open_at_ms: int = 1_700_000_000_000
    trading_mode: str = TradingMode.STANDARD.value
    tags: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        positive = (
            self.reference_price_e8,
            self.price_tick_e8,
            self.size_increment_e8,
            self.max_order_size_e8,
            self.position_limit_e8,
        )
        if min(positive) <= 0:
            raise ValueError(f"{self.symbol}: prices, sizes and limits must be positive")
        if self.price_tick_e8 * self.size_increment_e8 % E8:
            raise ValueError(
                f"{self.symbol}: price tick x size increment must be a multiple of 1e-8, "
                f"was {self.price_tick_e8}e-8 x {self.size_increment_e8}e-8"
            )

    @property
    def is_option(self) -> bool:
        return self.asset_kind in _OPTION_KINDS

    @property
    def is_spot(self) -> bool:
        return self.asset_kind == AssetKind.SPOT

    @property
    def has_funding(self) -> bool:
        return self.asset_kind in _FUNDED_KINDS


def default_markets(now_us: int) -> tuple[MarketSpec, ...]:
    """
    Return the default catalogue: perpetuals, options with and without end, a future, spot.

    Parameters
    ----------
    now_us : int
        Decides the expiry of the dated markets: the last Friday of December of the next year,
        08:00 UTC, so that no clock ever finds them expired.

    """
    expiry = _year_end_expiry(datetime.fromtimestamp(now_us // 1_000_000, UTC).year + 1)
    expiry_ms = int(expiry.timestamp()) * 1_000
    dated = f"{expiry.day}{_MONTHS[expiry.month - 1]}{expiry.year % 100:02d}"
    return (
        *_PERPETUALS,
        *_PERPETUAL_OPTIONS,
        *(
            msgspec.structs.replace(
                _BTC_OPTION,
                symbol=f"BTC-USD-{dated}-{strike}-{option_type[0]}",
                asset_kind=AssetKind.OPTION.value,
                strike_price_e8=strike * E8,
                option_type=option_type.value,
                expiry_at_ms=expiry_ms,
            )
            for strike in _DATED_STRIKES
            for option_type in (OptionType.CALL, OptionType.PUT)
        ),
        msgspec.structs.replace(
            _BTC,
            symbol=f"BTC-USD-{dated}",
            asset_kind=AssetKind.FUTURE.value,
            expiry_at_ms=expiry_ms,
        ),
        _DIME,
    )


_DATED_STRIKES: Final = (90_000, 100_000, 110_000)
_OPTION_KINDS: Final = frozenset({AssetKind.OPTION, AssetKind.PERP_OPTION})
_FUNDED_KINDS: Final = frozenset({AssetKind.PERP, AssetKind.PERP_OPTION})
# Not strftime's %b, which speaks the machine's language.
_MONTHS: Final = (
    *("JAN", "FEB", "MAR", "APR", "MAY", "JUN"),
    *("JUL", "AUG", "SEP", "OCT", "NOV", "DEC"),
)

# Increments and limits of BTC as captured (rest_markets_perp_testnet_2024), today's lower minimum
# notional as in the openapi example; the other markets are of the same cut and a guess.
_BTC: Final = MarketSpec(
    symbol="BTC-USD-PERP",
    asset_kind=AssetKind.PERP.value,
    base_currency="BTC",
    reference_price_e8=96_000 * E8,
    price_tick_e8=E8 // 10,
    size_increment_e8=E8 // 100_000,
    min_notional_e8=10 * E8,
    max_order_size_e8=100 * E8,
    position_limit_e8=500 * E8,
    tags=("LAYER-1",),
)

_PERPETUALS: Final = (
    _BTC,
    MarketSpec(
        symbol="ETH-USD-PERP",
        asset_kind=AssetKind.PERP.value,
        base_currency="ETH",
        reference_price_e8=3_400 * E8,
        price_tick_e8=E8 // 100,
        size_increment_e8=E8 // 10_000,
        min_notional_e8=10 * E8,
        max_order_size_e8=2_000 * E8,
        position_limit_e8=10_000 * E8,
        tags=("LAYER-1",),
    ),
    MarketSpec(
        symbol="SOL-USD-PERP",
        asset_kind=AssetKind.PERP.value,
        base_currency="SOL",
        reference_price_e8=180 * E8,
        price_tick_e8=E8 // 1_000,
        size_increment_e8=E8 // 1_000,
        min_notional_e8=10 * E8,
        max_order_size_e8=20_000 * E8,
        position_limit_e8=100_000 * E8,
        tags=("LAYER-1",),
    ),
    MarketSpec(
        symbol="kPEPE-USD-PERP",
        asset_kind=AssetKind.PERP.value,
        base_currency="kPEPE",
        reference_price_e8=1_250_000,
        price_tick_e8=10,
        size_increment_e8=100 * E8,
        min_notional_e8=10 * E8,
        max_order_size_e8=100_000_000 * E8,
        position_limit_e8=1_000_000_000 * E8,
        imf_base_e8=E8 // 10,
        tags=("MEME",),
    ),
)

_BTC_OPTION: Final = MarketSpec(
    symbol="BTC-USD-96000-C",
    asset_kind=AssetKind.PERP_OPTION.value,
    base_currency="BTC",
    reference_price_e8=96_000 * E8,
    price_tick_e8=E8,
    size_increment_e8=E8 // 1_000,
    min_notional_e8=10 * E8,
    max_order_size_e8=20 * E8,
    position_limit_e8=100 * E8,
    price_bands_width_e8=E8 // 2,
    maker_fee_e8=10_000,
    taker_fee_e8=10_000,
    fee_cap_e8=E8 // 8,
    funding_period_hours=24,
    strike_price_e8=96_000 * E8,
    option_type=OptionType.CALL.value,
    option_margin=OptionMargin(
        long_itm_e8=E8 // 5,
        short_itm_e8=E8 * 2 // 5,
        short_otm_e8=E8 // 4,
        premium_multiplier_e8=E8 * 6 // 5,
        short_put_cap_e8=E8 // 2,
    ),
)

_PERPETUAL_OPTIONS: Final = (
    _BTC_OPTION,
    msgspec.structs.replace(
        _BTC_OPTION, symbol="BTC-USD-96000-P", option_type=OptionType.PUT.value
    ),
)

_DIME: Final = MarketSpec(
    symbol="DIME-USD",
    asset_kind=AssetKind.SPOT.value,
    base_currency="DIME",
    reference_price_e8=12_000_000,
    price_tick_e8=1_000,
    size_increment_e8=E8 // 10,
    min_notional_e8=E8,
    max_order_size_e8=1_000_000 * E8,
    position_limit_e8=100_000_000 * E8,
)


def _year_end_expiry(year: int) -> datetime:
    day = datetime(year, 12, 31, 8, tzinfo=UTC)
    return day - timedelta(days=(day.weekday() - 4) % 7)
