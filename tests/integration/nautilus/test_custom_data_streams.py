"""The adapter's own data reach actors of a node, and of a backtest that replays them."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from nautilus_trader.backtest.config import BacktestEngineConfig
from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.common.actor import Actor
from nautilus_trader.common.config import ActorConfig
from nautilus_trader.core.data import Data
from nautilus_trader.model.data import DataType
from nautilus_trader.model.identifiers import InstrumentId, TraderId
from nautilus_trader.persistence.catalog import ParquetDataCatalog

from nautilus_paradex import (
    PARADEX_CLIENT_ID,
    ParadexFundingComparison,
    ParadexFundingPayment,
    ParadexInteractiveBook,
    ParadexInteractiveQuote,
    ParadexMarketSummary,
)
from nautilus_paradex.data_types import BookLevel
from nautilus_paradex.protocol.numbers import e8_to_decimal
from tests.integration.nautilus.harness import (
    BOTH_ENCODINGS,
    BTC,
    MARKET,
    Level,
    Venue,
    data_tester,
    running_node,
)
from tests.support import eventually


def of_btc(kind: type) -> DataType:
    return DataType(kind, metadata={"instrument_id": BTC})


SUMMARY = of_btc(ParadexMarketSummary)


class Listener(Actor):
    """Subscribes to custom data and keeps what comes."""

    def __init__(self, name: str, *data_types: DataType) -> None:
        super().__init__(ActorConfig(component_id=name))
        self.data_types = data_types
        self.received: list[Any] = []
        self.historical: list[Any] = []

    def on_start(self) -> None:
        for data_type in self.data_types:
            self.subscribe_data(data_type, client_id=PARADEX_CLIENT_ID)

    def on_data(self, data: Data) -> None:
        self.received.append(data)

    def on_historical_data(self, data: Data) -> None:
        self.historical.append(data)

    async def ask(self, data_type: DataType, **window: Any) -> list[Any]:
        """Request data and wait for the answer."""
        self.historical.clear()
        now = self.clock.utc_now()
        window.setdefault("start", now - pd.Timedelta(hours=1))
        self.request_data(data_type, client_id=PARADEX_CLIENT_ID, **window)
        await eventually(lambda: not self.has_pending_requests())
        return list(self.historical)


def levels_of(levels: tuple[BookLevel, ...]) -> list[Level]:
    return [(level.price.as_decimal(), level.size.as_decimal()) for level in levels]


def levels_of_venue(levels: list[tuple[int, int]]) -> list[Level]:
    return [(e8_to_decimal(price), e8_to_decimal(size)) for price, size in levels[:15]]


def best_bids(quotes: list[Any]) -> set[Level]:
    return {(quote.bid_price, quote.bid_size) for quote in quotes}


def markets_of(received: list[Any]) -> set[InstrumentId]:
    return {item.instrument_id for item in received}


@BOTH_ENCODINGS
async def test_a_summary_is_the_venues(venue: Venue) -> None:
    listener = Listener("LISTENER", SUMMARY)
    async with running_node(venue, listener):
        venue.quote("95991.1", "96011.2", size="0.5")
        await eventually(
            lambda: listener.received and listener.received[-1].bid_price == Decimal("95991.1"),
        )
        (truth,) = await venue.http.markets_summary(MARKET)
        summary = listener.received[-1]

        assert isinstance(summary, ParadexMarketSummary)
        assert summary.instrument_id == BTC
        assert (summary.ask_price, summary.ask_size) == (Decimal("96011.2"), Decimal("0.5"))
        assert summary.mark_price == Decimal(str(truth.mark_price))
        assert summary.funding_rate == Decimal(str(truth.funding_rate))
        assert summary.open_interest == Decimal(str(truth.open_interest))
        assert 0 < summary.ts_event <= summary.ts_init


@BOTH_ENCODINGS
async def test_the_interactive_quote_and_book_are_the_venues(lively_venue: Venue) -> None:
    exchange = lively_venue.server.exchange
    quotes = Listener("QUOTES", of_btc(ParadexInteractiveQuote))
    books = Listener("BOOKS", of_btc(ParadexInteractiveBook))
    ordinary = data_tester(subscribe_quotes=True)

    def quote_agrees() -> bool:
        bbo = exchange.bbo(MARKET, interactive=True)
        wanted = (bbo.bid_price, bbo.bid_size, bbo.ask_price, bbo.ask_size)
        last = quotes.received[-1]
        seen = (last.bid_price, last.bid_size, last.ask_price, last.ask_size)
        return tuple(value and value.as_decimal() for value in seen) == tuple(
            value and e8_to_decimal(value) for value in wanted
        )

    def book_agrees() -> bool:
        snapshot = exchange.book_snapshot(MARKET, interactive=True)
        last = books.received[-1]
        return levels_of(last.bids) == levels_of_venue(snapshot.bids) and (
            levels_of(last.asks) == levels_of_venue(snapshot.asks)
        )

    async with running_node(lively_venue, quotes, books, ordinary):
        await eventually(lambda: quotes.received and books.received and ordinary.quotes)
        await eventually(quote_agrees)
        await eventually(book_agrees)
        await eventually(
            lambda: any(book.best_bid_api != book.bids[0] for book in books.received if book.bids),
        )
        await eventually(lambda: best_bids(quotes.received) - best_bids(ordinary.quotes))

        assert {type(book.best_bid_api) for book in books.received} == {BookLevel}


@BOTH_ENCODINGS
async def test_funding_rates_of_other_venues_reach_who_wants_all_or_one(venue: Venue) -> None:
    every = Listener("EVERY", DataType(ParadexFundingComparison))
    of_one = Listener("ONE", of_btc(ParadexFundingComparison))
    async with running_node(venue, every, of_one):
        await eventually(lambda: of_one.received and len(markets_of(every.received)) > 1)

        assert markets_of(of_one.received) == {BTC}
        rate = of_one.received[0]
        assert rate.source
        assert rate.asset_kind == "PERPETUAL_FUTURE"
        assert all(each in every.received for each in of_one.received)


@BOTH_ENCODINGS
async def test_a_stream_ends_with_its_last_subscriber(venue: Venue) -> None:
    first, second = Listener("FIRST", SUMMARY), Listener("SECOND", SUMMARY)
    async with running_node(venue, first, second):
        await eventually(lambda: first.received and second.received)
        first.unsubscribe_data(SUMMARY, client_id=PARADEX_CLIENT_ID)
        left, seen = len(first.received), len(second.received)
        await eventually(lambda: len(second.received) > seen + 1)
        assert len(first.received) == left

        second.unsubscribe_data(SUMMARY, client_id=PARADEX_CLIENT_ID)
        first.subscribe_data(SUMMARY, client_id=PARADEX_CLIENT_ID)
        await eventually(lambda: len(first.received) > left)


async def test_the_present_interactive_quote_and_book_are_requested(lively_venue: Venue) -> None:
    listener = Listener("LISTENER")
    async with running_node(lively_venue, listener):
        (quote,) = await listener.ask(of_btc(ParadexInteractiveQuote))
        (book,) = await listener.ask(of_btc(ParadexInteractiveBook))

        assert quote.instrument_id == book.instrument_id == BTC
        assert 0 < len(book.bids) <= 15
        assert book.best_bid_api is not None


async def test_present_summaries_are_requested(venue: Venue) -> None:
    listener = Listener("LISTENER")
    async with running_node(venue, listener):
        (one,) = await listener.ask(SUMMARY)
        every = await listener.ask(DataType(ParadexMarketSummary))

        assert one.instrument_id == BTC
        assert one.bid_price == Decimal("95990")
        assert {item.instrument_id.symbol.value for item in every} == {
            market.symbol for market in await venue.http.markets()
        }


@pytest.mark.parametrize(
    "data_type",
    [
        DataType(Data),
        DataType(ParadexInteractiveQuote),
        DataType(ParadexMarketSummary, {"x": 1}),
        DataType(ParadexFundingComparison),
        DataType(ParadexFundingPayment),
    ],
)
async def test_a_request_that_makes_no_sense_is_answered_with_nothing(
    venue: Venue, data_type: DataType
) -> None:
    listener = Listener("LISTENER")
    async with running_node(venue, listener):
        assert await listener.ask(data_type) == []


async def test_a_past_that_the_venue_does_not_keep_is_answered_with_nothing(venue: Venue) -> None:
    listener = Listener("LISTENER")
    async with running_node(venue, listener):
        now = listener.clock.utc_now()
        start, end = now - pd.Timedelta(hours=2), now - pd.Timedelta(hours=1)

        assert await listener.ask(SUMMARY, start=start, end=end) == []


async def test_what_a_node_saw_is_replayed_from_a_catalog(venue: Venue, tmp_path: Path) -> None:
    live, replayed = Listener("LIVE", SUMMARY), Listener("REPLAYED", SUMMARY)
    async with running_node(venue, live):
        await eventually(lambda: len(live.received) > 2)
    catalog = ParquetDataCatalog(tmp_path)
    catalog.write_data(live.received)

    engine = BacktestEngine(BacktestEngineConfig(trader_id=TraderId("REPLAY-001")))
    engine.add_data(
        catalog.query(ParadexMarketSummary, metadata=SUMMARY.metadata),
        client_id=PARADEX_CLIENT_ID,
    )
    engine.add_actor(replayed)
    engine.run()
    engine.dispose()

    assert replayed.received == live.received
