"""The account's balances add up exactly, whatever the venue says of collateral and margin."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nautilus_trader.model.currencies import USDC

from nautilus_paradex.parsing.account import (
    account_balances,
    account_info,
    account_margins,
    balance_event_info,
    token_sizes,
    with_balance_event,
)
from nautilus_paradex.parsing.money import money_from_e8
from nautilus_paradex.parsing.precision import PrecisionError
from nautilus_paradex.protocol import rest
from nautilus_paradex.protocol.errors import MessageError
from nautilus_paradex.protocol.events import AccountEvent
from nautilus_paradex.protocol.json_feed import BalanceEvent
from nautilus_paradex.protocol.numbers import e8_to_decimal

amounts = st.integers(-(10**17), 10**17)


@given(total=amounts, free=st.none() | amounts)
def test_total_less_locked_is_free_exactly(total: int, free: int | None) -> None:
    account = AccountEvent(total_collateral=total, free_collateral=free, settlement_asset="USDC")
    (balance,) = account_balances(account)
    assert balance.total.as_decimal() == e8_to_decimal(total)
    assert balance.total.raw - balance.locked.raw == balance.free.raw
    assert balance.locked.raw >= 0


def test_free_collateral_beyond_the_collateral_is_clamped() -> None:
    # Unrealised profit makes collateral free that is not in the balance.
    account = AccountEvent(total_collateral=100_00000000, free_collateral=150_00000000)
    (balance,) = account_balances(account)
    assert balance.free.as_decimal() == Decimal(100)
    assert balance.locked.as_decimal() == 0


def test_other_tokens_are_balances_of_their_own() -> None:
    account = AccountEvent(total_collateral=100_00000000, settlement_asset="USDC")
    tokens = token_sizes(
        [
            rest.Balance(token="USDC", size="78.5"),
            rest.Balance(token="DIME", size="12.00000001"),
            rest.Balance(token="ETH", size="0"),
        ],
    )
    balances = account_balances(account, tokens)
    assert [(str(b.currency), b.total.as_decimal()) for b in balances] == [
        ("USDC", Decimal(100)),
        ("DIME", Decimal("12.00000001")),
    ]


def test_a_token_that_is_gone_is_told_as_zero() -> None:
    # The platform keeps the balance that an account state leaves out.
    before = token_sizes([rest.Balance(token="DIME", size="12")])
    after = token_sizes([rest.Balance(token="ETH", size="1")], before)
    assert after == {"DIME": 0, "ETH": 100_000_000}


def test_a_balance_event_moves_balance_and_what_depends_on_it() -> None:
    account = AccountEvent(
        total_collateral=100_00000000,
        free_collateral=60_00000000,
        account_value=110_00000000,
        initial_margin_req=50_00000000,
        settlement_asset="USDC",
        updated_at=1_000,
    )
    event = BalanceEvent(
        type="TRANSACTION_FILL",
        market="BTC-USD-PERP",
        fill_id="17",
        settlement_asset_name="USDC",
        settlement_asset_balance_after="97.500000000000000000",
        realized_funding="-2.5",
        fees="0.000000000000000000",
        created_at=2,
    )
    after = with_balance_event(account, event)
    assert (after.total_collateral, after.free_collateral) == (97_50000000, 57_50000000)
    assert (after.account_value, after.initial_margin_req) == (107_50000000, 50_00000000)
    assert after.updated_at == 2_000
    assert balance_event_info(event) == {
        "type": "TRANSACTION_FILL",
        "market": "BTC-USD-PERP",
        "fill_id": "17",
        "realized_funding": "-2.5",
        "fees": "0",
    }


@pytest.mark.parametrize(
    "event",
    [BalanceEvent(), BalanceEvent(settlement_asset_balance_after="1", settlement_asset_name="X")],
)
def test_a_balance_event_without_the_balance_is_refused(event: BalanceEvent) -> None:
    with pytest.raises(MessageError, match="tells no balance"):
        with_balance_event(AccountEvent(total_collateral=1), event)


def test_info_holds_the_venues_own_figures() -> None:
    account = AccountEvent(total_collateral=-150000000, account_value=5, status="LIQUIDATION")
    assert account_info(account) == {
        "total_collateral": "-1.5",
        "account_value": "0.00000005",
        "status": "LIQUIDATION",
        "settlement_asset": "USDC",
    }


def test_an_account_without_collateral_is_no_empty_account() -> None:
    with pytest.raises(MessageError, match="total_collateral"):
        account_balances(AccountEvent(settlement_asset="USDC"))


def test_one_cross_margin_in_the_settlement_asset() -> None:
    account = AccountEvent(initial_margin_req=50_00000000, maintenance_margin_req=25_00000000)
    (margin,) = account_margins(account)
    assert margin.instrument_id is None
    assert margin.currency == USDC
    assert (margin.initial.as_decimal(), margin.maintenance.as_decimal()) == (50, 25)


@given(st.integers(-(2**62), 2**62).filter(lambda value: abs(value) < 10**18))
def test_money_is_exact_beyond_what_a_float_holds(value: int) -> None:
    assert money_from_e8(value, USDC).as_decimal() == e8_to_decimal(value)


@pytest.mark.parametrize("value", [2**71, -(2**90), 10**30])
def test_money_beyond_the_platforms_range_is_refused(value: int) -> None:
    with pytest.raises(PrecisionError, match="amount must be within"):
        money_from_e8(value, USDC)
