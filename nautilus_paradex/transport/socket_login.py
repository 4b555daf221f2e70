"""Presenting the bearer token to the socket, and a fresh one if the venue refuses it."""

import time
from typing import Final

from nautilus_paradex.protocol import rpc
from nautilus_paradex.transport.link import Link
from nautilus_paradex.transport.tokens import TokenSource
from nautilus_paradex.transport.websocket_errors import WebSocketError
from nautilus_paradex.transport.websocket_metrics import WebSocketMetrics

__all__ = ["SocketLogin"]

# Malformed and invalid bearer (source: openrpc). Both blame the token, so that a new one may help.
_TOKEN_REFUSED: Final = frozenset({40110, 40111})


class SocketLogin:
    """
    Authenticates connections, and remembers whether and how later ones need it.

    Parameters
    ----------
    tokens : TokenSource, optional
        Gives tokens where the caller passes none.
    ack_timeout_secs : float
        Limit of the wait for the venue's answer.
    metrics : WebSocketMetrics
        Where durations are recorded.

    """

    def __init__(
        self,
        tokens: TokenSource | None,
        *,
        ack_timeout_secs: float,
        metrics: WebSocketMetrics,
    ) -> None:
        self._tokens = tokens
        self._ack_timeout_secs = ack_timeout_secs
        self._metrics = metrics
        self._jwt: str | None = None
        self._is_wanted = False

    async def authenticate(self, link: Link, jwt: str | None) -> rpc.Response:
        """Authenticate `link` with `jwt`, or with a token of the source. Later links follow."""
        started_ns = time.perf_counter_ns()
        token = jwt if jwt is not None else await self._token()
        try:
            response = await self._present(link, token)
        except rpc.RpcError as exc:
            fresh = await self._fresh_token(token) if exc.code in _TOKEN_REFUSED else None
            if fresh is None:
                raise
            jwt = None
            response = await self._present(link, fresh)
        self._jwt = jwt
        self._is_wanted = True
        self._metrics.authenticate.record(time.perf_counter_ns() - started_ns)
        return response

    async def restore(self, link: Link) -> None:
        """Authenticate a new connection if the lost one was."""
        if self._is_wanted:
            await self.authenticate(link, self._jwt)

    def forget(self) -> None:
        """Leave later connections unauthenticated."""
        self._jwt = None
        self._is_wanted = False

    async def _present(self, link: Link, token: str) -> rpc.Response:
        return await link.exchange(
            "auth",
            {"bearer": token},
            subject="this connection",
            timeout_secs=self._ack_timeout_secs,
        )

    async def _token(self) -> str:
        if self._tokens is None:
            raise WebSocketError("authenticate needs a token: pass jwt=, or a token_provider")
        return await self._tokens.token()

    async def _fresh_token(self, stale: str) -> str | None:
        if self._tokens is None:
            return None
        await self._tokens.refresh(stale)
        fresh = await self._tokens.token()
        return None if fresh == stale else fresh
