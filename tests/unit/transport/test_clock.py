"""The venue's clock: which measurement wins, and what the offset means."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_paradex.transport.clock import VenueClock

NOW_MS = 1_790_000_000_123
MS = 1_000_000


def clock_at(now_ms=NOW_MS):
    return VenueClock(lambda: now_ms * MS)


def test_before_a_measurement_it_tells_the_local_time():
    clock = clock_at()

    assert clock.offset_ms == 0
    assert clock.now_ms() == NOW_MS
    assert clock.now_secs() == NOW_MS // 1_000


@given(offset_ms=st.integers(-(10**10), 10**10), half_trip_ms=st.integers(0, 5_000))
def test_a_symmetric_round_trip_gives_the_offset_exactly(offset_ms, half_trip_ms):
    clock = clock_at()

    clock.measure(
        sent_ns=(NOW_MS - half_trip_ms) * MS,
        received_ns=(NOW_MS + half_trip_ms) * MS,
        venue_ms=NOW_MS + offset_ms,
    )

    assert clock.offset_ms == offset_ms
    assert clock.now_ms() == NOW_MS + offset_ms


def test_the_shortest_round_trip_of_a_series_wins():
    clock = clock_at()

    for round_trip_ms, venue_ms in ((80, 1_000), (10, 500), (300, 9_000)):
        clock.measure(sent_ns=0, received_ns=round_trip_ms * MS, venue_ms=venue_ms)

    assert clock.offset_ms == 500 - 5


def test_a_new_series_replaces_a_better_old_one():
    clock = clock_at()
    clock.measure(sent_ns=0, received_ns=2 * MS, venue_ms=500)

    clock.reset()
    kept = clock.offset_ms
    clock.measure(sent_ns=0, received_ns=100 * MS, venue_ms=700)

    assert kept == 499
    assert clock.offset_ms == 650


def test_a_reading_during_which_the_local_clock_was_set_back_is_left_out():
    clock = clock_at()

    clock.measure(sent_ns=100 * MS, received_ns=0, venue_ms=10**6)

    assert clock.offset_ms == 0


@pytest.mark.parametrize("by_ms", [-3_600_000, 3_600_000])
def test_it_goes_on_when_the_machines_clock_is_set(monkeypatch, by_ms):
    clock = VenueClock()
    sent_ns = clock.local_ns()
    clock.measure(sent_ns=sent_ns, received_ns=sent_ns, venue_ms=sent_ns // MS + 5_000)
    before_ms, machine_ns = clock.now_ms(), time.time_ns

    monkeypatch.setattr(time, "time_ns", lambda: machine_ns() + by_ms * MS)

    assert 0 <= clock.now_ms() - before_ms < 60_000
    assert abs(clock.offset_ms - (5_000 - by_ms)) < 60_000
