"""What the demo counts while it runs, for the screen and the summary. Bounded, whatever happens."""

from dataclasses import dataclass, field

from nautilus_paradex.transport.metrics import LatencyHistogram

__all__ = ["DemoStats"]


@dataclass(slots=True)
class DemoStats:
    """
    Counters of one demo.

    Parameters
    ----------
    quotes, trades, books : int
        Market data that has reached the strategy.
    submitted, accepted, canceled, rejected : int
        Order events.
    fills : int
        Fills of the strategy's orders.
    last_quote, last_trade, last_fill : str
        The latest of each, for people.
    wire_to_strategy : LatencyHistogram
        From a frame in the socket's handler (``ts_init``) to the strategy's ``on_quote_tick``: the
        time that bytes wait in the kernel or in the event loop before is not in it.
    venue_to_strategy : LatencyHistogram
        From the venue's time stamp (``ts_event``) to the same point: needs synchronous clocks.

    """

    quotes: int = 0
    trades: int = 0
    books: int = 0
    submitted: int = 0
    accepted: int = 0
    canceled: int = 0
    rejected: int = 0
    fills: int = 0
    last_quote: str = "–"
    last_trade: str = "–"
    last_fill: str = "–"
    wire_to_strategy: LatencyHistogram = field(default_factory=LatencyHistogram)
    venue_to_strategy: LatencyHistogram = field(default_factory=LatencyHistogram)
