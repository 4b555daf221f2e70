"""
The WebSocket client for scripts and notebooks: plain calls, any thread, JSON text out.

A thin facade: everything happens in a `ParadexWebSocketClient` on an event loop of its own thread.
"""

import asyncio
import concurrent.futures
import threading
from collections.abc import Coroutine, Sequence
from types import TracebackType
from typing import Any, Final, Self

import msgspec
from websockets.frames import Opcode

from nautilus_paradex.protocol import channels, rpc, sbe
from nautilus_paradex.protocol.errors import ProtocolError
from nautilus_paradex.protocol.events import (
    AccountEvent,
    BboEvent,
    BookEvent,
    Event,
    FillEvent,
    FundingDataEvent,
    FundingRateComparisonEvent,
    HeartbeatEvent,
    MarketSummaryEvent,
    OrderEvent,
    PositionEvent,
    TradeEvent,
)
from nautilus_paradex.transport.frames import RawFrame
from nautilus_paradex.transport.websocket import ParadexWebSocketClient
from nautilus_paradex.transport.websocket_errors import NotConnectedError

__all__ = ["ParadexBlockingWebSocketClient"]

# A binary frame names its market, not its channel (source: api-notes): topic by event.
_TOPICS: Final[dict[type[Event], str]] = {
    TradeEvent: "trades",
    BboEvent: "bbo",
    BookEvent: "order_book",
    MarketSummaryEvent: "markets_summary",
    FundingDataEvent: "funding_data",
    FundingRateComparisonEvent: "funding_rate_comparison",
    OrderEvent: "orders",
    FillEvent: "fills",
    PositionEvent: "positions",
    AccountEvent: "account",
}


class ParadexBlockingWebSocketClient:
    """
    Synchronous, thread-safe WebSocket client.

    Parameters
    ----------
    url : str
        `ws://` or `wss://` URL without schema parameters.
    **options : Any
        Options of `ParadexWebSocketClient`, except `handler`.

    Examples
    --------
    >>> with ParadexBlockingWebSocketClient("ws://127.0.0.1:8899/v1") as client:  # doctest: +SKIP
    ...     client.subscribe("bbo.BTC-USD-PERP")
    ...     print(client.recv())

    """

    def __init__(self, url: str, **options: Any) -> None:
        if "handler" in options:
            raise TypeError("the blocking client takes no handler: use recv()")
        self._url = url
        self._options = options
        self._lock = threading.Lock()  # one connect or close at a time
        self._loop_lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._client: ParadexWebSocketClient | None = None

    def __enter__(self) -> Self:
        self.connect()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def connect(self) -> None:
        """
        Start the thread and open the connection. Does nothing if already connected.

        Raises
        ------
        ConnectError
            If the venue cannot be reached, or refuses.

        """
        with self._lock:
            if self._client is not None:
                return
            self._start_thread()
            try:
                self._client = self._call(self._connected_client())
            except BaseException:
                self._stop_thread()
                raise

    def authenticate(self, jwt: str | None = None) -> dict[str, Any]:
        """Authenticate and return the venue's result. Errors: as in the asynchronous client."""
        return _result(self._call(self._open_client().authenticate(jwt)))

    def subscribe(self, channel: str, **params: object) -> dict[str, Any]:
        """Subscribe and return the venue's confirmation. Errors: as in the asynchronous client."""
        return _result(self._call(self._open_client().subscribe(channel, **params)))

    def unsubscribe(self, channel: str) -> dict[str, Any]:
        """Unsubscribe and return the venue's confirmation, empty if there was nothing to end."""
        response = self._call(self._open_client().unsubscribe(channel))
        return {} if response is None else _result(response)

    def recv(self, timeout: float | None = 1.0) -> str | None:
        """
        Wait for the next message.

        Parameters
        ----------
        timeout : float, optional
            Seconds to wait. None waits for ever.

        Returns
        -------
        str or None
            JSON text `{"channel": ..., "data": {...}}`, None when nothing came. The data of a
            binary message are the fields of its event: prices and sizes as integers x 1e-8, times
            in microseconds. That of a JSON message is what the venue wrote.

        Raises
        ------
        NotConnectedError
            If the client is closed, or gets closed during the wait.

        """
        return self._call(self._next_text(self._open_client(), timeout))

    def close(self) -> None:
        """Close the connection and end the thread. May be called again, from any thread."""
        with self._lock:
            client, self._client = self._client, None
            if client is None:
                return
            try:
                self._call(client.close())
            finally:
                self._stop_thread()

    def _open_client(self) -> ParadexWebSocketClient:
        client = self._client
        if client is None:
            raise NotConnectedError("the client is not connected: call connect() first")
        return client

    def _call[T](self, coroutine: Coroutine[Any, Any, T]) -> T:
        with self._loop_lock:
            if self._loop is None:
                coroutine.close()
                raise NotConnectedError("the client is closed: call connect() to use it again")
            future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        try:
            return future.result()
        except concurrent.futures.CancelledError:
            raise NotConnectedError("the client was closed during the call") from None
        except KeyboardInterrupt:
            future.cancel()
            raise

    async def _connected_client(self) -> ParadexWebSocketClient:
        client = ParadexWebSocketClient(self._url, **self._options)
        await client.connect()
        return client

    async def _next_text(
        self,
        client: ParadexWebSocketClient,
        timeout: float | None,
    ) -> str | None:
        clock = asyncio.get_running_loop().time
        until_secs = None if timeout is None else clock() + timeout
        while True:
            left_secs = None if until_secs is None else max(0.0, until_secs - clock())
            frame = await client.recv_frame(left_secs)
            if frame is None:
                return None
            text = _as_json(frame, client)
            if text is not None:
                return text

    def _start_thread(self) -> None:
        loop = asyncio.new_event_loop()
        thread = threading.Thread(
            target=_run_loop,
            args=(loop,),
            name="paradex-websocket",
            daemon=True,
        )
        thread.start()
        self._thread = thread
        with self._loop_lock:
            self._loop = loop

    def _stop_thread(self) -> None:
        # Under the lock, so that every call was either queued before the stop or is refused.
        with self._loop_lock:
            loop, self._loop = self._loop, None
        thread, self._thread = self._thread, None
        if loop is not None:
            loop.call_soon_threadsafe(loop.stop)
        if thread is not None:
            thread.join()


def _run_loop(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
        loop.run_until_complete(_cancel_leftovers())
    finally:
        loop.close()


async def _cancel_leftovers() -> None:
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)


def _result(response: rpc.Response) -> dict[str, Any]:
    return response.result_as(dict[str, Any])


def _as_json(frame: RawFrame, client: ParadexWebSocketClient) -> str | None:
    try:
        if frame.opcode is Opcode.BINARY:
            return _event_json(sbe.decode(frame.payload), client)
        return _notification_json(rpc.decode(frame.payload))
    except ProtocolError:
        client.metrics.malformed_frames += 1
        return None


def _event_json(event: Event | None, client: ParadexWebSocketClient) -> str | None:
    if event is None:
        client.metrics.unknown_templates += 1
        return None
    if isinstance(event, HeartbeatEvent):
        return None
    return _text({"channel": _channel_of(event, client.subscriptions), "data": event})


def _notification_json(message: rpc.Response | rpc.Notification) -> str | None:
    if isinstance(message, rpc.Response):
        return None
    return _text({"channel": message.channel, "data": message.data})


def _channel_of(event: Event, subscribed: Sequence[str]) -> str:
    topic = _TOPICS[type(event)]
    market: str | None = getattr(event, "market", None)
    names = {channel: channels.split(channel) for channel in subscribed}
    same_topic = {channel: name for channel, name in names.items() if name.topic == topic}
    for wanted in ((market,), (None, "ALL")):
        for channel, name in same_topic.items():
            if name.market in wanted:
                return channel
    return topic if market is None else f"{topic}.{market}"


def _text(message: dict[str, object]) -> str:
    return msgspec.json.encode(message).decode()
