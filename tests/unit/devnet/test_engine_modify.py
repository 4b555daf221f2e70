"""Changing a resting order."""

import pytest
from engine_world import ALICE, BOB, BTC, CAROL, World

from nautilus_paradex.devnet.engine.model import ModifyOrder, OrderRefused
from nautilus_paradex.protocol.events import OrderEvent
from nautilus_paradex.protocol.numbers import E8, to_e8


def change(size: str, price: str, **fields: str) -> ModifyOrder:
    wanted = {"market": BTC, "side": "BUY", "order_type": "LIMIT", **fields}
    return ModifyOrder(size_e8=to_e8(size) or 0, price_e8=to_e8(price), **wanted)


def modify(world: World, order: OrderEvent, wanted: ModifyOrder) -> OrderEvent:
    world.exchange.modify(ALICE, str(order.order_id), wanted)
    world.exchange.process()
    return world.last(order.order_id)


def test_a_new_price_moves_the_order_and_keeps_its_id(world: World) -> None:
    order = world.send(ALICE, "BUY", "0.1", "95000")

    pending = world.exchange.modify(ALICE, str(order.order_id), change("0.1", "95100"))
    world.exchange.process()

    done = world.last(order.order_id)
    assert (pending.request_status, pending.price) == ("PENDING", 95_000 * E8)
    assert (done.request_status, done.request_type) == ("SUCCESS", "MODIFY_ORDER")
    assert done.request_id == pending.request_id != ""
    assert (done.status, done.price) == ("OPEN", 95_100 * E8)
    assert len(world.story(order.order_id)) == 3, "new, open, changed: told once"
    assert world.deltas()[-1].bids == [(95_100 * E8, 10_000_000), (95_000 * E8, 0)]


def test_later_updates_carry_no_request(world: World) -> None:
    order = world.send(ALICE, "BUY", "0.1", "95000")
    modify(world, order, change("0.1", "95100"))

    world.exchange.cancel(ALICE, str(order.order_id))
    world.exchange.process()

    assert world.last(order.order_id).request_status == "UNSPECIFIED"


def test_the_size_is_the_total_with_what_is_filled(world: World) -> None:
    order = world.send(ALICE, "BUY", "0.3", "95000")
    world.send(BOB, "SELL", "0.1")

    done = modify(world, order, change("0.2", "95000"))

    assert (done.size, done.size_open) == (20_000_000, 10_000_000)


@pytest.mark.parametrize(
    ("size", "price", "keeps_priority"),
    [("0.05", "95000", True), ("0.2", "95000", False), ("0.1", "95000", True)],
)
def test_only_a_smaller_size_keeps_the_place_in_the_queue(
    world: World, size: str, price: str, keeps_priority: bool
) -> None:
    order = world.send(ALICE, "BUY", "0.1", "95000")
    world.send(CAROL, "BUY", "0.1", "95000")

    modify(world, order, change(size, price))
    world.send(BOB, "SELL", "0.05")

    assert bool(world.fills(ALICE)) is keeps_priority


def test_a_price_that_crosses_trades(world: World) -> None:
    world.send(BOB, "SELL", "0.05", "95500")
    order = world.send(ALICE, "BUY", "0.1", "95000")

    done = modify(world, order, change("0.1", "95500"))

    assert (done.status, done.size_open) == ("OPEN", 5_000_000)
    assert world.fills(ALICE)[0].liquidity == "TAKER"


@pytest.mark.parametrize(
    ("message", "size", "price"),
    [
        ("NOT_ENOUGH_MARGIN", "90", "95000"),
        ("POST_ONLY_WOULD_CROSS", "0.1", "96000"),
        ("size must exceed what is filled", "0.01", "95000"),
    ],
)
def test_what_the_engine_refuses_leaves_the_order_as_it_was(
    world: World, message: str, size: str, price: str
) -> None:
    order = world.send(ALICE, "BUY", "0.1", "95000", instruction="POST_ONLY")
    world.send(BOB, "SELL", "0.01")
    world.send(BOB, "SELL", "0.1", "96000")

    done = modify(world, order, change(size, price))

    assert (done.request_status, done.request_message) == ("REJECTED", message)
    assert (done.status, done.size, done.price) == ("OPEN", 10_000_000, 95_000 * E8)


def test_an_order_closed_while_the_change_was_queued_says_so(world: World) -> None:
    order = world.send(ALICE, "BUY", "0.1", "95000")
    world.exchange.cancel(ALICE, str(order.order_id))

    done = modify(world, order, change("0.2", "95000"))

    assert (done.status, done.request_status) == ("CLOSED", "REJECTED")
    assert done.request_message == "ORDER_IS_CLOSED"


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        ("VALIDATION_ERROR", change("0.1", "95000.05")),
        ("VALIDATION_ERROR", change("0.1", "95000", side="SELL")),
        ("VALIDATION_ERROR", change("0.1", "95000", market="ETH-USD-PERP")),
        ("VALIDATION_ERROR", change("0.1", "95000", order_type="MARKET")),
        ("INVALID_ORDER_SIZE", change("0.000001", "95000")),
    ],
)
def test_what_is_malformed_is_refused_at_once(world: World, code: str, wanted: ModifyOrder) -> None:
    order = world.send(ALICE, "BUY", "0.1", "95000")

    with pytest.raises(OrderRefused) as refused:
        world.exchange.modify(ALICE, str(order.order_id), wanted)
    assert refused.value.code == code


def test_what_is_not_open_is_refused_at_once(world: World) -> None:
    order = world.exchange.submit(ALICE, world.order("BUY", "0.1", "95000"))
    with pytest.raises(OrderRefused, match="ORDER_IS_NOT_OPEN"):
        world.exchange.modify(ALICE, str(order.order_id), change("0.2", "95000"))

    world.exchange.cancel(ALICE, str(order.order_id))
    world.exchange.process()
    with pytest.raises(OrderRefused, match="ORDER_IS_CLOSED"):
        world.exchange.modify(ALICE, str(order.order_id), change("0.2", "95000"))
    with pytest.raises(OrderRefused, match="ORDER_ID_NOT_FOUND"):
        world.exchange.modify(BOB, str(order.order_id), change("0.2", "95000"))
