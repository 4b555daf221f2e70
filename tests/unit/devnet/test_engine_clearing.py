"""What trades do to balances, positions and the market's figures."""

from decimal import Decimal

import pytest
from engine_world import ALICE, BOB, BTC, World

from nautilus_paradex.devnet.engine.accounts import Position
from nautilus_paradex.devnet.engine.fees import trade_fee
from nautilus_paradex.devnet.engine.markets import default_markets
from nautilus_paradex.devnet.engine.model import BalanceChange, FundingPayment, TransferRecord
from nautilus_paradex.protocol.events import PositionEvent
from nautilus_paradex.protocol.numbers import E8

SPECS = {spec.symbol: spec for spec in default_markets(1_764_000_000_000_000)}


def trade(world: World, buyer: str, seller: str, size: str, price: str) -> None:
    """`buyer` takes what `seller` offers."""
    world.send(seller, "SELL", size, price)
    world.send(buyer, "BUY", size, price)


class TestFees:
    @pytest.mark.parametrize(
        ("market", "liquidity", "size", "price", "fee"),
        [
            (BTC, "MAKER", E8 // 2, 96_000 * E8, 144_000_000),
            (BTC, "TAKER", E8 // 2, 96_000 * E8, 2_160_000_000),
            # 0.00001 x 96000.1 x 0.003 % = 0.00002880003
            (BTC, "MAKER", 1_000, 9_600_010_000_000, 2_881),
            # 0.01 % of the spot notional of 9600, and 12.5 % of a premium of 1
            ("BTC-USD-96000-C", "TAKER", E8 // 10, 5_000 * E8, 96_000_000),
            ("BTC-USD-96000-C", "TAKER", E8 // 10, 10 * E8, 12_500_000),
        ],
    )
    def test_are_rates_rounded_up(
        self, market: str, liquidity: str, size: int, price: int, fee: int
    ) -> None:
        spec = SPECS[market]

        charged = trade_fee(spec, liquidity, size_e8=size, price_e8=price, spot_e8=96_000 * E8)

        assert charged == fee

    def test_go_to_the_fee_account(self, world: World) -> None:
        trade(world, ALICE, BOB, "0.5", "96000")

        assert world.usdc(ALICE) == Decimal("100000") - Decimal("21.6")
        assert world.usdc(BOB) == Decimal("100000") - Decimal("1.44")
        assert world.usdc("0xfee") == Decimal("23.04")


class TestPositions:
    def test_average_entry_and_realised_gain(self, world: World) -> None:
        trade(world, ALICE, BOB, "0.1", "96000")
        trade(world, ALICE, BOB, "0.3", "96400")
        assert world.told(PositionEvent, ALICE)[-1].avg_entry_price == 96_300 * E8

        trade(world, BOB, ALICE, "0.2", "96500")

        assert world.fills(ALICE)[-1].realized_pnl == 40 * E8
        assert world.fills(BOB)[-1].realized_pnl == -40 * E8
        position = world.told(PositionEvent, ALICE)[-1]
        assert (position.size, position.cost) == (20_000_000, 19_260 * E8)
        assert position.realized_pnl == 40 * E8

    def test_a_trade_through_zero_closes_one_side_and_opens_the_other(self, world: World) -> None:
        trade(world, ALICE, BOB, "0.1", "96000")

        trade(world, BOB, ALICE, "0.3", "96100")

        fill = world.fills(ALICE)[-1]
        position = world.told(PositionEvent, ALICE)[-1]
        assert fill.realized_pnl == 10 * E8
        assert (position.side, position.size) == ("SELL", 20_000_000)
        assert position.avg_entry_price == 96_100 * E8
        assert position.cost == -19_220 * E8

    def test_opening_realises_nothing(self, world: World) -> None:
        trade(world, ALICE, BOB, "0.1", "96000")

        assert world.fills(ALICE)[0].realized_pnl is None

    def test_an_uneven_cost_is_released_without_a_remainder(self) -> None:
        position = Position("M")
        position.trade(3, E8)
        position.trade(4, 2 * E8)

        gains = [position.trade(-1, E8) for _ in range(7)]

        assert sum(gain or 0 for gain in gains) == 7 - 11
        assert (position.size_e8, position.cost_e8) == (0, 0)

    def test_open_interest_counts_longs_once(self, world: World) -> None:
        trade(world, ALICE, BOB, "0.3", "96000")
        assert world.exchange.summary(BTC).open_interest == 30_000_000
        trade(world, BOB, ALICE, "0.4", "96000")
        assert world.exchange.summary(BTC).open_interest == 10_000_000


class TestFunding:
    def test_is_realised_by_the_next_fill(self, world: World) -> None:
        trade(world, ALICE, BOB, "1", "96000")
        for _ in range(60):
            world.later(10)
        # The mark is the index, so the rate is the interest of 0.01 % per 8 hours.
        owed = 96_000 * E8 // 10_000 * 600 // 28_800
        unrealised = world.exchange.positions(ALICE)[0].unrealized_funding_pnl
        assert unrealised == pytest.approx(-owed, abs=2)

        trade(world, BOB, ALICE, "0.1", "96000")

        fill = world.fills(ALICE)[-1]
        assert fill.realized_funding == unrealised
        (payment,) = world.told(FundingPayment, ALICE)
        assert (payment.payment_e8, payment.fill_id) == (unrealised, fill.fill_id)
        assert world.fills(BOB)[-1].realized_funding == pytest.approx(owed, abs=2)
        assert world.exchange.positions(ALICE)[0].unrealized_funding_pnl == 0

    def test_does_not_accrue_over_a_gap(self, world: World) -> None:
        trade(world, ALICE, BOB, "1", "96000")

        world.later(31)

        assert world.exchange.positions(ALICE)[0].unrealized_funding_pnl == 0

    def test_rounding_stays_with_the_venue(self, world: World) -> None:
        trade(world, ALICE, BOB, "0.00011", "96000")
        for _ in range(7):
            world.later(3)
        trade(world, BOB, ALICE, "0.00011", "96000")

        assert 0 <= world.usdc("0xf00d") <= Decimal("0.00000002")


class TestSpot:
    def test_money_and_tokens_change_hands(self, world: World) -> None:
        fields = {"market": "DIME-USD"}
        world.send(BOB, "SELL", "1000", "0.12", **fields)
        world.send(ALICE, "BUY", "1000", "0.12", **fields)

        balances = {b.token: b.size_e8 for b in world.exchange.balances(ALICE)}
        assert balances["DIME"] == 11_000 * E8
        assert balances["USDC"] == 100_000 * E8 - 120 * E8 - 5_400_000
        assert world.exchange.positions(ALICE) == []

    @pytest.mark.parametrize(("side", "size"), [("SELL", "10000.1"), ("BUY", "900000")])
    def test_nobody_sells_or_buys_what_he_cannot_pay(
        self, world: World, side: str, size: str
    ) -> None:
        order = world.send(ALICE, side, size, "0.12", market="DIME-USD")

        assert order.cancel_reason == "NOT_ENOUGH_MARGIN"


def test_a_balance_change_is_told_for_each_fill(world: World) -> None:
    trade(world, ALICE, BOB, "0.1", "96000")
    trade(world, BOB, ALICE, "0.1", "96100")

    first, second = world.told(BalanceChange, ALICE)
    assert second.balance_before_e8 == first.balance_after_e8
    assert second.balance_after_e8 - second.balance_before_e8 == (
        second.realized_pnl_e8 - second.fees_e8
    )
    assert second.realized_pnl_e8 == 10 * E8


def test_opening_an_account_is_a_deposit_once(world: World) -> None:
    world.exchange.open_account(ALICE, 1, 5 * E8)

    deposits = [(t.token, t.amount_e8) for t in world.told(TransferRecord, ALICE)]
    assert deposits == [("USDC", 100_000 * E8), ("DIME", 10_000 * E8)]
