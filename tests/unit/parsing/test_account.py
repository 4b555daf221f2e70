"""The account's balances add up exactly, whatever the venue says of collateral and margin."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nautilus_trader.model.currencies import USDC

from nautilus_paradex.parsing.account import account_balances, account_margins
from nautilus_paradex.parsing.money import money_from_e8
from nautilus_paradex.protocol import rest
from nautilus_paradex.protocol.errors import MessageError
from nautilus_paradex.protocol.events import AccountEvent
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
    tokens = [
        rest.Balance(token="USDC", size="78.5"),
        rest.Balance(token="DIME", size="12.00000001"),
        rest.Balance(token="ETH", size="0"),
    ]
    balances = account_balances(account, tokens)
    assert [(str(b.currency), b.total.as_decimal()) for b in balances] == [
        ("USDC", Decimal(100)),
        ("DIME", Decimal("12.00000001")),
    ]


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
