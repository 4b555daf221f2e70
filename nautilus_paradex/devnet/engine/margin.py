"""What an account is worth and what its positions and orders require.

Perpetuals and futures follow the venue's public documentation (api-notes, "Risk, fees, funding").
The options' and spot's rules are simple guesses:
* long option: ``min(premium_multiplier x mark, long_itm x spot)``; short option: mark plus
  short_itm or short_otm of the spot, a put's fraction at most short_put_cap of its strike;
* spot: a buy order requires its whole cost, a sell order the tokens it sells; tokens are no
  collateral.
Requirements are rounded up, values down.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from nautilus_paradex.devnet.engine.accounts import Account, Position
from nautilus_paradex.devnet.engine.fees import trade_fee
from nautilus_paradex.devnet.engine.fixed import mul_e8_up
from nautilus_paradex.devnet.engine.leverage import imf_e8
from nautilus_paradex.devnet.engine.options import intrinsic_e8
from nautilus_paradex.devnet.engine.orders import Order
from nautilus_paradex.devnet.engine.state import MarketState, VenueState
from nautilus_paradex.protocol.enums import Liquidity, OptionType, OrderSide, OrderStatus

__all__ = ["Margin", "margin_of", "open_sizes", "unrealized_pnl", "would_be_allowed"]


@dataclass(slots=True, frozen=True)
class Margin:
    """An account's margin; all in the settlement asset at 1e-8."""

    collateral_e8: int
    unrealized_e8: int
    initial_e8: int
    maintenance_e8: int

    @property
    def value_e8(self) -> int:
        return self.collateral_e8 + self.unrealized_e8

    @property
    def free_e8(self) -> int:
        return self.value_e8 - self.initial_e8


def margin_of(state: VenueState, account: Account) -> Margin:
    """Return the margin of an account as it stands."""
    symbols = _symbols(account)
    return Margin(
        collateral_e8=account.collateral_e8,
        unrealized_e8=_unrealized(state, account),
        initial_e8=sum(_initial(state.markets[m], account, _resting(account, m)) for m in symbols),
        maintenance_e8=sum(
            _maintenance(state.markets[m], account, position.size_e8)
            for m, position in account.positions.items()
        ),
    )


def would_be_allowed(
    state: VenueState, account: Account, order: Order, replaces: Order | None = None
) -> bool:
    """
    Return whether the account may have `order`, which does not rest yet, instead of `replaces`.

    It may if the account value covers the initial requirement with it, or if the order does not
    raise that requirement (api-notes).

    """
    market = state.markets[order.market]
    resting = _resting(account, order.market)
    wanted = [o for o in resting if o is not replaces] + [order]
    if market.spec.is_spot and order.side == OrderSide.SELL:
        selling = sum(o.remaining_e8 for o in wanted if not o.is_buy)
        return account.tokens.get(market.spec.base_currency, 0) >= selling
    required = _initial(market, account, wanted)
    if required <= _initial(market, account, resting):
        return True
    elsewhere = sum(
        _initial(state.markets[m], account, _resting(account, m))
        for m in _symbols(account)
        if m != order.market
    )
    return account.collateral_e8 + _unrealized(state, account) >= elsewhere + required


def unrealized_pnl(market: MarketState, position: Position) -> int:
    """Return the open gain of a position at the mark with its accrued funding, rounded down."""
    pricing = market.pricing
    funding = position.accrued_funding(pricing.funding_index_e16)
    return position.unrealized_pnl(pricing.mark_e8) + funding


def open_sizes(position_e8: int, orders: Iterable[Order]) -> tuple[int, int]:
    """Return the buy and the sell open size: what the orders would open beyond the position."""
    buys = sells = 0
    for order in orders:
        if order.is_buy:
            buys += order.remaining_e8
        else:
            sells += order.remaining_e8
    return max(0, buys + position_e8), max(0, sells - position_e8)


def _symbols(account: Account) -> list[str]:
    held = [m for m, position in account.positions.items() if position.size_e8]
    return held + [m for m, orders in account.live.items() if orders and not account.size_in(m)]


def _resting(account: Account, market: str) -> list[Order]:
    return [o for o in account.live_in(market).values() if o.status == OrderStatus.OPEN]


def _unrealized(state: VenueState, account: Account) -> int:
    return sum(
        unrealized_pnl(state.markets[market], position)
        for market, position in account.positions.items()
        if position.size_e8
    )


def _initial(market: MarketState, account: Account, orders: list[Order]) -> int:
    spec = market.spec
    if spec.is_spot:
        return sum(_spot_cost(market, order) for order in orders if order.is_buy)
    size = account.size_in(market.symbol)
    buys, sells = open_sizes(size, orders)
    loss = sum(_open_loss(order, market.pricing.mark_e8) for order in orders)
    if spec.is_option:
        required = max(_option_margin(market, buys), _option_margin(market, -sells))
    else:
        required = _delta_one_margin(market, account, max(buys, sells))
    return required + _fee_provision(market, max(buys, sells)) + loss


def _maintenance(market: MarketState, account: Account, size_e8: int) -> int:
    if size_e8 == 0:
        return 0
    spec = market.spec
    if spec.is_option:
        required = _option_margin(market, size_e8)
    else:
        required = _delta_one_margin(market, account, abs(size_e8))
    return mul_e8_up(required, spec.mmf_factor_e8) + _fee_provision(market, abs(size_e8))


def _delta_one_margin(market: MarketState, account: Account, size_e8: int) -> int:
    notional = mul_e8_up(size_e8, market.pricing.mark_e8)
    chosen = account.margin_settings.get(market.symbol)
    return mul_e8_up(notional, imf_e8(market.spec, chosen))


def _fee_provision(market: MarketState, size_e8: int) -> int:
    return trade_fee(
        market.spec,
        Liquidity.TAKER,
        size_e8=size_e8,
        price_e8=market.pricing.mark_e8,
        spot_e8=market.pricing.index_e8,
    )


def _option_margin(market: MarketState, signed_size_e8: int) -> int:
    spec, pricing = market.spec, market.pricing
    rates = spec.option_margin
    assert rates is not None, "an option has margin parameters"
    assert spec.strike_price_e8 is not None, "an option has a strike"
    if signed_size_e8 >= 0:
        premium = mul_e8_up(pricing.mark_e8, rates.premium_multiplier_e8)
        unit = min(premium, mul_e8_up(pricing.index_e8, rates.long_itm_e8))
        return mul_e8_up(signed_size_e8, unit)
    in_the_money = intrinsic_e8(spec, pricing.index_e8) > 0
    rate = rates.short_itm_e8 if in_the_money else rates.short_otm_e8
    unit = mul_e8_up(pricing.index_e8, rate)
    if spec.option_type == OptionType.PUT:
        unit = min(unit, mul_e8_up(spec.strike_price_e8, rates.short_put_cap_e8))
    return mul_e8_up(-signed_size_e8, pricing.mark_e8 + unit)


def _open_loss(order: Order, mark_e8: int) -> int:
    # A market order has no price to lose by; the fee provision and the band bound it.
    if order.price_e8 is None:
        return 0
    edge = order.price_e8 - mark_e8 if order.is_buy else mark_e8 - order.price_e8
    return mul_e8_up(order.remaining_e8, edge) if edge > 0 else 0


def _spot_cost(market: MarketState, order: Order) -> int:
    price = order.price_e8 if order.price_e8 is not None else market.pricing.band()[1]
    size = order.remaining_e8
    fee = trade_fee(
        market.spec,
        Liquidity.TAKER,
        size_e8=size,
        price_e8=price,
        spot_e8=market.pricing.index_e8,
    )
    return mul_e8_up(size, price) + fee
