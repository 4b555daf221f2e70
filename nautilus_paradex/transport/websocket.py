"""
The WebSocket client: requests with confirmations, subscriptions, and a connection that comes back.

Usable alone, without NautilusTrader. It moves frames and decodes them for `recv`; what a message
means to a book or an order is decided above.
"""

import asyncio
import logging
import ssl as ssl_module
from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import TracebackType
from typing import Literal, Self

from websockets.frames import Opcode

from nautilus_paradex.protocol import rpc
from nautilus_paradex.protocol.errors import ProtocolError
from nautilus_paradex.protocol.events import HeartbeatEvent
from nautilus_paradex.protocol.json_feed import Message
from nautilus_paradex.transport.checks import check_positive
from nautilus_paradex.transport.connection_keeper import (
    ConnectionKeeper,
    KeeperHooks,
    KeeperSettings,
)
from nautilus_paradex.transport.connector import ConnectOptions, Connector
from nautilus_paradex.transport.fast_connection import FrameHandler
from nautilus_paradex.transport.frames import RawFrame, decode_frame
from nautilus_paradex.transport.inbox import Inbox
from nautilus_paradex.transport.link import Link, LinkCallbacks
from nautilus_paradex.transport.negotiation import Negotiation
from nautilus_paradex.transport.reconnect import Backoff, ConnectLimiter
from nautilus_paradex.transport.socket_login import SocketLogin
from nautilus_paradex.transport.subscriber import Subscriber
from nautilus_paradex.transport.subscriptions import Subscriptions
from nautilus_paradex.transport.tokens import TokenProvider, TokenSource, as_token_source
from nautilus_paradex.transport.websocket_errors import (
    NotConnectedError,
    WebSocketError,
)
from nautilus_paradex.transport.websocket_metrics import WebSocketMetrics, is_worth_logging

__all__ = ["FrameHandler", "Opcode", "ParadexWebSocketClient"]

logger = logging.getLogger("nautilus_paradex.transport.websocket")


class ParadexWebSocketClient:
    """
    Client of the venue's WebSocket API.

    Messages are taken either with `recv`, decoded, or by a `handler`, raw and at a tenth of the
    cost. All coroutines may be used from several tasks of one event loop.

    A lost connection is opened again, with backoff inside the venue's limits: then the client
    authenticates if it was authenticated, sends what is to be sent on every connection, replays the
    subscriptions in their order, waits for the confirmations and awaits `on_reconnected`. Frames of
    the replayed channels may arrive before that call. Without a subscription the venue closes the
    socket (code 4031); the client then stays away until the next request needs a connection.

    Parameters
    ----------
    url : str
        `ws://` or `wss://` URL without schema parameters.
    token_provider : TokenProvider or TokenSource, optional
        Coroutine function that gives a JWT, or an object with `token()` and `refresh(stale)`.
    handler : FrameHandler, optional
        Called with the payload and opcode of each data message, in the order of the wire. Must not
        block. An exception it raises is logged and counted and costs that message only.
    on_reconnected : Callable[[], Awaitable[None]], optional
        Awaited after each restored connection. Cancelled if that connection is lost meanwhile.
    on_disconnected : Callable[[], None], optional
        Called when an established connection is lost, not on `close`.
    on_error : Callable[[Exception], None], optional
        Told of what no caller is waiting for: failed reconnects, subscriptions not restored.
    sbe_schema_version : int or "json", optional
        The only encoding to ask for. None negotiates 2, 1, 0, JSON.
    proxy_url : str, optional
        HTTP proxy, ``http://[user:password@]host:port``. None connects directly.
    ssl : ssl.SSLContext, optional
        TLS settings for a `wss://` URL.
    connect_timeout_secs : float, default 10.0
        Limit of one opening handshake, and of the wait of a request for a reconnect.
    ack_timeout_secs : float, default 5.0
        Limit of the wait for the answer to a request.
    ping_interval_secs, ping_timeout_secs : float, optional
        Keepalive of the library: an unanswered ping ends the connection.
    silence_timeout_secs : float, optional
        A binary connection on which no data message arrives for so long is opened again: the venue
        sends heartbeats about every 20 s on an idle one (source: api-notes). Not applied to JSON
        connections, which have no heartbeat. None switches it off.
    reconnect_delay_initial_ms, reconnect_delay_max_ms : int
        Ceilings of the first and of all reconnect delays.
    inbox_capacity : int, default 10_000
        Messages kept for `recv`. When full the oldest is dropped and counted.
    max_message_bytes : int
        A longer message closes the connection with 1009.
    compression : "deflate", optional
        Offer permessage-deflate. It costs the fast path.
    connect_limiter : ConnectLimiter, optional
        Share one among the clients of an event loop: the venue counts connects per IP. The clients
        of a node do; across processes nobody counts.
    metrics : WebSocketMetrics, optional
        Count into these, so that several clients are counted together.

    Raises
    ------
    ValueError
        If the URL or a setting makes no sense.

    """

    def __init__(
        self,
        url: str,
        *,
        token_provider: TokenProvider | TokenSource | None = None,
        handler: FrameHandler | None = None,
        on_reconnected: Callable[[], Awaitable[None]] | None = None,
        on_disconnected: Callable[[], None] | None = None,
        on_error: Callable[[Exception], None] | None = None,
        sbe_schema_version: int | Literal["json"] | None = None,
        proxy_url: str | None = None,
        ssl: ssl_module.SSLContext | None = None,
        connect_timeout_secs: float = 10.0,
        ack_timeout_secs: float = 5.0,
        ping_interval_secs: float | None = 20.0,
        ping_timeout_secs: float | None = 20.0,
        silence_timeout_secs: float | None = 60.0,
        reconnect_delay_initial_ms: int = 250,
        reconnect_delay_max_ms: int = 30_000,
        inbox_capacity: int = 10_000,
        max_message_bytes: int = 4 * 1024 * 1024,
        compression: Literal["deflate"] | None = None,
        connect_limiter: ConnectLimiter | None = None,
        metrics: WebSocketMetrics | None = None,
    ) -> None:
        check_positive(ack_timeout_secs=ack_timeout_secs)
        connector = Connector(
            url,
            negotiation=Negotiation(sbe_schema_version),
            limiter=connect_limiter or ConnectLimiter(),
            options=ConnectOptions(
                proxy_url=proxy_url,
                ssl=ssl,
                connect_timeout_secs=connect_timeout_secs,
                ping_interval_secs=ping_interval_secs,
                ping_timeout_secs=ping_timeout_secs,
                max_message_bytes=max_message_bytes,
                compression=compression,
            ),
        )
        self._takes_raw = handler is not None
        self._on_reconnected = on_reconnected
        self._on_disconnected = on_disconnected
        self._on_error = on_error
        self._ack_timeout_secs = ack_timeout_secs
        self._metrics = metrics or WebSocketMetrics()
        self._subscriptions = Subscriptions()
        self._standing: dict[str, Mapping[str, object]] = {}
        self._inbox: Inbox[RawFrame] = Inbox(inbox_capacity)
        self._keeper = ConnectionKeeper(
            connector,
            LinkCallbacks(
                handler or self._into_inbox,
                lambda response: self._subscriber.on_late_response(response),
                lambda: self._keeper.link_ended(),
                raw=handler is not None,
            ),
            KeeperHooks(
                has_work=lambda: bool(self._subscriptions.to_replay),
                restore=self._restore,
                restored=self._on_restored,
                lost=self._on_lost,
                report=self._report,
            ),
            settings=KeeperSettings(
                wait_timeout_secs=connect_timeout_secs,
                silence_timeout_secs=silence_timeout_secs,
            ),
            backoff=Backoff(reconnect_delay_initial_ms / 1_000, reconnect_delay_max_ms / 1_000),
            metrics=self._metrics,
        )
        self._login = SocketLogin(
            None if token_provider is None else as_token_source(token_provider),
            ack_timeout_secs=ack_timeout_secs,
            metrics=self._metrics,
        )
        self._subscriber = Subscriber(
            self._subscriptions,
            self._keeper,
            ack_timeout_secs=ack_timeout_secs,
            metrics=self._metrics,
        )

    async def __aenter__(self) -> Self:
        await self.connect()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    @property
    def schema_version(self) -> int | None:
        """SBE schema version that the venue took. None is plain JSON, or not yet connected."""
        return self._keeper.encoding

    @property
    def is_connected(self) -> bool:
        """Whether a connection is open and, after a reconnect, restored."""
        return self._keeper.is_ready

    @property
    def is_returning(self) -> bool:
        """Whether a lost connection is on its way back without being asked for."""
        return (
            self._keeper.is_kept_up
            and not self._keeper.is_ready
            and bool(self._subscriptions.to_replay)
        )

    @property
    def subscriptions(self) -> tuple[str, ...]:
        """Channels confirmed on the present connection, in the order they were asked for."""
        return self._subscriptions.active

    @property
    def metrics(self) -> WebSocketMetrics:
        """Counters and durations since the client was made."""
        return self._metrics

    async def connect(self) -> None:
        """
        Open the connection. Does nothing if the client already has, or keeps up, one.

        A client that was closed may be connected again; it starts without subscriptions.

        Raises
        ------
        ConnectError
            If the venue cannot be reached. The first connection is not retried.
        NegotiationError
            If the venue refuses the forced encoding, or every encoding.

        """
        self._inbox.reopen()
        await self._keeper.open()

    async def authenticate(self, jwt: str | None = None) -> rpc.Response:
        """
        Authenticate the connection, now and after every reconnect.

        Parameters
        ----------
        jwt : str, optional
            Token to use. None asks the token provider, which is also asked for a fresh one if the
            venue refuses the token (40110, 40111).

        Raises
        ------
        RpcError
            If the venue refuses.
        AckTimeoutError
            If it does not answer.
        NotConnectedError
            If there is no connection and none comes in time.
        WebSocketError
            If there is neither a token nor a provider.

        """
        return await self._login.authenticate(await self._keeper.live_link(), jwt)

    async def subscribe(self, channel: str, **params: object) -> rpc.Response:
        """
        Subscribe to a channel. A channel that is subscribed already gives its known confirmation.

        Parameters
        ----------
        channel : str
            Name of the channel, see `protocol.channels`.
        **params : object
            Further parameters of the request, e.g. `markets` of `markets_summary`.

        Raises
        ------
        RpcError
            If the venue refuses.
        AckTimeoutError
            If it does not confirm.
        NotConnectedError
            If there is no connection and none comes in time.
        SubscriptionError
            If the channel is subscribed with other parameters.

        """
        return await self._subscriber.subscribe(channel, params)

    async def unsubscribe(self, channel: str) -> rpc.Response | None:
        """
        Unsubscribe from a channel. None if there was nothing to tell the venue.

        Whatever the venue answers, the channel is not replayed any more.

        Raises
        ------
        RpcError
            If the venue refuses.
        AckTimeoutError
            If it does not confirm.
        NotConnectedError
            If there is no connection and none comes in time.

        """
        return await self._subscriber.unsubscribe(channel)

    async def modify_subscription(
        self,
        channel: str,
        *,
        add: Sequence[str] = (),
        remove: Sequence[str] = (),
    ) -> rpc.Response:
        """
        Change the markets of a channel that was subscribed to with `markets`.

        A later reconnect replays the changed set.

        Raises
        ------
        SubscriptionError
            If the channel is not subscribed.
        RpcError
            If the venue refuses.
        AckTimeoutError
            If it does not confirm: which set holds is unknown.
        NotConnectedError
            If there is no connection and none comes in time.

        """
        return await self._subscriber.modify(channel, add, remove)

    async def request(
        self,
        method: str,
        params: Mapping[str, object] | None = None,
    ) -> rpc.Response:
        """
        Send any request and wait for its answer.

        Raises
        ------
        RpcError
            If the venue refuses.
        AckTimeoutError
            If it does not answer: whether the request took effect is unknown.
        ConnectionLostError
            If the connection went away before the answer: likewise unknown.
        NotConnectedError
            If there is no connection and none comes in time: nothing was sent.

        """
        return await self._exchange(await self._keeper.live_link(), method, params or {})

    async def request_on_every_connection(
        self,
        method: str,
        params: Mapping[str, object],
    ) -> rpc.Response:
        """
        Send a request now and, if it is granted, on each later connection before that is used.

        For what the venue forgets with the connection. A connection on which it is not granted
        again is given up, and the next one tried.

        Raises
        ------
        RpcError, AckTimeoutError, NotConnectedError
            As `request` does. It is not repeated then.

        """
        response = await self.request(method, params)
        self._standing[method] = params
        return response

    async def recv(self, timeout: float | None = 1.0) -> Message | None:
        """
        Wait for the next message, decoded.

        Malformed frames and unknown templates are counted and skipped, heartbeats are skipped.

        Parameters
        ----------
        timeout : float, optional
            Seconds to wait. None waits for ever.

        Returns
        -------
        Message or None
            None when nothing came in time.

        Raises
        ------
        NotConnectedError
            If the client is closed, or gets closed during the wait.
        WebSocketError
            If the client was made with a handler.

        """
        deadline = _deadline(timeout)
        while (frame := await self._next_frame(deadline)) is not None:
            if (message := self._decoded(frame)) is not None:
                return message
        return None

    async def recv_frame(self, timeout: float | None = 1.0) -> RawFrame | None:
        """Wait for the next data message as it came. Otherwise like `recv`."""
        return await self._next_frame(_deadline(timeout))

    async def close(self) -> None:
        """Close the connection for good, ending every wait and task. May be called again."""
        self._inbox.close()
        await self._keeper.close()
        self._subscriptions.clear()
        self._standing.clear()
        self._login.forget()

    # Losing and restoring the connection.

    def _on_lost(self) -> None:
        self._subscriptions.connection_lost()
        if self._on_disconnected is None:
            return
        try:
            self._on_disconnected()
        except Exception as exc:  # noqa: BLE001 the caller's code must not end the supervision
            self._report("on_disconnected failed", exc)

    async def _restore(self, link: Link) -> None:
        await self._login.restore(link)
        for method, params in tuple(self._standing.items()):
            await self._exchange(link, method, params)
        for channel, error in (await self._subscriber.replay(link)).items():
            self._report(f"channel {channel} was not restored", error)

    async def _exchange(
        self, link: Link, method: str, params: Mapping[str, object]
    ) -> rpc.Response:
        return await link.exchange(
            method, params, subject="this connection", timeout_secs=self._ack_timeout_secs
        )

    async def _on_restored(self) -> None:
        if self._on_reconnected is not None:
            await self._on_reconnected()

    def _report(self, what: str, exc: Exception) -> None:
        logger.error("%s: %s", what, exc)
        if self._on_error is None:
            return
        try:
            self._on_error(exc)
        except Exception:  # the caller's own code: the connection must not fall with it
            logger.exception("on_error failed")

    # Messages on their way in.

    def _into_inbox(self, payload: bytes, opcode: Opcode) -> None:
        if not self._inbox.put(RawFrame(payload, opcode)):
            return
        self._metrics.dropped_frames += 1
        if is_worth_logging(self._metrics.dropped_frames):
            logger.warning(
                "recv is too slow: %d messages dropped so far",
                self._metrics.dropped_frames,
            )

    async def _next_frame(self, deadline: float | None) -> RawFrame | None:
        if self._takes_raw:
            raise WebSocketError("recv is not available: the handler takes every message")
        self._keeper.check_open()
        frame = self._inbox.pop()
        if frame is not None:
            return frame
        try:
            async with asyncio.timeout_at(deadline):
                frame = await self._inbox.get()
        except TimeoutError:
            # A loop that was kept busy finds a message and the end of the wait at once.
            return self._inbox.pop()
        if frame is None:
            raise NotConnectedError("the client was closed while waiting for a message")
        return frame

    def _decoded(self, frame: RawFrame) -> Message | None:
        try:
            message = decode_frame(frame)
        except ProtocolError as exc:
            self._metrics.malformed_frames += 1
            if is_worth_logging(self._metrics.malformed_frames):
                logger.warning("malformed %s frame skipped: %s", frame.opcode.name.lower(), exc)
            return None
        if message is None:
            self._metrics.unknown_templates += 1
        return None if isinstance(message, HeartbeatEvent) else message


def _deadline(timeout_secs: float | None) -> float | None:
    return None if timeout_secs is None else asyncio.get_running_loop().time() + timeout_secs
