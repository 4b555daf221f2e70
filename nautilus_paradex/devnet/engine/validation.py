"""Checks that the venue makes before it answers a request; a failure is an `OrderRefused`.

What needs a position, a margin or a book is checked later, in `acceptance`. Codes without another
source are guesses: the venue's documents name the codes, not when each is used.
"""

from typing import Final

from nautilus_paradex.devnet.engine.accounts import Account
from nautilus_paradex.devnet.engine.fixed import mul_e8
from nautilus_paradex.devnet.engine.markets import MarketSpec
from nautilus_paradex.devnet.engine.model import ModifyOrder, NewAlgo, NewOrder, OrderRefused
from nautilus_paradex.devnet.engine.orders import (
    MARKET_TYPES,
    POSITION_LINKED_TYPES,
    TRIGGER_TYPES,
    Order,
)
from nautilus_paradex.devnet.engine.state import MarketState
from nautilus_paradex.protocol.algos import (
    DURATION_STEP_SECS,
    MAX_DURATION_SECS,
    MIN_DURATION_SECS,
)
from nautilus_paradex.protocol.enums import (
    ErrorCode,
    OrderFlag,
    OrderInstruction,
    OrderSide,
    OrderStatus,
    OrderType,
    StpMode,
    SystemStatus,
    TradingMode,
)
from nautilus_paradex.protocol.numbers import e8_to_str

__all__ = [
    "check_cancels_are_taken",
    "check_modify_order",
    "check_new_algo",
    "check_new_order",
    "check_system_status",
]

_FLAGS: Final = (OrderFlag.REDUCE_ONLY, OrderFlag.TARGET_STRATEGY_VWAP, OrderFlag.MMP)
_MAX_CLIENT_ID: Final = 64
_BP: Final = 10_000
_MAX_AWAY_BP: Final = 5
_REFUSALS: Final = {
    SystemStatus.CANCEL_ONLY.value: ErrorCode.SYSTEM_STATUS_CANCEL_ONLY,
    SystemStatus.POST_ONLY.value: ErrorCode.SYSTEM_STATUS_POST_ONLY,
    SystemStatus.MAINTENANCE.value: ErrorCode.SERVICE_UNAVAILABLE,
}


def check_system_status(
    status: str, instruction: str, price_e8: int | None, fair_price_e8: int
) -> None:
    """
    Raise `OrderRefused` if the venue takes no such order or change in its present state.

    ``post_only`` takes post-only orders within 5 bp of the external fair price (api-notes),
    ``cancel_only`` and ``maintenance`` take none.

    """
    code = _REFUSALS.get(status)
    if code is None:
        return
    if status != SystemStatus.POST_ONLY or instruction != OrderInstruction.POST_ONLY:
        raise OrderRefused(code, f"system status is {status}")
    if price_e8 is not None and abs(price_e8 - fair_price_e8) * _BP > fair_price_e8 * _MAX_AWAY_BP:
        raise _invalid(
            f"price: must lie within {_MAX_AWAY_BP} bp of the fair price "
            f"{e8_to_str(fair_price_e8)} while system status is {status}"
        )


def check_cancels_are_taken(status: str) -> None:
    """Raise `OrderRefused` if not even cancels are taken: in ``maintenance`` (guess)."""
    if status == SystemStatus.MAINTENANCE:
        raise OrderRefused(ErrorCode.SERVICE_UNAVAILABLE, f"system status is {status}")


def check_new_order(spec: MarketSpec, account: Account, order: NewOrder, now_us: int) -> None:
    """Raise `OrderRefused` if the order is malformed, a duplicate or one too many."""
    _check_vocabulary(order)
    _check_market_open(spec, now_us)
    _check_prices(spec, order.order_type, order.price_e8, order.trigger_price_e8)
    _check_instruction(account, order)
    _check_size(spec, order.order_type, order.size_e8)
    _check_client_id(account, order.client_id)
    live = len(account.live_in(spec.symbol))
    if live >= spec.max_open_orders:
        raise _invalid(f"max open orders of {spec.max_open_orders} reached for {spec.symbol}")


def check_modify_order(spec: MarketSpec, order: Order, change: ModifyOrder) -> None:
    """Raise `OrderRefused` if the order cannot be modified, or not in this way."""
    if order.status not in (OrderStatus.OPEN, OrderStatus.UNTRIGGERED):
        raise OrderRefused(ErrorCode.ORDER_IS_NOT_OPEN, f"order is not open: {order.id}")
    for name, was, has in (
        ("market", change.market, order.market),
        ("side", change.side, order.side),
        ("type", change.order_type, order.order_type),
    ):
        if was != has:
            raise _invalid(f"{name}: must be the order's own {has}, was {was!r}")
    trigger = change.trigger_price_e8
    if trigger is None:
        trigger = order.trigger_price_e8
    _check_prices(spec, order.order_type, change.price_e8, trigger)
    _check_size(spec, order.order_type, change.size_e8)


def check_new_algo(market: MarketState, algo: NewAlgo, now_us: int) -> None:
    """Raise `OrderRefused` if a TWAP is malformed or its children could not be placed."""
    spec = market.spec
    if algo.side not in OrderSide:
        raise _invalid(f"side: must be one of {', '.join(OrderSide)}, was {algo.side!r}")
    _check_market_open(spec, now_us)
    _check_durations(algo)
    _check_increment(spec, algo.size_e8)
    child_e8 = algo.size_e8 // algo.children
    reference_e8 = market.pricing.index_e8 if spec.is_option else market.pricing.mark_e8
    if child_e8 < spec.size_increment_e8 or mul_e8(child_e8, reference_e8) < spec.min_notional_e8:
        raise _bad_size(
            f"size: {algo.children} child orders of {e8_to_str(child_e8)} are below the minimum"
        )
    _check_maximum(spec, child_e8)


def _check_durations(algo: NewAlgo) -> None:
    in_range = MIN_DURATION_SECS <= algo.duration_secs <= MAX_DURATION_SECS
    if not in_range or algo.duration_secs % DURATION_STEP_SECS:
        raise _invalid(
            f"duration_seconds: must be {MIN_DURATION_SECS} to {MAX_DURATION_SECS} in multiples "
            f"of {DURATION_STEP_SECS}, was {algo.duration_secs}"
        )
    if not 1 <= algo.frequency_secs <= algo.duration_secs:
        raise _invalid(f"frequency: must be 1 to the duration, was {algo.frequency_secs}")


def _check_vocabulary(order: NewOrder) -> None:
    allowed = (
        ("side", order.side, OrderSide),
        ("type", order.order_type, OrderType),
        ("instruction", order.instruction, OrderInstruction),
        ("stp", order.stp, StpMode),
    )
    for name, value, enum in allowed:
        if value not in enum:
            raise _invalid(f"{name}: must be one of {', '.join(enum)}, was {value!r}")
    for flag in order.flags:
        if flag not in _FLAGS:
            raise _invalid(f"flags: must be among {', '.join(_FLAGS)}, was {flag!r}")


def _check_market_open(spec: MarketSpec, now_us: int) -> None:
    if spec.trading_mode != TradingMode.STANDARD:
        raise OrderRefused(
            ErrorCode.NO_ACCESS_TO_MARKET, f"{spec.symbol} is traded by request for quote only"
        )
    now_ms = now_us // 1_000
    if now_ms < spec.open_at_ms or 0 < spec.expiry_at_ms <= now_ms:
        raise OrderRefused(ErrorCode.MARKET_NOT_OPEN, f"market is not open: {spec.symbol}")


def _check_prices(
    spec: MarketSpec, order_type: str, price_e8: int | None, trigger_price_e8: int | None
) -> None:
    if order_type in MARKET_TYPES:
        # The wording begins as captured; an explicit 0 is the price that is signed.
        if price_e8:
            raise _invalid("price: must be omitted when type=MARKET or type=STOP_MARKET")
    else:
        _check_on_tick("price", spec, price_e8)
    if order_type in TRIGGER_TYPES:
        _check_on_tick("trigger_price", spec, trigger_price_e8)
    elif trigger_price_e8:
        raise _invalid(f"trigger_price: must be omitted when type={order_type}")


def _check_on_tick(name: str, spec: MarketSpec, price_e8: int | None) -> None:
    if price_e8 is None or price_e8 <= 0:
        raise _invalid(f"{name}: must be positive, was {_shown(price_e8)}")
    if price_e8 % spec.price_tick_e8:
        tick = e8_to_str(spec.price_tick_e8)
        raise _invalid(f"{name}: must be a multiple of {tick}, was {_shown(price_e8)}")


def _check_instruction(account: Account, order: NewOrder) -> None:
    instruction = order.instruction
    if instruction == OrderInstruction.RPI:
        _check_rpi(account, order)
    if order.order_type in MARKET_TYPES and instruction == OrderInstruction.POST_ONLY:
        raise _invalid(f"instruction: {instruction} is not for type={order.order_type}")
    linked = order.order_type in POSITION_LINKED_TYPES
    if linked and OrderFlag.REDUCE_ONLY not in order.flags:
        raise _invalid(f"flags: must contain REDUCE_ONLY when type={order.order_type}")


def _check_rpi(account: Account, order: NewOrder) -> None:
    if not account.may_rpi:
        raise OrderRefused(
            ErrorCode.RPI_ACCOUNT_NOT_WHITELISTED, "account is not whitelisted for RPI orders"
        )
    if order.order_type != OrderType.LIMIT:
        raise _invalid(f"instruction: RPI is only for type=LIMIT, was type={order.order_type}")
    if OrderFlag.REDUCE_ONLY in order.flags:
        raise _invalid("flags: REDUCE_ONLY is not for instruction=RPI")


def _check_size(spec: MarketSpec, order_type: str, size_e8: int) -> None:
    if size_e8 == 0 and order_type in POSITION_LINKED_TYPES:
        return
    _check_increment(spec, size_e8)
    _check_maximum(spec, size_e8)


def _check_increment(spec: MarketSpec, size_e8: int) -> None:
    if size_e8 <= 0:
        raise _bad_size(f"size: must be positive, was {e8_to_str(size_e8)}")
    if size_e8 % spec.size_increment_e8:
        step = e8_to_str(spec.size_increment_e8)
        raise _bad_size(f"size: must be a multiple of {step}, was {e8_to_str(size_e8)}")


def _check_maximum(spec: MarketSpec, size_e8: int) -> None:
    if size_e8 > spec.max_order_size_e8:
        most = e8_to_str(spec.max_order_size_e8)
        raise _bad_size(f"size: must be at most {most}, was {e8_to_str(size_e8)}")


def _check_client_id(account: Account, client_id: str) -> None:
    if len(client_id) > _MAX_CLIENT_ID:
        raise _invalid(f"client_id: at most {_MAX_CLIENT_ID} characters, was {len(client_id)}")
    if client_id and account.has_used(client_id):
        raise OrderRefused(
            ErrorCode.DUPLICATED_CLIENT_ID, f"client_id was used before: {client_id}"
        )


def _invalid(message: str) -> OrderRefused:
    return OrderRefused(ErrorCode.VALIDATION_ERROR, message)


def _bad_size(message: str) -> OrderRefused:
    return OrderRefused(ErrorCode.INVALID_ORDER_SIZE, message)


def _shown(price_e8: int | None) -> str:
    return "missing" if price_e8 is None else e8_to_str(price_e8)
