"""An isolated-margin account: its orders, fills, positions and balance, and nobody else's."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal

import pytest
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.messages import GeneratePositionStatusReports
from nautilus_trader.model.currencies import USDC
from nautilus_trader.model.enums import OrderSide, OrderStatus
from nautilus_trader.model.events import OrderRejected
from nautilus_trader.model.objects import Quantity

from nautilus_paradex.config import ParadexExecClientConfig
from nautilus_paradex.devnet.config import DevnetConfig
from nautilus_paradex.devnet.server import DevnetServer
from nautilus_paradex.execution.errors import CommandDeniedError
from nautilus_paradex.protocol.environment import ParadexEnvironment
from nautilus_paradex.protocol.json_feed import BalanceEvent
from nautilus_paradex.transport.errors import VenueError
from tests.integration.execution_world import INSTRUMENT_ID, MARKET, World
from tests.support import eventually

BUY, SELL = OrderSide.BUY, OrderSide.SELL


@pytest.fixture(params=["json", "sbe"])
async def server(request: pytest.FixtureRequest) -> AsyncIterator[DevnetServer]:
    config = DevnetConfig(
        port=0,
        synthetic=False,
        past_hours=0,
        private_sbe=request.param == "sbe",
        tick_interval_ms=20,
    )
    async with DevnetServer(config) as server:
        yield server


def world_of(server: DevnetServer, on_behalf_of_account: str | None) -> World:
    return World(
        server,
        ParadexExecClientConfig(
            environment=ParadexEnvironment.DEVNET,
            base_url_http=server.http_url,
            base_url_ws=server.ws_url,
            max_retries=0,
            on_behalf_of_account=on_behalf_of_account,
        ),
    )


@asynccontextmanager
async def opened(world: World) -> AsyncIterator[World]:
    await world.start()
    try:
        yield world
    finally:
        await world.stop()


@pytest.fixture
async def isolated(server: DevnetServer) -> AsyncIterator[World]:
    async with opened(world_of(server, server.accounts[0].isolated_hex)) as world:
        yield world


@pytest.fixture
async def main(server: DevnetServer) -> AsyncIterator[World]:
    async with opened(world_of(server, None)) as world:
        yield world


def net(world: World) -> Decimal:
    position: Decimal = world.portfolio.net_position(INSTRUMENT_ID)
    return position


def total(world: World) -> Decimal:
    account = world.cache.account(world.client.account_id)
    amount: Decimal = account.balance_total(USDC).as_decimal()
    return amount


def positions_query(world: World) -> GeneratePositionStatusReports:
    return GeneratePositionStatusReports(
        instrument_id=None,
        start=None,
        end=None,
        command_id=UUID4(),
        ts_init=world.clock.timestamp_ns(),
    )


async def test_what_it_trades_is_its_own_from_order_to_balance(isolated: World) -> None:
    assert isolated.client.account_id.value == "PARADEX-isolated"
    assert total(isolated) == Decimal(10_000)
    price = isolated.around("0")
    await isolated.counterparty.place("SELL", "0.01000", price)
    order = isolated.submit(isolated.market(BUY, "0.01000"))
    await eventually(lambda: order.status == OrderStatus.FILLED)
    await eventually(lambda: total(isolated) < 10_000)

    books = isolated.ledger()
    assert [fill["order_id"] for fill in books["fills"]] == [order.venue_order_id.value]
    assert net(isolated) == Decimal(books["positions"][0]["size"]) == Decimal("0.01")
    assert total(isolated) == Decimal(books["balances"]["USDC"])
    server = isolated.server
    main = server.exchange.ledger()["accounts"][server.accounts[0].address_hex]  # type: ignore[index]
    assert (main["orders"], main["balances"]["USDC"]) == ([], "100000")


async def test_two_clients_of_one_token_tell_their_accounts_apart(
    isolated: World, main: World
) -> None:
    low, high = main.around("-0.01"), main.around("0.01")
    mine = await isolated.resting(BUY, "0.00500", low)
    theirs = await main.resting(SELL, "0.00700", high)
    await main.counterparty.place("SELL", "0.00200", low)
    await main.counterparty.place("BUY", "0.00300", high)
    await eventually(lambda: net(isolated) == Decimal("0.002"))
    await eventually(lambda: net(main) == Decimal("-0.003"))
    await eventually(lambda: total(isolated) == Decimal(isolated.ledger()["balances"]["USDC"]))
    await eventually(lambda: total(main) == Decimal(main.ledger()["balances"]["USDC"]))

    for world, order in ((isolated, mine), (main, theirs)):
        assert world.cache.orders() == [order]
        status = await world.client.generate_mass_status()
        assert status is not None
        assert [report.value for report in status.order_reports] == [order.venue_order_id.value]
        assert [len(reports) for reports in status.fill_reports.values()] == [1]
        reports = await world.client.generate_position_status_reports(positions_query(world))
        assert [report.signed_decimal_qty for report in reports] == [net(world)]
    assert main.client._stream.foreign > 0 < isolated.client._stream.foreign


async def test_orders_of_it_are_modified_and_cancelled(isolated: World) -> None:
    order = await isolated.resting(BUY, "0.00500", isolated.around("-0.01"))
    isolated.modify(order, size="0.00600")
    await eventually(lambda: order.quantity == Quantity.from_str("0.00600"))
    isolated.cancel(order)
    await eventually(lambda: order.status == OrderStatus.CANCELED)


async def test_what_happened_while_the_socket_was_down_is_caught_up_with(isolated: World) -> None:
    price = isolated.around("-0.01")
    order = await isolated.resting(BUY, "0.00500", price)
    await isolated.fault(kind="drop_sockets")
    await isolated.counterparty.place("SELL", "0.00500", price)
    await eventually(lambda: order.status == OrderStatus.FILLED)
    assert net(isolated) == Decimal("0.005")


async def test_an_order_beyond_its_own_margin_is_rejected(isolated: World) -> None:
    # The main account could bear it.
    order = isolated.submit(isolated.limit(BUY, "6.00000", isolated.around("-0.01")))
    await eventually(lambda: order.is_closed)
    rejected = isolated.events[-1]
    assert isinstance(rejected, OrderRejected)
    assert rejected.reason == "NOT_ENOUGH_MARGIN"


async def test_a_change_of_the_main_accounts_balance_is_not_its_own(isolated: World) -> None:
    told = len(isolated.account_states)
    # It names no account, and may well start from the balance that the isolated one has.
    isolated.hear(
        BalanceEvent(
            settlement_asset_name="USDC",
            settlement_asset_balance_before="10000",
            settlement_asset_balance_after="5000",
            realized_funding="-1",
            created_at=isolated.http.clock.now_ms() + 1_000,
        )
    )
    await isolated.resting(BUY, "0.00500", isolated.around("-0.01"))
    await eventually(lambda: len(isolated.account_states) > told)
    assert {str(state.balances[0].total) for state in isolated.account_states[told:]} == {
        "10000.00000000 USDC"
    }


async def test_leverage_and_twaps_are_its_own(isolated: World, main: World) -> None:
    with pytest.raises(CommandDeniedError, match="MARGIN_TYPE_UNKNOWN: market=BTC-USD-PERP"):
        await isolated.client.set_margin(INSTRUMENT_ID, 5)
    await isolated.client.set_margin(INSTRUMENT_ID, 5, "ISOLATED")
    margins = isolated.server.exchange.margins
    assert margins.get(isolated.address, MARKET).leverage == 5
    assert margins.get(main.address, MARKET).leverage == 50

    await isolated.counterparty.place("SELL", "0.05000", isolated.around("0"))
    twap = await isolated.client.submit_twap(
        INSTRUMENT_ID, BUY, Quantity.from_str("0.00200"), duration_secs=60
    )
    await eventually(lambda: net(isolated) == Decimal("0.001"))
    assert net(main) == 0
    assert [found.id for found in await isolated.client.open_twaps()] == [twap.id]
    assert await main.client.open_twaps() == []
    await twap.cancel()


async def test_an_account_that_is_not_there_keeps_the_client_from_connecting(
    server: DevnetServer,
) -> None:
    world = world_of(server, "0x150")
    with pytest.raises(VenueError, match="ACCOUNT_NOT_FOUND"):
        await world.client._connect()
    await world.client._disconnect()
