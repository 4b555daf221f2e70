"""Settings of the devnet that are refused, each with a sentence that names it."""

import pytest

from nautilus_paradex.devnet.config import DevnetConfig, DevnetConfigError


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("port", -1),
        ("port", 65_536),
        ("seed", -1),
        ("speed", 0.0),
        ("speed", float("nan")),
        ("speed", 1_001.0),
        ("accounts", 0),
        ("account_balance", -1),
        ("past_hours", 25),
        ("rpi_accounts", (3,)),
        ("extra_markets", 5_001),
        ("max_subscriptions", -1),
        ("max_klines", -1),
        ("kline_lag_ms", -1),
        ("sbe_versions", (3,)),
        ("chain_id", "x" * 32),
        ("chain_id", ""),
    ],
)
def test_wrong_settings_are_named(setting, value):
    with pytest.raises(DevnetConfigError) as refused:
        DevnetConfig(**{setting: value})
    assert setting.split("_")[-1].rstrip("s") in str(refused.value)
    assert "was" in str(refused.value)
