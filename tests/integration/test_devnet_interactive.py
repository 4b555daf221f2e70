"""The interactive feeds: the book with the RPI orders that the ordinary feeds do not show."""

import pytest

from nautilus_paradex.devnet import DevnetConfig, DevnetServer
from nautilus_paradex.protocol.events import BboEvent, BookEvent
from nautilus_paradex.protocol.numbers import E8, to_e8
from tests.integration.devnet_client import BTC, connected
from tests.support import eventually

DELTAS = f"order_book.{BTC}.interactive_deltas"
SNAPSHOT = f"order_book.{BTC}.interactive@15@50ms"
BBO = f"bbo.{BTC}.interactive"


@pytest.fixture
async def clients():
    """A maker that may send RPI orders, and somebody who may not, in an empty market."""
    config = DevnetConfig(
        port=0, synthetic=False, past_hours=0, legacy_json=True, rpi_accounts=(0,)
    )
    async with DevnetServer(config) as server, connected(server) as (maker, other):
        yield maker, other


@pytest.fixture
async def maker(clients):
    """With an ordinary bid of 95000, and an RPI bid a dollar above it."""
    maker, _ = clients
    await maker.place()
    rpi = (await maker.place(price="95001", size="0.02", instruction="RPI")).body["id"]
    exchange = maker.server.exchange
    await eventually(lambda: exchange.live_price_e8(maker.account.address_hex, rpi))
    await eventually(lambda: exchange.queued == 0)
    return maker


async def test_rpi_is_for_accounts_on_the_whitelist(clients):
    maker, other = clients
    assert (await maker.place(instruction="RPI")).status == 201
    refused = await other.place(instruction="RPI")
    assert (refused.status, refused.body["error"]) == (400, "RPI_ACCOUNT_NOT_WHITELISTED")


async def test_rest_shows_both_views(maker):
    plain = (await maker.get(f"/orderbook/{BTC}")).body
    shown = (await maker.get(f"/orderbook/{BTC}/interactive")).body
    assert plain["bids"] == [["95000", "0.01"]]
    assert shown["bids"] == [["95001", "0.02"], ["95000", "0.01"]]
    assert shown["best_bid_interactive"] == ["95001", "0.02"]
    assert shown["best_bid_api"] == ["95000", "0.01"]
    assert "best_ask_api" not in shown
    assert plain["seq_no"] == shown["seq_no"]
    assert (await maker.get(f"/bbo/{BTC}")).body["bid"] == "95000"
    assert (await maker.get(f"/bbo/{BTC}/interactive")).body["bid"] == "95001"


async def test_rest_groups_the_interactive_book_by_price(maker):
    grouped = (await maker.get(f"/orderbook/{BTC}/interactive", price_tick="10")).body
    assert grouped["bids"] == [["95000", "0.03"]]


@pytest.mark.parametrize("version", [0, 1, 2])
async def test_deltas_of_both_views_step_together(maker, version):
    async with maker.socket(version) as plain, maker.socket(version) as shown:
        await plain.subscribe(f"order_book.{BTC}.deltas")
        await shown.subscribe(DELTAS)
        snapshots = await plain.next_of(BookEvent), await shown.next_of(BookEvent)
        assert [len(event.bids) for event in snapshots] == [1, 2]
        assert snapshots[1].best_bid_price == 95_001 * E8
        assert snapshots[1].best_bid_api_price == 95_000 * E8
        assert snapshots[0].best_bid_price is None
        await maker.place(price="95002", instruction="RPI")
        deltas = await plain.next_of(BookEvent), await shown.next_of(BookEvent)
    assert [event.seq for event in deltas] == [event.seq + 1 for event in snapshots]
    assert deltas[0].bids == []
    assert deltas[1].bids == [(95_002 * E8, E8 // 100)]


async def test_json_deltas_name_the_best_prices_of_both_views(maker):
    async with maker.socket(None) as socket:
        await socket.subscribe(DELTAS)
        assert (await socket.next_data(DELTAS))["update_type"] == "s"
        await maker.place(side="SELL", price="95011", instruction="RPI")
        delta = await socket.next_data(DELTAS)
    assert delta["inserts"] == [{"side": "SELL", "price": "95011", "size": "0.01"}]
    assert delta["best_bid_interactive"] == {"side": "BUY", "price": "95001", "size": "0.02"}
    assert delta["best_bid_api"] == {"side": "BUY", "price": "95000", "size": "0.01"}
    assert delta["best_ask_interactive"]["price"] == "95011"
    assert "best_ask_api" not in delta
    assert to_e8(delta["relative_spread"]) == round(10 / 95_006 * E8)


async def test_json_tells_inserts_from_updates_in_each_view_apart(maker):
    plain = f"order_book.{BTC}.deltas"
    async with maker.socket(None) as api, maker.socket(None) as shown:
        await api.subscribe(plain)
        await shown.subscribe(DELTAS)
        await api.next_data(plain)
        await shown.next_data(DELTAS)
        await maker.place(price="95001")
        inserted, updated = await api.next_data(plain), await shown.next_data(DELTAS)
    assert inserted["inserts"] == [{"side": "BUY", "price": "95001", "size": "0.01"}]
    assert updated["updates"] == [{"side": "BUY", "price": "95001", "size": "0.03"}]
    assert inserted["updates"] == updated["inserts"] == []


async def test_repeated_snapshots_show_the_rpi_orders(maker):
    async with maker.socket() as socket:
        await socket.subscribe(SNAPSHOT)
        first = await socket.next_of(BookEvent)
        await maker.place(price="95002", instruction="RPI")
        second = await socket.next_of(BookEvent)
    assert [price // E8 for price, _ in first.bids] == [95_001, 95_000]
    assert [price // E8 for price, _ in second.bids] == [95_002, 95_001, 95_000]
    assert second.best_bid_price == 95_002 * E8


async def test_best_prices_of_both_views(maker):
    async with maker.socket() as plain, maker.socket() as shown:
        await plain.subscribe(f"bbo.{BTC}")
        await shown.subscribe(BBO)
        assert (await plain.next_of(BboEvent)).bid_price == 95_000 * E8
        assert (await shown.next_of(BboEvent)).bid_price == 95_001 * E8
        await maker.place(price="95003", instruction="RPI")
        assert (await shown.next_of(BboEvent)).bid_price == 95_003 * E8
        await maker.place(price="95002")
        # The first news of the API's view: it did not hear of the RPI order.
        assert (await plain.next_of(BboEvent)).bid_price == 95_002 * E8


async def test_json_best_prices_come_under_the_name_of_their_channel(maker):
    async with maker.socket(None) as socket:
        await socket.subscribe(f"bbo.{BTC}")
        await socket.subscribe(BBO)
        assert (await socket.next_data(f"bbo.{BTC}"))["bid"] == "95000"
        assert (await socket.next_data(BBO))["bid"] == "95001"


async def test_frames_of_both_views_cannot_be_told_apart(maker):
    async with maker.socket() as socket:
        await socket.subscribe(f"bbo.{BTC}")
        await socket.subscribe(BBO)
        await socket.next_of(BboEvent)
        await socket.next_of(BboEvent)
        headers = {frame[:8] for frame in socket.frames}
    assert len(headers) == 1


async def test_both_views_are_one_book_channel(maker):
    async with maker.socket() as socket:
        await socket.subscribe(DELTAS)
        for channel in (f"order_book.{BTC}.deltas", SNAPSHOT):
            refused = await socket.call("subscribe", channel=channel)
            assert refused.error is not None
            assert refused.error.code == -32600


async def test_a_lively_market_shows_better_prices_to_retail():
    config = DevnetConfig(port=0, past_hours=0, step_interval_ms=10, speed=20.0)
    async with DevnetServer(config) as server, connected(server) as (client, _):
        exchange = server.exchange

        def improves() -> bool:
            plain, shown = exchange.bbo(BTC), exchange.bbo(BTC, interactive=True)
            return shown.bid_price > plain.bid_price and shown.ask_price < plain.ask_price

        await eventually(improves)

        async with client.socket() as socket:
            await socket.subscribe(DELTAS)
            event = await socket.next_of(BookEvent)
            bids, seq = dict(event.bids), event.seq
            for _ in range(50):
                event = await socket.next_of(BookEvent)
                assert event.seq == seq + 1
                seq = event.seq
                bids |= dict(event.bids)
                bids = {price: size for price, size in bids.items() if size}
                assert (max(bids), bids[max(bids)]) == (event.best_bid_price, event.best_bid_size)
