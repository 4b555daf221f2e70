"""What a node asks for as history fills a catalog, and what is there is not asked for again."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from nautilus_trader.model.data import Bar, BarType, FundingRateUpdate, TradeTick
from nautilus_trader.persistence.catalog import ParquetDataCatalog

from tests.integration.nautilus.harness import (
    BTC,
    RecordingDataTester,
    Venue,
    data_tester,
    running_node,
)
from tests.support import eventually

BARS = BarType.from_str(f"{BTC}-1-MINUTE-LAST-EXTERNAL")
REQUESTS = {
    Bar: lambda tester, **window: tester.request_bars(BARS, **window),
    TradeTick: lambda tester, **window: tester.request_trade_ticks(BTC, **window),
    FundingRateUpdate: lambda tester, **window: tester.request_funding_rates(BTC, **window),
}


async def ask(tester: RecordingDataTester, kind: type, **window: Any) -> list[Any]:
    """Request data and wait for the answer."""
    tester.historical.clear()
    REQUESTS[kind](tester, **window)
    await eventually(lambda: not tester.has_pending_requests())
    return list(tester.historical)


def rows(items: list[Any]) -> list[str]:
    """The contents: from a catalog, the platform's trades and rates are not equal to the same."""
    return [repr(item) for item in items]


@pytest.mark.parametrize("kind", REQUESTS)
async def test_history_is_the_same_with_and_without_a_catalog(
    venue_with_a_past: Venue, kind: type, tmp_path: Path
) -> None:
    venue = venue_with_a_past
    plain, storing = data_tester(), data_tester()
    now = pd.Timestamp(venue.http.clock.now_ms(), unit="ms", tz="UTC")
    # Bounds in the middle of a minute, at its edge, and a nanosecond beside it.
    start = (now - pd.Timedelta(hours=3)).floor("min") + pd.Timedelta(seconds=20)
    first = (now - pd.Timedelta(hours=2)).floor("min")
    second = (now - pd.Timedelta(hours=1)).floor("min") + pd.Timedelta(1, "ns")
    async with running_node(venue, plain):
        whole = await ask(plain, kind, start=start, end=second)

    async with running_node(venue, storing, catalog=tmp_path):
        stored = await ask(storing, kind, start=start, end=first, update_catalog=True)
        joined = await ask(storing, kind, start=start, end=second, update_catalog=True)
        again = await ask(storing, kind, start=start, end=second)

    catalog = ParquetDataCatalog(tmp_path)
    kept = catalog.query(kind, start=start, end=second)
    assert 0 < len(stored) < len(whole)
    assert rows(joined) == rows(again) == rows(kept) == rows(whole)
