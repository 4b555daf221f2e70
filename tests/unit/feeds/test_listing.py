"""What changes between two looks at the venue's markets, who is told, and when it looks again."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nautilus_trader.config import InstrumentProviderConfig
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.instruments import Instrument

from nautilus_paradex.feeds import listing
from nautilus_paradex.feeds.listing import (
    Ending,
    InstrumentChanges,
    MarketListing,
    instrument_changes,
    is_behind,
)
from nautilus_paradex.parsing.instruments import (
    FeeRates,
    instrument_from_market,
    instrument_id_from_symbol,
)
from nautilus_paradex.protocol import rest
from nautilus_paradex.protocol.errors import MessageError
from nautilus_paradex.protocol.json_feed import MarketChange
from nautilus_paradex.protocol.rpc import RpcError
from nautilus_paradex.providers import ParadexInstrumentProvider
from nautilus_paradex.transport.errors import ServerError
from tests.support import eventually
from tests.unit.feeds.conftest import NOW_NS, Clock

BTC, ETH, SOL = "BTC-USD-PERP", "ETH-USD-PERP", "SOL-USD-PERP"
TOLD_MS = 1_791_000_000_000


def market(symbol: str, tick: str = "0.5", **fields: object) -> rest.Market:
    return rest.Market(
        **{
            "symbol": symbol,
            "asset_kind": "PERP",
            "base_currency": symbol.split("-")[0],
            "settlement_currency": "USDC",
            "price_tick_size": tick,
            "order_size_increment": "0.001",
            **fields,
        }
    )


def instrument(symbol: str, tick: str = "0.5", *, ts_init: int = 0, **fields: object) -> Instrument:
    return instrument_from_market(
        market(symbol, tick, **fields), fees=FeeRates.documented(), ts_init=ts_init
    )


def by_id(*instruments: Instrument) -> dict[InstrumentId, Instrument]:
    return {i.id: i for i in instruments}


def ended(instrument_id: InstrumentId) -> Ending:
    return Ending(instrument_id, "", NOW_NS)


class TestInstrumentChanges:
    def test_when_an_instrument_was_built_is_no_difference(self) -> None:
        before, after = by_id(instrument(BTC)), by_id(instrument(BTC, ts_init=9))

        assert not instrument_changes(before, after, ended).any

    @pytest.mark.parametrize(
        "fields", [{"tick": "0.1"}, {"trading_mode": "RFQ_ONLY"}, {"max_order_size": "7"}]
    )
    def test_any_other_field_is(self, fields: dict[str, str]) -> None:
        old, new = instrument(BTC), instrument(BTC, **fields)

        assert instrument_changes(by_id(old), by_id(new), ended).changed == (new,)

    @given(
        st.dictionaries(st.sampled_from([BTC, ETH, SOL]), st.sampled_from(["0.5", "0.1"])),
        st.dictionaries(st.sampled_from([BTC, ETH, SOL]), st.sampled_from(["0.5", "0.1"])),
    )
    def test_what_is_told_leads_from_one_look_to_the_other(
        self, before: dict[str, str], after: dict[str, str]
    ) -> None:
        changes = instrument_changes(
            by_id(*(instrument(s, tick) for s, tick in before.items())),
            by_id(*(instrument(s, tick) for s, tick in after.items())),
            ended,
        )

        led_to = dict(before)
        for new in (*changes.added, *changes.changed):
            led_to[new.symbol.value] = str(new.price_increment)
        for ending in changes.ended:
            del led_to[ending.instrument_id.symbol.value]
        assert led_to == after
        assert {i.symbol.value for i in changes.added}.isdisjoint(before)
        assert all(before[i.symbol.value] != str(i.price_increment) for i in changes.changed)


@pytest.mark.parametrize(
    ("shown", "told", "behind"),
    [
        (None, {}, True),
        (market(BTC), {}, False),
        (market(BTC), None, False),
        (market(BTC, "0.50"), {"price_tick_size": "0.5"}, False),
        (market(BTC), {"price_tick_size": 0.5}, False),
        (market(BTC), {"price_tick_size": "0.1"}, True),
        (market(BTC), {"order_size_increment": "0.01"}, True),
        (market(BTC), {"max_order_size": "1"}, False),
        (market(BTC), {"price_tick_size": "fine"}, False),
    ],
)
def test_rest_is_behind_where_it_shows_other_increments_than_were_told(
    shown: rest.Market | None, told: dict[str, Any] | None, *, behind: bool
) -> None:
    assert is_behind(shown, MarketChange(BTC, "UPDATED", TOLD_MS, told)) is behind


@dataclass
class Venue:
    """Its list of markets, and the one channel that tells of changes."""

    markets: dict[str, rest.Market] = field(default_factory=lambda: {BTC: market(BTC)})
    error: Exception | None = None
    read: int = 0
    users: dict[str, int] = field(default_factory=dict)
    refuses: bool = False
    meanwhile: Callable[[], None] = lambda: None

    async def list_markets(self, symbol: str | None = None) -> list[rest.Market]:
        self.read += 1
        if self.error is not None:
            raise self.error
        shown = list(self.markets.values())
        self.meanwhile()
        self.meanwhile = lambda: None
        return shown

    async def use_channel(self, channel: str) -> None:
        self.users[channel] = self.users.get(channel, 0) + 1
        if self.refuses:
            raise RpcError(-32600, "invalid subscribe request")

    async def drop_channel(self, channel: str) -> None:
        self.users[channel] -= 1

    def tick(self, symbol: str, tick: str) -> None:
        self.markets[symbol] = msgspec.structs.replace(self.markets[symbol], price_tick_size=tick)


class Client:
    """The REST client, as far as a provider needs it."""

    session = None

    def __init__(self, venue: Venue) -> None:
        self.markets = venue.list_markets


@dataclass
class World:
    venue: Venue
    provider: ParadexInstrumentProvider
    changes: list[InstrumentChanges]
    warnings: list[str]
    listing: MarketListing

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        await self.provider.initialize()
        self.listing.compare()
        self.changes.clear()
        task = asyncio.create_task(self.listing.run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def tell(self, event_type: str, symbol: str = BTC, **fields: object) -> None:
        self.listing.on_message(MarketChange(symbol, event_type, TOLD_MS, fields), NOW_NS)

    @property
    def told(self) -> list[tuple[list[str], list[str], list[str]]]:
        return [
            (
                [i.symbol.value for i in c.added],
                [i.symbol.value for i in c.changed],
                [e.instrument_id.symbol.value for e in c.ended],
            )
            for c in self.changes
        ]


@pytest.fixture
def world(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(listing, "_LAG_SECS", (0.001,) * 5)
    monkeypatch.setattr(listing, "_RETRY_SECS", 0.001)
    return make_world(clock)


def make_world(clock: Clock, interval_mins: float | None = None) -> World:
    venue = Venue()
    config = InstrumentProviderConfig(load_all=True)
    provider = ParadexInstrumentProvider(Client(venue), config)
    changes: list[InstrumentChanges] = []
    warnings: list[str] = []
    return World(
        venue,
        provider,
        changes,
        warnings,
        MarketListing(
            provider,
            venue,
            on_changes=changes.append,
            now_ns=clock,
            warn=warnings.append,
            interval_mins=interval_mins,
        ),
    )


class TestFollowing:
    async def test_one_channel_serves_all_who_follow(self, world: World) -> None:
        followers = [("status", instrument_id_from_symbol(s)) for s in (BTC, ETH)]
        for follower in (*followers, *followers):
            await world.listing.follow(follower)
        assert world.venue.users == {"markets": 1}

        await world.listing.unfollow(followers[0])
        await world.listing.unfollow(followers[0])
        assert world.venue.users == {"markets": 1}
        await world.listing.unfollow(followers[1])
        assert world.venue.users == {"markets": 0}

    async def test_a_channel_that_is_refused_stays_wanted_until_nobody_follows(
        self, world: World
    ) -> None:
        world.venue.refuses = True
        with pytest.raises(RpcError):
            await world.listing.follow(("instruments", None))
        assert world.venue.users == {"markets": 1}

        await world.listing.unfollow(("instruments", None))
        assert world.venue.users == {"markets": 0}

    async def test_what_changed_before_the_channel_was_open_is_not_missed(
        self, world: World
    ) -> None:
        async with world.running():
            world.venue.tick(BTC, "0.1")
            await world.listing.follow(("instruments", None))
            await eventually(lambda: world.changes)

        assert world.told == [([], [BTC], [])]


class TestMessages:
    async def test_a_new_market_is_read_and_told(self, world: World) -> None:
        async with world.running():
            world.venue.markets[ETH] = market(ETH)
            world.tell("CREATED", ETH)
            await eventually(lambda: world.changes)

        assert world.told == [([ETH], [], [])]
        assert world.provider.find(instrument_id_from_symbol(ETH)) is not None

    async def test_a_changed_one_is_read_and_told_with_all_that_changed(self, world: World) -> None:
        async with world.running():
            world.venue.tick(BTC, "0.01")
            world.tell("UPDATED", price_tick_size="0.01")
            await eventually(lambda: world.changes)

        (changed,) = world.changes[0].changed
        assert str(changed.price_increment) == "0.01"

    @pytest.mark.parametrize("event_type", ["SETTLED", "DELETED"])
    async def test_an_end_is_told_at_once_with_its_time(
        self, world: World, event_type: str
    ) -> None:
        async with world.running():
            world.tell(event_type)
            instrument_id = instrument_id_from_symbol(BTC)
            assert world.changes[0].ended == (Ending(instrument_id, event_type, TOLD_MS * 10**6),)
            assert world.provider.find(instrument_id) is None

    async def test_one_that_was_loaded_in_between_ends_too(self, world: World) -> None:
        eth = instrument_id_from_symbol(ETH)
        async with world.running():
            world.provider.add(instrument(ETH))
            world.tell("DELETED", ETH)

        assert world.told == [([ETH], [], []), ([], [], [ETH])]
        assert world.provider.find(eth) is None

    @pytest.mark.parametrize(
        ("symbol", "updated_at"), [("", TOLD_MS), (BTC, "yesterday")], ids=["symbol", "time"]
    )
    async def test_an_end_that_cannot_be_read_is_left_to_the_next_reading(
        self, world: World, symbol: str, updated_at: object
    ) -> None:
        change = MarketChange(symbol, "DELETED", updated_at)
        with pytest.raises(MessageError):
            world.listing.on_message(change, NOW_NS)
        assert world.changes == []

    async def test_what_has_ended_does_not_come_back_while_rest_still_lists_it(
        self, world: World
    ) -> None:
        world.venue.markets[ETH] = market(ETH)
        async with world.running():
            world.tell("SETTLED")
            read = world.venue.read
            await eventually(lambda: world.venue.read > read)
            world.venue.tick(ETH, "0.1")
            world.tell("UPDATED", ETH)
            await eventually(lambda: len(world.changes) == 2)

        assert world.told == [([], [], [BTC]), ([], [ETH], [])]

    async def test_nor_where_it_ends_while_the_list_is_being_read(self, world: World) -> None:
        world.venue.markets[ETH] = market(ETH)
        async with world.running():
            world.venue.meanwhile = lambda: world.tell("SETTLED")
            world.venue.tick(ETH, "0.1")
            world.listing.ask()
            await eventually(lambda: len(world.changes) == 2)

        assert world.told == [([], [], [BTC]), ([], [ETH], [])]

    async def test_it_comes_back_when_it_was_gone_or_is_said_to_be_new(self, world: World) -> None:
        world.venue.markets[ETH] = market(ETH)
        async with world.running():
            for announce in (True, False):
                world.tell("DELETED")
                gone = world.venue.markets.pop(BTC) if not announce else None
                read = world.venue.read
                await eventually(lambda read=read: world.venue.read > read)
                world.changes.clear()
                if announce:
                    world.tell("CREATED")
                else:
                    world.venue.markets[BTC] = gone
                    world.listing.ask()
                await eventually(lambda: world.changes)
                assert world.told == [([BTC], [], [])]

    async def test_one_that_is_only_found_missing_ended_now(self, world: World) -> None:
        world.venue.markets[ETH] = market(ETH)
        async with world.running():
            del world.venue.markets[ETH]
            world.listing.ask()
            await eventually(lambda: world.changes)

        assert world.changes[0].ended == (Ending(instrument_id_from_symbol(ETH), "", NOW_NS),)

    async def test_rest_is_read_again_while_it_lags_behind_the_message(self, world: World) -> None:
        async with world.running():
            world.tell("UPDATED", price_tick_size="0.01")
            read = world.venue.read
            await eventually(lambda: world.venue.read >= read + 2)
            world.venue.tick(BTC, "0.01")
            await eventually(lambda: world.changes)

        assert world.told == [([], [BTC], [])]
        assert world.warnings == []

    async def test_what_rest_never_shows_is_given_up_with_a_warning(self, world: World) -> None:
        async with world.running():
            world.tell("CREATED", ETH)
            await eventually(lambda: world.warnings)
            read = world.venue.read
            world.venue.tick(BTC, "0.1")
            world.tell("UPDATED", price_tick_size="0.1")
            await eventually(lambda: world.changes)

        assert world.venue.read == read + 1
        assert ETH in world.warnings[0]

    async def test_many_messages_at_once_are_one_reading(self, world: World) -> None:
        symbols = [f"C{number}-USD-PERP" for number in range(200)]
        async with world.running():
            read = world.venue.read
            for symbol in symbols:
                world.venue.markets[symbol] = market(symbol)
                world.tell("CREATED", symbol)
            await eventually(lambda: world.changes)

        assert world.told == [(symbols, [], [])]
        assert world.venue.read == read + 1

    async def test_an_unknown_kind_of_change_is_looked_into(self, world: World) -> None:
        async with world.running():
            world.venue.tick(BTC, "0.1")
            world.tell("RENAMED")
            await eventually(lambda: world.changes)

        assert world.told == [([], [BTC], [])]

    async def test_a_reading_that_fails_is_repeated(self, world: World) -> None:
        async with world.running():
            world.venue.tick(BTC, "0.1")
            world.venue.error = ServerError(503, None, "down")
            world.tell("UPDATED")
            await eventually(lambda: len(world.warnings) > 1)
            world.venue.error = None
            await eventually(lambda: world.changes)

        assert world.told == [([], [BTC], [])]

    async def test_the_interval_reads_without_any_message(self, clock: Clock) -> None:
        world = make_world(clock, interval_mins=0.001 / 60)
        async with world.running():
            world.venue.tick(BTC, "0.1")
            await eventually(lambda: world.changes)

        assert world.told == [([], [BTC], [])]
