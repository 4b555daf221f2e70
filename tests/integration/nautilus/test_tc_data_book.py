"""Group 2 of the data specification: order books."""

from decimal import Decimal

import pandas as pd
import pytest
from nautilus_trader.model.data import OrderBookDeltas
from nautilus_trader.model.enums import BookAction, OrderSide, RecordFlag

from nautilus_paradex.protocol.numbers import e8_to_decimal
from tests.integration.nautilus.harness import (
    BOTH_ENCODINGS,
    BTC,
    MARKET,
    data_tester,
    levels_of,
    running_node,
)
from tests.support import eventually

pytestmark = BOTH_ENCODINGS

LAST = RecordFlag.F_LAST.value
SNAPSHOT = RecordFlag.F_SNAPSHOT.value


def levels_of_rest(book):
    return tuple([(Decimal(p), Decimal(s)) for p, s in side] for side in (book.bids, book.asks))


def levels_of_venue(snapshot):
    return tuple(
        [(e8_to_decimal(price), e8_to_decimal(size)) for price, size in side]
        for side in (snapshot.bids, snapshot.asks)
    )


def assert_well_formed(batches):
    """Hold batches of deltas, the first of a subscription first, to the platform's rules."""
    opening = batches[0].deltas
    assert opening[0].action == BookAction.CLEAR
    assert {delta.action for delta in opening[1:]} <= {BookAction.ADD}
    assert all(delta.flags & SNAPSHOT for delta in opening)
    for batch in batches:
        assert batch.deltas[-1].flags & LAST
        assert not any(delta.flags & LAST for delta in batch.deltas[:-1])
        assert len({delta.sequence for delta in batch.deltas}) == 1
    sequences = [batch.sequence for batch in batches]
    assert sequences == sorted(set(sequences))
    assert not any(delta.flags & SNAPSHOT for batch in batches[1:] for delta in batch.deltas)


async def test_tc_d10_book_deltas(venue):
    venue.add_quote("95980.5", "96020.5", size="0.25")
    tester = data_tester(subscribe_book_deltas=True)
    async with running_node(venue, tester) as node:
        await eventually(lambda: tester.deltas)
        assert levels_of(node.cache.order_book(BTC)) == (
            [(Decimal(95_990), Decimal(1)), (Decimal("95980.5"), Decimal("0.25"))],
            [(Decimal(96_010), Decimal(1)), (Decimal("96020.5"), Decimal("0.25"))],
        )
        venue.take("BUY", "1.1")
        venue.quote("95991", "96011", size="0.00001")
        venue.add_quote("95971", "96031", size="3")
        sequence = venue.server.exchange.book_snapshot(MARKET).seq
        await eventually(lambda: node.cache.order_book(BTC).sequence == sequence)

        reported = await venue.http.orderbook(MARKET, 100)
        assert levels_of(node.cache.order_book(BTC)) == levels_of_rest(reported)
        assert_well_formed(tester.deltas)


async def test_tc_d10_book_deltas_of_a_moving_market(lively_venue):
    exchange = lively_venue.server.exchange
    tester = data_tester(subscribe_book_deltas=True)
    async with running_node(lively_venue, tester) as node:
        for wanted in (5, 20, 40):
            await eventually(lambda count=wanted: len(tester.deltas) >= count)
            await eventually(
                lambda: node.cache.order_book(BTC).sequence == exchange.book_snapshot(MARKET).seq
            )
            snapshot = exchange.book_snapshot(MARKET)
            assert levels_of(node.cache.order_book(BTC)) == levels_of_venue(snapshot)

        assert_well_formed(tester.deltas)


async def test_tc_d10_book_without_orders_is_one_clear(venue):
    venue.server.exchange.cancel_all(venue.server.accounts[1].address_hex, MARKET)
    venue.server.exchange.process()
    tester = data_tester(subscribe_book_deltas=True)
    async with running_node(venue, tester):
        await eventually(lambda: tester.deltas)

        (clear,) = tester.deltas[0].deltas
        assert clear.action == BookAction.CLEAR
        assert clear.flags == SNAPSHOT | LAST


async def test_tc_d11_book_at_interval(venue):
    tester = data_tester(subscribe_book_at_interval=True, book_interval_ms=20)
    async with running_node(venue, tester):
        await eventually(lambda: tester.books)
        venue.quote("95991", "96011", size="0.5")
        expected = ([(Decimal(95_991), Decimal("0.5"))], [(Decimal(96_011), Decimal("0.5"))])
        await eventually(lambda: tester.books[-1] == expected)


def levels_of_depth(depth):
    return tuple(
        [(o.price.as_decimal(), o.size.as_decimal()) for o in side if o.side == wanted]
        for side, wanted in ((depth.bids, OrderSide.BUY), (depth.asks, OrderSide.SELL))
    )


def best_ten(snapshot):
    return tuple(side[:10] for side in levels_of_venue(snapshot))


async def test_tc_d12_depth(venue):
    for step in range(12):
        venue.add_quote(f"{95_980 - step}", f"{96_020 + step}", size="0.25")
    tester = data_tester(subscribe_book_depth=True)
    async with running_node(venue, tester) as node:
        await eventually(lambda: tester.depths)
        assert levels_of_depth(tester.depths[0]) == best_ten(
            venue.server.exchange.book_snapshot(MARKET)
        )
        venue.take("SELL", "1.5")
        sequence = venue.server.exchange.book_snapshot(MARKET).seq
        await eventually(lambda: tester.depths[-1].sequence == sequence)

        depth, instrument = tester.depths[-1], node.cache.instrument(BTC)
        reported = await venue.http.orderbook(MARKET, 10)
        assert levels_of_depth(depth) == levels_of_rest(reported)
        assert depth.bids[0].price.precision == instrument.price_precision
        assert depth.bids[0].size.precision == instrument.size_precision
        assert 0 < depth.ts_event <= depth.ts_init
        assert levels_of(node.cache.order_book(BTC)) == levels_of_rest(reported)


async def test_tc_d12_depth_of_a_thin_market(venue):
    tester = data_tester(subscribe_book_depth=True)
    async with running_node(venue, tester):
        await eventually(lambda: tester.depths)
        assert levels_of_depth(tester.depths[0]) == (
            [(Decimal(95_990), Decimal(1))],
            [(Decimal(96_010), Decimal(1))],
        )
        venue.take("BUY", "1")
        await eventually(
            lambda: levels_of_depth(tester.depths[-1]) == ([(Decimal(95_990), Decimal(1))], [])
        )


@pytest.mark.parametrize("depth_first", [True, False])
async def test_tc_d12_depth_beside_deltas_of_a_moving_market(lively_venue, depth_first):
    exchange = lively_venue.server.exchange
    tester = data_tester()
    steps = [
        # Not managed: the platform would cut its one book to ten levels.
        (lambda: tester.subscribe_order_book_depth(BTC, managed=False), tester.depths),
        (lambda: tester.subscribe_order_book_deltas(BTC), tester.deltas),
    ]
    async with running_node(lively_venue, tester) as node:
        for subscribe, received in steps if depth_first else reversed(steps):
            subscribe()
            await eventually(lambda found=received: len(found) >= 5)
        for wanted in (20, 40):
            await eventually(lambda count=wanted: len(tester.depths) >= count)
            await eventually(
                lambda: tester.depths[-1].sequence == exchange.book_snapshot(MARKET).seq
            )
            assert levels_of_depth(tester.depths[-1]) == best_ten(exchange.book_snapshot(MARKET))
        tester.unsubscribe_order_book_deltas(BTC)
        count = len(tester.depths)
        await eventually(lambda: len(tester.depths) >= count + 20)

        sequences = [depth.sequence for depth in tester.depths]
        assert sequences == sorted(set(sequences))
        assert all(depth.bids[0].size.raw and depth.asks[0].size.raw for depth in tester.depths)
        assert_well_formed(tester.deltas)
        assert node.cache.order_book(BTC) is not None


async def test_tc_d13_request_book_snapshot(venue):
    venue.add_quote("95980.5", "96020.5", size="0.25")
    tester = data_tester(request_book_snapshot=True)
    async with running_node(venue, tester):
        await eventually(lambda: tester.historical)
        (snapshot,) = tester.historical
        reported = await venue.http.orderbook(MARKET, 100)

        assert isinstance(snapshot, OrderBookDeltas)
        assert_well_formed([snapshot])
        prices = [delta.order.price.as_decimal() for delta in snapshot.deltas[1:]]
        bids, asks = levels_of_rest(reported)
        assert prices == [price for price, _ in (*bids, *asks)]
        assert not tester.has_pending_requests()


async def test_tc_d13_request_book_depth_gives_the_present_one(venue):
    venue.add_quote("95980.5", "96020.5", size="0.25")
    tester = data_tester()
    async with running_node(venue, tester):
        start = tester.clock.utc_now() - pd.Timedelta(hours=1)
        tester.request_order_book_depth(BTC, start=start)
        await eventually(lambda: not tester.has_pending_requests())
        (depth,) = tester.historical
        tester.request_order_book_depth(BTC, start=start, end=start + pd.Timedelta(minutes=1))
        await eventually(lambda: not tester.has_pending_requests())

        assert levels_of_depth(depth) == levels_of_rest(await venue.http.orderbook(MARKET, 10))
        assert tester.historical == [depth]


async def test_tc_d14_managed_book_from_deltas(lively_venue):
    exchange = lively_venue.server.exchange
    tester = data_tester(subscribe_book_deltas=True, manage_book=True)
    async with running_node(lively_venue, tester):
        await eventually(lambda: len(tester.deltas) >= 20)
        book = tester._books[BTC]
        await eventually(lambda: book.sequence == exchange.book_snapshot(MARKET).seq)

        assert levels_of(book) == levels_of_venue(exchange.book_snapshot(MARKET))
        book.check_integrity()


# The platform itself asks pandas for it.
@pytest.mark.filterwarnings("ignore:'d' is deprecated")
async def test_tc_d15_request_book_deltas_is_answered_with_nothing(venue):
    tester = data_tester(request_book_deltas=True)
    async with running_node(venue, tester):
        await eventually(lambda: not tester.has_pending_requests())

        assert tester.historical == []
