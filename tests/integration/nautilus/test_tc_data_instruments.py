"""Group 1 of the data specification: instruments."""

from decimal import Decimal

from nautilus_trader.model.identifiers import InstrumentId

from tests.integration.nautilus.harness import BOTH_ENCODINGS, BTC, ETH, data_tester, running_node
from tests.support import eventually

pytestmark = BOTH_ENCODINGS


def id_of(market):
    return InstrumentId.from_str(f"{market.symbol}.PARADEX")


async def test_tc_d01_request_instruments(lively_venue):
    tester = data_tester(request_instruments=True)
    async with running_node(lively_venue, tester) as node:
        markets = await lively_venue.http.markets()
        await eventually(lambda: {i.id for i in tester.instruments} >= set(map(id_of, markets)))

        for market in markets:
            instrument = node.cache.instrument(id_of(market))
            assert instrument.raw_symbol.value == market.symbol
            assert instrument.price_increment.as_decimal() == Decimal(market.price_tick_size)
            assert instrument.size_increment.as_decimal() == Decimal(market.order_size_increment)
            assert instrument.min_notional.as_decimal() == Decimal(market.min_notional)
            assert instrument.maker_fee == Decimal(market.fee_config.api_fee.maker_fee.fee)
            assert instrument.taker_fee == Decimal(market.fee_config.api_fee.taker_fee.fee)


async def test_tc_d02_subscribe_instrument(venue):
    subscriber = data_tester(subscribe_instrument=True)
    other = data_tester(component_id="OTHER")
    async with running_node(venue, subscriber, other):
        known = len(subscriber.instruments)
        other.request_instrument(BTC)
        await eventually(lambda: len(subscriber.instruments) > known)

        assert {instrument.id for instrument in subscriber.instruments} == {BTC}


async def test_tc_d03_load_specific_instrument(lively_venue):
    async with running_node(lively_venue, load_ids=[ETH]) as node:
        assert [instrument.id for instrument in node.cache.instruments()] == [ETH]
        assert node.cache.instrument(ETH).quote_currency.code == "USDC"


async def test_tc_d03_load_a_further_instrument_by_request(lively_venue):
    tester = data_tester(instrument_ids=[ETH])
    async with running_node(lively_venue, tester, load_ids=[ETH]) as node:
        tester.request_instrument(BTC)
        await eventually(lambda: tester.instruments)

        assert {instrument.id for instrument in node.cache.instruments()} == {BTC, ETH}
