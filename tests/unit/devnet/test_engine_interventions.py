"""What the venue does to accounts by itself or when asked, and that the books stay balanced."""

from decimal import Decimal

import pytest
from engine_world import ALICE, BOB, BTC, CAROL, World

from nautilus_paradex.devnet.acts import ActError, perform
from nautilus_paradex.devnet.engine.model import (
    HistoryQuery,
    OrderRefused,
    TradeBust,
    TransferRecord,
)
from nautilus_paradex.devnet.engine.state import INSURANCE_ACCOUNT
from nautilus_paradex.protocol.events import OrderEvent, PositionEvent, TradeEvent
from nautilus_paradex.protocol.numbers import E8

START = Decimal(100_000)


def trade(world: World, size: str = "0.5", price: str = "96000") -> str:
    world.send(BOB, "SELL", size, price)
    world.send(ALICE, "BUY", size)
    return str(world.fills(ALICE)[-1].fill_id)


def test_a_bust_gives_back_position_balance_and_fees(world: World) -> None:
    fill_id = trade(world)

    assert sorted(world.exchange.interventions.bust(fill_id)) == [ALICE, BOB]

    assert [world.size(account) for account in (ALICE, BOB)] == [0, 0]
    assert [world.usdc(account) for account in (ALICE, BOB)] == [START, START]
    for account in (ALICE, BOB):
        assert [bust.fill_id for bust in world.told(TradeBust, account)] == [fill_id]
        assert world.told(PositionEvent, account)[-1].size == 0
        (listed,) = world.exchange.tradebusts(account, HistoryQuery()).results
        assert listed.fill_id == fill_id
    assert world.exchange.summary(BTC).open_interest == 0


def test_a_bust_is_told_once_and_only_of_a_fill_that_is_known(world: World) -> None:
    fill_id = trade(world)
    world.exchange.interventions.bust(fill_id)
    for unknown in (fill_id, "12345"):
        with pytest.raises(OrderRefused, match="no fill to take back"):
            world.exchange.interventions.bust(unknown)


def test_a_bust_of_a_trade_that_closed_leaves_the_account_worth_what_it_was(world: World) -> None:
    trade(world)
    before = world.exchange.account_event(ALICE).account_value
    world.send(BOB, "BUY", "0.5", "97000")
    world.send(ALICE, "SELL", "0.5")
    assert world.usdc(ALICE) > START

    world.exchange.interventions.bust(str(world.fills(ALICE)[-1].fill_id))

    assert world.size(ALICE) == E8 // 2
    assert world.exchange.account_event(ALICE).account_value == before


def test_a_liquidation_closes_orders_and_hands_over_positions(world: World) -> None:
    trade(world)
    resting = world.send(ALICE, "SELL", "0.1", "99000")

    (fill_id,) = world.exchange.interventions.liquidate(ALICE)

    assert world.last(resting.order_id).cancel_reason == "IN_LIQUIDATION"
    fill = world.fills(ALICE)[-1]
    assert (fill.fill_id, fill.fill_type, fill.order_id) == (fill_id, "LIQUIDATION", "")
    assert (world.size(ALICE), world.size(INSURANCE_ACCOUNT)) == (0, E8 // 2)
    assert world.told(TradeEvent)[-1].trade_type == "LIQUIDATION"
    assert world.told(TradeEvent)[-1].seq == 0


def test_a_block_trade_fills_two_orders_away_from_the_book(world: World) -> None:
    fill_id = world.exchange.interventions.block_trade(ALICE, BOB, BTC, 2 * E8, 95_000 * E8)

    assert (world.size(ALICE), world.size(BOB)) == (2 * E8, -2 * E8)
    for account in (ALICE, BOB):
        (fill,) = world.fills(account)
        assert (fill.fill_id, fill.fill_type, fill.seq) == (fill_id, "BLOCK_TRADE", None)
        (order,) = world.told(OrderEvent, account)
        assert (order.order_id, order.status, order.size_open) == (fill.order_id, "CLOSED", 0)
    assert world.deltas() == []


@pytest.mark.parametrize("size", [E8 // 4, -E8 // 4])
def test_a_transferred_position_has_fills_without_orders(world: World, size: int) -> None:
    world.exchange.interventions.transfer_position(ALICE, CAROL, BTC, size, 95_000 * E8)

    assert (world.size(ALICE), world.size(CAROL)) == (-size, size)
    assert {f.order_id for a in (ALICE, CAROL) for f in world.fills(a)} == {""}
    assert {f.fill_type for f in world.fills(ALICE)} == {"UNWIND_TRANSFER"}


def test_money_comes_and_goes(world: World) -> None:
    world.exchange.interventions.deposit(ALICE, "DIME", 5 * E8)
    world.exchange.interventions.withdraw(ALICE, "USDC", 1_000 * E8)

    assert world.usdc(ALICE) == START - 1_000
    kinds = [(t.kind, t.direction, t.token) for t in world.told(TransferRecord, ALICE)]
    assert kinds[-2:] == [("DEPOSIT", "IN", "DIME"), ("WITHDRAWAL", "OUT", "USDC")]
    with pytest.raises(OrderRefused, match="cannot withdraw"):
        world.exchange.interventions.withdraw(ALICE, "USDC", 100_000 * E8)


def test_a_fee_is_charged_in_dime_where_asked_for_and_held(world: World) -> None:
    world.send(BOB, "SELL", "0.5", "96000")
    world.send(ALICE, "BUY", "0.5", dime_discount=True)
    (fill,) = world.fills(ALICE)
    assert fill.fee_currency == "DIME"
    dime = world.exchange.fair_price_e8("DIME-USD")
    usdc_fee = Decimal("0.5") * 96_000 * Decimal("0.00045")
    expected = usdc_fee * Decimal("0.8") / (Decimal(dime) / E8)
    assert abs(Decimal(fill.fee or 0) / E8 - expected) < Decimal("1e-7")
    assert world.usdc(ALICE) == START


def test_a_fee_is_charged_in_usdc_where_dime_does_not_suffice(world: World) -> None:
    world.exchange.interventions.withdraw(ALICE, "DIME", 10_000 * E8)
    world.send(BOB, "SELL", "0.5", "96000")
    world.send(ALICE, "BUY", "0.5", dime_discount=True)
    assert world.fills(ALICE)[-1].fee_currency == "USDC"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"{}", "kind"),
        (b'{"kind": "storm"}', "storm"),
        (b'{"kind": "bust"}', "fill_id"),
        (b'{"kind": "bust", "fill_id": "1", "times": 2}', "times"),
        (b'{"kind": "liquidate", "account": "0x1"}', "account not found"),
        (
            b'{"kind": "transfer_position", "giver": "0xa11ce", "taker": "0xb0b", '
            b'"market": "BTC-USD-PERP", "size": "0"}',
            "size must be",
        ),
        (b'{"kind": "deposit", "account": "0xa11ce", "token": "DIME", "amount": "-1"}', "positive"),
        (b'{"kind": "deposit", "account": "0xa11ce", "token": "DIME", "amount": ""}', "empty"),
    ],
)
def test_what_cannot_be_done_is_refused_with_the_reason(
    world: World, body: bytes, words: str
) -> None:
    with pytest.raises(ActError, match=words):
        perform(world.exchange.interventions, body)
