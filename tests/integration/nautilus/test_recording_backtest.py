"""What was seen live is seen again in a backtest over the catalog of its recording."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.backtest.node import BacktestNode
from nautilus_trader.config import (
    BacktestDataConfig,
    BacktestEngineConfig,
    BacktestRunConfig,
    BacktestVenueConfig,
    DataEngineConfig,
    LoggingConfig,
)
from nautilus_trader.model.data import OrderBookDelta, QuoteTick, TradeTick
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.events import OrderFilled
from nautilus_trader.trading.strategy import Strategy

from nautilus_paradex.history import Recorder, RecordingReader, recording_to_catalog
from nautilus_paradex.history.catalog_forms import FundingRateUpdate, IndexPriceUpdate
from tests.integration.nautilus.harness import (
    BTC,
    MARKET,
    Level,
    RecordingDataTester,
    Venue,
    data_tester,
    levels_of,
    running_node,
)
from tests.support import eventually

EVERYTHING = {
    "subscribe_quotes": True,
    "subscribe_trades": True,
    "subscribe_book_deltas": True,
    "subscribe_mark_prices": True,
    "subscribe_index_prices": True,
    "subscribe_funding_rates": True,
    "manage_book": True,
}
MARK_PRICE = "nautilus_trader.model.data:MarkPriceUpdate"


def rows(objects: Iterable[Any]) -> list[dict[str, Any]]:
    """What objects say, without their `ts_init`, which is each receiver's own."""
    told = []
    for data in objects:
        row = type(data).to_dict(data)
        for part in (row, *row.get("deltas", ())):
            part.pop("ts_init", None)
            if part.get("action") == "CLEAR":
                part["order"] = None  # of other precisions when it comes from a file
        told.append(row)
    return told


class Buyer(Strategy):
    """Buys a little at the market with the first trade."""

    def __init__(self) -> None:
        super().__init__()
        self.fills: list[OrderFilled] = []

    def on_start(self) -> None:
        self.subscribe_trade_ticks(BTC)

    def on_trade_tick(self, trade: TradeTick) -> None:
        if not self.cache.orders():
            quantity = self.cache.instrument(BTC).make_qty(0.01)
            self.submit_order(self.order_factory.market(BTC, OrderSide.BUY, quantity))

    def on_order_filled(self, event: OrderFilled) -> None:
        self.fills.append(event)


def backtest(catalog: Path, *actors: Any) -> BacktestEngine:
    """Run a backtest over all that the catalog has of the market."""
    data = [
        BacktestDataConfig(catalog_path=str(catalog), data_cls=data_cls, instrument_id=BTC)
        for data_cls in (
            QuoteTick,
            TradeTick,
            OrderBookDelta,
            MARK_PRICE,
            IndexPriceUpdate,
            FundingRateUpdate,
        )
    ]
    venue = BacktestVenueConfig(
        name="PARADEX",
        oms_type="NETTING",
        account_type="MARGIN",
        book_type="L2_MBP",
        starting_balances=["100000 USDC"],
    )
    config = BacktestRunConfig(
        engine=BacktestEngineConfig(
            logging=LoggingConfig(bypass_logging=True),
            # The updates of a book come as they were sent, not level by level.
            data_engine=DataEngineConfig(buffer_deltas=True),
        ),
        venues=[venue],
        data=data,
        raise_exception=True,
        dispose_on_completion=False,
    )
    node = BacktestNode(configs=[config])
    node.build()
    engine = node.get_engine(config.id)
    for actor in actors:
        (engine.add_strategy if isinstance(actor, Strategy) else engine.add_actor)(actor)
    node.run()
    return engine


async def record_a_session(
    venue: Venue, path: Path, live: RecordingDataTester
) -> tuple[list[Level], list[Level]]:
    """Let others trade while a node and a recorder look on; return the node's book at the end."""
    (market,) = [m for m in await venue.http.markets() if m.symbol == MARKET]
    recorder = Recorder(venue.server.ws_url, path, markets=[market], report=lambda _: None)
    async with running_node(venue, live) as node:
        await eventually(lambda: live.quotes and live.deltas and live.mark_prices)
        await recorder.start()
        await eventually(lambda: recorder.stats.frames >= 3)  # best prices, book, summary
        for number in range(8):
            venue.quote(f"{95_000 + number}", f"{95_010 + number}", size="0.5")
            venue.add_quote(f"{94_990 - number}", f"{95_020 + number}")
            venue.take("BUY" if number % 2 else "SELL", "0.6")
        venue.quote("95500", "95510")
        await eventually(lambda: str(live.quotes[-1].bid_price) == "95500.0")
        tickers = len(live.mark_prices)
        await eventually(lambda: len(live.mark_prices) > tickers)
        book = levels_of(node.cache.order_book(BTC))
        seen = len(live.quotes) + len(live.trades) + len(live.deltas) + 2
        await eventually(lambda: recorder.stats.frames >= seen)
        await recorder.stop()
    return book


async def test_a_strategy_sees_in_the_backtest_what_the_live_node_saw(
    venue: Venue, tmp_path: Path
) -> None:
    path, catalog = tmp_path / "session.jsonl", tmp_path / "catalog"
    live, later = data_tester(**EVERYTHING), data_tester(**EVERYTHING)

    live_book = await record_a_session(venue, path, live)
    recording_to_catalog(path, catalog, chunk_size=10)
    engine = backtest(catalog, later)

    assert rows(later.trades) == rows(live.trades)
    # The first of these has the time of each one's own subscription.
    assert rows(later.quotes[1:]) == rows(live.quotes[1:])
    assert rows(later.deltas[1:]) == rows(live.deltas[1:])
    for kind in ("mark_prices", "index_prices", "funding_rates"):
        # The ticker comes by itself: the node had some before the recorder.
        known = rows(getattr(later, kind))[1:]
        assert known
        assert [row for row in rows(getattr(live, kind)) if row in known] == known
    recorded_ns = {frame.t_ns for frame in RecordingReader(path)}
    assert {data.ts_init for data in (*later.quotes, *later.deltas)} <= recorded_ns
    assert levels_of(engine.cache.order_book(BTC)) == live_book
    assert len(later.trades) > 8
    engine.dispose()


async def test_an_order_in_the_backtest_is_filled_from_the_recorded_book(
    venue: Venue, tmp_path: Path
) -> None:
    path, catalog = tmp_path / "session.jsonl", tmp_path / "catalog"
    await record_a_session(venue, path, data_tester(**EVERYTHING))
    recording_to_catalog(path, catalog)

    buyer = Buyer()
    engine = backtest(catalog, buyer)

    (fill,) = buyer.fills
    assert str(fill.last_px) == "95010.0"
    engine.dispose()
