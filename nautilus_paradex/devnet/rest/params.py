"""Query parameters of REST requests, checked."""

from collections.abc import Mapping
from typing import Final

from nautilus_paradex.devnet.engine.model import HistoryQuery
from nautilus_paradex.devnet.wire.errors import ApiError
from nautilus_paradex.protocol.enums import ErrorCode

__all__ = ["MAX_PAGE", "MAX_TRADES_PAGE", "history_query", "integer", "invalid", "required"]

MAX_PAGE: Final = 5_000
MAX_TRADES_PAGE: Final = 1_000
"""Largest page sizes (openapi)."""

_MAX_DIGITS: Final = 15


def history_query(query: Mapping[str, str], *, max_page: int = MAX_PAGE) -> HistoryQuery:
    """
    Read the parameters that every list of history takes.

    Raises
    ------
    ApiError
        400 INVALID_REQUEST_PARAMETER naming the parameter.

    """
    page_size = integer(query, "page_size")
    if page_size is not None and not 1 <= page_size <= max_page:
        raise invalid("page_size", f"must be between 1 and {max_page}, was {page_size}")
    return HistoryQuery(
        market=query.get("market") or None,
        # openapi calls it the one in its table and the other in its text.
        base_asset=query.get("baseAsset") or query.get("base_asset") or None,
        client_id=query.get("client_id") or None,
        side=query.get("side") or None,
        order_type=query.get("type") or None,
        status=query.get("status") or None,
        start_ms=integer(query, "start_at"),
        end_ms=integer(query, "end_at"),
        page_size=page_size,
        cursor=query.get("cursor") or None,
    )


def integer(query: Mapping[str, str], name: str) -> int | None:
    """Return a whole number of the query, None where it is missing, or raise ApiError."""
    text = query.get(name)
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS):
        raise invalid(name, f"must be a whole number, was {text[:40]!r}")
    return int(text)


def required[T](name: str, value: T | None) -> T:
    """Return `value`, or raise ApiError if the query lacked it."""
    if value is None or value == "":
        raise invalid(name, "is missing")
    return value


def invalid(name: str, what: str) -> ApiError:
    return ApiError(400, ErrorCode.INVALID_REQUEST_PARAMETER, f"{name}: {what}")
