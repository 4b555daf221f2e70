"""
The present state of the market, asked for over REST: quotes, books, forward prices.

The venue keeps no past of these. It raises what goes wrong: that every request is answered all the
same is the work of `requests`.
"""

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import TYPE_CHECKING, Final, NamedTuple

from nautilus_trader.model.data import OrderBookDeltas, OrderBookDepth10, QuoteTick
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.instruments import CryptoOption, Instrument

from nautilus_paradex.parsing import books, market_data
from nautilus_paradex.parsing.instruments import (
    PERPETUAL_OPTION_EXPIRATION_NS,
    instrument_id_from_symbol,
    scale_of,
)
from nautilus_paradex.parsing.precision import MAX_PRECISION
from nautilus_paradex.parsing.times import ns_from_us
from nautilus_paradex.protocol import conversion, rest
from nautilus_paradex.protocol.numbers import to_decimal

if TYPE_CHECKING:
    from nautilus_paradex.transport.http import ParadexHttpClient

__all__ = ["ForwardPrice", "PresentRequests"]

_NS_PER_MS: Final = 1_000_000
_MS_PER_YEAR: Final = 365 * 24 * 60 * 60 * 1_000


class ForwardPrice(NamedTuple):
    """The forward price of an option's underlying, in the form that the data engine reads."""

    instrument_id: InstrumentId
    forward_price: Decimal


class PresentRequests:
    """
    Asks for what stands now.

    Parameters
    ----------
    client : ParadexHttpClient
        The client for the requests.
    now_ns : Callable[[], int]
        The clock for ``ts_init`` and the time until an expiry, Unix ns.

    """

    def __init__(self, client: "ParadexHttpClient", *, now_ns: Callable[[], int]) -> None:
        self._client = client
        self._now_ns = now_ns

    async def quotes(self, instrument: Instrument) -> list[QuoteTick]:
        """
        Return the present quote, none while a side is empty.

        Raises
        ------
        ParadexError
            If the venue cannot be asked or refuses, or gives what the instrument cannot hold.

        """
        bbo = await self._client.bbo(instrument.raw_symbol.value)
        event = conversion.bbo_event(bbo)
        quote = market_data.quote_tick(event, scale_of(instrument), self._now_ns())
        return [] if quote is None else [quote]

    async def book_snapshot(self, instrument: Instrument, depth: int | None) -> OrderBookDeltas:
        """Return the present book, `depth` levels a side. Raises as `quotes`."""
        book = await self._client.orderbook(instrument.raw_symbol.value, depth)
        event = conversion.book_snapshot_event(book)
        return books.book_snapshot(event, scale_of(instrument), self._now_ns())

    async def book_depth(self, instrument: Instrument, depth: int) -> OrderBookDepth10:
        """Return the best levels of the present book, at most ten a side. Raises as `quotes`."""
        depth = min(depth, books.DEPTH)
        book = await self._client.orderbook(instrument.raw_symbol.value, depth)
        event = conversion.book_snapshot_event(book)
        return books.book_depth(
            sorted(event.bids, reverse=True)[:depth],
            sorted(event.asks)[:depth],
            scale_of(instrument),
            sequence=event.seq or 0,
            ts_event=ns_from_us(event.ts, "book"),
            ts_init=self._now_ns(),
        )

    async def forward_prices(
        self,
        underlying: str,
        sample: InstrumentId | None,
        options: Iterable[CryptoOption],
    ) -> list[ForwardPrice]:
        """
        Return the forward price for the options of `underlying`, or for `sample` alone.

        A perpetual option has no expiry to look forward to: its underlying's price is taken. For a
        dated one this grows at the venue's annualised forward rate until expiry.

        Parameters
        ----------
        options : Iterable[CryptoOption]
            Those that are known; others cannot be matched to a series.

        Raises
        ------
        ParadexError
            If the venue cannot be asked or refuses.

        """
        known = {option.id: option for option in options if option.underlying.code == underlying}
        summaries = await self._client.markets_summary(
            "ALL" if sample is None else sample.symbol.value,
        )
        prices = []
        for summary in summaries:
            option = known.get(instrument_id_from_symbol(summary.symbol))
            price = None if option is None else self._forward(summary, option.expiration_ns)
            if option is not None and price is not None:
                prices.append(ForwardPrice(option.id, price))
        return prices

    def _forward(self, summary: rest.MarketSummary, expiration_ns: int) -> Decimal | None:
        spot = to_decimal(summary.underlying_price)
        rate = to_decimal(summary.forward_rate)
        if not spot or rate is None or expiration_ns == PERPETUAL_OPTION_EXPIRATION_NS:
            return spot or None
        remaining_ms = max(0, expiration_ns // _NS_PER_MS - self._now_ns() // _NS_PER_MS)
        growth = (rate * remaining_ms / _MS_PER_YEAR).exp()
        return (spot * growth).quantize(Decimal(1).scaleb(-MAX_PRECISION))
