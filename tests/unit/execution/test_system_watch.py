"""The state of the system: what is told of it, and how long it is believed."""

import asyncio
from collections.abc import AsyncIterator, Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest
from nautilus_trader.common.component import LiveClock, Logger, MessageBus
from nautilus_trader.model.identifiers import TraderId

from nautilus_paradex.data_types import ParadexSystemState
from nautilus_paradex.execution.system_watch import SystemWatch
from nautilus_paradex.protocol.rest import SystemState
from nautilus_paradex.transport.errors import ServerError
from nautilus_paradex.transport.system_state import SystemStateReader
from tests.support import eventually


class Venue:
    """A system whose states come one after the other; the last one stays. None: no answer."""

    def __init__(self) -> None:
        self.now_secs = 100.0
        self.states: list[str | None] = ["ok"]
        self.asked = 0

    async def system_state(self) -> SystemState:
        self.asked += 1
        self.now_secs += 0.5  # under way
        status = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        if status is None:
            raise ServerError(503, None, "down")
        return SystemState(status)


class Told:
    """What the platform's data engine and log are told."""

    def __init__(self) -> None:
        self.data: list[ParadexSystemState] = []
        self.warnings: list[str] = []
        self.log = cast(
            Logger, SimpleNamespace(warning=self.warnings.append, info=lambda text, color: None)
        )

    def take(self, data: Any) -> None:
        self.data.append(data.data)

    @property
    def states(self) -> list[str]:
        return [data.status for data in self.data]


@pytest.fixture
def venue() -> Venue:
    return Venue()


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
async def make(venue: Venue, told: Told) -> AsyncIterator[Callable[[float], SystemWatch]]:
    clock = LiveClock()
    msgbus = MessageBus(TraderId("TESTER-001"), clock)
    msgbus.register("DataEngine.process", told.take)
    made: list[SystemWatch] = []

    def make(interval_secs: float) -> SystemWatch:
        def now() -> float:
            return venue.now_secs

        http = cast(Any, venue)
        reader = SystemStateReader(now)
        watch = SystemWatch(http, reader, msgbus, clock, told.log, interval_secs, now)
        made.append(watch)
        return watch

    yield make
    for watch in made:
        await watch.stop()


async def check(watch: SystemWatch, venue: Venue) -> None:
    """Have it ask once the last answer serves no more."""
    venue.now_secs += 60
    await watch.check()


async def test_changes_are_told_once_each_and_those_for_the_worse_warned_of(
    make: Callable[[float], SystemWatch], venue: Venue, told: Told
) -> None:
    watch = make(10.0)
    assert watch.status is None
    venue.states = ["ok", "ok", "cancel_only", "cancel_only", "post_only", "ok", "odd"]
    for _ in range(7):
        await check(watch, venue)

    assert told.states == ["ok", "cancel_only", "post_only", "ok", "odd"]
    assert [text.partition(": ")[0] for text in told.warnings] == [
        "The venue is in state 'cancel_only'",
        "The venue is in state 'post_only'",
        "The venue is in state 'odd'",
    ]
    assert watch.status == "odd"


async def test_a_state_is_believed_for_three_seconds_from_the_question(
    make: Callable[[float], SystemWatch], venue: Venue
) -> None:
    watch = make(10.0)
    assert watch.status_now is None
    venue.states = ["cancel_only"]
    asked_at = venue.now_secs
    await watch.check()

    venue.now_secs = asked_at + 3.0
    assert watch.status_now == "cancel_only"
    venue.now_secs = asked_at + 3.1
    assert watch.status_now is None
    assert watch.status == "cancel_only"


async def test_it_goes_on_asking_until_it_is_stopped(
    make: Callable[[float], SystemWatch], venue: Venue, told: Told
) -> None:
    watch = make(0.01)
    await watch.start()
    venue.states = ["cancel_only", "ok"]
    await eventually(lambda: told.states == ["ok", "cancel_only", "ok"])
    await watch.stop()
    await watch.stop()

    assert "paradex-system-watch" not in {task.get_name() for task in asyncio.all_tasks()}


async def test_questions_in_vain_are_warned_of_once_and_change_nothing(
    make: Callable[[float], SystemWatch], venue: Venue, told: Told
) -> None:
    watch = make(0.01)
    await watch.start()
    venue.states = [None, None, None, "ok", None, "post_only"]
    await eventually(lambda: told.states == ["ok", "post_only"])

    begins = [text.partition(":")[0] for text in told.warnings]
    assert begins == [
        "The venue's state could not be asked for",
        "The venue's state could not be asked for",
        "The venue is in state 'post_only'",
    ]


async def test_a_venue_that_gives_no_answer_at_the_start_is_an_error(
    make: Callable[[float], SystemWatch], venue: Venue
) -> None:
    venue.states = [None]
    with pytest.raises(ServerError):
        await make(10.0).start()
