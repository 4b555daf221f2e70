"""The order book alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_paradex.devnet.engine.book import OrderBook
from nautilus_paradex.devnet.engine.orders import Order


def resting(
    number: int,
    side: str,
    price: int,
    size: int,
    *,
    instruction: str = "GTC",
    flags: tuple[str, ...] = (),
) -> Order:
    return Order(
        id=str(number),
        account="0x1",
        market="M",
        side=side,
        order_type="LIMIT",
        instruction=instruction,
        size_e8=size,
        price_e8=price,
        trigger_price_e8=None,
        stp="EXPIRE_TAKER",
        flags=flags,
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

    changes = book.take_changes()
    assert changes is not None
    assert changes.api == changes.interactive == ([(5, 11)], [(9, 3)])
    book.remove(second)
    changes = book.take_changes()
    assert changes is not None
    assert changes.api == changes.interactive == ([], [(9, 0)])
    assert book.take_changes() is None
    assert book.seq == 2


class TestRpi:
    """RPI orders lie in the book, but only the interactive view shows them."""

    def test_they_are_not_in_the_apis_view(self, book: OrderBook) -> None:
        book.add(resting(1, "SELL", 10, 1, instruction="RPI"))
        book.add(resting(2, "SELL", 12, 5))
        book.add(resting(3, "SELL", 12, 2, instruction="RPI"))

        assert book.levels("SELL") == [(12, 5)]
        assert book.best("SELL") == (12, 5)
        assert book.levels("SELL", interactive=True) == [(10, 1), (12, 7)]
        assert book.best("SELL", interactive=True) == (10, 1)

    def test_a_change_of_them_alone_is_an_empty_one_to_the_api_that_counts(
        self, book: OrderBook
    ) -> None:
        order = resting(1, "BUY", 10, 1, instruction="RPI")
        book.add(order)
        assert book.take_changes() == (([], []), ([(10, 1)], []))
        book.remove(order)
        assert book.take_changes() == (([], []), ([(10, 0)], []))
        assert book.seq == 2

    def test_a_change_of_others_at_their_price_shows_the_size_of_both(
        self, book: OrderBook
    ) -> None:
        book.add(resting(1, "BUY", 10, 1, instruction="RPI"))
        book.take_changes()
        book.add(resting(2, "BUY", 10, 4))

        assert book.take_changes() == (([(10, 4)], []), ([(10, 5)], []))

    def test_only_a_retail_order_meets_them(self, book: OrderBook) -> None:
        rpi, plain = resting(1, "BUY", 11, 1, instruction="RPI"), resting(2, "BUY", 10, 1)
        book.add(rpi)
        book.add(plain)

        assert book.first_against("SELL", None) is plain
        assert book.first_against("SELL", None, retail=True) is rpi
        assert not book.would_cross("SELL", 11)
        assert book.would_cross("SELL", 11, retail=True)

    @pytest.mark.parametrize("side", ["BUY", "SELL"])
    def test_at_one_price_retail_comes_first_and_rpi_last(self, book: OrderBook, side: str) -> None:
        rpi = resting(1, side, 10, 1, instruction="RPI")
        plain = resting(2, side, 10, 1)
        retail = resting(3, side, 10, 1, flags=("INTERACTIVE",))
        taker = "SELL" if side == "BUY" else "BUY"
        for order in (rpi, plain, retail):
            book.add(order)

        met = []
        while (order := book.first_against(taker, None, retail=True)) is not None:
            met.append(order)
            book.remove(order)

        assert met == [retail, plain, rpi]


orders = st.lists(
    st.tuples(
        st.sampled_from(["BUY", "SELL"]),
        st.integers(1, 8),
        st.integers(1, 9),
        st.booleans(),
        st.sampled_from(["GTC", "RPI"]),
    ),
    max_size=40,
)


@given(orders, st.booleans())
def test_deltas_rebuild_the_book(
    steps: list[tuple[str, int, int, bool, str]], interactive: bool
) -> None:
    book = OrderBook()
    alive: list[Order] = []
    rebuilt: dict[str, dict[int, int]] = {"BUY": {}, "SELL": {}}
    for number, (side, price, size, is_removal, instruction) in enumerate(steps):
        if is_removal and alive:
            book.remove(alive.pop(size % len(alive)))
        else:
            order = resting(number, side, price, size, instruction=instruction)
            book.add(order)
            alive.append(order)
        changes = book.take_changes()
        assert changes is not None
        shown = changes.interactive if interactive else changes.api
        for levels, mine in zip(shown, rebuilt.values(), strict=True):
            mine.update(levels)

    visible = [order for order in alive if interactive or not order.is_rpi]
    for side, by_price in rebuilt.items():
        expected = sorted(((p, s) for p, s in by_price.items() if s), reverse=side == "BUY")
        assert book.levels(side, interactive=interactive) == expected
        assert book.levels(side, 2, interactive=interactive) == expected[:2]
        resting_size = sum(order.size_e8 for order in visible if order.side == side)
        assert sum(by_price.values()) == resting_size
