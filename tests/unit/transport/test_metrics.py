"""Counters and histograms: fixed names, fixed memory, percentiles near the truth."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_paradex.transport.metrics import LatencyHistogram, Metrics


def test_a_snapshot_holds_every_counter_and_four_figures_of_each_latency():
    metrics = Metrics(("sent", "lost"), ("trip",))

    metrics.count("sent")
    metrics.count("sent", 2)
    metrics.record("trip", 5_000_000)

    assert metrics["sent"] == 3
    assert metrics.latency("trip").count == 1
    assert metrics.snapshot() == {
        "sent": 3,
        "lost": 0,
        "trip_count": 1,
        "trip_p50_us": 5_000,
        "trip_p99_us": 5_000,
        "trip_max_us": 5_000,
    }


def test_a_name_that_was_not_declared_is_refused():
    metrics = Metrics(("sent",))

    with pytest.raises(KeyError):
        metrics.count("snet")
    with pytest.raises(KeyError):
        metrics.record("trip", 1)


def test_an_empty_histogram_says_zero():
    assert LatencyHistogram().percentile_us(99) == 0


@given(
    st.lists(st.integers(1, 3_600_000_000), min_size=1, max_size=60),
    st.sampled_from([1, 50, 90, 99, 100]),
)
def test_a_percentile_is_at_most_a_quarter_above_the_true_one(durations_us, percent):
    histogram = LatencyHistogram()
    for duration_us in durations_us:
        histogram.record(duration_us * 1_000)

    rank = max(1, -(-len(durations_us) * percent // 100))
    exact = sorted(durations_us)[rank - 1]

    assert exact <= histogram.percentile_us(percent) <= exact * 1.25 + 1


@given(st.integers(-(2**62), 2**80))
def test_no_duration_is_too_odd_to_be_counted(duration_ns):
    histogram = LatencyHistogram()

    histogram.record(duration_ns)

    assert histogram.count == 1
    assert histogram.percentile_us(50) >= 0
