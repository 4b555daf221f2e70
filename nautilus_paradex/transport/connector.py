"""Opens WebSocket connections: encoding negotiation, proxy, TLS, limits. Knows no channel."""

import logging
import ssl as ssl_module
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from typing import Any, Final

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidProxy, InvalidStatus, WebSocketException

from nautilus_paradex.transport.checks import check_positive, check_proxy, split_url
from nautilus_paradex.transport.negotiation import Encoding, Negotiation, describe, url_for
from nautilus_paradex.transport.reconnect import ConnectLimiter
from nautilus_paradex.transport.websocket_errors import ConnectError, NegotiationError

__all__ = ["ConnectOptions", "ConnectionFactory", "Connector"]

type ConnectionFactory = Callable[..., ClientConnection]

_BAD_REQUEST: Final = 400

logger = logging.getLogger("nautilus_paradex.transport.websocket")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ConnectOptions:
    """
    How to reach the venue. Not printable: a proxy URL may hold a password.

    Parameters
    ----------
    proxy_url : str, optional
        HTTP proxy. None connects directly, whatever the environment says.
    ssl : ssl.SSLContext, optional
        None uses the default context for a `wss://` URL.
    connect_timeout_secs, ping_interval_secs, ping_timeout_secs, close_timeout_secs : float
        Limits of the opening handshake, the keepalive and the closing handshake.
    max_message_bytes : int
        A longer message closes the connection with 1009.
    compression : str, optional
        "deflate" offers permessage-deflate. Deflated frames cannot take the fast path.

    Raises
    ------
    ValueError
        If a limit is not above 0, or the proxy no HTTP proxy.

    """

    proxy_url: str | None = None
    ssl: ssl_module.SSLContext | None = None
    connect_timeout_secs: float = 10.0
    ping_interval_secs: float | None = 20.0
    ping_timeout_secs: float | None = 20.0
    close_timeout_secs: float = 2.0
    max_message_bytes: int = 4 * 1024 * 1024
    compression: str | None = None

    def __post_init__(self) -> None:
        check_proxy(self.proxy_url)
        check_positive(
            connect_timeout_secs=self.connect_timeout_secs,
            ping_interval_secs=self.ping_interval_secs,
            ping_timeout_secs=self.ping_timeout_secs,
            close_timeout_secs=self.close_timeout_secs,
            max_message_bytes=self.max_message_bytes,
        )


class Connector:
    """
    Opens one connection after the other to the same URL.

    Parameters
    ----------
    url : str
        WebSocket URL without the schema parameters.
    negotiation : Negotiation
        Which encodings to ask for.
    limiter : ConnectLimiter
        Keeps the connects within the venue's limits.
    options : ConnectOptions
        Everything else.

    """

    def __init__(
        self,
        url: str,
        *,
        negotiation: Negotiation,
        limiter: ConnectLimiter,
        options: ConnectOptions,
    ) -> None:
        parts = split_url(url)
        if parts is None or parts.scheme not in ("ws", "wss"):
            raise ValueError(
                f"WebSocket URL must look like ws://host/v1 or wss://host/v1, was {url!r}"
            )
        self._url = url
        self._shown_url = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
        self._negotiation = negotiation
        self._limiter = limiter
        self._options = options

    async def open(self, factory: ConnectionFactory | None) -> tuple[ClientConnection, Encoding]:
        """
        Open a connection in the best encoding that the venue serves.

        Raises
        ------
        NegotiationError
            If every encoding that may be asked for was answered with HTTP 400.
        ConnectError
            If anything else went wrong: no other encoding is tried then.

        """
        for encoding in self._negotiation.candidates():
            await self._limiter.acquire()
            try:
                connection = await self._open_one(encoding, factory)
            except InvalidStatus as exc:
                if exc.response.status_code != _BAD_REQUEST:
                    raise self._connect_error(exc) from exc
                logger.info("%s refuses %s (HTTP 400)", self._shown_url, describe(encoding))
                continue
            except InvalidProxy:
                raise ConnectError(
                    f"cannot connect to {self._shown_url}: proxy_url is not a valid proxy URL"
                ) from None  # its message repeats the URL, password included
            except (OSError, WebSocketException, ValueError) as exc:
                raise self._connect_error(exc) from exc
            self._negotiation.remember(encoding)
            logger.info("connected to %s, taken: %s", self._shown_url, describe(encoding))
            return connection, encoding
        raise self._refused()

    async def _open_one(
        self,
        encoding: Encoding,
        factory: ConnectionFactory | None,
    ) -> ClientConnection:
        options = self._options
        tls: dict[str, Any] = {} if options.ssl is None else {"ssl": options.ssl}
        return await connect(
            url_for(self._url, encoding),
            create_connection=factory,  # type: ignore[arg-type]  # documented: "a wrapper or a subclass"
            proxy=options.proxy_url,
            open_timeout=options.connect_timeout_secs,
            ping_interval=options.ping_interval_secs,
            ping_timeout=options.ping_timeout_secs,
            close_timeout=options.close_timeout_secs,
            max_size=options.max_message_bytes,
            compression=options.compression,
            logger=_FrameBlindLogger(logging.getLogger("websockets.client"), {}),
            **tls,
        )

    def _connect_error(self, exc: Exception) -> ConnectError:
        detail = str(exc) or type(exc).__name__
        return ConnectError(f"cannot connect to {self._shown_url}: {detail}")

    def _refused(self) -> NegotiationError:
        if self._negotiation.is_forced:
            (encoding,) = self._negotiation.candidates()
            return NegotiationError(
                f"{self._shown_url} refuses {describe(encoding)} (HTTP 400): "
                "leave sbe_schema_version unset to negotiate"
            )
        return NegotiationError(
            f"{self._shown_url} refuses every encoding this version knows (HTTP 400): "
            "is the URL right?"
        )


class _FrameBlindLogger(logging.LoggerAdapter[logging.Logger]):
    """The library logs whole frames at DEBUG, the bearer token among them: never let it."""

    def isEnabledFor(self, level: int) -> bool:  # noqa: N802 name of the base class
        return level > logging.DEBUG and super().isEnabledFor(level)

    def process(
        self,
        msg: Any,
        kwargs: MutableMapping[str, Any],
    ) -> tuple[Any, MutableMapping[str, Any]]:
        return msg, kwargs
