"""What was read while the account traded is cut to the moment of the last fill read."""

import msgspec
import pytest

from nautilus_paradex.execution.reports.alignment import (
    at_last_fills,
    filled_as_told,
    overlooked_fills,
)
from nautilus_paradex.protocol.events import FillEvent, OrderEvent, PositionEvent

BTC, ETH = "BTC-USD-PERP", "ETH-USD-PERP"


def fill(
    fill_id: str, size: int = 1, *, at_ms: int, side: str = "BUY", market: str = BTC
) -> FillEvent:
    return FillEvent(
        fill_id=fill_id,
        order_id="1",
        market=market,
        side=side,
        size=size,
        created_at=at_ms * 1_000,
    )


A, B, C = fill("a", 2, at_ms=1), fill("b", 3, at_ms=2), fill("c", 4, at_ms=3)


def order(filled: int, status: str = "OPEN") -> OrderEvent:
    return OrderEvent(order_id="1", status=status, size=9, size_open=9 - filled)


def position(size: int, last: str | None, side: str = "BUY", market: str = BTC) -> PositionEvent:
    return PositionEvent(
        market=market, side=side, size=size, last_fill_id=last, avg_entry_price=100
    )


def signed(position: PositionEvent) -> int:
    size = position.size or 0
    return -size if position.side == "SELL" else size


@pytest.mark.parametrize(
    ("filled", "heard", "overlooked"),
    [
        (2, [B], []),
        (5, [B], [B]),
        (5, [B, C], [B]),
        (9, [B, C], [B, C]),
        (5, [A], []),
        (4, [B], []),
    ],
    ids=[
        "a fill after the reading",
        "one that the order counts",
        "only that one",
        "several",
        "one that was read",
        "more than is lacking",
    ],
)
def test_fills_that_an_order_counts_are_taken_from_the_stream(
    filled: int, heard: list[FillEvent], overlooked: list[FillEvent]
) -> None:
    assert overlooked_fills([order(filled)], [A], heard) == overlooked


def test_an_order_read_before_its_fills_counts_them() -> None:
    (counted,) = filled_as_told([order(2)], [A, B])
    assert (counted.status, counted.size_open) == ("OPEN", 4)
    (filled,) = filled_as_told([order(2)], [A, B, C])
    assert (filled.status, filled.size_open) == ("CLOSED", 0)


@pytest.mark.parametrize(
    "read",
    [order(5), order(7), order(2, "CLOSED"), msgspec.structs.replace(order(2), size_open=None)],
    ids=["it counts them", "fills are missing", "it is closed", "it does not say"],
)
def test_other_orders_stay_as_they_were_read(read: OrderEvent) -> None:
    assert filled_as_told([read], [A, B]) == [read]


@pytest.mark.parametrize(
    ("read", "later", "size"),
    [
        (position(5, "b"), [], 5),
        (position(2, "a"), [], 5),
        (position(9, "c"), [C], 5),
        (position(5, "b"), [C], 5),
        (position(7, None), [C], 7),
        (position(7, "unheard of"), [C], 7),
    ],
    ids=[
        "it fits",
        "read before the fills",
        "read after the fills",
        "a fill after both",
        "it names no fill",
        "nobody knows the fill",
    ],
)
def test_a_position_is_that_of_the_last_fill_read(
    read: PositionEvent, later: list[FillEvent], size: int
) -> None:
    (aligned,) = at_last_fills([read], [A, B], later)
    assert signed(aligned) == size


def test_a_position_that_was_turned_in_between_has_no_known_price() -> None:
    (turned,) = at_last_fills([position(2, "a")], [A, fill("b", 5, at_ms=2, side="SELL")], [])
    assert (signed(turned), turned.avg_entry_price) == (-3, None)
    (grown,) = at_last_fills([position(2, "a")], [A, B], [])
    assert (signed(grown), grown.avg_entry_price) == (5, 100)


def test_fills_of_the_same_millisecond_count_as_contained() -> None:
    (same,) = at_last_fills([position(5, "a")], [A, fill("b", 3, at_ms=1)], [])
    assert signed(same) == 5


def test_fills_of_other_markets_move_nothing() -> None:
    (other,) = at_last_fills([position(2, "a")], [A, fill("x", 3, at_ms=2, market=ETH)], [])
    assert signed(other) == 2
