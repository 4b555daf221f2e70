"""The order book alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_paradex.devnet.engine.book import OrderBook
from nautilus_paradex.devnet.engine.orders import Order


def resting(number: int, side: str, price: int, size: int) -> Order:
    return Order(
        id=str(number),
        account="0x1",
        market="M",
        side=side,
        order_type="LIMIT",
        instruction="GTC",
        size_e8=size,
        price_e8=price,
        trigger_price_e8=None,
        stp="EXPIRE_TAKER",
        flags=(),
        client_id="",
        created_at_us=0,
        signature_timestamp_ms=0,
        updated_at_us=0,
        seq=0,
    )


@pytest.fixture
def book() -> OrderBook:
    return OrderBook()


@pytest.mark.parametrize(
    ("taker_side", "side", "prices", "best"),
    [("SELL", "BUY", (5, 7, 6), 7), ("BUY", "SELL", (5, 7, 6), 5)],
)
def test_the_best_price_comes_first(
    book: OrderBook, taker_side: str, side: str, prices: tuple[int, ...], best: int
) -> None:
    for number, price in enumerate(prices):
        book.add(resting(number, side, price, 10))

    first = book.first_against(taker_side, None)

    assert first is not None
    assert first.price_e8 == best
    assert book.best(side) == (best, 10)


def test_at_one_price_the_older_order_comes_first(book: OrderBook) -> None:
    older, newer = resting(1, "BUY", 5, 10), resting(2, "BUY", 5, 20)
    book.add(older)
    book.add(newer)

    assert book.first_against("SELL", 5) is older
    book.remove(older)
    assert book.first_against("SELL", 5) is newer


def test_a_limit_keeps_an_order_from_meeting_worse_prices(book: OrderBook) -> None:
    book.add(resting(1, "SELL", 10, 1))

    assert book.first_against("BUY", 9) is None
    assert not book.would_cross("BUY", 9)
    assert book.would_cross("BUY", 10)


def test_a_partial_fill_keeps_the_place_in_the_queue(book: OrderBook) -> None:
    older, newer = resting(1, "SELL", 5, 10), resting(2, "SELL", 5, 20)
    book.add(older)
    book.add(newer)

    book.fill(older, 4)
    older.filled_e8 = 4

    assert book.first_against("BUY", None) is older
    assert book.best("SELL") == (5, 26)


def test_changes_hold_each_touched_level_once_and_size_0_where_it_is_gone(book: OrderBook) -> None:
    first, second = resting(1, "BUY", 5, 10), resting(2, "SELL", 9, 3)
    book.add(first)
    book.add(second)
    book.add(resting(3, "BUY", 5, 1))

    assert book.take_changes() == ([(5, 11)], [(9, 3)])
    book.remove(second)
    assert book.take_changes() == ([], [(9, 0)])
    assert book.take_changes() is None
    assert book.seq == 2


orders = st.lists(
    st.tuples(
        st.sampled_from(["BUY", "SELL"]),
        st.integers(1, 8),
        st.integers(1, 9),
        st.booleans(),
    ),
    max_size=40,
)


@given(orders)
def test_deltas_rebuild_the_book(steps: list[tuple[str, int, int, bool]]) -> None:
    book = OrderBook()
    alive: list[Order] = []
    rebuilt: dict[str, dict[int, int]] = {"BUY": {}, "SELL": {}}
    for number, (side, price, size, is_removal) in enumerate(steps):
        if is_removal and alive:
            book.remove(alive.pop(size % len(alive)))
        else:
            order = resting(number, side, price, size)
            book.add(order)
            alive.append(order)
        changes = book.take_changes()
        assert changes is not None
        for levels, mine in zip(changes, rebuilt.values(), strict=True):
            mine.update(levels)

    for side, by_price in rebuilt.items():
        expected = sorted(((p, s) for p, s in by_price.items() if s), reverse=side == "BUY")
        assert book.levels(side) == expected
        assert book.levels(side, 2) == expected[:2]
