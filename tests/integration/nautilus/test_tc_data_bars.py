"""Group 5 of the data specification: bars as they close."""

from nautilus_trader.model.data import BarType

from nautilus_paradex.protocol.numbers import to_decimal
from tests.integration.nautilus.harness import (
    BOTH_ENCODINGS,
    MARKET,
    Venue,
    data_tester,
    running_node,
)
from tests.support import eventually

pytestmark = BOTH_ENCODINGS

MINUTE_MS = 60_000
LAST = BarType.from_str(f"{MARKET}.PARADEX-1-MINUTE-LAST-EXTERNAL")
MARK = BarType.from_str(f"{MARKET}.PARADEX-1-MINUTE-MARK-EXTERNAL")
FIVE = BarType.from_str(f"{MARKET}.PARADEX-5-MINUTE-LAST-EXTERNAL")
HOUR = BarType.from_str(f"{MARKET}.PARADEX-1-HOUR-LAST-EXTERNAL")


def numbers_of(bar):
    values = (bar.open, bar.high, bar.low, bar.close, bar.volume)
    return (bar.ts_event // 1_000_000 - MINUTE_MS, *(value.as_decimal() for value in values))


async def candles_of_venue(venue: Venue, price_kind: str, now_ms: int):
    rows = await venue.http.klines(
        MARKET,
        resolution=1,
        start_at_ms=now_ms - 2 * MINUTE_MS,
        end_at_ms=now_ms,
        price_kind=price_kind,
    )
    closed = [row for row in rows if row[0] + MINUTE_MS <= now_ms]
    return [(row[0], *(to_decimal(value) for value in row[1:])) for row in closed]


async def test_tc_d40_bars(timed_venue, venue_time):
    venue = timed_venue
    tester = data_tester(subscribe_bars=True, bar_types=[LAST, MARK, HOUR], component_id="STAYING")
    leaving = data_tester(subscribe_bars=True, bar_types=[FIVE], component_id="LEAVING")
    async with running_node(venue, tester, leaving) as node:
        leaving.stop()
        # The bars of a minute are those of who follows them from within it.
        await eventually(
            lambda: (
                set(node.kernel.data_engine.subscribed_bars()) == {LAST, MARK, HOUR}
                and f"trades.{MARKET}" in venue.server.sockets.channels
            )
        )
        for size in ("0.002", "0.003"):
            venue.take("BUY", size)
            venue.take("SELL", size)
        venue.server.exchange.tick()  # so that the minute has a mark price
        venue_time.pass_the_minute()
        await eventually(lambda: len(tester.bars) == 2)
        venue.take("BUY", "0.001")
        now_ms = venue.http.clock.now_ms()
        bars = {bar.bar_type: numbers_of(bar) for bar in tester.bars}
        assert [bars[LAST]] == await candles_of_venue(venue, "last", now_ms)
        assert [bars[MARK]] == await candles_of_venue(venue, "mark", now_ms)
        assert leaving.bars == []
