"""The REST client against the devnet: real sockets, real signatures, the venue's own shapes."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from decimal import Decimal

import pytest

from nautilus_paradex.devnet.config import DevnetConfig
from nautilus_paradex.devnet.server import DevnetServer
from nautilus_paradex.protocol import rest
from nautilus_paradex.transport.credentials import ParadexCredentials
from nautilus_paradex.transport.errors import VenueError
from nautilus_paradex.transport.http import ParadexHttpClient
from tests.support import PATIENCE_SECS

MARKET = "BTC-USD-PERP"


@pytest.fixture
async def devnet():
    async with DevnetServer(DevnetConfig(port=0, past_hours=2)) as server:
        yield server


@pytest.fixture
async def client(devnet):
    client = await started_client(devnet, devnet.accounts[0].private_key)
    yield client
    await client.close()


async def started_client(devnet, private_key, *, is_subkey=False):
    address = devnet.accounts[0].address
    credentials = ParadexCredentials(address, private_key, is_subkey=is_subkey)
    client = ParadexHttpClient(devnet.http_url, credentials=credentials)
    await client.start()
    return client


def signed_order(client, *, client_id, price, size="0.01", side="BUY"):
    timestamp_ms = client.clock.now_ms()
    signature = client.signer.sign_order(
        timestamp_ms=timestamp_ms,
        market=MARKET,
        side=side,
        order_type="LIMIT",
        size=Decimal(size),
        price=Decimal(price),
    )
    return rest.OrderRequest(
        market=MARKET,
        side=side,
        type="LIMIT",
        size=size,
        price=price,
        instruction="GTC",
        signature=signature,
        signature_timestamp=timestamp_ms,
        client_id=client_id,
    )


async def until[T](fetch: Callable[[], Awaitable[T]]) -> T:
    """Ask again until the answer is not empty."""
    async with asyncio.timeout(PATIENCE_SECS):
        while not (answer := await fetch()):
            pass
    return answer


async def orders_with(client, client_id, status):
    page = await client.orders_history(client_id=client_id)
    return [order for order in page.results if order.status == status]


async def test_every_read_of_the_contract_is_answered(client):
    summary = await client.account_summary()
    symbols = {market.symbol for market in await client.markets()}
    end_ms = client.clock.now_ms()
    window = {"start_at_ms": end_ms - 3_600_000, "end_at_ms": end_ms}

    assert MARKET in symbols
    assert int(summary.account, 16) == client.account
    assert (await client.system_state()).status == "ok"
    assert await client.markets_summary(MARKET)
    assert (await client.orderbook(MARKET, 5)).market == MARKET
    assert (await client.bbo(MARKET)).market == MARKET
    assert (await client.trades(MARKET, page_size=5)).results is not None
    assert await client.klines(MARKET, resolution=1, **window)
    assert (await client.funding_data(MARKET, page_size=5)).results is not None
    assert await client.account_info()
    assert await client.balances()
    assert await client.positions() == []
    assert await client.open_orders() == []
    assert (await client.orders_history()).results == []
    assert (await client.fills()).results == []
    assert (await client.funding_payments("BTC-USD-PERP")).results is not None
    assert (await client.transfers()).results is not None
    assert (await client.tradebusts()).results == []


async def test_an_order_is_placed_found_cancelled_and_found_again_in_the_history(client):
    placed = await client.create_order(signed_order(client, client_id="mine", price="1000"))
    await until(lambda: orders_with(client, "mine", "OPEN"))
    found = await client.order_by_client_id("mine")
    await client.cancel_order_by_client_id("mine", MARKET)
    (closed,) = await until(lambda: orders_with(client, "mine", "CLOSED"))

    assert placed.id == found.id == closed.id
    assert closed.cancel_reason == "USER_CANCELED"


async def test_a_signature_of_other_values_is_refused_with_the_venues_code(client):
    order = signed_order(client, client_id="forged", price="1000")
    forged = rest.OrderRequest(
        **{name: getattr(order, name) for name in order.__struct_fields__} | {"price": "1001"}
    )

    with pytest.raises(VenueError) as refusal:
        await client.create_order(forged)
    assert refusal.value.status in (400, 401)
    assert refusal.value.code is not None
    assert await client.open_orders() == []


async def test_orders_in_parallel_share_one_token(client):
    orders = [signed_order(client, client_id=f"c{n}", price=str(1_000 + n)) for n in range(20)]

    placed = await asyncio.gather(*(client.create_order(order) for order in orders))

    assert len({order.id for order in placed}) == 20
    assert client.metrics["tokens_refused"] == 0


async def test_a_token_that_the_venue_calls_expired_is_replaced():
    ahead_secs = 0

    def venue_us():
        return time.time_ns() // 1_000 + ahead_secs * 1_000_000

    async with DevnetServer(DevnetConfig(port=0, past_hours=0), now_us=venue_us) as devnet:
        client = await started_client(devnet, devnet.accounts[0].private_key)
        await client.positions()
        # Unseen by the client, whose measurement of the venue's clock is from before.
        ahead_secs = 301
        order = await client.create_order(signed_order(client, client_id="late", price="1000"))
        refused = client.metrics["tokens_refused"]
        await client.close()

    assert order.client_id == "late"
    assert refused == 1


@pytest.mark.parametrize("is_subkey", [True, False])
async def test_a_subkey_trades_for_its_account_whether_announced_or_not(devnet, is_subkey):
    account = devnet.accounts[0]
    client = await started_client(devnet, account.subkey, is_subkey=is_subkey)

    placed = await client.create_order(signed_order(client, client_id="sub", price="1000"))
    await client.close()

    assert int(placed.account, 16) == account.address


async def test_a_key_that_is_not_the_accounts_gets_no_token(devnet):
    other = devnet.accounts[1]
    client = await started_client(devnet, other.private_key)

    with pytest.raises(VenueError) as refusal:
        await client.positions()
    assert str(other.private_key) not in str(refusal.value)
    await client.close()
