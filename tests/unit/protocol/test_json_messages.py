"""JSON of every channel becomes the events of the binary feed, whatever the venue leaves out."""

import json
from typing import Any

import msgspec
import pytest

from nautilus_paradex.protocol import channels, rest, rpc
from nautilus_paradex.protocol.conversion import book_snapshot_event, order_event, position_event
from nautilus_paradex.protocol.errors import MessageError
from nautilus_paradex.protocol.events import (
    AccountEvent,
    BboEvent,
    BookEvent,
    FillEvent,
    FundingDataEvent,
    FundingRateComparisonEvent,
    MarketSummaryEvent,
    OrderEvent,
    PositionEvent,
    TradeEvent,
)
from nautilus_paradex.protocol.json_feed import (
    BalanceEvent,
    MarketChange,
    Message,
    UnknownMessage,
    decode_notification,
)


def decode(channel: str, data: dict[str, Any]) -> Message:
    text = json.dumps(
        {
            "jsonrpc": "2.0",
            "method": "subscription",
            "params": {"channel": channel, "data": data},
        },
    )
    notification = rpc.decode(text)
    assert isinstance(notification, rpc.Notification)
    return decode_notification(notification)


def test_a_best_bid_without_asks() -> None:
    data = {
        "market": "BTC-USD-PERP",
        "seq_no": 7,
        "last_updated_at": 1681493939981,
        "bid": "30112.2",
        "bid_size": "0.04",
        "ask": "",
        "ask_size": "",
        "a_field_of_tomorrow": {"x": 1},
    }
    assert decode("bbo.BTC-USD-PERP", data) == BboEvent(
        ts=1681493939981000,
        seq=7,
        bid_price=3011220000000,
        bid_size=4000000,
        market="BTC-USD-PERP",
    )


def test_an_interactive_book_names_the_best_levels_with_and_without_rpi() -> None:
    def level(side: str, price: str, size: str) -> dict[str, str]:
        return {"side": side, "price": price, "size": size}

    data = {
        "market": "BTC-USD-PERP",
        "seq_no": 7,
        "last_updated_at": 1681493939981,
        "update_type": "s",
        "inserts": [level("BUY", "100.5", "2"), level("SELL", "101", "1")],
        "updates": [],
        "deletes": [],
        "best_bid_interactive": level("BUY", "100.5", "2"),
        "best_ask_interactive": level("SELL", "101", "1"),
        "best_bid_api": level("BUY", "100", "0.5"),
        "relative_spread": "0.00496278",
    }
    assert decode("order_book.BTC-USD-PERP.interactive@15@100ms", data) == BookEvent(
        ts=1681493939981000,
        seq=7,
        pkg_type="SNAPSHOT",
        best_bid_price=10_050_000_000,
        best_bid_size=200_000_000,
        best_ask_price=10_100_000_000,
        best_ask_size=100_000_000,
        relative_spread=496_278,
        best_bid_api_price=10_000_000_000,
        best_bid_api_size=50_000_000,
        bids=[(10_050_000_000, 200_000_000)],
        asks=[(10_100_000_000, 100_000_000)],
        market="BTC-USD-PERP",
    )


def test_a_funding_comparison_is_in_the_words_of_the_binary_schema() -> None:
    data = {
        "symbol": "BTC-USD-PERP",
        "source": "hyperliquid",
        "asset_kind": "PERP",
        "hourly_funding_rate": "0.0000125",
        "last_updated_at": 1681493939981,
    }
    assert decode("funding_rate_comparison.ALL@1000ms", data) == FundingRateComparisonEvent(
        ts=1681493939981000,
        last_updated_at=1681493939981000,
        hourly_funding_rate=12_500_000,
        asset_kind="PERPETUAL_FUTURE",
        source="HYPERLIQUID",
        market="BTC-USD-PERP",
    )


@pytest.mark.parametrize(
    ("best", "expected"),
    [(["100", "0.5"], (10_000_000_000, 50_000_000)), (["10.5"], (None, None)), ([], (None, None))],
)
def test_a_rest_book_names_a_best_level_only_with_price_and_size(
    best: list[str], expected: tuple[int | None, int | None]
) -> None:
    book = rest.OrderBook(market="X", best_ask_api=best)

    event = book_snapshot_event(book)

    assert (event.best_ask_api_price, event.best_ask_api_size) == expected


def test_a_trade_keeps_its_whole_id() -> None:
    data = {
        "id": "1718377985380201703994000001",
        "market": "BTC-USD-PERP",
        "side": "BUY",
        "size": 0.026,
        "price": "67643.2",
        "created_at": "1718377985388",
        "trade_type": "A_TYPE_OF_TOMORROW",
    }
    trade = decode("trades.ALL", data)
    assert isinstance(trade, TradeEvent)
    assert trade.trade_id_str == "1718377985380201703994000001"
    assert (trade.price, trade.size) == (6764320000000, 2600000)
    assert trade.ts == 1718377985388000
    assert trade.trade_type == "A_TYPE_OF_TOMORROW"


@pytest.mark.parametrize(("update_type", "package"), [("s", "SNAPSHOT"), ("d", "DELTA")])
def test_a_book_message_deletes_with_size_zero(update_type: str, package: str) -> None:
    data = {
        "market": "ETH-USD-PERP",
        "seq_no": 5,
        "last_updated_at": 1718377985388,
        "update_type": update_type,
        "inserts": [{"side": "BUY", "price": "10", "size": "1"}],
        "updates": [{"side": "SELL", "price": "11", "size": "2"}],
        "deletes": [{"side": "SELL", "price": "12"}],
    }
    book = decode("order_book.ETH-USD-PERP.deltas", data)
    assert isinstance(book, BookEvent)
    assert book.pkg_type == package
    assert book.bids == [(10_00000000, 1_00000000)]
    assert sorted(book.asks) == [(11_00000000, 2_00000000), (12_00000000, 0)]


@pytest.mark.parametrize(
    "change",
    [
        {"update_type": "x"},
        {"inserts": [{"side": "BOTH", "price": "1", "size": "1"}]},
        {"inserts": [{"side": "BUY", "price": "", "size": "1"}]},
    ],
)
def test_a_book_that_is_not_understood_is_refused(change: dict[str, Any]) -> None:
    data = {"market": "ETH-USD-PERP", "seq_no": 5, "update_type": "d"} | change
    with pytest.raises(MessageError, match=r"order_book\.ETH-USD-PERP\.deltas"):
        decode("order_book.ETH-USD-PERP.deltas", data)


def test_a_summary_of_a_perpetual_has_no_greeks() -> None:
    data = {
        "symbol": "BTC-USD-PERP",
        "mark_price": "67307.7225876",
        "underlying_price": "66806.71304318",
        "funding_rate": "0.00749938923192",
        "bid": "66821.1",
        "ask": "",
        "greeks": None,
        "delta": "",
        "created_at": 1718377962698,
    }
    summary = decode("markets_summary.BTC-USD-PERP", data)
    assert isinstance(summary, MarketSummaryEvent)
    assert summary.index_price == 6680671304318
    assert summary.funding_rate_precise == 7499389232
    assert summary.funding_rate == 749938
    assert (summary.ask, summary.delta, summary.mark_iv) == (None, None, None)


def test_funding_data() -> None:
    data = {"market": "X-USD-PERP", "funding_rate": "-0.0001", "funding_period_hours": 8.0}
    funding = decode("funding_data.X-USD-PERP", data)
    assert isinstance(funding, FundingDataEvent)
    assert (funding.funding_rate, funding.funding_period_hours) == (-10_000, 8)


def test_an_order_with_everything_the_venue_leaves_empty() -> None:
    data = {
        "id": "1748665803430201709269690001",
        "market": "ETHFI-USD-PERP",
        "account": "0x00495d",
        "side": "SELL",
        "type": "MARKET",
        "size": "222",
        "remaining_size": "222",
        "price": "0",
        "trigger_price": "",
        "avg_fill_price": "",
        "status": "NEW",
        "instruction": "",
        "flags": ["REDUCE_ONLY"],
        "last_updated_at": 1748665803448,
        "request_info": {"id": "r", "status": "SUCCESS", "request_type": "MODIFY_ORDER"},
    }
    order = decode("orders.ALL", data)
    assert isinstance(order, OrderEvent)
    assert (order.price, order.trigger_price, order.avg_fill_price) == (None, None, None)
    assert order.size_open == order.size == 222_00000000
    assert order.flags == ("REDUCE_ONLY",)
    assert order.account == "0x495d"
    assert (order.request_status, order.request_type) == ("SUCCESS", "MODIFY_ORDER")
    assert order.updated_at == 1748665803448000


def test_a_fill_with_a_rebate_and_lower_case_flags() -> None:
    data = {
        "id": "1",
        "market": "BTC-USD-PERP",
        "order_id": "2",
        "side": "BUY",
        "liquidity": "MAKER",
        "fill_type": "FILL",
        "price": "64852.9",
        "size": "0.01",
        "fee": "-0.1945587",
        "fee_currency": "DIME",
        "flags": ["interactive", "rpi"],
        "created_at": 1718947571569,
    }
    fill = decode("fills.ALL", data)
    assert isinstance(fill, FillEvent)
    assert fill.fee == -19455870
    assert fill.fee_currency == "DIME"
    assert fill.flags == ("INTERACTIVE", "RPI")


@pytest.mark.parametrize(
    ("side", "size", "expected"),
    [
        ("SHORT", "-0.345", ("SELL", 34500000)),
        ("LONG", "3", ("BUY", 3_00000000)),
        ("", "-1", ("SELL", 1_00000000)),
        ("", "", (None, None)),
    ],
)
def test_a_position_has_an_absolute_size_and_a_side(
    side: str,
    size: str,
    expected: tuple[str | None, int | None],
) -> None:
    position = decode("positions", {"market": "SOL-USD-PERP", "side": side, "size": size})
    assert isinstance(position, PositionEvent)
    assert (position.side, position.size) == expected


def test_an_account_summary() -> None:
    data = {
        "account": "0x1",
        "total_collateral": "123003.62047353",
        "free_collateral": "73276.47229774",
        "settlement_asset": "USDC",
        "updated_at": "1681471234972",
    }
    account = decode("account", data)
    assert isinstance(account, AccountEvent)
    assert account.total_collateral == 12300362047353
    assert account.updated_at == 1681471234972000


def test_what_only_json_carries() -> None:
    balance = decode("balance_events", {"type": "TRANSACTION_FILL", "fees": "0.000000000000000001"})
    transfer = decode("transfers", {"id": "1", "kind": "DEPOSIT", "amount": 100})
    change = decode("markets", {"symbol": "X-USD-PERP", "event_type": "CREATED"})
    assert isinstance(balance, BalanceEvent)
    assert isinstance(transfer, rest.Transfer)
    assert isinstance(change, MarketChange)
    unknown = decode("a_topic_of_tomorrow", {"x": 1})
    assert isinstance(unknown, UnknownMessage)
    assert unknown.channel == "a_topic_of_tomorrow"


@pytest.mark.parametrize(
    ("channel", "data"),
    [
        ("bbo.X", {}),
        ("bbo.X", {"market": "X", "bid": "not a number"}),
        ("orders.ALL", {"id": 5}),
        ("trades.X", {"id": "1", "market": None}),
    ],
)
def test_a_malformed_payload_names_its_channel(channel: str, data: dict[str, Any]) -> None:
    with pytest.raises(MessageError, match=channel):
        decode(channel, data)


def test_a_rest_book_is_a_snapshot() -> None:
    book = rest.OrderBook(market="X", bids=[["1", "2"]], asks=[["3", 4]], seq_no="9")
    event = book_snapshot_event(book)
    assert event.pkg_type == "SNAPSHOT"
    assert event.bids == [(1_00000000, 2_00000000)]
    assert event.asks == [(3_00000000, 4_00000000)]
    assert event.seq == 9


@pytest.mark.parametrize(
    ("channel", "parts"),
    [
        ("account", ("account", None, None, ())),
        ("bbo.BTC-USD-PERP", ("bbo", "BTC-USD-PERP", None, ())),
        ("bbo.BTC-USD-PERP.interactive", ("bbo", "BTC-USD-PERP", "interactive", ())),
        (
            "order_book.BTC-USD-PERP.snapshot@15@100ms",
            ("order_book", "BTC-USD-PERP", "snapshot", ("15", "100ms")),
        ),
        ("order_book.X.deltas", ("order_book", "X", "deltas", ())),
    ],
)
def test_channel_names_come_apart(channel: str, parts: tuple[object, ...]) -> None:
    assert tuple(channels.split(channel)) == parts


def test_private_channels_are_known() -> None:
    private = {channels.split(name).topic for name in (channels.orders(), channels.ACCOUNT)}
    assert private < channels.PRIVATE_TOPICS
    assert channels.split(channels.book_deltas("X")).topic not in channels.PRIVATE_TOPICS


def test_a_book_in_pieces_names_its_parameters() -> None:
    assert channels.book_snapshot("X", "50ms", "0.1") == "order_book.X.snapshot@15@50ms@0.1"
    assert channels.book_interactive("X") == "order_book.X.interactive@15@100ms"
    assert channels.bbo_interactive("X") == "bbo.X.interactive"
    assert channels.funding_rate_comparison() == "funding_rate_comparison.ALL@1000ms"


# -- Recorded replies (skipped without the shared reference) --------------------------------------


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("rest_markets_perp_testnet_2024", rest.Results[rest.Market]),
        ("rest_markets_summary_perp_testnet_2024", rest.Results[rest.MarketSummary]),
        ("rest_trades", rest.Page[rest.Trade]),
        ("rest_positions_long", rest.Results[rest.Position]),
        ("rest_orderbook_testnet_2024", rest.OrderBook),
        ("rest_balance", rest.Results[rest.Balance]),
        ("rest_klines", rest.Results[list[object]]),
        ("rest_system_config_testnet_2024", rest.SystemConfig),
        ("rest_system_time_string_2024", rest.SystemTime),
        ("rest_system_time_number_2026", rest.SystemTime),
        ("rest_system_state", rest.SystemState),
    ],
)
def test_recorded_replies_have_their_shapes(reference: Any, name: str, shape: Any) -> None:
    reply = (reference / "captures" / f"{name}.json").read_bytes()
    decoded = msgspec.json.decode(reply, type=shape)
    told = msgspec.to_builtins(decoded)
    assert any(value not in (None, []) for value in told.values())


def test_the_recorded_rejected_order(reference: Any) -> None:
    path = reference / "captures" / "rest_order_rejected_not_enough_margin.json"
    order = order_event(msgspec.json.decode(path.read_bytes(), type=rest.Order))
    assert (order.status, order.cancel_reason) == ("CLOSED", "NOT_ENOUGH_MARGIN")
    assert order.size_open is None
    assert order.avg_fill_price is None


def test_the_recorded_position(reference: Any) -> None:
    path = reference / "captures" / "rest_positions_long.json"
    page = msgspec.json.decode(path.read_bytes(), type=rest.Results[rest.Position])
    assert page.results is not None
    position = position_event(page.results[0])
    assert (position.side, position.size) == ("BUY", 3_00000000)
    assert position.avg_entry_price == 18306499451
    assert position.liquidation_price is None


def test_the_recorded_fill_on_the_socket(reference: Any) -> None:
    text = (reference / "captures" / "ws_fills_json.json").read_text()
    notification = rpc.decode(text)
    assert isinstance(notification, rpc.Notification)
    fill = decode_notification(notification)
    assert isinstance(fill, FillEvent)
    assert fill.fee == 19455870
    assert fill.client_order_id == ""
