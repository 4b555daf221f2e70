"""The venue's JSON of every event and record: the tables are in `json_fields`.

REST and the JSON channels share these shapes (openapi, asyncapi, captures): amounts are decimal
strings, times are milliseconds. Order book messages of the socket are in `json_book`.
"""

from collections.abc import Callable, Iterable
from typing import Final

from nautilus_paradex.devnet.engine.algos import AlgoReport
from nautilus_paradex.devnet.engine.model import (
    Balance,
    BalanceChange,
    CancelOutcome,
    FundingPayment,
    Kline,
    Page,
    TradeBust,
    TransferRecord,
    WireEvent,
)
from nautilus_paradex.devnet.wire import json_fields as fields
from nautilus_paradex.devnet.wire.json_fields import Fields
from nautilus_paradex.protocol.enums import AssetKind, PositionSide, RequestStatus
from nautilus_paradex.protocol.events import (
    AccountEvent,
    BboEvent,
    BookEvent,
    BookLevel,
    FillEvent,
    FundingDataEvent,
    FundingRateComparisonEvent,
    MarketSummaryEvent,
    OrderEvent,
    PositionEvent,
    TradeEvent,
)
from nautilus_paradex.protocol.numbers import e8_to_str

__all__ = [
    "JsonObject",
    "account_json",
    "algo_json",
    "balance_json",
    "bbo_json",
    "cancel_json",
    "event_json",
    "fill_json",
    "funding_data_json",
    "funding_payment_json",
    "kline_json",
    "order_json",
    "orderbook_json",
    "page_json",
    "position_json",
    "summary_json",
    "trade_bust_json",
    "trade_json",
    "transfer_json",
]

type JsonObject = dict[str, object]


def event_json(event: WireEvent) -> JsonObject:
    """Return the `data` of the notification that carries `event`; not for book events."""
    return _EVENT_JSON[type(event)](event)


def order_json(event: OrderEvent) -> JsonObject:
    result = _object(event, fields.ORDER)
    result["flags"] = list(event.flags or ())
    result["request_info"] = _request_info(event)
    return result


def algo_json(report: AlgoReport) -> JsonObject:
    return _object(report, fields.ALGO) | {"algo_params": _object(report, fields.ALGO_PARAMS)}


def fill_json(event: FillEvent) -> JsonObject:
    result = _object(event, fields.FILL)
    result["flags"] = [flag.lower() for flag in event.flags or ()]
    return result


def position_json(event: PositionEvent) -> JsonObject:
    """Return a position; its size is signed here and its side is LONG or SHORT (capture)."""
    result = _object(event, fields.POSITION)
    short = event.side == "SELL"
    size_e8 = event.size or 0
    result["id"] = f"{event.account}-{event.market}"
    result["side"] = PositionSide.SHORT if short else PositionSide.LONG
    result["size"] = e8_to_str(-size_e8 if short else size_e8)
    return result


def account_json(event: AccountEvent) -> JsonObject:
    return _object(event, fields.ACCOUNT)


def trade_json(event: TradeEvent) -> JsonObject:
    return _object(event, fields.TRADE)


def bbo_json(event: BboEvent) -> JsonObject:
    return _object(event, fields.BBO)


def summary_json(event: MarketSummaryEvent) -> JsonObject:
    """Return the ticker of a market; IVs and greeks only where there are any (options)."""
    result = _object(event, fields.SUMMARY)
    if event.delta is not None:
        result |= _object(event, fields.SUMMARY_OPTION)
        result["greeks"] = _object(event, fields.GREEKS)
    return result


def funding_data_json(event: FundingDataEvent) -> JsonObject:
    """Return the funding of a market; the impact premium is left out where unknown (openapi)."""
    result = _object(event, fields.FUNDING_DATA)
    if event.impact_premium_rate is not None:
        result |= _object(event, fields.IMPACT_PREMIUM)
    return result


def orderbook_json(event: BookEvent) -> JsonObject:
    """Return the REST form of a book snapshot; best prices of both views where it knows them."""
    result: JsonObject = {
        "market": event.market,
        "seq_no": event.seq,
        "last_updated_at": (event.ts or 0) // 1_000,
        "bids": _levels(event.bids),
        "asks": _levels(event.asks),
    }
    for name, price, size in fields.best_of(event):
        result[name] = [e8_to_str(price), e8_to_str(size)]
    return result


def balance_json(balance: Balance) -> JsonObject:
    return _object(balance, fields.BALANCE)


def funding_payment_json(payment: FundingPayment) -> JsonObject:
    return _object(payment, fields.FUNDING_PAYMENT)


def transfer_json(transfer: TransferRecord) -> JsonObject:
    return _object(transfer, fields.TRANSFER)


def trade_bust_json(bust: TradeBust) -> JsonObject:
    return _object(bust, fields.TRADE_BUST)


def cancel_json(outcome: CancelOutcome, account: str) -> JsonObject:
    return _object(outcome, fields.CANCEL) | {"account": account}


def kline_json(kline: Kline, *, in_usd: bool = False) -> list[object]:
    """Return one candle: JSON numbers, as captured."""
    volume = kline.turnover_e8 if in_usd else kline.volume_e8
    amounts = (kline.open_e8, kline.high_e8, kline.low_e8, kline.close_e8, volume)
    return [kline.open_time_ms, *(_json_number(amount) for amount in amounts)]


def page_json[T](page: Page[T], shape: Callable[[T], JsonObject]) -> JsonObject:
    return {
        "next": page.next,
        "prev": None,
        "results": [shape(result) for result in page.results],
    }


def _object(source: object, rows: Fields) -> JsonObject:
    return {name: write(getattr(source, attribute)) for name, attribute, write in rows}


def _levels(levels: Iterable[BookLevel]) -> list[list[str]]:
    return [[e8_to_str(price), e8_to_str(size)] for price, size in levels]


def _json_number(amount_e8: int) -> float:
    # The venue writes candles as JSON numbers (capture). Only a display of the value: 15 digits.
    return amount_e8 / 1e8


def _request_info(event: OrderEvent) -> JsonObject | None:
    if event.request_status in (None, RequestStatus.UNSPECIFIED):
        return None
    return _object(event, fields.REQUEST_INFO)


def _funding_rate_json(event: FundingRateComparisonEvent) -> JsonObject:
    result = _object(event, fields.FUNDING_RATE)
    result["asset_kind"] = _ASSET_KINDS[event.asset_kind or ""]
    return result


def _balance_change_json(change: BalanceChange) -> JsonObject:
    settlement = {"status": "ON_BLOCKCHAIN", "type": "TRANSACTION_FILL"}
    return _object(change, fields.BALANCE_CHANGE) | settlement


# The schema's names against those of REST: a guess, no JSON of this channel is recorded.
_ASSET_KINDS: Final = {
    "PERPETUAL_FUTURE": AssetKind.PERP.value,
    "OPTION": AssetKind.OPTION.value,
    "SPOT": AssetKind.SPOT.value,
}

_EVENT_JSON: Final[dict[type, Callable[..., JsonObject]]] = {
    OrderEvent: order_json,
    FillEvent: fill_json,
    PositionEvent: position_json,
    AccountEvent: account_json,
    BalanceChange: _balance_change_json,
    FundingPayment: funding_payment_json,
    TransferRecord: transfer_json,
    TradeBust: trade_bust_json,
    TradeEvent: trade_json,
    BboEvent: bbo_json,
    MarketSummaryEvent: summary_json,
    FundingDataEvent: funding_data_json,
    FundingRateComparisonEvent: _funding_rate_json,
}
