"""What can go wrong with a socket, apart from what the venue itself answers (`rpc.RpcError`)."""

from nautilus_paradex.protocol.errors import ParadexError

__all__ = [
    "AckTimeoutError",
    "ConnectError",
    "ConnectionLostError",
    "NegotiationError",
    "NotConnectedError",
    "SubscriptionError",
    "WebSocketError",
]


class WebSocketError(ParadexError):
    """Root of the socket's errors."""


class ConnectError(WebSocketError):
    """The socket could not be opened: network, TLS, proxy, HTTP status or time."""


class NegotiationError(ConnectError):
    """The venue refused the asked encoding, or every encoding, with HTTP 400."""


class NotConnectedError(WebSocketError):
    """The client is closed, not yet connected, or could not reconnect in time."""


class ConnectionLostError(NotConnectedError):
    """The connection went away while a request waited for its answer."""


class AckTimeoutError(WebSocketError, TimeoutError):
    """The venue did not answer a request in time: whether it took effect is unknown."""


class SubscriptionError(WebSocketError):
    """A subscription contradicts one that this connection already has."""
