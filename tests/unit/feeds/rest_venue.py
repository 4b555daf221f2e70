"""A venue behind an HTTP transport that answers public requests. Not a test module."""

from dataclasses import dataclass, field
from typing import Any

import httpx

from nautilus_paradex.transport.clock import VenueClock
from nautilus_paradex.transport.http import ParadexHttpClient
from tests.unit.feeds.conftest import NOW_NS

__all__ = ["MINUTE_MS", "NOW_MS", "RestVenue"]

MINUTE_MS = 60_000
NOW_MS = NOW_NS // 1_000_000


@dataclass
class RestVenue:
    """
    Answers from what it was given: lists newest first, in pages.

    Parameters
    ----------
    max_candles : int
        The most that a reply holds, the newest of those asked for.

    """

    trades: list[dict[str, Any]] = field(default_factory=list)
    funding: list[dict[str, Any]] = field(default_factory=list)
    klines: list[list[float]] = field(default_factory=list)
    summaries: list[dict[str, Any]] = field(default_factory=list)
    bbo: dict[str, Any] = field(default_factory=dict)
    book: dict[str, Any] = field(default_factory=dict)
    asked: list[httpx.Request] = field(default_factory=list)
    status: int = 200
    system_status: str = "ok"
    max_candles: int = 10**9

    def client(self, clock_ns: int = NOW_NS) -> ParadexHttpClient:
        """Return a client of this venue, whose clock stands still."""
        return ParadexHttpClient(
            "http://venue/v1",
            transport=httpx.MockTransport(self.answer),
            clock=VenueClock(lambda: clock_ns),
            max_retries=0,
        )

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        if self.status != 200:
            return httpx.Response(self.status, json={"message": "no"})
        path = request.url.path.removeprefix("/v1")
        params = request.url.params
        if path == "/trades":
            return httpx.Response(200, json=_page(self.trades, params))
        if path == "/funding/data":
            return httpx.Response(200, json=_page(self.funding, params))
        if path == "/markets/klines":
            start, end = int(params["start_at"]), int(params["end_at"])
            rows = sorted(row for row in self.klines if start <= row[0] <= end)
            return httpx.Response(200, json={"results": rows[-self.max_candles :]})
        if path == "/markets/summary":
            asked = params["market"]
            found = [each for each in self.summaries if asked in ("ALL", each["symbol"])]
            return httpx.Response(200, json={"results": found})
        if path == "/system/state":
            return httpx.Response(200, json={"status": self.system_status})
        if path.startswith("/bbo/"):
            return httpx.Response(200, json=self.bbo)
        return httpx.Response(200, json=self.book)


def _page(items: list[dict[str, Any]], params: httpx.QueryParams) -> dict[str, Any]:
    start, end = int(params.get("start_at", 0)), int(params.get("end_at", 2**62))
    fitting = [item for item in items if start <= item["created_at"] <= end]
    offset, size = int(params.get("cursor", 0)), int(params["page_size"])
    rest_of_them = offset + size < len(fitting)
    return {
        "results": fitting[offset : offset + size],
        "next": str(offset + size) if rest_of_them else None,
    }
