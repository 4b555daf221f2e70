"""The tape of trades in both encodings: book trades, RPI trades, and what met no book."""

import pytest

from nautilus_paradex.devnet import DevnetConfig, DevnetServer
from nautilus_paradex.protocol.events import TradeEvent
from nautilus_paradex.protocol.numbers import E8, e8_to_str
from tests.integration.devnet_client import BTC, connected

CHANNEL = f"trades.{BTC}"
SIZE, PRICE = "0.5", "96000"


@pytest.fixture
async def clients():
    config = DevnetConfig(port=0, synthetic=False, past_hours=0, legacy_json=True)
    async with DevnetServer(config) as server, connected(server) as clients:
        yield clients


async def act(client, **fields):
    reply = await client.devnet("POST", "/devnet/acts", json=fields)
    assert reply.status == 200, reply
    return reply.body


async def block_trade(first, second):
    await act(
        first,
        kind="block_trade",
        buyer=first.account.address_hex,
        seller=second.account.address_hex,
        market=BTC,
        size=SIZE,
        price=PRICE,
    )


async def transfer(first, second):
    await act(
        first,
        kind="transfer_position",
        giver=first.account.address_hex,
        taker=second.account.address_hex,
        market=BTC,
        size=SIZE,
        price=PRICE,
    )


async def liquidation(first, second):
    await block_trade(first, second)
    await act(first, kind="liquidate", account=first.account.address_hex)


async def book_trade(first, second):
    await second.place(side="SELL", size=SIZE, price=PRICE)
    await first.place(side="BUY", size=SIZE, price=PRICE)


HAPPENINGS = {
    "BLOCK_TRADE": block_trade,
    "UNWIND_TRANSFER": transfer,
    "LIQUIDATION": liquidation,
    "FILL": book_trade,
}


@pytest.mark.parametrize("version", [0, 1, 2])
@pytest.mark.parametrize("trade_type", HAPPENINGS)
async def test_both_encodings_tell_of_a_trade(clients, trade_type, version):
    first, second = clients
    async with first.socket(version) as binary, first.socket(None) as text:
        for socket in (binary, text):
            await socket.subscribe(CHANNEL)
        await HAPPENINGS[trade_type](first, second)
        event = await binary.next_of(TradeEvent, trade_type=trade_type)
        data = await text.next_data(CHANNEL, trade_type=trade_type)
    in_book = trade_type == "FILL"
    seq = first.server.exchange.book_snapshot(BTC).seq
    assert event.seq == (seq if in_book else 0)
    assert (event.size, event.price) == (E8 // 2, 96_000 * E8)
    assert (data["size"], data["price"]) == (SIZE, e8_to_str(event.price))
    assert data["side"] == event.side
    assert data["created_at"] == event.created_at // 1_000
    assert event.trade_id_str == (data["id"] if version == 2 else None)
    # The number that older versions have is what 64 bits hold of the id (schema).
    assert (event.trade_id - int(data["id"])) % 2**64 == 0


@pytest.mark.parametrize("trade_type", HAPPENINGS)
async def test_rest_has_what_the_tape_had(clients, trade_type):
    first, second = clients
    async with first.socket(None) as text:
        await text.subscribe(CHANNEL)
        await HAPPENINGS[trade_type](first, second)
        told = await text.next_data(CHANNEL, trade_type=trade_type)
    newest = (await first.get("/trades", market=BTC)).body["results"][0]
    assert newest == told


async def test_a_retail_taker_prints_an_rpi_trade(clients):
    first, second = clients
    exchange = first.server.exchange
    exchange.whitelist_for_rpi(second.account.address_hex)
    async with first.socket() as binary, first.socket(None) as text:
        for socket in (binary, text):
            await socket.subscribe(CHANNEL)
        await second.place(side="SELL", size=SIZE, price=PRICE, instruction="RPI")
        await first.sign_in(token_usage="interactive")
        await first.place(side="BUY", size=SIZE, price=PRICE)
        assert (await binary.next_of(TradeEvent)).trade_type == "RPI"
        assert (await text.next_data(CHANNEL))["trade_type"] == "RPI"
