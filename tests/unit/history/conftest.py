"""A market, frames of it, and files made of frames."""

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from nautilus_trader.model.instruments import Instrument

from nautilus_paradex.parsing.instruments import FeeRates, instrument_from_market
from nautilus_paradex.protocol import rest
from nautilus_paradex.protocol.recording import RecordedFrame, encode_line
from tests.unit.history.frames import BTC

type Record = Callable[[Iterable[RecordedFrame]], Path]


@pytest.fixture
def market() -> rest.Market:
    return rest.Market(
        symbol=BTC,
        asset_kind="PERP",
        base_currency="BTC",
        settlement_currency="USDC",
        price_tick_size="0.1",
        order_size_increment="0.001",
        funding_period_hours=8,
    )


@pytest.fixture
def instrument(market: rest.Market) -> Instrument:
    return instrument_from_market(market, fees=FeeRates.documented(), ts_init=5)


@pytest.fixture
def record(tmp_path: Path) -> Record:
    """Write frames to a recording."""

    def write(frames: Iterable[RecordedFrame]) -> Path:
        path = tmp_path / "recording.jsonl"
        path.write_bytes(b"".join(map(encode_line, frames)))
        return path

    return write
