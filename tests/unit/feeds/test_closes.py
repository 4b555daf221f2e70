"""The price of a settlement is told once, from whichever source has it first."""

from dataclasses import dataclass, field

import pytest
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.instruments import CryptoFuture

from nautilus_paradex.feeds.closes import CloseFeed
from nautilus_paradex.parsing.instruments import FeeRates, instrument_from_market
from nautilus_paradex.protocol import rest
from nautilus_paradex.protocol.errors import MessageError
from nautilus_paradex.protocol.json_feed import MarketChange
from nautilus_paradex.transport.errors import NotFoundError, ServerError
from tests.unit.feeds.conftest import NOW_NS, Clock, Outcome

NAME = "BTC-USD-26DEC25"
BTC = InstrumentId.from_str(f"{NAME}.PARADEX")
NOW_MS = NOW_NS // 1_000_000


@dataclass
class Venue:
    """One dated market, listed or not, and what REST says of its settlement."""

    is_listed: bool = True
    expiry_ms: int = NOW_MS + 60_000
    price: rest.SettlementPrice | Exception = field(
        default_factory=lambda: NotFoundError(404, "MARKET_NOT_SETTLED", "not settled")
    )
    asked: list[str] = field(default_factory=list)

    async def read_price(self, symbol: str) -> rest.SettlementPrice:
        self.asked.append(symbol)
        if isinstance(self.price, Exception):
            raise self.price
        return self.price

    def find(self, instrument_id: InstrumentId) -> CryptoFuture | None:
        if not self.is_listed:
            return None
        market = rest.Market(
            symbol=instrument_id.symbol.value,
            asset_kind="FUTURE",
            base_currency="BTC",
            settlement_currency="USDC",
            price_tick_size="0.5",
            order_size_increment="0.001",
            expiry_at=self.expiry_ms,
        )
        return instrument_from_market(market, fees=FeeRates.documented(), ts_init=0)


@pytest.fixture
def venue() -> Venue:
    return Venue()


@pytest.fixture
def feed(venue: Venue, outcome: Outcome, clock: Clock) -> CloseFeed:
    return CloseFeed(
        find=venue.find,
        read_price=venue.read_price,
        emit=outcome.emitted.append,
        now_ns=clock,
        warn=outcome.warnings.append,
    )


def change(event_type: str = "SETTLED", **fields: object) -> MarketChange:
    return MarketChange(NAME, event_type, 1_791_000_000_000, fields)


def settled(price: str = "60000.5", expiry_at: int | None = NOW_MS - 5) -> rest.SettlementPrice:
    return rest.SettlementPrice(NAME, settlement_price=price, expiry_at=expiry_at)


def told(outcome: Outcome) -> list[tuple[str, int]]:
    return [(str(close.close_price), close.ts_event) for close in outcome.emitted]


async def test_the_message_of_the_settlement_has_the_price(
    feed: CloseFeed, venue: Venue, outcome: Outcome
) -> None:
    await feed.subscribe(BTC)
    feed.on_message(change(settlement_price=60000.123, underlying_twap_price=60000.123), NOW_NS)
    feed.on_message(change(settlement_price=1), NOW_NS)
    venue.is_listed = False
    await feed.check()

    assert told(outcome) == [("60000.12300000", 1_791_000_000_000_000_000)]
    assert venue.asked == []


async def test_a_message_without_a_price_leaves_it_to_rest(
    feed: CloseFeed, venue: Venue, outcome: Outcome
) -> None:
    await feed.subscribe(BTC)
    feed.on_message(change(), NOW_NS)
    venue.is_listed, venue.price = False, settled()
    await feed.check()
    await feed.check()

    assert told(outcome) == [("60000.50000000", (NOW_MS - 5) * 1_000_000)]
    assert venue.asked == [NAME]


@pytest.mark.parametrize(
    ("expiry_at", "ts_event"),
    [(NOW_MS + 1, NOW_NS), (0, NOW_NS), (None, NOW_NS), (NOW_MS - 7, (NOW_MS - 7) * 1_000_000)],
)
async def test_a_settlement_before_its_subscription_is_told_at_once(
    feed: CloseFeed, venue: Venue, outcome: Outcome, expiry_at: int | None, ts_event: int
) -> None:
    venue.is_listed, venue.price = False, settled("0", expiry_at)

    await feed.subscribe(BTC)

    assert told(outcome) == [("0.00000000", ts_event)]


async def test_what_has_expired_is_asked_for_until_there_is_a_price(
    feed: CloseFeed, venue: Venue, outcome: Outcome, clock: Clock
) -> None:
    await feed.subscribe(BTC)
    await feed.check()
    assert venue.asked == []

    clock.advance_secs(61)
    await feed.check()
    assert (venue.asked, told(outcome)) == ([NAME], [])
    venue.price = settled()
    await feed.check()

    assert [price for price, _ in told(outcome)] == ["60000.50000000"]


async def test_a_market_that_never_settles_is_not_asked_for_without_end(
    feed: CloseFeed, venue: Venue, outcome: Outcome
) -> None:
    venue.is_listed = False
    await feed.subscribe(BTC)
    for _ in range(200):
        await feed.check()

    assert len(venue.asked) < 100
    assert len(outcome.warnings) == 1
    feed.on_message(change(settlement_price="7"), NOW_NS)
    assert [price for price, _ in told(outcome)] == ["7.00000000"]


async def test_an_answer_that_fails_is_asked_for_again(
    feed: CloseFeed, venue: Venue, outcome: Outcome
) -> None:
    venue.is_listed, venue.price = False, ServerError(503, None, "down")
    await feed.subscribe(BTC)
    for _ in range(100):
        await feed.check()
    assert (told(outcome), len(outcome.warnings)) == ([], 1)

    venue.price = settled()
    await feed.check()
    assert [price for price, _ in told(outcome)] == ["60000.50000000"]


@pytest.mark.parametrize("event_type", ["UPDATED", "CREATED", "DELETED", "RENAMED", None])
async def test_other_messages_close_nothing(
    feed: CloseFeed, outcome: Outcome, event_type: str | None
) -> None:
    await feed.subscribe(BTC)

    feed.on_message(change(event_type, settlement_price="7"), NOW_NS)

    assert told(outcome) == []


async def test_only_what_is_subscribed_is_told(feed: CloseFeed, outcome: Outcome) -> None:
    feed.on_message(change(settlement_price="7"), NOW_NS)
    await feed.subscribe(BTC)
    feed.unsubscribe(BTC)
    feed.on_message(change(settlement_price="7"), NOW_NS)

    assert told(outcome) == []


async def test_a_market_that_is_listed_again_can_close_again(
    feed: CloseFeed, outcome: Outcome
) -> None:
    await feed.subscribe(BTC)
    feed.on_message(change(settlement_price="7"), NOW_NS)
    feed.on_message(change("CREATED"), NOW_NS)
    feed.on_message(change(settlement_price="8"), NOW_NS)

    assert [price for price, _ in told(outcome)] == ["7.00000000", "8.00000000"]


async def test_a_price_that_is_no_number_is_refused_and_can_come_later(
    feed: CloseFeed, venue: Venue, outcome: Outcome
) -> None:
    await feed.subscribe(BTC)
    with pytest.raises(MessageError):
        feed.on_message(change(settlement_price="high"), NOW_NS)

    venue.is_listed, venue.price = False, settled()
    await feed.check()
    assert [price for price, _ in told(outcome)] == ["60000.50000000"]


async def test_an_expiry_that_cannot_be_read_costs_this_market_only(
    feed: CloseFeed, venue: Venue, outcome: Outcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    instrument = venue.find(BTC)
    monkeypatch.setitem(instrument.info, "expiry_at", "soon")
    monkeypatch.setattr(feed, "_find", lambda _: instrument)

    await feed.subscribe(BTC)
    await feed.check()

    assert (told(outcome), venue.asked, len(outcome.warnings)) == ([], [], 1)
