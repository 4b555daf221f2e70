"""Endpoints anyone may read: the system's state, markets and market data."""

from nautilus_paradex.protocol.errors import MessageError
from nautilus_paradex.protocol.numbers import to_int
from nautilus_paradex.protocol.rest import (
    Bbo,
    FundingData,
    Kline,
    Market,
    MarketSummary,
    OrderBook,
    Page,
    Results,
    SettlementPrice,
    SystemConfig,
    SystemState,
    SystemTime,
    Trade,
)
from nautilus_paradex.transport.endpoints.base import Endpoints, page_params, segment

__all__ = ["PublicEndpoints"]


class PublicEndpoints(Endpoints):
    """Reads that need no account."""

    async def system_config(self) -> SystemConfig:
        """Return the venue's configuration, with the chain id that signatures need."""
        return await self._read_public("/system/config", SystemConfig)

    async def system_state(self) -> SystemState:
        """Return whether the venue trades (``ok``, ``maintenance``, ...)."""
        return await self._read_public("/system/state", SystemState)

    async def system_time(self) -> int:
        """
        Return the venue's Unix time, ms.

        Raises
        ------
        MessageError
            If the venue gives none.
        """
        reply = await self._read_public("/system/time", SystemTime)
        time_ms = to_int(reply.server_time)
        if time_ms is None:
            raise MessageError("the venue's clock is missing in the reply to GET /system/time")
        return time_ms

    async def markets(self, market: str | None = None) -> list[Market]:
        """Return the specifications of all markets, or of one."""
        return await self._public_list("/markets", Results[Market], market=market)

    async def markets_summary(self, market: str = "ALL") -> list[MarketSummary]:
        """Return the tickers of all markets, or of one."""
        return await self._public_list("/markets/summary", Results[MarketSummary], market=market)

    async def settlement_price(self, market: str) -> SettlementPrice:
        """Return the settlement price of a dated market."""
        return await self._read_public("/markets/settlement-price", SettlementPrice, market=market)

    async def orderbook(self, market: str, depth: int | None = None) -> OrderBook:
        """Return a snapshot of a book, `depth` levels a side."""
        return await self._read_public(f"/orderbook/{segment(market)}", OrderBook, depth=depth)

    async def orderbook_interactive(self, market: str, depth: int | None = None) -> OrderBook:
        """Return a snapshot of a book with RPI orders, `depth` levels a side."""
        path = f"/orderbook/{segment(market)}/interactive"
        return await self._read_public(path, OrderBook, depth=depth)

    async def bbo(self, market: str) -> Bbo:
        """Return the best bid and offer of a market."""
        return await self._read_public(f"/bbo/{segment(market)}", Bbo)

    async def bbo_interactive(self, market: str) -> Bbo:
        """Return the best bid and offer of a market with RPI orders."""
        return await self._read_public(f"/bbo/{segment(market)}/interactive", Bbo)

    async def trades(
        self,
        market: str,
        *,
        start_at_ms: int | None = None,
        end_at_ms: int | None = None,
        page_size: int | None = None,
        cursor: str | None = None,
    ) -> Page[Trade]:
        """Return a page of a market's public trades, at most 1,000."""
        window = page_params(start_at_ms, end_at_ms, page_size, cursor)
        return await self._read_public("/trades", Page[Trade], market=market, **window)

    async def klines(
        self,
        symbol: str,
        *,
        resolution: int,
        start_at_ms: int,
        end_at_ms: int,
        price_kind: str | None = None,
    ) -> list[Kline]:
        """
        Return candles.

        Parameters
        ----------
        resolution : int
            Minutes: 1, 3, 5, 15, 30 or 60.
        start_at_ms, end_at_ms : int
            Unix ms.
        price_kind : str, optional
            A `PriceKind`; ``last`` is the venue's default.
        """
        return await self._public_list(
            "/markets/klines",
            Results[Kline],
            symbol=symbol,
            resolution=resolution,
            start_at=start_at_ms,
            end_at=end_at_ms,
            price_kind=price_kind,
        )

    async def funding_data(
        self,
        market: str,
        *,
        start_at_ms: int | None = None,
        end_at_ms: int | None = None,
        page_size: int | None = None,
        cursor: str | None = None,
    ) -> Page[FundingData]:
        """Return a page of a market's funding history."""
        window = page_params(start_at_ms, end_at_ms, page_size, cursor)
        return await self._read_public("/funding/data", Page[FundingData], market=market, **window)

    async def _public_list[T](
        self, path: str, reply: type[Results[T]], **params: str | int | None
    ) -> list[T]:
        return (await self._read_public(path, reply, **params)).results or []
