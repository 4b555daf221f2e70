"""Sending a recording to one subscription, with the recorded times between its frames."""

import asyncio
from typing import Protocol

from nautilus_paradex.devnet.replay import ReplayBook, ReplayMarket
from nautilus_paradex.devnet.sockets.messages import WireForm, event_message
from nautilus_paradex.devnet.wire.topics import Topic

__all__ = ["PatientSubscriber", "play_bbo", "play_book"]


class PatientSubscriber(Protocol):
    """A socket that frames of a recording are sent to: full means wait, not disconnect."""

    @property
    def form(self) -> WireForm: ...

    async def put(self, frame: bytes | str) -> None: ...


async def play_book(market: ReplayMarket, speed: float, to: PatientSubscriber) -> None:
    """Send every recorded frame as it is; only binary sockets can take them."""
    book = market.begin()
    clock = _PlaybackClock(market.frames[0].t_ns, speed)
    for frame in market.frames:
        await clock.wait_for(frame.t_ns)
        book.apply(frame.event)
        await to.put(frame.data)


async def play_bbo(market: ReplayMarket, speed: float, topic: Topic, to: PatientSubscriber) -> None:
    """Send the best prices of the recorded book each time they change."""
    book = ReplayBook()
    clock = _PlaybackClock(market.frames[0].t_ns, speed)
    shown: tuple[int | None, ...] = ()
    for frame in market.frames:
        await clock.wait_for(frame.t_ns)
        book.apply(frame.event)
        bbo = book.bbo()
        best = (bbo.bid_price, bbo.bid_size, bbo.ask_price, bbo.ask_size)
        if best == shown:
            continue
        shown = best
        message = event_message(bbo)
        version = to.form.sbe_version
        await to.put(message.text(topic.channel) if version is None else message.binary(version))


class _PlaybackClock:
    def __init__(self, first_ns: int, speed: float) -> None:
        self._first_ns = first_ns
        self._speed = speed
        self._loop = asyncio.get_running_loop()
        self._begun_at = self._loop.time()

    async def wait_for(self, t_ns: int) -> None:
        due = self._begun_at + (t_ns - self._first_ns) / 1e9 / self._speed
        await asyncio.sleep(max(0.0, due - self._loop.time()))
