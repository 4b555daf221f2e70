"""Counters and durations of one WebSocket client, for a person or an exporter to read."""

from dataclasses import asdict, dataclass

__all__ = ["WebSocketMetrics"]


@dataclass(slots=True)
class WebSocketMetrics:
    """
    What happened on the socket since the client was made.

    Counters only grow. The `last_*` fields are the latest duration, in nanoseconds, 0 if none yet.
    """

    connects: int = 0
    reconnects: int = 0
    connect_failures: int = 0
    disconnects: int = 0
    silences: int = 0
    frames: int = 0
    acks: int = 0
    ack_timeouts: int = 0
    late_responses: int = 0
    refusals: int = 0
    malformed_frames: int = 0
    unknown_templates: int = 0
    dropped_frames: int = 0
    handler_errors: int = 0
    last_connect_ns: int = 0
    last_authenticate_ns: int = 0
    last_subscribe_ns: int = 0

    def snapshot(self) -> dict[str, int]:
        """Copy every value under its field name."""
        return asdict(self)
