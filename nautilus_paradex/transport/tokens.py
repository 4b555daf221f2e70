"""
Where the socket's bearer token comes from. Not how it is made: that is the work of `session`.
"""

from collections.abc import Awaitable, Callable
from typing import Protocol

__all__ = ["TokenProvider", "TokenSource", "as_token_source"]

type TokenProvider = Callable[[], Awaitable[str]]
"""Gives a token that is valid now."""


class TokenSource(Protocol):
    """What `JwtSession` offers: a token, and a way to say that the venue refused it."""

    def token(self) -> Awaitable[str]:
        """Give a token that is valid now."""
        ...

    def refresh(self, stale_token: str, /) -> Awaitable[object]:
        """Replace `stale_token`, unless somebody already did."""
        ...


class _ProviderSource:
    """A plain provider as a source: it is simply asked again."""

    def __init__(self, provider: TokenProvider) -> None:
        self._provider = provider

    async def token(self) -> str:
        return await self._provider()

    async def refresh(self, stale_token: str, /) -> None:
        """Nothing to do: the provider decides at the next call."""


def as_token_source(provider: TokenProvider | TokenSource) -> TokenSource:
    """Let a plain coroutine function and a session be used alike."""
    return _ProviderSource(provider) if callable(provider) else provider
