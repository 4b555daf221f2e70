"""
Which streams may share a connection, and which may not.

A binary frame names its market but not its channel (api-notes): frames of ``bbo.X`` and
``bbo.X.interactive`` look alike, and so do a book of ``deltas`` and one of ``snapshot@15``. Streams
that could be taken for each other therefore go over different connections, and what a frame means
is decided by the lane of the connection it came over.
"""

from enum import StrEnum

__all__ = ["Lane"]


class Lane(StrEnum):
    """A group of connections whose frames mean the same."""

    MARKETS = "markets"
    """Channels of one market each, books of `deltas`, and channels that resemble no other."""
    DEPTH = "depth"
    """Repeated snapshots of the best levels: ``order_book.X.snapshot@15@…``."""
    INTERACTIVE = "interactive"
    """Feeds with retail (RPI) orders in them: ``bbo.X.interactive``, ``….interactive…``."""
    WIDE = "wide"
    """Channels of many markets: ``bbo.ALL``, ``trades.ALL``, those by base asset or scope."""
