"""Binary frames written by hand, by code that shares nothing with the codec, and their events."""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from msgspec.structs import replace

from nautilus_paradex.protocol.events import (
    AccountEvent,
    BboEvent,
    BookEvent,
    Event,
    FillEvent,
    FundingDataEvent,
    FundingRateComparisonEvent,
    HeartbeatEvent,
    MarketSummaryEvent,
    OrderEvent,
    PositionEvent,
    TradeEvent,
)

REFERENCE = Path(__file__).resolve().parents[4] / "shared" / "reference" / "paradex"
NULL = -(2**63)
TS = 1_791_421_535_936_000
ACCOUNT = "0x129c135ed63df9353885e292be4426b8ed6122b13c6c0e1bb787288a1f5adfa"
ACCOUNT_BYTES = bytes.fromhex(ACCOUNT.removeprefix("0x").zfill(64))


@dataclass(frozen=True)
class FrameCase:
    """A frame, the event it carries and the shape of its block."""

    name: str
    version: int
    frame: bytes
    event: Event
    codes: tuple[str, ...]
    canonical: bool = True
    """Whether the encoder writes this layout; False for the older of the two layouts of 1:2."""

    @property
    def block_length(self) -> int:
        return struct.calcsize("<" + "".join(self.codes))

    @property
    def block_end(self) -> int:
        return 8 + self.block_length

    def with_block(self, block: bytes) -> bytes:
        """The same frame around another block, of any length."""
        header = struct.pack("<H", len(block)) + self.frame[2:8]
        return header + block + self.frame[self.block_end :]


def text(value: str) -> bytes:
    return bytes([len(value.encode())]) + value.encode()


def group(*levels: tuple[int, int]) -> bytes:
    return struct.pack("<HH", 16, len(levels)) + b"".join(struct.pack("<qq", *x) for x in levels)


def case(
    name: str,
    event: Event,
    version: int,
    codes: str,
    values: list[int | bytes],
    tail: bytes = b"",
    *,
    canonical: bool = True,
) -> FrameCase:
    block = struct.pack("<" + codes.replace(" ", ""), *values)
    header = struct.pack("<HHHH", len(block), type(event).TEMPLATE_ID, 1, version)
    unrolled: list[str] = []
    for code in codes.split():
        unrolled += code[-1] * int(code[:-1]) if code[:-1].isdigit() and code != "32s" else [code]
    return FrameCase(name, version, header + block + tail, event, tuple(unrolled), canonical)


TRADE = TradeEvent(
    ts=TS,
    seq=7_687_289_235,
    trade_id=-(2**62),
    side="SELL",
    price=8_341_220_000_000,
    size=19_000,
    created_at=TS - 900,
    trade_type="RPI",
    market="BTC-USD-PERP",
)
TRADE_VALUES = [TS, 7_687_289_235, -(2**62), 2, 8_341_220_000_000, 19_000, TS - 900, 5]
TRADE_ID = "1791421535935201709233240002"

SUMMARY_NAMES = tuple(
    name for name in MarketSummaryEvent.__struct_fields__ if name not in {"ts", "seq", "market"}
)
SUMMARY_VALUES = [TS, 0, *range(101, 101 + len(SUMMARY_NAMES))]
SUMMARY = MarketSummaryEvent(
    ts=TS,
    seq=0,
    market="ETH-USD-PERP",
    **dict(zip(SUMMARY_NAMES, SUMMARY_VALUES[2:], strict=True)),
)

FUNDING_V0 = {
    "ts": TS,
    "seq": 0,
    "funding_rate": -14_969,
    "funding_index": -55_169_401,
    "created_at": TS,
    "funding_premium": -50_991,
    "funding_rate8h": -29_939,
    "funding_period_hours": 4,
    "market": "TRUMP-USD-PERP",
}
FUNDING_VALUES = [TS, 0, -14_969, -55_169_401, TS, -50_991, -29_939, 4]

ORDER_V1 = {
    "ts": TS,
    "seq": 9,
    "status": "OPEN",
    "side": "BUY",
    "order_type": "STOP_LIMIT",
    "time_in_force": "POST_ONLY",
    "price": 6_200_000_000_000,
    "trigger_price": None,
    "size": 15_000_000,
    "size_open": 10_000_000,
    "avg_fill_price": None,
    "created_at": TS - 5_000,
    "updated_at": TS,
    "account": ACCOUNT,
    "received_at": TS - 4_000,
    "published_at": TS,
    "stp": "EXPIRE_TAKER",
    "flags": ("REDUCE_ONLY", "INTERACTIVE"),
    "order_id": "1791421535935201709233240003",
    "client_order_id": "O-1",
    "market": "BTC-USD-PERP",
    "cancel_reason": "",
}
ORDER_CODES = "2q 4B 7q 32s 2q 2B"
ORDER_VALUES = [
    *(TS, 9, 3, 1, 3, 3, 6_200_000_000_000, NULL, 15_000_000, 10_000_000, NULL),
    *(TS - 5_000, TS, ACCOUNT_BYTES, TS - 4_000, TS, 2, 0b0000_1001),
]
ORDER_TAIL = text("1791421535935201709233240003") + text("O-1") + text("BTC-USD-PERP") + text("")

FILL_V1 = {
    "ts": TS,
    "seq": None,
    "fill_type": "FILL",
    "side": "BUY",
    "liquidity": "MAKER",
    "price": 6_200_000_000_000,
    "size": 5_000_000,
    "fee": -310_000,
    "realized_pnl": None,
    "created_at": TS - 900,
    "account": ACCOUNT,
    "underlying_price": 6_199_900_000_000,
    "realized_funding": -12_000_000,
    "fill_id": "f1",
    "order_id": "17",
    "client_order_id": "O-1",
    "trade_id": "18",
    "market": "BTC-USD-PERP",
}
FILL_VALUES = [
    *(TS, NULL, 1, 1, 1, 6_200_000_000_000, 5_000_000, -310_000, NULL, TS - 900),
    *(ACCOUNT_BYTES, 6_199_900_000_000, -12_000_000),
]
FILL_TAIL = text("f1") + text("17") + text("O-1") + text("18") + text("BTC-USD-PERP")

ACCOUNT_V1 = {
    "ts": TS,
    "seq": 4,
    "total_collateral": 60_000_000_000,
    "free_collateral": 55_025_000_000,
    "initial_margin_req": 5_000_000_000,
    "maintenance_margin_req": 2_500_000_000,
    "account_value": 61_234_000_000,
    "unrealized_pnl": None,
    "updated_at": TS,
    "account": ACCOUNT,
    "margin_cushion": 58_734_000_000,
    "status": "ACTIVE",
    "settlement_asset": "USDC",
}
ACCOUNT_VALUES = [
    *(TS, 4, 60_000_000_000, 55_025_000_000, 5_000_000_000, 2_500_000_000),
    *(61_234_000_000, NULL, TS, ACCOUNT_BYTES, 58_734_000_000, 1),
]

FRAME_CASES = (
    case("trade v1", TRADE, 1, "3q B 3q B", TRADE_VALUES, text("BTC-USD-PERP")),
    case(
        "trade v2",
        TradeEvent(
            **{**{n: getattr(TRADE, n) for n in TRADE.__struct_fields__}, "trade_id_str": TRADE_ID}
        ),
        2,
        "3q B 3q B",
        TRADE_VALUES,
        text("BTC-USD-PERP") + text(TRADE_ID),
    ),
    case(
        "trade v2 without its id",
        TRADE,
        2,
        "3q B 3q B",
        TRADE_VALUES,
        text("BTC-USD-PERP"),
        canonical=False,
    ),
    case(
        "bbo",
        BboEvent(
            ts=TS,
            seq=5,
            bid_price=8_347_220_000_000,
            bid_size=1_200_000,
            ask_price=8_348_720_000_000,
            ask_size=15_000,
            market="BTC-USD-PERP",
        ),
        1,
        "6q",
        [TS, 5, 8_347_220_000_000, 1_200_000, 8_348_720_000_000, 15_000],
        text("BTC-USD-PERP"),
    ),
    case(
        "bbo with an empty ask side",
        BboEvent(ts=TS, seq=6, bid_price=1, bid_size=2, market="kPEPE-USD-PERP"),
        0,
        "6q",
        [TS, 6, 1, 2, NULL, NULL],
        text("kPEPE-USD-PERP"),
    ),
    case(
        "book snapshot",
        BookEvent(
            ts=TS,
            seq=100,
            pkg_type="SNAPSHOT",
            best_bid_price=1_000_000_000,
            relative_spread=990_099,
            best_ask_api_size=7,
            bids=[(1_000_000_000, 100_000_000), (990_000_000, 200_000_000)],
            asks=[(1_010_000_000, 300_000_000)],
            market="SOL-USD-PERP",
        ),
        1,
        "2q B 9q",
        [TS, 100, 0, 1_000_000_000, *[NULL] * 3, 990_099, *[NULL] * 3, 7],
        group((1_000_000_000, 100_000_000), (990_000_000, 200_000_000))
        + group((1_010_000_000, 300_000_000))
        + text("SOL-USD-PERP"),
    ),
    case(
        "empty book delta",
        BookEvent(ts=TS, seq=101, pkg_type="DELTA", market="SOL-USD-PERP"),
        2,
        "2q B 9q",
        [TS, 101, 1, *[NULL] * 9],
        group() + group() + text("SOL-USD-PERP"),
    ),
    case(
        "market summary v0",
        replace(SUMMARY, forward_rate=None, risk_free_rate=None, funding_rate_precise=None),
        0,
        "27q",
        SUMMARY_VALUES[:-3],
        text("ETH-USD-PERP"),
    ),
    case("market summary v1", SUMMARY, 1, "30q", SUMMARY_VALUES, text("ETH-USD-PERP")),
    case(
        "funding data v0",
        FundingDataEvent(**FUNDING_V0),
        0,
        "7q h",
        FUNDING_VALUES,
        text("TRUMP-USD-PERP"),
    ),
    case(
        "funding data v1",
        FundingDataEvent(**FUNDING_V0, impact_premium_rate=10_000),
        1,
        "7q h q",
        [*FUNDING_VALUES, 10_000],
        text("TRUMP-USD-PERP"),
    ),
    case(
        "funding rate comparison",
        FundingRateComparisonEvent(
            ts=TS,
            last_updated_at=TS - 1,
            hourly_funding_rate=12_500_000,
            asset_kind="PERPETUAL_FUTURE",
            source="HYPERLIQUID",
            market="BTC-USD-PERP",
        ),
        1,
        "3q 2B",
        [TS, TS - 1, 12_500_000, 1, 7],
        text("BTC-USD-PERP"),
    ),
    case("order v1", OrderEvent(**ORDER_V1), 1, ORDER_CODES, ORDER_VALUES, ORDER_TAIL),
    case(
        "order v2",
        OrderEvent(
            **ORDER_V1,
            request_status="REJECTED",
            request_type="MODIFY_ORDER",
            request_id="req-1",
            request_message="ORDER_IS_CLOSED",
        ),
        2,
        ORDER_CODES + " 2B",
        [*ORDER_VALUES, 3, 1],
        ORDER_TAIL + text("req-1") + text("ORDER_IS_CLOSED"),
    ),
    case(
        "order v2 without its request",
        OrderEvent(**ORDER_V1),
        2,
        ORDER_CODES,
        ORDER_VALUES,
        ORDER_TAIL,
        canonical=False,
    ),
    case("fill v1", FillEvent(**FILL_V1), 1, "2q 3B 5q 32s 2q", FILL_VALUES, FILL_TAIL),
    case(
        "fill v2",
        FillEvent(
            **FILL_V1,
            flags=("RPI", "UNKNOWN"),
            orderbook_seq_no=2**64 - 2,
            fee_currency="DIME",
        ),
        2,
        "2q 3B 5q 32s 2q B Q",
        [*FILL_VALUES, 0b1000_0010, 2**64 - 2],
        FILL_TAIL + text("DIME"),
    ),
    case(
        "short position",
        PositionEvent(
            ts=TS,
            seq=3,
            side="SELL",
            size=5_000_000,
            avg_entry_price=6_200_005_000_000,
            unrealized_pnl=-125_000_000,
            realized_pnl=350_000_000,
            liquidation_price=8_000_000_000_000,
            leverage=1_000_000_000,
            updated_at=TS,
            account=ACCOUNT,
            avg_entry_price_usd=6_200_004_000_000,
            cost=310_000_250_000,
            cost_usd=310_000_000_000,
            cached_funding_index=8_433_843_058,
            unrealized_funding_pnl=-59_564,
            status="OPEN",
            market="BTC-USD-PERP",
            last_fill_id="f1",
        ),
        2,
        "2q B 8q 32s 5q B",
        [
            *(TS, 3, 2, 5_000_000, 6_200_005_000_000, -125_000_000, 350_000_000, NULL),
            *(8_000_000_000_000, 1_000_000_000, TS, ACCOUNT_BYTES, 6_200_004_000_000),
            *(310_000_250_000, 310_000_000_000, 8_433_843_058, -59_564, 1),
        ],
        text("BTC-USD-PERP") + text("f1"),
    ),
    case(
        "account v1",
        AccountEvent(**ACCOUNT_V1),
        1,
        "9q 32s q B",
        ACCOUNT_VALUES,
        text("USDC"),
    ),
    case(
        "account v2",
        AccountEvent(**ACCOUNT_V1, last_seen_notification=0),
        2,
        "9q 32s q B q",
        [*ACCOUNT_VALUES, 0],
        text("USDC"),
    ),
    case(
        "account v2 without its watermark",
        AccountEvent(**ACCOUNT_V1),
        2,
        "9q 32s q B",
        ACCOUNT_VALUES,
        text("USDC"),
        canonical=False,
    ),
    case("heartbeat", HeartbeatEvent(ts=TS, seq=77), 1, "2q", [TS, 77]),
)


@pytest.fixture(params=FRAME_CASES, ids=lambda frame_case: frame_case.name)
def frame_case(request: pytest.FixtureRequest) -> FrameCase:
    """Each hand-written frame in turn."""
    return request.param


@pytest.fixture(
    params=[
        frame_case
        for frame_case in FRAME_CASES
        if frame_case.block_length
        == max(c.block_length for c in FRAME_CASES if type(c.event) is type(frame_case.event))
    ],
    ids=lambda frame_case: frame_case.name,
)
def full_frame_case(request: pytest.FixtureRequest) -> FrameCase:
    """Each hand-written frame whose block holds every field of its message."""
    return request.param


@pytest.fixture(
    params=[frame_case for frame_case in FRAME_CASES if frame_case.canonical],
    ids=lambda frame_case: frame_case.name,
)
def canonical_frame_case(request: pytest.FixtureRequest) -> FrameCase:
    """Each hand-written frame in the layout that the encoder writes."""
    return request.param


@pytest.fixture
def frame_named() -> Callable[[str], FrameCase]:
    """Return a hand-written frame by its name."""
    by_name = {frame_case.name: frame_case for frame_case in FRAME_CASES}
    return by_name.__getitem__


@pytest.fixture
def reference() -> Path:
    """The folder of the venue's schema and recordings, which lies beside the repository."""
    if not REFERENCE.is_dir():
        pytest.skip(f"no reference material at {REFERENCE}")
    return REFERENCE
