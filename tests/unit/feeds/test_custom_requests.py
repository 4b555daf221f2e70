"""Given how the market stands, how requests for custom data are answered."""

from collections.abc import AsyncIterator
from decimal import Decimal

import pytest
from nautilus_trader.core.data import Data
from nautilus_trader.model.data import CustomData, DataType
from nautilus_trader.model.instruments import CryptoPerpetual

from nautilus_paradex.data_types import (
    ParadexFundingComparison,
    ParadexFundingPayment,
    ParadexInteractiveBook,
    ParadexInteractiveQuote,
    ParadexMarketSummary,
    ParadexSystemState,
    ParadexTradeBust,
)
from nautilus_paradex.feeds.custom_requests import CustomRequests
from nautilus_paradex.feeds.window import UnsupportedRequestError, Window
from nautilus_paradex.transport.errors import RequestError
from tests.unit.feeds.conftest import MARKET, NOW_NS
from tests.unit.feeds.rest_venue import NOW_MS, RestVenue

HOUR_NS = 3_600 * 10**9


@pytest.fixture
def venue() -> RestVenue:
    return RestVenue(
        summaries=[
            {"symbol": MARKET, "mark_price": "60000.123", "created_at": NOW_MS},
            {"symbol": "ETH-USD-PERP", "mark_price": "3000", "created_at": NOW_MS},
            {"symbol": "BAD-USD-PERP", "mark_price": "nonsense", "created_at": NOW_MS},
        ],
        bbo={"market": MARKET, "bid": "60000.5", "bid_size": "1", "last_updated_at": NOW_MS},
        book={
            "market": MARKET,
            "seq_no": 5,
            "last_updated_at": NOW_MS,
            "bids": [["60000", "1"]],
            "asks": [["60001", "2"]],
            "best_bid_api": ["59999.5", "0.5"],
        },
    )


@pytest.fixture
def warnings() -> list[str]:
    return []


@pytest.fixture
async def requests(venue: RestVenue, warnings: list[str]) -> AsyncIterator[CustomRequests]:
    client = venue.client()
    yield CustomRequests(client, now_ns=lambda: NOW_NS, warn=warnings.append)
    await client.close()


def the_data(answer: list[CustomData]) -> Data:
    (item,) = answer
    return item.data


async def test_the_summary_of_one_market(
    requests: CustomRequests, instrument: CryptoPerpetual
) -> None:
    data_type = DataType(ParadexMarketSummary, {"instrument_id": instrument.id})

    answer = await requests.answer(data_type, instrument, Window())

    assert answer[0].data_type == data_type
    assert the_data(answer).mark_price == Decimal("60000.123")
    assert the_data(answer).ts_init == NOW_NS


async def test_the_summaries_of_all_markets_that_can_be_read(
    requests: CustomRequests, warnings: list[str]
) -> None:
    answer = await requests.answer(DataType(ParadexMarketSummary), None, Window())

    assert [item.data.instrument_id.symbol.value for item in answer] == [MARKET, "ETH-USD-PERP"]
    assert warnings[0].startswith("1 of 3 items left out")


async def test_the_interactive_quote(
    requests: CustomRequests, venue: RestVenue, instrument: CryptoPerpetual
) -> None:
    answer = await requests.answer(DataType(ParadexInteractiveQuote), instrument, Window())

    assert str(the_data(answer).bid_price) == "60000.5"
    assert the_data(answer).ask_price is None
    assert venue.asked[0].url.path == f"/v1/bbo/{MARKET}/interactive"


async def test_the_interactive_book(
    requests: CustomRequests, venue: RestVenue, instrument: CryptoPerpetual
) -> None:
    answer = await requests.answer(DataType(ParadexInteractiveBook), instrument, Window())

    assert str(the_data(answer).best_bid_api.price) == "59999.5"
    assert [str(level.price) for level in the_data(answer).asks] == ["60001.0"]
    assert venue.asked[0].url.path == f"/v1/orderbook/{MARKET}/interactive"
    assert venue.asked[0].url.params["depth"] == "15"


async def test_the_state_of_the_system_whatever_the_market(
    requests: CustomRequests, venue: RestVenue, instrument: CryptoPerpetual
) -> None:
    venue.system_status = "cancel_only"

    for market in (None, instrument):
        answer = await requests.answer(DataType(ParadexSystemState), market, Window())
        assert the_data(answer).status == "cancel_only"


@pytest.mark.parametrize(
    ("kind", "complaint"),
    [
        (ParadexFundingComparison, "only streams them: subscribe"),
        (ParadexFundingPayment, "the execution client publishes new ones"),
        (ParadexTradeBust, "the execution client publishes new ones"),
        (Data, "can be requested, was Data"),
        (ParadexInteractiveBook, "is of one market: name it"),
    ],
)
async def test_what_the_venue_cannot_be_asked_for_is_explained(
    requests: CustomRequests, venue: RestVenue, kind: type, complaint: str
) -> None:
    with pytest.raises(UnsupportedRequestError, match=complaint):
        await requests.answer(DataType(kind), None, Window())

    assert venue.asked == []


async def test_what_was_is_not_what_is(
    requests: CustomRequests, venue: RestVenue, instrument: CryptoPerpetual
) -> None:
    past = Window(NOW_NS - 2 * HOUR_NS, NOW_NS - HOUR_NS)

    with pytest.raises(UnsupportedRequestError, match="keeps no past ParadexMarketSummary"):
        await requests.answer(DataType(ParadexMarketSummary), instrument, past)

    assert venue.asked == []


async def test_a_refusal_is_raised(
    requests: CustomRequests, venue: RestVenue, instrument: CryptoPerpetual
) -> None:
    venue.status = 404

    with pytest.raises(RequestError):
        await requests.answer(DataType(ParadexMarketSummary), instrument, Window())
