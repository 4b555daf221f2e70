"""TC-D02, D60 and D61: what markets there are, whether they trade, and how they end."""

from decimal import Decimal

import msgspec
import pytest
from nautilus_trader.common.actor import Actor
from nautilus_trader.config import ActorConfig
from nautilus_trader.model.enums import InstrumentCloseType, MarketStatusAction
from nautilus_trader.model.identifiers import InstrumentId

from nautilus_paradex import PARADEX_VENUE
from nautilus_paradex.protocol.numbers import E8, to_e8
from tests.integration.nautilus.harness import (
    BOTH_ENCODINGS,
    BTC,
    MARKET,
    OPTION,
    data_tester,
    node_balance,
    running_node,
)
from tests.support import eventually

pytestmark = BOTH_ENCODINGS

NEW = InstrumentId.from_str("NEW-USD-PERP.PARADEX")
FUTURE = InstrumentId.from_str("BTC-USD-31DEC99.PARADEX")
QUICK = {"system_state_interval_secs": 0.05}


class ListingActor(Actor):
    """Subscribes to all instruments, and to quotes of each that it is told of."""

    def __init__(self):
        super().__init__(ActorConfig())
        self.instruments = []
        self.quotes = []

    def on_start(self):
        self.subscribe_instruments(PARADEX_VENUE)

    def on_instrument(self, instrument):
        self.instruments.append(instrument)
        self.subscribe_quote_ticks(instrument.id)

    def on_quote_tick(self, tick):
        self.quotes.append(tick)


def change(venue, market=MARKET, **fields):
    """Change the specification of a market at the venue."""
    exchange = venue.server.exchange
    exchange.change_market(msgspec.structs.replace(exchange.markets[market], **fields))


def list_market(venue, instrument_id, **fields):
    """List a market like that of `BTC`."""
    exchange = venue.server.exchange
    symbol = instrument_id.symbol.value
    exchange.list_market(msgspec.structs.replace(exchange.markets[MARKET], symbol=symbol, **fields))


def list_future(venue):
    list_market(venue, FUTURE, asset_kind="FUTURE", expiry_at_ms=4_102_387_200_000)


def is_streamed(venue, channel):
    return channel in venue.server.sockets.channels


def actions(tester):
    return [MarketStatusAction(status.action).name for status in tester.statuses]


async def test_tc_d02_instrument_comes_at_subscription_and_when_it_changes(venue):
    subscriber = data_tester(subscribe_instrument=True)
    async with running_node(venue, subscriber) as node:
        await eventually(lambda: subscriber.instruments)
        known = len(subscriber.instruments)
        change(venue, price_tick_e8=E8 // 100, max_order_size_e8=7 * E8)
        await eventually(lambda: len(subscriber.instruments) > known)

        assert str(subscriber.instruments[0].price_increment) == "0.1"
        assert str(subscriber.instruments[-1].price_increment) == "0.01"
        assert node.cache.instrument(BTC) == subscriber.instruments[-1]
        assert str(node.cache.instrument(BTC).max_quantity) == "7.00000"


async def test_tc_d02_changed_increment_changes_the_live_feed(venue):
    tester = data_tester(
        subscribe_instrument=True, subscribe_quotes=True, subscribe_book_deltas=True
    )
    async with running_node(venue, tester):
        await eventually(lambda: tester.quotes and tester.deltas)
        change(venue, price_tick_e8=E8 // 100)
        await eventually(lambda: str(tester.instruments[-1].price_increment) == "0.01")
        venue.quote("95990.01", "96010.01")
        await eventually(lambda: str(tester.quotes[-1].bid_price) == "95990.01")

        assert tester.quotes[0].bid_price.precision == 1
        added = [delta.order.price for deltas in tester.deltas for delta in deltas.deltas]
        assert "96010.01" in {str(price) for price in added}


async def test_tc_d02_new_listing_reaches_cache_and_subscribers_without_a_restart(venue):
    actor = ListingActor()
    async with running_node(venue, actor, load_ids=None) as node:
        assert node.cache.instrument(NEW) is None
        await eventually(lambda: is_streamed(venue, "markets"))
        list_market(venue, NEW, base_currency="NEW")
        await eventually(lambda: NEW in [i.id for i in actor.instruments])
        await eventually(lambda: is_streamed(venue, f"bbo.{NEW.symbol}"))
        venue.quote("95000", "97000", market=NEW.symbol.value)
        await eventually(lambda: NEW in [quote.instrument_id for quote in actor.quotes])

        assert node.cache.instrument(NEW).base_currency.code == "NEW"


async def test_tc_d02_what_nobody_asked_for_stays_absent(venue):
    subscriber = data_tester(subscribe_instrument=True)
    async with running_node(venue, subscriber) as node:
        await eventually(lambda: is_streamed(venue, "markets"))
        list_market(venue, NEW)
        change(venue, price_tick_e8=E8)
        await eventually(lambda: str(node.cache.instrument(BTC).price_increment) == "1")

        assert {instrument.id for instrument in node.cache.instruments()} == {BTC}


async def test_tc_d02_messages_are_left_when_nobody_listens(venue):
    subscriber = data_tester(subscribe_instrument=True)
    async with running_node(venue, subscriber):
        await eventually(lambda: is_streamed(venue, "markets"))
        subscriber.unsubscribe_instrument(BTC)
        await eventually(lambda: not is_streamed(venue, "markets"))


async def test_tc_d01_five_hundred_instruments_are_loaded_at_once(venue):
    like = venue.server.exchange.markets[MARKET]
    for number in range(500):
        venue.server.exchange.list_market(
            msgspec.structs.replace(
                like,
                symbol=f"C{number}-USD-PERP",
                base_currency=f"C{number}",
                price_tick_e8=10 ** (number % 9) * (1 + number % 5),
                size_increment_e8=10 ** (8 - number % 9),
            )
        )
    async with running_node(venue, load_ids=None) as node:
        listed = venue.server.exchange.markets
        assert len(node.cache.instruments()) == len(listed)
        for symbol, spec in listed.items():
            instrument = node.cache.instrument(InstrumentId.from_str(f"{symbol}.PARADEX"))
            assert to_e8(str(instrument.price_increment)) == spec.price_tick_e8
            assert to_e8(str(instrument.size_increment)) == spec.size_increment_e8


async def test_tc_d60_status_at_subscription_and_with_each_state_of_the_system(venue):
    venue.server.exchange.system_status = "cancel_only"
    subscriber = data_tester(subscribe_instrument_status=True)
    async with running_node(venue, subscriber, data=QUICK) as node:
        await eventually(lambda: subscriber.statuses)
        for state in ("post_only", "ok", "maintenance", "ok"):
            known = len(subscriber.statuses)
            venue.server.exchange.system_status = state
            await eventually(lambda known=known: len(subscriber.statuses) > known)
            assert subscriber.statuses[-1].trading_event == state

        assert actions(subscriber) == ["PAUSE", "QUOTING", "TRADING", "HALT", "TRADING"]
        assert [s.is_trading for s in subscriber.statuses] == [False, False, True, False, True]
        assert [s.is_quoting for s in subscriber.statuses] == [False, True, True, False, True]
        assert all(status.reason for status in subscriber.statuses)
        assert node.cache.instrument_status(BTC) == subscriber.statuses[-1]


async def test_tc_d60_status_follows_the_trading_mode(venue):
    subscriber = data_tester(subscribe_instrument_status=True)
    async with running_node(venue, subscriber):
        await eventually(lambda: subscriber.statuses and is_streamed(venue, "markets"))
        change(venue, trading_mode="RFQ_ONLY")
        await eventually(lambda: len(subscriber.statuses) == 2)
        change(venue, trading_mode="STANDARD")
        await eventually(lambda: len(subscriber.statuses) == 3)

        assert actions(subscriber) == ["TRADING", "SUSPEND", "TRADING"]
        assert subscriber.statuses[1].trading_event == "RFQ_ONLY"


async def test_tc_d60_a_poll_without_an_answer_tells_nothing(venue):
    subscriber = data_tester(subscribe_instrument_status=True)
    async with running_node(venue, subscriber, data=QUICK):
        await eventually(lambda: subscriber.statuses)
        await venue.lose_answer("GET", "/system/state", executed=False)
        venue.server.exchange.system_status = "post_only"
        await eventually(lambda: len(subscriber.statuses) == 2)

        assert actions(subscriber) == ["TRADING", "QUOTING"]


async def test_tc_d60_delisted_market_is_not_available_and_its_streams_end(venue):
    subscriber = data_tester(
        subscribe_instrument_status=True, subscribe_instrument_close=True, subscribe_quotes=True
    )
    async with running_node(venue, subscriber, data=QUICK) as node:
        await eventually(lambda: subscriber.statuses and subscriber.quotes)
        venue.server.exchange.delist_market(MARKET)
        await eventually(lambda: len(subscriber.statuses) == 2)

        assert actions(subscriber) == ["TRADING", "NOT_AVAILABLE_FOR_TRADING"]
        assert subscriber.statuses[-1].reason == "delisted"
        await eventually(lambda: not is_streamed(venue, f"bbo.{MARKET}"))
        # The platform's cache keeps what it has; only the user can purge it.
        assert node.cache.instrument(BTC) is not None
        assert subscriber.closes == []


async def test_tc_d61_close_at_settlement_with_its_price(venue):
    list_future(venue)
    subscriber = data_tester(
        instrument_ids=[FUTURE], subscribe_instrument_close=True, subscribe_instrument_status=True
    )
    async with running_node(venue, subscriber, load_ids=[FUTURE]):
        await eventually(lambda: subscriber.statuses and is_streamed(venue, "markets"))
        settled = venue.server.exchange.settle_market(FUTURE.symbol.value, to_e8("96123.456"))
        await eventually(lambda: subscriber.closes and len(subscriber.statuses) == 2)

        (close,) = subscriber.closes
        assert close.instrument_id == FUTURE
        assert close.close_price.as_decimal() == Decimal("96123.456")
        assert close.close_type == InstrumentCloseType.CONTRACT_EXPIRED
        assert close.ts_event == settled.settled_at_us // 1_000 * 1_000_000
        assert actions(subscriber) == ["TRADING", "NOT_AVAILABLE_FOR_TRADING"]
        assert subscriber.statuses[-1].reason == "settled"


@pytest.mark.parametrize(("underlying", "payoff"), [("97500.5", "1500.5"), ("90000", "0")])
async def test_tc_d61_close_of_an_option_is_its_payoff(venue, underlying, payoff):
    subscriber = data_tester(instrument_ids=[OPTION], subscribe_instrument_close=True)
    async with running_node(venue, subscriber, load_ids=[OPTION]):
        await eventually(lambda: is_streamed(venue, "markets"))
        venue.server.exchange.settle_market(OPTION.symbol.value, to_e8(underlying))
        await eventually(lambda: subscriber.closes)

        assert subscriber.closes[0].close_price.as_decimal() == Decimal(payoff)


async def test_tc_d61_close_that_was_missed_comes_after_the_reconnect(venue):
    list_future(venue)
    subscriber = data_tester(
        instrument_ids=[FUTURE], subscribe_instrument_close=True, subscribe_instrument_status=True
    )
    async with running_node(venue, subscriber, load_ids=[FUTURE]):
        await eventually(lambda: subscriber.statuses and is_streamed(venue, "markets"))
        venue.server.sockets.drop_all()
        venue.server.exchange.settle_market(FUTURE.symbol.value, to_e8("96123.456"))
        await eventually(lambda: subscriber.closes and len(subscriber.statuses) == 2)

        assert subscriber.closes[0].close_price.as_decimal() == Decimal("96123.456")
        assert subscriber.statuses[-1].reason == "not listed"


async def test_tc_d61_close_of_what_was_settled_before_comes_at_once(venue):
    list_future(venue)
    first = data_tester(instrument_ids=[FUTURE], subscribe_instrument_status=True)
    late = data_tester(component_id="LATE")
    async with running_node(venue, first, late, load_ids=[FUTURE]):
        await eventually(lambda: first.statuses and is_streamed(venue, "markets"))
        venue.server.exchange.settle_market(FUTURE.symbol.value, to_e8("96000"))
        await eventually(lambda: len(first.statuses) == 2)
        late.subscribe_instrument_close(FUTURE)
        await eventually(lambda: late.closes)

        assert late.closes[0].close_price.as_decimal() == Decimal("96000")


async def test_tc_d61_settlement_closes_the_position_at_the_venues_balance(venue):
    subscriber = data_tester(subscribe_instrument_close=True)
    async with running_node(venue, subscriber) as node:
        await venue.place("long", "BUY", "0.1")
        await eventually(node.cache.positions_open)
        venue.server.exchange.settle_market(MARKET, 97_000 * E8)
        await eventually(lambda: subscriber.closes and node.cache.positions_closed())

        assert node.cache.positions_open() == []
        await eventually(lambda: node_balance(node) == venue.balance)
