"""Other participants for the devnet: a seeded index, makers around it, takers that come by.

They trade through `Exchange.submit` like anybody else. A practice partner, not a model of a
market: the spread is left wide enough to quote inside of it, and takers take whoever is best.
"""

from collections import deque
from collections.abc import Collection
from dataclasses import dataclass, field
from math import isqrt
from random import Random
from typing import Final

from nautilus_paradex.devnet.engine.exchange import Exchange
from nautilus_paradex.devnet.engine.fixed import round_to_multiple
from nautilus_paradex.devnet.engine.markets import MarketSpec
from nautilus_paradex.devnet.engine.model import NewOrder, OrderRefused
from nautilus_paradex.protocol.enums import (
    AssetKind,
    OrderInstruction,
    OrderSide,
    OrderType,
    SystemStatus,
)
from nautilus_paradex.protocol.numbers import E8

__all__ = ["SyntheticMarket"]

_SECOND_US: Final = 1_000_000
_LONGEST_STEP_US: Final = 2 * _SECOND_US
"""The most that one step lives through: bounds the work of a step after a pause or at high speed.

At ten steps a second, a speed above 20 therefore changes nothing.
"""
_PPM: Final = 1_000_000

_WALK_PPM: Final = 90
"""Largest move of an index in a second, in millionths; it grows with the root of time."""
_REVERSION_US: Final = 3_600 * _SECOND_US
"""How slowly an index is drawn back to where it began."""

_MAKER_BALANCE_E8: Final = 1_000_000_000 * E8
_MAKER_TOKENS_E8: Final = 10_000_000_000 * E8
_REFRESHED_PER_STEP: Final = 2
"""Quotes a maker replaces in one market and step at speed 1: those furthest from their place."""

_LARGEST_UNIT: Final = 200
"""Into how many units the largest order of a market can be parted at least."""

_UNDERLYINGS_PER_STEP: Final = 25
"""With more of them than this, each has its turn less often, and lives through more time then."""

_TAKER_LIMIT_UNITS: Final = 40
"""A taker that holds more than this many of a market's units trades back."""


@dataclass(frozen=True, slots=True)
class _Habit:
    """How a kind of market is quoted and traded; `unit_usd` is the size that is usual there."""

    width_factor: int
    trades_per_minute: int
    unit_usd: int


_HABITS: Final = {
    AssetKind.PERP.value: _Habit(width_factor=1, trades_per_minute=90, unit_usd=2_000),
    AssetKind.FUTURE.value: _Habit(width_factor=2, trades_per_minute=10, unit_usd=2_000),
    AssetKind.SPOT.value: _Habit(width_factor=5, trades_per_minute=15, unit_usd=200),
    AssetKind.PERP_OPTION.value: _Habit(width_factor=50, trades_per_minute=10, unit_usd=500),
    AssetKind.OPTION.value: _Habit(width_factor=50, trades_per_minute=10, unit_usd=500),
}


@dataclass(frozen=True, slots=True)
class _Maker:
    """A ladder of quotes, distances in millionths of the price; how they are sent and where."""

    address: str
    ladder_ppm: tuple[int, ...]
    instruction: str = OrderInstruction.POST_ONLY.value
    interactive: bool = False
    kinds: frozenset[str] = frozenset(_HABITS)


_ONLY_PERPETUALS: Final = frozenset({AssetKind.PERP.value})

# One close to the fair price, one far; one inside of both for retail takers only, and one person.
_MAKERS: Final = (
    _Maker("0xd1", (150, 250, 400, 650, 1_000)),
    _Maker("0xd2", (300, 600, 1_200, 2_400, 4_800)),
    _Maker(
        "0xd5",
        (90, 200),
        instruction=OrderInstruction.RPI.value,
        kinds=_ONLY_PERPETUALS,
    ),
    _Maker("0xd6", (500,), interactive=True, kinds=_ONLY_PERPETUALS),
)


@dataclass(frozen=True, slots=True)
class _Taker:
    address: str
    interactive: bool = False


_TAKERS: Final = (_Taker("0xd3"), _Taker("0xd4"), _Taker("0xd3"), _Taker("0xd7", interactive=True))
"""Whose turn it is, is drawn: one in four is a retail order."""


@dataclass(slots=True)
class _Quote:
    """One maker's place in the book of one market."""

    maker: _Maker
    side: str
    distance_ppm: int
    order_id: str | None = None


@dataclass(slots=True)
class _Venue:
    """One market as the participants see it; `owed_e6` is a fraction of the next trade, ppm."""

    spec: MarketSpec
    habit: _Habit
    unit_e8: int
    owed_ppm: int = 0
    quotes: list[list[_Quote]] = field(default_factory=list)


class SyntheticMarket:
    """
    The devnet's other participants; `step` is to be called by a timer.

    Deterministic: the same seed, markets and times of steps give the same orders.

    Parameters
    ----------
    exchange : Exchange
    seed : int
    speed : float, default 1.0
        How many times faster their time runs than the venue's; a step lives through 2 s of it
        at most.
    without : collection of str, optional
        Markets that are left alone, and whose underlying's index stays where it is.

    """

    def __init__(
        self,
        exchange: Exchange,
        *,
        seed: int,
        speed: float = 1.0,
        without: Collection[str] = (),
    ) -> None:
        self._exchange = exchange
        self._speed_ppm = round(speed * _PPM)
        self._refreshed = max(_REFRESHED_PER_STEP, round(_REFRESHED_PER_STEP * speed))
        self._random = Random(f"{seed}/synthetic")  # noqa: S311 (a made-up market, not a secret)
        self._stepped_at_us: dict[str, int] = {}
        self._turns: deque[str] = deque()
        self._without = frozenset(without)
        self._fixed = {exchange.markets[m].base_currency for m in without if m in exchange.markets}
        self._starts: dict[str, int] = {}
        self._index: dict[str, int] = {}
        self._venues: dict[str, _Venue] = {}
        self._open_accounts()
        self._follow_listing()
        exchange.process()

    def step(self, now_us: int) -> None:
        """Let the participants act on what happened until `now_us`, and execute their orders."""
        self._follow_listing()
        turn = {underlying: self._elapsed(underlying, now_us) for underlying in self._next_turn()}
        for underlying, elapsed_us in turn.items():
            self._move_index(underlying, elapsed_us)
        if self._exchange.system_status == SystemStatus.MAINTENANCE:
            return
        for venue in self._venues.values():
            elapsed = turn.get(venue.spec.base_currency)
            if elapsed is None:
                continue
            for quotes in venue.quotes:
                self._refresh(venue, quotes)
            self._take(venue, elapsed)
        self._exchange.process()

    def _next_turn(self) -> list[str]:
        """Return the underlyings whose turn it is: all, unless there are very many."""
        count = min(_UNDERLYINGS_PER_STEP, len(self._turns))
        turn = [self._turns.popleft() for _ in range(count)]
        self._turns.extend(turn)
        return turn

    def _elapsed(self, underlying: str, now_us: int) -> int:
        """Return the time to live through since the last turn of `underlying`."""
        before = self._stepped_at_us.get(underlying, now_us)
        self._stepped_at_us[underlying] = now_us
        elapsed = (now_us - before) * self._speed_ppm // _PPM
        return max(0, min(elapsed, _LONGEST_STEP_US))

    def _follow_listing(self) -> None:
        """Begin with what was listed, end with what is gone, and keep to what was changed."""
        listed = self._exchange.markets
        for symbol in [symbol for symbol in self._venues if symbol not in listed]:
            del self._venues[symbol]
        for spec in listed.values():
            venue = self._venues.get(spec.symbol)
            if venue is None:
                if spec.symbol not in self._without:
                    self._begin(spec)
            elif venue.spec is not spec:
                venue.spec, venue.unit_e8 = spec, _unit_e8(spec)
        underlyings = {venue.spec.base_currency for venue in self._venues.values()}
        for underlying in [u for u in self._starts if u not in underlyings]:
            del self._starts[underlying], self._index[underlying]
        if underlyings != set(self._turns):
            self._turns = deque(sorted(underlyings))
            self._stepped_at_us = {
                u: self._stepped_at_us[u] for u in underlyings & self._stepped_at_us.keys()
            }

    def _begin(self, spec: MarketSpec) -> None:
        if spec.base_currency not in self._fixed:
            price = self._starts.setdefault(spec.base_currency, spec.reference_price_e8)
            self._index.setdefault(spec.base_currency, price)
        venue = self._venues[spec.symbol] = _venue(spec)
        self._quote_all(venue)

    def _open_accounts(self) -> None:
        spots = {s.base_currency for s in self._exchange.markets.values() if s.is_spot}
        for participant in (*_MAKERS, *_TAKERS):
            self._exchange.open_account(
                participant.address,
                0,
                _MAKER_BALANCE_E8,
                tokens=dict.fromkeys(sorted(spots), _MAKER_TOKENS_E8),
                is_house=True,
            )
        for maker in _MAKERS:
            if maker.instruction == OrderInstruction.RPI:
                self._exchange.whitelist_for_rpi(maker.address)

    def _move_index(self, underlying: str, elapsed_us: int) -> None:
        start = self._starts.get(underlying)
        if start is None:
            return
        root = isqrt(elapsed_us * _SECOND_US)  # 1e6 after a second
        price = self._index[underlying]
        span = price * _WALK_PPM * root // _PPM // _SECOND_US
        drift = (start - price) * elapsed_us // _REVERSION_US
        price = max(start // 2, 1, price + drift + self._random.randint(-span, span))
        self._index[underlying] = price
        self._exchange.set_index_price(underlying, price)

    def _quote_all(self, venue: _Venue) -> None:
        for quotes in venue.quotes:
            for quote in quotes:
                self._place(venue, quote, self._target(venue, quote))

    def _refresh(self, venue: _Venue, quotes: list[_Quote]) -> None:
        """Replace the quotes that are furthest from where they belong, the missing ones first."""
        off: list[tuple[int, int]] = []
        for number, quote in enumerate(quotes):
            price = self._resting_price(quote)
            target = self._target(venue, quote)
            away = venue.spec.reference_price_e8 if price is None else abs(price - target)
            # Left alone while it is off by less than a quarter of its distance.
            if price is None or away * _PPM * 4 > target * quote.distance_ppm:
                off.append((-away, number))
        for _, number in sorted(off)[: self._refreshed]:
            quote = quotes[number]
            if self._resting_price(quote) is not None and quote.order_id is not None:
                self._exchange.cancel(quote.maker.address, quote.order_id)
            self._place(venue, quote, self._target(venue, quote))

    def _place(self, venue: _Venue, quote: _Quote, price_e8: int) -> None:
        order = NewOrder(
            market=venue.spec.symbol,
            side=quote.side,
            order_type=OrderType.LIMIT.value,
            size_e8=venue.unit_e8 * self._random.randint(1, 4),
            price_e8=price_e8,
            instruction=quote.maker.instruction,
            interactive=quote.maker.interactive,
        )
        quote.order_id = self._submit(quote.maker.address, order)

    def _take(self, venue: _Venue, elapsed_us: int) -> None:
        """Send what takers owe for the time elapsed, at random but so many a minute."""
        rate = venue.habit.trades_per_minute * self._random.randint(0, 2)
        venue.owed_ppm += rate * elapsed_us * _PPM // (60 * _SECOND_US)
        while venue.owed_ppm >= _PPM:
            venue.owed_ppm -= _PPM
            taker = self._random.choice(_TAKERS)
            order = NewOrder(
                market=venue.spec.symbol,
                side=self._side(venue, taker.address),
                order_type=OrderType.MARKET.value,
                size_e8=venue.unit_e8 * self._random.choice((1, 1, 1, 2, 2, 3, 5)),
                interactive=taker.interactive,
            )
            self._submit(taker.address, order)

    def _side(self, venue: _Venue, taker: str) -> str:
        held = self._exchange.position_size_e8(taker, venue.spec.symbol)
        if abs(held) > _TAKER_LIMIT_UNITS * venue.unit_e8:
            return (OrderSide.SELL if held > 0 else OrderSide.BUY).value
        return self._random.choice((OrderSide.BUY.value, OrderSide.SELL.value))

    def _target(self, venue: _Venue, quote: _Quote) -> int:
        fair = self._exchange.fair_price_e8(venue.spec.symbol)
        tick = venue.spec.price_tick_e8
        away = max(tick, fair * quote.distance_ppm // _PPM)
        price = fair - away if quote.side == OrderSide.BUY else fair + away
        return max(tick, round_to_multiple(price, tick))

    def _resting_price(self, quote: _Quote) -> int | None:
        if quote.order_id is None:
            return None
        return self._exchange.live_price_e8(quote.maker.address, quote.order_id)

    def _submit(self, account: str, order: NewOrder) -> str | None:
        # Refused while the venue is in another state than "ok", or has too much to do: a
        # participant comes back with the next step.
        try:
            return self._exchange.submit(account, order).order_id
        except OrderRefused:
            return None


def _venue(spec: MarketSpec) -> _Venue:
    habit = _HABITS[spec.asset_kind]
    venue = _Venue(spec, habit, _unit_e8(spec))
    venue.quotes = [
        [
            _Quote(maker, side.value, ppm * habit.width_factor)
            for ppm in maker.ladder_ppm
            for side in OrderSide
        ]
        for maker in _MAKERS
        if spec.asset_kind in maker.kinds
    ]
    return venue


def _unit_e8(spec: MarketSpec) -> int:
    price = spec.reference_price_e8
    usual = _HABITS[spec.asset_kind].unit_usd * E8 * E8 // price // spec.size_increment_e8
    smallest = -(-2 * spec.min_notional_e8 * E8 // price // spec.size_increment_e8)
    most = spec.max_order_size_e8 // _LARGEST_UNIT // spec.size_increment_e8
    return max(1, smallest, min(usual, most)) * spec.size_increment_e8
