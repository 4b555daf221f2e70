"""For which account a request acts: the token's own, or an isolated-margin account of it."""

from nautilus_paradex.devnet.engine.exchange import Exchange
from nautilus_paradex.devnet.wire.auth import Principal
from nautilus_paradex.devnet.wire.errors import ApiError
from nautilus_paradex.protocol.enums import ErrorCode

__all__ = ["acting_account"]


def acting_account(
    exchange: Exchange, principal: Principal, on_behalf_of: str | None, market: str
) -> str:
    """
    Return the address that a request for `market` acts for.

    Raises
    ------
    ApiError
        400 ACCOUNT_NOT_FOUND if `on_behalf_of` is no account of the token's, 403 if the token was
        not asked for with the right to act for it, 400 ISOLATED_MARKET_ACCOUNT_MISMATCH if the
        account is for another market. Which code the venue uses is a guess.

    """
    address = _normal(on_behalf_of) or principal.account
    if address == principal.account:
        return address
    isolated_market = exchange.isolated_accounts(principal.account).get(address)
    if isolated_market is None:
        raise ApiError(
            400, ErrorCode.ACCOUNT_NOT_FOUND, f"on_behalf_of_account: not found: {address}"
        )
    if not principal.may_isolate:
        raise ApiError(
            403,
            ErrorCode.UNAUTHORIZED_ERROR,
            "on_behalf_of_account: the token is not authorized for isolated markets",
        )
    if market != isolated_market:
        raise ApiError(
            400,
            ErrorCode.ISOLATED_MARKET_ACCOUNT_MISMATCH,
            f"on_behalf_of_account: is an account for {isolated_market}, order is in {market}",
        )
    return address


def _normal(address: str | None) -> str | None:
    try:
        return hex(int(address, 16)) if address else None
    except ValueError:
        return address
