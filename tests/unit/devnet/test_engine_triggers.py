"""Orders that wait for the mark price."""

import pytest
from engine_world import ALICE, BOB, World

from nautilus_paradex.devnet.engine.model import ModifyOrder
from nautilus_paradex.protocol.numbers import E8, to_e8

ABOVE, BELOW = "STOP_CONDITION_ABOVE_TRIGGER", "STOP_CONDITION_BELOW_TRIGGER"


def set_mark(world: World, usd: int) -> None:
    """With a book that has no middle, the mark follows the index."""
    world.exchange.set_index_price("BTC", usd * E8)


@pytest.mark.parametrize(
    ("trigger", "flag", "short_of_it", "there"),
    [("97000", ABOVE, 96_900, 97_000), ("95000", BELOW, 95_100, 95_000)],
)
def test_the_direction_comes_from_trigger_and_mark(
    world: World, trigger: str, flag: str, short_of_it: int, there: int
) -> None:
    order = world.send(
        ALICE, "BUY", "0.1", "96000", order_type="STOP_LIMIT", trigger_price_e8=to_e8(trigger)
    )
    assert (order.status, order.flags) == ("UNTRIGGERED", (flag,))
    assert world.exchange.bbo("BTC-USD-PERP").bid_price is None

    set_mark(world, short_of_it)
    assert world.last(order.order_id).status == "UNTRIGGERED"
    set_mark(world, there)

    opened = world.last(order.order_id)
    assert (opened.status, opened.order_type) == ("OPEN", "STOP_LIMIT")
    assert world.exchange.bbo("BTC-USD-PERP").bid_price == 96_000 * E8


def test_a_stop_market_trades_when_it_is_set_off(world: World) -> None:
    world.send(BOB, "SELL", "0.1", "97100")
    stop = world.send(ALICE, "BUY", "0.1", order_type="STOP_MARKET", trigger_price_e8=97_000 * E8)

    set_mark(world, 97_050)

    assert [e.status for e in world.story(stop.order_id)] == ["NEW", "UNTRIGGERED", "CLOSED"]
    assert world.fills(ALICE)[0].price == 97_100 * E8


def test_margin_is_asked_for_when_it_is_set_off(world: World) -> None:
    stop = world.send(
        ALICE, "BUY", "90", "97000", order_type="STOP_LIMIT", trigger_price_e8=97_000 * E8
    )
    assert stop.status == "UNTRIGGERED"

    set_mark(world, 97_000)

    assert world.last(stop.order_id).cancel_reason == "NOT_ENOUGH_MARGIN"


def test_it_can_be_cancelled_before_it_is_set_off(world: World) -> None:
    stop = world.send(
        ALICE, "BUY", "0.1", "96000", order_type="STOP_LIMIT", trigger_price_e8=97_000 * E8
    )
    world.exchange.cancel(ALICE, str(stop.order_id))
    world.exchange.process()

    set_mark(world, 97_500)

    assert world.last(stop.order_id).cancel_reason == "USER_CANCELED"


def test_a_cancel_in_the_queue_takes_it_from_the_book(world: World) -> None:
    stop = world.send(
        ALICE, "BUY", "0.1", "96000", order_type="STOP_LIMIT", trigger_price_e8=97_000 * E8
    )
    world.exchange.cancel(ALICE, str(stop.order_id))
    set_mark(world, 97_500)
    world.exchange.process()

    statuses = [e.status for e in world.story(stop.order_id)]
    assert statuses == ["NEW", "UNTRIGGERED", "OPEN", "CLOSED"]
    assert world.exchange.bbo("BTC-USD-PERP").bid_price is None


def test_the_tick_sets_it_off_when_the_book_moves_the_mark(world: World) -> None:
    stop = world.send(
        ALICE, "BUY", "0.1", "96000", order_type="STOP_LIMIT", trigger_price_e8=96_100 * E8
    )
    world.send(BOB, "BUY", "0.1", "96390")
    world.send(BOB, "SELL", "0.1", "96410")

    world.later(1)
    assert world.last(stop.order_id).status == "UNTRIGGERED"
    world.later(30)
    assert world.last(stop.order_id).status == "OPEN"


def test_its_trigger_can_be_modified(world: World) -> None:
    stop = world.send(
        ALICE, "BUY", "0.1", "96000", order_type="STOP_LIMIT", trigger_price_e8=97_000 * E8
    )
    world.exchange.modify(
        ALICE,
        str(stop.order_id),
        ModifyOrder(
            market="BTC-USD-PERP",
            side="BUY",
            order_type="STOP_LIMIT",
            size_e8=20_000_000,
            price_e8=95_500 * E8,
            trigger_price_e8=95_000 * E8,
        ),
    )
    world.exchange.process()

    done = world.last(stop.order_id)
    assert (done.status, done.request_status) == ("UNTRIGGERED", "SUCCESS")
    assert (done.size, done.price, done.flags) == (20_000_000, 95_500 * E8, (BELOW,))
    set_mark(world, 97_500)
    assert world.last(stop.order_id).status == "UNTRIGGERED"


class TestPositionLinked:
    @pytest.fixture
    def long(self, world: World) -> World:
        """Alice is long 0.2, and there are buyers."""
        world.send(BOB, "SELL", "0.2", "96000")
        world.send(ALICE, "BUY", "0.2")
        world.send(BOB, "BUY", "1", "94000")
        return world

    def linked(self, world: World, kind: str, trigger: int, size: str = "0") -> str | None:
        order = world.send(
            ALICE,
            "SELL",
            size,
            order_type=kind,
            flags=("REDUCE_ONLY",),
            trigger_price_e8=trigger * E8,
        )
        return order.order_id

    @pytest.mark.parametrize(("size", "shown"), [("0", 0), ("5", 20_000_000)])
    def test_takes_the_position_s_size(self, long: World, size: str, shown: int) -> None:
        stop = self.linked(long, "STOP_LOSS_MARKET", 95_000, size)

        assert (long.last(stop).size, long.last(stop).size_open) == (shown, shown)
        set_mark(long, 94_900)
        assert long.size(ALICE) == 0
        assert long.last(stop).size == 20_000_000

    def test_is_closed_without_a_position(self, world: World) -> None:
        stop = self.linked(world, "STOP_LOSS_MARKET", 95_000)

        assert world.last(stop).cancel_reason == "REDUCE_ONLY_WILL_INCREASE"

    def test_the_other_of_a_pair_is_closed(self, long: World) -> None:
        stop = self.linked(long, "STOP_LOSS_MARKET", 95_000, "0.1")
        lower_stop = self.linked(long, "STOP_LOSS_MARKET", 93_000)
        profit = self.linked(long, "TAKE_PROFIT_MARKET", 99_000)

        set_mark(long, 94_900)

        assert long.size(ALICE) == 10_000_000
        assert long.last(stop).cancel_reason == ""
        assert long.last(profit).status == "CLOSED"
        assert long.last(lower_stop).status == "UNTRIGGERED"

    def test_goes_with_the_position(self, long: World) -> None:
        stop = self.linked(long, "STOP_LOSS_MARKET", 93_000)

        long.send(ALICE, "SELL", "0.2")

        assert long.last(stop).cancel_reason == "REDUCE_ONLY_WILL_INCREASE"
