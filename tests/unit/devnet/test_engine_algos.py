"""TWAPs on the devnet: what they place and when, and how they end."""

import pytest
from engine_world import ALICE, BOB, BTC, World

from nautilus_paradex.devnet.engine.algos import AlgoReport
from nautilus_paradex.devnet.engine.model import HistoryQuery, NewAlgo, OrderRefused
from nautilus_paradex.protocol.numbers import to_e8


def twap(side: str = "BUY", size: str = "0.3", **changes: object) -> NewAlgo:
    fields: dict[str, object] = {
        "market": BTC,
        "side": side,
        "size_e8": to_e8(size),
        "duration_secs": 90,
        "frequency_secs": 30,
    }
    return NewAlgo(**(fields | changes))


def newest(world: World) -> AlgoReport:
    return world.exchange.algos.history(ALICE, HistoryQuery()).results[0]


def filled_sizes(world: World) -> list[int | None]:
    return [fill.size for fill in world.fills(ALICE)]


def test_a_child_is_placed_at_once_and_then_one_every_so_many_seconds(world: World) -> None:
    world.send(BOB, "SELL", "1", "96000")
    report = world.exchange.algos.start(ALICE, twap())
    assert report.status == "NEW"

    world.later(0)
    assert filled_sizes(world) == [to_e8("0.1")]
    world.later(29)
    assert len(world.fills(ALICE)) == 1
    world.later(1)
    assert newest(world).status == "OPEN"
    world.later(30)

    assert filled_sizes(world) == [to_e8("0.1")] * 3
    done = newest(world)
    assert (done.status, done.remaining_e8, done.cancel_reason) == ("CLOSED", 0, "")
    assert done.avg_fill_e8 == to_e8("96000")
    assert done.end_at_us - done.created_at_us == 90_000_000


def test_children_are_market_orders_that_name_neither_client_nor_algo(world: World) -> None:
    world.send(BOB, "SELL", "1", "96000")
    algo = world.exchange.algos.start(ALICE, twap())
    world.later(0)

    (child,) = world.exchange.orders_history(ALICE, HistoryQuery()).results
    assert (child.order_type, child.client_order_id) == ("MARKET", "")
    assert child.order_id != algo.id


def test_time_that_passes_unnoticed_is_made_up_for(world: World) -> None:
    world.send(BOB, "SELL", "1", "96000")
    world.exchange.algos.start(ALICE, twap())

    world.later(75)

    assert len(world.fills(ALICE)) == 3


def test_what_one_child_could_not_fill_is_left_to_the_next_ones(world: World) -> None:
    world.exchange.algos.start(ALICE, twap())
    world.later(0)
    assert world.fills(ALICE) == []
    world.send(BOB, "SELL", "1", "96000")

    world.later(30)
    world.later(30)

    assert filled_sizes(world) == [to_e8("0.15"), to_e8("0.15")]


def test_the_last_child_takes_what_does_not_divide_evenly(world: World) -> None:
    world.send(BOB, "SELL", "1", "96000")
    world.exchange.algos.start(ALICE, twap(size="0.10001"))
    world.later(60)

    sizes = filled_sizes(world)
    assert sizes == [to_e8("0.03333"), to_e8("0.03334"), to_e8("0.03334")]


def test_a_cancel_ends_it_between_two_children(world: World) -> None:
    world.send(BOB, "SELL", "1", "96000")
    algo = world.exchange.algos.start(ALICE, twap())
    world.later(0)

    closed = world.exchange.algos.cancel(ALICE, algo.id)
    world.later(90)

    assert (closed.status, closed.cancel_reason) == ("CLOSED", "USER_CANCELED")
    assert len(world.fills(ALICE)) == 1
    assert world.exchange.algos.running(ALICE) == []
    with pytest.raises(OrderRefused, match="ALGO_ID_NOT_FOUND"):
        world.exchange.algos.cancel(ALICE, algo.id)


def test_a_child_that_is_refused_for_margin_ends_it_with_that_reason(world: World) -> None:
    world.send(BOB, "SELL", "40", "96000")
    world.exchange.algos.start(ALICE, twap(size="300"))

    world.later(0)

    assert (newest(world).status, newest(world).cancel_reason) == ("CLOSED", "NOT_ENOUGH_MARGIN")


def test_out_of_time_it_closes_with_what_is_left(world: World) -> None:
    world.exchange.algos.start(ALICE, twap())

    world.later(90)

    assert (newest(world).status, newest(world).remaining_e8) == ("CLOSED", to_e8("0.3"))


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("cancel_only", "SYSTEM_STATUS_CANCEL_ONLY"),
        ("post_only", "SYSTEM_STATUS_POST_ONLY"),
        ("maintenance", "SERVICE_UNAVAILABLE"),
    ],
)
def test_none_is_started_while_the_venue_takes_no_orders(
    world: World, status: str, code: str
) -> None:
    world.exchange.system_status = status

    with pytest.raises(OrderRefused) as refused:
        world.exchange.algos.start(ALICE, twap())

    assert refused.value.code == code
    assert world.exchange.algos.running(ALICE) == []


def test_no_child_is_placed_while_the_venue_takes_no_orders(world: World) -> None:
    world.send(BOB, "SELL", "1", "96000")
    world.exchange.algos.start(ALICE, twap())
    world.exchange.system_status = "post_only"
    world.later(30)
    assert world.fills(ALICE) == []

    world.exchange.system_status = "ok"
    world.later(0)

    assert len(world.fills(ALICE)) == 2


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"duration_secs": 45}, "duration_seconds: must be 30 to 86400 in multiples of 30"),
        ({"duration_secs": 0}, "duration_seconds"),
        ({"duration_secs": 86_430}, "duration_seconds"),
        ({"frequency_secs": 0}, "frequency"),
        ({"frequency_secs": 120}, "frequency"),
        ({"side": "UP"}, "side"),
        ({"size_e8": 0}, "size: must be positive"),
        ({"size_e8": to_e8("0.000015")}, "size: must be a multiple of"),
        ({"size_e8": to_e8("0.0003")}, "below the minimum"),
        ({"size_e8": to_e8("301")}, "size: must be at most 100"),
        ({"market": "NO-SUCH"}, "MARKET_NOT_FOUND"),
    ],
)
def test_what_could_not_be_worked_is_refused_at_once(
    world: World, changes: dict[str, object], message: str
) -> None:
    with pytest.raises(OrderRefused, match=message):
        world.exchange.algos.start(ALICE, twap(**changes))
    assert world.exchange.algos.running(ALICE) == []


def test_a_twap_in_a_market_that_is_listed_no_more_ends(world: World) -> None:
    world.exchange.algos.start(ALICE, twap())

    world.exchange.delist_market(BTC)
    world.later(1)

    assert (newest(world).status, newest(world).cancel_reason) == ("CLOSED", "ASSET_UNAVAILABLE")
