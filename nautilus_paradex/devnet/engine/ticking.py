"""What happens to the venue by time alone: prices, funding, bars, health, triggers."""

from typing import Final

from nautilus_paradex.devnet.engine.executor import Engine
from nautilus_paradex.devnet.engine.interventions import Interventions
from nautilus_paradex.devnet.engine.margin import margin_of
from nautilus_paradex.devnet.engine.outbox import Outbox
from nautilus_paradex.devnet.engine.state import MarketState, VenueState
from nautilus_paradex.devnet.engine.summaries import funding_event, summary_event
from nautilus_paradex.protocol.enums import AccountStatus, PriceKind

__all__ = ["Ticker"]

_FUNDING_EVERY_US: Final = (
    1_000_000  # as the index advances (api-notes); the rate of sending: guess
)
_FUNDING_LOGGED_EVERY_US: Final = 60_000_000
_HEALTH_EVERY_US: Final = 5_000_000  # api-notes


class Ticker:
    """
    Moves the venue on in time.

    Parameters
    ----------
    state : VenueState
    engine : Engine
        Executes the orders that a price sets off.
    outbox : Outbox
    interventions : Interventions
        Liquidates accounts.

    """

    def __init__(
        self,
        state: VenueState,
        engine: Engine,
        outbox: Outbox,
        interventions: Interventions,
    ) -> None:
        self._interventions = interventions
        self._state = state
        self._engine = engine
        self._outbox = outbox
        now = state.now_us()
        self._funding_sent_at_us = now
        self._funding_logged_at_us = 0
        self._health_checked_at_us = now

    def tick(self) -> None:
        """Bring everything to the present and publish it."""
        now = self._state.now_us()
        for market in self._state.markets.values():
            market.pricing.update(market.book.mid_e8(), now)
            self._record_prices(market, now)
            self._engine.check_triggers(market)
            seq = self._state.ids.next_seq()
            self._outbox.public(summary_event(self._state, market, now, seq))
        self._publish_funding(now)
        self._check_health(now)

    def set_index_price(self, underlying: str, price_e8: int) -> None:
        """Set the index of all markets on `underlying`; `ValueError` if there is none."""
        if price_e8 <= 0:
            raise ValueError(f"an index price must be positive, was {price_e8}")
        concerned = [
            market
            for market in self._state.markets.values()
            if market.spec.base_currency == underlying
        ]
        if not concerned:
            raise ValueError(f"no market has the base currency {underlying!r}")
        now = self._state.now_us()
        for market in concerned:
            market.pricing.set_index(price_e8, now)
            self._record_prices(market, now)
            self._engine.check_triggers(market)

    def _record_prices(self, market: MarketState, now_us: int) -> None:
        market.bars[PriceKind.MARK].add(now_us, market.pricing.mark_e8)
        market.bars[PriceKind.UNDERLYING].add(now_us, market.pricing.index_e8)

    def _publish_funding(self, now_us: int) -> None:
        if now_us - self._funding_sent_at_us < _FUNDING_EVERY_US:
            return
        self._funding_sent_at_us = now_us
        is_logged = now_us - self._funding_logged_at_us >= _FUNDING_LOGGED_EVERY_US
        if is_logged:
            self._funding_logged_at_us = now_us
        for market in self._state.markets.values():
            if not market.spec.has_funding:
                continue
            event = funding_event(market, now_us, self._state.ids.next_seq())
            if is_logged:
                market.funding.append(now_us, event)
            self._outbox.public(event)

    def _check_health(self, now_us: int) -> None:
        """Set the status of accounts, and liquidate those below their maintenance margin."""
        if now_us - self._health_checked_at_us < _HEALTH_EVERY_US:
            return
        self._health_checked_at_us = now_us
        for account in self._state.accounts.values():
            is_flat = not any(position.size_e8 for position in account.positions.values())
            if is_flat and account.status == AccountStatus.ACTIVE:
                continue
            margin = margin_of(self._state, account)
            healthy = is_flat or margin.value_e8 >= margin.maintenance_e8
            status = AccountStatus.ACTIVE if healthy else AccountStatus.LIQUIDATION
            account.status = status.value
            self._outbox.account(account)
            # What the house holds backs the others: it may fall below any margin.
            if not healthy and not account.is_house:
                self._interventions.liquidate(account.address)
        self._outbox.flush()
