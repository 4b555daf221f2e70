"""Group 8 of the data specification: chains of options. No tester drives this case."""

from collections import Counter
from typing import Any, Final

import httpx
import pytest
from nautilus_trader.common.actor import Actor
from nautilus_trader.common.config import ActorConfig
from nautilus_trader.core.nautilus_pyo3 import OptionSeriesId, StrikeRange
from nautilus_trader.live.node import TradingNode
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.instruments import CryptoOption

from nautilus_paradex.parsing.instruments import PERPETUAL_OPTION_EXPIRATION_NS
from nautilus_paradex.protocol.enums import AssetKind
from tests.integration.nautilus.harness import BOTH_ENCODINGS, BTC, Venue, data_tester, running_node
from tests.support import eventually

pytestmark = BOTH_ENCODINGS

E8 = 10**8
_MAX_ROUNDS: Final = 20


class ChainActor(Actor):
    """Subscribes to a chain when told to, and keeps what comes."""

    def __init__(self) -> None:
        super().__init__(ActorConfig())
        self.slices: list[Any] = []

    def on_option_chain(self, chain: Any) -> None:
        self.slices.append(chain)


class Tap:
    """Counts what the bus of a node carries of each instrument."""

    def __init__(self, node: TradingNode) -> None:
        self.quotes: Counter[str] = Counter()
        self.statuses: set[str] = set()
        bus = node.kernel.msgbus
        bus.subscribe("data.quotes.*", lambda tick: self.quotes.update([str(tick.instrument_id)]))
        bus.subscribe("data.status.*", lambda status: self.statuses.add(str(status.instrument_id)))

    async def until_only(self, instrument_id: InstrumentId) -> None:
        """Wait until for a while there are quotes of no other instrument."""
        for _ in range(_MAX_ROUNDS):
            self.quotes.clear()
            await eventually(lambda: self.quotes[str(instrument_id)] >= 10)
            if set(self.quotes) == {str(instrument_id)}:
                return
        raise AssertionError(f"quotes of others still came after {_MAX_ROUNDS} rounds")


def options_of(venue: Venue, kind: AssetKind) -> list[InstrumentId]:
    return [
        InstrumentId.from_str(f"{symbol}.PARADEX")
        for symbol, market in venue.server.exchange.markets.items()
        if market.asset_kind == kind
    ]


def series_of(node: TradingNode, legs: list[InstrumentId]) -> OptionSeriesId:
    option: CryptoOption = node.cache.instrument(legs[0])
    return OptionSeriesId(
        "PARADEX",
        str(option.underlying),
        str(option.get_settlement_currency()),
        option.expiration_ns,
    )


def legs_of(chain: Any) -> dict[str, Any]:
    """The legs of a chain that have both quote and greeks, by their id."""
    sides = (
        leg for strike in chain.strikes() for leg in (chain.get_call(strike), chain.get_put(strike))
    )
    return {
        str(leg.quote.instrument_id): leg
        for leg in sides
        if leg is not None and leg.greeks is not None
    }


async def refuse(venue: Venue, path: str) -> None:
    """Let the next request to a path fail for good."""
    fault = {"kind": "http_status", "path": path, "status": 404}
    async with httpx.AsyncClient(trust_env=False) as client:
        reply = await client.post(f"{venue.server.root_url}/devnet/faults", json=fault)
    reply.raise_for_status()


def is_whole(actor: ChainActor, legs: list[InstrumentId]) -> bool:
    return bool(actor.slices) and set(legs_of(actor.slices[-1])) == {str(leg) for leg in legs}


@pytest.mark.parametrize("kind", [AssetKind.PERP_OPTION, AssetKind.OPTION])
@pytest.mark.parametrize("strikes", [None, StrikeRange.atm_relative(2, 2)])
async def test_tc_d63_option_chain(
    lively_venue: Venue, kind: AssetKind, strikes: StrikeRange | None
) -> None:
    exchange = lively_venue.server.exchange
    legs = options_of(lively_venue, kind)
    actor = ChainActor()
    async with running_node(lively_venue, actor, load_ids=legs) as node:
        series = series_of(node, legs)
        assert (series.expiration_ns == PERPETUAL_OPTION_EXPIRATION_NS) == (
            kind is AssetKind.PERP_OPTION
        )
        actor.subscribe_option_chain(series, strikes, snapshot_interval_ms=100)
        await eventually(lambda: is_whole(actor, legs))
        chain = actor.slices[-1]

        assert chain.strike_count() == len(legs) // 2
        for name, leg in legs_of(chain).items():
            symbol = name.removesuffix(".PARADEX")
            summary = exchange.summary(symbol)
            assert leg.greeks.delta == pytest.approx(summary.delta / E8, abs=0.2)
            assert 0 < leg.quote.bid_price.as_double() < leg.quote.ask_price.as_double()


async def test_tc_d63_option_chain_begins_around_the_forward_price(lively_venue: Venue) -> None:
    legs = options_of(lively_venue, AssetKind.OPTION)
    actor = ChainActor()
    async with running_node(lively_venue, actor, load_ids=legs) as node:
        tap = Tap(node)
        actor.subscribe_option_chain(
            series_of(node, legs), StrikeRange.atm_relative(0, 0), snapshot_interval_ms=100
        )
        await eventually(lambda: actor.slices and len(legs_of(actor.slices[-1])) == 2)
        chain = actor.slices[-1]
        await eventually(lambda: tap.statuses == set(legs_of(chain)))

        # The index is at 96,000: of 90,000, 100,000 and 110,000 the second is the nearest.
        assert str(chain.atm_strike) == "100000"
        assert tap.quotes.keys() == set(legs_of(chain))


async def test_tc_d63_option_chain_without_a_forward_price(lively_venue: Venue) -> None:
    legs = options_of(lively_venue, AssetKind.PERP_OPTION)
    actor = ChainActor()
    around_the_money = StrikeRange.atm_relative(1, 1)
    async with running_node(lively_venue, actor, load_ids=legs) as node:
        series = series_of(node, legs)
        # Every strike: nothing has to be known of the money.
        await refuse(lively_venue, "/v1/markets/summary")
        actor.subscribe_option_chain(series, None, snapshot_interval_ms=100)
        await eventually(lambda: is_whole(actor, legs))

        # Around the money: the platform waits for prices that it does not subscribe to.
        await refuse(lively_venue, "/v1/markets/summary")
        actor.subscribe_option_chain(series, around_the_money, snapshot_interval_ms=100)
        await eventually(lambda: not lively_venue.server.faults.waiting())
        actor.slices.clear()
        actor.subscribe_option_chain(series, around_the_money, snapshot_interval_ms=100)
        await eventually(lambda: is_whole(actor, legs))


async def test_tc_d63_end_of_an_option_chain_ends_its_legs(lively_venue: Venue) -> None:
    legs = options_of(lively_venue, AssetKind.PERP_OPTION)
    actor, witness = ChainActor(), data_tester(subscribe_quotes=True)
    async with running_node(lively_venue, actor, witness, load_ids=(*legs, BTC)) as node:
        tap = Tap(node)
        series = series_of(node, legs)
        actor.subscribe_option_chain(series, None, snapshot_interval_ms=100)
        await eventually(lambda: is_whole(actor, legs))
        actor.unsubscribe_option_chain(series)
        await tap.until_only(BTC)
        slices, quotes = len(actor.slices), len(witness.quotes)
        await eventually(lambda: len(witness.quotes) >= quotes + 20)

        assert len(actor.slices) == slices
