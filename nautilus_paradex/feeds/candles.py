"""
Which of the venue's candles serve a bar type: their length and the price they are made of.

Shared by bars that are asked for (`bar_history`) and bars that are followed (`bars`).
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from nautilus_trader.model.data import BarType
from nautilus_trader.model.enums import BarAggregation, PriceType

from nautilus_paradex.protocol.enums import PriceKind
from nautilus_paradex.protocol.errors import ParadexError

__all__ = ["MS_PER_MINUTE", "PRICE_KIND", "Candles", "UnsupportedBarsError", "candles_of"]

MS_PER_MINUTE: Final = 60_000

PRICE_KIND: Final = "price_kind"
"""The parameter of a subscription or request that names another price than the bar type's."""

_RESOLUTIONS_MINS: Final = frozenset({1, 3, 5, 15, 30, 60})
_MINUTES: Final = {BarAggregation.MINUTE: 1, BarAggregation.HOUR: 60}
_PRICE_KINDS: Final = {PriceType.LAST: PriceKind.LAST, PriceType.MARK: PriceKind.MARK}
# The platform has no price type for an index; the venue calls it the underlying.
_NAMED_KINDS: Final = {
    "last": PriceKind.LAST,
    "mark": PriceKind.MARK,
    "index": PriceKind.UNDERLYING,
    "underlying": PriceKind.UNDERLYING,
}


class UnsupportedBarsError(ParadexError):
    """The venue has no candles of the kind that was asked for."""


class Candles(NamedTuple):
    """Candles of the venue: minutes of each, and the price they are made of."""

    minutes: int
    price_kind: PriceKind

    @property
    def interval_ms(self) -> int:
        """The length of a candle, ms."""
        return self.minutes * MS_PER_MINUTE


def candles_of(bar_type: BarType, params: Mapping[str, object] | None = None) -> Candles:
    """
    Return the candles that serve a bar type.

    Parameters
    ----------
    bar_type : BarType
        EXTERNAL, of 1, 3, 5, 15, 30 or 60 minutes, of the price LAST or MARK.
    params : Mapping[str, object], optional
        ``{"price_kind": "last" | "mark" | "index"}`` goes before the bar type's price: there is no
        bar type for an index.

    Raises
    ------
    UnsupportedBarsError
        If there are none.

    """
    if not bar_type.is_externally_aggregated() or bar_type.is_composite():
        raise UnsupportedBarsError(f"bars must be aggregated EXTERNAL, was {bar_type}")
    minutes = _MINUTES.get(bar_type.spec.aggregation, 0) * bar_type.spec.step
    if minutes not in _RESOLUTIONS_MINS:
        raise UnsupportedBarsError(f"bars must be of 1, 3, 5, 15, 30 or 60 minutes, was {bar_type}")
    return Candles(minutes, _price_kind(bar_type, params or {}))


def _price_kind(bar_type: BarType, params: Mapping[str, object]) -> PriceKind:
    named = params.get(PRICE_KIND)
    if named is not None:
        kind = _NAMED_KINDS.get(str(named).lower())
        if kind is None:
            raise UnsupportedBarsError(
                f"{PRICE_KIND} must be one of {', '.join(_NAMED_KINDS)}, was {named!r}"
            )
        return kind
    kind = _PRICE_KINDS.get(bar_type.spec.price_type)
    if kind is None:
        raise UnsupportedBarsError(
            f"bars must be of the price LAST or MARK, was {bar_type}; those of the index are asked "
            f'for with params={{"{PRICE_KIND}": "index"}}'
        )
    return kind
