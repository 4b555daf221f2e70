"""Given the venue's markets, what instruments come of them."""

import json
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace
from nautilus_trader.model.currencies import USD, USDC
from nautilus_trader.model.enums import CurrencyType, OptionKind
from nautilus_trader.model.instruments import (
    CryptoFuture,
    CryptoOption,
    CryptoPerpetual,
    CurrencyPair,
    Instrument,
)
from nautilus_trader.model.objects import Money, Price, Quantity

from nautilus_paradex.parsing.instruments import (
    PERPETUAL_OPTION_EXPIRATION_NS,
    FeeRates,
    currency_from_code,
    instrument_from_market,
    instrument_id_from_symbol,
)
from nautilus_paradex.protocol import rest
from nautilus_paradex.protocol.errors import MessageError, ParadexError

REFERENCE = Path(__file__).resolve().parents[4] / "shared" / "reference" / "paradex"
EXPIRY_MS = 1_793_000_000_000

PERP = rest.Market(
    symbol="BTC-USD-PERP",
    asset_kind="PERP",
    base_currency="BTC",
    quote_currency="USD",
    settlement_currency="USDC",
    price_tick_size="0.1",
    order_size_increment="0.001",
    min_notional="10",
    max_order_size="100.0005",
    open_at=1_698_756_879_745,
    expiry_at=0,
    funding_period_hours=8,
    tags=["LAYER-1"],
    delta1_cross_margin_params=rest.PerpMarginParams(imf_base="0.02", mmf_factor="0.5"),
)
OPTION = replace(
    PERP,
    symbol="BTC-USD-96000-C",
    asset_kind="PERP_OPTION",
    strike_price="96000",
    option_type="CALL",
)
DATED_OPTION = replace(
    OPTION,
    symbol="BTC-USD-27JUN25-100000-P",
    asset_kind="OPTION",
    strike_price="100000.5",
    option_type="PUT",
    expiry_at=str(EXPIRY_MS),
)
SPOT = replace(
    PERP,
    symbol="DIME-USD",
    asset_kind="SPOT",
    base_currency="DIME",
    delta1_cross_margin_params=None,
)
FUTURE = replace(PERP, symbol="BTC-USD-27JUN25", asset_kind="FUTURE", expiry_at=EXPIRY_MS)


def build(market: rest.Market, fees: FeeRates | None = None) -> Instrument:
    instrument = instrument_from_market(market, fees=fees or FeeRates.documented(), ts_init=7)
    assert instrument is not None
    return instrument


class TestPerpetual:
    def test_everything_a_strategy_needs_is_there(self) -> None:
        perp = build(PERP)

        assert isinstance(perp, CryptoPerpetual)
        assert perp.id == instrument_id_from_symbol("BTC-USD-PERP")
        assert str(perp.id) == "BTC-USD-PERP.PARADEX"
        assert (perp.price_precision, perp.size_precision) == (1, 3)
        assert perp.price_increment == Price.from_str("0.1")
        assert perp.size_increment == Quantity.from_str("0.001")
        assert perp.min_quantity == Quantity.from_str("0.001")
        assert perp.max_quantity == Quantity.from_str("100.000")
        assert (perp.margin_init, perp.margin_maint) == (Decimal("0.02"), Decimal("0.01"))
        assert perp.multiplier == Quantity.from_int(1)
        assert (perp.ts_event, perp.ts_init) == (7, 7)
        assert not perp.is_inverse

    def test_pnl_and_fees_end_in_the_settlement_currency(self) -> None:
        perp = build(PERP)

        assert (perp.quote_currency, perp.settlement_currency) == (USDC, USDC)
        assert perp.base_currency.code == "BTC"

    def test_the_minimum_notional_keeps_the_venues_unit(self) -> None:
        assert build(PERP).min_notional == Money(10, USD)

    def test_the_venues_fields_are_in_its_info(self) -> None:
        info = build(PERP).info

        assert info["funding_period_hours"] == 8
        assert info["tags"] == ["LAYER-1"]
        assert "strike_price" not in info

    @pytest.mark.parametrize("limit", [None, "", "0"])
    def test_a_limit_that_is_not_there_is_none(self, limit: str | None) -> None:
        perp = build(replace(PERP, max_order_size=limit, min_notional=limit))

        assert perp.max_quantity is None
        assert perp.min_notional is None

    def test_numbers_may_come_as_numbers(self) -> None:
        perp = build(
            replace(PERP, price_tick_size=0.1, order_size_increment=0.001, min_notional=10)
        )

        assert perp.price_increment == Price.from_str("0.1")
        assert perp.min_notional == Money(10, USD)

    def test_an_increment_that_is_no_power_of_ten_is_kept(self) -> None:
        perp = build(replace(PERP, price_tick_size="0.5", order_size_increment="10"))

        assert perp.price_increment == Price.from_str("0.5")
        assert perp.size_increment == Quantity.from_str("10")
        assert perp.size_precision == 0


class TestOptions:
    def test_a_perpetual_option_does_not_expire_in_our_time(self) -> None:
        option = build(OPTION)

        assert isinstance(option, CryptoOption)
        assert option.expiration_ns == PERPETUAL_OPTION_EXPIRATION_NS
        assert option.option_kind == OptionKind.CALL
        assert option.strike_price == Price.from_str("96000")
        assert option.underlying.code == "BTC"
        assert (option.quote_currency, option.settlement_currency) == (USDC, USDC)
        assert option.activation_ns == 1_698_756_879_745 * 1_000_000

    def test_a_dated_option_expires_when_the_venue_says(self) -> None:
        option = build(DATED_OPTION)

        assert isinstance(option, CryptoOption)
        assert option.expiration_ns == EXPIRY_MS * 1_000_000
        assert option.option_kind == OptionKind.PUT
        assert option.strike_price == Price.from_str("100000.5")

    def test_options_have_no_margin_fraction(self) -> None:
        assert build(OPTION).margin_init == 0


def test_spot_is_a_pair() -> None:
    pair = build(SPOT)

    assert isinstance(pair, CurrencyPair)
    assert pair.base_currency.code == "DIME"
    assert pair.base_currency.precision == 8
    assert pair.quote_currency == USDC


def test_a_future_expires_when_the_venue_says() -> None:
    future = build(FUTURE)

    assert isinstance(future, CryptoFuture)
    assert future.expiration_ns == EXPIRY_MS * 1_000_000


@pytest.mark.parametrize("market", [PERP, OPTION, DATED_OPTION, SPOT, FUTURE])
def test_an_instrument_survives_the_catalogs_round_trip(market: rest.Market) -> None:
    instrument = build(market)
    kind = type(instrument)

    copy = kind.from_dict(json.loads(json.dumps(kind.to_dict(instrument))))

    assert copy == instrument
    assert copy.to_dict(copy) == instrument.to_dict(instrument)


@pytest.mark.parametrize("kind", ["", "SWAPTION"])
def test_an_unknown_kind_is_no_instrument_and_no_error(kind: str) -> None:
    market = replace(PERP, asset_kind=kind)

    assert instrument_from_market(market, fees=FeeRates.documented(), ts_init=0) is None


@pytest.mark.parametrize(
    ("market", "complaint"),
    [
        (replace(PERP, price_tick_size=""), "price_tick_size must be a positive number, was ''"),
        (replace(PERP, price_tick_size="-1"), "price_tick_size must be a positive number"),
        (replace(PERP, order_size_increment=None), "order_size_increment must be a positive"),
        (replace(PERP, price_tick_size="0.000000001"), "finer than 1e-8"),
        (replace(PERP, price_tick_size="cheap"), "invalid number, was 'cheap'"),
        (replace(PERP, base_currency=None), "base_currency is missing"),
        (replace(PERP, settlement_currency=""), "settlement_currency is missing"),
        (replace(OPTION, strike_price=None), "strike_price must be a positive number, was None"),
        (replace(OPTION, option_type="STRADDLE"), "must be CALL or PUT, was 'STRADDLE'"),
        (replace(DATED_OPTION, expiry_at=0), "OPTION needs an expiry_at, was 0"),
        (replace(FUTURE, expiry_at=None), "FUTURE needs an expiry_at, was None"),
    ],
)
def test_a_market_that_cannot_be_is_refused_by_name(market: rest.Market, complaint: str) -> None:
    with pytest.raises(ParadexError, match=complaint):
        build(market)


class TestFees:
    ACCOUNT = rest.Fees(
        maker_rate="-0.00001",
        taker_rate="0.0002",
        perp_option_maker_rate="0",
        perp_option_taker_rate="",
        spot_taker_rate="0.0007",
    )

    @staticmethod
    def rates(market: rest.Market, fees: FeeRates) -> tuple[Decimal, Decimal]:
        instrument = build(market, fees)
        return instrument.maker_fee, instrument.taker_fee

    def test_without_an_account_the_documented_rates_hold(self) -> None:
        documented = FeeRates.documented()

        assert self.rates(PERP, documented) == (Decimal("0.00003"), Decimal("0.00045"))
        assert self.rates(OPTION, documented) == (Decimal("0.0001"), Decimal("0.0001"))

    def test_the_accounts_own_rates_go_first(self) -> None:
        own = FeeRates.of_account(self.ACCOUNT)

        assert self.rates(PERP, own) == (Decimal("-0.00001"), Decimal("0.0002"))
        assert self.rates(FUTURE, own) == (Decimal("-0.00001"), Decimal("0.0002"))
        assert self.rates(SPOT, own) == (Decimal("0.00003"), Decimal("0.0007"))

    def test_a_rate_of_zero_is_a_rate_and_an_empty_one_is_none(self) -> None:
        own = FeeRates.of_account(self.ACCOUNT)

        assert self.rates(OPTION, own) == (Decimal(0), Decimal("0.0001"))

    def test_a_market_may_override_them(self) -> None:
        override = rest.MakerTakerFee(
            maker_fee=rest.FeeWithCap(fee="0.001"), taker_fee=rest.FeeWithCap()
        )
        market = replace(PERP, fee_config=rest.MarketFeeConfig(api_fee=override))

        own = FeeRates.of_account(self.ACCOUNT)

        assert self.rates(market, own) == (Decimal("0.001"), Decimal("0.0002"))

    def test_a_rate_that_is_no_number_is_refused(self) -> None:
        with pytest.raises(MessageError, match="invalid number"):
            FeeRates.of_account(rest.Fees(maker_rate="free"))


class TestCurrencies:
    @pytest.mark.parametrize("code", ["DIME", "kPEPE", "NOBODYKNOWS"])
    def test_an_unknown_one_is_crypto_with_eight_decimals(self, code: str) -> None:
        currency = currency_from_code(code)

        assert (currency.code, currency.precision) == (code, 8)
        assert currency.currency_type == CurrencyType.CRYPTO

    def test_a_known_one_is_the_platforms(self) -> None:
        assert currency_from_code("USDC") == USDC
        assert currency_from_code("USD") == USD


@pytest.mark.skipif(not REFERENCE.exists(), reason="the venue's recordings are not here")
def test_a_recorded_market_becomes_an_instrument() -> None:
    recording = REFERENCE / "captures" / "rest_markets_perp_testnet_2024.json"
    reply = msgspec.json.decode(recording.read_bytes(), type=rest.Results[rest.Market])
    assert reply.results

    perp = build(reply.results[0])

    assert str(perp.id) == "BTC-USD-PERP.PARADEX"
    assert perp.max_quantity == Quantity.from_str("100.000")
    assert perp.margin_maint == Decimal("0.01")
