"""Whatever order the venue's messages of an order come in, the order's story is told once."""

from collections.abc import Sequence
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_paradex.execution.orders.actions import (
    Accepted,
    Action,
    Ended,
    Filled,
    Misdirected,
    ModifyRefused,
    Revived,
    Triggered,
    Updated,
)
from nautilus_paradex.execution.orders.state import OrderState
from nautilus_paradex.protocol.endings import Ending
from nautilus_paradex.protocol.events import FillEvent, OrderEvent
from nautilus_paradex.protocol.numbers import E8

SIZE = 10 * E8
PRICE = 62_000 * E8
T0 = 1_791_421_535_000_000


def order_update(
    status: str,
    *,
    remaining: int | None = SIZE,
    reason: str = "",
    at: int = T0,
    size: int = SIZE,
    price: int | None = PRICE,
    request_status: str = "UNSPECIFIED",
    request_id: str = "",
    message: str = "",
    trigger: int | None = None,
    flags: tuple[str, ...] = (),
) -> OrderEvent:
    return OrderEvent(
        ts=at,
        updated_at=at,
        status=status,
        side="BUY",
        order_type="LIMIT",
        size=size,
        size_open=remaining,
        price=price,
        trigger_price=trigger,
        flags=flags,
        order_id="1791421535935201709233240003",
        client_order_id="O-1",
        market="BTC-USD-PERP",
        cancel_reason=reason,
        request_status=request_status,
        request_id=request_id,
        request_message=message,
    )


def fill(number: int, size: int = E8, *, fill_type: str = "FILL") -> FillEvent:
    return FillEvent(
        ts=T0 + number,
        created_at=T0 + number,
        fill_type=fill_type,
        fill_id=f"f{number}",
        order_id="1791421535935201709233240003",
        side="BUY",
        price=PRICE,
        size=size,
        market="BTC-USD-PERP",
    )


@pytest.fixture
def state() -> OrderState:
    return OrderState(client_order_id="O-1", market="BTC-USD-PERP", size=SIZE, price=PRICE)


def kinds(actions: Sequence[Action]) -> list[str]:
    return [type(action).__name__ for action in actions]


def apply(state: OrderState, *messages: OrderEvent | FillEvent) -> list[Action]:
    actions: list[Action] = []
    for message in messages:
        taken = state.apply_order if isinstance(message, OrderEvent) else state.apply_fill
        actions += taken(message)  # type: ignore[operator]
    return actions


def test_the_201_reply_is_no_acceptance(state: OrderState) -> None:
    assert apply(state, order_update("NEW")) == []
    assert state.venue_order_id == "1791421535935201709233240003"


@pytest.mark.parametrize("status", ["OPEN", "UNTRIGGERED"])
def test_an_order_on_the_book_is_accepted_once(state: OrderState, status: str) -> None:
    assert kinds(apply(state, order_update(status), order_update(status))) == ["Accepted"]


def test_a_market_order_is_accepted_just_before_its_fill(state: OrderState) -> None:
    closed = order_update("CLOSED", remaining=0)
    assert kinds(apply(state, order_update("NEW"), fill(1, SIZE), closed)) == ["Accepted", "Filled"]
    assert state.ended


def test_a_close_waits_for_the_fills_it_counts(state: OrderState) -> None:
    closed = order_update("CLOSED", remaining=8 * E8, reason="USER_CANCELED", at=T0 + 9)
    assert kinds(apply(state, order_update("OPEN"), closed)) == ["Accepted"]
    assert state.is_incomplete
    assert not state.ended
    assert kinds(apply(state, fill(1))) == ["Filled"]
    assert kinds(apply(state, fill(2))) == ["Filled", "Ended"]
    assert state.ended


@pytest.mark.parametrize(
    ("reason", "was_open", "ending", "accepted"),
    [
        ("NOT_ENOUGH_MARGIN", False, Ending.REJECTED, False),
        ("POST_ONLY_WOULD_CROSS", False, Ending.REJECTED, False),
        ("A_REASON_OF_TOMORROW", False, Ending.REJECTED, False),
        ("NOT_ENOUGH_MARGIN", True, Ending.CANCELED, True),
        ("USER_CANCELED", True, Ending.CANCELED, True),
        ("USER_CANCELED", False, Ending.CANCELED, True),
        ("REMAINING_IOC_CANCEL", False, Ending.CANCELED, True),
        ("", False, Ending.CANCELED, True),
        ("EXPIRED", True, Ending.EXPIRED, True),
        ("MMP_TRIGGERED", True, Ending.CANCELED, True),
    ],
)
def test_an_unfilled_close_ends_by_its_reason_and_whether_it_was_open(
    state: OrderState,
    reason: str,
    was_open: bool,
    ending: Ending,
    accepted: bool,
) -> None:
    messages = [order_update("OPEN")] if was_open else []
    actions = apply(state, *messages, order_update("CLOSED", reason=reason, at=T0 + 5_000))
    ended = [action for action in actions if isinstance(action, Ended)]
    assert [end.ending for end in ended] == [ending]
    assert any(isinstance(action, Accepted) for action in actions) is accepted


def test_a_crossing_post_only_order_is_rejected_for_being_post_only(state: OrderState) -> None:
    (action,) = apply(state, order_update("CLOSED", reason="POST_ONLY_WOULD_CROSS"))
    assert isinstance(action, Ended)
    assert action.due_post_only


def test_a_partly_filled_ioc_is_canceled_not_rejected(state: OrderState) -> None:
    closed = order_update("CLOSED", remaining=9 * E8, reason="REMAINING_IOC_CANCEL")
    assert kinds(apply(state, closed, fill(1))) == ["Accepted", "Filled", "Ended"]


def test_a_close_without_remaining_size_and_with_a_reason_counts_the_fills_seen(
    state: OrderState,
) -> None:
    closed = order_update("CLOSED", remaining=None, reason="NOT_ENOUGH_MARGIN")
    (action,) = apply(state, closed)
    assert isinstance(action, Ended)
    assert action.ending == Ending.REJECTED


def test_a_fill_without_a_type_is_an_ordinary_one(state: OrderState) -> None:
    assert kinds(apply(state, fill(1, fill_type=""), fill(1))) == ["Accepted", "Filled"]


def test_fills_of_equal_id_and_different_type_both_count(state: OrderState) -> None:
    assert kinds(apply(state, fill(1), fill(1), fill(1, fill_type="RPI"))) == [
        "Accepted",
        "Filled",
        "Filled",
    ]


def test_a_fill_known_from_before_is_not_counted_again() -> None:
    state = OrderState(
        client_order_id="O-1",
        market="BTC-USD-PERP",
        size=SIZE,
        filled=E8,
        accepted=True,
        is_counted=lambda known: known.fill_id == "f1",
    )
    assert apply(state, fill(1)) == []
    assert kinds(apply(state, fill(2))) == ["Filled"]
    assert state.filled == 2 * E8


def test_a_fill_the_platform_has_by_a_report_counts_and_is_not_told() -> None:
    state = OrderState(
        client_order_id="O-1",
        market="BTC-USD-PERP",
        size=SIZE,
        accepted=True,
        is_applied=lambda _: True,
    )
    closed = order_update("CLOSED", remaining=9 * E8, reason="USER_CANCELED")
    assert apply(state, closed) == []
    assert kinds(apply(state, fill(1))) == ["Ended"]


def test_a_fill_after_the_end_is_told_and_the_order_ended_again(state: OrderState) -> None:
    # The platform opens a canceled order again when it fills.
    apply(state, order_update("OPEN"), order_update("CLOSED", reason="USER_CANCELED"))
    assert kinds(apply(state, fill(1))) == ["Filled", "Ended"]
    assert kinds(apply(state, fill(2, 9 * E8))) == ["Filled"]


def test_an_older_update_from_rest_does_not_undo_a_newer_one(state: OrderState) -> None:
    newer = order_update("OPEN", price=PRICE + E8, at=T0 + 10_000)
    older = order_update("OPEN", at=T0)
    assert kinds(apply(state, newer, older)) == ["Accepted", "Updated"]
    assert state.price == PRICE + E8


def test_a_modification_is_told_with_the_total_size(state: OrderState) -> None:
    changed = order_update("OPEN", size=12 * E8, remaining=11 * E8, at=T0 + 1_000)
    actions = apply(state, order_update("OPEN"), fill(1), changed)
    assert actions[-1] == Updated(T0 + 1_000, 12 * E8, PRICE, None)


def refusal(at: int = T0, request_id: str = "r1") -> OrderEvent:
    return order_update(
        "OPEN",
        at=at,
        request_status="REJECTED",
        request_id=request_id,
        message="NOT_ENOUGH_MARGIN",
    )


def test_a_refused_modification_is_told_once(state: OrderState) -> None:
    apply(state, order_update("OPEN"))
    state.expect_change()
    assert apply(state, refusal(), refusal()) == [ModifyRefused(T0, "NOT_ENOUGH_MARGIN")]


def test_a_second_refused_modification_is_told_too(state: OrderState) -> None:
    apply(state, order_update("OPEN"))
    for number, request_id in enumerate(("r1", "r2", "", "")):
        state.expect_change()
        at = T0 + 1_000 * (number + 1)
        assert kinds(apply(state, refusal(at, request_id))) == ["ModifyRefused"]


def test_the_refusal_of_the_last_modification_does_not_answer_the_next(state: OrderState) -> None:
    apply(state, order_update("OPEN"))
    state.expect_change()
    apply(state, refusal(T0 + 1_000))
    state.expect_change()
    assert apply(state, refusal(T0 + 2_000)) == []
    assert state.modify_pending


def test_an_order_cut_down_to_what_is_filled_needs_an_end(state: OrderState) -> None:
    # The platform ends an order by a fill, not by a smaller size.
    apply(state, order_update("OPEN"), fill(1, 4 * E8))
    closed = order_update("CLOSED", size=4 * E8, remaining=0, at=T0 + 9_000)
    assert kinds(apply(state, closed)) == ["Updated", "Ended"]
    assert state.ended


def test_an_order_cut_down_before_its_last_fill_is_filled(state: OrderState) -> None:
    apply(state, order_update("OPEN"), fill(1, 3 * E8))
    closed = order_update("CLOSED", size=4 * E8, remaining=0, at=T0 + 9_000)
    assert kinds(apply(state, closed, fill(2, E8))) == ["Updated", "Filled"]
    assert state.ended


def test_the_outcome_of_somebody_elses_modification_is_not_told(state: OrderState) -> None:
    assert kinds(apply(state, order_update("OPEN"), refusal())) == ["Accepted"]


def test_a_modification_under_way_changes_nothing_yet(state: OrderState) -> None:
    apply(state, order_update("OPEN"))
    under_way = order_update("OPEN", price=PRICE + E8, at=T0 + 1_000, request_status="PENDING")
    assert apply(state, under_way) == []
    done = order_update("OPEN", price=PRICE + E8, at=T0 + 2_000, request_status="SUCCESS")
    assert kinds(apply(state, done)) == ["Updated"]


def test_a_fill_names_the_venues_order_before_any_order_update(state: OrderState) -> None:
    apply(state, fill(1))
    assert state.venue_order_id == "1791421535935201709233240003"


def test_a_fill_beyond_the_size_waits_for_the_update_that_explains_it(state: OrderState) -> None:
    apply(state, order_update("OPEN"))
    assert apply(state, fill(1, 11 * E8)) == []
    assert state.is_incomplete
    assert not state.ended
    grown = order_update("OPEN", size=12 * E8, remaining=E8, at=T0 + 1_000)
    assert kinds(apply(state, grown)) == ["Updated", "Filled"]
    assert state.filled == 11 * E8


def test_a_fill_of_the_old_size_waits_while_a_modification_is_under_way(state: OrderState) -> None:
    apply(state, order_update("OPEN"))
    state.expect_change()
    assert apply(state, fill(1, SIZE)) == []
    grown = order_update("OPEN", size=12 * E8, remaining=2 * E8, at=T0 + 1_000)
    assert kinds(apply(state, grown)) == ["Updated", "Filled"]
    assert not state.ended


def test_a_fill_of_the_old_size_is_told_once_the_modification_has_failed(state: OrderState) -> None:
    apply(state, order_update("OPEN"))
    state.expect_change()
    apply(state, fill(1, SIZE))
    assert kinds(state.change_failed()) == ["Filled"]
    assert state.ended


def test_an_order_whose_fills_are_never_listed_ends_with_what_is_there(state: OrderState) -> None:
    closed = order_update("CLOSED", remaining=8 * E8, reason="USER_CANCELED", at=T0 + 9)
    assert kinds(apply(state, order_update("OPEN"), fill(1), closed)) == ["Accepted", "Filled"]
    assert kinds(state.give_up()) == ["Ended"]
    assert state.ended


def test_a_fill_beyond_what_the_venue_has_filled_is_never_counted(state: OrderState) -> None:
    apply(state, order_update("OPEN"), fill(1, 11 * E8))
    assert state.give_up() == []
    assert state.filled == 0
    assert not state.is_incomplete


def test_an_order_the_platform_ended_by_itself_goes_on_when_it_fills(state: OrderState) -> None:
    apply(state, order_update("OPEN"))
    state.sync_end(is_closed=True, filled=0)
    assert kinds(apply(state, fill(1))) == ["Filled"]
    state.sync_end(is_closed=True, filled=0)  # the fill has not reached the platform's order yet
    closed = order_update("CLOSED", remaining=9 * E8, reason="USER_CANCELED", at=T0 + 9)
    assert kinds(apply(state, closed)) == ["Ended"]


def test_an_order_the_platform_ended_by_itself_may_close_before_it_is_seen_to_fill(
    state: OrderState,
) -> None:
    apply(state, order_update("OPEN"))
    state.sync_end(is_closed=True, filled=0)
    closed = order_update("CLOSED", remaining=9 * E8, reason="USER_CANCELED", at=T0 + 9)
    assert kinds(apply(state, closed, fill(1))) == ["Filled", "Ended"]


def test_an_order_the_platform_ended_by_itself_is_alive_if_nothing_has_changed(
    state: OrderState,
) -> None:
    apply(state, order_update("OPEN"))
    state.sync_end(is_closed=True, filled=0)
    assert apply(state, order_update("OPEN", at=T0 - 1_000)) == []
    assert apply(state, order_update("OPEN")) == [Revived(T0, has_grown=False)]


def test_an_order_refused_by_its_answer_that_shows_up_open_is_revived(state: OrderState) -> None:
    assert state.end_locally()
    assert apply(state, order_update("OPEN")) == [Revived(T0, has_grown=False)]
    assert apply(state, order_update("OPEN", at=T0 + 1_000)) == []


def test_an_order_that_grew_after_it_was_filled_is_told_apart(state: OrderState) -> None:
    apply(state, order_update("OPEN"), fill(1, SIZE))
    grown = order_update("OPEN", size=12 * E8, remaining=2 * E8, at=T0 + 1_000)
    assert apply(state, grown) == [Revived(T0 + 1_000, has_grown=True)]


@pytest.mark.parametrize("status", ["NEW", "OPEN"])
def test_an_order_the_venue_has_shown_cannot_be_refused_any_more(
    state: OrderState,
    status: str,
) -> None:
    apply(state, order_update(status))
    assert not state.end_locally()


def test_a_late_repetition_of_open_after_the_end_is_nothing(state: OrderState) -> None:
    apply(state, order_update("OPEN"), order_update("CLOSED", reason="USER_CANCELED", at=T0 + 5))
    assert apply(state, order_update("OPEN")) == []


# -- Triggers ------------------------------------------------------------------------------------

TRIGGER = 63_000 * E8
ABOVE, BELOW = "STOP_CONDITION_ABOVE_TRIGGER", "STOP_CONDITION_BELOW_TRIGGER"


def waiting(at: int = T0, flags: tuple[str, ...] = (ABOVE,), **fields: object) -> OrderEvent:
    return order_update("UNTRIGGERED", at=at, flags=flags, **{"trigger": TRIGGER, **fields})  # type: ignore[arg-type]


@pytest.fixture
def stop_limit() -> OrderState:
    return OrderState(
        client_order_id="O-1",
        market="BTC-USD-PERP",
        size=SIZE,
        price=PRICE,
        trigger_price=TRIGGER,
        is_triggerable=True,
        direction=ABOVE,
    )


@pytest.fixture
def stop_market() -> OrderState:
    return OrderState(
        client_order_id="O-1",
        market="BTC-USD-PERP",
        size=SIZE,
        trigger_price=TRIGGER,
        direction=ABOVE,
    )


def test_a_stop_limit_is_triggered_once_when_it_comes_to_the_book(stop_limit: OrderState) -> None:
    opened = order_update("OPEN", at=T0 + 1_000, trigger=TRIGGER, flags=(ABOVE,))
    actions = apply(stop_limit, order_update("NEW"), waiting(), opened, opened)
    assert actions == [Accepted(T0), Triggered(T0 + 1_000)]


def test_a_fill_says_that_the_order_was_triggered(stop_limit: OrderState) -> None:
    names = kinds(apply(stop_limit, waiting(), fill(1), order_update("OPEN", remaining=9 * E8)))
    assert names == ["Accepted", "Triggered", "Filled"]


def test_a_stop_market_has_no_triggered_state(stop_market: OrderState) -> None:
    closed = order_update("CLOSED", remaining=0, price=None, at=T0 + 1_000)
    actions = apply(stop_market, waiting(price=None), order_update("NEW"), fill(1, SIZE), closed)
    assert kinds(actions) == ["Accepted", "Filled"]


def test_a_stop_that_is_refused_when_it_is_set_off_ends_canceled(stop_limit: OrderState) -> None:
    refused = order_update("CLOSED", reason="NOT_ENOUGH_MARGIN", at=T0 + 1_000)
    actions = apply(stop_limit, waiting(), refused)
    assert kinds(actions) == ["Accepted", "Ended"]
    assert actions[-1] == Ended(T0 + 1_000, Ending.CANCELED, "NOT_ENOUGH_MARGIN")


@pytest.mark.parametrize("flags", [(), ("REDUCE_ONLY",), (ABOVE,)])
def test_a_direction_that_is_as_wanted_or_not_told_is_accepted(
    stop_limit: OrderState,
    flags: tuple[str, ...],
) -> None:
    assert kinds(apply(stop_limit, waiting(flags=flags))) == ["Accepted"]


REASON = f"TRIGGER_DIRECTION: intended={ABOVE} derived={BELOW}"


def test_an_order_of_the_wrong_direction_is_not_accepted_and_ends_rejected(
    stop_limit: OrderState,
) -> None:
    wrong = waiting(flags=(BELOW,))
    assert apply(stop_limit, wrong, wrong) == [Misdirected(T0, REASON)]
    assert not stop_limit.accepted
    closed = order_update("CLOSED", reason="USER_CANCELED", at=T0 + 1_000)
    assert apply(stop_limit, closed) == [Ended(T0 + 1_000, Ending.REJECTED, REASON)]


def test_an_order_of_the_wrong_direction_that_trades_before_it_is_cancelled_is_told_so(
    stop_limit: OrderState,
) -> None:
    opened = order_update("OPEN", at=T0 + 1_000, trigger=TRIGGER, flags=(BELOW,))
    closed = order_update("CLOSED", remaining=9 * E8, reason="USER_CANCELED", at=T0 + 2_000)
    actions = apply(stop_limit, waiting(flags=(BELOW,)), opened, fill(1), closed)
    assert kinds(actions) == ["Misdirected", "Accepted", "Triggered", "Filled", "Ended"]
    assert actions[-1] == Ended(T0 + 2_000, Ending.CANCELED, "USER_CANCELED")


def test_a_change_of_ours_that_turns_the_direction_is_told_and_objected_to(
    stop_limit: OrderState,
) -> None:
    apply(stop_limit, waiting())
    stop_limit.expect_change((SIZE, PRICE, 61_000 * E8))
    turned = waiting(
        T0 + 1_000,
        (BELOW,),
        trigger=61_000 * E8,
        request_status="SUCCESS",
        request_id="r1",
    )
    assert kinds(apply(stop_limit, turned, turned)) == ["Updated", "Misdirected"]
    closed = order_update("CLOSED", reason="USER_CANCELED", at=T0 + 2_000)
    (ended,) = apply(stop_limit, closed)
    assert isinstance(ended, Ended)
    assert ended.ending == Ending.CANCELED


def test_a_change_of_somebody_else_that_turns_the_direction_is_theirs(
    stop_limit: OrderState,
) -> None:
    apply(stop_limit, waiting())
    turned = waiting(T0 + 1_000, (BELOW,), trigger=61_000 * E8, request_status="SUCCESS")
    assert kinds(apply(stop_limit, turned)) == ["Updated"]


def test_a_size_that_is_the_positions_leaves_the_size_as_it_is(stop_market: OrderState) -> None:
    linked = waiting(price=None, size=0, remaining=0)
    assert kinds(apply(stop_market, linked)) == ["Accepted"]
    assert stop_market.size == SIZE
    sized = order_update("CLOSED", size=2 * E8, remaining=0, price=None, at=T0 + 1_000)
    names = kinds(apply(stop_market, fill(1, 2 * E8), sized))
    assert names == ["Filled", "Updated", "Ended"]
    assert stop_market.ended


def test_a_close_without_sizes_waits_for_the_fills_it_counts(stop_market: OrderState) -> None:
    closed = order_update("CLOSED", size=0, remaining=0, price=None, at=T0 + 1_000)
    assert apply(stop_market, waiting(price=None), closed)[1:] == []
    assert kinds(apply(stop_market, fill(1, SIZE))) == ["Filled"]
    assert stop_market.ended


# -- Which update answers a modification ---------------------------------------------------------


def answer(
    status: str,
    *,
    request_id: str = "r2",
    price: int = PRICE + E8,
    at: int = T0 + 1_000,
) -> OrderEvent:
    return order_update("OPEN", at=at, price=price, request_status=status, request_id=request_id)


def test_an_answer_without_a_difference_is_told(state: OrderState) -> None:
    apply(state, order_update("OPEN"))
    state.expect_change((SIZE, PRICE, None))
    assert kinds(apply(state, answer("SUCCESS", price=PRICE))) == ["Updated"]
    assert not state.modify_pending


def test_a_change_by_the_venue_does_not_answer_a_modification(state: OrderState) -> None:
    apply(state, order_update("OPEN"))
    state.expect_change((SIZE, PRICE + E8, None))
    capped = order_update("OPEN", size=5 * E8, remaining=5 * E8, at=T0 + 1_000)
    assert kinds(apply(state, capped)) == ["Updated"]
    assert state.modify_pending
    assert kinds(apply(state, answer("REJECTED", price=PRICE, at=T0 + 2_000))) == [
        "Updated",
        "ModifyRefused",
    ]


def test_a_wire_without_request_info_answers_by_its_values(state: OrderState) -> None:
    apply(state, order_update("OPEN"))
    state.expect_change((SIZE, PRICE + E8, None))
    assert kinds(apply(state, answer("UNSPECIFIED", request_id=""))) == ["Updated"]
    assert not state.modify_pending


def test_only_the_request_that_the_reply_named_is_the_answer(state: OrderState) -> None:
    apply(state, order_update("OPEN"))
    state.expect_change((SIZE, PRICE + E8, None))
    state.change.sent_as("r2")
    assert apply(state, answer("REJECTED", request_id="r1", price=PRICE)) == []
    assert state.modify_pending
    assert kinds(apply(state, answer("SUCCESS"))) == ["Updated"]


def test_the_success_of_the_last_modification_does_not_answer_the_next(state: OrderState) -> None:
    apply(state, order_update("OPEN"))
    state.expect_change((SIZE, PRICE + E8, None))
    apply(state, answer("SUCCESS", request_id="r1"))
    state.expect_change((SIZE, PRICE + 2 * E8, None))
    assert apply(state, answer("SUCCESS", request_id="r1", at=T0 + 2_000)) == []
    assert state.modify_pending
    done = answer("SUCCESS", price=PRICE + 2 * E8, at=T0 + 3_000)
    assert kinds(apply(state, done)) == ["Updated"]


def test_a_close_that_carries_the_answer_tells_it_first(state: OrderState) -> None:
    apply(state, order_update("OPEN"))
    state.expect_change((SIZE, PRICE + E8, None))
    closed = order_update(
        "CLOSED",
        price=PRICE + E8,
        reason="POST_ONLY_WOULD_CROSS",
        at=T0 + 1_000,
        request_status="SUCCESS",
        request_id="r1",
    )
    assert kinds(apply(state, closed)) == ["Updated", "Ended"]


# -- Any order of messages -----------------------------------------------------------------------


@st.composite
def stories(draw: st.DrawFn) -> tuple[list[OrderEvent | FillEvent], int, str]:
    """One order's messages as the venue makes them, repeated and in any order."""
    sizes = draw(st.lists(st.integers(1, 3), max_size=5))
    while sum(sizes) > 10:
        sizes.pop()
    filled = sum(sizes) * E8
    reason = "" if filled == SIZE else draw(st.sampled_from(["USER_CANCELED", "DELEVERAGE"]))
    at, remaining = T0, SIZE
    messages: list[OrderEvent | FillEvent] = [order_update("NEW"), order_update("OPEN")]
    for number, units in enumerate(sizes):
        at += 1_000
        remaining -= units * E8
        messages.append(fill(number, units * E8))
        messages.append(order_update("OPEN", remaining=remaining, at=at))
    messages.append(order_update("CLOSED", remaining=remaining, reason=reason, at=at + 1_000))
    repeated = draw(st.lists(st.sampled_from(messages), max_size=6))
    return draw(st.permutations(messages + repeated)), filled, reason


@given(stories())
def test_any_order_of_messages_tells_the_same_story(
    story: tuple[list[OrderEvent | FillEvent], int, str],
) -> None:
    messages, filled, reason = story
    state = OrderState(client_order_id="O-1", market="BTC-USD-PERP", size=SIZE, price=PRICE)
    actions = apply(state, *messages)
    names = kinds(actions)

    assert names.count("Accepted") == 1
    assert names[0] == "Accepted"
    told = [action.fill for action in actions if isinstance(action, Filled)]
    assert sum(each.size or 0 for each in told) == filled
    assert len({each.fill_id for each in told}) == len(told)
    assert names.count("Ended") == (1 if reason else 0)
    if reason:
        assert names[-1] == "Ended"
    assert "Revived" not in names
    assert state.ended
    assert not state.is_incomplete


@st.composite
def conditional_stories(
    draw: st.DrawFn,
) -> tuple[list[OrderEvent | FillEvent], int, str, int]:
    """A stop limit order's messages: moved while it waits, set off, filled, closed; any order."""
    at, trigger = T0, TRIGGER
    messages: list[OrderEvent | FillEvent] = [order_update("NEW"), waiting()]
    for number in range(draw(st.integers(0, 3))):
        at += 1_000
        trigger += E8
        request = f"r{number}"
        messages.append(
            waiting(at, trigger=trigger, request_status="SUCCESS", request_id=request),
        )
    remaining = SIZE
    if draw(st.booleans()):
        at += 1_000
        messages.append(order_update("OPEN", at=at, trigger=trigger, flags=(ABOVE,)))
        for number in range(draw(st.integers(0, 10))):
            at += 1_000
            remaining -= E8
            messages.append(fill(number))
            messages.append(
                order_update("OPEN", at=at, remaining=remaining, trigger=trigger, flags=(ABOVE,)),
            )
    reason = draw(st.sampled_from(["USER_CANCELED", "DELEVERAGE"])) if remaining else ""
    messages.append(
        order_update(
            "CLOSED",
            remaining=remaining,
            reason=reason,
            at=at + 1_000,
            trigger=trigger,
        ),
    )
    repeated = draw(st.lists(st.sampled_from(messages), max_size=6))
    return draw(st.permutations(messages + repeated)), SIZE - remaining, reason, trigger


@given(conditional_stories())
def test_any_order_of_messages_tells_the_story_of_a_trigger(
    story: tuple[list[OrderEvent | FillEvent], int, str, int],
) -> None:
    messages, filled, reason, trigger = story
    state = OrderState(
        client_order_id="O-1",
        market="BTC-USD-PERP",
        size=SIZE,
        price=PRICE,
        trigger_price=TRIGGER,
        is_triggerable=True,
        direction=ABOVE,
    )
    actions = apply(state, *messages)
    names = kinds(actions)

    assert names.count("Accepted") == 1
    assert names[0] == "Accepted"
    assert names.count("Triggered") <= 1
    if filled:
        assert names.index("Triggered") < names.index("Filled")
    told = sum(a.fill.size or 0 for a in actions if isinstance(a, Filled))
    assert told == filled
    triggers = [a.trigger_price for a in actions if isinstance(a, Updated)]
    assert triggers == sorted(set(triggers), key=lambda price: price or 0)
    assert state.trigger_price is not None
    assert TRIGGER <= state.trigger_price <= trigger
    assert names.count("Ended") == (1 if reason else 0)
    if reason:
        assert names[-1] == "Ended"
    assert not {"Misdirected", "Revived", "ModifyRefused"} & set(names)
    assert state.ended
    assert not state.is_incomplete


@given(
    st.permutations([f"f{number}" for number in range(4)]),
    st.sampled_from(["SUCCESS", "REJECTED"]),
    st.randoms(use_true_random=False),
)
def test_a_modification_is_answered_once_whatever_comes_between(
    numbers: list[str],
    outcome: str,
    random: Random,
) -> None:
    grown = outcome == "SUCCESS"
    size = 12 * E8 if grown else SIZE
    messages: list[OrderEvent | FillEvent] = [fill(int(number[1:])) for number in numbers]
    final = order_update(
        "OPEN",
        size=size,
        remaining=size - 4 * E8,
        at=T0 + 5_000,
        request_status=outcome,
        request_id="r1",
    )
    pending = order_update("OPEN", at=T0 + 4_000, request_status="PENDING", request_id="r1")
    messages += [final, final, pending]
    random.shuffle(messages)
    state = OrderState(client_order_id="O-1", market="BTC-USD-PERP", size=SIZE, price=PRICE)
    apply(state, order_update("OPEN"))
    state.expect_change((12 * E8, PRICE, None))

    names = kinds(apply(state, *messages))

    assert names.count("Filled") == 4
    assert names.count("Updated") == (1 if grown else 0)
    assert names.count("ModifyRefused") == (0 if grown else 1)
    assert not state.modify_pending
    assert (state.size, state.filled) == (size, 4 * E8)
