"""Balances and margins: what the venue says of them, and what moved them, is what accounts show."""

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal

import msgspec
import pytest
from nautilus_trader.model.events import AccountState
from nautilus_trader.model.objects import Currency

from nautilus_paradex.devnet.config import DevnetConfig
from nautilus_paradex.protocol import rest
from nautilus_paradex.protocol.events import AccountEvent
from nautilus_paradex.protocol.json_feed import BalanceEvent
from nautilus_paradex.protocol.numbers import to_e8
from tests.integration.execution_world import World, open_world
from tests.support import eventually

SPOT = "DIME-USD"


@pytest.fixture(params=["json", "sbe"])
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    config = DevnetConfig(
        port=0,
        synthetic=False,
        past_hours=0,
        private_sbe=request.param == "sbe",
        tick_interval_ms=50,
    )
    async with open_world(config) as world:
        yield world


def ledger_balance(world: World, token: str) -> Decimal:
    return Decimal(world.ledger()["balances"].get(token, "0"))


def adds_up(state: AccountState) -> bool:
    return all(b.total.raw - b.locked.raw == b.free.raw for b in state.balances)


async def agrees(world: World, token: str) -> None:
    await eventually(lambda: world.balance(token) == ledger_balance(world, token))


async def test_deposits_and_withdrawals_move_the_balance_of_their_token(world: World) -> None:
    await world.act("deposit", token="USDC", amount="250.5")
    await world.act("deposit", token="DIME", amount="12.00000001")
    await agrees(world, "USDC")
    await agrees(world, "DIME")
    assert world.balance("DIME") == Decimal("12.00000001")
    await world.act("withdraw", token="DIME", amount="12.00000001")
    await agrees(world, "DIME")
    assert world.balance("DIME") == 0


async def test_every_state_holds_all_balances_and_the_margin_and_adds_up(world: World) -> None:
    await world.act("deposit", token="DIME", amount="5")
    await agrees(world, "DIME")
    told = len(world.account_states)
    price = world.around("0")
    await world.second_screen.place("BUY", "0.50000", price)
    await world.counterparty.place("SELL", "0.20000", price)
    await agrees(world, "USDC")
    await eventually(lambda: len(world.account_states) > told)
    for state in world.account_states[told:]:
        assert {balance.currency.code for balance in state.balances} == {"USDC", "DIME"}
        (margin,) = state.margins
        assert margin.instrument_id is None
        assert adds_up(state)
        assert Decimal(state.info["account_value"]) > 0
    await eventually(lambda: world.account_states[-1].margins[0].initial.as_decimal() > 0)


async def test_realised_funding_moves_the_balance_and_says_so(world: World) -> None:
    price = world.around("0")
    await world.second_screen.place("BUY", "5.00000", price)
    await world.counterparty.place("SELL", "2.50000", price)
    accrued = world.server.exchange.positions

    def has_accrued() -> bool:
        (position,) = accrued(world.address)
        return bool(position.unrealized_funding_pnl)

    await eventually(has_accrued)
    await world.counterparty.place("SELL", "2.50000", price)
    await eventually(lambda: bool(world.ledger()["funding_payments"]))
    (payment,) = world.ledger()["funding_payments"]

    def causes() -> list[dict[str, str]]:
        events = [state.info.get("balance_event") for state in world.account_states]
        return [e for e in events if e and Decimal(e["realized_funding"])]

    await eventually(lambda: len(causes()) == 1)
    (cause,) = causes()
    assert Decimal(cause["realized_funding"]) == Decimal(payment["payment"])
    assert cause["fill_id"] == world.ledger()["fills"][-1]["id"]
    await agrees(world, "USDC")


async def test_a_fee_in_dime_is_a_commission_in_dime_and_leaves_its_balance(world: World) -> None:
    await world.act("deposit", token="DIME", amount="1000")
    await world.counterparty.place("SELL", "0.10000", world.around("0"))
    await world.second_screen.place("BUY", "0.10000", None, dime_discount=True)
    await eventually(lambda: len(world.cache.orders_closed()) == 1)
    (order,) = world.cache.orders_closed()
    (fee,) = order.commissions()
    assert fee.currency == Currency.from_str("DIME", strict=True)
    assert fee.as_decimal() == Decimal(world.ledger()["fills"][0]["fee"])
    await agrees(world, "DIME")
    await agrees(world, "USDC")


async def test_a_spot_trade_moves_both_tokens(world: World) -> None:
    await world.second_screen.place("BUY", "100", "0.12000", market=SPOT)
    counterparty = world.server.accounts[1].address_hex
    await world.act("deposit", account=counterparty, token="DIME", amount="500")
    await world.counterparty.place("SELL", "100", "0.12000", market=SPOT)
    await eventually(lambda: world.balance("DIME") == Decimal(100))
    await agrees(world, "DIME")
    await agrees(world, "USDC")


async def test_an_account_update_stamped_before_the_event_that_it_tells_of_is_no_old_one(
    world: World,
) -> None:
    heard = world.deafen(AccountEvent, BalanceEvent)
    price = world.around("0")
    await world.second_screen.place("BUY", "0.50000", price)
    await world.counterparty.place("SELL", "0.20000", price)
    await eventually(lambda: any(isinstance(message, BalanceEvent) for message in heard))
    await eventually(
        lambda: [m for m in heard if isinstance(m, AccountEvent)][-1].initial_margin_req
    )
    balance = next(message for message in heard if isinstance(message, BalanceEvent))
    update = [message for message in heard if isinstance(message, AccountEvent)][-1]
    moved_ms = (update.updated_at or 0) // 1_000 + 1
    world.hear(msgspec.structs.replace(balance, created_at=moved_ms))
    assert world.account_states[-1].margins[0].initial.as_decimal() == 0
    world.hear(update)
    assert world.account_states[-1].margins[0].initial.as_decimal() > 0


async def bought(world: World) -> AccountEvent:
    """Have the account buy, unheard, and return the update that tells of it."""
    heard = world.deafen(AccountEvent, BalanceEvent)
    price = world.around("0")
    await world.second_screen.place("BUY", "0.01000", price)
    await world.counterparty.place("SELL", "0.01000", price)

    def told() -> list[AccountEvent]:
        updates = [message for message in heard if isinstance(message, AccountEvent)]
        balance = ledger_balance(world, "USDC")
        return [m for m in updates if m.total_collateral == to_e8(balance)]

    await eventually(told)
    return told()[-1]


async def test_of_two_balances_told_of_one_moment_the_venues_is_taken(world: World) -> None:
    before = world.balance("USDC")
    update = await bought(world)
    world.hear(update)
    world.hear(msgspec.structs.replace(update, total_collateral=to_e8(before)))
    await agrees(world, "USDC")
    assert world.balance("USDC") != before


async def test_a_balance_read_in_the_moment_that_it_changed_is_read_again(world: World) -> None:
    before = await world.http.account_summary()
    update = await bought(world)
    world.hear(update)
    read = world.http.account_summary
    answers = [msgspec.structs.replace(before, updated_at=(update.updated_at or 0) // 1_000)]

    async def stale_at_first() -> rest.AccountSummary:
        return answers.pop() if answers else await read()

    world.http.account_summary = stale_at_first  # type: ignore[method-assign]
    await world.client._account.balances.refresh()
    await agrees(world, "USDC")
    assert not answers


async def test_of_two_readings_at_once_the_later_answer_is_the_newer(world: World) -> None:
    await world.act("deposit", token="DIME", amount="10")
    await agrees(world, "DIME")
    read = world.http.balances
    is_let_go = asyncio.Event()
    answers = 0

    async def slow_at_first() -> list[rest.Balance]:
        nonlocal answers
        answers += 1
        balances = await read()
        if answers == 1:
            await is_let_go.wait()
        return balances

    world.http.balances = slow_at_first  # type: ignore[method-assign]
    first = asyncio.create_task(world.client._account.balances.refresh())
    await eventually(lambda: answers == 1)
    await world.act("deposit", token="DIME", amount="5")
    second = asyncio.create_task(world.client._account.balances.refresh())
    await asyncio.sleep(0)
    is_let_go.set()
    await asyncio.gather(first, second)
    assert world.balance("DIME") == Decimal(15)
