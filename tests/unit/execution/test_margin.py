"""Margin settings against answers that no devnet gives."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from nautilus_trader.common.component import Logger

from nautilus_paradex.config import ParadexExecClientConfig
from nautilus_paradex.execution.account.margin import MarginSetting, MarginSettings
from nautilus_paradex.execution.errors import CommandDeniedError
from nautilus_paradex.protocol.errors import MessageError
from nautilus_paradex.transport.credentials import ParadexCredentials
from nautilus_paradex.transport.http import ParadexHttpClient

MARKET = "BTC-USD-PERP"


class Venue:
    """Answers a question with `configs` and a change with `update`; remembers what was asked."""

    def __init__(self, configs: list[dict[str, Any]], update: dict[str, Any] | None = None) -> None:
        self._answers: dict[str, object] = {
            "/v1/system/config": {"starknet_chain_id": "PRIVATE_SN_POTC_SEPOLIA"},
            "/v1/system/time": {"server_time": time.time_ns() // 10**6},
            "/v1/account/margin": {"configs": configs},
            f"/v1/account/margin/{MARKET}": update,
        }
        self.changes: list[bytes] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            self.changes.append(request.content)
        return httpx.Response(200, json=self._answers[request.url.path])

    @asynccontextmanager
    async def settings(self, **config: Any) -> AsyncIterator[MarginSettings]:
        http = ParadexHttpClient(
            "http://venue.test/v1",
            credentials=ParadexCredentials(0x5A17, readonly_token="a.b.c"),
            transport=httpx.MockTransport(self),
        )
        await http.start()
        yield MarginSettings(http, Logger("TEST"), ParadexExecClientConfig(**config))
        await http.close()


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (
            {"leverage": 10, "margin_type": "CROSS", "isolated_margin_leverage": 3},
            MarginSetting(MARKET, 10, "CROSS"),
        ),
        (
            {"leverage": "10", "margin_type": "ISOLATED", "isolated_margin_leverage": 3},
            MarginSetting(MARKET, 3, "ISOLATED"),
        ),
        ({"leverage": 10, "margin_type": "ISOLATED"}, MarginSetting(MARKET, 10, "ISOLATED")),
        ({"leverage": None, "margin_type": ""}, MarginSetting(MARKET, None, None)),
    ],
)
async def test_the_leverage_in_use_is_that_of_the_margin_type(
    entry: dict[str, Any], expected: MarginSetting
) -> None:
    async with Venue([{"market": "OTHER"}, {"market": MARKET, **entry}]).settings() as settings:
        assert await settings.get(MARKET) == expected


async def test_no_entry_means_nothing_chosen() -> None:
    async with Venue([]).settings() as settings:
        assert await settings.get(MARKET) == MarginSetting(MARKET, None, None)


async def test_a_mode_without_any_leverage_is_not_guessed() -> None:
    venue = Venue([])
    async with venue.settings(margin_modes={MARKET: "ISOLATED"}) as settings:
        with pytest.raises(CommandDeniedError, match="LEVERAGE_UNKNOWN: market=BTC-USD-PERP"):
            await settings.apply_configured()
    assert venue.changes == []


async def test_a_leverage_with_no_mode_to_keep_is_cross() -> None:
    venue = Venue([], {"market": MARKET, "leverage": 4, "margin_type": "CROSS"})
    async with venue.settings(leverages={MARKET: 4}) as settings:
        await settings.apply_configured()
    assert venue.changes == [b'{"leverage":4,"margin_type":"CROSS"}']


@pytest.mark.parametrize(
    "update", [{"leverage": 5, "margin_type": "CROSS"}, {"leverage": 4, "margin_type": "ISOLATED"}]
)
async def test_an_answer_that_confirms_something_else_is_an_error(update: dict[str, Any]) -> None:
    async with Venue([], update).settings() as settings:
        with pytest.raises(MessageError, match="was to have leverage 4 CROSS"):
            await settings.set(MARKET, 4, "CROSS")


async def test_an_answer_without_values_confirms_what_was_asked() -> None:
    async with Venue([], {"market": MARKET}).settings() as settings:
        assert await settings.set(MARKET, 4, "ISOLATED") == MarginSetting(MARKET, 4, "ISOLATED")
