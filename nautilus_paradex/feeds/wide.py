"""
Channels of many markets at once, for who wants many: an opt-in.

A market's stream is served by one channel, its own or a wide one, never by both: a wide channel
repeats what those of its markets would say (api-notes). Opening them is the work of `subscriber`.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from nautilus_trader.model.instruments import CryptoOption, Instrument

from nautilus_paradex.feeds.channel_state import ChannelState
from nautilus_paradex.feeds.lanes import Lane
from nautilus_paradex.protocol import channels

__all__ = ["WIDE_KINDS", "ScopedChannel", "WideChannel", "WideChannels", "check_wide_kinds"]


class WideChannel(ChannelState):
    """
    A channel of many markets, wanted as long as one of its members is.

    Attributes
    ----------
    members : set[str]
        The markets, by symbol, that are followed through it.

    """

    __slots__ = ("members",)

    def __init__(
        self,
        channel: str,
        silence_secs: int,
        params: dict[str, object] | None = None,
    ) -> None:
        super().__init__(channel, Lane.WIDE, silence_secs, params)
        self.members: set[str] = set()

    @property
    def is_wanted(self) -> bool:
        """Whether a market is followed through it."""
        return bool(self.members)


class ScopedChannel(WideChannel):
    """
    A channel of the markets that it is told, which can be changed while it is open (openrpc).

    It is opened without markets, which are added then: one that the venue does not know any more
    (an option that expired) would have the whole subscription refused.

    Attributes
    ----------
    scope : set[str]
        The markets that the venue was told and confirmed.

    """

    __slots__ = ("scope",)

    def __init__(self, channel: str, silence_secs: int) -> None:
        super().__init__(channel, silence_secs)
        self.scope: set[str] = set()

    @property
    def request_params(self) -> dict[str, object]:
        """Further parameters of the subscribe request."""
        return {"markets": sorted(self.scope)}

    @property
    def is_settled(self) -> bool:
        """Whether the venue was told of its members."""
        return self.is_wanted and self.members == self.scope

    @property
    def missing(self) -> list[str]:
        """Members that the venue is still to be told."""
        return sorted(self.members - self.scope)

    @property
    def left(self) -> list[str]:
        """Markets that the venue still sends although they are members no more."""
        return sorted(self.scope - self.members)


@dataclass(frozen=True, slots=True)
class _Kind:
    """Which stream of which markets it replaces, and its channel by the markets' base asset."""

    stream: str
    options_only: bool
    make: Callable[[str], WideChannel]


_KINDS: Final = {
    "bbo": _Kind("bbo", False, lambda _: WideChannel(channels.bbo(channels.ALL), 60)),
    "trades": _Kind("trades", False, lambda _: WideChannel(channels.trades(channels.ALL), 600)),
    "markets_summary": _Kind(
        "summary", False, lambda _: ScopedChannel(channels.markets_summary(), 60)
    ),
    "option_bbo": _Kind("bbo", True, lambda asset: WideChannel("bbo", 120, {"base_asset": asset})),
    "option_trades": _Kind(
        "trades", True, lambda asset: WideChannel("trades", 3_600, {"base_asset": asset})
    ),
}

WIDE_KINDS: Final = tuple(_KINDS)
"""What a configuration can ask for."""


def check_wide_kinds(kinds: Iterable[str]) -> None:
    """
    Check what a configuration asks for.

    Raises
    ------
    ValueError
        If a kind is unknown, or two serve the same stream of the same markets.

    """
    chosen = tuple(kinds)
    for kind in chosen:
        if kind not in _KINDS:
            known = ", ".join(_KINDS)
            raise ValueError(f"wide_channels must be among {known}, was {kind!r}")
    for wide, narrower in (("bbo", "option_bbo"), ("trades", "option_trades")):
        if wide in chosen and narrower in chosen:
            raise ValueError(f"wide_channels: {wide!r} includes {narrower!r}, choose one of them")


class WideChannels:
    """
    The wide channels of a client.

    Parameters
    ----------
    kinds : Iterable[str]
        Of `WIDE_KINDS`.

    """

    def __init__(self, kinds: Iterable[str]) -> None:
        self._kinds = {name: _KINDS[name] for name in kinds}
        self._channels: dict[tuple[str, str], WideChannel] = {}

    def replacing(self, stream: str, instrument: Instrument) -> WideChannel | None:
        """Return the channel that serves a stream (``bbo``, ``trades``…) of a market, if any."""
        for name, kind in self._kinds.items():
            is_option = isinstance(instrument, CryptoOption)
            if kind.stream != stream or (kind.options_only and not is_option):
                continue
            asset = instrument.underlying.code if kind.options_only else ""
            channel = self._channels.get((name, asset))
            if channel is None:
                channel = self._channels[name, asset] = kind.make(asset)
            return channel
        return None
