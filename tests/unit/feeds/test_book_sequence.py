"""Given a stream of book events, which of them may touch the book."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_paradex.feeds.book import BookSequence, Verdict
from nautilus_paradex.protocol.events import BookEvent


def snapshot(seq: int) -> BookEvent:
    return BookEvent(pkg_type="SNAPSHOT", seq=seq)


def delta(seq: int) -> BookEvent:
    return BookEvent(pkg_type="DELTA", seq=seq)


@pytest.fixture
def sequence() -> BookSequence:
    sequence = BookSequence()
    sequence.judge(snapshot(10))
    return sequence


def test_a_change_before_the_snapshot_is_ignored() -> None:
    assert BookSequence().judge(delta(11)) is Verdict.IGNORE


def test_changes_that_step_by_one_are_applied(sequence: BookSequence) -> None:
    assert [sequence.judge(delta(seq)) for seq in (11, 12, 13)] == [Verdict.DELTA] * 3
    assert sequence.last == 13


@pytest.mark.parametrize("seq", [12, 9, 1, 10**15, 0])
def test_anything_else_is_a_gap(sequence: BookSequence, seq: int) -> None:
    assert sequence.judge(delta(seq)) is Verdict.GAP
    assert sequence.is_waiting


def test_a_repetition_is_no_gap(sequence: BookSequence) -> None:
    assert sequence.judge(delta(10)) is Verdict.IGNORE
    assert sequence.judge(delta(11)) is Verdict.DELTA


def test_after_a_gap_only_a_snapshot_helps(sequence: BookSequence) -> None:
    sequence.judge(delta(99))

    assert sequence.judge(delta(11)) is Verdict.IGNORE
    assert sequence.judge(delta(100)) is Verdict.IGNORE
    assert sequence.judge(snapshot(200)) is Verdict.SNAPSHOT
    assert sequence.judge(delta(201)) is Verdict.DELTA


def test_a_snapshot_counts_at_any_time(sequence: BookSequence) -> None:
    assert sequence.judge(snapshot(3)) is Verdict.SNAPSHOT
    assert sequence.judge(delta(4)) is Verdict.DELTA


def test_a_package_nobody_knows_breaks_the_book(sequence: BookSequence) -> None:
    assert sequence.judge(BookEvent(pkg_type="UNKNOWN_7", seq=11)) is Verdict.GAP


def test_a_reset_tells_whether_there_was_a_book(sequence: BookSequence) -> None:
    assert sequence.reset() is True
    assert sequence.reset() is False
    assert sequence.judge(delta(11)) is Verdict.IGNORE


@given(st.lists(st.booleans(), max_size=50))
def test_a_lost_event_is_always_noticed_before_the_next_change(lost: list[bool]) -> None:
    """Whatever is lost, what was applied since the last snapshot has no hole."""
    sequence = BookSequence()
    sequence.judge(snapshot(0))
    applied = [0]
    for seq, is_lost in enumerate(lost, start=1):
        if is_lost:
            continue
        if sequence.judge(delta(seq)) is Verdict.DELTA:
            applied.append(seq)

    assert applied == list(range(len(applied)))
