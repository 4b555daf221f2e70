"""
Requests for the adapter's own data: the present ones over REST, as the venue keeps no past of them.

Subscriptions are in `custom`; that every request is answered is the work of `requests`.
"""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

from nautilus_trader.model.data import CustomData, DataType
from nautilus_trader.model.instruments import Instrument

from nautilus_paradex.data_types import (
    ParadexData,
    ParadexFundingComparison,
    ParadexFundingPayment,
    ParadexInteractiveBook,
    ParadexInteractiveQuote,
    ParadexMarketSummary,
    ParadexSystemState,
    ParadexTradeBust,
)
from nautilus_paradex.feeds.reading import readable
from nautilus_paradex.feeds.window import UnsupportedRequestError, Window
from nautilus_paradex.parsing import custom_data
from nautilus_paradex.parsing.instruments import scale_of
from nautilus_paradex.protocol import conversion

if TYPE_CHECKING:
    from nautilus_paradex.transport.http import ParadexHttpClient

__all__ = ["CustomRequests"]

_DEPTH: Final = 15
"""Levels a side, as the channel has them."""

_NEEDS_ACCOUNT: Final = (
    "they belong to the account, which this client does not sign in to: the execution client "
    "publishes new ones, `ParadexHttpClient` lists past ones"
)
_WITHOUT_REQUEST: Final = {
    ParadexFundingComparison: "Paradex only streams them: subscribe",
    ParadexFundingPayment: _NEEDS_ACCOUNT,
    ParadexTradeBust: _NEEDS_ACCOUNT,
}


class CustomRequests:
    """
    Asks for custom data.

    Parameters
    ----------
    client : ParadexHttpClient
        The client for the requests.
    now_ns : Callable[[], int]
        The clock for ``ts_init``, Unix ns.
    warn : Callable[[str], None]
        Told of records that cannot be read.

    """

    def __init__(
        self,
        client: "ParadexHttpClient",
        *,
        now_ns: Callable[[], int],
        warn: Callable[[str], None],
    ) -> None:
        self._client = client
        self._now_ns = now_ns
        self._warn = warn
        self._of_all: dict[type, Callable[[], Awaitable[list[ParadexData]]]] = {
            ParadexMarketSummary: self._summaries,
            ParadexSystemState: self._system_state,
        }
        self._of_one: dict[type, Callable[[Instrument], Awaitable[ParadexData]]] = {
            ParadexMarketSummary: self._summary,
            ParadexInteractiveQuote: self._interactive_quote,
            ParadexInteractiveBook: self._interactive_book,
        }

    async def answer(
        self,
        data_type: DataType,
        instrument: Instrument | None,
        window: Window,
    ) -> list[CustomData]:
        """
        Return the present data of a type, of one market or of all.

        Raises
        ------
        UnsupportedRequestError
            If the venue has none that could be asked for.
        ParadexError
            If the venue cannot be asked or refuses, or gives what the instrument cannot hold.

        """
        kind = data_type.type
        of_one, of_all = self._of_one.get(kind), self._of_all.get(kind)
        if kind in _WITHOUT_REQUEST:
            raise UnsupportedRequestError(
                f"{kind.__name__} cannot be requested: {_WITHOUT_REQUEST[kind]}",
            )
        if of_one is None and of_all is None:
            kinds = {*self._of_one, *self._of_all}
            known = ", ".join(sorted(each.__name__ for each in kinds))
            raise UnsupportedRequestError(f"{known} can be requested, was {kind.__name__}")
        if not window.reaches(self._now_ns()):
            raise UnsupportedRequestError(f"Paradex keeps no past {kind.__name__}")
        if instrument is not None and of_one is not None:
            return [CustomData(data_type, await of_one(instrument))]
        if of_all is None:
            raise UnsupportedRequestError(
                f"{kind.__name__} is of one market: name it in the metadata, 'instrument_id'",
            )
        return [CustomData(data_type, each) for each in await of_all()]

    async def _summary(self, instrument: Instrument) -> ParadexData:
        for summary in await self._client.markets_summary(instrument.raw_symbol.value):
            event = conversion.market_summary_event(summary)
            return custom_data.market_summary(event, self._now_ns())
        raise UnsupportedRequestError(f"Paradex has no summary of {instrument.id}")

    async def _summaries(self) -> list[ParadexData]:
        summaries = await self._client.markets_summary()
        ts_init = self._now_ns()
        return readable(
            summaries,
            lambda summary: custom_data.market_summary(
                conversion.market_summary_event(summary), ts_init
            ),
            self._warn,
        )

    async def _system_state(self) -> list[ParadexData]:
        state = await self._client.system_state()
        return [custom_data.system_state(state.status, self._now_ns())]

    async def _interactive_quote(self, instrument: Instrument) -> ParadexData:
        bbo = await self._client.bbo_interactive(instrument.raw_symbol.value)
        return custom_data.interactive_quote(
            conversion.bbo_event(bbo), scale_of(instrument), self._now_ns()
        )

    async def _interactive_book(self, instrument: Instrument) -> ParadexData:
        book = await self._client.orderbook_interactive(instrument.raw_symbol.value, _DEPTH)
        return custom_data.interactive_book(
            conversion.book_snapshot_event(book), scale_of(instrument), self._now_ns()
        )
