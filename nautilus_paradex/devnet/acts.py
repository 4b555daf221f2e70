"""What a test or a trainee asks the venue to do to accounts with ``POST /devnet/acts``.

An act is a struct of the union below, carried out at once. Nothing in this module does I/O; what
an act means is in `engine.interventions`.
"""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from nautilus_paradex.devnet.engine.interventions import Interventions
from nautilus_paradex.devnet.engine.model import OrderRefused
from nautilus_paradex.protocol.errors import MessageError
from nautilus_paradex.protocol.numbers import to_e8

__all__ = ["ACT_KINDS", "ActError", "perform"]


class ActError(ValueError):
    """The act asked for is unknown, malformed, or cannot be carried out."""


class _Act(msgspec.Struct, frozen=True, tag_field="kind", forbid_unknown_fields=True):
    """Amounts are decimal strings, accounts are addresses."""


class Bust(_Act, frozen=True, tag="bust"):
    """Take a trade back."""

    fill_id: str


class Liquidate(_Act, frozen=True, tag="liquidate"):
    """Hand all positions of an account to the insurance account."""

    account: str


class BlockTrade(_Act, frozen=True, tag="block_trade"):
    """Let two accounts trade away from the book."""

    buyer: str
    seller: str
    market: str
    size: str
    price: str


class TransferPosition(_Act, frozen=True, tag="transfer_position"):
    """Move a part of a position; `size` is signed, the price is the mark if left out."""

    giver: str
    taker: str
    market: str
    size: str
    price: str | None = None


class Deposit(_Act, frozen=True, tag="deposit"):
    """Add to a balance."""

    account: str
    token: str
    amount: str


class Withdraw(_Act, frozen=True, tag="withdraw"):
    """Take from a balance."""

    account: str
    token: str
    amount: str


ACT_KINDS: Final = (
    "bust",
    "liquidate",
    "block_trade",
    "transfer_position",
    "deposit",
    "withdraw",
)

_DECODER: Final = msgspec.json.Decoder(
    Bust | Liquidate | BlockTrade | TransferPosition | Deposit | Withdraw
)


def perform(venue: Interventions, body: bytes) -> object:
    """
    Carry out the act of a request body, and return what it led to: ids, or addresses.

    Raises
    ------
    ActError
        If it cannot be carried out; the text says why.

    """
    try:
        act = _DECODER.decode(body)
        return _PERFORMERS[type(act)](venue, act)
    except (msgspec.DecodeError, MessageError, OrderRefused) as exc:
        raise ActError(str(exc)) from exc


def _bust(venue: Interventions, act: Bust) -> object:
    return {"accounts": venue.bust(act.fill_id)}


def _liquidate(venue: Interventions, act: Liquidate) -> object:
    return {"fill_ids": venue.liquidate(act.account)}


def _block_trade(venue: Interventions, act: BlockTrade) -> object:
    size, price = _amount(act.size), _amount(act.price)
    return {"fill_id": venue.block_trade(act.buyer, act.seller, act.market, size, price)}


def _transfer_position(venue: Interventions, act: TransferPosition) -> object:
    price = None if act.price is None else _amount(act.price)
    size = _amount(act.size)
    return {"fill_id": venue.transfer_position(act.giver, act.taker, act.market, size, price)}


def _deposit(venue: Interventions, act: Deposit) -> object:
    return {"transfer_id": venue.deposit(act.account, act.token, _positive(act.amount))}


def _withdraw(venue: Interventions, act: Withdraw) -> object:
    return {"transfer_id": venue.withdraw(act.account, act.token, _positive(act.amount))}


def _amount(text: str) -> int:
    amount = to_e8(text, exact=True)
    if amount is None:
        raise MessageError("an amount must not be empty")
    return amount


def _positive(text: str) -> int:
    amount = _amount(text)
    if amount <= 0:
        raise MessageError(f"an amount must be positive, was {text!r}")
    return amount


_PERFORMERS: Final[dict[type, Callable[[Interventions, Any], object]]] = {
    Bust: _bust,
    Liquidate: _liquidate,
    BlockTrade: _block_trade,
    TransferPosition: _transfer_position,
    Deposit: _deposit,
    Withdraw: _withdraw,
}
