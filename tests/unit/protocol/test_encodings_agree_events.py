"""Events that have no market's feed behind them: as SBE and as JSON they are the same event."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import asdict

from nautilus_paradex.devnet.sockets.json_book import snapshot_json
from nautilus_paradex.devnet.wire.json_wire import event_json
from nautilus_paradex.protocol import json_feed, rpc, sbe
from nautilus_paradex.protocol.events import (
    BookEvent,
    Event,
    FundingDataEvent,
    FundingRateComparisonEvent,
)
from nautilus_paradex.protocol.sbe import vocabulary

# A busy machine is no failure.
UNTIMED = settings(deadline=None)
MARKET = "kPEPE-USD-PERP"
# JSON has milliseconds.
times_us = st.integers(0, 4 * 10**12).map(lambda ms: ms * 1_000)
int64s = st.integers(-(2**63) + 1, 2**63 - 1)
positive = st.integers(1, 2**63 - 1)
sizes = st.integers(0, 2**63 - 1)


def through_sbe(event: Event, version: int) -> Event:
    decoded = sbe.decode(sbe.encode(event, version))
    assert decoded is not None
    return decoded


def through_json(channel: str, data: object) -> Any:
    notification = rpc.decode(rpc.encode_notification(channel, data))
    assert isinstance(notification, rpc.Notification)
    return json_feed.decode_notification(notification)


@pytest.mark.parametrize("version", [0, 1, 2])
@UNTIMED
@given(data=st.data())
def test_funding_records(version: int, data: st.DataObject) -> None:
    created_at = data.draw(times_us)
    amounts = ("funding_rate", "funding_index", "funding_premium", "funding_rate8h")
    event = FundingDataEvent(
        ts=created_at,
        created_at=created_at,
        funding_period_hours=data.draw(st.integers(1, 24)),
        impact_premium_rate=data.draw(st.none() | int64s),
        **{name: data.draw(int64s) for name in amounts},
        market=MARKET,
    )
    carried = through_sbe(event, version)

    assert through_json(f"funding_data.{MARKET}", event_json(carried)) == carried


@pytest.mark.parametrize("version", [1, 2])
@UNTIMED
@given(
    updated_at=times_us,
    rate=int64s,
    kind=st.sampled_from(["PERPETUAL_FUTURE", "OPTION", "SPOT"]),
    source=st.sampled_from(vocabulary.FUNDING_RATE_SOURCE.names),
)
def test_funding_comparisons(
    version: int, updated_at: int, rate: int, kind: str, source: str
) -> None:
    event = FundingRateComparisonEvent(
        ts=updated_at,
        last_updated_at=updated_at,
        hourly_funding_rate=rate,
        asset_kind=kind,
        source=source,
        market=MARKET,
    )
    carried = through_sbe(event, version)

    assert through_json("funding_rate_comparison.ALL@1000ms", event_json(carried)) == carried


@pytest.mark.parametrize("version", [0, 1, 2])
@UNTIMED
@given(data=st.data())
def test_interactive_books_with_the_best_prices_of_both_views(
    version: int, data: st.DataObject
) -> None:
    levels = st.dictionaries(int64s, sizes, max_size=15).map(lambda side: list(side.items()))
    best: dict[str, int] = {}
    for name in ("best_bid", "best_ask", "best_bid_api", "best_ask_api"):
        if data.draw(st.booleans()):
            best |= {f"{name}_price": data.draw(positive), f"{name}_size": data.draw(positive)}
    event = BookEvent(
        ts=data.draw(times_us),
        seq=data.draw(st.integers(0, 2**63 - 1)),
        pkg_type="SNAPSHOT",
        bids=data.draw(levels),
        asks=data.draw(levels),
        relative_spread=data.draw(st.none() | int64s),
        **best,
        market=MARKET,
    )
    carried = through_sbe(event, version)
    read = through_json(f"order_book.{MARKET}.interactive@15@100ms", snapshot_json(carried))

    assert asdict(read) == asdict(carried)
