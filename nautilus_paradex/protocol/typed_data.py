"""Hashes of the messages that Paradex wants signed: Starknet typed data, revision 0, Pedersen.

What is hashed, not who signs it: keys and signatures are in `signing`.
"""

from decimal import Decimal
from functools import lru_cache
from typing import Final

import fast_stark_crypto as stark

from nautilus_paradex.protocol.errors import SigningError
from nautilus_paradex.protocol.felts import decimal_felt, felt, quantum_felt, short_string

__all__ = ["auth_hash", "modify_order_hash", "onboarding_hash", "order_hash"]

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
    order_felt = decimal_felt("order_id", order_id)
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
        short_string("method", _AUTH_METHOD),
        short_string("path", _AUTH_PATH),
        _EMPTY_BODY,
        felt("timestamp", timestamp),
        felt("expiration", expiration),
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
    action = short_string("action", _ONBOARDING_ACTION)
    return _message_hash(chain_id, account, _struct_hash(_CONSTANT_TYPE, action))


def _order_felts(
    timestamp_ms: int, market: str, side: str, order_type: str, size: Decimal, price: Decimal
) -> tuple[int, ...]:
    return (
        felt("timestamp_ms", timestamp_ms),
        short_string("market", market),
        _side_felt(side),
        short_string("order_type", order_type),
        quantum_felt("size", size),
        quantum_felt("price", price),
    )


def _side_felt(side: str) -> int:
    number = _SIDE_FELTS.get(side)
    if number is None:
        raise SigningError(f"side must be BUY or SELL, was {side!r}")
    return number


def _message_hash(chain_id: str, account: int, struct_hash: int) -> int:
    prefix = _message_prefix(chain_id, felt("account", account))
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
    state = _array_start(short_string("prefix", "StarkNet Message"))
    state = stark.pedersen_hash(state, _domain_hash(chain_id))
    return stark.pedersen_hash(state, account)


@lru_cache(maxsize=16)
def _domain_hash(chain_id: str) -> int:
    name = short_string("name", _DOMAIN_NAME)
    chain = short_string("chain_id", chain_id)
    # The version is the short string "1" in typed data, yet revision 0 reads digits as a number.
    return _struct_hash(_DOMAIN_TYPE, name, chain, _DOMAIN_VERSION)


@lru_cache(maxsize=16)
def _array_start(first: int) -> int:
    return stark.pedersen_hash(0, first)
