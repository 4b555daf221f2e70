"""Orders of a mass status in the sequence in which the engine can take them."""

from types import SimpleNamespace

import pytest

from nautilus_paradex.execution.reports.sequence import in_order_of_fills


def order(name: str, *, reduce_only: bool = False) -> SimpleNamespace:
    return SimpleNamespace(venue_order_id=name, reduce_only=reduce_only)


def fills(names: str) -> list[SimpleNamespace]:
    """One fill for each letter, of the order of that name, one after the other."""
    return [SimpleNamespace(venue_order_id=name, ts_event=ts) for ts, name in enumerate(names)]


@pytest.mark.parametrize(
    ("listed", "filled", "taken"),
    [
        pytest.param("xeE", "eE", "eEx", id="as they were filled, what was not filled last"),
        pytest.param("xE", "Ex", "Ex", id="open orders are listed before their entry"),
        pytest.param("Xe", "eX", "eX", id="an exit after its entry"),
        pytest.param("Xef", "eXfX", "efX", id="an exit after all that it has reduced"),
        pytest.param("fe", "efe", "ef", id="another order where it began"),
        pytest.param("eXfY", "eXfY", "eXfY", id="one position after the other"),
    ],
)
def test_an_order_comes_where_the_engine_can_take_it(listed: str, filled: str, taken: str) -> None:
    """X and Y reduce only."""
    orders = [order(name, reduce_only=name in "XY") for name in listed]

    in_sequence = in_order_of_fills(orders, fills(filled))

    assert [each.venue_order_id for each in in_sequence] == list(taken)
