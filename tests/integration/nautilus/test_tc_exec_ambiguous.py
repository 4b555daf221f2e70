"""Group 8 of the execution specification, second half: lost answers, and answers in parts.

What comes back instead of an answer is injected through the transport of the node's REST clients:
nothing at all, a reset, a 5xx or garbage, each after the venue has acted and in place of that. What
no stream tells then, the platform finds out by its own check of orders that wait for an answer.
"""

from decimal import Decimal

import pytest
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.messages import BatchCancelOrders
from nautilus_trader.model.enums import OrderStatus

from nautilus_paradex.transport import http
from nautilus_paradex.transport.aiohttp_transport import aiohttp_transport
from tests.integration.bad_answers import BadAnswers
from tests.integration.nautilus.harness import (
    BTC,
    event_names,
    exec_tester,
    node_fills,
    raw_cancel,
    running_node,
)
from tests.support import eventually

RESTING = ["OrderInitialized", "OrderSubmitted", "OrderAccepted"]
PAIR = {"enable_limit_buys": True, "enable_limit_sells": True}
IMPATIENT = {
    "engine": {
        "inflight_check_interval_ms": 200,
        "inflight_check_threshold_ms": 300,
        "inflight_check_retries": 100,
    },
}

ANSWERS = ("timeout", "reset", "unavailable", "page_as_success")
every_answer = pytest.mark.parametrize("how", ANSWERS)
executed_or_not = pytest.mark.parametrize("is_executed", [True, False], ids=["after", "before"])


class Answers:
    """The answers that the clients of a node get, of which a test may spoil the next."""

    def __init__(self):
        self._transports = []
        self._first = None

    def make_transport(self, **options):
        transport = BadAnswers(aiohttp_transport(**options), is_cut_short=True)
        self._transports.append(transport)
        if self._first is not None:
            self._first(transport)
        return transport

    def spoil_first(self, method, path, **plan):
        """Spoil the first such answer of clients that are still to be made."""
        self._first = lambda transport: transport.spoil(method, path, **plan)

    def spoil_next(self, method, path, **plan):
        for transport in self._transports:
            transport.spoil(method, path, **plan)

    @property
    def spoiled(self):
        return sum(transport.spoiled for transport in self._transports)


@pytest.fixture
def answers(venue, monkeypatch, no_late_arrivals, no_late_effects):
    answers = Answers()
    monkeypatch.setattr(http, "aiohttp_transport", answers.make_transport)
    return answers


async def until_resting(tester):
    await eventually(lambda: tester.buy_order and tester.buy_order.is_open)
    return tester.buy_order


async def until_pair_rests(node):
    await eventually(lambda: len(node.cache.orders_open(instrument_id=BTC)) == 2)
    return node.cache.orders_open(instrument_id=BTC)


@every_answer
@executed_or_not
async def test_tc_e74_ambiguous_submit(venue, answers, how, is_executed):
    answers.spoil_first("POST", "/v1/orders", how=how, is_executed=is_executed)
    tester = exec_tester(open_position_on_start_qty=Decimal("0.01"), close_positions_on_stop=False)
    async with running_node(venue, tester, **IMPATIENT) as node:
        await eventually(lambda: tester.order_events and tester.order.is_closed)

        assert answers.spoiled == 1
        if is_executed:
            assert event_names(tester.order) == [*RESTING, "OrderFilled"]
            assert node_fills(node) == venue.fills
            assert len(venue.orders) == 1
        else:
            assert event_names(tester.order) == [*RESTING[:2], "OrderRejected"]
            assert tester.order_events[-1].reason.startswith("NOT_ACCEPTED")
            assert venue.orders == {}


async def test_tc_e74_ambiguous_submit_that_arrived_is_accepted(venue, answers):
    answers.spoil_first("POST", "/v1/orders", how="reset", is_executed=True)
    tester = exec_tester(enable_limit_buys=True)
    async with running_node(venue, tester, **IMPATIENT):
        order = await until_resting(tester)

        assert event_names(order) == RESTING
        assert [placed["id"] for placed in venue.open_orders] == [order.venue_order_id.value]


@every_answer
@executed_or_not
async def test_tc_e75_ambiguous_cancel(venue, answers, how, is_executed):
    tester = exec_tester(enable_limit_buys=True)
    async with running_node(venue, tester, **IMPATIENT):
        order = await until_resting(tester)
        path = f"/v1/orders/{order.venue_order_id}"
        answers.spoil_next("DELETE", path, how=how, is_executed=is_executed)
        tester.cancel_order(order)
        assert order.is_pending_cancel
        await eventually(lambda: not order.is_pending_cancel)

        assert answers.spoiled == 1
        end = "OrderCanceled" if is_executed else "OrderCancelRejected"
        assert event_names(order) == [*RESTING, "OrderPendingCancel", end]
        assert len(venue.open_orders) == (0 if is_executed else 1)


@every_answer
@executed_or_not
async def test_tc_e76_ambiguous_modify(venue, answers, how, is_executed):
    tester = exec_tester(enable_limit_buys=True)
    async with running_node(venue, tester, **IMPATIENT):
        order = await until_resting(tester)
        before = order.price
        path = f"/v1/orders/{order.venue_order_id}"
        answers.spoil_next("PUT", path, how=how, is_executed=is_executed)
        tester.modify_order(order, price=tester.instrument.make_price(95_500))
        assert order.is_pending_update
        await eventually(lambda: not order.is_pending_update)

        assert answers.spoiled == 1
        end = "OrderUpdated" if is_executed else "OrderModifyRejected"
        assert event_names(order) == [*RESTING, "OrderPendingUpdate", end]
        assert order.price == (Decimal(95_500) if is_executed else before)
        assert Decimal(venue.open_orders[0]["price"]) == order.price.as_decimal()


@every_answer
@executed_or_not
async def test_tc_e77_ambiguous_batch_cancel(venue, answers, how, is_executed):
    tester = exec_tester(**PAIR, use_batch_cancel_on_stop=True)
    async with running_node(venue, tester, **IMPATIENT) as node:
        orders = await until_pair_rests(node)
        answers.spoil_next("DELETE", "/v1/orders/batch", how=how, is_executed=is_executed)
        tester.stop()
        await eventually(lambda: answers.spoiled == 1)
        await eventually(lambda: not any(order.is_pending_cancel for order in orders))

        end = "OrderCanceled" if is_executed else "OrderCancelRejected"
        stories = [event_names(order) for order in orders]
        assert stories == [[*RESTING, "OrderPendingCancel", end]] * 2
        assert len(venue.open_orders) == (0 if is_executed else 2)


@every_answer
@executed_or_not
async def test_tc_e78_batch_cancel_whose_answer_is_lost_rejects_nothing_by_itself(
    venue, answers, how, is_executed
):
    tester = exec_tester(**PAIR)
    async with running_node(venue, tester, **IMPATIENT) as node:
        await until_pair_rests(node)
        gone, left = tester.buy_order, tester.sell_order
        tester.cancel_order(gone)
        await eventually(lambda: gone.is_closed)
        answers.spoil_next("DELETE", "/v1/orders/batch", how=how, is_executed=is_executed)
        cancel_both(node, tester, gone, left)
        await eventually(lambda: answers.spoiled == 1)
        if not is_executed:
            assert [order["id"] for order in venue.open_orders] == [left.venue_order_id.value]
            tester.cancel_order(left)
        await eventually(lambda: left.is_closed)

        # The answer would have refused one of them. Without it nothing is told of any.
        assert {gone.status, left.status} == {OrderStatus.CANCELED}
        assert "OrderCancelRejected" not in map(_name, tester.order_events)


async def test_tc_e78_batch_cancel_rejects_only_what_the_venue_refuses(venue):
    tester = exec_tester(**PAIR)
    async with running_node(venue, tester) as node:
        await until_pair_rests(node)
        gone, open_order = tester.buy_order, tester.sell_order
        tester.cancel_order(gone)
        await eventually(lambda: gone.is_closed)
        cancel_both(node, tester, gone, open_order)
        await eventually(lambda: open_order.is_closed)
        await eventually(lambda: "OrderCancelRejected" in map(_name, tester.order_events))

        (rejected,) = (e for e in tester.order_events if _name(e) == "OrderCancelRejected")
        assert rejected.client_order_id == gone.client_order_id
        assert event_names(open_order)[-1] == "OrderCanceled"
        assert venue.open_orders == []


def cancel_both(node, tester, *orders):
    """Send the cancel of a batch of which `Strategy.cancel_orders` would leave the closed out."""
    node.kernel.msgbus.send(
        "ExecEngine.execute",
        BatchCancelOrders(
            trader_id=tester.trader_id,
            strategy_id=tester.id,
            instrument_id=BTC,
            cancels=[raw_cancel(order, node) for order in orders],
            command_id=UUID4(),
            ts_init=node.kernel.clock.timestamp_ns(),
        ),
    )


def _name(event):
    return type(event).__name__
