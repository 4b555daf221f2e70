"""Answers to questions about accounts and markets; changes nothing.

Errors are `OrderRefused` with the code the venue's REST API answers.
"""

from typing import Final

from nautilus_paradex.devnet.engine.bars import BarSeries
from nautilus_paradex.devnet.engine.model import (
    KLINE_RESOLUTIONS_MINS,
    Balance,
    FundingPayment,
    HistoryQuery,
    Kline,
    KlineQuery,
    OrderRefused,
    Page,
    Settlement,
    TradeBust,
    TransferRecord,
)
from nautilus_paradex.devnet.engine.orders import order_event
from nautilus_paradex.devnet.engine.reporting import (
    account_event,
    balances,
    bbo_event,
    book_snapshot,
    position_event,
)
from nautilus_paradex.devnet.engine.state import MarketState, VenueState
from nautilus_paradex.devnet.engine.summaries import summary_event
from nautilus_paradex.protocol.enums import ErrorCode, PriceKind
from nautilus_paradex.protocol.events import (
    AccountEvent,
    BboEvent,
    BookEvent,
    FillEvent,
    FundingDataEvent,
    MarketSummaryEvent,
    OrderEvent,
    PositionEvent,
    TradeEvent,
)

__all__ = ["Queries"]

_MINUTE_US: Final = 60_000_000


class Queries:
    """
    The venue's reading side.

    Every method that takes an account raises `OrderRefused` (ACCOUNT_NOT_FOUND) for an address
    that is not open, every method that takes a market `OrderRefused` (MARKET_NOT_FOUND) for one
    that is not listed. Pages are newest first; `OrderRefused` (INVALID_REQUEST_PARAMETER) for a
    page size out of range or a cursor that is not ours.

    Parameters
    ----------
    state : VenueState

    """

    def __init__(self, state: VenueState) -> None:
        self._state = state

    def account_event(self, account: str) -> AccountEvent:
        return account_event(self._state, self._state.account(account))

    def isolated_accounts(self, account: str) -> dict[str, str]:
        """Return the isolated-margin accounts of an account, and the market of each."""
        return {a.address: a.isolated_market for a in self._state.family(account)[1:]}

    def balances(self, account: str) -> list[Balance]:
        return balances(self._state.account(account))

    def positions(self, account: str) -> list[PositionEvent]:
        """Return the positions, those since closed included, and those of isolated accounts."""
        return [
            position_event(self._state, owner, position)
            for owner in self._state.family(account)
            for position in owner.positions.values()
        ]

    def open_orders(self, account: str, market: str | None = None) -> list[OrderEvent]:
        """Return what is not closed (NEW, UNTRIGGERED, OPEN), of isolated accounts as well."""
        if market is not None:
            self._state.market(market)
        now = self._state.now_us()
        return [
            order_event(order, now)
            for owner in self._state.family(account)
            for order in owner.all_live(market)
        ]

    def order(self, account: str, order_id: str) -> OrderEvent:
        """Return an order that is not closed; `OrderRefused` ORDER_ID_NOT_FOUND otherwise."""
        order = self._state.account(account).find(order_id)
        if order is None or order.is_closed:
            raise OrderRefused(ErrorCode.ORDER_ID_NOT_FOUND, f"order id not found: {order_id}")
        return order_event(order, self._state.now_us())

    def order_by_client_id(self, account: str, client_id: str) -> OrderEvent:
        """Return an order that is not closed; `OrderRefused` CLIENT_ORDER_ID_NOT_FOUND if none."""
        order = self._state.account(account).find_by_client_id(client_id)
        if order is None or order.is_closed:
            raise OrderRefused(
                ErrorCode.CLIENT_ORDER_ID_NOT_FOUND, f"client order id not found: {client_id}"
            )
        return order_event(order, self._state.now_us())

    def signature_timestamp_ms(self, account: str, order_id: str) -> int:
        """Return the ``timestamp`` of an order's signature, 0 for an order no longer known."""
        order = self._state.account(account).find(order_id)
        return order.signature_timestamp_ms if order else 0

    def orders_history(self, account: str, query: HistoryQuery) -> Page[OrderEvent]:
        """Return one page of orders, open ones included."""
        page = self._state.account(account).orders.page(query)
        now = self._state.now_us()
        return Page(tuple(order_event(order, now) for order in page.results), page.next)

    def fills(self, account: str, query: HistoryQuery) -> Page[FillEvent]:
        log = self._state.account(account).fills
        return log.page(query, lambda fill: query.market in (None, fill.market))

    def funding_payments(self, account: str, query: HistoryQuery) -> Page[FundingPayment]:
        """Return one page of a market's payments; the query needs a market (openapi)."""
        log = self._state.account(account).funding_payments
        self._market_of(query)
        return log.page(query, lambda payment: query.market in (None, payment.market))

    def transfers(self, account: str, query: HistoryQuery) -> Page[TransferRecord]:
        return self._state.account(account).transfers.page(query, lambda _: True)

    def tradebusts(self, account: str, query: HistoryQuery) -> Page[TradeBust]:
        return self._state.account(account).tradebusts.page(query, lambda _: True)

    def book_snapshot(
        self, market: str, depth: int | None = None, *, interactive: bool = False
    ) -> BookEvent:
        """
        Return the book with the seq of its last delta; the next delta is one more.

        Parameters
        ----------
        market : str
        depth : int, optional
            Levels of each side, all if None.
        interactive : bool, default False
            If RPI orders are shown, as in the venue's own UI.

        """
        listed = self._state.market(market)
        return book_snapshot(listed, self._state.now_us(), depth, interactive=interactive)

    def bbo(self, market: str, *, interactive: bool = False) -> BboEvent:
        """Return the best prices, RPI orders included if `interactive`."""
        return bbo_event(self._state.market(market), self._state.now_us(), interactive=interactive)

    def summary(self, market: str) -> MarketSummaryEvent:
        seq = self._state.ids.next_seq()
        return summary_event(self._state, self._state.market(market), self._state.now_us(), seq)

    def settlement(self, market: str) -> Settlement | None:
        """Return how a market was settled that is listed no more, None if there is no such."""
        return self._state.settlements.get(market)

    def trades(self, query: HistoryQuery) -> Page[TradeEvent]:
        """Return one page of the trades of a market, or of all options of the `base_asset`."""
        if query.base_asset is not None:
            log = self._state.option_trades.get(query.base_asset)
            return Page(()) if log is None else log.page(query, lambda _: True)
        return self._market_of(query).trades.page(query, lambda _: True)

    def funding_data(self, query: HistoryQuery) -> Page[FundingDataEvent]:
        return self._market_of(query).funding.page(query, lambda _: True)

    def klines(self, query: KlineQuery) -> list[Kline]:
        """Return bars, the oldest first; `OrderRefused` for a resolution the venue has not."""
        market = self._state.market(query.market)
        if query.resolution_mins not in KLINE_RESOLUTIONS_MINS:
            raise _invalid("resolution", KLINE_RESOLUTIONS_MINS, query.resolution_mins)
        series = market.bars.get(query.price_kind)
        if series is None:
            raise _invalid("price_kind", tuple(market.bars), query.price_kind)
        if query.lag_us and query.price_kind == PriceKind.LAST:
            series = _as_of(series, market, self._state.now_us() - query.lag_us)
        return series.klines(query.resolution_mins, query.start_ms, query.end_ms)

    def position_size_e8(self, account: str, market: str) -> int:
        """Return the signed size of a position."""
        return self._state.account(account).size_in(market)

    def fair_price_e8(self, market: str) -> int:
        """Return an option's mark price, any other market's index price."""
        listed = self._state.market(market)
        return listed.pricing.mark_e8 if listed.spec.is_option else listed.pricing.index_e8

    def live_price_e8(self, account: str, order_id: str) -> int | None:
        """Return the limit price of an order that is not closed, None if there is none."""
        order = self._state.account(account).find(order_id)
        return None if order is None or order.is_closed else order.price_e8

    def _market_of(self, query: HistoryQuery) -> MarketState:
        if query.market is None:
            raise OrderRefused(ErrorCode.INVALID_REQUEST_PARAMETER, "market: is required")
        return self._state.market(query.market)


def _as_of(series: BarSeries, market: MarketState, at_us: int) -> BarSeries:
    """Return the bars of a market's trades as they were at `at_us`."""
    minute_us = at_us // _MINUTE_US * _MINUTE_US
    earlier = series.before(minute_us // 1_000)
    for trade in market.trades.between(minute_us, at_us):
        if trade.seq:
            earlier.add(trade.created_at or 0, trade.price or 0, trade.size or 0)
    return earlier


def _invalid(name: str, allowed: tuple[object, ...], value: object) -> OrderRefused:
    choices = ", ".join(map(str, allowed))
    return OrderRefused(
        ErrorCode.INVALID_REQUEST_PARAMETER, f"{name}: must be one of {choices}, was {value!r}"
    )
