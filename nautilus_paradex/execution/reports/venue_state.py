"""Reading the account over REST so that orders, fills and positions belong together.

The venue answers them in separate requests, and may trade between two of them. Nothing is reported
here, that is `reports`.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from nautilus_trader.common.component import Logger
from nautilus_trader.model.instruments import CurrencyPair

from nautilus_paradex.execution.account.spot import balances_as_positions
from nautilus_paradex.execution.orders.lookup import (
    OrderIds,
    busts_since,
    closed_orders,
    fills_since,
    find_closed_order,
    find_order,
)
from nautilus_paradex.execution.reports.alignment import (
    at_last_fills,
    filled_as_told,
    overlooked_fills,
    without,
)
from nautilus_paradex.execution.reports.lookback import advised
from nautilus_paradex.parsing.fills import own_order, reversal, with_own_order
from nautilus_paradex.parsing.reports import trade_id_of, trade_ids_of
from nautilus_paradex.protocol import rest
from nautilus_paradex.protocol.conversion import order_event, position_event
from nautilus_paradex.protocol.enums import OrderStatus
from nautilus_paradex.protocol.events import FillEvent, OrderEvent, PositionEvent
from nautilus_paradex.protocol.numbers import to_int
from nautilus_paradex.transport.errors import VenueError
from nautilus_paradex.transport.http import ParadexHttpClient

__all__ = ["VenueState", "VenueStateReader"]

_READINGS: Final = 7
_READING_DELAY_SECS: Final = 0.25
_MAX_LOOKUPS: Final = 100


@dataclass(frozen=True, slots=True)
class VenueState:
    """
    The account as read once.

    `fills` are those since `since_ms` and the earlier ones of open orders, the oldest first;
    `positions` include closed ones.

    """

    since_ms: int
    orders: list[OrderEvent]
    fills: list[FillEvent]
    positions: list[PositionEvent]

    def digest(self) -> object:
        """Return what of it changes only when the account trades."""
        return (
            {(o.order_id, o.status, o.size_open) for o in self.orders},
            {trade_id_of(fill) for fill in self.fills},
            {(p.market, p.side, p.size) for p in self.positions if p.size},
        )

    def gaps(self) -> list[str]:
        """
        Return the orders whose fills do not add up to what they say.

        Orders that were closed before the window are not among them: their fills were not asked
        for.
        """
        filled: Counter[str] = Counter()
        for fill in self.fills:
            filled[fill.order_id or ""] += fill.size or 0
        return [
            order.order_id or ""
            for order in self.orders
            if (_ms(order.created_at) >= self.since_ms or order.status != OrderStatus.CLOSED)
            and order.size is not None
            and order.size_open is not None
            and order.size - order.size_open != filled[order.order_id or ""]
        ]

    def is_proven(self) -> bool:
        """
        Whether the parts are known to belong together.

        The fills add up to what the orders say, and every position names the newest fill of its
        market as its last, or was not touched within the window.
        """
        if self.gaps():
            return False
        newest = {fill.market: fill.fill_id for fill in self.fills}
        last = {position.market: position for position in self.positions}
        return newest.keys() <= last.keys() and all(
            position.last_fill_id == newest[market]
            if market in newest
            else _ms(position.updated_at) < self.since_ms
            for market, position in last.items()
        )


class VenueStateReader:
    """
    Reads the account.

    Parameters
    ----------
    http : ParadexHttpClient
        The REST client.
    log : Logger
        The client's logger.
    pairs_of_balances : callable
        Returns the spot pairs whose token balances are to be read as positions.
    heard_fills : callable
        Returns the fills that the stream has brought since a whole state was asked for.

    """

    def __init__(
        self,
        http: ParadexHttpClient,
        log: Logger,
        pairs_of_balances: Callable[[], Sequence[CurrencyPair]],
        heard_fills: Callable[[], Sequence[FillEvent]],
    ) -> None:
        self._http = http
        self._log = log
        self._pairs_of_balances = pairs_of_balances
        self._heard_fills = heard_fills

    async def whole(self, since_ms: int, wanted: Sequence[OrderIds] = ()) -> VenueState:
        """
        Return a state of the account whose parts belong together, with an order for every fill.

        Read until that is proven, or nothing has changed from one reading to the next; then cut to
        the moment of the last fill read in each market.

        Parameters
        ----------
        since_ms : int
            How far closed orders and fills go back.
        wanted : Sequence of OrderIds
            Orders that are open for the platform: those placed before that time, and closed since,
            are looked up.

        Raises
        ------
        RequestError
            If the venue could not be asked.
        MessageError
            If its answer could not be read.

        """
        state = await self._read(since_ms)
        stands_still = state.is_proven()
        for _ in range(_READINGS - 1):
            if stands_still:
                break
            await asyncio.sleep(_READING_DELAY_SECS)
            before, state = state, await self._read(since_ms)
            stands_still = state.is_proven() or before.digest() == state.digest()
            if not stands_still:
                self._log.info("The account traded while it was read: reading it again")
        if not stands_still:
            self._log.warning(f"The account did not stand still during {_READINGS} readings")
        if gaps := state.gaps():
            self._log.warning(f"The venue lists no fills for what it says was filled of {gaps}")
        state = await self._with_orders(await self._with_wanted(state, wanted))
        return await self._with_busts(state if stands_still else self._of_one_moment(state))

    async def open_orders(self, market: str | None) -> list[OrderEvent]:
        """Return the orders that are on the book or wait for their trigger. Raises as `whole`."""
        orders = [order_event(order) for order in await self._http.open_orders(market)]
        # A NEW order has not passed the risk engine: its fate will be told by the streams.
        return [order for order in orders if order.status != OrderStatus.NEW]

    async def fills(
        self,
        market: str | None,
        start_ms: int,
        end_ms: int | None,
    ) -> list[FillEvent]:
        """Return the fills of a span of time, each once. Raises as `whole`."""
        fills = await fills_since(self._http, start_ms, market=market, end_at_ms=end_ms)
        return _each_once(fills)

    async def positions(self) -> list[PositionEvent]:
        """Return the positions, closed ones included. Raises as `whole`."""
        positions = [position_event(position) for position in await self._http.positions()]
        pairs = self._pairs_of_balances()
        return [*positions, *await balances_as_positions(self._http, pairs)] if pairs else positions

    # -- One reading -----------------------------------------------------------------------------

    async def _read(self, since_ms: int) -> VenueState:
        # Open orders first: one that closes meanwhile is then among the closed ones.
        open_orders = await self.open_orders(None)
        older = [order for order in open_orders if _ms(order.created_at) < since_ms]
        # At once, so that the account has little time to trade in between.
        closed, fills, earlier, positions = await asyncio.gather(
            self._closed_orders(since_ms),
            self._recent_fills(since_ms),
            self._earlier_fills(older, since_ms),
            self.positions(),
        )
        return VenueState(
            since_ms=since_ms,
            orders=list({order.order_id: order for order in (*open_orders, *closed)}.values()),
            # Without the earlier fills of an open order the engine would invent one for them.
            fills=_each_once([*earlier, *fills]),
            positions=positions,
        )

    async def _closed_orders(self, since_ms: int) -> list[OrderEvent]:
        with advised("closed orders", since_ms, self._http.clock.now_ms()):
            return await closed_orders(self._http, start_at_ms=since_ms)

    async def _recent_fills(self, since_ms: int) -> list[FillEvent]:
        with advised("fills", since_ms, self._http.clock.now_ms()):
            return await self.fills(None, since_ms, None)

    # -- What a reading leaves open --------------------------------------------------------------

    async def _with_wanted(self, state: VenueState, wanted: Sequence[OrderIds]) -> VenueState:
        # The history is asked for by the time of creation (guess).
        listed = {order.order_id for order in state.orders}
        found = []
        for ids in wanted:
            if ids.venue_order_id in listed:
                continue
            order = await find_closed_order(self._http, ids)
            if order is None:
                self._log.warning(f"The venue lists {ids.client_id} nowhere, which is open here")
            else:
                found.append(order)
        return replace(
            state,
            orders=[*state.orders, *found],
            fills=_each_once(
                [*await self._earlier_fills(found, state.since_ms), *state.fills],
            ),
        )

    async def _with_orders(self, state: VenueState) -> VenueState:
        """
        Give every fill its order.

        Those placed before the window and closed in it are looked up; a fill that has none, or
        one that the venue does not list, gets an order of its own.
        """
        listed = {order.order_id for order in state.orders}
        strangers = {f.order_id: f for f in state.fills if f.order_id and f.order_id not in listed}
        if len(strangers) > _MAX_LOOKUPS:
            self._log.warning(
                f"{len(strangers)} orders were placed before the time that is reported and filled "
                f"in it: only {_MAX_LOOKUPS} are looked up, the fills of the others are told each "
                "as an order of its own",
            )
        found: list[OrderEvent] = []
        unlisted: set[str | None] = {None, ""}
        for order_id, fill in list(strangers.items())[:_MAX_LOOKUPS]:
            ids = OrderIds(fill.client_order_id or None, order_id, fill.market)
            order = await find_order(self._http, ids)
            found += [order] if order is not None else []
            unlisted |= {order_id} if order is None else set()
        owned = [with_own_order(f) if f.order_id in unlisted else f for f in state.fills]
        own_ids = {fill.order_id for fill in owned} - {fill.order_id for fill in state.fills}
        own_orders = [own_order(f, is_filled=True) for f in owned if f.order_id in own_ids]
        return replace(
            state,
            orders=[*state.orders, *found, *own_orders],
            fills=_each_once([*await self._earlier_fills(found, state.since_ms), *owned]),
        )

    async def _earlier_fills(self, orders: Iterable[OrderEvent], end_ms: int) -> list[FillEvent]:
        """Return the fills of orders up to a time; of their markets alone: it may be far back."""
        by_market: defaultdict[str | None, dict[str | None, int]] = defaultdict(dict)
        for order in orders:
            if order.size != order.size_open:
                by_market[order.market][order.order_id] = _ms(order.created_at)
        return [
            fill
            for market, created_ms in by_market.items()
            for fill in await self.fills(market, min(created_ms.values()), end_ms)
            if fill.order_id in created_ms
        ]

    def _of_one_moment(self, state: VenueState) -> VenueState:
        heard = self._heard_fills()
        fills = [*state.fills, *overlooked_fills(state.orders, state.fills, heard)]
        return replace(
            state,
            orders=filled_as_told(state.orders, fills),
            fills=fills,
            positions=at_last_fills(state.positions, fills, without(heard, fills)),
        )

    async def _with_busts(self, state: VenueState) -> VenueState:
        """Undo the fills that the venue has taken back and still lists."""
        busts = {bust.busted_fill_id: bust for bust in await self._busts(state.since_ms)}
        fills = {trade_id_of(fill): fill for fill in state.fills} if busts else {}
        undone = []
        for fill_id, bust in busts.items():
            fill = next((fills[t] for t in trade_ids_of(fill_id) if t in fills), None)
            if fill is not None:
                undone.append(reversal(fill, (to_int(bust.created_at) or 0) * 1_000))
        return replace(
            state,
            orders=[*state.orders, *(own_order(fill, is_filled=True) for fill in undone)],
            fills=[*state.fills, *undone],
        )

    async def _busts(self, since_ms: int) -> list[rest.TradeBust]:
        try:
            return await busts_since(self._http, since_ms)
        except VenueError as exc:
            self._log.warning(f"The venue does not tell of trade busts: {exc}")
            return []


def _each_once(fills: list[FillEvent]) -> list[FillEvent]:
    return list({trade_id_of(fill): fill for fill in fills}.values())


def _ms(ts_us: int | None) -> int:
    return (ts_us or 0) // 1_000
