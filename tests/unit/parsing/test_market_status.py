"""Given the venue's states and a market's terms, what the platform is told."""

from typing import Any

import pytest
from nautilus_trader.model.enums import InstrumentCloseType, MarketStatusAction
from nautilus_trader.model.identifiers import InstrumentId

from nautilus_paradex.parsing.market_status import (
    SYSTEM_CONDITIONS,
    ended_condition,
    instrument_close,
    instrument_status,
    market_condition,
)
from nautilus_paradex.parsing.precision import PrecisionError
from nautilus_paradex.protocol.enums import SystemStatus
from nautilus_paradex.protocol.errors import MessageError

BTC = InstrumentId.from_str("BTC-USD-PERP.PARADEX")
NOW_MS = 1_791_421_535_936

# On these the platform takes an option out of its chain for good (its data engine).
FINAL = {MarketStatusAction.CLOSE, MarketStatusAction.NOT_AVAILABLE_FOR_TRADING}


def condition(system: str | None = "ok", **terms: Any):
    return market_condition(terms, system, NOW_MS)


@pytest.mark.parametrize(
    ("system", "action", "is_trading", "is_quoting"),
    [
        ("ok", MarketStatusAction.TRADING, True, True),
        ("post_only", MarketStatusAction.QUOTING, False, True),
        ("cancel_only", MarketStatusAction.PAUSE, False, False),
        ("maintenance", MarketStatusAction.HALT, False, False),
    ],
)
def test_the_state_of_the_system_is_that_of_a_market_without_terms_of_its_own(
    system, action, is_trading, is_quoting
):
    found = condition(system)

    assert (found.action, found.is_trading, found.is_quoting) == (action, is_trading, is_quoting)
    assert found.event == system
    assert found.reason


def test_the_table_knows_every_state_and_none_ends_an_instrument():
    assert set(SYSTEM_CONDITIONS) == set(SystemStatus)
    assert not {c.action for c in SYSTEM_CONDITIONS.values()} & FINAL


@pytest.mark.parametrize("system", [None, *SystemStatus])
@pytest.mark.parametrize(
    ("terms", "action"),
    [
        ({"expiry_at": NOW_MS}, MarketStatusAction.CLOSE),
        ({"expiry_at": str(NOW_MS - 1), "trading_mode": "RFQ_ONLY"}, MarketStatusAction.CLOSE),
        ({"open_at": NOW_MS + 1}, MarketStatusAction.PRE_OPEN),
        ({"trading_mode": "RFQ_ONLY"}, MarketStatusAction.SUSPEND),
    ],
)
def test_what_the_market_forbids_no_state_of_the_system_allows(system, terms, action):
    found = condition(system, **terms)

    assert (found.action, found.is_trading, found.is_quoting) == (action, False, False)


@pytest.mark.parametrize(
    "terms",
    [
        {"expiry_at": 0, "open_at": 0, "trading_mode": "STANDARD"},
        {"expiry_at": NOW_MS + 1, "open_at": NOW_MS, "trading_mode": ""},
        {"expiry_at": None, "open_at": "", "trading_mode": None},
    ],
)
def test_a_market_that_is_open_follows_the_system(terms):
    assert condition(**terms).action == MarketStatusAction.TRADING
    assert condition(None, **terms) is None


@pytest.mark.parametrize(("system", "mode"), [("upgrading", "STANDARD"), ("ok", "AUCTION")])
def test_what_is_not_known_is_said_to_be_so(system, mode):
    found = condition(system, trading_mode=mode)

    assert (found.action, found.is_trading, found.is_quoting) == (
        MarketStatusAction.NONE,
        None,
        None,
    )
    assert "not known" in found.reason


def test_a_time_that_is_no_number_is_refused():
    with pytest.raises(MessageError):
        condition(expiry_at="soon")


@pytest.mark.parametrize(
    ("event", "reason"), [("SETTLED", "settled"), ("DELETED", "delisted"), ("", "not listed")]
)
def test_the_end_is_final_and_says_how(event, reason):
    found = ended_condition(event)

    assert found.action == MarketStatusAction.NOT_AVAILABLE_FOR_TRADING
    assert (found.event, found.reason) == (event, reason)
    assert (found.is_trading, found.is_quoting) == (False, False)


def test_a_status_carries_all_of_it():
    status = instrument_status(BTC, condition("post_only"), 5, 7)

    assert status.instrument_id == BTC
    assert status.action == MarketStatusAction.QUOTING
    assert (status.is_trading, status.is_quoting) == (False, True)
    assert (status.trading_event, status.reason) == ("post_only", "only post-only orders are taken")
    assert (status.ts_event, status.ts_init) == (5, 7)


@pytest.mark.parametrize(
    ("price", "text"),
    [("60000.12345678", "60000.12345678"), (1500.5, "1500.50000000"), (0, "0.00000000")],
)
def test_a_close_carries_the_price_with_all_decimals(price, text):
    close = instrument_close(BTC, price, 5, 7)

    assert str(close.close_price) == text
    assert close.close_type == InstrumentCloseType.CONTRACT_EXPIRED
    assert (close.instrument_id, close.ts_event, close.ts_init) == (BTC, 5, 7)


@pytest.mark.parametrize(
    ("price", "error"),
    [(None, MessageError), ("", MessageError), ("a", MessageError), ("1e30", PrecisionError)],
)
def test_a_price_that_cannot_be_told_is_refused(price, error):
    with pytest.raises(error):
        instrument_close(BTC, price, 5, 7)
