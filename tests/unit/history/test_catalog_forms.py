"""Funding rates and index prices in a catalog: the platform alone does not bring them back."""

from decimal import Decimal
from pathlib import Path

import pytest
from nautilus_trader.model.data import FundingRateUpdate, IndexPriceUpdate
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.objects import Price
from nautilus_trader.persistence.catalog import ParquetDataCatalog

from nautilus_paradex.history.catalog_forms import CatalogFormError, RowwiseCatalog

BTC, ETH = (InstrumentId.from_str(f"{name}-USD-PERP.PARADEX") for name in ("BTC", "ETH"))

FUNDING = [
    FundingRateUpdate(BTC, Decimal("-0.000000012345"), 1, 2, interval=480),
    FundingRateUpdate(ETH, Decimal("0.0001"), 3, 4),
    FundingRateUpdate(BTC, Decimal(0), 5, 6, interval=60, next_funding_ns=7),
]
INDEX = [
    IndexPriceUpdate(BTC, Price.from_str("96000.12345678"), 1, 2),
    IndexPriceUpdate(ETH, Price.from_str("0.00000001"), 3, 4),
]


def rows(data: list[object]) -> list[dict[str, object]]:
    found = [type(item).to_dict(item) for item in data]
    return sorted(found, key=lambda row: row["ts_init"])


@pytest.mark.parametrize("written", [FUNDING, INDEX])
def test_several_instruments_are_read_back_together_as_they_were(
    tmp_path: Path, written: list[object]
) -> None:
    RowwiseCatalog(tmp_path).write_data(written)

    read = ParquetDataCatalog(tmp_path).query(type(written[0]))
    assert rows(read) == rows(written)


def test_a_rate_that_the_platform_wrote_is_a_decimal_too(tmp_path: Path) -> None:
    ParquetDataCatalog(tmp_path).write_data(FUNDING[:1])

    assert rows(ParquetDataCatalog(tmp_path).query(FundingRateUpdate)) == rows(FUNDING[:1])


def test_index_prices_that_the_platform_wrote_are_refused_in_words(tmp_path: Path) -> None:
    ParquetDataCatalog(tmp_path).write_data(INDEX[:1])

    with pytest.raises(CatalogFormError, match="write them again"):
        ParquetDataCatalog(tmp_path).query(IndexPriceUpdate)
