"""What the wide and the interactive channels say is the same in both encodings.

Compared are the frames of one moment's events: binary sockets of one version beside a JSON socket.
The single-market channels are compared in `test_standalone_encodings`.
"""

from collections.abc import Callable
from typing import Any

import pytest

from nautilus_paradex.devnet import DevnetServer
from nautilus_paradex.protocol import channels
from nautilus_paradex.protocol.events import (
    BboEvent,
    BookEvent,
    FundingDataEvent,
    FundingRateComparisonEvent,
    MarketSummaryEvent,
    TradeEvent,
)
from nautilus_paradex.transport.websocket import ParadexWebSocketClient
from tests.integration.standalone import MARKET, open_venue
from tests.support import PATIENCE_SECS

IDENTITY: dict[type, Callable[[Any], object]] = {
    BboEvent: lambda event: (event.market, event.seq),
    BookEvent: lambda event: (event.market, event.seq, event.pkg_type),
    TradeEvent: lambda event: event.trade_id_str,
    MarketSummaryEvent: lambda event: (event.market, event.ts // 1_000),
    FundingDataEvent: lambda event: (event.market, event.ts // 1_000),
    FundingRateComparisonEvent: lambda event: (
        event.market,
        event.source,
        event.last_updated_at // 1_000,
    ),
}

NOT_IN_JSON: dict[type, frozenset[str]] = {
    BboEvent: frozenset(),
    BookEvent: frozenset(),
    TradeEvent: frozenset({"seq", "trade_id"}),
    MarketSummaryEvent: frozenset({"seq"}),
    FundingDataEvent: frozenset({"seq"}),
    # When the message was made is not said in JSON.
    FundingRateComparisonEvent: frozenset({"ts"}),
}

TIMES = frozenset({"ts", "created_at", "last_updated_at"})

CHANNELS = {
    "bbo.ALL": BboEvent,
    f"bbo.{MARKET}.interactive": BboEvent,
    "trades.ALL": TradeEvent,
    f"order_book.{MARKET}.interactive_deltas": BookEvent,
    f"order_book.{MARKET}.interactive@15@50ms": BookEvent,
    f"order_book.{MARKET}.snapshot@15@100ms@10": BookEvent,
    "markets_summary": MarketSummaryEvent,
    "markets_summary.ALL": MarketSummaryEvent,
    "funding_data.ALL": FundingDataEvent,
    "funding_rate_comparison.ALL@500ms": FundingRateComparisonEvent,
}
WANTED = 20


@pytest.mark.parametrize(("channel", "kind"), CHANNELS.items())
async def test_both_encodings_say_the_same(channel: str, kind: type) -> None:
    async with open_venue(legacy_json=True) as venue:
        binary, text = await heard_by_both(venue, channel, kind)

    in_common = binary.keys() & text.keys()
    assert len(in_common) >= WANTED
    for key in in_common:
        assert comparable(text[key]) == comparable(binary[key])


async def heard_by_both(
    venue: DevnetServer, channel: str, kind: type
) -> tuple[dict[object, Any], dict[object, Any]]:
    """Return the events of a channel by what identifies them, of a binary and a JSON socket."""
    identity = IDENTITY[kind]
    heard: tuple[dict[object, Any], dict[object, Any]] = ({}, {})
    async with (
        ParadexWebSocketClient(venue.ws_url, sbe_schema_version=2) as binary,
        ParadexWebSocketClient(venue.ws_url, sbe_schema_version="json") as text,
    ):
        for client in (binary, text):
            await client.subscribe(channel)
        # What a channel begins with is as of the moment of the subscription.
        begins_with_a_state = channels.split(channel).market != "ALL" and kind in (
            BboEvent,
            BookEvent,
        )
        skipped = {id(client): 1 if begins_with_a_state else 0 for client in (binary, text)}
        while len(heard[0].keys() & heard[1].keys()) < WANTED:
            for client, events in zip((binary, text), heard, strict=True):
                event = await client.recv(PATIENCE_SECS)
                assert isinstance(event, kind)
                if skipped[id(client)]:
                    skipped[id(client)] -= 1
                    continue
                events[identity(event)] = event
    return heard


def comparable(event: Any) -> dict[str, object]:
    """Return the fields of an event as far as JSON can carry them."""
    kind = type(event)
    fields = {name: getattr(event, name) for name in kind.__struct_fields__}
    for name in NOT_IN_JSON[kind]:
        del fields[name]
    for name in TIMES & fields.keys():
        fields[name] = None if fields[name] is None else fields[name] // 1_000
    return fields
