"""
Telling the venue which markets a scoped channel is to follow, while it is open.

When it is opened and closed is decided in `subscriber`.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from nautilus_paradex.feeds.wide import ScopedChannel
from nautilus_paradex.protocol.rpc import RpcError

if TYPE_CHECKING:
    from nautilus_paradex.feeds.connections import ConnectionPool

__all__ = ["ScopeKeeper"]


class ScopeKeeper:
    """
    Makes the scope at the venue equal to a channel's members.

    Parameters
    ----------
    pool : ConnectionPool
        The connections.
    on_refused : Callable[[str], None]
        Told, as a sentence, of a market that the venue refused to add or to remove.

    """

    def __init__(self, pool: "ConnectionPool", *, on_refused: Callable[[str], None]) -> None:
        self._pool = pool
        self._on_refused = on_refused

    async def adjust(self, channel: ScopedChannel) -> None:
        """
        Send the differences, all at once; markets that are refused are members no more.

        Raises
        ------
        AckTimeoutError
            If the venue does not confirm: which markets it follows is unknown then.
        NotConnectedError
            If there is no connection; the difference stays.

        """
        while not channel.is_settled:
            try:
                await self._modify(channel, channel.missing, channel.left)
            except RpcError:
                # One that the venue does not know has all of them refused.
                await self._adjust_one_by_one(channel)

    async def _adjust_one_by_one(self, channel: ScopedChannel) -> None:
        for market in channel.left:
            try:
                await self._modify(channel, [], [market])
            except RpcError as exc:
                channel.scope.discard(market)
                self._on_refused(f"{channel.key}: {market} could not be taken out: {exc}")
        for market in channel.missing:
            try:
                await self._modify(channel, [market], [])
            except RpcError as exc:
                channel.members.discard(market)
                self._on_refused(f"{channel.key}: {market} is left out: {exc}")

    async def _modify(self, channel: ScopedChannel, add: list[str], remove: list[str]) -> None:
        await self._pool.modify(channel, add, remove)
        channel.scope.update(add)
        channel.scope.difference_update(remove)
