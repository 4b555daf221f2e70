"""Starknet message hashes and signatures of Paradex requests: what is signed and how.

Pure computation on a private key held in memory: no clock, no network, no key storage. The curve
arithmetic is fast-stark-crypto's; this module lays out messages and guards that library's doors.
"""

import json
from decimal import Decimal
from functools import lru_cache
from typing import Final, TypeGuard

import fast_stark_crypto as stark

from nautilus_paradex.protocol.errors import SigningError

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

#: Modulus of the field in which every felt lives (Starknet documentation).
FIELD_PRIME: Final = 2**251 + 17 * 2**192 + 1
#: Order of the STARK curve: private keys are 1 .. CURVE_ORDER - 1.
CURVE_ORDER: Final = 0x0800000000000010FFFFFFFFFFFFFFFFB781126DCAE7B2321E66A241ADC64D2F

# The ECDSA of Starknet takes message hashes, r and 1/s below 2**251 only, not below the prime.
_ELEMENT_BOUND: Final = 2**251
_MAX_SHORT_STRING: Final = 31
_DECIMALS: Final = 8  # of sizes and prices in a signed message
_MAX_DIGITS: Final = 77  # of a number below 2**256

_DOMAIN_NAME: Final = "Paradex"
_DOMAIN_VERSION: Final = 1
_AUTH_METHOD: Final = "POST"
_AUTH_PATH: Final = "/v1/auth"
_EMPTY_BODY: Final = 0
_ONBOARDING_ACTION: Final = "Onboarding"

# starknet_keccak of the type strings, for instance
# "Order(timestamp:felt,market:felt,side:felt,orderType:felt,size:felt,price:felt)".
_DOMAIN_TYPE: Final = 0x98D1932052FC5137543DE5ED85B7A88555A4CD1FF5D5BFEDB62ED9B9A1F0DB
_ORDER_TYPE: Final = 0xA56D5225B97B257C15AE2CB1CC0EA605381A886CD75463DB45FD2EF9FBC255
_MODIFY_ORDER_TYPE: Final = 0x201789BB587C17B251FD38DAF43B14807010EA721C2929A8C2FC33BF15C2E2C
_REQUEST_TYPE: Final = 0x186CDEF6B179923C411C13C11B8A825F12BF34203BDDA0A984DA9D6F2313C2
_CONSTANT_TYPE: Final = 0xE84BBCB68E0F7C73A9058BA82B6DA9C1FFDC502EFCF034E78B0C003C22ECC9

_SIDE_FELTS: Final = {"BUY": 1, "SELL": 2}


def order_hash(
    chain_id: str,
    account: int,
    *,
    timestamp_ms: int,
    market: str,
    side: str,
    order_type: str,
    size: Decimal,
    price: Decimal,
) -> int:
    """
    Return the hash that is signed to place an order.

    Parameters
    ----------
    chain_id : str
        ``starknet_chain_id`` of ``GET /system/config``.
    account : int
        Address of the main account, also where a subkey signs.
    timestamp_ms : int
        The order's ``signature_timestamp``, milliseconds of the venue's clock.
    market : str
        The venue's symbol.
    side, order_type : str
        The venue's words (``BUY``, ``SELL``; ``LIMIT``, ``STOP_MARKET``, ...).
    size, price : Decimal
        Exact at 1e-8. The price of a market type is 0.

    Raises
    ------
    SigningError
        If a value cannot be expressed as a felt.
    """
    fields = _order_felts(timestamp_ms, market, side, order_type, size, price)
    return _message_hash(chain_id, account, _struct_hash(_ORDER_TYPE, *fields))


def modify_order_hash(
    chain_id: str,
    account: int,
    *,
    timestamp_ms: int,
    market: str,
    side: str,
    order_type: str,
    size: Decimal,
    price: Decimal,
    order_id: str,
) -> int:
    """
    Return the hash that is signed to modify an order.

    Parameters are those of `order_hash`, with `size` the new total (what is filled included) and
    `order_id` the venue's decimal order id.

    Raises
    ------
    SigningError
        If a value cannot be expressed as a felt.
    """
    fields = _order_felts(timestamp_ms, market, side, order_type, size, price)
    order_felt = _decimal_felt("order_id", order_id)
    return _message_hash(chain_id, account, _struct_hash(_MODIFY_ORDER_TYPE, *fields, order_felt))


def auth_hash(chain_id: str, account: int, *, timestamp: int, expiration: int) -> int:
    """
    Return the hash that is signed to obtain a JWT.

    Parameters
    ----------
    timestamp, expiration : int
        Seconds of the venue's clock, as in the request's headers.

    Raises
    ------
    SigningError
        If a value cannot be expressed as a felt.
    """
    struct_hash = _struct_hash(
        _REQUEST_TYPE,
        _short_string("method", _AUTH_METHOD),
        _short_string("path", _AUTH_PATH),
        _EMPTY_BODY,
        _felt("timestamp", timestamp),
        _felt("expiration", expiration),
    )
    return _message_hash(chain_id, account, struct_hash)


def onboarding_hash(chain_id: str, account: int) -> int:
    """
    Return the hash that is signed to onboard an account.

    Raises
    ------
    SigningError
        If a value cannot be expressed as a felt.
    """
    action = _short_string("action", _ONBOARDING_ACTION)
    return _message_hash(chain_id, account, _struct_hash(_CONSTANT_TYPE, action))


def verify_signature(public_key: int, message_hash: int, signature: Signature) -> bool:
    """
    Return whether `signature` is one of `message_hash` by the owner of `public_key`.

    Anything that is no signature at all (a value out of range, a key that is not on the curve) is
    False, never an exception, so that a venue can be given what a stranger sent.
    """
    r, s = signature
    if not (_is_felt(public_key) and public_key > 0 and 0 <= message_hash < _ELEMENT_BOUND):
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
        _short_string("chain_id", chain_id)
        self._chain_id = chain_id
        self._account = _felt("account", account)
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


def _order_felts(
    timestamp_ms: int, market: str, side: str, order_type: str, size: Decimal, price: Decimal
) -> tuple[int, ...]:
    return (
        _felt("timestamp_ms", timestamp_ms),
        _short_string("market", market),
        _side_felt(side),
        _short_string("order_type", order_type),
        _quantum_felt("size", size),
        _quantum_felt("price", price),
    )


def _side_felt(side: str) -> int:
    felt = _SIDE_FELTS.get(side)
    if felt is None:
        raise SigningError(f"side must be BUY or SELL, was {side!r}")
    return felt


def _quantum_felt(name: str, value: Decimal) -> int:
    if not value.is_finite():
        raise SigningError(f"{name} must be a finite number, was {value}")
    if value < 0:
        raise SigningError(f"{name} must not be negative, was {value}")
    if not value:
        return 0
    # Before the ratio, whose integers have as many digits as the exponent says.
    if value.adjusted() > _MAX_DIGITS:
        raise SigningError(f"{name} is too large to be signed, was {value}")
    if value.adjusted() < -_DECIMALS:
        raise _too_fine(name, value)
    # Through the ratio and not `value * 10**8`: a Decimal product rounds to the context's digits.
    numerator, denominator = value.as_integer_ratio()
    felt, rest = divmod(numerator * 10**_DECIMALS, denominator)
    if rest:
        raise _too_fine(name, value)
    return _felt(name, felt)


def _too_fine(name: str, value: Decimal) -> SigningError:
    return SigningError(f"{name} must be a multiple of 1e-8, was {value}: round it first")


def _decimal_felt(name: str, text: str) -> int:
    if not _is_decimal(text):
        raise SigningError(f"{name} must be a decimal number as the venue gives it, was {text!r}")
    return _felt(name, int(text))


@lru_cache(maxsize=1024)
def _short_string(name: str, text: str) -> int:
    if not text or len(text) > _MAX_SHORT_STRING or not text.isascii():
        raise SigningError(
            f"{name} must be 1 to {_MAX_SHORT_STRING} ASCII characters to be signed, was {text!r}"
        )
    return int.from_bytes(text.encode("ascii"))


def _felt(name: str, value: int) -> int:
    if not _is_felt(value):
        raise SigningError(f"{name} must be from 0 to the field prime, was {value}")
    return value


def _is_felt(value: int) -> bool:
    return 0 <= value < FIELD_PRIME


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
        and all(isinstance(part, str) and _is_decimal(part) for part in parts)
    )


def _is_decimal(text: str) -> bool:
    # Bounded, because int() of a long text is slow and past 4,300 digits an error of its own.
    return text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS


def _is_rust_panic(error: BaseException) -> bool:
    # pyo3 makes the class at run time and exports it nowhere.
    return type(error).__name__ == "PanicException"


def _message_hash(chain_id: str, account: int, struct_hash: int) -> int:
    prefix = _message_prefix(chain_id, _felt("account", account))
    return stark.pedersen_hash(stark.pedersen_hash(prefix, struct_hash), 4)


def _struct_hash(type_hash: int, *fields: int) -> int:
    state = _array_start(type_hash)
    for field in fields:
        state = stark.pedersen_hash(state, field)
    return stark.pedersen_hash(state, 1 + len(fields))


# All an order's hash has in common with the one before: domain, account and type. Kept, an order
# costs 9 Pedersen hashes instead of 17.
@lru_cache(maxsize=64)
def _message_prefix(chain_id: str, account: int) -> int:
    state = _array_start(_short_string("prefix", "StarkNet Message"))
    state = stark.pedersen_hash(state, _domain_hash(chain_id))
    return stark.pedersen_hash(state, account)


@lru_cache(maxsize=16)
def _domain_hash(chain_id: str) -> int:
    name = _short_string("name", _DOMAIN_NAME)
    chain = _short_string("chain_id", chain_id)
    # The version is the short string "1" in typed data, yet revision 0 reads digits as a number.
    return _struct_hash(_DOMAIN_TYPE, name, chain, _DOMAIN_VERSION)


@lru_cache(maxsize=16)
def _array_start(first: int) -> int:
    return stark.pedersen_hash(0, first)
