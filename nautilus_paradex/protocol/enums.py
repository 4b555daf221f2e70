"""The venue's vocabularies, as they stand on the wire.

Message structs carry these values as plain ``str``: the venue adds values without notice, and a
new one must never cost a message. Compare with the members here: a ``StrEnum`` equals its string.
"""

from enum import StrEnum

__all__ = [
    "AccountStatus",
    "AlgoType",
    "AssetKind",
    "CancelReason",
    "CancelStatus",
    "ErrorCode",
    "FillFlag",
    "FillType",
    "Liquidity",
    "MarginType",
    "MarketEventType",
    "OptionType",
    "OrderFlag",
    "OrderInstruction",
    "OrderSide",
    "OrderStatus",
    "OrderType",
    "PackageType",
    "PositionSide",
    "PositionStatus",
    "PriceKind",
    "RequestStatus",
    "RequestType",
    "RpcErrorCode",
    "StpMode",
    "SystemStatus",
    "TokenUsage",
    "TradingMode",
    "TransferDirection",
    "TransferKind",
    "TransferStatus",
]


class OrderSide(StrEnum):
    BUY = "BUY"
    SELL = "SELL"


class OrderType(StrEnum):
    """Order types; the four position-linked ones are always reduce-only (api-notes)."""

    MARKET = "MARKET"
    LIMIT = "LIMIT"
    STOP_MARKET = "STOP_MARKET"
    STOP_LIMIT = "STOP_LIMIT"
    STOP_LOSS_MARKET = "STOP_LOSS_MARKET"
    STOP_LOSS_LIMIT = "STOP_LOSS_LIMIT"
    TAKE_PROFIT_MARKET = "TAKE_PROFIT_MARKET"
    TAKE_PROFIT_LIMIT = "TAKE_PROFIT_LIMIT"


class AlgoType(StrEnum):
    TWAP = "TWAP"


class OrderStatus(StrEnum):
    """``CLOSED`` covers filled, cancelled, rejected and expired alike."""

    NEW = "NEW"
    UNTRIGGERED = "UNTRIGGERED"
    OPEN = "OPEN"
    CLOSED = "CLOSED"


class OrderInstruction(StrEnum):
    """The venue's time in force; there is no FOK, GTD or DAY."""

    GTC = "GTC"
    IOC = "IOC"
    POST_ONLY = "POST_ONLY"
    RPI = "RPI"


class OrderFlag(StrEnum):
    REDUCE_ONLY = "REDUCE_ONLY"
    STOP_CONDITION_BELOW_TRIGGER = "STOP_CONDITION_BELOW_TRIGGER"
    STOP_CONDITION_ABOVE_TRIGGER = "STOP_CONDITION_ABOVE_TRIGGER"
    INTERACTIVE = "INTERACTIVE"
    TARGET_STRATEGY_VWAP = "TARGET_STRATEGY_VWAP"
    MMP = "MMP"


class StpMode(StrEnum):
    """Self-trade prevention; ``EXPIRE_TAKER`` is the venue's default."""

    EXPIRE_MAKER = "EXPIRE_MAKER"
    EXPIRE_TAKER = "EXPIRE_TAKER"
    EXPIRE_BOTH = "EXPIRE_BOTH"


class CancelReason(StrEnum):
    """
    Why an order was closed without being filled in full.

    An open set, gathered from the venue's documents and from what public clients report having
    seen (api-notes); ``MMP_*`` reasons exist beyond those listed.

    """

    USER_CANCELED = "USER_CANCELED"
    NOT_ENOUGH_MARGIN = "NOT_ENOUGH_MARGIN"
    EMPTY_MARKET = "EMPTY_MARKET"
    POST_ONLY_WOULD_CROSS = "POST_ONLY_WOULD_CROSS"
    REMAINING_IOC_CANCEL = "REMAINING_IOC_CANCEL"
    UNEXPECTED_FAILURE = "UNEXPECTED_FAILURE"
    DELEVERAGE = "DELEVERAGE"
    IN_LIQUIDATION = "IN_LIQUIDATION"
    SELF_TRADE = "SELF_TRADE"
    ASSET_UNAVAILABLE = "ASSET_UNAVAILABLE"
    ASSET_EXPIRED = "ASSET_EXPIRED"
    MARKET_NOT_OPEN = "MARKET_NOT_OPEN"
    ORDER_TYPE_INVALID = "ORDER_TYPE_INVALID"
    PRICE_NOT_AVAILABLE = "PRICE_NOT_AVAILABLE"
    EXPIRED = "EXPIRED"
    EXCEEDS_MAX_SLIPPAGE = "EXCEEDS_MAX_SLIPPAGE"
    TIMEOUT = "TIMEOUT"
    ORDER_EXCEEDS_POSITION_LIMIT = "ORDER_EXCEEDS_POSITION_LIMIT"
    REDUCE_ONLY_WILL_INCREASE = "REDUCE_ONLY_WILL_INCREASE"
    ORDER_SIZE_BELOW_MIN = "ORDER_SIZE_BELOW_MIN"


class CancelStatus(StrEnum):
    """Per-order outcome of a batch cancel."""

    QUEUED_FOR_CANCELLATION = "QUEUED_FOR_CANCELLATION"
    ALREADY_CLOSED = "ALREADY_CLOSED"
    NOT_FOUND = "NOT_FOUND"


class RequestStatus(StrEnum):
    """State of a modify request; an order without one carries ``UNSPECIFIED`` in binary."""

    UNSPECIFIED = "UNSPECIFIED"
    PENDING = "PENDING"
    PROCESSED = "PROCESSED"
    REJECTED = "REJECTED"
    SUCCESS = "SUCCESS"


class RequestType(StrEnum):
    UNSPECIFIED = "UNSPECIFIED"
    MODIFY_ORDER = "MODIFY_ORDER"


class FillType(StrEnum):
    FILL = "FILL"
    LIQUIDATION = "LIQUIDATION"
    UNWIND_TRANSFER = "UNWIND_TRANSFER"
    SETTLE_MARKET = "SETTLE_MARKET"
    RPI = "RPI"
    BLOCK_TRADE = "BLOCK_TRADE"


class FillFlag(StrEnum):
    """Flags of a fill, in the spelling of the binary schema (JSON writes them in lower case)."""

    INTERACTIVE = "INTERACTIVE"
    RPI = "RPI"
    FASTFILL = "FASTFILL"


class Liquidity(StrEnum):
    MAKER = "MAKER"
    TAKER = "TAKER"


class PositionSide(StrEnum):
    """A position's side in JSON; the binary schema says ``BUY`` and ``SELL`` instead."""

    LONG = "LONG"
    SHORT = "SHORT"


class PositionStatus(StrEnum):
    OPEN = "OPEN"
    CLOSED = "CLOSED"


class AccountStatus(StrEnum):
    ACTIVE = "ACTIVE"
    LIQUIDATION = "LIQUIDATION"


class MarginType(StrEnum):
    """Whether a market is held against the whole account or against an account of its own."""

    CROSS = "CROSS"
    ISOLATED = "ISOLATED"


class PackageType(StrEnum):
    """What a book frame holds: the whole book, or changes to it."""

    SNAPSHOT = "SNAPSHOT"
    DELTA = "DELTA"


class AssetKind(StrEnum):
    """``PERP_OPTION`` never expires (its ``expiry_at`` is 0), ``OPTION`` is dated."""

    PERP = "PERP"
    PERP_OPTION = "PERP_OPTION"
    OPTION = "OPTION"
    SPOT = "SPOT"
    FUTURE = "FUTURE"


class OptionType(StrEnum):
    CALL = "CALL"
    PUT = "PUT"


class TradingMode(StrEnum):
    STANDARD = "STANDARD"
    RFQ_ONLY = "RFQ_ONLY"


class PriceKind(StrEnum):
    """Which price klines are made of."""

    LAST = "last"
    MARK = "mark"
    UNDERLYING = "underlying"


class MarketEventType(StrEnum):
    CREATED = "CREATED"
    UPDATED = "UPDATED"
    SETTLED = "SETTLED"
    DELETED = "DELETED"


class SystemStatus(StrEnum):
    OK = "ok"
    MAINTENANCE = "maintenance"
    CANCEL_ONLY = "cancel_only"
    POST_ONLY = "post_only"


class TokenUsage(StrEnum):
    """What a token is asked for; without one it is for the API ("Pro") profile (api-notes)."""

    INTERACTIVE = "interactive"


class TransferDirection(StrEnum):
    IN = "IN"
    OUT = "OUT"


class TransferKind(StrEnum):
    DEPOSIT = "DEPOSIT"
    WITHDRAWAL = "WITHDRAWAL"
    UNWINDING = "UNWINDING"
    VAULT_DEPOSIT = "VAULT_DEPOSIT"
    VAULT_WITHDRAWAL = "VAULT_WITHDRAWAL"
    AUTO_WITHDRAWAL = "AUTO_WITHDRAWAL"
    AIRDROP = "AIRDROP"


class TransferStatus(StrEnum):
    PENDING = "PENDING"
    AVAILABLE = "AVAILABLE"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"


class ErrorCode(StrEnum):
    """
    The codes of REST errors that the adapter or the devnet acts on.

    The venue documents many more (openapi); an error keeps whatever code it came with.

    """

    VALIDATION_ERROR = "VALIDATION_ERROR"
    BINDING_ERROR = "BINDING_ERROR"
    INTERNAL_ERROR = "INTERNAL_ERROR"
    NOT_FOUND = "NOT_FOUND"
    SERVICE_UNAVAILABLE = "SERVICE_UNAVAILABLE"
    INVALID_REQUEST_PARAMETER = "INVALID_REQUEST_PARAMETER"
    ORDER_ID_NOT_FOUND = "ORDER_ID_NOT_FOUND"
    ORDER_IS_CLOSED = "ORDER_IS_CLOSED"
    ORDER_IS_NOT_OPEN = "ORDER_IS_NOT_OPEN"
    INVALID_ORDER_SIZE = "INVALID_ORDER_SIZE"
    CLIENT_ORDER_ID_NOT_FOUND = "CLIENT_ORDER_ID_NOT_FOUND"
    ALGO_ID_NOT_FOUND = "ALGO_ID_NOT_FOUND"
    DUPLICATED_CLIENT_ID = "DUPLICATED_CLIENT_ID"
    INVALID_SYMBOL = "INVALID_SYMBOL"
    INVALID_TOKEN = "INVALID_TOKEN"  # noqa: S105 (an error code)
    INVALID_STARKNET_ADDRESS = "INVALID_STARKNET_ADDRESS"
    INVALID_STARKNET_SIGNATURE = "INVALID_STARKNET_SIGNATURE"
    STARKNET_SIGNATURE_VERIFICATION_FAILED = "STARKNET_SIGNATURE_VERIFICATION_FAILED"
    NOT_ONBOARDED = "NOT_ONBOARDED"
    INVALID_TIMESTAMP = "INVALID_TIMESTAMP"
    ACCOUNT_NOT_FOUND = "ACCOUNT_NOT_FOUND"
    INVALID_ORDER_SIGNATURE = "INVALID_ORDER_SIGNATURE"
    PUBLIC_KEY_INVALID = "PUBLIC_KEY_INVALID"
    UNAUTHORIZED_ERROR = "UNAUTHORIZED_ERROR"
    MARKET_NOT_FOUND = "MARKET_NOT_FOUND"
    GEO_IP_BLOCK = "GEO_IP_BLOCK"
    MARKET_NOT_OPEN = "MARKET_NOT_OPEN"
    MARKET_NOT_SETTLED = "MARKET_NOT_SETTLED"
    REQUEST_NOT_ALLOWED = "REQUEST_NOT_ALLOWED"
    BATCH_SIZE_OUT_OF_RANGE = "BATCH_SIZE_OUT_OF_RANGE"
    ISOLATED_MARKET_ACCOUNT_MISMATCH = "ISOLATED_MARKET_ACCOUNT_MISMATCH"
    NO_ACCESS_TO_MARKET = "NO_ACCESS_TO_MARKET"
    MARKET_MARGIN_RESTRICTED = "MARKET_MARGIN_RESTRICTED"
    RPI_ACCOUNT_NOT_WHITELISTED = "RPI_ACCOUNT_NOT_WHITELISTED"
    SYSTEM_STATUS_POST_ONLY = "SYSTEM_STATUS_POST_ONLY"
    SYSTEM_STATUS_CANCEL_ONLY = "SYSTEM_STATUS_CANCEL_ONLY"
    INVALID_SUBKEY = "INVALID_SUBKEY"
    INVALID_TOKEN_SCOPE = "INVALID_TOKEN_SCOPE"  # noqa: S105 (an error code)
    IP_NOT_ALLOWED = "IP_NOT_ALLOWED"


class RpcErrorCode:
    """JSON-RPC error codes of the WebSocket's control plane (openrpc, api-notes)."""

    PARSE_ERROR = -32700
    INVALID_REQUEST = -32600
    METHOD_NOT_FOUND = -32601
    INVALID_PARAMS = -32602
    INTERNAL_ERROR = -32603
    LIMIT = 100
    MALFORMED_BEARER = 40110
    INVALID_BEARER = 40111
    GEO_BLOCKED = 40112
    NOT_AUTHENTICATED = 40300
    RATE_LIMITED = 42901
