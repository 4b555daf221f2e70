"""Group 8 of the data specification: options. No tester drives these cases."""

from nautilus_trader.common.actor import Actor, ActorConfig
from nautilus_trader.model.data import MarkPriceUpdate, OptionGreeks

from tests.integration.nautilus.harness import BOTH_ENCODINGS, BTC, OPTION, running_node
from tests.support import eventually

pytestmark = BOTH_ENCODINGS

E8 = 10**8


class GreeksActor(Actor):
    """Subscribes to the greeks of an option, of a perpetual too, and keeps what comes."""

    def __init__(self) -> None:
        super().__init__(ActorConfig())
        self.received: list[OptionGreeks] = []
        self.marks: list[MarkPriceUpdate] = []

    def on_start(self) -> None:
        self.subscribe_option_greeks(OPTION)
        self.subscribe_option_greeks(BTC)
        self.subscribe_mark_prices(OPTION)

    def on_option_greeks(self, greeks: OptionGreeks) -> None:
        self.received.append(greeks)

    def on_mark_price(self, mark_price: MarkPriceUpdate) -> None:
        self.marks.append(mark_price)


def greeks_of(greeks):
    return greeks.delta, greeks.gamma, greeks.vega, greeks.theta, greeks.rho, greeks.mark_iv


def greeks_of_venue(summary):
    values = (summary.delta, summary.gamma, summary.vega, summary.theta, summary.rho)
    return *((value or 0) / E8 for value in values), summary.mark_iv / E8


async def test_tc_d62_option_greeks(lively_venue):
    exchange = lively_venue.server.exchange
    actor = GreeksActor()
    async with running_node(lively_venue, actor, load_ids=(BTC, OPTION)):
        await eventually(lambda: len(actor.received) >= 2)
        await eventually(
            lambda: (
                greeks_of(actor.received[-1])
                == greeks_of_venue(exchange.summary(OPTION.symbol.value))
            )
        )
        greeks = actor.received[-1]

        assert {each.instrument_id for each in actor.received} == {OPTION}
        assert greeks.underlying_price == exchange.summary(OPTION.symbol.value).index_price / E8
        assert 0 < greeks.ts_event <= greeks.ts_init


async def test_tc_d62_unsubscribing_the_greeks_leaves_the_mark_price(lively_venue):
    actor = GreeksActor()
    async with running_node(lively_venue, actor, load_ids=(BTC, OPTION)):
        await eventually(lambda: actor.received and actor.marks)
        actor.unsubscribe_option_greeks(OPTION)
        seen, marks = len(actor.received), len(actor.marks)
        await eventually(lambda: len(actor.marks) >= marks + 3)

        assert len(actor.received) == seen
