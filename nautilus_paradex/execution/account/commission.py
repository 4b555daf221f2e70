"""The commission of fills that the platform has to infer, from rates and the latest spot prices."""

from nautilus_trader.cache.cache import Cache
from nautilus_trader.model.enums import LiquiditySide
from nautilus_trader.model.instruments import CryptoOption, Instrument
from nautilus_trader.model.objects import Money, Price, Quantity

from nautilus_paradex.parsing.fees import commission
from nautilus_paradex.parsing.precision import price_to_e8
from nautilus_paradex.protocol.events import FillEvent

__all__ = ["Commissions"]


class Commissions:
    """
    Knows what a fill costs.

    Parameters
    ----------
    cache : Cache
        The platform's cache: index prices, where a data client delivers them.
    is_retail : bool
        If the account trades with the retail profile.

    """

    def __init__(self, cache: Cache, *, is_retail: bool) -> None:
        self._cache = cache
        self._is_retail = is_retail
        # By the code of the underlying, so that it is no larger than the venue's list of assets.
        self._spots_e8: dict[str, int] = {}

    def note(self, fill: FillEvent) -> None:
        """Remember the price of the underlying that the venue tells with a fill."""
        if fill.market and fill.underlying_price:
            self._spots_e8[_underlying_of(fill.market)] = fill.underlying_price

    def of(
        self,
        instrument: Instrument,
        last_qty: Quantity,
        last_px: Price,
        liquidity_side: LiquiditySide,
    ) -> Money:
        """Return what a fill costs by the instrument's rates, which are the account's own."""
        is_option = isinstance(instrument, CryptoOption)
        return commission(
            instrument,
            last_qty,
            last_px,
            liquidity_side,
            spot_e8=self._spot_e8(instrument) if is_option else None,
            is_retail=self._is_retail,
        )

    def _spot_e8(self, option: CryptoOption) -> int | None:
        index = self._cache.index_price(option.id)
        if index is not None:
            return price_to_e8(index.value)
        return self._spots_e8.get(_underlying_of(option.raw_symbol.value))


def _underlying_of(market: str) -> str:
    return market.partition("-")[0]
