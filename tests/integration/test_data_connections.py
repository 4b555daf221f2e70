"""The data client over several connections: what is spread, lost, silent or many."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from nautilus_trader.data.messages import (
    SubscribeMarkPrices,
    SubscribeOrderBook,
    SubscribeQuoteTicks,
    SubscribeTradeTicks,
    UnsubscribeMarkPrices,
    UnsubscribeQuoteTicks,
)
from nautilus_trader.model.data import (
    MarkPriceUpdate,
    OrderBookDeltas,
    OrderBookDepth10,
    QuoteTick,
    TradeTick,
)
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.instruments import CryptoOption, Instrument
from yarl import URL

from nautilus_paradex.devnet.config import DevnetConfig
from nautilus_paradex.devnet.sockets.connection import Connection as VenueConnection
from tests.integration.data_world import (
    BTC,
    SYMBOL,
    MakeWorld,
    World,
    base,
    book_command,
    levels_at_the_venue,
    levels_of,
)
from tests.support import eventually

ETH = InstrumentId.from_str("ETH-USD-PERP.PARADEX")
BOTH = (SYMBOL, ETH.symbol.value)
LIVELY: dict[str, Any] = {"port": 0, "past_hours": 0, "speed": 5, "step_interval_ms": 50}
ENCODINGS = [
    pytest.param({}, id="sbe"),
    pytest.param({"sbe_versions": (), "legacy_json": True}, id="json"),
]


def venue_sockets(world: World) -> list[VenueConnection]:
    return list(world.devnet.sockets._open)


def at_the_venue(world: World) -> list[list[str]]:
    """What each socket is subscribed to, as the venue knows it."""
    return sorted(sorted(socket.subscriptions) for socket in venue_sockets(world))


def cut(world: World, channel: str) -> None:
    """Lose the one connection that carries a channel."""
    (socket,) = (each for each in venue_sockets(world) if channel in each.subscriptions)
    socket.abort()


def snapshots(world: World, instrument_id: InstrumentId) -> list[OrderBookDeltas]:
    return [
        deltas
        for deltas in world.of(OrderBookDeltas)
        if deltas.instrument_id == instrument_id and deltas.is_snapshot
    ]


def has_the_venues_book(world: World, instrument_id: InstrumentId) -> bool:
    symbol = instrument_id.symbol.value
    return levels_of(world.book(instrument_id)) == levels_at_the_venue(world.devnet, symbol)


@asynccontextmanager
async def forwarding(listener: socket.socket, target_port: int) -> AsyncIterator[None]:
    """Let a bound socket listen, and pass on what comes to a port of this machine."""
    pumps: set[asyncio.Task[None]] = set()

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", target_port)
        pumps.update(
            {asyncio.create_task(pump(reader, back)), asyncio.create_task(pump(there, writer))}
        )

    server = await asyncio.start_server(serve, sock=listener)
    try:
        yield
    finally:
        server.close()
        for task in pumps:
            task.cancel()
        await asyncio.gather(*pumps, return_exceptions=True)


class TestSpreading:
    async def test_no_socket_is_opened_before_it_is_needed(self, make_world: MakeWorld) -> None:
        world = await make_world(DevnetConfig(**LIVELY))
        assert at_the_venue(world) == []

        world.client.subscribe_quote_ticks(SubscribeQuoteTicks(**base()))
        await eventually(lambda: world.of(QuoteTick))

        assert at_the_venue(world) == [[f"bbo.{SYMBOL}"]]
        assert world.client.metrics["socket_connects"] == 1

    async def test_channels_beyond_the_limit_go_over_another(self, make_world: MakeWorld) -> None:
        world = await make_world(DevnetConfig(**LIVELY), load=BOTH, max_channels_per_connection=2)
        client = world.client

        for instrument_id in (BTC, ETH):
            client.subscribe_quote_ticks(SubscribeQuoteTicks(**base(instrument_id)))
            client.subscribe_mark_prices(SubscribeMarkPrices(**base(instrument_id)))
            client.subscribe_trade_ticks(SubscribeTradeTicks(**base(instrument_id)))

        await eventually(lambda: len(world.client._pool.channels) == 6)
        assert [len(channels) for channels in at_the_venue(world)] == [2, 2, 2]
        for kind in (QuoteTick, MarkPriceUpdate):
            await eventually(
                lambda kind=kind: {item.instrument_id for item in world.of(kind)} == {BTC, ETH}
            )

    async def test_a_connection_that_carries_nothing_is_closed(
        self, make_world: MakeWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("nautilus_paradex.feeds.connections._EMPTY_LINGER_SECS", 0)
        world = await make_world(DevnetConfig(**LIVELY))
        world.client.subscribe_quote_ticks(SubscribeQuoteTicks(**base()))
        await eventually(lambda: world.of(QuoteTick))

        world.client.unsubscribe_quote_ticks(UnsubscribeQuoteTicks(**base()))

        await eventually(lambda: at_the_venue(world) == [])
        assert world.client.metrics["socket_disconnects"] == 0
        world.data.clear()
        world.client.subscribe_quote_ticks(SubscribeQuoteTicks(**base()))
        await eventually(lambda: world.of(QuoteTick))

    async def test_hundreds_of_markets_at_once(self, make_world: MakeWorld) -> None:
        world = await make_world(DevnetConfig(port=0, extra_markets=320, past_hours=0), load=None)
        markets = [i.id for i in world.client.instrument_provider.list_all()]
        assert len(markets) > 320

        for instrument_id in markets:
            world.client.subscribe_quote_ticks(SubscribeQuoteTicks(**base(instrument_id)))
            world.client.subscribe_mark_prices(SubscribeMarkPrices(**base(instrument_id)))

        await eventually(
            lambda: {item.instrument_id for item in world.of(MarkPriceUpdate)} == set(markets),
        )
        assert len(world.client._pool.channels) == 2 * len(markets)
        assert max(len(channels) for channels in at_the_venue(world)) == 100
        metrics = world.client.metrics
        for trouble in ("subscriptions_failed", "streams_restarted", "values_refused"):
            assert metrics[trouble] == 0, trouble
        assert {item.instrument_id for item in world.of(QuoteTick)} <= set(markets)


class TestLoss:
    @pytest.mark.parametrize("encoding", ENCODINGS)
    async def test_one_lost_connection_leaves_the_books_of_the_others(
        self, make_world: MakeWorld, encoding: dict[str, Any]
    ) -> None:
        world = await make_world(
            DevnetConfig(**LIVELY, **encoding), load=BOTH, max_channels_per_connection=1
        )
        for instrument_id in (BTC, ETH):
            world.client.subscribe_order_book_deltas(
                SubscribeOrderBook(**book_command(instrument_id=instrument_id))
            )
        await eventually(lambda: snapshots(world, BTC) and snapshots(world, ETH))
        assert len(venue_sockets(world)) == 2

        cut(world, f"order_book.{SYMBOL}.deltas")
        await eventually(lambda: len(snapshots(world, BTC)) == 3)

        is_clear = [len(deltas.deltas) == 1 for deltas in snapshots(world, BTC)]
        assert is_clear == [False, True, False]
        assert len(snapshots(world, ETH)) == 1
        for instrument_id in (BTC, ETH):
            await eventually(lambda i=instrument_id: has_the_venues_book(world, i))
        assert world.client.metrics["book_gaps"] == 0

    async def test_depth_is_absent_while_its_connection_is(self, make_world: MakeWorld) -> None:
        world = await make_world(DevnetConfig(**LIVELY))
        command = {**book_command(), "book_data_type": OrderBookDepth10}
        world.client.subscribe_order_book_depth(
            SubscribeOrderBook(**command, params={"refresh_rate": "50ms"})
        )
        await eventually(lambda: len(world.of(OrderBookDepth10)) >= 3)

        cut(world, f"order_book.{SYMBOL}.snapshot@15@50ms")
        await eventually(lambda: world.of(OrderBookDepth10)[-1].to_quote_tick() is None)
        told = len(world.of(OrderBookDepth10))
        await eventually(lambda: len(world.of(OrderBookDepth10)) >= told + 3)

        is_absent = [depth.to_quote_tick() is None for depth in world.of(OrderBookDepth10)]
        assert is_absent.count(True) == 1
        assert at_the_venue(world) == [[f"order_book.{SYMBOL}.snapshot@15@50ms"]]

    async def test_a_venue_that_cannot_be_reached_at_first_is_tried_until_it_can(
        self, make_world: MakeWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("nautilus_paradex.feeds.connections._CONNECT_DELAY_MAX_SECS", 0.25)
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            port = listener.getsockname()[1]
            world = await make_world(
                DevnetConfig(**LIVELY), base_url_ws=f"ws://127.0.0.1:{port}/v1"
            )
            world.client.subscribe_quote_ticks(SubscribeQuoteTicks(**base()))
            world.client.subscribe_mark_prices(SubscribeMarkPrices(**base()))
            (connection,) = await _first(lambda: world.client._pool.connections)
            await eventually(lambda: connection._backoff._failures >= 2)
            assert world.data == world.of(Instrument)

            async with forwarding(listener, URL(world.devnet.ws_url).port or 0):
                await eventually(lambda: world.of(QuoteTick) and world.of(MarkPriceUpdate))
                world.client.disconnect()
                await eventually(lambda: not world.client.is_connected)


class TestSilence:
    async def test_a_channel_that_is_confirmed_and_never_fed_is_named(
        self, make_world: MakeWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("nautilus_paradex.feeds.subscriber._TICK_SECS", 0.01)
        monkeypatch.setattr("nautilus_paradex.feeds.subscriber._BROKEN_LIMIT_NS", 100_000_000)
        world = await make_world(DevnetConfig(**LIVELY))
        channel = f"order_book.{SYMBOL}.deltas"
        await world.fault(kind="silent_channel", channel=channel, times=3)

        world.client.subscribe_order_book_deltas(SubscribeOrderBook(**book_command()))
        await eventually(lambda: world.client._subscriber.never_fed == (channel,))
        await eventually(lambda: has_the_venues_book(world, BTC))

        await eventually(lambda: world.client._subscriber.never_fed == ())
        assert world.client.metrics["streams_never_fed"] == 1
        assert world.client.metrics["streams_restarted"] == 3


class TestMany:
    @pytest.mark.parametrize("encoding", ENCODINGS)
    async def test_wide_channels_serve_every_market_that_is_used(
        self, make_world: MakeWorld, encoding: dict[str, Any]
    ) -> None:
        world = await make_world(
            DevnetConfig(**LIVELY, **encoding),
            load=None,
            wide_channels=["bbo", "trades", "markets_summary"],
        )
        client = world.client

        for instrument_id in (BTC, ETH):
            client.subscribe_quote_ticks(SubscribeQuoteTicks(**base(instrument_id)))
            client.subscribe_trade_ticks(SubscribeTradeTicks(**base(instrument_id)))
            client.subscribe_mark_prices(SubscribeMarkPrices(**base(instrument_id)))
        for kind in (QuoteTick, TradeTick, MarkPriceUpdate):
            await eventually(
                lambda kind=kind: {item.instrument_id for item in world.of(kind)} == {BTC, ETH},
            )
        assert at_the_venue(world) == [["bbo.ALL", "markets_summary", "trades.ALL"]]
        assert client.metrics["events_of_other_markets"] > 0
        assert client.metrics["events_of_unknown_market"] == 0

    async def test_the_markets_of_a_scoped_channel_outlive_its_connection(
        self, make_world: MakeWorld
    ) -> None:
        world = await make_world(
            DevnetConfig(**LIVELY), load=BOTH, wide_channels=["markets_summary"]
        )
        client = world.client
        for instrument_id in (BTC, ETH):
            client.subscribe_mark_prices(SubscribeMarkPrices(**base(instrument_id)))
        await eventually(lambda: _scope(world) == set(BOTH))

        cut(world, "markets_summary")
        await eventually(lambda: client.metrics["socket_reconnects"] == 1)
        await eventually(lambda: _scope(world) == set(BOTH))
        client.unsubscribe_mark_prices(UnsubscribeMarkPrices(**base(BTC)))
        await eventually(lambda: _scope(world) == {ETH.symbol.value})
        world.data.clear()

        await eventually(lambda: len(world.of(MarkPriceUpdate)) >= 2)
        assert {item.instrument_id for item in world.of(MarkPriceUpdate)} == {ETH}
        assert client.metrics["subscriptions_failed"] == 0

    async def test_options_of_each_asset_share_a_channel(self, make_world: MakeWorld) -> None:
        world = await make_world(DevnetConfig(**LIVELY), load=None, wide_channels=["option_bbo"])
        options = [
            instrument.id
            for instrument in world.client.instrument_provider.list_all()
            if isinstance(instrument, CryptoOption)
        ]
        assert len(options) >= 2

        for instrument_id in (*options, BTC):
            world.client.subscribe_quote_ticks(SubscribeQuoteTicks(**base(instrument_id)))

        await eventually(
            lambda: {quote.instrument_id for quote in world.of(QuoteTick)} >= {*options, BTC}
        )
        assert sum(channels == ["bbo"] for channels in at_the_venue(world)) >= 1
        assert [f"bbo.{SYMBOL}"] in at_the_venue(world)


def _scope(world: World) -> set[str] | None:
    scopes = [
        socket.subscriptions["markets_summary"].markets
        for socket in venue_sockets(world)
        if "markets_summary" in socket.subscriptions
    ]
    return scopes[0] if scopes else None


async def _first[T](found: Callable[[], tuple[T, ...]]) -> tuple[T, ...]:
    await eventually(found)
    return found()
