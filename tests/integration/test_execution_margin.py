"""Leverage and margin mode of a market: as configured at connect, and by command."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from nautilus_trader.model.currencies import USDC
from nautilus_trader.model.enums import OrderSide

from nautilus_paradex.config import ParadexExecClientConfig
from nautilus_paradex.devnet.config import DevnetConfig
from nautilus_paradex.devnet.engine.leverage import MarginSetting
from nautilus_paradex.devnet.server import DevnetServer
from nautilus_paradex.execution.errors import CommandDeniedError
from nautilus_paradex.protocol.environment import ParadexEnvironment
from nautilus_paradex.transport.errors import ServerError, VenueError
from tests.integration.execution_world import INSTRUMENT_ID, MARKET, World, open_world
from tests.support import KeptLog, eventually


def at_venue(world: World, market: str = MARKET) -> MarginSetting:
    address = world.server.accounts[0].address_hex
    return world.server.exchange.margins.get(address, market)


def initial_margin(world: World) -> Decimal:
    account = world.cache.account(world.client.account_id)
    amount: Decimal = account.margin_init_for_currency(USDC).as_decimal()
    return amount


def choose(market: str, setting: MarginSetting) -> Callable[[World], None]:
    def change(world: World) -> None:
        address = world.server.accounts[0].address_hex
        world.server.exchange.margins.choose(address, market, setting)

    return change


async def test_another_leverage_at_the_venue_is_changed_at_connect() -> None:
    settings = {"leverages": {MARKET: 10, "ETH-USD-PERP": 20}, "margin_modes": {MARKET: "ISOLATED"}}
    async with open_world(change=choose(MARKET, MarginSetting(5)), **settings) as world:
        assert at_venue(world) == MarginSetting(10, "ISOLATED")
        assert at_venue(world, "ETH-USD-PERP") == MarginSetting(20, "CROSS")


async def test_a_margin_mode_alone_keeps_the_leverage() -> None:
    change = choose(MARKET, MarginSetting(5))
    async with open_world(change=change, margin_modes={MARKET: "ISOLATED"}) as world:
        assert at_venue(world) == MarginSetting(5, "ISOLATED")


async def test_a_leverage_alone_keeps_the_margin_mode() -> None:
    change = choose(MARKET, MarginSetting(5, "ISOLATED"))
    async with open_world(change=change, leverages={MARKET: 7}) as world:
        assert at_venue(world) == MarginSetting(7, "ISOLATED")


async def test_what_is_as_wanted_already_is_not_sent() -> None:
    change = choose(MARKET, MarginSetting(5, "ISOLATED"))
    settings = {"leverages": {MARKET: 5}, "margin_modes": {MARKET: "ISOLATED"}}
    async with open_world(change=change, **settings) as world:
        requests = world.http.metrics["requests"]
        await world.client._margins.apply_configured()
        assert world.http.metrics["requests"] == requests + 1


async def test_the_account_follows_a_changed_leverage() -> None:
    async with open_world() as world:
        await world.resting(OrderSide.BUY, "0.10000", world.around("-0.01"))
        await eventually(lambda: initial_margin(world) > 0)
        before = initial_margin(world)
        setting = await world.client.set_margin(INSTRUMENT_ID, 5)
        assert (setting.leverage, setting.margin_type) == (5, "CROSS")
        assert await world.client.margin(INSTRUMENT_ID) == setting
        await eventually(lambda: initial_margin(world) > 9 * before)


@pytest.mark.parametrize(
    ("present", "margin_type", "expected"),
    [
        ("ISOLATED", None, "ISOLATED"),
        ("CROSS", None, "CROSS"),
        ("ISOLATED", "CROSS", "CROSS"),
        ("CROSS", "ISOLATED", "ISOLATED"),
    ],
)
async def test_a_leverage_chosen_without_a_mode_keeps_the_mode(
    present: str, margin_type: str | None, expected: str
) -> None:
    async with open_world(change=choose(MARKET, MarginSetting(5, present))) as world:
        setting = await world.client.set_margin(INSTRUMENT_ID, 7, margin_type)
        assert (setting.leverage, setting.margin_type) == (7, expected)
        assert at_venue(world) == MarginSetting(7, expected)


async def test_a_mode_that_cannot_be_read_is_not_guessed() -> None:
    async with open_world(change=choose(MARKET, MarginSetting(5, "ISOLATED"))) as world:
        await world.fault(kind="http_status", path="/v1/account/margin", method="GET", status=503)
        with pytest.raises(ServerError):
            await world.client.set_margin(INSTRUMENT_ID, 7)
        assert at_venue(world) == MarginSetting(5, "ISOLATED")


async def test_what_the_venue_refuses_is_raised_and_changes_nothing() -> None:
    async with open_world() as world:
        before = at_venue(world)
        with pytest.raises(VenueError, match="leverage: must be 1 to 50, was 51"):
            await world.client.set_margin(INSTRUMENT_ID, 51)
        with pytest.raises(CommandDeniedError, match="LEVERAGE_INVALID: leverage=0"):
            await world.client.set_margin(INSTRUMENT_ID, 0)
        with pytest.raises(CommandDeniedError, match="MARGIN_TYPE_INVALID: margin_type=NONE"):
            await world.client.set_margin(INSTRUMENT_ID, 5, "NONE")
        assert at_venue(world) == before


async def test_a_setting_that_cannot_be_made_keeps_the_client_from_connecting() -> None:
    async with DevnetServer(DevnetConfig(port=0, synthetic=False, past_hours=0)) as server:
        config = ParadexExecClientConfig(
            environment=ParadexEnvironment.DEVNET,
            base_url_http=server.http_url,
            base_url_ws=server.ws_url,
            leverages={MARKET: 51},
        )
        world = World(server, config)
        log = world.client._margins._log = KeptLog()
        with pytest.raises(VenueError, match="leverage"):
            await world.client._connect()
        await world.client._disconnect()
        (text,) = log.errors
        assert MARKET in text
