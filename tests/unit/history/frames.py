"""Frames as the venue sends them, with the time they were recorded at.

Not a test module.
"""

from typing import Final

from nautilus_paradex.protocol import rpc, sbe
from nautilus_paradex.protocol.events import (
    BboEvent,
    BookEvent,
    Event,
    MarketSummaryEvent,
    TradeEvent,
)
from nautilus_paradex.protocol.recording import BINARY, TEXT, RecordedFrame

__all__ = ["BTC", "START_NS", "answer", "at", "bbo", "book", "frame", "summary", "trade"]

BTC: Final = "BTC-USD-PERP"
START_NS: Final = 1_790_000_000_000_000_000
_E8: Final = 10**8
_SIZE: Final = 10**5


def at(number: int) -> int:
    """Return the time of the `number`-th frame, ns: a millisecond each."""
    return START_NS + number * 1_000_000


def frame(number: int, event: Event) -> RecordedFrame:
    """Return the binary frame of an event, recorded at `at(number)`."""
    return RecordedFrame(at(number), BINARY, sbe.encode(event, 2))


def answer(number: int) -> RecordedFrame:
    """Return an answer to a request, as recordings of other tools have them."""
    return RecordedFrame(at(number), TEXT, rpc.encode_result(1, {"channel": "x"}).encode())


def bbo(number: int, bid: int, ask: int, market: str = BTC) -> RecordedFrame:
    return frame(
        number,
        BboEvent(
            ts=_us(number),
            seq=number,
            bid_price=bid * _E8,
            bid_size=_SIZE,
            ask_price=ask * _E8,
            ask_size=_SIZE,
            market=market,
        ),
    )


def trade(number: int, price: int, market: str = BTC) -> RecordedFrame:
    return frame(
        number,
        TradeEvent(
            ts=_us(number),
            created_at=_us(number),
            seq=number,
            price=price * _E8,
            size=_SIZE,
            side="BUY",
            trade_type="FILL",
            trade_id_str=f"T{number}",
            market=market,
        ),
    )


def book(
    number: int,
    seq: int,
    *,
    bids: dict[int, int] | None = None,
    asks: dict[int, int] | None = None,
    kind: str = "DELTA",
    market: str = BTC,
) -> RecordedFrame:
    """Return a book frame; levels are sizes by price."""
    return frame(
        number,
        BookEvent(
            ts=_us(number),
            seq=seq,
            pkg_type=kind,
            bids=[(price * _E8, size * _SIZE) for price, size in (bids or {}).items()],
            asks=[(price * _E8, size * _SIZE) for price, size in (asks or {}).items()],
            market=market,
        ),
    )


def summary(number: int, mark: int, market: str = BTC, **more: int) -> RecordedFrame:
    return frame(
        number,
        MarketSummaryEvent(
            ts=_us(number),
            mark_price=mark * _E8,
            index_price=mark * _E8 + 1,
            funding_rate=-123,
            funding_rate_precise=-1_234_567,
            open_interest=7 * _E8,
            market=market,
            **more,
        ),
    )


def _us(number: int) -> int:
    return at(number) // 1_000 - 250
