"""What each schema version carries, and what cannot be written."""

import struct

import msgspec
import pytest

from nautilus_paradex.protocol import sbe
from nautilus_paradex.protocol.errors import SbeEncodeError
from nautilus_paradex.protocol.events import (
    AccountEvent,
    BboEvent,
    BookEvent,
    FillEvent,
    FundingDataEvent,
    FundingRateComparisonEvent,
    HeartbeatEvent,
    MarketSummaryEvent,
    OrderEvent,
    PositionEvent,
    TradeEvent,
)

EMPTY = {BookEvent: BookEvent(pkg_type="DELTA")}

# The schema's comments and the captured frames; version 0 has no funding rate comparison.
BLOCK_LENGTHS = [
    (TradeEvent, 50, 50, 50),
    (BboEvent, 48, 48, 48),
    (BookEvent, 89, 89, 89),
    (MarketSummaryEvent, 216, 240, 240),
    (FundingDataEvent, 58, 66, 66),
    (FundingRateComparisonEvent, None, 26, 26),
    (OrderEvent, 126, 126, 128),
    (FillEvent, 107, 107, 116),
    (PositionEvent, 154, 154, 154),
    (AccountEvent, 113, 113, 121),
    (HeartbeatEvent, 16, 16, 16),
]
CASES = [
    pytest.param(event_type, version, length, id=f"{event_type.__name__} v{version}")
    for event_type, *lengths in BLOCK_LENGTHS
    for version, length in enumerate(lengths)
    if length is not None
]


def test_a_hand_written_frame_is_written_again_byte_for_byte(canonical_frame_case):
    case = canonical_frame_case
    assert sbe.encode(case.event, case.version) == case.frame


@pytest.mark.parametrize(("event_type", "version", "length"), CASES)
def test_the_header_names_block_template_schema_and_version(event_type, version, length):
    frame = sbe.encode(EMPTY.get(event_type, event_type()), version)
    assert struct.unpack_from("<HHHH", frame) == (length, event_type.TEMPLATE_ID, 1, version)


@pytest.mark.parametrize(
    ("event", "version", "lost"),
    [
        (TradeEvent(trade_id_str="17"), 1, {"trade_id_str"}),
        (
            MarketSummaryEvent(forward_rate=1, risk_free_rate=2, funding_rate_precise=3),
            0,
            {"forward_rate", "risk_free_rate", "funding_rate_precise"},
        ),
        (FundingDataEvent(impact_premium_rate=1), 0, {"impact_premium_rate"}),
        (
            OrderEvent(
                request_status="SUCCESS",
                request_type="MODIFY_ORDER",
                request_id="r",
                request_message="m",
            ),
            1,
            {"request_status", "request_type", "request_id", "request_message"},
        ),
        (
            FillEvent(flags=("RPI",), orderbook_seq_no=1, fee_currency="DIME"),
            1,
            {"flags", "orderbook_seq_no", "fee_currency"},
        ),
        (AccountEvent(last_seen_notification=1), 1, {"last_seen_notification"}),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, msgspec.Struct) else None,
)
def test_an_older_version_leaves_the_younger_fields_out(event, version, lost):
    before = sbe.decode(sbe.encode(event, version))
    after = sbe.decode(sbe.encode(event, version + 1))
    assert {name for name in lost if getattr(before, name) is None} == lost
    assert {name: getattr(after, name) for name in lost} == {
        name: getattr(event, name) for name in lost
    }


@pytest.mark.parametrize(
    ("version", "flags"),
    [(0, ("REDUCE_ONLY",)), (1, ("REDUCE_ONLY",)), (2, ("REDUCE_ONLY", "MMP"))],
)
def test_market_maker_protection_is_flagged_from_version_2_on(version, flags):
    event = OrderEvent(flags=("MMP", "REDUCE_ONLY"))
    assert sbe.decode(sbe.encode(event, version)).flags == flags


def test_nothing_is_said_as_the_venue_says_it():
    assert sbe.decode(sbe.encode(TradeEvent(), 2)) == TradeEvent(
        side="NON_REPRESENTABLE", trade_type="NON_REPRESENTABLE", market="", trade_id_str=""
    )
    order = sbe.decode(sbe.encode(OrderEvent(), 2))
    assert (order.stp, order.request_status, order.request_type) == (
        "NONE",
        "UNSPECIFIED",
        "UNSPECIFIED",
    )
    assert order.flags == ()
    assert order.account == "0x0"
    assert sbe.decode(sbe.encode(PositionEvent(), 2)).status == "UNSPECIFIED"
    assert sbe.decode(sbe.encode(FillEvent(), 2)).orderbook_seq_no == 0


@pytest.mark.parametrize("account", ["0x0129c135", "129C135", "0x129c135"])
def test_an_address_is_a_number_however_it_is_written(account):
    assert sbe.decode(sbe.encode(AccountEvent(account=account), 1)).account == "0x129c135"


@pytest.mark.parametrize(
    ("event", "message"),
    [
        (BboEvent(bid_price=2**63), "BboEvent.bid_price was 9223372036854775808, .* INT64"),
        (BboEvent(bid_price=1.5), "BboEvent.bid_price was 1.5, expected an integer"),
        (BboEvent(ask_size="7"), "BboEvent.ask_size was '7', expected an integer"),
        (FillEvent(orderbook_seq_no=-1), "orderbook_seq_no was -1, expected .* UINT64"),
        (FundingDataEvent(funding_period_hours=2**15), "was 32768, expected .* INT16"),
        (OrderEvent(side="LONG"), "OrderEvent.side was 'LONG', expected one of BUY, SELL"),
        (OrderEvent(side="UNKNOWN_256"), "OrderEvent.side was 'UNKNOWN_256'"),
        (OrderEvent(side=["BUY"]), r"OrderEvent.side was \['BUY'\]"),
        (OrderEvent(flags=("POST_ONLY",)), "OrderEvent.flags was .*names from REDUCE_ONLY"),
        (OrderEvent(flags=("UNKNOWN_8",)), "OrderEvent.flags was .*UNKNOWN_8"),
        (OrderEvent(flags="MMP"), "OrderEvent.flags was 'MMP'"),
        (OrderEvent(flags=7), "OrderEvent.flags was 7"),
        (AccountEvent(account="paradex"), "AccountEvent.account was 'paradex'"),
        (AccountEvent(account="0x1" + "0" * 64), "AccountEvent.account was"),
        (AccountEvent(account="-0x1"), "AccountEvent.account was"),
        (BookEvent(), "BookEvent.pkg_type was None, expected one of SNAPSHOT, DELTA"),
        (TradeEvent(market="x" * 256), "TradeEvent.market was 'x+', expected at most 255 bytes"),
        (TradeEvent(market="é" * 128), "TradeEvent.market was .* 255 bytes of UTF-8"),
        (TradeEvent(market="\ud800"), "TradeEvent.market was .* Unicode"),
        (TradeEvent(market=7), "TradeEvent.market was 7"),
        (BookEvent(pkg_type="DELTA", bids=[(1, 2), (3, None)]), r"bids\[1\] was \(3, None\)"),
        (BookEvent(pkg_type="DELTA", asks=[(1, 2, 3)]), r"asks\[0\] was \(1, 2, 3\)"),
        (BookEvent(pkg_type="DELTA", asks=[7]), r"asks\[0\] was 7"),
        (BookEvent(pkg_type="DELTA", asks=[(1, -(2**63))]), "no null"),
        (BookEvent(pkg_type="DELTA", bids=[(1, 1)] * 65_536), "65536 levels.*at most 65535"),
    ],
)
def test_what_does_not_fit_is_named_with_its_value(event, message):
    with pytest.raises(SbeEncodeError, match=message):
        sbe.encode(event, 2)


def test_a_message_has_no_frame_before_it_existed():
    with pytest.raises(SbeEncodeError, match="FundingRateComparisonEvent exists from version 1"):
        sbe.encode(FundingRateComparisonEvent(), 0)


@pytest.mark.parametrize("version", [-1, 3, None])
def test_a_version_that_does_not_exist_is_refused(version):
    with pytest.raises(SbeEncodeError, match=f"version was {version}, expected 0 to 2"):
        sbe.encode(HeartbeatEvent(), version)


def test_only_events_have_frames():
    with pytest.raises(SbeEncodeError, match="was a dict"):
        sbe.encode({}, 1)
