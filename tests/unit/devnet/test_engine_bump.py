"""Orders that the engine passes over for a while."""

from engine_world import ALICE, BOB, World


def test_an_order_that_is_held_back_is_executed_when_its_time_has_come(world: World) -> None:
    held = world.exchange.submit(ALICE, world.order("BUY", "0.1", "95000"), 300_000)
    world.send(BOB, "BUY", "0.1", "94000")
    assert world.last(held.order_id).status == "NEW"
    assert world.exchange.queued == 1

    world.later(0.3)

    assert world.last(held.order_id).status == "OPEN"
    assert world.exchange.queued == 0


def test_held_orders_keep_their_order(world: World) -> None:
    first = world.exchange.submit(ALICE, world.order("SELL", "0.1", "96000"), 300_000)
    second = world.exchange.submit(BOB, world.order("SELL", "0.1", "96000"), 300_000)
    world.later(0.3)
    world.send(BOB, "BUY", "0.1", stp="EXPIRE_MAKER")

    assert world.last(first.order_id).status == "CLOSED"
    assert world.last(second.order_id).status == "OPEN"


def test_one_that_is_cancelled_meanwhile_never_works(world: World) -> None:
    held = world.exchange.submit(ALICE, world.order("BUY", "0.1", "95000"), 300_000)
    world.exchange.cancel(ALICE, str(held.order_id))
    world.exchange.process()
    world.later(0.3)

    assert [event.status for event in world.story(held.order_id)] == ["NEW", "CLOSED"]
