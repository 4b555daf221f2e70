"""Counters and durations of one WebSocket client, for a person or an exporter to read."""

from dataclasses import dataclass, field, fields

from nautilus_paradex.transport.metrics import LatencyHistogram

__all__ = ["WebSocketMetrics", "is_worth_logging"]


@dataclass(slots=True)
class WebSocketMetrics:
    """
    What happened on the socket since the client was made. Counters only grow.

    Parameters
    ----------
    connects, reconnects, connect_failures, disconnects : int
        Connections opened, restored completely, not restored, and lost.
    silences : int
        Connections given up because nothing arrived.
    frames : int
        Messages received, answers to requests included.
    acks, refusals, ack_timeouts, late_responses : int
        How requests ended; a late response is one that nobody waited for any more.
    malformed_frames, unknown_templates, dropped_frames, handler_errors : int
        Messages that were skipped, gave way in a full inbox, or failed in the handler.
    connect, authenticate, subscribe : LatencyHistogram
        Durations. That of connecting includes the negotiation.

    """

    connects: int = 0
    reconnects: int = 0
    connect_failures: int = 0
    disconnects: int = 0
    silences: int = 0
    frames: int = 0
    acks: int = 0
    refusals: int = 0
    ack_timeouts: int = 0
    late_responses: int = 0
    malformed_frames: int = 0
    unknown_templates: int = 0
    dropped_frames: int = 0
    handler_errors: int = 0
    connect: LatencyHistogram = field(default_factory=LatencyHistogram)
    authenticate: LatencyHistogram = field(default_factory=LatencyHistogram)
    subscribe: LatencyHistogram = field(default_factory=LatencyHistogram)

    def snapshot(self) -> dict[str, int]:
        """Return all counters, and of each latency count, p50, p99 and maximum in µs."""
        figures: dict[str, int] = {}
        for each in fields(self):
            value = getattr(self, each.name)
            if isinstance(value, LatencyHistogram):
                figures[f"{each.name}_count"] = value.count
                figures[f"{each.name}_p50_us"] = value.percentile_us(50)
                figures[f"{each.name}_p99_us"] = value.percentile_us(99)
                figures[f"{each.name}_max_us"] = value.max_us
            else:
                figures[each.name] = value
        return figures


def is_worth_logging(count: int) -> bool:
    """Whether the `count`-th event of a kind is logged: the 1st, 10th, 100th, and so on."""
    return str(count).rstrip("0") == "1"
