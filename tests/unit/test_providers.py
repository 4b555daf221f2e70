"""Given the venue's list of markets, which instruments are there afterwards."""

import base64
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import httpx
import pytest
from nautilus_trader.config import InstrumentProviderConfig
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.instruments import Instrument

from nautilus_paradex import ParadexCredentials, ParadexHttpClient, ParadexInstrumentProvider
from nautilus_paradex.protocol.errors import MessageError
from nautilus_paradex.transport.errors import RequestError

ADDRESS = "0x1234"


def market(symbol: str, **fields: object) -> dict[str, object]:
    return {
        "symbol": symbol,
        "asset_kind": "PERP",
        "base_currency": symbol.split("-")[0],
        "quote_currency": "USD",
        "settlement_currency": "USDC",
        "price_tick_size": "0.1",
        "order_size_increment": "0.001",
        "tags": [],
        **fields,
    }


@dataclass
class Venue:
    """Answers what a provider asks."""

    markets: list[dict[str, object]] = field(
        default_factory=lambda: [
            market("BTC-USD-PERP", tags=["LAYER-1"]),
            market("kPEPE-USD-PERP", tags=["MEME"]),
            market("DIME-USD", asset_kind="SPOT"),
        ]
    )
    fees: dict[str, object] | None = None
    asked: list[str] = field(default_factory=list)
    status: int = 200

    def answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/v1")
        self.asked.append(f"{path}?{request.url.query.decode()}".removesuffix("?"))
        return httpx.Response(self.status, json=self._reply(path, request.url.params))

    def _reply(self, path: str, params: httpx.QueryParams) -> Any:
        if self.status != 200:
            return {"error": "INTERNAL_ERROR", "message": "down"}
        if path == "/markets":
            only = params.get("market")
            return {"results": [m for m in self.markets if only in (None, m["symbol"])]}
        if path == "/account/info":
            other = {"account": "0x9", "fees": {"taker_rate": "0.9"}}
            return {"results": [other, {"account": ADDRESS, "fees": self.fees}]}
        return {"starknet_chain_id": "TEST", "server_time": "1791421535936"}


@pytest.fixture
def venue() -> Venue:
    return Venue()


@pytest.fixture
async def client(venue: Venue) -> AsyncIterator[ParadexHttpClient]:
    client = ParadexHttpClient(
        "http://venue/v1", transport=httpx.MockTransport(venue.answer), max_retries=0
    )
    yield client
    await client.close()


@pytest.fixture
def provider(client: ParadexHttpClient) -> ParadexInstrumentProvider:
    return ParadexInstrumentProvider(client)


def symbols(provider: ParadexInstrumentProvider) -> set[str]:
    return {instrument.raw_symbol.value for instrument in provider.list_all()}


async def test_all_markets_are_loaded_with_their_currencies(
    provider: ParadexInstrumentProvider,
) -> None:
    await provider.load_all_async()

    assert symbols(provider) == {"BTC-USD-PERP", "kPEPE-USD-PERP", "DIME-USD"}
    assert set(provider.currencies()) == {"BTC", "kPEPE", "DIME", "USDC"}
    assert provider.metrics["markets_loaded"] == 3


@pytest.mark.parametrize(
    ("filters", "loaded"),
    [
        ({}, {"BTC-USD-PERP", "kPEPE-USD-PERP", "DIME-USD"}),
        ({"asset_kind": "SPOT"}, {"DIME-USD"}),
        ({"asset_kind": ["PERP", "OPTION"]}, {"BTC-USD-PERP", "kPEPE-USD-PERP"}),
        ({"base": "BTC"}, {"BTC-USD-PERP"}),
        ({"base_currency": ("BTC", "DIME")}, {"BTC-USD-PERP", "DIME-USD"}),
        ({"tags": ["MEME", "DEFI"]}, {"kPEPE-USD-PERP"}),
        ({"asset_kind": "PERP", "tags": "LAYER-1"}, {"BTC-USD-PERP"}),
        ({"settlement_currency": "EUR"}, set()),
        ({"symbol": {"DIME-USD"}}, {"DIME-USD"}),
    ],
)
async def test_filters_choose(
    provider: ParadexInstrumentProvider, filters: dict[str, object], loaded: set[str]
) -> None:
    await provider.load_all_async(filters)

    assert symbols(provider) == loaded


@pytest.mark.parametrize(
    ("filters", "complaint"),
    [({"colour": "red"}, "must be one of .*, was 'colour'"), ({"base": 7}, "must be a text")],
)
async def test_a_wrong_filter_is_named(
    provider: ParadexInstrumentProvider, filters: dict[str, object], complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        await provider.load_all_async(filters)


async def test_a_filter_of_the_users_own_is_asked(client: ParadexHttpClient) -> None:
    config = InstrumentProviderConfig(
        load_all=True, filter_callable="tests.unit.test_providers:is_spot"
    )
    provider = ParadexInstrumentProvider(client, config)

    await provider.initialize()

    assert symbols(provider) == {"DIME-USD"}


def is_spot(instrument: Instrument) -> bool:
    return instrument.raw_symbol.value == "DIME-USD"


async def test_one_instrument_costs_one_small_request(
    provider: ParadexInstrumentProvider, venue: Venue
) -> None:
    await provider.load_async(InstrumentId.from_str("BTC-USD-PERP.PARADEX"))

    assert symbols(provider) == {"BTC-USD-PERP"}
    assert venue.asked == ["/markets?market=BTC-USD-PERP"]


async def test_several_instruments_cost_one_request(
    provider: ParadexInstrumentProvider, venue: Venue
) -> None:
    ids = [InstrumentId.from_str(f"{s}.PARADEX") for s in ("BTC-USD-PERP", "DIME-USD", "GONE")]

    await provider.load_ids_async(ids)

    assert symbols(provider) == {"BTC-USD-PERP", "DIME-USD"}
    assert venue.asked == ["/markets"]


async def test_nothing_asked_for_is_nothing_asked(
    provider: ParadexInstrumentProvider, venue: Venue
) -> None:
    await provider.load_ids_async([])

    assert venue.asked == []


async def test_another_venues_instrument_is_refused(provider: ParadexInstrumentProvider) -> None:
    with pytest.raises(ValueError, match="must be of venue PARADEX, was BTCUSDT"):
        await provider.load_async(InstrumentId.from_str("BTCUSDT.BINANCE"))


async def test_a_market_that_cannot_be_read_does_not_take_the_others_with_it(
    provider: ParadexInstrumentProvider, venue: Venue
) -> None:
    venue.markets += [
        market("BAD-USD-PERP", price_tick_size="cheap"),
        market("WORSE-USD-PERP", order_size_increment=""),
        market("HUGE-USD-PERP", max_order_size="1e30"),
        market("NEW-USD-SWAP", asset_kind="SWAP"),
    ]

    await provider.load_all_async()

    assert symbols(provider) == {"BTC-USD-PERP", "kPEPE-USD-PERP", "DIME-USD"}
    assert provider.metrics["markets_malformed"] == 3
    assert provider.metrics["markets_of_unknown_kind"] == 1


async def test_a_request_that_fails_raises(
    provider: ParadexInstrumentProvider, venue: Venue
) -> None:
    venue.status = 500

    with pytest.raises(RequestError):
        await provider.load_all_async()


async def test_one_that_is_not_listed_stays_absent(
    provider: ParadexInstrumentProvider, venue: Venue
) -> None:
    venue.status = 404

    await provider.load_async(InstrumentId.from_str("GONE-USD-PERP.PARADEX"))

    assert symbols(provider) == set()


class TestRefresh:
    @pytest.fixture
    async def provider(self, client: ParadexHttpClient) -> ParadexInstrumentProvider:
        config = InstrumentProviderConfig(load_all=True, filters={"asset_kind": "PERP"})
        provider = ParadexInstrumentProvider(client, config)
        await provider.initialize()
        return provider

    async def test_instruments_follow_their_markets_by_one_request(
        self, provider: ParadexInstrumentProvider, venue: Venue
    ) -> None:
        venue.asked.clear()
        venue.markets[0]["price_tick_size"] = "0.01"

        listed = await provider.refresh_async()

        btc = provider.find(InstrumentId.from_str("BTC-USD-PERP.PARADEX"))
        assert str(btc.price_increment) == "0.01"
        assert set(listed) == {"BTC-USD-PERP", "kPEPE-USD-PERP", "DIME-USD"}
        assert venue.asked == ["/markets"]

    async def test_what_is_listed_no_more_is_dropped(
        self, provider: ParadexInstrumentProvider, venue: Venue
    ) -> None:
        del venue.markets[0]

        await provider.refresh_async()

        assert symbols(provider) == {"kPEPE-USD-PERP"}

    async def test_what_is_new_is_taken_in_if_the_filters_take_it(
        self, provider: ParadexInstrumentProvider, venue: Venue
    ) -> None:
        venue.markets += [market("NEW-USD-PERP"), market("NEW-USD", asset_kind="SPOT")]

        await provider.refresh_async()

        assert symbols(provider) == {"BTC-USD-PERP", "kPEPE-USD-PERP", "NEW-USD-PERP"}

    async def test_what_has_ended_is_not_taken_in_again(
        self, provider: ParadexInstrumentProvider
    ) -> None:
        provider.drop(InstrumentId.from_str("BTC-USD-PERP.PARADEX"))

        await provider.refresh_async(without={"BTC-USD-PERP"})

        assert symbols(provider) == {"kPEPE-USD-PERP"}

    async def test_what_is_loaded_follows_also_where_a_filter_would_not_take_it_any_more(
        self, client: ParadexHttpClient, venue: Venue
    ) -> None:
        config = InstrumentProviderConfig(
            load_all=True,
            filters={"tags": "LAYER-1"},
            filter_callable="tests.unit.test_providers:has_a_fine_tick",
        )
        venue.markets[0]["price_tick_size"] = "0.01"
        provider = ParadexInstrumentProvider(client, config)
        await provider.initialize()

        venue.markets[0] |= {"tags": [], "price_tick_size": "1"}
        await provider.refresh_async()

        (btc,) = provider.list_all()
        assert str(btc.price_increment) == "1"

    async def test_only_what_is_named_is_loaded_also_when_it_is_listed_later(
        self, client: ParadexHttpClient, venue: Venue
    ) -> None:
        ids = frozenset({"BTC-USD-PERP.PARADEX", "NEW-USD-PERP.PARADEX"})
        provider = ParadexInstrumentProvider(client, InstrumentProviderConfig(load_ids=ids))
        await provider.initialize()
        assert symbols(provider) == {"BTC-USD-PERP"}

        venue.markets += [market("NEW-USD-PERP"), market("OTHER-USD-PERP")]
        await provider.refresh_async()

        assert symbols(provider) == {"BTC-USD-PERP", "NEW-USD-PERP"}

    async def test_an_update_that_cannot_be_read_leaves_the_instrument_as_it_was(
        self, provider: ParadexInstrumentProvider, venue: Venue
    ) -> None:
        venue.markets[0]["price_tick_size"] = "cheap"

        await provider.refresh_async()

        btc = provider.find(InstrumentId.from_str("BTC-USD-PERP.PARADEX"))
        assert str(btc.price_increment) == "0.1"
        assert provider.metrics["markets_malformed"] == 1

    async def test_a_market_without_a_name_costs_itself_only(
        self, provider: ParadexInstrumentProvider, venue: Venue
    ) -> None:
        venue.markets += [market(""), market("NEW-USD-PERP")]

        await provider.refresh_async()

        assert symbols(provider) == {"BTC-USD-PERP", "kPEPE-USD-PERP", "NEW-USD-PERP"}
        assert provider.metrics["markets_malformed"] == 1

    async def test_an_empty_list_is_a_failure_and_changes_nothing(
        self, provider: ParadexInstrumentProvider, venue: Venue
    ) -> None:
        venue.markets.clear()

        with pytest.raises(MessageError, match="empty"):
            await provider.refresh_async()

        assert symbols(provider) == {"BTC-USD-PERP", "kPEPE-USD-PERP"}


def has_a_fine_tick(instrument: Instrument) -> bool:
    return instrument.price_precision == 2


class TestAccountFees:
    @pytest.fixture
    async def client(self, venue: Venue) -> AsyncIterator[ParadexHttpClient]:
        # A read-only token needs no signature: the venue's answers are what counts here.
        client = ParadexHttpClient(
            "http://venue/v1",
            credentials=ParadexCredentials(ADDRESS, readonly_token=long_lived_token()),
            transport=httpx.MockTransport(venue.answer),
            max_retries=0,
        )
        await client.start()
        yield client
        await client.close()

    async def test_instruments_carry_the_accounts_own_rates(
        self, provider: ParadexInstrumentProvider, venue: Venue
    ) -> None:
        venue.fees = {"maker_rate": "-0.00005", "taker_rate": "0.0002"}

        await provider.load_all_async({"symbol": "BTC-USD-PERP"})

        perp = provider.list_all()[0]
        assert (perp.maker_fee, perp.taker_fee) == (Decimal("-0.00005"), Decimal("0.0002"))

    @pytest.mark.parametrize("fees", [None, {"taker_rate": "a lot"}])
    async def test_market_data_does_not_depend_on_them(
        self, provider: ParadexInstrumentProvider, venue: Venue, fees: dict[str, object] | None
    ) -> None:
        venue.fees = fees

        await provider.load_all_async({"symbol": "BTC-USD-PERP"})

        assert provider.list_all()[0].taker_fee == Decimal("0.00045")


def long_lived_token() -> str:
    def part(fields: dict[str, object]) -> str:
        return base64.urlsafe_b64encode(json.dumps(fields).encode()).decode().rstrip("=")

    return f"{part({'alg': 'none'})}.{part({'exp': 4_102_444_800})}.c2ln"
