"""Several clients of one venue ask for its state as often as one of them would."""

import asyncio

import pytest

from nautilus_paradex.protocol.rest import SystemState
from nautilus_paradex.sharing import shared_system_state
from nautilus_paradex.transport.errors import ServerError
from nautilus_paradex.transport.system_state import StateReading, SystemStateReader


class Venue:
    """A system in a state, with a clock."""

    def __init__(self) -> None:
        self.now_secs = 100.0
        self.status: str | None = "ok"
        self.asked = 0
        self.reader = SystemStateReader(lambda: self.now_secs)

    async def ask(self) -> SystemState:
        self.asked += 1
        await asyncio.sleep(0)
        if self.status is None:
            raise ServerError(503, None, "down")
        return SystemState(self.status)

    async def read(self, max_age_secs: float = 5.0) -> StateReading:
        return await self.reader.read(self.ask, max_age_secs)


@pytest.fixture
def venue() -> Venue:
    return Venue()


async def test_an_answer_serves_until_it_is_too_old(venue: Venue) -> None:
    assert await venue.read() == StateReading("ok", 100.0)
    venue.status, venue.now_secs = "cancel_only", 105.0
    assert await venue.read() == StateReading("ok", 100.0)
    venue.now_secs = 105.1
    assert await venue.read() == StateReading("cancel_only", 105.1)
    assert venue.asked == 2


async def test_who_asks_at_the_same_time_gets_the_same_answer(venue: Venue) -> None:
    readings = await asyncio.gather(*(venue.read(0.0) for _ in range(3)))

    assert readings == [StateReading("ok", 100.0)] * 3
    assert venue.asked == 1


async def test_a_failure_is_no_answer(venue: Venue) -> None:
    await venue.read()
    venue.status, venue.now_secs = None, 110.0
    for _ in range(2):
        with pytest.raises(ServerError):
            await venue.read()
    venue.status = "ok"
    assert await venue.read() == StateReading("ok", 110.0)


@pytest.mark.parametrize("behind_secs", [0.0, 0.5, 4.9, 5.0, 5.1, 9.9])
async def test_two_that_ask_every_ten_seconds_make_one_request_in_ten_seconds(
    venue: Venue, behind_secs: float
) -> None:
    for turn in range(10):
        for phase in (0.0, behind_secs):
            venue.now_secs = 1_000.0 + 10 * turn + phase
            reading = await venue.read(5.0)
            assert venue.now_secs - reading.asked_at <= 5.0

    assert venue.asked <= 11


async def test_the_clients_of_a_loop_share_what_asks_one_venue() -> None:
    loop = asyncio.get_running_loop()
    one = shared_system_state(loop, "http://a/v1")

    assert shared_system_state(loop, "http://a/v1") is one
    assert shared_system_state(loop, "http://b/v1") is not one
