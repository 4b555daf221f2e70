"""The instruments by which recorded values are read: given by the venue, by a file, or assumed."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

import msgspec
from nautilus_trader.model.instruments import Instrument

from nautilus_paradex.parsing.instruments import FeeRates, instrument_from_market
from nautilus_paradex.protocol import rest
from nautilus_paradex.protocol.enums import AssetKind
from nautilus_paradex.protocol.errors import ParadexError
from nautilus_paradex.protocol.recording import RecordingError

__all__ = ["assumed_instrument", "instruments_of", "markets_in_file"]

_FINEST: Final = "0.00000001"


def instruments_of(
    markets: Iterable[rest.Market],
    *,
    ts_init: int,
    warn: Callable[[str], None],
) -> list[Instrument]:
    """Return the instruments of `markets`, with the documented fees; what is none is warned of."""
    instruments = []
    for market in markets:
        try:
            instrument = instrument_from_market(market, fees=FeeRates.documented(), ts_init=ts_init)
        except (ParadexError, ValueError, OverflowError) as exc:
            warn(f"{market.symbol} is left out: {exc}")
            continue
        if instrument is None:
            warn(f"{market.symbol} is left out: asset kind {market.asset_kind!r} is not known")
        else:
            instruments.append(instrument)
    return instruments


def assumed_instrument(symbol: str, *, ts_init: int) -> Instrument:
    """Return an instrument that holds every value of the wire, for a market nothing is known of."""
    market = rest.Market(
        symbol=symbol,
        asset_kind=AssetKind.PERP,
        base_currency=symbol.partition("-")[0] or symbol,
        settlement_currency="USDC",
        price_tick_size=_FINEST,
        order_size_increment=_FINEST,
    )
    instrument = instrument_from_market(market, fees=FeeRates.documented(), ts_init=ts_init)
    assert instrument is not None
    return instrument


def markets_in_file(path: Path) -> list[rest.Market]:
    """
    Read specifications from a JSON file: the reply to ``GET /markets``, or its list alone.

    Raises
    ------
    RecordingError
        If the file cannot be read or holds something else.

    """
    try:
        document = msgspec.json.decode(path.read_bytes())
        if isinstance(document, dict):
            document = document["results"]
        return msgspec.convert(document, list[rest.Market])
    except OSError as exc:
        raise RecordingError(f"{path}: cannot be read: {exc.strerror}") from exc
    except (msgspec.MsgspecError, UnicodeDecodeError, KeyError) as exc:
        raise RecordingError(f"{path}: not a reply to GET /markets: {exc}") from exc
