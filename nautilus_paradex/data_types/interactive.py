"""
Quote and book as the venue's own interface shows them: with retail price improvement (RPI) orders.

An order sent over the API cannot meet those, so this is no `QuoteTick` and no `OrderBook`: the
platform's matching and its prices must not be built on it.
"""

from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.objects import Price, Quantity

from nautilus_paradex.data_types.base import ParadexData, custom_data
from nautilus_paradex.data_types.columns import BookLevel

__all__ = ["ParadexInteractiveBook", "ParadexInteractiveQuote"]


@custom_data
class ParadexInteractiveQuote(ParadexData):
    """
    The best bid and offer with RPI orders, channel ``bbo.{market}.interactive``.

    Parameters
    ----------
    instrument_id : InstrumentId
        The market.
    bid_price, ask_price : Price, optional
        None where that side is empty.
    bid_size, ask_size : Quantity, optional
        None where that side is empty.
    sequence : int, optional
        The venue's number of the update; it skips by design.

    """

    instrument_id: InstrumentId
    bid_price: Price | None = None
    bid_size: Quantity | None = None
    ask_price: Price | None = None
    ask_size: Quantity | None = None
    sequence: int | None = None


@custom_data
class ParadexInteractiveBook(ParadexData):
    """
    The best levels of the book with RPI orders, channel ``order_book.{market}.interactive``.

    Each object is the whole of those levels: nothing has to be kept or applied.

    Parameters
    ----------
    instrument_id : InstrumentId
        The market.
    bids, asks : tuple[BookLevel, ...]
        Price and size of up to 15 levels a side, the best first.
    best_bid_api, best_ask_api : BookLevel, optional
        The best level that an order over the API can meet; None where the venue names none.
    sequence : int, optional
        The venue's number of the update.

    """

    instrument_id: InstrumentId
    bids: tuple[BookLevel, ...]
    asks: tuple[BookLevel, ...]
    best_bid_api: BookLevel | None = None
    best_ask_api: BookLevel | None = None
    sequence: int | None = None
