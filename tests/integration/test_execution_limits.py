"""The venue's limits, held before anything is sent, and left to the venue where an exit may be."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.messages import SubmitOrderList
from nautilus_trader.model.data import IndexPriceUpdate, MarkPriceUpdate
from nautilus_trader.model.enums import OmsType, OrderSide, OrderStatus, OrderType, TimeInForce
from nautilus_trader.model.events import OrderDenied, OrderModifyRejected, OrderRejected
from nautilus_trader.model.identifiers import (
    AccountId,
    InstrumentId,
    OrderListId,
    PositionId,
    StrategyId,
)
from nautilus_trader.model.objects import Price, Quantity
from nautilus_trader.model.orders import Order, OrderList
from nautilus_trader.model.position import Position
from nautilus_trader.test_kit.stubs.events import TestEventStubs

from nautilus_paradex.data_types import ParadexSystemState
from nautilus_paradex.devnet.config import DevnetConfig
from nautilus_paradex.execution.commands.venue_commands import venue_commands
from nautilus_paradex.execution.errors import CommandDeniedError
from nautilus_paradex.protocol.numbers import E8
from tests.integration.execution_world import (
    INSTRUMENT_ID,
    MARKET,
    TRADER_ID,
    World,
    next_run,
    open_world,
)
from tests.integration.overheard import Overheard
from tests.support import eventually

BUY, SELL = OrderSide.BUY, OrderSide.SELL
ORDERS = ("POST /orders", "POST /orders/batch", "PUT /orders", "POST /algo/orders")


class Limited:
    """A world whose market has limits that a few orders reach."""

    def __init__(self, world: World, overheard: Overheard) -> None:
        self.world = world
        self._overheard = overheard

    @property
    def sent(self) -> list[str]:
        """The commands that have left for the venue, cancels aside."""
        lines = [line for line, _ in self._overheard.requests]
        return [line for line in lines if line.startswith(ORDERS)]

    @property
    def near(self) -> dict[str, int]:
        return venue_commands(self.world.msgbus).near_limits

    async def reason(self, order: Order, kind: type[OrderDenied] | type[OrderRejected]) -> str:
        """Return why an order was denied, or refused by the venue."""
        await eventually(lambda: order.is_closed)
        (event,) = [e for e in self.world.events if e.client_order_id == order.client_order_id][-1:]
        assert isinstance(event, kind), event
        return str(event.reason)

    async def denial(self, order: Order) -> str:
        """Submit an order and return why it was denied; nothing may leave for the venue."""
        before = self.sent
        self.world.submit(order)
        reason = await self.reason(order, OrderDenied)
        assert self.sent == before
        return reason

    async def refusal(self, order: Order) -> str:
        """Submit an order and return why the venue refused it."""
        before = self.sent
        self.world.submit(order)
        reason = await self.reason(order, OrderRejected)
        assert self.sent == [*before, "POST /orders"]
        return reason

    async def hold(self, size: str) -> None:
        """Buy, so that the account has a position."""
        await self.world.counterparty.place("SELL", size, self.world.around("0"))
        order = self.world.submit(self.world.market(BUY, size))
        await eventually(lambda: order.status == OrderStatus.FILLED)
        await eventually(lambda: self.world.net_position > 0)

    def know_mark(self, *, age_secs: int = 0) -> None:
        """Give the platform a mark price, as a subscription to it does."""
        ts_ns = self.world.clock.timestamp_ns() - age_secs * 1_000_000_000
        price = Price.from_str(f"{self.world.mark:f}")
        self.world.cache.add_mark_price(MarkPriceUpdate(INSTRUMENT_ID, price, ts_ns, ts_ns))

    def bid(self, size: str = "0.00100", **options: Any) -> Order:
        return self.world.limit(BUY, size, self.world.around("-0.01"), **options)

    def stop(self, size: str = "0.00100") -> Order:
        trigger = self.world.around("-0.02")
        return self.world.conditional(OrderType.STOP_MARKET, SELL, size, trigger)

    def exit(self, size: str) -> Order:
        order: Order = self.world.orders.market(
            instrument_id=INSTRUMENT_ID,
            order_side=SELL,
            quantity=Quantity.from_str(size),
            reduce_only=True,
        )
        return order

    def submit_list(self, *orders: Order) -> None:
        world = self.world
        order_list = OrderList(OrderListId("OL-1"), list(orders))
        for order in orders:
            world.cache.add_order(order)
        world.cache.add_order_list(order_list)
        world.engine.execute(
            SubmitOrderList(
                trader_id=TRADER_ID,
                strategy_id=StrategyId("S-001"),
                order_list=order_list,
                command_id=UUID4(),
                ts_init=world.clock.timestamp_ns(),
            ),
        )


@asynccontextmanager
async def limited(**terms: Any) -> AsyncIterator[Limited]:
    """Give a world in whose market some terms are others (as the venue's `MarketSpec` has them)."""
    overheard = Overheard()

    def change(world: World) -> None:
        exchange = world.server.exchange
        exchange.change_market(msgspec.structs.replace(exchange.markets[MARKET], **terms))

    async with open_world(
        DevnetConfig(port=0, synthetic=False, past_hours=0),
        change=change,
        transport=overheard,
        system_state_interval_secs=0.02,
    ) as world:
        yield Limited(world, overheard)


def statuses(orders: list[Order]) -> list[OrderStatus]:
    return [order.status for order in orders]


# -- Open orders -----------------------------------------------------------------------------------


async def test_an_order_too_many_is_denied_until_there_is_room_again() -> None:
    async with limited(max_open_orders=3) as here:
        resting = [here.world.submit(here.bid()) for _ in range(3)]
        await eventually(lambda: all(order.is_open for order in resting))

        reason = await here.denial(here.bid())
        assert reason == f"MAX_OPEN_ORDERS: open=3 max=3 instrument_id={INSTRUMENT_ID}"
        # Whether what will not stay open counts as well is for the venue to say.
        ioc = here.bid(time_in_force=TimeInForce.IOC)
        assert (await here.refusal(ioc)).startswith("400 VALIDATION_ERROR: max open orders of 3 ")

        here.world.cancel(resting[0])
        await eventually(lambda: resting[0].is_closed)
        successor = here.world.submit(here.bid())
        await eventually(lambda: successor.is_open)


async def test_orders_that_are_still_on_their_way_count() -> None:
    async with limited(max_open_orders=3) as here:
        orders = [here.world.submit(here.bid()) for _ in range(5)]
        await eventually(lambda: all(order.is_open or order.is_closed for order in orders))

        assert statuses(orders) == [OrderStatus.ACCEPTED] * 3 + [OrderStatus.DENIED] * 2
        assert here.sent == ["POST /orders"] * 3


async def test_orders_of_one_batch_count_one_after_the_other() -> None:
    async with limited(max_open_orders=3) as here:
        orders = [here.bid() for _ in range(5)]
        here.submit_list(*orders)
        await eventually(lambda: all(order.is_open or order.is_closed for order in orders))

        assert statuses(orders) == [OrderStatus.ACCEPTED] * 3 + [OrderStatus.DENIED] * 2
        assert here.sent == ["POST /orders/batch"]
        assert len(here.world.ledger()["orders"]) == 3


async def test_orders_placed_elsewhere_count() -> None:
    async with limited(max_open_orders=2) as here:
        for _ in range(2):
            await here.world.second_screen.place("BUY", "0.00100", here.world.around("-0.01"))
        await eventually(lambda: here.world.cache.orders_open_count() == 2)

        assert (await here.denial(here.bid())).startswith("MAX_OPEN_ORDERS: open=2 max=2 ")


async def test_orders_that_wait_for_a_trigger_or_their_cancel_may_not_count() -> None:
    async with limited(max_open_orders=1) as here:
        trigger, price = here.world.around("-0.02"), here.world.around("-0.03")
        stop = here.world.conditional(OrderType.STOP_LIMIT, SELL, "0.00100", trigger, price)
        here.world.submit(stop)
        await eventually(lambda: stop.is_open)
        # The devnet counts it; it may be that the venue does not.
        assert (await here.refusal(here.bid())).startswith("400 VALIDATION_ERROR: max open orders")

        here.world.cancel(stop)
        await eventually(lambda: stop.is_closed)
        first = await here.world.resting(BUY, "0.00100", here.world.around("-0.01"))
        before = len(here.sent)
        here.world.cancel(first)
        here.world.submit(here.bid())
        await eventually(lambda: len(here.sent) == before + 1)


async def test_orders_in_another_market_do_not_count() -> None:
    async with limited(max_open_orders=1) as here:
        world = here.world
        eth_id = InstrumentId.from_str("ETH-USD-PERP.PARADEX")
        await world.client._instrument_provider.load_async(eth_id)
        eth = world.client._instrument_provider.find(eth_id)
        world.cache.add_instrument(eth)
        elsewhere = world.submit(
            world.orders.limit(eth_id, BUY, eth.make_qty(1), eth.make_price(2_000))
        )
        await eventually(lambda: elsewhere.is_open)

        await world.resting(BUY, "0.00100", world.around("-0.01"))


async def test_orders_of_an_earlier_run_count() -> None:
    async with limited(max_open_orders=2) as here:
        for _ in range(2):
            await here.world.resting(BUY, "0.00100", here.world.around("-0.01"))
        await here.world.stop()
        async with next_run(here.world) as heir:
            order = heir.submit(heir.limit(BUY, "0.00100", here.world.around("-0.01")))
            await eventually(lambda: order.status == OrderStatus.DENIED)

            assert heir.events[-1].reason.startswith("MAX_OPEN_ORDERS: open=2 max=2 ")


async def test_a_stop_is_sent_though_the_book_is_full_and_the_nearness_counted() -> None:
    async with limited(max_open_orders=1) as here:
        await here.world.resting(BUY, "0.00100", here.world.around("-0.01"))
        assert here.near == {"open_orders": 1}

        reason = await here.refusal(here.stop())

        assert reason.startswith("400 VALIDATION_ERROR: max open orders of 1 reached")
        assert here.near == {"open_orders": 2}


# -- Position --------------------------------------------------------------------------------------


async def test_an_order_beyond_the_position_limit_is_denied() -> None:
    async with limited(position_limit_e8=E8) as here:
        reason = await here.denial(here.bid("1.00001"))
        assert reason == (
            f"POSITION_ABOVE_LIMIT: position=0 size=1.00001 limit=1 instrument_id={INSTRUMENT_ID}"
        )

        await here.hold("0.50000")
        assert (await here.denial(here.bid("0.50001"))).startswith("POSITION_ABOVE_LIMIT: ")
        # Nine in ten is near, and taken.
        order = here.world.submit(here.bid("0.40001"))
        await eventually(lambda: order.is_open)
        assert here.near == {"position": 1}


async def test_the_position_of_another_account_is_another_one() -> None:
    async with limited(position_limit_e8=E8) as here:
        world = here.world
        elsewhere = TestEventStubs.order_filled(
            here.bid("1.00000"),
            world.instrument,
            account_id=AccountId("PARADEX2-master"),
            position_id=PositionId("P-1"),
        )
        world.cache.add_position(Position(world.instrument, elsewhere), OmsType.NETTING)

        order = world.submit(here.bid("0.50000"))
        await eventually(lambda: order.is_open)


async def test_what_may_have_been_sold_meanwhile_is_the_venues_to_judge() -> None:
    async with limited(position_limit_e8=E8) as here:
        await here.hold("0.50000")
        await here.world.resting(SELL, "0.20000", here.world.around("0.01"))

        reason = await here.refusal(here.bid("0.60000"))

        assert reason == "ORDER_EXCEEDS_POSITION_LIMIT"
        assert here.near == {"position": 1}


async def test_a_change_beyond_the_position_limit_is_refused_here() -> None:
    async with limited(position_limit_e8=E8) as here:
        order = await here.world.resting(BUY, "0.10000", here.world.around("-0.01"))
        before = here.sent

        here.world.modify(order, size="1.00001")
        await eventually(lambda: isinstance(here.world.events[-1], OrderModifyRejected))

        assert here.world.events[-1].reason.startswith("POSITION_ABOVE_LIMIT: ")
        assert here.sent == before
        # The order does not stand in its own way.
        here.world.modify(order, size="0.90000")
        await eventually(lambda: order.quantity == Quantity.from_str("0.90000"))
        assert here.near == {}


async def test_what_is_filled_is_in_the_position_and_counts_once() -> None:
    async with limited(position_limit_e8=E8) as here:
        order = await here.world.resting(BUY, "0.80000", here.world.around("-0.001"))
        await here.world.counterparty.place("SELL", "0.50000", here.world.around("-0.001"))
        await eventually(lambda: order.filled_qty == Quantity.from_str("0.50000"))
        await eventually(lambda: here.world.net_position > 0)

        await here.world.resting(BUY, "0.10000", here.world.around("-0.01"))
        assert here.near == {}
        # 0.5 held, 0.4 open of this one, 0.1 of the other: that is all there may be.
        here.world.modify(order, size="0.90000")
        await eventually(lambda: order.quantity == Quantity.from_str("0.90000"))
        assert here.near == {"position": 1}


async def test_a_twap_beyond_the_position_limit_is_denied() -> None:
    async with limited(position_limit_e8=E8) as here:
        with pytest.raises(CommandDeniedError, match=r"POSITION_ABOVE_LIMIT: .* size=1\.1 "):
            await here.world.client.submit_twap(
                INSTRUMENT_ID, BUY, Quantity.from_str("1.10000"), duration_secs=60
            )

        assert here.sent == []


# -- Minimum notional ------------------------------------------------------------------------------


async def test_an_order_below_the_minimum_is_denied_where_the_mark_is_known() -> None:
    async with limited() as here:
        # Without a price, or with an old one, the venue decides.
        assert await here.refusal(here.bid("0.00001")) == "ORDER_SIZE_BELOW_MIN"
        here.know_mark(age_secs=11)
        assert await here.refusal(here.bid("0.00001")) == "ORDER_SIZE_BELOW_MIN"

        here.know_mark()
        assert (await here.denial(here.bid("0.00001"))).startswith("NOTIONAL_BELOW_MIN: notional=")
        await here.world.resting(BUY, "0.00100", here.world.around("-0.01"))


async def test_a_position_below_the_minimum_can_be_closed() -> None:
    async with limited() as here:
        await here.hold("0.00100")
        await here.world.counterparty.place("BUY", "0.01000", here.world.around("0"))
        part = here.world.submit(here.exit("0.00099"))
        await eventually(lambda: part.status == OrderStatus.FILLED)
        here.know_mark()

        rest = here.world.submit(here.exit("0.00001"))
        await eventually(lambda: rest.status == OrderStatus.FILLED)

        assert here.world.net_position == 0


async def test_a_part_of_a_position_below_the_minimum_is_the_venues_to_refuse() -> None:
    async with limited() as here:
        await here.hold("0.00100")
        here.know_mark()

        assert await here.refusal(here.exit("0.00001")) == "ORDER_SIZE_BELOW_MIN"
        assert here.near == {"min_notional": 1}


async def test_an_option_is_valued_at_the_spot_price() -> None:
    async with limited() as here:
        world = here.world
        option_id = InstrumentId.from_str("BTC-USD-96000-C.PARADEX")
        await world.client._instrument_provider.load_async(option_id)
        option = world.client._instrument_provider.find(option_id)
        world.cache.add_instrument(option)
        size = option.make_qty(option.size_increment)
        ts_ns = world.clock.timestamp_ns()
        price = option.make_price(1_000)  # at which the smallest order is worth a tenth of it

        def order() -> Order:
            bid: Order = world.orders.limit(option_id, BUY, size, price)
            return bid

        world.cache.add_mark_price(MarkPriceUpdate(option_id, price, ts_ns, ts_ns))
        taken = world.submit(order())
        await eventually(lambda: taken.is_open)
        world.cache.add_index_price(IndexPriceUpdate(option_id, price, ts_ns, ts_ns))
        assert (await here.denial(order())).startswith("NOTIONAL_BELOW_MIN: ")


# -- What market and system take -------------------------------------------------------------------


async def test_a_market_for_requests_for_quote_takes_no_orders() -> None:
    async with limited(trading_mode="RFQ_ONLY") as here:
        assert await here.denial(here.bid()) == f"MARKET_RFQ_ONLY: instrument_id={INSTRUMENT_ID}"
        with pytest.raises(CommandDeniedError, match="MARKET_RFQ_ONLY: "):
            await here.world.client.submit_twap(
                INSTRUMENT_ID, BUY, Quantity.from_str("0.10000"), duration_secs=60
            )
        assert here.sent == []

        assert (await here.refusal(here.stop())).startswith("400 NO_ACCESS_TO_MARKET: ")
        assert here.near == {"trading_mode": 1}


async def test_a_market_that_something_was_denied_for_is_read_again() -> None:
    async with limited(trading_mode="RFQ_ONLY") as here:
        exchange = here.world.server.exchange
        spec = msgspec.structs.replace(exchange.markets[MARKET], trading_mode="STANDARD")
        exchange.change_market(spec)

        assert (await here.denial(here.bid())).startswith("MARKET_RFQ_ONLY: ")
        await eventually(lambda: here.world.instrument.info["trading_mode"] == "STANDARD")
        await here.world.resting(BUY, "0.00100", here.world.around("-0.01"))


async def release(here: Limited, status: str) -> None:
    """Bring the venue into a state and wait until the client has seen it."""
    here.world.server.exchange.system_status = status
    await eventually(lambda: here.world.client.system_status == status)


async def test_orders_that_a_release_does_not_take_are_denied_and_strategies_told() -> None:
    async with limited() as here:
        told = here.world.subscribe(ParadexSystemState)
        resting = await here.world.resting(BUY, "0.00100", here.world.around("-0.01"))
        fair = here.world.around("-0.0001")

        await release(here, "cancel_only")
        assert await here.denial(here.bid()) == "SYSTEM_STATE: status=cancel_only"
        passive = here.world.limit(BUY, "0.00100", fair, post_only=True)
        assert await here.denial(passive) == "SYSTEM_STATE: status=cancel_only"
        with pytest.raises(CommandDeniedError, match="SYSTEM_STATE: status=cancel_only"):
            await here.world.client.submit_twap(
                INSTRUMENT_ID, BUY, Quantity.from_str("0.10000"), duration_secs=60
            )

        await release(here, "post_only")
        assert await here.denial(here.bid()) == "SYSTEM_STATE: status=post_only"
        await here.world.resting(BUY, "0.00100", fair, post_only=True)
        here.world.cancel(resting)
        await eventually(lambda: resting.is_closed)

        await release(here, "ok")
        await here.world.resting(BUY, "0.00100", here.world.around("-0.01"))
        assert [data.status for data in told] == ["cancel_only", "post_only", "ok"]


async def test_a_stop_is_sent_in_any_state_and_the_nearness_counted() -> None:
    async with limited() as here:
        await release(here, "cancel_only")

        assert (await here.refusal(here.stop())).startswith("400 SYSTEM_STATUS_CANCEL_ONLY: ")
        assert here.near == {"system_state": 1}


async def test_a_bracket_is_denied_whole() -> None:
    async with limited() as here:
        await release(here, "cancel_only")
        bracket = here.world.orders.bracket(
            instrument_id=INSTRUMENT_ID,
            order_side=BUY,
            quantity=Quantity.from_str("0.00100"),
            sl_trigger_price=Price.from_str(here.world.around("-0.02")),
            tp_price=Price.from_str(here.world.around("0.02")),
        )
        here.submit_list(*bracket.orders)
        await eventually(lambda: all(order.is_closed for order in bracket.orders))

        assert statuses(bracket.orders) == [OrderStatus.DENIED] * 3
        assert here.sent == []


async def test_a_state_that_was_told_too_long_ago_denies_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with limited() as here:
        await release(here, "cancel_only")
        system = here.world.client._system
        monkeypatch.setattr(system, "_now_secs", lambda: system._reading.asked_at + 3.1)

        assert (await here.refusal(here.bid())).startswith("400 SYSTEM_STATUS_CANCEL_ONLY: ")
