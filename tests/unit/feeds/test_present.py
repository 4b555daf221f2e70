"""Given how the market stands, how requests for it are answered."""

from collections.abc import AsyncIterator
from decimal import Decimal

import pytest
from msgspec.structs import replace
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.instruments import CryptoOption, CryptoPerpetual

from nautilus_paradex.feeds.present import PresentRequests
from nautilus_paradex.parsing.instruments import FeeRates, instrument_from_market
from nautilus_paradex.protocol import rest
from tests.unit.feeds.conftest import MARKET, NOW_NS
from tests.unit.feeds.rest_venue import MINUTE_MS, NOW_MS, RestVenue


@pytest.fixture
def venue() -> RestVenue:
    return RestVenue()


@pytest.fixture
async def present(venue: RestVenue) -> AsyncIterator[PresentRequests]:
    client = venue.client()
    yield PresentRequests(client, now_ns=lambda: NOW_NS)
    await client.close()


class TestSnapshots:
    async def test_the_present_quote(
        self, present: PresentRequests, venue: RestVenue, instrument: CryptoPerpetual
    ) -> None:
        venue.bbo = {
            "market": MARKET,
            "bid": "60000",
            "bid_size": "1",
            "ask": "60000.5",
            "ask_size": "2",
            "last_updated_at": NOW_MS,
        }

        (quote,) = await present.quotes(instrument)

        assert str(quote.ask_price) == "60000.5"

    async def test_no_quote_while_a_side_is_empty(
        self, present: PresentRequests, venue: RestVenue, instrument: CryptoPerpetual
    ) -> None:
        venue.bbo = {"market": MARKET, "bid": "", "ask": "1", "last_updated_at": NOW_MS}

        assert await present.quotes(instrument) == []

    async def test_the_present_book(
        self, present: PresentRequests, venue: RestVenue, instrument: CryptoPerpetual
    ) -> None:
        venue.book = {
            "market": MARKET,
            "seq_no": 5,
            "last_updated_at": NOW_MS,
            "bids": [["60000", "1"]],
            "asks": [["60001", "2"], ["60002", "3"]],
        }

        book = await present.book_snapshot(instrument, 20)

        assert book.is_snapshot
        assert len(book.deltas) == 4
        assert venue.asked[0].url.params["depth"] == "20"

    @pytest.mark.parametrize(("depth", "levels"), [(1, 1), (10, 2), (50, 2)])
    async def test_the_depth_of_the_present_book(
        self,
        present: PresentRequests,
        venue: RestVenue,
        instrument: CryptoPerpetual,
        depth: int,
        levels: int,
    ) -> None:
        venue.book = {
            "market": MARKET,
            "seq_no": 5,
            "last_updated_at": NOW_MS,
            "bids": [["59999", "2"], ["60000", "1"]],
            "asks": [["60001", "2"], ["60002", "3"]],
        }

        book = await present.book_depth(instrument, depth)

        bids = [(str(order.price), str(order.size)) for order in book.bids]
        assert bids[:levels] == [("60000.0", "1.000"), ("59999.0", "2.000")][:levels]
        assert not any(order.size.raw for order in [*book.bids[levels:], *book.asks[levels:]])
        assert (book.sequence, book.ts_event, book.ts_init) == (5, NOW_MS * 1_000_000, NOW_NS)
        assert venue.asked[0].url.params["depth"] == str(min(depth, 10))


class TestForwardPrices:
    BASE = rest.Market(
        symbol="BTC-USD-96000-C",
        asset_kind="PERP_OPTION",
        base_currency="BTC",
        settlement_currency="USDC",
        price_tick_size="0.1",
        order_size_increment="0.01",
        strike_price="96000",
        option_type="CALL",
    )

    @pytest.fixture
    def options(self) -> list[CryptoOption]:
        year_ms = 365 * 24 * 60 * MINUTE_MS
        markets = [
            self.BASE,
            replace(
                self.BASE, symbol="BTC-USD-1Y-P", asset_kind="OPTION", expiry_at=NOW_MS + year_ms
            ),
            replace(self.BASE, symbol="ETH-USD-4000-C", base_currency="ETH"),
        ]
        return [
            instrument_from_market(market, fees=FeeRates.documented(), ts_init=0)
            for market in markets
        ]

    @pytest.fixture(autouse=True)
    def summaries(self, venue: RestVenue) -> None:
        venue.summaries = [
            # No rate of the venue makes a perpetual option's underlying grow until 2100.
            {"symbol": "BTC-USD-96000-C", "underlying_price": "95000", "forward_rate": "0.05"},
            {"symbol": "BTC-USD-1Y-P", "underlying_price": "95000", "forward_rate": "0.05"},
            {"symbol": "ETH-USD-4000-C", "underlying_price": "3900"},
            {"symbol": "BTC-USD-PERP", "underlying_price": "95000"},
        ]

    async def test_options_of_the_underlying_have_one(
        self, present: PresentRequests, options: list[CryptoOption]
    ) -> None:
        prices = await present.forward_prices("BTC", None, options)

        assert {str(price.instrument_id): price.forward_price for price in prices} == {
            "BTC-USD-96000-C.PARADEX": Decimal(95_000),
            # 95000 * exp(0.05)
            "BTC-USD-1Y-P.PARADEX": Decimal("99870.75415572"),
        }

    @pytest.mark.parametrize(
        ("expired_ms", "rate", "expected"),
        [
            (60_000, "0.05", "95000"),
            (-365 * 24 * 60 * MINUTE_MS, "-0.05", "90366.79532757"),
            (-365 * 24 * 60 * MINUTE_MS, "", "95000"),
        ],
    )
    async def test_a_dated_one_grows_until_its_expiry(
        self,
        present: PresentRequests,
        venue: RestVenue,
        options: list[CryptoOption],
        expired_ms: int,
        rate: str,
        expected: str,
    ) -> None:
        market = replace(self.BASE, asset_kind="OPTION", expiry_at=NOW_MS - expired_ms)
        option = instrument_from_market(market, fees=FeeRates.documented(), ts_init=0)
        venue.summaries = [
            {"symbol": market.symbol, "underlying_price": "95000", "forward_rate": rate}
        ]

        (price,) = await present.forward_prices("BTC", option.id, [option])

        assert price.forward_price == Decimal(expected)

    async def test_nothing_known_is_no_error(
        self, present: PresentRequests, venue: RestVenue, options: list[CryptoOption]
    ) -> None:
        venue.summaries = [
            {"symbol": "BTC-USD-96000-C", "underlying_price": ""},
            {"symbol": "BTC-USD-1Y-P", "underlying_price": "0", "forward_rate": "0.05"},
        ]

        assert await present.forward_prices("BTC", None, options) == []

    async def test_a_sample_is_asked_for_alone(
        self, present: PresentRequests, venue: RestVenue, options: list[CryptoOption]
    ) -> None:
        sample = InstrumentId.from_str("BTC-USD-96000-C.PARADEX")

        await present.forward_prices("BTC", sample, options)

        assert venue.asked[0].url.params["market"] == "BTC-USD-96000-C"
