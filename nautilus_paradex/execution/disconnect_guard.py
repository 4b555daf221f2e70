"""The venue's cancel of a lost connection's orders: asked for, and warned about where it may fail.

What it covers, the venue says in words that allow two readings: docs/venue-assumptions.md.
"""

from typing import Final

from nautilus_trader.common.component import Logger

from nautilus_paradex.config import REST_ROUTE, ParadexExecClientConfig
from nautilus_paradex.transport.websocket import ParadexWebSocketClient

__all__ = ["DisconnectGuard"]

_METHOD: Final = "order.cancel_on_disconnect"


class DisconnectGuard:
    """
    Asks the venue to cancel the orders of the private connection when that is lost.

    Parameters
    ----------
    socket : ParadexWebSocketClient
        The private connection.
    config : ParadexExecClientConfig
        Whether it is wanted, and which way orders go.
    log : Logger
        The client's logger.

    """

    def __init__(
        self,
        socket: ParadexWebSocketClient,
        config: ParadexExecClientConfig,
        log: Logger,
    ) -> None:
        self._socket = socket
        self._config = config
        self._log = log

    async def set_up(self) -> None:
        """
        Ask for it if it is wanted, on this connection and on every later one.

        Raises
        ------
        RpcError
            If the venue refuses.
        WebSocketError
            If it does not answer, or the connection is lost.

        """
        if not self._config.cancel_on_disconnect:
            return
        # The venue forgets it with the connection (openrpc).
        await self._socket.request_on_every_connection(_METHOD, {"enabled": True})
        if self._config.order_route == REST_ROUTE:
            self._log.warning(
                "cancel_on_disconnect may protect nothing: it covers orders of the connection, and "
                'with order_route="rest" they are placed beside it (unproven). order_route="ws" '
                "places them over the connection"
            )
