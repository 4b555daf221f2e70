"""Whatever is sent in whatever order: no money made or lost, no order forgotten."""

from collections import defaultdict
from decimal import Decimal
from itertools import pairwise
from random import Random

import pytest
from engine_world import ALICE, BOB, BTC, CAROL, World
from hypothesis import given, settings
from hypothesis import strategies as st

from nautilus_paradex.devnet.engine.model import ModifyOrder, OrderRefused, TradeBust
from nautilus_paradex.devnet.engine.state import INSURANCE_ACCOUNT
from nautilus_paradex.protocol.events import FillEvent, OrderEvent
from nautilus_paradex.protocol.numbers import E8

OPTION = "BTC-USD-96000-C"
SPOT = "DIME-USD"
TICKS = {BTC: (96_000 * E8, E8 // 10), OPTION: (5_490 * E8, E8), SPOT: (12_000_000, 1_000)}
SIZES = {BTC: 1_000_000, OPTION: 1_000_000, SPOT: 100 * E8}

accounts = st.sampled_from([ALICE, BOB, CAROL])
markets = st.sampled_from([BTC, BTC, BTC, OPTION, SPOT])
sides = st.sampled_from(["BUY", "SELL"])

INTERVENTIONS = ("bust", "liquidate", "block_trade", "transfer")

# Repeated entries are likelier: most of a story should be orders that can meet.
orders = st.fixed_dictionaries(
    {
        "kind": st.just("order"),
        "account": accounts,
        "market": markets,
        "side": sides,
        "units": st.integers(1, 200),
        "ticks": st.integers(-60, 60),
        "type": st.sampled_from([*["LIMIT"] * 6, "MARKET", "STOP_LIMIT", "STOP_MARKET"]),
        "instruction": st.sampled_from([*["GTC"] * 6, "IOC", "POST_ONLY"]),
        "reduce_only": st.sampled_from([False] * 6 + [True]),
        "stp": st.sampled_from(["EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH"]),
    }
)
changes = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["cancel", "modify"]),
        "account": accounts,
        "which": st.integers(0, 20),
        "units": st.integers(1, 200),
        "ticks": st.integers(-60, 60),
    }
)
interventions = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(INTERVENTIONS),
        "account": accounts,
        "other": accounts,
        "market": st.sampled_from([BTC, OPTION]),
        "which": st.integers(0, 20),
        "units": st.integers(1, 200),
        "ticks": st.integers(-60, 60),
    }
)
moments = st.fixed_dictionaries(
    {"kind": st.just("time"), "secs": st.integers(1, 40), "index_usd": st.integers(95_000, 97_000)}
)
steps = st.one_of(*[orders] * 6, changes, interventions, moments)
stories = st.lists(steps, min_size=20, max_size=60)


@settings(max_examples=60)
@given(stories, st.booleans())
def test_money_positions_and_orders_add_up(story: list[dict[str, object]], is_hasty: bool) -> None:
    assert_all_adds_up(run(story, is_hasty))


@pytest.mark.parametrize("seed", range(4))
def test_they_add_up_after_a_long_story_too(seed: int) -> None:
    world = run(long_story(seed), is_hasty=bool(seed % 2))

    assert_all_adds_up(world)
    reasons = {event.cancel_reason for event in world.told(OrderEvent)}
    assert len(world.told(FillEvent)) > 100, "a story without trades shows nothing"
    assert {"", "USER_CANCELED", "SELF_TRADE", "REDUCE_ONLY_WILL_INCREASE"} < reasons


def long_story(seed: int) -> list[dict[str, object]]:
    random = Random(seed)
    weights = {"order": 80, "cancel": 10, "modify": 10, "time": 2}
    weights |= {"bust": 1, "liquidate": 0.2, "block_trade": 0.5, "transfer": 0.5}
    kinds = random.choices([*weights], [*weights.values()], k=600)
    return [
        {
            "kind": kind,
            "account": random.choice([ALICE, BOB, CAROL]),
            "other": random.choice([ALICE, BOB, CAROL]),
            "market": random.choice([BTC, BTC, BTC, OPTION, SPOT]),
            "side": random.choice(["BUY", "SELL"]),
            "units": random.randint(1, 60),
            "ticks": random.randint(-60, 60),
            "type": random.choice(["LIMIT", "LIMIT", "LIMIT", "MARKET", "STOP_LIMIT"]),
            "instruction": random.choice(["GTC", "GTC", "GTC", "IOC", "POST_ONLY"]),
            "reduce_only": random.random() < 0.1,
            "stp": random.choice(["EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH"]),
            "which": random.randint(0, 20),
            "secs": random.randint(1, 20),
            "index_usd": random.randint(95_500, 96_500),
        }
        for kind in kinds
    ]


def run(story: list[dict[str, object]], is_hasty: bool) -> World:
    """Play a story; the hasty one lets the engine run only as time passes and at the end."""
    world = World(balance=20_000)
    for step in story:
        play(world, step)
        if not is_hasty:
            world.exchange.process()
            assert_book_is_not_crossed(world)
    world.exchange.process()
    return world


def assert_all_adds_up(world: World) -> None:
    assert_money_is_kept(world)
    assert_positions_cancel_out(world)
    assert_fills_are_what_orders_filled(world)
    assert_every_order_ends_once(world)
    assert_deltas_rebuild_the_books(world)


def play(world: World, step: dict[str, object]) -> None:
    try:
        PLAYS[str(step["kind"])](world, step)
    except OrderRefused:
        return


def price_of(market: str, ticks: int) -> int:
    middle, tick = TICKS[market]
    return middle + ticks * tick


def send(world: World, step: dict[str, object]) -> None:
    market, kind = str(step["market"]), str(step["type"])
    price = price_of(market, int(str(step["ticks"])))
    order = world.order(
        str(step["side"]),
        "1",
        market=market,
        order_type=kind,
        size_e8=int(str(step["units"])) * SIZES[market],
        price_e8=None if kind.endswith("MARKET") else price,
        trigger_price_e8=price if kind.startswith("STOP") else None,
        instruction=step["instruction"],
        flags=("REDUCE_ONLY",) if step["reduce_only"] else (),
        stp=step["stp"],
    )
    world.exchange.submit(str(step["account"]), order)


def pick(world: World, step: dict[str, object]) -> OrderEvent:
    live = world.exchange.open_orders(str(step["account"]))
    if not live:
        raise OrderRefused("NOTHING", "no order to change")
    return live[int(str(step["which"])) % len(live)]


def cancel(world: World, step: dict[str, object]) -> None:
    world.exchange.cancel(str(step["account"]), str(pick(world, step).order_id))


def modify(world: World, step: dict[str, object]) -> None:
    order = pick(world, step)
    market = str(order.market)
    change = ModifyOrder(
        market=market,
        side=str(order.side),
        order_type=str(order.order_type),
        size_e8=int(str(step["units"])) * SIZES[market],
        price_e8=None if order.price is None else price_of(market, int(str(step["ticks"]))),
    )
    world.exchange.modify(str(step["account"]), str(order.order_id), change)


def wait(world: World, step: dict[str, object]) -> None:
    world.exchange.set_index_price("BTC", int(str(step["index_usd"])) * E8)
    world.later(int(str(step["secs"])))


def bust(world: World, step: dict[str, object]) -> None:
    fills = [f for f in world.fills(str(step["account"])) if f.fill_type == "FILL"]
    if fills:
        fill = fills[int(str(step["which"])) % len(fills)]
        world.exchange.interventions.bust(str(fill.fill_id))


def liquidate(world: World, step: dict[str, object]) -> None:
    world.exchange.interventions.liquidate(str(step["account"]))


def block_trade(world: World, step: dict[str, object]) -> None:
    market = str(step["market"])
    if step["account"] != step["other"]:
        world.exchange.interventions.block_trade(
            str(step["account"]),
            str(step["other"]),
            market,
            int(str(step["units"])) * SIZES[market],
            price_of(market, int(str(step["ticks"]))),
        )


def transfer(world: World, step: dict[str, object]) -> None:
    giver, market = str(step["account"]), str(step["market"])
    if world.size(giver, market) and giver != step["other"]:
        world.exchange.interventions.transfer_position(
            giver, str(step["other"]), market, world.size(giver, market)
        )


PLAYS = {
    "order": send,
    "cancel": cancel,
    "modify": modify,
    "time": wait,
    "bust": bust,
    "liquidate": liquidate,
    "block_trade": block_trade,
    "transfer": transfer,
}


def ledger(world: World) -> dict[str, dict[str, list[dict[str, str]]]]:
    return world.exchange.ledger()["accounts"]  # type: ignore[return-value]


def assert_money_is_kept(world: World) -> None:
    money: dict[str, Decimal] = defaultdict(Decimal)
    costs = Decimal()
    for account in ledger(world).values():
        for token, size in account["balances"].items():  # type: ignore[attr-defined]
            money[token] += Decimal(size)
        costs += sum(Decimal(p["cost"]) for p in account["positions"])
    assert money["USDC"] - costs == 60_000
    assert money["DIME"] == 30_000
    assert world.usdc("0xfee") >= 0
    # With nothing open the funding account holds the rounding alone: below 1e-8 a fill.
    if not any(Decimal(p["size"]) for a in ledger(world).values() for p in a["positions"]):
        settled = len(world.told(FillEvent)) + len(world.told(TradeBust))
        assert 0 <= world.usdc("0xf00d") <= 2 * settled * Decimal("1e-8")


def assert_positions_cancel_out(world: World) -> None:
    for market in world.exchange.markets:
        held = [world.size(account, market) for account in (ALICE, BOB, CAROL, INSURANCE_ACCOUNT)]
        assert sum(held) == 0
        assert world.exchange.summary(market).open_interest == sum(max(0, s) for s in held)


def assert_fills_are_what_orders_filled(world: World) -> None:
    by_order: dict[str, Decimal] = defaultdict(Decimal)
    by_fill: dict[str, list[str]] = defaultdict(list)
    for account in ledger(world).values():
        for fill in account["fills"]:
            by_order[fill["order_id"]] += Decimal(fill["size"])
            by_fill[fill["id"]].append(fill["side"])
    for account in ledger(world).values():
        for order in account["orders"]:
            filled = Decimal(order["size"]) - Decimal(order["remaining_size"])
            assert by_order[order["id"]] == filled
    assert all(sorted(both) == ["BUY", "SELL"] for both in by_fill.values())


def assert_every_order_ends_once(world: World) -> None:
    stories: dict[str, list[OrderEvent]] = defaultdict(list)
    for event in world.told(OrderEvent):
        stories[str(event.order_id)].append(event)
    alive = {
        order.order_id
        for account in (ALICE, BOB, CAROL)
        for order in world.exchange.open_orders(account)
    }
    for order_id, events in stories.items():
        if len(events) == 1 and events[0].status == "CLOSED":
            continue  # a block trade's, which never was in a book
        closed = [e for e in events if e.status == "CLOSED" and e.request_status != "REJECTED"]
        assert len(closed) == (order_id not in alive)
        assert events[0].status == "NEW"
        assert not any(a.status == "CLOSED" != b.status for a, b in pairwise(events))
        assert all(a.seq < b.seq for a, b in pairwise(events))  # type: ignore[operator]
        if closed and closed[-1].size_open:
            assert closed[-1].cancel_reason
        elif closed:
            assert closed[-1].cancel_reason == ""


def assert_book_is_not_crossed(world: World) -> None:
    for market in TICKS:
        bbo = world.exchange.bbo(market)
        if bbo.bid_price is not None and bbo.ask_price is not None:
            assert bbo.bid_price < bbo.ask_price


def assert_deltas_rebuild_the_books(world: World) -> None:
    for market in TICKS:
        bids: dict[int, int] = {}
        asks: dict[int, int] = {}
        deltas = world.deltas(market)
        assert [d.seq for d in deltas] == list(range(1, len(deltas) + 1))
        for delta in deltas:
            bids.update(delta.bids)
            asks.update(delta.asks)
        book = world.exchange.book_snapshot(market)
        assert sorted(book.bids) == sorted((p, s) for p, s in bids.items() if s)
        assert sorted(book.asks) == sorted((p, s) for p, s in asks.items() if s)
        assert all(size > 0 for _, size in (*book.bids, *book.asks))
