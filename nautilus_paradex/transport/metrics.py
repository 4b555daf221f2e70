"""Counters and latency histograms of the transports: fixed names, fixed memory.

No exporter and no clock: who counts brings the numbers, who reports takes a snapshot.
"""

from collections.abc import Iterable

__all__ = ["LatencyHistogram", "Metrics"]

# Four buckets to a doubling: a percentile is right to within 19 % from 1 µs to about an hour.
_STEPS_PER_DOUBLING = 4
_DOUBLINGS = 32
_NS_PER_US = 1_000


class LatencyHistogram:
    """Counts durations in buckets that grow geometrically, from 1 µs up."""

    __slots__ = ("_buckets", "_count", "_max_ns")

    def __init__(self) -> None:
        self._buckets = [0] * (_STEPS_PER_DOUBLING * _DOUBLINGS)
        self._count = 0
        self._max_ns = 0

    @property
    def count(self) -> int:
        """How many durations were recorded."""
        return self._count

    @property
    def max_us(self) -> int:
        """The longest duration, µs."""
        return self._max_ns // _NS_PER_US

    def record(self, duration_ns: int) -> None:
        """Count one duration, ns; a negative one counts as 0."""
        self._count += 1
        self._max_ns = max(self._max_ns, duration_ns)
        self._buckets[_bucket_of(max(0, duration_ns) // _NS_PER_US)] += 1

    def percentile_us(self, percent: float) -> int:
        """Return the duration, µs, that `percent` of those recorded do not exceed (0 if none)."""
        if not self._count:
            return 0
        wanted = self._count * percent / 100
        seen = 0
        for bucket, count in enumerate(self._buckets):
            seen += count
            if count and seen >= wanted:
                return min(_upper_bound_us(bucket), self.max_us)
        return self.max_us


class Metrics:
    """
    A fixed set of named counters, and a latency histogram for each of a fixed set of names.

    Parameters
    ----------
    counters : iterable of str
        Names that `count` accepts.
    latencies : iterable of str
        Names that `record` accepts.
    """

    __slots__ = ("_counters", "_latencies")

    def __init__(self, counters: Iterable[str], latencies: Iterable[str] = ()) -> None:
        self._counters = dict.fromkeys(counters, 0)
        self._latencies = {name: LatencyHistogram() for name in latencies}

    def __getitem__(self, name: str) -> int:
        return self._counters[name]

    def count(self, name: str, by: int = 1) -> None:
        """
        Add to a counter.

        Raises
        ------
        KeyError
            If `name` is none of the counters: names are fixed so that memory is.
        """
        self._counters[name] += by

    def record(self, name: str, duration_ns: int) -> None:
        """
        Record a duration, ns.

        Raises
        ------
        KeyError
            If `name` is none of the latencies.
        """
        self._latencies[name].record(duration_ns)

    def latency(self, name: str) -> LatencyHistogram:
        """Return the histogram of that name."""
        return self._latencies[name]

    def snapshot(self) -> dict[str, int]:
        """Return all counters, and of each latency count, p50, p99 and maximum in µs."""
        figures = dict(self._counters)
        for name, histogram in self._latencies.items():
            figures[f"{name}_count"] = histogram.count
            figures[f"{name}_p50_us"] = histogram.percentile_us(50)
            figures[f"{name}_p99_us"] = histogram.percentile_us(99)
            figures[f"{name}_max_us"] = histogram.max_us
        return figures


def _bucket_of(duration_us: int) -> int:
    if duration_us <= 1:
        return 0
    doubling = duration_us.bit_length() - 1
    # The quarter of the doubling, from the two bits after the leading one.
    step = ((duration_us << 2) >> doubling) & 3
    return min(doubling * _STEPS_PER_DOUBLING + step, _STEPS_PER_DOUBLING * _DOUBLINGS - 1)


def _upper_bound_us(bucket: int) -> int:
    doubling, step = divmod(bucket, _STEPS_PER_DOUBLING)
    return ((_STEPS_PER_DOUBLING + step + 1) << doubling) // _STEPS_PER_DOUBLING
