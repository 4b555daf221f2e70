"""Index, mark price and funding of one market as they move in time.

The devnet's own rules, guesses about the venue where its documents say less:
* the mark of a perpetual or future is the index plus a moving average of (book's mid - index), the
  average weighing a new value by how long ago the last one was (time constant 30 s), and held
  within half the price band of the index;
* an option's mark is its fair value (`options`), a spot market's the index;
* the funding rate of a period is the average premium, plus the interest rate less the premium
  clamped to the clamp rate, within the market's maximum; for an option it is the mark's time value
  over the spot;
* the funding index grows by ``rate * spot`` per period, every second, and not over gaps longer
  than 30 s (documented).
"""

from dataclasses import dataclass
from typing import Final

from nautilus_paradex.devnet.engine.fixed import mul_e8, round_div
from nautilus_paradex.devnet.engine.markets import MarketSpec
from nautilus_paradex.devnet.engine.options import OptionValue, intrinsic_e8, option_value
from nautilus_paradex.protocol.enums import AssetKind
from nautilus_paradex.protocol.numbers import E8

__all__ = ["FundingRate", "Pricing"]

_SECOND_US: Final = 1_000_000
_MAX_FUNDING_GAP_US: Final = 30 * _SECOND_US
_BASIS_TIME_US: Final = 30 * _SECOND_US
_E12: Final = 10**12


@dataclass(slots=True, frozen=True)
class FundingRate:
    """The rate of the market's own period, and the premium in USD that it stands for."""

    rate_e12: int
    premium_e8: int

    @property
    def rate_e8(self) -> int:
        """Cut off at eight decimals, as the schema says of its field of eight."""
        return -(-self.rate_e12 // 10_000) if self.rate_e12 < 0 else self.rate_e12 // 10_000


class Pricing:
    """
    The moving prices of one market.

    Parameters
    ----------
    spec : MarketSpec
    now_us : int
        When the market starts, at the index of its reference price.

    """

    def __init__(self, spec: MarketSpec, now_us: int) -> None:
        self._spec = spec
        self._basis_e8 = 0
        self._marked_at_us = now_us
        self._funded_at_us = now_us
        self.index_e8 = spec.reference_price_e8
        self.option: OptionValue | None = None
        self.mark_e8 = self.index_e8
        self.funding_index_e16 = 0
        self._set_mark(now_us)

    def update(self, mid_e8: int | None, now_us: int) -> None:
        """Move the mark and the funding index on to `now_us`; `mid_e8` is None without a book."""
        target = 0 if mid_e8 is None else mid_e8 - self.index_e8
        elapsed = max(0, now_us - self._marked_at_us)
        self._basis_e8 += (target - self._basis_e8) * elapsed // (elapsed + _BASIS_TIME_US)
        self._marked_at_us = now_us
        self._advance_funding(now_us)
        self._set_mark(now_us)

    def set_index(self, price_e8: int, now_us: int) -> None:
        self.index_e8 = price_e8
        self._set_mark(now_us)

    def respecify(self, spec: MarketSpec, now_us: int) -> None:
        """Go on by a changed specification."""
        self._spec = spec
        self._set_mark(now_us)

    def band(self) -> tuple[int, int]:
        """Return the lowest and the highest price an order may trade at, on the tick."""
        tick = self._spec.price_tick_e8
        width = mul_e8(self.mark_e8, self._spec.price_bands_width_e8)
        low = max(tick, -(-(self.mark_e8 - width) // tick) * tick)
        return low, max(low, (self.mark_e8 + width) // tick * tick)

    def funding_rate(self) -> FundingRate:
        """Return the current rate; zero for markets without funding."""
        spec = self._spec
        if not spec.has_funding:
            return FundingRate(0, 0)
        if spec.asset_kind == AssetKind.PERP_OPTION:
            time_value = self.mark_e8 - intrinsic_e8(spec, self.index_e8)
            return FundingRate(round_div(time_value * _E12, self.index_e8), time_value)
        premium = self.premium_rate_e12()
        clamp, most = spec.clamp_rate_e8 * 10_000, spec.max_funding_rate_e8 * 10_000
        rate = premium + max(-clamp, min(clamp, spec.interest_rate_e8 * 10_000 - premium))
        rate = max(-most, min(most, rate))
        return FundingRate(rate, rate * self.index_e8 // _E12)

    def premium_rate_e12(self) -> int:
        """Return by how much of the index the mark is above it."""
        return round_div((self.mark_e8 - self.index_e8) * _E12, self.index_e8)

    def _advance_funding(self, now_us: int) -> None:
        seconds = (now_us - self._funded_at_us) // _SECOND_US
        if seconds <= 0:
            return
        gap = now_us - self._funded_at_us > _MAX_FUNDING_GAP_US
        self._funded_at_us += seconds * _SECOND_US
        if gap:
            return
        period_secs = self._spec.funding_period_hours * 3_600
        self.funding_index_e16 += self.funding_rate().premium_e8 * E8 * seconds // period_secs

    def _set_mark(self, now_us: int) -> None:
        spec = self._spec
        if spec.is_option:
            self.option = option_value(spec, self.index_e8, now_us)
            self.mark_e8 = max(1, self.option.price_e8)
            return
        if spec.is_spot:
            self.mark_e8 = self.index_e8
            return
        limit = mul_e8(self.index_e8, spec.price_bands_width_e8) // 2
        self.mark_e8 = self.index_e8 + max(-limit, min(limit, self._basis_e8))
