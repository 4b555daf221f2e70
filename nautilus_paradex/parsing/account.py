"""From the venue's account summary and token balances to the platform's. Pure functions.

Everything is held against one cross margin in the settlement asset. Unrealised profit is left out
of the balance: the platform adds it itself.
"""

from collections.abc import Iterable
from typing import Final

from nautilus_trader.model.objects import AccountBalance, Currency, MarginBalance, Money

from nautilus_paradex.parsing.instruments import currency_from_code
from nautilus_paradex.parsing.money import money_from_e8
from nautilus_paradex.protocol import rest
from nautilus_paradex.protocol.errors import MessageError
from nautilus_paradex.protocol.events import AccountEvent
from nautilus_paradex.protocol.numbers import to_e8

__all__ = ["SETTLEMENT_ASSET", "account_balances", "account_margins"]

SETTLEMENT_ASSET: Final = "USDC"
"""What accounts are settled in where the venue does not say (api-notes)."""


def account_balances(
    account: AccountEvent,
    tokens: Iterable[rest.Balance] = (),
) -> list[AccountBalance]:
    """
    Return the balances of an account: the collateral, and every other token it holds.

    Parameters
    ----------
    account : AccountEvent
        The account's summary.
    tokens : Iterable[rest.Balance], optional
        The token balances of ``GET /balance``; the settlement asset among them is passed over,
        since its balance is the collateral.

    Raises
    ------
    MessageError
        If the summary has no collateral: an account must not seem empty for want of a field.

    """
    total = account.total_collateral
    if total is None:
        raise MessageError("the account summary has no total_collateral")
    settlement = account.settlement_asset or SETTLEMENT_ASSET
    free = total if account.free_collateral is None else account.free_collateral
    # Free collateral counts unrealised profit and can exceed the collateral, or be negative.
    free = min(max(free, 0), total) if total > 0 else total
    balances = [_balance(total, free, currency_from_code(settlement))]
    for token in tokens:
        size = to_e8(token.size) or 0
        if token.token and token.token != settlement and size:
            balances.append(_balance(size, size, currency_from_code(token.token)))
    return balances


def account_margins(account: AccountEvent) -> list[MarginBalance]:
    """Return the one cross margin of an account, in its settlement asset."""
    currency = currency_from_code(account.settlement_asset or SETTLEMENT_ASSET)
    return [
        MarginBalance(
            initial=money_from_e8(account.initial_margin_req or 0, currency),
            maintenance=money_from_e8(account.maintenance_margin_req or 0, currency),
        ),
    ]


def _balance(total: int, free: int, currency: Currency) -> AccountBalance:
    total_money = money_from_e8(total, currency)
    free_money = money_from_e8(free, currency)
    return AccountBalance(
        total=total_money,
        locked=Money.from_raw(total_money.raw - free_money.raw, currency),
        free=free_money,
    )
