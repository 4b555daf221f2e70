"""
The platform's side of market data: each subscription becomes a use of a market's streams.

Which streams a use needs is in `market`, how they are opened and mended in `subscriber`, what
becomes of their frames in `router`.
"""

from nautilus_trader.data.messages import (
    SubscribeBars,
    SubscribeData,
    SubscribeFundingRates,
    SubscribeIndexPrices,
    SubscribeMarkPrices,
    SubscribeOptionGreeks,
    SubscribeOrderBook,
    SubscribeQuoteTicks,
    SubscribeTradeTicks,
    UnsubscribeBars,
    UnsubscribeData,
    UnsubscribeFundingRates,
    UnsubscribeIndexPrices,
    UnsubscribeMarkPrices,
    UnsubscribeOptionGreeks,
    UnsubscribeOrderBook,
    UnsubscribeQuoteTicks,
    UnsubscribeTradeTicks,
)
from nautilus_trader.model.data import DataType
from nautilus_trader.model.enums import BookType
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.instruments import CryptoOption

from nautilus_paradex.feeds.candles import candles_of
from nautilus_paradex.feeds.custom import CustomDataError, CustomFeeds
from nautilus_paradex.feeds.instruments import InstrumentFollowingClient
from nautilus_paradex.feeds.market import (
    BARS,
    DELTAS,
    DEPTH,
    FUNDING,
    GREEKS,
    INDEX,
    MARK,
    QUOTES,
    TRADES,
    MarketFeed,
)
from nautilus_paradex.feeds.wide import WideChannels

__all__ = ["StreamingClient"]


class StreamingClient(InstrumentFollowingClient):
    """Base of the data client: subscribes to market data. The subclass sets what is declared."""

    _custom: CustomFeeds
    _wide: WideChannels

    async def _subscribe_quote_ticks(self, command: SubscribeQuoteTicks) -> None:
        await self._use(command.instrument_id, QUOTES)

    async def _subscribe_trade_ticks(self, command: SubscribeTradeTicks) -> None:
        await self._use(command.instrument_id, TRADES)

    async def _subscribe_order_book_deltas(self, command: SubscribeOrderBook) -> None:
        if command.book_type != BookType.L2_MBP:
            self._log.warning(f"{command.instrument_id}: only L2_MBP books exist at the venue")
            return
        await self._use(command.instrument_id, DELTAS)
        self._warn_of_a_cut_book(command)

    async def _subscribe_mark_prices(self, command: SubscribeMarkPrices) -> None:
        await self._use(command.instrument_id, MARK)

    async def _subscribe_index_prices(self, command: SubscribeIndexPrices) -> None:
        await self._use(command.instrument_id, INDEX)

    async def _subscribe_funding_rates(self, command: SubscribeFundingRates) -> None:
        await self._use(command.instrument_id, FUNDING)

    async def _subscribe_order_book_depth(self, command: SubscribeOrderBook) -> None:
        if command.book_type != BookType.L2_MBP:
            self._log.warning(f"{command.instrument_id}: only L2_MBP books exist at the venue")
            return
        rate = (command.params or {}).get("refresh_rate")
        if rate is not None:
            (await self._feed(command.instrument_id)).refresh_depth_every(str(rate))
        await self._use(command.instrument_id, DEPTH)
        self._warn_of_a_cut_book(command)

    async def _subscribe_bars(self, command: SubscribeBars) -> None:
        instrument_id = command.bar_type.instrument_id
        await self._instrument(instrument_id)
        self._bar_follower.follow(command.bar_type, candles_of(command.bar_type, command.params))
        if self._bar_follower.uses_trades(instrument_id):
            await self._use(instrument_id, BARS)

    async def _subscribe_option_greeks(self, command: SubscribeOptionGreeks) -> None:
        if isinstance(await self._instrument(command.instrument_id), CryptoOption):
            await self._use(command.instrument_id, GREEKS)
        else:
            self._log.warning(f"{command.instrument_id} has no greeks: it is no option")

    async def _subscribe(self, command: SubscribeData) -> None:
        try:
            await self._custom.subscribe(command.data_type, command.instrument_id)
        except CustomDataError as exc:
            self._log.warning(f"Cannot subscribe to {command.data_type}: {exc}")

    async def _unsubscribe_quote_ticks(self, command: UnsubscribeQuoteTicks) -> None:
        await self._drop(command.instrument_id, QUOTES)

    async def _unsubscribe_trade_ticks(self, command: UnsubscribeTradeTicks) -> None:
        await self._drop(command.instrument_id, TRADES)

    async def _unsubscribe_order_book_deltas(self, command: UnsubscribeOrderBook) -> None:
        await self._drop(command.instrument_id, DELTAS)

    async def _unsubscribe_mark_prices(self, command: UnsubscribeMarkPrices) -> None:
        await self._drop(command.instrument_id, MARK)

    async def _unsubscribe_index_prices(self, command: UnsubscribeIndexPrices) -> None:
        await self._drop(command.instrument_id, INDEX)

    async def _unsubscribe_funding_rates(self, command: UnsubscribeFundingRates) -> None:
        await self._drop(command.instrument_id, FUNDING)

    async def _unsubscribe_order_book_depth(self, command: UnsubscribeOrderBook) -> None:
        await self._drop(command.instrument_id, DEPTH)

    async def _unsubscribe_bars(self, command: UnsubscribeBars) -> None:
        instrument_id = command.bar_type.instrument_id
        self._bar_follower.leave(command.bar_type)
        if not self._bar_follower.uses_trades(instrument_id):
            await self._drop(instrument_id, BARS)

    async def _unsubscribe_option_greeks(self, command: UnsubscribeOptionGreeks) -> None:
        await self._drop(command.instrument_id, GREEKS)

    async def _unsubscribe(self, command: UnsubscribeData) -> None:
        data_type = command.data_type
        if self._has_subscribers(data_type):
            # The engine passes on every end of a custom subscription, not the last alone.
            self._add_subscription(data_type)
            return
        await self._custom.unsubscribe(data_type)

    def _has_subscribers(self, data_type: DataType) -> bool:
        topic = f"data.{data_type.topic}"
        return any(each.topic == topic for each in self._msgbus.subscriptions())

    async def _use(self, instrument_id: InstrumentId, use: int) -> None:
        await self._subscriber.use(await self._feed(instrument_id), use)

    async def _feed(self, instrument_id: InstrumentId) -> MarketFeed:
        feed = self._router.get(instrument_id.symbol.value)
        if feed is None:
            instrument = await self._instrument(instrument_id)
            # Another subscription may have been here during the wait.
            feed = self._router.get(instrument_id.symbol.value)
            if feed is None:
                feed = MarketFeed(instrument, self._wide)
                self._router.add(feed)
        return feed

    async def _drop(self, instrument_id: InstrumentId, use: int) -> None:
        feed = self._router.get(instrument_id.symbol.value)
        if feed is not None:
            await self._subscriber.drop(feed, use)

    def _warn_of_a_cut_book(self, command: SubscribeOrderBook) -> None:
        feed = self._router.get(command.instrument_id.symbol.value)
        if command.managed and feed is not None and feed.uses & DELTAS and feed.uses & DEPTH:
            self._log.warning(
                f"{command.instrument_id}: the platform keeps one book of deltas and depth, which "
                "the depth cuts to ten levels: subscribe to the depth with managed=False"
            )
