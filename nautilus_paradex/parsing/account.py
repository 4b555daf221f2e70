"""From the venue's account summary and token balances to the platform's. Pure functions.

Everything is held against one cross margin in the settlement asset. Unrealised profit is left out
of the balance: the platform adds it itself.
"""

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec
from nautilus_trader.model.objects import AccountBalance, Currency, MarginBalance, Money

from nautilus_paradex.parsing.instruments import currency_from_code
from nautilus_paradex.parsing.money import money_from_e8
from nautilus_paradex.protocol import rest
from nautilus_paradex.protocol.errors import MessageError
from nautilus_paradex.protocol.events import AccountEvent
from nautilus_paradex.protocol.json_feed import BalanceEvent
from nautilus_paradex.protocol.numbers import e8_to_str, to_e8, to_int

__all__ = [
    "SETTLEMENT_ASSET",
    "account_balances",
    "account_info",
    "account_margins",
    "balance_event_info",
    "balance_event_ts_us",
    "follows",
    "realized_funding_of",
    "token_sizes",
    "with_balance_event",
]

SETTLEMENT_ASSET: Final = "USDC"
"""What accounts are settled in where the venue does not say (api-notes)."""

_AMOUNTS: Final = {
    "account_value": "account_value",
    "total_collateral": "total_collateral",
    "free_collateral": "free_collateral",
    "initial_margin_requirement": "initial_margin_req",
    "maintenance_margin_requirement": "maintenance_margin_req",
    "margin_cushion": "margin_cushion",
}
"""The venue's names of what goes into `info`, and the fields of the event."""

_EVENT_TEXTS: Final = ("type", "market", "fill_id", "status")
_EVENT_AMOUNTS: Final = ("realized_pnl", "realized_funding", "fees")


def account_balances(
    account: AccountEvent,
    tokens: Mapping[str, int] | None = None,
) -> list[AccountBalance]:
    """
    Return the balances of an account: the collateral, and every other token.

    Parameters
    ----------
    account : AccountEvent
        The account's summary.
    tokens : Mapping[str, int], optional
        Sizes at 1e-8 by token, zeros included: the platform keeps a balance that an account state
        leaves out. The settlement asset among them is passed over, its balance is the collateral.

    Raises
    ------
    MessageError
        If the summary has no collateral: an account must not seem empty for want of a field.
    PrecisionError
        If an amount is out of the platform's range.

    """
    total = account.total_collateral
    if total is None:
        raise MessageError("the account summary has no total_collateral")
    settlement = account.settlement_asset or SETTLEMENT_ASSET
    free = total if account.free_collateral is None else account.free_collateral
    # Free collateral counts unrealised profit and can exceed the collateral, or be negative.
    free = min(max(free, 0), total) if total > 0 else total
    balances = [_balance(total, free, currency_from_code(settlement))]
    for token, size in (tokens or {}).items():
        if token != settlement:
            balances.append(_balance(size, size, currency_from_code(token)))
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


def account_info(account: AccountEvent) -> dict[str, str]:
    """Return what the venue says of the account in its own words, amounts as decimal strings."""
    amounts = {name: getattr(account, field) for name, field in _AMOUNTS.items()}
    info = {name: e8_to_str(value) for name, value in amounts.items() if value is not None}
    if account.status:
        info["status"] = account.status
    info["settlement_asset"] = account.settlement_asset or SETTLEMENT_ASSET
    return info


def token_sizes(balances: Iterable[rest.Balance], known: Iterable[str] = ()) -> dict[str, int]:
    """
    Return the sizes of token balances at 1e-8.

    Parameters
    ----------
    balances : Iterable[rest.Balance]
        Those of ``GET /balance``. Empty ones are left out,
    known : Iterable[str], optional
        but not of these tokens: what the account once held and the venue no longer lists is 0.

    """
    listed = {balance.token: to_e8(balance.size) or 0 for balance in balances if balance.token}
    held = {token: size for token, size in listed.items() if size}
    return dict.fromkeys(known, 0) | held


def follows(account: AccountEvent, event: BalanceEvent) -> bool:
    """Whether a change starts from the balance that the account has; one that is silent may."""
    before = to_e8(event.settlement_asset_balance_before)
    return before is None or before == account.total_collateral


def with_balance_event(account: AccountEvent, event: BalanceEvent) -> AccountEvent:
    """
    Return the account as it is after a change of its balance that is newer than it.

    Raises
    ------
    MessageError
        If the event does not say what the balance is, or of another asset.

    """
    settlement = account.settlement_asset or SETTLEMENT_ASSET
    total = to_e8(event.settlement_asset_balance_after)
    if total is None or (event.settlement_asset_name or settlement) != settlement:
        raise MessageError(
            f"balance event of fill {event.fill_id} tells no balance in {settlement}, was "
            f"{event.settlement_asset_balance_after!r} {event.settlement_asset_name}",
        )
    change = total - (account.total_collateral or 0)
    return msgspec.structs.replace(
        account,
        total_collateral=total,
        free_collateral=_shifted(account.free_collateral, change),
        account_value=_shifted(account.account_value, change),
        margin_cushion=_shifted(account.margin_cushion, change),
        updated_at=balance_event_ts_us(event),
    )


def balance_event_info(event: BalanceEvent) -> dict[str, str]:
    """Return what moved the balance, amounts as decimal strings."""
    info = {name: text for name in _EVENT_TEXTS if (text := getattr(event, name))}
    for name in _EVENT_AMOUNTS:
        amount = to_e8(getattr(event, name))
        if amount is not None:
            info[name] = e8_to_str(amount)
    return info


def balance_event_ts_us(event: BalanceEvent) -> int:
    """Return when the balance changed, microseconds; 0 where the event does not say."""
    return (to_int(event.created_at) or 0) * 1_000


def realized_funding_of(event: BalanceEvent) -> int:
    """Return the funding that moved the balance, at 1e-8."""
    return to_e8(event.realized_funding) or 0


def _shifted(value: int | None, change: int) -> int | None:
    return None if value is None else value + change


def _balance(total: int, free: int, currency: Currency) -> AccountBalance:
    total_money = money_from_e8(total, currency)
    free_money = money_from_e8(free, currency)
    return AccountBalance(
        total=total_money,
        locked=Money.from_raw(total_money.raw - free_money.raw, currency),
        free=free_money,
    )
