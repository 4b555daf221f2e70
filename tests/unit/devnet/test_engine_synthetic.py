"""The other participants: repeatable, on both sides, willing to trade."""

from collections.abc import Callable
from decimal import Decimal

import msgspec
import pytest
from engine_world import ALICE, BTC, World

from nautilus_paradex.devnet.engine.synthetic import SyntheticMarket
from nautilus_paradex.protocol.enums import SystemStatus
from nautilus_paradex.protocol.events import TradeEvent
from nautilus_paradex.protocol.numbers import E8

STEP_US = 100_000


def run(
    world: World, secs: float, market: SyntheticMarket, each: Callable[[], object] | None = None
) -> None:
    for number in range(int(secs * 1_000_000 / STEP_US)):
        world.now_us += STEP_US
        market.step(world.now_us)
        if number % 10 == 0:
            world.exchange.tick()
            world.exchange.process()
        if each is not None:
            each()


@pytest.fixture
def market(world: World) -> SyntheticMarket:
    return SyntheticMarket(world.exchange, seed=5)


def test_every_market_is_quoted_on_both_sides_from_the_start(
    world: World, market: SyntheticMarket
) -> None:
    for symbol in world.exchange.markets:
        book = world.exchange.book_snapshot(symbol)
        assert len(book.bids) >= 3, symbol
        assert len(book.asks) >= 3, symbol


def test_prices_move_and_all_markets_trade(world: World, market: SyntheticMarket) -> None:
    quotes = {world.exchange.bbo(BTC).bid_price}
    run(world, 40, market, lambda: quotes.add(world.exchange.bbo(BTC).bid_price))

    assert len(quotes) > 20
    assert {t.market for t in world.told(TradeEvent)} == set(world.exchange.markets)
    bbo = world.exchange.bbo(BTC)
    assert bbo.bid_price is not None
    assert bbo.ask_price is not None
    assert bbo.bid_price < bbo.ask_price


def test_the_same_seed_and_times_give_the_same_events(new_world: Callable[..., World]) -> None:
    def story(seed: int) -> bytes:
        world = new_world()
        run(world, 5, SyntheticMarket(world.exchange, seed=seed))
        return msgspec.json.encode([event for event, _ in world.events])

    assert story(1) == story(1)
    assert story(1) != story(2)


def test_who_quotes_inside_the_spread_is_traded_with(world: World, market: SyntheticMarket) -> None:
    tick = world.exchange.markets[BTC].price_tick_e8

    def quote() -> None:
        bbo = world.exchange.bbo(BTC)
        if world.exchange.open_orders(ALICE) or bbo.bid_price is None or bbo.ask_price is None:
            return
        for side, price in (("BUY", bbo.bid_price + tick), ("SELL", bbo.ask_price - tick)):
            world.send(ALICE, side, "0.01", "1", price_e8=price, instruction="POST_ONLY")

    run(world, 30, market, quote)

    assert {fill.side for fill in world.fills(ALICE)} == {"BUY", "SELL"}
    assert {fill.liquidity for fill in world.fills(ALICE)} == {"MAKER"}


def test_speed_makes_more_of_the_same_time(new_world: Callable[..., World]) -> None:
    def trades(speed: float) -> int:
        world = new_world()
        run(world, 10, SyntheticMarket(world.exchange, seed=5, speed=speed))
        return len(world.told(TradeEvent))

    assert trades(5.0) > 3 * trades(1.0)


def test_a_market_left_alone_stays_empty_and_its_index_where_it_is(world: World) -> None:
    market = SyntheticMarket(world.exchange, seed=5, without=[BTC])
    run(world, 5, market)

    assert world.exchange.bbo(BTC).bid_price is None
    assert world.exchange.summary(BTC).index_price == 96_000 * 10**8
    assert world.exchange.summary("ETH-USD-PERP").index_price != 3_400 * 10**8


def test_nobody_is_told_of_the_participants_private_affairs(
    world: World, market: SyntheticMarket
) -> None:
    run(world, 3, market)

    assert {address for _, address in world.events} <= {None, *world.exchange.accounts()}
    assert "0xd1" not in world.exchange.accounts()
    assert "0xd1" in world.exchange.ledger()["accounts"]  # type: ignore[operator]


def test_no_money_is_made(world: World, market: SyntheticMarket) -> None:
    before = total(world)
    run(world, 20, market)

    assert total(world) == before


def total(world: World) -> object:
    accounts = world.exchange.ledger()["accounts"]
    return sum(
        Decimal(account["balances"]["USDC"]) - sum(Decimal(p["cost"]) for p in account["positions"])
        for account in accounts.values()  # type: ignore[attr-defined]
    )


def test_the_participants_follow_what_is_listed(world: World, market: SyntheticMarket) -> None:
    like = world.exchange.markets[BTC]
    world.exchange.list_market(
        msgspec.structs.replace(like, symbol="NEW-USD-PERP", base_currency="NEW")
    )
    coarse = msgspec.structs.replace(like, price_tick_e8=100 * E8, size_increment_e8=E8 // 100)
    world.exchange.change_market(coarse)
    world.exchange.delist_market("SOL-USD-PERP")

    run(world, 30, market)

    assert world.exchange.bbo("NEW-USD-PERP").bid_price is not None
    book = world.exchange.book_snapshot(BTC)
    newest = [price for price, _ in book.bids + book.asks if price % coarse.price_tick_e8 == 0]
    assert newest


@pytest.mark.parametrize("status", SystemStatus)
def test_the_participants_live_through_every_state_of_the_system(
    world: World, market: SyntheticMarket, status: str
) -> None:
    world.exchange.system_status = status
    run(world, 5, market)

    world.exchange.system_status = "ok"
    known = len(world.told(TradeEvent))
    run(world, 10, market)

    assert len(world.told(TradeEvent)) > known
