"""Stark signatures of orders and modifications, verified against the keys of the account.

Those of sign-in and onboarding are in `auth`; what else is checked of an order is in `desk`.
"""

from decimal import Decimal

from nautilus_paradex.devnet.wire.auth import Authority
from nautilus_paradex.devnet.wire.errors import ApiError
from nautilus_paradex.protocol.algos import AlgoOrderRequest
from nautilus_paradex.protocol.enums import ErrorCode, OrderInstruction
from nautilus_paradex.protocol.errors import MessageError, SigningError
from nautilus_paradex.protocol.numbers import to_decimal
from nautilus_paradex.protocol.rest import ModifyRequest, OrderRequest
from nautilus_paradex.protocol.signing import (
    modify_order_hash,
    order_hash,
    parse_signature,
    verify_signature,
)

__all__ = ["OrderSignatures"]


class OrderSignatures:
    """
    Verifies what an account signed with its main key or a subkey.

    Parameters
    ----------
    authority : Authority
        Knows the keys.
    chain_id : str
        Part of what is signed.

    """

    def __init__(self, authority: Authority, chain_id: str) -> None:
        self._authority = authority
        self._chain_id = chain_id

    def check_order(self, account: str, request: OrderRequest) -> None:
        """
        Check the signature of an order, every signed field as it was sent.

        Raises
        ------
        ApiError
            VALIDATION_ERROR for a field that cannot be signed, else INVALID_ORDER_SIGNATURE.

        """
        try:
            message = order_hash(
                self._chain_id,
                int(account, 16),
                timestamp_ms=request.signature_timestamp,
                market=request.market,
                side=request.side,
                order_type=request.type,
                size=_decimal(request.size),
                price=_decimal(request.price),
            )
        except (MessageError, SigningError) as e:
            raise ApiError(400, ErrorCode.VALIDATION_ERROR, str(e)) from e
        self._verify(account, message, request.signature)

    def check_algo(self, account: str, request: AlgoOrderRequest) -> None:
        """Check the signature of an algo order, which is that of a market order."""
        self.check_order(
            account,
            OrderRequest(
                market=request.market,
                side=request.side,
                type=request.type,
                size=request.size,
                instruction=OrderInstruction.GTC.value,
                signature=request.signature,
                signature_timestamp=request.signature_timestamp,
            ),
        )

    def check_modify(self, account: str, request: ModifyRequest) -> None:
        """Check the signature of a modification; raises as `check_order` does."""
        try:
            message = modify_order_hash(
                self._chain_id,
                int(account, 16),
                timestamp_ms=request.signature_timestamp,
                market=request.market,
                side=request.side,
                order_type=request.type,
                size=_decimal(request.size),
                price=_decimal(request.price),
                order_id=request.id,
            )
        except (MessageError, SigningError) as e:
            raise ApiError(400, ErrorCode.VALIDATION_ERROR, str(e)) from e
        self._verify(account, message, request.signature)

    def _verify(self, account: str, message: int, text: str) -> None:
        try:
            signature = parse_signature(text)
        except SigningError as e:
            raise ApiError(400, ErrorCode.INVALID_ORDER_SIGNATURE, f"signature: {e}") from e
        keys = self._authority.public_keys(account)
        if not any(verify_signature(key, message, signature) for key in keys):
            raise ApiError(
                400,
                ErrorCode.INVALID_ORDER_SIGNATURE,
                "signature does not verify with a key of the account: check chain id, account, "
                "key, and that every signed field is sent as it was signed",
            )


def _decimal(text: str | None) -> Decimal:
    # A price that is left out (market orders) is signed as 0.
    return to_decimal(text) or Decimal(0)
