"""What is to be done about an exit, by how it and its entry and the other exit stand."""

import pytest
from nautilus_trader.common.component import TestClock
from nautilus_trader.common.factories import OrderFactory
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.model.enums import ContingencyType, OrderSide, OrderType
from nautilus_trader.model.events import OrderCancelRejected
from nautilus_trader.model.identifiers import InstrumentId, StrategyId, TraderId
from nautilus_trader.model.objects import Price, Quantity
from nautilus_trader.model.orders import Order
from nautilus_trader.test_kit.stubs.events import TestEventStubs

from nautilus_paradex.execution.commands.lists.exits import (
    Action,
    Family,
    Member,
    Place,
    Step,
    is_lost,
    step_for,
    unguarded,
)
from nautilus_paradex.protocol.numbers import E8

BTC = InstrumentId.from_str("BTC-USD-PERP.PARADEX")
WORKING, HERE, OVER, ON_ITS_WAY = Place.WORKING, Place.HERE, Place.OVER, Place.ON_ITS_WAY


def bracket(size: int = 6, **settings) -> list[Order]:
    """A long bracket of whole units: entry, stop, target."""
    factory = OrderFactory(TraderId("T-1"), StrategyId("S-1"), TestClock())
    orders = factory.bracket(
        instrument_id=BTC,
        order_side=OrderSide.BUY,
        quantity=Quantity.from_int(size),
        entry_order_type=OrderType.LIMIT,
        entry_price=Price.from_str("100"),
        sl_trigger_price=Price.from_str("90"),
        tp_price=Price.from_str("110"),
        **settings,
    )
    return orders.orders


def accept(order: Order) -> Order:
    order.apply(TestEventStubs.order_submitted(order))
    order.apply(TestEventStubs.order_accepted(order))
    return order


def cancel_rejected(order: Order) -> OrderCancelRejected:
    return OrderCancelRejected(
        trader_id=order.trader_id,
        strategy_id=order.strategy_id,
        instrument_id=order.instrument_id,
        client_order_id=order.client_order_id,
        venue_order_id=order.venue_order_id,
        account_id=order.account_id,
        reason="NO_EFFECT",
        event_id=UUID4(),
        ts_event=0,
        ts_init=0,
    )


def member(order: Order, place: Place, size: int = 0, filled: int = 0, **known) -> Member:
    asked = known.pop("asked", None)
    return Member(
        order=order,
        place=place,
        size=size * E8,
        filled=filled * E8,
        asked=None if asked is None else asked * E8,
        **known,
    )


def sized(total: int) -> Step:
    return Step(Action.RESIZE, total * E8)


END = Step(Action.END)


@pytest.mark.parametrize(
    ("entry_filled", "stop_filled", "size", "asked", "step"),
    [
        pytest.param(2, 0, 2, None, None, id="in_step"),
        pytest.param(4, 0, 2, None, sized(4), id="entry_filled_more"),
        pytest.param(6, 2, 6, None, sized(4), id="stop_filled_in_part"),
        pytest.param(6, 6, 6, None, END, id="stop_filled_in_full"),
        pytest.param(6, 0, 3, 3, None, id="as_the_strategy_wants_it"),
        pytest.param(2, 0, 3, 3, sized(2), id="more_than_there_is"),
        pytest.param(6, 2, 3, 3, None, id="what_is_left_suffices"),
        pytest.param(6, 4, 3, 3, sized(2), id="what_is_left_is_less"),
        pytest.param(8, 0, 6, None, sized(8), id="entry_made_larger"),
        pytest.param(8, 0, 6, 6, None, id="entry_made_larger_than_is_wanted"),
    ],
)
def test_a_target_has_the_size_of_what_is_open_and_no_more_than_is_wanted(
    entry_filled, stop_filled, size, asked, step
):
    entry, stop, target = map(accept, bracket())
    known = member(target, WORKING, size, asked=asked)
    members = (
        member(stop, WORKING, entry_filled, stop_filled),
        member(entry, WORKING, 6, entry_filled),
        known,
    )

    assert step_for(known, Family(members, net_position=6 * E8)) == step


def test_an_oco_exit_keeps_its_size_while_the_other_fills():
    entry, stop, target = map(accept, bracket(contingency_type=ContingencyType.OCO))
    known = member(stop, WORKING, 6)
    family = Family((known, member(entry, OVER, 6, 6), member(target, WORKING, 6, 2)), 4 * E8)

    assert step_for(known, family) is None


@pytest.mark.parametrize(
    ("contingency", "step"), [(ContingencyType.OCO, END), (ContingencyType.OUO, None)]
)
def test_an_oco_exit_ends_with_the_other_also_if_the_venue_ended_that(contingency, step):
    entry, stop, target = map(accept, bracket(contingency_type=contingency))
    target.apply(TestEventStubs.order_canceled(target))
    known = member(stop, WORKING, 6)
    family = Family((known, member(entry, OVER, 6, 6), member(target, OVER, 6)), 6 * E8)

    assert step_for(known, family) == step


@pytest.mark.parametrize(
    ("size", "other_filled", "step"),
    [
        pytest.param(9, 0, None, id="changed_in_an_earlier_run"),
        pytest.param(6, 2, sized(4), id="other_filled_in_part"),
        pytest.param(4, 2, None, id="in_step"),
        pytest.param(6, 6, END, id="other_filled_in_full"),
    ],
)
def test_an_ouo_pair_without_an_entry_is_only_ever_reduced(size, other_filled, step):
    _, stop, target = map(accept, bracket())
    known = member(stop, WORKING, size)

    assert step_for(known, Family((known, member(target, WORKING, 6, other_filled)), 0)) == step


@pytest.mark.parametrize(
    ("entry_filled", "has_failed", "net_position", "step"),
    [
        pytest.param(0, False, 0, None, id="entry_not_filled"),
        pytest.param(2, False, 0, Step(Action.SEND, 2 * E8), id="position_not_told_yet"),
        pytest.param(2, True, 2, Step(Action.SEND, 2 * E8), id="failed_and_needed"),
        pytest.param(2, True, 0, END, id="failed_and_not_needed"),
        pytest.param(2, True, -2, END, id="failed_and_the_position_is_reversed"),
    ],
)
def test_a_stop_that_was_not_sent_is_sent_for_what_is_filled(
    entry_filled, has_failed, net_position, step
):
    entry, stop, target = bracket()
    known = member(stop, HERE, 6, has_failed=has_failed)
    members = (known, member(accept(entry), WORKING, 6, entry_filled), member(target, HERE, 6))

    assert step_for(known, Family(members, net_position * E8)) == step


@pytest.mark.parametrize("place", [ON_ITS_WAY, OVER])
def test_nothing_is_done_about_an_order_that_nothing_can_be_done_about(place):
    entry, stop, _ = bracket()
    known = member(stop, place, 1, is_unwanted=True)

    assert step_for(known, Family((known, member(accept(entry), WORKING, 6, 4)), 4 * E8)) is None


def test_a_cancel_that_was_refused_does_not_make_a_later_end_the_strategys():
    entry, stop, target = map(accept, bracket())
    target.apply(TestEventStubs.order_pending_cancel(target))
    target.apply(cancel_rejected(target))
    target.apply(TestEventStubs.order_canceled(target))
    known = member(stop, WORKING, 6)
    family = Family((known, member(entry, OVER, 6, 6), member(target, OVER, 6)), 6 * E8)

    assert step_for(known, family) is None


def test_an_end_that_the_strategy_asked_for_takes_the_other_along():
    entry, stop, target = map(accept, bracket())
    target.apply(TestEventStubs.order_pending_cancel(target))
    target.apply(TestEventStubs.order_canceled(target))
    known = member(stop, WORKING, 6)
    family = Family((known, member(entry, OVER, 6, 6), member(target, OVER, 6)), 6 * E8)

    assert step_for(known, family) == END


@pytest.mark.parametrize(
    ("place", "size", "is_overdue", "step"),
    [
        pytest.param(HERE, 6, False, None, id="not_sent_yet"),
        pytest.param(HERE, 6, True, END, id="not_sent_for_long"),
        pytest.param(ON_ITS_WAY, 2, True, END, id="not_answered_for_long"),
        pytest.param(WORKING, 1, True, END, id="not_raised_for_long"),
        pytest.param(WORKING, 3, True, None, id="not_reduced_for_long"),
    ],
)
def test_an_entry_fills_no_more_whose_stop_does_not_get_through(place, size, is_overdue, step):
    entry, stop, target = bracket()
    known = member(accept(entry), WORKING, 6, 2)
    members = (member(stop, place, size, is_overdue=is_overdue), known, member(target, HERE, 6))

    assert step_for(known, Family(members, 2 * E8)) == step


def test_a_stop_is_lost_if_nobody_here_asked_for_its_end():
    _, ended, asked_for = bracket()[1], accept(bracket()[1]), accept(bracket()[1])
    ended.apply(TestEventStubs.order_canceled(ended))
    asked_for.apply(TestEventStubs.order_pending_cancel(asked_for))
    asked_for.apply(TestEventStubs.order_canceled(asked_for))

    assert is_lost(member(ended, OVER))
    assert not is_lost(member(asked_for, OVER))
    assert not is_lost(member(ended, OVER, is_unwanted=True))


@pytest.mark.parametrize(
    ("place", "size", "target_filled", "net_position", "bare"),
    [
        pytest.param(HERE, 6, 0, 4, 4, id="not_sent"),
        pytest.param(WORKING, 3, 0, 4, 1, id="too_small"),
        pytest.param(WORKING, 4, 0, 4, 0, id="whole"),
        pytest.param(OVER, 4, 1, 3, 3, id="partly_closed"),
        pytest.param(OVER, 4, 0, 2, 2, id="closed_by_another_order"),
        pytest.param(OVER, 4, 0, 0, 0, id="no_position"),
        pytest.param(OVER, 4, 0, -4, 0, id="reversed"),
    ],
)
def test_what_a_stop_leaves_unguarded(place, size, target_filled, net_position, bare):
    entry, stop, target = bracket()
    known = member(stop, place, size)
    members = (known, member(entry, WORKING, 6, 4), member(target, WORKING, 4, target_filled))

    assert unguarded(known, Family(members, net_position * E8)) == bare * E8
