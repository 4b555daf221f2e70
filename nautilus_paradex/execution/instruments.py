"""Instruments of whatever market the account has to do with, loaded when they are needed."""

from nautilus_trader.cache.cache import Cache
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.instruments import Instrument

from nautilus_paradex.parsing.instruments import instrument_id_from_symbol
from nautilus_paradex.protocol.errors import MessageError
from nautilus_paradex.providers import ParadexInstrumentProvider
from nautilus_paradex.transport.errors import NotFoundError

__all__ = ["InstrumentLoader", "UnlistedMarketError"]


class UnlistedMarketError(MessageError):
    """The venue does not list a market, or not any more."""


class InstrumentLoader:
    """
    Finds instruments in the cache, in the provider, or at the venue.

    Parameters
    ----------
    provider : ParadexInstrumentProvider
        Loads what is missing.
    cache : Cache
        The platform's cache; what is found is put into it.

    """

    def __init__(self, provider: ParadexInstrumentProvider, cache: Cache) -> None:
        self._provider = provider
        self._cache = cache

    async def get(self, market: str | None) -> Instrument:
        """
        Return the instrument of a market.

        Raises
        ------
        UnlistedMarketError
            If the venue does not list the market.
        MessageError
            If no market is named.
        RequestError
            If the venue could not be asked.

        """
        if not market:
            raise MessageError("the venue reports an order, fill or position without a market")
        instrument_id = instrument_id_from_symbol(market)
        instrument = self._cache.instrument(instrument_id)
        if instrument is not None:
            return instrument
        instrument = self._provider.find(instrument_id)
        if instrument is None:
            try:
                await self._provider.load_async(instrument_id)
            except NotFoundError as exc:
                raise UnlistedMarketError(f"the venue knows no market {market}: {exc}") from exc
            instrument = self._provider.find(instrument_id)
        if instrument is None:
            raise UnlistedMarketError(f"the venue does not list {market} any more")
        self._cache.add_instrument(instrument)
        return instrument

    async def reload(self, instrument_id: InstrumentId) -> None:
        """
        Bring the terms of a market in the cache up to date; one not listed any more keeps its own.

        Raises
        ------
        RequestError
            If the venue could not be asked.
        MessageError
            If its answer could not be read.

        """
        await self._provider.load_async(instrument_id)
        instrument = self._provider.find(instrument_id)
        if instrument is not None:
            self._cache.add_instrument(instrument)
