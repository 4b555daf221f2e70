"""What an order's signature costs, and what keeping the common part of its hash saves.

Both variants run alternately, so that the ratio holds on a machine that is busy with other things.
It shows neither the cost of building the request nor that of sending it.

Run with ``python benchmarks/bench_signing.py [rounds]``.
"""

import statistics
import sys
import time
from collections.abc import Callable
from decimal import Decimal

from nautilus_paradex.protocol import signing, typed_data

CHAIN_ID = "PRIVATE_SN_PARACLEAR_MAINNET"
CACHES = (typed_data._message_prefix, typed_data._domain_hash, typed_data._array_start)


def main(rounds: int) -> None:
    """Time `rounds` pairs of signatures and print medians and their ratio."""
    signer = signing.ParadexSigner(CHAIN_ID, account=0x5A17, private_key=0x3C0FFEE)

    def sign(timestamp_ms: int) -> None:
        signer.sign_order(
            timestamp_ms=timestamp_ms,
            market="BTC-USD-PERP",
            side="BUY",
            order_type="LIMIT",
            size=Decimal("0.1"),
            price=Decimal("100000.1"),
        )

    def sign_uncached(timestamp_ms: int) -> None:
        for cache in CACHES:
            cache.cache_clear()
        sign(timestamp_ms)

    sign(0)
    cached_us, uncached_us = [], []
    for number in range(rounds):
        uncached_us.append(microseconds(sign_uncached, number))
        cached_us.append(microseconds(sign, number))
    cached, uncached = statistics.median(cached_us), statistics.median(uncached_us)
    print(f"order signature, cached:   {cached:7.0f} us median of {rounds}")
    print(f"order signature, uncached: {uncached:7.0f} us, {uncached / cached:.2f} times as much")


def microseconds(sign: Callable[[int], None], number: int) -> float:
    """Return how long one call took."""
    started_ns = time.perf_counter_ns()
    sign(number)
    return (time.perf_counter_ns() - started_ns) / 1_000


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000)
