"""Groups 3 to 6 of the data specification: quotes, trades, bars, and prices of derivatives."""

from decimal import Decimal

import pandas as pd
import pytest
from nautilus_trader.model.data import BarType
from nautilus_trader.model.enums import AggressorSide

from nautilus_paradex.protocol.numbers import E8, e8_to_decimal
from tests.integration.nautilus.harness import (
    BOTH_ENCODINGS,
    BTC,
    MARKET,
    data_tester,
    running_node,
)
from tests.support import eventually

pytestmark = BOTH_ENCODINGS

HOUR = pd.Timedelta(hours=1)


def quote_of(tick):
    return tuple(
        value.as_decimal()
        for value in (tick.bid_price, tick.bid_size, tick.ask_price, tick.ask_size)
    )


def quote_of_rest(bbo):
    return tuple(Decimal(v) for v in (bbo.bid, bbo.bid_size, bbo.ask, bbo.ask_size))


def trade_of(tick):
    side = {AggressorSide.BUYER: "BUY", AggressorSide.SELLER: "SELL"}[tick.aggressor_side]
    return tick.trade_id.value, side, tick.price.as_decimal(), tick.size.as_decimal()


def trade_of_rest(trade):
    return trade.id, trade.side, Decimal(trade.price), Decimal(trade.size)


async def until_answered(tester):
    await eventually(lambda: tester.historical and not tester.has_pending_requests())
    return tester.historical


async def until_trades_flow(venue, tester):
    # The venue acknowledges a subscription to trades with nothing that an actor could see.
    for _ in range(100):
        seen = len(tester.quotes)
        venue.take("BUY", "0.001")
        await eventually(lambda count=seen: len(tester.quotes) > count)
        if tester.trades:
            return
    raise AssertionError("no trade came")


async def test_tc_d20_quotes(venue):
    tester = data_tester(subscribe_quotes=True)
    async with running_node(venue, tester) as node:
        await eventually(lambda: tester.quotes)
        venue.quote("95991.1", "96011.2", size="0.12345")
        venue.take("SELL", "0.02345")
        expected = (Decimal("95991.1"), Decimal("0.1"), Decimal("96011.2"), Decimal("0.12345"))
        await eventually(lambda: quote_of(tester.quotes[-1]) == expected)
        quote, instrument = tester.quotes[-1], node.cache.instrument(BTC)

        assert quote_of_rest(await venue.http.bbo(MARKET)) == expected
        assert quote.bid_price.precision == quote.ask_price.precision == instrument.price_precision
        assert quote.bid_size.precision == quote.ask_size.precision == instrument.size_precision
        assert 0 < quote.ts_event <= quote.ts_init
        assert node.cache.quote_tick(BTC) == quote


async def test_tc_d20_quotes_of_a_moving_market(lively_venue):
    exchange = lively_venue.server.exchange
    tester = data_tester(subscribe_quotes=True)

    def agrees():
        bbo = exchange.bbo(MARKET)
        venue = (bbo.bid_price, bbo.bid_size, bbo.ask_price, bbo.ask_size)
        if None in venue or bbo.bid_size == bbo.ask_size:
            return False
        return quote_of(tester.quotes[-1]) == tuple(map(e8_to_decimal, venue))

    async with running_node(lively_venue, tester):
        await eventually(lambda: len(tester.quotes) >= 10)
        await eventually(agrees)
        assert all(quote.bid_price < quote.ask_price for quote in tester.quotes)


async def test_tc_d21_request_quotes_gives_the_present_one(venue):
    tester = data_tester(request_quotes=True)
    async with running_node(venue, tester):
        (quote,) = await until_answered(tester)

        assert quote_of(quote) == quote_of_rest(await venue.http.bbo(MARKET))


async def test_tc_d21_request_past_quotes_is_answered_with_nothing(venue):
    tester = data_tester()
    async with running_node(venue, tester):
        now = tester.clock.utc_now()
        tester.request_quote_ticks(BTC, start=now - 2 * HOUR, end=now - HOUR)
        await eventually(lambda: not tester.has_pending_requests())

        assert tester.historical == []


async def test_tc_d30_trades(venue):
    tester = data_tester(subscribe_trades=True, subscribe_quotes=True)
    async with running_node(venue, tester) as node:
        await eventually(lambda: tester.quotes)
        await until_trades_flow(venue, tester)
        venue.take("BUY", "0.00123")
        venue.take("SELL", "0.4")
        await eventually(lambda: tester.trades[-1].size.as_decimal() == Decimal("0.4"))
        reported = (await venue.http.trades(MARKET)).results
        instrument = node.cache.instrument(BTC)

        received = [trade_of(trade) for trade in tester.trades]
        assert received == [trade_of_rest(t) for t in reported[::-1]][-len(received) :]
        assert received[-2][1:] == ("BUY", Decimal(96_010), Decimal("0.00123"))
        for trade in tester.trades:
            assert trade.price.precision == instrument.price_precision
            assert trade.size.precision == instrument.size_precision
            assert 0 < trade.ts_event <= trade.ts_init


async def test_tc_d31_request_trades(venue_with_a_past):
    venue = venue_with_a_past
    tester = data_tester(request_trades=True, requests_start_delta=HOUR)
    async with running_node(venue, tester):
        ticks = await until_answered(tester)
        since_ms = venue.http.clock.now_ms() - 3_600_000
        reported = (await venue.http.trades(MARKET, start_at_ms=since_ms, page_size=1_000)).results

        assert len(ticks) >= 110
        assert [tick.ts_event for tick in ticks] == sorted(tick.ts_event for tick in ticks)
        # The venue's answer begins some ms later than the tester's did.
        newest = [trade_of(tick) for tick in ticks[-100:]]
        assert newest == [trade_of_rest(trade) for trade in reported[:100][::-1]]


@pytest.mark.parametrize("minutes", [1, 5])
async def test_tc_d41_request_bars(venue_with_a_past, minutes):
    venue = venue_with_a_past
    bar_type = BarType.from_str(f"{BTC}-{minutes}-MINUTE-LAST-EXTERNAL")
    tester = data_tester(request_bars=True, bar_types=[bar_type], requests_start_delta=HOUR)
    async with running_node(venue, tester):
        bars = await until_answered(tester)
        end_ms = venue.http.clock.now_ms()
        klines = await venue.http.klines(
            MARKET,
            resolution=minutes,
            start_at_ms=end_ms - 2 * 3_600_000,
            end_at_ms=end_ms,
        )

        interval_ms = minutes * 60_000
        by_close = {int(open_ms) + interval_ms: values for open_ms, *values in klines}
        closes = [bar.ts_event // 1_000_000 for bar in bars]
        assert closes == [at for at in by_close if closes[0] <= at <= closes[-1]]
        # A minute without a trade has no candle, and the tester's hour is not a whole one.
        assert len(bars) >= 60 // minutes - 3
        for bar in bars:
            assert bar.bar_type == bar_type
            assert [
                value.as_decimal() for value in (bar.open, bar.high, bar.low, bar.close, bar.volume)
            ] == [Decimal(str(value)) for value in by_close[bar.ts_event // 1_000_000]]


async def test_tc_d50_mark_price(venue):
    tester = data_tester(subscribe_mark_prices=True)
    async with running_node(venue, tester):
        await eventually(lambda: tester.mark_prices)
        venue.server.exchange.set_index_price("BTC", 96_123 * E8)
        venue.server.exchange.tick()
        mark = e8_to_decimal(venue.server.exchange.summary(MARKET).mark_price)
        # Not the last one: the mark goes on moving towards the book.
        await eventually(lambda: mark in [m.value.as_decimal() for m in tester.mark_prices])

        assert {update.instrument_id for update in tester.mark_prices} == {BTC}


async def test_tc_d51_index_price(venue):
    tester = data_tester(subscribe_index_prices=True)
    async with running_node(venue, tester):
        await eventually(lambda: tester.index_prices)
        venue.server.exchange.set_index_price("BTC", 9_612_345_678_901)
        venue.server.exchange.tick()
        await eventually(
            lambda: tester.index_prices[-1].value.as_decimal() == Decimal("96123.45678901")
        )

        assert tester.index_prices[-1].instrument_id == BTC


async def test_tc_d52_funding_rate(venue):
    tester = data_tester(subscribe_funding_rates=True)
    async with running_node(venue, tester):
        await eventually(lambda: tester.funding_rates)
        update = tester.funding_rates[-1]
        (summary,) = await venue.http.markets_summary(MARKET)

        assert update.instrument_id == BTC
        assert update.rate == Decimal(summary.funding_rate)
        assert update.interval == 8 * 60


async def test_tc_d53_request_funding_rates(venue_with_a_past):
    venue = venue_with_a_past
    tester = data_tester(request_funding_rates=True)
    async with running_node(venue, tester):
        rates = await until_answered(tester)
        reported = (await venue.http.funding_data(MARKET, page_size=100)).results

        assert len(rates) >= 24
        assert [rate.ts_event for rate in rates] == sorted(rate.ts_event for rate in rates)
        expected = [(int(r.created_at), Decimal(r.funding_rate)) for r in reported[::-1]]
        assert [(r.ts_event // 1_000_000, r.rate) for r in rates] == expected[: len(rates)]
