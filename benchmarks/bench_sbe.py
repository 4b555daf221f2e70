"""
Time per decoded frame, against a naive decoder of the same frames.

    python benchmarks/bench_sbe.py [--rounds N]

The two take turns in every round, so that a busy machine slows both; each figure is the best
round. The naive decoder reads field by field from the same tables, as one would write it first.
Not shown: the cost of receiving a frame, of garbage collection (off while timing) and of what is
made of the event afterwards.
"""

import argparse
import struct
import timeit
from collections.abc import Callable

from nautilus_paradex.protocol import sbe
from nautilus_paradex.protocol.events import BboEvent, BookEvent, Event, OrderEvent, TradeEvent
from nautilus_paradex.protocol.sbe.layouts import LAYOUTS, NULL_INT64, FieldSpec, Primitive
from nautilus_paradex.protocol.sbe.vocabulary import BitSet, Vocabulary

TS = 1_791_421_535_936_000
CALLS_PER_ROUND = 200
PRICE, TICK, SIZE = 8_341_220_000_000, 10_000_000, 19_000


def main() -> None:
    """Print a table: frame, bytes, µs of the codec, µs of the naive decoder, ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("--rounds", type=int, default=200, help="rounds per frame (%(default)s)")
    rounds = parser.parse_args().rounds
    print(f"{'frame':<24}{'bytes':>7}{'codec µs':>11}{'naive µs':>11}{'ratio':>8}")
    for name, frame in sample_frames().items():
        assert naive_decode(frame) == sbe.decode(frame)
        codec, naive = interleaved(sbe.decode, naive_decode, frame, rounds)
        print(f"{name:<24}{len(frame):>7}{codec:>11.2f}{naive:>11.2f}{naive / codec:>7.1f}x")


def interleaved(
    first: Callable[[bytes], object],
    second: Callable[[bytes], object],
    frame: bytes,
    rounds: int,
) -> tuple[float, float]:
    """Return the best time per call of both, in µs, taking turns."""
    timers = [
        timeit.Timer("decode(frame)", globals={"decode": decode, "frame": frame})
        for decode in (first, second)
    ]
    best = [float("inf"), float("inf")]
    for _ in range(rounds):
        for index, timer in enumerate(timers):
            best[index] = min(best[index], timer.timeit(CALLS_PER_ROUND) / CALLS_PER_ROUND)
    return best[0] * 1e6, best[1] * 1e6


def sample_frames() -> dict[str, bytes]:
    """Return the frames of a busy market, sized as production sends them."""
    bids = [(PRICE - level * TICK, SIZE + level) for level in range(115)]
    asks = [(PRICE + level * TICK, SIZE + level) for level in range(1, 61)]
    market = "BTC-USD-PERP"
    events: dict[str, Event] = {
        "bbo": BboEvent(TS, 5, PRICE, SIZE, PRICE + TICK, SIZE, market),
        "bbo, empty ask side": BboEvent(TS, 5, PRICE, SIZE, None, None, market),
        "trade": TradeEvent(
            TS, 7, 1, "SELL", PRICE, SIZE, TS, "FILL", market, "1791421535935201709233240002"
        ),
        "book delta, empty": BookEvent(TS, 101, "DELTA", market=market),
        "book delta, 1 level": BookEvent(TS, 101, "DELTA", bids=bids[:1], market=market),
        "book snapshot, 115x60": BookEvent(TS, 1, "SNAPSHOT", bids=bids, asks=asks, market=market),
        "order": OrderEvent(
            TS,
            9,
            "OPEN",
            "BUY",
            "LIMIT",
            "POST_ONLY",
            price=PRICE,
            size=SIZE,
            size_open=SIZE,
            account="0x129c135ed63df9353885e292be4426b8ed6122b13c6c0e1bb787288a1f5adfa",
            order_id="1791421535935201709233240003",
            client_order_id="O-20261008-1",
            market=market,
        ),
    }
    return {name: sbe.encode(event, 2) for name, event in events.items()}


def naive_decode(frame: bytes) -> Event:
    """Decode field by field."""
    block_length, template_id, _, _ = struct.unpack_from("<HHHH", frame, 0)
    layout = LAYOUTS[template_id]
    values: dict[str, object] = {}
    position = 8
    for field in layout.fields:
        (raw,) = struct.unpack_from("<" + field.code, frame, position)
        values[field.name] = naive_value(field, raw)
        position += struct.calcsize("<" + field.code)
    position = 8 + block_length
    for group in layout.groups:
        entry_length, count = struct.unpack_from("<HH", frame, position)
        position += 4
        levels = []
        for _ in range(count):
            levels.append(struct.unpack_from("<qq", frame, position))
            position += entry_length
        values[group] = levels
    for text in layout.texts:
        length = frame[position]
        values[text.name] = frame[position + 1 : position + 1 + length].decode()
        position += 1 + length
    make_event: Callable[..., Event] = layout.event
    return make_event(**values)


def naive_value(field: FieldSpec, raw: int | bytes) -> object:
    """Return an event's value for a value of the wire."""
    match field.type, raw:
        case Vocabulary() as vocabulary, int(code):
            return vocabulary.names[code]
        case BitSet() as bit_set, int(bits):
            return tuple(flag for flag, mask in bit_set.masks.items() if mask & bits)
        case Primitive.ADDRESS, bytes(address):
            return hex(int.from_bytes(address, "big"))
        case _:
            return None if raw == NULL_INT64 else raw


if __name__ == "__main__":
    main()
