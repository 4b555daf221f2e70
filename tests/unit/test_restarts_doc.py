"""docs/restarts.md and the README show a cache database as the platform takes it."""

import json
import re
from pathlib import Path

import pytest
from nautilus_trader.config import TradingNodeConfig

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("page", ["docs/restarts.md", "README.md"])
def test_the_cache_database_shown_can_be_configured(page: str) -> None:
    shown = re.search(r'"cache": (\{\s*"database": \{.*?\}\s*\})', (ROOT / page).read_text(), re.S)
    assert shown is not None

    config = TradingNodeConfig.parse(json.dumps({"cache": json.loads(shown[1])}))

    database = config.cache.database
    assert (database.type, database.host, database.port) == ("redis", "127.0.0.1", 6379)
