"""Which order of a batch a reply speaks of, in each form that its lists may have."""

import pytest

from nautilus_paradex.execution.commands.batch_reply import outcomes_of
from nautilus_paradex.protocol.rest import BatchError, BatchOrders, Order

IDS = ["a", "b", "c"]


def placed(client_id: str) -> Order:
    return Order(id=f"1-{client_id}", market="BTC-USD-PERP", client_id=client_id)


A, B, C = map(placed, IDS)
NAMELESS = Order(id="7", market="BTC-USD-PERP")
NO = BatchError("INVALID_ORDER_SIZE", "too small")
LATE = BatchError("ORDER_EXPIRED", "too late")
NOTHING = BatchError("", "")


@pytest.mark.parametrize(
    ("orders", "errors", "expected"),
    [
        ([A, B, C], None, [A, B, C]),
        ([A, None, C], [None, NO, None], [A, NO, C]),
        ([A, None, C], [NOTHING, NO, NOTHING], [A, NO, C]),
        ([A, C], [NO], [A, NO, C]),
        ([C], [NO, LATE], [NO, LATE, C]),
        ([C, A], [None, NO, None], [A, NO, C]),
        ([A, NAMELESS, C], [None, None, None], [A, NAMELESS, C]),
        ([], [NO, LATE, NO], [NO, LATE, NO]),
        (None, None, [None, None, None]),
        ([A], [NO], [A, None, None]),  # whose refusal it is cannot be known
        ([A, None, None], [None, None, NO], [A, None, NO]),
        ([A, NAMELESS], None, [A, None, None]),
    ],
)
def test_each_order_gets_what_is_certainly_said_of_it(
    orders: list[Order | None] | None,
    errors: list[BatchError | None] | None,
    expected: list[object],
) -> None:
    assert outcomes_of(BatchOrders(orders, errors), IDS) == expected
