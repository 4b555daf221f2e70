"""When orders, fills and positions that were read in several requests are known to fit together."""

import msgspec
import pytest

from nautilus_paradex.execution.reports.venue_state import VenueState
from nautilus_paradex.protocol.events import FillEvent, OrderEvent, PositionEvent

SINCE_MS = 1_000
BTC, ETH = "BTC-USD-PERP", "ETH-USD-PERP"


def at(ts_ms: int) -> int:
    return ts_ms * 1_000


ORDER = OrderEvent(
    order_id="1", market=BTC, status="OPEN", size=10, size_open=4, created_at=at(2_000)
)
FILLS = [
    FillEvent(fill_id="a", order_id="1", market=BTC, size=2, created_at=at(2_100)),
    FillEvent(fill_id="b", order_id="1", market=BTC, size=4, created_at=at(2_200)),
]
POSITION = PositionEvent(market=BTC, side="BUY", size=6, last_fill_id="b", updated_at=at(2_200))
OLD = PositionEvent(market=ETH, side="SELL", size=1, last_fill_id="x", updated_at=at(500))


def state(
    order: OrderEvent = ORDER,
    fills: list[FillEvent] = FILLS,
    positions: tuple[PositionEvent, ...] = (POSITION, OLD),
) -> VenueState:
    return VenueState(SINCE_MS, [order], fills, list(positions))


def test_parts_that_name_each_other_fit_together() -> None:
    assert state().gaps() == []
    assert state().is_proven()


@pytest.mark.parametrize(
    "broken",
    [
        state(order=msgspec.structs.replace(ORDER, size_open=2)),
        state(fills=FILLS[:1]),
        state(positions=(msgspec.structs.replace(POSITION, last_fill_id="a"),)),
        state(positions=(msgspec.structs.replace(POSITION, last_fill_id=None),)),
        state(positions=()),
        state(positions=(POSITION, msgspec.structs.replace(OLD, updated_at=at(2_300)))),
    ],
    ids=[
        "an order is ahead of the fills",
        "a fill is missing",
        "a fill came after the position",
        "the position names no fill",
        "the position is not listed",
        "a position has moved without a fill",
    ],
)
def test_parts_that_do_not_are_not_taken_for_proven(broken: VenueState) -> None:
    assert not broken.is_proven()


def test_an_order_closed_before_the_window_has_no_gap() -> None:
    closed = msgspec.structs.replace(ORDER, status="CLOSED", created_at=at(500))
    assert state(order=closed, fills=[]).gaps() == []


def test_only_what_trading_changes_makes_a_reading_another_one() -> None:
    marked = msgspec.structs.replace(POSITION, unrealized_pnl=17, updated_at=at(9_000))
    assert state().digest() == state(positions=(marked, OLD)).digest()
    grown = msgspec.structs.replace(POSITION, size=7)
    assert state().digest() != state(positions=(grown, OLD)).digest()
