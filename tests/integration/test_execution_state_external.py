"""What the venue does to the account by itself becomes orders and fills, exactly once.

Liquidations, transfers of positions, block trades and settlements: live, after a disconnection and
after a restart, with the same ids.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from decimal import Decimal

import msgspec
import pytest
from nautilus_trader.model.enums import OrderSide, OrderStatus
from nautilus_trader.model.events import OrderFilled
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.orders import Order

from nautilus_paradex.devnet.config import DevnetConfig
from nautilus_paradex.execution.orders import watch as order_watch
from nautilus_paradex.protocol import rest
from nautilus_paradex.protocol.events import FillEvent, OrderEvent, PositionEvent
from nautilus_paradex.protocol.numbers import E8
from tests.integration.execution_world import INSTRUMENT_ID, MARKET, World, open_world
from tests.support import eventually

BUY, SELL = OrderSide.BUY, OrderSide.SELL
EVERYTHING = (OrderEvent, FillEvent, PositionEvent)


@pytest.fixture(params=["json", "sbe"])
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    config = DevnetConfig(port=0, synthetic=False, past_hours=0, private_sbe=request.param == "sbe")
    async with open_world(config) as world:
        yield world


async def hold(world: World, size: str = "0.01000") -> None:
    price = world.around("0")
    await world.counterparty.place("SELL", size, price)
    await world.second_screen.place("BUY", size, None)


async def liquidate(world: World) -> str:
    await hold(world)
    (fill_id,) = (await world.act("liquidate"))["fill_ids"]
    return f"LIQ-{fill_id}"


async def transfer(world: World) -> str:
    answer = await world.act(
        "transfer_position",
        giver=world.server.accounts[1].address_hex,
        taker=world.address,
        market=MARKET,
        size="0.02000",
    )
    return f"UNW-{answer['fill_id']}"


async def trade_block(world: World) -> str:
    answer = await world.act(
        "block_trade",
        buyer=world.server.accounts[1].address_hex,
        seller=world.address,
        market=MARKET,
        size="0.50000",
        price=world.around("0"),
    )
    return f"BLK-{answer['fill_id']}"


MOVES = pytest.mark.parametrize("move", [liquidate, transfer, trade_block])
Move = Callable[[World], Awaitable[str]]


def told_fills(world: World) -> list[str]:
    return [event.trade_id.value for event in world.events if isinstance(event, OrderFilled)]


def venue_position(world: World) -> Decimal:
    return sum(
        (Decimal(p["size"]) for p in world.ledger()["positions"] if p["market"] == MARKET),
        Decimal(0),
    )


def order_of(world: World, trade_id: str) -> Order:
    (order,) = [o for o in world.cache.orders() if trade_id in [t.value for t in o.trade_ids]]
    return order


async def agrees(world: World) -> None:
    """Positions equal, and every fill was told that the venue has, none twice."""
    await eventually(lambda: len(told_fills(world)) >= len(world.ledger()["fills"]))
    await eventually(lambda: world.net_position == venue_position(world))
    assert len(told_fills(world)) == len(set(told_fills(world))) == len(world.ledger()["fills"])


@MOVES
async def test_it_is_told_live(world: World, move: Move) -> None:
    await world.reconcile()
    trade_id = await move(world)
    await agrees(world)
    order = order_of(world, trade_id)
    assert order.status == OrderStatus.FILLED
    assert order.strategy_id.value == "EXTERNAL"
    fill = order.last_event
    assert fill.info["fill_type"] in ("LIQUIDATION", "UNWIND_TRANSFER", "BLOCK_TRADE")


@MOVES
async def test_it_is_told_after_a_disconnection(world: World, move: Move) -> None:
    await world.reconcile()
    world.deafen(*EVERYTHING)
    trade_id = await move(world)
    await world.fault(kind="drop_sockets")
    await agrees(world)
    assert order_of(world, trade_id).status == OrderStatus.FILLED


@MOVES
async def test_it_is_told_after_a_restart_and_by_nothing_later(world: World, move: Move) -> None:
    lost = world.deafen(*EVERYTHING)
    trade_id = await move(world)
    await eventually(lambda: any(isinstance(m, PositionEvent) for m in lost))
    await world.reconcile()
    await agrees(world)
    venue_order_id = order_of(world, trade_id).venue_order_id
    for message in lost:
        world.hear(message)
    await world.fault(kind="drop_sockets")
    await eventually(lambda: world.client.websocket.metrics.reconnects == 1)
    await world.reconcile()
    await agrees(world)
    assert order_of(world, trade_id).venue_order_id == venue_order_id


async def test_a_liquidation_cancels_what_rests(world: World) -> None:
    await world.reconcile()
    resting = await world.resting(SELL, "0.01000", world.around("0.01"))
    await liquidate(world)
    await eventually(lambda: resting.is_closed)
    assert resting.status == OrderStatus.CANCELED
    await agrees(world)
    states = [state.info["status"] for state in world.account_states]
    assert "LIQUIDATION" in states


async def test_fills_of_an_order_that_the_venue_hides_get_orders_of_their_own(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(order_watch, "_PAUSES_SECS", (0.01,))
    await world.reconcile()
    lost = world.deafen(*EVERYTHING)
    await hold(world)
    await eventually(lambda: any(isinstance(m, PositionEvent) for m in lost))
    hidden = [
        FillEvent(
            fill_type="LIQUIDATION",
            fill_id=str(number),
            order_id="1718947571540201703992340000",
            client_order_id="",
            side="SELL",
            liquidity="TAKER",
            price=60_000 * E8,
            size=E8 // 100,
            fee=0,
            created_at=1_718_947_571_569_000,
            market=MARKET,
        )
        for number in (1, 2)
    ]
    for fill in (*hidden, *hidden):
        world.hear(fill)
    await eventually(lambda: {"LIQ-1", "LIQ-2"} <= set(told_fills(world)))
    world.hear(hidden[0])
    orders = [order_of(world, "LIQ-1"), order_of(world, "LIQ-2")]
    assert [order.status for order in orders] == [OrderStatus.FILLED] * 2
    assert [order.venue_order_id.value for order in orders] == ["LIQ-1", "LIQ-2"]
    assert told_fills(world).count("LIQ-1") == 1


async def test_a_transfer_in_a_market_that_is_not_loaded_is_followed(world: World) -> None:
    await world.reconcile()
    eth = InstrumentId.from_str("ETH-USD-PERP.PARADEX")
    assert world.cache.instrument(eth) is None
    await world.act(
        "transfer_position",
        giver=world.server.accounts[1].address_hex,
        taker=world.address,
        market="ETH-USD-PERP",
        size="-1.5",
    )
    await eventually(lambda: world.portfolio.net_position(eth) == Decimal("-1.5"))
    assert len(told_fills(world)) == 1


async def bought_future(world: World) -> InstrumentId:
    """Let the account buy a dated future."""
    (market,) = [
        m for m, spec in world.server.exchange.markets.items() if spec.asset_kind == "FUTURE"
    ]
    await world.counterparty.place("SELL", "0.50000", world.around("0"), market=market)
    await world.second_screen.place("BUY", "0.50000", None, market=market)
    await eventually(lambda: len(world.ledger()["fills"]) == 1)
    return InstrumentId.from_str(f"{market}.PARADEX")


async def test_a_settlement_closes_the_position(world: World) -> None:
    await world.reconcile()
    future = await bought_future(world)
    await eventually(lambda: world.portfolio.net_position(future) == Decimal("0.5"))
    world.server.exchange.settle_market(future.symbol.value, 97_000 * E8)
    await eventually(lambda: len(told_fills(world)) == 2)
    await eventually(lambda: world.portfolio.net_position(future) == 0)
    (closed,) = world.cache.positions_closed()
    pnl = Decimal(world.ledger()["fills"][-1]["realized_pnl"])
    fees = sum(Decimal(fill["fee"]) for fill in world.ledger()["fills"])
    assert closed.realized_pnl.as_decimal() == pnl - fees
    assert told_fills(world)[1].startswith("SET-")


async def test_what_was_closed_in_a_market_that_is_gone_keeps_nothing_else_from_start(
    world: World,
) -> None:
    world.deafen(*EVERYTHING)
    future = await bought_future(world)
    world.server.exchange.settle_market(future.symbol.value, 97_000 * E8)
    await hold(world)
    resting = await world.second_screen.place("BUY", "0.01000", world.around("-0.02"))
    await world.reconcile()
    assert world.cache.instrument(future) is None
    assert world.net_position == Decimal("0.01")
    assert resting.id in [order.venue_order_id.value for order in world.cache.orders_open()]
    assert {order.instrument_id for order in world.cache.orders()} == {INSTRUMENT_ID}


async def test_a_busted_fill_is_undone_after_a_restart(world: World) -> None:
    world.deafen(*EVERYTHING)
    await hold(world, "0.01000")
    await hold(world, "0.03000")
    await eventually(lambda: len(world.ledger()["fills"]) == 2)
    await world.act("bust", fill_id=world.ledger()["fills"][0]["id"])
    await world.reconcile()
    await eventually(lambda: world.net_position == Decimal("0.03"))
    await world.reconcile()
    assert world.net_position == Decimal("0.03")
    assert sorted(t[:4] for t in told_fills(world))[-1] == "BST-"
    assert len(told_fills(world)) == 3


async def test_fills_of_an_order_that_has_no_words_are_taken_over_all_the_same(
    world: World,
) -> None:
    world.deafen(*EVERYTHING)
    await hold(world)
    list_orders = world.http.orders_history

    async def without_price(**query: object) -> rest.Page[rest.Order]:
        page = await list_orders(**query)  # type: ignore[arg-type]
        orders = page.results or []
        altered = [msgspec.structs.replace(order, type="LIMIT", price="") for order in orders]
        return rest.Page(altered, page.next, page.prev)

    world.http.orders_history = without_price  # type: ignore[method-assign]
    await world.reconcile()
    (fill,) = world.ledger()["fills"]
    assert world.net_position == Decimal("0.01")
    assert order_of(world, fill["id"]).venue_order_id.value == fill["id"]
    assert told_fills(world) == [fill["id"]]


@pytest.mark.parametrize("is_first", [True, False])
async def test_a_bust_takes_back_the_ordinary_fill_of_its_id(world: World, is_first: bool) -> None:
    await world.reconcile()
    held = world.deafen(OrderEvent, FillEvent)
    await hold(world)
    await eventually(lambda: any(isinstance(message, FillEvent) for message in held))
    ordinary = next(message for message in held if isinstance(message, FillEvent))
    liquidation = msgspec.structs.replace(
        ordinary, fill_type="LIQUIDATION", order_id="", client_order_id="", side="SELL"
    )
    for message in (liquidation, *held) if is_first else (*held, liquidation):
        world.hear(message)
    await eventually(lambda: len(told_fills(world)) == 2)
    world.hear(rest.TradeBust(busted_fill_id=ordinary.fill_id or "", created_at=1_718_947_571_570))
    await eventually(lambda: len(told_fills(world)) == 3)
    assert told_fills(world)[-1] == f"BST-{ordinary.fill_id}"
