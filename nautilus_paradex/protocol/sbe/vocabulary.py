"""
What a byte of a binary message can stand for: the schema's enums and bit sets, as tables.

Not for the place of such a byte in a message: that is `layouts`. Source: `paradex_sbe_1_2.xml`.
"""

from collections.abc import Mapping

__all__ = [
    "ACCOUNT_STATUS",
    "ASSET_KIND",
    "FILL_FLAGS",
    "FILL_TYPE",
    "FUNDING_RATE_SOURCE",
    "LIQUIDITY_SIDE",
    "ORDER_FLAGS",
    "ORDER_STATUS",
    "ORDER_TYPE",
    "PKG_TYPE",
    "POSITION_STATUS",
    "REQUEST_STATUS",
    "REQUEST_TYPE",
    "SIDE",
    "STP_MODE",
    "TIME_IN_FORCE",
    "BitSet",
    "Vocabulary",
]

_BYTE_VALUES = range(256)
_BITS = range(8)


class Vocabulary:
    """
    An enum in one byte. Unnamed codes are called `UNKNOWN_<code>` and keep their number.

    Parameters
    ----------
    name
        The schema's name of the enum, for messages.
    members
        Name to code.

    Attributes
    ----------
    members
        The named ones, for messages.
    names
        The name of each of the 256 codes.
    codes
        The code of each name, and of None where the vocabulary can say "nothing": NONE or
        UNSPECIFIED if it has one of them, else NON_REPRESENTABLE. Without any of the three (the
        package type of a book) None cannot be written.
    """

    __slots__ = ("codes", "members", "name", "names")

    def __init__(self, name: str, members: Mapping[str, int]) -> None:
        self.name = name
        self.members = tuple(members)
        named = {code: member for member, code in members.items()}
        self.names = tuple(named.get(code, f"UNKNOWN_{code}") for code in _BYTE_VALUES)
        self.codes: dict[str | None, int] = {member: code for code, member in enumerate(self.names)}
        for nothing in ("NONE", "UNSPECIFIED", "NON_REPRESENTABLE"):
            if nothing in members:
                self.codes[None] = members[nothing]
                break


class BitSet:
    """
    Flags in one byte. Unnamed bits are called `UNKNOWN_<bit>` and keep their place.

    Parameters
    ----------
    name
        The schema's name of the set, for messages.
    bits
        Name to bit number.
    since
        The schema versions of the names that are younger than the set.

    Attributes
    ----------
    members
        The named ones, for messages.
    flags
        The names set in each of the 256 values, lowest bit first.
    masks
        The mask of each name.
    """

    __slots__ = ("flags", "masks", "members", "name", "since")

    def __init__(
        self,
        name: str,
        bits: Mapping[str, int],
        since: Mapping[str, int] | None = None,
    ) -> None:
        self.name = name
        self.members = tuple(bits)
        self.since = dict(since or {})
        named = {bit: flag for flag, bit in bits.items()}
        ordered = tuple(named.get(bit, f"UNKNOWN_{bit}") for bit in _BITS)
        self.masks = {flag: 1 << bit for bit, flag in enumerate(ordered)}
        self.flags = tuple(
            tuple(flag for bit, flag in enumerate(ordered) if value >> bit & 1)
            for value in _BYTE_VALUES
        )

    def allowed_mask(self, version: int) -> int:
        """Return the bits that schema `version` may carry."""
        younger = (flag for flag, since in self.since.items() if since > version)
        return 0xFF & ~sum(self.masks[flag] for flag in younger)


SIDE = Vocabulary("Side", {"BUY": 1, "SELL": 2, "NON_REPRESENTABLE": 254})
ORDER_TYPE = Vocabulary(
    "OrderType",
    {
        "LIMIT": 1,
        "MARKET": 2,
        "STOP_LIMIT": 3,
        "STOP_MARKET": 4,
        "TAKE_PROFIT_LIMIT": 5,
        "TAKE_PROFIT_MARKET": 6,
        "STOP_LOSS_LIMIT": 7,
        "STOP_LOSS_MARKET": 8,
        "NON_REPRESENTABLE": 254,
    },
)
ORDER_STATUS = Vocabulary(
    "OrderStatus",
    {"NEW": 1, "UNTRIGGERED": 2, "OPEN": 3, "CLOSED": 4, "NON_REPRESENTABLE": 254},
)
TIME_IN_FORCE = Vocabulary(
    "TimeInForce",
    {"GTC": 1, "IOC": 2, "POST_ONLY": 3, "RPI": 4, "NON_REPRESENTABLE": 254},
)
FILL_TYPE = Vocabulary(
    "FillType",
    {
        "FILL": 1,
        "LIQUIDATION": 2,
        "UNWIND_TRANSFER": 3,
        "SETTLE_MARKET": 4,
        "RPI": 5,
        "BLOCK_TRADE": 6,
        "NON_REPRESENTABLE": 254,
    },
)
PKG_TYPE = Vocabulary("PkgType", {"SNAPSHOT": 0, "DELTA": 1})
ASSET_KIND = Vocabulary(
    "AssetKind",
    {"UNSPECIFIED": 0, "PERPETUAL_FUTURE": 1, "OPTION": 2, "SPOT": 3},
)
FUNDING_RATE_SOURCE = Vocabulary(
    "FundingRateSource",
    {
        "UNSPECIFIED": 0,
        "PARADEX": 1,
        "BINANCE": 2,
        "BYBIT": 3,
        "OKX": 4,
        "DERIBIT": 5,
        "DERIVE": 6,
        "HYPERLIQUID": 7,
        "LIGHTER": 8,
        "DATABENTO": 9,
        "PUBLISHER": 10,
        "PYTH": 11,
        "STORK": 12,
    },
)
LIQUIDITY_SIDE = Vocabulary("LiquiditySide", {"MAKER": 1, "TAKER": 2, "NON_REPRESENTABLE": 254})
STP_MODE = Vocabulary(
    "STPMode",
    {
        "NONE": 0,
        "EXPIRE_MAKER": 1,
        "EXPIRE_TAKER": 2,
        "EXPIRE_BOTH": 3,
        "NON_REPRESENTABLE": 254,
    },
)
POSITION_STATUS = Vocabulary(
    "PositionStatus",
    {"OPEN": 1, "CLOSED": 2, "UNSPECIFIED": 3, "NON_REPRESENTABLE": 254},
)
ACCOUNT_STATUS = Vocabulary(
    "AccountStatus",
    {"ACTIVE": 1, "LIQUIDATION": 2, "NON_REPRESENTABLE": 254},
)
REQUEST_STATUS = Vocabulary(
    "RequestStatus",
    {
        "UNSPECIFIED": 0,
        "PENDING": 1,
        "PROCESSED": 2,
        "REJECTED": 3,
        "SUCCESS": 4,
        "NON_REPRESENTABLE": 254,
    },
)
REQUEST_TYPE = Vocabulary(
    "RequestType",
    {"UNSPECIFIED": 0, "MODIFY_ORDER": 1, "NON_REPRESENTABLE": 254},
)
ORDER_FLAGS = BitSet(
    "OrderFlags",
    {
        "REDUCE_ONLY": 0,
        "STOP_CONDITION_BELOW_TRIGGER": 1,
        "STOP_CONDITION_ABOVE_TRIGGER": 2,
        "INTERACTIVE": 3,
        "TARGET_STRATEGY_VWAP": 4,
        "MMP": 5,
    },
    since={"MMP": 2},
)
# Bit 7 is named UNKNOWN by the schema itself: a flag of the REST API that has no bit here.
FILL_FLAGS = BitSet("FillFlags", {"INTERACTIVE": 0, "RPI": 1, "FASTFILL": 2, "UNKNOWN": 7})
