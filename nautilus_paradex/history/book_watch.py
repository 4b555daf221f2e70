"""
Whether the books in a stream of frames are still whole: a recording needs a new snapshot if not.

It keeps no levels and emits nothing. What cannot be read is left to whoever replays it.
"""

from collections.abc import Callable, Iterable

from websockets.frames import Opcode

from nautilus_paradex.feeds.book import BookSequence, Verdict
from nautilus_paradex.protocol import sbe
from nautilus_paradex.protocol.errors import ProtocolError
from nautilus_paradex.protocol.events import BookEvent
from nautilus_paradex.transport.frames import RawFrame, decode_frame

__all__ = ["BookWatch"]


class BookWatch:
    """
    Follows the sequences of some books.

    Parameters
    ----------
    markets : Iterable[str]
        The markets whose ``order_book.{market}.deltas`` are in the stream.
    on_gap : Callable[[str], None]
        Told of a market whose book is lost until its next snapshot.

    """

    def __init__(self, markets: Iterable[str], on_gap: Callable[[str], None]) -> None:
        self._sequences: dict[str | None, BookSequence] = {m: BookSequence() for m in markets}
        self._on_gap = on_gap

    def on_frame(self, payload: bytes, opcode: Opcode) -> None:
        """Take one frame of the socket."""
        try:
            if opcode is Opcode.BINARY and sbe.peek_template(payload) != BookEvent.TEMPLATE_ID:
                return
            event = decode_frame(RawFrame(payload, opcode))
        except ProtocolError:
            return  # counted where it is replayed: here it only is no book
        if isinstance(event, BookEvent):
            self._on_event(event)

    def reset(self) -> None:
        """Wait for a snapshot of every book: frames have been lost."""
        for sequence in self._sequences.values():
            sequence.reset()

    def _on_event(self, event: BookEvent) -> None:
        sequence = self._sequences.get(event.market)
        if sequence is not None and sequence.judge(event) is Verdict.GAP:
            assert event.market is not None
            self._on_gap(event.market)
