"""What a venue said while one order lived there, taken down once and told again at will.

Not a test module. `record` has a devnet do the steps of a story, over real sockets, and keeps the
answers, the messages, and what could be read there after each step. `RecordedVenue` tells a client
all that again, as its transport and instead of its private socket, in an order that a test decides.
"""

import asyncio
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from unittest.mock import patch

import httpx
import msgspec

from nautilus_paradex.devnet.config import DevnetConfig
from nautilus_paradex.execution.client import ParadexExecutionClient
from nautilus_paradex.execution.orders.lookup import OrderIds, find_order
from nautilus_paradex.protocol.enums import OrderStatus
from nautilus_paradex.protocol.events import FillEvent, OrderEvent
from nautilus_paradex.protocol.json_feed import Message
from tests.integration.arrivals import ACCOUNT, FILLS, NOTHING_YET, ORDERS, Life, Step
from tests.integration.execution_world import MARKET, Trader, World, loopback_transport, open_world
from tests.integration.still_loop import StillLoop
from tests.integration.stories import CLIENT_ID, Scene, Story

__all__ = ["Recorded", "RecordedVenue", "Said", "SilentSocket", "record"]

_BETWEEN_SECS: Final = 0.05  # of the venue's clock: in it all of a step is said
_TOKEN_SECS: Final = 3_600
_CHANNELS: Final = {OrderEvent: ORDERS, FillEvent: FILLS}

type Question = tuple[str, str]
"""Method and path of a request."""

type Answers = Mapping[Question, httpx.Response]


@dataclass(frozen=True, slots=True)
class Said:
    """
    What the venue said of one step.

    Parameters
    ----------
    answer : httpx.Response, optional
        The reply, if it was asked for it.
    messages : tuple of tuple
        The private messages. What an order update or a fill brings with it (positions, balances)
        comes with it.
    readings : mapping
        What it answers to questions from then on.

    """

    answer: httpx.Response | None
    messages: tuple[tuple[Message, ...], ...]
    readings: Answers


@dataclass(frozen=True, slots=True)
class Recorded:
    """A story as the venue told it: `readings` before it, `ledger` its books after it."""

    story: Story
    world: World
    said: tuple[Said, ...]
    readings: Answers
    ledger: dict[str, Any]
    ended_us: int

    @property
    def life(self) -> Life:
        """The same without its contents: what can come when."""
        deeds = self.story.deeds
        steps = tuple(
            Step(deed.method is not None, tuple(channel_of(group[0]) for group in said.messages))
            for deed, said in zip(deeds, self.said, strict=True)
        )
        commands = [number for number, step in enumerate(steps) if step.is_command]
        (order,) = self.ledger["orders"]
        return Life(
            steps,
            tuple(self.story.asked or commands),
            ends_filled=order["remaining_size"] == "0",
        )


def channel_of(message: Message) -> str:
    return _CHANNELS.get(type(message), ACCOUNT)


def record(story: Story) -> Recorded:
    """Have a devnet tell a story, and take it down."""
    loop = StillLoop()
    started_us = int(time.time()) * 1_000_000

    def now_us() -> int:
        return started_us + int(loop.time() * 1e6)

    try:
        with patch.object(time, "monotonic", loop.time):
            return loop.complete(_record(story, now_us))
    finally:
        loop.close()


async def _record(story: Story, now_us: Any) -> Recorded:
    config = DevnetConfig(port=0, synthetic=False, past_hours=0, jwt_ttl_secs=_TOKEN_SECS)
    reader = Overheard(loopback_transport())
    quiet = {"system_state_interval_secs": _TOKEN_SECS}
    async with open_world(config, now_us=now_us, transport=reader, **quiet) as world:
        writer = Overheard(loopback_transport())
        screen = Trader(world.server, world.server.accounts[0], world.http.clock, writer)
        await screen.http.start()
        try:
            scene = Scene(world, screen)
            for size, level in story.offered:
                await world.counterparty.place("SELL", size, world.around(level))
            await world.reconcile()
            before = await _read(scene, reader)
            heard = world.listen(object)
            said = []
            for deed in story.deeds:
                heard.clear()
                writer.said.clear()
                await deed.at_venue(scene)
                await asyncio.sleep(_BETWEEN_SECS)
                messages = tuple(_together(heard, is_new_apart=story.is_new_apart))
                answers = [a for asked, a in writer.said.items() if _is_command(asked)]
                answer = answers[0] if answers else None
                said.append(Said(answer, messages, await _read(scene, reader)))
            ledger = world.ledger()
        finally:
            await screen.http.close()
    return Recorded(story, world, tuple(said), before, ledger, now_us())


async def _read(scene: Scene, reader: "Overheard") -> Answers:
    """Ask all that a client may, to have the answers."""
    client, http = scene.world.client, scene.world.http
    await client._catch_up.run()
    known_as = None if scene.placed is None else scene.placed.id
    for venue_order_id in {None, known_as}:
        await find_order(http, OrderIds(CLIENT_ID, venue_order_id, MARKET))
    return dict(reader.said)


def _together(heard: list[Message], *, is_new_apart: bool) -> Iterator[tuple[Message, ...]]:
    group: list[Message] = []
    for message in heard:
        is_begun = bool(group) and channel_of(message) != ACCOUNT
        if is_begun and (is_new_apart or getattr(group[-1], "status", "") != OrderStatus.NEW):
            yield tuple(group)
            group = []
        group.append(message)
    if group:
        yield tuple(group)


class Overheard(httpx.AsyncBaseTransport):
    """Keeps the last answer to each question."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner
        self.said: dict[Question, httpx.Response] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self._inner.handle_async_request(request)
        said = httpx.Response(response.status_code, content=await response.aread())
        self.said[_question(request)] = said
        return said

    async def aclose(self) -> None:
        await self._inner.aclose()


class RecordedVenue(httpx.AsyncBaseTransport):
    """
    Answers questions as the venue did after a step, and commands when a test has it do so.

    Parameters
    ----------
    recorded : Recorded
        What it said.

    """

    def __init__(self, recorded: Recorded) -> None:
        self._recorded = recorded
        self.begin()

    def begin(self) -> None:
        """Begin anew, before the first step."""
        self._readings = self._recorded.readings
        self._waiting: dict[str, asyncio.Future[httpx.Response]] = {}

    def now_ns(self) -> int:
        """Return the venue's time: it stands still."""
        return self._recorded.ended_us * 1_000

    def has_come_to(self, step: int) -> None:
        """Answer questions as after a step, from here on."""
        if step != NOTHING_YET:
            self._readings = self._recorded.said[step].readings

    def answer(self, step: int) -> None:
        """Give the answer to the command of a step, which must have been asked for."""
        method, answer = self._recorded.story.deeds[step].method, self._recorded.said[step].answer
        assert method is not None
        assert answer is not None
        self._waiting.pop(method).set_result(answer)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        method, path = question = _question(request)
        if path.endswith("/system/time"):
            now_ms = self.now_ns() // 1_000_000
            return httpx.Response(200, content=msgspec.json.encode({"server_time": now_ms}))
        if _is_command(question):
            assert method not in self._waiting
            reply = self._waiting[method] = asyncio.get_running_loop().create_future()
            return await reply
        return self._readings[question]


def _question(request: httpx.Request) -> Question:
    return request.method, request.url.path


def _is_command(question: Question) -> bool:
    method, path = question
    return method in ("PUT", "DELETE") or (method == "POST" and path.endswith("/orders"))


class SilentSocket:
    """
    Stands where the client has its private socket: it carries nothing, and can be lost.

    Parameters
    ----------
    client : ParadexExecutionClient
        Is told when the connection is lost, and when it is back.

    """

    is_connected = True

    def __init__(self, client: ParadexExecutionClient) -> None:
        self._client = client

    def lose(self) -> None:
        """Lose the connection and have it back."""
        self._client._catch_up.interrupted()
        self._client.create_task(self._client._catch_up.run())

    async def connect(self) -> None:
        """Connected as it is."""

    async def authenticate(self) -> None:
        """Trusted as it is."""

    async def subscribe(self, channel: str) -> None:
        """Nothing comes this way."""

    async def close(self) -> None:
        """Nothing to close."""
