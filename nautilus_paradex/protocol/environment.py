"""Paradex's environments and where their servers are.

The chain id is not here on purpose: it is read from ``GET /system/config`` of the server in use.
"""

from enum import StrEnum

__all__ = ["ParadexEnvironment"]


class ParadexEnvironment(StrEnum):
    """
    A Paradex deployment, or the local test venue (``DEVNET``).

    Server addresses of mainnet and testnet are from the venue's API documentation (November 2026);
    the devnet's are those of a plain ``paradex-nt devnet``.

    """

    MAINNET = "mainnet"
    TESTNET = "testnet"
    DEVNET = "devnet"

    @property
    def http_url(self) -> str:
        """The base address of the REST API, ending in ``/v1``."""
        return _HTTP_URLS[self]

    @property
    def ws_url(self) -> str:
        """The address of the WebSocket API, without the schema parameters."""
        return _WS_URLS[self]


_HTTP_URLS = {
    ParadexEnvironment.MAINNET: "https://api.prod.paradex.trade/v1",
    ParadexEnvironment.TESTNET: "https://api.testnet.paradex.trade/v1",
    ParadexEnvironment.DEVNET: "http://127.0.0.1:8899/v1",
}

_WS_URLS = {
    ParadexEnvironment.MAINNET: "wss://ws.api.prod.paradex.trade/v1",
    ParadexEnvironment.TESTNET: "wss://ws.api.testnet.paradex.trade/v1",
    ParadexEnvironment.DEVNET: "ws://127.0.0.1:8899/v1",
}
