"""What positions and orders require, by the figures."""

import pytest
from engine_world import ALICE, BOB, BTC, World

from nautilus_paradex.devnet.engine.leverage import MarginSetting
from nautilus_paradex.devnet.engine.model import OrderRefused
from nautilus_paradex.protocol.events import AccountEvent
from nautilus_paradex.protocol.numbers import E8, to_e8

PERP_RATE = 0.02 + 0.00045  # initial margin and fee provision


def summary(world: World, account: str = ALICE) -> AccountEvent:
    return world.exchange.account_event(account)


def test_an_empty_account_requires_nothing(world: World) -> None:
    event = summary(world)

    assert event.initial_margin_req == event.maintenance_margin_req == 0
    assert event.free_collateral == event.account_value == event.total_collateral == 100_000 * E8
    assert (event.status, event.settlement_asset) == ("ACTIVE", "USDC")


@pytest.mark.parametrize(
    ("orders", "size"),
    [
        ([("BUY", "0.3", "95000")], 0.3),
        ([("BUY", "0.3", "95000"), ("SELL", "0.2", "97000")], 0.3),
        ([("BUY", "0.3", "95000"), ("SELL", "0.2", "97000"), ("SELL", "0.2", "98000")], 0.4),
    ],
)
def test_the_larger_side_of_the_open_orders_counts(
    world: World, orders: list[tuple[str, str, str]], size: float
) -> None:
    for side, amount, price in orders:
        world.send(ALICE, side, amount, price)

    assert summary(world).initial_margin_req == to_e8(f"{size * 96_000 * PERP_RATE:.8f}")


def test_orders_that_reduce_a_position_cost_nothing(world: World) -> None:
    world.send(BOB, "SELL", "0.2", "96000")
    world.send(ALICE, "BUY", "0.2")
    before = summary(world)

    world.send(ALICE, "SELL", "0.2", "97000")
    world.send(ALICE, "SELL", "0.2", "98000")

    assert before.initial_margin_req == 39_264_000_000
    assert before.maintenance_margin_req == 20_064_000_000
    assert summary(world).initial_margin_req == before.initial_margin_req


def test_an_order_beyond_the_mark_costs_its_open_loss(world: World) -> None:
    order = world.send(ALICE, "BUY", "0.1", "96100")

    assert order.status == "OPEN"
    assert summary(world).initial_margin_req == 19_632_000_000 + 10 * E8


def test_value_moves_with_the_mark_and_collateral_does_not(world: World) -> None:
    world.send(BOB, "SELL", "0.5", "96000")
    world.send(ALICE, "BUY", "0.5")
    before = summary(world)

    world.exchange.set_index_price("BTC", 97_000 * E8)

    after = summary(world)
    assert after.total_collateral == before.total_collateral
    assert after.account_value == (before.account_value or 0) + 500 * E8


def test_what_does_not_raise_the_requirement_is_taken_at_any_value(world: World) -> None:
    world.send(BOB, "SELL", "40", "96000")
    world.send(ALICE, "BUY", "40")
    world.exchange.set_index_price("BTC", 94_500 * E8)
    assert (summary(world).free_collateral or 0) < 0

    assert world.send(ALICE, "BUY", "0.1", "94000").cancel_reason == "NOT_ENOUGH_MARGIN"
    assert world.send(ALICE, "SELL", "10", "95000").status == "OPEN"


def test_below_maintenance_an_account_is_liquidated_until_the_next_check(world: World) -> None:
    world.send(BOB, "SELL", "40", "96000")
    world.send(ALICE, "BUY", "40")
    resting = world.send(ALICE, "BUY", "0.1", "90000", market="ETH-USD-PERP")
    assert resting.status == "CLOSED"  # no margin left for it
    waiting = world.send(ALICE, "SELL", "1", "99000")
    world.exchange.set_index_price("BTC", 93_500 * E8)
    world.later(5)

    assert world.told(AccountEvent, ALICE)[-1].status == "LIQUIDATION"
    assert world.last(waiting.order_id).cancel_reason == "IN_LIQUIDATION"
    fill = world.fills(ALICE)[-1]
    assert (fill.fill_type, fill.side, fill.size) == ("LIQUIDATION", "SELL", 40 * E8)
    assert (fill.order_id, fill.orderbook_seq_no, fill.seq) == ("", 0, None)
    assert world.size(ALICE) == 0
    assert world.send(ALICE, "SELL", "1", "94000").cancel_reason == "IN_LIQUIDATION"

    world.exchange.set_index_price("BTC", 96_000 * E8)
    world.later(5)
    assert world.told(AccountEvent, ALICE)[-1].status == "ACTIVE"


class TestOptions:
    CALL, PUT = "BTC-USD-96000-C", "BTC-USD-96000-P"

    @pytest.mark.parametrize(
        ("market", "side", "unit_usd"),
        [
            # 1.2 x the mark, the mark and 25 % of the spot, and the same for the put
            (CALL, "BUY", 1.2 * 5_489.91326932),
            (CALL, "SELL", 5_489.91326932 + 24_000),
            (PUT, "SELL", 5_489.91326932 + 24_000),
        ],
    )
    def test_long_and_short_require_what_is_documented(
        self, world: World, market: str, side: str, unit_usd: float
    ) -> None:
        order = world.send(ALICE, side, "0.1", "5490", market=market)

        assert order.status == "OPEN"
        fee = 0.1 * 96_000 * 0.0001
        loss = max(0.0, 0.1 * (5_490 - 5_489.91326932)) if side == "BUY" else 0
        required = summary(world).initial_margin_req or 0
        assert required / E8 == pytest.approx(0.1 * unit_usd + fee + loss, abs=1e-6)


class TestLeverage:
    def test_a_lower_leverage_requires_more(self, world: World) -> None:
        world.send(ALICE, "BUY", "0.1", "95000")
        world.exchange.margins.choose(ALICE, BTC, MarginSetting(5))

        event = summary(world)
        assert event.initial_margin_req == to_e8(f"{0.1 * 96_000 * (0.2 + 0.00045):.8f}")
        assert world.told(AccountEvent, ALICE)[-1] == event

    def test_maintenance_is_half_of_what_the_position_requires(self, world: World) -> None:
        world.send(BOB, "SELL", "0.2", "96000")
        world.send(ALICE, "BUY", "0.2")
        world.exchange.margins.choose(ALICE, BTC, MarginSetting(5))

        required = 0.2 * 96_000 * (0.2 / 2 + 0.00045)
        assert summary(world).maintenance_margin_req == to_e8(f"{required:.8f}")

    def test_a_leverage_applies_to_its_market_only(self, world: World) -> None:
        world.exchange.margins.choose(ALICE, BTC, MarginSetting(1))
        world.send(ALICE, "BUY", "1", "3300", market="ETH-USD-PERP")

        assert summary(world).initial_margin_req == to_e8(f"{3_400 * PERP_RATE:.8f}")
        assert world.exchange.margins.get(ALICE, "ETH-USD-PERP") == MarginSetting(50)

    def test_an_order_beyond_the_chosen_leverage_is_refused(self, world: World) -> None:
        world.exchange.margins.choose(ALICE, BTC, MarginSetting(2))

        assert world.send(ALICE, "BUY", "3", "95000").cancel_reason == "NOT_ENOUGH_MARGIN"

    @pytest.mark.parametrize(
        ("market", "setting", "code"),
        [
            (BTC, MarginSetting(0), "VALIDATION_ERROR"),
            (BTC, MarginSetting(51), "VALIDATION_ERROR"),
            ("kPEPE-USD-PERP", MarginSetting(11), "VALIDATION_ERROR"),
            (BTC, MarginSetting(5, "BOTH"), "VALIDATION_ERROR"),
            ("DIME-USD", MarginSetting(1), "MARKET_MARGIN_RESTRICTED"),
            ("BTC-USD-96000-C", MarginSetting(1), "MARKET_MARGIN_RESTRICTED"),
            ("NO-SUCH", MarginSetting(1), "MARKET_NOT_FOUND"),
        ],
    )
    def test_what_a_market_cannot_have_is_refused(
        self, world: World, market: str, setting: MarginSetting, code: str
    ) -> None:
        with pytest.raises(OrderRefused, match=code):
            world.exchange.margins.choose(ALICE, market, setting)

    def test_a_leverage_that_the_account_cannot_bear_changes_nothing(self, world: World) -> None:
        world.send(ALICE, "BUY", "3", "95000")
        before = summary(world)

        with pytest.raises(OrderRefused, match="REQUEST_NOT_ALLOWED"):
            world.exchange.margins.choose(ALICE, BTC, MarginSetting(2))

        assert world.exchange.margins.get(ALICE, BTC) == MarginSetting(50)
        assert summary(world).initial_margin_req == before.initial_margin_req
