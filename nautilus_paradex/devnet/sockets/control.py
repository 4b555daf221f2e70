"""The control plane of a socket: JSON-RPC requests in, answers and the start of feeds out.

Error codes are those of openrpc; sentences are captured where there is a capture. Order methods
end at the same desk as REST's.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from nautilus_paradex.devnet.engine.model import OrderRefused
from nautilus_paradex.devnet.faults import Faults
from nautilus_paradex.devnet.sockets.connection import Connection
from nautilus_paradex.devnet.sockets.feeds import Feeds
from nautilus_paradex.devnet.sockets.orders import OrderMethods
from nautilus_paradex.devnet.wire.auth import Authority, Principal, TokenError
from nautilus_paradex.devnet.wire.errors import ApiError
from nautilus_paradex.devnet.wire.topics import ALL, Topic, invalid_subscribe
from nautilus_paradex.protocol import rpc
from nautilus_paradex.protocol.enums import RpcErrorCode
from nautilus_paradex.protocol.errors import MessageError
from nautilus_paradex.protocol.rpc import RpcError

__all__ = ["ControlPlane"]


@dataclass(frozen=True, slots=True)
class _Answer:
    """A result, and what is to follow it on the wire."""

    result: object
    then: Callable[[], None] | None = None


type _Method = Callable[[Connection, msgspec.Raw], _Answer]


class ControlPlane:
    """
    Answers the requests of every socket.

    Parameters
    ----------
    authority : Authority
        Reads tokens.
    feeds : Feeds
        Begins and ends subscriptions.
    orders : OrderMethods
        The socket's order methods.
    faults : Faults
        Answers that are to be lost.
    now_us : Callable
        The venue's clock, microseconds.

    """

    def __init__(
        self,
        authority: Authority,
        feeds: Feeds,
        orders: OrderMethods,
        faults: Faults,
        now_us: Callable[[], int],
    ) -> None:
        self._faults = faults
        self._authority = authority
        self._feeds = feeds
        self._orders = orders
        self._now_us = now_us
        self._node_id = secrets.token_hex(8)
        self._methods: dict[str, _Method] = {
            "auth": self._auth,
            "subscribe": self._subscribe,
            "unsubscribe": self._unsubscribe,
            "modify_subscription": self._modify_subscription,
            "order.cancel_on_disconnect": self._cancel_on_disconnect,
        }

    def answer(self, connection: Connection, text: str | None) -> None:
        """Answer one frame of a client; None stands for a frame that is not text."""
        us_in = self._now_us()
        request_id: rpc.RequestId | None = None
        try:
            request = _read(text)
            request_id = request.id
            self._respond(connection, request, us_in)
        except RpcError as e:
            connection.push(
                rpc.encode_error(
                    request_id, e.code, e.message, e.data, us_in=us_in, us_out=self._now_us()
                )
            )

    def ended(self, connection: Connection) -> None:
        """Undo what the socket had set up, and cancel its orders if it asked for that."""
        for subscription in connection.subscriptions.values():
            self._feeds.end(connection, subscription)
        connection.subscriptions.clear()
        self._orders.ended(connection)

    def _respond(self, connection: Connection, request: rpc.Request, us_in: int) -> None:
        if request.id is None:
            raise RpcError(RpcErrorCode.INVALID_REQUEST, "invalid request", "id is missing")
        fault = self._faults.take_reply(request.method)
        if fault is None or fault.after:
            answer = self._execute(connection, request)
            if fault is None:
                connection.push(
                    rpc.encode_result(request.id, answer.result, us_in=us_in, us_out=self._now_us())
                )
            # Carried out is carried out: a channel whose confirmation is lost is fed all the same.
            if answer.then is not None:
                answer.then()
        if fault is not None and fault.code is not None:
            raise RpcError(fault.code, "fault asked for with POST /devnet/faults")

    def _execute(self, connection: Connection, request: rpc.Request) -> _Answer:
        method = self._methods.get(request.method)
        if method is not None:
            return method(connection, request.params)
        if not self._orders.has(request.method):
            raise RpcError(RpcErrorCode.METHOD_NOT_FOUND, "method does not exist")
        principal = _authenticated(connection)
        try:
            return _Answer(self._orders.call(connection, principal, request.method, request.params))
        except (ApiError, OrderRefused) as e:
            # Which code the venue answers refused orders with is not known.
            raise RpcError(RpcErrorCode.INVALID_PARAMS, e.message, e.code) from e

    def _auth(self, connection: Connection, params: msgspec.Raw) -> _Answer:
        bearer = _params(params, _AuthParams).bearer
        try:
            connection.principal = self._authority.admit(bearer)
        except TokenError as e:
            if e.malformed:
                raise RpcError(
                    RpcErrorCode.MALFORMED_BEARER, "Malformed Bearer Token", e.reason
                ) from e
            raise RpcError(RpcErrorCode.INVALID_BEARER, "Invalid Bearer Token", e.reason) from e
        return _Answer({"node_id": self._node_id})

    def _subscribe(self, connection: Connection, params: msgspec.Raw) -> _Answer:
        wanted = _params(params, _SubscribeParams)
        topic = self._feeds.topic(wanted.channel, connection.form, wanted.base_asset)
        if topic.private:
            _authenticated(connection)
        if wanted.channel in connection.subscriptions:
            raise invalid_subscribe("already subscribed to channel")
        if connection.is_full:
            raise invalid_subscribe("too many subscriptions on this connection")
        if _second_book(connection, topic):
            raise invalid_subscribe("only one order_book channel per market and connection")
        markets = self._markets(wanted, topic)
        subscription = self._feeds.subscription(connection, topic, markets)
        connection.subscriptions[wanted.channel] = subscription
        connection.watch_idleness()
        return _Answer(
            {"channel": wanted.channel}, lambda: self._feeds.begin(connection, subscription)
        )

    def _unsubscribe(self, connection: Connection, params: msgspec.Raw) -> _Answer:
        channel = _params(params, _ChannelParams).channel
        subscription = connection.subscriptions.pop(channel, None)
        if subscription is None:
            raise RpcError(
                RpcErrorCode.INVALID_REQUEST,
                "invalid unsubscribe request",
                "not subscribed to channel",
            )
        self._feeds.end(connection, subscription)
        connection.watch_idleness()
        return _Answer({"channel": channel})

    def _modify_subscription(self, connection: Connection, params: msgspec.Raw) -> _Answer:
        change = _params(params, _ModifyParams)
        subscription = connection.subscriptions.get(change.channel)
        if subscription is None or subscription.markets is None:
            raise RpcError(
                RpcErrorCode.INVALID_REQUEST,
                "invalid modify_subscription request",
                "channel is not subscribed with a markets array",
            )
        add, remove = _symbols(change.add), _symbols(change.remove)
        self._feeds.check_markets(add)
        subscription.markets.update(add)
        subscription.markets.difference_update(remove)
        return _Answer({"channel": change.channel, "add": add, "remove": remove})

    def _cancel_on_disconnect(self, connection: Connection, params: msgspec.Raw) -> _Answer:
        _authenticated(connection)
        connection.cancel_on_disconnect = _params(params, _EnabledParams).enabled
        return _Answer({"enabled": connection.cancel_on_disconnect})

    def _markets(self, wanted: "_SubscribeParams", topic: Topic) -> set[str] | None:
        if wanted.markets is None:
            return None
        if topic.topic != "markets_summary" or topic.market != ALL:
            raise _invalid_params("markets: only taken by channel markets_summary")
        symbols = _symbols(wanted.markets)
        self._feeds.check_markets(symbols)
        return set(symbols)


class _AuthParams(msgspec.Struct, frozen=True):
    bearer: str


class _ChannelParams(msgspec.Struct, frozen=True):
    channel: str


class _SubscribeParams(msgspec.Struct, frozen=True):
    channel: str
    markets: list[str] | str | None = None
    base_asset: str | None = None


class _ModifyParams(msgspec.Struct, frozen=True):
    channel: str
    add: list[str] | str | None = None
    remove: list[str] | str | None = None


class _EnabledParams(msgspec.Struct, frozen=True):
    enabled: bool


def _read(text: str | None) -> rpc.Request:
    if text is None:
        raise RpcError(RpcErrorCode.PARSE_ERROR, "parse error", "frame is not text")
    try:
        return rpc.decode_request(text)
    except MessageError as e:
        if isinstance(e.__cause__, msgspec.ValidationError):
            raise RpcError(RpcErrorCode.INVALID_REQUEST, "invalid request", str(e)) from e
        raise RpcError(RpcErrorCode.PARSE_ERROR, "parse error", str(e)) from e


def _params[T](raw: msgspec.Raw, params_type: type[T]) -> T:
    try:
        return msgspec.json.decode(bytes(raw) or b"{}", type=params_type)
    except msgspec.DecodeError as e:
        raise _invalid_params(str(e)) from e


def _invalid_params(reason: str) -> RpcError:
    return RpcError(RpcErrorCode.INVALID_PARAMS, "invalid params", reason)


def _authenticated(connection: Connection) -> Principal:
    if connection.principal is None:
        raise RpcError(
            RpcErrorCode.NOT_AUTHENTICATED, "permission denied", "authentication required"
        )
    return connection.principal


def _second_book(connection: Connection, topic: Topic) -> bool:
    market = topic.book_market
    return market is not None and any(
        subscription.topic.book_market == market
        for subscription in connection.subscriptions.values()
    )


def _symbols(value: list[str] | str | None) -> list[str]:
    # openrpc says array and shows a comma-separated string: take both.
    if value is None:
        return []
    return value.split(",") if isinstance(value, str) else value
