"""Signs Paradex requests, and tells whether a signature is good.

Pure computation on a private key held in memory: no clock, no network, no key storage. The curve
arithmetic is fast-stark-crypto's, whose doors are guarded here; what is signed is in `typed_data`,
whose hashes are also offered from here.
"""

import json
from decimal import Decimal
from typing import Final, TypeGuard

import fast_stark_crypto as stark

from nautilus_paradex.protocol.errors import SigningError
from nautilus_paradex.protocol.felts import FIELD_PRIME, felt, is_decimal, is_felt, short_string
from nautilus_paradex.protocol.typed_data import (
    auth_hash,
    modify_order_hash,
    onboarding_hash,
    order_hash,
)

__all__ = [
    "CURVE_ORDER",
    "FIELD_PRIME",
    "ParadexSigner",
    "auth_hash",
    "modify_order_hash",
    "onboarding_hash",
    "order_hash",
    "parse_private_key",
    "parse_signature",
    "verify_signature",
    "wire_signature",
]

type Signature = tuple[int, int]

#: Order of the STARK curve: private keys are 1 .. CURVE_ORDER - 1.
CURVE_ORDER: Final = 0x0800000000000010FFFFFFFFFFFFFFFFB781126DCAE7B2321E66A241ADC64D2F

# The ECDSA of Starknet takes message hashes, r and 1/s below 2**251 only, not below the prime.
_ELEMENT_BOUND: Final = 2**251


def verify_signature(public_key: int, message_hash: int, signature: Signature) -> bool:
    """
    Return whether `signature` is one of `message_hash` by the owner of `public_key`.

    Anything that is no signature at all (a value out of range, a key that is not on the curve) is
    False, never an exception, so that a venue can be given what a stranger sent.
    """
    r, s = signature
    if not (is_felt(public_key) and public_key > 0 and 0 <= message_hash < _ELEMENT_BOUND):
        return False
    if not (0 < r < _ELEMENT_BOUND and 0 < s < _ELEMENT_BOUND):
        return False
    if pow(s, -1, CURVE_ORDER) >= _ELEMENT_BOUND:
        return False
    try:
        return stark.verify(public_key, message_hash, r, s)
    except BaseException as error:
        # In-range input can still be hostile: a key off the curve, or an r chosen so that the
        # two points to add are equal or opposite. The library answers both with a Rust panic.
        if not _is_rust_panic(error):
            raise
        return False


def wire_signature(signature: Signature) -> str:
    """Return `signature` in the venue's form, ``["r","s"]`` with decimal numbers."""
    r, s = signature
    return f'["{r}","{s}"]'


def parse_signature(text: str) -> Signature:
    """
    Return the two integers of a wire signature.

    Raises
    ------
    SigningError
        If `text` is not a JSON array of two decimal strings.
    """
    try:
        parts = json.loads(text)
    except (ValueError, RecursionError):
        parts = None
    if not _is_decimal_pair(parts):
        raise SigningError('a signature must look like ["r","s"] with two decimal numbers')
    return int(parts[0]), int(parts[1])


def parse_private_key(private_key: str | int) -> int:
    """
    Return a Stark private key as an integer.

    Raises
    ------
    SigningError
        If it is no hex string or lies outside the curve's range. The message never shows the key.
    """
    key = _hex_to_int(private_key) if isinstance(private_key, str) else private_key
    if not 1 <= key < CURVE_ORDER:
        raise SigningError(
            "the private key is out of range: a Stark key lies between 1 and the curve order "
            "(0x800000000000010ffff...): check that it is the Paradex key, not the Ethereum one"
        )
    return key


class ParadexSigner:
    """
    Signs Paradex requests with one key of one account.

    Parameters
    ----------
    chain_id : str
        ``starknet_chain_id`` of ``GET /system/config``.
    account : int
        Address of the main account, also where `private_key` is a subkey's.
    private_key : str or int
        Stark key, hex string or integer.

    Raises
    ------
    SigningError
        If the chain id, the account or the key is out of range.
    """

    __slots__ = ("_account", "_chain_id", "_private_key", "_public_key")

    def __init__(self, chain_id: str, account: int, private_key: str | int) -> None:
        short_string("chain_id", chain_id)
        self._chain_id = chain_id
        self._account = felt("account", account)
        self._private_key = parse_private_key(private_key)
        self._public_key = stark.get_public_key(self._private_key)

    @property
    def chain_id(self) -> str:
        """Chain id that goes into every hash."""
        return self._chain_id

    @property
    def account(self) -> int:
        """Address of the main account."""
        return self._account

    @property
    def public_key(self) -> int:
        """X coordinate of the key's curve point."""
        return self._public_key

    def sign_order(
        self,
        *,
        timestamp_ms: int,
        market: str,
        side: str,
        order_type: str,
        size: Decimal,
        price: Decimal,
    ) -> str:
        """Sign an order (see `order_hash`) and return the wire signature."""
        return self._sign_wire(
            order_hash(
                self._chain_id,
                self._account,
                timestamp_ms=timestamp_ms,
                market=market,
                side=side,
                order_type=order_type,
                size=size,
                price=price,
            )
        )

    def sign_modify_order(
        self,
        *,
        timestamp_ms: int,
        market: str,
        side: str,
        order_type: str,
        size: Decimal,
        price: Decimal,
        order_id: str,
    ) -> str:
        """Sign an order's modification (see `modify_order_hash`), return the wire signature."""
        return self._sign_wire(
            modify_order_hash(
                self._chain_id,
                self._account,
                timestamp_ms=timestamp_ms,
                market=market,
                side=side,
                order_type=order_type,
                size=size,
                price=price,
                order_id=order_id,
            )
        )

    def sign_auth(self, *, timestamp: int, expiration: int) -> str:
        """Sign a JWT request (see `auth_hash`; seconds) and return the wire signature."""
        return self._sign_wire(
            auth_hash(self._chain_id, self._account, timestamp=timestamp, expiration=expiration)
        )

    def sign_onboarding(self) -> str:
        """Sign the onboarding of the account and return the wire signature."""
        return self._sign_wire(onboarding_hash(self._chain_id, self._account))

    def sign(self, message_hash: int) -> Signature:
        """
        Sign a message hash deterministically (RFC 6979).

        Raises
        ------
        SigningError
            If the hash is out of the range that Starknet's ECDSA can sign.
        """
        if not 0 <= message_hash < _ELEMENT_BOUND:
            raise SigningError(
                f"a message hash must be from 0 to 2**251 - 1 to be signed, was {message_hash:#x}"
            )
        return stark.sign(self._private_key, message_hash)

    def verify(self, message_hash: int, signature: Signature) -> bool:
        """Return whether `signature` is this key's on `message_hash` (see `verify_signature`)."""
        return verify_signature(self._public_key, message_hash, signature)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._chain_id!r}, account={self._account:#x})"

    def __reduce__(self) -> str:
        raise TypeError("a signer cannot be pickled or copied: its key stays in this process")

    def _sign_wire(self, message_hash: int) -> str:
        return wire_signature(self.sign(message_hash))


def _hex_to_int(text: str) -> int:
    # `from None` and no echo: the text is the key.
    try:
        return int(text.strip(), 16)
    except ValueError:
        raise SigningError("the private key must be a hex string such as 0x1a2b...") from None


def _is_decimal_pair(parts: object) -> TypeGuard[list[str]]:
    return (
        isinstance(parts, list)
        and len(parts) == 2
        and all(isinstance(part, str) and is_decimal(part) for part in parts)
    )


def _is_rust_panic(error: BaseException) -> bool:
    # pyo3 makes the class at run time and exports it nowhere.
    return type(error).__name__ == "PanicException"
