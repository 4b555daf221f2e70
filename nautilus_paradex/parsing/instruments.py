"""
From the venue's market specifications to the platform's instruments.

Pure functions: fetching markets and fee rates, and keeping instruments, is the provider's work.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Final, Self

import msgspec
from nautilus_trader.model.enums import CurrencyType, OptionKind
from nautilus_trader.model.identifiers import InstrumentId, Symbol
from nautilus_trader.model.instruments import (
    CryptoFuture,
    CryptoOption,
    CryptoPerpetual,
    CurrencyPair,
    Instrument,
)
from nautilus_trader.model.objects import Currency, Money, Quantity

from nautilus_paradex.constants import PARADEX_VENUE
from nautilus_paradex.parsing.precision import (
    MAX_PRECISION,
    MarketScale,
    increment_precision,
    price_from_e8,
    quantity_from_e8,
)
from nautilus_paradex.protocol import rest
from nautilus_paradex.protocol.enums import AssetKind, OptionType
from nautilus_paradex.protocol.errors import MessageError
from nautilus_paradex.protocol.numbers import Number, e8_to_str, to_decimal, to_e8, to_int

__all__ = [
    "PERPETUAL_OPTION_EXPIRATION_NS",
    "FeeRates",
    "currency_from_code",
    "instrument_from_market",
    "instrument_id_from_symbol",
    "is_known_currency",
    "scale_of",
]

PERPETUAL_OPTION_EXPIRATION_NS: Final = 4_102_444_800_000_000_000
"""2100-01-01: the platform takes an expiration of 0 for "expired long ago"."""

_NS_PER_MS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class FeeRates:
    """
    Maker and taker rates on notional by asset kind, for markets without an override of their own.

    Parameters
    ----------
    by_kind : Mapping[str, tuple[Decimal, Decimal]]
        Maker and taker rate per `AssetKind`.

    """

    by_kind: MappingProxyType[str, tuple[Decimal, Decimal]]

    @classmethod
    def documented(cls) -> Self:
        """Return the rates of the API ("Pro") profile before discounts (api-notes)."""
        return cls(MappingProxyType(_DOCUMENTED_RATES))

    @classmethod
    def of_account(cls, fees: rest.Fees) -> Self:
        """
        Return an account's own rates, with the documented ones where the venue names none.

        Raises
        ------
        MessageError
            If a rate is not a number.

        """
        own: dict[str, tuple[Number, Number]] = {
            AssetKind.PERP: (fees.maker_rate, fees.taker_rate),
            AssetKind.FUTURE: (fees.maker_rate, fees.taker_rate),
            AssetKind.SPOT: (fees.spot_maker_rate, fees.spot_taker_rate),
            AssetKind.PERP_OPTION: (fees.perp_option_maker_rate, fees.perp_option_taker_rate),
            AssetKind.OPTION: (fees.dated_option_maker_rate, fees.dated_option_taker_rate),
        }
        return cls(
            MappingProxyType(
                {
                    kind: (
                        _decimal_or(own[kind][0], maker),
                        _decimal_or(own[kind][1], taker),
                    )
                    for kind, (maker, taker) in _DOCUMENTED_RATES.items()
                },
            ),
        )


_DOCUMENTED_RATES: Final[dict[str, tuple[Decimal, Decimal]]] = {
    AssetKind.PERP: (Decimal("0.00003"), Decimal("0.00045")),
    AssetKind.FUTURE: (Decimal("0.00003"), Decimal("0.00045")),
    AssetKind.SPOT: (Decimal("0.00003"), Decimal("0.00045")),
    AssetKind.PERP_OPTION: (Decimal("0.0001"), Decimal("0.0001")),
    AssetKind.OPTION: (Decimal("0.0001"), Decimal("0.0001")),
}


def instrument_id_from_symbol(symbol: str) -> InstrumentId:
    """
    Return the instrument id of a market: ``BTC-USD-PERP`` is ``BTC-USD-PERP.PARADEX``.

    Raises
    ------
    MessageError
        If the symbol is empty.

    """
    if not symbol.strip():
        raise MessageError(f"the symbol of a market must not be empty, was {symbol!r}")
    return InstrumentId(Symbol(symbol), PARADEX_VENUE)


def scale_of(instrument: Instrument) -> MarketScale:
    """Return the scale that values of a market are read by."""
    return MarketScale.of(
        instrument.id,
        price_increment=instrument.price_increment,
        size_increment=instrument.size_increment,
    )


def is_known_currency(code: str) -> bool:
    """Whether the platform has a currency of that code, or was told of one."""
    return Currency.from_str(code, strict=True) is not None


def currency_from_code(code: str) -> Currency:
    """
    Return the currency of a venue code; one that the platform does not know is made known to it as
    a crypto currency with 8 decimals (DIME among them).
    """
    known = Currency.from_str(code, strict=True)
    if known is not None:
        return known
    currency = Currency(code, MAX_PRECISION, 0, code, CurrencyType.CRYPTO)
    # Amounts in it are read back from a database or catalog by its code.
    Currency.register(currency)
    return currency


def instrument_from_market(
    market: rest.Market,
    *,
    fees: FeeRates,
    ts_init: int,
) -> Instrument | None:
    """
    Return the instrument of a market, or None for an asset kind this adapter does not know.

    Quote and settlement currency are both the market's settlement currency (USDC), although the
    symbol says USD: PnL and commissions must end in the currency that balances move in.

    The minimum notional keeps the venue's unit, USD. It is therefore not enforced by the platform's
    risk engine, which would also deny the reduce-only order that closes a small position, an order
    that the venue takes (api-notes).

    Parameters
    ----------
    market : rest.Market
        The venue's specification.
    fees : FeeRates
        Rates for markets that do not override them.
    ts_init : int
        When the instrument is built, ns.

    Raises
    ------
    MessageError
        If a field that an instrument cannot be without is missing or not a number.
    PrecisionError
        If an increment or limit is out of the platform's range.

    """
    build = _BUILDERS.get(market.asset_kind)
    if build is None:
        return None
    return build(market, _Terms.of(market, fees), ts_init)


@dataclass(frozen=True, slots=True)
class _Terms:
    """What the constructors of all instrument kinds have in common."""

    instrument_id: InstrumentId
    base: Currency
    settlement: Currency
    tick_e8: int
    size_increment_e8: int
    max_quantity: Quantity | None
    min_notional: Money | None
    margin_init: Decimal | None
    margin_maint: Decimal | None
    maker_fee: Decimal
    taker_fee: Decimal

    @classmethod
    def of(cls, market: rest.Market, fees: FeeRates) -> Self:
        margin_init, margin_maint = _margins(market)
        maker_fee, taker_fee = _fees(market, fees)
        size_increment_e8 = _required_e8(market, "order_size_increment")
        return cls(
            instrument_id=instrument_id_from_symbol(market.symbol),
            base=currency_from_code(_required_text(market, "base_currency")),
            settlement=currency_from_code(_required_text(market, "settlement_currency")),
            tick_e8=_required_e8(market, "price_tick_size"),
            size_increment_e8=size_increment_e8,
            max_quantity=_max_quantity(market, size_increment_e8),
            min_notional=_min_notional(market),
            margin_init=margin_init,
            margin_maint=margin_maint,
            maker_fee=maker_fee,
            taker_fee=taker_fee,
        )

    def arguments(self, market: rest.Market, ts_init: int) -> dict[str, object]:
        price_precision = increment_precision(self.tick_e8)
        size_precision = increment_precision(self.size_increment_e8)
        size_increment = quantity_from_e8(self.size_increment_e8, size_precision)
        return {
            "instrument_id": self.instrument_id,
            "raw_symbol": self.instrument_id.symbol,
            "quote_currency": self.settlement,
            "price_precision": price_precision,
            "size_precision": size_precision,
            "price_increment": price_from_e8(self.tick_e8, price_precision),
            "size_increment": size_increment,
            "lot_size": size_increment,
            "min_quantity": size_increment,
            "max_quantity": self.max_quantity,
            "min_notional": self.min_notional,
            "margin_init": self.margin_init,
            "margin_maint": self.margin_maint,
            "maker_fee": self.maker_fee,
            "taker_fee": self.taker_fee,
            "ts_event": ts_init,
            "ts_init": ts_init,
            "info": _info(market),
        }


def _perpetual(market: rest.Market, terms: _Terms, ts_init: int) -> Instrument:
    return CryptoPerpetual(
        base_currency=terms.base,
        settlement_currency=terms.settlement,
        is_inverse=False,
        **terms.arguments(market, ts_init),
    )


def _perpetual_option(market: rest.Market, terms: _Terms, ts_init: int) -> Instrument:
    return _option(market, terms, ts_init, PERPETUAL_OPTION_EXPIRATION_NS)


def _dated_option(market: rest.Market, terms: _Terms, ts_init: int) -> Instrument:
    return _option(market, terms, ts_init, _expiration_ns(market))


def _option(market: rest.Market, terms: _Terms, ts_init: int, expiration_ns: int) -> Instrument:
    strike_e8 = _required_e8(market, "strike_price")
    kind = _OPTION_KINDS.get(market.option_type or "")
    if kind is None:
        raise MessageError(
            f"{market.symbol}: option_type must be CALL or PUT, was {market.option_type!r}"
        )
    return CryptoOption(
        underlying=terms.base,
        settlement_currency=terms.settlement,
        is_inverse=False,
        option_kind=kind,
        strike_price=price_from_e8(strike_e8, increment_precision(strike_e8)),
        activation_ns=_activation_ns(market),
        expiration_ns=expiration_ns,
        **terms.arguments(market, ts_init),
    )


def _future(market: rest.Market, terms: _Terms, ts_init: int) -> Instrument:
    return CryptoFuture(
        underlying=terms.base,
        settlement_currency=terms.settlement,
        is_inverse=False,
        activation_ns=_activation_ns(market),
        expiration_ns=_expiration_ns(market),
        **terms.arguments(market, ts_init),
    )


def _spot(market: rest.Market, terms: _Terms, ts_init: int) -> Instrument:
    return CurrencyPair(base_currency=terms.base, **terms.arguments(market, ts_init))


_BUILDERS: Final[dict[str, Callable[[rest.Market, _Terms, int], Instrument]]] = {
    AssetKind.PERP: _perpetual,
    AssetKind.PERP_OPTION: _perpetual_option,
    AssetKind.OPTION: _dated_option,
    AssetKind.FUTURE: _future,
    AssetKind.SPOT: _spot,
}

_OPTION_ASSETS: Final = frozenset({AssetKind.PERP_OPTION, AssetKind.OPTION})

_OPTION_KINDS: Final[dict[str, OptionKind]] = {
    OptionType.CALL: OptionKind.CALL,
    OptionType.PUT: OptionKind.PUT,
}


def _activation_ns(market: rest.Market) -> int:
    return max(0, to_int(market.open_at) or 0) * _NS_PER_MS


def _expiration_ns(market: rest.Market) -> int:
    expiry_ms = to_int(market.expiry_at)
    if not expiry_ms or expiry_ms < 0:
        raise MessageError(
            f"{market.symbol}: {market.asset_kind} needs an expiry_at, was {market.expiry_at!r}",
        )
    return expiry_ms * _NS_PER_MS


def _max_quantity(market: rest.Market, increment_e8: int) -> Quantity | None:
    limit_e8 = to_e8(market.max_order_size)
    if not limit_e8:
        return None
    # A limit finer than the increment cannot be reached: round it down to what can be ordered.
    return quantity_from_e8(limit_e8 - limit_e8 % increment_e8, increment_precision(increment_e8))


def _min_notional(market: rest.Market) -> Money | None:
    amount_e8 = to_e8(market.min_notional)
    return Money.from_str(f"{e8_to_str(amount_e8)} USD") if amount_e8 else None


def _margins(market: rest.Market) -> tuple[Decimal | None, Decimal | None]:
    """
    Initial and maintenance fraction of notional.

    Options stay without: their requirement depends on spot, strike and side, which one fraction of
    the premium cannot say. Their parameters are in the instrument's `info`.
    """
    parameters = market.delta1_cross_margin_params
    if parameters is None or market.asset_kind in _OPTION_ASSETS:
        return None, None
    initial = to_decimal(parameters.imf_base)
    if initial is None:
        return None, None
    return initial, initial * _decimal_or(parameters.mmf_factor, Decimal("0.5"))


def _fees(market: rest.Market, fees: FeeRates) -> tuple[Decimal, Decimal]:
    maker, taker = fees.by_kind[market.asset_kind]
    override = market.fee_config.api_fee if market.fee_config is not None else None
    if override is None:
        return maker, taker
    return _fee_or(override.maker_fee, maker), _fee_or(override.taker_fee, taker)


def _fee_or(override: rest.FeeWithCap | None, default: Decimal) -> Decimal:
    return default if override is None else _decimal_or(override.fee, default)


def _decimal_or(value: Number, default: Decimal) -> Decimal:
    number = to_decimal(value)
    return default if number is None else number


def _required_e8(market: rest.Market, field: str) -> int:
    value = getattr(market, field)
    mantissa = to_e8(value, exact=True)
    if mantissa is None or mantissa <= 0:
        raise MessageError(f"{market.symbol}: {field} must be a positive number, was {value!r}")
    return mantissa


def _required_text(market: rest.Market, field: str) -> str:
    value = getattr(market, field)
    if not value:
        raise MessageError(f"{market.symbol}: {field} is missing")
    return str(value)


def _info(market: rest.Market) -> dict[str, object]:
    """The venue's specification as it came, without what it leaves out."""
    fields: dict[str, object] = msgspec.to_builtins(market)
    return {name: value for name, value in fields.items() if value is not None}
