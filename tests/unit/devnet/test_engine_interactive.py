"""Retail orders and the RPI orders that wait for them."""

import pytest
from engine_world import ALICE, BOB, BTC, CAROL, World

from nautilus_paradex.devnet.engine.model import Interactive, OrderRefused
from nautilus_paradex.protocol.events import BboEvent, BookEvent, TradeEvent
from nautilus_paradex.protocol.numbers import E8

RPI = {"instruction": "RPI"}


@pytest.fixture
def world(world: World) -> World:
    """Bob may quote for retail orders, and does: inside of Carol's quotes."""
    world.exchange.whitelist_for_rpi(BOB)
    world.send(CAROL, "BUY", "1", "95990")
    world.send(CAROL, "SELL", "1", "96010")
    world.send(BOB, "BUY", "0.5", "95995", **RPI)
    world.send(BOB, "SELL", "0.5", "96005", **RPI)
    world.events.clear()
    return world


def best(bbo: BboEvent) -> tuple[int, int]:
    assert bbo.bid_price is not None
    assert bbo.ask_price is not None
    return bbo.bid_price // E8, bbo.ask_price // E8


def test_the_two_views_of_the_book_differ(world: World) -> None:
    assert best(world.exchange.bbo(BTC)) == (95_990, 96_010)
    assert best(world.exchange.bbo(BTC, interactive=True)) == (95_995, 96_005)
    assert len(world.exchange.book_snapshot(BTC).bids) == 1
    assert len(world.exchange.book_snapshot(BTC, interactive=True).bids) == 2


def test_an_api_taker_passes_them_by(world: World) -> None:
    world.send(ALICE, "BUY", "0.1")

    (fill,) = world.fills(ALICE)
    assert fill.price == 96_010 * E8
    assert (fill.fill_type, fill.flags) == ("FILL", ())


def test_a_retail_taker_is_filled_by_them_and_then_by_the_others(world: World) -> None:
    world.send(ALICE, "BUY", "0.8", interactive=True)

    rpi, plain = world.fills(ALICE)
    assert (rpi.price, rpi.size) == (96_005 * E8, E8 // 2)
    assert (rpi.fill_type, rpi.flags) == ("RPI", ("INTERACTIVE", "RPI"))
    assert plain.price == 96_010 * E8
    assert (plain.fill_type, plain.flags) == ("FILL", ("INTERACTIVE",))
    (makers,) = world.fills(BOB)
    assert (makers.fill_type, makers.flags) == ("RPI", ("RPI",))
    assert [trade.trade_type for trade in world.told(TradeEvent)] == ["RPI", "FILL"]


def test_an_api_taker_that_meets_a_retail_order_is_flagged(world: World) -> None:
    world.send(BOB, "SELL", "0.1", "96009", interactive=True)
    world.send(ALICE, "BUY", "0.1")

    assert [fill.flags for fill in world.fills(ALICE)] == [("FASTFILL",)]
    assert [fill.flags for fill in world.fills(BOB)] == [("INTERACTIVE",)]


def test_a_retail_order_says_so_in_its_flags(world: World) -> None:
    order = world.send(ALICE, "BUY", "0.1", "95000", interactive=True)

    assert order.flags == ("INTERACTIVE",)


def test_an_api_order_may_lie_across_them(world: World) -> None:
    order = world.send(ALICE, "BUY", "0.1", "96007")

    assert order.status == "OPEN"
    assert best(world.exchange.bbo(BTC, interactive=True)) == (96_007, 96_005)
    spread = world.exchange.book_snapshot(BTC, interactive=True).relative_spread
    assert spread is not None
    assert spread < 0


@pytest.mark.parametrize(
    ("price", "interactive", "status"),
    [("96007", False, "OPEN"), ("96007", True, "CLOSED"), ("96010", False, "CLOSED")],
)
def test_post_only_looks_at_what_the_order_could_meet(
    world: World, price: str, interactive: bool, status: str
) -> None:
    order = world.send(ALICE, "BUY", "0.1", price, instruction="POST_ONLY", interactive=interactive)

    assert order.status == status
    assert order.cancel_reason == ("" if status == "OPEN" else "POST_ONLY_WOULD_CROSS")


def test_they_are_post_only_themselves(world: World) -> None:
    across = world.send(BOB, "BUY", "0.1", "96010", **RPI)
    among_themselves = world.send(BOB, "BUY", "0.1", "96005", **RPI)

    assert across.cancel_reason == "POST_ONLY_WOULD_CROSS"
    assert among_themselves.status == "OPEN"


def test_a_market_with_nothing_but_them_is_empty_to_the_api(world: World) -> None:
    for order in world.exchange.open_orders(CAROL):
        world.exchange.cancel(CAROL, str(order.order_id))
    world.exchange.process()

    assert world.send(ALICE, "BUY", "0.1").cancel_reason == "EMPTY_MARKET"
    assert world.send(ALICE, "BUY", "0.1", interactive=True).cancel_reason == ""


@pytest.mark.parametrize(
    ("account", "fields", "code"),
    [
        (ALICE, {}, "RPI_ACCOUNT_NOT_WHITELISTED"),
        (BOB, {"flags": ("REDUCE_ONLY",)}, "VALIDATION_ERROR"),
        (BOB, {"order_type": "STOP_LIMIT", "trigger_price_e8": 97_000 * E8}, "VALIDATION_ERROR"),
    ],
)
def test_what_may_not_be_an_rpi_order(
    world: World, account: str, fields: dict[str, object], code: str
) -> None:
    with pytest.raises(OrderRefused, match=code):
        world.exchange.submit(account, world.order("BUY", "0.1", "95000", **RPI, **fields))


def test_both_feeds_step_together_and_only_the_interactive_one_shows_them(world: World) -> None:
    world.send(BOB, "BUY", "0.2", "95996", **RPI)

    plain, shown = world.told(BookEvent), interactive(world, BookEvent)
    assert [event.seq for event in plain] == [event.seq for event in shown]
    assert (plain[0].bids, plain[0].best_bid_price, plain[0].relative_spread) == ([], None, None)
    assert shown[0].bids == [(95_996 * E8, E8 // 5)]
    assert (shown[0].best_bid_price, shown[0].best_bid_size) == (95_996 * E8, E8 // 5)
    assert (shown[0].best_bid_api_price, shown[0].best_bid_api_size) == (95_990 * E8, E8)
    assert (shown[0].best_ask_price, shown[0].best_ask_api_price) == (96_005 * E8, 96_010 * E8)
    assert world.told(BboEvent) == []
    assert [best(event) for event in interactive(world, BboEvent)] == [(95_996, 96_005)]


def interactive[T](world: World, kind: type[T]) -> list[T]:
    """Return what the interactive feeds told."""
    told = [event.event for event in world.told(Interactive)]
    return [event for event in told if isinstance(event, kind)]
