"""The order desk: from a signed request, however it came, to the engine.

Checks what the venue checks before the engine sees an order: shape, clock, signature. REST and the
socket's order methods both end here.
"""

from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from nautilus_paradex.devnet.engine.algos import AlgoReport
from nautilus_paradex.devnet.engine.exchange import Exchange
from nautilus_paradex.devnet.engine.model import (
    CancelOutcome,
    ModifyOrder,
    NewAlgo,
    NewOrder,
    OrderRefused,
)
from nautilus_paradex.devnet.wire.auth import Principal
from nautilus_paradex.devnet.wire.behalf import acting_account
from nautilus_paradex.devnet.wire.errors import ApiError
from nautilus_paradex.devnet.wire.signatures import OrderSignatures
from nautilus_paradex.protocol.algos import DEFAULT_FREQUENCY_SECS, AlgoOrderRequest
from nautilus_paradex.protocol.enums import AlgoType, ErrorCode, OrderFlag, OrderType, StpMode
from nautilus_paradex.protocol.errors import MessageError
from nautilus_paradex.protocol.events import OrderEvent
from nautilus_paradex.protocol.numbers import to_e8
from nautilus_paradex.protocol.rest import ModifyRequest, OrderRequest

__all__ = ["MAX_BATCH", "OrderDesk", "decode_request"]

MAX_BATCH: Final = 10

_PRICELESS: Final = frozenset({OrderType.MARKET, OrderType.STOP_MARKET})
_MIN_RECV_WINDOW_MS: Final = 10
_MAX_CLIENT_ID: Final = 64
# How far ahead of the server a signature's timestamp may be: a guess.
_MAX_CLOCK_AHEAD_MS: Final = 30_000


def decode_request[T](body: bytes | msgspec.Raw, request_type: type[T]) -> T:
    """
    Read the body of a request.

    Raises
    ------
    ApiError
        400: BINDING_ERROR if it is no JSON, VALIDATION_ERROR if a field is wrong or missing.

    """
    try:
        return msgspec.json.decode(body, type=request_type)
    except msgspec.ValidationError as e:
        raise ApiError(400, ErrorCode.VALIDATION_ERROR, str(e)) from e
    except msgspec.DecodeError as e:
        raise ApiError(400, ErrorCode.BINDING_ERROR, f"body is not JSON: {e}") from e


class OrderDesk:
    """
    Takes orders, modifications and cancels of authenticated accounts.

    Parameters
    ----------
    exchange : Exchange
        Where they go.
    signatures : OrderSignatures
        Checks them.
    now_us : Callable
        The venue's clock, microseconds.
    queued : Callable
        Called after something was queued with the ms that it is held back, so that the engine is
        run soon.
    retail_speed_bump_ms : int
        How long orders of retail tokens are held back.

    """

    def __init__(
        self,
        exchange: Exchange,
        signatures: OrderSignatures,
        *,
        now_us: Callable[[], int],
        queued: Callable[[int], None],
        retail_speed_bump_ms: int,
    ) -> None:
        self._exchange = exchange
        self._signatures = signatures
        self._now_us = now_us
        self._queued = queued
        self._speed_bump_ms = retail_speed_bump_ms

    def create(self, principal: Principal, request: OrderRequest) -> OrderEvent:
        """
        Check an order and queue it; the order returned is NEW.

        Raises
        ------
        ApiError
            If the request is wrong in itself.
        OrderRefused
            If the engine does not take it.

        """
        order = self._checked(principal, request)
        account = self._acting(principal, request)
        event = self._exchange.submit(account, order, self._bump_us(principal))
        self._run_soon(principal)
        return event

    def create_batch(
        self, principal: Principal, requests: Sequence[OrderRequest]
    ) -> list[OrderEvent | OrderRefused]:
        """
        Check a batch and queue it; a wrong signature fails all of it, a refusal only its order.

        Raises
        ------
        ApiError
            If there are too few or too many orders, or one is wrong in itself.

        """
        if not 1 <= len(requests) <= MAX_BATCH:
            raise ApiError(
                400,
                ErrorCode.BATCH_SIZE_OUT_OF_RANGE,
                f"batch must hold 1 to {MAX_BATCH} orders, was {len(requests)}",
            )
        orders = [self._checked(principal, request) for request in requests]
        accounts = {self._acting(principal, request) for request in requests}
        if len(accounts) > 1:
            raise _invalid("on_behalf_of_account: must be the same for all orders of a batch")
        bump_us = self._bump_us(principal)
        outcomes = self._exchange.submit_batch(accounts.pop(), orders, bump_us)
        self._run_soon(principal)
        return outcomes

    def modify(self, principal: Principal, order_id: str, request: ModifyRequest) -> OrderEvent:
        """
        Check a modification and queue it.

        Raises
        ------
        ApiError
            If the request is wrong in itself.
        OrderRefused
            If the order is not there or not open.

        """
        if request.id != order_id:
            raise _invalid(f"id: must be that of the path, was {request.id}")
        self._acting(principal, request)
        self._signatures.check_modify(principal.account, request)
        change = ModifyOrder(
            market=request.market,
            side=request.side,
            order_type=request.type,
            size_e8=_required_e8("size", request.size),
            price_e8=_optional_e8("price", request.price),
            trigger_price_e8=_optional_e8("trigger_price", request.trigger_price),
        )
        event = self._exchange.modify(principal.account, order_id, change)
        self._queued(0)
        return event

    def create_algo(self, principal: Principal, request: AlgoOrderRequest) -> AlgoReport:
        """
        Check an algo order and start it.

        Raises
        ------
        ApiError
            If the request is wrong in itself.
        OrderRefused
            If the engine does not take it.

        """
        account = self._acting(principal, request)
        if request.algo_type != AlgoType.TWAP:
            raise _invalid(f"algo_type: only TWAP is supported, was {request.algo_type!r}")
        if request.type != OrderType.MARKET:
            raise _invalid(f"type: only MARKET is supported, was {request.type!r}")
        self._check_window(request)
        self._signatures.check_algo(principal.account, request)
        order = NewAlgo(
            market=request.market,
            side=request.side,
            size_e8=_required_e8("size", request.size),
            duration_secs=request.duration_seconds,
            frequency_secs=(
                DEFAULT_FREQUENCY_SECS if request.frequency is None else request.frequency
            ),
            interactive=principal.interactive,
        )
        return self._exchange.algos.start(account, order)

    def cancel(self, principal: Principal, order_id: str) -> OrderEvent:
        """Queue the cancel of an order, or raise OrderRefused."""
        event = self._exchange.cancel(principal.account, order_id)
        self._queued(0)
        return event

    def cancel_by_client_id(
        self, principal: Principal, client_id: str, market: str | None
    ) -> OrderEvent:
        """Queue the cancel of an order, or raise OrderRefused."""
        event = self._exchange.cancel_by_client_id(principal.account, client_id, market)
        self._queued(0)
        return event

    def cancel_all(self, principal: Principal, market: str | None) -> int:
        """Queue the cancel of every open order; return how many."""
        count = self._exchange.cancel_all(principal.account, market)
        self._queued(0)
        return count

    def cancel_batch(
        self, principal: Principal, order_ids: Sequence[str], client_ids: Sequence[str]
    ) -> list[CancelOutcome]:
        """Queue the cancels of a batch; one outcome for each id."""
        outcomes = self._exchange.cancel_batch(principal.account, order_ids, client_ids)
        self._queued(0)
        return outcomes

    def _bump_us(self, principal: Principal) -> int:
        return self._speed_bump_ms * 1_000 if principal.interactive else 0

    def _run_soon(self, principal: Principal) -> None:
        self._queued(self._speed_bump_ms if principal.interactive else 0)

    def _checked(self, principal: Principal, request: OrderRequest) -> NewOrder:
        _check_shape(request)
        self._check_window(request)
        self._signatures.check_order(principal.account, request)
        return NewOrder(
            market=request.market,
            side=request.side,
            order_type=request.type,
            size_e8=_required_e8("size", request.size),
            price_e8=_optional_e8("price", request.price),
            instruction=request.instruction,
            client_id=request.client_id or "",
            flags=tuple(request.flags or ()),
            stp=request.stp or StpMode.EXPIRE_TAKER.value,
            trigger_price_e8=_optional_e8("trigger_price", request.trigger_price),
            signature_timestamp_ms=request.signature_timestamp,
            dime_discount=bool(request.dime_discount),
            interactive=principal.interactive,
        )

    def _acting(
        self, principal: Principal, request: OrderRequest | ModifyRequest | AlgoOrderRequest
    ) -> str:
        return acting_account(
            self._exchange, principal, request.on_behalf_of_account, request.market
        )

    def _check_window(self, request: OrderRequest | AlgoOrderRequest) -> None:
        now_ms = self._now_us() // 1_000
        age_ms = now_ms - request.signature_timestamp
        if age_ms < -_MAX_CLOCK_AHEAD_MS:
            raise ApiError(
                400,
                ErrorCode.INVALID_TIMESTAMP,
                f"signature_timestamp: is {-age_ms} ms ahead of the server's clock",
            )
        if request.recv_window is None:
            return
        if request.recv_window < _MIN_RECV_WINDOW_MS:
            raise _invalid(
                f"recv_window: must be at least {_MIN_RECV_WINDOW_MS} ms, was {request.recv_window}"
            )
        if age_ms > request.recv_window:
            raise _invalid(
                f"recv_window: order arrived {age_ms} ms after signature_timestamp, "
                f"recv_window was {request.recv_window} ms"
            )


def _check_shape(request: OrderRequest) -> None:
    if request.price and request.type in _PRICELESS:
        # The beginning of this sentence is a capture (ccxt PR 28204).
        raise _invalid("price: must be omitted when type=MARKET or type=STOP_MARKET")
    if request.client_id is not None and len(request.client_id) > _MAX_CLIENT_ID:
        raise _invalid(
            f"client_id: must have at most {_MAX_CLIENT_ID} characters, "
            f"had {len(request.client_id)}"
        )
    if request.vwap_price is not None:
        _check_vwap(request)


def _check_vwap(request: OrderRequest) -> None:
    if request.type != OrderType.MARKET:
        raise _invalid(f"vwap_price: is for type=MARKET, was type={request.type}")
    if OrderFlag.TARGET_STRATEGY_VWAP not in (request.flags or ()):
        raise _invalid("flags: must contain TARGET_STRATEGY_VWAP with vwap_price")
    _required_e8("vwap_price", request.vwap_price or "")


def _optional_e8(name: str, text: str | None) -> int | None:
    try:
        value = to_e8(text, exact=True)
    except MessageError as e:
        raise _invalid(f"{name}: {e}") from e
    # "0" is how the venue itself writes a price that is not there.
    return value or None


def _required_e8(name: str, text: str) -> int:
    try:
        value = to_e8(text, exact=True)
    except MessageError as e:
        raise _invalid(f"{name}: {e}") from e
    if value is None:
        raise _invalid(f"{name}: must not be empty")
    return value


def _invalid(message: str) -> ApiError:
    return ApiError(400, ErrorCode.VALIDATION_ERROR, message)
