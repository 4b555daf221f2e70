"""What a socket is told, in each of the forms that sockets are spoken to; encoded when needed.

Knows neither who is told nor when: that is `hub`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from nautilus_paradex.devnet.engine.model import (
    BalanceChange,
    FundingPayment,
    MarketNotice,
    TradeBust,
    TransferRecord,
    WireEvent,
)
from nautilus_paradex.devnet.sockets.json_book import snapshot_json
from nautilus_paradex.devnet.wire.json_wire import JsonObject, event_json
from nautilus_paradex.devnet.wire.market_json import market_event_json
from nautilus_paradex.protocol import rpc, sbe
from nautilus_paradex.protocol.events import BookEvent, FundingRateComparisonEvent

__all__ = ["Message", "WireForm", "book_snapshot_message", "event_message"]


_JsonOnly = BalanceChange | FundingPayment | TransferRecord | TradeBust | MarketNotice
"""What the binary schema has no template for."""


@dataclass(frozen=True, slots=True)
class WireForm:
    """
    How a socket is spoken to.

    Parameters
    ----------
    sbe_version : int or None
        Negotiated schema version; None for a plain socket.
    private_sbe : bool
        If private channels of a binary socket are SBE too.
    legacy_json : bool
        If a plain socket gets public data at all.

    """

    sbe_version: int | None
    private_sbe: bool = False
    legacy_json: bool = False

    def is_binary(self, *, private: bool) -> bool:
        return self.sbe_version is not None and (self.private_sbe or not private)

    def is_silent(self, *, private: bool) -> bool:
        return self.sbe_version is None and not private and not self.legacy_json


class Message:
    """An event and its encodings, each made when first needed."""

    __slots__ = ("_binary", "_data", "_text", "event")

    def __init__(self, event: WireEvent, data: Callable[[], JsonObject]) -> None:
        self.event = event
        self._data = data
        self._binary: dict[int, bytes] = {}
        self._text: dict[str, str] = {}

    @property
    def has_template(self) -> bool:
        return not isinstance(self.event, _JsonOnly)

    def exists_in(self, version: int) -> bool:
        """Return whether a schema version has a template for it; nothing is sent where not."""
        return version >= _SINCE.get(type(self.event), 0)

    def binary(self, version: int) -> bytes:
        frame = self._binary.get(version)
        if frame is None:
            assert not isinstance(self.event, _JsonOnly)
            frame = self._binary[version] = sbe.encode(self.event, version)
        return frame

    def text(self, channel: str) -> str:
        frame = self._text.get(channel)
        if frame is None:
            frame = self._text[channel] = rpc.encode_notification(channel, self._data())
        return frame


def event_message(event: WireEvent) -> Message:
    """Return the message of anything but a book."""
    if isinstance(event, MarketNotice):
        return Message(event, lambda: market_event_json(event))
    return Message(event, lambda: event_json(event))


def book_snapshot_message(event: BookEvent) -> Message:
    """Return the message of a whole book."""
    return Message(event, lambda: snapshot_json(event))


_SINCE: Final[dict[type, int]] = {FundingRateComparisonEvent: 1}
"""Schema versions of the templates that the first version lacks."""
