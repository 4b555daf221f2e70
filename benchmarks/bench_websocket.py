"""
What a message costs on its way from the socket to a handler: fast path against stock `websockets`.

A server in a process of its own writes BBO frames as fast as they are read. The two clients take
turns, so that a slow moment of the machine hits both. Reported is CPU time of the client per
message, and the ratio within each pair of turns.

    python benchmarks/bench_websocket.py [--messages N] [--rounds N] [--loop uvloop|asyncio]

What it does not show: decoding, TLS, and what the kernel spends on the server's side.
"""

import argparse
import asyncio
import multiprocessing
import statistics
import time
from collections.abc import Awaitable, Callable
from multiprocessing.connection import Connection

import uvloop
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.frames import Frame, Opcode

from nautilus_paradex.protocol import sbe
from nautilus_paradex.protocol.events import BboEvent
from nautilus_paradex.transport.websocket import ParadexWebSocketClient

FRAMES_PER_WRITE = 20
BBO = BboEvent(
    ts=1_791_421_923_316_695,
    seq=1,
    bid_price=6_485_290_000_000,
    bid_size=4_000_000,
    ask_price=6_485_300_000_000,
    ask_size=5_000_000,
    market="BTC-USD-PERP",
)

type Client = Callable[[str, int], Awaitable[float]]


def main() -> None:
    """Run the benchmark and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("--messages", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--loop", choices=["uvloop", "asyncio"], default="uvloop")
    options = parser.parse_args()

    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(
        target=serve_frames,
        args=(theirs, options.messages),
        daemon=True,
    )
    server.start()
    url = f"ws://127.0.0.1:{ours.recv()}/v1"
    factory = uvloop.new_event_loop if options.loop == "uvloop" else None
    try:
        with asyncio.Runner(loop_factory=factory) as runner:
            runner.run(compare(url, options.messages, options.rounds))
    finally:
        server.terminate()
        server.join()


async def compare(url: str, messages: int, rounds: int) -> None:
    """Let the clients take turns and print what a message cost each."""
    clients: dict[str, Client] = {
        "fast path (handler)": fast_client,
        "recv_frame of our client": recv_client,
        "stock websockets recv()": stock_client,
    }
    costs: dict[str, list[float]] = {name: [] for name in clients}
    for _ in range(rounds):
        for name, client in clients.items():
            costs[name].append(await client(url, messages))
    *_, stock = costs.values()
    for name, secs in costs.items():
        per_message_us = statistics.median(secs) / messages * 1e6
        ratio = statistics.median(s / own for s, own in zip(stock, secs, strict=True))
        print(
            f"{name:28} {per_message_us:6.2f} µs CPU a message, "
            f"{1e6 / per_message_us:>10,.0f} messages a CPU second, stock costs {ratio:5.1f} times"
        )


async def fast_client(url: str, messages: int) -> float:
    """Count frames in a handler."""
    count = 0
    done = asyncio.Event()

    def handler(frame: bytes, opcode: Opcode) -> None:
        nonlocal count
        count += 1
        if count == messages:
            done.set()

    async with ParadexWebSocketClient(url, handler=handler) as client:
        started = time.process_time()
        await client.subscribe("bbo.BTC-USD-PERP")
        await done.wait()
        return time.process_time() - started


async def recv_client(url: str, messages: int) -> float:
    """Take raw frames one by one from our client's inbox."""
    async with ParadexWebSocketClient(url, inbox_capacity=messages) as client:
        started = time.process_time()
        await client.subscribe("bbo.BTC-USD-PERP")
        for _ in range(messages):
            await client.recv_frame(timeout=None)
        return time.process_time() - started


async def stock_client(url: str, messages: int) -> float:
    """Take frames one by one from the library."""
    async with connect(url, compression=None, proxy=None) as connection:
        started = time.process_time()
        await connection.send('{"jsonrpc":"2.0","method":"subscribe","params":{},"id":1}')
        for _ in range(messages + 1):
            await connection.recv()
        return time.process_time() - started


def serve_frames(pipe: Connection, messages: int) -> None:
    """Answer one request, then write frames; runs in the server's process."""
    frame = Frame(Opcode.BINARY, sbe.encode(BBO, 2)).serialize(mask=False)
    chunk = frame * FRAMES_PER_WRITE

    async def serve_connection(connection: ServerConnection) -> None:
        await connection.recv()
        await connection.send('{"jsonrpc":"2.0","id":1,"result":{}}')
        for _ in range(messages // FRAMES_PER_WRITE):
            connection.transport.write(chunk)
            await connection.drain()
        connection.transport.write(frame * (messages % FRAMES_PER_WRITE))
        await connection.wait_closed()

    async def run() -> None:
        async with serve(serve_connection, "127.0.0.1", 0, compression=None) as server:
            pipe.send(next(iter(server.sockets)).getsockname()[1])
            await server.serve_forever()

    asyncio.run(run())


if __name__ == "__main__":
    main()
