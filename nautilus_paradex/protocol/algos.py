"""Shapes of algo orders (TWAP) in the REST API. Source: openapi.

A matter of REST alone: algo orders have no channel, and what they place are ordinary orders.
"""

from typing import Final

import msgspec

from nautilus_paradex.protocol.numbers import Number

__all__ = [
    "DEFAULT_FREQUENCY_SECS",
    "DURATION_STEP_SECS",
    "MAX_DURATION_SECS",
    "MIN_DURATION_SECS",
    "AlgoOrder",
    "AlgoOrderRequest",
]

MIN_DURATION_SECS: Final = 30
MAX_DURATION_SECS: Final = 86_400
DURATION_STEP_SECS: Final = 30
"""How long a TWAP may run: from 30 s to a day, in multiples of 30 s (openapi)."""

DEFAULT_FREQUENCY_SECS: Final = 30
"""Time between two child orders where the request names none (openapi)."""


class AlgoOrderRequest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    A new algo order, signed as an order of type MARKET with price 0 (api-notes).

    `size` is a decimal string, `duration_seconds` and `frequency` are not signed. There is no
    client id and no flag: the venue takes neither here.

    """

    algo_type: str
    market: str
    side: str
    type: str
    size: str
    duration_seconds: int
    signature: str
    signature_timestamp: int
    frequency: int | None = None
    recv_window: int | None = None
    on_behalf_of_account: str | None = None
    dime_discount: bool | None = None


class AlgoOrder(msgspec.Struct, frozen=True):
    """An algo order as REST reports it; `status` is an `OrderStatus`. Times are ms."""

    id: str
    market: str
    account: str | None = None
    algo_type: str | None = None
    algo_params: dict[str, object] | None = None
    side: str = ""
    status: str = ""
    size: Number = None
    remaining_size: Number = None
    avg_fill_price: Number = None
    cancel_reason: str | None = None
    created_at: Number = None
    end_at: Number = None
    last_updated_at: Number = None
