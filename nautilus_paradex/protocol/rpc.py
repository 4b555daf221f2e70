"""
The JSON-RPC 2.0 control plane of the socket: requests out, responses and notifications in.

Both directions of each message are here, so that client and local venue share one definition.
What a notification carries stays raw JSON: reading it is the work of `json_feed`.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from nautilus_paradex.protocol.errors import MessageError, ProtocolError

__all__ = [
    "SUBSCRIPTION_METHOD",
    "Notification",
    "Request",
    "RequestId",
    "Response",
    "RpcError",
    "decode",
    "decode_request",
    "encode_error",
    "encode_notification",
    "encode_request",
    "encode_result",
]

type RequestId = int | str

SUBSCRIPTION_METHOD: Final = "subscription"
"""Method name of every notification (source: asyncapi, capture)."""


class RpcError(ProtocolError):
    """
    The venue refused a request: the `error` member of a response.

    Parameters
    ----------
    code : int
        JSON-RPC or venue code, e.g. -32600, 40111, 42901 (source: openrpc, api-notes).
    message : str
        The venue's sentence.
    data : str, optional
        The venue's detail. JSON text if it was not a string.

    """

    def __init__(self, code: int, message: str, data: str | None = None) -> None:
        detail = f" ({data})" if data else ""
        super().__init__(f"venue error {code}: {message}{detail}")
        self.code = code
        self.message = message
        self.data = data


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """A request as the venue reads it. `params` is empty raw JSON where the client sent none."""

    method: str
    id: RequestId | None = None
    params: msgspec.Raw = msgspec.Raw()


class Response(msgspec.Struct, frozen=True, kw_only=True):
    """
    An answer to a request.

    Parameters
    ----------
    id : int or str, optional
        The id of the request. None where the venue could not read it.
    result : msgspec.Raw
        Raw JSON, empty where there is none. `result_as` reads it into a type.
    error : RpcError, optional
        Set if the venue refused. It is an exception that can be raised as it is.
    us_in, us_out : int, optional
        Venue time of arrival and of the answer, microseconds (source: capture; the
        description in openrpc says nanoseconds, the values are not).

    """

    id: RequestId | None = None
    result: msgspec.Raw = msgspec.Raw()
    error: RpcError | None = None
    us_in: int | None = None
    us_out: int | None = None

    def result_as[T](self, result_type: type[T]) -> T:
        """
        Read the result into `result_type`.

        Raises
        ------
        RpcError
            If the venue refused the request.
        MessageError
            If the result does not have that shape.

        """
        if self.error is not None:
            raise self.error
        try:
            return msgspec.json.decode(self.result, type=result_type)
        except msgspec.MsgspecError as exc:
            raise MessageError(f"result of request {self.id} is not as expected: {exc}") from exc


class Notification(msgspec.Struct, frozen=True, kw_only=True):
    """A message of a subscribed channel, its payload still raw JSON."""

    channel: str
    data: msgspec.Raw


class _Params(msgspec.Struct):
    channel: str
    data: msgspec.Raw = msgspec.Raw()


class _Error(msgspec.Struct):
    code: int
    message: str = ""
    data: msgspec.Raw = msgspec.Raw()


class _Envelope(msgspec.Struct):
    id: RequestId | None = None
    method: str | None = None
    params: _Params | None = None
    result: msgspec.Raw = msgspec.Raw()
    error: _Error | None = None
    us_in: int | None = msgspec.field(default=None, name="usIn")
    us_out: int | None = msgspec.field(default=None, name="usOut")


class _OutgoingError(msgspec.Struct, omit_defaults=True):
    code: int
    message: str
    data: object = None


_ENVELOPE: Final = msgspec.json.Decoder(_Envelope)
_REQUEST: Final = msgspec.json.Decoder(Request)


def decode(text: str | bytes) -> Response | Notification:
    """
    Read one text frame of the venue.

    Raises
    ------
    MessageError
        If it is neither a response nor a notification.

    """
    try:
        envelope = _ENVELOPE.decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError) as exc:
        raise MessageError(f"text frame is not JSON-RPC: {exc}") from exc
    if envelope.method is not None:
        return _notification(envelope)
    if envelope.error is None and envelope.id is None:
        raise MessageError("text frame has neither `method` nor `id` nor `error`")
    return Response(
        id=envelope.id,
        result=envelope.result,
        error=None if envelope.error is None else _rpc_error(envelope.error),
        us_in=envelope.us_in,
        us_out=envelope.us_out,
    )


def decode_request(text: str | bytes) -> Request:
    """
    Read one text frame of a client.

    Raises
    ------
    MessageError
        If it is not a JSON-RPC request.

    """
    try:
        return _REQUEST.decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError) as exc:
        raise MessageError(f"text frame is not a JSON-RPC request: {exc}") from exc


def encode_request(method: str, params: Mapping[str, object], id: RequestId) -> str:  # noqa: A002
    """Write a request. `params` may hold anything msgspec can encode."""
    return _text({"jsonrpc": "2.0", "method": method, "params": params, "id": id})


def encode_result(
    id: RequestId,  # noqa: A002
    result: object,
    *,
    us_in: int | None = None,
    us_out: int | None = None,
) -> str:
    """Write the answer to a request that was granted. Times in microseconds."""
    message = {"jsonrpc": "2.0", "id": id, "result": result}
    return _text(message | _times(us_in, us_out))


def encode_error(
    id: RequestId | None,  # noqa: A002
    code: int,
    message: str,
    data: object = None,
    *,
    us_in: int | None = None,
    us_out: int | None = None,
) -> str:
    """Write the answer to a request that was refused. Times in microseconds."""
    answer = {"jsonrpc": "2.0", "id": id, "error": _OutgoingError(code, message, data)}
    return _text(answer | _times(us_in, us_out))


def encode_notification(channel: str, data: object) -> str:
    """Write a message of a channel. `data` may hold anything msgspec can encode."""
    params = {"channel": channel, "data": data}
    return _text({"jsonrpc": "2.0", "method": SUBSCRIPTION_METHOD, "params": params})


def _notification(envelope: _Envelope) -> Notification:
    if envelope.params is None or not bytes(envelope.params.data):
        raise MessageError(f"notification without channel or data (method was {envelope.method!r})")
    return Notification(channel=envelope.params.channel, data=envelope.params.data)


def _rpc_error(error: _Error) -> RpcError:
    raw = bytes(error.data)
    if not raw or raw == b"null":
        return RpcError(error.code, error.message)
    value = msgspec.json.decode(raw) if raw.startswith(b'"') else raw.decode()
    return RpcError(error.code, error.message, str(value))


def _times(us_in: int | None, us_out: int | None) -> dict[str, object]:
    if us_in is None or us_out is None:
        return {}
    return {"usIn": us_in, "usDiff": us_out - us_in, "usOut": us_out}


def _text(message: Mapping[str, object]) -> str:
    return msgspec.json.encode(message).decode()
