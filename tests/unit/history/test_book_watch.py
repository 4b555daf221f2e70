"""When a recorder has to ask for a new snapshot of a book."""

import pytest
from websockets.frames import Opcode

from nautilus_paradex.history.book_watch import BookWatch
from nautilus_paradex.protocol.recording import RecordedFrame
from tests.unit.history.frames import BTC, bbo, book

ETH = "ETH-USD-PERP"


class Watcher:
    def __init__(self) -> None:
        self.gaps: list[str] = []
        self.watch = BookWatch([BTC, ETH], self.gaps.append)

    def see(self, *frames: RecordedFrame) -> None:
        for frame in frames:
            self.watch.on_frame(frame.payload, Opcode(frame.opcode))


@pytest.fixture
def watcher() -> Watcher:
    return Watcher()


def test_a_sequence_without_a_gap_is_left_alone(watcher: Watcher) -> None:
    watcher.see(book(1, 7, kind="SNAPSHOT"), book(2, 8), bbo(3, 1, 2), book(4, 9), book(5, 9))

    assert watcher.gaps == []


def test_a_gap_is_told_once_and_of_its_market_only(watcher: Watcher) -> None:
    watcher.see(book(1, 7, kind="SNAPSHOT"), book(2, 70, kind="SNAPSHOT", market=ETH))
    watcher.see(book(3, 9), book(4, 10), book(5, 71, market=ETH))

    assert watcher.gaps == [BTC]


def test_after_a_new_snapshot_the_next_gap_is_told_again(watcher: Watcher) -> None:
    snapshot = book(1, 7, kind="SNAPSHOT")
    watcher.see(snapshot, book(2, 9), snapshot, book(3, 9))

    assert watcher.gaps == [BTC, BTC]


def test_after_a_reset_no_gap_is_seen_before_a_snapshot(watcher: Watcher) -> None:
    watcher.see(book(1, 7, kind="SNAPSHOT"))
    watcher.watch.reset()
    watcher.see(book(2, 90), book(3, 92))

    assert watcher.gaps == []


@pytest.mark.parametrize("payload", [b"", b"\x00", b"\xff" * 40, book(1, 7).payload[:30]])
@pytest.mark.parametrize("opcode", [Opcode.TEXT, Opcode.BINARY])
def test_what_cannot_be_read_is_no_book(watcher: Watcher, payload: bytes, opcode: Opcode) -> None:
    watcher.watch.on_frame(payload, opcode)

    assert watcher.gaps == []


def test_books_that_were_not_asked_for_are_not_followed(watcher: Watcher) -> None:
    watcher.see(book(1, 7, kind="SNAPSHOT", market="X"), book(2, 9, market="X"))

    assert watcher.gaps == []
